"""Devices and door panels: what they are, what they last said, and giving a tablet its room."""

from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Protocol

from fastapi import Depends, Query, Request
from msgspec import UNSET, Meta, UnsetType
from starlette.responses import Response

from registry.core.errors import Invalid, NotFound
from registry.core.history import Actor
from registry.devices import actions, pairing
from registry.devices.models import Device, DeviceKind, DeviceState, Sensing
from registry.devices.rules import device_state
from registry.people.models import Person
from web.auth.access import actor_of, caller_with
from web.auth.session import options_of
from web.kit import routing, shapes
from web.kit.answers import answer, page
from web.kit.body import Body, body, plain
from web.kit.routing import faults, taking
from web.rooms.projection import room_of

router = routing.router("devices")
Limit = Annotated[int, Query(ge=1, le=200)]
Cursor = Annotated[str | None, Query(max_length=100)]
Sees = Annotated[Person, Depends(caller_with("devices.see"))]


class Stranger(Protocol):
    """Something that spoke and that nobody has bound."""

    def as_dict(self) -> dict[str, Any]: ...


class Inbox(Protocol):
    """Whatever keeps the strangers, last heard first. The composition root puts it into ``app.state.inbox``."""

    def all(self) -> list[Any]: ...

    def forget(self, topic: str) -> None: ...


class Pair(Body):
    code: Annotated[str, Meta(min_length=1, max_length=40, description="as the tablet shows it")]
    room: Annotated[str, Meta(min_length=1, max_length=40)]


class Binding(Body):
    """What a device is and where it hangs. Of a known one, what is left out stays as it is."""

    family: Annotated[str, Meta(max_length=30, description="native, zigbee2mqtt, …")] | UnsetType = UNSET
    address: Annotated[str, Meta(max_length=200, description="its name in its family")] | UnsetType = UNSET
    sensing: Sensing | UnsetType = UNSET
    room: Annotated[str, Meta(max_length=40, description="null: in no room")] | UnsetType | None = UNSET
    enabled: bool | UnsetType = UNSET
    topic: Annotated[str, Meta(max_length=300, description="leaves the inbox")] = ""


