"""The simulated office: the same for the same seed and time, lively, with one sensor silent and one stuck."""

import json
from datetime import datetime, timedelta

import pytest

from devices.broker.client import addresses
from devices.presence import Presence
from devices.simulator import (
    SILENT_AFTER,
    Meeting,
    Simulator,
    Spot,
    air_in,
    headcount,
    meetings,
    others,
    somebody_in,
    spots,
    tempers,
)
from devices.topics import Topics
from registry.bookings.models import Kind, Status
from registry.devices.models import DeviceKind, DeviceState
from registry.devices.rules import device_state
from tests.conftest import Database
from tests.make import NOW, make_booking, make_device, make_panel, make_room

pytestmark = pytest.mark.anyio
ROOMS = [f"R-{number}" for number in range(6)]
SPOTS = [Spot(f"{room}-occ", room) for room in ROOMS]
MINUTE = timedelta(minutes=1)


def presences(spot: Spot, day: list[Meeting], since: datetime, minutes: int, seed: int = 7) -> list[bool]:
    return [somebody_in(spot, day, ROOMS, since + number * MINUTE, seed) for number in range(minutes)]


def test_the_same_seed_lives_the_same_day() -> None:
    day = [Meeting("a", "R-0", NOW, NOW + timedelta(hours=1))]
    assert presences(SPOTS[0], day, NOW, 120) == presences(SPOTS[0], day, NOW, 120)


def test_most_meetings_are_held_some_end_early_and_some_nobody_comes_to() -> None:
    shares = []
    for number in range(200):
        day = [Meeting(str(number), "R-0", NOW, NOW + timedelta(hours=1))]
        shares.append(sum(presences(SPOTS[0], day, NOW, 60)) / 60)
    none = sum(share == 0 for share in shares)
    full = sum(share > 0.8 for share in shares)
    assert 5 < none < 40
    assert 100 < full < 170
    assert 15 < 200 - none - full < 80


@pytest.mark.parametrize("hour", [0, 3, 12])
def test_something_moves_at_any_hour(hour: int) -> None:
    since = NOW.replace(hour=hour)
    rooms = {spot.room for spot in SPOTS if any(presences(spot, [], since, 60))}
    assert len(rooms) >= 4
    together = [sum(somebody_in(spot, [], ROOMS, since + n * MINUTE, 7) for spot in SPOTS) for n in range(60)]
    assert max(together) == 1, "one person on a round is in one room"


def test_one_falls_silent_and_one_sticks_elsewhere_than_in_the_spared_room() -> None:
    codes = [(f"R-{number}-occ", f"R-{number}") for number in range(5)]
    for seed in range(20):
        ill = {spot.temper: spot.room for spot in tempers(codes, seed, ["R-0"]) if spot.temper != "live"}
        assert set(ill) == {"silent", "stuck"}
        assert "R-0" not in ill.values()
        assert ill["silent"] != ill["stuck"]
    assert all(spot.temper == "live" for spot in tempers(codes[:1], 7))


def test_a_counter_counts_about_as_many_as_were_booked() -> None:
    day = [Meeting("a", "R-0", NOW, NOW + timedelta(hours=1), people=5)]
    assert headcount(SPOTS[0], day, NOW + MINUTE, 7) in (4, 5)
    assert headcount(SPOTS[1], day, NOW + MINUTE, 7) == 1


async def test_it_plays_the_bookings_of_the_register(database: Database) -> None:
    room = await make_room(code="R-0")
    await make_booking(NOW, room=room, status=Status.CONFIRMED, attendees=4)
    await make_booking(NOW + timedelta(hours=5), room=room)
    await make_booking(NOW - timedelta(minutes=30), room=await make_room(), kind=Kind.BLOCK)
    (one,) = await meetings(NOW)
    assert (one.room, one.people, one.starts_at) == ("R-0", 4, NOW)


