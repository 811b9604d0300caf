"""Which assets a search finds, how many they are and what they cost, in SQL written out for both databases.

An index of trigrams (migration 0003) says which assets may hold a word; whether one does, LIKE decides. So the index
only spares work. What was counted is kept until an asset changes.
"""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from typing import Any, NamedTuple

import orjson
from tortoise.backends.base.client import BaseDBAsyncClient

from registry.assets import rules, tags
from registry.assets.models import Condition, Lifecycle
from registry.changes import reading_from
from registry.kept import Kept
from registry.writing import numbered

SORTS = {"name": "asset.search_text", "number": "asset.inventory_no", "price": "CAST(asset.price AS NUMERIC)",
         "room": "room.code", "accepted": "asset.accepted_on", "id": "asset.id"}  # fmt: skip
INDEXED = 3  # characters of the shortest word that has a trigram
KEPT_AT_MOST = 500
SORTED_AT_MOST = 10_000

_FROM = "FROM asset"
_BY_ROOM = "FROM asset LEFT JOIN room ON room.id = asset.room_id"
_TOTALS = {
    # SQLite would add up in floating point
    "sqlite": "count(*) AS total, SUM(CAST(ROUND(asset.price * 100) AS INTEGER)) AS grosze",
    "postgres": "count(*) AS total, (SUM(asset.price) * 100)::bigint AS grosze",
}
_AS_JSON = "SELECT json_group_array(json_array({told})) AS told FROM ({select})"
# what the register knows of the words of a filter, in one look
_REGISTER = """SELECT (SELECT id FROM room WHERE code = ?) AS room_id,
    (SELECT id FROM person WHERE login = ?) AS custodian_id,
    (SELECT id FROM "grant" WHERE code = ?) AS grant_id,
    (SELECT asset_id FROM tag WHERE code = ?) AS tagged_id, """
_NAMES = {
    "sqlite": "(SELECT json_group_array(json_array(id, {names})) FROM {table}) AS {table}s",
    "postgres": "(SELECT json_agg(json_build_array(id, {names}))::text FROM {table}) AS {table}s",
}
_NAMED = {"room": "code || ' ' || number || ' ' || name || ' ' || name_en", "person": "login || ' ' || name"}
_REVISION = {"sqlite": "(SELECT revision FROM asset_revision) AS revision", "postgres": "NULL AS revision"}
_PLACED = "SELECT id FROM asset WHERE {wanted}"
_CANDIDATES = """SELECT count(*) <= {limit} AS are_few, json_group_array(id) AS ids
FROM (SELECT id FROM ({candidates}) LIMIT {limit} + 1)"""
# of a tenth of all on, going through the table is quicker than looking each up
_LIMIT = "max(1000, (SELECT coalesce(max(id), 0) / 10 FROM asset))"


@dataclass(frozen=True, slots=True)
class AssetFilter:
    """What to look for; empty means any. ``q`` goes over everything: number, name, serial, room, custodian, tag."""

    q: str = ""
    room: str = ""
    category: str = ""
    custodian: str = ""
    grant: str = ""
    lifecycle: str = ""
    condition: str = ""

    def cannot_exist(self) -> bool:
        """Whether it holds what no record can; a database would raise on some of it."""
        return (
            len(self.category) > 80
            or len(self.custodian) > 64
            or max(len(self.room), len(self.grant)) > 40
            or self.lifecycle not in ("", *Lifecycle)
            or self.condition not in ("", *Condition)
        )

    def words(self) -> list[str]:
        return rules.fold("".join(one for one in self.q[:200] if one.isprintable())).split()[:8]


class Totals(NamedTuple):
    """Of the whole list: how many, and PLN gross."""

    many: int
    price: Decimal


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
            wanted = one_of(name, ids)
            parts.append(Clause(_PLACED.format(wanted=wanted.sql), wanted.values))
        return _joined(" UNION ALL ", parts)

    def _places(self) -> list[tuple[str, Sequence[int]]]:
        return [(name, ids) for name, ids in (("room_id", self.rooms), ("custodian_id", self.people)) if ids]


