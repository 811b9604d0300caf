"""What a room's bookings are called for a context, and when the room is free next. Only projections come in here."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from registry.bookings.days import RoomDay
from registry.bookings.models import Status
from registry.bookings.projections import BusySpan, FullBooking, VisibleBooking
from registry.rooms.hours import Hours
from registry.rooms.queries import week
from web.bookings.words import BookingWords
from web.kit.page_context import PageContext
from web.kit.timeline import Axis, Band, bands
from web.kit.words import N_

Span = tuple[datetime, datetime]


@dataclass(frozen=True, slots=True)
class PlanSlot:
    """One band of a track with the context's words on it."""

    kind: str
    start: int
    end: int
    title: str = ""
    text: str = ""
    href: str = ""
    mine: bool = False


def note_of(booking: VisibleBooking, context: PageContext) -> str:
    """Who holds a booking, how many come, and whether it stands yet, as far as this reader may know it."""
    if isinstance(booking, BusySpan):
        return ""
    waits = context.say(N_("waits for approval")) if booking.status == Status.TENTATIVE else ""
    if not isinstance(booking, FullBooking):
        return " · ".join(part for part in (booking.institution or "", waits) if part)
    people = context.words.people(booking.attendees) if booking.attendees else ""
    return " · ".join(part for part in (booking.organizer_name or booking.institution or "", people, waits) if part)


def href_of(booking: VisibleBooking | None) -> str:
    """The page of a booking that the reader may open."""
    return f"/bookings/{booking.id}" if isinstance(booking, FullBooking) else ""


def plan(day: RoomDay, axis: Axis, context: PageContext) -> list[PlanSlot]:
    """The plan of a day: what is shut, duties below, bookings with their set-up and clean-up, what was given back."""
    return [_slot(band, context) for band in bands(day, axis, context.viewer, context.person.login, context.now)]


def _slot(band: Band, context: PageContext) -> PlanSlot:
    words, booking = BookingWords.of(context.words), band.booking
    title, text = "", ""
    if band.duty:
        title, text = band.duty["name"], band.duty["languages"].replace(",", ", ")
    elif band.kind == "released" and isinstance(booking, FullBooking) and booking.released_at:
        title = context.say(N_("Released %(time)s")) % {"time": context.fmt.time(booking.released_at)}
        text = words.title(booking)
    elif booking:
        title, text = words.title(booking), note_of(booking, context)
    return PlanSlot(band.kind, band.start, band.end, title, text, href_of(booking), band.mine)


def next_free(opening: Sequence[Span], busy: Iterable[Span], now: datetime, least: timedelta) -> Span | None:
    """The first stretch of at least ``least`` from ``now`` on that is open and not taken; None if there is none."""
    bookings = sorted(busy)
    for opens, closes in opening:
        at = max(opens, now)
        for start, end in bookings:
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


def blocked_span(booking: VisibleBooking) -> Span:
    """What a booking takes of its room, as far as the context may know it."""
    if isinstance(booking, FullBooking):
        return booking.blocked_from, booking.blocked_to
    return booking.starts_at, booking.ends_at


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
