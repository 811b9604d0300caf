"""Where bands stand: the axis of ordinary days, of 23 and of 25 hours, and what a booking looks like to whom."""

from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import uuid4
from zoneinfo import ZoneInfo

import pytest

from registry.bookings.days import RoomDay
from registry.bookings.projections import BusySpan, FullBooking, MeetingSpan, Viewer, VisibleBooking
from registry.people.models import Role
from registry.rooms.hours import local_instant
from registry.rooms.models import Room, Visibility
from web.kit import time_classes, timeline
from web.kit.timeline import axis_between, axis_of, bands, busy_minutes, spans_of

WARSAW = ZoneInfo("Europe/Warsaw")
THURSDAY, SPRING, AUTUMN = date(2026, 11, 26), date(2027, 3, 28), date(2026, 10, 25)
MEMBER = Viewer(Role.MEMBER, 1, 1)


def at(hour: float, day: date = THURSDAY) -> datetime:
    return local_instant(day, round(hour * 60), WARSAW)


def booking(start: float, end: float, **fields: Any) -> FullBooking:
    default: dict[str, Any] = {
        "id": uuid4(), "room": "R", "starts_at": at(start), "ends_at": at(end), "kind": "meeting",
        "status": "confirmed", "title": "", "attendees": None, "needs": [], "organizer": "alice",
        "organizer_name": "Alice", "institution": "theirs", "blocked_from": at(start), "blocked_to": at(end),
        "planned_ends_at": at(end), "checked_in_at": None, "released_at": None, "release_reason": "",
        "warned_at": None, "public_text": None, "revision": 1,
    }  # fmt: skip
    return FullBooking(**default | fields)


def a_day(*bookings: VisibleBooking, duties: tuple[tuple[float, float], ...] = (), **fields: Any) -> RoomDay:
    room = Room(id=1, code="R", visibility=fields.pop("visibility", Visibility.INTERNAL))
    duty_rows = [{"name": "adwokat", "languages": "pl", "starts_at": at(a), "ends_at": at(b)} for a, b in duties]
    default = {"open": [(at(8), at(16))], "bookings": list(bookings), "duties": duty_rows, "times_hidden": False}
    return RoomDay(room=room, zone=WARSAW, **default | fields)


def kinds(
    day: RoomDay, login: str = "alice", now: datetime = at(6), viewer: Viewer = MEMBER
) -> list[tuple[str, int, int]]:
    axis = axis_of(THURSDAY, WARSAW, spans_of([day]))
    return [(band.kind, band.start, band.end) for band in bands(day, axis, viewer, login, now)]


@pytest.mark.parametrize(
    ("spans", "opens", "columns"),
    [
        ([], 7, 10),
        ([(8, 15)], 7, 10),
        ([(6.5, 8)], 6, 11),
        ([(16, 17.5)], 7, 11),
        ([(22, 30)], 7, 17),
        ([(-3, 5)], 0, 17),
        ([(-24, 48)], 7, 10),
    ],
)
def test_the_day_is_seven_to_five_and_grows(spans: list[tuple[float, float]], opens: int, columns: int) -> None:
    noon = at(12)
    duty_rows = [(noon + timedelta(hours=a - 12), noon + timedelta(hours=b - 12)) for a, b in spans]
    axis = axis_of(THURSDAY, WARSAW, duty_rows)
    assert (axis.opens, axis.columns) == (opens, columns)


def test_an_ordinary_minute_is_the_clocks() -> None:
    axis = axis_of(THURSDAY, WARSAW)
    assert axis.minute(at(9.5)) == 570
    assert axis.now(at(10.7)) == 642
    assert axis.now(at(18)) is None
    assert axis.labels == list(range(7, 17))


def test_the_day_of_25_hours_has_25_columns_and_two_twos() -> None:
    axis = axis_between(AUTUMN, WARSAW, 0, 24)
    assert axis.columns == 25
    assert axis.labels[:5] == [0, 1, 2, 2, 3]
    first, second = (datetime(2026, 10, 25, hour, 30, tzinfo=UTC) for hour in (0, 1))
    assert (axis.minute(first), axis.minute(second)) == (150, 210)
    assert axis.minute(axis.until) == 1500
    assert time_classes.span(1440, 1500) == "fh-24 th-25"


def test_the_day_of_23_hours_has_no_two() -> None:
    axis = axis_between(SPRING, WARSAW, 0, 24)
    assert axis.columns == 23
    assert axis.labels[:4] == [0, 1, 3, 4]
    assert axis.minute(local_instant(SPRING, 3 * 60, WARSAW)) == 120


