"""From a room's day to bands on a track. Pure: instants in, minutes of an axis out.

An axis counts real hours from a whole local hour on, so that a day of 23 or 25 hours has as many columns. On every
other day its minutes are those of the clock.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from registry.bookings.days import RoomDay
from registry.bookings.models import Kind, Status
from registry.bookings.projections import BusySpan, FullBooking, MeetingSpan, Viewer, VisibleBooking
from registry.bookings.rules import may_change
from registry.rooms.hours import local_instant
from registry.rooms.models import HELP_POINT

Span = tuple[datetime, datetime]
OPENS, CLOSES = 7, 17
HOUR = timedelta(hours=1)
BRIEF = 45  # minutes
OPEN_TO_CHANGE = (Status.TENTATIVE, Status.CONFIRMED, Status.CHECKED_IN)


@dataclass(frozen=True, slots=True)
class Axis:
    """The hours that a band shows: ``columns`` real hours from the instant ``since``, which is ``opens`` o'clock."""

    day: date
    zone: ZoneInfo
    opens: int
    columns: int
    since: datetime

    @property
    def until(self) -> datetime:
        return self.since + self.columns * HOUR

    @property
    def labels(self) -> list[int]:
        """The hour of the clock at the head of each column: 1 and 3 beside each other in spring, 2 twice in autumn."""
        return [(self.since + column * HOUR).astimezone(self.zone).hour for column in range(self.columns)]

    def minute(self, moment: datetime) -> int:
        """Where an instant stands, in minutes; held within the axis."""
        within = min(max(moment, self.since), self.until)
        return self.opens * 60 + round((within - self.since).total_seconds() / 60)

    def instant(self, minute: int) -> datetime:
        """The instant that stands at a minute of the axis."""
        return self.since + timedelta(minutes=minute - self.opens * 60)

    def now(self, moment: datetime) -> int | None:
        """Where the line of now stands; None when it is not on this axis."""
        return self.minute(moment) if self.since <= moment < self.until else None


