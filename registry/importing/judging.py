"""Judging a list: what each of its rows is, what it says and what becomes of it. No database."""

import re
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal

from registry.assets.rules import fold
from registry.importing.cells import Cell, Unreadable, amount, whole
from registry.importing.columns import Header
from registry.importing.files import Sheet
from registry.importing.kinds import LIST_KINDS
from registry.importing.layout import ListLayout, SheetPart
from registry.importing.own_columns import with_own_columns
from registry.importing.reader import RowReader, column_facts
from registry.importing.report import ImportReport, ListColumn
from registry.importing.rows import ImportProblem, ListRow
from registry.importing.snapshot import RegisterSnapshot
from registry.importing.texts import UNREADABLE_CELLS

_TOTAL = re.compile(r"(razem|suma|ogolem|lacznie|w sumie|podsumowanie|total|do przeniesienia|z przeniesienia)\b")
_CARRIED = re.compile(r"(do|z) przeniesienia")
_FOOTER = re.compile(
    r"(sporzadz|zatwierdz|podpis|sprawdz|data sporz|strona \d|wydruk|opracowa|glown[ya] ksieg|prepared)"
)

_SECTION = re.compile(r"(?=.*[a-z]{3}).* ")

# by the line as people are told it, then by field
Corrections = Mapping[str, Mapping[str, Cell]]


def judge(layout: ListLayout, snapshot: RegisterSnapshot, corrections: Corrections | None = None) -> ImportReport:
    """Read and judge every row. Changes nothing. ``corrections`` replace cells, by line and field."""
    report = ImportReport(with_own_columns(layout, snapshot))
    report.rows.extend(judge_rows(report, snapshot, corrections))
    return report


def judge_rows(
    report: ImportReport, snapshot: RegisterSnapshot, corrections: Corrections | None = None
) -> Iterator[ListRow]:
    """Read and judge row after row. What the report says of the whole list is there once the last one was taken."""
    reader: RowReader | None = None
    blanks = 0
    kind = LIST_KINDS[report.kind]
    facts = column_facts((part.below, part.header) for part in report.layout.parts)
    if snapshot.twins:
        for part in report.layout.parts:
            _look_ahead(part, kind.reader(part.header, snapshot, facts), corrections or {})
    for part in report.layout.parts:
        above, blank = _above(part)
        blanks += blank
        report.skipped += above
        if reader is None:
            reader = kind.reader(part.header, snapshot, facts)
        reader.turn_to(part.header)
        rows = _RowsOfPart(report, part, reader, kind.reader(part.header, snapshot, facts), corrections or {})
        yield from rows.judged()
        blanks += rows.blanks
    report.skipped = [line for line in report.skipped if line]
    _put_blanks(report, blanks)
    report.notices = _list_notices(report) + (reader.notices if reader else []) + _control_notice(report)


def _look_ahead(part: SheetPart, reader: RowReader, corrections: Corrections) -> None:
    """Which pieces the rows of a sheet name, those too that are left out."""
    for line, cells in part.below():
        if _what(cells, part.header) == "row":
            reader.look_ahead(_corrected(cells, part.header, corrections.get(str(part.position(line)), {})))


def _put_blanks(report: ImportReport, blanks: int) -> None:
    """Blank lines are counted together, behind what stands above the header."""
    if blanks:
        place = sum(text == "title" or text.startswith("preamble ") for text in report.skipped)
        report.skipped.insert(place, "blank" if blanks == 1 else f"blank {blanks}")


class _RowsOfPart:
    """The rows of one sheet. Those that somebody left out are read by a reader of their own: their numbers are free."""

    def __init__(
        self, report: ImportReport, part: SheetPart, reader: RowReader, aside: RowReader, corrections: Corrections
    ) -> None:
        self.report, self.part, self.reader, self.aside = report, part, reader, aside
        self.corrections, self.blanks = corrections, 0

    def judged(self) -> Iterator[ListRow]:
        report, part, header = self.report, self.part, self.part.header
        columns = report.tally.columns_of(header)
        for line, cells in part.below():
            what = _what(cells, header)
            if what == "blank":
                self.blanks += 1
            elif what == "row":
                report.tally.look_at(columns, cells)
                if header.is_enough:
                    yield self._row(line, cells)
            else:
                report.skipped.append(what)
                if what.startswith("total row") and not _CARRIED.match(fold(what.removeprefix("total row "))):
                    report.control_total = _control(cells, header, report.control_total)

    def _row(self, line: int, cells: list[Cell]) -> ListRow:
        position = self.part.position(line)
        left_out = str(position) in self.report.layout.choices.leave_out
        corrected = self.corrections.get(str(position), {})
        split = str(position) in self.report.layout.choices.split
        row = ListRow(self.part.base + line, place=position, left_out=left_out, split=split)
        row.keep = self.report.layout.choices.kept_of(position)
        reader = self.aside if left_out else self.reader
        reader.read(row, _corrected(cells, self.part.header, corrected))
        row.problems.extend([] if corrected else _text_problems(self.part.sheet, line, cells))
        if not left_out:
            self.report.computed_total += row.values.get("value") or Decimal("0.00")
            self.report.pieces += row.values.get("quantity") or 1
        return row


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
        if column in header.columns:  # else its column means something else by now
            corrected[header.columns[column]] = cell
    return corrected


