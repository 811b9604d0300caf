"""A session of the real Zigbee2MQTT (tests/data/mqtt/README.md), heard by Izba from its first message to its last."""

import json
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace

import pytest

from devices import readings as module
from devices.broker.connection import Message
from devices.readings import Readings
from devices.topics import Topics
from registry.bookings.readings import watch_started
from registry.devices.models import Device, Sensing
from registry.rooms.models import Occupancy, Room
from tests.make import NOW, make_device, make_room

pytestmark = [pytest.mark.anyio, pytest.mark.databases("sqlite")]
SESSION = [
    json.loads(line)
    for line in (Path(__file__).parents[1] / "data" / "mqtt" / "zigbee2mqtt_recorded.jsonl").read_text().splitlines()
]
BEGINNING = NOW - timedelta(seconds=200)
SENSORS = {
    "hall": Sensing.PIR, "parter/sala 101": Sensing.PIR, "hall door": Sensing.CONTACT, "radar": Sensing.MMWAVE,
    "0xa4c1380000000006": Sensing.MMWAVE, "corridor": Sensing.PIR, "office": Sensing.MMWAVE,
}  # fmt: skip
YES, NO, UNKNOWN = (True, True, ""), (False, True, ""), (None, True, "")
# by the second from which it stands so: whether a device sees somebody, whether it is online, what is wrong with it
TOLD: dict[str, dict[int, tuple[bool | None, bool | None, str]]] = {
    "hall": {1: YES, 10: NO, 60: YES, 70: NO, 176: (None, False, ""), 182: UNKNOWN},
    "parter/sala 101": {1: YES, 62: NO, 175: YES, 176: (None, False, ""), 182: UNKNOWN, 184: YES},
    "hall door": {1: (None, True, "tamper"), 176: (None, False, "tamper"), 182: (None, True, "tamper")},
    "radar": {1: YES, 62: NO, 124: (None, False, "")},
    "0xa4c1380000000006": {1: YES, 62: NO, 175: YES, 176: (None, False, ""), 182: UNKNOWN},
    "corridor": {
        1: YES,
        147: (None, False, "left"),
        150: (None, False, ""),
        153: YES,
        176: (None, False, ""),
        182: UNKNOWN,
    },
    "office": {1: YES, 62: NO, 81: YES, 100: (None, False, "renamed")},
}  # fmt: skip


@pytest.mark.usefixtures("database")
async def test_what_izba_knows_of_each_sensor_and_room_follows_the_real_program(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    second = 0.0
    monkeypatch.setattr(module, "time", SimpleNamespace(monotonic=lambda: 1_000 + second))
    readings = Readings(Topics(), lambda: BEGINNING + timedelta(seconds=second), lambda *_: None)
    for number, (address, sensing) in enumerate(SENSORS.items()):
        await make_device(code=f"s{number}", family="zigbee2mqtt", address=address, sensing=sensing,
                          room=await make_room(code=f"R-{number}"))  # fmt: skip
    await watch_started(BEGINNING - timedelta(hours=1))
    await readings._reload()
    for at in sorted({line["second"] for line in SESSION}):
        second = at + 0.9  # what the devices' own times say of the second lies before
        lines = [line for line in SESSION if line["second"] == at]
        readings.take([Message(line["topic"], line["payload"].encode(), False, 1_000 + second) for line in lines])
        await readings._work()
        for device in await Device.all().prefetch_related("room"):
            steps = TOLD[device.address]
            expected = steps.get(max((step for step in steps if step <= at), default=-1))
            if expected:
                assert (device.occupied, device.online, device.distrust) == expected, (at, device.address)
    occupancy = {room.code: room.occupancy for room in await Room.all()}
    assert occupancy == {f"R-{n}": Occupancy.OCCUPIED if n == 1 else Occupancy.UNKNOWN for n in range(len(SENSORS))}
    assert await Device.filter(refusal__isnull=False).count() == 0
    inbox = {row.topic: row.formerly for row in readings.inbox.all()}
    assert inbox == {
        "zigbee2mqtt/0x60a423ff00000009": "", "zigbee2mqtt/0x60a423ff00000009/availability": "",
        "zigbee2mqtt/biuro/szesc": "s6", "zigbee2mqtt/biuro/szesc/availability": "s6",
    }  # fmt: skip
