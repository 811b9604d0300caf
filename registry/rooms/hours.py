"""When a room is open, and what its sensors prove about who is inside."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from registry.rooms.models import Occupancy

DAY_MINUTES = 24 * 60
FRESH_AT_LEAST = timedelta(minutes=90)
FRESH_HEARTBEATS = 3
EMPTY_BATTERY = 5
# CO₂ and door contacts prove nothing about people
PROVES_PEOPLE = frozenset({"pir", "mmwave", "counter"})
HOLD_SECONDS = {"pir": 15 * 60, "mmwave": 5 * 60, "counter": 3 * 60}


@dataclass(frozen=True, slots=True)
class Span:
    """A weekday's opening (0 = Monday), in minutes of the local day, within the dates it is valid for."""

    weekday: int
    opens: int
    closes: int
    valid_from: date | None = None
    valid_to: date | None = None

    def holds_on(self, day: date) -> bool:
        return (
            self.weekday == day.weekday()
            and (self.valid_from is None or self.valid_from <= day)
            and (self.valid_to is None or day <= self.valid_to)
        )


@dataclass(frozen=True, slots=True)
class Hours:
    """A room's week, the days that differ from it, and its zone. Without spans it is always open."""

    zone: ZoneInfo
    spans: tuple[Span, ...] = ()
    closed_on: frozenset[date] = frozenset()
    open_on: frozenset[date] = frozenset()


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
    week = [span for span in hours.spans if span.holds_on(day)]
    if not week and day in hours.open_on:
        # a swapped Saturday is worked like a Friday
        week = [span for span in hours.spans if span.weekday == 4]
    return sorted(
        (local_instant(day, span.opens, hours.zone), local_instant(day, span.closes, hours.zone)) for span in week
    )


def open_span_at(hours: Hours, now: datetime) -> tuple[datetime, datetime] | None:
    """The opening that holds ``now``, joined with those that touch it; None when closed."""
    today = now.astimezone(hours.zone).date()
    around: list[tuple[datetime, datetime]] = []
    for offset in (-1, 0, 1):
        for opens, closes in opening_spans(hours, today + timedelta(days=offset)):
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


def patience(heartbeat: timedelta) -> timedelta:
    """How long a device that speaks at least every ``heartbeat`` may be quiet before it counts as silent."""
    return max(FRESH_AT_LEAST, FRESH_HEARTBEATS * heartbeat)


@dataclass(frozen=True, slots=True)
class Sensor:
    """What one sensor last said, and what is known about its health."""

    code: str
    sensing: str
    hold: timedelta
    heartbeat: timedelta
    enabled: bool = True
    occupied: bool | None = None
    confirmed_at: datetime | None = None
    changed_at: datetime | None = None
    positive_at: datetime | None = None
    online: bool | None = None
    battery: int | None = None
    distrust: str = ""


@dataclass(frozen=True, slots=True)
class OccupancyFold:
    """A room's occupancy with its evidence; ``look_at`` is when silence alone would change it."""

    occupancy: Occupancy
    vacant_since: datetime | None = None
    positive_at: datetime | None = None
    look_at: datetime | None = None
    evidence: tuple[dict[str, Any], ...] = field(default=())


@dataclass(frozen=True, slots=True)
class Verdict:
    says: str  # positive, negative, unknown
    reason: str
    since: datetime | None = None
    look_at: datetime | None = None


def room_occupancy(sensors: Sequence[Sensor], now: datetime, watching_since: datetime | None) -> OccupancyFold:
    """Occupied, vacant or unknown. Any fresh positive means occupied; vacant needs every sensor that can see people
    fresh, healthy and negative past its hold; anything else is unknown (docs/explanation/occupancy.md).
    """
    able = [sensor for sensor in sensors if sensor.sensing in PROVES_PEOPLE]
    verdicts = [verdict(sensor, now, watching_since) for sensor in able]
    evidence = tuple(_told(sensor, said) for sensor, said in zip(able, verdicts, strict=True))
    look_at = min((said.look_at for said in verdicts if said.look_at), default=None)
    positives = [sensor.positive_at for sensor in able if sensor.positive_at and not _untrusted(sensor)]
    positive_at = max(positives, default=None)
    if any(said.says == "positive" for said in verdicts):
        return OccupancyFold(Occupancy.OCCUPIED, None, positive_at, look_at, evidence)
    if verdicts and all(said.says == "negative" for said in verdicts):
        since = max(said.since for said in verdicts if said.since)
        return OccupancyFold(Occupancy.VACANT, since, positive_at, look_at, evidence)
    return OccupancyFold(Occupancy.UNKNOWN, None, positive_at, look_at, evidence)


def verdict(sensor: Sensor, now: datetime, watching_since: datetime | None) -> Verdict:
    """What one sensor proves now."""
    unhealthy = _untrusted(sensor)
    if unhealthy:
        return Verdict("unknown", unhealthy)
    if watching_since is None:
        return Verdict("unknown", "not_listening")
    if sensor.confirmed_at is None or sensor.confirmed_at < watching_since or sensor.occupied is None:
        return Verdict("unknown", "no_reading")
    stale_at = sensor.confirmed_at + patience(sensor.heartbeat)
    if now >= stale_at:
        return Verdict("unknown", "stale", sensor.confirmed_at)
    if sensor.occupied:
        return Verdict("positive", "sees_somebody", sensor.changed_at, stale_at)
    return _quiet(sensor, now, watching_since, stale_at)


def _quiet(sensor: Sensor, now: datetime, watching_since: datetime, stale_at: datetime) -> Verdict:
    quiet_since = max(watching_since, sensor.changed_at or watching_since, sensor.positive_at or watching_since)
    held_until = quiet_since + sensor.hold
    if now >= held_until:
        return Verdict("negative", "sees_nobody", quiet_since, stale_at)
    # no motion for less than the hold is somebody sitting still, if anybody was seen just before it
    if sensor.positive_at and sensor.positive_at >= watching_since and now < sensor.positive_at + sensor.hold:
        # after a gap what it sees is quiet for longer than somebody is held
        return Verdict("positive", "held", sensor.positive_at, min(sensor.positive_at + sensor.hold, stale_at))
    return Verdict("unknown", "not_long_enough", quiet_since, min(held_until, stale_at))


def is_believed(sensor: Sensor, now: datetime, watching_since: datetime | None) -> bool:
    """Whether what a sensor last said still counts: healthy, not silent for too long, and said while we listened."""
    if _untrusted(sensor) or sensor.confirmed_at is None or watching_since is None:
        return False
    return watching_since <= sensor.confirmed_at and now < sensor.confirmed_at + patience(sensor.heartbeat)


def _untrusted(sensor: Sensor) -> str:
    if not sensor.enabled:
        return "disabled"
    if sensor.online is False:
        return "offline"
    if sensor.battery is not None and sensor.battery <= EMPTY_BATTERY:
        return "battery"
    return sensor.distrust


def _told(sensor: Sensor, said: Verdict) -> dict[str, Any]:
    return {
        "sensor": sensor.code,
        "says": said.says,
        "reason": said.reason,
        "since": said.since.isoformat() if said.since else None,
        "confirmed_at": sensor.confirmed_at.isoformat() if sensor.confirmed_at else None,
    }
