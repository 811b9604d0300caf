"""The bookings of a stretch of time, read by hand-written SQL: the same on both databases."""

from datetime import datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from registry.bookings.day_rows import revisions_and_rows, rows_between
from registry.bookings.models import Status
from registry.bookings.projections import BookingRow, Viewer, as_json, project
from registry.people.models import Role
from registry.rooms.models import Visibility
from tests.conftest import Database
from tests.make import HOUR, NOW, make_booking, make_people, make_room

WARSAW = ZoneInfo("Europe/Warsaw")


async def test_a_row_holds_what_the_booking_holds(database: Database) -> None:
    people = await make_people()
    room = await make_room()
    booking = await make_booking(
        NOW, NOW + HOUR, room=room, organizer=people.alice, institution_id=people.alice.institution_id,
        title='Zażółć "gęślą" 日本', needs=["projector", "hearing_loop"], attendees=7, status=Status.RELEASED,
        released_at=NOW + timedelta(microseconds=250), release_reason="no_show", checked_in_at=None,
    )  # fmt: skip
    (row,) = await rows_between([room.id], NOW, NOW + HOUR)
    names = {"organizer": people.alice.login, "organizer_name": people.alice.name}
    for name in BookingRow._fields:
        if name not in (*names, "institution", "public_text", "id"):
            assert getattr(row, name) == getattr(booking, name), name
    assert (row.organizer, row.organizer_name) == tuple(names.values())
    assert row.institution == people.alice.institution.code
    assert UUID(str(row.id)) == booking.id


async def test_a_booking_of_nobody_has_nulls(database: Database) -> None:
    room = await make_room()
    await make_booking(NOW, room=room)
    (row,) = await rows_between([room.id], NOW, NOW + HOUR)
    assert (row.organizer, row.organizer_name, row.institution, row.needs) == (None, None, None, [])


async def test_in_order_of_start_and_only_what_touches(database: Database) -> None:
    rooms = [await make_room(), await make_room()]
    for number, room in enumerate(rooms):
        for hour in (3, 1, 5):
            await make_booking(
                NOW + hour * HOUR + number * HOUR / 2, NOW + (hour + 0.5) * HOUR + number * HOUR / 2, room=room
            )
    rows = await rows_between([room.id for room in rooms], NOW + 1.5 * HOUR, NOW + 5 * HOUR)
    starts = [row.starts_at for row in rows]
    assert starts == sorted(starts) == [NOW + hours * HOUR for hours in (1.5, 3, 3.5)]
    assert await rows_between([], NOW, NOW + HOUR) == []


async def test_a_block_of_weeks_is_found_in_its_middle(database: Database) -> None:
    room = await make_room()
    await make_booking(NOW - 10 * 24 * HOUR, NOW + 10 * 24 * HOUR, room=room, kind="block")
    assert len(await rows_between([room.id], NOW, NOW + HOUR)) == 1


async def test_json_has_the_sites_offset(database: Database) -> None:
    room = await make_room()
    booking = await make_booking(NOW, NOW + HOUR, room=room, needs=["projector"])
    (row,) = await rows_between([room.id], NOW, NOW + HOUR)
    visible = project(row, room.code, Visibility.INTERNAL, Viewer(Role.COORDINATOR))
    assert visible
    values = as_json(visible, WARSAW)
    assert (values["id"], values["needs"], values["checked_in_at"]) == (str(booking.id), ["projector"], None)
    assert values["starts_at"] == "2026-11-26T10:00:00+01:00"
    assert datetime.fromisoformat(values["blocked_to"]) == booking.blocked_to


async def test_revisions_of_many_rooms_and_the_bookings_of_some(database: Database) -> None:
    rooms = [await make_room(revision=3), await make_room(revision=4)]
    for room in rooms:
        await make_booking(NOW, NOW + HOUR, room=room)
    ids, expected = [room.id for room in rooms], {rooms[0].id: 3, rooms[1].id: 4}
    assert await revisions_and_rows(ids, [], NOW, NOW + HOUR) == (expected, [])
    revisions, (row,) = await revisions_and_rows(ids, ids[1:], NOW, NOW + HOUR)
    assert (revisions, row.room_id) == (expected, ids[1])
    assert [row] == await rows_between(ids[1:], NOW, NOW + HOUR)
