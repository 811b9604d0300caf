"""SQLite's shared transaction: durable together, undone alone; when a member breaks in it nobody hangs or hears of a
success that is none.
"""

import asyncio
import sqlite3
import threading
from collections.abc import Callable, Sequence

import pytest
from tortoise.connection import get_connections

from registry.core import events, sqlite_group_commit
from registry.core.errors import Unavailable
from registry.core.sqlite import SqliteTransaction
from registry.core.sqlite_group_commit import GroupCommit, Rows
from registry.core.statements import Statement
from registry.rooms.lock import changing
from registry.rooms.models import Room
from tests.conftest import Database
from tests.make import make_room
from tests.registry.core.test_transaction import Refused, committed

pytestmark = pytest.mark.databases("sqlite")


async def test_members_become_durable_together(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """Eight writers at once need far fewer commits than eight, and none returns before its commit."""
    # a busy machine may take longer for one than a group is open
    monkeypatch.setattr(sqlite_group_commit, "GROUP_SECONDS", 60)
    room = await make_room()
    commits = count_commits(monkeypatch)

    async def add_one(number: int) -> int:
        async with changing(room.id):
            await Room.filter(id=room.id).update(note=str(number))
        return committed(database, "SELECT revision FROM room")

    revisions = await asyncio.gather(*(add_one(number) for number in range(8)))
    assert min(revisions) >= 1
    assert all(revision > place for place, revision in enumerate(sorted(revisions)))
    assert committed(database, "SELECT revision FROM room") == 8
    assert len(commits) < 8


def count_commits(monkeypatch: pytest.MonkeyPatch) -> list[None]:
    commits: list[None] = []
    plain: Callable[..., object] = SqliteTransaction.commit

    async def counted(self: SqliteTransaction) -> None:
        commits.append(None)
        await plain(self)  # type: ignore[misc]  # the library's coroutine, untyped here

    monkeypatch.setattr(SqliteTransaction, "commit", counted)
    return commits


async def test_a_group_whose_members_were_all_undone_writes_nothing(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A commit would wait for the disk, and whoever reads would read its pages anew."""
    room = await make_room()
    commits = count_commits(monkeypatch)

    async def refuse() -> None:
        async with changing(room.id):
            await Room.filter(id=room.id).update(note="nothing")
            raise Refused

    failures = await asyncio.gather(*(refuse() for _ in range(3)), return_exceptions=True)
    assert [type(failure) for failure in failures] == [Refused] * 3
    assert not commits
    async with changing(room.id):
        await Room.filter(id=room.id).update(note="something")
    assert committed(database, "SELECT revision FROM room WHERE note = 'something'") == 1
    assert len(commits) == 1


async def test_nobody_outside_sees_a_member_before_the_commit(database: Database) -> None:
    room = await make_room()
    async with changing(room.id):
        assert committed(database, "SELECT revision FROM room") == 0
    assert committed(database, "SELECT revision FROM room") == 1


async def test_when_the_disk_refuses_nobody_is_told_of_success(
    database: Database, monkeypatch: pytest.MonkeyPatch, event_log: list[events.Event]
) -> None:
    room = await make_room()

    async def full(self: SqliteTransaction) -> None:
        raise sqlite3.OperationalError("database or disk is full")

    async def write() -> None:
        async with changing(room.id):
            pass

    with monkeypatch.context() as broken:
        broken.setattr(SqliteTransaction, "commit", full)
        answers = await asyncio.gather(write(), write(), return_exceptions=True)
    assert [type(answer) for answer in answers] == [Unavailable] * 2
    assert event_log == []
    async with asyncio.timeout(30):
        await write()
    assert committed(database, "SELECT revision FROM room") == 1


async def test_a_member_cancelled_as_it_begins_does_not_leave_the_group_open(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first leaves its commit to the second, which is cancelled in its first statement."""
    room = await make_room()
    entered, go, begun = asyncio.Event(), asyncio.Event(), asyncio.Event()
    plain = GroupCommit._begin

    async def begin(self: GroupCommit, wrapper: SqliteTransaction, first: Sequence[Statement]) -> list[Rows]:
        rows = await plain(self, wrapper, first)
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
        slow.setattr(sqlite_group_commit, "GROUP_SECONDS", 60)
        slow.setattr(GroupCommit, "_begin", begin)
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
    database: Database, monkeypatch: pytest.MonkeyPatch, event_log: list[events.Event]
) -> None:
    """Some faults, a full disk among them, make SQLite undo the whole transaction, also what others wrote in it."""
    room = await make_room()
    monkeypatch.setattr(sqlite_group_commit, "GROUP_SECONDS", 60)
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
    assert [type(answer) for answer in answers] == [Unavailable, Refused, type(None)]
    assert committed(database, "SELECT revision FROM room") == 1
    assert len(event_log) == 1


async def test_a_member_that_cannot_begin_undoes_nobody_else(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the one before wrote was already told to be good."""
    room = await make_room()
    monkeypatch.setattr(sqlite_group_commit, "GROUP_SECONDS", 60)
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
    monkeypatch.setattr(sqlite_group_commit, "GROUP_SECONDS", 60)
    sqlite = get_connections().get("default")._connection
    inside, release, go = asyncio.Event(), threading.Event(), asyncio.Event()

    async def first() -> None:
        async with changing():
            await go.wait()

    async def second() -> None:
        async with changing(room.id):
            inside.set()
            await sqlite._execute(release.wait, 60)

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
    release.set()
    async with asyncio.timeout(30):
        answers = await asyncio.gather(writing, broken, late, return_exceptions=True)
    assert [type(answer) for answer in answers] == [type(None), asyncio.CancelledError, type(None)]
    assert committed(database, f"SELECT revision FROM room WHERE id = {room.id}") == 0
    assert committed(database, f"SELECT revision FROM room WHERE id = {other.id}") == 1
