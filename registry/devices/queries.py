"""What is asked about devices."""

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from registry.assets.orders import Clause
from registry.assets.search import listed
from registry.core.errors import NotFound
from registry.core.ids import may_be_id, may_be_name
from registry.core.statements import column
from registry.core.transaction import reading_from
from registry.devices.models import Device, DeviceKind, DeviceState, Sensing, Watch
from registry.devices.occupancy import DOUBTS
from registry.devices.rules import WORRIES, HealthSigns, HealthState, device_state, health_state, is_late
from registry.rooms.models import HELP_POINT, Occupancy, Room, Visibility

CODE_LENGTH = 64
_SIGNS = ("kind", "enabled", "key_digest IS NOT NULL", "online", "battery", "distrust")
# of the room and the asset of a device what a list of devices shows
_LISTED = (
    "room__id", "room__code", "room__visibility", "room__occupancy_evidence", "asset__id", "asset__name",
    "asset__inventory_no",
)  # fmt: skip
# what a device is and what it said last
_COLUMNS = (
    "id", "code", "kind", "family", "address", "room_id", "occupied", "people", "battery", "online", "distrust",
    "enabled", "value_keys",
)  # fmt: skip


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
    """Whether a presence sensor that counts stands in a room: one of passages alone never says that nobody is there."""
    sensors = Device.filter(room_id=room_id, kind=DeviceKind.PRESENCE, enabled=True)
    return await sensors.exclude(sensing=Sensing.PASSAGE).exists()


async def sensed_rooms(room_ids: Iterable[int]) -> set[int]:
    """Those of these rooms in which a presence sensor is switched on that can say that nobody is there."""
    sensors = Device.filter(room_id__in=list(room_ids), kind=DeviceKind.PRESENCE, enabled=True)
    sensors = sensors.exclude(sensing=Sensing.PASSAGE)
    return set(await column(sensors.distinct(), "room_id"))


async def presence_sensors(room_ids: Iterable[int]) -> dict[int, list[Device]]:
    """The presence sensors of these rooms, by the room's id."""
    sensors: dict[int, list[Device]] = {}
    for device in await Device.filter(kind=DeviceKind.PRESENCE, room_id__in=list(room_ids)).order_by("code"):
        sensors.setdefault(device.room_id or 0, []).append(device)
    return sensors


async def doubts() -> Counter[str]:
    """How many sensors see somebody and are doubted, by the reason, as their rooms were last judged. Not those of the
    Help Point, where it would tell of a visit.
    """
    open_rooms = [str(visibility) for visibility in Visibility if visibility not in HELP_POINT]
    occupied = Room.filter(occupancy=Occupancy.OCCUPIED, visibility__in=open_rooms)
    lines = [line for evidence in await column(occupied, "occupancy_evidence") for line in evidence or []]
    return Counter(line["reason"] for line in lines if line["reason"] in DOUBTS)


async def device_rows() -> list[dict[str, Any]]:
    """Of every device its id, code, kind, family, address, room_id and value_keys, and what it last said: occupied,
    people, battery, online, distrust; and whether it is enabled.
    """
    return list(await Device.all().filter(retired_at__isnull=True).values(*_COLUMNS))


async def retired_devices(limit: int) -> list[Device]:
    """The devices that were taken out of use last."""
    return await Device.filter(retired_at__isnull=False).order_by("-retired_at").limit(limit)


async def known_codes(codes: Collection[str]) -> set[str]:
    """Those of these codes that a device of the register has."""
    return set(await column(Device.filter(code__in=list(codes)), "code")) if codes else set()


async def device_states(now: datetime) -> dict[int, DeviceState]:
    """The state of every device that is switched on and speaks by itself, by its id."""
    devices = await Device.filter(enabled=True).exclude(kind=DeviceKind.OTHER)
    return {
        device.id: device_state(
            device.online, device.battery, device.heard_at, timedelta(seconds=device.heartbeat_seconds), now
        )
        for device in devices
    }


async def native_devices(kinds: Sequence[DeviceKind]) -> list[tuple[str, str, DeviceKind]]:
    """Code, room's code and kind of the devices of Izba's own format that stand in a room."""
    devices = Device.filter(kind__in=list(kinds), family="native", room_id__isnull=False).order_by("id")
    rows = await devices.values_list("code", "room__code", "kind")
    return [(str(code), str(room), DeviceKind(kind)) for code, room, kind in rows]


async def door_panels() -> list[Device]:
    """Every door panel, also those that hang nowhere now."""
    return await Device.filter(kind=DeviceKind.DOOR_PANEL).order_by("id")


