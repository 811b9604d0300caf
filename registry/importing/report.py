"""Judging a list: what each of its rows is, what it says and what becomes of it. No database."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from registry.assets.rules import fold
from registry.core.errors import Invalid
from registry.importing.cells import Cell, Unreadable, amount, whole
from registry.importing.columns import FAMILIES, HEADER_WITHIN, Header, find_header
from registry.importing.files import Sheet
from registry.importing.kinds import LIST_KINDS
from registry.importing.reader import column_facts
from registry.importing.rows import ImportProblem, ListRow, Translate, in_words, row_in_words, same
from registry.importing.snapshot import RegisterSnapshot
from registry.importing.texts import UNREADABLE_CELLS

_TOTAL = re.compile(r"(razem|suma|ogolem|lacznie|w sumie|podsumowanie|total|do przeniesienia|z przeniesienia)\b")
_CARRIED = re.compile(r"(do|z) przeniesienia")
_FOOTER = re.compile(
    r"(sporzadz|zatwierdz|podpis|sprawdz|data sporz|strona \d|wydruk|opracowa|glown[ya] ksieg|prepared)"
)


Corrections = Mapping[int, Mapping[str, Cell]]


@dataclass(slots=True)
class ImportReport:
    """What is in a file and what becomes of it. ``rows`` are those of the data, the refused ones too, without the
    ``clean_rows`` that were counted alone: good ones of which nothing needs to be said.
    """

    sheet: Sheet
    header: Header
    rows: list[ListRow] = field(default_factory=list)
    skipped: list[str] = field(default_factory=list)
    control_total: Decimal | None = None
    computed_total: Decimal = Decimal("0.00")
    notices: list[ImportProblem] = field(default_factory=list)
    clean_rows: int = 0

    @property
    def kind(self) -> str:
        return self.header.kind

    @property
    def accepted_rows(self) -> list[ListRow]:
        return [row for row in self.rows if row.status != "error"]

    @property
    def refused_rows(self) -> list[ListRow]:
        return [row for row in self.rows if row.status == "error"]

    def as_json(self, translate: Translate = lambda text: text) -> dict[str, Any]:
        """The report as the command line and the API give it; amounts and dates are strings."""
        return report_in_words(self.as_record(), translate)

    def as_record(self) -> dict[str, Any]:
        """As ``as_json``, in no language: what is stored of a report."""
        record: dict[str, Any] = {
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
        if self.control_total is not None:
            record["control_total"] = {"given": str(self.control_total), "computed": str(self.computed_total)}
        return record


def report_in_words(record: dict[str, Any], translate: Translate) -> dict[str, Any]:
    """A stored report in the reader's language."""
    rows = [row_in_words(row, translate) for row in record["rows"]]
    return record | {"rows": rows, "notices": [in_words(notice, translate) for notice in record["notices"]]}


def find_list(sheets: Sequence[Sheet], family: str | None = None) -> tuple[Sheet, Header]:
    """The reading of a file whose header names the most columns.

    Raises Invalid("import.no_header", "import.unknown_kind", "import.other_kind").
    """
    if family is not None and family not in FAMILIES:
        raise Invalid("import.unknown_kind", kind=family, kinds=", ".join(FAMILIES))
    best, other = _best(sheets, family), _best(sheets, None) if family else None
    if other and (best is None or len(other[1].columns) > 2 * len(best[1].columns)):
        likely = next(name for name, kinds in FAMILIES.items() if other[1].kind in kinds)
        raise Invalid("import.other_kind", file=other[0].name, kind=likely)
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


def judge(
    sheet: Sheet, header: Header, snapshot: RegisterSnapshot, corrections: Corrections | None = None
) -> ImportReport:
    """Read and judge every row. Changes nothing. ``corrections`` replace cells, by line and column."""
    report = ImportReport(sheet, header)
    report.rows.extend(judge_rows(report, snapshot, corrections))
    return report


def judge_rows(
    report: ImportReport, snapshot: RegisterSnapshot, corrections: Corrections | None = None
) -> Iterator[ListRow]:
    """Read and judge row after row. What the report says of the whole list is there once the last one was taken."""
    sheet, header = report.sheet, report.header
    above, blanks = _above(sheet, header)
    others = []
    reader = LIST_KINDS[header.kind].reader(header, snapshot, column_facts(_below(sheet, header), header))
    for line, cells in _below(sheet, header):
        what = _what(cells, header)
        if what == "blank":
            blanks += 1
        elif what == "row":
            corrected = (corrections or {}).get(line, {})
            row = reader.row(line, _corrected(cells, header, corrected))
            row.problems.extend([] if corrected else _text_problems(sheet, line, cells))
            report.computed_total += row.values.get("value") or Decimal("0.00")
            yield row
        else:
            others.append(what)
            if what.startswith("total row") and not _CARRIED.match(fold(what.removeprefix("total row "))):
                report.control_total = _control(cells, header) or report.control_total
    blank = ["blank" if blanks == 1 else f"blank {blanks}"] if blanks else []
    report.skipped = above + blank + others
    report.notices = reader.notices + _control_notice(report) + _header_notice(report)


def _text_problems(sheet: Sheet, line: int, cells: list[Cell]) -> Iterator[ImportProblem]:
    """What is wrong with a line as text, whatever its cells say. Whoever corrected the row has looked at it."""
    is_foreign = line in sheet.foreign_lines or any(isinstance(cell, str) and "\ufffd" in cell for cell in cells)
    if is_foreign and cells != UNREADABLE_CELLS:
        yield ImportProblem("FOREIGN_LETTERS", "", " ".join(map(whole, cells))[:200])
    if line in sheet.joined_lines:
        yield ImportProblem("LINES_IN_ONE_CELL", "", "", {"first": line, "last": sheet.joined_lines[line]})


def _corrected(cells: list[Cell], header: Header, corrections: Mapping[str, Cell]) -> list[Cell]:
    if not corrections:
        return cells
    last = max(header.columns.values())
    corrected = ([] if cells == UNREADABLE_CELLS else cells) + [None] * (last + 1)
    for column, cell in corrections.items():
        corrected[header.columns[column]] = cell
    return corrected


def _below(sheet: Sheet, header: Header) -> Iterator[tuple[int, list[Cell]]]:
    return ((line, cells) for line, cells in sheet.rows() if line > header.line)


def _above(sheet: Sheet, header: Header) -> tuple[list[str], int]:
    """What stands above the header: one line is a title, more are a preamble with the blanks among them."""
    lines = [any(whole(cell) for cell in cells) for _, cells in _first_rows(sheet, header.line)]
    if sum(lines) > 1:
        return [f"preamble {len(lines)}"], 0
    return ["title"] * sum(lines), len(lines) - sum(lines)


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
    key = header.columns.get("inventory_no", header.columns.get("code"))
    if key is None or key >= len(cells) or cells[key] in (None, ""):
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


def _control_notice(report: ImportReport) -> list[ImportProblem]:
    total, computed = report.control_total, report.computed_total
    if total is None or total == computed:
        return []
    return [ImportProblem("CONTROL_TOTAL_DIFFERS", "", str(total), {"computed": str(computed)})]


def _header_notice(report: ImportReport) -> list[ImportProblem]:
    is_foreign = report.header.line in report.sheet.foreign_lines
    return [ImportProblem("FOREIGN_HEADER", "", "", {"line": report.header.line})] if is_foreign else []
