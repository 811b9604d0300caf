"""Which assets a search finds, how many they are and what they cost, in SQL written out for both databases.

An index of trigrams (migration 0003) says which assets may hold a word; whether one does, LIKE decides. So the index
only spares work. What was counted is kept until an asset changes.
"""

from collections.abc import Awaitable, Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from typing import Any, NamedTuple, TypeVar

import orjson
from tortoise.backends.base.client import BaseDBAsyncClient

from registry.assets import rules, tags
from registry.assets.filters import AssetFilter, one_of
from registry.assets.models import Condition, Lifecycle
from registry.assets.orders import (
    ORDERS,
    Clause,
    Cursor,
    Order,
    PlacedRow,
    Walk,
    WalkPart,
    cursor_at,
    cursor_in,
    digest_of,
)
from registry.core.cache import Cache
from registry.core.statements import numbered
from registry.core.transaction import is_inside, reading_from

T = TypeVar("T")
INDEXED = 3  # characters of the shortest word that has a trigram
KEPT_AT_MOST = 500
SORTED_AT_MOST = 10_000
EVERYTHING = 2**31 - 1

_GROSZE = "CAST(ROUND(asset.price * 100) AS INTEGER)"  # SQLite would add up in floating point
_SUMMED = "SELECT {sums} FROM asset WHERE {condition}"
_SUMS = {
    "sqlite": f"count(*) AS total, SUM({_GROSZE}) AS grosze, SUM(asset.quantity) AS pieces",
    "postgres": "count(*) AS total, (SUM(asset.price) * 100)::bigint AS grosze, SUM(asset.quantity) AS pieces",
}
# of each pair of states, counted along by the database
_TALLIED = """SELECT lifecycle, condition, SUM(many) AS total, SUM(grosze) AS grosze, SUM(pieces) AS pieces
FROM asset_tally GROUP BY lifecycle, condition"""
_AS_JSON = "SELECT json_group_array(json_array({columns})) AS listing FROM ({select})"
# what the register knows of the words of a filter, in one look
_REGISTER = """SELECT (SELECT id FROM room WHERE code = ?) AS room_id,
    (SELECT id FROM person WHERE login = ?) AS custodian_id,
    (SELECT id FROM "grant" WHERE code = ?) AS grant_id,
    (SELECT asset_id FROM tag WHERE code = ?) AS tagged_id, """
_NAMES = {
    "sqlite": "(SELECT json_group_array(json_array(id, {names})) FROM {table}) AS {table}s",
    "postgres": "(SELECT json_agg(json_build_array(id, {names}))::text FROM {table}) AS {table}s",
}
_NAMED_TABLES = {"room": "code || ' ' || number || ' ' || name || ' ' || name_en", "person": "login || ' ' || name"}
# a category by its name, with all below it
_BELOW = """WITH RECURSIVE below(id, name) AS (
    SELECT id, name FROM category WHERE name = ?
    UNION SELECT category.id, category.name FROM category JOIN below ON category.parent_id = below.id)"""
_CATEGORIES = {
    "sqlite": "({below} SELECT json_group_array(name) FROM below) AS categories",
    "postgres": "({below} SELECT json_agg(name)::text FROM below) AS categories",
}
# while no transaction anywhere commits, PostgreSQL sees the same: its snapshot is the revision of everything
_REVISION = {
    "sqlite": "(SELECT revision FROM asset_revision) AS revision",
    "postgres": "pg_current_snapshot()::text AS revision",
}
_PLACED = "SELECT id FROM asset WHERE {condition}"
# for a tenth of all or more, going through the table is quicker than looking each up
_FEW = "max(1000, (SELECT coalesce(max(id), 0) / 10 FROM asset))"
_INDEXED = """WITH candidate AS MATERIALIZED (SELECT id FROM ({candidates}) LIMIT {few} + 1),
few AS MATERIALIZED (SELECT count(*) <= {few} AS are_few FROM candidate),
matching AS MATERIALIZED (
    SELECT asset.id AS id, {column} AS place, {grosze} AS grosze, asset.quantity AS quantity {source}
    WHERE asset.id IN (SELECT id FROM candidate WHERE (SELECT are_few FROM few)) AND {condition}
)
SELECT are_few, (SELECT count(*) FROM matching) AS total, (SELECT SUM(grosze) FROM matching) AS grosze,
    (SELECT SUM(quantity) FROM matching) AS pieces, (SELECT json_group_array(json_array(id, place)) FROM (
        SELECT id, place FROM matching WHERE 1 = 1{beyond} {sorting} LIMIT ? OFFSET ?)) AS listing
FROM few"""


