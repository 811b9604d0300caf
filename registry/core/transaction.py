"""One door for every write: a transaction, the rooms locked first, events after the commit.

On SQLite the writers of one process share a transaction: each works behind a savepoint, one COMMIT makes all of them
durable, and nobody is answered before it. A commit that waits for the disk thus costs a crowd what it costs one.
"""

import asyncio
import sqlite3
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from contextvars import ContextVar
from dataclasses import replace
from typing import Any

from tortoise.backends.base.client import BaseDBAsyncClient, TransactionContextPooled
from tortoise.connection import get_connections
from tortoise.exceptions import IntegrityError, OperationalError
from tortoise.models import Model
from tortoise.transactions import in_transaction

from registry.core import events
from registry.core.errors import Conflict, NotFound, Unavailable
from registry.core.sqlite import SqliteTransaction
from registry.rooms.models import Room

GROUP_SIZE = 64
GROUP_SECONDS = 0.003

# config sets it on PostgreSQL: events for the other processes, written in the transaction that they tell of
announce: Callable[[BaseDBAsyncClient, Sequence[events.Event]], Awaitable[None]] | None = None


# whether this task is inside a transaction, whose own writes its reads must see
_writing: ContextVar[bool] = ContextVar("writing", default=False)


def reading_from() -> BaseDBAsyncClient:
    """The connection of a written-out read: the transaction's own inside one, else the reader where there is one."""
    connections = get_connections()
    apart = "reader" in connections.db_config and not _writing.get()
    return connections.get("reader" if apart else "default")


class Reads:
    """Where a query goes on a SQLite file: reads have a connection of their own, so that no writer makes them wait.

    ``Model.all()`` is bound to the reader at once: a write begins with ``Model.filter()``, or SQLite refuses it.
    """

    def db_for_read(self, model: type[Model]) -> str:
        return "default" if _writing.get() else "reader"

    def db_for_write(self, model: type[Model]) -> str:
        return "default"


class Change:
    """What one transaction does: the rooms it locked and the events it causes."""

    def __init__(self) -> None:
        self.rooms: dict[int, Room] = {}
        self.events: list[events.Event] = []
        self.done: list[Callable[[], None]] = []

    def afterwards(self, call: Callable[[], None]) -> None:
        """Call this once the transaction is durable, before anybody is told."""
        self.done.append(call)

    def happened(self, event: events.Event) -> None:
        """Tell this once the transaction is durable."""
        self.events.append(event)

    def mark_far(self, room_id: int) -> None:
        """What happens to this locked room shows only on another day."""
        self.events = [
            replace(event, is_near=False)
            if isinstance(event, events.RoomChanged) and event.room_id == room_id
            else event
            for event in self.events
        ]

    @property
    def room(self) -> Room:
        """The one locked room, as it is inside the transaction."""
        (room,) = self.rooms.values()
        return room


@asynccontextmanager
async def changing(*room_ids: int) -> AsyncIterator[Change]:
    """A transaction that first locks these rooms and bumps their revision.

    The rooms are locked in the order of their ids. What the block raises rolls it back; a double booking that only the
    database saw becomes Conflict("booking.overlap"). Raises NotFound("room.unknown") for a room that is gone.
    """
    change = Change()
    try:
        async with _transaction(sorted(set(room_ids))) as (connection, rooms), _reading_own_writes():
            change.rooms = {room.id: room for room in rooms}
            for room in rooms:
                change.happened(events.RoomChanged(room.id, room.revision))
            yield change
            if announce and change.events:
                await announce(connection, change.events)
    except IntegrityError as fault:
        if "booking_no_overlap" in str(fault):
            code = next((room.code for room in change.rooms.values()), "")
            raise Conflict("booking.overlap", room=code, conflicts=[], alternatives=[]) from fault
        if "history_ent" in str(fault):  # two at once appended to the history of one thing that neither had locked
            raise Unavailable("internal.busy") from fault
        raise
    except OperationalError as fault:
        if "locked" in str(fault) or "deadlock" in str(fault):
            raise Unavailable("internal.busy") from fault
        raise
    for call in change.done:
        call()
    await events.dispatch(change.events)


