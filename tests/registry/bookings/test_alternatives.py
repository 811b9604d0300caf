"""What stands in the way of a booking, asked by an index, however many bookings there are."""

from datetime import timedelta

import pytest
from tortoise.connection import get_connections

from registry.bookings.models import Booking, Status
from registry.bookings.queries import NEAREST, NOBODY, is_taken
from registry.bookings.taken import HOLDS, NEXT_SPANS, taken_question, taken_rooms
from registry.rooms.models import Room
from tests.make import HOUR, NOW, make_booking, make_building, make_room
from tests.statements import plan

pytestmark = [pytest.mark.anyio, pytest.mark.usefixtures("database")]
DAY, MINUTE = timedelta(days=1), timedelta(minutes=1)
# a booking's span and what it blocks before and after it, in minutes, and whether it is in the way of [60, 120)
CASES = [
    ((60, 120), (0, 0), {}, True),
    ((0, 60), (0, 0), {}, False),
    ((120, 180), (0, 0), {}, False),
    ((0, 60), (0, 15), {}, True),
    ((120, 180), (15, 0), {}, True),
    ((0, 600), (0, 0), {}, True),
    ((-20 * 24 * 60, 90), (0, 0), {"kind": "block"}, True),
    ((90, 100), (0, 0), {"status": Status.CANCELLED}, False),
    ((90, 100), (0, 0), {"status": Status.REJECTED}, False),
    ((90, 100), (0, 0), {"status": Status.ENDED}, True),
    ((-60, -30), (0, 0), {"status": Status.RELEASED}, False),
]


@pytest.mark.parametrize(("span", "around", "more", "is_in_the_way"), CASES)
async def test_what_is_in_the_way(span, around, more, is_in_the_way):
    room, free = await make_room(), await make_room()
    starts_at, ends_at = (NOW + minute * MINUTE for minute in span)
    blocked = {"blocked_from": starts_at - around[0] * MINUTE, "blocked_to": ends_at + around[1] * MINUTE}
    await make_booking(starts_at, ends_at, room=room, **blocked, **more)
    request_span = NOW + HOUR, NOW + 2 * HOUR
    assert await taken_rooms([room, free], *request_span) == ({room.id} if is_in_the_way else set())
    assert await is_taken(room.id, *request_span) is is_in_the_way
    assert not await is_taken(free.id, *request_span)


def question(name, dialect):
    if name == "taken rooms":
        return taken_question({1: (NOW, NOW + HOUR), 2: (NOW, NOW + HOUR)}, dialect)
    return {
        "one room": (NEAREST, [1, NOW, str(NOBODY), NOW + HOUR]),
        "a room's spans": (HOLDS, [1, NOW, NEXT_SPANS]),
    }[name]


@pytest.mark.parametrize("name", ["taken rooms", "one room", "a room's spans"])
async def test_the_index_answers(name, database):
    query, values = question(name, database.dialect)
    answer = await plan(query, values)
    assert "booking_holds" in answer, answer
    assert "SCAN booking" not in answer, answer
    assert "Seq Scan on booking" not in answer, answer


async def test_it_reads_one_booking_of_each_room_among_many():
    """A plan that is right and still walks through a year's bookings would show here."""
    building = await make_building()
    rooms = [await make_room(building=building) for _ in range(3)]
    times = [NOW + number * HOUR for number in range(-2000, 2000)]
    bookings = [
        Booking(
            room_id=room.id, starts_at=at, ends_at=at + 30 * MINUTE, blocked_from=at, blocked_to=at + 30 * MINUTE,
            planned_ends_at=at + 30 * MINUTE, created_at=NOW,
        )
        for room in rooms for at in times
    ]  # fmt: skip
    await Booking.bulk_create(bookings, batch_size=500)
    connection = get_connections().get("default")
    dialect = connection.capabilities.dialect
    statement = taken_question({room.id: (NOW, NOW + 30 * MINUTE) for room in rooms}, dialect)
    if dialect == "sqlite":
        steps = 0

        def count() -> int:
            nonlocal steps
            steps += 1
            return 0

        await connection._connection._execute(connection._connection._conn.set_progress_handler, count, 1)
        await connection.execute_query(*statement)
        await connection._connection._execute(connection._connection._conn.set_progress_handler, None, 1)
        assert 0 < steps < 300, "instructions of SQLite's machine, some 40 for each room"
    else:
        await connection.execute_query("ANALYZE booking")
        rows = await connection.execute_query_dict(f"EXPLAIN (ANALYZE, FORMAT TEXT) {statement[0]}", statement[1])
        answer = "\n".join(row["QUERY PLAN"] for row in rows)
        assert "booking_holds" in answer, answer
        assert "Rows Removed" not in answer.split("SubPlan")[-1], answer
    assert await taken_rooms(rooms, NOW, NOW + 30 * MINUTE) == set(await Room.all().values_list("id", flat=True))
