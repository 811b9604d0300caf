"""What a block may be and what it takes, as tables."""

from datetime import timedelta
from uuid import uuid4

import pytest

from registry.blocks import rules
from registry.blocks.rules import BlockState, Clearance, Decision, NewBlock, OnConflict, Way
from registry.bookings.projections import Viewer
from registry.people.models import Role
from tests.make import HOUR, NOW

COORDINATOR = Viewer(Role.COORDINATOR, 1, 1)
DAY = timedelta(days=1)


def at(start: float, end: float) -> rules.Span:
    return NOW + start * HOUR, NOW + end * HOUR


def new(**fields: object) -> NewBlock:
    return NewBlock(**{"rooms": ("R",), "spans": (at(1, 2),), "reason": "malowanie"} | fields)  # type: ignore[arg-type]  # a test's defaults


@pytest.mark.parametrize(
    ("fields", "codes"),
    [
        ({}, []),
        ({"rooms": ()}, ["block.no_room"]),
        ({"spans": ()}, ["block.no_span"]),
        ({"rooms": tuple(map(str, range(201)))}, ["block.too_large"]),
        ({"spans": tuple(at(hour, hour + 1) for hour in range(61))}, ["block.too_large"]),
        ({"spans": (at(2, 1),)}, ["booking.ends_before_start"]),
        ({"spans": (at(-1, 1),)}, ["block.too_early"]),
        ({"spans": (at(-0.2, 1),)}, []),
        ({"spans": (at(-0.2, 0),)}, ["block.too_early"]),
        ({"spans": (at(1, 732 * 24),)}, ["block.too_far"]),
        ({"reason": ""}, ["block.no_reason"]),
        ({"reason": "x" * 301}, ["request.bad_field"]),
        ({"reason": "a\u202eb"}, ["request.bad_field"]),
        ({"public_text": {"pl": "x" * 121}}, ["request.bad_field"]),
    ],
)
def test_reasons_against_a_block(fields: dict[str, object], codes: list[str]) -> None:
    assert [refusal.code for refusal in rules.reasons(new(**fields), COORDINATOR, NOW)] == codes


@pytest.mark.parametrize("role", Role)
def test_who_may_block(role: Role) -> None:
    may = role in (Role.COORDINATOR, Role.FACILITIES, Role.ADMIN)
    assert (list(rules.reasons(new(), Viewer(role), NOW)) == []) is may


def test_a_start_that_is_past_already_may_stay() -> None:
    span = at(-5, 5)
    assert list(rules.reasons(new(spans=(span,)), COORDINATOR, NOW, (span,))) == []


@pytest.mark.parametrize(
    ("spans", "others", "parts"),
    [
        ([at(0, 4)], [], [at(0, 4)]),
        ([at(0, 4)], [at(1, 2)], [at(0, 1), at(2, 4)]),
        ([at(0, 4)], [at(-1, 2)], [at(2, 4)]),
        ([at(0, 4)], [at(3, 9)], [at(0, 3)]),
        ([at(0, 4)], [at(0, 4)], []),
        ([at(0, 4)], [at(2, 3), at(1, 2)], [at(0, 1), at(3, 4)]),
        ([at(0, 1), at(2, 3)], [at(0.5, 2.5)], [at(0, 0.5), at(2.5, 3)]),
        ([at(0, 1)], [at(1, 2)], [at(0, 1)]),
    ],
)
def test_what_is_left_beside_others(spans: list[rules.Span], others: list[rules.Span], parts: list[rules.Span]) -> None:
    assert rules.parts_beside(spans, others) == parts


def test_months_are_blocked_in_lots_that_the_calendar_finds() -> None:
    parts = rules.parts_beside([(NOW, NOW + 70 * DAY)], [])
    assert [until - since for since, until in parts] == [31 * DAY, 31 * DAY, 8 * DAY]
    assert [since for since, _ in parts[1:]] == [until for _, until in parts[:-1]]


def test_spans_that_touch_are_one() -> None:
    assert rules.joined([at(3, 4), at(0, 1), at(1, 2), at(3.5, 3.6)]) == (at(0, 2), at(3, 4))
    assert rules.first_touched([at(3, 4), at(0, 1)], *at(0.5, 3.5)) == NOW
    assert rules.from_moment([at(-2, -1), at(-1, 1)], NOW) == [at(0, 1)]


@pytest.mark.parametrize(
    ("spans", "cancelled", "state"),
    [
        ([at(-1, 1)], False, BlockState.RUNNING),
        ([at(1, 2)], False, BlockState.PLANNED),
        ([at(-2, -1), at(1, 2)], False, BlockState.PLANNED),
        ([at(-2, -1)], False, BlockState.OVER),
        ([at(-1, 1)], True, BlockState.CANCELLED),
    ],
)
def test_states(spans: list[rules.Span], cancelled: bool, state: BlockState) -> None:
    assert rules.state_at(spans, NOW if cancelled else None, NOW) is state


def test_what_is_said_of_one_booking_goes_before_what_is_said_of_all() -> None:
    one, other = uuid4(), uuid4()
    moved = Decision(Way.MOVE, "B")
    assert Clearance(OnConflict.CANCEL, {one: moved}).decision_on(one) == moved
    assert Clearance(OnConflict.CANCEL, {one: moved}).decision_on(other) == Decision(Way.CANCEL)
    assert Clearance().decision_on(other) is None
