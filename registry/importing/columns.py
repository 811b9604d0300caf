"""Which column of a list holds what: the header, wherever it stands, in the words that offices use. Pure.

The words are in ``header_words.csv``, one row each: the kinds of list, the field, the title. Of the titles of one field
the exact ones come first: where two columns of a list name the same field, the first of them is read.
"""

import csv
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice
from pathlib import Path

from registry.assets.rules import fold
from registry.importing.cells import Cell, whole

FILE = Path(__file__).with_name("header_words.csv")
HEADER_WITHIN = 20
# what is read of a column that has no field of its own: it is kept in the notes, with its title
DETAIL, NOTE = "detail", "note"
# a mere numbering of the lines: understood, and not kept
NUMBERING = "row_no"
_VAGUE = frozenset({DETAIL, NOTE, NUMBERING})
# details that say what a thing is, where nothing better does
_TYPES = frozenset({"typ", "type", "model", "modell", "typ model", "marka model"})

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


def _words() -> dict[str, dict[str, list[str]]]:
    columns: dict[str, dict[str, list[str]]] = {kind: {} for kind in NEEDED_COLUMNS}
    with FILE.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file, delimiter=";"):
            for kind in row["kinds"].split():
                columns[kind].setdefault(row["field"], []).append(row["header"])
    return columns


# the titles that name a field of a kind of list, the exact ones first
COLUMNS: Mapping[str, Mapping[str, Sequence[str]]] = _words()
# of a title: its field, and its place among the titles of that field
_SYNONYMS: dict[str, dict[str, tuple[str, int]]] = {
    kind: {title: (field, rank) for field, titles in columns.items() for rank, title in enumerate(titles)}
    for kind, columns in COLUMNS.items()
}
# in its own kind a field's name is a header too, so that what programs write needs no translation
for _kind, _fields in COLUMNS.items():
    _SYNONYMS[_kind] |= {field.replace("_", " "): (field, 0) for field in _fields if field not in _VAGUE - {NOTE}}

# what is added to a title and changes nothing
_UNIT = re.compile(r" (pln|zl|w zl|w pln|proc)$")
# another amount than the gross one in złoty
_OTHER_MONEY = re.compile(r"\b(netto|net|nett|bez vat|bez dph|eur|euro|usd|czk|kc|gbp|chf|uah|inr)\b")
_MONEY = frozenset({"value", "unit_price"})


@dataclass(frozen=True, slots=True)
class Header:
    """The row that names the columns: which column stands where and what it is called in the file.

    ``columns`` and ``titles`` are by field. ``all_titles`` and ``fields`` are by place: a title that comes twice has
    its number behind it, a column without one its letter; the field is None where a column is not read. ``extra`` are
    the places of details, which go into the notes, ``rivals`` those whose field a better column has, with its title.
    Line 0 is a header that stands on another sheet.
    """

    kind: str
    line: int
    columns: dict[str, int]
    titles: dict[str, str]
    all_titles: tuple[str, ...] = ()
    fields: tuple[str | None, ...] = ()
    extra: tuple[int, ...] = ()
    rivals: tuple[tuple[int, str], ...] = ()

    @property
    def names(self) -> list[int]:
        """The places that may say what a thing is, where its name is empty: rivals of the name, its type, its model."""
        rivals = [place for place, winner in self.rivals if winner == self.titles.get("name")]
        types = [place for place in self.extra if title_words(self.all_titles[place]) in _TYPES and place not in rivals]
        return rivals + types

    @property
    def score(self) -> int:
        """How many columns say what the list is."""
        return len(self.columns.keys() - _VAGUE)

    @property
    def is_enough(self) -> bool:
        """Whether a list of this kind can be read by these columns."""
        return any(needed <= self.columns.keys() for needed in NEEDED_COLUMNS[self.kind])


def title_words(cell: Cell) -> str:
    """A column title as the synonyms are written: ``Nr inw.`` is ``nr inw``, ``cena_jedn_brutto`` likewise."""
    return _plain(re.sub(r"\(.*?\)", " ", _folded(whole(cell))))


def _folded(title: str) -> str:
    """A title in small letters; ``DatePurchased`` is two words."""
    return fold(re.sub(r"(?<=[a-z])(?=[A-Z][a-z])", " ", title))


def _plain(text: str) -> str:
    return " ".join(re.sub(r"[^a-z0-9]+", " ", text).split())


