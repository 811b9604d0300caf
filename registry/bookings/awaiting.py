"""What awaits an answer, and who is asked for it."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from uuid import UUID

from registry.bookings.models import VISITS, Booking, Kind
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
from registry.core.statements import ask
from registry.people.models import Person
from registry.people.queries import people_who_may
from registry.people.rules import may
from registry.rooms.models import HELP_POINT, Room
from registry.rooms.queries import with_houses


async def answerers_of(requests: Sequence[tuple[Room, Kind]]) -> list[list[int]]:
    """The ids of the active people who are asked whether a room may be had for a kind of booking, for each pair in
    turn: those whom the room names and who may answer, else those who run rooms, so that no request is nobody's.
    """
    rules = await booking_rooms(list({room.id: room for room, _ in requests}.values()))
    approver_ids = {person_id for room in rules.values() for person_id in room.approvers}
    people = await Person.filter(id__in=list(approver_ids), is_active=True).order_by("id") if approver_ids else []
    pairs = [(rules[room.id], kind) for room, kind in requests]
    answerers = [
        [one.id for one in people if one.id in room.approvers and may_answer(room, viewer_of(one), kind)]
        for room, kind in pairs
    ]
    if all(answerers):
        return answerers
    managers = await people_who_may("rooms.manage")
    return [ids or managers for ids in answerers]


async def approves(person: Person) -> bool:
    """Whether this person is ever asked: whoever runs rooms, and whom a room names."""
    return person.role in RUNS_ROOMS or await Room.filter(approvers__id=person.id).exists()


# written out with its status, or SQLite would not take the index of the tentative ones alone, which are few
_WAITING = """SELECT b.id FROM booking b {among}
WHERE b.status = 'tentative' AND b.starts_at > ? AND b.starts_at <= ? {but} ORDER BY b.starts_at, b.id"""
_THEIRS = "JOIN room_approver a ON a.room_id = b.room_id AND a.person_id = ? JOIN room r ON r.id = b.room_id"
_NOT_SHY = "AND r.visibility NOT IN ({shy}) AND b.kind NOT IN ({visits})".format(
    shy=", ".join(f"'{one}'" for one in sorted(HELP_POINT)), visits=", ".join(f"'{one}'" for one in VISITS)
)
FURTHEST = timedelta(days=1000)  # no room is booked further ahead


async def awaiting_ids(person: Person, now: datetime) -> list[UUID]:
    """The ids of what awaits this person's answer, the next to begin first."""
    if not may(person.role, "bookings.make"):
        return []
    if person.role in RUNS_ROOMS:
        return await waiting_ids(now, now + FURTHEST)
    query = _WAITING.format(among=_THEIRS, but="" if person.role in SEES_HELP_POINT else _NOT_SHY)
    rows = await ask(query, [person.id, now.astimezone(UTC), (now + FURTHEST).astimezone(UTC)])
    return [UUID(str(row["id"])) for row in rows]


async def waiting_ids(now: datetime, until: datetime) -> list[UUID]:
    """The ids of what awaits anybody's answer and begins by then, the next first."""
    rows = await ask(_WAITING.format(among="", but=""), [now.astimezone(UTC), until.astimezone(UTC)])
    return [UUID(str(row["id"])) for row in rows]


async def in_full(ids: Sequence[UUID]) -> list[tuple[FullBooking, Room]]:
    """Bookings as whoever answers reads them, each with its room, in the order of these ids."""
    if not ids:
        return []
    rows = [BookingRow(*row) for row in await Booking.filter(id__in=list(ids)).values_list(*COLUMNS)]
    room_ids = {row.room_id for row in rows}
    rooms = {room.id: room for room in await with_houses(Room.filter(id__in=list(room_ids)))}
    pairs = {}
    for row in rows:
        room = rooms[row.room_id]
        booking = projection(row, room.code, Sight.FULL)
        assert isinstance(booking, FullBooking)
        pairs[UUID(str(row.id))] = (booking, room)
    return [pairs[one] for one in ids if one in pairs]
