"""Judging a list: what each of its rows is, what it says and what becomes of it. No database."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from registry.assets.rules import fold
from registry.core.errors import Invalid
from registry.importing import assets, places
from registry.importing.cells import Cell, Unreadable, amount, whole
from registry.importing.columns import FAMILIES, HEADER_WITHIN, Header, find_header
from registry.importing.files import Sheet
from registry.importing.rows import Known, Problem, Row, in_words, row_in_words, same

_TOTAL = re.compile(r"(razem|suma|ogolem|lacznie|w sumie|podsumowanie|total|do przeniesienia|z przeniesienia)\b")
_CARRIED = re.compile(r"(do|z) przeniesienia")
_FOOTER = re.compile(
    r"(sporzadz|zatwierdz|podpis|sprawdz|data sporz|strona \d|wydruk|opracowa|glown[ya] ksieg|prepared)"
)


Corrections = Mapping[int, Mapping[str, Cell]]


@dataclass(slots=True)
class Report:
    """What is in a file and what becomes of it. ``rows`` are those of the data, the refused ones too, without those
    that were ``passed`` on: good ones of which nothing needs to be told.
    """

    sheet: Sheet
    header: Header
    rows: list[Row]
    skipped: list[str]
    control_given: Decimal | None = None
    control_computed: Decimal = Decimal("0.00")
    notices: list[Problem] = field(default_factory=list)
    passed: int = 0

    @property
    def kind(self) -> str:
        return self.header.kind

    @property
    def accepted(self) -> list[Row]:
        return [row for row in self.rows if row.status != "error"]

    @property
    def refused(self) -> list[Row]:
        return [row for row in self.rows if row.status == "error"]

    def as_json(self, translate: Callable[[str], str] = lambda text: text) -> dict[str, Any]:
        """The report as the command line and the API give it; amounts and dates are strings."""
        return report_in_words(self.as_record(), translate)

    def as_record(self) -> dict[str, Any]:
        """As ``as_json``, in no language: what is kept of a report."""
        told: dict[str, Any] = {
            "kind": self.kind,
            "format": self.sheet.format,
            "encoding": self.sheet.encoding,
            "delimiter": self.sheet.delimiter,
            "header_row": self.header.line,
            "columns": self.header.titles,
            "rows": [row.as_record() for row in self.rows],
            "skipped": self.skipped,
            "notices": [notice.as_record() for notice in self.notices],
        }
        if self.control_given is not None:
            told["control_total"] = {"given": str(self.control_given), "computed": str(self.control_computed)}
        return told


def report_in_words(record: dict[str, Any], translate: Callable[[str], str]) -> dict[str, Any]:
    """A kept report in the reader's language."""
    rows = [row_in_words(row, translate) for row in record["rows"]]
    return record | {"rows": rows, "notices": [in_words(notice, translate) for notice in record["notices"]]}


def find(sheets: Sequence[Sheet], family: str | None = None) -> tuple[Sheet, Header]:
    """The reading of a file whose header names the most columns.

    Raises Invalid("import.no_header", "import.unknown_kind", "import.other_kind").
    """
    if family is not None and family not in FAMILIES:
        raise Invalid("import.unknown_kind", kind=family, kinds=", ".join(FAMILIES))
    best, other = _best(sheets, family), _best(sheets, None) if family else None
    if other and (best is None or len(other[1].columns) > 2 * len(best[1].columns)):
        found = next(name for name, kinds in FAMILIES.items() if other[1].kind in kinds)
        raise Invalid("import.other_kind", file=other[0].name, kind=found)
    if best is None:
        raise Invalid("import.no_header", file=sheets[0].name if sheets else "", rows=HEADER_WITHIN)
    return best


def _best(sheets: Sequence[Sheet], family: str | None) -> tuple[Sheet, Header] | None:
    best: tuple[Sheet, Header] | None = None
    for sheet in sheets:
        header = find_header(sheet.rows(), family)
        if header and (best is None or len(header.columns) > len(best[1].columns)):
            best = sheet, header
    return best


def check(sheet: Sheet, header: Header, known: Known, corrections: Corrections | None = None) -> Report:
    """Read and judge every row. Changes nothing. ``corrections`` replace cells, by line and column."""
    report = Report(sheet=sheet, header=header, rows=[], skipped=[])
    report.rows.extend(judged(report, known, corrections))
    return report


