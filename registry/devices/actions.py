"""From a topic that nobody knows to a device of the register: a person says what it senses and where it hangs."""

import re
from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any, TypedDict

from registry.core import history
from registry.core.errors import N_, Conflict, Invalid, NotFound, Reason
from registry.core.events import DeviceChanged
from registry.core.history import Actor
from registry.core.idempotency import RequestKey, record
from registry.core.transaction import transaction
from registry.devices import presence_log
from registry.devices.models import Device, DeviceKind, Sensing
from registry.devices.occupancy import HOLD_SECONDS, PRESENCE
from registry.devices.rules import address_fault, keys_fault
from registry.rooms.lock import RoomChange, changing
from registry.rooms.models import Room

# a level of a topic and an MQTT user name at once
_CODE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_KINDS = {Sensing.CO2: DeviceKind.AIR, Sensing.CONTACT: DeviceKind.CONTACT, Sensing.NONE: DeviceKind.OTHER}
DEFAULT_HOLD = 300
IDENTITY = frozenset({"family", "address", "sensing", "value_keys"})
AMENDED = IDENTITY | {"room_id", "enabled"}
# what a sensor says of a room, and what it says of itself besides
REFUSAL = ("refusal", "refused_at")
LAST_WORDS = (*PRESENCE, "heard_at", "online", "battery")


class Amendment(TypedDict, total=False):
    """What may be changed of a device."""

    family: str
    address: str
    value_keys: Mapping[str, str]
    sensing: Sensing
    room_id: int | None
    enabled: bool


async def bind(
    code: str,
    family: str,
    address: str,
    sensing: Sensing,
    actor: Actor,
    now: datetime,
    *,
    room_id: int | None = None,
    enabled: bool = True,
    value_keys: Mapping[str, str] | None = None,
    request_key: RequestKey | None = None,
) -> Device:
    """Take a device into the register. ``address`` is its name in its family, of a native device its code, of a generic
    one its topic; ``value_keys`` says which key of its messages is the occupancy, people, battery or online.

    Raises Invalid: request.bad_field for a code, an address or keys that are none, device.native_address; and
    Conflict("device.taken").
    """
    if not _CODE.fullmatch(code):
        raise Invalid(
            "request.bad_field", field="code", reason=Reason(N_("it is not 1–64 letters, digits, dots, _ or -"))
        )
    address = _address(code, family, address)
    keys = _value_keys(family, value_keys)
    async with changing(*([room_id] if room_id else [])) as change:
        if await Device.exists(code=code) or address and await Device.exists(family=family, address=address):
            raise Conflict("device.taken", device=code)
        device = await Device.create(
            code=code,
            family=family,
            address=address,
            room_id=room_id,
            enabled=enabled,
            value_keys=keys,
            **_sensing(sensing),
        )
        after: dict[str, Any] = {
            "code": code,
            "family": family,
            "address": address,
            "sensing": str(sensing),
            "room_id": room_id,
        }
        if keys:
            after["value_keys"] = keys
        await history.write(f"device:{device.id}", "bound", actor, now, after=after)
        await _look_at(change, now)
        change.happened(DeviceChanged(device.id))
        await record(request_key, device)
    return device


async def _look_at(change: RoomChange, now: datetime) -> None:
    """What is known of these rooms rests on other sensors from now on: the sweeper looks at once."""
    for room_id in change.rooms:
        await Room.filter(id=room_id).update(next_change_at=now)


async def place(device_id: int, room_id: int | None, enabled: bool, actor: Actor, now: datetime) -> Device:
    """Hang a device into another room, or switch it off and on. What it says counts there from now on.

    Raises as ``amend``.
    """
    return await amend(device_id, {"room_id": room_id, "enabled": enabled}, actor, now)


