"""How assets that talk come in as devices, many at once."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime

from registry.core import history
from registry.core.events import DeviceChanged
from registry.core.history import Actor
from registry.devices.models import Device, DeviceKind, Sensing
from registry.devices.occupancy import HOLD_SECONDS
from registry.rooms.lock import changing

DEFAULT_HOLD = 300


@dataclass(frozen=True, slots=True)
class NewDevice:
    """A piece of the register that talks as a native device."""

    code: str
    kind: DeviceKind
    sensing: Sensing
    asset_id: int
    room_id: int


async def register_devices(devices: Sequence[NewDevice], actor: Actor, now: datetime) -> None:
    """Take pieces in as devices, where they stand. The rooms are looked at anew."""
    rooms = {device.room_id for device in devices}
    async with changing(*rooms) as change:
        await Device.bulk_create(
            [Device(**asdict(one), hold_seconds=HOLD_SECONDS.get(one.sensing, DEFAULT_HOLD)) for one in devices]
        )
        ids = dict(await Device.filter(code__in=[one.code for one in devices]).values_list("code", "id"))
        entries = [(f"device:{ids[one.code]}", {"code": one.code, "asset_id": one.asset_id}) for one in devices]
        await history.write_new(entries, "added", actor, now)
        for room in change.rooms.values():
            room.next_change_at = now
            await room.save(update_fields=["next_change_at"])
        for device_id in ids.values():
            change.happened(DeviceChanged(device_id))
