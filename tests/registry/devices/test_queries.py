"""What is asked about devices: the order in which they are looked after."""

from datetime import timedelta

import pytest

from registry.devices import queries
from registry.devices.queries import devices_by_id, devices_by_worry, doubts, signs_of, silent_devices
from registry.devices.rules import HealthSigns, HealthState, health_state
from tests.conftest import Database
from tests.make import NOW, make_device, make_panel, make_room

MINUTE = timedelta(minutes=1)


async def test_sensors_that_are_doubted_are_counted_by_the_reason(database: Database) -> None:
    def line(reason: str) -> dict[str, str]:
        return {"sensor": "s", "says": "positive", "reason": reason}

    await make_room(occupancy="occupied", occupancy_evidence=[line("stuck"), line("sees_nobody")])
    await make_room(occupancy="occupied", occupancy_evidence=[line("contradicted"), line("stuck")])
    await make_room(occupancy="vacant", occupancy_evidence=[line("stuck")])
    await make_room(occupancy="occupied", occupancy_evidence=[line("stuck")], visibility="hidden")
    assert await doubts() == {"stuck": 2, "contradicted": 1}


async def test_devices_that_worry_come_first_and_then_by_code(database: Database) -> None:
    room = await make_room()
    fine = await make_device(code="B", room=room, heard_at=NOW, online=True)
    off = await make_device(code="C", enabled=False)
    mute = await make_device(code="D", heard_at=NOW - 91 * MINUTE)
    weak = await make_device(code="A", heard_at=NOW, battery=5)
    door, gone = await make_panel(code="Z"), await make_panel(code="Y", key_digest="x", online=False)
    order = await devices_by_worry(NOW)
    assert (order.sensors, order.panels) == ([weak.id, mute.id, fine.id, off.id], [gone.id, door.id])
    assert order.worries == 3
    for device in await devices_by_id([*order.sensors, *order.panels]):
        is_worry = health_state(signs_of(device, NOW)) in (HealthState.SILENT, HealthState.LOW_BATTERY)
        assert is_worry is (device.id in (weak.id, mute.id, gone.id))
    (device,) = await devices_by_id([fine.id, 999_999])
    assert device.room is not None
    assert device.room.code == room.code


async def test_devices_that_show_the_same_are_judged_once_whenever_each_was_heard(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    judged: list[HealthSigns] = []

    def counting(signs: HealthSigns) -> HealthState:
        judged.append(signs)
        return health_state(signs)

    monkeypatch.setattr(queries, "health_state", counting)
    for minutes in (0, 1, 2, 95, 96):
        await make_device(code=f"S{minutes}", heard_at=NOW - minutes * MINUTE)
    assert [device.code for device in await silent_devices(NOW)] == ["S95", "S96"]
    assert [signs.is_late for signs in judged] == [False, True]
