"""What the sensors of a room prove about who is inside. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from registry.devices.models import Device
from registry.rooms.models import Occupancy

FRESH_AT_LEAST = timedelta(minutes=90)

FRESH_HEARTBEATS = 3

EMPTY_BATTERY = 5

# CO₂ and door contacts prove nothing about people
PROVES_PEOPLE = frozenset({"pir", "mmwave", "counter"})
# what went in less what went out is 0 too when somebody was missed: it never proves that nobody is there
SEES_PEOPLE = PROVES_PEOPLE | {"passage"}
COUNTS = frozenset({"counter", "passage"})
SHARPNESS = {"passage": 0, "pir": 1, "mmwave": 2, "counter": 2}

# a meeting is shorter; and how long one sensor may see somebody where another one, past its hold, sees nobody
STUCK_AFTER = timedelta(hours=6)
CONTRADICTED_AFTER = timedelta(minutes=5)

DOUBTS = frozenset({"stuck", "contradicted"})

# how far a word may lie ahead of a clock that is set back a little
CLOCK_SLACK = timedelta(minutes=2)

# of a counter that once told less than nobody: its 0 is wrong until somebody says anew what it counts
DRIFT = "drift"
GONE = frozenset({"left", "renamed"})

HOLD_SECONDS = {"pir": 15 * 60, "mmwave": 5 * 60, "counter": 3 * 60, "passage": 3 * 60}


def patience(heartbeat: timedelta) -> timedelta:
    """How long a device that speaks at least every ``heartbeat`` may be quiet before it counts as silent."""
    return max(FRESH_AT_LEAST, FRESH_HEARTBEATS * heartbeat)


@dataclass(frozen=True, slots=True)
class Reading:
    """One device's words, from one or many messages. None says nothing.

    ``live`` is False for what the broker or a bridge had kept: it never confirms anything. ``was_positive`` says that
    somebody was seen between the last reading and this value, ``gap`` that what the device had said was taken back:
    with ``occupied`` it has said something new since, without it nothing is known of what it sees. ``at`` is when it
    arrived.
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
    gap: bool = False


# what a sensor says of a room
PRESENCE = ("occupied", "people", "confirmed_at", "changed_at", "positive_at")
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
    """A room's occupancy with its evidence; ``look_at`` is when silence alone would change it.

    ``vacant_since`` is the last sign of anybody, ``vacant_at`` when every hold was over after it: the room is vacant
    from then on. ``positive_at`` is when somebody was last seen by a sensor that is not doubted: now, if one sees them.
    """

    occupancy: Occupancy
    vacant_since: datetime | None = None
    positive_at: datetime | None = None
    look_at: datetime | None = None
    evidence: tuple[dict[str, Any], ...] = field(default=())
    vacant_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Verdict:
    """``doubt`` says why a positive may be none: "stuck" or "contradicted"; it keeps a room, and checks nobody in."""

    says: str  # positive, negative, unknown
    reason: str
    since: datetime | None = None
    look_at: datetime | None = None
    doubt: str = ""


def room_occupancy(sensors: Sequence[Sensor], now: datetime, watching_since: datetime | None) -> OccupancyFold:
    """Occupied, vacant or unknown. Any fresh positive means occupied; vacant needs every sensor that can see people
    fresh, healthy and negative past its hold; anything else is unknown (docs/explanation/occupancy.md).
    """
    judged = [
        (sensor, verdict) for sensor, verdict in verdicts(sensors, now, watching_since) if _speaks(sensor, verdict)
    ]
    evidence = tuple(_evidence(sensor, verdict) for sensor, verdict in judged)
    look_at = min((verdict.look_at for _, verdict in judged if verdict.look_at), default=None)
    positive_at = max((at for sensor, verdict in judged if (at := _seen_at(sensor, verdict, now))), default=None)
    if any(verdict.says == "positive" for _, verdict in judged):
        return OccupancyFold(Occupancy.OCCUPIED, None, positive_at, look_at, evidence)
    if judged and all(verdict.says == "negative" for _, verdict in judged):
        since = max(verdict.since for _, verdict in judged if verdict.since)
        vacant_at = max(verdict.since + sensor.hold for sensor, verdict in judged if verdict.since)
        return OccupancyFold(Occupancy.VACANT, since, positive_at, look_at, evidence, vacant_at)
    return OccupancyFold(Occupancy.UNKNOWN, None, positive_at, look_at, evidence)


def verdicts(sensors: Sequence[Sensor], now: datetime, watching_since: datetime | None) -> list[tuple[Sensor, Verdict]]:
    """What each sensor of a room that can see people proves now, and which of them another one contradicts."""
    able = [sensor for sensor in sensors if sensor.sensing in SEES_PEOPLE]
    judged = [(sensor, verdict(sensor, now, watching_since)) for sensor in able]
    noes = [sensor for sensor, verdict in judged if verdict.says == "negative"]
    return [(sensor, _doubted(sensor, verdict, noes, now)) for sensor, verdict in judged]


