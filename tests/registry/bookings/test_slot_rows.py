"""The bookings around now that a room's state derives from, as the database gives them."""

from dataclasses import replace
from datetime import timedelta

import pytest

from registry.bookings.models import Block, Status
from registry.bookings.room_snapshot import slot_of
from registry.bookings.slot_rows import AHEAD, BEHIND, LONGEST, slots_around
from registry.rooms.models import Visibility
from tests.conftest import Database
from tests.make import HOUR, NOW, make_booking, make_room
from tests.statements import Statements

pytestmark = [pytest.mark.anyio, pytest.mark.usefixtures("database")]
DAY = timedelta(days=1)


async def test_a_slot_is_its_booking_and_has_a_title_in_a_public_room_alone() -> None:
    public = await make_room(visibility=Visibility.PUBLIC)
    confidential = await make_room(visibility=Visibility.CONFIDENTIAL)
    stamps = {"checked_in_at": NOW, "warned_at": NOW + timedelta(seconds=1, microseconds=5), "protected": True}
    later = await make_booking(NOW + HOUR, room=public, title="Zebranie")
    running = await make_booking(NOW, room=public, title="Rada", status=Status.CHECKED_IN, **stamps)
    shy = await make_booking(NOW, room=confidential, title="Rozmowa")
    slots = await slots_around([public.id], [confidential.id], NOW)
    assert slots == {
        public.id: [slot_of(running, Visibility.PUBLIC), slot_of(later, Visibility.PUBLIC)],
        confidential.id: [slot_of(shy, Visibility.CONFIDENTIAL)],
    }
    assert [slot.title for slot in slots[public.id] + slots[confidential.id]] == ["Rada", "Zebranie", ""]
    assert slots[public.id][0].status is Status.CHECKED_IN


async def test_what_a_block_says_to_strangers_comes_along() -> None:
    room = await make_room()
    text = {"pl": "Malowanie", "en": "Painting"}
    block = await Block.create(starts_at=NOW, ends_at=NOW + HOUR, public_text=text, reason="Malowanie", created_at=NOW)
    booking = await make_booking(NOW, room=room, kind="block", block=block)
    slots = await slots_around([], [room.id], NOW)
    assert slots[room.id] == [replace(slot_of(booking, Visibility.HIDDEN), public_text=text)]


async def test_what_is_over_or_far_away_is_not_read_and_what_nobody_ended_is() -> None:
    room = await make_room()
    for status in (Status.CANCELLED, Status.REJECTED):
        await make_booking(NOW, room=room, status=status)
    await make_booking(NOW + AHEAD, room=room)
    await make_booking(NOW - BEHIND - 2 * HOUR, room=room, status=Status.ENDED)
    await make_booking(NOW - LONGEST - DAY, room=room, status=Status.CHECKED_IN)
    today = await make_booking(NOW - BEHIND - HOUR, room=room, status=Status.ENDED)
    endless = await make_booking(NOW - 9 * DAY, room=room, status=Status.CHECKED_IN)
    slots = await slots_around([], [room.id], NOW)
    assert [slot.id for slot in slots[room.id]] == [endless.id, today.id]
    assert await slots_around([], [], NOW) == {}


@pytest.mark.databases("sqlite")
async def test_a_house_is_one_row(database: Database, statements: Statements) -> None:
    rooms = [await make_room() for _ in range(3)]
    for room in rooms:
        await make_booking(NOW, room=room)
    before = len(statements)
    await slots_around([rooms[0].id], [room.id for room in rooms[1:]], NOW)
    assert [statement.rows for statement in statements[before:]] == [1], "each is a wait for the interpreter's lock"
