"""What awaits an answer, and who is asked for it."""

from collections.abc import Sequence
from datetime import datetime

from tortoise.expressions import Q
from tortoise.queryset import QuerySet

from registry.bookings.models import VISITS, Booking, Status
from registry.bookings.projections import (
    COLUMNS,
    RUNS_ROOMS,
    SEES_HELP_POINT,
    BookingRow,
    FullBooking,
    Sight,
    projection,
    viewer_of,
)
from registry.bookings.queries import booking_rooms
from registry.bookings.rules import may_answer
from registry.people.models import Person
from registry.people.queries import people_who_may
from registry.people.rules import may
from registry.rooms.models import HELP_POINT, Room


async def answerers_of(rooms: Sequence[Room]) -> dict[int, list[int]]:
    """The ids of the active people who are asked about a room, by the room's id: those whom it names and who may
    answer, else those who run rooms, so that no request is nobody's.
    """
    rules = await booking_rooms(rooms)
    named = {person_id for room in rules.values() for person_id in room.approvers}
    people = await Person.filter(id__in=list(named), is_active=True).order_by("id") if named else []
    by_room = {
        room_id: [person.id for person in people if person.id in room.approvers and may_answer(room, viewer_of(person))]
        for room_id, room in rules.items()
    }
    if all(by_room.values()):
        return by_room
    managers = await people_who_may("rooms.manage")
    return {room_id: ids or managers for room_id, ids in by_room.items()}


async def approves(person: Person) -> bool:
    """Whether this person is ever asked: whoever runs rooms, and whom a room names."""
    return person.role in RUNS_ROOMS or await Room.filter(approvers__id=person.id).exists()


async def awaiting(person: Person, now: datetime, limit: int, start: int = 0) -> list[tuple[FullBooking, Room]]:
    """What awaits an answer that this person may give, the next to begin first, each in full with its room."""
    pairs: list[tuple[FullBooking, Room]] = []
    if not may(person.role, "bookings.make"):
        return pairs
    waiting = _awaiting(person, now).order_by("starts_at", "id").offset(start).limit(limit)
    rows = [BookingRow(*row) for row in await waiting.values_list(*COLUMNS)]
    ids = {row.room_id for row in rows}
    rooms = {room.id: room for room in await Room.filter(id__in=list(ids)).select_related("building__site")}
    for row in rows:
        room = rooms[row.room_id]
        booking = projection(row, room.code, Sight.FULL)
        assert isinstance(booking, FullBooking)
        pairs.append((booking, room))
    return pairs


async def count_of_awaiting(person: Person, now: datetime) -> int:
    """How much awaits this person's answer."""
    return await _awaiting(person, now).count() if may(person.role, "bookings.make") else 0


def _awaiting(person: Person, now: datetime) -> QuerySet[Booking]:
    """By the index booking_tentative: what is tentative is little."""
    waiting = Booking.filter(status=Status.TENTATIVE, starts_at__gt=now)
    if person.role in RUNS_ROOMS:
        return waiting
    theirs = waiting.filter(room__approvers__id=person.id)
    if person.role in SEES_HELP_POINT:
        return theirs
    return theirs.filter(~Q(room__visibility__in=list(HELP_POINT)), ~Q(kind__in=list(VISITS)))
