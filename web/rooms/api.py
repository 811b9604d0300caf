"""Rooms: the list, one of them, what it is now, what is booked, what stands there and whether it all works."""

from datetime import datetime
from typing import Annotated, Any

from fastapi import Query, Response
from pydantic import BaseModel, Field

from registry.assets.queries import Readiness, of_room, readiness
from registry.bookings.alternatives import rooms_to_have
from registry.bookings.projections import Viewer, as_json, sees_times, viewer_of
from registry.bookings.public_revision import revision_of
from registry.bookings.queries import bookings_between, state_for
from registry.bookings.rules import BookingRequest
from registry.core.errors import Invalid
from registry.rooms.models import Room, RoomKind
from registry.rooms.queries import all_rooms, features_of, zone_of
from web.assets.shapes import AssetsOfRoomAnswer, asset_answer
from web.auth.access import Caller
from web.bookings.shapes import BookingsAnswer
from web.kit import routing
from web.kit.answers import ListAnswer, Paged, PagedLong, etag
from web.kit.body import MAY_BE_EMPTY, Moment
from web.kit.clock import Now
from web.kit.routing import faults
from web.kit.spans import FromTo
from web.rooms.projection import RoomAnswer, RoomByCode, RoomsAnswer, StateAnswer, room_answers, state_answer

router = routing.router("rooms")
Word = Annotated[str, Query(max_length=100)]
Seats = Annotated[int, Field(ge=0, le=100_000)]


class ReadinessItemAnswer(BaseModel):
    name: str
    feature: str
    wanted: int
    working: int
    ready: bool
    problems: list[dict[str, Any]]


class ReadinessAnswer(BaseModel):
    room: str
    ready: bool
    items: list[ReadinessItemAnswer]


@router.get("/rooms", responses=faults(), summary="Rooms, filtered")
async def rooms(
    person: Caller,
    paging: Paged,
    now: Now,
    site: Word = "",
    kind: Annotated[RoomKind | None, MAY_BE_EMPTY] = None,
    capacity: Annotated[Seats | None, MAY_BE_EMPTY, Query(description="at least so many seats")] = None,
    feature: Annotated[list[str], Query(max_length=10)] = [],  # noqa: B006  # FastAPI copies it
    free_from: Annotated[Moment | None, MAY_BE_EMPTY, Query(description="RFC 3339 with offset; needs free_to")] = None,
    free_to: Annotated[Moment | None, MAY_BE_EMPTY, Query()] = None,
) -> ListAnswer[RoomAnswer]:
    """With ``free_from`` and ``free_to``: rooms that the caller could book for exactly that time, set-up, clean-up and
    the rules of each room considered.
    """
    house, viewer = await all_rooms(), viewer_of(person)
    features = await features_of(house)
    fitting = [
        room
        for room in house
        if (not site or room.building.site.code == site)
        and (kind is None or room.kind == kind)
        and (capacity is None or room.capacity >= capacity)
        and set(feature) - {""} <= set(features[room.id])
    ]
    if free_from or free_to:
        fitting = await _free(fitting, free_from, free_to, viewer, now)
    part = paging.part(fitting)
    return RoomsAnswer(
        items=await room_answers(part, viewer, now),
        next=paging.cursor(len(part), len(fitting)),
        total=len(fitting),
    )


async def _free(
    rooms: list[Room], since: datetime | None, until: datetime | None, viewer: Viewer, now: datetime
) -> list[Room]:
    if since is None or until is None:
        raise Invalid("request.missing_field", field="free_from" if until else "free_to")
    if until <= since:
        raise Invalid("booking.ends_before_start")
    # a hidden room left out for being taken would tell its times, so it is left out always
    visible = [room for room in rooms if sees_times(room.visibility, viewer)]
    return await rooms_to_have(visible, BookingRequest("", since, until), viewer, now)


@router.get("/rooms/{code}", responses=faults(404), summary="One room")
async def one(person: Caller, room: RoomByCode, now: Now, response: Response) -> RoomAnswer:
    (answer,) = await room_answers([room], viewer_of(person), now)
    response.headers["etag"] = etag(answer.revision)
    return answer


@router.get("/rooms/{code}/state", responses=faults(404), summary="What a room is now")
async def state(person: Caller, room: RoomByCode, now: Now) -> StateAnswer:
    """A Help Point room tells free, in_use, closed or unknown and nothing finer, unless the caller works there."""
    public = await state_for(room, viewer_of(person), now)
    return state_answer(public, revision_of(public), await zone_of(room))


@router.get(
    "/rooms/{code}/bookings",
    response_model=BookingsAnswer,
    responses=faults(404),
    summary="A room's bookings, as far as the caller may see them",
)
async def bookings(person: Caller, room: RoomByCode, span: FromTo, now: Now) -> dict[str, Any]:
    """Today without ``from`` and ``to``, 92 days at most. A hidden room tells no times to who does not work there."""
    zone = await zone_of(room)
    visible = await bookings_between([room], *span.between(zone, now), viewer_of(person))
    items = [as_json(booking, zone) for booking in visible[room.id]]
    return {"items": items, "next": None, "total": len(items)}


@router.get("/rooms/{code}/assets", responses=faults(404), summary="What stands in a room")
async def assets(person: Caller, room: RoomByCode, paging: PagedLong) -> AssetsOfRoomAnswer:
    """Things with a problem first."""
    rows = await of_room(room.id)
    part = paging.part(rows)
    return AssetsOfRoomAnswer(
        items=[asset_answer(row, person.role) for row in part],
        next=paging.cursor(len(part), len(rows)),
        total=len(rows),
    )


@router.get(
    "/rooms/{code}/readiness", responses=faults(404), summary="A room's standard less what is missing or does not work"
)
async def ready(person: Caller, room: RoomByCode, span: FromTo, now: Now) -> ReadinessAnswer:
    """The equipment as it stands now; ``from`` and ``to`` are checked and kept for planned repairs."""
    span.between(await zone_of(room), now)
    return readiness_answer(room.code, await readiness(room.id))


def readiness_answer(room: str, standard: Readiness) -> ReadinessAnswer:
    """What a room should hold, and what of it works."""
    return ReadinessAnswer(
        room=room,
        ready=standard.ready,
        items=[
            ReadinessItemAnswer(
                name=item.name,
                feature=item.feature,
                wanted=item.wanted,
                working=item.working,
                ready=item.ready,
                problems=list(item.problems),
            )
            for item in standard.items
        ],
    )
