"""In which order assets are listed, and how a page goes on behind a row, in SQL written out for both databases.

A page begins behind the row that ended the one before, whatever stands before it: no row is read to be left out. A
cursor names that row by its id and a digest of what it was ordered by: of a row that was changed since, or is gone,
its place counts. What has no value stands before what has one, or with the order turned round behind it.
"""

import re
import zlib
from dataclasses import dataclass
from typing import Any, NamedTuple

CURSOR_PATTERN = "^[0-9]{1,9}-[0-9]{1,9}-[0-9a-f]{8}$"
_CURSOR = re.compile(CURSOR_PATTERN, re.ASCII)


class Clause(NamedTuple):
    """A piece of SQL with ``?`` for each of its values."""

    sql: str
    values: tuple[Any, ...] = ()


@dataclass(frozen=True, slots=True)
class Order:
    """What assets are ordered by: a column of theirs, or of the ``owner`` that their column ``link`` leads to. ``cast``
    makes of a column, and of a value to compare with, what is compared.
    """

    column: str
    is_nullable: bool = False
    cast: str = "{}"
    owner: str = ""
    link: str = ""

    @property
    def key(self) -> str:
        return self.cast.format(self.column)

    @property
    def bound(self) -> str:
        return self.cast.format("?")


ORDERS = {
    "name": Order("asset.search_text"),
    "number": Order("asset.inventory_no", is_nullable=True),
    "price": Order("asset.price", cast="CAST({} AS NUMERIC)"),
    "room": Order("room.code", is_nullable=True, owner="room", link="room_id"),
    "custodian": Order("custodian.name", is_nullable=True, owner="custodian", link="custodian_id"),
    "category": Order("asset.category"),
    "kst": Order("asset.kst"),
    "account": Order("asset.account"),
    "serial": Order("asset.serial_no"),
    "quantity": Order("asset.quantity"),
    "lifecycle": Order("asset.lifecycle"),
    "condition": Order("asset.condition"),
    "accepted": Order("asset.accepted_on", is_nullable=True),
    "warranty": Order("asset.warranty_until", is_nullable=True),
    "durable": Order("asset.durable_until", is_nullable=True),
    "id": Order("asset.id"),
}
_TABLES = {"room": "room", "custodian": "person custodian"}
# for who counts money alone: the account tells what the price is above
MONEY_SORTS = frozenset({"price", "account"})


class PlacedRow(NamedTuple):
    """An asset and what it is ordered by."""

    id: int
    value: Any


class WalkPart(NamedTuple):
    """Tables, what is left out of them, their order, and the column that tells what a row is ordered by."""

    source: str
    rest: Clause
    sorting: str
    column: str


class Cursor(NamedTuple):
    """What a cursor says: the place of a row in the list, from 0 on, its id, and the digest of its value."""

    place: int
    id: int
    digest: str


def digest_of(value: Any) -> str:
    return f"{zlib.crc32(repr(value).encode()):08x}"


def cursor_at(place: int, row: PlacedRow) -> str:
    """The cursor of a row."""
    return f"{place}-{row.id}-{digest_of(row.value)}"


def cursor_in(text: str) -> Cursor | None:
    """What a cursor says; None for what is none."""
    if not _CURSOR.fullmatch(text):
        return None
    place, pk, digest = text.split("-")
    return Cursor(int(place), int(pk), digest)


@dataclass(frozen=True, slots=True)
class Walk:
    """Assets along an order, behind a row where one is named; at most ``limit`` of them after ``offset``."""

    order: Order
    is_descending: bool
    limit: int
    offset: int = 0
    behind: PlacedRow | None = None

    @property
    def way(self) -> str:
        return "DESC" if self.is_descending else "ASC"

    @property
    def source(self) -> str:
        """The assets, each with its owner if it has one."""
        if not self.order.owner:
            return "FROM asset"
        return f"FROM asset LEFT JOIN {_TABLES[self.order.owner]} ON {self.order.owner}.id = asset.{self.order.link}"

    def sorting(self, key: str, column: str, pk: str) -> str:
        """The order of all rows: those without a value on their side."""
        nothing = f"({column} IS NOT NULL) {self.way}, " if self.order.is_nullable else ""
        return f"ORDER BY {nothing}{key} {self.way}, {pk} {self.way}"

    def beyond(self, key: str, column: str, pk: str) -> Clause:
        """What stands behind the row, among all rows."""
        if self.behind is None:
            return Clause("")
        value, sign = self.behind.value, "<" if self.is_descending else ">"
        if not self.order.is_nullable:
            return Clause(f" AND ({key}, {pk}) {sign} ({self.order.bound}, ?)", (value, self.behind.id))
        if value is None:
            rest = "" if self.is_descending else f" OR {column} IS NOT NULL"
            return Clause(f" AND ({column} IS NULL AND {pk} {sign} ?{rest})", (self.behind.id,))
        rest = f" OR {column} IS NULL" if self.is_descending else ""
        return Clause(f" AND (({key}, {pk}) {sign} ({self.order.bound}, ?){rest})", (value, self.behind.id))

    def parts(self, dialect: str) -> list[WalkPart]:
        """The same as parts that an index gives one after the other: what has no value, and what has one."""
        sides = [False, True] if self.order.is_nullable else [True]
        if self.is_descending:
            sides.reverse()
        if self.behind and self.order.is_nullable:
            sides = sides[sides.index(self.behind.value is not None) :]
        behind = [self.behind, *[None] * len(sides)]  # only the first is begun already
        return [
            (self._with_value(row, dialect) if has_value else self._without_value(row))
            for has_value, row in zip(sides, behind, strict=False)
        ]

    @property
    def _sign(self) -> str:
        return "<" if self.is_descending else ">"

    def _without_value(self, behind: PlacedRow | None) -> WalkPart:
        column = f"asset.{self.order.link}" if self.order.owner else self.order.column
        rest = Clause(f" AND asset.id {self._sign} ?", (behind.id,)) if behind else Clause("")
        condition = Clause(f" AND {column} IS NULL{rest.sql}", rest.values)
        return WalkPart("FROM asset", condition, f"ORDER BY asset.id {self.way}", "NULL")

    def _with_value(self, behind: PlacedRow | None, dialect: str) -> WalkPart:
        order, sign, rest = self.order, self._sign, Clause("")
        if order.owner:
            # the outer loop goes along the owners, the inner along the pieces of each
            join = "CROSS JOIN" if dialect == "sqlite" else "JOIN"
            tables = f"FROM {_TABLES[order.owner]} {join} asset ON asset.{order.link} = {order.owner}.id"
            if behind:
                clause = f" AND {order.column} {sign}= ? AND ({order.column} {sign} ? OR asset.id {sign} ?)"
                rest = Clause(clause, (behind.value, behind.value, behind.id))
            return WalkPart(tables, rest, f"ORDER BY {order.column} {self.way}, asset.id {self.way}", order.column)
        there = f" AND {order.column} IS NOT NULL" if order.is_nullable else ""
        if behind:
            clause = f" AND ({order.key}, asset.id) {sign} ({order.bound}, ?)"
            rest = Clause(clause, (behind.value, behind.id))
        by_id = "" if order.column == "asset.id" else f"{order.key} {self.way}, "
        sorting = f"ORDER BY {by_id}asset.id {self.way}"
        return WalkPart("FROM asset", Clause(f"{there}{rest.sql}", rest.values), sorting, order.column)
