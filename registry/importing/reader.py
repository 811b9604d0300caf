"""What the readers of all lists share: the cells of a line by the header, and what is wrong with them. No database."""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from registry.assets.rules import fold
from registry.importing.cells import Cell, Unreadable, whole, yes
from registry.importing.columns import Header
from registry.importing.rows import ImportProblem, ListRow
from registry.importing.snapshot import RegisterSnapshot
from registry.importing.texts import UNREADABLE_CELLS

LONGEST_TEXT = 2000
DATES = ("acquired_on", "invoiced_on", "warranty_until", "durable_until")
# days that are over when a list is made
BOUGHT = frozenset({"acquired_on", "invoiced_on"})
AMOUNTS = ("value", "unit_price")
# what people write into a cell that they leave empty
_EMPTY = frozenset({"-", "--", "---", "–", "—", "brak", "n/d", "nd", "n.d.", "n/a", "nie dotyczy", "none", "null"})
LONGEST_EMPTY = 12
# where it is what people write, whatever it is
_LITERAL = frozenset({"name", "note", "category", "code"})


@dataclass(frozen=True, slots=True)
class ColumnFacts:
    """What only a whole column shows: how wide numbers with leading zeros are, whether dates are American, whether a
    comma stands between thousands.
    """

    zero_width: int = 0
    month_first: bool = False
    comma_groups: bool = False


Rows = Callable[[], Iterable[tuple[int, Sequence[Cell]]]]


def column_facts(sheets: Iterable[tuple[Rows, Header]]) -> ColumnFacts:
    """What only the whole columns of numbers, dates and amounts show, on all sheets that are read."""
    zero_width, slashes, commas = 0, _Slashes(), _Commas()
    for rows, header in sheets:
        number = header.columns.get("inventory_no")
        dates = [header.columns[name] for name in DATES if name in header.columns]
        amounts = [header.columns[name] for name in AMOUNTS if name in header.columns]
        for _, cells in rows():
            if number is not None and number < len(cells):
                cell = cells[number]
                if isinstance(cell, str) and cell.startswith("0") and cell.strip().isdigit():
                    zero_width = max(zero_width, len(cell.strip()))
            for place in dates:
                if place < len(cells):
                    slashes.look_at(cells[place])
            for place in amounts:
                if place < len(cells):
                    commas.look_at(cells[place])
    return ColumnFacts(zero_width, slashes.month_first, commas.group)


class _Commas:
    """Whether 1,200 can only be twelve hundred in this list: its decimals stand behind a dot, none behind a comma."""

    def __init__(self) -> None:
        self.dot_decimals = self.comma_decimals = False

    def look_at(self, cell: Cell) -> None:
        if isinstance(cell, str) and (match := re.search(r"\d([.,])\d{1,2}(?!\d|[.,]\d)", cell)):
            self.dot_decimals |= match[1] == "."
            self.comma_decimals |= match[1] == ","

    @property
    def group(self) -> bool:
        return self.dot_decimals and not self.comma_decimals


class _Slashes:
    """Whether 04/05/2022 can only be the American order in this file."""

    def __init__(self) -> None:
        self.day_first = self.month_second = False

    def look_at(self, cell: Cell) -> None:
        if isinstance(cell, str) and "/" in cell and (match := re.match(r"\s*(\d{1,2})/(\d{1,2})/\d{2}", cell)):
            self.day_first |= int(match[1]) > 12
            self.month_second |= int(match[2]) > 12

    @property
    def month_first(self) -> bool:
        return self.month_second and not self.day_first


