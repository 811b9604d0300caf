"""Sensors, the broker and the clock on real rooms, on both databases."""

import asyncio
from datetime import timedelta

import pytest

from registry.bookings import readings, room_snapshot
from registry.bookings.models import Booking, Status
from registry.bookings.queries import public_room_state, state_of
from registry.bookings.readings import (
    advance_due,
    bring_looks_forward,
    record_readings,
    sweep_lag,
    watch_lost,
    watch_started,
)
from registry.bookings.state import StateKind
from registry.core import events, seals
from registry.core.history import HistoryEntry
from registry.devices.models import Device
from registry.devices.occupancy import Reading
from registry.doors.actions import note_panels
from registry.doors.queries import door
from registry.doors.view import texts
from registry.outbox.models import Notice
from registry.rooms.models import Occupancy, Room
from tests.make import HOUR, NOW, make_booking, make_device, make_panel, make_person, make_room

pytestmark = [pytest.mark.anyio, pytest.mark.usefixtures("database")]
MINUTE = timedelta(minutes=1)


async def a_room(**fields):
    room = await make_room(check_in=True, no_show_minutes=10, vacant_minutes=15, **fields)
    device = await make_device(room=room, sensing="mmwave", hold_seconds=300)
    return room, device


async def occupancy(room):
    return (await Room.get(id=room.id)).occupancy


async def pass_time(start, minutes):
    """Sweep once a minute; returns when each booking status was first seen."""
    first_minutes = {}
    for minute in range(minutes + 1):
        now = start + minute * MINUTE
        await advance_due(now)
        for status in await Booking.all().values_list("status", flat=True):
            first_minutes.setdefault(status, minute)
    return first_minutes


async def test_a_reading_changes_the_room_and_tells_it():
    room, device = await a_room()
    log = []
    leave = events.on(log.append)
    await watch_started(NOW)
    assert await occupancy(room) == Occupancy.UNKNOWN
    await record_readings([Reading(device.id, NOW, occupied=True, battery=80)], NOW)
    leave()
    assert await occupancy(room) == Occupancy.OCCUPIED
    assert [event.room_id for event in log] == [room.id, room.id]
    fresh = await Device.get(id=device.id)
    assert (fresh.occupied, fresh.battery, fresh.online, fresh.positive_at) == (True, 80, True, NOW)
    assert (await public_room_state(room.id, NOW)).state is StateKind.IN_USE_UNBOOKED


async def test_what_the_broker_kept_confirms_nothing():
    room, device = await a_room()
    await watch_started(NOW)
    await record_readings([Reading(device.id, NOW, occupied=True, live=False)], NOW)
    assert await occupancy(room) == Occupancy.UNKNOWN
    assert (await Device.get(id=device.id)).heard_at is None


async def test_vacancy_needs_the_hold():
    room, device = await a_room()
    await watch_started(NOW)
    await record_readings([Reading(device.id, NOW, occupied=False)], NOW)
    assert await occupancy(room) == Occupancy.UNKNOWN
    assert await advance_due(NOW + 4 * MINUTE) == 0
    assert await advance_due(NOW + 5 * MINUTE) == 1
    assert await occupancy(room) == Occupancy.VACANT


async def test_somebody_seen_between_two_folds_counts():
    room, device = await a_room()
    await watch_started(NOW)
    await record_readings([Reading(device.id, NOW, occupied=False, was_positive=True)], NOW)
    assert await occupancy(room) == Occupancy.OCCUPIED


async def test_nobody_came_it_warns_then_releases_with_evidence_and_keeps_the_record():
    room, device = await a_room()
    start = NOW + HOUR
    organizer = await make_person()
    booking = await make_booking(start, room=room, organizer=organizer)
    await watch_started(NOW)
    await record_readings([Reading(device.id, NOW, occupied=False)], NOW)
    minutes = await pass_time(start, 12)
    assert minutes[Status.RELEASED] == 10
    row = await Booking.get(id=booking.id)
    assert (row.warned_at, row.ends_at, row.planned_ends_at) == (
        start + 7 * MINUTE, start + 10 * MINUTE, start + HOUR,
    )  # fmt: skip
    assert row.evidence["sensors"][0]["says"] == "negative"
    entry = await HistoryEntry.get(object=f"booking:{booking.id}", action="released")
    assert entry.actor == "Izba"
    assert entry.after["evidence"] == row.evidence
    notice = await Notice.get()
    assert (notice.person_id, notice.kind, notice.facts["by"]) == (organizer.id, "booking.released", "")
    assert (await seals.verify())[1] is None


