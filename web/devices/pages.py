"""Devices: sensors and door panels with their health, what speaks without being known, and pairing a tablet."""

from datetime import datetime
from typing import Annotated, Any

from fastapi import Depends, Form, Request
from pydantic import BaseModel, Field
from starlette.responses import RedirectResponse, Response

from registry.core.aside import aside
from registry.core.errors import Invalid, NotFound, Refusal, Term
from registry.devices import actions, pairing
from registry.devices.models import Sensing
from registry.devices.queries import device_by_code, devices_by_worry, retired_devices, watch
from registry.devices.rules import LOW_BATTERY
from registry.people.models import Person
from registry.rooms.queries import open_room_by_code
from web.auth.access import actor_of, page_with
from web.auth.session import options_of
from web.devices import words
from web.devices.view import PAGE, device_tables, stranger_rows
from web.kit.clock import Now
from web.kit.drafts import FormFields, TypedWords, back_to
from web.kit.errors import status_of
from web.kit.page_context import PageContext, page_context
from web.kit.query_names import pages
from web.kit.record_ids import unless_unknown
from web.kit.render import render
from web.rooms.room_cache import cached_open_rooms

router = pages()
SeesDevices = Annotated[Person, Depends(page_with("devices.see"))]
Manager = Annotated[Person, Depends(page_with("devices.manage"))]
Pairer = Annotated[Person, Depends(page_with("panels.pair"))]
Text = Annotated[str, Form(max_length=2000)]
Typed = Annotated[str, Field(max_length=2000)]
DeviceId = Annotated[int, unless_unknown("device.unknown", "device")]


@router.get("/devices")
async def devices(
    request: Request, person: SeesDevices, now: Now, typed: TypedWords, sensors: str = "", panels: str = ""
) -> Response:
    """Everything that talks, what worries first, a page at a time; and the strangers."""
    starts = _start(sensors), _start(panels)
    forms = {name: FormFields(typed.words.get(name, {})) for name in ("form", "faults")}
    return await _page(request, page_context(request, person, now), typed.status, starts, **typed.words | forms)


def _start(text: str) -> int:
    return int(text) if text.isdecimal() and len(text) < 8 else 0


async def _page(
    request: Request, context: PageContext, status: int = 200, starts: tuple[int, int] = (0, 0), **typed: Any
) -> Response:
    order = await devices_by_worry(context.now)
    sensors, panels = await device_tables(order, *starts, context)
    strangers = strangers_of(request)
    may_choose = context.may("devices.manage") or context.may("panels.pair")
    return await aside(  # a hundred rows take longer than others may wait
        render,
        request,
        "devices/devices.html",
        person=context.person,
        status=status,
        context=context,
        sensors=sensors,
        panels=panels,
        worries=order.worries,
        low_battery=LOW_BATTERY,
        is_connected=strangers is not None,
        strangers=await stranger_rows(strangers or [], context),
        watch=await watch(),
        out_of_use=await retired_devices(PAGE + 1),
        page_length=PAGE,
        rooms=[(room.code, context.words.room(room)) for room in await cached_open_rooms()] if may_choose else [],
        sensing=[(str(sensing), context.say(word)) for sensing, word in words.SENSING_WORDS.items()],
        looks=words,
        blank=FormFields(),
        **({"form": FormFields(), "faults": FormFields(), "fault_at": ""} | typed),
    )


def strangers_of(request: Request) -> list[dict[str, Any]] | None:
    """Topics that nobody bound, last heard first; None where this process does not speak with a broker."""
    mqtt = getattr(request.app.state, "devices", None)
    return list(mqtt.inbox()) if mqtt is not None else None


class BindingForm(BaseModel):
    """The form of a device that comes into the register."""

    code: Typed = ""
    family: Typed = "native"
    address: Typed = ""
    sensing: Typed = ""
    room: Typed = ""
    occupancy_key: Typed = ""
    people_key: Typed = ""
    battery_key: Typed = ""

    def value_keys(self) -> dict[str, str]:
        """Which key means what, of those that were named."""
        keys = {"occupancy": self.occupancy_key, "people": self.people_key, "battery": self.battery_key}
        return {name: key.strip() for name, key in keys.items() if key.strip()}


@router.post("/devices/bind")
async def bind(request: Request, person: Manager, now: Now, form: Annotated[BindingForm, Form()]) -> Response:
    """Take a stranger into the register, in a room."""
    at = form.address or form.code
    return await _take_in(request, person, now, form, at if _is_stranger(request, at) else "by-topic")


@router.post("/devices")
async def add(request: Request, person: Manager, now: Now, form: Annotated[BindingForm, Form()]) -> Response:
    """Take a device that was never heard into the register, by its topic."""
    return await _take_in(request, person, now, form, "by-topic")


