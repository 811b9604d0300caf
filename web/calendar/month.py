"""A month of the calendar: each day with its bookings as lines of words, by the hour."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from operator import attrgetter

from registry.bookings.days import RoomDay
from registry.bookings.projections import VisibleBooking
from registry.opening.queries import named_days
from registry.rooms.hours import local_instant
from registry.rooms.models import Room
from web.bookings.words import BookingWords
from web.calendar.room_rows import CalendarFilter, UsedPart, admitted_days
from web.kit.page_context import PageContext
from web.kit.pieces import shape_of
from web.kit.timeline import is_mine, kind_of
from web.kit.words import N_

LINES = 5  # of a day; the rest is counted
WEEK = 7


@dataclass(slots=True)
class DayBooking:
    """One booking on its days; ``rooms`` counts those that one block takes."""

    kind: str
    room: Room
    booking: VisibleBooking
    is_mine: bool
    rooms: int = 1

    @property
    def starts_at(self) -> datetime:
        return self.booking.starts_at

    @property
    def id(self) -> str:
        """Of the page that it leads to; of what its reader may not see whole there is none."""
        return str(getattr(self.booking, "id", ""))


@dataclass(slots=True)
class MonthDay:
    """One day: its lines in order, and what is only counted."""

    day: date
    begins: datetime
    ends: datetime
    lines: list[DayBooking] = field(default_factory=list)
    more: int = 0
    confidential: int = 0
    duties: int = 0
    is_open: bool = False
    name: str = ""

    @property
    def is_weekend(self) -> bool:
        return self.day.isoweekday() > 5


@dataclass(frozen=True, slots=True)
class Month:
    """The weeks of a month, its first and its last filled up with the days of others."""

    first: date
    weeks: list[list[MonthDay]]
    rooms: list[Room]
    bookings: int
    own: int
    duties: int
    next_midnight: datetime
    shape: str


def monday_of(day: date) -> date:
    """The first day of its week."""
    return day - timedelta(days=day.weekday())


def month_span(day: date) -> tuple[date, int]:
    """The first day of a month's first week, and how many days its weeks have together."""
    monday, last = monday_of(day.replace(day=1)), neighbours(day)[1] - timedelta(days=1)
    return monday, (monday_of(last) - monday).days + WEEK


def neighbours(day: date) -> tuple[date, date]:
    """The first days of the months before and after."""
    first = day.replace(day=1)
    return (first - timedelta(days=1)).replace(day=1), (first + timedelta(days=31)).replace(day=1)


async def month_of(context: PageContext, day: date, room_filter: CalendarFilter, part: UsedPart) -> Month:
    """The month of a day, in the office's zone."""
    monday, number = month_span(day)
    room_days = await admitted_days(context, part.days, room_filter)
    edges = [local_instant(monday + timedelta(days=offset), 0, context.zone) for offset in range(number + 1)]
    days = [MonthDay(monday + timedelta(days=place), edges[place], edges[place + 1]) for place in range(number)]
    names = await named_days({one.room.building.site_id for one in room_days}, monday, days[-1].day, context.language)
    words = BookingWords.of(context.words)
    counts = _fill(days, edges, room_days, context.person.login, day.month)
    for one in days:
        one.name = names.get(one.day, "")
        _shorten(one, words, counts_confidential=len(room_days) > 1)
    rooms = [its.room for its in room_days]
    tomorrow = local_instant(context.today + timedelta(days=1), 0, context.zone)
    return Month(
        first=day.replace(day=1),
        weeks=[days[start : start + WEEK] for start in range(0, number, WEEK)],
        rooms=rooms,
        bookings=counts[0],
        own=counts[1],
        duties=counts[2],
        next_midnight=tomorrow,
        shape=shape_of(monday, [room.code for room in rooms], context.today),
    )


def _fill(
    days: Sequence[MonthDay], edges: Sequence[datetime], room_days: Sequence[RoomDay], login: str, month: int
) -> tuple[int, int, int]:
    """Put everything on its days; returns how many bookings, own bookings and duties the month has."""
    bookings = own = duties = 0
    spans = {id(its.open): its.open for its in room_days}  # rooms share them
    for day in _touched(days, edges, (span for some in spans.values() for span in some)):
        day.is_open = True
    for its in room_days:
        for booking in its.bookings:
            line = DayBooking(kind_of(booking, its), its.room, booking, is_mine(booking, login))
            touched = list(_touched(days, edges, [(booking.starts_at, booking.ends_at)]))
            for day in touched:
                day.lines.append(line)
            if any(day.day.month == month for day in touched):
                bookings += 1
                own += line.is_mine
        for duty in its.duties:
            touched = list(_touched(days, edges, [(duty["starts_at"], duty["ends_at"])]))
            for day in touched:
                day.duties += 1
            duties += any(day.day.month == month for day in touched)
    return bookings, own, duties


def _touched(
    days: Sequence[MonthDay], edges: Sequence[datetime], spans: Iterable[tuple[datetime, datetime]]
) -> Iterable[MonthDay]:
    """The days of each span; of an empty one none."""
    for starts_at, ends_at in spans:
        first, last = bisect_right(edges, starts_at) - 1, bisect_left(edges, ends_at)
        yield from days[max(first, 0) : last]


def _shorten(day: MonthDay, words: BookingWords, *, counts_confidential: bool) -> None:
    """Leave as many lines as a day has room for, one's own first of all, in order; count the rest."""
    lines = sorted(day.lines, key=attrgetter("starts_at"))
    if counts_confidential:
        named = [line for line in lines if line.kind != "confidential" or line.is_mine]
        day.confidential, lines = len(lines) - len(named), named
    lines = _with_blocks_once(lines, words)
    if len(lines) > LINES:
        chosen = sorted(lines, key=lambda line: not line.is_mine)[: LINES - 1]
        day.more = len(lines) - len(chosen)
        lines = sorted(chosen, key=attrgetter("starts_at"))
    day.lines = lines


def _with_blocks_once(lines: Sequence[DayBooking], words: BookingWords) -> list[DayBooking]:
    """A block takes many rooms: it is one line for all of them."""
    once: list[DayBooking] = []
    blocks: dict[object, int] = {}
    for line in lines:
        key = line.kind == "block" and (line.starts_at, line.booking.ends_at, words.title(line.booking))
        if key and key in blocks:
            place = blocks[key]
            once[place] = replace(once[place], rooms=once[place].rooms + 1)
            continue
        if key:
            blocks[key] = len(once)
        once.append(line)
    return once


def line_time(line: DayBooking, day: MonthDay, words: BookingWords) -> str:
    """When it begins; on a later day of a long one until when, and on a whole one that."""
    starts_at, ends_at = line.starts_at, line.booking.ends_at
    if starts_at <= day.begins and ends_at >= day.ends:
        return words.say(N_("all day"))
    return words.fmt.time(starts_at) if starts_at >= day.begins else f"–{words.fmt.time(ends_at)}"