def _doubted(sensor: Sensor, judgement: Verdict, noes: Sequence[Sensor], now: datetime) -> Verdict:
    """A sensor that goes on seeing somebody where one that sees at least as well has long seen nobody. That movement
    is not seen of people who sit still contradicts nothing.
    """
    if judgement.reason != "sees_somebody" or judgement.since is None:
        return judgement
    if not any(SHARPNESS[other.sensing] >= SHARPNESS[sensor.sensing] for other in noes):
        return judgement
    contradicted_at = judgement.since + CONTRADICTED_AFTER
    if now >= contradicted_at:
        return replace(judgement, reason="contradicted", doubt="contradicted")
    return replace(judgement, look_at=min(contradicted_at, judgement.look_at or contradicted_at))


def _speaks(sensor: Sensor, judgement: Verdict) -> bool:
    """Whether a sensor has a say in its room now: one that counts passages only while it says that somebody is there"""
    return sensor.sensing in PROVES_PEOPLE or judgement.says == "positive"


def _seen_at(sensor: Sensor, judgement: Verdict, now: datetime) -> datetime | None:
    if judgement.doubt or _untrusted(sensor):
        return None
    if judgement.reason == "sees_somebody":
        return now
    # a sign in the future is one of a clock that was wrong
    return sensor.positive_at if sensor.positive_at and sensor.positive_at <= now else None


def verdict(sensor: Sensor, now: datetime, watching_since: datetime | None) -> Verdict:
    """What one sensor proves now."""
    unhealthy = _untrusted(sensor)
    if unhealthy:
        return Verdict("unknown", unhealthy)
    if watching_since is None:
        return Verdict("unknown", "not_listening")
    if sensor.confirmed_at is None or sensor.confirmed_at < watching_since or sensor.occupied is None:
        return Verdict("unknown", "no_reading")
    if sensor.confirmed_at > now + CLOCK_SLACK:
        return Verdict("unknown", "clock", None, sensor.confirmed_at - CLOCK_SLACK)
    stale_at = sensor.confirmed_at + patience(sensor.heartbeat)
    if now >= stale_at:
        return Verdict("unknown", "stale", sensor.confirmed_at)
    if sensor.occupied:
        return _positive(sensor, now, stale_at)
    if sensor.sensing not in PROVES_PEOPLE:
        return Verdict("unknown", "passages", sensor.changed_at, stale_at)
    if sensor.distrust == DRIFT:
        return Verdict("unknown", DRIFT, sensor.changed_at, stale_at)
    return _quiet(sensor, now, watching_since, stale_at)


def _positive(sensor: Sensor, now: datetime, stale_at: datetime) -> Verdict:
    stuck_at = sensor.changed_at + STUCK_AFTER if sensor.changed_at else None
    if stuck_at and now >= stuck_at:
        return Verdict("positive", "stuck", sensor.changed_at, stale_at, "stuck")
    return Verdict("positive", "sees_somebody", sensor.changed_at, min(stale_at, stuck_at or stale_at))


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

    What it did not see while it was offline, silent, not to be trusted or said itself that it does not know is not
    known: with its first word after that its hold begins anew, whatever it had said before.
    """
    was_believed = is_believed(sensor_of(device), reading.at, watching_since)
    if was_believed and device.occupied and reading.live and reading.occupied is False and not reading.gap:
        device.positive_at = reading.at  # until now
    for name in ("battery", "online"):
        if getattr(reading, name) is not None:
            setattr(device, name, getattr(reading, name))
    if reading.distrust is not None and device.distrust != DRIFT:
        # -1 is how many others say that they do not know
        is_other = reading.distrust == DRIFT and device.sensing not in COUNTS
        device.distrust = device.distrust if is_other else reading.distrust
    if reading.gap:
        device.occupied = device.people = None
        device.changed_at = reading.at
        if reading.was_positive:
            device.positive_at = reading.at
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
    if _untrusted(sensor) or sensor.confirmed_at is None or sensor.occupied is None or watching_since is None:
        return False
    return watching_since <= sensor.confirmed_at and now < sensor.confirmed_at + patience(sensor.heartbeat)


def _untrusted(sensor: Sensor) -> str:
    if not sensor.enabled:
        return "disabled"
    if sensor.distrust in GONE:
        return sensor.distrust
    if sensor.online is False:
        return "offline"
    if sensor.battery is not None and sensor.battery <= EMPTY_BATTERY:
        return "battery"
    return "" if sensor.distrust == DRIFT else sensor.distrust


def _evidence(sensor: Sensor, judgement: Verdict) -> dict[str, Any]:
    return {
        "sensor": sensor.code,
        "says": judgement.says,
        "reason": judgement.reason,
        "since": judgement.since.isoformat() if judgement.since else None,
        "confirmed_at": sensor.confirmed_at.isoformat() if sensor.confirmed_at else None,
    }
