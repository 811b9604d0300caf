"""The library's SQLite with two differences: a transaction takes the write lock as it begins, and a statement inside it
may run where it is asked for.

The library gives every statement to a thread of its own. That is right for what may wait: for the lock, for the disk.
Inside a transaction nothing waits any more, and two changes of threads take longer than a row does.
"""

import asyncio
import sqlite3
from collections.abc import Callable
from typing import Any, TypeVar, cast

import aiosqlite
from tortoise.backends.base.client import ConnectionWrapper, NestedTransactionContext, TransactionContext
from tortoise.backends.sqlite.client import SqliteClient, SqliteTransactionContext, SqliteTransactionWrapper
from tortoise.exceptions import IntegrityError, OperationalError, TransactionManagementError

T = TypeVar("T")


class SqliteTransaction(SqliteTransactionWrapper):
    """Begins with the write lock. Two of the library's that read and then write fail with "database is locked" at once,
    however long busy_timeout is: 420 of 800 such transactions failed, none of these.
    """

    def _in_transaction(self) -> TransactionContext:
        return NestedTransactionContext(SqliteTransaction(cast(SqliteClient, self)))

    async def begin(self) -> None:
        try:
            await self._connection.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError as fault:
            if "locked" in str(fault):
                raise OperationalError(fault) from fault
            raise TransactionManagementError(fault) from fault

    def at_once(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Run a few quick statements here and now. Between the begin and the end of the transaction only; the caller
        awaits nothing else of it meanwhile. Raises the ORM's IntegrityError and OperationalError.
        """
        try:
            return work(self._connection._conn)
        except sqlite3.IntegrityError as fault:
            raise IntegrityError(fault) from fault
        except sqlite3.OperationalError as fault:
            raise OperationalError(fault) from fault


class _Held(ConnectionWrapper[aiosqlite.Connection]):
    """The library's, which keeps its lock for ever where the connection cannot be made."""

    __slots__ = ()

    async def __aenter__(self) -> aiosqlite.Connection:
        await self._lock.acquire()
        try:
            await self.ensure_connection()
        except BaseException:
            self._lock.release()
            raise
        return self.connection


class Client(SqliteClient):
    """A connection that two threads may use, one after the other."""

    @property
    def is_in_transaction(self) -> bool:
        """Whether SQLite itself has a transaction open."""
        return self._connection is not None and self._connection.in_transaction

    async def thread_is_idle(self) -> None:
        """Return when SQLite's thread has done all that was asked of it so far."""
        sqlite: Any = self._connection
        await sqlite._execute(lambda: None)

    def acquire_connection(self) -> ConnectionWrapper[aiosqlite.Connection]:
        return _Held(self._lock, self)

    async def create_connection(self, with_db: bool) -> None:
        if self._connection:
            return
        fresh = await aiosqlite.connect(self.filename, isolation_level=None, check_same_thread=False)
        try:
            fresh.row_factory = sqlite3.Row
            for pragma, value in self.pragmas.items():
                await (await fresh.execute(f"PRAGMA {pragma}={value}")).close()
        except BaseException:
            # the next to come would take it as it is: without durable commits, foreign keys and patience
            await asyncio.shield(fresh.close())
            raise
        self._connection = fresh
        await self._post_connect()

    def _in_transaction(self) -> TransactionContext:
        return SqliteTransactionContext(SqliteTransaction(self), self._lock)
