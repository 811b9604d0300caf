"""Many rooms at once, for a day or some: what a calendar draws.

The answer is laid together out of ready pieces: a room's days are written once for all who see the same of them.
"""

from collections.abc import Sequence
from datetime import UTC, date, datetime
from typing import Annotated

import orjson
from fastapi import Query, Request
from pydantic import BaseModel, Field
from starlette.responses import Response

from registry.bookings.days import RoomDay, day_of
from registry.bookings.projections import as_json, viewer_of
from registry.people import rules
from registry.rooms.models import Room
from registry.rooms.queries import zone_of
from web.auth.access import Caller, caller
from web.bookings.shapes import VisibleAnswer
from web.duties.shapes import DutyAnswer, duty_json
from web.kit import routing
from web.kit.answers import Instant, ListAnswer
from web.kit.body import Day, check
from web.kit.clock import Now, now_of
from web.kit.routing import bare, faults
from web.rooms.room_cache import cached_room, cached_rooms

router = routing.router("rooms")
DAYS, ROOMS = 42, 200


class OpenAnswer(BaseModel):
    starts_at: Instant
    ends_at: Instant


class RoomDaysAnswer(BaseModel):
    room: str
    name: str
    timezone: str
    open: list[OpenAnswer]
    revision: int | None = Field(description="null where the caller may not know that something changed")
    times_hidden: bool = Field(description="true: this room tells the caller no times")
    bookings: list[VisibleAnswer] = Field(description="blocks are bookings of the kind block")
    duties: list[DutyAnswer]


class AvailabilityAnswer(ListAnswer[RoomDaysAnswer]):
    date: date
    days: int


class DaysQuery(BaseModel):
    day: Day | None = Field(None, alias="date", description="The first day; today without it.")
    days: int = Field(1, ge=1, le=DAYS, description="How many days.")
    room: list[str] = Field(
        [], max_length=ROOMS, description="Room codes, one parameter each; every bookable room without it."
    )


async def availability(person: Caller, now: Now, query: Annotated[DaysQuery, Query()]) -> Response:
    """Bookings as far as the caller may see them; duties for who may see the roster."""
    rooms = await _rooms(query.room)
    first = query.day or await _today(rooms, now)
    with_duties = rules.may(person.role, "duties.see")
    room_days = await day_of(rooms, viewer_of(person), first, query.days, with_duties=with_duties)
    head = orjson.dumps({"date": first, "days": query.days, "next": None, "total": len(room_days)})
    items = b",".join([room_day.texts.get("json") or _text(room_day) for room_day in room_days])
    return Response(head[:-1] + b',"items":[' + items + b"]}", media_type="application/json")


async def _bare(request: Request) -> Response:
    """:func:`availability` of a request: as FastAPI would call it, in less time than it takes to answer."""
    person, params = await caller(request), request.query_params
    values = {name: params[name] for name in ("date", "days") if name in params} | {"room": params.getlist("room")}
    return await availability(person, now_of(request), check(DaysQuery, values, "query"))


router.add_api_route(
    "/availability",
    availability,
    route_class_override=bare(_bare),
    response_model=AvailabilityAnswer,
    responses=faults(404),
    summary="Bookings, duties, blocks and opening hours of many rooms",
)


async def _rooms(codes: Sequence[str]) -> list[Room]:
    if not codes:
        return [room for room in await cached_rooms() if room.bookable]
    return [await cached_room(code) for code in dict.fromkeys(codes)]


async def _today(rooms: Sequence[Room], now: datetime) -> date:
    return now.astimezone(await zone_of(rooms[0]) if rooms else UTC).date()


def _text(day: RoomDay) -> bytes:
    """A RoomDaysAnswer."""
    zone = day.zone
    text = day.texts["json"] = orjson.dumps(
        {
            "room": day.room.code,
            "name": day.room.name,
            "timezone": zone.key,
            "open": [
                {"starts_at": opens.astimezone(zone), "ends_at": closes.astimezone(zone)} for opens, closes in day.open
            ],
            "revision": day.revision,
            "times_hidden": day.times_hidden,
            "bookings": [as_json(booking, zone) for booking in day.bookings],
            "duties": [duty_json(duty, day.room.code, zone) for duty in day.duties],
        }
    )
    return text
