"""A refusal names what stands in the way, with its own times, and a change is judged by what it changes."""

from datetime import datetime, timedelta

import pytest

from registry.bookings.actions import BookingChanges, book, change, check_in, end, undo_release
from registry.bookings.models import Booking, Kind, Status
from registry.bookings.preview import any_free_room, preview
from registry.bookings.rules import BookingRequest
from registry.core.errors import Conflict, Forbidden, NotFound
from registry.core.history import Actor
from registry.people.models import Role
from registry.rooms.models import HoursPolicy, Room, Visibility
from tests.make import (
    HOUR,
    NOW,
    make_booking,
    make_building,
    make_opening,
    make_people,
    make_person,
    make_room,
    refused,
    wish,
)
from tests.statements import Statements

pytestmark = [pytest.mark.anyio, pytest.mark.usefixtures("database")]
MINUTE = timedelta(minutes=1)
ACTOR = Actor("alice", "test")


def spans(refusal):
    return [tuple(datetime.fromisoformat(one[key]) for key in ("starts_at", "ends_at")) for one in refusal]


async def test_a_room_is_offered_only_with_its_own_clean_up():
    """Taken from 11:00 on, and it wants ten minutes before that: 10:15 to 11:00 cannot be had there."""
    alice, *_ = await make_people()
    building = await make_building()
    room, other = [await make_room(building=building, cleanup_minutes=10) for _ in range(2)]
    await book(wish(room, 60, 60), alice, ACTOR, NOW)
    await book(wish(other, 120, 60), alice, ACTOR, NOW)
    refusal = await refused(book(wish(room, 75, 45), alice, ACTOR, NOW))
    assert [one["room"] for one in refusal.params["alternatives"]] == [room.code]
    anywhere = BookingRequest("", NOW + 75 * MINUTE, NOW + 120 * MINUTE)
    assert await any_free_room(anywhere, alice, NOW) is None


async def test_a_refusal_in_a_full_house_asks_little_however_many_rooms_there_are(database, statements: Statements):
    alice, *_ = await make_people()
    building = await make_building()
    rooms = [await make_room(building=building, setup_minutes=number % 2 * 5) for number in range(64)]
    times = {"starts_at": NOW + HOUR, "ends_at": NOW + 2 * HOUR, "planned_ends_at": NOW + 2 * HOUR}
    blocked = {"blocked_from": NOW + HOUR, "blocked_to": NOW + 2 * HOUR, "created_at": NOW}
    await Booking.bulk_create([Booking(room_id=room.id, **times, **blocked) for room in rooms])
    await refused(book(wish(rooms[0], 60, 60), alice, ACTOR, NOW))  # what the caches hold afterwards is not asked again
    before = len(statements)
    with statements.at_most(8):
        refusal = await refused(book(wish(rooms[0], 60, 60), alice, ACTOR, NOW))
    assert [one["reason"] for one in refusal.params["alternatives"]] == ["later"]
    if database.dialect == "sqlite":  # each row is a wait for the interpreter's lock
        assert max(statement.rows for statement in statements[before:]) == 1


async def test_rooms_are_looked_at_until_three_can_be_had():
    """The rooms that come first are free and must not be booked so far ahead."""
    alice, *_ = await make_people()
    building = await make_building()
    room = await make_room(building=building)
    for _ in range(13):
        await make_room(building=building, max_days_ahead=1)
    far = [await make_room(building=building) for _ in range(3)]
    await book(wish(room, 48 * 60, 60), alice, ACTOR, NOW)
    refusal = await refused(book(wish(room, 48 * 60, 60), alice, ACTOR, NOW))
    others = [one["room"] for one in refusal.params["alternatives"] if one["reason"] == "other_room"]
    assert others == [one.code for one in far]


async def test_a_closed_strict_room_is_not_the_free_one():
    alice, *_ = await make_people()
    closed = await make_room(capacity=2, opening=await make_opening(), hours_policy=HoursPolicy.STRICT)
    is_open = await make_room(capacity=20)
    evening = BookingRequest("", NOW + 9 * HOUR, NOW + 10 * HOUR)
    assert (await any_free_room(evening, alice, NOW)).id == is_open.id
    assert closed.capacity < is_open.capacity


