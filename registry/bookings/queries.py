"""What is asked about bookings: a room's state, a day of many rooms, what is free instead."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

from registry.bookings.day_rows import TAKING, rows_between
from registry.bookings.models import Booking
from registry.bookings.projections import COLUMNS, BookingRow, Seen, as_json, project
from registry.bookings.room_snapshot import LONGEST, derive, inputs_at, inputs_of
from registry.bookings.rules import (
    Asked,
    BookingRoom,
    Viewer,
    default_kind,
    is_outside_hours,
    reasons,
    sees_times,
)
from registry.bookings.settle import booking_room
from registry.bookings.state import PublicState, RoomState, public_state
from registry.core.cache import Kept
from registry.core.columns import column, first_value
from registry.core.errors import NotFound
from registry.duties.queries import duties_between
from registry.people.models import Person
from registry.rooms.hours import local_instant, next_opening, opening_spans
from registry.rooms.models import HoursPolicy, Room, Visibility
from registry.rooms.queries import CODE_LENGTH, hours_of, is_code, zone_of

if TYPE_CHECKING:
    from registry.bookings.actions import BookingRequest

MINUTE = timedelta(minutes=1)
SEARCHED = timedelta(hours=8)  # how far from the wish another time is looked for

_ids: Kept[str, int] = Kept()


async def room_id_of(code: str) -> int:
    """Raises NotFound("room.unknown"). A room keeps its id and code for life."""
    known = _ids.get(code)
    if known is not None:
        return known
    found = await first_value(Room.filter(code=code), "id") if is_code(code) else None
    if found is None:
        raise NotFound("room.unknown", room=code[:CODE_LENGTH])
    return _ids.put(code, int(found))


async def booking_by_id(booking_id: UUID) -> Booking:
    """Raises NotFound("booking.unknown")."""
    booking = await Booking.get_or_none(id=booking_id)
    if booking is None:
        raise NotFound("booking.unknown")
    return booking


async def seen_booking(booking_id: UUID, viewer: Viewer) -> tuple[Seen, Room]:
    """A booking as this viewer may see it. Raises NotFound for one that is not theirs to know of."""
    rows = await Booking.filter(id=booking_id).limit(1).values_list(*COLUMNS)
    if not rows:
        raise NotFound("booking.unknown")
    row = BookingRow(*rows[0])
    room = await Room.get(id=row.room_id).select_related("building__site")
    seen = project(row, room.code, room.visibility, viewer)
    if seen is None:
        raise NotFound("booking.unknown")
    return seen, room


async def bookings_between(
    rooms: Sequence[Room], since: datetime, until: datetime, viewer: Viewer, statuses: Sequence[str] = TAKING
) -> dict[int, list[Seen]]:
    """The bookings of many rooms that touch [since, until), projected, by room id and in order of start."""
    known = {room.id: room for room in rooms if sees_times(room.visibility, viewer)}
    found: dict[int, list[Seen]] = {room.id: [] for room in rooms}
    for row in await rows_between(list(known), since, until, statuses):
        room = known[row.room_id]
        seen = project(row, room.code, room.visibility, viewer)
        if seen is not None:
            found[room.id].append(seen)
    return found


async def my_bookings(person: Person, now: datetime, limit: int = 20) -> list[Booking]:
    """What this person organizes from now on, running ones first; the room is fetched."""
    return await (
        Booking.filter(organizer_id=person.id, ends_at__gt=now, status__in=["tentative", "confirmed", "checked_in"])
        .order_by("starts_at")
        .limit(limit)
        .select_related("room__building")
    )


async def room_state_of(room: Room, now: datetime) -> RoomState:
    """A fetched room's state; ``occupancy`` and its evidence come from what the sensors said, not from a column."""
    return derive(await inputs_of(room, now), now)


async def state_of(room_id: int, now: datetime) -> tuple[RoomState, Room]:
    room = await Room.get(id=room_id)
    return await room_state_of(room, now), room


