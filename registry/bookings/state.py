"""What a room is, derived from its bookings, its sensors, its hours and the time. Every screen asks here."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from hashlib import blake2b
from uuid import UUID

import orjson

from registry.bookings.models import Kind, Status
from registry.devices.occupancy import CLOCK_SLACK, OccupancyFold
from registry.rooms.hours import Hours, next_opening, open_span_at
from registry.rooms.models import HELP_POINT, Occupancy, Visibility

SOON = timedelta(minutes=15)
CHECK_IN_EARLY = timedelta(minutes=10)
WARNING = timedelta(minutes=3)
LEAST_RUN = timedelta(minutes=10)
LEAST_LEFT = timedelta(minutes=15)
LONG = timedelta(hours=4)
UNDO = timedelta(minutes=10)
LONGEST_LOOK = timedelta(hours=6)  # a room is looked at this often at the least
HELD = frozenset({Status.TENTATIVE, Status.CONFIRMED, Status.CHECKED_IN})
RUNNING = frozenset({Status.CONFIRMED, Status.CHECKED_IN})


class StateKind(StrEnum):
    FREE = "free"
    SOON = "soon"
    AWAITING_CHECK_IN = "awaiting_check_in"
    IN_USE = "in_use"
    IN_USE_UNBOOKED = "in_use_unbooked"
    CLOSED = "closed"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class RoomFacts:
    """What of a room its state depends on."""

    code: str
    visibility: Visibility
    check_in: bool
    no_show: timedelta | None
    vacant: timedelta | None
    sensed: bool
    ready: bool
    revision: int
    occupancy: Occupancy = Occupancy.UNKNOWN
    occupancy_since: datetime | None = None
    is_closed: bool = False  # for good


@dataclass(frozen=True, slots=True)
class Slot:
    """A booking as far as its room's state and its door go. The title is read for public rooms alone; a block has a
    ``public_text`` for strangers, by language.
    """

    id: UUID
    starts_at: datetime
    ends_at: datetime
    status: Status
    kind: Kind
    blocked_from: datetime
    blocked_to: datetime
    planned_ends_at: datetime
    protected: bool = False
    checked_in_at: datetime | None = None
    warned_at: datetime | None = None
    released_at: datetime | None = None
    release_reason: str = ""
    source: str = ""
    public_text: Mapping[str, str] | None = None
    title: str = ""


@dataclass(frozen=True, slots=True)
class RoomState:
    room: str
    kind: StateKind
    occupancy: Occupancy
    until: datetime | None
    next_starts_at: datetime | None
    check_in_until: datetime | None  # where the booking would then be given up: not while nothing is known
    release_at: datetime | None
    booking_id: UUID | None
    ready: bool
    revision: int
    as_of: datetime
    occupancy_since: datetime | None = None
    is_settling: bool = False
    is_silent: bool = False  # there are sensors, and nothing is known of what they see


def given_back_at(
    status: Status, ends_at: datetime, planned_ends_at: datetime, released_at: datetime | None
) -> datetime | None:
    """When a booking lost the rest of its time, by itself or by a hand, None if it did not: it can be had back for UNDO
    from then on.
    """
    if released_at is None and status is Status.ENDED and ends_at < planned_ends_at:
        return ends_at
    return released_at


def running(slots: Sequence[Slot], now: datetime) -> Slot | None:
    return next((slot for slot in slots if slot.status in RUNNING and slot.starts_at <= now < slot.ends_at), None)


def following(slots: Sequence[Slot], now: datetime) -> Slot | None:
    return min(
        (slot for slot in slots if slot.status in HELD and slot.starts_at > now),
        key=lambda slot: slot.starts_at,
        default=None,
    )


def room_state(room: RoomFacts, slots: Sequence[Slot], fold: OccupancyFold, hours: Hours, now: datetime) -> RoomState:
    """The state of a room at ``now``. ``slots`` are its bookings around now, in any order."""
    current, after = running(slots, now), following(slots, now)
    next_at = after.starts_at if after else None
    kind, until = _kind(room, current, next_at, fold, hours, now)
    awaited = current if kind is StateKind.AWAITING_CHECK_IN else None
    announced = release_at(current.status, current.starts_at, current.warned_at, room.no_show) if current else None
    return RoomState(
        room=room.code,
        kind=kind,
        occupancy=fold.occupancy,
        until=until,
        next_starts_at=next_at,
        check_in_until=announced or release_due(room, awaited, fold) if awaited else None,
        release_at=announced,
        booking_id=current.id if current else None,
        ready=room.ready,
        revision=room.revision,
        as_of=now,
        occupancy_since=room.occupancy_since if room.occupancy is fold.occupancy else None,
        is_settling=_is_settling(fold),
        is_silent=room.sensed and fold.occupancy is Occupancy.UNKNOWN and not _is_settling(fold),
    )


def appearance(state: RoomState, fold: OccupancyFold) -> str:
    """A digest of what can be seen of a room's state and of what its sensors say. Of the bookings beside it and of the
    readiness each change is told by whoever makes it.
    """
    moments = (state.until, state.next_starts_at, state.check_in_until, state.release_at, state.occupancy_since)
    looks = [
        state.kind, state.occupancy, str(state.booking_id), state.is_settling, state.is_silent,
        [at and at.timestamp() for at in moments],
        [[line["sensor"], line["says"], line["reason"]] for line in fold.evidence],
    ]  # fmt: skip
    return blake2b(orjson.dumps(looks), digest_size=16).hexdigest()


def _is_settling(fold: OccupancyFold) -> bool:
    """Whether all sensors speak and see nobody, only not yet for long enough: we have just begun to listen."""
    reasons = {one["reason"] for one in fold.evidence}
    return "not_long_enough" in reasons and reasons <= {"not_long_enough", "sees_nobody"}


def _kind(
    room: RoomFacts, current: Slot | None, next_at: datetime | None, fold: OccupancyFold, hours: Hours, now: datetime
) -> tuple[StateKind, datetime | None]:
    if current:
        if current.kind is Kind.BLOCK:
            return StateKind.CLOSED, current.ends_at
        return (StateKind.AWAITING_CHECK_IN if awaits(room, current, now) else StateKind.IN_USE), current.ends_at
    if room.is_closed:
        return StateKind.CLOSED, None
    if fold.occupancy is Occupancy.OCCUPIED:
        return StateKind.IN_USE_UNBOOKED, None  # nobody knows how long; next_starts_at says who follows
    span = open_span_at(hours, now)
    if span is None:
        opening = next_opening(hours, now)
        return StateKind.CLOSED, min((at for at in (opening, next_at) if at), default=None)
    until = min((at for at in (next_at, span[1] if hours.spans else None) if at), default=None)
    if room.sensed and fold.occupancy is Occupancy.UNKNOWN:
        return StateKind.UNKNOWN, until
    if next_at and next_at - now <= SOON:
        return StateKind.SOON, next_at
    return StateKind.FREE, until


def awaits(room: RoomFacts, slot: Slot, now: datetime) -> bool:
    """Whether a running booking still waits for its people; past its no-show time it is held for them."""
    if not room.check_in or slot.status is not Status.CONFIRMED:
        return False
    return room.no_show is None or now < slot.starts_at + room.no_show or slot.warned_at is not None


@dataclass(frozen=True, slots=True)
class Step:
    """What time or a sensor does to a booking: check_in, warn, calm, release (no-show), vacate, finish, resume, lapse
    (nobody approved it before its start).
    """

    act: str
    slot: Slot


def steps(room: RoomFacts, slots: Sequence[Slot], fold: OccupancyFold, now: datetime) -> list[Step]:
    """What is due for a room's bookings at ``now``. Unknown occupancy never releases anything."""
    due = [Step("finish", slot) for slot in slots if slot.status in RUNNING and slot.ends_at <= now]
    due += [Step("resume", slot) for slot in slots if is_over_too_soon(slot, now)]
    due += [Step("lapse", slot) for slot in slots if slot.status is Status.TENTATIVE and slot.starts_at <= now]
    current = running(slots, now)
    if current and current.kind is not Kind.BLOCK:
        step = _step(room, slots, current, fold, now)
        if step:
            due.append(Step(step, current))
    return due


