"""What a room is at a moment, and what time does to its bookings: tables, no database."""

from dataclasses import replace
from datetime import timedelta
from uuid import uuid4
from zoneinfo import ZoneInfo

import pytest

from registry.bookings.models import Kind, Status
from registry.bookings.projections import PublicState, light, public_state
from registry.bookings.state import RoomFacts, Slot, StateKind, next_change, release_at, room_state, steps
from registry.devices.occupancy import OccupancyFold
from registry.rooms.hours import Hours, Span
from registry.rooms.models import Occupancy, Visibility
from tests.make import NOW

MINUTE = timedelta(minutes=1)
OPEN = Hours(ZoneInfo("Europe/Warsaw"))
SHUT = Hours(ZoneInfo("Europe/Warsaw"), (Span(0, 480, 960),))  # Mondays; NOW is a Thursday
ROOM = RoomFacts("R", Visibility.INTERNAL, True, 10 * MINUTE, 15 * MINUTE, sensed=True, ready=True, revision=3)
VACANT = OccupancyFold(Occupancy.VACANT, vacant_since=NOW - timedelta(hours=2))
OCCUPIED = OccupancyFold(Occupancy.OCCUPIED, positive_at=NOW)
UNKNOWN = OccupancyFold(Occupancy.UNKNOWN)


def slot(start, end, status=Status.CONFIRMED, **fields):
    """A booking from ``start`` to ``end`` minutes after NOW."""
    starts_at, ends_at = NOW + start * MINUTE, NOW + end * MINUTE
    default = {"blocked_from": starts_at, "blocked_to": ends_at, "planned_ends_at": ends_at, "kind": Kind.MEETING}
    return Slot(uuid4(), starts_at, ends_at, status, **default | fields)


def state(slots=(), fold=VACANT, room=ROOM, hours=OPEN):
    return room_state(room, slots, fold, hours, NOW)


@pytest.mark.parametrize(
    ("slots", "fold", "hours", "kind"),
    [
        ([], VACANT, OPEN, StateKind.FREE),
        ([], UNKNOWN, OPEN, StateKind.UNKNOWN),
        ([], OCCUPIED, OPEN, StateKind.IN_USE_UNBOOKED),
        ([], OCCUPIED, SHUT, StateKind.IN_USE_UNBOOKED),
        ([], VACANT, SHUT, StateKind.CLOSED),
        ([slot(16, 60)], VACANT, OPEN, StateKind.FREE),
        ([slot(15, 60)], VACANT, OPEN, StateKind.SOON),
        ([slot(15, 60)], UNKNOWN, OPEN, StateKind.UNKNOWN),
        ([slot(0, 60)], VACANT, OPEN, StateKind.AWAITING_CHECK_IN),
        ([slot(-9, 60)], VACANT, OPEN, StateKind.AWAITING_CHECK_IN),
        ([slot(-11, 60)], UNKNOWN, OPEN, StateKind.IN_USE),
        ([slot(-5, 60, Status.CHECKED_IN)], VACANT, OPEN, StateKind.IN_USE),
        ([slot(-5, 60, Status.CHECKED_IN)], VACANT, SHUT, StateKind.IN_USE),
        ([slot(-60, 0)], VACANT, OPEN, StateKind.FREE),
        ([slot(-5, 60, Status.CANCELLED)], VACANT, OPEN, StateKind.FREE),
        ([slot(-60, -5, Status.RELEASED)], VACANT, OPEN, StateKind.FREE),
        ([slot(-5, 60, kind=Kind.BLOCK)], VACANT, OPEN, StateKind.CLOSED),
    ],
)
def test_the_seven_states(slots, fold, hours, kind):
    assert state(slots, fold, hours=hours).kind is kind


def test_without_check_in_a_running_booking_is_in_use():
    assert state([slot(0, 60)], room=replace(ROOM, check_in=False)).kind is StateKind.IN_USE


