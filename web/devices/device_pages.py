"""One device: taken in while it is watched, what it says now, and all that may become of it."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Annotated, Any
from urllib.parse import quote

from fastapi import Depends, Form, Query, Request
from starlette.responses import RedirectResponse, Response

from registry.assets.queries import numbered
from registry.core.errors import Invalid, NotFound, Refusal, Term
from registry.core.history import HistoryEntry, entries_of
from registry.devices import actions
from registry.devices.models import Device, DeviceKind, Sensing
from registry.devices.queries import devices_by_id
from registry.people.models import Person
from web.auth.access import actor_of, page_with
from web.auth.session import options_of
from web.devices import words
from web.devices.pages import BindingForm, open_room_id, strangers_of
from web.devices.view import health_of, is_near, stranger_rows
from web.devices.wave import WaveState, of_device, of_stranger, stream
from web.history.words import ACTION_WORDS
from web.kit.clock import Now
from web.kit.drafts import FormFields, TypedWords, back_to
from web.kit.errors import status_of
from web.kit.history_rows import history_rows
from web.kit.page_context import PageContext, page_context
from web.kit.query_names import pages
from web.kit.record_ids import possible_id
from web.kit.render import render
from web.rooms.room_cache import cached_open_rooms

router = pages()
SeesDevices = Annotated[Person, Depends(page_with("devices.see"))]
Manager = Annotated[Person, Depends(page_with("devices.manage"))]
Pairer = Annotated[Person, Depends(page_with("panels.pair"))]
Text = Annotated[str, Form(max_length=2000)]
Topic = Annotated[str, Query(max_length=300)]
LANGUAGE_NAMES = {"pl": "polski", "en": "English", "uk": "українська", "ru": "русский"}
HISTORY = 20


def _stranger(request: Request, topic: str) -> dict[str, Any] | None:
    return next((row for row in strangers_of(request) or [] if row["topic"] == topic), None)


@router.get("/devices/inbox")
async def stranger_page(request: Request, person: Manager, now: Now, typed: TypedWords, topic: Topic = "") -> Response:
    """Something that nobody bound: what it says while a hand is waved, and the form that takes it in."""
    context, row = page_context(request, person, now), _stranger(request, topic)
    if row is None:
        return RedirectResponse("/devices", 303)
    line = (await stranger_rows([row], context))[0]
    proposed = line.proposal | {"thing": ""}
    return render(
        request,
        "devices/bind.html",
        status=typed.status,
        context=context,
        row=line,
        wave=of_stranger(row, context),
        rooms=[(room.code, context.words.room(room)) for room in await cached_open_rooms()],
        sensing=[(str(sensing), context.say(word)) for sensing, word in words.SENSING_WORDS.items()],
        form=FormFields(proposed | typed.words.get("form", {})),
        faults=FormFields(typed.words.get("faults", {})),
    )


class StrangerForm(BindingForm):
    """The form of a device that is watched while it comes in; ``thing`` is the number of the piece that it is."""

    topic: str = ""
    thing: str = ""


@router.post("/devices/inbox")
async def take_in(request: Request, person: Manager, now: Now, form: Annotated[StrangerForm, Form()]) -> Response:
    """Bind the device to its thing and its room."""
    context = page_context(request, person, now)
    try:
        if form.sensing not in set(Sensing):
            raise Invalid("request.missing_field", field="sensing")
        actions.check_family(form.family, options_of(request).families)
        device = await actions.bind(
            form.code.strip(), form.family, form.address.strip(), Sensing(form.sensing), actor_of(request, person), now,
            room_id=await open_room_id(form.room), value_keys=form.value_keys(), asset_id=await _asset_id(form.thing),
        )  # fmt: skip
    except Refusal as refusal:
        page = f"/devices/inbox?topic={quote(form.topic, safe='')}"
        return await _refused(page, request, context, refusal, form.model_dump())
    return RedirectResponse(f"/devices/{device.id}?did=bound", 303)


@router.get("/devices/wave")
async def wave(request: Request, person: SeesDevices, now: Now, topic: Topic = "", device: int = 0) -> Response:
    """What a device says at this moment, as a stream: one that nobody bound by its topic, one of the register by id."""
    context = page_context(request, person, now)
    if device and not _is_watched(await _device(device), context):
        raise NotFound("device.unknown", device=device)

    async def look(at: datetime) -> WaveState | None:
        fresh = replace(context, now=at)
        if not device:
            return of_stranger(_stranger(request, topic), fresh)
        row = next(iter(await devices_by_id([device])), None)
        return of_device(row, fresh) if row and _is_watched(row, fresh) else None

    return stream(request, look, context)


@router.get("/devices/{device_id}")
async def device_page(
    request: Request, person: SeesDevices, now: Now, typed: TypedWords, device_id: int, did: str = ""
) -> Response:
    """A device: how it is, what it says now, and what may become of it."""
    device, context = await _device(device_id), page_context(request, person, now)
    languages = [one.strip() for one in device.languages.split(",") if one.strip()]
    stored = {
        "code": device.code, "room": device.room.code if device.room else "", "enabled": device.enabled,
        "thing": (device.asset.inventory_no or "") if device.asset else "", "dark_from": str(device.dark_from),
        "dark_to": str(device.dark_to), **{f"language{n}": one for n, one in enumerate(languages, 1)},
    }  # fmt: skip
    entries = await entries_of(f"device:{device.id}", HISTORY)
    return render(
        request,
        "devices/device.html",
        status=typed.status,
        context=context,
        device=device,
        is_panel=device.kind is DeviceKind.DOOR_PANEL,
        kind=words.kind_word(device, context),
        health=health_of(device, context),
        doubt=words.doubt_of(device, device.room, context) if device.room and is_near(device.room, context) else "",
        wave=of_device(device, context),
        is_watched=_is_watched(device, context),
        strangers=[(row["topic"], row["device"]) for row in strangers_of(request) or [] if row["device"]],
        rooms=[(room.code, context.words.room(room)) for room in await cached_open_rooms()],
        language_names=LANGUAGE_NAMES,
        entries=history_rows(entries, context, ACTION_WORDS, _new_name),
        toast=words.toast_of(did, context),
        form=FormFields(stored | typed.words.get("form", {})),
        faults=FormFields(typed.words.get("faults", {})),
    )


def _new_name(entry: HistoryEntry) -> str:
    """The former and the new name of a device that was renamed."""
    return f"{(entry.before or {})['code']} → {(entry.after or {})['code']}" if entry.action == "renamed" else ""


@router.post("/devices/{device_id}/rename")
async def rename(request: Request, person: Manager, now: Now, device_id: int, code: Text = "") -> Response:
    """Another name here; its history and its room's stay."""
    return await _amend(request, person, now, device_id, {"code": code.strip()}, {"code": code}, "renamed")


