"""What is done to a room that the caller has locked: look, derive, advance its bookings, say when to look again."""

from copy import copy
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from registry.bookings.models import Booking, Status
from registry.bookings.room_snapshot import AHEAD, Inputs, keep, kept, load
from registry.bookings.rules import BookingRoom
from registry.bookings.state import Slot, Step, next_change, steps
from registry.core import history
from registry.core.cache import Kept
from registry.core.columns import column
from registry.core.errors import Conflict
from registry.core.statements import Fields, ask, write
from registry.core.transaction import Change
from registry.devices.occupancy import OccupancyFold
from registry.rooms.models import Room
from registry.rooms.queries import HOURS_SECONDS, hours_of


async def inputs_under_lock(room: Room, now: datetime) -> Inputs:
    """The inputs of a room that the caller has just locked. The lock bumped the revision, so what is kept of the one
    before it is still what the database holds.
    """
    found = kept(room.id, room.revision - 1, now)
    return found.at_revision(room) if found else await load(room, now)


async def settle(change: Change, room: Room, now: datetime) -> None:
    """Fold the occupancy, do what is due to the bookings, store when to look again. The room is locked, and what else
    changed in the caller's transaction is in the database.
    """
    await write(await settled(change, room, await load(room, now), now))


async def settled(change: Change, room: Room, inputs: Inputs, now: datetime) -> Fields:
    """:func:`settle` from these inputs, which hold what changed; what it stores of the room is left to the caller."""
    fold, slots = inputs.fold(now), inputs.slots
    for step in steps(inputs.facts, slots, fold, now):
        fresh = await _take(step, room, fold, now)
        slots = [fresh if slot.id == fresh.id else slot for slot in slots]
    if room.occupancy != fold.occupancy or room.occupancy_since is None:
        room.occupancy_since = now
    room.occupancy, room.vacant_since = fold.occupancy, fold.vacant_since
    room.occupancy_evidence = list(fold.evidence)
    room.next_change_at = next_change(inputs.facts, slots, fold, inputs.hours, now)
    facts = replace(
        inputs.facts, occupancy=room.occupancy, occupancy_since=room.occupancy_since, revision=room.revision
    )
    after = replace(inputs, room=copy(room), facts=facts, slots=slots)
    change.afterwards(lambda: keep(after))
    return Fields(room, SETTLED)


SETTLED = ("occupancy", "occupancy_since", "vacant_since", "occupancy_evidence", "next_change_at")


async def _take(step: Step, room: Room, fold: OccupancyFold, now: datetime) -> Slot:
    booking = await Booking.get(id=step.slot.id)
    before = told(booking)
    fields, action = _ACTS[step.act](booking, room, now)
    if step.act in ("release", "vacate"):
        booking.evidence = {"vacant_since": _iso(fold.vacant_since), "sensors": list(fold.evidence)}
        fields = [*fields, "evidence"]
    booking.revision += 1
    await booking.save(update_fields=[*fields, "revision"])
    if action:
        after = {**told(booking), "evidence": booking.evidence} if booking.evidence else told(booking)
        await history.write(f"booking:{booking.id}", action, history.SYSTEM, now, before=before, after=after)
    return replace(
        step.slot,
        status=booking.status,
        ends_at=booking.ends_at,
        checked_in_at=booking.checked_in_at,
        warned_at=booking.warned_at,
        released_at=booking.released_at,
    )


def _check_in(booking: Booking, room: Room, now: datetime) -> tuple[list[str], str]:
    booking.status, booking.checked_in_at, booking.checked_in_by = Status.CHECKED_IN, now, "sensor"
    booking.warned_at = None
    return ["status", "checked_in_at", "checked_in_by", "warned_at"], "checked_in"


def _warn(booking: Booking, room: Room, now: datetime) -> tuple[list[str], str]:
    booking.warned_at = now
    return ["warned_at"], ""


def _calm(booking: Booking, room: Room, now: datetime) -> tuple[list[str], str]:
    booking.warned_at = None
    return ["warned_at"], ""


def _release(booking: Booking, room: Room, now: datetime) -> tuple[list[str], str]:
    truncate(booking, now, timedelta(0))
    booking.status, booking.released_at, booking.release_reason = Status.RELEASED, now, "no_show"
    return ["status", "released_at", "release_reason", "ends_at", "blocked_to"], "released"


