"""How a series repeats, in words."""

import pytest

from registry.bookings.models import Series
from registry.bookings.recurrence import Occurrence
from registry.bookings.series_rules import DateLine
from registry.core.errors import Conflict
from tests.make import NOW
from web.kit.i18n import Formats
from web.series.words import SeriesWords

ENGLISH, POLISH = (SeriesWords(language, Formats(language, "Europe/Warsaw")) for language in ("en", "pl"))


@pytest.mark.parametrize(
    ("rule", "english", "polish"),
    [
        ("", "on single dates", "w pojedyncze dni"),
        ("FREQ=DAILY;COUNT=3", "daily", "codziennie"),
        ("FREQ=DAILY;INTERVAL=2;COUNT=3", "every 2 days", "co 2 dni"),
        ("FREQ=WEEKLY;BYDAY=TU,TH;COUNT=3", "weekly: Tuesday, Thursday", "co tydzień: wtorek, czwartek"),
        ("FREQ=WEEKLY;INTERVAL=5;COUNT=3", "every 5 weeks", "co 5 tygodni"),
        ("FREQ=MONTHLY;BYMONTHDAY=15;COUNT=3", "monthly: day 15 of the month", "co miesiąc: dzień miesiąca: 15"),
        ("FREQ=MONTHLY;INTERVAL=2;BYDAY=2TU;COUNT=3", "every 2 months: 2. Tuesday", "co 2 miesiące: 2. wtorek"),
        ("FREQ=MONTHLY;BYDAY=-1FR;COUNT=3", "monthly: the last Friday", "co miesiąc: ostatni piątek"),
        ("FREQ=YEARLY;COUNT=3", "yearly", "co rok"),
        # what says more than that stands as it is
        ("FREQ=YEARLY;BYMONTH=3;BYMONTHDAY=5;COUNT=3", "", ""),
        ("FREQ=YEARLY;BYMONTHDAY=5;COUNT=3", "", ""),
        ("FREQ=MONTHLY;BYDAY=1TU,3TU;COUNT=3", "", ""),
        ("FREQ=MONTHLY;BYMONTHDAY=1,15;COUNT=3", "", ""),
    ],
)
def test_a_rule_in_words(rule: str, english: str, polish: str) -> None:
    series = Series(rule=rule, start="2026-12-01T09:00", minutes=90)
    assert ENGLISH.rule(series) == (english or rule)
    assert POLISH.rule(series) == (polish or rule)
    assert POLISH.hours(series) == "09:00–10:30"


def test_what_is_said_of_a_date() -> None:
    line = DateLine(Occurrence(NOW.replace(tzinfo=None), NOW, NOW), None)  # type: ignore[arg-type]  # nobody asks
    assert ENGLISH.date_state(line) == ("free", "ok", "check")
    twice = DateLine(line.occurrence._replace(is_twice=True), line.request)
    assert ENGLISH.date_state(twice)[0] == "free; this hour happens twice, and the first is meant"
    day_off = DateLine(line.occurrence, line.request, is_day_off=True)
    assert ENGLISH.date_state(day_off) == ("free, but it is a day off", "warn", "alert-triangle")
    closed = DateLine(line.occurrence, line.request, Conflict("room.closed", room="M-1"))
    assert ENGLISH.obstacle(closed, None).startswith("M-1")
    assert ENGLISH.obstacle(line, None) == ""


def test_what_was_not_booked() -> None:
    series = Series(skipped={"2026-12-08T09:00": "booking.overlap", "2026-12-01T09:00": "booking.approval_late"})
    assert [why for _, why in ENGLISH.skipped(series)] == ["the room's rules do not allow it", "taken"]
    assert POLISH.skipped(series)[0][0].endswith("1.12.2026")
