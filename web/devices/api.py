"""Devices, what spoke and nobody knows yet, and the panels at the doors."""

from datetime import datetime, timedelta
from typing import Annotated, Any, Literal, Protocol

from fastapi import Depends, Path, Query, Request
from pydantic import BaseModel, Field

from registry.assets.queries import must_exist
from registry.core.errors import Invalid, NotFound
from registry.core.history import Actor
from registry.core.idempotency import RequestKey
from registry.devices import actions, pairing
from registry.devices.models import Device, DeviceKind, Sensing
from registry.devices.queries import device_by_code, devices_in_order
from registry.devices.rules import device_state
from registry.people.models import Person
from registry.rooms.queries import open_room_by_code, room_by_code
from web.auth.access import caller_with
from web.auth.session import options_of
from web.kit import routing
from web.kit.answers import Instant, ListAnswer, Paged, PagedLong
from web.kit.body import LINE, Body, Changes, RecordId, RoomCode, Whole, YesNo, left_out
from web.kit.clock import Now
from web.kit.idempotency import OnceOnly
from web.kit.routing import CallerActor, faults

router = routing.router("devices")
SeesDevices = Annotated[Person, Depends(caller_with("devices.see"))]
DeviceCode = Annotated[str, Path(max_length=64, description="Its code, or its number."), LINE]


class StrangerEntry(Protocol):
    """Something that spoke and that nobody has bound."""

    def as_dict(self) -> dict[str, Any]: ...


class Strangers(Protocol):
    """Whatever keeps who spoke, last heard first. The composition root puts it into ``app.state.inbox``."""

    def all(self) -> list[Any]: ...

    def forget(self, topic: str) -> None: ...


class PairBody(Body):
    code: Annotated[str, Field(min_length=1, max_length=40, description="as the tablet shows it"), LINE]
    room: Annotated[str, Field(min_length=1, max_length=40), LINE]


class BindingBody(Changes):
    """What a device is and where it hangs. Of a known one, what is left out stays as it is."""

    family: Annotated[str, Field(max_length=30, description="native, zigbee2mqtt, …")] = left_out()
    address: Annotated[str, Field(max_length=200, description="its name in its family"), LINE] = left_out()
    keys: Annotated[
        dict[str, Annotated[str, LINE]],
        Field(
            max_length=10,
            description="which key of its JSON means what: occupancy, people, battery, online; a dot descends, and . "
            "alone is the whole message",
        ),
    ] = left_out()
    sensing: Sensing = left_out()
    room: Annotated[RoomCode | None, Field(description="null: in no room")] = left_out()
    enabled: YesNo = left_out()
    code: Annotated[str, Field(max_length=64, description="another name here"), LINE] = left_out()
    asset: Annotated[RecordId | None, Field(description="the piece that it is; null: none")] = left_out()
    retired: Annotated[YesNo, Field(description="out of use: its history stays, its topic is free")] = left_out()
    languages: Annotated[
        list[Annotated[str, LINE]], Field(max_length=10, description="of a panel, the first one first")
    ] = left_out()
    dark_from: Annotated[Whole, Field(description="the hour from which a panel is dark")] = left_out()
    dark_to: Annotated[Whole, Field(description="the hour until which; the same hour is never")] = left_out()
    topic: Annotated[str, Field(max_length=300, description="leaves the inbox")] = ""


class DeviceAnswer(BaseModel):
    id: int
    code: str
    kind: str
    family: str
    address: str
    keys: dict[str, str]
    sensing: str
    enabled: bool
    occupied: bool | None
    people: int | None
    battery: int | None
    online: bool | None
    distrust: str
    room: str | None
    asset: int | None
    state: Literal["alive", "silent", "low_battery"]
    heard_at: Instant | None
    refusal: Annotated[str | None, Field(description="why something that it sent was refused last")]
    refused_at: Instant | None


class PanelAnswer(BaseModel):
    id: int
    code: str
    room: str | None
    languages: list[str]
    paired: bool
    online: bool | None
    heard_at: Instant | None


DevicesAnswer, PanelsAnswer = ListAnswer[DeviceAnswer], ListAnswer[PanelAnswer]
StrangersAnswer = ListAnswer[dict[str, Any]]
_STORED = ("id", "code", "kind", "family", "address", "sensing", "enabled", "occupied", "people", "battery", "online",
           "distrust", "heard_at", "refusal", "refused_at")  # fmt: skip


@router.get("/devices", responses=faults(404), summary="Devices and what they last said")
async def devices(
    person: SeesDevices,
    paging: Paged,
    now: Now,
    room: Annotated[str, Query(max_length=40)] = "",
    kind: DeviceKind | None = None,
) -> ListAnswer[DeviceAnswer]:
    room_id = (await room_by_code(room)).id if room else None
    rows, total = await devices_in_order(paging.start, paging.limit, kind, room_id)
    items = [_device(device, now) for device in rows]
    return DevicesAnswer(items=items, next=paging.cursor(len(rows), total), total=total)


