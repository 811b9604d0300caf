"""Rows of lists of rooms, buildings, people and institutions, read and judged against a table. No database."""

from collections.abc import Callable, Sequence
from decimal import Decimal
from enum import StrEnum
from typing import Any

from registry.assets.rules import fold
from registry.core.errors import N_
from registry.importing import cells
from registry.importing.cells import Cell, Unreadable, whole
from registry.importing.columns import Header
from registry.importing.rows import Known, Problem, Row
from registry.people.models import Role
from registry.rooms.models import RoomKind, Visibility


def _integer(cell: Cell) -> int:
    try:
        value = int(whole(cell).replace("−", "-"))
    except ValueError:
        raise Unreadable(N_("Write a whole number.")) from None
    if not -32_000 <= value <= 32_000:
        raise Unreadable(N_("Write a smaller number."))
    return value


def _area(cell: Cell) -> Decimal:
    value = cells.amount(cell)
    if not 0 <= value < 100_000:
        raise Unreadable(N_("Write an area in square metres, like 12,5."))
    return value


_NUMBERS: dict[str, Callable[[Cell], Any]] = {"floor": _integer, "capacity": _integer, "area_m2": _area}
_YES_NO = frozenset({"bookable", "step_free", "hearing_loop", "screen", "in_team"})
_CHOICES: dict[tuple[str, str], type[StrEnum]] = {
    ("rooms", "kind"): RoomKind,
    ("rooms", "visibility"): Visibility,
    ("people", "role"): Role,
}
_LIMITS = {"code": 40, "login": 64, "number": 20, "name": 120, "name_en": 120, "name_uk": 120, "name_ru": 120,
           "note": 200, "address": 200, "town": 120, "part": 100, "languages": 40}  # fmt: skip
_REQUIRED = {
    "rooms": ("code", "name"), "buildings": ("code", "address"), "people": ("login", "name"),
    "institutions": ("code", "name"),
}  # fmt: skip
_KEYS = {"people": "login"}


class Reader:
    """One list's rows, in order."""

    def __init__(self, header: Header, known: Known) -> None:
        self.header, self.known = header, known
        self.notices: list[Problem] = []
        self._key = _KEYS.get(header.kind, "code")
        self._seen: dict[str, int] = {}
        kinds = {"rooms": known.rooms, "buildings": known.buildings, "people": known.people}
        self._taken = kinds.get(header.kind, known.institutions)

    def row(self, line: int, cells: Sequence[Cell]) -> Row:
        row = Row(line)
        for column, place in self.header.columns.items():
            cell = cells[place] if place < len(cells) else None
            row.values[column] = self._value(row, column, cell)
        for column in _REQUIRED[self.header.kind]:
            if not row.values.get(column):
                self._problem(row, "NO_NAME" if column == "name" else "NO_CODE", column, "")
        self._unique(row)
        self._references(row)
        return row

    def _value(self, row: Row, column: str, cell: Cell) -> Any:
        text = whole(cell)
        try:
            if column in _YES_NO:
                return bool(cells.yes(cell))
            if column in _NUMBERS:
                return _NUMBERS[column](cell) if text else None
        except Unreadable as fault:
            self._problem(row, "INVALID_NUMBER" if column in _NUMBERS else "INVALID_YES_NO", column, cell,
                          reason=str(fault))  # fmt: skip
            return None
        choices = _CHOICES.get((self.header.kind, column))
        if choices and text not in set(choices):
            self._problem(row, "INVALID_CHOICE", column, cell, choices=", ".join(choices))
        if len(text) > _LIMITS.get(column, 200):
            self._problem(row, "TOO_LONG", column, cell, limit=_LIMITS.get(column, 200))
        return text

    def _problem(self, row: Row, code: str, column: str, given: Cell, **params: Any) -> None:
        title = self.header.titles.get(column, column)
        row.problems.append(Problem(code, title, whole(given)[:200], params))

    def _unique(self, row: Row) -> None:
        code = row.values.get(self._key)
        if not code:
            return
        key = fold(code)
        if key in self._seen:
            self._problem(row, "DUPLICATE_CODE", self._key, code, line=self._seen[key])
        elif key in self._taken:
            self._problem(row, "CODE_TAKEN", self._key, code)
        self._seen.setdefault(key, row.line)

    def _references(self, row: Row) -> None:
        for column, known, code in (
            ("building", self.known.buildings, "UNKNOWN_BUILDING"),
            ("institution", self.known.institutions, "UNKNOWN_INSTITUTION"),
        ):
            given = row.values.get(column)
            if column in self.header.columns and (given or column == "building"):
                row.refs[f"{column}_id"] = known.get(fold(given or ""))
                if row.refs[f"{column}_id"] is None:
                    self._problem(row, code, column, given)
