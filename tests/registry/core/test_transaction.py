"""The one door for every write: durable together, undone alone, told after the commit."""

import asyncio
import sqlite3
from collections.abc import Coroutine, Sequence
from contextvars import Context
from typing import Any

import pytest

from registry.core import events, transaction
from registry.core.statements import Statement
from registry.rooms.lock import changing
from registry.rooms.models import Room
from tests.conftest import Database
from tests.make import make_room


class Refused(Exception):
    """What a failing member raises."""


def committed(database: Database, question: str) -> int:
    """What another connection sees: the committed truth. SQLite alone."""
    with sqlite3.connect(database.url.removeprefix("sqlite://")) as other:
        answer: int = other.execute(question).fetchone()[0]
    other.close()
    return answer


async def begun_beside(work: Coroutine[Any, Any, Any], outside: Context) -> asyncio.Task[Any]:
    """A task that has looked at what it changes and wants to lock it, which it cannot yet: somebody else holds it."""
    wants = asyncio.Event()
    plain = transaction._begun

    def noted(first: Sequence[Statement]) -> Any:
        wants.set()
        return plain(first)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(transaction, "_begun", noted)
        late = asyncio.create_task(work, context=outside)
        await asyncio.wait_for(wants.wait(), 30)
    return late


# a change


async def test_it_undoes_everything_when_the_block_fails(database: Database, event_log: list[events.Event]) -> None:
    room = await make_room(revision=7)
    with pytest.raises(Refused):
        async with changing(room.id):
            await Room.filter(id=room.id).update(name="half done")
            raise Refused
    after = await Room.get(id=room.id)
    assert (after.revision, after.name) == (7, room.name)
    assert event_log == []


# events


async def test_events_are_told_after_the_commit_in_their_order(database: Database) -> None:
    room = await make_room()
    moments: list[tuple[events.Event, int]] = []

    async def look(event: events.Event) -> None:
        moments.append((event, (await Room.get(id=room.id)).revision))

    events.on(look)
    async with changing(room.id) as change:
        change.happened(events.AssetChanged(5))
        await asyncio.sleep(0.01)
        assert moments == []
    assert moments == [(events.AssetChanged(5), 1), (events.RoomChanged(room.id, 1), 1)]


async def test_a_handler_that_fails_hurts_nobody_else(database: Database, event_log: list[events.Event]) -> None:
    def fail(event: events.Event) -> None:
        raise Refused

    events._handlers.value.insert(0, fail)
    room = await make_room()
    async with changing(room.id):
        pass
    assert event_log == [events.RoomChanged(room.id, 1)]


# several at once


async def test_a_failing_member_is_undone_alone(database: Database) -> None:
    room = await make_room()

    async def note(number: int) -> None:
        async with changing(room.id) as change:
            await Room.filter(id=room.id).update(note=f"{change.room.note}{number},")
            if number % 3 == 0:
                raise Refused

    answers = await asyncio.gather(*(note(number) for number in range(12)), return_exceptions=True)
    assert [number for number, answer in enumerate(answers) if answer] == [0, 3, 6, 9]
    after = await Room.get(id=room.id)
    assert sorted(int(part) for part in after.note.strip(",").split(",")) == [1, 2, 4, 5, 7, 8, 10, 11]
    assert after.revision == 8


async def test_a_member_cancelled_in_its_block_is_undone_and_the_next_goes_on(database: Database) -> None:
    room = await make_room()
    inside = asyncio.Event()

    async def hang() -> None:
        async with changing(room.id):
            inside.set()
            await asyncio.sleep(60)

    task = asyncio.create_task(hang())
    await inside.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    async with asyncio.timeout(30), changing(room.id):
        pass
    assert (await Room.get(id=room.id)).revision == 1


async def test_a_cancelled_waiter_does_not_leave_the_group_open(database: Database) -> None:
    """The first leaves its commit to the one who waits, who is cancelled: the first must be answered all the same."""
    room = await make_room()
    entered, go = asyncio.Event(), asyncio.Event()

    async def first() -> None:
        async with changing(room.id):
            entered.set()
            await go.wait()

    async def waiter() -> None:
        async with changing(room.id):
            pass

    writing = asyncio.create_task(first())
    await entered.wait()
    waiting = asyncio.create_task(waiter())
    await asyncio.sleep(0.01)
    go.set()
    waiting.cancel()
    await asyncio.wait_for(writing, 30)
    await asyncio.gather(waiting, return_exceptions=True)
    async with asyncio.timeout(30):
        assert (await Room.get(id=room.id)).revision in (1, 2)


@pytest.mark.parametrize("steps", range(12))
async def test_cancelling_at_any_step_leaves_the_database_usable(database: Database, steps: int) -> None:
    """Two writers, the second cancelled after so many turns of the loop: nothing hangs and nothing is half written."""
    room = await make_room()

    async def write(note: str) -> None:
        async with changing(room.id):
            await Room.filter(id=room.id).update(note=note)

    async with asyncio.timeout(60):
        first, second = asyncio.create_task(write("first")), asyncio.create_task(write("second"))
        for _ in range(steps):
            await asyncio.sleep(0.0005)
        second.cancel()
        await first
        await asyncio.gather(second, return_exceptions=True)
        await write("last")
    after = await Room.get(id=room.id)
    assert after.note == "last"
    assert after.revision in (2, 3)


# one inside another


async def test_a_change_within_a_change_is_refused(database: Database, event_log: list[events.Event]) -> None:
    """Its event would be told though the outer one is rolled back."""
    one, two = await make_room(), await make_room()
    with pytest.raises(RuntimeError, match="hand the outer one's change on"):
        async with changing(one.id), changing(two.id):
            pytest.fail("the block must not run")
    assert [room.revision for room in await Room.all()] == [0, 0]
    assert event_log == []
    async with asyncio.timeout(30), changing(one.id):
        pass
    assert event_log == [events.RoomChanged(one.id, 1)]


async def test_a_task_started_within_a_change_is_inside_it(database: Database) -> None:
    async def write() -> None:
        async with changing():
            pytest.fail("the block must not run")

    async with changing():
        inner = asyncio.create_task(write())
        with pytest.raises(RuntimeError, match="counts as inside"):
            await inner


async def test_who_is_told_of_a_change_may_change(database: Database) -> None:
    """The transaction is over when its events are told, and so for a task that a handler starts."""
    room, tasks = await make_room(), []

    async def write() -> None:
        async with changing():
            await Room.filter(id=room.id).update(note="noted")

    events.on(lambda event: tasks.append(asyncio.create_task(write())))
    async with changing(room.id):
        pass
    await asyncio.gather(*tasks)
    assert len(tasks) == 1
    assert (await Room.get(id=room.id)).note == "noted"
