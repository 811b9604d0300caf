"""Which assets a search finds, how many they are and what they cost, in SQL written out for both databases.

An index of trigrams (migration 0003) says which assets may hold a word; whether one does, LIKE decides. So the index
only spares work. What was counted is kept until an asset changes.
"""

import re
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import lru_cache
from typing import Any, NamedTuple

import orjson
from tortoise.backends.base.client import BaseDBAsyncClient

from registry.assets import rules, tags
from registry.assets.models import Condition, Lifecycle
from registry.core.cache import Cache
from registry.core.statements import numbered
from registry.core.transaction import reading_from

SORTS = {"name": "asset.search_text", "number": "asset.inventory_no", "price": "CAST(asset.price AS NUMERIC)",
         "room": "room.code", "accepted": "asset.accepted_on", "id": "asset.id"}  # fmt: skip
# for who counts money alone
MONEY_SORTS = frozenset({"price"})
INDEXED = 3  # characters of the shortest word that has a trigram
KEPT_AT_MOST = 500
SORTED_AT_MOST = 10_000
EVERYTHING = 2**31 - 1

_GROSZE = "CAST(ROUND(asset.price * 100) AS INTEGER)"  # SQLite would add up in floating point
_SUMMED = "SELECT {sums} FROM asset WHERE {condition}"
_SUMS = {
    "sqlite": f"count(*) AS total, SUM({_GROSZE}) AS grosze",
    "postgres": "count(*) AS total, (SUM(asset.price) * 100)::bigint AS grosze",
}
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
_HOLDING = """asset.id IN (SELECT field_value.asset_id FROM field_value
    JOIN category_field ON category_field.id = field_value.field_id WHERE category_field.code = ? AND {holds})"""
_NUMBER = re.compile(r"-?\d{1,12}([.,]\d{1,6})?")
_REVISION = {"sqlite": "(SELECT revision FROM asset_revision) AS revision", "postgres": "NULL AS revision"}
_PLACED = "SELECT id FROM asset WHERE {condition}"
# for a tenth of all or more, going through the table is quicker than looking each up
_FEW = "max(1000, (SELECT coalesce(max(id), 0) / 10 FROM asset))"
_INDEXED = """WITH candidate AS MATERIALIZED (SELECT id FROM ({candidates}) LIMIT {few} + 1),
few AS MATERIALIZED (SELECT count(*) <= {few} AS are_few FROM candidate),
matching AS MATERIALIZED (
    SELECT asset.id AS id, {column} AS place, {grosze} AS grosze {source}
    WHERE asset.id IN (SELECT id FROM candidate WHERE (SELECT are_few FROM few)) AND {condition}
)
SELECT are_few, (SELECT count(*) FROM matching) AS total, (SELECT SUM(grosze) FROM matching) AS grosze,
    (SELECT json_group_array(id) FROM (SELECT id FROM matching ORDER BY place {way}, id LIMIT ? OFFSET ?)) AS ids
FROM few"""


@dataclass(frozen=True, slots=True)
class AssetFilter:
    """What to look for; empty means any but what is withdrawn: that is found by its life cycle, its whole number or its
    label. ``q`` goes over everything: number, name, serial, room, custodian, tag.
    """

    q: str = ""
    room: str = ""
    category: str = ""
    custodian: str = ""
    grant: str = ""
    lifecycle: str = ""
    condition: str = ""
    imported: str = ""  # the number of a sent list that made or changed them
    field: str = ""  # a field of a category and what it holds, as in _of_field()

    def cannot_exist(self) -> bool:
        """Whether it holds what no record can; a database would raise on some of it."""
        return (
            max(len(self.category), len(self.field)) > 260
            or len(self.custodian) > 64
            or max(len(self.room), len(self.grant), len(self.imported)) > 40
            or self.lifecycle not in ("", *Lifecycle)
            or self.condition not in ("", *Condition)
        )

    def words(self) -> list[str]:
        return rules.fold("".join(one for one in self.q[:200] if one.isprintable())).split()[:8]


class Totals(NamedTuple):
    """Of the whole list: how many, and PLN gross."""

    many: int
    price: Decimal