def _vacate(booking: Booking, room: Room, now: datetime) -> tuple[list[str], str]:
    truncate(booking, now, timedelta(minutes=room.cleanup_minutes))
    booking.status, booking.released_at, booking.release_reason = Status.ENDED, now, "vacant"
    return ["status", "released_at", "release_reason", "ends_at", "blocked_to"], "ended_vacant"


def _finish(booking: Booking, room: Room, now: datetime) -> tuple[list[str], str]:
    booking.status = Status.ENDED
    return ["status"], "ended"


_ACTS = {
    "check_in": _check_in,
    "warn": _warn,
    "calm": _calm,
    "release": _release,
    "vacate": _vacate,
    "finish": _finish,
}


def truncate(booking: Booking, now: datetime, cleanup: timedelta) -> None:
    """End a started booking now, keep the record of what was planned, and give the rest back."""
    booking.ends_at = max(now, booking.starts_at + timedelta(seconds=1))
    booking.blocked_to = min(booking.blocked_to, booking.ends_at + cleanup)


def told(booking: Booking) -> dict[str, Any]:
    """What the history keeps of a booking. The class of its room already decided that it holds no client."""
    return {
        "room": booking.room_id,
        "status": booking.status,
        "kind": booking.kind,
        "title": booking.title,
        "attendees": booking.attendees,
        "starts_at": _iso(booking.starts_at),
        "ends_at": _iso(booking.ends_at),
    }


def _iso(at: datetime | None) -> str | None:
    return at.isoformat() if at else None


# written out: this is asked inside every write, and the query builder takes longer than the database
_NEAREST = """SELECT 1 FROM (
    SELECT blocked_from FROM booking
    WHERE room_id = ? AND status NOT IN ('cancelled', 'rejected') AND blocked_to > ? AND id <> ?
    ORDER BY blocked_to LIMIT 1
) AS nearest WHERE blocked_from < ?"""
_NOBODY = UUID(int=0)


async def refuse_overlap(room: Room, blocked_from: datetime, blocked_to: datetime, but: UUID | None = None) -> None:
    """Raises Conflict("booking.overlap"). Bookings of a room never overlap, so the nearest one decides."""
    since, until = (at.astimezone(UTC) for at in (blocked_from, blocked_to))
    if await ask(_NEAREST, [room.id, since, str(but or _NOBODY), until]):
        raise Conflict("booking.overlap", room=room.code, conflicts=[], alternatives=[])


_institutions: Kept[int, frozenset[int]] = Kept(HOURS_SECONDS)


async def _allowed(room: Room) -> frozenset[int]:
    kept = _institutions.get(room.id)
    if kept is None:
        kept = _institutions.put(room.id, frozenset(await column(room.institutions.all(), "id")))
    return kept


async def booking_room(room: Room) -> BookingRoom:
    """What the rules of booking look at, from a fresh row."""
    return BookingRoom(
        code=room.code,
        visibility=room.visibility,
        bookable=room.bookable,
        capacity=room.capacity,
        hours_policy=room.hours_policy,
        setup=timedelta(minutes=room.setup_minutes),
        cleanup=timedelta(minutes=room.cleanup_minutes),
        shortest=timedelta(minutes=room.min_minutes),
        longest=timedelta(hours=room.max_hours),
        furthest=timedelta(days=room.max_days_ahead),
        institutions=await _allowed(room),
        hours=await hours_of(room),
        check_in=room.check_in,
    )


async def look_no_later_than(change: Change, room: Room, slot: Slot, now: datetime) -> None:
    """Bring the room's next look forward for a new booking that is still far away. What is kept of the room stays
    good: it only learns the booking.
    """
    found = kept(room.id, room.revision - 1, now)
    if slot.starts_at >= now + AHEAD:
        change.mark_far(room.id)
    if found:
        near = slot.starts_at < found.loaded_at + AHEAD
        fresh = found.at_revision(copy(room), [*found.slots, slot] if near else None)
        change.afterwards(lambda: keep(fresh))
    at = slot.starts_at - timedelta(minutes=15)
    if room.next_change_at is None or at < room.next_change_at:
        await Room.filter(id=room.id).update(next_change_at=max(at, now))
