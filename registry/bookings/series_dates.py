"""The dates of a series looked up in its room: which are taken and by whom, and what could be had instead. All dates
are asked for in one statement, however many there are, and each costs one step into the index booking_holds.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

import orjson

from registry.bookings.alternatives import Wish, candidates
from registry.bookings.models import Booking
from registry.bookings.projections import COLUMNS, BookingRow, Viewer, VisibleBooking, as_json, project, sees_times
from registry.bookings.queries import booking_rooms
from registry.bookings.recurrence import Occurrence
from registry.bookings.rules import BookingRequest, BookingRoom, blocked, default_kind, reasons
from registry.bookings.series_rules import DateLine, DateState, SeriesRequest, judged, wall_text
from registry.core.errors import Conflict
from registry.core.statements import numbered
from registry.core.transaction import reading_from
from registry.rooms.models import Room
from registry.rooms.queries import days_off, with_houses

OFFERED_ROOMS = 6  # are looked at for each date
SHIFTS = tuple(timedelta(minutes=sign * minutes) for minutes in (30, 60, 90, 120) for sign in (1, -1))
NOBODY = UUID(int=0)
_NEAREST = """SELECT {columns} FROM booking WHERE room_id = wish.room_id
    AND status NOT IN ('cancelled', 'rejected') AND blocked_to > wish.since
    AND (series_id IS NULL OR series_id <> ?) ORDER BY blocked_to LIMIT 1"""
_ON_POSTGRES = """SELECT wish.place, held.id FROM unnest(?::int[], ?::int[], ?::timestamptz[], ?::timestamptz[])
    AS wish(place, room_id, since, until)
    CROSS JOIN LATERAL ({nearest}) AS held WHERE held.blocked_from < wish.until"""
# SQLite's library gives up the interpreter's lock for every row and waits to get it back: each way goes one JSON
_ON_SQLITE = """WITH wish(place, room_id, since, until) AS MATERIALIZED (
    SELECT key, json_extract(value, '$[0]'), json_extract(value, '$[1]'), json_extract(value, '$[2]') FROM json_each(?)
)
SELECT json_group_array(json_array(wish.place, held.id)) AS answer FROM wish JOIN booking held ON held.id = ({nearest})
WHERE held.blocked_from < wish.until"""
_POSTGRES = numbered(_ON_POSTGRES.format(nearest=_NEAREST.format(columns="id, blocked_from")))
_SQLITE = _ON_SQLITE.format(nearest=_NEAREST.format(columns="id"))


class SpanWish(NamedTuple):
    """A room, by id, that somebody wants for all of [since, until)."""

    room_id: int
    since: datetime
    until: datetime


@dataclass(frozen=True, slots=True)
class DateOffer:
    """A room and a time that a date could have instead; ``reason``: other_room, other_time."""

    room: Room
    request: BookingRequest
    reason: str


async def obstacles_of(wishes: Sequence[SpanWish], but: UUID | None = None) -> dict[int, UUID]:
    """The booking in the way of each of these wishes, by its place among them. Those of the series ``but`` are none."""
    if not wishes:
        return {}
    connection = reading_from()
    rows = [(wish.room_id, wish.since.astimezone(UTC), wish.until.astimezone(UTC)) for wish in wishes]
    if connection.capabilities.dialect == "sqlite":
        texts = [(room_id, since.isoformat(" "), until.isoformat(" ")) for room_id, since, until in rows]
        values = [orjson.dumps(texts).decode(), str(but or NOBODY)]
        (row,) = await connection.execute_query_dict(_SQLITE, values)
        return {place: UUID(booking) for place, booking in orjson.loads(row["answer"])}
    columns = [list(column) for column in zip(*rows, strict=True)]
    answer = await connection.execute_query_dict(_POSTGRES, [list(range(len(rows))), *columns, but or NOBODY])
    return {row["place"]: row["id"] for row in answer}


async def lines_of(
    request: SeriesRequest, occurrences: Sequence[Occurrence], room: Room, rules: BookingRoom, viewer: Viewer,
    now: datetime, but: UUID | None = None,
) -> list[DateLine]:  # fmt: skip
    """Each date with what speaks against it: a rule, or else a booking, which none of the series ``but`` is."""
    lines = list(judged(request, occurrences, rules, days_off(rules.hours), viewer, now))
    return await with_obstacles(lines, room, rules, but)


async def with_obstacles(
    lines: Sequence[DateLine], room: Room, rules: BookingRoom, but: UUID | None = None
) -> list[DateLine]:
    """The same with the dates that are taken: nobody is asked about one that no rule lets them have."""
    places = [place for place, line in enumerate(lines) if line.refusal is None]
    wishes = [SpanWish(room.id, *blocked(lines[place].request, rules)) for place in places]
    obstacles = await obstacles_of(wishes, but)
    answer = list(lines)
    for number, booking_id in obstacles.items():
        refusal = Conflict("booking.overlap", room=room.code, conflicts=[], alternatives=[])
        place = places[number]
        answer[place] = replace(answer[place], refusal=refusal, obstacle=booking_id)
    return answer


async def conflicts_of(lines: Sequence[DateLine], room: Room, viewer: Viewer) -> dict[UUID, VisibleBooking]:
    """The bookings in the way of these dates, as far as this viewer may see them, by their id."""
    ids = {line.obstacle for line in lines if line.obstacle}
    if not ids or not sees_times(room.visibility, viewer):
        return {}
    rows = await Booking.filter(id__in=list(ids)).values_list(*COLUMNS)
    visible = ((row, project(row, room.code, room.visibility, viewer)) for row in map(BookingRow._make, rows))
    return {UUID(str(row.id)): booking for row, booking in visible if booking}


async def offers_for(
    lines: Sequence[DateLine], room: Room, rules: BookingRoom, viewer: Viewer, now: datetime
) -> dict[int, DateOffer]:
    """What each date that cannot be had could have instead, by its place: another room at its time, else this room at
    another time of the day.
    """
    needy = [place for place, line in enumerate(lines) if line.state in (DateState.OVERLAP, DateState.CLOSED)]
    if not needy:
        return {}
    first = lines[needy[0]].request
    kind = first.kind or default_kind(room.visibility)
    wish = Wish(room, rules, replace(first, kind=kind), (), viewer, lambda *_: ())
    ids = [one.id for one in (await candidates(wish))[:OFFERED_ROOMS]]
    rooms = {one.id: one for one in await with_houses(Room.filter(id__in=ids))} if ids else {}
    rules_of = await booking_rooms(list(rooms.values())) if rooms else {}
    choices = [
        choice
        for place in needy
        for choice in _choices(place, lines[place], room, rules, [(rooms[id_], rules_of[id_]) for id_ in ids])
    ]
    obstacles = await obstacles_of([choice.span for choice in choices])
    offers: dict[int, DateOffer] = {}
    for number, choice in enumerate(choices):
        if choice.place in offers or number in obstacles:
            continue
        if not reasons(choice.offer.request, choice.rules, viewer, now):
            offers[choice.place] = choice.offer
    return offers


class _Choice(NamedTuple):
    place: int
    offer: DateOffer
    rules: BookingRoom
    span: SpanWish


def _choices(
    place: int, line: DateLine, room: Room, rules: BookingRoom, others: Sequence[tuple[Room, BookingRoom]]
) -> list[_Choice]:
    day = line.occurrence.wall.date()
    choices = []
    if line.state is DateState.OVERLAP:
        for other, its_rules in others:
            choices.append(_choice(place, other, its_rules, replace(line.request, room=other.code), "other_room"))
    for shift in SHIFTS:
        request = replace(line.request, starts_at=line.request.starts_at + shift, ends_at=line.request.ends_at + shift)
        if request.starts_at.astimezone(rules.hours.zone).date() == day:
            choices.append(_choice(place, room, rules, request, "other_time"))
    return choices


def _choice(place: int, room: Room, rules: BookingRoom, request: BookingRequest, reason: str) -> _Choice:
    return _Choice(place, DateOffer(room, request, reason), rules, SpanWish(room.id, *blocked(request, rules)))


@dataclass(frozen=True, slots=True)
class SeriesPreview:
    """What would become of a series: each date, the bookings in the way as far as they may be seen, by their id, and
    what could be had instead, by the place of the date.
    """

    room: Room
    rules: BookingRoom
    request: SeriesRequest
    lines: Sequence[DateLine]
    conflicts: Mapping[UUID, VisibleBooking]
    offers: Mapping[int, DateOffer]
    is_asked: bool = False  # somebody has to approve it

    @property
    def free(self) -> list[DateLine]:
        return [line for line in self.lines if line.refusal is None]

    @property
    def in_the_way(self) -> list[DateLine]:
        return [line for line in self.lines if line.is_in_the_way]

    def as_json(self) -> list[dict[str, Any]]:
        """Each date as programs read it."""
        zone = self.rules.hours.zone
        dates = []
        for place, line in enumerate(self.lines):
            conflict = self.conflicts.get(line.obstacle) if line.obstacle else None
            offer = self.offers.get(place)
            dates.append(
                {
                    "occurrence": wall_text(line.occurrence.wall),
                    "starts_at": line.occurrence.starts_at.astimezone(zone).isoformat(),
                    "ends_at": line.occurrence.ends_at.astimezone(zone).isoformat(),
                    "state": line.state,
                    "code": line.refusal.code if line.refusal else None,
                    "is_twice": line.occurrence.is_twice,
                    "is_day_off": line.is_day_off,
                    "conflicts": [as_json(conflict, zone)] if conflict else [],
                    "alternatives": [_offer_json(offer, zone)] if offer else [],
                }
            )
        return dates


def _offer_json(offer: DateOffer, zone: Any) -> dict[str, Any]:
    return {
        "room": offer.room.code,
        "name": offer.room.name,
        "starts_at": offer.request.starts_at.astimezone(zone).isoformat(),
        "ends_at": offer.request.ends_at.astimezone(zone).isoformat(),
        "reason": offer.reason,
    }