async def test_somebody_who_comes_during_the_warning_keeps_the_room():
    room, device = await a_room()
    start = NOW + HOUR
    booking = await make_booking(start, room=room)
    await watch_started(NOW)
    await record_readings([Reading(device.id, NOW, occupied=False)], NOW)
    await pass_time(start, 8)
    at = start + 9 * MINUTE
    await record_readings([Reading(device.id, at, occupied=True)], at)
    row = await Booking.get(id=booking.id)
    assert (row.status, row.checked_in_by, row.warned_at) == (Status.CHECKED_IN, "sensor", None)


async def test_an_empty_meeting_gives_the_rest_back():
    room, device = await a_room()
    booking = await make_booking(NOW, NOW + 2 * HOUR, room=room)
    await watch_started(NOW - HOUR)
    await record_readings([Reading(device.id, NOW, occupied=True)], NOW)
    empty_from = NOW + 20 * MINUTE
    await record_readings([Reading(device.id, empty_from, occupied=False)], empty_from)
    await pass_time(empty_from, 20)
    row = await Booking.get(id=booking.id)
    assert (row.status, row.release_reason, row.ends_at) == (Status.ENDED, "vacant", empty_from + 20 * MINUTE)


@pytest.mark.parametrize("silence", ["never_heard", "broker_lost", "offline", "stale"])
async def test_unknown_never_releases(silence):
    room, device = await a_room()
    start = NOW + HOUR
    await make_booking(start, start + HOUR, room=room)
    await watch_started(NOW)
    if silence != "never_heard":
        await record_readings([Reading(device.id, NOW, occupied=False)], NOW)
    if silence == "broker_lost":
        await watch_lost(start - MINUTE)
    if silence == "offline":
        await record_readings([Reading(device.id, start - MINUTE, online=False)], start - MINUTE)
    if silence == "stale":
        await Device.filter(id=device.id).update(confirmed_at=start - 90 * MINUTE)
    minutes = await pass_time(start - MINUTE, 70)
    assert Status.RELEASED not in minutes
    assert minutes[Status.ENDED] == 61


@pytest.mark.parametrize(
    ("gone", "back"),
    [
        ({"online": False}, {"online": True}),
        ({"online": False}, {"occupied": False}),
        ({"distrust": "tamper"}, {"distrust": "", "occupied": False}),
        ({"battery": 4}, {"battery": 90}),
        ({}, {"occupied": False}),
    ],
    ids=["offline", "offline_until_it_speaks", "tampered", "empty_battery", "silent"],
)
async def test_a_sensor_that_was_away_proves_nothing_until_its_hold_has_passed_again(gone, back):
    room, device = await a_room()
    await watch_started(NOW - HOUR)
    await record_readings([Reading(device.id, NOW, occupied=False)], NOW)
    await advance_due(NOW + 5 * MINUTE)
    assert await occupancy(room) == Occupancy.VACANT
    returns = NOW + (30 if gone else 95) * MINUTE
    if gone:
        await record_readings([Reading(device.id, NOW + 6 * MINUTE, **gone)], NOW + 6 * MINUTE)
    await advance_due(returns)
    assert await occupancy(room) == Occupancy.UNKNOWN
    await record_readings([Reading(device.id, returns, **back)], returns)
    assert await occupancy(room) == Occupancy.UNKNOWN
    await advance_due(returns + 5 * MINUTE)
    assert await occupancy(room) == Occupancy.VACANT


async def test_who_was_seen_long_before_a_sensor_was_silent_is_not_there_any_more():
    room, device = await a_room()
    await watch_started(NOW - HOUR)
    await record_readings([Reading(device.id, NOW, occupied=True)], NOW)
    at = NOW + 95 * MINUTE
    await record_readings([Reading(device.id, at, occupied=False)], at)
    assert await occupancy(room) == Occupancy.UNKNOWN


async def test_who_was_there_until_a_sensor_said_otherwise_may_sit_still():
    room, device = await a_room()
    await watch_started(NOW - HOUR)
    await record_readings([Reading(device.id, NOW, occupied=True)], NOW)
    at = NOW + 80 * MINUTE
    await record_readings([Reading(device.id, at, occupied=False)], at)
    assert await occupancy(room) == Occupancy.OCCUPIED
    await advance_due(at + 5 * MINUTE)
    assert await occupancy(room) == Occupancy.VACANT


