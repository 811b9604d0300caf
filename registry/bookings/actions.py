"""What changes a booking. Every path ends here: the room is locked first, all rules are checked, history is written in
the same transaction, and whoever watches is told after the commit.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from tortoise.exceptions import IntegrityError

from registry.bookings.models import Booking, Kind, Status
from registry.bookings.queries import alternatives, booking_by_id, conflicts, room_id_of
from registry.bookings.readings import Reading, advance_due, record_readings, watch_lost, watch_started
from registry.bookings.room_snapshot import slot_of
from registry.bookings.rules import (
    Asked,
    Viewer,
    blocked,
    default_kind,
    hours_reasons,
    is_checked_in_by_lead,
    longest_of,
    may_change,
    may_extend,
    may_vouch,
    reasons,
    wrong_state,
)
from registry.bookings.settle import booking_room, look_no_later_than, refuse_overlap, settle, told, truncate
from registry.bookings.state import CHECK_IN_EARLY, SOON, UNDO
from registry.core import history
from registry.core.errors import Conflict, Forbidden, Invalid, NotFound
from registry.core.history import Actor
from registry.core.idempotency import RequestKey, made_earlier
from registry.core.statements import insert
from registry.core.transaction import Change, changing
from registry.people.models import Person, Role
from registry.rooms.models import Room
from registry.rooms.queries import zone_of

__all__ = [
    "BookingRequest",
    "Reading",
    "advance_due",
    "book",
    "cancel",
    "check_in",
    "end",
    "extend",
    "record_readings",
    "undo_release",
    "watch_lost",
    "watch_started",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class BookingRequest:
    """A booking that somebody wants. Times are aware."""

    room: str
    starts_at: datetime
    ends_at: datetime
    title: str = ""
    kind: Kind | None = None
    attendees: int | None = None
    needs: tuple[str, ...] = ()
    organizer: str | None = None
    source: str = "api"
    protected: bool = False


def viewer_of(person: Person | None) -> Viewer:
    """Who asks, as the rules see it; None is a door panel."""
    return Viewer(person.role, person.institution_id, person.id) if person else Viewer(None)


async def book(
    wish: BookingRequest, by: Person | None, actor: Actor, now: datetime, once: RequestKey | None = None
) -> Booking:
    """Book a room. Raises Invalid, Forbidden or Conflict; a Conflict carries ``conflicts`` as far as ``by`` may see
    them and ``alternatives``. With ``once`` a repeated call returns the booking of the first.
    """
    room_id = await room_id_of(wish.room)
    once = once.about(wish) if once else None
    try:
        async with changing(room_id) as change:
            if done := await made_earlier(once):
                return await Booking.get(id=done)
            return await _book(change, wish, by, actor, now, once)
    except IntegrityError as fault:
        if once:  # the same key, at the same moment, for another room
            raise Conflict("request.key_reused") from fault
        raise
    except Conflict as refusal:
        if refusal.code in ("booking.overlap", "booking.over_capacity", "booking.closed"):
            await offer_help(refusal, room_id, wish, by, now)
        raise


async def _book(
    change: Change, wish: BookingRequest, by: Person | None, actor: Actor, now: datetime, once: RequestKey | None
) -> Booking:
    room = await booking_room(change.room)
    asked = Asked(
        wish.starts_at, wish.ends_at, wish.title.strip(), wish.kind or default_kind(room.visibility), wish.attendees,
        wish.needs,
    )  # fmt: skip
    for refusal in reasons(asked, room, viewer_of(by), now):
        raise refusal
    organizer = await _organizer(wish, by)
    blocked_from, blocked_to = blocked(asked, room)
    await refuse_overlap(change.room, blocked_from, blocked_to)
    lead = is_checked_in_by_lead(now, asked.starts_at) and asked.kind is not Kind.BLOCK
    booking = Booking(
        room_id=change.room.id,
        organizer_id=organizer.id if organizer else None,
        institution_id=organizer.institution_id if organizer else None,
        title=asked.title,
        kind=asked.kind,
        attendees=asked.attendees,
        needs=list(asked.needs),
        status=Status.CHECKED_IN if lead else Status.CONFIRMED,
        source=wish.source,
        starts_at=asked.starts_at,
        ends_at=asked.ends_at,
        blocked_from=blocked_from,
        blocked_to=blocked_to,
        planned_ends_at=asked.ends_at,
        protected=wish.protected,
        created_at=now,
        checked_in_at=now if lead else None,
        checked_in_by="lead" if lead else "",
    )
    entry = history.first(f"booking:{booking.id}", "booked", actor, now, told(booking))
    await insert(booking, entry, *([once.row(booking.id, now)] if once else []))
    if asked.starts_at - SOON <= now:
        await settle(change, change.room, now)
    else:
        await look_no_later_than(change, change.room, slot_of(booking), now)
    return booking


async def _organizer(wish: BookingRequest, by: Person | None) -> Person | None:
    if wish.organizer is None or by and wish.organizer == by.login:
        return by
    if by is None or by.role not in (Role.COORDINATOR, Role.ADMIN):
        raise Forbidden("booking.for_another")
    organizer = await Person.get_or_none(login=wish.organizer)
    if organizer is None:
        raise NotFound("person.unknown", login=wish.organizer)
    return organizer


async def offer_help(refusal: Conflict, room_id: int, wish: BookingRequest, by: Person | None, now: datetime) -> None:
    """Add to a refusal what stands in the way and what could be had instead, as far as ``by`` may see."""
    viewer = viewer_of(by)
    refusal.params["conflicts"] = await conflicts(room_id, wish.starts_at, wish.ends_at, viewer)
    refusal.params["alternatives"] = await alternatives(room_id, wish, viewer, now)


@asynccontextmanager
async def _held(booking_id: UUID, once: RequestKey | None = None) -> AsyncIterator[tuple[Change, Booking, bool]]:
    """The booking with its room locked; the flag says that this very request was done before."""
    found = await booking_by_id(booking_id)
    async with changing(found.room_id) as change:
        done = await made_earlier(once) is not None
        booking = await Booking.get(id=booking_id)
        if booking.room_id != found.room_id:  # moved while this waited for its room
            raise Conflict("request.stale", revision=booking.revision)
        yield change, booking, done


async def _keep(
    change: Change, booking: Booking, before: dict[str, Any], action: str, actor: Actor, now: datetime, **more: Any
) -> None:
    """Store the changed booking, its history, and what follows for the room."""
    once: RequestKey | None = more.pop("once", None)
    booking.revision += 1
    await booking.save()
    await history.write(f"booking:{booking.id}", action, actor, now, before=before, after=told(booking), **more)
    if once:
        await once.row(booking.id, now).save()
    await settle(change, change.rooms[booking.room_id], now)


def _must_be_theirs(booking: Booking, by: Person | None) -> None:
    if by and not may_change(viewer_of(by), booking.organizer_id, booking.institution_id, booking.kind):
        raise Forbidden("booking.not_yours")


def _must_vouch(booking: Booking, room: Room, by: Person | None) -> None:
    if by and not may_vouch(viewer_of(by), room.visibility, booking.organizer_id, booking.institution_id, booking.kind):
        raise Forbidden("booking.not_yours")


async def check_in(
    booking_id: UUID, by: Person | None, actor: Actor, now: datetime, once: RequestKey | None = None
) -> Booking:
    """Say that somebody is there. Raises Conflict outside [start − 10 min, end)."""
    async with _held(booking_id, once) as (change, booking, done):
        _must_vouch(booking, change.room, by)
        if done or booking.status is Status.CHECKED_IN:
            return booking
        if booking.status is not Status.CONFIRMED or now >= booking.ends_at:
            raise wrong_state(booking.status)
        if now < booking.starts_at - CHECK_IN_EARLY:
            raise Conflict("booking.check_in_early", opens=await _here(change.room, booking.starts_at - CHECK_IN_EARLY))
        before = told(booking)
        booking.status, booking.checked_in_at, booking.warned_at = Status.CHECKED_IN, now, None
        booking.checked_in_by = "person" if by else "panel"
        await _keep(change, booking, before, "checked_in", actor, now, once=once)
        return booking


async def extend(
    booking_id: UUID,
    by: Person | None,
    actor: Actor,
    now: datetime,
    minutes: int = 15,
    until: datetime | None = None,
    once: RequestKey | None = None,
) -> Booking:
    """Let a running booking end later. Raises Conflict("booking.overlap") when somebody follows."""
    async with _held(booking_id, once) as (change, booking, done):
        if done:
            return booking
        _must_be_theirs(booking, by)
        if not may_extend(booking.status, booking.starts_at, booking.ends_at, now):
            raise Conflict("booking.not_running")
        ends_at = until or booking.ends_at + timedelta(minutes=minutes)
        if ends_at <= booking.ends_at:
            raise Invalid("booking.ends_before_start")
        before = told(booking)
        rules = await booking_room(change.room)
        for refusal in hours_reasons(
            Asked(booking.starts_at, ends_at, "", booking.kind, None, ()), rules, viewer_of(by)
        ):
            raise refusal
        await _respan(change, booking, booking.starts_at, ends_at)
        booking.status, booking.checked_in_at = Status.CHECKED_IN, booking.checked_in_at or now
        booking.warned_at = None
        await _keep(change, booking, before, "extended", actor, now, once=once)
        return booking


async def _respan(change: Change, booking: Booking, starts_at: datetime, ends_at: datetime) -> None:
    """Give the booking another span in its locked room, all limits checked."""
    room = change.rooms[booking.room_id]
    rules = await booking_room(room)
    longest = longest_of(booking.kind, rules)
    if ends_at - starts_at > longest:
        raise Conflict("booking.too_long", room=room.code, hours=int(longest.total_seconds() // 3600))
    asked = Asked(starts_at, ends_at, "", booking.kind, None, ())
    blocked_from, blocked_to = blocked(asked, rules)
    await refuse_overlap(room, blocked_from, blocked_to, booking.id)
    booking.starts_at, booking.ends_at, booking.planned_ends_at = starts_at, ends_at, ends_at
    booking.blocked_from, booking.blocked_to = blocked_from, blocked_to


async def end(
    booking_id: UUID, by: Person | None, actor: Actor, now: datetime, once: RequestKey | None = None
) -> Booking:
    """End a running booking now; the rest of its time is free again."""
    async with _held(booking_id, once) as (change, booking, done):
        _must_be_theirs(booking, by)
        if done or booking.status is Status.ENDED:
            return booking
        if not may_extend(booking.status, booking.starts_at, booking.ends_at, now):
            raise Conflict("booking.not_running")
        before = told(booking)
        truncate(booking, now, timedelta(minutes=change.room.cleanup_minutes))
        booking.status = Status.ENDED
        await _keep(change, booking, before, "ended", actor, now, once=once)
        return booking


async def cancel(booking_id: UUID, by: Person | None, actor: Actor, now: datetime, reason: str = "") -> Booking:
    """Take a booking back before anybody came. One that runs is ended instead."""
    async with _held(booking_id) as (change, booking, _):
        _must_be_theirs(booking, by)
        if booking.status is Status.CANCELLED:
            return booking
        if booking.status not in (Status.TENTATIVE, Status.CONFIRMED, Status.CHECKED_IN) or now >= booking.ends_at:
            raise wrong_state(booking.status)
        if booking.status is Status.CHECKED_IN and now >= booking.starts_at:
            raise wrong_state(booking.status)
        before = told(booking)
        booking.status = Status.CANCELLED
        await _keep(change, booking, before, "cancelled", actor, now, reason=reason)
        return booking


async def undo_release(
    booking_id: UUID, by: Person | None, actor: Actor, now: datetime, once: RequestKey | None = None
) -> Booking:
    """Give a released booking its time back, within ten minutes and if nobody took it; it is then left alone."""
    async with _held(booking_id, once) as (change, booking, done):
        _must_vouch(booking, change.room, by)
        if done:
            return booking
        if booking.released_at is None:
            raise wrong_state(booking.status)
        if now > booking.released_at + UNDO or now >= booking.planned_ends_at:
            raise Conflict("booking.undo_late", until=await _here(change.room, booking.released_at + UNDO))
        before = told(booking)
        await _respan(change, booking, booking.starts_at, booking.planned_ends_at)
        booking.status, booking.checked_in_at, booking.protected = Status.CHECKED_IN, now, True
        booking.released_at, booking.release_reason, booking.warned_at = None, "", None
        await _keep(change, booking, before, "release_undone", actor, now, once=once)
        return booking


async def _here(room: Room, at: datetime) -> datetime:
    """On the clock of the room's site."""
    return at.astimezone(await zone_of(room))
