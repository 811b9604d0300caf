"""Answers to bookings that await one: approved, rejected, and an answer taken back. A booking has its time from the
moment it is asked for, so an answer takes nothing from anybody.
"""

from datetime import datetime
from uuid import UUID

from registry.bookings.actions import held_booking, keep_change, refuse_closed, refuse_overlap
from registry.bookings.models import Booking, Status
from registry.bookings.projections import as_entry, seen_as, viewer_of
from registry.bookings.queries import ANSWERS, answer_of, booking_room
from registry.bookings.rules import STATUSES, may_answer, rejection_reasons, wrong_state
from registry.bookings.state import UNDO
from registry.core.errors import Conflict, Forbidden, Refusal, Term
from registry.core.history import Actor, entries_of
from registry.core.idempotency import RequestKey
from registry.people.models import Person
from registry.rooms.models import Room


async def approve(
    booking_id: UUID, by: Person, actor: Actor, now: datetime, request_key: RequestKey | None = None,
    if_revision: int | None = None,
) -> Booking:  # fmt: skip
    """Let a booking that awaits an answer stand. Once: whoever says so again is answered the same, anybody else is told
    who was quicker. Raises Forbidden("booking.not_to_answer"); Conflict: booking.answered, booking.answer_late,
    booking.state, request.stale.
    """
    return await _answer(booking_id, Status.CONFIRMED, "", by, actor, now, request_key, if_revision)


async def reject(
    booking_id: UUID, reason: str, by: Person, actor: Actor, now: datetime, request_key: RequestKey | None = None,
    if_revision: int | None = None,
) -> Booking:  # fmt: skip
    """Give the time of a booking that awaits an answer back. Raises as :func:`approve`, and Invalid: booking.no_reason,
    booking.bad_reason, request.bad_field.
    """
    return await _answer(booking_id, Status.REJECTED, reason.strip(), by, actor, now, request_key, if_revision)


async def _answer(
    booking_id: UUID, status: Status, reason: str, by: Person, actor: Actor, now: datetime,
    request_key: RequestKey | None, if_revision: int | None,
) -> Booking:  # fmt: skip
    async with held_booking(booking_id, by, request_key) as (change, booking):
        await _must_answer(booking, change.room, by)
        if status is Status.REJECTED:
            for refusal in rejection_reasons(reason, seen_as(change.room.visibility, booking.kind)):
                raise refusal
        if booking.status is not Status.TENTATIVE:
            if await _is_theirs(booking, status, by):
                return booking
            raise await _answered(booking)
        if if_revision not in (None, booking.revision):
            raise Conflict("request.stale", revision=booking.revision)
        if booking.starts_at <= now:
            raise Conflict("booking.answer_late")
        before = as_entry(booking)
        booking.status = status
        action = "approved" if status is Status.CONFIRMED else "rejected"
        await keep_change(change, booking, before, action, actor, now, reason)
        return booking


async def _must_answer(booking: Booking, room: Room, by: Person) -> None:
    if not may_answer(await booking_room(room), viewer_of(by), booking.kind):
        raise Forbidden("booking.not_to_answer")


async def _is_theirs(booking: Booking, status: Status, by: Person) -> bool:
    """Whether this person has given this very answer, and it holds."""
    answer = await answer_of(booking.id) if booking.status is status else None
    return answer is not None and answer.person_id == by.id


async def _answered(booking: Booking) -> Refusal:
    """Why there is nothing to answer: who was quicker, else what the booking is."""
    answer = None if booking.status is Status.CANCELLED else await answer_of(booking.id)
    if answer is None:
        return wrong_state(booking.status)
    status = Status((answer.after or {}).get("status", booking.status))
    return Conflict("booking.answered", name=answer.actor, status=Term(status, STATUSES[status]))


async def undo_answer(
    booking_id: UUID, by: Person, actor: Actor, now: datetime, request_key: RequestKey | None = None
) -> Booking:
    """Let a booking await an answer again, within ten minutes of the last and before it begins. Once: whoever says so
    again is answered the same. Raises Forbidden("booking.not_to_answer"); Conflict: booking.answer_stands where it is
    late or something happened since, and of a rejected one booking.overlap where somebody took its time, room.closed
    where its room was closed meanwhile.
    """
    async with held_booking(booking_id, by, request_key) as (change, booking):
        await _must_answer(booking, change.room, by)
        last = next(iter(await entries_of(f"booking:{booking.id}", 1)), None)
        is_again = last is not None and (last.action, last.person_id) == ("answer_undone", by.id)
        if is_again and booking.status is Status.TENTATIVE:
            return booking
        is_late = last is None or now > last.at + UNDO or now >= booking.starts_at
        if last is None or last.action not in ANSWERS or is_late:
            raise Conflict("booking.answer_stands")
        if booking.status is Status.REJECTED:
            refuse_closed(change.room)
            await refuse_overlap(change.room, booking.blocked_from, booking.blocked_to, booking.id)
        before = as_entry(booking)
        booking.status = Status.TENTATIVE
        await keep_change(change, booking, before, "answer_undone", actor, now)
        return booking