class RowReader:
    """One list's rows, in order: a number that comes twice is the fault of the second."""

    limits: Mapping[str, int] = {}
    longest_text = LONGEST_TEXT

    def __init__(self, header: Header, snapshot: RegisterSnapshot, facts: ColumnFacts) -> None:
        self.header, self.snapshot, self.facts = header, snapshot, facts
        self.notices: list[ImportProblem] = []

    def turn_to(self, header: Header) -> None:
        """Go on with another sheet of the list, whose columns may stand elsewhere."""
        self.header = header

    def read(self, row: ListRow, cells: Sequence[Cell]) -> None:
        """Read one line, with every problem of it, not the first alone."""
        if list(cells) == UNREADABLE_CELLS:
            row.problems.append(ImportProblem("UNREADABLE_ROW", "", ""))
        else:
            self.fill(row, cells)

    def look_ahead(self, cells: Sequence[Cell]) -> None:
        """Take in what a row says of others, before the first one is read."""

    def fill(self, row: ListRow, cells: Sequence[Cell]) -> None:
        """Put what the cells say into the row."""
        raise NotImplementedError

    def has(self, column: str) -> bool:
        return column in self.header.columns

    def cell(self, cells: Sequence[Cell], column: str) -> Cell:
        place = self.header.columns.get(column)
        cell = cells[place] if place is not None and place < len(cells) else None
        if column in _LITERAL or not isinstance(cell, str) or len(cell) > LONGEST_EMPTY:
            return cell
        return None if cell.strip().lower() in _EMPTY else cell

    def text(self, row: ListRow, cells: Sequence[Cell], column: str) -> str:
        """A cell as text; a longer one than the register takes is a problem."""
        text, limit = whole(self.cell(cells, column)), self.limits.get(column, self.longest_text)
        if len(text) > limit:
            self.problem(row, "TOO_LONG", column, text, limit=limit)
        return text

    def parsed(self, row: ListRow, cells: Sequence[Cell], column: str, parse: Callable[[Cell], Any], code: str) -> Any:
        """What a cell holds, None if it is empty or unreadable (then the row has the problem ``code``)."""
        cell = self.cell(cells, column)
        if cell is None or cell == "" or isinstance(cell, str) and not cell.strip():
            return None
        try:
            return parse(cell)
        except Unreadable as fault:
            self.problem(row, code, column, cell, reason=str(fault))
            return None

    def problem(self, row: ListRow, code: str, column: str, cell: Cell, **params: Any) -> None:  # fmt: skip
        title = self.header.titles.get(column, column)
        row.problems.append(ImportProblem(code, title, whole(cell)[:200], params))

    def notice(self, code: str) -> None:
        """Say something of the whole list, once."""
        if not any(notice.code == code for notice in self.notices):
            self.notices.append(ImportProblem(code, "", ""))


class TableReader(RowReader):
    """Rows whose every column is read by a table: numbers, yes and no, choices, texts. The key comes once."""

    longest_text = 200
    key = "code"
    required: Sequence[str] = ()
    numbers: Mapping[str, Callable[[Cell], Any]] = {}
    yes_no: frozenset[str] = frozenset()
    choices: Mapping[str, type[StrEnum]] = {}

    def __init__(self, header: Header, snapshot: RegisterSnapshot, facts: ColumnFacts) -> None:
        super().__init__(header, snapshot, facts)
        self._lines: dict[str, int | str] = {}

    def keys(self) -> Mapping[str, int]:
        """What the register has of this kind, by folded key."""
        raise NotImplementedError

    def fill(self, row: ListRow, cells: Sequence[Cell]) -> None:
        for column in self.header.columns:
            row.values[column] = self._value(row, cells, column)
        for column in self.required:
            if not row.values.get(column):
                self.problem(row, "NO_NAME" if column == "name" else "NO_CODE", column, "")
        self._look_for_twins(row)

    def _value(self, row: ListRow, cells: Sequence[Cell], column: str) -> Any:
        if column in self.yes_no:
            return bool(self.parsed(row, cells, column, yes, "INVALID_YES_NO"))
        if column in self.numbers:
            return self.parsed(row, cells, column, self.numbers[column], "INVALID_NUMBER")
        text = self.text(row, cells, column)
        if column in self.choices and text not in set(self.choices[column]):
            self.problem(row, "INVALID_CHOICE", column, text, choices=", ".join(self.choices[column]))
        return text

    def _look_for_twins(self, row: ListRow) -> None:
        code = row.values.get(self.key)
        if not code:
            return
        key = fold(code)
        if key in self._lines:
            self.problem(row, "DUPLICATE_CODE", self.key, code, line=self._lines[key])
        elif key in self.keys():
            self.problem(row, "CODE_TAKEN", self.key, code)
        self._lines.setdefault(key, row.place)

    def reference(self, row: ListRow, column: str, ids: Mapping[str, int], code: str) -> None:
        """The id of the record that a cell names; one that the register lacks is the problem ``code``."""
        name = row.values.get(column) or ""
        row.refs[f"{column}_id"] = ids.get(fold(name))
        if row.refs[f"{column}_id"] is None:
            self.problem(row, code, column, name)
