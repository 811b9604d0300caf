"""What a sensor saw in a day: stretches, written when its word changes, never in a Help Point room."""

from datetime import timedelta
from typing import Any

import pytest

from registry.bookings.readings import record_readings
from registry.core.history import SYSTEM
from registry.devices.actions import amend
from registry.devices.models import Device, Trace
from registry.devices.occupancy import Reading
from registry.devices.presence_log import forget, traces_of
from registry.rooms.models import Room, Visibility
from tests.conftest import Database
from tests.make import HOUR, NOW, make_device, make_room

MINUTE = timedelta(minutes=1)


async def sensor(**columns: object) -> tuple[Room, Device]:
    room = await make_room(**columns)
    return room, await make_device(room=room, hold_seconds=300)


async def say(device: Device, *words: tuple[float, bool | None], was_positive: bool = False, live: bool = True) -> None:
    for minute, occupied in words:
        at = NOW + minute * MINUTE
        await record_readings([Reading(device.id, at, occupied, was_positive=was_positive, live=live)], at)


async def stretches(room: Room) -> list[tuple[float, float | None]]:
    traces_by_device = await traces_of(room, NOW - HOUR, NOW + 24 * HOUR)
    return [
        ((trace.since - NOW) / MINUTE, (trace.until - NOW) / MINUTE if trace.until else None)
        for traces in traces_by_device.values()
        for trace in traces
    ]


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ([(0, False), (5, False)], []),
        ([(0, True)], [(0, None)]),
        ([(0, True), (10, True), (20, True)], [(0, None)]),
        ([(0, True), (10, False)], [(0, 10)]),
        ([(0, True), (10, False), (12, True)], [(0, None)]),  # within its hold it is the same stretch
        ([(0, True), (10, False), (15, True), (20, False)], [(0, 20)]),
        ([(0, True), (10, False), (16, True), (20, False)], [(0, 10), (16, 20)]),
        ([(0, True), (10, True), (200, True)], [(0, 10), (200, None)]),  # its silence is no presence
        ([(0, True), (10, True), (200, False)], [(0, 10)]),
        ([(0, True), (10, None), (20, False)], [(0, 20)]),
    ],
)
async def test_stretches(database: Database, words: list[tuple[float, bool | None]], expected: list[object]) -> None:
    room, device = await sensor()
    await say(device, *words)
    assert await stretches(room) == expected


async def test_somebody_seen_between_two_looks_is_an_instant(database: Database) -> None:
    room, device = await sensor()
    await say(device, (0, False))
    await say(device, (3, False), was_positive=True)
    assert await stretches(room) == [(3, 3)]


async def test_what_the_broker_had_kept_is_no_sight(database: Database) -> None:
    room, device = await sensor()
    await say(device, (0, True), live=False)
    assert await stretches(room) == []


@pytest.mark.parametrize("visibility", [Visibility.CONFIDENTIAL, Visibility.HIDDEN])
async def test_a_help_point_room_leaves_no_trace(database: Database, visibility: Visibility) -> None:
    _, device = await sensor(visibility=visibility)
    await say(device, (0, True), (10, False))
    await say(device, (20, False), was_positive=True)
    assert await Trace.all().count() == 0
    assert (await Device.get(id=device.id)).occupied is False


async def test_two_sensors_of_a_room_in_one_go(database: Database) -> None:
    room, first = await sensor()
    second = await make_device(room=room)
    await record_readings([Reading(first.id, NOW, True), Reading(second.id, NOW, True)], NOW)
    await record_readings([Reading(second.id, NOW + MINUTE, False)], NOW + MINUTE)
    traces = await traces_of(room, NOW - HOUR, NOW + HOUR)
    assert traces[first.id][0].until is None
    assert traces[second.id][0].until == NOW + MINUTE


async def test_only_what_touches_the_span_is_read(database: Database) -> None:
    room, device = await sensor()
    await say(device, (0, True), (10, False), (60, True))
    assert await traces_of(room, NOW + 20 * MINUTE, NOW + 50 * MINUTE) == {}
    assert len((await traces_of(room, NOW + 5 * MINUTE, NOW + 61 * MINUTE))[device.id]) == 2
    assert len((await traces_of(room, NOW + 100 * HOUR, NOW + 124 * HOUR))[device.id]) == 1  # it still runs


async def test_old_stretches_are_forgotten(database: Database) -> None:
    _, device = await sensor()
    await say(device, (0, True), (10, False), (60, True))
    assert await forget(NOW + 20 * MINUTE) == 1
    assert [trace.until for trace in await Trace.all()] == [None]


async def change(device: Device, minute: float, **columns: Any) -> None:
    await amend(device.id, columns, SYSTEM, NOW + minute * MINUTE)  # type: ignore[arg-type]  # a test's own words


async def test_another_sensor_under_the_name_begins_anew(database: Database) -> None:
    room, device = await sensor()
    await say(device, (0, True), (3, True))
    await change(device, 5, family="zigbee2mqtt", address="hall")
    await say(device, (6, False), (20, False), (30, True))
    assert await stretches(room) == [(0, 3), (30, None)]


async def test_a_sensor_that_is_carried_leaves_what_it_saw(database: Database) -> None:
    room, device = await sensor()
    other = await make_room()
    await say(device, (0, True))
    await change(device, 5, room_id=other.id)
    assert (await Device.get(id=device.id)).occupied is None, "what it saw there says nothing of here"
    await say(device, (10, True), (60, False))
    assert (await stretches(room), await stretches(other)) == ([(0, 0)], [(10, 60)])


async def test_a_sensor_without_a_room_sees_nobody(database: Database) -> None:
    room, device = await sensor()
    await say(device, (0, True))
    await change(device, 5, room_id=None)
    await say(device, (20, False), (30, True))
    await change(device, 40, room_id=room.id)
    await say(device, (600, True), (610, False))
    assert await stretches(room) == [(0, 0), (600, 610)]


async def test_a_room_that_becomes_the_help_points_keeps_no_trace(database: Database) -> None:
    room, device = await sensor()
    await say(device, (0, True), (10, False), (60, True))
    room.visibility = Visibility.HIDDEN
    await room.save(update_fields=["visibility"])
    assert await stretches(room) == []
    assert await forget(NOW - HOUR) == 2


async def test_what_a_silent_sensor_saw_is_forgotten_too(database: Database) -> None:
    _, device = await sensor()
    await say(device, (0, True))
    assert await forget(NOW) == 0
    assert await forget(NOW + HOUR) == 1


async def test_more_old_stretches_than_a_statement_takes_are_forgotten(database: Database) -> None:
    room, device = await sensor()
    many = 33_000  # PostgreSQL's driver takes 32 767 values
    await Trace.bulk_create(
        [Trace(device=device, room=room, since=NOW, until=NOW + MINUTE) for _ in range(many)], batch_size=5000
    )
    assert await forget(NOW + HOUR) == many
    assert await Trace.all().count() == 0


async def test_no_stretch_ends_before_it_begins(database: Database) -> None:
    room, device = await sensor()
    await say(device, (0, True), (-30, False))
    traces = (await traces_of(room, NOW - HOUR, NOW + HOUR))[device.id]
    assert [(trace.since, trace.until) for trace in traces] == [(NOW, NOW)]
