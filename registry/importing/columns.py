"""Which column of a list holds what: the header, wherever it stands, in the words that offices use. Pure."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from registry.assets.rules import fold
from registry.importing.cells import Cell, whole

HEADER_WITHIN = 20

# what a file may hold, and what must be among its columns for it to be that
NEEDED_COLUMNS: dict[str, tuple[frozenset[str], ...]] = {
    "purchases": (frozenset({"spread"}), frozenset({"invoice_no", "quantity", "name"})),
    "assets": (frozenset({"inventory_no"}), frozenset({"name"})),
    "buildings": (frozenset({"code", "address"}),),
    "rooms": (frozenset({"code", "number"}), frozenset({"code", "capacity"})),
    "people": (frozenset({"login", "role"}),),
    "institutions": (frozenset({"code", "part"}), frozenset({"code", "in_team"})),
}
FAMILIES = {"assets": ("assets", "purchases"), "rooms": ("rooms", "buildings"), "people": ("people", "institutions")}

_ASSETS = {
    "inventory_no": "nr inw|numer inw|nr inwentarzowy|numer inwentarzowy|nr ewid|numer ewid|nr ewidencyjny|"
    "numer ewidencyjny|inventory no|inventory number|inwentarzowy|nr srodka trwalego|nr inw st",
    "name": "nazwa|nazwa skladnika|opis|nazwa srodka|nazwa srodka trwalego|nazwa pl|przedmiot|nazwa przedmiotu|"
    "nazwa skladnika majatku|wyszczegolnienie|name|description",
    "kst": "kst|symbol|symbol kst|nr kst|grupa rodzajowa|klasyfikacja|grupa kst|klasyfikacja srodkow trwalych",
    "value": "wartosc|wartosc poczatkowa|wartosc brutto|wartosc poczatkowa brutto|cena|cena brutto|wartosc zl|"
    "wartosc ewidencyjna|wartosc ksiegowa brutto|cena zakupu|value|price",
    "unit_price": "cena jedn|cena jednostkowa|cena jedn brutto|cena jednostkowa brutto|unit price",
    "acquired_on": "data zakupu|data przyjecia|data ot|data nabycia|data przyjecia do uzytkowania|"
    "data przyjecia na stan|data|acquired on|accepted on|purchase date",
    "room": "pokoj|pomieszczenie|lokalizacja|miejsce uzytkowania|nr pokoju|sala|miejsce|room|location",
    "custodian": "omo|osoba odpowiedzialna|uzytkownik|osoba materialnie odpowiedzialna|opiekun|custodian",
    "serial_no": "nr seryjny|numer seryjny|nr fabr|nr fabryczny|numer fabryczny|s n|sn|serial no|serial number",
    "note": "uwagi|uwaga|adnotacje|notes|note|remarks",
    "quantity": "ilosc|ilosc szt|liczba|szt|liczba sztuk|quantity|qty",
    "eu": "srodki ue|ue|fundusze ue|zakup ze srodkow ue",
    "eu_share": "udzial ue|udzial ue proc|udzial fbw proc|udzial fbw|procent ue|dofinansowanie proc|eu share",
    "funding": "zrodlo finansowania|finansowanie|funding",
    "grant": "grant|projekt|nr projektu|numer projektu",
    "category": "kategoria|rodzaj|category",
    "account": "konto|konto prog 10000|account",
    "purchase": "poz zakupu|pozycja zakupu|zakup|purchase",
    "warranty_until": "gwarancja do|gwarancja|warranty until",
    "durable_until": "trwalosc do|okres trwalosci do|durable until",
    "lifecycle": "status|lifecycle",
    "condition": "stan|stan techniczny|condition",
}
_PURCHASES = {
    **{key: _ASSETS[key] for key in ("name", "kst", "unit_price", "value", "quantity", "category", "account", "note")},
    **{key: _ASSETS[key] for key in ("eu_share", "funding", "grant", "durable_until", "room")},
    "purchase": f"lp|{_ASSETS['purchase']}|id",
    "name_en": "nazwa en",
    "spread": "rozmieszczenie",
    "supplier": "typ dostawcy|dostawca|supplier",
    "contract": "umowa|nr umowy|contract",
    "invoice_no": "nr faktury|faktura|invoice no",
    "invoiced_on": "data faktury|invoice date",
    "acquired_on": "data przyjecia|data zakupu|accepted on",
    "warranty_months": "gwarancja mies|gwarancja miesiecy|warranty months",
    "on_ledger": "ewidencja",
}
COLUMNS: dict[str, dict[str, str]] = {
    "assets": _ASSETS,
    "purchases": _PURCHASES,
    "rooms": {
        "code": "kod|kod pokoju|code",
        "building": "budynek|building",
        "floor": "kondygnacja|pietro|floor",
        "number": "numer|nr|nr pokoju|number",
        "name": "nazwa pl|nazwa|name",
        "name_en": "nazwa en|name en",
        "name_uk": "nazwa uk|name uk",
        "name_ru": "nazwa ru|name ru",
        "kind": "typ|rodzaj|kind",
        "capacity": "pojemnosc|liczba miejsc|capacity",
        "area_m2": "powierzchnia m2|powierzchnia|area m2",
        "bookable": "rezerwowalny|do rezerwacji|bookable",
        "visibility": "widocznosc rezerwacji|widocznosc|visibility",
        "step_free": "bez barier|dostepny dla wozkow|step free",
        "hearing_loop": "petla indukcyjna|petla|hearing loop",
        "screen": "ekran|screen",
        "note": "uwagi|note",
    },
    "buildings": {
        "code": "kod|code",
        "address": "adres|address",
        "town": "miejscowosc|miasto|town",
        "note": "opis|uwagi|note",
        "step_free": "dostepny dla wozkow|bez barier|step free",
    },
    "people": {
        "login": "login",
        "name": "nazwa roli|nazwa|imie i nazwisko|name",
        "institution": "organizacja|instytucja|jednostka|institution",
        "role": "rola w systemie|rola|role",
        "languages": "jezyki|languages",
    },
    "institutions": {
        "code": "kod|code",
        "name": "nazwa|name",
        "part": "rola w projekcie|rola|part",
        "name_en": "nazwa en|name en",
        "in_team": "czlonek zespolu|in team",
    },
}
_SYNONYMS = {
    kind: {word: column for column, words in columns.items() for word in words.split("|")}
    for kind, columns in COLUMNS.items()
}
# in its own kind a column's name is a header too, so that what programs write needs no translation
for _kind, _columns in COLUMNS.items():
    _SYNONYMS[_kind] |= {column.replace("_", " "): column for column in _columns}


@dataclass(frozen=True, slots=True)
class Header:
    """The row that names the columns: which column stands where and what it is called in the file."""

    kind: str
    line: int
    columns: dict[str, int]
    titles: dict[str, str]


def title_words(cell: Cell) -> str:
    """A column title as the synonyms are written: ``Nr inw.`` is ``nr inw``, ``cena_jedn_brutto`` likewise."""
    plain = re.sub(r"\(.*?\)", " ", fold(whole(cell)))
    return " ".join(re.sub(r"[^a-z0-9]+", " ", plain).split())


def find_header(rows: Iterable[tuple[int, Sequence[Cell]]], family: str | None = None) -> Header | None:
    """The best header within the first rows, for one family of kinds or any. The first of equals wins."""
    kinds = FAMILIES[family] if family else tuple(NEEDED_COLUMNS)
    best: Header | None = None
    for place, (line, cells) in enumerate(rows):
        if place >= HEADER_WITHIN:
            break
        words = [title_words(cell) for cell in cells]
        for kind in kinds:
            header = _header(kind, line, words, cells)
            if header and (best is None or len(header.columns) > len(best.columns)):
                best = header
    return best


def _header(kind: str, line: int, words: list[str], cells: Sequence[Cell]) -> Header | None:
    places: dict[str, int] = {}
    for place, title in enumerate(words):
        column = _SYNONYMS[kind].get(title)
        if column and column not in places:
            places[column] = place
    if len(places) < 2 or not any(needed <= places.keys() for needed in NEEDED_COLUMNS[kind]):
        return None
    return Header(kind, line, places, {column: whole(cells[place]) for column, place in places.items()})