_kept: Kept[Hashable, tuple[int, Any]] = Kept(at_most=KEPT_AT_MOST)


async def find(wanted: AssetFilter, sort: str, offset: int, limit: int) -> tuple[Totals, list[int]]:
    """The totals of what was asked for, and the ids of one page of it. ``sort``: see queries.search."""
    if wanted.cannot_exist():
        return Totals(0, Decimal(0)), []
    column = SORTS.get(sort.removeprefix("-"), SORTS["name"])
    order = f"{column} {'DESC' if sort.startswith('-') else 'ASC'}, asset.id"
    connection, texts = reading_from(), wanted.words()
    known = await _register(connection, wanted, bool(texts))
    words = [] if known["tagged_id"] or not texts else _words(texts, known)
    condition = _condition(wanted, known, words)
    # shares and rooms have no part in the revision, and another connection than the reader may see what never commits
    is_kept = connection.connection_name == "reader" and not wanted.grant and column != SORTS["room"]
    looking = _Looking(connection, condition, words, known["revision"] if is_kept else None)
    totals = await looking.totals()
    return totals, await looking.page(order, offset, limit) if offset < totals.many else []


class _Looking:
    """One search on its way: it takes what is kept, and asks the index only for what is not."""

    def __init__(
        self, connection: BaseDBAsyncClient, condition: Clause, words: Sequence[_Word], revision: int | None
    ) -> None:
        self.connection, self.condition, self.words, self.revision = connection, condition, words, revision
        self.narrowed: Clause | None = None

    async def totals(self) -> Totals:
        kept = self._recalled(self.condition)
        if kept is None:
            where = await self._where()
            columns = _TOTALS[self.connection.capabilities.dialect]
            (row,) = await _asked(self.connection, f"SELECT {columns} {_FROM} WHERE {where.sql}", where.values)
            kept = Totals(row["total"], Decimal(row["grosze"] or 0) / 100)
            self._keep(self.condition, kept)
        return kept

    async def page(self, order: str, offset: int, limit: int) -> list[int]:
        key = (self.condition, order, offset, limit)
        kept = self._recalled(key)
        if kept is None:
            where = await self._where()
            if self.connection.capabilities.dialect == "sqlite" and (await self.totals()).many <= SORTED_AT_MOST:
                order = f"+{order}"  # it would go along the index of names, past all that does not fit, to find few
            source = _BY_ROOM if SORTS["room"] in order else _FROM
            rest = f"{source} WHERE {where.sql} ORDER BY {order} LIMIT ? OFFSET ?"
            found = await listed(self.connection, ["asset.id"], Clause(rest, (*where.values, limit, offset)))
            kept = [row[0] for row in found]
            self._keep(key, kept)
        return kept

    def _recalled(self, key: Hashable) -> Any | None:
        """What was read at this very revision: nothing that it depends on has changed since."""
        found = _kept.get(key)
        return found[1] if found and found[0] == self.revision else None

    def _keep(self, key: Hashable, value: Any) -> None:
        """Under the revision that was read first: if an asset changed since, the value is only newer."""
        if self.revision is not None:
            _kept.put(key, (self.revision, value))

    async def _where(self) -> Clause:
        if self.narrowed is None:
            self.narrowed = await self._narrow()
        return self.narrowed

    async def _narrow(self) -> Clause:
        """On SQLite the condition among its candidates only, if they are few. PostgreSQL judges that itself."""
        candidates = _candidates(self.words) if self.connection.capabilities.dialect == "sqlite" else None
        if candidates is None:
            return self.condition
        asked = _CANDIDATES.format(candidates=candidates.sql, limit=_LIMIT)
        (row,) = await _asked(self.connection, asked, candidates.values)
        if not row["are_few"]:
            return self.condition
        among = Clause("asset.id IN (SELECT value FROM json_each(?))", (row["ids"],))
        return _joined(" AND ", [among, self.condition])