async def public_room_state(room_id: int, now: datetime, revision: int = -1) -> PublicState:
    """What may leave about a room, for MQTT and for those without a closer look.

    ``revision`` is the one that an event told of: if its inputs are still kept, the database is not asked again.
    """
    inputs = await inputs_at(room_id, revision, now)
    return public_state(derive(inputs, now), inputs.facts.visibility)


async def state_for(room: Room, viewer: Viewer, now: datetime, revision: int = -1) -> PublicState:
    """A room's state for a signed-in viewer: a Help Point room's own people see it uncollapsed. With the ``revision``
    that an event told of, ``room`` may be older than that.
    """
    inputs = await (inputs_of(room, now) if revision < 0 else inputs_at(room.id, revision, now))
    visibility = inputs.facts.visibility
    near = visibility in (Visibility.CONFIDENTIAL, Visibility.HIDDEN) and sees_times(Visibility.HIDDEN, viewer)
    return public_state(derive(inputs, now), Visibility.INTERNAL if near else visibility)


@dataclass(frozen=True, slots=True)
class RoomDay:
    """One room over some days: what a band of the calendar shows. Hidden times are absent, and said to be so."""

    room: Room
    open: list[tuple[datetime, datetime]]
    bookings: list[Seen]
    duties: list[dict[str, Any]]
    times_hidden: bool


async def day_of(rooms: Sequence[Room], viewer: Viewer, day: date, days: int = 1) -> list[RoomDay]:
    """Bookings, blocks, duties and opening hours of many rooms for ``days`` local days from ``day``."""
    zones = {room.id: await zone_of(room) for room in rooms}
    since = min(local_instant(day, 0, zone) for zone in zones.values()) if zones else None
    until = max(local_instant(day + timedelta(days=days), 0, zone) for zone in zones.values()) if zones else None
    if since is None or until is None:
        return []
    seen = await bookings_between(rooms, since, until, viewer)
    visible = [room.id for room in rooms if sees_times(room.visibility, viewer)]
    duties: dict[int, list[dict[str, Any]]] = {}
    for duty in await duties_between(visible, since, until):
        duties.setdefault(duty["room_id"], []).append(duty)
    return [
        RoomDay(
            room=room,
            open=[
                span
                for offset in range(days)
                for span in opening_spans(await hours_of(room), day + timedelta(days=offset))
            ],
            bookings=seen[room.id],
            duties=duties.get(room.id, []),
            times_hidden=not sees_times(room.visibility, viewer),
        )
        for room in rooms
    ]


async def conflicts(room_id: int, since: datetime, until: datetime, viewer: Viewer) -> list[dict[str, Any]]:
    """What stands in the way, as far as this viewer may see it."""
    room = await Room.get(id=room_id).select_related("building__site")
    zone = await zone_of(room)
    found = await bookings_between([room], since, until, viewer)
    return [as_json(seen, zone) for seen in found[room_id]]


async def taken_rooms(since: datetime, until: datetime) -> set[int]:
    """Rooms that cannot be had for all of [since, until), clean-up times of others counted."""
    taken = Booking.filter(
        starts_at__gte=since - LONGEST,
        starts_at__lt=until + timedelta(hours=4),
        blocked_from__lt=until,
        blocked_to__gt=since,
        status__in=TAKING,
    )
    return set(await column(taken, "room_id"))


async def alternatives(room_id: int, wish: "BookingRequest", viewer: Viewer, now: datetime) -> list[dict[str, Any]]:
    """What could be had instead, best first: this room at the nearest time, another room at the same one, a shorter
    span. Each is ``{room, name, starts_at, ends_at, reason}`` and bookable by this viewer when it was looked up.
    """
    room = await Room.get(id=room_id).select_related("building__site")
    length = wish.ends_at - wish.starts_at
    if not timedelta(0) < length <= timedelta(days=1):
        return []
    asked = Asked(
        wish.starts_at, wish.ends_at, "", wish.kind or default_kind(room.visibility), wish.attendees, ()
    )  # fmt: skip
    offers: list[dict[str, Any]] = []
    if sees_times(room.visibility, viewer):
        offers += await _same_room(room, asked, viewer, now)
    offers += await _other_rooms(room, asked, viewer, now)
    return offers[:5]


