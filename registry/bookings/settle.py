"""What is done to a room that the caller has locked: look, derive, advance its bookings, say when to look again."""

from copy import copy
from dataclasses import replace
from datetime import datetime, timedelta

from registry.bookings.models import Booking, Status
from registry.bookings.projections import as_entry
from registry.bookings.room_snapshot import AHEAD, RoomSnapshot, keep, kept, load
from registry.bookings.state import Slot, Step, next_change, steps
from registry.core import history
from registry.core.statements import Fields, write
from registry.devices.occupancy import OccupancyFold
from registry.rooms.lock import RoomChange
from registry.rooms.models import Room


async def snapshot_under_lock(room: Room, now: datetime) -> RoomSnapshot:
    """The snapshot of a room that the caller has just locked. The lock bumped the revision, so what is kept of the one
    before it is still what the database holds.
    """
    snapshot = kept(room.id, room.revision - 1, now)
    return snapshot.at_revision(room) if snapshot else await load(room, now)


async def settle(change: RoomChange, room: Room, now: datetime) -> None:
    """Fold the occupancy, do what is due to the bookings, store when to look again. The room is locked, and what else
    changed in the caller's transaction is in the database.
    """
    await write(await settled(change, room, await load(room, now), now))


async def settled(change: RoomChange, room: Room, snapshot: RoomSnapshot, now: datetime) -> Fields:
    """:func:`settle` from a snapshot that holds what changed; what it stores of the room is left to the caller."""
    fold, slots = snapshot.fold(now), snapshot.slots
    for step in steps(snapshot.facts, slots, fold, now):
        fresh = await _take(step, room, fold, now)
        slots = [fresh if slot.id == fresh.id else slot for slot in slots]
    if room.occupancy != fold.occupancy or room.occupancy_since is None:
        room.occupancy_since = now
    room.occupancy, room.vacant_since = fold.occupancy, fold.vacant_since
    room.occupancy_evidence = list(fold.evidence)
    room.next_change_at = next_change(snapshot.facts, slots, fold, snapshot.hours, now)
    facts = replace(
        snapshot.facts, occupancy=room.occupancy, occupancy_since=room.occupancy_since, revision=room.revision
    )
    after = replace(snapshot, room=copy(room), facts=facts, slots=slots)
    change.afterwards(lambda: keep(after))
    return Fields(room, SETTLED)


SETTLED = ("occupancy", "occupancy_since", "vacant_since", "occupancy_evidence", "next_change_at")


async def _take(step: Step, room: Room, fold: OccupancyFold, now: datetime) -> Slot:
    booking = await Booking.get(id=step.slot.id)
    before = as_entry(booking)
    fields, action = _ACTS[step.act](booking, room, now)
    if step.act in ("release", "vacate"):
        booking.evidence = {
            "vacant_since": fold.vacant_since and fold.vacant_since.isoformat(),
            "sensors": list(fold.evidence),
        }
        fields = [*fields, "evidence"]
    booking.revision += 1
    await booking.save(update_fields=[*fields, "revision"])
    if action:
        after = {**as_entry(booking), "evidence": booking.evidence} if booking.evidence else as_entry(booking)
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


async def look_no_later_than(change: RoomChange, room: Room, slot: Slot, now: datetime) -> None:
    """Bring the room's next look forward for a new booking that is still far away. What is kept of the room stays
    good: it only learns the booking.
    """
    snapshot = kept(room.id, room.revision - 1, now)
    if slot.starts_at >= now + AHEAD:
        change.mark_far(room.id)
    if snapshot:
        is_near = slot.starts_at < snapshot.loaded_at + AHEAD
        fresh = snapshot.at_revision(copy(room), [*snapshot.slots, slot] if is_near else None)
        change.afterwards(lambda: keep(fresh))
    at = slot.starts_at - timedelta(minutes=15)
    if room.next_change_at is None or at < room.next_change_at:
        await Room.filter(id=room.id).update(next_change_at=max(at, now))
