"""How a device is, from what it said last and when, in tables."""

from datetime import timedelta

import pytest

from registry.devices.actions import _CODE
from registry.devices.models import DeviceKind, DeviceState
from registry.devices.rules import (
    HealthSigns,
    HealthState,
    address_fault,
    device_state,
    health_state,
    is_late,
    keys_fault,
    proposed_codes,
)
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
        ({"is_late": True}, HealthState.SILENT),
        ({"online": False, "is_late": None}, HealthState.SILENT),
        ({"online": False, "distrust": "tamper"}, HealthState.SILENT),
        ({"battery": 3, "distrust": "tamper"}, HealthState.DISTRUSTED),
        ({"enabled": False, "online": False}, HealthState.OFF),
        ({"is_late": None}, HealthState.NEW),
        ({"kind": DeviceKind.DOOR_PANEL}, HealthState.UNPAIRED),
        ({"kind": DeviceKind.DOOR_PANEL, "has_key": True, "is_late": None}, HealthState.PAIRED),
        ({"kind": DeviceKind.DOOR_PANEL, "has_key": True}, HealthState.ALIVE),
    ],
)
def test_the_health_of_a_device(changes: dict[str, object], state: HealthState) -> None:
    alive = HealthSigns(DeviceKind.PRESENCE, True, False, True, 80, "", False)
    assert health_state(alive._replace(**changes)) is state


@pytest.mark.parametrize(
    ("minutes", "heartbeat", "late"), [(None, 30, None), (89, 30, False), (90, 30, True), (100, 120, False)]
)
def test_a_device_is_late_after_three_heartbeats_and_ninety_minutes(
    minutes: int | None, heartbeat: int, late: bool | None
) -> None:
    heard_at = None if minutes is None else NOW - minutes * MINUTE
    assert is_late(heard_at, heartbeat * MINUTE, NOW) is late


@pytest.mark.parametrize(
    ("family", "address", "is_fault"),
    [
        ("native", "", False),
        ("generic", "office/hall/pir", False),
        ("generic", "/room1/motion", False),
        ("generic", "//room1", True),
        ("generic", "office/hall/", True),
        ("generic", "office/+", True),
        ("generic", "#", True),
        ("generic", "a\0b", True),
        ("generic", "x" * 201, True),
        ("zigbee2mqtt", "floor 2/Czujnik biuro", False),
    ],
)
def test_an_address_is_one_topic(family: str, address: str, is_fault: bool) -> None:
    assert (address_fault(family, address) is not None) is is_fault


def test_keys_mean_what_izba_knows() -> None:
    assert keys_fault("generic", {"occupancy": "a.b", "people": "n", "battery": ".", "online": "up"}) is None
    for keys in ({"light": "lux"}, {"occupancy": ""}, {"occupancy": "x" * 101}):
        assert keys_fault("generic", keys) is not None
    assert keys_fault("native", {}) is None
    assert keys_fault("native", {"occupancy": "x"}) is not None


@pytest.mark.parametrize(
    ("address", "code"),
    [("Czujnik biuro", "Czujnik-biuro"), ("floor2/Łazienka", "floor2-Lazienka"), ("…", "device"), ("._x", "x")],
)
def test_a_proposed_code_is_one(address: str, code: str) -> None:
    first, *others = proposed_codes(address)
    assert first == code
    assert all(_CODE.fullmatch(one) for one in (first, *others))
    assert len({first, *others}) == 7


def test_a_long_address_makes_a_short_code() -> None:
    assert all(_CODE.fullmatch(one) for one in proposed_codes("a/" * 90 + "hall"))
    assert proposed_codes("a/" * 90 + "hall")[0].endswith("hall")
