"""Drawing the plan of a floor: its picture, and where its rooms lie on it, by pointer, by keyboard or by numbers."""

from collections.abc import Container
from typing import Annotated
from urllib.parse import quote

from fastapi import Form, Query, Request
from starlette.responses import RedirectResponse, Response

from registry.core.errors import Refusal
from registry.core.history import entries_of
from registry.plans.actions import close_wall, open_wall, place_rooms, remove_picture, set_picture, thing_of
from registry.plans.pictures import store_picture
from registry.plans.queries import FloorLayout, layout_of
from registry.plans.rules import WIDTH, box_of, is_rectangle, word_spot
from registry.rooms.models import Room
from web.auth.access import actor_of, options_of
from web.files.upload import largest_of
from web.kit.clock import Now
from web.kit.drafts import FormFields, TypedWords, back_to
from web.kit.errors import status_of
from web.kit.page_context import page_context
from web.kit.query_names import pages
from web.kit.render import render
from web.places.pages import RunsRooms
from web.plans.form import PlaceRoomForm, fault_side, read_box, typed_box
from web.plans.shapes import sent_picture
from web.plans.view import drawing_page, picture_of, points_of
from web.plans.wall_pages import wall_address
from web.plans.words import ACTS, PlanWords

router = pages()
HISTORY_SHOWN = 20


@router.get("/admin/places/plans/{building}/{floor}")
async def drawing(
    request: Request,
    person: RunsRooms,
    now: Now,
    building: str,
    floor: str,
    typed: TypedWords,
    room: Annotated[str, Query(max_length=40)] = "",
) -> Response:
    """The floor, and one of its rooms in the form: the one that is asked for, or the next without a place."""
    context, layout = page_context(request, person, now), await layout_of(building, floor)
    shapes = {} if layout.is_schematic else {one.code: corners for one, corners in layout.rooms_with_shape}
    room_in_hand = _room_in_hand(layout, room or typed.words.get("room", ""), shapes)
    corners = shapes.get(room_in_hand.code) if room_in_hand else None
    words = PlanWords.of(context.words)
    entries = await entries_of(thing_of(layout.plan.id), HISTORY_SHOWN) if layout.plan else []
    return render(
        request,
        "plans/drawing.html",
        person=person,
        status=typed.status,
        context=context,
        words=words,
        layout=layout,
        title=words.floor_title(layout.building, layout.floor),
        page=drawing_page(layout),
        picture=picture_of(layout),
        rooms=layout.rooms,
        shapes=shapes,
        points={code: points_of(one, layout.height) for code, one in shapes.items()},
        spots={code: word_spot(one, WIDTH, layout.height) for code, one in shapes.items()},
        room_in_hand=room_in_hand,
        wall=wall_address(layout.plan, options_of(request)),
        has_wall=bool(layout.plan and layout.plan.wall_digest),
        is_box=corners is None or is_rectangle(corners),
        form=typed_box(corners, context.fmt) | typed.words.get("form", {}),
        faults=FormFields(typed.words.get("faults", {})),
        entries=[(entry, context.say(ACTS.get(entry.action, entry.action)), _rooms_in(entry.before, entry.after))
                 for entry in entries],
    )  # fmt: skip


def _room_in_hand(layout: FloorLayout, code: str, shapes: Container[str]) -> Room | None:
    by_code = {room.code: room for room in layout.rooms}
    without = next((room for room in layout.rooms if room.code not in shapes), None)
    return by_code.get(code) or without or next(iter(layout.rooms), None)


def _rooms_in(*sides: dict[str, object] | None) -> str:
    """The rooms that an entry of the history is about."""
    codes = {code for side in sides for code, corners in (side or {}).items() if isinstance(corners, list | None)}
    return ", ".join(sorted(codes))


@router.post("/admin/places/plans/{building}/{floor}/rooms")
async def place(
    request: Request, person: RunsRooms, now: Now, building: str, floor: str, form: Annotated[PlaceRoomForm, Form()]
) -> Response:
    """Put a room on the plan, or take it off, and on to the next one without a place."""
    layout, context = await layout_of(building, floor), page_context(request, person, now)
    page, actor = drawing_page(layout), actor_of(request, person)
    if form.act == "remove":
        await place_rooms(layout.place, {form.room: None}, actor, now)
        return RedirectResponse(f"{page}?room={quote(form.room)}&done=removed", 303)
    shape, faults = read_box(form.words(), context)
    if not faults:
        try:
            await place_rooms(layout.place, {form.room: shape}, actor, now)
            return RedirectResponse(f"{page}?done=placed", 303)
        except Refusal as refusal:
            if not refusal.code.startswith("plan."):
                raise
            faults = {fault_side(refusal, box_of(shape)): context.words.refusal(refusal)}
    return await back_to(
        f"{page}?room={quote(form.room)}#numbers", request, now, 422, room=form.room, form=form.words(), faults=faults
    )  # fmt: skip


@router.post("/admin/places/plans/{building}/{floor}/picture/files")
async def send(request: Request, person: RunsRooms, now: Now, building: str, floor: str) -> Response:
    """A picture of the floor, in the place of the one before."""
    layout = await layout_of(building, floor)
    page = drawing_page(layout)
    try:
        file, number = await sent_picture(request)
        content = await store_picture(file.content, file.name, number, largest_of(request))
        await set_picture(layout.place, content, actor_of(request, person), now)
    except Refusal as refusal:
        fault = page_context(request, person, now).words.refusal(refusal)
        field = "page" if refusal.code == "plan.no_page" else "file"
        return await back_to(f"{page}#picture", request, now, status_of(refusal), faults={field: fault})
    return RedirectResponse(f"{page}?done=picture", 303)


@router.post("/admin/places/plans/{building}/{floor}/wall")
async def on_wall(
    request: Request, person: RunsRooms, now: Now, building: str, floor: str, act: Annotated[str, Form()] = ""
) -> Response:
    """Make the address for wall displays, or take it back."""
    layout, actor = await layout_of(building, floor), actor_of(request, person)
    if act == "close":
        await close_wall(layout.place, actor, now)
    else:
        await open_wall(layout.place, options_of(request).secret_key, actor, now)
    return RedirectResponse(f"{drawing_page(layout)}#wall", 303)


@router.post("/admin/places/plans/{building}/{floor}/picture/remove")
async def take_off(request: Request, person: RunsRooms, now: Now, building: str, floor: str) -> Response:
    """Take the picture off; rooms stay where they are."""
    layout = await layout_of(building, floor)
    await remove_picture(layout.place, actor_of(request, person), now)
    return RedirectResponse(f"{drawing_page(layout)}?done=off#picture", 303)
