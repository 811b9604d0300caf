"""Pieces that talk come in as devices of their rooms."""

import pytest

from registry.core import seals
from registry.core.events import DeviceChanged, Event, on
from registry.core.history import SYSTEM, HistoryEntry
from registry.devices.intake import NewDevice, register_devices
from registry.devices.models import Device, DeviceKind, Sensing
from registry.rooms.models import Room
from tests.make import NOW, make_asset, make_room


@pytest.mark.usefixtures("database")
async def test_each_is_bound_to_its_piece_and_its_room_is_looked_at_anew() -> None:
    room = await make_room()
    pieces = [await make_asset(room=room) for _ in range(2)]
    devices = [
        NewDevice("R-occ", DeviceKind.PRESENCE, Sensing.PIR, pieces[0].id, room.id),
        NewDevice("R-door", DeviceKind.DOOR_PANEL, Sensing.NONE, pieces[1].id, room.id),
    ]
    events: list[Event] = []
    off = on(events.append)
    await register_devices(devices, SYSTEM, NOW)
    off()
    sensor, panel = await Device.all().order_by("id")
    assert (sensor.code, sensor.family, sensor.asset_id, sensor.room_id) == ("R-occ", "native", pieces[0].id, room.id)
    assert (sensor.hold_seconds, panel.hold_seconds) == (900, 300)
    assert {event.device_id for event in events if isinstance(event, DeviceChanged)} == {sensor.id, panel.id}
    assert (await Room.get(id=room.id)).next_change_at == NOW
    assert await HistoryEntry.filter(action="added").count() == 2
    assert (await seals.verify())[1] is None
