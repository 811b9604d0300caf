"""The calendar: all rooms on one day as lanes, over a week as a table, or over a month as a sheet of days."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import date, timedelta
from urllib.parse import urlencode

from fastapi import Request
from starlette.responses import Response

from registry.bookings.days import RoomDay
from registry.bookings.rules import FEATURES
from registry.rooms.hours import local_instant
from web.auth.access import PageCaller
from web.bookings.words import BookingWords
from web.calendar.month import Month, line_time, monday_of, month_of, month_span, neighbours
from web.calendar.room_rows import (
    CalendarFilter,
    RoomGroup,
    UsedPart,
    addresses,
    axis_for,
    band_line,
    groups_of,
    rows_of,
    shape,
    used_part,
)
from web.kit.clock import Now
from web.kit.page_context import PageContext, page_context
from web.kit.pieces import IN_PLACE, piece_request
from web.kit.query_names import pages
from web.kit.render import is_fragment, render
from web.kit.timeline import Axis, Band, axis_between, axis_of, bands, busy_minutes, spans_of
from web.kit.words import N_
from web.rooms.house_parts import MOST, remember_part

router = pages()
WORKDAYS = 5
YEARS = range(1990, 2200)
# one letter each, of the word on the button
KEYS = {
    "en": {"day": "D", "week": "W", "month": "M", "new": "B"},
    "pl": {"day": "D", "week": "T", "month": "M", "new": "Z"},
}
NEEDS_OFFERED = ("projector", "hearing_loop", "screen")


@router.get("/calendar")
async def calendar(request: Request, person: PageCaller, now: Now) -> Response:
    """``date``, ``view`` (day, week or month), and the filters ``room``, ``seats``, ``needs``, ``step_free``, ``free``;
    asked for as a fragment, the pieces that changed.
    """
    query = request.query_params
    context = page_context(request, person, now)
    words = BookingWords.of(context.words)
    day, fault = _day(query.get("date", ""), context)
    room_filter = CalendarFilter(
        seats=bool(query.get("seats")),
        needs=tuple(need for need in query.getlist("needs") if need in FEATURES),
        step_free=bool(query.get("step_free")),
        free_now=bool(query.get("free")),
        rooms=tuple(dict.fromkeys(query.getlist("room")))[:MOST],
    )
    view = VIEWS.get(query.get("view", ""), VIEWS["day"])
    first_day, days = view.span(day)
    part = await used_part(request, context, first_day, days, room_filter)
    board = await view.board(context, day, room_filter, part)
    earlier, later = view.neighbours(day)
    at_hand = {"date": day.isoformat(), "view": view.name, "part": part.code}
    is_part = is_fragment(request)
    response = render(
        request,
        "calendar/_pieces.html" if is_part else f"calendar/{view.name}.html",
        status=422 if fault and not is_part else 200,
        words=words,
        now=now,
        day=day,
        is_today=day == context.today,
        fault=fault,
        view=view.name,
        board=board,
        shape=board.shape,
        pieces=await piece_request(request) if is_part else None,
        in_place=IN_PLACE if is_part else "",
        room_filter=room_filter,
        needs_offered=NEEDS_OFFERED,
        href=lambda **more: _href(room_filter, at_hand | more),
        href_all=_href(replace(room_filter, rooms=()), at_hand),
        shows_one_of=lambda codes: any(one.room.code in codes for one in part.days),
        earlier=earlier.isoformat(),
        later=later.isoformat(),
        today=context.today,
        address=addresses(board.groups) if isinstance(board, Lanes) else {},
        keys=KEYS.get(context.language, KEYS["en"]),
        band_line=band_line,
        line_time=lambda line, day: line_time(line, day, words),
        can_book=context.may("bookings.make"),
        toast=words.done(query.get("did", "")),
        part=part,
    )
    return remember_part(response, request)


def _day(text: str, context: PageContext) -> tuple[date, str]:
    """The day asked for, today without one, and what is wrong with it."""
    if not text:
        return context.today, ""
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return context.today, context.say(N_("%(given)s is not a date: here is today.")) % {"given": text[:40]}
    if day.year not in YEARS:
        first, last = YEARS[0], YEARS[-1]
        sentence = context.say(N_("The calendar goes from %(first)s to %(last)s: here is today."))
        return context.today, sentence % {"first": first, "last": last}
    return day, ""


def _href(room_filter: CalendarFilter, more: dict[str, str]) -> str:
    query = [(name, value) for name, value in more.items() if value]
    query += [(name, "1") for name, on in (("seats", room_filter.seats), ("step_free", room_filter.step_free)) if on]
    query += [("needs", need) for need in room_filter.needs]
    query += [("room", code) for code in room_filter.rooms]
    query += [("free", "1")] if room_filter.free_now else []
    return f"/calendar?{urlencode(query)}"


@dataclass(frozen=True, slots=True)
class Lanes:
    """A day: one axis, the rooms in their groups."""

    axis: Axis
    now_minute: int | None
    groups: list[RoomGroup]
    rooms: int
    bookings: int
    duties: int

    @property
    def shape(self) -> str:
        return shape([self.axis], self.groups)


async def _lanes(context: PageContext, day: date, room_filter: CalendarFilter, part: UsedPart) -> Lanes:
    axis = axis_for(context, part.days, day)
    rows = await rows_of(context, part.days, axis, room_filter)
    return Lanes(
        axis=axis,
        now_minute=axis.now(context.now),
        groups=groups_of(context, rows),
        rooms=len(rows),
        bookings=sum(len(row.day.bookings) for row in rows),
        duties=sum(len(row.day.duties) for row in rows),
    )


@dataclass(frozen=True, slots=True)
class WeekCell:
    """One room on one day of a week. ``busy`` counts minutes."""

    axis: Axis
    bands: list[Band]
    busy: int
    is_open: bool
    hidden: bool


@dataclass(frozen=True, slots=True)
class Week:
    """A week: the days that are worked or used, and a cell for each room and day."""

    axes: list[Axis]
    groups: list[RoomGroup]
    cells: dict[int, list[WeekCell]]
    rooms: int
    bookings: int
    duties: int

    @property
    def days(self) -> list[date]:
        return [axis.day for axis in self.axes]

    @property
    def shape(self) -> str:
        return shape(self.axes, self.groups)


async def _week(context: PageContext, day: date, room_filter: CalendarFilter, part: UsedPart) -> Week:
    monday = monday_of(day)
    axes = _axes(context, part.days, monday)
    rows = await rows_of(context, part.days, axes[0], room_filter)
    return Week(
        axes=axes,
        groups=groups_of(context, rows),
        cells={row.room.id: [_cell(row.day, axis, context) for axis in axes] for row in rows},
        rooms=len(rows),
        bookings=sum(len(row.day.bookings) for row in rows),
        duties=sum(len(row.day.duties) for row in rows),
    )


def _axes(context: PageContext, room_days: list[RoomDay], monday: date) -> list[Axis]:
    """The same hours for every day of the week, so that one looks down a column; the weekend only when it is used."""
    spans = spans_of(room_days)
    used = [(booking.starts_at, booking.ends_at) for day in room_days for booking in day.bookings]
    days = []
    for offset in range(7):
        day = monday + timedelta(days=offset)
        begins, ends = local_instant(day, 0, context.zone), local_instant(day, 24 * 60, context.zone)
        if offset < WORKDAYS or any(start < ends and end > begins for start, end in used):
            days.append(day)
    each = [axis_of(day, context.zone, spans) for day in days]
    opens = min(axis.opens for axis in each)
    closes = max(min(24, axis.opens + axis.columns) for axis in each)
    return [axis_between(day, context.zone, opens, closes) for day in days]


def _cell(day: RoomDay, axis: Axis, context: PageContext) -> WeekCell:
    begins, ends = local_instant(axis.day, 0, context.zone), local_instant(axis.day, 24 * 60, context.zone)
    return WeekCell(
        axis=axis,
        bands=[
            band
            for band in bands(day, axis, context.viewer, context.person.login, context.now)
            if band.kind not in ("shut", "buffer")
        ],
        busy=busy_minutes(day, begins, ends),
        is_open=any(opens < ends and closes > begins for opens, closes in day.open),
        hidden=day.times_hidden,
    )


@dataclass(frozen=True, slots=True)
class CalendarView:
    """A way to show the calendar: which days of a day that is asked for, as what, and the days to go on to."""

    name: str
    span: Callable[[date], tuple[date, int]]
    board: Callable[[PageContext, date, CalendarFilter, UsedPart], Awaitable[Lanes | Week | Month]]
    neighbours: Callable[[date], tuple[date, date]]


def _by(days: int) -> Callable[[date], tuple[date, date]]:
    return lambda day: (day - timedelta(days=days), day + timedelta(days=days))


VIEWS = {
    "day": CalendarView("day", lambda day: (day, 1), _lanes, _by(1)),
    "week": CalendarView("week", lambda day: (monday_of(day), 7), _week, _by(7)),
    "month": CalendarView("month", month_span, month_of, neighbours),
}
