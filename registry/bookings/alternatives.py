"""What stands in the way of a booking, and what could be had instead."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from registry.bookings.day_rows import TAKING
from registry.bookings.models import Booking
from registry.bookings.projections import Viewer, as_json, sees_times
from registry.bookings.queries import booking_room, booking_rooms, bookings_between
from registry.bookings.room_snapshot import LONGEST
from registry.bookings.rules import BookingRequest, BookingRoom, default_kind, reasons
from registry.core.errors import Conflict
from registry.core.statements import numbered
from registry.core.transaction import reading_from
from registry.rooms.hours import is_open_throughout, next_opening
from registry.rooms.models import HoursPolicy, Room
from registry.rooms.queries import zone_of

Span = tuple[datetime, datetime]
MINUTE = timedelta(minutes=1)
SEARCHED = timedelta(hours=8)  # how far from the request another time is looked for


async def offer_help(refusal: Conflict, room_id: int, request: BookingRequest, viewer: Viewer, now: datetime) -> None:
    """Add to a refusal what stands in the way and what could be had instead, as far as this viewer may see."""
    refusal.params["conflicts"] = await conflicts(room_id, request.starts_at, request.ends_at, viewer)
    refusal.params["alternatives"] = await alternatives(room_id, request, viewer, now)


async def conflicts(room_id: int, since: datetime, until: datetime, viewer: Viewer) -> list[dict[str, Any]]:
    """What stands in the way, as far as this viewer may see it."""
    room = await Room.get(id=room_id).select_related("building__site")
    zone = await zone_of(room)
    bookings = await bookings_between([room], since, until, viewer)
    return [as_json(booking, zone) for booking in bookings[room_id]]


# of each room only the booking that ends next, by the index booking_holds: they never overlap, so it decides
TAKEN = """SELECT room.id FROM room WHERE (
    SELECT blocked_from FROM booking
    WHERE room_id = room.id AND status NOT IN ('cancelled', 'rejected') AND blocked_to > ?
    ORDER BY blocked_to LIMIT 1
) < ?"""


async def taken_rooms(since: datetime, until: datetime) -> set[int]:
    """Rooms that cannot be had for all of [since, until), clean-up times of others counted."""
    connection, span = reading_from(), [since.astimezone(UTC), until.astimezone(UTC)]
    is_sqlite = connection.capabilities.dialect == "sqlite"
    rows = await connection.execute_query_dict(TAKEN if is_sqlite else numbered(TAKEN), span)
    return {row["id"] for row in rows}


async def alternatives(room_id: int, request: BookingRequest, viewer: Viewer, now: datetime) -> list[dict[str, Any]]:
    """What could be had instead, best first: this room at the nearest time, another room at the same one, a shorter
    span. Each is ``{room, name, starts_at, ends_at, reason}`` and bookable by this viewer when it was looked up.
    """
    room = await Room.get(id=room_id).select_related("building__site")
    if not timedelta(0) < request.ends_at - request.starts_at <= timedelta(days=1):
        return []
    request = replace(request, title="", needs=(), kind=request.kind or default_kind(room.visibility))
    offers: list[dict[str, Any]] = []
    if sees_times(room.visibility, viewer):
        offers += await _same_room(room, request, viewer, now)
    offers += await _other_rooms(room, request, viewer, now)
    return offers[:5]


async def _same_room(room: Room, request: BookingRequest, viewer: Viewer, now: datetime) -> list[dict[str, Any]]:
    rules, zone = await booking_room(room), await zone_of(room)
    spans = await _blocked_spans(room.id, request.starts_at - SEARCHED, request.ends_at + SEARCHED)
    others = {"later": _later(spans, request, rules), "shorter": _shorter(spans, request, rules)}
    return [
        _offer(room, other.starts_at, other.ends_at - other.starts_at, zone, reason)
        for reason, other in others.items()
        if other and not reasons(other, rules, viewer, now)
    ]


def _later(spans: Sequence[Span], request: BookingRequest, rules: BookingRoom) -> BookingRequest | None:
    """The same length at the nearest later time, of a room that keeps its hours within them."""
    length = request.ends_at - request.starts_at
    blocked = length + rules.setup + rules.cleanup
    starts_at = _first_gap(spans, request.starts_at - rules.setup, blocked) + rules.setup
    other = replace(request, starts_at=starts_at, ends_at=starts_at + length)
    if rules.hours_policy is HoursPolicy.STRICT and not is_open_throughout(rules.hours, starts_at, other.ends_at):
        opens = next_opening(rules.hours, starts_at)
        if opens is None:
            return None
        starts_at = _first_gap(spans, opens - rules.setup, blocked) + rules.setup
        other = replace(request, starts_at=starts_at, ends_at=starts_at + length)
    return other if request.starts_at < starts_at <= request.starts_at + SEARCHED else None


def _shorter(spans: Sequence[Span], request: BookingRequest, rules: BookingRoom) -> BookingRequest | None:
    """From the same time until the next booking, if that is less than was asked for."""
    free_until = min((start for start, _ in spans if start > request.starts_at), default=None)
    if free_until is None or any(start <= request.starts_at < end for start, end in spans):
        return None
    ends_at = free_until - rules.cleanup
    return replace(request, ends_at=ends_at) if request.starts_at < ends_at < request.ends_at else None


async def _blocked_spans(room_id: int, since: datetime, until: datetime) -> list[Span]:
    """In full minutes: a meeting that was ended early leaves a second that nobody would offer."""
    spans: list[Span] = await (
        Booking.filter(
            room_id=room_id,
            starts_at__gte=since - LONGEST,
            starts_at__lt=until,
            blocked_to__gt=since,
            status__in=TAKING,
        )
        .order_by("blocked_from")
        .values_list("blocked_from", "blocked_to")
    )
    return [(start - _past_minute(start), end + -_past_minute(end) % MINUTE) for start, end in spans]


def _past_minute(at: datetime) -> timedelta:
    return timedelta(seconds=at.second, microseconds=at.microsecond)


def _first_gap(spans: Sequence[Span], at: datetime, length: timedelta) -> datetime:
    for start, end in spans:
        if start - at >= length:
            return at
        at = max(at, end)
    return at


async def _other_rooms(room: Room, request: BookingRequest, viewer: Viewer, now: datetime) -> list[dict[str, Any]]:
    rooms = await Room.filter(bookable=True, visibility=room.visibility).select_related("building__site")
    unavailable = await taken_rooms(request.starts_at, request.ends_at)
    rules = await booking_rooms(rooms)
    offers = []
    for other in sorted(rooms, key=lambda other: (other.building_id != room.building_id, other.capacity)):
        if other.id in unavailable or other.id == room.id or (request.attendees or 0) > other.capacity:
            continue
        if not reasons(request, rules[other.id], viewer, now):
            length = request.ends_at - request.starts_at
            offers.append(_offer(other, request.starts_at, length, await zone_of(other), "other_room"))
    return offers[:3]


def _offer(room: Room, starts_at: datetime, length: timedelta, zone: Any, reason: str) -> dict[str, Any]:
    return {
        "room": room.code,
        "name": room.name,
        "starts_at": starts_at.astimezone(zone).isoformat(),
        "ends_at": (starts_at + length).astimezone(zone).isoformat(),
        "reason": reason,
    }
