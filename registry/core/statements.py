"""Statements beside the ORM's own: one column of a query, and quick ones inside the caller's transaction."""

import sqlite3
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

from tortoise.connection import get_connections
from tortoise.models import Model
from tortoise.queryset import QuerySet

from registry.core.sqlite import SqliteTransaction

VALUES_AT_MOST = 10_000  # SQLite's limit is 32 766
Statement = tuple[str, list[Any]]


class Fields(NamedTuple):
    """Store these fields of a record."""

    record: Model
    names: Sequence[str]


Work = Fields | Statement


async def column(query: QuerySet[Any], name: str) -> list[Any]:
    """The values of one column. The library types a flat list of values as rows."""
    values: Any = await query.values_list(name, flat=True)
    return list(values)


async def first_value(query: QuerySet[Any], name: str) -> Any | None:
    """The value of one column in the first row, None when there is no row or no value."""
    values = await column(query.limit(1), name)
    return values[0] if values else None


async def ask(query: str, values: Sequence[Any]) -> list[dict[str, Any]]:
    """The few rows of a query, whose marks are ``?`` on both databases."""
    connection = get_connections().get("default")
    if isinstance(connection, SqliteTransaction):
        return connection.at_once(lambda raw: [dict(row) for row in raw.execute(query, values)])
    is_sqlite = connection.capabilities.dialect == "sqlite"
    return await connection.execute_query_dict(query if is_sqlite else numbered(query), list(values))


async def insert(*records: Model) -> None:
    """Insert new records in this order."""
    connection = get_connections().get("default")
    if not isinstance(connection, SqliteTransaction):
        for record in records:
            await record.save(force_create=True)
        return
    statements = [_insertion(record, connection) for record in records]

    def write(raw: sqlite3.Connection) -> list[int | None]:
        return [raw.execute(query, values).lastrowid for query, values in statements]

    for record, row_id in zip(records, connection.at_once(write), strict=True):
        record._saved_in_db = True
        if record._meta.pk.generated:
            record.pk = row_id


def _insertion(record: Model, connection: SqliteTransaction) -> Statement:
    """The statement that the ORM would run."""
    query, columns = _insertions.get(type(record)) or _learn_insertion(type(record), connection)
    return query, [to_stored(getattr(record, name), record) for name, to_stored in columns]


InsertColumns = tuple[tuple[str, Callable[[Any, Model], Any]], ...]
# of each model how SQLite is given a new record, which is the same in every office
_insertions: dict[type[Model], tuple[str, InsertColumns]] = {}


def _learn_insertion(model: type[Model], connection: SqliteTransaction) -> tuple[str, InsertColumns]:
    executor, kinds = connection.executor_class(model=model, db=connection), model._meta.fields_map
    columns = tuple((name, kinds[name].to_db_value) for name in executor.regular_columns)
    return _insertions.setdefault(model, (executor.insert_query, columns))


async def insert_many(records: Sequence[Model]) -> None:
    """Insert new records of one kind, each with its id.

    As few statements as SQLite takes: with triggers it closes off the index of words after each.
    """
    connection = get_connections().get("default")
    if not isinstance(connection, SqliteTransaction):
        await type(records[0]).bulk_create(records, batch_size=500)
        return
    executor = connection.executor_class(model=type(records[0]), db=connection)
    columns, kinds = executor.regular_columns_all, records[0]._meta.fields_map
    insertion, marks = executor.insert_query_all, f",({','.join('?' * len(columns))})"
    for first in range(0, len(records), many := VALUES_AT_MOST // len(columns)):
        lot = records[first : first + many]
        values = [kinds[name].to_db_value(getattr(record, name), record) for record in lot for name in columns]
        await connection.execute_query(insertion + marks * (len(lot) - 1), values)


async def reserve_ids(table: str, many: int) -> list[int]:
    """Ids for rows to be inserted together; bulk inserts do not tell theirs. Inside the caller's transaction."""
    connection = get_connections().get("default")
    if connection.capabilities.dialect == "postgres":
        rows = await connection.execute_query_dict(
            "SELECT nextval(pg_get_serial_sequence($1, 'id')) AS id FROM generate_series(1, $2)", [table, many]
        )
        return [row["id"] for row in rows]
    # the transaction holds SQLite's only write lock: nobody else can take these
    last = await connection.execute_query_dict("SELECT seq FROM sqlite_sequence WHERE name = ?", [table])
    first = (last[0]["seq"] if last else 0) + 1
    return list(range(first, first + many))


async def write(*work: Work) -> None:
    """Do all of this, in this order. The marks of a statement are ``?`` on both databases."""
    connection = get_connections().get("default")
    if not isinstance(connection, SqliteTransaction):
        for one in work:
            if isinstance(one, Fields):
                await one.record.save(update_fields=list(one.names))
            else:
                await connection.execute_query(numbered(one[0]), one[1])
        return
    statements = [_update(one, connection) if isinstance(one, Fields) else one for one in work]

    def run(raw: sqlite3.Connection) -> None:
        for query, values in statements:
            raw.execute(query, values)

    connection.at_once(run)


def _update(work: Fields, connection: SqliteTransaction) -> Statement:
    """The statement that the ORM would run."""
    record, names = work
    executor = connection.executor_class(model=type(record), db=connection)
    kinds = record._meta.fields_map
    values = [kinds[name].to_db_value(getattr(record, name), record) for name in names]
    key = record._meta.pk.to_db_value(record.pk, record)
    return executor.get_update_sql(names, None), [*values, key]


@lru_cache(256)
def numbered(query: str) -> str:
    """PostgreSQL's marks."""
    first, *rest = query.split("?")
    return first + "".join(f"${number}{part}" for number, part in enumerate(rest, 1))
