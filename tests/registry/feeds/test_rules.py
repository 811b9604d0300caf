"""What a feed holds of a booking, by its room's class and by who looks."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest

from registry.bookings.projections import BookingRow, BusySpan, FullBooking, MeetingSpan, Viewer
from registry.feeds.rules import AHEAD, BEHIND, digest_of, etag_of, event_of, secret_of, window
from registry.people.models import Role
from registry.rooms.models import Visibility
from tests.make import NOW

OWNER, STRANGER, OFFICER = Viewer(Role.MEMBER, 1, 1), Viewer(Role.MEMBER, 2, 2), Viewer(Role.COORDINATOR, 3, 3)


def row(kind: str = "meeting") -> BookingRow:
    values: dict[str, Any] = dict.fromkeys(BookingRow._fields) | {
        "id": uuid4(), "starts_at": NOW, "ends_at": NOW + timedelta(hours=1), "kind": kind,
        "status": "confirmed", "title": "Kanarek", "needs": [], "revision": 4, "organizer_id": 1, "institution_id": 1,
    }  # fmt: skip
    return BookingRow(**values)


@pytest.mark.parametrize("viewer", [OWNER, STRANGER, OFFICER])
def test_of_a_help_point_room_leaves_only_that_it_is_taken_whoever_asks(viewer: Viewer) -> None:
    booking = row()
    event = event_of(booking, NOW - timedelta(days=3), "PP-01", "0.05", Visibility.CONFIDENTIAL, viewer, "salt")
    assert event is not None
    assert event.booking == BusySpan("PP-01", booking.starts_at, booking.ends_at)
    assert (event.place, event.sequence, event.changed_at) == ("", 0, booking.starts_at)
    assert str(booking.id) not in event.uid
    again = event_of(booking, NOW, "PP-01", "0.05", Visibility.CONFIDENTIAL, viewer, "salt")
    assert again == event, "the same event each time"
    other = event_of(booking, NOW, "PP-01", "0.05", Visibility.CONFIDENTIAL, viewer, "of another feed")
    assert other is not None
    assert other.uid != event.uid, "two feeds cannot be laid side by side"
    assert event_of(booking, NOW, "PP-02", "0.06", Visibility.HIDDEN, viewer, "salt") is None
    visit = event_of(row("interview"), NOW, "ZW-01", "31C", Visibility.INTERNAL, viewer, "salt")
    assert visit is not None
    assert (type(visit.booking), visit.place) == (BusySpan, ""), "of a room that was opened since"


@pytest.mark.parametrize(
    ("viewer", "kind", "has_id"),
    [(OWNER, FullBooking, True), (STRANGER, MeetingSpan, False), (OFFICER, FullBooking, True)],
)
def test_of_other_rooms_leaves_what_its_reader_may_see(viewer: Viewer, kind: type, has_id: bool) -> None:
    booking = row()
    event = event_of(booking, NOW, "ZW-01", "31C", Visibility.INTERNAL, viewer, "salt")
    assert event is not None
    assert (type(event.booking), event.place, event.sequence, event.changed_at) == (kind, "31C", 3, NOW)
    assert (event.uid == str(booking.id)) is has_id


def test_a_secret_is_of_its_feed_and_key() -> None:
    feed = uuid4()
    secret = secret_of("k" * 40, feed)
    assert (len(secret), secret) == (32, secret_of("k" * 40, feed))
    assert len({secret, secret_of("l" * 40, feed), secret_of("k" * 40, uuid4())}) == 3
    assert secret not in digest_of(secret)


def test_a_feed_is_the_same_all_day() -> None:
    since, until = window(NOW)
    assert window(NOW.replace(hour=23, minute=59)) == (since, until)
    assert NOW - since > BEHIND
    assert until - NOW <= AHEAD
    assert etag_of([1, "a"]) == etag_of([1, "a"]) != etag_of([1, "b"])
