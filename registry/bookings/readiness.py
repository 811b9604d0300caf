"""What a booking needs of its room stopped working, or works again: its organizer is told, once each time.

Nothing says so as it happens, for a thing is far below a booking. What holds now is compared with what was told last,
so it does not matter how often, by how many processes, or how late it is looked at.
"""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta

from registry.assets.queries import readiness_of
from registry.bookings.models import Booking
from registry.bookings.notices import facts_of
from registry.bookings.state import HELD
from registry.core import history
from registry.outbox.actions import NewNotice, remind
from registry.outbox.queries import newest_by_event

AHEAD = timedelta(days=7)
LOST, REGAINED = "readiness.lost", "readiness.regained"


async def tell_of_readiness(now: datetime) -> int:
    """Tell the organizers of the bookings of the coming week. Returns how many notices were written."""
    bookings = await _bookings_with_needs(now)
    if not bookings:
        return 0
    readiness_by_room = await readiness_of(sorted({booking.room_id for booking in bookings}))
    broken = {
        room_id: {item.feature for item in readiness.broken if item.feature}
        for room_id, readiness in readiness_by_room.items()
    }
    events = {_event(booking, feature) for booking in bookings for feature in booking.needs}
    former = await newest_by_event(events, {booking.organizer_id for booking in bookings if booking.organizer_id})
    notices = [
        notice
        for booking in bookings
        for feature in booking.needs
        if (notice := _notice(booking, feature, broken[booking.room_id], former)) is not None
    ]
    return await remind(notices, now)


async def _bookings_with_needs(now: datetime) -> Sequence[Booking]:
    statuses = [str(status) for status in HELD]
    ahead = Booking.filter(ends_at__gt=now, starts_at__lt=now + AHEAD, starts_at__gt=now - AHEAD, status__in=statuses)
    return await ahead.filter(organizer_id__isnull=False).exclude(needs=[]).select_related("room")


def _event(booking: Booking, feature: str) -> str:
    return f"readiness:{booking.id}:{feature}"


def _notice(
    booking: Booking, feature: str, broken: Collection[str], former: dict[tuple[int, str], tuple[str, int]]
) -> NewNotice | None:
    """What the organizer is to be told; None where it is as they were told last."""
    organizer_id = booking.organizer_id or 0
    event = _event(booking, feature)
    kind, count = former.get((organizer_id, event), (REGAINED, 0))
    is_lost = feature in broken
    if is_lost is (kind == LOST):
        return None
    facts = facts_of(booking, booking.room, history.SYSTEM)._asdict()
    more = {"feature": feature} if facts.get("room") else {}
    new_kind = LOST if is_lost else REGAINED
    return NewNotice(organizer_id, new_kind, f"{event}:{count + 1}", f"booking:{booking.id}", facts | more)
