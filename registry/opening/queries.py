"""What is asked about opening hours: the weeks, the days of a site, and which bookings a change shuts out."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import lru_cache
from heapq import nsmallest
from types import MappingProxyType
from zoneinfo import ZoneInfo

import holidays
from tortoise.functions import Count
from tortoise.queryset import QuerySet

from registry.bookings.models import Booking, Kind
from registry.bookings.projections import COLUMNS, BookingRow, Viewer, VisibleBooking, project
from registry.bookings.rules import LONGEST_MEETING
from registry.bookings.state import HELD
from registry.bookings.walk import in_parts
from registry.core.aside import aside
from registry.core.history import HistoryEntry, entries_of
from registry.opening.rules import NewProfile, SiteDay, day_of_site, year_days
from registry.rooms.hours import Hours, Span, is_open_throughout
from registry.rooms.models import CalendarDay, OpeningProfile, OpeningSpan, Room, Site
from registry.rooms.queries import hours_from, hours_of_rooms, opening_by_code, with_houses

PART = 2000  # bookings that are looked at in one step
SHOWN = 200
YEARS = range(2000, 2100)
HISTORY_LIMIT = 30


@dataclass(frozen=True, slots=True)
class Profile:
    """A week of opening hours with its spans, and how many rooms have it."""

    id: int
    code: str
    name: str
    closed_on_holidays: bool
    revision: int
    spans: tuple[Span, ...]
    rooms: int


async def profiles() -> list[Profile]:
    """All weeks, by code."""
    rows = await OpeningProfile.all().order_by("code").prefetch_related("spans")
    counts = dict(
        await Room.filter(opening_id__not_isnull=True)
        .annotate(number=Count("id"))
        .group_by("opening_id")
        .values_list("opening_id", "number")
    )
    return [_profile(row, counts.get(row.id, 0)) for row in rows]


async def profile_by_code(code: str) -> Profile:
    """A week with its spans. Raises NotFound("opening.unknown")."""
    row = await opening_by_code(code)
    await row.fetch_related("spans")
    return _profile(row, await Room.filter(opening_id=row.id).count())


def _profile(row: OpeningProfile, rooms: int) -> Profile:
    spans = sorted(row.spans, key=lambda span: (span.valid_from or date.min, span.weekday, span.opens))
    return Profile(row.id, row.code, row.name, row.closed_on_holidays, row.revision, tuple(map(span_of, spans)), rooms)


def span_of(row: OpeningSpan) -> Span:
    """A stored span as the hours know it."""
    return Span(row.weekday, row.opens, row.closes, row.valid_from, row.valid_to)


async def history_of(profile_id: int) -> list[HistoryEntry]:
    """What happened to a week, the newest first."""
    return await entries_of(f"opening:{profile_id}", HISTORY_LIMIT)


async def rooms_with(profile_id: int) -> list[Room]:
    """The rooms that have a week, by code, with their site."""
    return await with_houses(Room.filter(opening_id=profile_id).order_by("code"))


async def rooms_of_site(site_id: int) -> list[Room]:
    """The rooms of a site, by code, with their site."""
    return await with_houses(Room.filter(building__site_id=site_id).order_by("code"))


def holiday_names(year: int, language: str) -> dict[date, str]:
    """Poland's days off by law in a year, as they are called in Polish or English."""
    return dict(holidays.country_holidays("PL", years=year, language="pl" if language == "pl" else "en_US"))


@lru_cache(maxsize=64)
def _kept_names(year: int, language: str) -> Mapping[date, str]:
    return MappingProxyType(holiday_names(year, language))


async def named_days(site_ids: Collection[int], first: date, last: date, language: str) -> dict[date, str]:
    """Why the days from ``first`` to ``last`` differ from the week: the days off by law, and the sites' own."""
    names = {
        day: name
        for year in range(first.year, last.year + 1)
        for day, name in _kept_names(year, language).items()
        if first <= day <= last
    }
    rows = CalendarDay.filter(site_id__in=list(site_ids), day__gte=first, day__lte=last).order_by("day", "site_id")
    own: dict[date, dict[str, None]] = {}
    for day, name in await rows.values_list("day", "name") if site_ids else ():
        own.setdefault(day, {})[name] = None
    return names | {day: ", ".join(its_names) for day, its_names in own.items()}


async def site_year(site_id: int, year: int, language: str) -> list[SiteDay]:
    """Every day of a site's year."""
    rows = CalendarDay.filter(site_id=site_id, day__gte=date(year, 1, 1), day__lte=date(year, 12, 31))
    days = {day: (is_open, name) for day, is_open, name in await rows.values_list("day", "is_open", "name")}
    return year_days(year, holiday_names(year, language), days)