class Totals(NamedTuple):
    """Of the whole list: how many, PLN gross, and how many pieces they stand for."""

    many: int
    price: Decimal
    pieces: int


NONE = Totals(0, Decimal(0), 0)


class Start(NamedTuple):
    """Where a part of a list begins: at a place from 0 on, behind a cursor's row, or so that it ends before one."""

    offset: int = 0
    after: str = ""
    before: str = ""


@dataclass(frozen=True, slots=True)
class ListPart:
    """A part of a list: the totals of the whole, its rows, and the place of the first of them, from 0 on."""

    totals: Totals
    rows: list[PlacedRow]
    first: int

    @property
    def ids(self) -> list[int]:
        return [row.id for row in self.rows]

    @property
    def next(self) -> str | None:
        """The cursor of the last row, where there are more."""
        last = self.first + len(self.rows)
        return cursor_at(last, self.rows[-1]) if self.rows and last < self.totals.many else None

    @property
    def previous(self) -> str | None:
        """The cursor of the first row, where there are some before it."""
        return cursor_at(self.first, self.rows[0]) if self.rows and self.first else None


class _Word(NamedTuple):
    """A folded word, and the rooms and people whose name holds it."""

    text: str
    rooms: Sequence[int]
    people: Sequence[int]

    def condition(self) -> Clause:
        escaped = self.text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
        parts = [Clause("asset.search_text LIKE ? ESCAPE '\\'", (f"%{escaped}%",))]
        parts += [one_of(f"asset.{name}", ids) for name, ids in self._places()]
        return _joined(" OR ", parts)

    def candidates(self) -> Clause:
        """More than the condition finds at most, by SQLite's indexes alone."""
        parts = [_indexed([self])]
        for name, ids in self._places():
            places = one_of(name, ids)
            parts.append(Clause(_PLACED.format(condition=places.sql), places.values))
        return _joined(" UNION ALL ", parts)

    def _places(self) -> list[tuple[str, Sequence[int]]]:
        return [(name, ids) for name, ids in (("room_id", self.rooms), ("custodian_id", self.people)) if ids]


# the totals by condition, the rows by condition and walk
_results: Cache[Hashable, tuple[Hashable, Any]] = Cache(at_most=KEPT_AT_MOST)


class _KnownFilter(NamedTuple):
    """A filter with what the register knows of its words, and the revision under which an answer may be stored."""

    condition: Clause
    words: Sequence[_Word]
    revision: Hashable | None


async def find(wish: AssetFilter, sort: str, offset: int, limit: int) -> tuple[Totals, list[int]]:
    """The totals of what was asked for, and the ids of one page of it. ``sort``: see queries.search."""
    part = await part_of(wish, sort, Start(offset), limit)
    return part.totals, part.ids


