"""No double booking, whatever way it comes: the database itself refuses it."""

import asyncio
from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest
from tortoise.exceptions import IntegrityError

from registry.bookings.models import Booking, Status
from registry.core.errors import Conflict
from registry.rooms.lock import changing
from registry.rooms.models import Room
from tests.conftest import Database
from tests.make import HOUR, NOW, make_booking, make_room

MINUTE = timedelta(minutes=1)

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


async def book(room: Room, from_minute: int, to_minute: int, **fields: object) -> Booking:
    async with changing(room.id):
        return await make_booking(NOW + from_minute * MINUTE, NOW + to_minute * MINUTE, room=room, **fields)


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
    booking = await book(room, 600, 660)
    starts_at, ends_at = NOW + from_minute * MINUTE, NOW + to_minute * MINUTE
    span = {"starts_at": starts_at, "ends_at": ends_at, "blocked_from": starts_at, "blocked_to": ends_at}

    async def move() -> None:
        async with changing(room.id):
            await Booking.filter(id=booking.id).update(**span)

    if fits:
        await move()
    else:
        with pytest.raises(Conflict):
            await move()
    assert ((await Booking.get(id=booking.id)).starts_at == starts_at) is fits


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
