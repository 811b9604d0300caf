"""The group commit of SQLite: the writers of one process share a transaction.

Each works behind a savepoint, one COMMIT makes all of them durable, and nobody is answered before it. A commit that
waits for the disk thus costs a crowd what it costs one. (The library's migrations know the dialect of a connection by
the name of its module: "sqlite" stays in this one's.)
"""

import asyncio
import sqlite3
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Any

from tortoise.connection import get_connections
from tortoise.exceptions import OperationalError

from registry.core.sqlite import Client, SqliteTransaction
from registry.core.statements import Statement

Rows = list[dict[str, Any]]

GROUP_SIZE = 64
GROUP_SECONDS = 0.003


class GroupCommit:
    """The shared transaction of one SQLite connection."""

    def __init__(self, connection: Client) -> None:
        self.connection = connection
        self.turn = asyncio.Lock()
        self.waiting = 0
        self.wrapper: SqliteTransaction | None = None
        self.durable: asyncio.Future[None] | None = None
        self.size = 0
        self.opened = 0.0
        self.number = 0
        self.savepoint = ""
        self.standing: str | None = None
        self.disturbed = False

    @asynccontextmanager
    async def member(self, first: Sequence[Statement]) -> AsyncIterator[tuple[SqliteTransaction, list[Rows]]]:
        """A writer's turn, which begins with these statements: the transaction and the rows that they return. Durable
        when it is over.
        """
        await self._take_turn()
        try:
            wrapper, durable = await self._open()
            token = get_connections().set("default", wrapper)
            try:
                yield wrapper, await self._begin(wrapper, first)
                self.size += 1
            except BaseException:
                self.disturbed = True
                await asyncio.shield(self._undo(wrapper))
                raise
            finally:
                get_connections().reset(token)
                if not self._goes_on():
                    await asyncio.shield(self._close_if_last())
        finally:
            self.turn.release()
        await asyncio.shield(durable)

    async def _begin(self, wrapper: SqliteTransaction, first: Sequence[Statement]) -> list[Rows]:
        """The member's savepoint and its first statements. The savepoint of the member before goes now: nothing of it
        can be undone alone any more. Each has a name of its own: a member that could not begin undoes nobody else.
        """
        self.number += 1
        name = self.savepoint = f"member_{self.number}"
        if self.disturbed:
            await self._settle()

        def begin(raw: sqlite3.Connection) -> list[Rows]:
            if self.standing:
                raw.execute(f"RELEASE {self.standing}")
            self.standing = None
            raw.execute(f"SAVEPOINT {name}")
            self.standing = name
            return [[dict(row) for row in raw.execute(query, values)] for query, values in first]

        return wrapper.at_once(begin)

    async def _settle(self) -> None:
        """Wait until SQLite's thread has done what a member left behind that broke off."""
        await self.connection.thread_is_idle()
        self.disturbed = False

    async def _undo(self, wrapper: SqliteTransaction) -> None:
        # a full disk can make SQLite undo the whole transaction, and a member may not have begun: no savepoint then
        with suppress(sqlite3.Error):
            await wrapper._connection.execute(f"ROLLBACK TO {self.savepoint}")

    async def _take_turn(self) -> None:
        self.waiting += 1
        try:
            await self.turn.acquire()
        except asyncio.CancelledError:
            # the one before may have left the commit to us
            if self.waiting == 1 and self.wrapper:
                self.flushing = asyncio.ensure_future(self._flush())
            raise
        finally:
            self.waiting -= 1

    async def _flush(self) -> None:
        async with self.turn:
            await self._close_if_last()

    async def _open(self) -> tuple[SqliteTransaction, asyncio.Future[None]]:
        if self.wrapper is None or self.durable is None:
            await self.connection._lock.acquire()
            try:
                if not self.connection._connection:
                    await self.connection.create_connection(with_db=True)
                wrapper = SqliteTransaction(self.connection)
                await wrapper.begin()
            except BaseException:
                await asyncio.shield(self._abandon())
                raise
            self.wrapper = wrapper
            self.durable = asyncio.get_running_loop().create_future()
            self.size, self.opened, self.standing = 0, time.monotonic(), None
        return self.wrapper, self.durable

    async def _abandon(self) -> None:
        # SQLite's thread may have begun what its caller no longer waits for
        try:
            if self.connection._connection:
                await self.connection._connection.rollback()
        finally:
            self.connection._lock.release()

    def _goes_on(self) -> bool:
        """Whether somebody waits to write in this transaction too."""
        is_young = self.size < GROUP_SIZE and time.monotonic() - self.opened < GROUP_SECONDS
        return self.waiting > 0 and is_young and self.connection.is_in_transaction

    async def _close_if_last(self) -> None:
        wrapper, durable = self.wrapper, self.durable
        if wrapper is None or durable is None or self._goes_on():
            return
        self.wrapper = self.durable = None
        try:
            if not self.connection.is_in_transaction:
                raise sqlite3.OperationalError("SQLite undid the shared transaction")
            if self.size:
                await wrapper.commit()
            else:  # undone pages are written all the same: a commit would wait for the disk, and empty every cache
                await wrapper.rollback()
        except Exception as fault:
            if self.size:
                durable.set_exception(OperationalError(fault))
                durable.exception()  # all who waited for it may be gone
            with suppress(sqlite3.Error):
                await wrapper.rollback()
        else:
            durable.set_result(None)
        finally:
            self.connection._lock.release()


class GroupingClient(Client):
    """A SQLite connection whose writers share their transactions."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.group = GroupCommit(self)


client_class = GroupingClient
