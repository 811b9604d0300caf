"""What could be had instead of a booking that is refused. Whatever is offered can be booked as it stands, and is what a
person would take: within the opening hours, soon, and not at night.
"""

from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

import orjson

from registry.bookings.models import Kind
from registry.bookings.projections import RUNS_ROOMS, Viewer, sees_times
from registry.bookings.queries import booking_rooms
from registry.bookings.rules import BookingRequest, BookingRoom, blocked, longest_of, reasons
from registry.bookings.taken import NEXT_SPANS, BlockedSpan, Span, taken_among, taken_rooms
from registry.core.errors import Refusal
from registry.core.statements import numbered
from registry.core.transaction import reading_from
from registry.rooms.hours import Hours, is_open_throughout, local_instant, next_opening, open_span_at
from registry.rooms.models import Room
from registry.rooms.queries import hours_of, with_houses, zone_of

Judge = Callable[[BookingRequest, BookingRoom], Sequence[Refusal]]
MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)
SEARCHED = timedelta(hours=8)  # how far from the request another time is looked for
WORTH_TAKING = timedelta(minutes=15)  # nobody who wants an hour is helped by less
MORNING, EVENING = 6 * 60, 22 * 60  # minutes of the day in a room that never closes
OFFERED, OFFERED_ROOMS, FIRST_LOT = 5, 3, 60


@dataclass(frozen=True, slots=True)
class Wish:
    """A booking that was refused: its room with its rules, what that room is blocked by around it, and who wants it.
    ``judge`` says what speaks against it elsewhere or at another time.
    """

    room: Room
    rules: BookingRoom
    request: BookingRequest
    spans: Sequence[BlockedSpan]
    viewer: Viewer
    judge: Judge


async def alternatives(wish: Wish) -> list[dict[str, Any]]:
    """What could be had instead, best first: this room at the nearest time, another room at the same one, a shorter
    span. Each is ``{room, name, starts_at, ends_at, reason}`` and bookable by this viewer when it was looked up.
    """
    request = wish.request
    offers: list[dict[str, Any]] = []
    if sees_times(wish.room.visibility, wish.viewer):
        offers += await _same_room(wish)
    # what is to be done in a room is not done in another
    if request.kind is not Kind.BLOCK and request.ends_at - request.starts_at <= DAY:
        offers += [offer async for offer in _other_rooms(wish)]
    return offers[:OFFERED]


async def _same_room(wish: Wish) -> list[dict[str, Any]]:
    rules, zone = wish.rules, wish.rules.hours.zone
    is_long = wish.request.ends_at - wish.request.starts_at > DAY
    others = {"later": None if is_long else _later(wish), "shorter": _shorter(wish)}
    return [
        _offer(wish.room, other, zone, reason)
        for reason, other in others.items()
        if other and not wish.judge(other, rules)
    ]


def _later(wish: Wish) -> BookingRequest | None:
    """The same length at the nearest later time at which the room is open."""
    request, rules, length = wish.request, wish.rules, wish.request.ends_at - wish.request.starts_at
    blocked_from, blocked_to = blocked(request, rules)
    setup, until = request.starts_at - blocked_from, request.starts_at + SEARCHED
    at = request.starts_at
    while at <= until:
        start = _first_gap(wish.spans, at - setup, blocked_to - blocked_from)
        if start is None or start + setup > until:
            return None
        at = start + setup
        other = replace(request, starts_at=at, ends_at=at + length)
        if _is_taken_gladly(rules.hours, other, request):
            return other if at > request.starts_at else None
        opens = _next_morning(rules.hours, at)
        if opens is None:
            return None
        at = opens
    return None


def _shorter(wish: Wish) -> BookingRequest | None:
    """From the same time until the next booking, the closing of the room or its longest, if that is worth taking."""
    request, rules = wish.request, wish.rules
    blocked_from, blocked_to = blocked(request, rules)
    cleanup = blocked_to - request.ends_at
    if any(_start(span) <= blocked_from < _end(span) for span in wish.spans):
        return None
    ends = [request.starts_at + longest_of(request.kind, rules), request.ends_at]
    ends += [_start(span) - cleanup for span in wish.spans if _start(span) > blocked_from][:1]
    if (opening := open_span_at(rules.hours, request.starts_at)) and rules.hours.spans:
        ends.append(opening[1])
    other = replace(request, ends_at=min(ends))
    if not WORTH_TAKING <= other.ends_at - other.starts_at < request.ends_at - request.starts_at:
        return None
    return other if _is_taken_gladly(rules.hours, other, request) else None


