"""From a topic that nobody knows to a device of the register: a person says what it senses and where it hangs."""

import re
from collections.abc import Collection
from datetime import datetime
from typing import Any, TypedDict

from registry.core import history
from registry.core.errors import N_, Conflict, Invalid, NotFound, Reason
from registry.core.events import DeviceChanged
from registry.core.history import Actor
from registry.devices import presence_log
from registry.devices.models import Device, DeviceKind, Sensing
from registry.devices.occupancy import HOLD_SECONDS
from registry.rooms.lock import RoomChange, changing
from registry.rooms.models import Room

# a level of a topic and an MQTT user name at once
_CODE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_KINDS = {Sensing.CO2: DeviceKind.AIR, Sensing.CONTACT: DeviceKind.CONTACT, Sensing.NONE: DeviceKind.OTHER}
DEFAULT_HOLD = 300
IDENTITY = frozenset({"family", "address", "sensing"})
TOLD = IDENTITY | {"room_id", "enabled"}
SEEN = ("occupied", "people", "confirmed_at", "changed_at", "positive_at")
SAID = (*SEEN, "heard_at", "online", "battery")


class Amendment(TypedDict, total=False):
    """What may be changed of a device."""

    family: str
    address: str
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
) -> Device:
    """Take a device into the register. ``address`` is its name in its family, of a native device its code.

    Raises Invalid: request.bad_field for a code or an address that is none, device.native_address; and
    Conflict("device.taken").
    """
    if not _CODE.fullmatch(code):
        raise Invalid(
            "request.bad_field", field="code", reason=Reason(N_("it is not 1–64 letters, digits, dots, _ or -"))
        )
    address = _address(code, family, address)
    async with changing(*([room_id] if room_id else [])) as change:
        if await Device.exists(code=code) or address and await Device.exists(family=family, address=address):
            raise Conflict("device.taken", device=code)
        device = await Device.create(
            code=code, family=family, address=address, room_id=room_id, enabled=enabled, **_sensing(sensing)
        )
        after = {"code": code, "family": family, "address": address, "sensing": str(sensing), "room_id": room_id}
        await history.write(f"device:{device.id}", "bound", actor, now, after=after)
        await _look_at(change, now)
        change.happened(DeviceChanged(device.id))
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


async def amend(device_id: int, given: Amendment, actor: Actor, now: datetime) -> Device:
    """Change what is given of a known device; the rest stays. Another family, address or kind of sensing is another
    sensor: what the former one said is forgotten. In another room what it saw is forgotten.

    Raises NotFound("device.unknown"), Invalid("request.bad_field"), Conflict: device.taken, device.is_panel, and
    request.stale when somebody else carried it meanwhile.
    """
    found = await Device.get_or_none(id=device_id)
    if found is None:
        raise NotFound("device.unknown", device=device_id)
    async with changing(*{one for one in (found.room_id, given.get("room_id")) if one}) as change:
        device = await Device.select_for_update().get(id=device_id)
        if device.room_id != found.room_id:
            raise Conflict("request.stale")
        changed = _changed(device, given)
        if changed:
            await _refuse_a_second(device, changed)
            before = {name: getattr(device, name) for name in changed if name in TOLD}
            if "confirmed_at" in changed:
                await presence_log.stop(device, now)
            await device.update_from_dict(changed).save(update_fields=[*changed])
            after = {name: changed[name] for name in before}
            action = "bound" if before.keys() & IDENTITY else "placed"
            await history.write(f"device:{device.id}", action, actor, now, before=before, after=after)
            await _look_at(change, now)
            change.happened(DeviceChanged(device.id))
    return device


def _changed(device: Device, given: Amendment) -> dict[str, Any]:
    """The columns that will hold something else."""
    wanted: dict[str, Any] = dict(given)
    if wanted.keys() & IDENTITY and device.kind is DeviceKind.DOOR_PANEL:
        raise Conflict("device.is_panel", device=device.code)
    if wanted.keys() & {"family", "address"}:
        family = wanted.setdefault("family", device.family)
        kept = device.address if family == device.family else ""
        wanted["address"] = _address(device.code, family, wanted.get("address", kept))
    if "sensing" in wanted and wanted["sensing"] != device.sensing:
        wanted |= _sensing(wanted["sensing"])
    changed = {name: value for name, value in wanted.items() if getattr(device, name) != value}
    if changed.keys() & IDENTITY:
        return changed | dict.fromkeys(SAID) | {"distrust": ""}
    # what it saw in one room says nothing of another
    return changed | dict.fromkeys(SEEN) if "room_id" in changed else changed


async def _refuse_a_second(device: Device, changed: dict[str, Any]) -> None:
    if changed.keys() & {"family", "address"}:
        where = {"family": changed.get("family", device.family), "address": changed.get("address", device.address)}
        if where["address"] and await Device.filter(**where).exclude(id=device.id).exists():
            raise Conflict("device.taken", device=device.code)


def _address(code: str, family: str, address: str) -> str:
    """What is stored as the address. A native device's code is its name on the topic too."""
    if not 0 < len(family) <= 30 or len(address) > 200:
        raise Invalid("request.bad_field", field="address", reason=Reason(N_("it is too long")))
    if family != "native":
        return address or code
    if address not in ("", code):
        raise Invalid("device.native_address", device=code, address=address)
    return ""


def _sensing(sensing: Sensing) -> dict[str, Any]:
    return {
        "kind": _KINDS.get(sensing, DeviceKind.PRESENCE),
        "sensing": sensing,
        "hold_seconds": HOLD_SECONDS.get(str(sensing), DEFAULT_HOLD),
    }


def check_family(family: str, known: Collection[str]) -> None:
    """Raises Invalid("device.bad_family") for a family that nothing here reads."""
    if family not in known:
        raise Invalid("device.bad_family", family=family, families=", ".join(known))
