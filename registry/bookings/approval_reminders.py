"""Who was asked and has not answered is reminded a day before the booking begins, and two hours before.

What holds now is looked at, so it does not matter how often, by how many processes, or how late.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from registry.bookings.awaiting import answerers_of, waiting_ids
from registry.bookings.models import Booking, Status
from registry.bookings.notices import requests_of
from registry.core.history import SYSTEM, HistoryEntry, entries_by_thing
from registry.outbox.actions import remind

HOUR = timedelta(hours=1)
BEFORE = (24 * HOUR, 2 * HOUR)
FRESH = HOUR  # who was asked a moment ago needs no reminder
ASKS = ("changed", "answer_undone")  # after which a booking may wait anew, as the history calls them


def due_reminder(asked_at: datetime, starts_at: datetime, now: datetime) -> timedelta | None:
    """How long before the start the reminder is that is due now; None where none is."""
    before = min((one for one in BEFORE if now >= starts_at - one), default=None)
    if before is None or now >= starts_at or asked_at > starts_at - before - FRESH:
        return None
    return before


def last_asked_at(created_at: datetime, organizer_id: int | None, entries: Sequence[HistoryEntry]) -> datetime:
    """When a booking that waits was last asked for, by what its history says of ASKS, the newest first."""
    return next((entry.at for entry in entries if _asks(entry, organizer_id)), created_at)


def _asks(entry: HistoryEntry, organizer_id: int | None) -> bool:
    """Whether a booking waits anew since: it did not before, or its organizer took another room or time. Whoever else
    moves what waits may answer it, and asks nobody.
    """
    before, after = entry.before or {}, entry.after or {}
    if after.get("status") != Status.TENTATIVE:
        return False
    return before.get("status") != Status.TENTATIVE or entry.person_id == organizer_id and not _holds(before, after)


def _holds(before: Mapping[str, Any], after: Mapping[str, Any]) -> bool:
    """Whether what a booking was holds all that it is."""
    (earliest, starts_at), (latest, ends_at) = (
        [datetime.fromisoformat(one[end]) for one in (before, after)] for end in ("starts_at", "ends_at")
    )
    return before["room"] == after["room"] and earliest <= starts_at and ends_at <= latest


async def remind_approvers(now: datetime) -> int:
    """Tell those who are asked what still awaits their answer. Returns how many notices were written."""
    ids = await waiting_ids(now, now + max(BEFORE))
    waiting = await Booking.filter(id__in=ids).select_related("room") if ids else []
    # whose first request is fresh needs no look at what became of it since
    waiting = [one for one in waiting if due_reminder(one.created_at, one.starts_at, now)]
    entries = await entries_by_thing([f"booking:{one.id}" for one in waiting], ASKS) if waiting else {}
    due = []
    for booking in waiting:
        since = last_asked_at(booking.created_at, booking.organizer_id, entries.get(f"booking:{booking.id}", ()))
        before = due_reminder(since, booking.starts_at, now)
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