@router.post("/devices/{device_id}/hang")
async def hang(
    request: Request, person: Manager, now: Now, device_id: int, room: Text = "", thing: Text = "", enabled: Text = ""
) -> Response:
    """Where it hangs, which piece it is, and whether what it says counts."""
    form = {"room": room, "thing": thing, "enabled": bool(enabled)}
    try:
        amendment: actions.Amendment = {
            "room_id": await open_room_id(room), "asset_id": await _asset_id(thing), "enabled": bool(enabled),
        }  # fmt: skip
    except Refusal as refusal:
        context = page_context(request, person, now)
        return await _refused(f"/devices/{device_id}", request, context, refusal, form)
    return await _amend(request, person, now, device_id, amendment, form, "placed")


@router.post("/devices/{device_id}/replace")
async def replace_device(request: Request, person: Manager, now: Now, device_id: int, topic: Text = "") -> Response:
    """Let another apparatus speak in its place: what was seen in the room stays, what the former one said last goes."""
    context, row = page_context(request, person, now), _stranger(request, topic)
    if row is None:
        refusal = NotFound("device.unknown", device=topic[:80])
        return await _refused(f"/devices/{device_id}", request, context, refusal, {"topic": topic}, "topic")
    amendment: actions.Amendment = {"family": row["family"], "address": row["device"]}
    if row["family"] == "native":
        amendment = {"family": "native", "code": row["device"], "address": ""}
    return await _amend(request, person, now, device_id, amendment, {"topic": topic}, "replaced", "topic")