async def part_of(wish: AssetFilter, sort: str, start: Start, limit: int) -> ListPart:
    """A part of what was asked for. ``sort``: see queries.search. What is no cursor begins at the first row."""
    if wish.cannot_exist():
        return ListPart(NONE, [], 0)
    connection = reading_from()
    question = await _question(connection, wish)
    walk, is_backward, place = await _walk(connection, sort, start, limit)
    # rooms and people have no part in SQLite's revision
    is_stored = not walk.order.owner or connection.capabilities.dialect == "postgres"
    totals = _recalled(question.condition, question.revision)
    if totals is None and wish.is_of_states_alone:
        totals = _sum(totals for states, totals in (await tally()).items() if wish.is_of(*states))
    rows = _recalled((question.condition, walk), question.revision) if is_stored else None
    if totals is None or rows is None:
        indexed = await _by_index(connection, question, walk)
        totals, rows = indexed or await _by_table(connection, question.condition, walk, totals)
        _store(question.condition, question.revision, totals)
        if is_stored:
            _store((question.condition, walk), question.revision, rows)
    if is_backward:
        return ListPart(totals, rows[::-1], max(place - len(rows), 0))
    return ListPart(totals, rows, place)


async def all_ids(wish: AssetFilter, sort: str) -> list[int]:
    """The ids of all that was asked for, in this order; nothing of it is stored. ``sort``: see queries.search."""
    if wish.cannot_exist():
        return []
    connection = reading_from()
    question = await _question(connection, wish)
    walk = Walk(*_order_of(sort), EVERYTHING)
    return [row.id for row in await _sorted(connection, question.condition, walk)]


async def _question(connection: BaseDBAsyncClient, wish: AssetFilter) -> _KnownFilter:
    dialect, texts = connection.capabilities.dialect, wish.words()
    names = await _names(connection, wish, bool(texts))
    words = [] if names["tagged_id"] or not texts else _words(texts, names)
    parts = [*wish.clauses(names, dialect), *(word.condition() for word in words)]
    # another connection than SQLite's reader may see what never commits, and its revision is of assets alone
    is_sure = not is_inside() if dialect == "postgres" else connection.connection_name == "reader"
    is_stored = is_sure and (dialect == "postgres" or wish.is_of_assets_alone)
    condition = _joined(" AND ", parts) if parts else Clause("1 = 1")
    return _KnownFilter(condition, words, names["revision"] if is_stored else None)


def _order_of(sort: str) -> tuple[Order, bool]:
    return ORDERS.get(sort.removeprefix("-"), ORDERS["name"]), sort.startswith("-")


async def _walk(connection: BaseDBAsyncClient, sort: str, start: Start, limit: int) -> tuple[Walk, bool, int]:
    """The walk to a part, whether it goes backward, and the place where it begins: backward the one behind its end."""
    order, is_descending = _order_of(sort)
    is_backward = bool(start.before) and not start.after
    cursor = cursor_in(start.before if is_backward else start.after)
    if cursor is None:
        return Walk(order, is_descending, limit, start.offset), False, start.offset
    row = await _row_of(connection, order, cursor)
    if row is None:  # it was changed since, or is gone: its place counts
        first = max(cursor.place - limit, 0) if is_backward else cursor.place
        return Walk(order, is_descending, min(limit, cursor.place) if is_backward else limit, first), False, first
    return Walk(order, is_descending != is_backward, limit, behind=row), is_backward, cursor.place


async def _row_of(connection: BaseDBAsyncClient, order: Order, cursor: Cursor) -> PlacedRow | None:
    """The row of a cursor, if it is still ordered by the same."""
    source = Walk(order, False, 1).source
    rows = await listed(connection, [order.column], Clause(f"{source} WHERE asset.id = ?", (cursor.id,)))
    value = rows[0][0] if rows else None
    return PlacedRow(cursor.id, value) if rows and digest_of(value) == cursor.digest else None


async def tally() -> dict[tuple[Lifecycle, Condition], Totals]:
    """The totals of the assets in each pair of states, those of nothing left out."""
    rows = await _rows(reading_from(), _TALLIED, ())
    return {
        (Lifecycle(row["lifecycle"]), Condition(row["condition"])): _totals(row) for row in rows if int(row["total"])
    }


def _sum(parts: Iterable[Totals]) -> Totals:
    many, price, pieces = zip(NONE, *parts, strict=True)
    return Totals(sum(many), sum(price, Decimal(0)), sum(pieces))


