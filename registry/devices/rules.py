"""What follows from what a device last said."""

from datetime import datetime, timedelta

from registry.devices.models import DeviceState
from registry.devices.occupancy import patience

LOW_BATTERY = 20  # percent; at 5 a sensor is no longer believed (registry/rooms/rules.py)


def device_state(
    online: bool | None, battery: int | None, heard_at: datetime | None, heartbeat: timedelta, now: datetime
) -> DeviceState:
    """Silent: offline, or not heard for three heartbeats and 90 minutes. Low battery: at 20 % or less."""
    if online is False or heard_at is None or now - heard_at >= patience(heartbeat):
        return DeviceState.SILENT
    if battery is not None and battery <= LOW_BATTERY:
        return DeviceState.LOW_BATTERY
    return DeviceState.ALIVE