@pytest.mark.parametrize(
    ("warned_at", "until"),
    [(None, NOW + 5 * MINUTE), (NOW - MINUTE, NOW + 5 * MINUTE), (NOW + 4 * MINUTE, NOW + 7 * MINUTE)],
    ids=["not_yet_warned", "warned", "warned_late"],
)
def test_a_door_asks_for_a_check_in_until_the_room_is_given_up(warned_at, until):
    """Also after a warning that began anew, because nothing was known meanwhile."""
    assert state([slot(-5, 60, warned_at=warned_at)]).check_in_until == until


@pytest.mark.parametrize(
    ("fold", "length"), [(UNKNOWN, 60), (VACANT, 300)], ids=["nothing is known", "a long booking is left alone"]
)
def test_a_door_threatens_with_nothing_that_will_not_happen(fold, length):
    public_kind = state([slot(-5, length)], fold)
    assert public_kind.kind is StateKind.AWAITING_CHECK_IN
    assert public_kind.check_in_until is None


def test_a_room_without_sensors_goes_by_its_plan():
    assert state(fold=UNKNOWN, room=replace(ROOM, sensed=False)).kind is StateKind.FREE


def test_until_is_when_the_words_would_change():
    assert state([slot(30, 60)]).until == NOW + 30 * MINUTE
    assert state([slot(-5, 60)]).until == NOW + 60 * MINUTE
    assert state([slot(-5, 60), slot(60, 90)]).next_starts_at == NOW + 60 * MINUTE


@pytest.mark.parametrize(
    ("visibility", "kind", "public_kind", "until", "next_at"),
    [
        (Visibility.INTERNAL, StateKind.SOON, StateKind.SOON, True, True),
        (Visibility.CONFIDENTIAL, StateKind.SOON, StateKind.FREE, True, False),
        (Visibility.CONFIDENTIAL, StateKind.AWAITING_CHECK_IN, StateKind.IN_USE, True, False),
        (Visibility.CONFIDENTIAL, StateKind.IN_USE_UNBOOKED, StateKind.IN_USE, True, False),
        (Visibility.HIDDEN, StateKind.IN_USE, StateKind.IN_USE, False, False),
    ],
)
def test_what_leaves_by_class(visibility, kind, public_kind, until, next_at):
    public = public_state(replace(state([slot(10, 60)]), kind=kind), visibility)
    assert public.state is public_kind
    assert (public.until is not None, public.next_starts_at is not None) == (until, next_at)


@pytest.mark.parametrize(
    ("reasons", "is_settling"),
    [
        ((), False),
        (("not_long_enough",), True),
        (("not_long_enough", "sees_nobody"), True),
        (("sees_nobody",), False),
        (("not_long_enough", "stale"), False),
        (("not_long_enough", "no_reading"), False),
    ],
)
def test_sensors_that_speak_are_not_called_silent(reasons, is_settling):
    fold = replace(UNKNOWN, evidence=tuple({"reason": reason} for reason in reasons))
    assert state(fold=fold).is_settling is is_settling
    assert state(fold=fold).is_silent is not is_settling
    assert not state(fold=fold, room=replace(ROOM, sensed=False)).is_silent
    assert public_state(state(fold=fold), Visibility.HIDDEN).is_settling is is_settling
    assert not public_state(state([slot(-5, 60)], fold=fold), Visibility.INTERNAL).is_settling, "a meeting runs"


@pytest.mark.parametrize("visibility", list(Visibility))
def test_no_revision_leaves_where_it_would_count_what_is_hidden(visibility):
    is_open = visibility in (Visibility.PUBLIC, Visibility.INTERNAL)
    assert public_state(state(), visibility).revision == (ROOM.revision if is_open else None)


def test_what_leaves_has_no_field_for_anybody():
    assert set(PublicState.__slots__) == {
        "room", "state", "occupancy", "until", "next_starts_at", "ready", "revision", "as_of", "is_settling",
    }  # fmt: skip


def test_every_state_has_a_light():
    assert {light(public_state(replace(state(), kind=kind), Visibility.PUBLIC)) for kind in StateKind} == {
        "free", "soon", "waiting", "busy", "fault",
    }  # fmt: skip


WARNED = NOW - 3 * MINUTE


