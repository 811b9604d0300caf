"""What a booking needs of its room stopped working, or works again: its organizer is told, once each time.

Nothing says so as it happens, for a thing is far below a booking. What holds now is compared with what was told last,
so it does not matter how often, by how many processes, or how late it is looked at.
"""

from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from uuid import UUID

from tortoise.expressions import Q

from registry.assets.queries import readiness_of
from registry.bookings.models import Booking
from registry.bookings.notices import facts_of
from registry.bookings.state import HELD
from registry.core import history
from registry.core.statements import ask
from registry.outbox.actions import NewNotice, remind
from registry.outbox.queries import newest_by_event

AHEAD = timedelta(days=7)
LATELY = 3 * AHEAD  # of a booking of these days nothing was told before, unless it was moved from afar
LOST, REGAINED = "readiness.lost", "readiness.regained"
# where something can be missed, and what was said to miss something: its room may have no standard any more
_SUBJECTS = """SELECT 'room:' || room_id AS subject FROM standard_item
    UNION SELECT thing FROM notice WHERE kind = ? AND at >= ?"""

Need = tuple[Booking, str]  # a booking and a feature that it needs
Newest = dict[tuple[int, str], tuple[str, int]]


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
    needs = [(booking, feature) for booking in bookings for feature in booking.needs]
    news = _news(needs, broken, await _newest(needs, now - LATELY))
    if news:  # seldom: then all that was ever told of it is looked at, or of two notices one would not leave
        needs = [need for need, _ in news]
        news = _news(needs, broken, await _newest(needs, None))
    return await remind([notice for _, notice in news], now)


async def _newest(needs: Sequence[Need], since: datetime | None) -> Newest:
    people = {booking.organizer_id for booking, _ in needs if booking.organizer_id}
    return await newest_by_event({_event(booking, feature) for booking, feature in needs}, people, since)


def _news(needs: Sequence[Need], broken: Mapping[int, Collection[str]], former: Newest) -> list[tuple[Need, NewNotice]]:
    """What is to be told of these needs, by the room's id what is broken there."""
    lines = [
        ((booking, feature), _notice(booking, feature, broken[booking.room_id], former)) for booking, feature in needs
    ]
    return [(need, notice) for need, notice in lines if notice is not None]


async def _bookings_with_needs(now: datetime) -> Sequence[Booking]:
    statuses = [str(status) for status in HELD]
    subjects = [row["subject"].partition(":") for row in await ask(_SUBJECTS, [LOST, (now - LATELY).astimezone(UTC)])]
    room_ids = [int(name) for kind, _, name in subjects if kind == "room"]
    booking_ids = [UUID(name) for kind, _, name in subjects if kind == "booking"]
    if not subjects:
        return []
    among = [Q(room_id__in=room_ids)] * bool(room_ids) + [Q(id__in=booking_ids)] * bool(booking_ids)
    ahead = Booking.filter(
        Q(*among, join_type=Q.OR),
        starts_at__gt=now - AHEAD,
        starts_at__lt=now + AHEAD,
        ends_at__gt=now,
        status__in=statuses,
        organizer_id__isnull=False,
    )
    return await ahead.exclude(needs=[]).select_related("room")


def _event(booking: Booking, feature: str) -> str:
    return f"readiness:{booking.id}:{feature}"


def _notice(booking: Booking, feature: str, broken: Collection[str], former: Newest) -> NewNotice | None:
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