async def while_unchanged(key: Hashable, ask: Callable[[], Awaitable[T]]) -> T:
    """What ``ask`` gives of assets alone, asked anew once one of them changed."""
    connection = reading_from()
    dialect = connection.capabilities.dialect
    if is_inside() or dialect == "sqlite" and connection.connection_name != "reader":
        return await ask()
    (row,) = await connection.execute_query_dict(f"SELECT {_REVISION[dialect]}")
    answer: T | None = _recalled(key, row["revision"])
    if answer is None:
        answer = await ask()
        _store(key, row["revision"], answer)
    return answer


def _recalled(key: Hashable, revision: Hashable | None) -> Any | None:
    """What was read at this very revision: nothing that it depends on has changed since."""
    entry = _results.get(key) if revision is not None else None
    return entry[1] if entry and entry[0] == revision else None


def _store(key: Hashable, revision: Hashable | None, value: Any) -> None:
    """Under the revision that was read first: if an asset changed since, the value is only newer."""
    if revision is not None:
        _results.put(key, (revision, value))


async def _by_index(
    connection: BaseDBAsyncClient, question: _KnownFilter, walk: Walk
) -> tuple[Totals, list[PlacedRow]] | None:
    """On SQLite: what fits among the candidates, or None if they are none of the index's or too many. PostgreSQL
    judges by itself when to use its index.
    """
    candidates = _candidates(question.words) if connection.capabilities.dialect == "sqlite" else None
    if candidates is None:
        return None
    key = walk.order.cast.format("place")
    beyond = walk.beyond(key, "place", "id")
    statement = _INDEXED.format(
        candidates=candidates.sql, few=_FEW, condition=question.condition.sql, grosze=_GROSZE,
        column=walk.order.column, source=walk.source, beyond=beyond.sql, sorting=walk.sorting(key, "place", "id"),
    )  # fmt: skip
    values = (*candidates.values, *question.condition.values, *beyond.values, walk.limit, walk.offset)
    (row,) = await _rows(connection, statement, values)
    return (_totals(row), [PlacedRow(*pair) for pair in orjson.loads(row["listing"])]) if row["are_few"] else None


async def _by_table(
    connection: BaseDBAsyncClient, condition: Clause, walk: Walk, totals: Totals | None
) -> tuple[Totals, list[PlacedRow]]:
    dialect = connection.capabilities.dialect
    if totals is None:
        statement = _SUMMED.format(sums=_SUMS[dialect], condition=condition.sql)
        totals = _totals(*await _rows(connection, statement, condition.values))
    if walk.offset >= totals.many:
        return totals, []
    if totals.many <= SORTED_AT_MOST or walk.offset:
        return totals, await _sorted(connection, condition, walk)
    rows: list[PlacedRow] = []
    for part in walk.parts(dialect):
        if len(rows) < walk.limit:
            rows += await _along(connection, condition, part, walk.limit - len(rows))
    return totals, rows


async def _sorted(connection: BaseDBAsyncClient, condition: Clause, walk: Walk) -> list[PlacedRow]:
    """What is little is put in order: SQLite would go along an index, past all that does not fit, to find few."""
    order, plus = walk.order, "+" if connection.capabilities.dialect == "sqlite" else ""
    beyond = walk.beyond(order.key, order.column, "asset.id")
    sorting = walk.sorting(f"{plus}{order.key}", order.column, "asset.id")
    rest = f"{walk.source} WHERE {condition.sql}{beyond.sql} {sorting} LIMIT ? OFFSET ?"
    values = (*condition.values, *beyond.values, walk.limit, walk.offset)
    return [PlacedRow(*row) for row in await listed(connection, ["asset.id", order.column], Clause(rest, values))]


