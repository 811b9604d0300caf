"""The rooms of the house with their day, as Today and the calendar show them."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from fastapi import Request

from registry.bookings.preview import Equipment, equipment_of
from registry.bookings.projections import PublicState, Viewer, viewer_of
from registry.bookings.queries import RoomDay, day_of, state_for
from registry.bookings.state import StateKind
from registry.people.models import Person
from registry.rooms.models import Room
from registry.rooms.queries import all_rooms
from web.kit.i18n import Formats
from web.kit.render import language_of, pages_of
from web.kit.timeline import Axis, Band, axis_of, bands, spans_of
from web.kit.words import N_
from web.rooms.words import Naming

SEATS = 10


@dataclass(frozen=True, slots=True)
class Reading:
    """Who looks at a page and how: the words, the clock, the rights."""

    person: Person
    viewer: Viewer
    naming: Naming
    fmt: Formats
    now: datetime

    @property
    def zone(self) -> ZoneInfo:
        return self.fmt.zone

    @property
    def today(self) -> date:
        day: date = self.fmt.local(self.now).date()
        return day


def reading(request: Request, person: Person, now: datetime) -> Reading:
    language = language_of(request, person)
    fmt = pages_of(request).formats(language)
    return Reading(person, viewer_of(person), Naming(language, fmt), fmt, now)


@dataclass(frozen=True, slots=True)
class Row:
    """One room: its state now, its equipment, its day as bands on the axis."""

    one: RoomDay
    state: PublicState
    until: str
    equipment: Equipment
    bands: list[Band]

    @property
    def room(self) -> Room:
        return self.one.room

    @property
    def has_duty(self) -> bool:
        return any(band.kind == "duty" for band in self.bands)


@dataclass(frozen=True, slots=True)
class Group:
    title: str
    rows: list[Row]


@dataclass(frozen=True, slots=True)
class Filters:
    """What the rooms of a calendar must offer."""

    seats: bool = False
    needs: tuple[str, ...] = ()
    step_free: bool = False
    free_now: bool = False

    @property
    def any(self) -> bool:
        return bool(self.seats or self.needs or self.step_free or self.free_now)

    def admit(self, room: Room, equipment: Equipment, state: PublicState) -> bool:
        return (
            (not self.seats or room.capacity >= SEATS)
            and (not self.step_free or room.step_free)
            and (not self.free_now or state.state in (StateKind.FREE, StateKind.SOON))
            and all(need in equipment.works for need in self.needs)
        )


async def days_shown(viewer: Viewer, day: date, days: int = 1) -> list[RoomDay]:
    """The rooms that people use: those that can be booked, and those where somebody is on duty or has a block."""
    found = await day_of(await all_rooms(), viewer, day, days)
    return [one for one in found if one.room.bookable or one.duties or one.bookings]


async def rows_of(read: Reading, shown: list[RoomDay], axis: Axis, filters: Filters | None = None) -> list[Row]:
    """A row for each room that the filters admit."""
    equipment = await equipment_of([one.room for one in shown])
    rows = []
    for one in shown:
        state = await state_for(one.room, read.viewer, read.now)
        if filters and not filters.admit(one.room, equipment[one.room.id], state):
            continue
        rows.append(
            Row(
                one=one,
                state=state,
                until=read.naming.until(state, one.room, read.now),
                equipment=equipment[one.room.id],
                bands=bands(one, axis, read.viewer, read.person.login, read.now),
            )
        )
    return rows


def axis_for(read: Reading, shown: list[RoomDay], day: date) -> Axis:
    return axis_of(day, read.zone, spans_of(shown))


def groups_of(read: Reading, rows: list[Row]) -> list[Group]:
    """By building and floor, the largest building first; lone rooms of other addresses come together at the end."""
    buildings: dict[int, list[Row]] = {}
    for row in rows:
        buildings.setdefault(row.room.building_id, []).append(row)
    groups: list[Group] = []
    alone: list[Row] = []
    for members in sorted(buildings.values(), key=len, reverse=True):
        if len(members) == 1 and len(rows) > 1:
            alone += members
            continue
        floors: dict[int, list[Row]] = {}
        for row in sorted(members, key=lambda row: (-row.room.floor, row.room.code)):
            floors.setdefault(row.room.floor, []).append(row)
        for floor, on_floor in floors.items():
            address = members[0].room.building.address
            groups.append(Group(f"{address} · {read.naming.floor(floor)}", on_floor))
    if alone:
        groups.append(Group(read.naming.say(N_("Other addresses")) if groups else read.naming.say(N_("Rooms")), alone))
    return groups


def addresses(groups: list[Group]) -> dict[int, str]:
    """The address of each room that stands among others' buildings, by room id; without the town of the house."""
    rows = [row for group in groups for row in group.rows]
    town = rows[0].room.building.address.partition(", ")[0] if rows else ""
    return {
        row.room.id: row.room.building.address.removeprefix(f"{town}, ")
        for group in groups
        for row in group.rows
        if len({other.room.building_id for other in group.rows}) > 1
    }


def free_count(rows: list[Row]) -> int:
    return sum(row.state.state in (StateKind.FREE, StateKind.SOON) for row in rows)


def duty_words(duty: dict[str, Any]) -> str:
    """„adwokat dyżurny · pl, en”"""
    languages = ", ".join(part.strip() for part in duty["languages"].split(",") if part.strip())
    return f"{duty['name']} · {languages}" if languages else str(duty["name"])