async def test_who_was_seen_before_a_sensor_was_away_is_there_when_it_is_back():
    room, device = await a_room()
    await watch_started(NOW - HOUR)
    await record_readings([Reading(device.id, NOW, occupied=True)], NOW)
    await record_readings([Reading(device.id, NOW + MINUTE, online=False)], NOW + MINUTE)
    assert await occupancy(room) == Occupancy.UNKNOWN
    await record_readings([Reading(device.id, NOW + 2 * MINUTE, online=True)], NOW + 2 * MINUTE)
    assert await occupancy(room) == Occupancy.OCCUPIED


async def test_the_broker_comes_back_and_nothing_old_counts():
    room, device = await a_room()
    await watch_started(NOW)
    await record_readings([Reading(device.id, NOW, occupied=True)], NOW)
    await watch_lost(NOW + MINUTE)
    assert await occupancy(room) == Occupancy.UNKNOWN
    await watch_started(NOW + 2 * MINUTE)
    assert await occupancy(room) == Occupancy.UNKNOWN
    at = NOW + 3 * MINUTE
    await record_readings([Reading(device.id, at, occupied=False)], at)
    assert await occupancy(room) == Occupancy.UNKNOWN
    await advance_due(NOW + 8 * MINUTE)
    assert await occupancy(room) == Occupancy.VACANT


async def test_a_stuck_sensor_only_keeps_a_room():
    room, device = await a_room()
    booking = await make_booking(NOW, NOW + 2 * HOUR, room=room)
    await watch_started(NOW - HOUR)
    await record_readings([Reading(device.id, NOW, occupied=True)], NOW)
    await pass_time(NOW, 89)
    assert (await Booking.get(id=booking.id)).status is Status.CHECKED_IN


@pytest.mark.parametrize("checked_in_at", [NOW, None])
async def test_what_a_clock_that_was_ahead_has_ended_runs_on_once_it_is_right(checked_in_at):
    room, _ = await a_room()
    status = Status.CHECKED_IN if checked_in_at else Status.CONFIRMED
    booking = await make_booking(NOW, NOW + HOUR, room=room, status=status, checked_in_at=checked_in_at)
    await watch_started(NOW)
    await advance_due(NOW + 2 * HOUR)
    assert (await Booking.get(id=booking.id)).status is Status.ENDED
    assert await bring_looks_forward(NOW + MINUTE) == 1
    await advance_due(NOW + MINUTE)
    assert (await Booking.get(id=booking.id)).status is status
    actions = await HistoryEntry.filter(object=f"booking:{booking.id}").order_by("id").values_list("action", flat=True)
    assert actions == ["ended", "resumed"]
    assert (await state_of(room.id, NOW + MINUTE))[0].booking_id == booking.id


async def test_what_was_said_by_a_clock_that_was_ahead_is_not_believed_when_its_time_comes():
    room, device = await a_room()
    await watch_started(NOW)
    ahead = NOW + HOUR
    await record_readings([Reading(device.id, ahead, occupied=False)], ahead)
    await watch_started(NOW + MINUTE)
    await advance_due(ahead + 10 * MINUTE)
    assert await occupancy(room) == Occupancy.UNKNOWN
    fresh = await Device.get(id=device.id)
    assert (fresh.occupied, fresh.confirmed_at) == (None, None)


async def test_a_room_that_a_wrong_clock_put_off_is_looked_at_soon():
    far, near = await make_room(next_change_at=NOW + 20 * HOUR), await make_room(next_change_at=NOW + HOUR)
    assert await bring_looks_forward(NOW, 6 * HOUR) == 1
    assert (await Room.get(id=far.id)).next_change_at == NOW
    assert await bring_looks_forward(NOW) == 1
    assert (await Room.get(id=near.id)).next_change_at == NOW


async def test_a_room_is_looked_at_once_however_many_sweep():
    room, _ = await a_room()
    await Room.filter(id=room.id).update(next_change_at=NOW)
    assert await sweep_lag(NOW + MINUTE) == MINUTE
    assert await advance_due(NOW) == 1
    assert await advance_due(NOW) == 0
    assert await sweep_lag(NOW) == timedelta(0)


async def test_a_panel_and_an_unplaced_sensor_change_no_room():
    room, _ = await a_room()
    panel = await make_panel(room=room)
    stray = await make_device()
    await record_readings([Reading(panel.id, NOW, online=True), Reading(stray.id, NOW, occupied=True)], NOW)
    assert await occupancy(room) == Occupancy.UNKNOWN
    assert (await Device.get(id=stray.id)).occupied is True
    assert (await Device.get(id=panel.id)).online is True