def test_a_night_over_the_change_has_its_true_length() -> None:
    night = (local_instant(AUTUMN, -2 * 60, WARSAW), local_instant(AUTUMN, 6 * 60, WARSAW))
    axis = axis_of(AUTUMN, WARSAW, [night])
    assert axis.minute(night[1]) - axis.minute(night[0]) == 7 * 60


def test_shut_hours_and_duties_lie_below() -> None:
    assert kinds(a_day(booking(9, 10), duties=((9, 13),))) == [
        ("shut", 420, 480), ("shut", 960, 1020), ("duty", 540, 780), ("booking", 540, 600),
    ]  # fmt: skip


def test_set_up_and_clean_up_stand_beside_the_booking() -> None:
    visit = booking(10, 12, blocked_from=at(9.75), blocked_to=at(12.25))
    assert [one for one in kinds(a_day(visit)) if one[0] != "shut"] == [
        ("buffer", 585, 600), ("booking", 600, 720), ("buffer", 720, 735),
    ]  # fmt: skip


def test_what_was_given_back_is_seen_until_somebody_takes_it() -> None:
    gone = booking(9, 9.25, status="released", planned_ends_at=at(11), release_reason="no_show")
    assert ("released", 540, 660) in kinds(a_day(gone))
    assert ("released", 540, 600) in kinds(a_day(gone, booking(10, 11)))
    visit = booking(9, 10, status="ended", planned_ends_at=at(11), release_reason="vacant", released_at=at(10))
    assert [one for one in kinds(a_day(visit)) if one[0] != "shut"] == [("booking", 540, 600), ("released", 600, 660)]


@pytest.mark.parametrize(
    ("visible", "visibility", "kind"),
    [
        (BusySpan("R", at(9), at(10)), Visibility.CONFIDENTIAL, "confidential"),
        (booking(9, 10, kind="consultation"), Visibility.CONFIDENTIAL, "confidential"),
        (MeetingSpan("R", at(9), at(10), "meeting", "confirmed", "other"), Visibility.INTERNAL, "booking"),
        (booking(9, 10, status="tentative"), Visibility.INTERNAL, "tentative"),
        (booking(9, 10, kind="block"), Visibility.INTERNAL, "block"),
    ],
)
def test_the_kind_of_a_band(visible: VisibleBooking, visibility: Visibility, kind: str) -> None:
    assert kinds(a_day(visible, visibility=visibility))[-1] == (kind, 540, 600)


def test_a_room_that_hides_its_times_has_no_bands() -> None:
    assert kinds(a_day(times_hidden=True, visibility=Visibility.HIDDEN)) == []


def test_only_the_organizer_and_who_runs_rooms_may_move() -> None:
    day, axis = a_day(booking(9, 10)), axis_of(THURSDAY, WARSAW)

    def movable(viewer: Viewer, login: str, now: datetime = at(6)) -> bool:
        return bands(day, axis, viewer, login, now)[-1].movable

    assert movable(MEMBER, "alice")
    assert not movable(MEMBER, "bob")
    assert movable(Viewer(Role.COORDINATOR, 9, 9), "bob")
    assert not movable(MEMBER, "alice", at(10))


def test_busy_minutes_stay_within_the_day() -> None:
    day = a_day(booking(9, 10), booking(15, 30))
    assert busy_minutes(day, at(0), at(24)) == 60 + 9 * 60


def test_of_a_week_a_day_judges_what_touches_it_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each cell of a week looks at all bookings of the week: fifty rooms have thousands of them."""
    night = booking(23, 31, blocked_from=at(22), blocked_to=at(32))
    given_back = booking(-2, -1, planned_ends_at=at(8), released_at=at(-1))
    others = [booking(hour + 24 * day, hour + 24 * day + 1) for day in range(1, 4) for hour in (9, 11)]
    day = a_day(given_back, booking(9, 10), night, *others)
    looks: list[VisibleBooking] = []

    def kind_of(one: VisibleBooking, _: RoomDay) -> str:
        looks.append(one)
        return "booking"

    monkeypatch.setattr(timeline, "kind_of", kind_of)
    axis = axis_between(THURSDAY, WARSAW, 0, 24)
    rows = [(band.kind, band.start, band.end) for band in bands(day, axis, MEMBER, "alice", at(6))]
    assert looks == day.bookings[:3]
    assert [row for row in rows if row[0] != "shut"] == [
        ("released", 0, 480), ("booking", 540, 600), ("buffer", 1320, 1380), ("booking", 1380, 1440),
    ]  # fmt: skip