def axis_of(day: date, zone: ZoneInfo, spans: Iterable[Span] = ()) -> Axis:
    """The axis of a local day: 7 to 17, and wider where a span begins or ends outside. Spans over the whole day do not
    count: a band that is full everywhere needs no room.
    """
    midnight, next_midnight = local_instant(day, 0, zone), local_instant(day, 24 * 60, zone)
    first, last = local_instant(day, OPENS * 60, zone), local_instant(day, CLOSES * 60, zone)
    for starts_at, ends_at in spans:
        if starts_at >= next_midnight or ends_at <= midnight or starts_at <= midnight and ends_at >= next_midnight:
            continue
        first = min(first, max(starts_at, midnight))
        last = max(last, min(ends_at, next_midnight))
    opens = first.astimezone(zone).hour
    # zones change by whole or half hours: counted from midnight in real hours, a column always begins a real hour
    since = midnight + (first - midnight) // HOUR * HOUR
    return Axis(day, zone, opens, max(1, -((since - last) // HOUR)), since)


def axis_between(day: date, zone: ZoneInfo, opens: int, closes: int) -> Axis:
    """The axis of a local day from one full hour of the clock to another, 24 for the midnight at its end."""
    since, until = local_instant(day, opens * 60, zone), local_instant(day, closes * 60, zone)
    return Axis(day, zone, opens, max(1, -((since - until) // HOUR)), since)


def spans_of(days: Sequence[RoomDay]) -> list[Span]:
    """Everything that an axis should hold: bookings with their buffers, duties, opening hours."""
    spans: list[Span] = []
    for day in days:
        spans += [span for span in day.open if span[1] - span[0] < timedelta(hours=23)]
        spans += [(duty["starts_at"], duty["ends_at"]) for duty in day.duties]
        spans += [_blocked(booking) for booking in day.bookings]
    return spans


def _blocked(booking: VisibleBooking) -> Span:
    if isinstance(booking, FullBooking):
        ends = booking.blocked_to, booking.ends_at, booking.planned_ends_at
        return min(booking.blocked_from, booking.starts_at), max(ends)
    return booking.starts_at, booking.ends_at


@dataclass(frozen=True, slots=True)
class Band:
    """One band of a track. ``start`` and ``end`` are minutes of the axis, the instants are the true ones. ``spare`` is
    how much of the axis behind a booking nobody else's words want.
    """

    kind: str
    start: int
    end: int
    starts_at: datetime
    ends_at: datetime
    booking: VisibleBooking | None = None
    duty: dict[str, Any] | None = None
    mine: bool = False
    movable: bool = False
    spare: int = 0

    @property
    def is_brief(self) -> bool:
        """Whether it is too narrow for words on most screens."""
        return self.end - self.start <= BRIEF


def bands(day: RoomDay, axis: Axis, viewer: Viewer, login: str, now: datetime) -> list[Band]:
    """What one room's track shows, the broad and pale first, so that bookings lie on top and are read in order."""
    layers = [*_shut(day, axis), *_duties(day, axis)]
    since, until = axis.since, axis.until
    for place, booking in enumerate(day.bookings):
        begins, ends = _blocked(booking)
        if ends <= since or begins >= until:
            continue  # of another day of the same week
        following = day.bookings[place + 1].starts_at if place + 1 < len(day.bookings) else None
        layers += _booking(day, booking, following, axis, viewer, login, now)
    return _with_spare(layers, axis)


def _with_spare(layers: list[Band], axis: Axis) -> list[Band]:
    end = axis.opens * 60 + axis.columns * 60
    for place in range(len(layers) - 1, -1, -1):
        band = layers[place]
        if band.booking is not None:
            layers[place] = replace(band, spare=max(0, end - band.end))
            end = band.start
    return layers


def _band(kind: str, starts_at: datetime, ends_at: datetime, axis: Axis, **more: Any) -> list[Band]:
    if ends_at <= axis.since or starts_at >= axis.until or ends_at <= starts_at:
        return []
    return [Band(kind, axis.minute(starts_at), axis.minute(ends_at), starts_at, ends_at, **more)]


def _shut(day: RoomDay, axis: Axis) -> list[Band]:
    if day.times_hidden:
        return []
    layers, at = [], axis.since
    for opens, closes in day.open:
        layers += _band("shut", at, min(opens, axis.until), axis)
        at = max(at, closes)
    return [*layers, *_band("shut", at, axis.until, axis)]


def _duties(day: RoomDay, axis: Axis) -> list[Band]:
    return [band for duty in day.duties for band in _band("duty", duty["starts_at"], duty["ends_at"], axis, duty=duty)]


def _booking(
    day: RoomDay,
    booking: VisibleBooking,
    following: datetime | None,
    axis: Axis,
    viewer: Viewer,
    login: str,
    now: datetime,
) -> list[Band]:
    kind = kind_of(booking, day)
    if isinstance(booking, BusySpan | MeetingSpan):
        return _band(kind, booking.starts_at, booking.ends_at, axis, booking=booking)
    mine = is_mine(booking, login)
    movable = may_move(booking, viewer, login, now)
    layers = _band("buffer", booking.blocked_from, booking.starts_at, axis)
    # what was given back stays to be seen, as far as nobody took it
    back = min(booking.planned_ends_at, following) if following else booking.planned_ends_at
    if kind == "released":
        layers += _band("released", booking.starts_at, max(back, booking.ends_at), axis, booking=booking, mine=mine)
        return layers
    layers += _band(kind, booking.starts_at, booking.ends_at, axis, booking=booking, mine=mine, movable=movable)
    if booking.released_at:
        return [*layers, *_band("released", booking.ends_at, back, axis, booking=booking, mine=mine)]
    return [*layers, *_band("buffer", booking.ends_at, booking.blocked_to, axis)]


def kind_of(booking: VisibleBooking, day: RoomDay) -> str:
    """Which kind of band a booking is, as far as its reader sees it."""
    if isinstance(booking, BusySpan):
        return "confidential"
    if booking.status == Status.RELEASED:
        return "released"
    if booking.kind == Kind.BLOCK:
        return "block"
    if booking.status == Status.TENTATIVE:
        return "tentative"
    return "confidential" if day.room.visibility in HELP_POINT else "booking"


def is_mine(booking: VisibleBooking, login: str) -> bool:
    return isinstance(booking, FullBooking) and booking.organizer is not None and booking.organizer == login


def may_move(booking: VisibleBooking, viewer: Viewer, login: str, now: datetime) -> bool:
    """Whether this reader may change a booking now."""
    if not isinstance(booking, FullBooking) or booking.ends_at <= now or booking.status not in OPEN_TO_CHANGE:
        return False
    return may_change(viewer, viewer.person_id if is_mine(booking, login) else None, None, Kind(booking.kind))


def busy_minutes(day: RoomDay, since: datetime, until: datetime) -> int:
    """How many minutes of [since, until) are booked."""
    total = timedelta(0)
    for booking in day.bookings:
        total += max(timedelta(0), min(booking.ends_at, until) - max(booking.starts_at, since))
    return round(total.total_seconds() / 60)
