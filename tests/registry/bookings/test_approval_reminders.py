"""Since when a booking waits, by its history: a table, no database."""

from typing import Any

import pytest

from registry.bookings.approval_reminders import last_asked_at
from registry.core.history import HistoryEntry
from tests.make import HOUR, NOW

ORGANIZER, BOSS = 10, 20
WAITS = {
    "room": 1, "status": "tentative", "starts_at": (NOW + HOUR).isoformat(), "ends_at": (NOW + 3 * HOUR).isoformat(),
}  # fmt: skip
LATER, EARLIER = {"ends_at": (NOW + 4 * HOUR).isoformat()}, {"starts_at": NOW.isoformat()}
SHORTER = {"starts_at": (NOW + 1.5 * HOUR).isoformat(), "ends_at": (NOW + 2 * HOUR).isoformat()}


def entry(before: dict[str, Any], after: dict[str, Any], person_id: int = ORGANIZER, hours: float = 0) -> HistoryEntry:
    return HistoryEntry(at=NOW + hours * HOUR, person_id=person_id, before=WAITS | before, after=WAITS | after)


@pytest.mark.parametrize(
    ("before", "after", "by", "is_asked"),
    [
        ({"status": "confirmed"}, {}, BOSS, True),
        ({"status": "rejected"}, {}, ORGANIZER, True),
        ({}, LATER, ORGANIZER, True),
        ({}, EARLIER, ORGANIZER, True),
        ({}, {"room": 2}, ORGANIZER, True),
        ({}, LATER, BOSS, False),
        ({}, SHORTER, ORGANIZER, False),
        ({}, {"title": "Inna"}, ORGANIZER, False),
        ({}, {"status": "confirmed"}, BOSS, False),
    ],
)
def test_a_booking_waits_since_it_was_last_asked_for(before, after, by, is_asked):
    assert last_asked_at(NOW - HOUR, ORGANIZER, [entry(before, after, by)]) == (NOW if is_asked else NOW - HOUR)


def test_the_newest_request_counts():
    entries = [entry({}, {"title": "Inna"}, hours=3), entry({}, LATER, hours=2), entry({}, EARLIER, hours=1)]
    assert last_asked_at(NOW, ORGANIZER, entries) == NOW + 2 * HOUR
