"""What is asked about devices."""

from collections.abc import Iterable

from registry.devices.models import Device, DeviceKind, Watch


async def watch() -> Watch:
    """Since when sensors are heard without a gap."""
    return await Watch.get_or_none(id=1) or Watch(id=1)


async def devices_of_asset(asset_id: int) -> list[Device]:
    """The devices that an asset is, by their code."""
    return await Device.filter(asset_id=asset_id).order_by("code")


async def devices_of_room(room_id: int) -> list[Device]:
    """The devices of a room by kind and code, with their assets."""
    return await Device.filter(room_id=room_id).order_by("kind", "code").select_related("asset")


async def is_sensed(room_id: int) -> bool:
    """Whether a presence sensor that counts stands in a room."""
    return await Device.filter(room_id=room_id, kind=DeviceKind.PRESENCE, enabled=True).exists()


async def presence_sensors(room_ids: Iterable[int]) -> dict[int, list[Device]]:
    """The presence sensors of these rooms, by the room's id."""
    sensors: dict[int, list[Device]] = {}
    for device in await Device.filter(kind=DeviceKind.PRESENCE, room_id__in=list(room_ids)).order_by("code"):
        sensors.setdefault(device.room_id or 0, []).append(device)
    return sensors
