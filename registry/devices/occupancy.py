"""What the sensors of a room prove about who is inside. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from registry.devices.models import Device
from registry.rooms.models import Occupancy

FRESH_AT_LEAST = timedelta(minutes=90)

FRESH_HEARTBEATS = 3

EMPTY_BATTERY = 5

# CO₂ and door contacts prove nothing about people
PROVES_PEOPLE = frozenset({"pir", "mmwave", "counter"})

HOLD_SECONDS = {"pir": 15 * 60, "mmwave": 5 * 60, "counter": 3 * 60}


def patience(heartbeat: timedelta) -> timedelta:
    """How long a device that speaks at least every ``heartbeat`` may be quiet before it counts as silent."""
    return max(FRESH_AT_LEAST, FRESH_HEARTBEATS * heartbeat)


@dataclass(frozen=True, slots=True)
class Reading:
    """One device's words, from one or many messages. None says nothing.

    ``live`` is False for what the broker had kept: it never confirms anything. ``was_positive`` says that somebody was
    seen between the last reading and this value. ``at`` is when it arrived.
    """

    device_id: int
    at: datetime
    occupied: bool | None = None
    people: int | None = None
    battery: int | None = None
    online: bool | None = None
    distrust: str | None = None
    was_positive: bool = False
    live: bool = True


# what a reading may change of its device's row
FOLDED = (
    "occupied", "people", "confirmed_at", "changed_at", "positive_at", "heard_at", "online", "battery", "distrust",
)  # fmt: skip


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


def sensor_of(device: Device) -> Sensor:
    """A device's row as its room's occupancy needs it."""
    return Sensor(
        code=device.code,
        sensing=device.sensing,
        hold=timedelta(seconds=device.hold_seconds),
        heartbeat=timedelta(seconds=device.heartbeat_seconds),
        enabled=device.enabled,
        occupied=device.occupied,
        confirmed_at=device.confirmed_at,
        changed_at=device.changed_at,
        positive_at=device.positive_at,
        online=device.online,
        battery=device.battery,
        distrust=device.distrust,
    )


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
    evidence = tuple(_evidence(sensor, judgement) for sensor, judgement in zip(able, verdicts, strict=True))
    look_at = min((judgement.look_at for judgement in verdicts if judgement.look_at), default=None)
    positives = [sensor.positive_at for sensor in able if sensor.positive_at and not _untrusted(sensor)]
    positive_at = max(positives, default=None)
    if any(judgement.says == "positive" for judgement in verdicts):
        return OccupancyFold(Occupancy.OCCUPIED, None, positive_at, look_at, evidence)
    if verdicts and all(judgement.says == "negative" for judgement in verdicts):
        since = max(judgement.since for judgement in verdicts if judgement.since)
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


def fold(device: Device, reading: Reading, watching_since: datetime | None = None) -> None:
    """A device's row after its words. Only a live message confirms a value; what the broker had kept tells no more than
    its health and whether it is online.

    What it did not see while it was offline, silent or not to be trusted is not known: with its first word after that
    its hold begins anew, whatever it had said before.
    """
    was_believed = is_believed(sensor_of(device), reading.at, watching_since)
    if was_believed and device.occupied and reading.live and reading.occupied is False:
        device.positive_at = reading.at  # until now
    for name in ("battery", "distrust", "online"):
        if getattr(reading, name) is not None:
            setattr(device, name, getattr(reading, name))
    if reading.live:
        device.heard_at = reading.at
        if reading.people is not None:
            device.people = reading.people
        if reading.occupied is not None:
            device.online = True if reading.online is None else reading.online
            if device.occupied is not reading.occupied:
                device.changed_at = reading.at
            if reading.occupied or reading.was_positive:
                device.positive_at = reading.at
            device.occupied, device.confirmed_at = reading.occupied, reading.at
    if not was_believed and is_believed(sensor_of(device), reading.at, watching_since):
        device.changed_at = reading.at


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


def _evidence(sensor: Sensor, judgement: Verdict) -> dict[str, Any]:
    return {
        "sensor": sensor.code,
        "says": judgement.says,
        "reason": judgement.reason,
        "since": judgement.since.isoformat() if judgement.since else None,
        "confirmed_at": sensor.confirmed_at.isoformat() if sensor.confirmed_at else None,
    }
