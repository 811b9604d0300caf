"""A device that has fallen silent is told to who looks after devices, once for each silence."""

from datetime import datetime
from typing import Any

from registry.devices.models import Device
from registry.devices.queries import silent_devices, watch
from registry.outbox.actions import NewNotice, remind
from registry.people.queries import people_who_may
from registry.rooms.models import HELP_POINT

# more at once are one piece of news: a gateway that is gone takes its devices along
ONE_BY_ONE = 5


async def tell_of_silence(now: datetime) -> int:
    """Tell of the devices that are silent, while the broker itself is heard. Returns how many notices are new."""
    if (await watch()).since is None:
        return 0
    silent = await silent_devices(now)
    if not silent:
        return 0
    news = [_news(device) for device in silent]
    if len(silent) > ONE_BY_ONE:
        news = [(f"device.silent:many:{now:%Y-%m-%d}", {"silent": len(silent)})]
    people = await people_who_may("devices.manage")
    return await remind(
        [
            NewNotice(person_id, "device.silent", event, "device:", facts)
            for event, facts in news
            for person_id in people
        ],
        now,
    )


def _news(device: Device) -> tuple[str, dict[str, Any]]:
    """The event and its facts. The name of a device of the Help Point says where it hangs."""
    heard_at = device.heard_at.isoformat(timespec="minutes") if device.heard_at else "never"
    is_shy = device.room is not None and device.room.visibility in HELP_POINT
    return f"device.silent:{device.id}:{heard_at}", {} if is_shy else {"name": device.code}