async def test_the_air_and_a_panel_wake_nobody_who_watches_the_room():
    room, _ = await a_room()
    panel, air = await make_panel(room=room), await make_device(room=room, kind="air", sensing="co2")
    log = []
    leave = events.on(log.append)
    await record_readings([Reading(panel.id, NOW, battery=70), Reading(air.id, NOW, battery=80)], NOW)
    await note_panels([panel.id, air.id], NOW + MINUTE)
    leave()
    assert (log, (await Room.get(id=room.id)).revision) == ([], room.revision)
    panel, air = await Device.get(id=panel.id), await Device.get(id=air.id)
    assert (panel.battery, panel.heard_at, panel.online) == (70, NOW + MINUTE, True)
    assert (air.battery, air.heard_at, air.online) == (80, NOW, None)


async def test_what_is_kept_of_a_room_is_never_older_than_its_revision():
    room, device = await a_room()
    await watch_started(NOW)
    assert (await state_of(room.id, NOW))[0].kind is StateKind.UNKNOWN
    await record_readings([Reading(device.id, NOW, occupied=True)], NOW)
    assert (await state_of(room.id, NOW))[0].kind is StateKind.IN_USE_UNBOOKED


async def test_a_door_says_since_when_it_does_not_know():
    room, device = await a_room()
    await watch_started(NOW)
    await record_readings([Reading(device.id, NOW, occupied=True)], NOW)
    lost_at = NOW + 25 * MINUTE  # 10:25 in Warsaw
    await watch_lost(lost_at)
    view = await door(room.id, lost_at + 30 * MINUTE)
    assert texts(view, "pl")["more"] == "Bez odczytu od 10:25"
    assert texts(view, "en")["more"] == "No reading since 10:25"


async def test_one_batch_changes_many_rooms_and_each_is_told_once():
    places = [await a_room() for _ in range(readings.ROOMS_AT_ONCE + 2)]
    await watch_started(NOW)
    log = []
    leave = events.on(log.append)
    await record_readings([Reading(device.id, NOW, occupied=True) for _, device in places], NOW)
    leave()
    assert sorted(event.room_id for event in log) == sorted(room.id for room, _ in places)
    assert {await occupancy(room) for room, _ in places} == {Occupancy.OCCUPIED}


async def test_no_room_waits_for_one_whose_readings_cannot_be_recorded(monkeypatch):
    (broken, deaf), (sound, device) = await a_room(), await a_room()
    await watch_started(NOW)
    settle = readings.settle

    async def refuses_one(change, room, snapshot, now):
        if room.id == broken.id:
            raise RuntimeError("cannot be settled")
        return await settle(change, room, snapshot, now)

    monkeypatch.setattr(readings, "settle", refuses_one)
    with pytest.raises(RuntimeError):
        await record_readings([Reading(deaf.id, NOW, occupied=True), Reading(device.id, NOW, occupied=True)], NOW)
    for _ in range(1500):  # the sound one is not waited for
        if await occupancy(sound) == Occupancy.OCCUPIED:
            break
        await asyncio.sleep(0.02)
    assert (await occupancy(broken), await occupancy(sound)) == (Occupancy.UNKNOWN, Occupancy.OCCUPIED)
    assert (await Device.get(id=deaf.id)).occupied is None


async def test_a_slower_reader_does_not_bring_an_older_room_back():
    room, device = await a_room()
    await watch_started(NOW)
    before = await Room.get(id=room.id)
    older = await room_snapshot.load(before, NOW)
    await record_readings([Reading(device.id, NOW, occupied=True)], NOW)
    room_snapshot.keep(older)
    fresh = await Room.get(id=room.id)
    assert room_snapshot.recall(room.id, before.version, NOW) is None
    assert room_snapshot.recall(room.id, fresh.version, NOW) is not None


async def test_a_state_is_derived_anew_as_soon_as_it_could_be_another():
    room = await make_room()
    await make_booking(NOW + HOUR, room=room)
    snapshot = await room_snapshot.snapshot_of(await Room.get(id=room.id), NOW)
    minutes = (0, 44, 45, 59, 60, 119, 120, 0)
    assert [room_snapshot.derive(snapshot, NOW + minute * MINUTE).state.kind for minute in minutes] == [
        StateKind.FREE, StateKind.FREE, StateKind.SOON, StateKind.SOON, StateKind.IN_USE, StateKind.IN_USE,
        StateKind.FREE, StateKind.FREE,
    ]  # fmt: skip
    assert room_snapshot.derive(snapshot, NOW + MINUTE).state.as_of == NOW + MINUTE
