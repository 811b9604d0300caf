"""What time, the sensors and a change of a booking do to a locked room: its bookings are checked in, warned, released
and ended, and it is said when to look again. Unknown never releases one.

Whether anybody can see a difference is decided here, by what was last told of the room.
"""

from copy import copy
from dataclasses import replace
from datetime import datetime, timedelta

from registry.bookings.models import NOT_HOLDING, Booking, Status
from registry.bookings.notices import tell_organizer
from registry.bookings.projections import as_entry
from registry.bookings.room_snapshot import DerivedState, RoomSnapshot, keep, load, recall, slot_of
from registry.bookings.slot_rows import AHEAD
from registry.bookings.state import SOON, Slot, Step, appearance, next_change, room_state, steps
from registry.core import history
from registry.core.statements import Fields, write
from registry.devices.occupancy import OccupancyFold, room_occupancy
from registry.rooms.lock import RoomChange
from registry.rooms.models import Room

SETTLED = ("occupancy", "occupancy_since", "vacant_since", "occupancy_evidence", "next_change_at", "appearance",
           "revision", "plan_revision")  # fmt: skip


async def settle(
    change: RoomChange, room: Room, snapshot: RoomSnapshot, now: datetime, is_touched: bool = False
) -> Fields:
    """Fold the occupancy of a locked room, do what is due to its bookings, and say when to look again. The snapshot
    holds what changed; what is to be stored of the room is returned. Everybody is told if the caller touched a booking
    or the room looks different from what was last told.
    """
    fold, slots = room_occupancy(snapshot.sensors, now, snapshot.watching_since), snapshot.slots
    due = steps(snapshot.facts, slots, fold, now)
    for step in due:
        fresh = await _take(change, step, room, fold, now)
        slots = [fresh if slot.id == fresh.id else slot for slot in slots]
    slots = [slot for slot in slots if slot.status not in NOT_HOLDING]
    if room.occupancy != fold.occupancy or room.occupancy_since is None:
        room.occupancy_since = now
    room.occupancy, room.vacant_since = fold.occupancy, fold.vacant_since
    room.occupancy_evidence = list(fold.evidence)
    facts = replace(snapshot.facts, occupancy=room.occupancy, occupancy_since=room.occupancy_since)
    until = room.next_change_at = next_change(facts, slots, fold, snapshot.hours, now)
    state = room_state(facts, slots, fold, snapshot.hours, now)
    looks = appearance(state, fold)
    if due or is_touched or looks != room.appearance:
        change.announce(room)
        room.appearance = looks
        if due or is_touched:
            room.plan_revision = room.revision
        facts, state = replace(facts, revision=room.revision), replace(state, revision=room.revision)
    else:
        change.keep_quiet(room)
    after = replace(snapshot, room=copy(room), facts=facts, slots=slots)
    change.afterwards(lambda: keep(after, DerivedState(after, state, until)))
    return Fields(room, SETTLED)


async def settle_touched(change: RoomChange, room: Room, now: datetime) -> None:
    """:func:`settle` after a booking of the locked room was stored."""
    await write(await settle(change, room, await load(room, now), now, is_touched=True))


async def take_in(change: RoomChange, room: Room, booking: Booking, now: datetime) -> None:
    """A booking was just stored in the room, whose revision grew with its lock. One that is far away only brings the
    next look forward.
    """
    is_near, is_soon = booking.starts_at < now + AHEAD, booking.starts_at - SOON <= now
    snapshot = recall(room.id, room.version - 1, now) or (await load(room, now) if is_soon else None)
    if snapshot and is_near:
        slots = [slot for slot in snapshot.slots if slot.id != booking.id] + [slot_of(booking, room.visibility)]
        snapshot = replace(snapshot, slots=sorted(slots, key=lambda slot: slot.starts_at))
        await write(await settle(change, room, snapshot, now, is_touched=True))
        return
    change.announce(room, is_near=is_near)
    former = room.next_change_at
    room.next_change_at = min(max(booking.starts_at - SOON, now), former or booking.starts_at)
    if snapshot:
        after = replace(snapshot, room=copy(room), facts=replace(snapshot.facts, revision=room.revision))
        change.afterwards(lambda: keep(after))
    if room.next_change_at != former:
        await write(Fields(room, ("next_change_at",)))


async def _take(change: RoomChange, step: Step, room: Room, fold: OccupancyFold, now: datetime) -> Slot:
    """Do it to the booking of the locked room, with its history. Returns the booking as it is then."""
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
    if step.act in ("release", "vacate", "lapse"):
        await tell_organizer(change, booking, room, action, history.SYSTEM, now)
    return replace(
        step.slot,
        status=booking.status,
        ends_at=booking.ends_at,
        checked_in_at=booking.checked_in_at,
        warned_at=booking.warned_at,
        blocked_to=booking.blocked_to,
        released_at=booking.released_at,
        release_reason=booking.release_reason,
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


def _resume(booking: Booking, room: Room, now: datetime) -> tuple[list[str], str]:
    booking.status = Status.CHECKED_IN if booking.checked_in_at else Status.CONFIRMED
    return ["status"], "resumed"


def _lapse(booking: Booking, room: Room, now: datetime) -> tuple[list[str], str]:
    booking.status = Status.REJECTED
    return ["status"], "lapsed"


_ACTS = {
    "check_in": _check_in,
    "warn": _warn,
    "calm": _calm,
    "release": _release,
    "vacate": _vacate,
    "finish": _finish,
    "resume": _resume,
    "lapse": _lapse,
}


def truncate(booking: Booking, now: datetime, cleanup: timedelta) -> None:
    """End a started booking now, keep the record of what was planned, and give the rest back."""
    booking.ends_at = max(now, booking.starts_at + timedelta(seconds=1))
    booking.blocked_to = min(booking.blocked_to, booking.ends_at + cleanup)