@pytest.mark.parametrize(
    ("the_slot", "fold", "act"),
    [
        (slot(-6, 60), VACANT, None),
        (slot(-7, 60), VACANT, "warn"),
        (slot(-10, 60), VACANT, "warn"),
        (slot(-10, 60, warned_at=WARNED), VACANT, "release"),
        (slot(-10, 60, warned_at=NOW - 2 * MINUTE), VACANT, None),
        (slot(-10, 60, warned_at=WARNED), UNKNOWN, "calm"),
        (slot(-10, 60), UNKNOWN, None),
        (slot(-300, 60, warned_at=WARNED), UNKNOWN, "calm"),
        (slot(-10, 60, warned_at=WARNED), OCCUPIED, "check_in"),
        (slot(-1, 60), OCCUPIED, "check_in"),
        (slot(-10, 60), replace(VACANT, positive_at=NOW - 15 * MINUTE), "check_in"),
        (slot(-10, 60), replace(VACANT, positive_at=NOW - 21 * MINUTE), "warn"),
        (slot(-10, 60, protected=True), VACANT, None),
        (slot(-10, 230, warned_at=WARNED), VACANT, "calm"),
        (slot(-60, 0), UNKNOWN, "finish"),
        (slot(-60, 0, Status.CHECKED_IN), OCCUPIED, "finish"),
        (slot(-30, 60, Status.CHECKED_IN), replace(VACANT, vacant_since=NOW - 11 * MINUTE), None),
        (slot(-30, 60, Status.CHECKED_IN), replace(VACANT, vacant_since=NOW - 12 * MINUTE), "warn"),
        (slot(-30, 60, Status.CHECKED_IN, warned_at=WARNED), replace(VACANT, vacant_since=NOW - 15 * MINUTE), "vacate"),
        (slot(-30, 14, Status.CHECKED_IN, warned_at=WARNED), replace(VACANT, vacant_since=NOW - 15 * MINUTE), "calm"),
        (slot(-30, 60, Status.CHECKED_IN, checked_in_at=NOW - 5 * MINUTE), VACANT, None),
        (slot(-30, 60, Status.CHECKED_IN, warned_at=WARNED), UNKNOWN, "calm"),
    ],
)
def test_what_time_does(the_slot, fold, act):
    due = steps(ROOM, [the_slot], fold, NOW)
    assert [step.act for step in due] == ([act] if act else [])


@pytest.mark.parametrize(
    ("before", "sign", "shows_up"),
    [
        (slot(-70, -10), 11, False),  # the people of the meeting before
        (slot(-70, -10), 10, True),  # still there at the start
        (slot(-70, -15), 11, True),  # after its end
        (slot(-70, -15, blocked_to=NOW - 10 * MINUTE), 11, False),  # who cleans up
        (slot(-70, -40, planned_ends_at=NOW - 10 * MINUTE, release_reason="no_show"), 11, True),
        (None, 11, True),
        (None, 21, False),
    ],
)
def test_who_leaves_the_meeting_before_is_no_check_in(before, sign, shows_up):
    fold = replace(VACANT, positive_at=NOW - sign * MINUTE)
    due = steps(ROOM, [*([before] if before else []), slot(-10, 60)], fold, NOW)
    assert ("check_in" in [step.act for step in due]) is shows_up


def test_a_room_held_for_whoever_was_seen_before_the_start_is_no_check_in():
    fold = replace(OCCUPIED, positive_at=NOW - 12 * MINUTE)
    assert steps(ROOM, [slot(-70, -10, Status.ENDED), slot(-10, 60)], fold, NOW) == []


def test_a_room_in_which_only_a_doubted_sensor_sees_somebody_checks_nobody_in():
    assert steps(ROOM, [slot(-10, 60)], replace(OCCUPIED, positive_at=None), NOW) == []


@pytest.mark.parametrize(("vacant", "act"), [(5, "warn"), (15, None)])
def test_the_rooms_own_minutes_begin_when_the_hold_is_over(vacant, act):
    """A hold of 15 minutes and 5 minutes of the room: given up 20 minutes after the last sign, not 15."""
    fold = replace(VACANT, vacant_since=NOW - 18 * MINUTE, vacant_at=NOW - 3 * MINUTE)
    due = steps(replace(ROOM, vacant=vacant * MINUTE), [slot(-30, 60, Status.CHECKED_IN)], fold, NOW)
    assert [step.act for step in due] == ([act] if act else [])


