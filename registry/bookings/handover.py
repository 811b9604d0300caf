"""Bookings that somebody else takes over: their rooms and times stay."""

from collections.abc import Collection, Sequence
from datetime import datetime
from uuid import UUID

from registry.bookings.models import Booking, Kind, Series
from registry.bookings.notices import tell_organizer
from registry.bookings.projections import viewer_of
from registry.bookings.queries import booking_rooms
from registry.bookings.release import settle_touched
from registry.bookings.rules import BLOCKS, may_book
from registry.core import history
from registry.core.history import Actor
from registry.people.models import Person, Role
from registry.rooms.lock import RoomChange
from registry.rooms.models import Room


async def rooms_that_bar(rooms: Sequence[Room], heir: Person, kinds: Collection[Kind]) -> list[str]:
    """The codes of those of these rooms in which somebody could not have made such bookings."""
    if heir.role is Role.AUDITOR or Kind.BLOCK in kinds and heir.role not in BLOCKS:
        return [room.code for room in rooms]
    of_rules = await booking_rooms(rooms)
    return [room.code for room in rooms if not may_book(of_rules[room.id], viewer_of(heir))]


async def hand_bookings_over(
    bookings: Sequence[Booking], former: Person, heir: Person, change: RoomChange, actor: Actor, now: datetime
) -> None:
    """Make another person the organizer of these bookings, inside the caller's transaction, which has locked their
    rooms; whoever watches these is told.
    """
    for booking in bookings:
        booking.organizer_id, booking.institution_id = heir.id, heir.institution_id
        booking.revision += 1
        await booking.save(update_fields=["organizer_id", "institution_id", "revision"])
        before, after = {"organizer": former.login}, {"organizer": heir.login}
        await history.write(f"booking:{booking.id}", "handed_over", actor, now, before=before, after=after)
        await tell_organizer(change, booking, change.rooms[booking.room_id], "handed_over", actor, now)
    await _hand_series_over({booking.series_id for booking in bookings if booking.series_id}, former, heir, actor, now)
    for room_id in sorted({booking.room_id for booking in bookings}):
        await settle_touched(change, change.rooms[room_id], now)


async def _hand_series_over(
    series_ids: Collection[UUID], former: Person, heir: Person, actor: Actor, now: datetime
) -> None:
    """The series of bookings that were handed over are the heir's too."""
    for series in await Series.filter(id__in=list(series_ids), organizer_id=former.id) if series_ids else ():
        series.organizer_id, series.institution_id = heir.id, heir.institution_id
        series.revision += 1
        await series.save(update_fields=["organizer_id", "institution_id", "revision"])
        before, after = {"organizer": former.login}, {"organizer": heir.login}
        await history.write(f"series:{series.id}", "handed_over", actor, now, before=before, after=after)
