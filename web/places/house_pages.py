"""Sites, buildings and rooms that come in and are closed, on their pages."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any
from urllib.parse import quote
from uuid import uuid4

from fastapi import Form, Query, Request
from pydantic import BaseModel
from starlette.responses import RedirectResponse, Response

from registry.core.errors import Refusal
from registry.core.history import entries_of
from registry.core.idempotency import act_once
from registry.people.models import Person
from registry.places import houses
from registry.places.actions import RoomChanges
from registry.places.houses import BuildingChanges, SiteChanges
from registry.places.queries import building_by_code, buildings_in_order, room_counts
from registry.rooms.models import RoomKind, Visibility
from registry.rooms.places import NewBuilding, NewRoom, NewSite, code_of, zones
from registry.rooms.queries import room_by_code, site_by_code, sites_in_order
from web.auth.access import actor_of
from web.kit.clock import Now
from web.kit.drafts import TypedWords, back_to
from web.kit.errors import status_of
from web.kit.idempotency import form_key, nothing_more
from web.kit.page_context import PageContext, page_context
from web.kit.query_names import pages
from web.kit.render import render
from web.places import words
from web.places.form import RoomFormReader, Typed
from web.places.history import history_lines
from web.places.pages import RunsRooms
from web.places.words import PlaceWords

router = pages()
LIST = "/admin/places"
HISTORY_SHOWN = 20
# the field at which a refusal is said
FAULT_FIELDS = {
    "place.bad_code": "code", "place.code_taken": "code", "room.exists": "code", "site.bad_timezone": "timezone",
    "building.unknown": "building", "building.closed": "building", "site.unknown": "site",
}  # fmt: skip


class NewRoomForm(BaseModel):
    """A room that comes in; all else is set on its page."""

    code: Typed = ""
    building: Typed = ""
    name: Typed = ""
    number: Typed = ""
    floor: Typed = "0"
    kind: Typed = RoomKind.MEETING.value
    capacity: Typed = ""
    visibility: Typed = Visibility.INTERNAL.value
    bookable: Typed = ""
    key: Typed = ""


class HouseForm(BaseModel):
    """A building, new or as it is described."""

    code: Typed = ""
    site: Typed = ""
    address: Typed = ""
    note: Typed = ""
    step_free: Typed = ""
    key: Typed = ""


class PlaceForm(BaseModel):
    """A site, new or as it is named."""

    code: Typed = ""
    name: Typed = ""
    timezone: Typed = "Europe/Warsaw"
    key: Typed = ""


def _faults(refusal: Refusal, context: PageContext, field: str) -> dict[str, str]:
    """A refusal in words, at its field."""
    where = FAULT_FIELDS.get(refusal.code) or refusal.params.get("field") or refusal.params.get("setting") or field
    return {str(where): context.words.refusal(refusal)}


async def _refused(
    request: Request, page: str, now: datetime, refusal: Refusal, form: Mapping[str, Any], field: str, person: Person
) -> Response:
    faults = _faults(refusal, page_context(request, person, now), field)
    return await back_to(page, request, now, status_of(refusal), form=dict(form), faults=faults, key=form.get("key"))


@router.get("/admin/places/new-room")
async def new_room(
    request: Request,
    person: RunsRooms,
    now: Now,
    typed: TypedWords,
    building: Annotated[str, Query(max_length=40)] = "",
) -> Response:
    """A blank room."""
    context = page_context(request, person, now)
    houses_open = [house for house in await buildings_in_order() if house.closed_at is None]
    form = NewRoomForm(building=building, bookable="1").model_dump() | typed.words.get("form", {})
    return render(
        request, "places/new_room.html", person=person, status=typed.status, context=context, form=form,
        faults=typed.words.get("faults", {}), buildings=houses_open, tables=words,
        looks=PlaceWords.of(context.words), key=typed.words.get("key") or uuid4().hex,
    )  # fmt: skip


@router.post("/admin/places/new-room")
async def add_room(request: Request, person: RunsRooms, now: Now, form: Annotated[NewRoomForm, Form()]) -> Response:
    """Add a room, and on to its settings. The same form sent twice does it once."""
    page, context, fields = f"{LIST}/new-room", page_context(request, person, now), form.model_dump()
    reader = RoomFormReader(fields | {"capacity": form.capacity.strip() or "0"}, context)
    name, code = reader.text("name", is_needed=True), reader.text("code", is_needed=True)
    number, floor, capacity = reader.text("number"), reader.number("floor"), reader.number("capacity")
    if reader.faults:
        return await back_to(page, request, now, 422, form=fields, faults=reader.faults, key=form.key)
    new = NewRoom(
        code=code, name=name, number=number, floor=floor or 0, kind=form.kind, capacity=capacity or 0,
        visibility=form.visibility, bookable=bool(form.bookable),
    )  # fmt: skip
    try:
        await act_once(
            form_key(person, form.key, now, "add-room", fields),
            lambda once: houses.add_room(new, form.building, RoomChanges(), actor_of(request, person), now, once),
            nothing_more,
        )
    except Refusal as refusal:
        return await _refused(request, page, now, refusal, fields, "name", person)
    return RedirectResponse(f"{LIST}/rooms/{quote(code)}?done=added", 303)


@router.get("/admin/places/new-building")
async def new_building(request: Request, person: RunsRooms, now: Now, typed: TypedWords) -> Response:
    """A blank building."""
    form = HouseForm().model_dump() | typed.words.get("form", {})
    return render(
        request, "places/building.html", person=person, status=typed.status,
        context=page_context(request, person, now), form=form, faults=typed.words.get("faults", {}), building=None,
        sites=await sites_in_order(), rooms=0, entries=[], key=typed.words.get("key") or uuid4().hex,
    )  # fmt: skip


@router.post("/admin/places/new-building")
async def add_building(request: Request, person: RunsRooms, now: Now, form: Annotated[HouseForm, Form()]) -> Response:
    """Add a building, and on to its first room."""
    page, fields = f"{LIST}/new-building", form.model_dump()
    reader = RoomFormReader(fields, page_context(request, person, now))
    code, address = reader.text("code", is_needed=True), reader.text("address", is_needed=True)
    note = reader.text("note")
    if reader.faults:
        return await back_to(page, request, now, 422, form=fields, faults=reader.faults, key=form.key)
    new = NewBuilding(code, address, note, bool(form.step_free))
    try:
        await act_once(
            form_key(person, form.key, now, "add-building", fields),
            lambda once: houses.add_house(new, form.site, actor_of(request, person), now, once),
            nothing_more,
        )
    except Refusal as refusal:
        return await _refused(request, page, now, refusal, fields, "address", person)
    return RedirectResponse(f"{LIST}/new-room?building={quote(code)}&done=building", 303)


@router.get("/admin/places/buildings/{code}")
async def building_page(request: Request, person: RunsRooms, now: Now, code: str, typed: TypedWords) -> Response:
    """One building."""
    building, context = await building_by_code(code), page_context(request, person, now)
    form = {
        "code": building.code, "site": building.site.code, "address": building.address, "note": building.note,
        "step_free": "1" if building.step_free else "",
    }  # fmt: skip
    return render(
        request, "places/building.html", person=person, status=typed.status, context=context,
        form=form | typed.words.get("form", {}), faults=typed.words.get("faults", {}), building=building,
        sites=[building.site], rooms=(await room_counts()).get(building.id, 0), key=uuid4().hex,
        entries=history_lines(await entries_of(f"building:{building.id}", HISTORY_SHOWN), context),
    )  # fmt: skip


@router.post("/admin/places/buildings/{code}")
async def describe_building(
    request: Request, person: RunsRooms, now: Now, code: str, form: Annotated[HouseForm, Form()]
) -> Response:
    """Describe it otherwise."""
    building = await building_by_code(code)
    page, fields = f"{LIST}/buildings/{quote(building.code)}", form.model_dump(exclude={"code", "site", "key"})
    reader = RoomFormReader(fields, page_context(request, person, now))
    changes = BuildingChanges(reader.text("address", is_needed=True), reader.text("note"), bool(form.step_free))
    if reader.faults:
        return await back_to(page, request, now, 422, form=fields, faults=reader.faults)
    try:
        await houses.change_building(building.code, changes, actor_of(request, person), now)
    except Refusal as refusal:
        return await _refused(request, page, now, refusal, fields, "address", person)
    return RedirectResponse(f"{page}?done=saved", 303)


@router.post("/admin/places/buildings/{code}/close")
async def close_building(
    request: Request,
    person: RunsRooms,
    now: Now,
    code: str,
    reason: Annotated[str, Form(max_length=300)] = "",
    reopen: Annotated[str, Form(max_length=5)] = "",
) -> Response:
    """Close it, or take it into use again."""
    building = await building_by_code(code)
    page = f"{LIST}/buildings/{quote(building.code)}"
    try:
        await houses.close_building(building.code, not reopen, actor_of(request, person), now, reason.strip())
    except Refusal as refusal:
        return await _refused(request, f"{page}#close", now, refusal, {"reason": reason}, "reason", person)
    return RedirectResponse(f"{page}?done={'reopened' if reopen else 'closed'}", 303)


@router.get("/admin/places/new-site")
async def new_site(request: Request, person: RunsRooms, now: Now, typed: TypedWords) -> Response:
    """A blank site."""
    form = PlaceForm().model_dump() | typed.words.get("form", {})
    return render(
        request, "places/site.html", person=person, status=typed.status, context=page_context(request, person, now),
        form=form, faults=typed.words.get("faults", {}), place=None, zones=sorted(zones()),
        key=typed.words.get("key") or uuid4().hex,
    )  # fmt: skip


@router.post("/admin/places/new-site")
async def add_site(request: Request, person: RunsRooms, now: Now, form: Annotated[PlaceForm, Form()]) -> Response:
    """Add a site, and on to its first building."""
    page, fields = f"{LIST}/new-site", form.model_dump()
    reader = RoomFormReader(fields, page_context(request, person, now))
    name = reader.text("name", is_needed=True)
    if reader.faults:
        return await back_to(page, request, now, 422, form=fields, faults=reader.faults, key=form.key)
    new = NewSite(form.code.strip() or code_of(name), name, form.timezone.strip())
    try:
        await act_once(
            form_key(person, form.key, now, "add-site", fields),
            lambda once: houses.add_place(new, actor_of(request, person), now, once),
            nothing_more,
        )
    except Refusal as refusal:
        return await _refused(request, page, now, refusal, fields, "name", person)
    return RedirectResponse(f"{LIST}/new-building?done=site", 303)


@router.get("/admin/places/sites/{code}")
async def site_page(request: Request, person: RunsRooms, now: Now, code: str, typed: TypedWords) -> Response:
    """One site."""
    place = await site_by_code(code)
    form = {"code": place.code, "name": place.name, "timezone": place.timezone} | typed.words.get("form", {})
    return render(
        request, "places/site.html", person=person, status=typed.status, context=page_context(request, person, now),
        form=form, faults=typed.words.get("faults", {}), place=place, zones=sorted(zones()), key=uuid4().hex,
    )  # fmt: skip


@router.post("/admin/places/sites/{code}")
async def name_site(
    request: Request, person: RunsRooms, now: Now, code: str, form: Annotated[PlaceForm, Form()]
) -> Response:
    """Name it otherwise, or set it to another clock."""
    place = await site_by_code(code)
    page, fields = f"{LIST}/sites/{quote(place.code)}", form.model_dump(exclude={"code", "key"})
    reader = RoomFormReader(fields, page_context(request, person, now))
    changes = SiteChanges(reader.text("name", is_needed=True), form.timezone.strip())
    if reader.faults:
        return await back_to(page, request, now, 422, form=fields, faults=reader.faults)
    try:
        await houses.change_site(place.code, changes, actor_of(request, person), now)
    except Refusal as refusal:
        return await _refused(request, page, now, refusal, fields, "name", person)
    return RedirectResponse(f"{LIST}?done=saved", 303)


@router.post("/admin/places/rooms/{code}/close")
async def close_room(
    request: Request, person: RunsRooms, now: Now, code: str, reason: Annotated[str, Form(max_length=300)] = ""
) -> Response:
    """Close the room for good. Its page says so and offers to take it into use again."""
    room = await room_by_code(code)
    await houses.close_room(room.id, actor_of(request, person), now, " ".join(reason.split()))
    return RedirectResponse(f"{LIST}/rooms/{quote(room.code)}?done=closed", 303)


@router.post("/admin/places/rooms/{code}/reopen")
async def reopen_room(request: Request, person: RunsRooms, now: Now, code: str) -> Response:
    """Take a closed room into use again."""
    room = await room_by_code(code)
    page = f"{LIST}/rooms/{quote(room.code)}"
    try:
        await houses.reopen_room(room.id, actor_of(request, person), now)
    except Refusal as refusal:
        fault = page_context(request, person, now).words.refusal(refusal)
        return await back_to(page, request, now, status_of(refusal), faults={"reopen": fault})
    return RedirectResponse(f"{page}?done=reopened", 303)
