"""SQLite's shared transaction when a member breaks in it: nobody hangs or hears of a success that is none."""

import asyncio
import sqlite3
import threading
from typing import Any

import pytest
from tortoise.connection import get_connections
from tortoise.exceptions import OperationalError

from registry.core import events, transaction
from registry.core.sqlite import SqliteTransaction
from registry.core.transaction import changing
from tests.conftest import Database
from tests.make import make_room
from tests.registry.core.test_transaction import Refused, committed

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


async def test_a_member_cancelled_as_it_begins_does_not_leave_the_group_open(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first leaves its commit to the second, which is cancelled in its first statement."""
    room = await make_room()
    entered, go, begun = asyncio.Event(), asyncio.Event(), asyncio.Event()
    plain = transaction._GroupCommit._begin

    async def begin(self: transaction._GroupCommit, wrapper: SqliteTransaction, room_ids: list[int]) -> list[Any]:
        rows = await plain(self, wrapper, room_ids)
        if entered.is_set():
            begun.set()
            await asyncio.sleep(60)
        return rows

    async def first() -> None:
        async with changing(room.id):
            entered.set()
            await go.wait()

    async def second() -> None:
        async with changing(room.id):
            pass

    with monkeypatch.context() as slow:
        slow.setattr(transaction, "GROUP_SECONDS", 60)
        slow.setattr(transaction._GroupCommit, "_begin", begin)
        writing = asyncio.create_task(first())
        await entered.wait()
        late = asyncio.create_task(second())
        await asyncio.sleep(0.01)
        go.set()
        await begun.wait()
        late.cancel()
        await asyncio.wait_for(writing, 30)
        await asyncio.gather(late, return_exceptions=True)
    async with asyncio.timeout(30), changing(room.id):
        pass
    assert committed(database, "SELECT revision FROM room") == 2


async def test_nobody_is_told_of_success_when_sqlite_undid_everything(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Some faults, a full disk among them, make SQLite undo the whole transaction, also what others wrote in it."""
    room = await make_room()
    heard: list[events.Event] = []
    events.on(heard.append)
    monkeypatch.setattr(transaction, "GROUP_SECONDS", 60)
    entered, go = asyncio.Event(), asyncio.Event()

    async def first() -> None:
        async with changing(room.id):
            entered.set()
            await go.wait()

    async def second() -> None:
        async with changing(room.id):
            await get_connections().get("default").execute_query("ROLLBACK")
            raise Refused

    writing = asyncio.create_task(first())
    await entered.wait()
    failing = asyncio.create_task(second())
    await asyncio.sleep(0.01)
    third = asyncio.create_task(first())
    go.set()
    async with asyncio.timeout(30):
        answers = await asyncio.gather(writing, failing, third, return_exceptions=True)
    assert [type(answer) for answer in answers] == [OperationalError, Refused, type(None)]
    assert committed(database, "SELECT revision FROM room") == 1
    assert len(heard) == 1


async def test_a_member_that_cannot_begin_undoes_nobody_else(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the one before wrote was already told to be good."""
    room = await make_room()
    monkeypatch.setattr(transaction, "GROUP_SECONDS", 60)
    sqlite = get_connections().get("default")._connection
    entered, go = asyncio.Event(), asyncio.Event()

    async def first() -> None:
        async with changing(room.id):
            entered.set()
            await go.wait()

    async def second() -> None:
        async with changing(room.id):
            pass

    def deny(action: int, operation: str | None, *_: object) -> int:
        is_release = action == sqlite3.SQLITE_SAVEPOINT and operation == "RELEASE"
        return sqlite3.SQLITE_DENY if is_release else sqlite3.SQLITE_OK

    writing = asyncio.create_task(first())
    await entered.wait()
    failing = asyncio.create_task(second())
    await asyncio.sleep(0.01)
    await sqlite._execute(sqlite._conn.set_authorizer, deny)
    go.set()
    async with asyncio.timeout(30):
        answers = await asyncio.gather(writing, failing, return_exceptions=True)
    await sqlite._execute(sqlite._conn.set_authorizer, None)
    assert answers[0] is None
    assert isinstance(answers[1], sqlite3.DatabaseError)
    assert committed(database, "SELECT revision FROM room") == 1
    async with asyncio.timeout(30), changing(room.id):
        pass
    assert committed(database, "SELECT revision FROM room") == 2


async def test_nobody_begins_before_what_a_cancelled_member_left_to_the_thread_is_done(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Cancelled once in a statement and once more as it is undone, it waits for neither."""
    room, other = await make_room(), await make_room(code="OTHER")
    monkeypatch.setattr(transaction, "GROUP_SECONDS", 60)
    sqlite = get_connections().get("default")._connection
    inside, held, go = asyncio.Event(), threading.Event(), asyncio.Event()

    async def first() -> None:
        async with changing():
            await go.wait()

    async def second() -> None:
        async with changing(room.id):
            inside.set()
            await sqlite._execute(held.wait, 60)

    async def third() -> None:
        async with changing(other.id):
            pass

    writing = asyncio.create_task(first())
    await asyncio.sleep(0)
    broken = asyncio.create_task(second())
    late = asyncio.create_task(third())
    await asyncio.sleep(0)
    go.set()
    await inside.wait()
    for _ in range(3):
        await asyncio.sleep(0.01)
        broken.cancel()
    await asyncio.sleep(0.01)
    held.set()
    async with asyncio.timeout(30):
        answers = await asyncio.gather(writing, broken, late, return_exceptions=True)
    assert [type(answer) for answer in answers] == [type(None), asyncio.CancelledError, type(None)]
    assert committed(database, f"SELECT revision FROM room WHERE id = {room.id}") == 0
    assert committed(database, f"SELECT revision FROM room WHERE id = {other.id}") == 1