async def amend(
    device_id: int, amendment: Amendment, actor: Actor, now: datetime, request_key: RequestKey | None = None
) -> Device:
    """Change what the amendment holds of a known device; the rest stays. Another family, address or kind of sensing
    is another sensor: what the former one said is forgotten. In another room, and where it was switched off, what it
    saw is forgotten; switched on again it is trusted again.

    Raises NotFound("device.unknown"), Invalid("request.bad_field"), Conflict: device.taken, device.is_panel, and
    request.stale when somebody else carried it meanwhile.
    """
    look = await Device.get_or_none(id=device_id)
    if look is None:
        raise NotFound("device.unknown", device=device_id)
    async with changing(*{one for one in (look.room_id, amendment.get("room_id")) if one}) as change:
        device = await Device.select_for_update().get(id=device_id)
        if device.room_id != look.room_id:
            raise Conflict("request.stale")
        columns = _changes(device, amendment)
        if columns:
            await _refuse_a_second(device, columns)
            before = {name: getattr(device, name) for name in columns if name in AMENDED}
            if "confirmed_at" in columns:
                await presence_log.stop(device, now)
            await device.update_from_dict(columns).save(update_fields=[*columns])
            after = {name: columns[name] for name in before}
            action = "bound" if before.keys() & IDENTITY else "placed"
            await history.write(f"device:{device.id}", action, actor, now, before=before, after=after)
            await _look_at(change, now)
            change.happened(DeviceChanged(device.id))
        await record(request_key, device)
    return device


def _changes(device: Device, amendment: Amendment) -> dict[str, Any]:
    """The columns that will hold something else."""
    columns: dict[str, Any] = dict(amendment)
    if columns.keys() & IDENTITY and device.kind is DeviceKind.DOOR_PANEL:
        raise Conflict("device.is_panel", device=device.code)
    if columns.keys() & {"family", "address"}:
        family = columns.setdefault("family", device.family)
        address = device.address if family == device.family else ""
        columns["address"] = _address(device.code, family, columns.get("address", address))
    if "value_keys" in columns:
        columns["value_keys"] = _value_keys(columns.get("family", device.family), columns["value_keys"])
    if "sensing" in columns and columns["sensing"] != device.sensing:
        columns |= _sensing(columns["sensing"])
    changes = {name: value for name, value in columns.items() if getattr(device, name) != value}
    if changes.keys() & IDENTITY:
        return changes | dict.fromkeys(LAST_WORDS) | dict.fromkeys(REFUSAL) | {"distrust": ""}
    # what it saw in one room says nothing of another, and what it would have seen while it was off is not known
    if changes.get("enabled"):
        return changes | dict.fromkeys(PRESENCE) | {"distrust": ""}
    return changes | dict.fromkeys(PRESENCE) if "room_id" in changes else changes


async def _refuse_a_second(device: Device, columns: dict[str, Any]) -> None:
    if columns.keys() & {"family", "address"}:
        where = {"family": columns.get("family", device.family), "address": columns.get("address", device.address)}
        if where["address"] and await Device.filter(**where).exclude(id=device.id).exists():
            raise Conflict("device.taken", device=device.code)


def _address(code: str, family: str, address: str) -> str:
    """What is stored as the address. A native device's code is its name on the topic too."""
    if not 0 < len(family) <= 30:
        raise Invalid("request.bad_field", field="family", reason=Reason(N_("it is too long")))
    fault = address_fault(family, address or code)
    if fault:
        raise Invalid("request.bad_field", field="address", reason=fault)
    if family != "native":
        return address or code
    if address not in ("", code):
        raise Invalid("device.native_address", device=code, address=address)
    return ""


def _value_keys(family: str, keys: Mapping[str, str] | None) -> dict[str, str] | None:
    """What is stored as the keys, None for the usual ones."""
    fault = keys_fault(family, keys or {})
    if fault:
        raise Invalid("request.bad_field", field="keys", reason=fault)
    return dict(keys) if keys else None


def _sensing(sensing: Sensing) -> dict[str, Any]:
    return {
        "kind": _KINDS.get(sensing, DeviceKind.PRESENCE),
        "sensing": sensing,
        "hold_seconds": HOLD_SECONDS.get(str(sensing), DEFAULT_HOLD),
    }


async def note_refusals(refusals: Mapping[int, tuple[str, datetime]]) -> None:
    """Keep why something that these devices sent was refused, by their ids, and when. It is no news for anybody: the
    state of no room differs by it.
    """
    async with transaction():
        for device_id, (reason, at) in sorted(refusals.items()):  # in one order for all processes
            await Device.filter(id=device_id).update(refusal=reason[:200], refused_at=at)


def check_family(family: str, families: Collection[str]) -> None:
    """Raises Invalid("device.bad_family") for a family that nothing here reads."""
    if family not in families:
        raise Invalid("device.bad_family", family=family, families=", ".join(families))
