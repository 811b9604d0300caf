"""Blank lists to fill in: the office's own words as titles, an example line, and lists to choose from."""

from dataclasses import dataclass
from io import BytesIO

from registry.assets.models import Asset
from registry.core.errors import NotFound
from registry.core.statements import column
from registry.grants.models import Grant
from registry.people.models import Institution, Person, Role
from registry.rooms.models import Building, Room, RoomKind, Visibility

LINES = 500  # as far as the lists to choose from go


@dataclass(frozen=True, slots=True)
class BlankList:
    """``columns`` are titles with the example below them and the words that may be chosen from."""

    sheet: str
    columns: tuple[tuple[str, str, str], ...]


BLANK_LISTS = {
    "assets": BlankList(
        "Składniki",
        (
            ("Numer inwentarzowy", "013/808/00001/26", ""), ("Nazwa", "Krzesło konferencyjne", ""),
            ("Kategoria", "meble", "categories"), ("KŚT", "808", ""), ("Ilość", "1", ""),
            ("Wartość brutto", "450,00", ""), ("Numer seryjny", "", ""), ("Pomieszczenie", "", "rooms"),
            ("Osoba odpowiedzialna", "", "people"), ("Data przyjęcia", "15.03.2026", ""), ("Gwarancja do", "", ""),
            ("Źródło finansowania", "środki własne", "grants"), ("Udział UE %", "", ""), ("Uwagi", "", ""),
        ),
    ),
    "rooms": BlankList(
        "Pomieszczenia",
        (
            ("Kod", "PP-01", ""), ("Budynek", "", "buildings"), ("Kondygnacja", "0", ""), ("Numer", "0.01", ""),
            ("Nazwa", "Sala spotkań", ""), ("Typ", str(RoomKind.CONFERENCE), "kinds"), ("Liczba miejsc", "8", ""),
            ("Widoczność", str(Visibility.INTERNAL), "visibilities"), ("Bez barier", "TAK", ""), ("Uwagi", "", ""),
        ),
    ),
    "people": BlankList(
        "Osoby",
        (
            ("Login", "recepcja1", ""), ("Nazwa", "recepcja 1", ""), ("Rola", str(Role.MEMBER), "roles"),
            ("Instytucja", "", "institutions"), ("Języki", "pl,en", ""), ("E-mail", "", ""),
        ),
    ),
}  # fmt: skip


async def blank_list(kind: str) -> bytes:
    """An XLSX to fill in and send. Raises NotFound("import.no_blank")."""
    import xlsxwriter  # here: a twentieth of every start, for what few starts need

    if kind not in BLANK_LISTS:
        raise NotFound("import.no_blank", kind=kind[:40], kinds=", ".join(BLANK_LISTS))
    blank, words, file = BLANK_LISTS[kind], await _words(), BytesIO()
    with xlsxwriter.Workbook(file, {"strings_to_formulas": False, "strings_to_urls": False}) as book:
        page, bold = book.add_worksheet(blank.sheet), book.add_format({"bold": True})
        grey = book.add_format({"font_color": "#666666", "italic": True})
        choices = book.add_worksheet("Wybór")
        choices.hide()
        page.freeze_panes(1, 0)
        for place, (title, example, name) in enumerate(blank.columns):
            page.write_string(0, place, title, bold)
            page.set_column(place, place, max(len(title), len(example)) + 4)
            options = words.get(name, [])
            page.write_string(1, place, example or (options[0] if options else ""), grey)
            for line, option in enumerate(options):
                choices.write_string(line, place, option)
            if options:
                letter = chr(ord("A") + place)
                source = f"='Wybór'!${letter}$1:${letter}${len(options)}"
                rule = {"validate": "list", "source": source, "error_type": "warning"}
                page.data_validation(1, place, LINES, place, rule)
    return file.getvalue()


async def _words() -> dict[str, list[str]]:
    categories = await Asset.exclude(category="").order_by("category").distinct().values_list("category", flat=True)
    return {
        "rooms": await column(Room.all().order_by("code"), "code"),
        "people": await column(Person.all().order_by("login"), "login"),
        "categories": [str(name) for name in categories],
        "grants": ["środki własne", *await column(Grant.all().order_by("code"), "code")],
        "buildings": await column(Building.all().order_by("code"), "code"),
        "institutions": await column(Institution.all().order_by("code"), "code"),
        "kinds": [str(kind) for kind in RoomKind],
        "visibilities": [str(one) for one in Visibility],
        "roles": [str(role) for role in Role],
    }