def _candidates(words: Sequence[_Word]) -> Clause | None:
    """A superset of what the words find, or None where the index has nothing to say."""
    told = [word for word in words if len(word.text) >= INDEXED]
    plain = [word for word in told if not (word.rooms or word.people)]
    if plain:
        return _indexed(plain)
    return told[0].candidates() if told else None


def _indexed(words: Sequence[_Word]) -> Clause:
    quoted = " ".join('"' + word.text.replace('"', '""') + '"' for word in words)
    return Clause("SELECT rowid AS id FROM asset_words WHERE asset_words MATCH ?", (quoted,))


async def _register(connection: BaseDBAsyncClient, wanted: AssetFilter, named: bool) -> dict[str, Any]:
    code = tags.normalised(wanted.q)
    values = (wanted.room, wanted.custodian, wanted.grant, code if named and tags.check(code) else "")
    (known,) = await _asked(connection, _register_statement(connection.capabilities.dialect, named), values)
    return known


@lru_cache(4)
def _register_statement(dialect: str, named: bool) -> str:
    told = [_NAMES[dialect].format(table=table, names=names) for table, names in _NAMED.items() if named]
    return _REGISTER + ", ".join([*told, _REVISION[dialect]])


def _words(texts: Sequence[str], known: dict[str, Any]) -> list[_Word]:
    rooms, people = _folded(known["rooms"] or "[]"), _folded(known["persons"] or "[]")
    return [_Word(text, _holding(text, rooms), _holding(text, people)) for text in texts]


def _holding(text: str, named: Sequence[tuple[int, str]]) -> list[int]:
    return [pk for pk, names in named if text in names]


@lru_cache(4)
def _folded(told: str) -> list[tuple[int, str]]:
    return [(pk, rules.fold(names)) for pk, names in orjson.loads(told)]


def _condition(wanted: AssetFilter, known: dict[str, Any], words: Sequence[_Word]) -> Clause:
    equal = {"category": wanted.category, "lifecycle": wanted.lifecycle, "condition": wanted.condition,
             "room_id": wanted.room and (known["room_id"] or -1),
             "custodian_id": wanted.custodian and (known["custodian_id"] or -1),
             "id": known["tagged_id"]}  # fmt: skip
    parts = [Clause(f"asset.{name} = ?", (value,)) for name, value in equal.items() if value]
    if wanted.grant:
        shared = "asset.id IN (SELECT asset_id FROM funding_share WHERE grant_id = ?)"
        parts.append(Clause(shared, (known["grant_id"] or -1,)))
    return _joined(" AND ", [*parts, *(word.condition() for word in words)]) if parts or words else Clause("1 = 1")


def one_of(name: str, ids: Sequence[int]) -> Clause:
    return Clause(f"{name} IN ({', '.join('?' * len(ids))})", tuple(ids))


def _joined(word: str, parts: Sequence[Clause]) -> Clause:
    joined = word.join(part.sql for part in parts)
    values = tuple(value for part in parts for value in part.values)
    return Clause(f"({joined})" if word == " OR " else joined, values)


async def listed(connection: BaseDBAsyncClient, columns: Sequence[str], rest: Clause) -> list[Sequence[Any]]:
    """Rows of a SELECT. SQLite's library gives up the interpreter's lock for every row and waits to get it back, so it
    hands over one row of JSON.
    """
    named = ", ".join(f"{column} AS c{place}" for place, column in enumerate(columns))
    select = f"SELECT {named} {rest.sql}"
    if connection.capabilities.dialect == "postgres":
        return [list(row.values()) for row in await _asked(connection, select, rest.values)]
    told = ", ".join(f"c{place}" for place in range(len(columns)))
    (row,) = await _asked(connection, _AS_JSON.format(told=told, select=select), rest.values)
    found: list[Sequence[Any]] = orjson.loads(row["told"])
    return found


async def _asked(connection: BaseDBAsyncClient, statement: str, values: Sequence[Any]) -> list[dict[str, Any]]:
    if connection.capabilities.dialect == "postgres":
        statement = numbered(statement)
    return await connection.execute_query_dict(statement, list(values))