def is_over_too_soon(slot: Slot, now: datetime) -> bool:
    """Whether a booking is over before its end though nobody ended it: a clock that went ahead has, and was set right
    since. Whoever ends one shortens it.
    """
    is_whole = slot.ends_at == slot.planned_ends_at
    return slot.status is Status.ENDED and is_whole and slot.ends_at > now + CLOCK_SLACK


def has_shown_up(slots: Sequence[Slot], slot: Slot, fold: OccupancyFold) -> bool:
    """Whether what the sensors saw are the people of this running booking: from its start on, or shortly before, if
    nothing else was booked then. Those who leave the meeting before are no check-in.
    """
    seen_at = fold.positive_at
    if seen_at is None or seen_at < slot.starts_at - CHECK_IN_EARLY:
        return False
    return seen_at >= slot.starts_at or not any(
        other.blocked_from <= seen_at < other.blocked_to for other in slots if other.id != slot.id
    )


def _step(room: RoomFacts, slots: Sequence[Slot], slot: Slot, fold: OccupancyFold, now: datetime) -> str | None:
    if slot.status is Status.CONFIRMED and has_shown_up(slots, slot, fold):
        return "check_in"
    at = release_due(room, slot, fold)
    if at is None:
        return "calm" if slot.warned_at else None
    if slot.warned_at is None:
        return "warn" if now >= at - WARNING else None
    if now < max(at, slot.warned_at + WARNING):
        return None
    return "release" if slot.status is Status.CONFIRMED else "vacate"


