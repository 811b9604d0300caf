"""The rooms of the house with their day, as Today and the calendar show them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from fastapi import Request

from registry.assets.queries import Equipment, equipment_of
from registry.bookings.days import RoomDay, day_of
from registry.bookings.projections import PublicState
from registry.bookings.queries import states_for
from registry.bookings.state import StateKind
from registry.devices.queries import sensed_rooms
from registry.rooms.models import Room
from registry.rooms.queries import RoomLine, room_lines, rooms_of_house
from web.bookings.words import BookingWords
from web.kit.page_context import PageContext
from web.kit.pieces import next_look, shape_of
from web.kit.timeline import Axis, Band, axis_of, bands, spans_of
from web.kit.words import N_
from web.rooms.house_parts import PartLink, part_of, small_house
from web.rooms.view import turns_of
from web.rooms.words import RoomWords

SEATS = 10


@dataclass(frozen=True, slots=True)
class DayRow:
    """One room: its state now, its equipment, its day as bands on the axis."""

    day: RoomDay
    state: PublicState
    until: str
    equipment: Equipment
    is_sensed: bool
    bands: list[Band]

    @property
    def room(self) -> Room:
        return self.day.room

    def next_look(self, now: datetime) -> datetime | None:
        """When time alone changes the row, by what it shows and nothing else."""
        edges = [at for band in self.bands for at in (band.starts_at, band.ends_at)]
        return next_look(now, [*turns_of(self.state), *edges])

    @property
    def has_duty(self) -> bool:
        return any(band.kind == "duty" for band in self.bands)


@dataclass(frozen=True, slots=True)
class RoomGroup:
    """Rooms of one floor or of other addresses."""

    title: str
    rows: list[DayRow]


@dataclass(frozen=True, slots=True)
class CalendarFilter:
    """What the rooms of a calendar must offer."""

    seats: bool = False
    needs: tuple[str, ...] = ()
    step_free: bool = False
    free_now: bool = False
    rooms: tuple[str, ...] = ()

    @property
    def any(self) -> bool:
        return bool(self.seats or self.step_free or self.rooms or self.changes)

    @property
    def changes(self) -> bool:
        """Whether it asks for what changes by itself: what works, and what is free."""
        return bool(self.needs or self.free_now)

    def suits(self, room: Room | RoomLine) -> bool:
        """By what is built, and by which rooms were chosen."""
        is_chosen = not self.rooms or room.code in self.rooms
        return is_chosen and (not self.seats or room.capacity >= SEATS) and (not self.step_free or room.step_free)

    def admit(self, room: Room, equipment: Equipment, state: PublicState) -> bool:
        return (
            self.suits(room)
            and (not self.free_now or state.state in (StateKind.FREE, StateKind.SOON))
            and all(need in equipment.works for need in self.needs)
        )


@dataclass(frozen=True, slots=True)
class UsedPart:
    """The part of the house that a page shows, and the days of its rooms that people use: of those that can be booked,
    and those where somebody is on duty or has a block. ``choices`` are the rooms that one can choose of.
    """

    days: list[RoomDay]
    links: tuple[PartLink, ...] = ()
    code: str = ""
    choices: tuple[Room, ...] = ()


async def used_part(
    request: Request, context: PageContext, day: date, days: int = 1, room_filter: CalendarFilter | None = None
) -> UsedPart:
    """Of a house that one page cannot show, the part that is asked for; ``rows_of`` filters its rooms."""
    viewer, small = context.viewer, await small_house()
    if small is not None:
        suiting = [room for room in small if room_filter.suits(room)] if room_filter else small
        used = _used(await day_of(suiting, viewer, day, days))
        used_ids = {one.room.id for one in used}
        return UsedPart(used, choices=tuple(room for room in small if room.bookable or room.id in used_ids))
    lines = await room_lines()
    idle = await rooms_of_house([line.id for line in lines if not line.bookable])
    used_ids = {one.room.id for one in _used(await day_of(idle, viewer, day, days))}
    used_lines = [line for line in lines if line.bookable or line.id in used_ids]
    if room_filter:
        used_lines = await _admitted(used_lines, room_filter, context)
    part = await part_of(used_lines, lines, request, context)
    used = _used(await day_of(part.rooms, viewer, day, days))
    return UsedPart(used, part.links, part.code, tuple(one.room for one in used))


def _used(days: list[RoomDay]) -> list[RoomDay]:
    return [one for one in days if one.room.bookable or one.duties or one.bookings]


async def _admitted(lines: list[RoomLine], room_filter: CalendarFilter, context: PageContext) -> list[RoomLine]:
    """The lines of the rooms that a filter admits. Rooms are read whole only for what changes by itself."""
    lines = [line for line in lines if room_filter.suits(line)]
    if not room_filter.changes:
        return lines
    rooms = {room.id: room for room in await rooms_of_house([line.id for line in lines])}
    equipment = await equipment_of(list(rooms.values()))
    states = await states_for(list(rooms.values()), context.viewer, context.now)
    return [
        line for line in lines
        if line.id in rooms and room_filter.admit(rooms[line.id], equipment[line.id], states[line.id])
    ]  # fmt: skip


async def admitted_days(context: PageContext, room_days: list[RoomDay], room_filter: CalendarFilter) -> list[RoomDay]:
    """The days of the rooms that a filter admits."""
    rooms = [day.room for day in room_days]
    if not room_filter.changes:
        return [day for day in room_days if room_filter.suits(day.room)]
    equipment = await equipment_of(rooms)
    states = await states_for(rooms, context.viewer, context.now)
    return [day for day in room_days if room_filter.admit(day.room, equipment[day.room.id], states[day.room.id])]


async def rows_of(
    context: PageContext, room_days: list[RoomDay], axis: Axis, room_filter: CalendarFilter | None = None
) -> list[DayRow]:
    """A row for each room that the filter admits."""
    rooms = [day.room for day in room_days]
    equipment = await equipment_of(rooms)
    with_sensors = await sensed_rooms(equipment)
    states = await states_for(rooms, context.viewer, context.now)
    words = RoomWords.of(context.words)
    rows = []
    for day in room_days:
        state = states[day.room.id]
        if room_filter and not room_filter.admit(day.room, equipment[day.room.id], state):
            continue
        rows.append(
            DayRow(
                day=day,
                state=state,
                until=words.until_of(state, day.room, context.now),
                equipment=equipment[day.room.id],
                is_sensed=day.room.id in with_sensors,
                bands=bands(day, axis, context.viewer, context.person.login, context.now),
            )
        )
    return rows


def axis_for(context: PageContext, room_days: list[RoomDay], day: date) -> Axis:
    return axis_of(day, context.zone, spans_of(room_days))


def groups_of(context: PageContext, rows: list[DayRow]) -> list[RoomGroup]:
    """By building and floor, the largest building first; lone rooms of other addresses come together at the end."""
    buildings: dict[int, list[DayRow]] = {}
    for row in rows:
        buildings.setdefault(row.room.building_id, []).append(row)
    groups: list[RoomGroup] = []
    alone: list[DayRow] = []
    for members in sorted(buildings.values(), key=len, reverse=True):
        if len(members) == 1 and len(rows) > 1:
            alone += members
            continue
        floors: dict[int, list[DayRow]] = {}
        for row in sorted(members, key=lambda row: (-row.room.floor, row.room.code)):
            floors.setdefault(row.room.floor, []).append(row)
        for floor, on_floor in floors.items():
            address = members[0].room.building.address
            groups.append(RoomGroup(f"{address} · {context.words.floor(floor)}", on_floor))
    if alone:
        groups.append(RoomGroup(context.say(N_("Other addresses") if groups else N_("Rooms")), alone))
    return groups


def shape(axes: Sequence[Axis], groups: Sequence[RoomGroup]) -> str:
    """The shape of a page with these days and these rooms in this order."""
    days = [(axis.day, axis.opens, axis.columns) for axis in axes]
    return shape_of(days, [(group.title, [row.room.code for row in group.rows]) for group in groups])


def addresses(groups: list[RoomGroup]) -> dict[int, str]:
    """The address of each room that stands among others' buildings, by room id; without the town of the house."""
    rows = [row for group in groups for row in group.rows]
    town = rows[0].room.building.address.partition(", ")[0] if rows else ""
    return {
        row.room.id: row.room.building.address.removeprefix(f"{town}, ")
        for group in groups
        for row in group.rows
        if len({other.room.building_id for other in group.rows}) > 1
    }


def free_count(rows: list[DayRow]) -> int:
    return sum(row.state.state in (StateKind.FREE, StateKind.SOON) for row in rows)


def band_line(band: Band, words: BookingWords) -> str:
    """What is read out of a band: its hours and what it is. Nothing of what is shut, or is set up and cleaned."""
    if band.kind in ("shut", "buffer"):
        return ""
    if band.duty:
        text = f"{words.say(N_('duty'))}: {duty_words(band.duty)}"
    elif band.booking:
        text = words.title(band.booking)
        if band.kind in ("released", "tentative"):
            text += f" – {words.slot(band.kind)}"
    else:
        text = words.slot(band.kind)
    return f"{words.fmt.span(band.starts_at, band.ends_at)} {text}"


def duty_words(duty: dict[str, Any]) -> str:
    """„adwokat dyżurny · pl, en”"""
    languages = ", ".join(part.strip() for part in duty["languages"].split(",") if part.strip())
    return f"{duty['name']} · {languages}" if languages else str(duty["name"])