@router.post("/devices/{device_id}/retire")
async def retire(request: Request, person: Manager, now: Now, device_id: int, back: Text = "") -> Response:
    """Take it out of use, or back into it. Its history stays, its topic is free."""
    return await _amend(
        request, person, now, device_id, {"is_retired": not back}, {}, "taken_back" if back else "retired"
    )


@router.post("/devices/{device_id}/panel")
async def set_panel(
    request: Request, person: Pairer, now: Now, device_id: int,
    language1: Text = "", language2: Text = "", language3: Text = "", language4: Text = "",
    dark_from: Text = "", dark_to: Text = "",
) -> Response:  # fmt: skip
    """The languages of a panel in their order, and the hours in which it is dark."""
    chosen = [one for one in (language1, language2, language3, language4) if one]
    form = {f"language{n}": one for n, one in enumerate((language1, language2, language3, language4), 1)}
    hours = {"dark_from": dark_from, "dark_to": dark_to}
    amendment: actions.Amendment = {
        "languages": chosen,
        "dark_from": int(dark_from) if dark_from.isdecimal() and len(dark_from) < 3 else -1,
        "dark_to": int(dark_to) if dark_to.isdecimal() and len(dark_to) < 3 else -1,
    }
    return await _amend(request, person, now, device_id, amendment, form | hours, "panel_set")


async def _amend(
    request: Request, person: Person, now: datetime, device_id: int, amendment: actions.Amendment,
    form: Mapping[str, Any], did: str, at: str = "",
) -> Response:  # fmt: skip
    """Change a device; a refusal is said at the field ``at``, or at the one that it is about."""
    device = await _device(device_id)
    try:
        await actions.amend(device.id, amendment, actor_of(request, person), now)
    except Refusal as refusal:
        context = page_context(request, person, now)
        return await _refused(f"/devices/{device.id}", request, context, refusal, form, at)
    return RedirectResponse(f"/devices/{device.id}?did={did}", 303)


# the field that a refusal is about, where it names none
_FIELDS = {
    "device.taken": "code", "device.native_address": "code", "room.unknown": "room", "room.closed": "room",
    "asset.no_number": "thing", "asset.several": "thing",
}  # fmt: skip


async def _refused(
    page: str, request: Request, context: PageContext, refusal: Refusal, form: Mapping[str, Any], at: str = ""
) -> Response:
    """Back to the page with what was typed, and why not, at its field."""
    field = at or str(refusal.params.get("field") or _FIELDS.get(refusal.code, "form"))
    label = words.FIELD_WORDS.get(field)
    if label and "field" in refusal.params:
        refusal = type(refusal)(refusal.code, **refusal.params | {"field": Term(field, label)})
    faults = {"occupancy_key" if field == "keys" else field: context.words.refusal(refusal)}
    return await back_to(page, request, context.now, status_of(refusal), form=dict(form), faults=faults)


def _is_watched(device: Device, context: PageContext) -> bool:
    """Whether this reader may see what the device sees now: not of a Help Point room, unless at work there."""
    is_sensor = device.kind is not DeviceKind.DOOR_PANEL and device.retired_at is None
    return is_sensor and (device.room is None or is_near(device.room, context))


async def _device(device_id: int) -> Device:
    number = possible_id(device_id, "device.unknown", device=device_id)
    device = next(iter(await devices_by_id([number])), None)
    if device is None:
        raise NotFound("device.unknown", device=device_id)
    return device


async def _asset_id(number: str) -> int | None:
    """The piece with this number, None for no number. Raises NotFound("asset.no_number"), Invalid("asset.several")."""
    if not number.strip():
        return None
    pieces = await numbered(number.strip())
    if not pieces:
        raise NotFound("asset.no_number", number=number.strip()[:60])
    if len(pieces) > 1:
        raise Invalid("asset.several", number=number.strip()[:60])
    piece_id: int = pieces[0]["id"]
    return piece_id