def _above(part: SheetPart) -> tuple[list[str], int]:
    """What stands above the header: one line is a title, more are a preamble with the blanks among them."""
    lines = [any(whole(cell) for cell in cells) for _, cells in _first_rows(part.sheet, part.header.line)]
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
    if len(filled) > 1 and _repeats(cells, header):
        return "repeated header"
    if len(filled) > 2 and texts == [str(number) for number in range(1, len(texts) + 1)]:
        return "column numbers"
    if len(filled) == 1 and header.kind == "assets" and _is_section(cells, texts[0], header):
        return f"section {texts[0][:60]}"
    return "row"


def _repeats(cells: Sequence[Cell], header: Header) -> bool:
    """Whether a row repeats the titles, or the lower halves of those that stand in two rows."""
    equal = 0
    for name, place in header.columns.items():
        cell = cells[place] if place < len(cells) else None
        if cell in (None, ""):
            continue
        text, title = fold(whole(cell)), fold(header.titles[name])
        if title != text and not title.endswith(f" {text}"):
            return False
        equal += 1
    return equal > 1


def _is_section(cells: Sequence[Cell], text: str, header: Header) -> bool:
    """Whether a row is the heading of those below it: a name alone, or words where a number should be."""
    if len(header.columns) < 3:
        return False
    place = next(place for place, cell in enumerate(cells) if cell not in (None, ""))
    return place == header.columns.get("name") or _SECTION.match(fold(text)) is not None


def _first_word(text: str) -> str:
    return text.split()[0].strip(".:,;") or text


def _control(cells: Sequence[Cell], header: Header, former: Decimal | None) -> Decimal | None:
    places = [header.columns[name] for name in ("value", "unit_price") if name in header.columns]
    for place in places:
        if place < len(cells) and cells[place] not in (None, ""):
            try:
                return amount(cells[place])
            except Unreadable:
                continue
    return former


def _control_notice(report: ImportReport) -> list[ImportProblem]:
    total, computed = report.control_total, report.computed_total
    if total is None or total == computed:
        return []
    return [ImportProblem("CONTROL_TOTAL_DIFFERS", "", str(total), {"computed": str(computed)})]


def _list_notices(report: ImportReport) -> list[ImportProblem]:
    header = report.header
    unknown = [] if header.is_enough else [ImportProblem("HEADER_UNKNOWN", "", "", {"line": header.line})]
    return [
        *unknown,
        *_sheet_notices(report.layout),
        *(ImportProblem("FOREIGN_HEADER", "", "", {"line": part.position(part.header.line)})
          for part in report.layout.parts if part.header.line in part.sheet.foreign_lines),
        *_rival_notices(report),
        *(_not_read(column) for column in report.tally.filled() if column.field is None and column.filled),
    ]  # fmt: skip


def _sheet_notices(layout: ListLayout) -> Iterator[ImportProblem]:
    """Every sheet with something on it that is not read, and why."""
    for sheet, header in zip(layout.sheets, layout.headers, strict=True):
        if layout.is_chosen(sheet) or not sheet.lines:
            continue
        if header is None:
            code = "SHEET_IS_NO_LIST"
        else:
            code = "HIDDEN_SHEET_NOT_READ" if sheet.hidden else "SHEET_NOT_READ"
        yield ImportProblem(code, "", sheet.title, {"sheet": sheet.title, "lines": sheet.lines})


def _rival_notices(report: ImportReport) -> Iterator[ImportProblem]:
    """Of two columns for one field: which is read, and which is kept in the notes."""
    by_title = report.tally.columns
    for title, winner in {
        part.header.all_titles[place]: winner for part in report.layout.parts for place, winner in part.header.rivals
    }.items():
        column = by_title.get(title)
        if column and column.filled and column.field is not None:
            yield ImportProblem("SAME_FIELD_TWICE", title, column.example, {"title": title, "winner": winner})


def _not_read(column: ListColumn) -> ImportProblem:
    return ImportProblem("COLUMN_NOT_READ", column.title, column.example, {"title": column.title})
