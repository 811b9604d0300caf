"""The demo's categories: what an office wants to know of its projectors, computers, sensors and extinguishers."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from registry.assets.actions import correct
from registry.assets.categories import FieldWish, NewCategory, add_category
from registry.categories.models import FieldKind
from registry.categories.queries import category_tree
from registry.categories.rules import CategoryDefaults, read_values
from registry.core.history import Actor

TEXT, NUMBER, DAY, CHOICE = FieldKind.TEXT, FieldKind.NUMBER, FieldKind.DAY, FieldKind.CHOICE
ZONE = ZoneInfo("Europe/Warsaw")
CATEGORIES: Sequence[NewCategory] = (
    NewCategory("ICT", "ict", defaults=CategoryDefaults(warranty_months=24, durable_months=60)),
    NewCategory("meble", "meble", defaults=CategoryDefaults("808", 24, 60)),
    NewCategory("biurowy", "biurowy"),
    NewCategory("specjalistyczny", "specjalistyczny"),
    NewCategory(
        "komputery", "komputery", "ict", CategoryDefaults("487", 36, label_format="tape-24"),
        (
            FieldWish("Procesor", TEXT, unit=""),
            FieldWish("Pamięć", NUMBER, unit="GB", is_required=True),
            FieldWish("Dysk", NUMBER, unit="GB"),
        ),
    ),
    NewCategory(
        "komputery przenośne", "komputery-przenosne", "komputery",
        fields=(FieldWish("Dysk szyfrowany", CHOICE, choices=("tak", "nie"), is_counted=True),),
    ),
    NewCategory(
        "projektory", "projektory", "ict", CategoryDefaults("662", 36),
        (
            FieldWish("Jasność", NUMBER, unit="lm", is_required=True),
            FieldWish("Rozdzielczość", CHOICE, choices=("Full HD", "WUXGA", "4K")),
            FieldWish("Źródło światła", CHOICE, choices=("laser", "LED", "lampa")),
        ),
    ),
    NewCategory(
        "monitory", "monitory", "ict", CategoryDefaults("487", 36),
        (FieldWish("Przekątna", NUMBER, unit="cal", is_required=True), FieldWish("Złącza", TEXT)),
    ),
    NewCategory(
        "czujniki powietrza", "czujniki-powietrza", "ict", CategoryDefaults("488", 24),
        (FieldWish("Wzorcowanie do", DAY, is_due=True, is_counted=True),),
    ),
    NewCategory(
        "gaśnice", "gasnice", "biurowy", CategoryDefaults("808"),
        (FieldWish("Przegląd do", DAY, is_required=True, is_due=True, is_counted=True),
         FieldWish("Ładunek", NUMBER, unit="kg")),
    ),
    NewCategory(
        "klimatyzatory", "klimatyzatory", "specjalistyczny", CategoryDefaults("653", 36),
        (FieldWish("Moc chłodnicza", NUMBER, unit="kW"), FieldWish("Kontrola szczelności do", DAY, is_due=True)),
    ),
    NewCategory(
        "defibrylatory", "defibrylatory", "specjalistyczny", CategoryDefaults("802", 60, label_format="tape-24"),
        (FieldWish("Elektrody ważne do", DAY, is_required=True, is_due=True, is_counted=True),),
    ),
)  # fmt: skip
NOTEBOOK = {"procesor": "Core i5-1235U", "pamiec": "16", "dysk": "512", "dysk-szyfrowany": "tak"}
# of pieces by name: their category, and what they hold; a number of a day is so many days from now
PIECES: Mapping[str, tuple[str, Mapping[str, str | int]]] = {
    "Projektor laserowy 5000 lm": (
        "projektory", {"jasnosc": "5000", "rozdzielczosc": "WUXGA", "zrodlo-swiatla": "laser"},
    ),
    "Komputer przenośny 14 cali": ("komputery przenośne", NOTEBOOK),
    "Komputer stacjonarny typu mini": ("komputery", {"procesor": "Core i5-12500T", "pamiec": "16", "dysk": "512"}),
    "Monitor 24 cale": ("monitory", {"przekatna": "24", "zlacza": "HDMI, DisplayPort"}),
    "Monitor 27 cali USB-C": ("monitory", {"przekatna": "27", "zlacza": "USB-C, HDMI"}),
    "Czujnik CO2, temperatury i wilgotności": ("czujniki powietrza", {"wzorcowanie-do": 24}),
    "Gaśnica proszkowa 6 kg": ("gaśnice", {"przeglad-do": 11, "ladunek": "6"}),
    "Klimatyzator ścienny 3,5 kW": ("klimatyzatory", {"moc-chlodnicza": "3,5", "kontrola-szczelnosci-do": 140}),
    "Klimatyzator kasetonowy 7 kW": ("klimatyzatory", {"moc-chlodnicza": "7", "kontrola-szczelnosci-do": 58}),
    "Defibrylator AED": ("defibrylatory", {"elektrody-wazne-do": 75}),
}  # fmt: skip


async def lay_categories(pieces: Sequence[dict[str, Any]], actor: Actor, now: datetime) -> None:
    """Make the demo's categories, and put pieces into them as ``standing_pieces`` gives them."""
    for category in CATEGORIES:
        await add_category(category, actor, now)
    tree, today = await category_tree(), now.astimezone(ZONE).date()
    for piece in pieces:
        if piece["name"] in PIECES:
            name, values = PIECES[piece["name"]]
            raw = {
                code: today + timedelta(days=value) if isinstance(value, int) else value
                for code, value in values.items()
            }
            reading = read_values(tree.fields_of(name), raw, is_new=True).whole()
            await correct(piece["id"], {"category": name, "own_values": reading}, actor, now)
