"""Many rooms at once, for a day or some: what a calendar draws.

What is known of a room and some days is read once per revision of the room, and for half a minute at most, as opening
hours and rosters are. From it each viewer's answer is laid together out of ready pieces, so a day on which nothing
changed costs one query, whoever looks.
"""

import time
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Annotated, Any
from zoneinfo import ZoneInfo

import orjson
from fastapi import Query, Request
from pydantic import BaseModel, Field
from starlette.responses import Response

from registry.bookings.day_rows import revisions_and_rows, rows_between
from registry.bookings.projections import (
    BookingRow,
    Sight,
    Viewer,
    as_json,
    hides_changes,
    projection,
    sees_times,
    sight,
    viewer_of,
)
from registry.duties.queries import duties_between
from registry.people import rules
from registry.rooms.hours import Hours, local_instant, opening_spans
from registry.rooms.models import Room
from registry.rooms.queries import HOURS_SECONDS, hours_of, zone_of
from web.auth.access import Caller
from web.bookings.shapes import VisibleAnswer
from web.duties.shapes import DutyAnswer, duty_json
from web.kit import routing
from web.kit.answers import Instant, ListAnswer
from web.kit.body import MAY_BE_EMPTY, Day
from web.kit.clock import Now
from web.kit.routing import faults
from web.rooms.room_cache import cached_room, cached_rooms

router = routing.router("rooms")
DAYS, ROOMS, AT_MOST, WAYS = 42, 200, 20_000, 8
Key = tuple[Any, ...]


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


Owners = tuple[tuple[int | None, int | None], ...]


@dataclass(slots=True)
class Days:
    """Some days of one room: whose its bookings are, each owner once, and their JSON for each way to see them that was
    asked for.
    """

    room: Room
    revision: int
    read_at: float
    head: bytes
    duties: bytes
    owners: Owners
    bookings: int
    written: dict[tuple[Sight, ...], bytes] = field(default_factory=dict)

    def told_to(self, viewer: Viewer, sees_duties: bool) -> bytes | None:
        """One item of the answer; None where nobody saw these days so far as this viewer may."""
        sees = sees_times(self.room.visibility, viewer)
        bookings = self.written.get(sights(self.room, self.owners, viewer)) if sees else b"[]"
        if bookings is None:
            return None
        return b'%b,"revision":%b,"times_hidden":%b,"bookings":%b,"duties":%b}' % (
            self.head,
            b"null" if hides_changes(self.room.visibility, viewer) else b"%d" % self.revision,
            b"false" if sees else b"true",
            bookings,
            self.duties if sees and sees_duties else b"[]",
        )

    def write(self, rows: Sequence[BookingRow], viewer: Viewer, zone: ZoneInfo) -> None:
        """The bookings as far as this viewer may see them."""
        much = sights(self.room, self.owners, viewer)
        of = dict(zip(self.owners, much, strict=True))
        seen = [projection(row, self.room.code, of[row.organizer_id, row.institution_id]) for row in rows]
        self.written[much] = orjson.dumps([as_json(one, zone) for one in seen if one])


def sights(room: Room, owners: Owners, viewer: Viewer) -> tuple[Sight, ...]:
    return tuple([sight(room.visibility, viewer, *owner) for owner in owners])


class KeptDays(OrderedDict[Key, Days]):
    """As many as hold AT_MOST bookings together; the one longest unused leaves first."""

    weight = 0

    def fresh(self, key: Key, now: float) -> Days | None:
        """What is kept and not too old. Whether the room has changed since, only its revision says."""
        found = self.get(key)
        if found is None or now - found.read_at >= HOURS_SECONDS:
            return None
        self.move_to_end(key)
        return found

    def keep(self, key: Key, days: Days) -> None:
        former = self.pop(key, None)
        is_same = former and (former.revision, former.owners) == (days.revision, days.owners)
        if former and is_same and days.read_at - former.read_at < HOURS_SECONDS and len(former.written) < WAYS:
            # as old as the oldest of what they hold: a name that changed shows to all in time
            days.read_at, days.written = former.read_at, {**former.written, **days.written}
        self.weight += _weight(days) - (_weight(former) if former else 0)
        self[key] = days
        while self.weight > AT_MOST:
            self.weight -= _weight(self.popitem(last=False)[1])


def _weight(days: Days) -> int:
    return 1 + days.bookings


