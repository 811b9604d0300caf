"""Rules of RFC 5545: read, bounded, and walked on the clock of the wall."""

import json
import time
from datetime import UTC, date, datetime, timedelta
from itertools import islice
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from dateutil.rrule import rrulestr
from hypothesis import given, settings
from hypothesis import strategies as st

from registry.bookings.recurrence import (
    DAYS,
    Recurrence,
    ending_before,
    expand,
    read_rule,
    rule_text,
    walk,
)
from registry.core.errors import Invalid

WARSAW = ZoneInfo("Europe/Warsaw")
HOUR = timedelta(hours=1)


def wall(*parts: int) -> datetime:
    """What the clock on the wall shows."""
    return datetime(*parts)  # type: ignore[misc,arg-type]  # noqa: DTZ001  # naive by what it is, and short in a test


START = wall(2026, 12, 1, 9)  # a Tuesday
EXAMPLES = json.loads((Path(__file__).parents[2] / "data/calendar/rfc5545_rrule_examples.json").read_text())["examples"]


def series(rule: str, start: datetime = START, length: timedelta = HOUR, **more: object) -> Recurrence:
    return Recurrence(start, length, WARSAW, read_rule(rule) if rule else None, **more)  # type: ignore[arg-type]  # a test's


def days(recurrence: Recurrence) -> list[str]:
    return [f"{one.wall:%m-%d}" for one in expand(recurrence) if not one.is_missing]


def refusal(rule: str, start: datetime = START) -> str:
    with pytest.raises(Invalid) as caught:
        expand(series(rule, start))
    return caught.value.code


def _computed(example: dict[str, list[str]], rule: str) -> list[datetime]:
    first, zone = datetime.fromisoformat(str(example["dtstart"])), ZoneInfo(str(example["tzid"]))
    read = read_rule(rule)
    without = {datetime.fromisoformat(text) for text in example["exdate"]}
    if read.count or read.until and len(example["computed_first20"][0]) < 20:
        recurrence = Recurrence(first, HOUR, zone, read, without=frozenset(without))
        return [one.wall for one in expand(recurrence)][:20]
    return [wall for wall in islice(walk(read, first, date(2080, 1, 1)), 21) if wall not in without][:20]


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example["title"][:40])
def test_an_example_of_the_standard(example: dict[str, list[str]]) -> None:
    """Those of hours and minutes are no series of bookings, and refused by name."""
    for rule, computed in zip(example["rrules"], example["computed_first20"], strict=False):
        if any(word in rule for word in ("HOURLY", "MINUTELY")):
            assert refusal(rule) == "series.too_often"
        else:
            assert [f"{wall:%Y-%m-%dT%H:%M}" for wall in _computed(example, rule)] == computed


def test_a_week_has_the_day_of_its_start() -> None:
    assert days(series("FREQ=YEARLY;BYWEEKNO=1,2;COUNT=2")) == ["01-05", "01-12"]


def test_there_are_all_examples() -> None:
    assert len(EXAMPLES) == 39


FEW = st.lists(st.integers(1, 12), min_size=1, max_size=3, unique=True)
MONTH_DAYS = st.lists(st.sampled_from([1, 2, 13, 28, 29, 30, 31, -1, -2, -31]), min_size=1, max_size=3, unique=True)
WEEKDAYS = st.lists(st.sampled_from(DAYS), min_size=1, max_size=4, unique=True)


