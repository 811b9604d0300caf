"""The one door for every write: durable together, undone alone, told after the commit."""

import asyncio
import sqlite3
from collections.abc import Callable, Coroutine, Sequence
from contextvars import Context
from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from tortoise.exceptions import IntegrityError, OperationalError

from registry.bookings.models import Booking, Status
from registry.core import events, transaction
from registry.core.errors import Conflict, NotFound
from registry.core.transaction import changing
from registry.rooms.models import Room
from tests.conftest import Database
from tests.make import HOUR, NOW, make_booking, make_room

MINUTE = timedelta(minutes=1)


class Refused(Exception):
    """What a failing member raises."""


@pytest.fixture
def heard(database: Database) -> list[events.Event]:
    told: list[events.Event] = []
    events.on(told.append)
    return told


def committed(database: Database, question: str) -> int:
    """What another connection sees: the committed truth. SQLite alone."""
    with sqlite3.connect(database.url.removeprefix("sqlite://")) as other:
        answer: int = other.execute(question).fetchone()[0]
    other.close()
    return answer


async def begun_beside(work: Coroutine[Any, Any, Any], outside: Context) -> asyncio.Task[Any]:
    """A task that has looked at what it changes and wants to lock it, which it cannot yet: somebody else holds it."""
    wants = asyncio.Event()
    plain = transaction._transaction

    def noted(room_ids: Sequence[int]) -> Any:
        wants.set()
        return plain(room_ids)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(transaction, "_transaction", noted)
        late = asyncio.create_task(work, context=outside)
        await asyncio.wait_for(wants.wait(), 30)
    return late


# a change


async def test_it_locks_the_room_and_bumps_its_revision(database: Database) -> None:
    room = await make_room(revision=7)
    async with changing(room.id) as change:
        assert change.room.code == room.code
        assert change.room.revision == 8
    assert (await Room.get(id=room.id)).revision == 8


async def test_it_undoes_everything_when_the_block_fails(database: Database, heard: list[events.Event]) -> None:
    room = await make_room(revision=7)
    with pytest.raises(Refused):
        async with changing(room.id):
            await Room.filter(id=room.id).update(name="half done")
            raise Refused
    after = await Room.get(id=room.id)
    assert (after.revision, after.name) == (7, room.name)
    assert heard == []


async def test_a_room_that_is_gone_is_refused(database: Database) -> None:
    with pytest.raises(NotFound, match="999"):
        async with changing(999):
            pytest.fail("the block must not run")


async def test_it_locks_several_rooms_in_one_order_whatever_was_asked(database: Database) -> None:
    one, two = await make_room(), await make_room()

    async def touch(first: int, second: int) -> None:
        async with changing(first, second) as change:
            assert list(change.rooms) == sorted((first, second))
            await asyncio.sleep(0.001)

    await asyncio.gather(*(touch(*pair) for pair in [(one.id, two.id), (two.id, one.id)] * 8))
    assert (await Room.get(id=one.id)).revision == 16


async def test_no_update_is_lost_between_many_writers(database: Database) -> None:
    room = await make_room()

    async def add_one() -> None:
        async with changing(room.id) as change:
            before = change.room.capacity
            await asyncio.sleep(0)
            await Room.filter(id=room.id).update(capacity=before + 1)

    await asyncio.gather(*(add_one() for _ in range(40)))
    assert (await Room.get(id=room.id)).capacity == room.capacity + 40


# events


async def test_events_are_told_after_the_commit_in_their_order(database: Database) -> None:
    room = await make_room()
    seen: list[tuple[events.Event, int]] = []

    async def look(event: events.Event) -> None:
        seen.append((event, (await Room.get(id=room.id)).revision))

    events.on(look)
    async with changing(room.id) as change:
        change.happened(events.AssetChanged(5))
        await asyncio.sleep(0.01)
        assert seen == []
    assert seen == [(events.RoomChanged(room.id, 1), 1), (events.AssetChanged(5), 1)]


async def test_a_handler_that_fails_hurts_nobody_else(database: Database, heard: list[events.Event]) -> None:
    def fail(event: events.Event) -> None:
        raise Refused

    events._handlers.insert(0, fail)
    room = await make_room()
    async with changing(room.id):
        pass
    assert heard == [events.RoomChanged(room.id, 1)]


# the group commit of SQLite


