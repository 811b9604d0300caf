"""What is told of a room: what can be seen of it now and could not be seen before, and nothing else."""

from datetime import timedelta

import pytest

from registry.assets.queries import equipment_of, readiness
from registry.assets.transitions import Answers
from registry.bookings.actions import book, cancel, check_in
from registry.bookings.queries import state_of
from registry.bookings.readings import advance_due, record_readings, watch_lost, watch_started
from registry.bookings.rules import BookingRequest
from registry.bookings.state import StateKind
from registry.core import events
from registry.core.history import Actor
from registry.devices.occupancy import Reading
from registry.faults.asset_transitions import perform
from registry.rooms.actions import set_standard
from registry.rooms.models import Room
from registry.rooms.standards import StandardLine
from tests.make import HOUR, NOW, make_asset, make_booking, make_device, make_person, make_room

pytestmark = [pytest.mark.anyio, pytest.mark.usefixtures("database")]
ACTOR = Actor("Alice", "api")
MINUTE, BEAT = timedelta(minutes=1), timedelta(seconds=30)


@pytest.fixture
async def room_events(database):
    """What was told of rooms, as it comes."""
    log = []
    leave = events.on(lambda event: log.append(event) if isinstance(event, events.RoomChanged) else None)
    yield log
    leave()


async def numbers(room):
    fresh = await Room.get(id=room.id)
    return fresh.version, fresh.revision


async def test_a_sensor_that_repeats_itself_tells_nothing_new(room_events):
    room = await make_room()
    device = await make_device(room=room, sensing="mmwave")
    await watch_started(NOW)
    await record_readings([Reading(device.id, NOW, occupied=True)], NOW)
    version, revision = await numbers(room)
    room_events.clear()
    for beat in range(1, 6):
        at = NOW + beat * BEAT
        await record_readings([Reading(device.id, at, occupied=True, battery=80)], at)
    assert room_events == []
    assert await numbers(room) == (version + 5, revision)
    at = NOW + 6 * BEAT
    await record_readings([Reading(device.id, at, occupied=True, distrust="tamper")], at)
    assert [event.revision for event in room_events] == [revision + 1]


async def test_what_another_sensor_of_the_room_says_is_seen_too(room_events):
    """The page of the room shows what each of them says."""
    room = await make_room()
    sensors = [await make_device(room=room, sensing="mmwave") for _ in range(2)]
    await watch_started(NOW)
    await record_readings([Reading(sensor.id, NOW, occupied=True) for sensor in sensors], NOW)
    room_events.clear()
    for beat in range(1, 3):
        at = NOW + beat * BEAT
        await record_readings(
            [Reading(sensors[0].id, at, occupied=False), Reading(sensors[1].id, at, occupied=True)], at
        )
    assert len(room_events) == 1


async def test_time_alone_changes_what_is_seen(room_events):
    room = await make_room()
    await advance_due(NOW)
    booking = await book(BookingRequest(room.code, NOW + HOUR, NOW + 2 * HOUR), None, ACTOR, NOW)
    room_events.clear()
    minutes = []
    for minute in range(121):
        await advance_due(NOW + minute * MINUTE)
        minutes += [minute] * len(room_events)
        room_events.clear()
    assert minutes == [45, 60, 120], "soon, in use, over; nothing at the moment from which a check-in is taken"
    assert (await state_of(room.id, booking.ends_at))[0].kind is StateKind.FREE


@pytest.mark.parametrize(("ahead", "is_near"), [(2 * HOUR, True), (5 * MINUTE, True), (48 * HOUR, False)])
async def test_a_booking_is_told_once_and_the_next_reading_not_again(room_events, ahead, is_near):
    room = await make_room()
    device = await make_device(room=room, sensing="mmwave")
    await watch_started(NOW)
    await record_readings([Reading(device.id, NOW, occupied=True)], NOW)
    room_events.clear()
    await book(BookingRequest(room.code, NOW + ahead, NOW + ahead + HOUR), None, ACTOR, NOW)
    await record_readings([Reading(device.id, NOW + BEAT, occupied=True)], NOW + BEAT)
    assert [event.is_near for event in room_events] == [is_near]
    assert room_events[0].revision == (await numbers(room))[1]


async def test_what_is_done_already_is_not_told_again(room_events):
    room, alice = await make_room(), await make_person("alice")
    booking = await book(BookingRequest(room.code, NOW, NOW + HOUR), alice, ACTOR, NOW)
    for _ in range(2):
        await check_in(booking.id, alice, ACTOR, NOW)
    assert len(room_events) == 1, "who books for now is there"
    other = await make_booking(NOW + 3 * HOUR, room=room, organizer=alice)
    for _ in range(2):
        await cancel(other.id, alice, ACTOR, NOW)
    assert len(room_events) == 2


async def test_a_broker_that_stays_away_is_told_once(room_events):
    room = await make_room()
    await make_device(room=room, sensing="mmwave")
    await watch_started(NOW)
    for minute in range(3):
        await watch_lost(NOW + minute * MINUTE)
    assert [event.room_id for event in room_events] == [room.id, room.id]


async def test_of_its_pieces_a_room_tells_what_does_not_work_and_what_it_should_have(room_events):
    room = await make_room()
    projector, lamp = [await make_asset(room=room, name=name) for name in ("Projektor", "Lampa")]
    await set_standard(room.id, [StandardLine("Projektor", 1, "projector")], ACTOR, NOW)
    room_events.clear()
    await perform("move", lamp.id, Answers(), ACTOR, NOW)
    assert room_events == []
    await perform("move", lamp.id, Answers(room_id=room.id), ACTOR, NOW)
    for count, asset in enumerate((lamp, projector), 1):
        await perform("report_fault", asset.id, Answers(), ACTOR, NOW)
        assert len(room_events) == count
    assert room_events[-1].revision == (await numbers(room))[1]


async def test_a_room_is_as_ready_by_its_state_as_by_its_readiness():
    room = await make_room()
    projector, lamp = [await make_asset(room=room, name=name) for name in ("Projektor", "Lampa")]
    await set_standard(room.id, [StandardLine("Projektor", 1, "projector")], ACTOR, NOW)
    for asset, is_ready in ((lamp, True), (projector, False)):
        await perform("report_fault", asset.id, Answers(), ACTOR, NOW)
        state, fresh = await state_of(room.id, NOW)
        assert (state.ready, (await readiness(room.id)).ready) == (is_ready, is_ready)
        equipment = (await equipment_of([fresh]))[room.id]
        assert ("projector" in equipment.works) is is_ready
    assert [piece["name"] for piece in equipment.broken] == ["Lampa", "Projektor"]
    assert equipment.faulty_count == 2
