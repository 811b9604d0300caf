"""Changing a booking's words, span or room."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from registry.bookings.actions import BookingRequest, offer_help, viewer_of
from registry.bookings.models import Booking, Kind, Status
from registry.bookings.queries import booking_by_id, room_id_of
from registry.bookings.rules import Asked, BookingRoom, blocked, may_change, reasons, wrong_state
from registry.bookings.settle import booking_room, refuse_overlap, settle, told
from registry.bookings.state import CHECK_IN_EARLY
from registry.core import history
from registry.core.errors import Conflict, Forbidden, Refusal
from registry.core.history import Actor
from registry.core.transaction import Change, changing
from registry.people.models import Person

# a running booking keeps its start, so the rule against the past does not apply to it
STARTED = frozenset({"booking.too_early"})


@dataclass(frozen=True, slots=True)
class Changes:
    """What should be different; None stays as it is."""

    room: str | None = None
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    title: str | None = None
    kind: Kind | None = None
    attendees: int | None = None
    needs: tuple[str, ...] | None = None


async def change(
    booking_id: UUID, changes: Changes, by: Person, actor: Actor, now: datetime, if_revision: int | None = None
) -> Booking:
    """Apply the changes, all rules checked anew. Raises Conflict("request.stale") when ``if_revision`` is not the
    booking's, Conflict("booking.overlap") with conflicts and alternatives when the new span is taken.
    """
    found = await booking_by_id(booking_id)
    target = await room_id_of(changes.room) if changes.room else found.room_id
    try:
        async with changing(found.room_id, target) as locked:
            booking = await Booking.get(id=booking_id)
            if booking.room_id != found.room_id:  # moved while this waited for its room
                raise Conflict("request.stale", revision=booking.revision)
            _check(booking, by, now, if_revision)
            before = told(booking)
            await _apply(locked, booking, target, changes, by, now)
            booking.revision += 1
            await booking.save()
            await history.write(f"booking:{booking.id}", "changed", actor, now, before=before, after=told(booking))
            for room in locked.rooms.values():
                await settle(locked, room, now)
            return booking
    except Conflict as refusal:
        if refusal.code == "booking.overlap":
            await offer_help(refusal, target, _wish(found, changes), by, now)
        raise


def _check(booking: Booking, by: Person, now: datetime, if_revision: int | None) -> None:
    if not may_change(viewer_of(by), booking.organizer_id, booking.institution_id, booking.kind):
        raise Forbidden("booking.not_yours")
    if if_revision is not None and if_revision != booking.revision:
        raise Conflict("request.stale", revision=booking.revision)
    if booking.status not in (Status.TENTATIVE, Status.CONFIRMED, Status.CHECKED_IN) or booking.ends_at <= now:
        raise wrong_state(booking.status)


def _wish(booking: Booking, changes: Changes) -> BookingRequest:
    return BookingRequest(
        room=changes.room or "",
        starts_at=changes.starts_at or booking.starts_at,
        ends_at=changes.ends_at or booking.ends_at,
        attendees=changes.attendees or booking.attendees,
    )


async def _apply(locked: Change, booking: Booking, target: int, changes: Changes, by: Person, now: datetime) -> None:
    room = locked.rooms[target]
    rules = await booking_room(room)
    asked = Asked(
        starts_at=changes.starts_at or booking.starts_at,
        ends_at=changes.ends_at or booking.ends_at,
        title=booking.title if changes.title is None else changes.title.strip(),
        kind=changes.kind or booking.kind,
        attendees=booking.attendees if changes.attendees is None else changes.attendees,
        needs=booking.needs if changes.needs is None else changes.needs,
    )
    for refusal in _reasons(asked, booking, rules, by, now):
        raise refusal
    blocked_from, blocked_to = blocked(asked, rules)
    await refuse_overlap(room, blocked_from, blocked_to, booking.id)
    booking.room_id = target
    booking.starts_at, booking.ends_at, booking.planned_ends_at = asked.starts_at, asked.ends_at, asked.ends_at
    booking.blocked_from, booking.blocked_to = blocked_from, blocked_to
    booking.title, booking.kind = asked.title, asked.kind
    booking.attendees, booking.needs = asked.attendees, list(asked.needs)
    booking.warned_at = None
    if booking.status is Status.CHECKED_IN and asked.starts_at - CHECK_IN_EARLY > now:
        # nobody is there yet: at its new time it wants a check-in like any other
        booking.status, booking.checked_in_at, booking.checked_in_by = Status.CONFIRMED, None, ""


def _reasons(asked: Asked, booking: Booking, rules: BookingRoom, by: Person, now: datetime) -> list[Refusal]:
    found = reasons(asked, rules, viewer_of(by), now)
    has_started = booking.starts_at <= now < asked.ends_at and asked.starts_at == booking.starts_at
    return [refusal for refusal in found if not (has_started and refusal.code in STARTED)]
