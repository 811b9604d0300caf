"""Who is asked before a booking stands, and what asks anew: tables, no database."""

from dataclasses import replace

import pytest

from registry.bookings.models import VISITS, Kind, Status
from registry.bookings.projections import Viewer
from registry.bookings.rules import (
    asks_anew,
    cancellation_reasons,
    change_reasons,
    may_answer,
    needs_approval,
    rejection_reasons,
    status_after,
)
from registry.people.models import Role
from registry.rooms.models import Visibility
from tests.make import MINUTE, NOW
from tests.registry.bookings.test_rules import ALICE, BOB, codes, request, room

ASKED = room(code="ZW-01", approvers=frozenset({11}))  # by Bob
BOSS, DUTY, DOOR = Viewer(Role.COORDINATOR, 3, 20), Viewer(Role.DUTY, 3, 11), Viewer(None)


@pytest.mark.parametrize(
    ("by", "is_asked"),
    [
        (ALICE, True), (BOB, False), (BOSS, False), (Viewer(Role.ADMIN, 1, 21), False), (DOOR, True),
        (Viewer(Role.FACILITIES, 1, 22), True), (Viewer(Role.AUDITOR, 1, 11), True),
    ],
)  # fmt: skip
def test_who_may_answer_need_not_ask(by, is_asked):
    assert may_answer(ASKED, by, Kind.MEETING) is not is_asked
    assert needs_approval(request(), ASKED, by) is is_asked
    assert not needs_approval(request(), room(), by)


def test_a_block_asks_nobody():
    assert not needs_approval(request(kind=Kind.BLOCK), ASKED, Viewer(Role.FACILITIES, 1, 22))


@pytest.mark.parametrize("visibility", [Visibility.CONFIDENTIAL, Visibility.HIDDEN])
def test_in_the_help_point_only_who_works_there_answers(visibility):
    shy = room(visibility=visibility, approvers=frozenset({11}))
    assert [may_answer(shy, by, Kind.DUTY) for by in (BOB, DUTY, BOSS)] == [False, True, True]


@pytest.mark.parametrize("kind", VISITS)
def test_a_visit_is_answered_as_before_in_a_room_that_was_opened_since(kind):
    assert [may_answer(ASKED, by, kind) for by in (BOB, DUTY, BOSS)] == [False, True, True]
    assert needs_approval(request(kind=kind), ASKED, BOB)


def test_what_begins_now_cannot_be_asked_for():
    assert codes(request(start=0), ASKED) == ["booking.approval_late"]
    assert codes(request(start=0), ASKED, BOB) == []
    assert codes(request(start=1), ASKED) == []


@pytest.mark.parametrize(
    ("former", "later", "is_asked"),
    [
        (request(), request(start=60, end=90), False),
        (request(), request(title="Inna"), False),
        (request(), request(end=150), True),
        (request(), request(start=180, end=240), True),
        (replace(request(), room="ZW-02"), request(), True),
        (request(start=-30, end=30), request(start=-30, end=90), False),
        (request(start=-30, end=30), request(start=-20, end=90), True),
    ],
)
def test_another_time_or_room_asks_anew(former, later, is_asked):
    assert asks_anew(former, later, ASKED, ALICE, NOW) is is_asked
    assert not asks_anew(former, later, ASKED, BOB, NOW)


def test_what_runs_ends_later_but_moves_nowhere():
    former = request(start=-30, end=30)
    assert change_reasons(former, request(start=-30, end=90), ASKED, ALICE, NOW) == []
    moved = change_reasons(replace(former, room="ZW-02"), request(start=-30, end=30), ASKED, ALICE, NOW)
    assert [refusal.code for refusal in moved] == ["booking.approval_late"]


@pytest.mark.parametrize(
    ("status", "is_asked_anew", "is_elsewhere", "after"),
    [
        (Status.CONFIRMED, True, False, Status.TENTATIVE),
        (Status.CONFIRMED, False, True, Status.CONFIRMED),
        (Status.CHECKED_IN, False, False, Status.CHECKED_IN),
        (Status.TENTATIVE, False, False, Status.TENTATIVE),
        (Status.TENTATIVE, False, True, Status.CONFIRMED),
        (Status.TENTATIVE, True, True, Status.TENTATIVE),
    ],
)
def test_a_changed_booking_stands_or_waits(status, is_asked_anew, is_elsewhere, after):
    assert status_after(status, is_asked_anew, is_elsewhere, Kind.MEETING) is after


def test_a_request_that_is_made_a_block_waits_for_nobody():
    assert status_after(Status.TENTATIVE, False, False, Kind.BLOCK) is Status.CONFIRMED
    assert status_after(Status.CHECKED_IN, False, False, Kind.BLOCK) is Status.CHECKED_IN


@pytest.mark.parametrize(
    ("reason", "visibility", "code"),
    [
        ("", Visibility.INTERNAL, "booking.no_reason"),
        ("za długo", Visibility.INTERNAL, None),
        ("x" * 301, Visibility.INTERNAL, "request.bad_field"),
        ("a\nb", Visibility.PUBLIC, "request.bad_field"),
        ("Pani Nowa", Visibility.CONFIDENTIAL, "booking.bad_reason"),
        ("needed", Visibility.HIDDEN, None),
    ],
)
def test_a_rejection_says_why(reason, visibility, code):
    assert [refusal.code for refusal in rejection_reasons(reason, visibility)] == ([code] if code else [])


def test_in_the_help_point_a_cancellation_has_a_reason_of_the_list_or_none():
    for reason, codes_of_it in (("", []), ("mistake", []), ("Pani Nowa", ["booking.bad_reason"])):
        assert [one.code for one in cancellation_reasons(reason, Visibility.HIDDEN)] == codes_of_it
    assert list(cancellation_reasons("spotkanie online", Visibility.INTERNAL)) == []


def test_a_moment_before_the_start_is_early_enough():
    late = replace(request(), starts_at=NOW + MINUTE / 60)
    assert codes(late, ASKED) == []
