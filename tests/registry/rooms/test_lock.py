"""Rooms locked for a change: in one order, fresh, each change counted."""

import asyncio

import pytest

from registry.core.errors import NotFound
from registry.rooms.lock import changing
from registry.rooms.models import Room
from tests.conftest import Database
from tests.make import make_room


async def test_it_locks_the_room_and_bumps_its_revision(database: Database) -> None:
    room = await make_room(revision=7)
    async with changing(room.id) as change:
        assert change.room.code == room.code
        assert change.room.revision == 8
    assert (await Room.get(id=room.id)).revision == 8


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