def judged(report: Report, known: Known, corrections: Corrections | None = None) -> Iterator[Row]:
    """Read and judge row after row. What the report says of the whole list is there once the last one was taken."""
    sheet, header = report.sheet, report.header
    above, blanks = _above(sheet, header)
    left_out = []
    reader = _reader(sheet, header, known)
    for line, cells in _below(sheet, header):
        what = _what(cells, header)
        if what == "blank":
            blanks += 1
        elif what == "row":
            row = reader.row(line, _corrected(cells, header, (corrections or {}).get(line, {})))
            report.control_computed += row.values.get("value") or Decimal("0.00")
            yield row
        else:
            left_out.append(what)
            if what.startswith("total row") and not _CARRIED.match(fold(what.removeprefix("total row "))):
                report.control_given = _control(cells, header) or report.control_given
    blank = ["blank" if blanks == 1 else f"blank {blanks}"] if blanks else []
    report.skipped = above + blank + left_out
    report.notices = reader.notices + _control_notice(report)


def _corrected(cells: list[Cell], header: Header, given: Mapping[str, Cell]) -> list[Cell]:
    if not given:
        return cells
    last = max(header.columns.values())
    mended = ([] if cells == ["\ufffd"] else cells) + [None] * (last + 1)
    for column, cell in given.items():
        mended[header.columns[column]] = cell
    return mended


def _reader(sheet: Sheet, header: Header, known: Known) -> Any:
    if header.kind in ("assets", "purchases"):
        return assets.reader(header, known, _facts(sheet, header))
    return places.Reader(header, known)


def _below(sheet: Sheet, header: Header) -> Iterator[tuple[int, list[Cell]]]:
    return ((line, cells) for line, cells in sheet.rows() if line > header.line)


def _above(sheet: Sheet, header: Header) -> tuple[list[str], int]:
    """What stands above the header: one line is a title, more are a preamble with the blanks among them."""
    filled = [any(whole(cell) for cell in cells) for _, cells in _first_rows(sheet, header.line)]
    if sum(filled) > 1:
        return [f"preamble {len(filled)}"], 0
    return ["title"] * sum(filled), len(filled) - sum(filled)


def _first_rows(sheet: Sheet, before: int) -> Iterator[tuple[int, list[Cell]]]:
    for line, cells in sheet.rows():
        if line >= before:
            return
        yield line, cells


def _what(cells: Sequence[Cell], header: Header) -> str:
    """``row`` for data, ``blank``, or in words why the row is left out."""
    filled = [cell for cell in cells if cell not in (None, "")]
    texts = [text for cell in filled[:6] if (text := whole(cell))]
    if not texts:
        return "blank"
    named = header.columns.get("inventory_no", header.columns.get("code"))
    if named is None or named >= len(cells) or cells[named] in (None, ""):
        for text in texts[:2]:
            if _TOTAL.match(fold(text)):
                return f"total row {_first_word(text)}"
    if len(filled) <= 3 and _FOOTER.match(fold(texts[0])):
        return f"footer {_first_word(texts[0])}"
    if len(filled) > 1 and all(
        place < len(cells) and same(cells[place], header.titles[column]) for column, place in header.columns.items()
    ):
        return "repeated header"
    return "row"


def _first_word(text: str) -> str:
    return text.split()[0].strip(".:,;") or text


def _control(cells: Sequence[Cell], header: Header) -> Decimal | None:
    places = [header.columns[name] for name in ("value", "unit_price") if name in header.columns]
    for place in places:
        if place < len(cells) and cells[place] not in (None, ""):
            try:
                return amount(cells[place])
            except Unreadable:
                continue
    return None


def _control_notice(report: Report) -> list[Problem]:
    given, computed = report.control_given, report.control_computed
    if given is None or given == computed:
        return []
    return [Problem("CONTROL_TOTAL_DIFFERS", "", str(given), {"computed": str(computed)})]


def _facts(sheet: Sheet, header: Header) -> assets.Facts:
    """What only the whole column shows: whether numbers begin with zeros, whether dates are American."""
    number = header.columns.get("inventory_no")
    dates = [header.columns[name] for name in assets.DATES if name in header.columns]
    zero_width, slashed = 0, _Slashed()
    for _, cells in _below(sheet, header):
        if number is not None and number < len(cells):
            cell = cells[number]
            if isinstance(cell, str) and cell.startswith("0") and cell.strip().isdigit():
                zero_width = max(zero_width, len(cell.strip()))
        for place in dates:
            if place < len(cells):
                slashed.see(cells[place])
    return assets.Facts(zero_width=zero_width, month_first=slashed.month_first)


class _Slashed:
    """Whether 04/05/2022 can only be the American order in this file."""

    def __init__(self) -> None:
        self.day_first = self.month_second = False

    def see(self, cell: Cell) -> None:
        if isinstance(cell, str) and "/" in cell and (found := re.match(r"\s*(\d{1,2})/(\d{1,2})/\d{2}", cell)):
            self.day_first |= int(found[1]) > 12
            self.month_second |= int(found[2]) > 12

    @property
    def month_first(self) -> bool:
        return self.month_second and not self.day_first
