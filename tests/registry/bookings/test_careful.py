"""What goes wrong between two who act at once, and what a rule must not let through by a side door."""

from contextvars import copy_context
from datetime import datetime, timedelta

import pytest

from registry.bookings.actions import BookingChanges, book, cancel, change, check_in, end, extend
from registry.bookings.models import Booking, Status
from registry.bookings.room_snapshot import snapshot_of
from registry.bookings.rules import BookingRequest
from registry.core.errors import Forbidden, Refusal
from registry.core.history import Actor
from registry.people.models import Role
from registry.rooms.lock import changing
from registry.rooms.models import HoursPolicy, Room, Visibility
from tests.make import HOUR, NOW, make_booking, make_institution, make_opening, make_people, make_person, make_room
from tests.registry.core.test_transaction import begun_beside

pytestmark = [pytest.mark.anyio, pytest.mark.usefixtures("database")]
MINUTE = timedelta(minutes=1)
ACTOR = Actor("alice", "test")


async def refused(work):
    with pytest.raises(Refusal) as caught:
        await work
    return caught.value


async def moved_meanwhile(booking, room, other, work):
    """Begin ``work`` while somebody else, who came first, moves the booking to the other room."""
    outside = copy_context()  # a task begun inside the change would be part of it
    async with changing(room.id, other.id):
        late = await begun_beside(work, outside)
        await Booking.filter(id=booking.id).update(room_id=other.id)
    return late


@pytest.mark.parametrize("act", ["end", "rename"])
async def test_what_waited_for_a_booking_that_was_moved_is_stale(act):
    alice, *_ = await make_people()
    room, other = await make_room(), await make_room()
    booking = await make_booking(NOW - HOUR, NOW + HOUR, room=room, organizer=alice, status=Status.CHECKED_IN)
    rename = BookingChanges(title="x")
    work = end(booking.id, alice, ACTOR, NOW) if act == "end" else change(booking.id, rename, alice, ACTOR, NOW)
    late = await moved_meanwhile(booking, room, other, work)
    assert (await refused(late)).code == "request.stale"
    assert (await Booking.get(id=booking.id)).room_id == other.id


async def test_no_institution_in_common_is_none():
    lone = await make_person("lone", institution=None)
    booking = await make_booking(NOW, room=await make_room(check_in=True))
    assert isinstance(await refused(check_in(booking.id, lone, ACTOR, NOW)), Forbidden)


async def test_an_auditor_of_the_same_institution_checks_nothing_in():
    theirs = await make_institution()
    alice = await make_person("alice", institution=theirs)
    auditor = await make_person("auditor", institution=theirs, role=Role.AUDITOR)
    booking = await make_booking(NOW, room=await make_room(check_in=True), organizer=alice, institution=theirs)
    assert isinstance(await refused(check_in(booking.id, auditor, ACTOR, NOW)), Forbidden)


async def test_a_colleague_who_only_knows_that_a_help_point_room_is_taken_checks_nobody_in():
    alice, bob, _ = await make_people()
    room = await make_room(check_in=True, visibility=Visibility.CONFIDENTIAL)
    booking = await make_booking(NOW, room=room, organizer=alice, institution_id=alice.institution_id)
    assert isinstance(await refused(check_in(booking.id, bob, ACTOR, NOW)), Forbidden)


@pytest.mark.parametrize(
    ("act", "status"), [(check_in, Status.CHECKED_IN), (end, Status.ENDED), (cancel, Status.CANCELLED)]
)
async def test_a_stranger_is_refused_even_when_there_is_nothing_to_do(act, status):
    alice, _, charlie = await make_people()
    booking = await make_booking(NOW, organizer=alice, status=status)
    assert isinstance(await refused(act(booking.id, charlie, ACTOR, NOW)), Forbidden)


async def test_a_strict_room_is_not_extended_past_its_hours():
    alice, *_ = await make_people()
    room = await make_room(opening=await make_opening(), hours_policy=HoursPolicy.STRICT)
    closes = NOW + 6 * HOUR  # 16:00 in Warsaw
    booking = await make_booking(closes - HOUR, closes, room=room, organizer=alice)
    for by in (alice, None):
        assert (await refused(extend(booking.id, by, ACTOR, closes - MINUTE))).code == "booking.closed"


async def test_a_running_booking_cannot_be_made_to_have_ended_before():
    alice, *_ = await make_people()
    booking = await make_booking(NOW - HOUR, NOW + HOUR, organizer=alice)
    earlier = BookingChanges(ends_at=NOW - 30 * MINUTE)
    assert (await refused(change(booking.id, earlier, alice, ACTOR, NOW))).code == "booking.too_early"


async def test_a_running_booking_put_off_wants_a_check_in_again():
    alice, *_ = await make_people()
    booking = await make_booking(
        NOW - 5 * MINUTE, NOW + HOUR, organizer=alice, status=Status.CHECKED_IN, checked_in_at=NOW
    )
    later = await change(booking.id, BookingChanges(starts_at=NOW + HOUR, ends_at=NOW + 2 * HOUR), alice, ACTOR, NOW)
    assert (later.status, later.checked_in_at) == (Status.CONFIRMED, None)


def offers_of(refusal):
    return [
        (offer["room"], datetime.fromisoformat(offer["starts_at"]), offer["reason"])
        for offer in refusal.params["alternatives"]
    ]


async def test_what_is_offered_instead_is_not_what_was_refused():
    alice, *_ = await make_people()
    room = await make_room(opening=await make_opening(), hours_policy=HoursPolicy.STRICT)
    opens = NOW - 2 * HOUR  # 08:00 in Warsaw
    early = BookingRequest(room.code, opens - HOUR, opens)
    refusal = await refused(book(early, alice, ACTOR, opens - 2 * HOUR))
    assert (refusal.code, offers_of(refusal)) == ("booking.closed", [(room.code, opens, "later")])
    evening = BookingRequest(room.code, NOW + 9 * HOUR, NOW + 10 * HOUR)
    refusal = await refused(book(evening, alice, ACTOR, NOW))
    assert (refusal.code, offers_of(refusal)) == ("booking.closed", [])


async def test_a_room_that_is_too_small_is_not_offered_again():
    alice, *_ = await make_people()
    room = await make_room(capacity=4)
    large = await make_room(capacity=20)
    await make_room(capacity=30, opening=await make_opening(opens=1, closes=2), hours_policy=HoursPolicy.STRICT)
    refusal = await refused(book(BookingRequest(room.code, NOW + HOUR, NOW + 2 * HOUR, attendees=9), alice, ACTOR, NOW))
    assert offers_of(refusal) == [(large.code, NOW + HOUR, "other_room")]


async def test_what_was_seen_in_a_change_that_is_undone_is_not_kept():
    """The next change of the room gets the very version that the undone one had."""
    room = await make_room()
    with pytest.raises(ZeroDivisionError):
        async with changing(room.id) as locked:
            await make_booking(NOW, room=room)
            assert len((await snapshot_of(locked.room, NOW)).slots) == 1
            raise ZeroDivisionError
    async with changing(room.id):
        pass
    assert (await snapshot_of(await Room.get(id=room.id), NOW)).slots == []