async def _same_room(room: Room, asked: Asked, viewer: Viewer, now: datetime) -> list[dict[str, Any]]:
    rules, zone = await booking_room(room), await zone_of(room)
    spans = await _blocked_spans(room.id, asked.starts_at - SEARCHED, asked.ends_at + SEARCHED)
    found = {"later": _later(spans, asked, rules), "shorter": _shorter(spans, asked, rules)}
    return [
        _offer(room, other.starts_at, other.ends_at - other.starts_at, zone, reason)
        for reason, other in found.items()
        if other and not reasons(other, rules, viewer, now)
    ]


def _later(spans: Sequence[tuple[datetime, datetime]], asked: Asked, rules: BookingRoom) -> Asked | None:
    """The same length at the nearest later time, of a room that keeps its hours within them."""
    length = asked.ends_at - asked.starts_at
    blocked = length + rules.setup + rules.cleanup
    starts_at = _first_gap(spans, asked.starts_at - rules.setup, blocked) + rules.setup
    other = replace(asked, starts_at=starts_at, ends_at=starts_at + length)
    if rules.hours_policy is HoursPolicy.STRICT and is_outside_hours(other, rules.hours):
        opens = next_opening(rules.hours, starts_at)
        if opens is None:
            return None
        starts_at = _first_gap(spans, opens - rules.setup, blocked) + rules.setup
        other = replace(asked, starts_at=starts_at, ends_at=starts_at + length)
    return other if asked.starts_at < starts_at <= asked.starts_at + SEARCHED else None


def _shorter(spans: Sequence[tuple[datetime, datetime]], asked: Asked, rules: BookingRoom) -> Asked | None:
    """From the same time until the next booking, if that is less than was asked for."""
    free_until = min((start for start, _ in spans if start > asked.starts_at), default=None)
    if free_until is None or any(start <= asked.starts_at < end for start, end in spans):
        return None
    ends_at = free_until - rules.cleanup
    return replace(asked, ends_at=ends_at) if asked.starts_at < ends_at < asked.ends_at else None


async def _blocked_spans(room_id: int, since: datetime, until: datetime) -> list[tuple[datetime, datetime]]:
    """In full minutes: a meeting that was ended early leaves a second that nobody would offer."""
    spans: list[tuple[datetime, datetime]] = await (
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


def _first_gap(spans: Sequence[tuple[datetime, datetime]], at: datetime, length: timedelta) -> datetime:
    for start, end in spans:
        if start - at >= length:
            return at
        at = max(at, end)
    return at


async def _other_rooms(room: Room, asked: Asked, viewer: Viewer, now: datetime) -> list[dict[str, Any]]:
    rooms = await Room.filter(bookable=True, visibility=room.visibility).select_related("building__site")
    taken = await taken_rooms(asked.starts_at, asked.ends_at)
    offers = []
    for other in sorted(rooms, key=lambda other: (other.building_id != room.building_id, other.capacity)):
        if other.id in taken or other.id == room.id or (asked.attendees or 0) > other.capacity:
            continue
        if not reasons(asked, await booking_room(other), viewer, now):
            length = asked.ends_at - asked.starts_at
            offers.append(_offer(other, asked.starts_at, length, await zone_of(other), "other_room"))
    return offers[:3]


def _offer(room: Room, starts_at: datetime, length: timedelta, zone: Any, reason: str) -> dict[str, Any]:
    return {
        "room": room.code,
        "name": room.name,
        "starts_at": starts_at.astimezone(zone).isoformat(),
        "ends_at": (starts_at + length).astimezone(zone).isoformat(),
        "reason": reason,
    }
