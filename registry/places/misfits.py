"""Bookings that a change of a room's rules leaves behind: they fitted before and would be refused now. Nobody touches
them; they are named.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise

from tortoise.queryset import QuerySet

from registry.bookings.models import Booking, Kind
from registry.bookings.projections import Viewer
from registry.bookings.rules import BookingRoom, reasons, request_of
from registry.bookings.slot_rows import LONGEST
from registry.bookings.state import HELD
from registry.bookings.walk import in_parts
from registry.core.errors import Conflict, Refusal
from registry.people.models import Role

AT_ONCE = 50
PART = 250  # bookings that are read in one step


@dataclass(frozen=True, slots=True)
class Misfit:
    """A booking that no longer fits, with its organizer and institution fetched, and why not."""

    booking: Booking
    reasons: tuple[Refusal, ...]


async def bookings_ahead(room_id: int, now: datetime) -> list[Booking]:
    """What a room is booked for and not over, in order of start; blocks are not among them."""
    ahead = _ahead(room_id, now).select_related("organizer", "institution")
    return [booking async for part in in_parts(ahead, [room_id], PART, _read) for booking in part]


async def _read(bookings: QuerySet[Booking]) -> list[Booking]:
    return await bookings


async def count_ahead(room_id: int, now: datetime) -> int:
    """How many of these there are."""
    return await _ahead(room_id, now).count()


def _ahead(room_id: int, now: datetime) -> QuerySet[Booking]:
    statuses = [str(status) for status in HELD]
    ahead = Booking.filter(room_id=room_id, ends_at__gt=now, starts_at__gte=now - LONGEST, status__in=statuses)
    return ahead.exclude(kind=Kind.BLOCK)


async def misfits_among(
    bookings: Sequence[Booking], former: BookingRoom, room: BookingRoom, now: datetime
) -> list[Misfit]:
    """Those of a room's bookings, in order of start, that its new rules would refuse and its former would not."""
    crowded = _crowded(bookings, room) - _crowded(bookings, former)
    misfits = []
    for place, booking in enumerate(bookings):
        if place % AT_ONCE == AT_ONCE - 1:
            await asyncio.sleep(0)  # nobody else waits for all of them
        refusals = _new_reasons(booking, former, room, now)
        if booking.id in crowded:
            refusals += (Conflict("booking.no_gap"),)
        if refusals:
            misfits.append(Misfit(booking, refusals))
    return misfits


def _new_reasons(booking: Booking, former: BookingRoom, room: BookingRoom, now: datetime) -> tuple[Refusal, ...]:
    organizer = booking.organizer
    # one that nobody organizes was made at the door
    viewer = Viewer(Role(organizer.role), booking.institution_id, organizer.id) if organizer else Viewer(None)
    request = request_of(booking, room.code)
    codes = {refusal.code for refusal in reasons(request, former, viewer, now, has_started=True)}
    return tuple(
        refusal for refusal in reasons(request, room, viewer, now, has_started=True) if refusal.code not in codes
    )


def _crowded(bookings: Sequence[Booking], room: BookingRoom) -> set[object]:
    """The ids of those that leave the room less time to the next one than its set-up and clean-up take."""
    gap = room.cleanup + room.setup
    return {one.id for one, after in pairwise(bookings) if after.starts_at - one.ends_at < gap}
