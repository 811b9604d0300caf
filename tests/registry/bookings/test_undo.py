"""What was cancelled or ended by mistake is had back for ten minutes where its time is still free, on both."""

from datetime import timedelta

import pytest

from registry.bookings.actions import book, cancel, end, undo_release
from registry.bookings.models import Booking, Status
from registry.core.errors import Forbidden
from registry.core.history import HistoryEntry
from tests.make import HOUR, NOW, make_booking, make_people, make_room
from tests.registry.bookings.test_actions import ACTOR, MINUTE, refused, wish

pytestmark = [pytest.mark.anyio, pytest.mark.usefixtures("database")]


async def test_a_cancellation_is_undone_within_ten_minutes():
    alice, _, charlie = await make_people()
    booking = await book(wish(await make_room(setup_minutes=5), title="Narada"), alice, ACTOR, NOW)
    await cancel(booking.id, alice, ACTOR, NOW)
    assert isinstance(await refused(undo_release(booking.id, charlie, ACTOR, NOW + MINUTE)), Forbidden)
    assert (await refused(undo_release(booking.id, alice, ACTOR, NOW + 11 * MINUTE))).code == "booking.undo_late"
    await undo_release(booking.id, alice, ACTOR, NOW + 9 * MINUTE)
    back = await Booking.get(id=booking.id)
    assert (back.status, back.title, back.starts_at) == (Status.CONFIRMED, "Narada", booking.starts_at)
    assert (await refused(undo_release(booking.id, alice, ACTOR, NOW + 9 * MINUTE))).code == "booking.state"
    entries = await HistoryEntry.filter(object=f"booking:{booking.id}").order_by("seq")
    assert [entry.action for entry in entries] == ["booked", "cancelled", "cancel_undone"]
    await cancel(booking.id, alice, ACTOR, NOW + 10 * MINUTE)
    await undo_release(booking.id, alice, ACTOR, NOW + 19 * MINUTE)


async def test_a_cancellation_whose_time_somebody_took_stays():
    alice, _, charlie = await make_people()
    room = await make_room()
    booking = await book(wish(room), alice, ACTOR, NOW)
    await cancel(booking.id, alice, ACTOR, NOW)
    await book(wish(room, start=90), charlie, ACTOR, NOW + MINUTE)
    assert (await refused(undo_release(booking.id, alice, ACTOR, NOW + 2 * MINUTE))).code == "booking.overlap"
    assert (await Booking.get(id=booking.id)).status is Status.CANCELLED


async def test_a_cancellation_is_not_undone_when_its_time_is_over():
    alice, *_ = await make_people()
    booking = await make_booking(NOW - timedelta(minutes=55), NOW + 5 * MINUTE, room=await make_room(), organizer=alice)
    await cancel(booking.id, alice, ACTOR, NOW)
    assert (await refused(undo_release(booking.id, alice, ACTOR, NOW + 6 * MINUTE))).code == "booking.undo_late"


async def test_an_end_by_mistake_is_taken_back():
    alice, *_ = await make_people()
    booking = await make_booking(
        NOW - 10 * MINUTE, NOW + HOUR, room=await make_room(), organizer=alice, status=Status.CHECKED_IN
    )
    await end(booking.id, alice, ACTOR, NOW)
    await undo_release(booking.id, alice, ACTOR, NOW + 9 * MINUTE)
    back = await Booking.get(id=booking.id)
    assert (back.status, back.ends_at) == (Status.CHECKED_IN, NOW + HOUR)