@st.composite
def rules(draw: st.DrawFn) -> str:
    frequency = draw(st.sampled_from(["DAILY", "WEEKLY", "MONTHLY", "YEARLY"]))
    parts = [f"FREQ={frequency}", f"INTERVAL={draw(st.integers(1, 4))}", f"COUNT={draw(st.integers(1, 25))}"]
    has_positions = False
    if draw(st.booleans()):
        parts.append("BYMONTH=" + ",".join(map(str, draw(FEW))))
    if frequency != "WEEKLY" and draw(st.booleans()):
        parts.append("BYMONTHDAY=" + ",".join(map(str, draw(MONTH_DAYS))))
        has_positions = True
    if draw(st.booleans()):
        weekdays, numbers = draw(WEEKDAYS), [""]
        if frequency in ("MONTHLY", "YEARLY") and draw(st.booleans()):
            numbers = draw(st.lists(st.sampled_from(["1", "2", "5", "-1", "-2"]), min_size=1, max_size=1))
        parts.append("BYDAY=" + ",".join(number + day for day in weekdays for number in numbers))
        has_positions = True
    elif frequency == "YEARLY" and draw(st.booleans()):
        # with a day: without one the library takes all seven, and the standard that of the start
        parts.append(f"BYWEEKNO={draw(st.sampled_from(['1', '20', '53', '-1', '5,6']))};BYDAY=TH")
    elif frequency == "YEARLY" and draw(st.booleans()):
        parts.append(f"BYYEARDAY={draw(st.sampled_from(['1', '100', '366', '-1', '-366']))}")
    if frequency in ("MONTHLY", "YEARLY") and has_positions and draw(st.booleans()):
        parts.append(f"BYSETPOS={draw(st.sampled_from(['1', '-1', '2', '1,-1']))}")
    if draw(st.booleans()):
        parts.append(f"WKST={draw(st.sampled_from(DAYS))}")
    return ";".join(parts)


@settings(max_examples=150, deadline=None, derandomize=True)
@given(rules(), st.dates(date(2024, 1, 1), date(2030, 12, 31)))
def test_a_rule_of_chance_is_walked_as_the_library_walks_it(text: str, day: date) -> None:
    start, rule = wall(day.year, day.month, day.day, 12), read_rule(text)
    last = day + timedelta(days=3000)
    until = wall(last.year, last.month, last.day, 23)
    library = rrulestr(text.replace(f"COUNT={rule.count}", f"UNTIL={until:%Y%m%dT%H%M%S}"), dtstart=start)
    # the library walks a rule without a date to the year 9999: only so many days are asked of it
    walls = list(islice(walk(rule, start, last), 25))
    assert walls == list(islice(library, len(walls)))
    assert read_rule(rule_text(rule)) == rule


def changes_of_the_clock() -> list[datetime]:
    """The last Sundays of March and October, 2024–2035."""
    last_days = [wall(year, month, 31, 9) for year in range(2024, 2036) for month in (3, 10)]
    return [day - timedelta(days=(day.weekday() + 1) % 7) for day in last_days]


@pytest.mark.parametrize("sunday", changes_of_the_clock(), ids=lambda day: f"{day:%Y-%m}")
def test_the_clock_on_the_wall_is_kept_over_a_change(sunday: datetime) -> None:
    for hour in (0, 1, 3, 9, 22):
        start = (sunday - timedelta(days=3)).replace(hour=hour)
        dates = expand(series("FREQ=DAILY;COUNT=7", start, length=1.5 * HOUR))
        assert [one.wall for one in dates] == [start + timedelta(days=many) for many in range(7)]
        for one in dates:
            local_start, local_end = (at.astimezone(WARSAW).replace(tzinfo=None) for at in one[1:3])
            assert local_start == one.wall
            # the end too; of one that ends in the hour that does not exist by the clock that was
            is_in_gap = local_end != one.wall + 1.5 * HOUR
            assert not is_in_gap or (sunday.month == 3 and (one.wall + 1.5 * HOUR).hour == 2)
            assert one.starts_at < one.ends_at


@pytest.mark.parametrize("sunday", changes_of_the_clock(), ids=lambda day: f"{day:%Y-%m}")
def test_the_hour_of_the_change(sunday: datetime) -> None:
    """One that does not exist is left out, and not counted; of one that happens twice the first is meant."""
    start = (sunday - timedelta(days=1)).replace(hour=2, minute=30)
    dates = expand(series("FREQ=DAILY;COUNT=3", start))
    there = [one.wall.day - start.day for one in dates if not one.is_missing]
    changed = next(one for one in dates if one.wall.date() == sunday.date())
    if sunday.month == 3:
        assert changed.is_missing
        assert not changed.is_twice
        assert len(there) == 3
        assert len(dates) == 4
    else:
        assert changed.is_twice
        assert changed.starts_at.astimezone(WARSAW).utcoffset() == timedelta(hours=2)
        assert len(dates) == 3


def test_who_names_an_hour_that_does_not_exist_means_the_clock_that_was() -> None:
    gap = wall(2027, 3, 28, 2, 30)
    (one,) = expand(series("", gap))
    assert (one.is_missing, one.starts_at) == (False, datetime(2027, 3, 28, 1, 30, tzinfo=UTC))