@router.get(
    "/availability",
    response_model=AvailabilityAnswer,
    responses=faults(404),
    summary="Bookings, duties, blocks and opening hours of many rooms",
)
async def availability(
    request: Request,
    person: Caller,
    now: Now,
    day: Annotated[
        Day | None, MAY_BE_EMPTY, Query(alias="date", description="The first day; today without it.")
    ] = None,
    days: Annotated[int, Query(ge=1, le=DAYS, description="How many days.")] = 1,
    room: Annotated[
        list[str],
        Query(max_length=ROOMS, description="Room codes, one parameter each; every bookable room without it."),
    ] = [],  # noqa: B006  # FastAPI copies it
) -> Response:
    """Bookings as far as the caller may see them; duties for who may see the roster."""
    rooms = await _rooms(room)
    asked = Asked(viewer_of(person), rules.may(person.role, "duties.see"), day or await _today(rooms, now), days)
    told = await _told(_kept(request), rooms, asked) if rooms else []
    head = orjson.dumps({"date": asked.day, "days": days, "next": None, "total": len(rooms)})
    return Response(head[:-1] + b',"items":[' + b",".join(told) + b"]}", media_type="application/json")


async def _rooms(codes: Sequence[str]) -> list[Room]:
    if not codes:
        return [room for room in await cached_rooms() if room.bookable]
    return [await cached_room(code) for code in dict.fromkeys(codes)]


async def _today(rooms: Sequence[Room], now: datetime) -> date:
    return now.astimezone(await zone_of(rooms[0]) if rooms else UTC).date()


@dataclass(frozen=True, slots=True)
class Asked:
    """Who asks for which days."""

    viewer: Viewer
    sees_duties: bool
    day: date
    days: int

    def key(self, room: Room) -> Key:
        return room.id, self.day, self.days, self.sees_duties


async def _told(kept: KeptDays, rooms: Sequence[Room], asked: Asked) -> list[bytes]:
    now = time.monotonic()
    found = {room.id: kept.fresh(asked.key(room), now) for room in rooms}
    told = {room_id: one and one.told_to(asked.viewer, asked.sees_duties) for room_id, one in found.items()}
    since, until = await _span(rooms, asked)
    unknown = [room.id for room in rooms if told[room.id] is None]
    revisions, rows = await revisions_and_rows(list(told), unknown, since, until)
    stale = [room_id for room_id, one in found.items() if told[room_id] and one and one.revision != revisions[room_id]]
    if stale:
        rows += await rows_between(stale, since, until)
    missing = {*unknown, *stale}
    read = [room for room in rooms if room.id in missing]
    for days in await _read(read, asked, revisions, rows, now) if read else ():
        told[days.room.id] = days.told_to(asked.viewer, asked.sees_duties)
        kept.keep(asked.key(days.room), days)
    return [one for one in told.values() if one]


async def _span(rooms: Sequence[Room], asked: Asked) -> tuple[datetime, datetime]:
    """From the first instant of the days anywhere to their last."""
    zones = {await zone_of(room) for room in rooms}
    since = min(local_instant(asked.day, 0, zone) for zone in zones)
    return since, max(local_instant(asked.day + timedelta(days=asked.days), 0, zone) for zone in zones)


async def _read(
    rooms: Sequence[Room], asked: Asked, revisions: dict[int, int], rows: Sequence[BookingRow], now: float
) -> list[Days]:
    """What is kept of these rooms, from their bookings."""
    hours = {room.id: await hours_of(room) for room in rooms}
    opened = {one: _opened(one, asked.day, asked.days) for one in set(hours.values())}
    of_room: dict[int, list[BookingRow]] = {room.id: [] for room in rooms}
    for row in rows:
        of_room[row.room_id].append(row)
    duties: dict[int, list[dict[str, Any]]] = {room.id: [] for room in rooms}
    for duty in await duties_between(list(duties), *await _span(rooms, asked)) if asked.sees_duties else ():
        duties[duty["room_id"]].append(duty)
    made = []
    for room in rooms:
        its, own = hours[room.id], of_room[room.id]
        days = Days(
            room=room,
            revision=revisions.get(room.id, -1),
            read_at=now,
            head=_head(room, its.zone, opened[its]),
            duties=orjson.dumps([duty_json(duty, room.code, its.zone) for duty in duties[room.id]]),
            owners=tuple({(row.organizer_id, row.institution_id): None for row in own}),
            bookings=len(own),
        )
        days.write(own, asked.viewer, its.zone)
        made.append(days)
    return made


def _opened(hours: Hours, day: date, days: int) -> bytes:
    spans = [span for offset in range(days) for span in opening_spans(hours, day + timedelta(days=offset))]
    return orjson.dumps(
        [
            {"starts_at": opens.astimezone(hours.zone), "ends_at": closes.astimezone(hours.zone)}
            for opens, closes in spans
        ]
    )


def _head(room: Room, zone: ZoneInfo, opened: bytes) -> bytes:
    told = orjson.dumps({"room": room.code, "name": room.name, "timezone": zone.key})
    return b'%b,"open":%b' % (told[:-1], opened)


def _kept(request: Request) -> KeptDays:
    state = request.app.state
    if not hasattr(state, "availability"):
        state.availability = KeptDays()
    kept: KeptDays = state.availability
    return kept
