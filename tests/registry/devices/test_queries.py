"""What is asked about devices: the order in which they are looked after."""

from datetime import timedelta

from registry.devices.queries import devices_by_id, devices_by_worry, doubts, signs_of
from registry.devices.rules import HealthState, health_state
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
        is_worry = health_state(signs_of(device), NOW) in (HealthState.SILENT, HealthState.LOW_BATTERY)
        assert is_worry is (device.id in (weak.id, mute.id, gone.id))
    (device,) = await devices_by_id([fine.id, 999_999])
    assert device.room is not None
    assert device.room.code == room.code
