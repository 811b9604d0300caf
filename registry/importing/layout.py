"""What of a file is the list: which of its sheets, which row of each names the columns, what each column holds."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from registry.core.errors import Invalid
from registry.importing.cells import Cell
from registry.importing.choices import NO_CHOICES, ListChoices
from registry.importing.columns import (
    COLUMNS,
    DETAIL,
    FAMILIES,
    HEADER_WITHIN,
    Header,
    find_header,
    header_of,
    likely_headers,
)
from registry.importing.files import Sheet

_WORD = re.compile(r"^(?!\[)[^\W\d_][^\W\d]")


@dataclass(frozen=True, slots=True)
class SheetPart:
    """A sheet that is read. ``base`` is added to its lines, so that those of several sheets are in one order.

    ``name`` stands before a line where several sheets are read, else it is empty.
    """

    sheet: Sheet
    header: Header
    base: int = 0
    name: str = ""

    def below(self) -> Iterator[tuple[int, list[Cell]]]:
        """The rows behind the header."""
        return ((line, cells) for line, cells in self.sheet.rows() if line > self.header.line)

    def position(self, line: int) -> int | str:
        """A line as people are told it: its number, with its sheet where several are read."""
        return f"{self.name}!{line}" if self.name else line


@dataclass(frozen=True, slots=True)
class ListLayout:
    """The sheets of a file, and the parts of the list on those that were chosen.

    ``headers`` are those that each sheet has, by its place; a sheet without one is no list.
    """

    sheets: Sequence[Sheet]
    parts: Sequence[SheetPart]
    headers: Sequence[Header | None]
    choices: ListChoices = NO_CHOICES

    @property
    def sheet(self) -> Sheet:
        return self.parts[0].sheet

    @property
    def header(self) -> Header:
        return self.parts[0].header

    @property
    def kind(self) -> str:
        return self.header.kind

    def is_chosen(self, sheet: Sheet) -> bool:
        return any(part.sheet is sheet for part in self.parts)


def find_list(
    sheets: Sequence[Sheet], family: str | None = None, choices: ListChoices = NO_CHOICES, *, guess: bool = False
) -> ListLayout:
    """The list in a file: the sheet or the delimiter whose header names the most columns, and what belongs to it.

    With ``guess`` a list of whose columns too few are understood has the row that may name them, so that somebody can
    choose what they hold; its header is not enough to read a row.

    Raises Invalid("import.no_header", "import.header_unknown", "import.unknown_kind",
    "import.other_kind", "import.no_sheet", "import.no_field").
    """
    if family is not None and family not in FAMILIES:
        raise Invalid("import.unknown_kind", kind=family, kinds=", ".join(FAMILIES))
    _check(sheets, choices)
    headers = [_header(sheet, family, choices) for sheet in sheets]
    best = _best(sheets, headers, choices)
    header = headers[best] if best is not None else None
    _refuse_another_kind(sheets, family, header, choices)
    if best is None or header is None:
        best, header = _likeliest(sheets, family, choices, guess)
        headers[best] = header
    if sheets[best].delimiter is not None:  # one text, read in several ways
        lines = sum(any(cell not in (None, "") for cell in cells) for _, cells in sheets[best].rows())
        sheet = replace(sheets[best], lines=lines)
        return ListLayout([sheet], [SheetPart(sheet, header)], [header], choices)
    return ListLayout(sheets, _parts(sheets, headers, header, choices), headers, choices)


def _likeliest(sheets: Sequence[Sheet], family: str | None, choices: ListChoices, guess: bool) -> tuple[int, Header]:
    """The row that may name the columns, of a list of assets or of what somebody says that it is."""
    best: tuple[int, int, Header] | None = None
    for place, sheet in enumerate(sheets):
        if choices.sheets and sheet.title not in choices.sheets:
            continue
        for header in likely_headers(sheet.rows(), family or "assets"):
            words = sum(bool(_WORD.search(title)) for title in header.all_titles)
            points = words + 3 * header.score
            if words > 1 and choices.header_row in (None, header.line) and (best is None or points > best[0]):
                best = points, place, header
    if best is None or not best[2].score:
        raise Invalid("import.no_header", file=sheets[0].name if sheets else "", rows=HEADER_WITHIN)
    header = best[2]
    if not guess:
        titles = [title for title, field in zip(header.all_titles, header.fields, strict=True) if field]
        unknown = [title for title in header.all_titles if title not in titles and not title.startswith("[")]
        lists = {"known": ", ".join(titles), "unknown": ", ".join(unknown)[:300]}
        raise Invalid("import.header_unknown", file=sheets[0].name, line=header.line, **lists)
    return best[1], header


def _check(sheets: Sequence[Sheet], choices: ListChoices) -> None:
    names = [sheet.title for sheet in sheets]
    for name in choices.sheets:
        if name not in names:
            raise Invalid("import.no_sheet", sheet=name, sheets=", ".join(dict.fromkeys(names)))
    fields = {field for columns in COLUMNS.values() for field in columns}
    for field in choices.columns.values():
        if field is not None and field not in fields:
            raise Invalid("import.no_field", field=field)


def _header(sheet: Sheet, family: str | None, choices: ListChoices) -> Header | None:
    if choices.header_row is None and not choices.columns:
        return find_header(sheet.rows(), family)
    best: Header | None = None
    for likely in likely_headers(sheet.rows(), family):
        if choices.header_row not in (None, likely.line):
            continue
        header = _chosen(likely, choices)
        if header.is_enough and (best is None or header.score > best.score):
            best = header
    return best


def _chosen(likely: Header, choices: ListChoices) -> Header:
    fields = COLUMNS[likely.kind]
    columns = {title: field for title, field in choices.columns.items() if field in (None, DETAIL) or field in fields}
    return header_of(likely.kind, likely.line, likely.all_titles, columns)


def _best(sheets: Sequence[Sheet], headers: Sequence[Header | None], choices: ListChoices) -> int | None:
    best, score = None, 0
    for place, (sheet, header) in enumerate(zip(sheets, headers, strict=True)):
        if header is None or choices.sheets and sheet.title not in choices.sheets:
            continue
        points = 2 * header.score + (not sheet.hidden)
        if points > score:
            best, score = place, points
    return best


def _refuse_another_kind(
    sheets: Sequence[Sheet], family: str | None, mine: Header | None, choices: ListChoices
) -> None:
    if family is None or choices.columns:
        return
    others = [header for sheet in sheets if (header := find_header(sheet.rows()))]
    other = max(others, key=lambda header: header.score, default=None)
    if other and (mine is None or other.score > 2 * mine.score):
        likely = next(name for name, kinds in FAMILIES.items() if other.kind in kinds)
        raise Invalid("import.other_kind", file=sheets[0].name, kind=likely)


def _parts(
    sheets: Sequence[Sheet], headers: Sequence[Header | None], best: Header, choices: ListChoices
) -> list[SheetPart]:
    """The chosen sheets; where nobody chose, the visible ones that have the same header as the best."""
    pairs = [
        (sheet, header)
        for sheet, header in zip(sheets, headers, strict=True)
        if (sheet.title in choices.sheets if choices.sheets else _is_alike(sheet, header, best))
    ]
    base, parts = 0, []
    for sheet, header in pairs:
        # a sheet without a header goes on with the columns of the others
        own = header if header and header.kind == best.kind else replace(best, line=0)
        parts.append(SheetPart(sheet, own, base, sheet.title if len(pairs) > 1 else ""))
        base += sheet.height
    return parts


def _is_alike(sheet: Sheet, header: Header | None, best: Header) -> bool:
    if header is best:
        return True
    if header is None or sheet.hidden or header.kind != best.kind:
        return False
    return header.columns.keys() == best.columns.keys()