async def test_it_speaks_when_something_changes_and_at_every_beat(database: Database) -> None:
    for number in range(4):
        room = await make_room(code=f"R-{number}")
        await make_device(code=f"R-{number}-occ", room=room)
    simulator = Simulator(addresses("mqtt://127.0.0.1:1"), Topics(), lambda: NOW)
    readings: list[tuple[str, dict[str, object]]] = []
    simulator._broker.send = lambda topic, payload: readings.append((topic, json.loads(payload)))  # type: ignore[method-assign, assignment]
    simulator._began = NOW
    simulator._spots = await spots(7)
    assert simulator.step(NOW) == 4
    assert simulator.step(NOW + timedelta(seconds=1)) <= 1
    assert all(set(reading) == {"occupied", "battery", "at"} for _, reading in readings)
    readings.clear()
    late = NOW + SILENT_AFTER + MINUTE
    assert simulator.step(late) == 3, "one has fallen silent"
    stuck = next(spot for spot in simulator._spots if spot.temper == "stuck")
    assert next(reading for topic, reading in readings if stuck.code in topic)["occupied"] is True


async def test_the_air_and_the_door_panels_are_heard_too(database: Database) -> None:
    room = await make_room(code="R-0")
    await make_device(code="R-0-air", room=room, kind=DeviceKind.AIR)
    await make_panel(code="R-0-door", room=room)
    await make_device(code="away-air", kind=DeviceKind.AIR)
    simulator = Simulator(addresses("mqtt://127.0.0.1:1"), Topics(), lambda: NOW)
    readings: list[tuple[str, dict[str, object]]] = []
    simulator._broker.send = lambda topic, payload: readings.append((topic, json.loads(payload)))  # type: ignore[method-assign, assignment]
    simulator._others = await others()
    assert simulator.step(NOW) == 2
    by_topic = dict(readings)
    assert set(by_topic["izba/devices/R-0-air/reading"]) == {"battery", "at", "co2", "temperature", "humidity"}
    assert set(by_topic["izba/devices/R-0-door/reading"]) == {"battery", "at"}
    assert [simulator.step(NOW + minute * MINUTE) for minute in range(1, 6)] == [1, 1, 1, 1, 2]
    assert simulator.step(NOW - timedelta(days=1)) == 2, "a clock that jumps back silences nobody"


def test_the_air_gets_stale_while_people_meet_and_fresh_again() -> None:
    day = [Meeting("a", "R-0", NOW, NOW + timedelta(hours=1), people=12)]
    before, during, after, elsewhere = (
        air_in(room, day, NOW + minutes * MINUTE, 7)
        for room, minutes in (("R-0", -10), ("R-0", 55), ("R-0", 240), ("R-1", 55))
    )
    assert before.co2 < 450 > elsewhere.co2
    assert 700 < during.co2 < 1000
    assert during.temperature > before.temperature
    assert after.co2 < 460
    nobody_came = next(
        Meeting(str(n), "R-0", NOW, NOW + timedelta(hours=1), 12) for n in range(99) if not _come(str(n))
    )
    assert air_in("R-0", [nobody_came], NOW + 55 * MINUTE, 7).co2 < 450


def _come(key: str) -> bool:
    return any(presences(SPOTS[0], [Meeting(key, "R-0", NOW, NOW + timedelta(hours=1))], NOW, 60))


@pytest.mark.parametrize(
    ("online", "battery", "silence", "state"),
    [
        (True, 80, timedelta(minutes=5), DeviceState.ALIVE),
        (None, None, timedelta(minutes=80), DeviceState.ALIVE),
        (True, 20, timedelta(minutes=5), DeviceState.LOW_BATTERY),
        (True, 80, timedelta(minutes=91), DeviceState.SILENT),
        (False, 80, timedelta(minutes=1), DeviceState.SILENT),
        (None, 80, None, DeviceState.SILENT),
    ],
)
def test_what_a_device_is(
    online: bool | None, battery: int | None, silence: timedelta | None, state: DeviceState
) -> None:
    heard_at = NOW - silence if silence else None
    assert device_state(online, battery, heard_at, timedelta(minutes=30), NOW) is state


async def test_presence_tells_who_fell_silent(database: Database) -> None:
    device = await make_device(code="s1", heard_at=NOW, online=True)
    presence = Presence(lambda: NOW)
    assert await presence.look(NOW) == []
    assert presence.count(DeviceState.ALIVE) == 1
    assert await presence.look(NOW + timedelta(hours=2)) == [device.id]
    assert presence.states == {device.id: DeviceState.SILENT}
