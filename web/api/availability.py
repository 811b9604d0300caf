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
from typing import Any
from zoneinfo import ZoneInfo

import orjson
from fastapi import Request
from starlette.responses import Response

from registry.bookings.actions import booker
from registry.bookings.outward import hides_changes
from registry.bookings.projections import BookingRow, as_json, shown
from registry.bookings.rows import revisions_of, rows_between
from registry.bookings.rules import Booker, Sight, sees_times, sight
from registry.duties.queries import duties_between
from registry.errors import N_, Invalid, NotFound, Reason
from registry.people import rules
from registry.people.models import Person
from registry.rooms.models import Room
from registry.rooms.queries import HOURS_SECONDS, hours_of, zone_of
from registry.rooms.rules import Hours, local_instant, opening_spans
from web.access import caller
from web.api import routing, shapes
from web.api.answers import JSON, local
from web.api.known import room_known, rooms_known
from web.api.reading import calendar_day
from web.api.routing import faults, given

router = routing.router("rooms", is_plain=True)
DAYS, ROOMS, AT_MOST, WAYS = 42, 200, 20_000, 8
Key = tuple[Any, ...]
PARAMETERS = [
    given("date", {"type": "string", "format": "date"}, "The first day; today without it."),
    given("days", {"type": "integer", "minimum": 1, "maximum": DAYS, "default": 1}, "How many days."),
    given(
        "room",
        {"type": "array", "items": {"type": "string"}, "maxItems": ROOMS},
        "Room codes, one parameter each; every bookable room without it.",
    ),
]


@dataclass(slots=True)
class Days:
    """Some days of one room, as the register knows them; its bookings are written once for each way to see them."""

    room: Room
    zone: ZoneInfo
    revision: int
    read_at: float
    head: bytes
    rows: list[BookingRow]
    duties: bytes
    written: dict[tuple[Sight, ...], bytes] = field(default_factory=dict)

    def told_to(self, viewer: Booker, sees_duties: bool) -> bytes:
        """One item of the answer."""
        sees = sees_times(self.room.visibility, viewer)
        return b'%b,"revision":%b,"times_hidden":%b,"bookings":%b,"duties":%b}' % (
            self.head,
            b"null" if hides_changes(self.room.visibility, viewer) else b"%d" % self.revision,
            b"false" if sees else b"true",
            self._bookings(viewer) if sees else b"[]",
            self.duties if sees and sees_duties else b"[]",
        )

    def _bookings(self, viewer: Booker) -> bytes:
        sights = tuple(
            sight(self.room.visibility, viewer, row.organizer_id, row.institution_id) for row in self.rows
        )  # fmt: skip
        written = self.written.get(sights)
        if written is None:
            seen = [shown(row, self.room.code, much) for row, much in zip(self.rows, sights, strict=True)]
            written = orjson.dumps([as_json(one, self.zone) for one in seen if one])
            if len(self.written) < WAYS:
                self.written[sights] = written
        return written


class KeptDays(OrderedDict[Key, Days]):
    """As many as hold AT_MOST bookings together; the one longest unused leaves first."""

    weight = 0

    def fresh(self, key: Key, revision: int, now: float) -> Days | None:
        found = self.get(key)
        if found is None or found.revision != revision or now - found.read_at >= HOURS_SECONDS:
            return None
        self.move_to_end(key)
        return found

    def keep(self, key: Key, days: Days) -> Days:
        former = self.pop(key, None)
        self.weight += _weight(days) - (_weight(former) if former else 0)
        self[key] = days
        while self.weight > AT_MOST:
            self.weight -= _weight(self.popitem(last=False)[1])
        return days


def _weight(days: Days) -> int:
    return 1 + len(days.rows)


@router.get(
    "/availability",
    response_model=shapes.Availability,
    responses=faults(404),
    openapi_extra={"parameters": PARAMETERS},
    summary="Bookings, duties, blocks and opening hours of many rooms",
)
async def availability(request: Request) -> Response:
    """Bookings as far as the caller may see them; duties for who may see the roster."""
    person = await caller(request)
    rooms = await _rooms(request.query_params.getlist("room"))
    day, days = await _days(request, rooms)
    told = await _told(request, rooms, person, day, days)
    head = orjson.dumps({"date": day, "days": days, "next": None, "total": len(rooms)})
    return Response(head[:-1] + b',"items":[' + b",".join(told) + b"]}", media_type=JSON)


