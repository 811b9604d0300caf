"""The paper of a count sheet holds every field that the practice of stocktaking asks for, and reads as text."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pypdfium2
import pytest

from registry.labels.pdf import accessible_pdf
from registry.labels.queries import LabelOffice
from registry.stocktakes import paper
from registry.stocktakes.actions import digest_of_sheet
from registry.stocktakes.models import CountSheet, SheetCorrection, SheetSignature, Stocktake
from registry.stocktakes.paper import sheet_data
from registry.stocktakes.rules import SeenCondition, SeenThing, SheetSide, mark_of, sheet_rows
from tests.make import MINUTE, NOW

OFFICE = LabelOffice("http://izba.example", "Urząd Wojewódzki w Łodzi")
WARSAW = ZoneInfo("Europe/Warsaw")
STOCKTAKE = Stocktake(
    id=7, number="1/2026", as_of=date(2026, 11, 30), valued_by="Księgowa 1", valued_at=NOW + timedelta(days=1)
)


def sheet(**changes: Any) -> CountSheet:
    damaged, number = SeenCondition.DAMAGED, "KPUW/013/808/00053/22"
    seen_things = [
        SeenThing(1, 1, NOW, 1, 5, inventory_no=number, name="Krzesło", serial_no="DEMO7", person_id=1),
        SeenThing(2, 1, NOW + MINUTE, 3, mark="N-1", name="Stół", condition=damaged, note="pęknięty blat"),
        SeenThing(3, 1, NOW + MINUTE, 1, mark="N-2", name="Drukarka", condition=SeenCondition.NOT_OURS),
    ]  # fmt: skip
    contents = {
        "number": "ASN/00003/2026", "stocktake": "1/2026", "kind": "periodic", "blind": True, "basis": "zarządzenie 7",
        "area": "ZW-03 Mała sala", "as_of": "2026-11-30", "committee": ["Członek 1", "Członek 2"],
        "custodians": ["Osoba 1"], "others": "pracownik ewidencji", "began_at": NOW.isoformat(),
        "ended_at": (NOW + 37 * MINUTE).isoformat(), "closed_by": "Członek 1", "laps": 1,
        "rows": [
            {name: getattr(row, name) for name in row.__slots__} for row in sheet_rows(seen_things)
        ],
    }  # fmt: skip
    digest = digest_of_sheet(contents)
    columns = {"prices": {"1": "500.00", "2": "1920.00"}} | changes
    return CountSheet(
        id=3, number="ASN/00003/2026", contents=contents | {"mark": mark_of(digest)}, digest=digest,
        closed_at=NOW + 37 * MINUTE, closed_by="Członek 1", **columns,
    )  # fmt: skip


CORRECTIONS = [
    SheetCorrection(id=1, sheet_id=3, line=2, quantity=2, reason="policzono dwa razy", at=NOW, person_name="Członek 2")
]


SIGNATURES = [
    SheetSignature(sheet_id=3, side=side, name=name, login="x", at=NOW + timedelta(days=2))
    for side, name in (
        (SheetSide.TEAM, "Członek 1"), (SheetSide.TEAM, "Członek 2"), (SheetSide.CUSTODIAN, "Osoba 1"),
        (SheetSide.CHECKER, "Główny księgowy"),
    )
]  # fmt: skip


def printed(corrections: list[SheetCorrection], *, with_money: bool = True, **changes: Any) -> str:
    data = sheet_data(STOCKTAKE, sheet(**changes), corrections, SIGNATURES, OFFICE, WARSAW, with_money=with_money)
    template = paper.Path(paper.__file__).parent / "sheet.typ"
    document = pypdfium2.PdfDocument(accessible_pdf(template, data, NOW))
    text = " ".join(page.get_textpage().get_text_range() for page in document)
    return " ".join(text.replace("\u00a0", " ").replace("\ufffe", "").split())


PAPER = printed(CORRECTIONS)


@pytest.mark.parametrize(
    "field",
    [
        "Urząd Wojewódzki w Łodzi",  # the unit
        "ASN/00003/2026", "znak " + mark_of(sheet().digest),  # the number, and what tells it from another
        "okresowa, spis z natury w ciemno",  # kind and method
        "ZW-03 Mała sala",  # the area
        "Członek 1 (przewodniczy), Członek 2", "Osoba 1", "pracownik ewidencji",  # team, custodian, who else is there
        "Rozpoczęto 26.11.2026 10:00", "Zakończono 26.11.2026 10:37", "Stan na dzień 30.11.2026",
        "Lp.", "Numer inwentarzowy", "Nazwa, cechy, nr seryjny", "J.m.", "Ilość", "Cena zł", "Wartość zł", "Uwagi",
        "KPUW/013/808/00053/22", "Krzesło, nr DEMO7", "szt.", "500,00", "3 840,00", "4 340,00",
        "uszkodzone, znak N-1, pęknięty blat", "obce, znak N-2",
        "Spis zakończono na pozycji 3. Pustych wierszy nie ma.",  # no line can be added
        "poz. 2: ilość 3 skreślono, jest 2. policzono dwa razy (Członek 2, 26.11.2026 10:00)",
        "zespół spisowy Członek 1 Członek 2 zamknięto kontem 26.11.2026 10:37",  # signatures
        "osoba materialnie odpowiedzialna Osoba 1 kontem 28.11.2026 10:00", "wycenił Księgowa 1",
        "sprawdził Główny księgowy",
        "SHA-256", "strona 1 z 1",
    ],
)  # fmt: skip
def test_every_field_of_a_count_sheet_stands_on_its_paper(field: str) -> None:
    assert field in PAPER


def test_before_the_valuation_and_for_who_may_not_see_money_it_has_no_prices() -> None:
    for text in (printed([], prices=None), printed([], with_money=False)):
        assert "500,00" not in text
        assert "Sprostowania" not in text
    data = sheet_data(Stocktake(id=7, number="1/2026"), sheet(prices=None), [], [], OFFICE, WARSAW, with_money=True)
    assert (data["pieces"], data["total"], data["signatures"][2]) == ("5", "", ["wycenił", [], ""])
    assert Decimal(sheet().prices["2"]) * 2 == Decimal("3840.00")
