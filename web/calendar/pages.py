"""The calendar: all rooms on one day as lanes, or over a week as a table."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from urllib.parse import urlencode

from fastapi import APIRouter, Request
from starlette.responses import Response

from registry.bookings.queries import RoomDay
from registry.bookings.rules import FEATURES
from registry.people.rules import may
from registry.rooms.hours import local_instant
from web.auth.access import PageCaller
from web.calendar.room_rows import (
    Filters,
    Group,
    Reading,
    addresses,
    axis_for,
    days_shown,
    duty_words,
    groups_of,
    reading,
    rows_of,
)
from web.kit.render import render
from web.kit.timeline import Axis, Band, axis_between, axis_of, bands, busy_minutes, spans_of
from web.kit.words import N_

router = APIRouter()
WORKDAYS = 5
NEEDS_OFFERED = ("projector", "hearing_loop", "screen")


@router.get("/calendar")
async def calendar(request: Request, person: PageCaller) -> Response:
    """``date``, ``view`` (day or week), and the filters ``seats``, ``needs``, ``step_free``, ``free``."""
    query = request.query_params
    read = reading(request, person, datetime.now(UTC))
    day, fault = _day(query.get("date", ""), read)
    filters = Filters(
        seats=bool(query.get("seats")),
        needs=tuple(need for need in query.getlist("needs") if need in FEATURES),
        step_free=bool(query.get("step_free")),
        free_now=bool(query.get("free")),
    )
    is_week = query.get("view") == "week"
    board = await (_week if is_week else _lanes)(read, day, filters)
    step = timedelta(days=7 if is_week else 1)
    return render(
        request,
        "calendar/week.html" if is_week else "calendar/day.html",
        naming=read.naming,
        now=read.now,
        day=day,
        is_today=day == read.today,
        fault=fault,
        board=board,
        filters=filters,
        needs_offered=NEEDS_OFFERED,
        href=lambda **more: _href(filters, {"date": day.isoformat(), "view": "week" if is_week else "day"} | more),
        earlier=(day - step).isoformat(),
        later=(day + step).isoformat(),
        today=read.today,
        address=addresses(board.groups),
        duty_words=duty_words,
        can_book=may(person.role, "bookings.make"),
        toast=read.naming.done(query.get("did", "")),
    )


def _day(given: str, read: Reading) -> tuple[date, str]:
    """The day asked for, today without one, and what is wrong with it."""
    if not given:
        return read.today, ""
    try:
        day = date.fromisoformat(given)
        if 2000 <= day.year <= 2100:
            return day, ""
    except ValueError:
        pass
    return read.today, read.naming.say(N_("%(given)s is not a date: here is today.")) % {"given": given[:40]}


def _href(filters: Filters, more: dict[str, str]) -> str:
    told = [(name, value) for name, value in more.items() if value]
    told += [(name, "1") for name, on in (("seats", filters.seats), ("step_free", filters.step_free)) if on]
    told += [("needs", need) for need in filters.needs]
    told += [("free", "1")] if filters.free_now else []
    return f"/calendar?{urlencode(told)}"


@dataclass(frozen=True, slots=True)
class Lanes:
    """A day: one axis, the rooms in their groups."""

    axis: Axis
    now_minute: int | None
    groups: list[Group]
    rooms: int
    bookings: int
    duties: int


async def _lanes(read: Reading, day: date, filters: Filters) -> Lanes:
    shown = await days_shown(read.viewer, day)
    axis = axis_for(read, shown, day)
    rows = await rows_of(read, shown, axis, filters)
    return Lanes(
        axis=axis,
        now_minute=axis.now(read.now),
        groups=groups_of(read, rows),
        rooms=len(rows),
        bookings=sum(len(row.one.bookings) for row in rows),
        duties=sum(len(row.one.duties) for row in rows),
    )


@dataclass(frozen=True, slots=True)
class Cell:
    """One room on one day of a week. ``busy`` counts minutes."""

    axis: Axis
    bands: list[Band]
    busy: int
    is_open: bool
    hidden: bool


@dataclass(frozen=True, slots=True)
class Week:
    """A week: the days that are worked or used, and a cell for each room and day."""

    days: list[date]
    groups: list[Group]
    cells: dict[int, list[Cell]]
    rooms: int
    bookings: int
    duties: int


async def _week(read: Reading, day: date, filters: Filters) -> Week:
    monday = day - timedelta(days=day.weekday())
    shown = await days_shown(read.viewer, monday, 7)
    axes = _axes(read, shown, monday)
    rows = await rows_of(read, shown, axes[0], filters)
    return Week(
        days=[axis.day for axis in axes],
        groups=groups_of(read, rows),
        cells={row.room.id: [_cell(row.one, axis, read) for axis in axes] for row in rows},
        rooms=len(rows),
        bookings=sum(len(row.one.bookings) for row in rows),
        duties=sum(len(row.one.duties) for row in rows),
    )


def _axes(read: Reading, shown: list[RoomDay], monday: date) -> list[Axis]:
    """The same hours for every day of the week, so that one looks down a column; the weekend only when it is used."""
    spans = spans_of(shown)
    used = [(seen.starts_at, seen.ends_at) for one in shown for seen in one.bookings]
    days = []
    for offset in range(7):
        day = monday + timedelta(days=offset)
        begins, ends = local_instant(day, 0, read.zone), local_instant(day, 24 * 60, read.zone)
        if offset < WORKDAYS or any(start < ends and end > begins for start, end in used):
            days.append(day)
    each = [axis_of(day, read.zone, spans) for day in days]
    opens = min(axis.opens for axis in each)
    closes = max(min(24, axis.opens + axis.columns) for axis in each)
    return [axis_between(day, read.zone, opens, closes) for day in days]


def _cell(one: RoomDay, axis: Axis, read: Reading) -> Cell:
    begins, ends = local_instant(axis.day, 0, read.zone), local_instant(axis.day, 24 * 60, read.zone)
    return Cell(
        axis=axis,
        bands=[
            band
            for band in bands(one, axis, read.viewer, read.person.login, read.now)
            if band.kind not in ("shut", "buffer")
        ],
        busy=busy_minutes(one, begins, ends),
        is_open=any(opens < ends and closes > begins for opens, closes in one.open),
        hidden=one.times_hidden,
    )
