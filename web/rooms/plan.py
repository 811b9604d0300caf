"""What a room's bookings are called for a reader, and when the room is free next. Only projections come in here."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from registry.bookings.projections import BusySpan, FullBooking, VisibleBooking
from registry.bookings.queries import RoomDay
from registry.rooms.hours import Hours
from registry.rooms.models import Room
from registry.rooms.queries import week
from web.kit.page_context import Reader
from web.kit.timeline import Axis, Band, bands
from web.kit.words import N_

Span = tuple[datetime, datetime]


@dataclass(frozen=True, slots=True)
class Slot:
    """One band of a track with the reader's words on it."""

    kind: str
    start: int
    end: int
    title: str = ""
    text: str = ""
    href: str = ""
    mine: bool = False


def note_of(seen: VisibleBooking, reader: Reader) -> str:
    """Who holds a booking and how many come, as far as this reader may know it."""
    if isinstance(seen, BusySpan):
        return ""
    if not isinstance(seen, FullBooking):
        return seen.institution or ""
    people = reader.naming.people(seen.attendees) if seen.attendees else ""
    return " · ".join(part for part in (seen.organizer_name or seen.institution or "", people) if part)


def href_of(seen: VisibleBooking | None) -> str:
    """The page of a booking that the reader may open."""
    return f"/bookings/{seen.id}" if isinstance(seen, FullBooking) else ""


def plan(day: RoomDay, axis: Axis, reader: Reader) -> list[Slot]:
    """The plan of a day: what is shut, duties below, bookings with their set-up and clean-up, what was given back."""
    return [_slot(band, day.room, reader) for band in bands(day, axis, reader.viewer, reader.person.login, reader.now)]


def _slot(band: Band, room: Room, reader: Reader) -> Slot:
    title, text = "", ""
    if band.duty:
        title, text = band.duty["name"], band.duty["languages"].replace(",", ", ")
    elif band.seen and band.kind == "released" and isinstance(band.seen, FullBooking) and band.seen.released_at:
        title = reader.say(N_("Released %(time)s")) % {"time": reader.fmt.time(band.seen.released_at)}
        text = reader.naming.title(band.seen, room)
    elif band.seen:
        title, text = reader.naming.title(band.seen, room), note_of(band.seen, reader)
    return Slot(band.kind, band.start, band.end, title, text, href_of(band.seen), band.mine)


def next_free(opening: Sequence[Span], busy: Iterable[Span], now: datetime, least: timedelta) -> Span | None:
    """The first stretch of at least ``least`` from ``now`` on that is open and not taken; None if there is none."""
    taken = sorted(busy)
    for opens, closes in opening:
        at = max(opens, now)
        for start, end in taken:
            if end <= at:
                continue
            if start >= closes:
                break
            if start - at >= least:
                return at, start
            at = max(at, end)
        if closes - at >= least:
            return at, closes
    return None


def blocked_span(seen: VisibleBooking) -> Span:
    """What a booking takes of its room, as far as the reader may know it."""
    if isinstance(seen, FullBooking):
        return seen.blocked_from, seen.blocked_to
    return seen.starts_at, seen.ends_at


@dataclass(frozen=True, slots=True)
class OpenDays:
    """Days in a row that are open at the same times."""

    first: date
    last: date
    spans: list[tuple[int, int]]
    is_today: bool


def opening_week(hours: Hours, today: date) -> list[OpenDays]:
    """This week's opening, equal days in a row put together; today stands out."""
    monday = today - timedelta(days=today.weekday())
    rows: list[OpenDays] = []
    for day, spans in week(hours, monday):
        if rows and rows[-1].spans == spans:
            rows[-1] = OpenDays(rows[-1].first, day, spans, rows[-1].is_today or day == today)
        else:
            rows.append(OpenDays(day, day, spans, day == today))
    return rows
