"""Numbers that grow with what is shown of a room and with nothing else."""

from datetime import timedelta

import pytest

from registry.bookings.actions import book
from registry.bookings.projections import Viewer, hides_changes
from registry.bookings.public_revision import number_of, revision_of
from registry.bookings.rules import BookingRequest
from registry.core.history import SYSTEM
from registry.doors.queries import public_state_at
from registry.people.models import Role
from registry.rooms.models import Room, Visibility
from tests.conftest import Database
from tests.make import HOUR, NOW, make_booking, make_person, make_room

pytestmark = pytest.mark.anyio
SECOND = timedelta(seconds=1)


@pytest.mark.usefixtures("register")
def test_the_number_grows_with_the_looks_and_with_nothing_else() -> None:
    first = number_of("a lamp", "green", NOW)
    assert number_of("a lamp", "green", NOW + HOUR) == first
    assert number_of("another lamp", "green", NOW + HOUR) > first
    second = number_of("a lamp", "red", NOW + HOUR)
    assert second > first
    assert number_of("a lamp", "green", NOW + 2 * HOUR) > second, "green again is a new state"


@pytest.mark.usefixtures("register")
def test_a_clock_that_jumps_back_makes_no_number_smaller() -> None:
    first = number_of("a clock", "green", NOW)
    assert number_of("a clock", "red", NOW - HOUR) == first + 1


@pytest.mark.parametrize("visibility", list(Visibility))
@pytest.mark.parametrize("role", [*Role, None])
def test_who_may_not_know_that_something_happened(visibility: Visibility, role: Role | None) -> None:
    is_shy = visibility in (Visibility.CONFIDENTIAL, Visibility.HIDDEN)
    works_there = role in (Role.DUTY, Role.COORDINATOR, Role.ADMIN)
    assert hides_changes(visibility, Viewer(role)) == (is_shy and not works_there)


@pytest.mark.parametrize("visibility", list(Visibility))
async def test_a_booking_of_another_day_changes_no_number_of_a_shy_room(
    database: Database, visibility: Visibility
) -> None:
    room = await make_room(visibility=visibility)
    before, revision = await public_state_at(room.id, NOW)
    number = revision_of(before)
    coordinator = await make_person(role=Role.COORDINATOR)
    wish = BookingRequest(room=room.code, starts_at=NOW + 72 * HOUR, ends_at=NOW + 73 * HOUR)
    await book(wish, coordinator, SYSTEM, NOW)
    after, later = await public_state_at(room.id, NOW + SECOND)
    assert later > revision, "the order of two states is known inside"
    is_shy = visibility in (Visibility.CONFIDENTIAL, Visibility.HIDDEN)
    assert (revision_of(after) == number) is is_shy
    assert revision_of(after) == (number if is_shy else (await Room.get(id=room.id)).revision)


async def test_a_visit_that_is_to_be_seen_has_a_number_of_its_own(database: Database) -> None:
    room = await make_room(visibility=Visibility.HIDDEN)
    free = revision_of((await public_state_at(room.id, NOW))[0])
    await make_booking(NOW + HOUR, room=room)
    await Room.filter(id=room.id).update(revision=1, version=1)
    assert revision_of((await public_state_at(room.id, NOW + SECOND))[0]) == free
    busy = revision_of((await public_state_at(room.id, NOW + HOUR))[0])
    assert busy > free
    assert revision_of((await public_state_at(room.id, NOW + HOUR + SECOND))[0]) == busy