@router.get("/devices", response_model=shapes.Devices, responses=faults(404), summary="Devices and what they last said")
async def devices(
    person: Sees,
    room: Annotated[str, Query(max_length=40)] = "",
    kind: DeviceKind | None = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Response:
    now = datetime.now(UTC)
    found = Device.all().order_by("code").select_related("room")
    if kind:
        found = found.filter(kind=kind)
    if room:
        found = found.filter(room_id=(await room_of(room)).id)
    return page([_device(device, now) for device in await found], limit, cursor)


@router.get("/devices/inbox", response_model=shapes.Inbox, responses=faults(), summary="Who spoke and is not bound yet")
async def inbox(request: Request, person: Sees, limit: Limit = 200, cursor: Cursor = None) -> Response:
    """Last heard first. Empty where another process speaks with the broker."""
    kept = _inbox(request)
    return page([stranger.as_dict() for stranger in kept.all()] if kept is not None else [], limit, cursor)


@router.post(
    "/devices/{device}/bind",
    response_model=shapes.Device,
    responses=faults(404, 409),
    openapi_extra=taking(Binding),
    summary="Take a device into the register, or hang it elsewhere",
)
async def bind(
    request: Request, device: str, person: Annotated[Person, Depends(caller_with("devices.manage"))]
) -> Response:
    """``device`` is its code, or its number once the register has it. A new one needs ``family`` and ``sensing``. Of a
    known one what is given is changed and told in the history; another family, address or sensing forgets what it said.
    """
    asked, now = await body(request, Binding), datetime.now(UTC)
    given = await _given(request, asked)
    actor, found = actor_of(request, person), await _find(plain("device", device, 64))
    if found:
        bound = await actions.amend(found.id, given, actor, now)
    else:
        bound = await _bound(device, given, actor, now)
    kept = _inbox(request)
    if kept is not None and asked.topic:
        kept.forget(asked.topic)
    fresh = await Device.get(id=bound.id).select_related("room")
    return answer(_device(fresh, now))


async def _find(code: str) -> Device | None:
    known = await Device.get_or_none(code=code)
    if known is None and code.isascii() and code.isdigit() and int(code) < 2**31:
        return await Device.get_or_none(id=int(code))
    return known


async def _given(request: Request, asked: Binding) -> actions.Amendment:
    """What the body holds, checked. Raises Invalid: device.bad_family, request.bad_field; NotFound("room.unknown")."""
    given = actions.Amendment()
    if asked.family is not UNSET:
        actions.check_family(asked.family, options_of(request).families)
        given["family"] = asked.family
    if asked.address is not UNSET:
        given["address"] = plain("address", asked.address)
    if asked.sensing is not UNSET:
        given["sensing"] = asked.sensing
    if asked.room is not UNSET:
        given["room_id"] = (await room_of(asked.room)).id if asked.room else None
    if asked.enabled is not UNSET:
        given["enabled"] = asked.enabled
    return given


async def _bound(code: str, given: actions.Amendment, actor: Actor, now: datetime) -> Device:
    for needed in ("family", "sensing"):
        if needed not in given:
            raise Invalid("request.missing_field", field=needed)
    family, address, room_id = given["family"], given.get("address", ""), given.get("room_id")
    enabled = given.get("enabled", True)
    return await actions.bind(code, family, address, given["sensing"], actor, now, room_id=room_id, enabled=enabled)


def _inbox(request: Request) -> Inbox | None:
    kept: Inbox | None = getattr(request.app.state, "inbox", None)
    return kept


@router.get("/panels", response_model=shapes.Panels, responses=faults(), summary="Door panels")
async def panels(person: Sees, limit: Limit = 50, cursor: Cursor = None) -> Response:
    found = await Device.filter(kind=DeviceKind.DOOR_PANEL).order_by("code").select_related("room")
    return page([_panel(device) for device in found], limit, cursor)


@router.post(
    "/panels/pair",
    response_model=shapes.Panel,
    responses=faults(404, 409),
    openapi_extra=taking(Pair),
    summary="Make the tablet that shows a code the panel of a room",
)
async def pair(request: Request, person: Annotated[Person, Depends(caller_with("panels.pair"))]) -> Response:
    asked = await body(request, Pair)
    room = await room_of(asked.room)
    device = await pairing.pair(plain("code", asked.code), room.code, actor_of(request, person), datetime.now(UTC))
    fresh = await Device.get_or_none(id=device.id).select_related("room")
    if fresh is None:
        raise NotFound("panel.unknown")
    return answer(_panel(fresh))


def _device(device: Device, now: datetime) -> dict[str, Any]:
    same = ("id", "code", "kind", "family", "address", "sensing", "enabled", "occupied", "people", "battery", "online",
            "distrust")  # fmt: skip
    return {
        **{name: getattr(device, name) for name in same},
        "room": device.room.code if device.room_id and device.room else None,
        "asset": device.asset_id,
        "state": _state(device, now),
        "heard_at": device.heard_at.isoformat() if device.heard_at else None,
    }


def _state(device: Device, now: datetime) -> DeviceState:
    heartbeat = timedelta(seconds=device.heartbeat_seconds)
    return device_state(device.online, device.battery, device.heard_at, heartbeat, now)


def _panel(device: Device) -> dict[str, Any]:
    return {
        "id": device.id,
        "code": device.code,
        "room": device.room.code if device.room_id and device.room else None,
        "languages": [language.strip() for language in device.languages.split(",") if language.strip()],
        "paired": device.key_digest is not None,
        "online": device.online,
        "heard_at": device.heard_at.isoformat() if device.heard_at else None,
    }
