"""How many statements a block of a test asks of the database: for ceilings that hold on SQLite and PostgreSQL alike.

::

    async def test_a_page_asks_little(desk: Desk, statements: Statements) -> None:
        await desk.get("/today")  # what the caches hold afterwards is not asked again
        with statements.at_most(4):
            await desk.get("/today")

Begin, commit and savepoints are not counted, nor what a trigger does.
"""

import re
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import wraps
from typing import Any

import pytest
from tortoise.backends.asyncpg.client import AsyncpgDBClient
from tortoise.backends.asyncpg.client import TransactionWrapper as AsyncpgTransaction
from tortoise.backends.base_postgres.client import BasePostgresClient
from tortoise.backends.sqlite.client import SqliteClient, SqliteTransactionWrapper
from tortoise.connection import get_connections
from tortoise.transactions import in_transaction

from registry.core.sqlite import SqliteTransaction
from registry.core.statements import numbered

CLIENTS = (SqliteClient, SqliteTransactionWrapper, BasePostgresClient, AsyncpgDBClient, AsyncpgTransaction)
METHODS = ("execute_query", "execute_query_dict", "execute_insert", "execute_many", "execute_script")
FRAME = ("BEGIN", "COMMIT", "ROLLBACK", "SAVEPOINT", "RELEASE")


@dataclass(frozen=True, slots=True)
class AskedStatement:
    """A statement as the database got it, and how many rows it returned."""

    text: str
    rows: int


class Statements(list[AskedStatement]):
    """Every statement of this process since the test began, in the order in which they were answered."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        super().__init__()
        for client in CLIENTS:
            for name in METHODS:
                if name in vars(client):
                    patch.setattr(client, name, self._noted(vars(client)[name]))
        at_once = SqliteTransaction.at_once

        def noted_at_once(client: SqliteTransaction, work: Callable[[Any], Any]) -> Any:
            return at_once(client, lambda raw: work(_NotedConnection(raw, self)))

        patch.setattr(SqliteTransaction, "at_once", noted_at_once)

    @contextmanager
    def at_most(self, ceiling: int) -> Iterator[None]:
        """Fail when the block asks more statements than this, and show them."""
        before = len(self)
        yield
        block = [statement.text for statement in self[before:]]
        assert len(block) <= ceiling, "\n".join([f"{len(block)} statements, at most {ceiling} are allowed:", *block])

    def note(self, text: str, rows: int) -> None:
        if not text.lstrip().upper().startswith(FRAME):
            self.append(AskedStatement(text, rows))

    def _noted(self, method: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(method)
        async def ask(client: Any, query: str, *values: Any, **options: Any) -> Any:
            answer = await method(client, query, *values, **options)
            rows = answer[1] if isinstance(answer, tuple) else answer
            self.note(query, len(rows) if isinstance(rows, list) else 0)
            return answer

        return ask


async def plan(text: str, values: Sequence[Any] | None = None, off: Sequence[str] = ("seqscan",)) -> str:
    """How the database answers a statement, were its tables large. Without values PostgreSQL tells how it would with
    any; it does without what is ``off``.
    """
    connection = get_connections().get("default")
    if connection.capabilities.dialect == "sqlite":
        values = ["1"] * text.count("?") if values is None else list(values)
        rows = await connection.execute_query_dict(f"EXPLAIN QUERY PLAN {text}", values)
        return "\n".join(row["detail"] for row in rows)
    text = numbered(text)
    async with in_transaction() as connection:  # of the pool it could be another that is asked
        for name in off:
            await connection.execute_query(f"SET LOCAL enable_{name} = off")
        if values is not None:
            rows = await connection.execute_query_dict(f"EXPLAIN {text}", list(values))
        else:
            await connection.execute_query("SET LOCAL plan_cache_mode = force_generic_plan")
            await connection.execute_query(f"PREPARE look AS {text}")
            nulls = ", ".join(["NULL"] * len(set(re.findall(r"\$\d+", text))))
            rows = await connection.execute_query_dict(f"EXPLAIN EXECUTE look ({nulls})")
            await connection.execute_query("DEALLOCATE look")
    return "\n".join(row["QUERY PLAN"] for row in rows)


@dataclass(frozen=True, slots=True)
class _NotedConnection:
    """SQLite's own connection, inside a transaction of ours."""

    raw: sqlite3.Connection
    statements: Statements

    def execute(self, query: str, values: Sequence[Any] = ()) -> sqlite3.Cursor:
        self.statements.note(query, 0)
        return self.raw.execute(query, values)