def _meaning(kind: str, title: str) -> tuple[str, int] | None:
    """The field that a title names in a kind of list, and how exactly: 0 is best."""
    synonyms, ways = _SYNONYMS[kind], _ways(title)
    for words in ways:
        meaning = synonyms.get(words)
        if meaning and not (meaning[0] in _MONEY and _OTHER_MONEY.search(ways[0])):
            return meaning
    return None


@lru_cache(maxsize=1 << 14)
def _ways(title: str) -> tuple[str, ...]:
    """A title in full, without what stands in brackets, without its unit."""
    full, short = _plain(_folded(title)), title_words(title)
    return tuple(dict.fromkeys((full, short, _UNIT.sub("", full), _UNIT.sub("", short))))


def find_header(rows: Iterable[tuple[int, Sequence[Cell]]], family: str | None = None) -> Header | None:
    """The best header within the first rows, for one family of kinds or any. The first of equals wins."""
    best: Header | None = None
    for header in likely_headers(rows, family):
        if header.is_enough and len(header.columns) > 1 and (best is None or header.score > best.score):
            best = header
    return best


def likely_headers(rows: Iterable[tuple[int, Sequence[Cell]]], family: str | None = None) -> Iterator[Header]:
    """What each of the first rows would be as a header, by itself and under the row above it."""
    kinds = FAMILIES[family] if family else tuple(NEEDED_COLUMNS)
    above: list[str] = []
    for line, cells in islice(rows, HEADER_WITHIN):
        titles = [whole(cell) for cell in cells]
        for kind in kinds:
            yield header_of(kind, line, titles)
            if sum(map(bool, above)) > 1:
                yield header_of(kind, line, _under(kind, above, titles))
        above = titles


def _under(kind: str, above: Sequence[str], titles: Sequence[str]) -> list[str]:
    """Titles under those of the row above: a merged cell stands over several columns."""
    double, over = [], ""
    for place in range(max(len(titles), len(above))):
        own = above[place] if place < len(above) else ""
        title = titles[place] if place < len(titles) else ""
        over = own or over
        both = f"{over} {title}".strip() if title else own
        double.append(title if title and not _meaning(kind, both) and _meaning(kind, title) else both)
    return double


def header_of(kind: str, line: int, titles: Sequence[str], choices: Mapping[str, str | None] | None = None) -> Header:
    """The header that these titles make. ``choices`` say of some titles which field they hold, None for none."""
    unique = _unique(titles)
    fields_by_title = {fold(title): field for title, field in (choices or {}).items()}
    meanings: list[tuple[str, int] | None] = []
    for title, label in zip(titles, unique, strict=True):
        if fold(label) in fields_by_title:
            field = fields_by_title[fold(label)]
            meanings.append((field, -1) if field else None)
        else:
            meanings.append(_meaning(kind, title) if title else None)
    places: dict[str, int] = {}
    for place, meaning in enumerate(meanings):
        if meaning and meaning[0] != DETAIL:
            first = places.setdefault(meaning[0], place)
            if meaning[1] < (meanings[first] or ("", 0))[1]:
                places[meaning[0]] = place
    fields, extra, rivals = [], [], []
    has_notes = NOTE in COLUMNS[kind]
    for place, meaning in enumerate(meanings):
        field = meaning[0] if meaning else None
        if field and places.get(field) != place:
            if field not in (DETAIL, NOTE):
                rivals.append((place, unique[places[field]]))
            if has_notes:
                extra.append(place)
            field = DETAIL if has_notes else None
        fields.append(field)
    return Header(
        kind,
        line,
        places,
        {field: unique[place] for field, place in places.items()},
        tuple(unique),
        tuple(fields),
        tuple(extra),
        tuple(rivals),
    )


def _unique(titles: Sequence[str]) -> list[str]:
    counts: Counter[str] = Counter()
    unique = []
    for place, title in enumerate(titles):
        text = " ".join(title.split()) or f"[{letter_of(place)}]"
        counts[fold(text)] += 1
        unique.append(text if counts[fold(text)] == 1 else f"{text} ({counts[fold(text)]})")
    return unique


def letter_of(place: int) -> str:
    """The letter of a column as spreadsheets call it, from A for 0."""
    return (letter_of(place // 26 - 1) if place >= 26 else "") + chr(ord("A") + place % 26)


def is_note_title(title: str) -> bool:
    """Whether a column is for notes and nothing else."""
    return (_meaning("assets", re.sub(r" \(\d+\)$", "", title)) or ("", 0))[0] == NOTE
