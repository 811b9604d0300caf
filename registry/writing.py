"""Several rows in one step, inside the caller's transaction.

SQLite works in a thread of its own, and a step to it and back costs more than a row.
"""

import sqlite3
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any, TypeVar

import aiosqlite
from tortoise.backends.sqlite.client import SqliteTransactionWrapper
from tortoise.connection import get_connections
from tortoise.exceptions import IntegrityError, OperationalError
from tortoise.models import Model

T = TypeVar("T")
Statement = tuple[str, list[Any]]


async def in_thread(connection: aiosqlite.Connection, work: Callable[[], T]) -> T:
    """Run several statements at once. Raises the ORM's IntegrityError and OperationalError."""
    try:
        done: T = await connection._execute(work)  # type: ignore[no-untyped-call]  # the library has no types here
    except sqlite3.IntegrityError as fault:
        raise IntegrityError(fault) from fault
    except sqlite3.OperationalError as fault:
        raise OperationalError(fault) from fault
    return done


async def insert(*records: Model) -> None:
    """Insert new records in this order."""
    connection = get_connections().get("default")
    if not isinstance(connection, SqliteTransactionWrapper):
        for record in records:
            await record.save(force_create=True)
        return
    statements = [_insertion(record, connection) for record in records]

    def write() -> list[int | None]:
        raw = connection._connection._conn
        return [raw.execute(query, values).lastrowid for query, values in statements]

    for record, row_id in zip(records, await in_thread(connection._connection, write), strict=True):
        record._saved_in_db = True
        if record._meta.pk.generated:
            record.pk = row_id


def _insertion(record: Model, connection: SqliteTransactionWrapper) -> Statement:
    """The statement that the ORM would run."""
    executor = connection.executor_class(model=type(record), db=connection)
    found = record._meta.fields_map
    values = [found[name].to_db_value(getattr(record, name), record) for name in executor.regular_columns]
    return executor.insert_query, values


async def update(records: Sequence[Model], fields: Sequence[str], *others: Statement) -> None:
    """Store these fields of the records, then run the other statements, whose marks are ``?`` on both databases."""
    connection = get_connections().get("default")
    if not isinstance(connection, SqliteTransactionWrapper):
        for record in records:
            await record.save(update_fields=list(fields))
        for query, values in others:
            await connection.execute_query(_numbered(query), values)
        return
    statements = [*(_change(record, fields, connection) for record in records), *others]

    def write() -> None:
        for query, values in statements:
            connection._connection._conn.execute(query, values)

    await in_thread(connection._connection, write)


def _change(record: Model, fields: Sequence[str], connection: SqliteTransactionWrapper) -> Statement:
    executor = connection.executor_class(model=type(record), db=connection)
    found = record._meta.fields_map
    values = [found[name].to_db_value(getattr(record, name), record) for name in fields]
    return executor.get_update_sql(list(fields), None), [*values, record.pk]


@lru_cache(256)
def _numbered(query: str) -> str:
    """PostgreSQL's marks."""
    first, *rest = query.split("?")
    return first + "".join(f"${number}{part}" for number, part in enumerate(rest, 1))
