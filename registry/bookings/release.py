"""What time and the sensors do to a booking: check it in, warn, calm, release, end. Unknown never releases one."""

from dataclasses import replace
from datetime import datetime, timedelta

from registry.bookings.models import Booking, Status
from registry.bookings.projections import as_entry
from registry.bookings.state import Slot, Step
from registry.core import history
from registry.devices.occupancy import OccupancyFold
from registry.rooms.models import Room


async def take_step(step: Step, room: Room, fold: OccupancyFold, now: datetime) -> Slot:
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