async def panel_by_code(code: str) -> Device:
    """Raises NotFound("panel.unknown")."""
    panel = None
    if may_be_name(code, CODE_LENGTH):
        panel = await Device.get_or_none(code=code, kind=DeviceKind.DOOR_PANEL)
    if panel is None:
        raise NotFound("panel.unknown")
    return panel


async def devices_in_order(
    start: int, limit: int, kind: DeviceKind | None = None, room_id: int | None = None
) -> tuple[list[Device], int]:
    """A part of the devices by their code, each with its room, and how many there are: of a kind, in a room."""
    devices = Device.all().filter(retired_at__isnull=True)
    if kind:
        devices = devices.filter(kind=kind)
    if room_id is not None:
        devices = devices.filter(room_id=room_id)
    part = devices.order_by("code").offset(start).limit(limit).select_related("room")
    return await part, await devices.count()


async def device_by_code(code: str) -> Device | None:
    """A device with its room by its code, or by its number once the register has it."""
    if not may_be_name(code, CODE_LENGTH):
        return None
    device = await Device.get_or_none(code=code).select_related("room")
    if device is None and code.isascii() and code.isdigit() and may_be_id(int(code)):
        return await Device.get_or_none(id=int(code)).select_related("room")
    return device


@dataclass(frozen=True, slots=True)
class DeviceOrder:
    """The ids of all sensors and all door panels, those that worry first and then by code, and how many worry."""

    sensors: list[int]
    panels: list[int]
    worries: int


async def devices_by_worry(now: datetime) -> DeviceOrder:
    """Every device, judged by its health now."""
    worrying: tuple[list[int], list[int]] = [], []  # sensors, panels
    calm: tuple[list[int], list[int]] = [], []
    for pk, kind, state in await _healths(now):
        (worrying if state in WORRIES else calm)[kind == DeviceKind.DOOR_PANEL].append(pk)
    return DeviceOrder(worrying[0] + calm[0], worrying[1] + calm[1], len(worrying[0]) + len(worrying[1]))


async def silent_devices(now: datetime) -> list[Device]:
    """The devices that should have been heard by now and were not, with their rooms, by code."""
    silent = [pk for pk, _, state in await _healths(now) if state is HealthState.SILENT]
    return await Device.filter(id__in=silent).order_by("code").select_related("room") if silent else []


async def _healths(now: datetime) -> list[tuple[int, str, HealthState]]:
    """The id, kind and health of every device in use, by code."""
    columns = ("id", "heard_at", "heartbeat_seconds", *_SIGNS)
    rows = await listed(reading_from(), columns, Clause("FROM device WHERE retired_at IS NULL ORDER BY code"))
    states: dict[tuple[Any, ...], HealthState] = {}  # many show the same: it is judged once
    healths = []
    for pk, heard_at, seconds, *values in rows:
        at = datetime.fromisoformat(heard_at) if isinstance(heard_at, str) else heard_at  # SQLite has no time
        signs = (*values, is_late(at, timedelta(seconds=seconds), now))
        state = states.get(signs)
        if state is None:
            state = states[signs] = health_state(_signs(*signs))
        healths.append((pk, values[0], state))
    return healths


def signs_of(device: Device, now: datetime) -> HealthSigns:
    """What a device's health is judged by."""
    late = is_late(device.heard_at, timedelta(seconds=device.heartbeat_seconds), now)
    has_key = device.key_digest is not None
    return HealthSigns(device.kind, device.enabled, has_key, device.online, device.battery, device.distrust, late)


def _signs(kind: str, enabled: Any, has_key: Any, online: Any, *rest: Any) -> HealthSigns:
    """SQLite knows no truth of its own."""
    return HealthSigns(DeviceKind(kind), bool(enabled), bool(has_key), None if online is None else bool(online), *rest)


async def devices_by_id(ids: Sequence[int]) -> list[Device]:
    """These devices with their rooms and assets, in this order."""
    rows = {device.id: device for device in await Device.filter(id__in=list(ids)).select_related("room", "asset")}
    return [rows[pk] for pk in ids if pk in rows]


async def listed_devices(ids: Sequence[int]) -> list[Device]:
    """These devices, of whose rooms and assets only what a list of devices shows is there: a hundred rows of all three
    whole are slow to read.
    """
    return await Device.filter(id__in=list(ids)).select_related("room", "asset").only(*Device._meta.db_fields, *_LISTED)


async def newest_refusals(limit: int) -> list[Device]:
    """The devices of which something was refused, the latest first."""
    return await Device.filter(refused_at__isnull=False).order_by("-refused_at").limit(limit)
