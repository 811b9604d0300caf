"""What the day view keeps: bounded by the bookings in it, however many days are asked for."""

from datetime import date
from types import SimpleNamespace
from typing import Any
from zoneinfo import ZoneInfo

from web.api import availability
from web.api.availability import Days, KeptDays

DAY = date(2026, 11, 26)


def days(bookings: int) -> Days:
    rows: list[Any] = [SimpleNamespace(organizer_id=1, institution_id=1)] * bookings
    room: Any = SimpleNamespace(code="R")
    return Days(room, ZoneInfo("UTC"), 1, 0.0, b"{", rows, b"[]")


def test_the_longest_unused_leave_when_there_are_too_many_bookings(monkeypatch: Any) -> None:
    monkeypatch.setattr(availability, "AT_MOST", 100)
    kept = KeptDays()
    for number in range(50):
        kept.keep((number, DAY), days(9))
        kept.fresh((0, DAY), 1, 0.0)
    assert len(kept) == 10
    assert (0, DAY) in kept
    assert kept.weight == 100


def test_the_same_days_again_count_once() -> None:
    kept = KeptDays()
    for _ in range(5):
        kept.keep((1, DAY), days(9))
    assert (len(kept), kept.weight) == (1, 10)


def test_one_that_is_too_large_is_told_and_not_kept(monkeypatch: Any) -> None:
    monkeypatch.setattr(availability, "AT_MOST", 100)
    kept = KeptDays()
    assert kept.keep((1, DAY), days(500)).rows
    assert (len(kept), kept.weight) == (0, 0)