async def _take_in(request: Request, person: Person, now: datetime, form: BindingForm, at: str) -> Response:
    try:
        if form.sensing not in set(Sensing):
            raise Invalid("request.missing_field", field="sensing")
        if form.family == "generic" and not form.address.strip():
            raise Invalid("request.missing_field", field="address")
        actions.check_family(form.family, options_of(request).families)
        actor, room_id = actor_of(request, person), await open_room_id(form.room)
        await actions.bind(
            form.code.strip(),
            form.family,
            form.address.strip(),
            Sensing(form.sensing),
            actor,
            now,
            room_id=room_id,
            value_keys=form.value_keys(),
        )
    except Refusal as refusal:
        return await _refused(request, page_context(request, person, now), refusal, at, form.model_dump())
    return RedirectResponse("/devices?done=bound", 303)


def _is_stranger(request: Request, address: str) -> bool:
    """Whether the page has a form for this address: what was typed is shown there again."""
    return any(row["device"] == address for row in strangers_of(request) or [])


@router.post("/devices/follow")
async def follow(request: Request, person: Manager, now: Now, code: Text = "", address: Text = "") -> Response:
    """Let a device go on under the name that it has in its network now."""
    device = await device_by_code(code)
    if device is None:
        raise NotFound("device.unknown", device=code)
    try:
        await actions.amend(device.id, {"address": address}, actor_of(request, person), now)
    except Refusal as refusal:
        return await _refused(request, page_context(request, person, now), refusal, address, {"code": code})
    return RedirectResponse("/devices?done=followed", 303)


@router.post("/devices/pair")
async def pair(request: Request, person: Pairer, now: Now, panel_code: Text = "", panel_room: Text = "") -> Response:
    """Make the tablet that shows this code the door panel of a room."""
    form = {"panel_code": panel_code, "panel_room": panel_room}
    try:
        await pairing.pair(panel_code, panel_room.strip(), actor_of(request, person), now)
    except Refusal as refusal:
        return await _refused(request, page_context(request, person, now), refusal, "pair", form)
    return RedirectResponse("/devices?done=paired", 303)


@router.post("/devices/{device_id}/unpair")
async def unpair(request: Request, person: Pairer, device_id: DeviceId, now: Now) -> Response:
    """Take a tablet its door: it shows a code again."""
    await pairing.unpair(device_id, actor_of(request, person), now)
    return RedirectResponse("/devices?done=unpaired", 303)


@router.post("/devices/{device_id}/place")
async def place(
    request: Request, person: Manager, device_id: DeviceId, now: Now, room: Text = "", enabled: Text = ""
) -> Response:
    """Hang a device into another room, or switch it off and on."""
    try:
        await actions.place(device_id, await open_room_id(room), bool(enabled), actor_of(request, person), now)
    except Refusal as refusal:
        context, form = page_context(request, person, now), {"room": room, "enabled": enabled}
        if refusal.code == "device.unknown":
            raise
        if refusal.code == "device.retired":  # it has no line in the list any more
            faults = {"form": context.words.refusal(refusal)}
            return await back_to(f"/devices/{device_id}", request, now, status_of(refusal), faults=faults)
        return await _refused(request, context, refusal, f"place-{device_id}", form)
    return RedirectResponse("/devices?done=placed", 303)


async def open_room_id(code: str) -> int | None:
    """The room that was typed or chosen, None for none. Raises NotFound("room.unknown"), Conflict("room.closed")."""
    return (await open_room_by_code(code.strip())).id if code.strip() else None


# the field that a refusal is about, where it names none: as the forms call it
_FIELDS = {
    "device.taken": "code",
    "device.native_address": "code",
    "device.bad_family": "address",
    "room.unknown": "room",
    "room.closed": "room",
    "panel.code_unknown": "panel_code",
}


async def _refused(request: Request, context: PageContext, refusal: Refusal, at: str, form: dict[str, str]) -> Response:
    """Back to the page with what was typed, and why not, at the field that it is about."""
    field = str(refusal.params.get("field") or _FIELDS.get(refusal.code, ""))
    if at == "pair":
        field = "panel_room" if field == "room" else field or "panel_code"
    label = words.FIELD_WORDS.get(field)
    if label and "field" in refusal.params:
        refusal = type(refusal)(refusal.code, **refusal.params | {"field": Term(field, label)})
    place = field if label else "form"
    faults = {"occupancy_key" if place == "keys" else place: context.words.refusal(refusal)}
    status = status_of(refusal)
    return await back_to("/devices", request, context.now, status, faults=faults, fault_at=at, form=form)
