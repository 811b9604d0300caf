"""The organizer hears what others, and Izba itself, do about a booking; never what they did themselves."""

from typing import Any

import pytest

from registry.bookings import actions
from registry.bookings.actions import BookingChanges
from registry.bookings.models import Booking, Kind
from registry.core.history import SYSTEM, Actor
from registry.outbox.models import Notice
from registry.people.models import Person
from registry.rooms.models import Room
from tests.conftest import Database
from tests.make import HOUR, MINUTE, NOW, make_booking, make_people, make_person, make_room, wish
from tests.statements import Statements


def of(person: Person) -> Actor:
    return Actor(person.name, "web", person.id)


async def booked(room: Room, organizer: Person, **columns: Any) -> Booking:
    return await make_booking(
        room=room, organizer=organizer, institution_id=organizer.institution_id, title="Narada", **columns
    )


async def kinds() -> list[tuple[str, int]]:
    return [(notice.kind, notice.person_id) for notice in await Notice.all().order_by("id")]


async def test_what_one_does_oneself_is_no_news(database: Database, statements: Statements) -> None:
    alice, _, _ = await make_people()
    room = await make_room()
    before = len(statements)
    booking = await actions.book(wish(room, title="Narada"), alice, of(alice), NOW)
    assert not [one.text for one in statements[before:] if "notice" in one.text]
    await actions.change(booking.id, BookingChanges(title="Inna"), alice, of(alice), NOW)
    await actions.cancel(booking.id, alice, of(alice), NOW)
    assert await kinds() == []


async def test_what_a_coordinator_does_is_told_with_what_was_before(database: Database) -> None:
    alice, _, _ = await make_people()
    coordinator = await make_person(role="coordinator")
    theirs = coordinator, of(coordinator), NOW
    room, other = await make_room(code="A"), await make_room(code="B")
    booking = await booked(room, alice)
    await actions.change(booking.id, BookingChanges(ends_at=NOW + 3 * HOUR), *theirs)
    await actions.change(booking.id, BookingChanges(room="B"), *theirs)
    await actions.cancel(booking.id, *theirs)
    await actions.undo_release(booking.id, *theirs)
    assert await kinds() == [
        ("booking.changed", alice.id), ("booking.moved", alice.id), ("booking.cancelled", alice.id),
        ("booking.restored", alice.id),
    ]  # fmt: skip
    changed, moved, *_ = await Notice.all().order_by("id")
    assert (changed.thing, changed.facts["by"], changed.facts["title"]) == (
        f"booking:{booking.id}",
        coordinator.name,
        "Narada",
    )
    assert (changed.facts["former_ends_at"], changed.facts["former_room"]) == ((NOW + 2 * HOUR).isoformat(), "")
    assert (moved.facts["room"], moved.facts["former_room"], moved.facts["former_ends_at"]) == (other.code, "A", "")


async def test_a_booking_for_somebody_is_told_to_them(database: Database) -> None:
    alice, _, _ = await make_people()
    coordinator = await make_person(role="coordinator")
    await actions.book(wish(await make_room(), organizer="alice"), coordinator, of(coordinator), NOW)
    assert await kinds() == [("booking.booked", alice.id)]


async def test_an_end_at_the_door_is_told(database: Database) -> None:
    alice, _, _ = await make_people()
    running = await booked(await make_room(), alice, starts_at=NOW, ends_at=NOW + HOUR, status="checked_in")
    await actions.end(running.id, None, SYSTEM, NOW + 5 * MINUTE)
    assert await kinds() == [("booking.ended", alice.id)]


@pytest.mark.parametrize(
    ("classes", "names"),
    [
        (("internal", "internal"), {"starts_at", "ends_at", "former_starts_at", "former_ends_at", "room",
                                    "former_room", "title", "by"}),
        (("confidential", "confidential"), {"starts_at", "ends_at", "former_starts_at", "former_ends_at"}),
        (("internal", "confidential"), {"starts_at", "ends_at", "former_starts_at", "former_ends_at"}),
        (("confidential", "internal"), {"starts_at", "ends_at", "former_starts_at", "former_ends_at"}),
        (("hidden", "hidden"), set()),
        (("internal", "hidden"), set()),
        (("hidden", "internal"), set()),
    ],
)  # fmt: skip
async def test_what_leaves_of_a_shy_room_has_no_field_for_what_it_hides(
    database: Database, classes: tuple[str, str], names: set[str]
) -> None:
    duty, coordinator = await make_person(role="duty"), await make_person(role="coordinator")
    first, second = [await make_room(code=f"X-{at}", visibility=one) for at, one in enumerate(classes)]
    kinds_of = {"internal": "meeting", "confidential": "consultation", "hidden": "interview"}
    booking = await make_booking(room=first, organizer=duty, kind=kinds_of[classes[0]])
    later = NOW + 2 * HOUR, NOW + 3 * HOUR
    changes = BookingChanges(second.code, *later, kind=Kind(kinds_of[classes[1]]))
    await actions.change(booking.id, changes, coordinator, of(coordinator), NOW)
    notice = await Notice.get()
    assert set(notice.facts) == names
    if not {"internal"} >= set(classes):
        assert "X-" not in str(notice.facts), "not even the code of a room"
        assert coordinator.name not in str(notice.facts)


async def test_a_visit_stays_as_confidential_in_a_room_that_was_opened_since(database: Database) -> None:
    alice, _, _ = await make_people()
    coordinator, room = await make_person(role="coordinator"), await make_room()
    visit = await booked(room, alice, kind=Kind.CONSULTATION)
    await actions.cancel(visit.id, coordinator, of(coordinator), NOW, "other")
    facts = (await Notice.get()).facts
    assert facts["starts_at"] == visit.starts_at.isoformat()
    assert not {"room", "title", "by"} & facts.keys()
