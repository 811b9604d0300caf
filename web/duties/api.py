"""Duties: who receives people where and when."""

from datetime import UTC, datetime
from typing import Annotated
from zoneinfo import ZoneInfo

from fastapi import Depends, Request
from starlette.responses import Response

from registry.bookings.projections import sees_times, viewer_of
from registry.duties.queries import duties_between
from registry.people.models import Person
from registry.rooms.queries import all_rooms, zone_of
from web.auth.access import caller_with
from web.auth.session import options_of
from web.calendar.api import duty_json
from web.kit import routing, shapes
from web.kit.answers import listing
from web.kit.body import span
from web.kit.routing import FROM, TO, faults

router = routing.router("duties")


@router.get(
    "/duties",
    response_model=shapes.Duties,
    responses=faults(),
    openapi_extra={"parameters": [FROM, TO]},
    summary="The roster between two times",
)
async def duties(request: Request, person: Annotated[Person, Depends(caller_with("duties.see"))]) -> Response:
    """Today without ``from`` and ``to``, 92 days at most."""
    since, until = span(request, ZoneInfo(options_of(request).timezone), datetime.now(UTC))
    rooms = {room.id: room for room in await all_rooms() if sees_times(room.visibility, viewer_of(person))}
    found = await duties_between(rooms, since, until)
    return listing(
        [duty_json(duty, rooms[duty["room_id"]].code, await zone_of(rooms[duty["room_id"]])) for duty in found]
    )