def test_dates_beside_the_rule_and_without() -> None:
    more = (wall(2026, 12, 24, 11), wall(2026, 12, 2, 9))
    assert days(series("FREQ=WEEKLY;COUNT=3", more=more)) == ["12-01", "12-02", "12-08", "12-15", "12-24"]
    without = frozenset({date(2026, 12, 8), wall(2026, 12, 15, 9), wall(2026, 12, 1, 10)})
    assert days(series("FREQ=WEEKLY;COUNT=3", without=without)) == ["12-01"]
    assert days(series("", more=more)) == ["12-01", "12-02", "12-24"]


@pytest.mark.parametrize(
    "rule",
    [
        "FREQ=WEEKLY;UNTIL=20261215",
        "FREQ=WEEKLY;UNTIL=20261215T090000",
        "FREQ=WEEKLY;UNTIL=20261215T080000Z",
        "RRULE:freq=weekly;count=3",
    ],
)
def test_the_last_date_belongs_to_the_rule(rule: str) -> None:
    assert days(series(rule)) == ["12-01", "12-08", "12-15"]


def test_until_a_moment_before() -> None:
    assert days(series("FREQ=WEEKLY;UNTIL=20261215T075959Z")) == ["12-01", "12-08"]
    assert rule_text(read_rule("FREQ=WEEKLY;UNTIL=20261215T075959Z")) == "FREQ=WEEKLY;UNTIL=20261215T075959Z"
    assert rule_text(read_rule("FREQ=WEEKLY;UNTIL=20261215T090000")) == "FREQ=WEEKLY;UNTIL=20261215T090000"


def test_a_rule_that_ends_before_a_day() -> None:
    rule = ending_before(read_rule("FREQ=WEEKLY;COUNT=9;BYDAY=TU"), wall(2026, 12, 15, 9))
    assert rule_text(rule) == "FREQ=WEEKLY;UNTIL=20261215T085900;BYDAY=TU"
    assert rule_text(read_rule("FREQ=WEEKLY;UNTIL=20261214;WKST=SU")) == "FREQ=WEEKLY;UNTIL=20261214;WKST=SU"


