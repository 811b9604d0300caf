"""Who was asked and has not answered is reminded a day before the booking begins, and two hours before.

What holds now is looked at, so it does not matter how often, by how many processes, or how late.
"""

from datetime import datetime, timedelta

from registry.bookings.awaiting import answerers_of, waiting_ids
from registry.bookings.models import Booking
from registry.bookings.notices import requests_of
from registry.core.history import SYSTEM
from registry.outbox.actions import remind

HOUR = timedelta(hours=1)
BEFORE = (24 * HOUR, 2 * HOUR)
FRESH = HOUR  # who was asked a moment ago needs no reminder


def due_reminder(created_at: datetime, starts_at: datetime, now: datetime) -> timedelta | None:
    """How long before the start the reminder is that is due now; None where none is."""
    before = min((one for one in BEFORE if now >= starts_at - one), default=None)
    if before is None or now >= starts_at or created_at > starts_at - before - FRESH:
        return None
    return before


async def remind_approvers(now: datetime) -> int:
    """Tell those who are asked what still awaits their answer. Returns how many notices were written."""
    ids, due = await waiting_ids(now, now + max(BEFORE)), []
    for booking in await Booking.filter(id__in=ids).select_related("room") if ids else ():
        before = due_reminder(booking.created_at, booking.starts_at, now)
        if before:
            event = f"approval.due:{booking.id}:{booking.starts_at:%Y%m%dT%H%M}:{before // HOUR}"
            due.append((booking, event))
    if not due:
        return 0
    answerers = await answerers_of([(booking.room, booking.kind) for booking, _ in due])
    notices = [
        notice
        for (booking, event), people in zip(due, answerers, strict=True)
        for notice in requests_of(booking, booking.room, people, SYSTEM, "approval.due", event)
    ]
    return await remind(notices, now)