class Page(NamedTuple):
    """Which part of a list, in which order."""

    column: str
    way: str
    offset: int
    limit: int

    @property
    def source(self) -> str:
        by_room = " LEFT JOIN room ON room.id = asset.room_id" if self.column == SORTS["room"] else ""
        return f"FROM asset{by_room}"


class Clause(NamedTuple):
    """A piece of SQL with ``?`` for each of its values."""

    sql: str
    values: tuple[Any, ...] = ()


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


# the totals by condition, the ids by condition and page
_results: Cache[Hashable, tuple[int, Any]] = Cache(at_most=KEPT_AT_MOST)


async def find(wish: AssetFilter, sort: str, offset: int, limit: int) -> tuple[Totals, list[int]]:
    """The totals of what was asked for, and the ids of one page of it. ``sort``: see queries.search."""
    if wish.cannot_exist():
        return Totals(0, Decimal(0)), []
    column = SORTS.get(sort.removeprefix("-"), SORTS["name"])
    page = Page(column, "DESC" if sort.startswith("-") else "ASC", offset, limit)
    connection, texts = reading_from(), wish.words()
    names = await _names(connection, wish, bool(texts))
    words = [] if names["tagged_id"] or not texts else _words(texts, names)
    condition = _condition(wish, names, words)
    # shares and rooms have no part in the revision, and another connection than the reader may see what never commits
    is_stored = connection.connection_name == "reader" and not (wish.grant or wish.imported) and column != SORTS["room"]
    revision = names["revision"] if is_stored else None
    totals, ids = _recalled(condition, revision), _recalled((condition, page), revision)
    if totals is None or ids is None:
        indexed = await _by_index(connection, condition, words, page)
        totals, ids = indexed or await _by_table(connection, condition, page, totals)
        _store(condition, revision, totals)
        _store((condition, page), revision, ids)
    return totals, ids


async def all_ids(wish: AssetFilter, sort: str) -> list[int]:
    """The ids of all that was asked for, in this order; nothing of it is kept. ``sort``: see queries.search."""
    if wish.cannot_exist():
        return []
    connection, texts = reading_from(), wish.words()
    names = await _names(connection, wish, bool(texts))
    words = [] if names["tagged_id"] or not texts else _words(texts, names)
    column = SORTS.get(sort.removeprefix("-"), SORTS["name"])
    page = Page(column, "DESC" if sort.startswith("-") else "ASC", 0, EVERYTHING)
    _, ids = await _by_table(connection, _condition(wish, names, words), page, None)
    return ids


def _recalled(key: Hashable, revision: int | None) -> Any | None:
    """What was read at this very revision: nothing that it depends on has changed since."""
    entry = _results.get(key)
    return entry[1] if entry and entry[0] == revision else None


def _store(key: Hashable, revision: int | None, value: Any) -> None:
    """Under the revision that was read first: if an asset changed since, the value is only newer."""
    if revision is not None:
        _results.put(key, (revision, value))


async def _by_index(
    connection: BaseDBAsyncClient, condition: Clause, words: Sequence[_Word], page: Page
) -> tuple[Totals, list[int]] | None:
    """On SQLite: what fits among the candidates, or None if they are none of the index's or too many. PostgreSQL
    judges by itself when to use its index.
    """
    candidates = _candidates(words) if connection.capabilities.dialect == "sqlite" else None
    if candidates is None:
        return None
    statement = _INDEXED.format(
        candidates=candidates.sql, few=_FEW, condition=condition.sql, grosze=_GROSZE, column=page.column, way=page.way,
        source=page.source,
    )  # fmt: skip
    (row,) = await _rows(connection, statement, (*candidates.values, *condition.values, page.limit, page.offset))
    return (_totals(row), orjson.loads(row["ids"])) if row["are_few"] else None


