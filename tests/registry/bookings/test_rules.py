"""Who may book what, and who sees what: tables, no database."""

import json
from datetime import UTC, date, datetime, time, timedelta
from itertools import product
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from registry.bookings.models import Kind
from registry.bookings.projections import Sight, Viewer, sees_times, sight
from registry.bookings.rules import (
    BookingRequest,
    BookingRoom,
    blocked,
    is_checked_in_by_lead,
    local_time,
    may_book_for,
    may_change,
    reasons,
)
from registry.core.errors import Invalid
from registry.people.models import Role
from registry.rooms.hours import Hours, Span
from registry.rooms.models import HoursPolicy, Visibility
from tests.make import HOUR, NOW

MINUTE = timedelta(minutes=1)
WARSAW = ZoneInfo("Europe/Warsaw")
FACTS = json.loads((Path(__file__).parents[2] / "data/calendar/facts_europe_warsaw_dst.json").read_text())
ALICE, BOB, CHARLIE = Viewer(Role.MEMBER, 1, 10), Viewer(Role.MEMBER, 1, 11), Viewer(Role.MEMBER, 2, 12)


def room(**fields):
    default = {
        "code": "R", "visibility": Visibility.INTERNAL, "bookable": True, "capacity": 10,
        "hours_policy": HoursPolicy.STRICT, "setup": 5 * MINUTE, "cleanup": 10 * MINUTE, "shortest": 5 * MINUTE,
        "longest": 24 * HOUR, "furthest": timedelta(days=400), "institutions": frozenset(), "hours": Hours(WARSAW),
        "check_in": True,
    }  # fmt: skip
    return BookingRoom(**default | fields)


def request(start=60, end=120, **fields):
    default = {"title": "Narada", "kind": Kind.MEETING, "attendees": None, "needs": ()}
    return BookingRequest("ZW-01", NOW + start * MINUTE, NOW + end * MINUTE, **default | fields)


def codes(what, the_room=None, by=ALICE):
    return [refusal.code for refusal in reasons(what, the_room or room(), by, NOW)]


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({}, []),
        ({"end": 60}, ["booking.ends_before_start"]),
        ({"end": 30}, ["booking.ends_before_start"]),
        ({"end": 64}, ["booking.too_short"]),
        ({"end": 60 + 24 * 60}, []),
        ({"end": 61 + 24 * 60}, ["booking.too_long"]),
        ({"end": 5 * 365 * 24 * 60}, ["booking.too_long"]),
        ({"start": -16}, ["booking.too_early"]),
        ({"start": -15}, []),
        ({"start": -10, "end": 0}, ["booking.too_early"]),
        ({"start": 401 * 24 * 60, "end": 401 * 24 * 60 + 60}, ["booking.too_far"]),
        ({"title": "x" * 200}, []),
        ({"title": "x" * 10_000}, ["booking.title_too_long"]),
        ({"title": "a\x00b"}, ["booking.title_control"]),
        ({"title": "a\u202eb"}, ["booking.title_control"]),
        ({"title": "Żółć – 1. „ćwiczenia”"}, []),
        ({"kind": Kind.CONSULTATION}, ["booking.bad_kind"]),
        ({"kind": Kind.BLOCK}, ["auth.role"]),
        ({"needs": ("projector", "sauna")}, ["booking.bad_needs"]),
        ({"attendees": 0}, ["booking.bad_attendees"]),
        ({"attendees": 10}, []),
        ({"attendees": 11}, ["booking.over_capacity"]),
    ],
)
def test_what_is_asked(fields, expected):
    assert codes(request(**fields)) == expected


def test_all_reasons_are_told_together():
    assert codes(request(end=64, title="x" * 300, attendees=99)) == [
        "booking.too_short", "booking.title_too_long", "booking.over_capacity",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("fields", "by", "expected"),
    [
        ({"bookable": False}, ALICE, ["room.not_bookable"]),
        ({"is_closed": True, "bookable": False}, ALICE, ["room.closed"]),
        ({"institutions": frozenset({2})}, ALICE, ["room.not_yours"]),
        ({"institutions": frozenset({1})}, ALICE, []),
        ({"institutions": frozenset({2})}, Viewer(Role.COORDINATOR), []),
        ({}, Viewer(Role.AUDITOR, 1), ["auth.role"]),
        ({}, Viewer(None), []),
    ],
)
def test_who_may_book(fields, by, expected):
    assert codes(request(), room(**fields), by) == expected


def test_a_help_point_room_takes_no_title_and_only_its_own_kinds():
    shy = room(visibility=Visibility.CONFIDENTIAL)
    assert codes(request(), shy) == ["booking.title_not_here", "booking.bad_kind"]
    assert codes(request(title="", kind=Kind.CONSULTATION), shy) == []


@pytest.mark.parametrize("role", list(Role))
def test_a_hidden_room_is_booked_by_who_runs_the_help_point(role):
    expected = codes(request(title="", kind=Kind.INTERVIEW), room(visibility=Visibility.HIDDEN), Viewer(role, 1))
    assert ("room.not_yours" in expected) == (role not in (Role.DUTY, Role.COORDINATOR, Role.ADMIN))


def test_opening_hours_refuse_or_only_warn():
    closed = Hours(WARSAW, (Span(0, 480, 960),))
    assert codes(request(), room(hours=closed)) == ["booking.closed"]
    assert codes(request(), room(hours=closed, hours_policy=HoursPolicy.ADVISORY)) == []
    assert codes(request(), room(hours=closed), Viewer(Role.COORDINATOR)) == []