@pytest.mark.parametrize(
    ("rule", "code"),
    [
        ("FREQ=SECONDLY;COUNT=3", "series.too_often"),
        ("FREQ=MINUTELY", "series.too_often"),
        ("FREQ=HOURLY;UNTIL=99991231", "series.too_often"),
        ("FREQ=DAILY", "series.endless"),
        ("FREQ=DAILY;COUNT=1000000000", "series.too_many"),
        ("FREQ=DAILY;COUNT=401", "series.too_many"),
        ("FREQ=DAILY;UNTIL=20280601", "series.too_many"),
        ("FREQ=DAILY;BYHOUR=1,2,3,4,5,6,7,8,9;BYMINUTE=0,5,10;UNTIL=20270101", "series.too_many"),
        ("FREQ=DAILY;UNTIL=99991231", "series.too_long"),
        ("FREQ=DAILY;UNTIL=99991231T235959Z", "series.too_long"),
        ("FREQ=YEARLY;COUNT=12", "series.too_long"),
        ("FREQ=DAILY;INTERVAL=1000000000;COUNT=2", "series.too_long"),
        ("FREQ=YEARLY;INTERVAL=3000;COUNT=2", "series.too_long"),
        (
            f"FREQ=YEARLY;BYDAY=MO;BYSETPOS=1;COUNT=9;BYHOUR={','.join(map(str, range(24)))};BYMINUTE=0,20,40",
            "series.too_often",
        ),
        # nothing that ever happens
        ("FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30;COUNT=2", "series.no_date"),
        ("FREQ=DAILY;INTERVAL=7;BYDAY=MO;COUNT=3", "series.no_date"),
        ("FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=31;COUNT=2", "series.no_date"),
        ("FREQ=WEEKLY;UNTIL=20200101", "series.no_date"),
        # what is no rule
        ("", "series.bad_rule"),
        ("FREQ=", "series.bad_rule"),
        ("COUNT=3", "series.bad_rule"),
        ("FREQ=FORTNIGHTLY;COUNT=2", "series.bad_rule"),
        ("FREQ=DAILY;COUNT=0", "series.bad_rule"),
        ("FREQ=DAILY;INTERVAL=0;COUNT=2", "series.bad_rule"),
        ("FREQ=DAILY;INTERVAL=-1;COUNT=2", "series.bad_rule"),
        ("FREQ=DAILY;COUNT=99999999999999999999", "series.bad_rule"),
        ("FREQ=DAILY;COUNT=٣", "series.bad_rule"),
        ("FREQ=DAILY;COUNT=2;COUNT=3", "series.bad_rule"),
        ("FREQ=DAILY;COUNT=2;UNTIL=20270101", "series.bad_rule"),
        ("FREQ=DAILY;UNTIL=20270231", "series.bad_rule"),
        ("FREQ=DAILY;UNTIL=tomorrow", "series.bad_rule"),
        ("FREQ=DAILY;COUNT=2;BYSECOND=30", "series.bad_rule"),
        ("FREQ=DAILY;COUNT=2;X-MOON=FULL", "series.bad_rule"),
        ("FREQ=WEEKLY;COUNT=2;BYDAY=XX", "series.bad_rule"),
        ("FREQ=WEEKLY;COUNT=2;BYDAY=1MO", "series.bad_rule"),
        ("FREQ=MONTHLY;COUNT=2;BYDAY=0MO", "series.bad_rule"),
        ("FREQ=MONTHLY;COUNT=2;BYDAY=54MO", "series.bad_rule"),
        ("FREQ=MONTHLY;COUNT=2;BYMONTHDAY=0", "series.bad_rule"),
        ("FREQ=WEEKLY;COUNT=2;BYMONTHDAY=3", "series.bad_rule"),
        ("FREQ=MONTHLY;COUNT=2;BYWEEKNO=3", "series.bad_rule"),
        ("FREQ=DAILY;COUNT=2;BYYEARDAY=3", "series.bad_rule"),
        ("FREQ=YEARLY;COUNT=2;BYWEEKNO=3;BYDAY=1MO", "series.bad_rule"),
        ("FREQ=MONTHLY;COUNT=2;BYSETPOS=1", "series.bad_rule"),
        ("FREQ=DAILY;COUNT=2;" + "BYMONTH=1;" * 99, "series.bad_rule"),
    ],
)
def test_what_never_ends_or_is_no_rule_is_refused_at_once(rule: str, code: str) -> None:
    began = time.process_time()
    if rule:
        assert refusal(rule) == code
    else:
        with pytest.raises(Invalid):
            read_rule(rule)
    assert time.process_time() - began < 0.5  # seconds of work; a walk to the year 9999 takes ten times that


def test_a_long_rule_can_be_cut_in_two() -> None:
    days = ",".join(map(str, range(1, 150)))
    text = f"FREQ=YEARLY;COUNT=9;BYYEARDAY={days}"[:480].rpartition(",")[0]
    assert read_rule(rule_text(ending_before(read_rule(text), START))).year_days
    with pytest.raises(Invalid) as caught:
        read_rule(text + ",150" * 6)
    assert str(caught.value.params["reason"]) == "it is longer than 480 characters"


def test_too_many_dates_beside_the_rule() -> None:
    more = tuple(START + timedelta(days=many) for many in range(401))
    with pytest.raises(Invalid, match="400"):
        expand(series("", more=more))
    with pytest.raises(Invalid) as caught:
        expand(series("", more=(wall(2050, 1, 1, 9),)))
    assert caught.value.code == "series.too_long"


@pytest.mark.parametrize("far", [wall(1, 1, 1, 0), wall(9999, 12, 31, 23, 30)])
def test_a_date_beside_the_rule_at_an_end_of_the_calendar(far: datetime) -> None:
    with pytest.raises(Invalid) as caught:
        expand(series("", more=(far,)))
    assert caught.value.code == "series.too_long"


def test_a_date_beside_the_rule_later_than_a_series_lasts() -> None:
    start = series("").start
    with pytest.raises(Invalid) as caught:
        expand(series("", more=(start.replace(year=start.year + 11),)))
    assert caught.value.code == "series.too_long"


def test_the_end_of_the_calendar() -> None:
    start = wall(9998, 12, 30, 9)
    assert refusal("FREQ=WEEKLY;COUNT=9", start) in ("series.too_long", "series.no_date")
    assert refusal("FREQ=WEEKLY;COUNT=9;WKST=SU", wall(9999, 12, 30, 9)) in ("series.too_long", "series.no_date")