def free_from(wish: Wish) -> datetime | None:
    """From when the room can be had again for its shortest booking; None where that is not within SEARCHED, or where it
    is free at the time asked for.
    """
    request, rules = wish.request, wish.rules
    least = replace(request, ends_at=request.starts_at + rules.shortest, attendees=None, needs=())
    blocked_from, blocked_to = blocked(least, rules)
    start = _first_gap(wish.spans, blocked_from, blocked_to - blocked_from)
    if start is None or not blocked_from < start <= blocked_from + SEARCHED:
        return None
    at = start + (request.starts_at - blocked_from)
    return None if wish.judge(replace(least, starts_at=at, ends_at=at + rules.shortest), rules) else at


def _is_taken_gladly(hours: Hours, other: BookingRequest, request: BookingRequest) -> bool:
    """Whether somebody who asked for a time would take this one."""
    if hours.spans or other.kind is Kind.BLOCK:
        return other.kind is Kind.BLOCK or is_open_throughout(hours, other.starts_at, other.ends_at)
    # who asks for a time at night is there at night
    return other.starts_at == request.starts_at or _is_by_day(hours, other) or not _is_by_day(hours, request)


def _is_by_day(hours: Hours, request: BookingRequest) -> bool:
    day = request.starts_at.astimezone(hours.zone).date()
    morning, evening = (local_instant(day, minute, hours.zone) for minute in (MORNING, EVENING))
    return morning <= request.starts_at and request.ends_at <= evening


def _next_morning(hours: Hours, at: datetime) -> datetime | None:
    """When people come again after ``at``."""
    if hours.spans:
        return next_opening(hours, at)
    day = at.astimezone(hours.zone).date()
    morning = local_instant(day, MORNING, hours.zone)
    return morning if morning > at else local_instant(day + timedelta(days=1), MORNING, hours.zone)


def _first_gap(spans: Sequence[BlockedSpan], at: datetime, length: timedelta) -> datetime | None:
    """The first moment from ``at`` on with so much room; None where it lies behind all spans that were read."""
    for span in spans:
        if _start(span) - at >= length:
            return at
        at = max(at, _end(span))
    return at if len(spans) < NEXT_SPANS - 1 else None


def _start(span: BlockedSpan) -> datetime:
    """In full minutes: a meeting that was ended early leaves a second that nobody would offer."""
    return span.since - _past_minute(span.since)


def _end(span: BlockedSpan) -> datetime:
    return span.until + -_past_minute(span.until) % MINUTE


def _past_minute(at: datetime) -> timedelta:
    return timedelta(seconds=at.second, microseconds=at.microsecond)


# what of a room the database alone can say: the rest is asked of the first that are left
_COLUMNS = "id, building_id, opening_id, setup_minutes, cleanup_minutes"
_CANDIDATES = """SELECT {columns} FROM room WHERE bookable AND visibility = ? AND id <> ? AND capacity >= ?
    AND min_minutes <= ? AND max_hours * 60 >= ? {institutions}
    ORDER BY building_id <> ?, capacity < ?, abs(capacity - ?), id"""
_THEIRS = """AND (NOT EXISTS (SELECT 1 FROM room_institution one WHERE one.room_id = room.id)
    OR EXISTS (SELECT 1 FROM room_institution one WHERE one.room_id = room.id AND one.institution_id = ?))"""
# SQLite's library gives up the interpreter's lock for every row and waits to get it back, so it hands over one row
_IN_JSON = "SELECT json_group_array(json_array({columns})) AS answer FROM ({rooms})"


class Candidate(NamedTuple):
    """A room that could be offered."""

    id: int
    building_id: int
    opening_id: int | None
    setup_minutes: int
    cleanup_minutes: int


