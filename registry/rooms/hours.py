"""When a room is open: its week, the days that differ from it, in the clock of its place."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

DAY_MINUTES = 24 * 60
FRIDAY = 4


@dataclass(frozen=True, slots=True)
class Span:
    """A weekday's opening (0 = Monday), in minutes of the local day, within the dates it is valid for."""

    weekday: int
    opens: int
    closes: int
    valid_from: date | None = None
    valid_to: date | None = None

    @property
    def is_dated(self) -> bool:
        """Whether it belongs to a period, and not to every week."""
        return self.valid_from is not None or self.valid_to is not None

    def covers(self, day: date) -> bool:
        """Whether a day is within its dates, whatever its weekday."""
        return (self.valid_from is None or self.valid_from <= day) and (self.valid_to is None or day <= self.valid_to)


@dataclass(frozen=True, slots=True)
class Hours:
    """A room's week, the days that differ from it, and its zone. Without spans it is always open."""

    zone: ZoneInfo
    spans: tuple[Span, ...] = ()
    closed_on: frozenset[date] = frozenset()
    open_on: frozenset[date] = frozenset()


def spans_on(spans: Iterable[Span], day: date, weekday: int | None = None) -> list[Span]:
    """What of a week counts on a day: a period with dates goes before the week without, also on a weekday on which it
    opens nothing. ``weekday`` of another day that this one is like.
    """
    covering = [span for span in spans if span.covers(day)]
    dated = [span for span in covering if span.is_dated]
    number = day.weekday() if weekday is None else weekday
    return [span for span in dated or covering if span.weekday == number]


def local_instant(day: date, minute: int, zone: ZoneInfo) -> datetime:
    """The UTC instant of a local wall time; in a gap the clock that was, in a fold the first of the two."""
    extra, minute = divmod(minute, DAY_MINUTES)
    wall = datetime.combine(day + timedelta(days=extra), time(minute // 60, minute % 60), zone)
    return wall.astimezone(UTC)


def opening_spans(hours: Hours, day: date) -> list[tuple[datetime, datetime]]:
    """The UTC instants between which a room is open on a local day, in order."""
    return list(_opening_spans(hours, day))


@lru_cache(maxsize=4096)
def _opening_spans(hours: Hours, day: date) -> list[tuple[datetime, datetime]]:
    if not hours.spans:
        return [(local_instant(day, 0, hours.zone), local_instant(day, DAY_MINUTES, hours.zone))]
    if day in hours.closed_on:
        return []
    week = spans_on(hours.spans, day)
    if not week and day in hours.open_on:
        week = spans_on(hours.spans, day, FRIDAY)  # a swapped Saturday is worked like a Friday
    return sorted(
        (local_instant(day, span.opens, hours.zone), local_instant(day, span.closes, hours.zone)) for span in week
    )


def open_span_at(hours: Hours, now: datetime) -> tuple[datetime, datetime] | None:
    """The opening that holds ``now``, joined with those that touch it; None when closed."""
    today = now.astimezone(hours.zone).date()
    around: list[tuple[datetime, datetime]] = []
    for offset in (-1, 0, 1):
        for opens, closes in _opening_spans(hours, today + timedelta(days=offset)):
            if around and around[-1][1] >= opens:
                around[-1] = (around[-1][0], max(closes, around[-1][1]))
            else:
                around.append((opens, closes))
    return next(((opens, closes) for opens, closes in around if opens <= now < closes), None)


def next_opening(hours: Hours, now: datetime, days: int = 21) -> datetime | None:
    """When a closed room opens again, None if not within ``days``."""
    today = now.astimezone(hours.zone).date()
    for offset in range(days):
        for opens, _ in opening_spans(hours, today + timedelta(days=offset)):
            if opens > now:
                return opens
    return None


def is_open_throughout(hours: Hours, starts_at: datetime, ends_at: datetime) -> bool:
    """Whether the room is open from the first instant to the last without a break."""
    at = starts_at
    while at < ends_at:
        span = open_span_at(hours, at)
        if span is None:
            return False
        at = span[1]
    return True
