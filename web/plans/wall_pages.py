"""The wall display of a floor, at an address of its own that needs no sign-in: whoever has it sees what everybody sees
who walks there. Its picture and its stream of news lie below it.
"""

from typing import Annotated

import orjson
from fastapi import Query, Request
from starlette.responses import Response

from registry.bookings.projections import viewer_of
from registry.bookings.queries import state_for, states_for
from registry.bookings.state import StateKind
from registry.core.clock import Clock
from registry.core.errors import NotFound
from registry.core.events import Event, PlacesChanged, RoomChanged
from registry.files.models import AttachmentKind
from registry.files.queries import attachment_of
from registry.plans.models import FloorPlan
from registry.plans.queries import Floor, StoredPlan, floor_of, is_wall, layout_of_wall
from registry.plans.rules import wall_digest, wall_secret
from web.files.serving import file_response
from web.kit.clock import Now
from web.kit.live import EventStream, Teller, live_of
from web.kit.options import SiteOptions
from web.kit.pieces import IN_PLACE, piece_request
from web.kit.query_names import pages
from web.kit.render import is_fragment, language_of, pages_of, render
from web.plans.view import wall_look, wall_view
from web.plans.words import PlanWords
from web.rooms.room_cache import cached_rooms

router = pages()


def wall_address(plan: StoredPlan | FloorPlan | None, options: SiteOptions) -> str:
    """Where a plan is shown on walls; nothing for one without an address, or whose address another server key made."""
    if plan is None or not plan.wall_digest:
        return ""
    secret = wall_secret(options.secret_key, plan.id, plan.wall_number)
    return f"{options.base_url}/wall/{secret}" if wall_digest(secret) == plan.wall_digest else ""


@router.get("/wall/{secret}")
async def wall(request: Request, now: Now, secret: str) -> Response:
    """A floor for a screen on the wall; asked for as a fragment, what changed."""
    layout, is_part = await layout_of_wall(secret), is_fragment(request)
    words = PlanWords.of(pages_of(request).words(language_of(request)))
    base = f"/wall/{secret}"
    return render(
        request,
        "plans/_wall_pieces.html" if is_part else "plans/wall.html",
        words=words,
        now=now,
        view=await wall_view(layout, words, now),
        picture=f"{base}/picture?v={layout.picture}" if layout.picture else "",
        stream=f"{base}/events",
        pieces=await piece_request(request) if is_part else None,
        in_place=IN_PLACE if is_part else "",
    )


@router.get("/wall/{secret}/picture")
async def picture(request: Request, secret: str, v: Annotated[str, Query(max_length=20)] = "") -> Response:
    """The picture of its floor; ``v`` makes another address of another picture. Raises NotFound: plan.no_wall,
    file.unknown.
    """
    layout = await layout_of_wall(secret)
    if layout.picture is None:
        raise NotFound("file.unknown")
    return await file_response(request, await attachment_of(layout.picture, (AttachmentKind.PHOTO,)))


@router.get("/wall/{secret}/events")
async def events(request: Request, secret: str) -> Response:
    """The code of each room of its floor that looks different on a wall, as it happens; ends with its address."""
    layout, clock = await layout_of_wall(secret), request.app.state.clock
    eyes, live = ("wall", secret), live_of(request.app)
    before: dict[int, StateKind | None] = {}
    if eyes not in live.tellers:
        states = await states_for(layout.rooms, viewer_of(None), clock())
        before.update({room.id: wall_look(room, states[room.id]) for room in layout.rooms})
    look = _teller(layout.place, before, clock)

    async def tell(event: Event) -> bytes | None:
        if isinstance(event, PlacesChanged) and not await is_wall(secret):
            live.end(eyes, _look_again(""))
            return None
        return await look(event)

    return EventStream(live, eyes, tell, eyes)


def _teller(floor: Floor, before: dict[int, StateKind | None], clock: Clock) -> Teller:
    """Tells nothing of a room that looks as ``before``: that something happened there is nobody's business."""

    async def tell(event: Event) -> bytes | None:
        if isinstance(event, PlacesChanged):
            return _look_again("")  # the plan may be another one; of no room in particular
        if not isinstance(event, RoomChanged):
            return None
        rooms = await cached_rooms()
        room = next((one for one in rooms if one.id == event.room_id and floor_of(one) == floor), None)
        if room is None:
            return None
        look = wall_look(room, await state_for(room, viewer_of(None), clock(), event.revision))
        if room.id in before and before[room.id] == look:
            return None
        before[room.id] = look
        return _look_again(room.code)

    return tell


def _look_again(room: str) -> bytes:
    return b"event: room\ndata: " + orjson.dumps({"room": room}) + b"\n\n"