def release_due(room: RoomFacts, slot: Slot, fold: OccupancyFold) -> datetime | None:
    """When this running booking would be given up, None if never: it needs a vacant room, and an exempt booking,
    a Help Point room or one that is nearly over is left alone.
    """
    if fold.occupancy is not Occupancy.VACANT or fold.vacant_since is None or exempt(room, slot):
        return None
    if slot.status is Status.CONFIRMED:
        return slot.starts_at + room.no_show if room.no_show else None
    if room.vacant is None:
        return None
    # the room is vacant once every hold is over, and only then its own minutes begin
    vacant_at = fold.vacant_at or fold.vacant_since
    if room.occupancy is Occupancy.VACANT and room.occupancy_since:
        vacant_at = max(vacant_at, room.occupancy_since)
    empty_since = max(vacant_at, slot.checked_in_at or slot.starts_at)
    at = max(empty_since + room.vacant, slot.starts_at + LEAST_RUN)
    return at if slot.ends_at - at >= LEAST_LEFT else None


def exempt(room: RoomFacts, slot: Slot) -> bool:
    return (
        slot.protected
        or slot.kind is Kind.BLOCK
        or slot.ends_at - slot.starts_at >= LONG
        or room.visibility in HELP_POINT
    )


def release_at(
    status: Status, starts_at: datetime, warned_at: datetime | None, no_show: timedelta | None
) -> datetime | None:
    """The announced moment at which a warned booking is given up, None if nothing was announced."""
    if warned_at is None:
        return None
    announced = warned_at + WARNING
    return max(starts_at + no_show, announced) if status is Status.CONFIRMED and no_show else announced


def next_change(room: RoomFacts, slots: Sequence[Slot], fold: OccupancyFold, hours: Hours, now: datetime) -> datetime:
    """When to look at a room again: the first instant after ``now`` at which anything could differ."""
    span = open_span_at(hours, now)
    instants = [now + LONGEST_LOOK, fold.look_at, span[1] if span else next_opening(hours, now)]
    for slot in slots:
        if slot.status not in HELD:
            continue
        instants += [slot.starts_at - SOON, slot.starts_at - CHECK_IN_EARLY, slot.starts_at, slot.ends_at]
        if room.no_show:
            instants += [slot.starts_at + room.no_show - WARNING, slot.starts_at + room.no_show]
        due = release_due(room, slot, fold)
        if due:
            instants += [due - WARNING, due]
        if slot.warned_at:
            instants.append(slot.warned_at + WARNING)
    return min(at for at in instants if at and at > now)