async def test_only_the_clean_up_is_in_the_way_and_is_called_so():
    alice, _, charlie = await make_people()
    room = await make_room(cleanup_minutes=10)
    booking = await book(wish(room, 60, 60), alice, ACTOR, NOW)
    for person in (alice, charlie):
        refusal = await refused(book(wish(room, 120, 30), person, ACTOR, NOW))
        assert spans(refusal.params["conflicts"]) == [(booking.starts_at, booking.ends_at)]
        assert datetime.fromisoformat(refusal.params["free_from"]) == NOW + 130 * MINUTE
        assert "over at 12:00; then the room is cleaned up until 12:10. It is free again from 12:10." in str(refusal)


async def test_what_is_in_the_way_is_named_with_its_own_times():
    alice, *_ = await make_people()
    room = await make_room()
    booking = await book(wish(room, 75, 60, title="Other"), alice, ACTOR, NOW)
    refusal = await refused(book(wish(room, 90, 60), alice, ACTOR, NOW))
    (conflict,) = refusal.params["conflicts"]
    assert (conflict["title"], spans([conflict])) == ("Other", [(booking.starts_at, booking.ends_at)])
    assert "It is booked 11:15–12:15. It is free again from 12:15." in str(refusal)


@pytest.mark.parametrize(
    ("setup", "cleanup", "start", "words"),
    [
        (15, 0, 15, "From 10:45 on the room is set up for the booking at 11:00"),
        (0, 15, 15, "The next booking begins at 11:00; before it"),
        (15, 0, 120, "The booking before it is over at 12:00; the room then needs"),
    ],
)
async def test_set_up_and_clean_up_are_named(setup, cleanup, start, words):
    alice, *_ = await make_people()
    room = await make_room(setup_minutes=setup, cleanup_minutes=cleanup)
    await book(wish(room, 60, 60), alice, ACTOR, NOW)
    refusal = await refused(book(wish(room, start, 45), alice, ACTOR, NOW))
    assert len(refusal.params["conflicts"]) == 1
    assert words in str(refusal)


async def test_a_hidden_room_says_nothing_of_what_is_in_the_way():
    """A member may not book it; who may sees it all."""
    alice, *_ = await make_people()
    duty = await make_person("duty", role=Role.DUTY)
    room = await make_room(visibility=Visibility.HIDDEN, cleanup_minutes=10)
    await book(wish(room), duty, ACTOR, NOW)
    assert isinstance(await refused(book(wish(room), alice, ACTOR, NOW)), Forbidden)
    assert "obstacle" in (await refused(book(wish(room), duty, ACTOR, NOW))).params
    outlook = await preview(wish(room), alice, NOW)
    assert not any(refusal.params.get("conflicts") for refusal in outlook.refusals)


async def test_offers_are_what_a_person_would_take():
    """From half past nine to ten at night in a room that closes at eight: not the middle of the night."""
    alice, *_ = await make_people()
    room = await make_room(opening=await make_opening(8 * 60, 20 * 60))
    await book(wish(room, 120, 180), alice, ACTOR, NOW)
    refusal = await refused(book(wish(room, 0, 12 * 60 + 30), alice, ACTOR, NOW))
    assert spans(refusal.params["alternatives"]) == [(NOW, NOW + 2 * HOUR)]


async def test_a_room_that_never_closes_is_not_offered_at_night():
    alice, *_ = await make_people()
    room = await make_room()
    await book(wish(room, 10 * 60, 120), alice, ACTOR, NOW)  # 20:00 to 22:00
    refusal = await refused(book(wish(room, 11 * 60, 60), alice, ACTOR, NOW))
    assert refusal.params["alternatives"] == []