only_sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@only_sqlite
async def test_members_become_durable_together(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """Eight writers at once need far fewer commits than eight, and none returns before its commit."""
    monkeypatch.setattr(transaction, "GROUP_SECONDS", 60)  # a busy machine may take longer for one than a group is open
    room = await make_room()
    commits = count_commits(monkeypatch)

    async def add_one(number: int) -> int:
        async with changing(room.id):
            await Room.filter(id=room.id).update(note=str(number))
        return committed(database, "SELECT revision FROM room")

    seen = await asyncio.gather(*(add_one(number) for number in range(8)))
    assert min(seen) >= 1
    assert all(revision > place for place, revision in enumerate(sorted(seen)))
    assert committed(database, "SELECT revision FROM room") == 8
    assert len(commits) < 8


def count_commits(monkeypatch: pytest.MonkeyPatch) -> list[None]:
    commits: list[None] = []
    plain: Callable[..., object] = transaction.SqliteTransaction.commit

    async def counted(self: transaction.SqliteTransaction) -> None:
        commits.append(None)
        await plain(self)  # type: ignore[misc]  # the library's coroutine, untyped here

    monkeypatch.setattr(transaction.SqliteTransaction, "commit", counted)
    return commits


@only_sqlite
async def test_nobody_outside_sees_a_member_before_the_commit(database: Database) -> None:
    room = await make_room()
    async with changing(room.id):
        assert committed(database, "SELECT revision FROM room") == 0
    assert committed(database, "SELECT revision FROM room") == 1


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


async def test_a_change_within_a_change_is_part_of_it(database: Database) -> None:
    one, two = await make_room(), await make_room()
    with pytest.raises(Refused):
        async with changing(one.id):
            async with changing(two.id):
                pass
            raise Refused
    assert (await Room.get(id=two.id)).revision == 0


# no double booking


OVERLAPS = {
    "before": (-120, -60, True),
    "right before": (-60, 0, True),
    "overlapping the start": (-30, 30, False),
    "inside": (15, 45, False),
    "exactly the same": (0, 60, False),
    "around": (-30, 90, False),
    "from the same start": (0, 15, False),
    "to the same end": (45, 60, False),
    "overlapping the end": (30, 90, False),
    "right after": (60, 120, True),
    "after": (90, 120, True),
}


async def book(room: Room, from_minute: int, to_minute: int, **given: object) -> Booking:
    async with changing(room.id):
        return await make_booking(NOW + from_minute * MINUTE, NOW + to_minute * MINUTE, room=room, **given)


@pytest.mark.parametrize(("from_minute", "to_minute", "fits"), OVERLAPS.values(), ids=OVERLAPS)
async def test_the_database_refuses_an_overlap(
    database: Database, from_minute: int, to_minute: int, fits: bool
) -> None:
    room = await make_room()
    await book(room, 0, 60)
    if fits:
        await book(room, from_minute, to_minute)
    else:
        with pytest.raises(Conflict) as refusal:
            await book(room, from_minute, to_minute)
        assert refusal.value.code == "booking.overlap"
        assert refusal.value.params["room"] == room.code
    assert await Booking.filter(room=room).count() == 1 + fits


@pytest.mark.parametrize(("from_minute", "to_minute", "fits"), OVERLAPS.values(), ids=OVERLAPS)
async def test_the_database_refuses_to_move_into_an_overlap(
    database: Database, from_minute: int, to_minute: int, fits: bool
) -> None:
    room = await make_room()
    await book(room, 0, 60)
    moved = await book(room, 600, 660)
    starts_at, ends_at = NOW + from_minute * MINUTE, NOW + to_minute * MINUTE
    span = {"starts_at": starts_at, "ends_at": ends_at, "blocked_from": starts_at, "blocked_to": ends_at}

    async def move() -> None:
        async with changing(room.id):
            await Booking.filter(id=moved.id).update(**span)

    if fits:
        await move()
    else:
        with pytest.raises(Conflict):
            await move()
    assert ((await Booking.get(id=moved.id)).starts_at == starts_at) is fits


@pytest.mark.parametrize("status", list(Status))
async def test_only_what_was_called_off_leaves_its_time(database: Database, status: Status) -> None:
    room = await make_room()
    await book(room, 0, 60, status=status)
    if status in (Status.CANCELLED, Status.REJECTED):
        await book(room, 0, 60)
    else:
        with pytest.raises(Conflict):
            await book(room, 0, 60)


async def test_calling_back_what_was_cancelled_is_refused_once_the_time_is_taken(database: Database) -> None:
    room = await make_room()
    cancelled = await book(room, 0, 60, status=Status.CANCELLED)
    await book(room, 30, 45)
    with pytest.raises(Conflict):
        async with changing(room.id):
            await Booking.filter(id=cancelled.id).update(status=Status.CONFIRMED)


async def test_set_up_and_clean_up_count(database: Database) -> None:
    room = await make_room()
    await book(room, 0, 60, blocked_from=NOW - 15 * MINUTE, blocked_to=NOW + 75 * MINUTE)
    with pytest.raises(Conflict):
        await book(room, 60, 120)
    await book(room, 75, 120)


async def test_the_same_instant_in_another_offset_overlaps(database: Database) -> None:
    """A moved booking once passed on SQLite: 15:00+02:00 was compared with 13:00+00:00 as text."""
    room, warsaw = await make_room(), ZoneInfo("Europe/Warsaw")
    await book(room, 0, 60)
    local = (NOW + 30 * MINUTE).astimezone(warsaw)
    with pytest.raises(Conflict):
        async with changing(room.id):
            await make_booking(local, local + HOUR, room=room)


async def test_a_span_that_ends_before_it_starts_is_refused_by_the_database(database: Database) -> None:
    room = await make_room()
    with pytest.raises(IntegrityError, match="booking_span"):
        await book(room, 60, 0)


async def test_of_many_at_once_one_wins(database: Database) -> None:
    room = await make_room()
    answers = await asyncio.gather(*(book(room, 0, 60) for _ in range(16)), return_exceptions=True)
    assert sum(isinstance(answer, Booking) for answer in answers) == 1
    assert sum(isinstance(answer, Conflict) for answer in answers) == 15


async def test_other_rooms_are_not_in_the_way(database: Database) -> None:
    one, two = await make_room(), await make_room()
    await book(one, 0, 60)
    await book(two, 0, 60)
    assert await Booking.all().count() == 2


@only_sqlite
async def test_when_the_disk_refuses_nobody_is_told_of_success(
    database: Database, monkeypatch: pytest.MonkeyPatch, heard: list[events.Event]
) -> None:
    room = await make_room()

    async def full(self: transaction.SqliteTransaction) -> None:
        raise sqlite3.OperationalError("database or disk is full")

    async def write() -> None:
        async with changing(room.id):
            pass

    with monkeypatch.context() as broken:
        broken.setattr(transaction.SqliteTransaction, "commit", full)
        answers = await asyncio.gather(write(), write(), return_exceptions=True)
    assert [type(answer) for answer in answers] == [OperationalError] * 2
    assert heard == []
    async with asyncio.timeout(30):
        await write()
    assert committed(database, "SELECT revision FROM room") == 1
