"""A series as it is asked for, judged, and continued otherwise."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from uuid import uuid4
from zoneinfo import ZoneInfo

import pytest

from registry.bookings.models import Kind, OnTaken
from registry.bookings.projections import Viewer
from registry.bookings.rules import BookingRoom
from registry.bookings.series_rules import (
    DateState,
    SeriesChanges,
    SeriesRequest,
    continued,
    dates_of,
    ended_before,
    general_reasons,
    judged,
    paired,
    wall_of,
)
from registry.core.errors import Conflict, Invalid
from registry.people.models import Role
from registry.rooms.hours import Hours
from registry.rooms.models import HoursPolicy, Visibility

WARSAW = ZoneInfo("Europe/Warsaw")
DAY, HOUR = timedelta(days=1), timedelta(hours=1)
NOW = datetime(2026, 11, 26, 9, tzinfo=UTC)
MEMBER = Viewer(Role.MEMBER, 1, 1)
ROOM = BookingRoom(
    code="M-1", visibility=Visibility.INTERNAL, bookable=True, capacity=12, hours_policy=HoursPolicy.ADVISORY,
    setup=timedelta(0), cleanup=timedelta(minutes=10), shortest=timedelta(minutes=15), longest=timedelta(hours=8),
    furthest=timedelta(days=200), institutions=frozenset(), hours=Hours(WARSAW), check_in=True,
)  # fmt: skip


def at(text: str) -> datetime:
    return datetime.fromisoformat(text)


def request(rule: str = "FREQ=WEEKLY;COUNT=6", **more: object) -> SeriesRequest:
    return replace(SeriesRequest("M-1", at("2026-12-01T09:00"), 60, rule), **more)  # type: ignore[arg-type]  # a test's


def days(wish: SeriesRequest) -> list[str]:
    return [f"{one.wall:%m-%d %H:%M}" for one in dates_of(wish, ROOM)]


def moved(former: SeriesRequest, cut: str, start: str | None = None, **more: object) -> SeriesRequest:
    changes = replace(SeriesChanges(start=at(start) if start else None), **more)  # type: ignore[arg-type]  # a test's
    return continued(former, changes, at(cut), WARSAW)


@pytest.mark.parametrize(
    ("rule", "cut", "start", "text"),
    [
        ("FREQ=WEEKLY;COUNT=6", "2026-12-15T09:00", None, "FREQ=WEEKLY;UNTIL=20270105T090000"),
        ("FREQ=WEEKLY;COUNT=6", "2026-12-15T09:00", "2026-12-15T11:00", "FREQ=WEEKLY;UNTIL=20270105T110000"),
        ("FREQ=WEEKLY;COUNT=6;BYDAY=TU,SU", "2026-12-06T09:00", "2026-12-07T09:00",
         "FREQ=WEEKLY;UNTIL=20261221T090000;BYDAY=WE,MO"),
        ("FREQ=WEEKLY;INTERVAL=2;COUNT=3;BYDAY=TU", "2026-12-15T09:00", "2026-12-17T09:00",
         "FREQ=WEEKLY;INTERVAL=2;UNTIL=20261231T090000;BYDAY=TH"),
        ("FREQ=DAILY;COUNT=3;BYHOUR=9;BYMINUTE=0", "2026-12-02T09:00", "2026-12-02T15:00",
         "FREQ=DAILY;UNTIL=20261203T150000"),
        ("FREQ=MONTHLY;COUNT=3;BYDAY=1TU", "2027-01-05T09:00", "2027-01-05T10:00",
         "FREQ=MONTHLY;UNTIL=20270202T100000;BYDAY=1TU"),
    ],
)  # fmt: skip
def test_a_rule_goes_on_from_a_date(rule: str, cut: str, start: str | None, text: str) -> None:
    assert moved(request(rule), cut, start).rule == text


@pytest.mark.parametrize(
    ("rule", "cut", "start"),
    [
        ("FREQ=MONTHLY;COUNT=3;BYDAY=1TU", "2027-01-05T09:00", "2027-01-06T09:00"),
        ("FREQ=DAILY;COUNT=3;BYHOUR=9,14;BYMINUTE=0", "2026-12-01T14:00", "2026-12-01T15:00"),
        ("FREQ=DAILY;COUNT=3;BYDAY=TU,WE", "2026-12-02T09:00", "2026-12-03T09:00"),
        ("FREQ=WEEKLY;INTERVAL=2;COUNT=4;BYDAY=TU,TH", "2026-12-03T09:00", "2026-12-04T09:00"),
    ],
)
def test_days_that_move_within_a_month_want_their_rule(rule: str, cut: str, start: str) -> None:
    with pytest.raises(Invalid, match="rule"):
        moved(request(rule), cut, start)
    assert moved(request(rule), cut, start, rule="FREQ=WEEKLY;COUNT=2").rule == "FREQ=WEEKLY;COUNT=2"


def test_dates_beside_the_rule_move_alike() -> None:
    rdates = ("2026-12-03", "2026-12-04T08:00", "2026-12-30", "2026-12-31T11:00")
    former = request(rdates=rdates, exdates=("2026-12-22",))
    later = moved(former, "2026-12-15T09:00", "2026-12-16T10:00")
    assert later.rdates == ("2026-12-31", "2027-01-01T12:00")
    assert later.exdates == ("2026-12-23",)
    assert days(later) == ["12-16 10:00", "12-30 10:00", "12-31 10:00", "01-01 12:00", "01-06 10:00"]


def test_only_dates_beside_the_rule_are_left() -> None:
    former = request("FREQ=WEEKLY;COUNT=2", rdates=("2026-12-30",))
    assert days(moved(former, "2026-12-30T09:00")) == ["12-30 09:00"]
    over = request("FREQ=WEEKLY;UNTIL=20261130T000000", rdates=("2026-12-30",))
    assert days(moved(over, "2026-12-30T09:00")) == ["12-30 09:00"]
    assert days(moved(request("", rdates=("2026-12-30",)), "2026-12-30T09:00")) == ["12-30 09:00"]


def test_everything_else_can_differ() -> None:
    later = moved(
        request(attendees=3), "2026-12-15T09:00", None, room="M-2", minutes=30, rdates=("2026-12-24",), exdates=(),
        title=" x ", kind=Kind.TRAINING, words={"attendees": None}, needs=("projector",), on_conflict=OnTaken.SKIP,
        skips_holidays=True,
    )  # fmt: skip
    assert (later.room, later.minutes, later.title, later.kind, later.attendees) == (
        "M-2",
        30,
        "x",
        Kind.TRAINING,
        None,
    )
    assert (later.needs, later.on_conflict, later.skips_holidays) == (("projector",), OnTaken.SKIP, True)


def test_a_series_ends_before_a_date() -> None:
    former = request(rdates=("2026-12-03", "2026-12-14T12:00", "2026-12-30"))
    rule, rdates = ended_before(former, at("2026-12-15T09:00"))
    assert (rule, rdates) == ("FREQ=WEEKLY;UNTIL=20261215T085900", ("2026-12-03", "2026-12-14T12:00"))
    assert ended_before(request(""), at("2026-12-15T09:00")) == ("", ())


def test_who_becomes_which_date() -> None:
    one, two, three = uuid4(), uuid4(), uuid4()
    former = {"2026-12-01T09:00": one, "2026-12-08T09:00": two, "2026-12-15T09:00": three}
    walls = [at("2026-12-08T10:00"), at("2026-12-09T10:00")]
    assert paired(former, walls, HOUR) == {walls[0]: two, walls[1]: one}


@pytest.mark.parametrize(
    "text", ["", "2026-13-01", "2026-12-01T25:00", "2026-12-01T09:00:30", "1.12.2026", "٢٠٢٦-12-01"]
)
def test_what_is_no_date(text: str) -> None:
    with pytest.raises(Invalid, match="date"):
        wall_of(text)


def test_two_dates_need_their_clean_up_between() -> None:
    assert len(dates_of(request("FREQ=DAILY;COUNT=2;BYHOUR=9,10;BYMINUTE=30", minutes=50), ROOM)) == 2
    with pytest.raises(Invalid, match="2026-12-01 09:30 and 2026-12-01 10:30"):
        dates_of(request("FREQ=DAILY;COUNT=2;BYHOUR=9,10;BYMINUTE=30"), ROOM)


def test_each_date_is_judged() -> None:
    wish = request("FREQ=DAILY;COUNT=3", start=at("2027-03-27T02:30"))
    lines = list(judged(wish, dates_of(wish, ROOM), ROOM, {date(2027, 3, 29)}, MEMBER, NOW))
    assert [line.state for line in lines] == [DateState.FREE, DateState.MISSING, DateState.FREE, DateState.FREE]
    assert [line.is_day_off for line in lines] == [False, False, True, False]
    assert [line.is_in_the_way for line in lines] == [False] * 4
    closed = replace(ROOM, hours=Hours(WARSAW, closed_on=frozenset({date(2027, 3, 29)})), is_closed=True)
    lines = list(judged(wish, dates_of(wish, ROOM), closed, (), MEMBER, NOW))
    assert {line.state for line in lines} == {DateState.RULE, DateState.MISSING}
    skipping = replace(wish, skips_holidays=True)
    lines = list(judged(skipping, dates_of(wish, ROOM), ROOM, {date(2027, 3, 29)}, MEMBER, NOW))
    assert [line.is_left_out for line in lines] == [False, True, True, False]


@pytest.mark.parametrize(
    ("more", "code"),
    [
        ({"kind": Kind.BLOCK}, "booking.bad_kind"),
        ({"minutes": 0}, "booking.ends_before_start"),
        ({"minutes": 10**9}, "series.too_long"),
        ({"rdates": ("2026-12-03",) * 401}, "series.too_many"),
    ],
)
def test_what_is_no_series(more: dict[str, object], code: str) -> None:
    with pytest.raises(Invalid) as caught:
        dates_of(request(**more), ROOM)
    assert caught.value.code == code


def test_what_speaks_against_all_dates() -> None:
    wish = request(title="x" * 201, attendees=99)
    codes = [one.code for one in general_reasons(wish, dates_of(wish, ROOM), ROOM, MEMBER, NOW)]
    assert codes == ["booking.title_too_long", "booking.over_capacity"]


def test_a_date_that_is_closed_on_a_day_off_is_a_holiday() -> None:
    (first, *_) = judged(request(), dates_of(request(), ROOM), ROOM, (), MEMBER, NOW)
    closed = replace(first, refusal=Conflict("booking.closed", room="M-1"))
    assert (first.is_in_the_way, closed.is_in_the_way) == (False, True)
    assert closed.state is DateState.CLOSED
    assert replace(closed, is_day_off=True).state is DateState.HOLIDAY
    assert not replace(closed, is_extra=True).is_in_the_way


def test_a_change_of_words_keeps_the_times() -> None:
    assert SeriesChanges(title="x", on_conflict=OnTaken.SKIP, words={"attendees": 3}).keeps_times
    assert not SeriesChanges(minutes=30).keeps_times
    assert not SeriesChanges(exdates=()).keeps_rule