async def _rooms(codes: Sequence[str]) -> list[Room]:
    if len(codes) > ROOMS:
        raise Invalid("request.bad_field", field="room", reason=Reason(N_("there are more than {limit}"), limit=ROOMS))
    if not codes:
        return [room for room in await rooms_known() if room.bookable]
    unlike = next((code for code in codes if len(code) > 40 or not code.isprintable()), None)
    if unlike is not None:
        raise NotFound("room.unknown", room=unlike[:40])
    return [await room_known(code) for code in dict.fromkeys(codes)]


async def _days(request: Request, rooms: Sequence[Room]) -> tuple[date, int]:
    wanted, many = request.query_params.get("date"), request.query_params.get("days", "1")
    if not (many.isascii() and many.isdigit() and len(many) < 3 and 1 <= int(many) <= DAYS):
        raise Invalid(
            "request.bad_field",
            field="days",
            reason=Reason(N_("it is not a whole number from 1 to {limit}"), limit=DAYS),
        )
    if wanted:
        return calendar_day("date", wanted), int(many)
    zone = await zone_of(rooms[0]) if rooms else ZoneInfo("UTC")
    return datetime.now(UTC).astimezone(zone).date(), int(many)


async def _told(request: Request, rooms: Sequence[Room], person: Person, day: date, days: int) -> list[bytes]:
    kept, now, viewer = _kept(request), time.monotonic(), booker(person)
    revisions = await revisions_of([room.id for room in rooms])
    sees_duties = rules.may(person.role, "duties.see")
    keys = {room.id: (room.id, day, days, sees_duties) for room in rooms}
    found = {room.id: kept.fresh(keys[room.id], revisions.get(room.id, -1), now) for room in rooms}
    missing = [room for room in rooms if found[room.id] is None]
    if missing:
        for read in await _read(missing, revisions, day, days, now, sees_duties):
            found[read.room.id] = kept.keep(keys[read.room.id], read)
    return [one.told_to(viewer, sees_duties) for one in found.values() if one]


async def _read(
    rooms: Sequence[Room], revisions: dict[int, int], day: date, days: int, now: float, with_duties: bool
) -> list[Days]:
    hours = {room.id: await hours_of(room) for room in rooms}
    zones = {room_id: one.zone for room_id, one in hours.items()}
    opened = {one: _opened(one, day, days) for one in set(hours.values())}
    since = min(local_instant(day, 0, zone) for zone in zones.values())
    until = max(local_instant(day + timedelta(days=days), 0, zone) for zone in zones.values())
    rows: dict[int, list[BookingRow]] = {room.id: [] for room in rooms}
    duties: dict[int, list[dict[str, Any]]] = {room.id: [] for room in rooms}
    for row in await rows_between(list(rows), since, until):
        rows[row.room_id].append(row)
    for duty in await duties_between(list(duties), since, until) if with_duties else ():
        duties[duty["room_id"]].append(duty)
    return [
        Days(
            room=room,
            zone=zones[room.id],
            revision=revisions.get(room.id, -1),
            read_at=now,
            head=_head(room, zones[room.id], opened[hours[room.id]]),
            rows=rows[room.id],
            duties=orjson.dumps([duty_json(duty, room.code, zones[room.id]) for duty in duties[room.id]]),
        )
        for room in rooms
    ]


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


def duty_json(duty: dict[str, Any], room: str, zone: ZoneInfo) -> dict[str, Any]:
    """A row of ``duties_between``."""
    return {
        "id": duty["id"],
        "room": room,
        "roster": duty["roster"],
        "name": duty["name"],
        "languages": duty["languages"],
        "starts_at": local(duty["starts_at"], zone),
        "ends_at": local(duty["ends_at"], zone),
        "person": duty["person__login"],
        "person_name": duty["person__name"],
    }
