"""What follows from what a device last said."""

from datetime import datetime, timedelta
from enum import StrEnum
from typing import NamedTuple

from registry.devices.models import DeviceKind, DeviceState
from registry.devices.occupancy import patience

LOW_BATTERY = 20  # percent; at 5 a sensor is no longer believed (registry/devices/occupancy.py)


def device_state(
    online: bool | None, battery: int | None, heard_at: datetime | None, heartbeat: timedelta, now: datetime
) -> DeviceState:
    """Silent: offline, or not heard for three heartbeats and 90 minutes. Low battery: at 20 % or less."""
    if online is False or heard_at is None or now - heard_at >= patience(heartbeat):
        return DeviceState.SILENT
    if battery is not None and battery <= LOW_BATTERY:
        return DeviceState.LOW_BATTERY
    return DeviceState.ALIVE


class HealthState(StrEnum):
    """How a device is, for those who look after it."""

    ALIVE = "alive"
    LOW_BATTERY = "low_battery"
    SILENT = "silent"
    DISTRUSTED = "distrusted"
    OFF = "off"
    NEW = "new"  # never heard
    UNPAIRED = "unpaired"
    PAIRED = "paired"  # and not heard yet


WORRIES = frozenset({HealthState.LOW_BATTERY, HealthState.SILENT, HealthState.DISTRUSTED})


class HealthSigns(NamedTuple):
    """What a device's health is judged by."""

    kind: DeviceKind
    enabled: bool
    has_key: bool
    online: bool | None
    battery: int | None
    heard_at: datetime | None
    heartbeat_seconds: int
    distrust: str


def health_state(signs: HealthSigns, now: datetime) -> HealthState:
    """How a device is now: what it last said against what it should have said by now."""
    if not signs.enabled:
        return HealthState.OFF
    is_panel = signs.kind is DeviceKind.DOOR_PANEL
    if is_panel and not signs.has_key:
        return HealthState.UNPAIRED
    if signs.heard_at is None and signs.online is not False:
        return HealthState.PAIRED if is_panel else HealthState.NEW
    heartbeat = timedelta(seconds=signs.heartbeat_seconds)
    state = device_state(signs.online, signs.battery, signs.heard_at, heartbeat, now)
    if state is not DeviceState.SILENT and signs.distrust:
        return HealthState.DISTRUSTED
    return HealthState(state)
