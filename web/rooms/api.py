"""Rooms: the list, one of them, what is booked, what stands there and whether it all works."""

from datetime import UTC, datetime
from typing import Annotated

from fastapi import Query, Request
from pydantic import Field
from starlette.responses import Response

from registry.assets.queries import of_room, readiness
from registry.bookings.alternatives import taken_rooms
from registry.bookings.projections import Viewer, as_json, sees_times, viewer_of
from registry.bookings.queries import bookings_between
from registry.core.errors import Invalid
from registry.rooms.models import Room, RoomKind
from registry.rooms.queries import all_rooms, zone_of
from web.assets.api import asset_json
from web.auth.access import Caller
from web.kit import routing, shapes
from web.kit.answers import answer, listing, page
from web.kit.body import MAY_BE_EMPTY, moment, span
from web.kit.routing import FROM, TO, faults
from web.rooms.projection import features_of, is_open_to, room_json, room_of

router = routing.router("rooms")
Limit = Annotated[int, Query(ge=1, le=200)]
Cursor = Annotated[str | None, Query(max_length=100)]
Word = Annotated[str, Query(max_length=100)]
Seats = Annotated[int, Field(ge=0, le=100_000)]


@router.get("/rooms", response_model=shapes.Rooms, responses=faults(), summary="Rooms, filtered")
async def rooms(
    person: Caller,
    site: Word = "",
    kind: Annotated[RoomKind | None, MAY_BE_EMPTY] = None,
    capacity: Annotated[Seats | None, MAY_BE_EMPTY, Query(description="at least so many seats")] = None,
    feature: Annotated[list[str], Query(max_length=10)] = [],  # noqa: B006  # FastAPI copies it
    free_from: Annotated[str | None, Query(description="RFC 3339 with offset; needs free_to")] = None,
    free_to: str | None = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Response:
    """With ``free_from`` and ``free_to``: rooms that the caller may book and that nobody has then."""
    found = await all_rooms()
    features = await features_of(found)
    fitting = [
        room
        for room in found
        if (not site or room.building.site.code == site)
        and (kind is None or room.kind == kind)
        and (capacity is None or room.capacity >= capacity)
        and set(feature) - {""} <= set(features[room.id])
    ]
    viewer = viewer_of(person)
    if free_from or free_to:
        fitting = await _free(fitting, free_from, free_to, viewer)
    return page([await room_json(room, features[room.id], viewer) for room in fitting], limit, cursor)


async def _free(rooms: list[Room], free_from: str | None, free_to: str | None, viewer: Viewer) -> list[Room]:
    if not free_from or not free_to:
        raise Invalid("request.missing_field", field="free_from" if free_to else "free_to")
    since, until = moment("free_from", free_from), moment("free_to", free_to)
    if until <= since:
        raise Invalid("booking.ends_before_start")
    taken = await taken_rooms(since, until)
    # a hidden room left out for being taken would tell its times, so it is left out always
    return [
        room
        for room in rooms
        if room.id not in taken and sees_times(room.visibility, viewer) and await is_open_to(room, viewer)
    ]


@router.get("/rooms/{code}", response_model=shapes.Room, responses=faults(404), summary="One room")
async def one(code: str, person: Caller) -> Response:
    room = await room_of(code)
    features = await features_of([room])
    told = await room_json(room, features[room.id], viewer_of(person))
    return answer(told, revision=told["revision"])


@router.get(
    "/rooms/{code}/bookings",
    response_model=shapes.Bookings,
    responses=faults(404),
    openapi_extra={"parameters": [FROM, TO]},
    summary="A room's bookings, as far as the caller may see them",
)
async def bookings(request: Request, code: str, person: Caller) -> Response:
    """Today without ``from`` and ``to``, 92 days at most. A hidden room tells no times to who does not work there."""
    room = await room_of(code)
    zone = await zone_of(room)
    since, until = span(request, zone, datetime.now(UTC))
    seen = await bookings_between([room], since, until, viewer_of(person))
    return listing([as_json(one, zone) for one in seen[room.id]])


@router.get(
    "/rooms/{code}/assets", response_model=shapes.RoomAssets, responses=faults(404), summary="What stands in a room"
)
async def assets(code: str, person: Caller, limit: Limit = 200, cursor: Cursor = None) -> Response:
    """Things with a problem first."""
    room = await room_of(code)
    return page([asset_json(asset, person.role) for asset in await of_room(room.id)], limit, cursor)


@router.get(
    "/rooms/{code}/readiness",
    response_model=shapes.Readiness,
    responses=faults(404),
    openapi_extra={"parameters": [FROM, TO]},
    summary="A room's standard less what is missing or does not work",
)
async def ready(request: Request, code: str, person: Caller) -> Response:
    """The equipment as it stands now; ``from`` and ``to`` are checked and kept for planned repairs."""
    room = await room_of(code)
    span(request, await zone_of(room), datetime.now(UTC))
    found = await readiness(room.id)
    items = [
        {
            "name": item.name,
            "feature": item.feature,
            "wanted": item.wanted,
            "working": item.working,
            "ready": item.ready,
            "problems": list(item.problems),
        }
        for item in found.items
    ]
    return answer({"room": room.code, "ready": found.ready, "items": items})
