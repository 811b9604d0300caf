"""The one door for every write: a transaction that nests in no other, its events told after the commit.

A noun that locks something first builds on it: :func:`registry.rooms.lock.changing` locks rooms.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field

from tortoise.backends.base.client import BaseDBAsyncClient, TransactionContextPooled
from tortoise.connection import get_connections
from tortoise.exceptions import IntegrityError, OperationalError
from tortoise.models import Model
from tortoise.transactions import in_transaction

from registry.core import events, outages
from registry.core.context import PerRegister
from registry.core.errors import Refusal, Unavailable
from registry.core.events import Event
from registry.core.sqlite_group_commit import GroupingClient, Rows
from registry.core.statements import Statement, numbered

Announcement = Callable[[BaseDBAsyncClient, Sequence[events.Event]], Awaitable[None]]
# config sets it on PostgreSQL: events for the other processes, written in the transaction that they tell of
announcement: PerRegister[Announcement | None] = PerRegister(lambda: None)

# whether this task is inside a transaction, whose own writes its reads must see
_writing: ContextVar[bool] = ContextVar("writing", default=False)


def is_inside() -> bool:
    """Whether this task is inside a transaction: what it sees may be rolled back, and is kept nowhere."""
    return _writing.get()


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


@dataclass
class Change:
    """What one transaction does: the rows that its first statements returned, and the events it causes."""

    first_rows: list[Rows] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)
    calls: list[Callable[[], None]] = field(default_factory=list)

    def afterwards(self, call: Callable[[], None]) -> None:
        """Call this once the transaction is durable, before anybody is told."""
        self.calls.append(call)

    def happened(self, event: Event) -> None:
        """Tell this once the transaction is durable."""
        self.events.append(event)


@asynccontextmanager
async def transaction(change: Change | None = None, *, first: Sequence[Statement] = ()) -> AsyncIterator[Change]:
    """A transaction of everything that the block writes; what the block raises rolls it back.

    The statements of ``first`` run as it begins, in one step; their rows are in ``change.first_rows``. Raises
    Unavailable("internal.busy") when others were quicker, Unavailable("database.away"), and RuntimeError inside
    another transaction: its events would be told though the outer one is rolled back.
    """
    if is_inside():
        raise RuntimeError(
            "a transaction inside a transaction: hand the outer one's change on, or begin when it is over"
            " (a task that is started inside it counts as inside)"
        )
    change = change or Change()
    try:
        async with _begun(first) as (connection, change.first_rows), _reading_own_writes():
            yield change
            announce = announcement.value if change.events else None
            if announce:
                await announce(connection, change.events)
    except IntegrityError as fault:
        if "history_ent" in str(fault):  # two at once appended to the history of one thing that neither had locked
            raise Unavailable("internal.busy") from fault
        raise
    except Refusal:
        raise
    except Exception as fault:
        if isinstance(fault, OperationalError) and ("locked" in str(fault) or "deadlock" in str(fault)):
            raise Unavailable("internal.busy") from fault
        if outage := outages.refusal_of(fault):
            raise outage from fault
        raise
    outages.over()
    for call in change.calls:
        call()
    await events.dispatch(change.events)


async def try_a_write() -> None:
    """Commit something that changes nothing. Raises Unavailable("database.away") where no write can be stored."""
    client = get_connections().get("default")
    if client.capabilities.dialect == "sqlite":
        (pragma,) = await client.execute_query_dict("PRAGMA user_version")
        # writes the first page of the file as it is
        async with transaction(first=[(f"PRAGMA user_version = {int(pragma['user_version'])}", [])]):
            return
    async with transaction(first=[("SELECT pg_current_xact_id()", [])]):
        return


@asynccontextmanager
async def _reading_own_writes() -> AsyncIterator[None]:
    token = _writing.set(True)
    try:
        yield
    finally:
        _writing.reset(token)


@asynccontextmanager
async def _begun(first: Sequence[Statement]) -> AsyncIterator[tuple[BaseDBAsyncClient, list[Rows]]]:
    """A transaction of this database, and the rows of its first statements."""
    connection = get_connections().get("default")
    if isinstance(connection, GroupingClient):
        async with connection.group.member(first) as (member, rows):
            yield member, rows
        return
    async with _pooled() as pooled:
        yield pooled, [await pooled.execute_query_dict(numbered(query), values) for query, values in first]


@asynccontextmanager
async def _pooled() -> AsyncIterator[BaseDBAsyncClient]:
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
