"""What a feed holds of a booking, and the secret in its address. Pure."""

import hashlib
import hmac
from collections.abc import Collection
from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from registry.bookings.projections import BookingRow, BusySpan, Viewer, VisibleBooking, project, seen_as
from registry.rooms.models import HELP_POINT, Visibility

AT_MOST = 50  # feeds of one person
BEHIND, AHEAD = timedelta(days=92), timedelta(days=400)
_FOR = "izba calendar feed"


class FeedEvent(NamedTuple):
    """One event. ``uid`` is the booking's id where its reader may know which booking it is; else nothing leads back
    from it. ``place`` is empty where the room's class lets no name out. ``changed_at`` and ``sequence`` say to a
    program which of two is newer.
    """

    uid: str
    booking: VisibleBooking
    place: str
    changed_at: datetime
    sequence: int


class FeedDuty(NamedTuple):
    """A duty of the feed's own person. ``place`` as in :class:`FeedEvent`."""

    uid: str
    name: str
    place: str
    starts_at: datetime
    ends_at: datetime


def secret_of(key: str, feed_id: UUID) -> str:
    """The secret of a feed's address: 32 letters and digits that nobody guesses, the same each time. Another server
    key makes others; who reads by an old one goes on, because only their digest is compared.
    """
    return hmac.new(key.encode(), f"{_FOR} {feed_id}".encode(), hashlib.sha256).hexdigest()[:32]


def digest_of(secret: str) -> str:
    """What is stored of a secret."""
    return hashlib.sha256(secret.encode()).hexdigest()


def window(now: datetime) -> tuple[datetime, datetime]:
    """From when until when a feed tells: whole days, so that it is the same all day long."""
    day = now.replace(hour=0, minute=0, second=0, microsecond=0)
    return day - BEHIND, day + AHEAD


def event_of(
    row: BookingRow, created_at: datetime, room: str, place: str, visibility: Visibility, viewer: Viewer, salt: str
) -> FeedEvent | None:
    """A booking as a feed may tell it. What leaves the house of a Help Point room is that it is taken, to whoever asks:
    not even who sees the rest here carries it about in a phone. Of a hidden room nothing leaves.
    """
    booking = project(row, room, visibility, viewer)
    if booking is None or visibility is Visibility.HIDDEN:
        return None
    if seen_as(visibility, row.kind) in HELP_POINT:  # a visit stays one in a room that was opened since
        # no moment and no number of it: they would tell when somebody was expected, and that they came
        return FeedEvent(_opaque(row, salt), BusySpan(room, row.starts_at, row.ends_at), "", row.starts_at, 0)
    uid = str(row.id) if hasattr(booking, "id") else _opaque(row, salt)
    return FeedEvent(uid, booking, place, created_at, row.revision - 1)


def _opaque(row: BookingRow, salt: str) -> str:
    return hashlib.sha256(f"{salt} {row.id}".encode()).hexdigest()[:32]


def etag_of(parts: Collection[object]) -> str:
    """The same as long as the parts are; nothing leads back to them."""
    return hashlib.sha256(repr(parts).encode()).hexdigest()[:32]
