"""From a room's day to bands on a track. Pure: instants in, minutes of an axis out.

An axis counts real hours from a whole local hour on, so that a day of 23 or 25 hours has as many columns. On every
other day its minutes are those of the clock.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from registry.bookings.models import Kind, Status
from registry.bookings.projections import BusySpan, FullBooking, MeetingSpan, Viewer, VisibleBooking
from registry.bookings.queries import RoomDay
from registry.bookings.rules import may_change
from registry.rooms.hours import local_instant
from registry.rooms.models import HELP_POINT

Span = tuple[datetime, datetime]
OPENS, CLOSES = 7, 17
HOUR = timedelta(hours=1)
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
        held = min(max(moment, self.since), self.until)
        return self.opens * 60 + round((held - self.since).total_seconds() / 60)

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
    found: list[Span] = []
    for one in days:
        found += [span for span in one.open if span[1] - span[0] < timedelta(hours=23)]
        found += [(duty["starts_at"], duty["ends_at"]) for duty in one.duties]
        for seen in one.bookings:
            found.append(_blocked(seen))
    return found


def _blocked(seen: VisibleBooking) -> Span:
    if isinstance(seen, FullBooking):
        return min(seen.blocked_from, seen.starts_at), max(seen.blocked_to, seen.ends_at, seen.planned_ends_at)
    return seen.starts_at, seen.ends_at


@dataclass(frozen=True, slots=True)
class Band:
    """One band of a track. ``start`` and ``end`` are minutes of the axis, the instants are the true ones."""

    kind: str
    start: int
    end: int
    starts_at: datetime
    ends_at: datetime
    seen: VisibleBooking | None = None
    duty: dict[str, Any] | None = None
    mine: bool = False
    movable: bool = False


def bands(one: RoomDay, axis: Axis, viewer: Viewer, login: str, now: datetime) -> list[Band]:
    """What one room's track shows, the broad and pale first, so that bookings lie on top and are read in order."""
    found = [*_shut(one, axis), *_duties(one, axis)]
    for place, seen in enumerate(one.bookings):
        following = one.bookings[place + 1].starts_at if place + 1 < len(one.bookings) else None
        found += _booking(one, seen, following, axis, viewer, login, now)
    return found


def _band(kind: str, starts_at: datetime, ends_at: datetime, axis: Axis, **more: Any) -> list[Band]:
    if ends_at <= axis.since or starts_at >= axis.until or ends_at <= starts_at:
        return []
    return [Band(kind, axis.minute(starts_at), axis.minute(ends_at), starts_at, ends_at, **more)]


def _shut(one: RoomDay, axis: Axis) -> list[Band]:
    if one.times_hidden:
        return []
    found, at = [], axis.since
    for opens, closes in one.open:
        found += _band("shut", at, min(opens, axis.until), axis)
        at = max(at, closes)
    return [*found, *_band("shut", at, axis.until, axis)]


def _duties(one: RoomDay, axis: Axis) -> list[Band]:
    return [band for duty in one.duties for band in _band("duty", duty["starts_at"], duty["ends_at"], axis, duty=duty)]


def _booking(
    one: RoomDay,
    seen: VisibleBooking,
    following: datetime | None,
    axis: Axis,
    viewer: Viewer,
    login: str,
    now: datetime,
) -> list[Band]:
    kind = kind_of(seen, one)
    if isinstance(seen, BusySpan | MeetingSpan):
        return _band(kind, seen.starts_at, seen.ends_at, axis, seen=seen)
    mine = is_mine(seen, login)
    movable = may_move(seen, viewer, login, now)
    found = _band("buffer", seen.blocked_from, seen.starts_at, axis)
    # what was given back stays to be seen, as far as nobody took it
    back = min(seen.planned_ends_at, following) if following else seen.planned_ends_at
    if kind == "released":
        found += _band("released", seen.starts_at, max(back, seen.ends_at), axis, seen=seen, mine=mine)
        return found
    found += _band(kind, seen.starts_at, seen.ends_at, axis, seen=seen, mine=mine, movable=movable)
    if seen.release_reason:
        return [*found, *_band("released", seen.ends_at, back, axis, seen=seen, mine=mine)]
    return [*found, *_band("buffer", seen.ends_at, seen.blocked_to, axis)]


def kind_of(seen: VisibleBooking, one: RoomDay) -> str:
    """Which kind of band a booking is, as far as its reader sees it."""
    if isinstance(seen, BusySpan):
        return "confidential"
    if seen.status == Status.RELEASED:
        return "released"
    if seen.kind == Kind.BLOCK:
        return "block"
    if seen.status == Status.TENTATIVE:
        return "tentative"
    return "confidential" if one.room.visibility in HELP_POINT else "booking"


def is_mine(seen: VisibleBooking, login: str) -> bool:
    return isinstance(seen, FullBooking) and seen.organizer is not None and seen.organizer == login


def may_move(seen: VisibleBooking, viewer: Viewer, login: str, now: datetime) -> bool:
    """Whether this reader may change a booking now."""
    if not isinstance(seen, FullBooking) or seen.ends_at <= now or seen.status not in OPEN_TO_CHANGE:
        return False
    return may_change(viewer, viewer.person_id if is_mine(seen, login) else None, None, Kind(seen.kind))


def busy_minutes(one: RoomDay, since: datetime, until: datetime) -> int:
    """How many minutes of [since, until) are booked."""
    total = timedelta(0)
    for seen in one.bookings:
        total += max(timedelta(0), min(seen.ends_at, until) - max(seen.starts_at, since))
    return round(total.total_seconds() / 60)
