"""One door for all who show it: drawn once, and anew as soon as it could be another."""

from datetime import timedelta

import pytest

from registry.bookings import room_snapshot
from registry.bookings.actions import book, end
from registry.bookings.readings import record_readings, watch_started
from registry.bookings.rules import BookingRequest
from registry.core import events
from registry.core.history import SYSTEM
from registry.devices.occupancy import Reading
from registry.doors.queries import door
from registry.doors.view import DoorState, OpenDoor, TitledDoor, acts
from registry.places.actions import RoomChanges, change_rooms
from registry.rooms.lock import changing
from registry.rooms.models import Room, Visibility
from tests.make import HOUR, NOW, make_booking, make_device, make_panel, make_person, make_room

pytestmark = [pytest.mark.anyio, pytest.mark.usefixtures("database")]
SECOND, MINUTE = timedelta(seconds=1), timedelta(minutes=1)


async def revision_of(room: Room) -> int:
    return (await Room.get(id=room.id)).revision


async def test_the_panels_of_a_door_share_it_and_one_that_is_off_offers_nothing() -> None:
    room = await make_room(bookable=True, panel_books=True)
    first, second, off = [await make_panel(room=room, enabled=enabled) for enabled in (True, True, False)]
    view = await door(room.id, NOW, first)
    assert await door(room.id, NOW + SECOND, second) is view
    dark = await door(room.id, NOW + SECOND, off)
    assert isinstance(view, OpenDoor)
    assert isinstance(dark, OpenDoor)
    assert (bool(view.acts), dark.acts) == (True, ())
    assert await door(room.id, NOW + MINUTE, first) is not view, "it counts minutes"


async def test_a_room_that_gets_approvers_is_no_longer_booked_at_its_door() -> None:
    room = await make_room(bookable=True, panel_books=True)
    view = await door(room.id, NOW)
    assert "book" in {act.command for act in acts(view)}
    await change_rooms([room.id], RoomChanges(approvers=[await make_person()]), SYSTEM, NOW)
    assert "book" not in {act.command for act in acts(await door(room.id, NOW))}


async def test_a_change_draws_it_anew_without_asking_the_database(monkeypatch: pytest.MonkeyPatch) -> None:
    room = await make_room(check_in=True)
    sensor = await make_device(room=room)
    await watch_started(NOW)
    await door(room.id, NOW)
    log: list[events.Event] = []
    leave = events.on(log.append)
    await record_readings([Reading(sensor.id, NOW, occupied=True)], NOW)
    leave()
    (event,) = log
    assert isinstance(event, events.RoomChanged)

    async def asked(*_: object, **__: object) -> None:
        raise AssertionError("the database was asked")

    with monkeypatch.context() as apart:
        apart.setattr(Room, "get_or_none", asked)
        apart.setattr(room_snapshot, "load", asked)
        assert (await door(room.id, NOW, revision=event.revision)).state is DoorState.OCCUPIED
    later = NOW + 5 * SECOND
    await book(BookingRequest(room.code, later, later + HOUR), await make_person(), SYSTEM, later)
    view = await door(room.id, later, revision=await revision_of(room))
    assert isinstance(view, OpenDoor)
    assert (view.state, len(view.day.busy)) == (DoorState.BUSY, 1)


async def test_an_older_event_shows_no_older_door() -> None:
    room = await make_room()
    view = await door(room.id, NOW)
    older = await revision_of(room)
    booking = await book(BookingRequest(room.code, NOW, NOW + HOUR), await make_person(), SYSTEM, NOW)
    assert (await door(room.id, NOW, revision=older)).state is DoorState.BUSY
    await end(booking.id, None, SYSTEM, NOW + SECOND)
    again = await door(room.id, NOW + SECOND, revision=older)
    assert (again.state, again.revision > view.revision) == (DoorState.FREE, True)


async def test_a_room_that_becomes_confidential_shows_no_title_any_more() -> None:
    room = await make_room(visibility=Visibility.PUBLIC)
    await make_booking(NOW - MINUTE, room=room, title="KANAREK", status="checked_in")
    before = await door(room.id, NOW)
    assert isinstance(before, TitledDoor)
    assert before.title == "KANAREK"
    async with changing(room.id) as change:
        change.room.visibility = Visibility.CONFIDENTIAL
        await change.room.save(update_fields=["visibility"])
    for revision in (-1, before.revision, await revision_of(room)):
        assert "KANAREK" not in repr(await door(room.id, NOW + SECOND, revision=revision))


async def test_where_else_to_go_is_asked_anew_each_time() -> None:
    """It depends on other rooms, whose changes this one does not count."""
    room = await make_room()
    other = await make_room(building_id=room.building_id, bookable=True)
    await make_booking(NOW + 10 * MINUTE, room=room)
    before = await door(room.id, NOW)
    await book(BookingRequest(other.code, NOW, NOW + HOUR), await make_person(), SYSTEM, NOW)
    after = await door(room.id, NOW + SECOND)
    assert isinstance(before, OpenDoor)
    assert isinstance(after, OpenDoor)
    assert before.elsewhere is not None
    assert (before.elsewhere.number, after.elsewhere) == (other.number, None)


async def test_a_door_says_its_room_s_name_in_its_own_language_or_the_number() -> None:
    """A name in another language says less than the number, which stands on the door."""
    room = await make_room(number="1.01", name="Sala", name_uk="Зала")
    view = await door(room.id, NOW)
    assert view.places == {"pl": "Sala", "en": "Room 1.01", "uk": "Зала", "ru": "Комната 1.01"}