def test_a_block_needs_no_set_up_and_may_last_weeks():
    block = request(end=60 + 20 * 24 * 60, kind=Kind.BLOCK)
    assert codes(block, room(bookable=False), Viewer(Role.FACILITIES)) == []
    assert blocked(block, room()) == (block.starts_at, block.ends_at)
    meeting = request()
    assert blocked(meeting, room()) == (meeting.starts_at - 5 * MINUTE, meeting.ends_at + 10 * MINUTE)


PUB, INT, CON, HID = Visibility.PUBLIC, Visibility.INTERNAL, Visibility.CONFIDENTIAL, Visibility.HIDDEN


@pytest.mark.parametrize(
    ("viewer", "sees"),
    [
        (ALICE, {PUB: Sight.FULL, INT: Sight.FULL, CON: Sight.FULL, HID: Sight.FULL}),
        (BOB, {PUB: Sight.FULL, INT: Sight.FULL, CON: Sight.BUSY, HID: Sight.NOTHING}),
        (CHARLIE, {PUB: Sight.FULL, INT: Sight.MEETING, CON: Sight.BUSY, HID: Sight.NOTHING}),
        (Viewer(Role.DUTY, 2, 13), {PUB: Sight.FULL, INT: Sight.MEETING, CON: Sight.FULL, HID: Sight.FULL}),
        (Viewer(Role.FACILITIES, 2, 13), {PUB: Sight.FULL, INT: Sight.MEETING, CON: Sight.BUSY, HID: Sight.NOTHING}),
        (Viewer(Role.AUDITOR, 2, 13), {PUB: Sight.FULL, INT: Sight.MEETING, CON: Sight.BUSY, HID: Sight.NOTHING}),
        (Viewer(Role.COORDINATOR, 2, 13), {PUB: Sight.FULL, INT: Sight.FULL, CON: Sight.FULL, HID: Sight.FULL}),
        (Viewer(None), {PUB: Sight.FULL, INT: Sight.MEETING, CON: Sight.BUSY, HID: Sight.NOTHING}),
    ],
)
def test_who_sees_what(viewer, sees):
    assert {visibility: sight(visibility, viewer, 10, 1) for visibility in Visibility} == sees


def test_nobody_is_the_organizer_of_a_panel_booking():
    assert sight(Visibility.CONFIDENTIAL, Viewer(Role.MEMBER, None, None), None, None) is Sight.BUSY
    assert not may_change(Viewer(Role.MEMBER, None, None), None, None, Kind.MEETING)


@pytest.mark.parametrize(("visibility", "role"), list(product(Visibility, Role)))
def test_times_of_a_hidden_room_stay_hidden(visibility, role):
    expected = visibility is not Visibility.HIDDEN or role in (Role.DUTY, Role.COORDINATOR, Role.ADMIN)
    assert sees_times(visibility, Viewer(role)) is expected


def test_who_may_change():
    assert may_change(ALICE, 10, 1, Kind.MEETING)
    assert not may_change(BOB, 10, 1, Kind.MEETING)
    assert may_change(Viewer(Role.COORDINATOR), 10, 1, Kind.MEETING)
    assert may_change(Viewer(Role.FACILITIES), 10, 1, Kind.BLOCK)
    assert not may_change(Viewer(Role.FACILITIES), 10, 1, Kind.MEETING)


def test_who_books_for_now_is_there():
    assert is_checked_in_by_lead(NOW, NOW + 9 * MINUTE)
    assert not is_checked_in_by_lead(NOW, NOW + 10 * MINUTE)


@pytest.mark.parametrize("case", FACTS["elapsed_minutes_cases"], ids=lambda case: case["case"])
def test_a_night_has_its_true_length(case):
    start, end = (datetime.fromisoformat(case[key]) for key in ("local_start", "local_end"))
    length = local_time(end.date(), end.time(), WARSAW) - local_time(start.date(), start.time(), WARSAW)
    assert length == case["real_minutes"] * MINUTE


@pytest.mark.parametrize("change", FACTS["transitions"], ids=lambda change: change["utc"])
def test_every_change_of_the_clocks(change):
    at = datetime.fromisoformat(change["utc"]).astimezone(WARSAW)
    half_past = time(2, 30)
    if change["kind"].startswith("gap"):
        with pytest.raises(Invalid) as refused:
            local_time(at.date(), half_past, WARSAW)
        assert refused.value.code == "booking.gap_time"
        return
    with pytest.raises(Invalid) as refused:
        local_time(at.date(), half_past, WARSAW)
    assert refused.value.code == "booking.fold_time"
    first, second = (local_time(at.date(), half_past, WARSAW, fold) for fold in (0, 1))
    assert second - first == HOUR


def test_an_ordinary_time():
    assert local_time(date(2026, 11, 26), time(10, 0), WARSAW) == NOW.astimezone(UTC)


@pytest.mark.parametrize(
    ("role", "own", "theirs", "may"),
    [
        (Role.MEMBER, 1, 1, True),
        (Role.MEMBER, 1, 2, False),
        (Role.MEMBER, None, None, False),
        (Role.AUDITOR, 1, 1, False),
        (Role.COORDINATOR, 1, 2, True),
        (Role.ADMIN, None, None, True),
        (None, None, 1, False),
    ],
)
def test_who_books_for_whom(role: Role | None, own: int | None, theirs: int | None, may: bool) -> None:
    assert may_book_for(Viewer(role, own), theirs) is may
