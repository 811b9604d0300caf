"""Rooms locked for a change: in one order, fresh, each change counted."""

import asyncio

import pytest

from registry.core import events
from registry.core.errors import NotFound
from registry.rooms.lock import changing
from registry.rooms.models import Room
from tests.conftest import Database
from tests.make import make_room


async def test_it_locks_the_room_and_whoever_says_nothing_announces_a_change(
    database: Database, event_log: list[events.Event]
) -> None:
    room = await make_room(revision=7, version=3)
    async with changing(room.id) as change:
        assert change.room.code == room.code
        assert (change.room.version, change.room.revision) == (4, 7)
    fresh = await Room.get(id=room.id)
    assert (fresh.version, fresh.revision) == (4, 8)
    assert event_log == [events.RoomChanged(room.id, 8)]


async def test_where_nothing_can_be_seen_to_differ_nobody_is_told(
    database: Database, event_log: list[events.Event]
) -> None:
    one, other = await make_room(revision=7), await make_room()
    async with changing(one.id, other.id) as change:
        change.keep_quiet(change.rooms[one.id])
        change.announce(change.rooms[other.id], is_near=False)
        await change.rooms[other.id].save(update_fields=["revision"])
    assert [(room.version, room.revision) for room in await Room.all().order_by("id")] == [(1, 7), (1, 1)]
    assert event_log == [events.RoomChanged(other.id, 1, is_near=False)]


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
    assert (await Room.get(id=one.id)).version == 16


async def test_no_update_is_lost_between_many_writers(database: Database) -> None:
    room = await make_room()

    async def add_one() -> None:
        async with changing(room.id) as change:
            before = change.room.capacity
            await asyncio.sleep(0)
            await Room.filter(id=room.id).update(capacity=before + 1)

    await asyncio.gather(*(add_one() for _ in range(40)))
    assert (await Room.get(id=room.id)).capacity == room.capacity + 40
