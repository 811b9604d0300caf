"""Opening hours in the office's own time."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from registry.rooms.hours import (
    Hours,
    Span,
    is_open_throughout,
    local_instant,
    next_opening,
    open_span_at,
    opening_spans,
)
from registry.rooms.queries import public_holidays

WARSAW = ZoneInfo("Europe/Warsaw")
WEEK = tuple(Span(weekday, 8 * 60, 16 * 60) for weekday in range(5))
HOURS = Hours(WARSAW, WEEK, closed_on=frozenset({date(2026, 11, 11)}), open_on=frozenset({date(2026, 11, 14)}))


def at(text):
    return datetime.fromisoformat(text).astimezone(UTC)


def test_a_weekday_a_weekend_a_holiday_and_a_swapped_saturday():
    assert opening_spans(HOURS, date(2026, 11, 26)) == [(at("2026-11-26T08:00+01:00"), at("2026-11-26T16:00+01:00"))]
    assert opening_spans(HOURS, date(2026, 11, 28)) == []
    assert opening_spans(HOURS, date(2026, 11, 11)) == []
    assert opening_spans(HOURS, date(2026, 11, 14)) == [(at("2026-11-14T08:00+01:00"), at("2026-11-14T16:00+01:00"))]


def test_without_hours_it_is_always_open():
    always = Hours(WARSAW)
    assert open_span_at(always, at("2026-11-28T03:00+01:00")) is not None
    assert is_open_throughout(always, at("2026-11-27T22:00+01:00"), at("2026-11-29T06:00+01:00"))


def test_the_days_of_the_change_have_23_and_25_hours():
    for day, hours in ((date(2027, 3, 28), 23), (date(2026, 10, 25), 25)):
        ((opens, closes),) = opening_spans(Hours(WARSAW), day)
        assert closes - opens == timedelta(hours=hours)


def test_a_gap_shifts_forward():
    assert local_instant(date(2027, 3, 28), 150, WARSAW) == at("2027-03-28T03:30+02:00")


def test_when_it_opens_and_closes():
    assert open_span_at(HOURS, at("2026-11-26T12:00+01:00"))[1] == at("2026-11-26T16:00+01:00")
    assert open_span_at(HOURS, at("2026-11-26T16:00+01:00")) is None
    assert next_opening(HOURS, at("2026-11-27T17:00+01:00")) == at("2026-11-30T08:00+01:00")
    assert (
        next_opening(Hours(WARSAW, (Span(0, 0, 60, valid_to=date(2020, 1, 1)),)), at("2026-11-27T17:00+01:00")) is None
    )


def test_a_booking_over_the_closing_time_is_not_inside():
    assert is_open_throughout(HOURS, at("2026-11-26T15:00+01:00"), at("2026-11-26T16:00+01:00"))
    assert not is_open_throughout(HOURS, at("2026-11-26T15:00+01:00"), at("2026-11-26T16:30+01:00"))


def test_the_days_off_of_poland():
    assert len(public_holidays(2024, 2024)) == 13
    assert len(public_holidays(2026, 2026)) == 14
    assert date(2025, 12, 24) in public_holidays(2025, 2025)
    assert date(2024, 12, 24) not in public_holidays(2024, 2024)
