"""Bookings that an office brings along, as they were held or planned: what is past is taken as it was."""

from collections.abc import Sequence
from datetime import datetime

from registry.bookings.day_rows import TAKING
from registry.bookings.models import Booking
from registry.bookings.projections import as_entry
from registry.bookings.state import HELD
from registry.core import history
from registry.core.history import Actor
from registry.rooms.hours import is_open_throughout
from registry.rooms.lock import changing
from registry.rooms.models import HoursPolicy, Room
from registry.rooms.queries import hours_of


async def record(bookings: Sequence[Booking], rooms: Sequence[Room], actor: Actor, now: datetime) -> list[Booking]:
    """Store these bookings of these rooms, each with its history. What would lie where a room is strictly closed, or
    where somebody has booked, is left out; returns those that were stored.
    """
    by_id = {room.id: room for room in rooms}
    fitting = [booking for booking in bookings if await _fits(booking, by_id[booking.room_id])]
    async with changing():
        await Booking.bulk_create(fitting)
        entries = [(f"booking:{booking.id}", as_entry(booking)) for booking in fitting]
        await history.write_new(entries, "booked", actor, now)
    return fitting


async def is_recorded(source: str, since: datetime, until: datetime) -> bool:
    """Whether a booking of this source begins in [since, until)."""
    return await Booking.filter(starts_at__gte=since, starts_at__lt=until, source=source).exists()


async def is_held(rooms: Sequence[str], since: datetime, until: datetime, *, throughout: bool) -> bool:
    """Whether in one of these rooms a booking that was not given back begins in [since, until), or with ``throughout``
    lasts from the one to the other.
    """
    bookings = Booking.filter(room__code__in=list(rooms), status__in=[str(status) for status in HELD])
    if throughout:
        return await bookings.filter(starts_at__lte=since, ends_at__gte=until).exists()
    return await bookings.filter(starts_at__gte=since, starts_at__lt=until).exists()


async def _fits(booking: Booking, room: Room) -> bool:
    is_strict = room.hours_policy is HoursPolicy.STRICT
    if is_strict and not is_open_throughout(await hours_of(room), booking.starts_at, booking.planned_ends_at):
        return False
    others = Booking.filter(room_id=booking.room_id, status__in=TAKING)
    return not await others.filter(blocked_from__lt=booking.blocked_to, blocked_to__gt=booking.blocked_from).exists()
