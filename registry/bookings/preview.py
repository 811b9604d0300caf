"""What would happen to a booking if it were asked for now. Nothing is locked: the answer is advice, not a promise."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from registry.assets.models import Asset, Condition, Lifecycle
from registry.bookings.actions import BookingRequest, offer_help, viewer_of
from registry.bookings.models import Booking
from registry.bookings.queries import taken_rooms
from registry.bookings.rules import (
    HELP_POINT,
    Asked,
    BookingRoom,
    blocked,
    default_kind,
    is_outside_hours,
    may_book,
    reasons,
)
from registry.bookings.settle import booking_room, refuse_overlap
from registry.bookings.state import UNDO
from registry.core.errors import Conflict, Refusal
from registry.devices.models import Device, DeviceKind
from registry.people.models import Person
from registry.rooms.models import HoursPolicy, Room, StandardItem
from registry.rooms.queries import room_by_code

COLUMN_FEATURES = ("step_free", "hearing_loop", "screen")


@dataclass(frozen=True, slots=True)
class Preview:
    """All reasons against a wish at once, and what is worth a warning though it may be booked."""

    room: Room
    refusals: list[Refusal] = field(default_factory=list)
    outside_hours: bool = False

    @property
    def overlap(self) -> Refusal | None:
        return next((refusal for refusal in self.refusals if refusal.code == "booking.overlap"), None)


async def preview(
    wish: BookingRequest, by: Person, now: datetime, but: UUID | None = None, started: bool = False
) -> Preview:
    """Check a wish without booking it. ``but`` is the booking that would be changed, ``started`` that it keeps its
    start in the past. An overlap carries ``conflicts`` and ``alternatives``. Raises NotFound("room.unknown").
    """
    room = await room_by_code(wish.room)
    rules, viewer = await booking_room(room), viewer_of(by)
    asked = Asked(
        wish.starts_at, wish.ends_at, wish.title.strip(), wish.kind or default_kind(room.visibility), wish.attendees,
        wish.needs,
    )  # fmt: skip
    found = [one for one in reasons(asked, rules, viewer, now) if not (started and one.code == "booking.too_early")]
    # whoever may not book a room learns nothing about when it is taken
    if asked.starts_at < asked.ends_at and may_book(rules, viewer):
        overlap = await _overlap(room, rules, asked, but)
        if overlap:
            found.append(overlap)
    for refusal in found:
        if isinstance(refusal, Conflict) and refusal.code in ("booking.overlap", "booking.over_capacity"):
            await offer_help(refusal, room.id, wish, by, now)
    advisory = rules.hours_policy is HoursPolicy.ADVISORY and asked.starts_at < asked.ends_at
    short = asked.ends_at - asked.starts_at <= rules.longest
    return Preview(room, found, advisory and short and is_outside_hours(asked, rules.hours))


async def _overlap(room: Room, rules: BookingRoom, asked: Asked, but: UUID | None) -> Conflict | None:
    try:
        await refuse_overlap(room, *blocked(asked, rules), but)
    except Conflict as refusal:
        return refusal
    return None


async def bookable_rooms(by: Person) -> list[Room]:
    """The rooms that this person may book, in the order of the house."""
    rooms = await Room.filter(bookable=True).select_related("building__site").order_by("building_id", "-floor", "code")
    viewer = viewer_of(by)
    return [room for room in rooms if may_book(await booking_room(room), viewer)]


async def any_free_room(since: datetime, until: datetime, attendees: int | None, by: Person) -> Room | None:
    """The smallest meeting room that is free and large enough. Help Point rooms are never given out like this."""
    taken: set[Any] = set(await taken_rooms(since, until))
    fitting = [
        room
        for room in await bookable_rooms(by)
        if room.id not in taken and room.visibility not in HELP_POINT and room.capacity >= (attendees or 1)
    ]
    return min(fitting, key=lambda room: room.capacity, default=None)


async def undoable(person: Person, now: datetime) -> list[Booking]:
    """This person's bookings that were released by themselves and can still be given back; the room is fetched."""
    return await (
        Booking.filter(organizer_id=person.id, released_at__gte=now - UNDO, planned_ends_at__gt=now)
        .order_by("-released_at")
        .select_related("room")
    )


@dataclass(frozen=True, slots=True)
class Equipment:
    """What a room offers: the features that work now, those that it should have, its broken things, its senses."""

    works: frozenset[str]
    meant: frozenset[str]
    broken: list[dict[str, Any]]
    sensed: bool


async def equipment_of(rooms: list[Room]) -> dict[int, Equipment]:
    """The equipment of many rooms by room id. ``broken`` holds ``id, name, condition`` of assets in use."""
    ids = [room.id for room in rooms]
    standard: dict[int, list[tuple[str, str]]] = {}
    for row in await StandardItem.filter(room_id__in=ids).exclude(feature="").values("room_id", "name", "feature"):
        standard.setdefault(row["room_id"], []).append((row["name"], row["feature"]))
    names = {name for items in standard.values() for name, _ in items}
    sound = set(
        await Asset.filter(
            room_id__in=ids, name__in=list(names), lifecycle=Lifecycle.IN_USE, condition=Condition.OK
        ).values_list("room_id", "name")
    )
    broken: dict[int, list[dict[str, Any]]] = {}
    faulty = Asset.filter(room_id__in=ids, lifecycle=Lifecycle.IN_USE).exclude(condition=Condition.OK)
    for row in await faulty.order_by("name").values("id", "room_id", "name", "condition"):
        broken.setdefault(row["room_id"], []).append(row)
    sensing = Device.filter(room_id__in=ids, kind=DeviceKind.PRESENCE, enabled=True)
    sensed: set[Any] = set(await sensing.distinct().values_list("room_id", flat=True))
    return {
        room.id: _equipment(room, standard.get(room.id, []), sound, broken.get(room.id, []), room.id in sensed)
        for room in rooms
    }


def _equipment(
    room: Room, items: list[tuple[str, str]], sound: set[Any], broken: list[dict[str, Any]], sensed: bool
) -> Equipment:
    built_in = {name for name in COLUMN_FEATURES if getattr(room, name)}
    meant = built_in | {feature for _, feature in items}
    works = {feature for name, feature in items if (room.id, name) in sound}
    # a loop in the floor is on no list; one that is on a list works as long as its asset does
    listed = {feature for _, feature in items}
    return Equipment(frozenset(works | (built_in - listed)), frozenset(meant), broken, sensed)


async def past_bookings(person: Person, now: datetime, limit: int = 10) -> list[Booking]:
    """What this person organized and is over, the latest first; the room is fetched."""
    over = Booking.filter(organizer_id=person.id).exclude(
        ends_at__gt=now, status__in=["tentative", "confirmed", "checked_in"]
    )
    return await over.order_by("-starts_at").limit(limit).select_related("room__building")