@router.get("/devices/inbox", responses=faults(), summary="Who spoke and is not bound yet")
async def inbox(request: Request, person: SeesDevices, paging: PagedLong) -> ListAnswer[dict[str, Any]]:
    """Last heard first. Empty where another process speaks with the broker."""
    strangers = _strangers(request)
    rows = [stranger.as_dict() for stranger in strangers.all()] if strangers is not None else []
    part = list(paging.part(rows))
    return StrangersAnswer(items=part, next=paging.cursor(len(part), len(rows)), total=len(rows))


@router.post(
    "/devices/{device}/bind",
    responses=faults(404, 409),
    summary="Take a device into the register, or hang it elsewhere",
)
async def bind(
    request: Request,
    device: DeviceCode,
    body: BindingBody,
    person: Annotated[Person, Depends(caller_with("devices.manage"))],
    actor: CallerActor,
    now: Now,
    once: OnceOnly,
) -> DeviceAnswer:
    """``device`` is its code, or its number once the register has it. A new one needs ``family`` and ``sensing``. Of a
    known one what is sent is changed and told in the history; another family, address or sensing forgets what it said.
    """
    amendment = await _amendment(body, options_of(request).families)
    registered = await device_by_code(device)

    async def act(key: RequestKey | None) -> Device:
        if registered:
            row = await actions.amend(registered.id, amendment, actor, now, key)
        else:
            row = await _take_in(device, amendment, actor, now, key)
        strangers = _strangers(request)
        if strangers is not None and body.topic:
            strangers.forget(body.topic)
        return row

    async def answering(row: Device) -> DeviceAnswer:
        return _device(await _fresh(row), now)

    return await once(act, answering)


async def _amendment(body: BindingBody, families: tuple[str, ...]) -> actions.Amendment:
    """What the body changes. Raises Invalid("device.bad_family"), NotFound("room.unknown")."""
    changes = body.changes()
    changes.pop("topic", None)
    if "family" in changes:
        actions.check_family(body.family, families)
    if "retired" in changes:
        changes["is_retired"] = changes.pop("retired")
    if "asset" in changes:
        changes["asset_id"] = changes.pop("asset")
        if changes["asset_id"] is not None:
            await must_exist(changes["asset_id"])
    if "keys" in changes:
        changes["value_keys"] = changes.pop("keys")
    if "room" in changes:
        code = changes.pop("room")
        changes["room_id"] = (await open_room_by_code(code)).id if code else None
    amendment: actions.Amendment = {**changes}  # type: ignore[typeddict-item]  # the fields of the body are its keys
    return amendment


async def _take_in(
    code: str, amendment: actions.Amendment, actor: Actor, now: datetime, key: RequestKey | None
) -> Device:
    for field in ("family", "sensing"):
        if field not in amendment:
            raise Invalid("request.missing_field", field=field)
    for field in ("code", "languages", "dark_from", "dark_to"):
        if field in amendment:
            raise Invalid("request.unknown_field", field=field)
    if "is_retired" in amendment:
        raise Invalid("request.unknown_field", field="retired")
    return await actions.bind(
        code,
        amendment["family"],
        amendment.get("address", ""),
        amendment["sensing"],
        actor,
        now,
        room_id=amendment.get("room_id"),
        enabled=amendment.get("enabled", True),
        value_keys=amendment.get("value_keys"),
        asset_id=amendment.get("asset_id"),
        request_key=key,
    )


async def _fresh(device: Device) -> Device:
    fresh = await device_by_code(device.code)
    if fresh is None:
        raise NotFound("device.unknown", device=device.code)
    return fresh


def _strangers(request: Request) -> Strangers | None:
    strangers: Strangers | None = getattr(request.app.state, "inbox", None)
    return strangers


@router.get("/panels", responses=faults(), summary="Door panels")
async def panels(person: SeesDevices, paging: Paged) -> ListAnswer[PanelAnswer]:
    rows, total = await devices_in_order(paging.start, paging.limit, DeviceKind.DOOR_PANEL)
    items = [_panel(device) for device in rows]
    return PanelsAnswer(items=items, next=paging.cursor(len(rows), total), total=total)


@router.post(
    "/panels/pair", responses=faults(404, 409), summary="Make the tablet that shows a code the panel of a room"
)
async def pair(
    body: PairBody,
    person: Annotated[Person, Depends(caller_with("panels.pair"))],
    actor: CallerActor,
    now: Now,
    once: OnceOnly,
) -> PanelAnswer:
    async def answering(device: Device) -> PanelAnswer:
        return _panel(await _fresh(device))

    return await once(lambda key: pairing.pair(body.code, body.room, actor, now, key), answering)


def _device(device: Device, now: datetime) -> DeviceAnswer:
    heartbeat = timedelta(seconds=device.heartbeat_seconds)
    return DeviceAnswer(
        **{name: getattr(device, name) for name in _STORED},
        keys=device.value_keys or {},
        room=_room(device),
        asset=device.asset_id,
        state=device_state(device.online, device.battery, device.heard_at, heartbeat, now).value,
    )


def _panel(device: Device) -> PanelAnswer:
    return PanelAnswer(
        id=device.id,
        code=device.code,
        room=_room(device),
        languages=[language.strip() for language in device.languages.split(",") if language.strip()],
        paired=device.key_digest is not None,
        online=device.online,
        heard_at=device.heard_at,
    )


def _room(device: Device) -> str | None:
    return device.room.code if device.room_id and device.room else None
