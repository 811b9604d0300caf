"""How a device is, from what it said last and when, in tables."""

from datetime import timedelta

import pytest

from registry.devices.models import DeviceKind, DeviceState
from registry.devices.rules import HealthSigns, HealthState, device_state, health_state
from tests.make import NOW

MINUTE = timedelta(minutes=1)


@pytest.mark.parametrize(
    ("online", "battery", "minutes", "expected"),
    [
        (True, 80, 5, DeviceState.ALIVE),
        (None, None, 89, DeviceState.ALIVE),
        (None, 20, 5, DeviceState.LOW_BATTERY),
        (True, 21, 5, DeviceState.ALIVE),
        (False, 80, 5, DeviceState.SILENT),
        (True, 80, 90, DeviceState.SILENT),
        (True, 10, None, DeviceState.SILENT),
    ],
)
def test_device_state(online: bool | None, battery: int | None, minutes: int | None, expected: DeviceState) -> None:
    last_word = None if minutes is None else NOW - timedelta(minutes=minutes)
    assert device_state(online, battery, last_word, timedelta(minutes=5), NOW) is expected


@pytest.mark.parametrize(
    ("changes", "state"),
    [
        ({}, HealthState.ALIVE),
        ({"battery": 20}, HealthState.LOW_BATTERY),
        ({"heard_at": NOW - 90 * MINUTE}, HealthState.SILENT),
        ({"heard_at": NOW - 100 * MINUTE, "heartbeat_seconds": 7200}, HealthState.ALIVE),
        ({"online": False, "heard_at": None}, HealthState.SILENT),
        ({"online": False, "distrust": "tamper"}, HealthState.SILENT),
        ({"battery": 3, "distrust": "tamper"}, HealthState.DISTRUSTED),
        ({"enabled": False, "online": False}, HealthState.OFF),
        ({"heard_at": None}, HealthState.NEW),
        ({"kind": DeviceKind.DOOR_PANEL}, HealthState.UNPAIRED),
        ({"kind": DeviceKind.DOOR_PANEL, "has_key": True, "heard_at": None}, HealthState.PAIRED),
        ({"kind": DeviceKind.DOOR_PANEL, "has_key": True}, HealthState.ALIVE),
    ],
)
def test_the_health_of_a_device(changes: dict[str, object], state: HealthState) -> None:
    alive = HealthSigns(DeviceKind.PRESENCE, True, False, True, 80, NOW, 1800, "")
    assert health_state(alive._replace(**changes), NOW) is state