async def site_day(site_id: int, day: date, language: str) -> SiteDay:
    """One day of a site."""
    row = await CalendarDay.get_or_none(site_id=site_id, day=day)
    days = {day: (row.is_open, row.name)} if row else {}
    return day_of_site(day, holiday_names(day.year, language), days)


@dataclass(frozen=True, slots=True)
class ShutOut:
    """The bookings that other hours shut out, as far as their reader sees them, the first SHOWN; and how many there
    are.
    """

    bookings: Sequence[tuple[VisibleBooking, Room]]
    total: int


async def shut_out_by_profile(profile: Profile, new: NewProfile, viewer: Viewer, now: datetime) -> ShutOut:
    """Which bookings fit the week as it is and not as it would be."""
    rooms = await rooms_with(profile.id)
    days = await _days_of_sites({room.building.site_id for room in rooms})
    after = {
        room.id: hours_from(
            ZoneInfo(room.building.site.timezone),
            new.spans,
            new.closed_on_holidays,
            days.get(room.building.site_id, {}),
        )
        for room in rooms
    }
    return await _shut_out(rooms, after, viewer, now, None)


async def shut_out_by_day(site: Site, day: date, is_open: bool | None, viewer: Viewer, now: datetime) -> ShutOut:
    """Which bookings of a day fit it as it is and not as it would be; ``is_open`` None is as the week has it."""
    rooms = [room for room in await rooms_of_site(site.id) if room.opening_id is not None]
    days = dict((await _days_of_sites({site.id})).get(site.id, {}))
    if is_open is None:
        days.pop(day, None)
    else:
        days[day] = is_open
    weeks = await _weeks({room.opening_id for room in rooms if room.opening_id})
    zone = ZoneInfo(site.timezone)
    after = {room.id: hours_from(zone, *weeks[room.opening_id], days) for room in rooms if room.opening_id}
    return await _shut_out(rooms, after, viewer, now, day)


async def _days_of_sites(site_ids: set[int]) -> dict[int, dict[date, bool]]:
    days: dict[int, dict[date, bool]] = {}
    rows = CalendarDay.filter(site_id__in=list(site_ids)) if site_ids else None
    for site_id, day, is_open in await rows.values_list("site_id", "day", "is_open") if rows else ():
        days.setdefault(site_id, {})[day] = is_open
    return days


async def _weeks(ids: set[int]) -> dict[int, tuple[tuple[Span, ...], bool]]:
    rows = await OpeningProfile.filter(id__in=list(ids)).prefetch_related("spans") if ids else []
    return {row.id: (tuple(map(span_of, row.spans)), row.closed_on_holidays) for row in rows}


async def _shut_out(
    rooms: Sequence[Room], after: Mapping[int, Hours], viewer: Viewer, now: datetime, day: date | None
) -> ShutOut:
    by_id = {room.id: room for room in rooms}
    if not by_id:
        return ShutOut([], 0)
    before = await hours_of_rooms(rooms)
    since = now
    statuses = [str(status) for status in HELD]
    query = Booking.filter(status__in=statuses).exclude(kind=Kind.BLOCK)
    if day is not None:
        midnight = datetime.combine(day, datetime.min.time(), next(iter(before.values())).zone)
        since = max(now, midnight - LONGEST_MEETING)
        query = query.filter(starts_at__lt=midnight + timedelta(days=1, hours=2))
    first: list[BookingRow] = []
    total = 0
    async for rows in in_parts(query.filter(starts_at__gte=since), by_id, PART, _rows):
        out = await aside(_outside, rows, before, after)
        total += len(out)
        first = nsmallest(SHOWN, [*first, *out], key=lambda row: (row.starts_at, str(row.id)))
    visible = [
        (booking, by_id[row.room_id])
        for row in first
        if (booking := project(row, by_id[row.room_id].code, by_id[row.room_id].visibility, viewer))
    ]
    return ShutOut(visible, total)


async def _rows(bookings: QuerySet[Booking]) -> list[BookingRow]:
    return [BookingRow._make(row) for row in await bookings.values_list(*COLUMNS)]


def _outside(rows: Sequence[BookingRow], before: Mapping[int, Hours], after: Mapping[int, Hours]) -> list[BookingRow]:
    return [
        row
        for row in rows
        if is_open_throughout(before[row.room_id], row.starts_at, row.ends_at)
        and not is_open_throughout(after[row.room_id], row.starts_at, row.ends_at)
    ]