def test_a_room_that_became_vacant_late_begins_its_minutes_late():
    room = replace(ROOM, occupancy=Occupancy.VACANT, occupancy_since=NOW - 2 * MINUTE)
    assert steps(room, [slot(-60, 60, Status.CHECKED_IN)], VACANT, NOW) == []


@pytest.mark.parametrize(
    ("the_slot", "act"),
    [
        (slot(-30, 30, Status.ENDED), "resume"),
        (slot(-30, 1, Status.ENDED), None),  # a clock that is set back a little
        (slot(-30, 30, Status.ENDED, planned_ends_at=NOW + 60 * MINUTE), None),  # somebody ended it
        (slot(-30, 0, Status.ENDED), None),
        (slot(-30, 30, Status.RELEASED), None),
    ],
)
def test_what_a_clock_that_was_ahead_has_ended_is_taken_back(the_slot, act):
    assert [step.act for step in steps(ROOM, [the_slot], OCCUPIED, NOW)] == ([act] if act else [])


@pytest.mark.parametrize("visibility", [Visibility.CONFIDENTIAL, Visibility.HIDDEN])
def test_a_help_point_room_is_never_released(visibility):
    assert steps(replace(ROOM, visibility=visibility), [slot(-30, 60)], VACANT, NOW) == []


def test_a_room_that_never_gives_up_a_meeting_early_is_left_alone():
    fold = replace(VACANT, vacant_since=NOW - 25 * MINUTE)
    assert steps(replace(ROOM, vacant=None), [slot(-30, 60, Status.CHECKED_IN)], fold, NOW) == []


@pytest.mark.parametrize(
    ("the_slot", "room", "at"),
    [
        (slot(-8, 60), ROOM, None),
        (slot(-8, 60, warned_at=NOW - MINUTE), ROOM, NOW + 2 * MINUTE),
        (slot(-20, 60, warned_at=NOW), ROOM, NOW + 3 * MINUTE),
        (slot(-30, 60, Status.CHECKED_IN, warned_at=NOW), ROOM, NOW + 3 * MINUTE),
        (slot(-8, 60, warned_at=NOW), replace(ROOM, no_show=None), NOW + 3 * MINUTE),
    ],
)
def test_a_warning_announces_the_moment(the_slot, room, at):
    assert release_at(the_slot.status, the_slot.starts_at, the_slot.warned_at, room.no_show) == at


def test_a_room_that_never_opens_is_looked_at_all_the_same():
    days = frozenset(NOW.date() + timedelta(days=offset) for offset in range(30))
    never = replace(SHUT, closed_on=days)
    assert next_change(ROOM, [], VACANT, never, NOW) == NOW + timedelta(hours=6)


def test_it_looks_again_at_the_first_thing_that_could_differ():
    assert next_change(ROOM, [], VACANT, OPEN, NOW) == NOW + timedelta(hours=6)
    assert next_change(ROOM, [slot(40, 60)], VACANT, OPEN, NOW) == NOW + 25 * MINUTE
    assert next_change(ROOM, [slot(0, 60)], VACANT, OPEN, NOW) == NOW + 7 * MINUTE
    assert next_change(ROOM, [], replace(VACANT, look_at=NOW + MINUTE), OPEN, NOW) == NOW + MINUTE
    assert next_change(ROOM, [slot(-7, 60, warned_at=NOW)], VACANT, OPEN, NOW) == NOW + 3 * MINUTE


def test_it_never_looks_backwards():
    for start in range(-120, 60, 7):
        assert next_change(ROOM, [slot(start, start + 60)], VACANT, SHUT, NOW) > NOW


def test_an_unbooked_visit_has_no_end():
    result = state([slot(30, 60)], OCCUPIED)
    assert (result.kind, result.until, result.next_starts_at) == (StateKind.IN_USE_UNBOOKED, None, NOW + 30 * MINUTE)
