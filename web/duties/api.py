"""Duties: who receives people where and when."""

from typing import Annotated
from zoneinfo import ZoneInfo

from fastapi import Depends, Request

from registry.bookings.projections import sees_times, viewer_of
from registry.duties.queries import duties_between
from registry.people.models import Person
from registry.rooms.queries import all_rooms, zone_of
from web.auth.access import caller_with
from web.auth.session import options_of
from web.duties.shapes import DutiesAnswer, DutyAnswer, duty_json
from web.kit import routing
from web.kit.answers import ListAnswer
from web.kit.clock import Now
from web.kit.routing import faults
from web.kit.spans import FromTo

router = routing.router("duties")


@router.get("/duties", responses=faults(), summary="The roster between two times")
async def duties(
    request: Request, person: Annotated[Person, Depends(caller_with("duties.see"))], span: FromTo, now: Now
) -> ListAnswer[DutyAnswer]:
    """Today without ``from`` and ``to``, 92 days at most."""
    since, until = span.between(ZoneInfo(options_of(request).timezone), now)
    rooms = {room.id: room for room in await all_rooms() if sees_times(room.visibility, viewer_of(person))}
    items = [
        DutyAnswer(**duty_json(duty, rooms[duty["room_id"]].code, await zone_of(rooms[duty["room_id"]])))
        for duty in await duties_between(rooms, since, until)
    ]
    return DutiesAnswer(items=items, next=None, total=len(items))
