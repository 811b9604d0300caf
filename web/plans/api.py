"""Floor plans: read by everybody who works here, with the states of their rooms; drawn by who runs rooms."""

from typing import Annotated

from fastapi import Depends, Path, Request, Response
from pydantic import Field

from registry.bookings.projections import viewer_of
from registry.bookings.queries import states_for
from registry.core.errors import Invalid
from registry.people.models import Person
from registry.plans.actions import close_wall, open_wall, place_rooms, remove_picture, set_picture
from registry.plans.models import FloorPlan
from registry.plans.pictures import store_picture
from registry.plans.queries import FloorLayout, fresh_layout, layout_of, layouts_of
from registry.rooms.queries import all_rooms, hours_of_rooms
from web.auth.access import Caller, caller_with, options_of
from web.files.upload import SentFile, largest_of
from web.kit import routing
from web.kit.answers import ListAnswer, Paged, etag
from web.kit.clock import Now
from web.kit.idempotency import OnceOnly
from web.kit.routing import CallerActor, IfMatch, faults
from web.plans.shapes import (
    FORM,
    FloorAnswer,
    FloorsAnswer,
    PlacedRoomBody,
    PlanAnswer,
    WallAnswer,
    floor_answer,
    plan_answer,
    sent_picture,
)
from web.plans.wall_pages import wall_address

router = routing.router("rooms")
RunsRooms = Annotated[Person, Depends(caller_with("rooms.manage"))]
MOST_ROOMS = 500


async def _layout(
    person: Caller,
    building: Annotated[str, Path(description="a building's code")],
    floor: Annotated[str, Path(description="its number: 0 is the ground floor")],
) -> FloorLayout:
    """Raises NotFound("plan.unknown")."""
    return await layout_of(building, floor)


LayoutInPath = Annotated[FloorLayout, Depends(_layout)]
Places = Annotated[list[PlacedRoomBody], Field(max_length=MOST_ROOMS)]


async def _picture(request: Request, person: RunsRooms) -> tuple[SentFile, int]:
    return await sent_picture(request)


@router.get("/plans", responses=faults(), summary="The floors that there are")
async def listing(person: Caller, paging: Paged) -> ListAnswer[FloorAnswer]:
    rows = await layouts_of(await all_rooms())
    part = paging.part(rows)
    items = [floor_answer(row) for row in part]
    return FloorsAnswer(items=items, next=paging.cursor(len(part), len(rows)), total=len(rows))


@router.get("/plans/{building}/{floor}", responses=faults(404), summary="The plan of a floor with its rooms' states")
async def one(person: Caller, layout: LayoutInPath, now: Now, response: Response) -> PlanAnswer:
    """Without a plan of its own a floor is drawn from its rooms alone (``is_schematic``), at revision 0."""
    return await _answer(layout, person, now, response)


@router.post(
    "/plans/{building}/{floor}/picture",
    status_code=201,
    responses=faults(404, 412, 413),
    openapi_extra=FORM,
    summary="Give a floor a picture",
)
async def put_picture(
    person: RunsRooms, layout: LayoutInPath, upload: Annotated[tuple[SentFile, int], Depends(_picture)],
    request: Request, actor: CallerActor, now: Now, revision: IfMatch, once: OnceOnly, response: Response,
) -> PlanAnswer:  # fmt: skip
    """In the place of the one before; rooms stay where they are in it. An SVG and a page of a PDF are drawn as a PNG;
    one with a script, an event or a reference to elsewhere is refused (``plan.unsafe``).
    """
    file, page = upload
    content = await store_picture(file.content, file.name, page, largest_of(request))

    async def answering(plan: FloorPlan) -> PlanAnswer:
        return await _answer(await fresh_layout(layout), person, now, response)

    return await once(
        lambda key: set_picture(layout.place, content, actor, now, revision, key), answering,
        about=(file.name, page, content.digest),
    )  # fmt: skip


@router.delete(
    "/plans/{building}/{floor}/picture",
    status_code=204,
    responses=faults(404, 412),
    summary="Take the picture off a floor",
)
async def drop_picture(
    person: RunsRooms, layout: LayoutInPath, actor: CallerActor, now: Now, revision: IfMatch
) -> None:  # fmt: skip
    """Rooms stay where they are."""
    await remove_picture(layout.place, actor, now, revision)


@router.put("/plans/{building}/{floor}/rooms", responses=faults(404, 409, 412), summary="Place the rooms of a floor")
async def place(
    person: RunsRooms, layout: LayoutInPath, body: Places, actor: CallerActor, now: Now, revision: IfMatch,
    response: Response,
) -> PlanAnswer:  # fmt: skip
    """In the place of all that were placed; a room that is not named has no place any more."""
    shapes = {line.room: line.shape() for line in body}
    if len(shapes) < len(body):
        codes = [line.room for line in body]
        raise Invalid("plan.twice", room=next(code for code in codes if codes.count(code) > 1))
    await place_rooms(layout.place, shapes, actor, now, if_revision=revision, is_whole=True)
    return await _answer(await fresh_layout(layout), person, now, response)


@router.put("/plans/{building}/{floor}/wall", responses=faults(404), summary="Give a floor an address for walls")
async def put_on_wall(
    person: RunsRooms, layout: LayoutInPath, request: Request, actor: CallerActor, now: Now
) -> WallAnswer:  # fmt: skip
    """Whoever has the address sees the floor's wall display without a sign-in: numbers and states, no names and no
    times. The same one again for a floor that has it.
    """
    options = options_of(request)
    plan = await open_wall(layout.place, options.secret_key, actor, now)
    return WallAnswer(url=wall_address(plan, options))


@router.delete(
    "/plans/{building}/{floor}/wall", status_code=204, responses=faults(404), summary="Take that address back"
)
async def take_off_wall(person: RunsRooms, layout: LayoutInPath, actor: CallerActor, now: Now) -> None:
    """Whoever has it sees nothing any more."""
    await close_wall(layout.place, actor, now)


async def _answer(layout: FloorLayout, person: Person, now: Now, response: Response) -> PlanAnswer:
    rooms = layout.rooms
    states = await states_for(rooms, viewer_of(person), now)
    zones = {room_id: hours.zone for room_id, hours in (await hours_of_rooms(rooms)).items()}
    response.headers["etag"] = etag(layout.revision)
    return plan_answer(layout, states, zones, routing.PREFIX)
