"""What a room is now: the answer that doors, lamps and other programs poll."""

from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from fastapi import Request
from starlette.responses import Response

from registry.bookings.projections import PublicState, viewer_of
from registry.bookings.public_revision import numbered
from registry.bookings.queries import state_for
from registry.rooms.queries import zone_of
from web.auth.access import caller
from web.kit import routing, shapes
from web.kit.answers import answer, local
from web.kit.routing import faults, given
from web.rooms.projection import room_of

router = routing.router("rooms", is_plain=True)
CODE = given("code", {"type": "string", "maxLength": 40}, "The room's code: ZW-01.", "path", required=True)


@router.get(
    "/rooms/{code}/state",
    response_model=shapes.State,
    responses=faults(404),
    openapi_extra={"parameters": [CODE]},
    summary="What a room is now",
)
async def state(request: Request) -> Response:
    """A Help Point room tells free, in_use, closed or unknown and nothing finer, unless the caller works there."""
    person = await caller(request)
    room = await room_of(request.path_params["code"])
    seen = numbered(await state_for(room, viewer_of(person), datetime.now(UTC)))
    return answer(state_json(seen, await zone_of(room)))


def state_json(seen: PublicState, zone: ZoneInfo) -> dict[str, Any]:
    """Every key always, times in the site's offset."""
    return {
        "room": seen.room,
        "state": seen.state,
        "occupancy": seen.occupancy,
        "until": local(seen.until, zone),
        "next_starts_at": local(seen.next_starts_at, zone),
        "ready": seen.ready,
        "revision": seen.revision,
        "as_of": local(seen.as_of, zone),
    }