async def test_what_stays_in_a_change_needs_no_new_permission():
    """A coordinator made an exception; its organizer keeps it, and what became of the room's rules is no matter."""
    alice, *_ = await make_people()
    coordinator = await make_person("coordinator", role=Role.COORDINATOR)
    room = await make_room(opening=await make_opening(), hours_policy=HoursPolicy.STRICT, capacity=12)
    evening = wish(room, 7 * 60, 60, organizer="alice", attendees=10, title="Zebranie")
    booking = await book(evening, coordinator, ACTOR, NOW)
    await Room.filter(id=room.id).update(
        capacity=4, max_hours=0, max_days_ahead=0, min_minutes=90, bookable=False, cleanup_minutes=30
    )
    await make_booking(booking.ends_at, room=room)
    changed = await change(booking.id, BookingChanges(title="Zebranie II"), alice, ACTOR, NOW)
    assert (changed.title, changed.attendees) == ("Zebranie II", 10)
    fewer = await change(booking.id, BookingChanges(attendees=8), alice, ACTOR, NOW)
    assert (fewer.attendees, fewer.blocked_to) == (8, fewer.ends_at)
    await Room.filter(id=room.id).update(min_minutes=5)
    shorter = await change(booking.id, BookingChanges(ends_at=booking.ends_at - 30 * MINUTE), alice, ACTOR, NOW)
    assert (shorter.ends_at, shorter.blocked_to) == (booking.ends_at - 30 * MINUTE, booking.ends_at)


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        (BookingChanges(ends_at=NOW + 8 * HOUR + 5 * MINUTE), "booking.closed"),
        (BookingChanges(starts_at=NOW + 6 * HOUR), "booking.closed"),
        (BookingChanges(attendees=11), "booking.over_capacity"),
        (BookingChanges(kind=Kind.CONSULTATION), "booking.bad_kind"),
        (BookingChanges(ends_at=NOW + 7 * HOUR + 4 * MINUTE), "booking.too_short"),
    ],
)
async def test_what_differs_in_a_change_is_judged(changes, code):
    alice, *_ = await make_people()
    coordinator = await make_person("coordinator", role=Role.COORDINATOR)
    room = await make_room(opening=await make_opening(), hours_policy=HoursPolicy.STRICT)
    booking = await book(wish(room, 7 * 60, organizer="alice", attendees=10), coordinator, ACTOR, NOW)
    await Room.filter(id=room.id).update(capacity=4)
    assert (await refused(change(booking.id, changes, alice, ACTOR, NOW))).code == code


async def test_a_form_that_changes_words_only_is_not_refused_either():
    alice, *_ = await make_people()
    coordinator = await make_person("coordinator", role=Role.COORDINATOR)
    room = await make_room(opening=await make_opening(), hours_policy=HoursPolicy.STRICT)
    evening = wish(room, 7 * 60, organizer="alice")
    booking = await Booking.get(id=(await book(evening, coordinator, ACTOR, NOW)).id)
    assert (await preview(wish(room, 7 * 60, title="Nowy"), alice, NOW, booking)).refusals == []
    assert [one.code for one in (await preview(wish(room, 7 * 60), alice, NOW)).refusals] == [
        "booking.closed", "booking.overlap",
    ]  # fmt: skip


async def test_the_number_of_people_can_be_taken_out_again():
    alice, *_ = await make_people()
    room, small = await make_room(), await make_room(capacity=6)
    booking = await book(wish(room, attendees=8), alice, ACTOR, NOW)
    assert (await change(booking.id, BookingChanges(title="x"), alice, ACTOR, NOW)).attendees == 8
    assert (await change(booking.id, BookingChanges(attendees=None), alice, ACTOR, NOW)).attendees is None
    assert (await change(booking.id, BookingChanges(room=small.code), alice, ACTOR, NOW)).room_id == small.id


async def test_a_booking_is_no_obstacle_to_its_own_change():
    alice, *_ = await make_people()
    room = await make_room()
    mine = await book(wish(room, 60, 60), alice, ACTOR, NOW)
    following = await book(wish(room, 120, 60), alice, ACTOR, NOW)
    refusal = await refused(change(mine.id, BookingChanges(ends_at=NOW + 150 * MINUTE), alice, ACTOR, NOW))
    assert [one["id"] for one in refusal.params["conflicts"]] == [str(following.id)]


async def test_a_stranger_learns_nothing_of_a_hidden_booking():
    """The same answer as for an id that there is not, whatever is asked of it."""
    _, _, charlie = await make_people()
    room = await make_room(visibility=Visibility.HIDDEN)
    coming = await make_booking(NOW, room=room, status=Status.CONFIRMED)
    for work in (
        change(coming.id, BookingChanges(room="nowhere"), charlie, ACTOR, NOW),
        change(coming.id, BookingChanges(title="x"), charlie, ACTOR, NOW, if_revision=99),
        check_in(coming.id, charlie, ACTOR, NOW),
        end(coming.id, charlie, ACTOR, NOW),
        undo_release(coming.id, charlie, ACTOR, NOW),
    ):
        refusal = await refused(work)
        assert (type(refusal), refusal.code, refusal.params) == (NotFound, "booking.unknown", {})
    assert isinstance(await refused(book(wish(room), charlie, ACTOR, NOW)), Forbidden | Conflict)
