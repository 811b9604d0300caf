"""What a week of hours may be, and what a day is, as tables."""

from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from registry.core.errors import Invalid
from registry.opening import rules
from registry.opening.queries import holiday_names
from registry.opening.rules import DayKind, NewProfile
from registry.rooms.hours import Hours, Span, opening_spans

MONDAY = Span(0, 480, 960)
SUMMER = (date(2027, 7, 1), date(2027, 8, 31))


@pytest.mark.parametrize(
    ("fields", "codes"),
    [
        ({}, []),
        ({"spans": ()}, []),
        ({"code": ""}, ["opening.bad_code"]),
        ({"code": "a b"}, ["opening.bad_code"]),
        ({"name": "x" * 121}, ["request.bad_field"]),
        ({"spans": (MONDAY,) * 201}, ["opening.too_many"]),
        ({"name": "a\x00b"}, ["request.bad_field"]),
        ({"spans": (MONDAY, *(Span(0, 480, 960, date(2027, month, 1)) for month in range(1, 12)))}, []),
        (
            {"spans": tuple(Span(0, 480, 960, date(2027, month, 1)) for month in range(1, 13))},
            ["opening.too_many_periods"],
        ),
        ({"spans": (Span(0, 960, 480),)}, ["opening.closes_first"]),
        ({"spans": (Span(0, 480, 480),)}, ["opening.closes_first"]),
        ({"spans": (Span(0, 0, 1440),)}, []),
        ({"spans": (Span(0, 0, 1441),)}, ["opening.closes_first"]),
        ({"spans": (Span(7, 0, 60),)}, ["opening.bad_weekday"]),
        ({"spans": (Span(0, 0, 60, SUMMER[1], SUMMER[0]),)}, ["opening.bad_period"]),
    ],
)
def test_faults_of_a_week(fields: dict[str, Any], codes: list[str]) -> None:
    new = NewProfile(**{"code": "office", "spans": (MONDAY,)} | fields)
    assert [fault.code for fault in rules.profile_faults(new)] == codes


def test_a_week_and_the_name_of_a_day_are_stored_clean_or_refused() -> None:
    assert rules.checked(NewProfile(" office ", (MONDAY, MONDAY), "Urząd  miasta")) == NewProfile(
        "office", (MONDAY,), "Urząd miasta"
    )
    with pytest.raises(Invalid, match="longer than"):
        rules.checked(NewProfile("office", (), "x" * 121))
    assert rules.name_of_day(" po  święcie ") == "po święcie"
    for name in (" ", "x" * 121, "a\x00b"):
        with pytest.raises(Invalid) as refused:
            rules.name_of_day(name)
        assert refused.value.code == "site.no_name_of_day"


def test_spans_that_touch_are_one_within_their_day_and_period() -> None:
    summer = Span(0, 480, 600, *SUMMER)
    spans = [Span(0, 600, 960), Span(0, 480, 600), Span(1, 480, 600), summer, Span(0, 500, 550)]
    assert rules.merged(spans) == (MONDAY, Span(1, 480, 600), summer)


def test_a_period_goes_before_the_week_without_dates() -> None:
    hours = Hours(ZoneInfo("Europe/Warsaw"), (MONDAY, Span(1, 480, 960), Span(0, 540, 600, *SUMMER)))
    spans = [opening_spans(hours, date(2027, 7, 5)), opening_spans(hours, date(2027, 7, 6))]
    assert [len(day) for day in spans] == [1, 0]
    assert (spans[0][0][1] - spans[0][0][0]).seconds == 3600
    assert opening_spans(hours, date(2027, 9, 7)) != []


def test_the_days_of_a_year() -> None:
    names = holiday_names(2027, "pl")
    days = rules.year_days(
        2027, names, {date(2027, 5, 28): (False, "po Bożym Ciele"), date(2027, 5, 8): (True, "za 1.5")}
    )
    assert len(days) == 365
    kinds = {day.day: day.kind for day in days}
    assert kinds[date(2027, 1, 1)] is DayKind.HOLIDAY
    assert kinds[date(2027, 5, 28)] is DayKind.CLOSED
    assert kinds[date(2027, 5, 8)] is DayKind.OPEN
    assert kinds[date(2027, 5, 9)] is DayKind.WEEKEND
    assert kinds[date(2027, 5, 10)] is DayKind.USUAL
    differing = rules.differing(days)
    assert {day.kind for day in differing} == {DayKind.HOLIDAY, DayKind.CLOSED, DayKind.OPEN}
    assert len(differing) == len(names) + 2
    assert "New Year's Day" in holiday_names(2027, "en").values()