async def _along(connection: BaseDBAsyncClient, condition: Clause, part: WalkPart, limit: int) -> list[PlacedRow]:
    """What is much is read along an index, from the row on behind which it goes on."""
    sql = f"{part.source} WHERE {condition.sql}{part.rest.sql} {part.sorting} LIMIT ?"
    clause = Clause(sql, (*condition.values, *part.rest.values, limit))
    return [PlacedRow(*row) for row in await listed(connection, ["asset.id", part.column], clause)]


def _totals(row: dict[str, Any]) -> Totals:
    return Totals(int(row["total"]), Decimal(row["grosze"] or 0) / 100, int(row["pieces"] or 0))


def _candidates(words: Sequence[_Word]) -> Clause | None:
    """A superset of what the words find, or None where the index has nothing to say."""
    long = [word for word in words if len(word.text) >= INDEXED]
    plain = [word for word in long if not (word.rooms or word.people)]
    if plain:
        return _indexed(plain)
    return long[0].candidates() if long else None


def _indexed(words: Sequence[_Word]) -> Clause:
    quoted = " ".join('"' + word.text.replace('"', '""') + '"' for word in words)
    return Clause("SELECT rowid AS id FROM asset_words WHERE asset_words MATCH ?", (quoted,))


async def _names(connection: BaseDBAsyncClient, wish: AssetFilter, has_words: bool) -> dict[str, Any]:
    """The ids that the filter names; with words in it also the names of all rooms and people, for those to look in."""
    code = tags.normalised(wish.q)
    values = (wish.room, wish.custodian, wish.grant, code if has_words and tags.check(code) else "")
    statement = _names_statement(connection.capabilities.dialect, has_words, bool(wish.category))
    (names,) = await _rows(connection, statement, (*values, wish.category) if wish.category else values)
    return names


@lru_cache(8)
def _names_statement(dialect: str, has_words: bool, has_category: bool) -> str:
    tables = [_NAMES[dialect].format(table=table, names=names) for table, names in _NAMED_TABLES.items() if has_words]
    tables += [_CATEGORIES[dialect].format(below=_BELOW)] if has_category else []
    return _REGISTER + ", ".join([*tables, _REVISION[dialect]])


def _words(texts: Sequence[str], names: dict[str, Any]) -> list[_Word]:
    rooms, people = _folded(names["rooms"] or "[]"), _folded(names["persons"] or "[]")
    return [_Word(text, _holding(text, rooms), _holding(text, people)) for text in texts]


def _holding(text: str, rows: Sequence[tuple[int, str]]) -> list[int]:
    return [pk for pk, names in rows if text in names]


@lru_cache(4)
def _folded(rows: str) -> list[tuple[int, str]]:
    return [(pk, rules.fold(names)) for pk, names in orjson.loads(rows)]


def _joined(word: str, parts: Sequence[Clause]) -> Clause:
    joined = word.join(part.sql for part in parts)
    values = tuple(value for part in parts for value in part.values)
    return Clause(f"({joined})" if word == " OR " else joined, values)


async def listed(connection: BaseDBAsyncClient, columns: Sequence[str], rest: Clause) -> list[Sequence[Any]]:
    """Rows of a SELECT. SQLite's library gives up the interpreter's lock for every row and waits to get it back, so it
    hands over one row of JSON.
    """
    aliases = [f"c{place}" for place in range(len(columns))]
    selection = ", ".join(f"{column} AS {alias}" for column, alias in zip(columns, aliases, strict=True))
    select = f"SELECT {selection} {rest.sql}"
    if connection.capabilities.dialect == "postgres":
        return [list(row.values()) for row in await _rows(connection, select, rest.values)]
    statement = _AS_JSON.format(columns=", ".join(aliases), select=select)
    (row,) = await _rows(connection, statement, rest.values)
    rows: list[Sequence[Any]] = orjson.loads(row["listing"])
    return rows


async def _rows(connection: BaseDBAsyncClient, statement: str, values: Sequence[Any]) -> list[dict[str, Any]]:
    if connection.capabilities.dialect == "postgres":
        statement = numbered(statement)
    return await connection.execute_query_dict(statement, list(values))