async def _by_table(
    connection: BaseDBAsyncClient, condition: Clause, page: Page, totals: Totals | None
) -> tuple[Totals, list[int]]:
    dialect = connection.capabilities.dialect
    if totals is None:
        statement = _SUMMED.format(sums=_SUMS[dialect], condition=condition.sql)
        totals = _totals(*await _rows(connection, statement, condition.values))
    if page.offset >= totals.many:
        return totals, []
    # SQLite would go along the index of names, past all that does not fit, to find few
    plus = "+" if dialect == "sqlite" and totals.many <= SORTED_AT_MOST else ""
    rest = f"{page.source} WHERE {condition.sql} ORDER BY {plus}{page.column} {page.way}, asset.id LIMIT ? OFFSET ?"
    rows = await listed(connection, ["asset.id"], Clause(rest, (*condition.values, page.limit, page.offset)))
    return totals, [row[0] for row in rows]


def _totals(row: dict[str, Any]) -> Totals:
    return Totals(row["total"], Decimal(row["grosze"] or 0) / 100)


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


def _condition(wish: AssetFilter, names: dict[str, Any], words: Sequence[_Word]) -> Clause:
    equal = {"lifecycle": wish.lifecycle, "condition": wish.condition,
             "room_id": wish.room and (names["room_id"] or -1),
             "custodian_id": wish.custodian and (names["custodian_id"] or -1),
             "id": names["tagged_id"]}  # fmt: skip
    parts = [Clause(f"asset.{name} = ?", (value,)) for name, value in equal.items() if value]
    if wish.category:
        below = orjson.loads(names["categories"] or "[]")
        parts.append(one_of("asset.category", sorted({wish.category, *below})))
    if wish.field:
        parts.append(_of_field(wish.field))
    if wish.grant:
        of_grant = "asset.id IN (SELECT asset_id FROM funding_share WHERE grant_id = ?)"
        parts.append(Clause(of_grant, (names["grant_id"] or -1,)))
    if wish.imported:
        of_list = "SELECT record_id FROM imported_record WHERE import_number = ? AND noun = 'asset'"
        parts.append(Clause(f"asset.id IN ({of_list})", (wish.imported,)))
    if not (wish.lifecycle or names["tagged_id"]):
        key = rules.number_key(wish.q)[: rules.NUMBER_KEY_LENGTH]
        parts.append(Clause(_NAMED_OR_IN_THE_BOOKS, (key, key)) if key else _IN_THE_BOOKS)
    return _joined(" AND ", [*parts, *(word.condition() for word in words)]) if parts or words else Clause("1 = 1")


# what is withdrawn is found by its whole number alone. It is little: an index gives it, and no other row is read for it
_IN_THE_BOOKS = Clause("asset.id NOT IN (SELECT id FROM asset WHERE lifecycle = 'withdrawn')")
_NAMED_OR_IN_THE_BOOKS = """asset.id NOT IN (SELECT id FROM asset WHERE lifecycle = 'withdrawn'
    AND coalesce(number_key, '') <> ? AND id NOT IN (SELECT asset_id FROM former_number WHERE number_key = ?))"""


def _of_field(text: str) -> Clause:
    """``code:value``, or ``code:least..most`` of numbers or days, of which one side may be left out."""
    code, _, value = text.partition(":")
    holds = _bounds(*value.split("..", 1)) if ".." in value else None
    holds = holds or Clause("field_value.text = ?", (value.strip(),))
    return Clause(_HOLDING.format(holds=holds.sql), (code.strip(), *holds.values))


def _bounds(least: str, most: str) -> Clause | None:
    sides = [(sign, bound.strip()) for sign, bound in ((">=", least), ("<=", most)) if bound.strip()]
    values: list[Any]
    days = [_day_or_none(bound) for _, bound in sides]
    if sides and None not in days:
        is_postgres = reading_from().capabilities.dialect == "postgres"
        column, values = "day", days if is_postgres else [str(day) for day in days]
    elif sides and all(_NUMBER.fullmatch(bound) for _, bound in sides):
        column, values = "number", [float(bound.replace(",", ".")) for _, bound in sides]
    else:
        return None
    return Clause(" AND ".join(f"field_value.{column} {sign} ?" for sign, _ in sides), tuple(values))


def _day_or_none(text: str) -> date | None:
    try:
        return date.fromisoformat(text) if len(text) == len("2027-03-01") else None
    except ValueError:
        return None


def one_of(name: str, ids: Sequence[int | str]) -> Clause:
    return Clause(f"{name} IN ({', '.join('?' * len(ids))})", tuple(ids))


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
