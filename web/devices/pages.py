"""Devices: sensors and door panels with their health, what speaks without being known, and pairing a tablet."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Form, Request
from starlette.responses import RedirectResponse, Response

from registry.core.errors import Invalid, NotFound, Refusal
from registry.devices import actions, pairing
from registry.devices.models import Device, DeviceKind, Sensing
from registry.devices.queries import watch
from registry.devices.rules import LOW_BATTERY
from registry.people.models import Person
from registry.rooms.models import Room
from registry.rooms.queries import room_by_code
from web.auth.access import actor_of, page_with
from web.auth.session import options_of
from web.devices.view import DeviceHealth, health_of, kind_word
from web.kit.errors import status_of
from web.kit.page_context import PageContext, page_context
from web.kit.render import render
from web.kit.words import N_

router = APIRouter()
Sees = Annotated[Person, Depends(page_with("devices.see"))]
Manager = Annotated[Person, Depends(page_with("devices.manage"))]
Pairer = Annotated[Person, Depends(page_with("panels.pair"))]
Text = Annotated[str, Form(max_length=2000)]
SENSING_WORDS = {
    Sensing.MMWAVE: N_("presence, by radar (mmWave)"),
    Sensing.PIR: N_("movement (PIR)"),
    Sensing.COUNTER: N_("people, by counting"),
    Sensing.CO2: N_("air: CO₂, temperature"),
    Sensing.CONTACT: N_("a door or a window (contact)"),
    Sensing.NONE: N_("something else"),
}
WORRIES = ("silent", "low_battery", "distrusted")


@dataclass(frozen=True, slots=True)
class Line:
    """One device of the list."""

    device: Device
    kind: str
    health: DeviceHealth
    heard: str


@router.get("/devices")
async def devices(request: Request, person: Sees) -> Response:
    """Everything that talks, what worries first, and the strangers."""
    return await _page(request, person)


async def _page(request: Request, person: Person, status: int = 200, **given: Any) -> Response:
    reader = page_context(request, person, datetime.now(UTC))
    lines = await _lines(reader)
    strangers = strangers_of(request)
    rooms = [(room.code, f"{room.code} {reader.words.room(room)}") for room in await Room.all().order_by("code")]
    return render(
        request,
        "devices/devices.html",
        person=person,
        status=status,
        reader=reader,
        sensors=[line for line in lines if line.device.kind is not DeviceKind.DOOR_PANEL],
        panels=[line for line in lines if line.device.kind is DeviceKind.DOOR_PANEL],
        worries=sum(line.health.state in WORRIES for line in lines),
        low_battery=LOW_BATTERY,
        is_connected=strangers is not None,
        strangers=[_told(one, reader) for one in strangers or []],
        watch=await watch(),
        rooms=rooms,
        sensing=[(str(sensing), reader.say(word)) for sensing, word in SENSING_WORDS.items()],
        **({"typed": {}, "fault": "", "fault_at": ""} | given),
    )


async def _lines(reader: PageContext) -> list[Line]:
    found = await Device.all().order_by("code").select_related("room", "asset")
    lines = [
        Line(
            device=device,
            kind=device.asset.name if device.asset else kind_word(device, reader),
            health=health_of(device, reader),
            heard=reader.ago(device.heard_at),
        )
        for device in found
    ]
    return sorted(lines, key=lambda line: line.health.state not in WORRIES)


def strangers_of(request: Request) -> list[dict[str, Any]] | None:
    """Topics that nobody bound, last heard first; None where this process does not speak with a broker."""
    mqtt = getattr(request.app.state, "devices", None)
    return list(mqtt.inbox()) if mqtt is not None else None


def _told(stranger: dict[str, Any], reader: PageContext) -> dict[str, Any]:
    return stranger | {"heard": reader.ago(stranger["last_at"]), "last": (stranger["payloads"] or [""])[-1]}


@router.post("/devices/bind")
async def bind(
    request: Request,
    person: Manager,
    code: Text = "",
    family: Text = "native",
    address: Text = "",
    sensing: Text = "",
    room: Text = "",
) -> Response:
    """Take a stranger into the register, in a room."""
    typed = {"code": code, "family": family, "address": address, "sensing": sensing, "room": room}
    now = datetime.now(UTC)
    try:
        if sensing not in set(Sensing):
            raise Invalid("request.missing_field", field="sensing")
        actions.check_family(family, options_of(request).families)
        room_id = (await room_by_code(room)).id if room else None
        await actions.bind(
            code.strip(), family, address.strip(), Sensing(sensing), actor_of(request, person), now, room_id=room_id
        )
    except Refusal as refusal:
        return await _refused(request, person, refusal, address or code, typed)
    return RedirectResponse("/devices?done=bound", 303)


@router.post("/devices/pair")
async def pair(request: Request, person: Pairer, panel_code: Text = "", panel_room: Text = "") -> Response:
    """Make the tablet that shows this code the door panel of a room."""
    typed = {"panel_code": panel_code, "panel_room": panel_room}
    try:
        room = await room_by_code(panel_room)
        await pairing.pair(panel_code, room.code, actor_of(request, person), datetime.now(UTC))
    except Refusal as refusal:
        return await _refused(request, person, refusal, "pair", typed)
    return RedirectResponse("/devices?done=paired", 303)


@router.post("/devices/{device_id}/unpair")
async def unpair(request: Request, person: Pairer, device_id: int) -> Response:
    """Take a tablet its door: it shows a code again."""
    await pairing.unpair(_known(device_id), actor_of(request, person), datetime.now(UTC))
    return RedirectResponse("/devices?done=unpaired", 303)


@router.post("/devices/{device_id}/place")
async def place(request: Request, person: Manager, device_id: int, room: Text = "", enabled: Text = "") -> Response:
    """Hang a device into another room, or switch it off and on."""
    room_id = (await room_by_code(room)).id if room else None
    await actions.place(_known(device_id), room_id, bool(enabled), actor_of(request, person), datetime.now(UTC))
    return RedirectResponse("/devices?done=placed", 303)


def _known(device_id: int) -> int:
    if not 0 < device_id < 2**31:
        raise NotFound("device.unknown", device=device_id)
    return device_id


async def _refused(request: Request, person: Person, refusal: Refusal, at: str, typed: dict[str, str]) -> Response:
    said = page_context(request, person, datetime.now(UTC)).words.refusal(refusal)
    return await _page(request, person, status_of(refusal), fault=said, fault_at=at, typed=typed)
