"""From a topic that nobody knows to a device of the register: a person says what it senses and where it hangs."""

import re
from collections.abc import Collection, Mapping, Sequence
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
from registry.devices.rules import address_fault, keys_fault, languages_fault
from registry.rooms.lock import RoomChange, changing
from registry.rooms.models import Room

# a level of a topic and an MQTT user name at once
_CODE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_KINDS = {Sensing.CO2: DeviceKind.AIR, Sensing.CONTACT: DeviceKind.CONTACT, Sensing.NONE: DeviceKind.OTHER}
DEFAULT_HOLD = 300
LAST_HOUR = 23
IDENTITY = frozenset({"family", "address", "sensing", "value_keys"})
PANEL = frozenset({"languages", "dark_from", "dark_to"})
AMENDED = IDENTITY | PANEL | {"room_id", "enabled", "code", "asset_id", "retired_at"}
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
    code: str
    asset_id: int | None
    is_retired: bool
    languages: Sequence[str]
    dark_from: int
    dark_to: int


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
    asset_id: int | None = None,
    request_key: RequestKey | None = None,
) -> Device:
    """Take a device into the register. ``address`` is its name in its family, of a native device its code, of a generic
    one its topic; ``value_keys`` says which key of its messages is the occupancy, people, battery or online.

    Raises Invalid: request.bad_field for a code, an address or keys that are none, device.native_address; and
    Conflict("device.taken").
    """
    _check_code(code)
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
            asset_id=asset_id,
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
        if asset_id:
            after["asset_id"] = asset_id
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

    Raises NotFound("device.unknown"), Invalid("request.bad_field"), Conflict: device.taken, device.is_panel,
    device.retired unless it is taken back with it, and request.stale when somebody else carried it meanwhile.
    """
    look = await Device.get_or_none(id=device_id)
    if look is None:
        raise NotFound("device.unknown", device=device_id)
    async with changing(*{one for one in (look.room_id, amendment.get("room_id")) if one}) as change:
        device = await Device.select_for_update().get(id=device_id)
        if device.room_id != look.room_id:
            raise Conflict("request.stale")
        columns = _changes(device, amendment, now)
        if columns:
            await _refuse_a_second(device, columns)
            before = {name: getattr(device, name) for name in columns if name in AMENDED}
            if "confirmed_at" in columns:
                await presence_log.stop(device, now)
            await device.update_from_dict(columns).save(update_fields=[*columns])
            after = {name: columns[name] for name in before}
            action = _action(columns)
            await history.write(f"device:{device.id}", action, actor, now, before=before, after=after)
            await _look_at(change, now)
            change.happened(DeviceChanged(device.id))
        await record(request_key, device)
    return device


def _action(columns: Mapping[str, Any]) -> str:
    """What the history calls a change of these columns."""
    if "retired_at" in columns:
        return "retired" if columns["retired_at"] else "taken back"
    if columns.keys() & IDENTITY:
        return "bound"
    if "code" in columns:
        return "renamed"
    return "panel set" if columns.keys() & PANEL else "placed"


def _check_code(code: str) -> None:
    if not _CODE.fullmatch(code):
        reason = Reason(N_("it is not 1–64 letters, digits, dots, _ or -"))
        raise Invalid("request.bad_field", field="code", reason=reason)


def _panel_columns(device: Device, columns: dict[str, Any]) -> None:
    """What a panel shows, checked and as it is stored. Raises Invalid("request.bad_field")."""
    if columns.keys() & PANEL and device.kind is not DeviceKind.DOOR_PANEL:
        raise Conflict("device.is_no_panel", device=device.code)
    if "languages" in columns:
        if fault := languages_fault(columns["languages"]):
            raise Invalid("request.bad_field", field="languages", reason=fault)
        columns["languages"] = ",".join(columns["languages"])
    for name in ("dark_from", "dark_to"):
        if not 0 <= columns.get(name, 0) <= LAST_HOUR:
            reason = Reason(N_("it is not between {least} and {most}"), least=0, most=LAST_HOUR)
            raise Invalid("request.bad_field", field=name, reason=reason)


def _changes(device: Device, amendment: Amendment, now: datetime) -> dict[str, Any]:
    """The columns that will hold something else."""
    columns: dict[str, Any] = dict(amendment)
    is_retired = columns.pop("is_retired", None)
    if is_retired:
        return _out_of_use(device, columns, now)
    if device.retired_at is not None and is_retired is None and columns:
        raise Conflict("device.retired", device=device.code)
    if device.retired_at is not None and is_retired is False:
        columns["retired_at"] = None
    _panel_columns(device, columns)
    if columns.keys() & (IDENTITY | {"code"}) and device.kind is DeviceKind.DOOR_PANEL:
        raise Conflict("device.is_panel", device=device.code)
    if "code" in columns:
        _check_code(columns["code"])
        if device.family == "native" and columns["code"] != device.code:
            columns |= dict.fromkeys(LAST_WORDS)  # its name on the topic is another one: another device speaks there
    code = columns.get("code", device.code)
    if columns.keys() & {"family", "address"}:
        family = columns.setdefault("family", device.family)
        address = device.address if family == device.family else ""
        columns["address"] = _address(code, family, columns.get("address", address))
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


def _out_of_use(device: Device, others: Mapping[str, Any], now: datetime) -> dict[str, Any]:
    """The columns of a device that is retired, none where it is already. Raises Invalid("request.bad_field")."""
    if others:
        reason = Reason(N_("nothing else can be changed together with it: send it alone"))
        raise Invalid("request.bad_field", field="retired", reason=reason)
    if device.retired_at is not None:
        return {}
    columns: dict[str, Any] = {"retired_at": now, "enabled": False, "room_id": None, "key_digest": None}
    return columns | dict.fromkeys(PRESENCE) | ({} if device.family == "native" else {"address": ""})


async def _refuse_a_second(device: Device, columns: dict[str, Any]) -> None:
    if "code" in columns and await Device.filter(code=columns["code"]).exclude(id=device.id).exists():
        raise Conflict("device.taken", device=columns["code"])
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