async def candidates(wish: Wish) -> list[Candidate]:
    """The rooms that could be offered, before anybody looked whether they are open and free: of the same house first,
    then those that hold as many people, the one that fits best first.
    """
    connection, request, room = reading_from(), wish.request, wish.room
    minutes = (request.ends_at - request.starts_at) / MINUTE
    values = [str(room.visibility), room.id, max(1, request.attendees or 0), int(minutes), -int(-minutes // 1)]
    runs_rooms = wish.viewer.role is None or wish.viewer.role in RUNS_ROOMS
    if not runs_rooms:
        values.append(wish.viewer.institution_id or 0)
    seats = request.attendees or room.capacity
    values += [room.building_id, seats, seats]
    query = _CANDIDATES.format(columns=_COLUMNS, institutions="" if runs_rooms else _THEIRS)
    if connection.capabilities.dialect == "sqlite":
        (row,) = await connection.execute_query_dict(_IN_JSON.format(columns=_COLUMNS, rooms=query), values)
        return [Candidate(*values) for values in orjson.loads(row["answer"])]
    return [Candidate(**row) for row in await connection.execute_query_dict(numbered(query), values)]


async def _other_rooms(wish: Wish) -> AsyncIterator[dict[str, Any]]:
    """Only as many rooms are looked at as it takes to find three."""
    missing = OFFERED_ROOMS
    async for ids in _free_in_slices(await _open_then(await candidates(wish), wish), wish.request):
        for room in await _bookable(ids, wish):
            yield _offer(room, wish.request, await zone_of(room), "other_room")
            missing -= 1
            if not missing:
                return


async def _free_in_slices(rooms: Sequence[Candidate], request: BookingRequest) -> AsyncIterator[list[int]]:
    """The ids of those that are free then, the first few first: mostly these are enough. The further ones come in more
    and more at once.
    """
    for lot in (rooms[:FIRST_LOT], rooms[FIRST_LOT:]):
        busy = await taken_among(_blocked_spans(lot, request))
        ids, many = [room.id for room in lot if room.id not in busy], 2 * OFFERED_ROOMS
        while ids:
            yield ids[:many]
            ids, many = ids[many:], 4 * many


def _blocked_spans(rooms: Sequence[Candidate], request: BookingRequest) -> dict[int, Span]:
    """What the request would block of each room, by the room's id. Rooms share their minutes: each span is one."""
    spans: dict[tuple[int, int], Span] = {}
    for room in rooms:
        if (minutes := (room.setup_minutes, room.cleanup_minutes)) not in spans:
            setup, cleanup = (timedelta(minutes=many) for many in minutes)
            spans[minutes] = request.starts_at - setup, request.ends_at + cleanup
    return {room.id: spans[room.setup_minutes, room.cleanup_minutes] for room in rooms}


async def _open_then(rooms: Sequence[Candidate], wish: Wish) -> list[Candidate]:
    """Rooms share their hours: each week is looked at once."""
    is_open: dict[tuple[int, int | None], bool] = {}
    for room in rooms:
        if (week := (room.building_id, room.opening_id)) not in is_open:
            is_open[week] = _is_taken_gladly(await hours_of(room), wish.request, wish.request)
    return [room for room in rooms if is_open[room.building_id, room.opening_id]]


async def _bookable(ids: Sequence[int], wish: Wish) -> list[Room]:
    """Those of these rooms, in this order, that no rule speaks against."""
    if not ids:
        return []
    rooms = {room.id: room for room in await with_houses(Room.filter(id__in=list(ids)))}
    rules = await booking_rooms(list(rooms.values()))
    return [
        rooms[id_]
        for id_ in ids
        if id_ in rooms and not wish.judge(replace(wish.request, room=rooms[id_].code), rules[id_])
    ]


async def rooms_to_have(rooms: Sequence[Room], request: BookingRequest, viewer: Viewer, now: datetime) -> list[Room]:
    """Those of the rooms that this viewer could book for the span of ``request``: no rule speaks against it, and nobody
    has them then. Without a kind each is asked for what it is mostly for.
    """
    rules = await booking_rooms(rooms)
    fitting = [room for room in rooms if not reasons(replace(request, room=room.code), rules[room.id], viewer, now)]
    busy = await taken_rooms(fitting, request.starts_at, request.ends_at, request.kind)
    return [room for room in fitting if room.id not in busy]


def _offer(room: Room, request: BookingRequest, zone: ZoneInfo, reason: str) -> dict[str, Any]:
    return {
        "room": room.code,
        "name": room.name,
        "starts_at": request.starts_at.astimezone(zone).isoformat(),
        "ends_at": request.ends_at.astimezone(zone).isoformat(),
        "reason": reason,
    }