@asynccontextmanager
async def _reading_own_writes() -> AsyncIterator[None]:
    token = _writing.set(True)
    try:
        yield
    finally:
        _writing.reset(token)


# the row lock and the fresh row in one statement
_LOCK = {
    "sqlite": "UPDATE room SET revision = revision + 1 WHERE id = ? RETURNING *",
    "postgres": "UPDATE room SET revision = revision + 1 WHERE id = $1 RETURNING *",
}


@asynccontextmanager
async def _transaction(room_ids: Sequence[int]) -> AsyncIterator[tuple[BaseDBAsyncClient, list[Room]]]:
    """A transaction that begins with the locks of these rooms, in this order."""
    connection = get_connections().get("default")
    if connection.capabilities.dialect != "sqlite" or isinstance(connection, SqliteTransaction):
        lock = _LOCK[connection.capabilities.dialect]
        async with _begun() as inner:
            yield inner, [_locked(await inner.execute_query_dict(lock, [one]), one) for one in room_ids]
        return
    group = _groups.setdefault(id(connection), _GroupCommit(connection))
    async with group.member(room_ids) as (inner, found):
        yield inner, [_locked(rows, one) for rows, one in zip(found, room_ids, strict=True)]


@asynccontextmanager
async def _begun() -> AsyncIterator[BaseDBAsyncClient]:
    """A transaction of the library. Cut off as it begins, it would keep its connection out of the pool for good: here
    it is given back.
    """
    async with AsyncExitStack() as stack:
        context = in_transaction("default")
        try:
            inner = await stack.enter_async_context(context)
        except BaseException:
            if isinstance(context, TransactionContextPooled):
                await _give_back(context)
            raise
        yield inner


async def _give_back(context: TransactionContextPooled) -> None:
    token = getattr(context, "token", None)  # a slot, empty until there is a connection
    if token is not None:
        get_connections().reset(token)
        await asyncio.shield(context.client._parent._pool.release(context.client._connection))


def _locked(rows: Sequence[Any], room_id: int) -> Room:
    if not rows:
        raise NotFound("room.unknown", room=room_id)
    return Room._init_from_db(**dict(rows[0]))


class _GroupCommit:
    """The shared transaction of one SQLite connection."""

    def __init__(self, connection: Any) -> None:
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
    async def member(self, room_ids: Sequence[int]) -> AsyncIterator[tuple[SqliteTransaction, list[Any]]]:
        await self._take_turn()
        try:
            wrapper, durable = await self._open()
            token = get_connections().set("default", wrapper)
            try:
                yield wrapper, await self._begin(wrapper, room_ids)
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

    async def _begin(self, wrapper: SqliteTransaction, room_ids: Sequence[int]) -> list[Any]:
        """The member's savepoint and its locks. The savepoint of the member before goes now: nothing of it can be
        undone alone any more. Each has a name of its own, so that a member which could not begin undoes nobody else.
        """
        self.number += 1
        name = self.savepoint = f"member_{self.number}"
        if self.disturbed:
            await self._settle()

        def begin(raw: sqlite3.Connection) -> list[Any]:
            if self.standing:
                raw.execute(f"RELEASE {self.standing}")
            self.standing = None
            raw.execute(f"SAVEPOINT {name}")
            self.standing = name
            return [raw.execute(_LOCK["sqlite"], [one]).fetchall() for one in room_ids]

        return wrapper.at_once(begin)

    async def _settle(self) -> None:
        """Wait until SQLite's thread has done what a member left behind that broke off."""
        await self.connection._connection._execute(lambda: None)
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
        return self.waiting > 0 and is_young and bool(self.connection._connection.in_transaction)

    async def _close_if_last(self) -> None:
        wrapper, durable = self.wrapper, self.durable
        if wrapper is None or durable is None or self._goes_on():
            return
        self.wrapper = self.durable = None
        try:
            if not self.connection._connection.in_transaction:
                raise sqlite3.OperationalError("SQLite undid the shared transaction")
            await wrapper.commit()
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


_groups: dict[int, _GroupCommit] = {}


def forget_connections() -> None:
    """Drop what is known of closed connections; between two databases in one process."""
    _groups.clear()
