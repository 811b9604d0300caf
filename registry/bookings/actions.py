"""What changes a booking. Every path ends here: the room is locked first, all rules are checked, history is written in
the same transaction, and whoever watches is told after the commit.
"""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import Enum
from typing import Any
from uuid import UUID

from registry.bookings.awaiting import answerers_of
from registry.bookings.models import Block, Booking, Kind, Status
from registry.bookings.notices import FormerPlace, tell_approvers, tell_organizer
from registry.bookings.obstacles import offer_help
from registry.bookings.projections import as_entry, seen_as, viewer_of
from registry.bookings.queries import (
    booking_by_id,
    booking_room,
    cancellation_of,
    is_taken,
    known_booking,
    knows_of,
    room_id_of,
)
from registry.bookings.release import settle_touched, take_in, truncate
from registry.bookings.rules import (
    BookingRequest,
    BookingRoom,
    asks_anew,
    blocked,
    cancellation_reasons,
    change_reasons,
    complete,
    hours_reasons,
    is_checked_in_by_lead,
    is_within,
    may_book_for,
    may_change,
    may_extend,
    may_vouch,
    needs_approval,
    reasons,
    request_of,
    span_reasons,
    status_after,
    wrong_state,
)
from registry.bookings.state import CHECK_IN_EARLY, HELD, UNDO, given_back_at
from registry.core import history
from registry.core.errors import Conflict, Forbidden, Invalid, NotFound
from registry.core.history import Actor
from registry.core.idempotency import RequestKey, record
from registry.core.new_record import new_record
from registry.core.statements import insert
from registry.people.models import Person
from registry.rooms.lock import RoomChange, changing
from registry.rooms.models import Room
from registry.rooms.queries import zone_of


async def book(
    request: BookingRequest, by: Person | None, actor: Actor, now: datetime, request_key: RequestKey | None = None
) -> Booking:
    """Book a room. Raises Invalid, Forbidden or Conflict; a Conflict carries ``conflicts`` as far as ``by`` may see
    them and ``alternatives``.
    """
    room_id = await room_id_of(request.room)
    try:
        async with changing(room_id, is_seen=True) as change:
            booking = await _book(change, request, by, actor, now)
            await record(request_key, booking)
            return booking
    except Conflict as refusal:
        viewer = viewer_of(by)
        await offer_help(refusal, room_id, request, viewer, lambda other, room: reasons(other, room, viewer, now))
        raise


async def _book(change: RoomChange, request: BookingRequest, by: Person | None, actor: Actor, now: datetime) -> Booking:
    room = await booking_room(change.room)
    request = complete(request, room)
    for refusal in reasons(request, room, viewer_of(by), now):
        raise refusal
    is_asked = needs_approval(request, room, viewer_of(by))
    organizer = await organizer_of(request.organizer, by)
    booking = new_booking(request, room, change.room.id, organizer, is_asked, now)
    await refuse_overlap(change.room, booking.blocked_from, booking.blocked_to)
    for_whom = {"organizer": organizer.login} if organizer and organizer is not by else {}
    entry = history.first(f"booking:{booking.id}", "booked", actor, now, as_entry(booking) | for_whom)
    await insert(booking, entry)
    if is_asked:
        await ask_approvers(change, booking, actor, now)
    if organizer is not by:
        await tell_organizer(change, booking, change.room, "booked", actor, now)
    await take_in(change, change.room, booking, now)
    return booking


async def ask_approvers(change: RoomChange, booking: Booking, actor: Actor, now: datetime, dates: int = 1) -> None:
    """Ask who may answer about a booking, or about the ``dates`` of the series of which it is the first."""
    room = change.rooms[booking.room_id]
    people = (await answerers_of([(room, booking.kind)]))[0]
    await tell_approvers(change, booking, room, people, actor, now, dates)


def new_booking(
    request: BookingRequest, room: BookingRoom, room_id: int, organizer: Person | None, is_asked: bool, now: datetime
) -> Booking:
    """The booking that a complete request becomes, not stored yet."""
    blocked_from, blocked_to = blocked(request, room)
    lead = is_checked_in_by_lead(now, request.starts_at) and request.kind is not Kind.BLOCK and not is_asked
    return new_record(
        Booking,
        room_id=room_id,
        organizer_id=organizer.id if organizer else None,
        institution_id=organizer.institution_id if organizer else None,
        title=request.title,
        kind=request.kind,
        attendees=request.attendees,
        needs=list(request.needs),
        status=Status.TENTATIVE if is_asked else Status.CHECKED_IN if lead else Status.CONFIRMED,
        source=request.source,
        starts_at=request.starts_at,
        ends_at=request.ends_at,
        blocked_from=blocked_from,
        blocked_to=blocked_to,
        planned_ends_at=request.ends_at,
        protected=request.protected,
        created_at=now,
        checked_in_at=now if lead else None,
        checked_in_by="lead" if lead else "",
    )


async def organizer_of(login: str | None, by: Person | None) -> Person | None:
    """Whose a booking is. Raises Forbidden("booking.for_another"), NotFound("person.unknown"), and
    Conflict("booking.organizer_gone") for a closed account: nobody would read what becomes of it.
    """
    if login is None or by and login == by.login:
        return by
    viewer, organizer = viewer_of(by), await Person.get_or_none(login=login)
    # who may book for colleagues alone does not learn who else there is
    if not may_book_for(viewer, organizer.institution_id if organizer else None):
        raise Forbidden("booking.for_another")
    if organizer is None:
        raise NotFound("person.unknown", login=login)
    if not organizer.is_active:
        raise Conflict("booking.organizer_gone", name=organizer.name)
    return organizer


class Unchanged(Enum):
    """What a change says of a field that stays, where None is a value of its own."""

    STAYS = "stays"


@dataclass(frozen=True, slots=True)
class BookingChanges:
    """What should be different; None stays as it is. The number of people, which may be none, has a word for that."""

    room: str | None = None
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    title: str | None = None
    kind: Kind | None = None
    attendees: int | Unchanged | None = Unchanged.STAYS
    needs: tuple[str, ...] | None = None


async def change(
    booking_id: UUID, changes: BookingChanges, by: Person, actor: Actor, now: datetime, if_revision: int | None = None
) -> Booking:
    """Apply the changes; the rules look at what differs. Raises Conflict("request.stale") when ``if_revision`` is not
    the booking's, Conflict("booking.overlap") with conflicts and alternatives when the new span is taken, and
    Conflict("booking.part_of_block") for another room or time of what a block has. Another room or time of a room that
    is given out by approval awaits an answer anew.
    """
    former = await known_booking(booking_id, viewer_of(by))
    target = await room_id_of(changes.room) if changes.room else former.room_id
    try:
        async with changing(former.room_id, target) as locked:
            booking = await Booking.get(id=booking_id)
            if booking.room_id != former.room_id:  # moved while this waited for its room
                raise Conflict("request.stale", revision=booking.revision)
            await change_locked(locked, booking, target, changes, by, actor, now, if_revision)
            for room in locked.rooms.values():
                await settle_touched(locked, room, now)
            return booking
    except Conflict as refusal:
        await offer_change(refusal, former, target, changes, by, now)
        raise


async def change_locked(
    locked: RoomChange, booking: Booking, target: int, changes: BookingChanges, by: Person, actor: Actor, now: datetime,
    if_revision: int | None = None,
) -> None:  # fmt: skip
    """The same inside a transaction that has locked the booking's room and the one where it goes, and read it since.
    The caller settles the rooms, and offers what could be had instead.
    """
    _check(booking, by, now, if_revision)
    before = as_entry(booking)
    place = FormerPlace(locked.rooms[booking.room_id], booking.starts_at, booking.planned_ends_at)
    is_asked = await _apply(locked, booking, target, changes, by, now)
    booking.revision += 1
    await booking.save()
    await history.write(f"booking:{booking.id}", "changed", actor, now, before=before, after=as_entry(booking))
    action = "moved" if target != place.room.id else "changed"
    await tell_organizer(locked, booking, locked.rooms[target], action, actor, now, place)
    if is_asked:
        await ask_approvers(locked, booking, actor, now)


def _check(booking: Booking, by: Person, now: datetime, if_revision: int | None) -> None:
    if not may_change(viewer_of(by), booking.organizer_id, booking.institution_id, booking.kind):
        raise Forbidden("booking.not_yours")
    if if_revision is not None and if_revision != booking.revision:
        raise Conflict("request.stale", revision=booking.revision)
    if booking.status not in HELD or booking.ends_at <= now:
        raise wrong_state(booking.status)


async def offer_change(
    refusal: Conflict, former: Booking, target: int, changes: BookingChanges, by: Person, now: datetime
) -> None:
    """What the booking, as it was read, could be changed into instead."""
    viewer, old = viewer_of(by), request_of(former, former.room.code)
    request = _changed(old, changes, changes.room or old.room)
    await offer_help(
        refusal,
        target,
        request,
        viewer,
        lambda other, room: change_reasons(old, replace(other, room=room.code), room, viewer, now),
        str(former.id),
    )


def _changed(former: BookingRequest, changes: BookingChanges, room: str) -> BookingRequest:
    return replace(
        former,
        room=room,
        starts_at=changes.starts_at or former.starts_at,
        ends_at=changes.ends_at or former.ends_at,
        title=former.title if changes.title is None else changes.title.strip(),
        kind=changes.kind or former.kind,
        attendees=former.attendees if changes.attendees is Unchanged.STAYS else changes.attendees,
        needs=former.needs if changes.needs is None else changes.needs,
    )


async def _apply(
    locked: RoomChange, booking: Booking, target: int, changes: BookingChanges, by: Person, now: datetime
) -> bool:
    """Put the changes on the booking; whether it awaits an answer anew."""
    room = await booking_room(locked.rooms[target])
    former = request_of(booking, locked.rooms[booking.room_id].code)
    request = _changed(former, changes, room.code)
    here, there = ((one.room, one.starts_at, one.ends_at) for one in (former, request))
    if booking.block_id and here != there:
        raise await _part_of_block(booking.block_id)
    for refusal in change_reasons(former, request, room, viewer_of(by), now):
        raise refusal
    blocked_from, blocked_to = blocked(request, room)
    if is_within(former, request):  # buffers that grew since then take nothing from who came next
        blocked_from, blocked_to = max(blocked_from, booking.blocked_from), min(blocked_to, booking.blocked_to)
    await refuse_overlap(locked.rooms[target], blocked_from, blocked_to, booking.id)
    is_asked, is_elsewhere = asks_anew(former, request, room, viewer_of(by), now), target != booking.room_id
    booking.room_id = target
    booking.starts_at, booking.ends_at, booking.planned_ends_at = request.starts_at, request.ends_at, request.ends_at
    booking.blocked_from, booking.blocked_to = blocked_from, blocked_to
    booking.title, booking.kind = request.title, request.kind or booking.kind
    booking.attendees, booking.needs = request.attendees, list(request.needs)
    booking.warned_at = None
    if booking.status is Status.CHECKED_IN and request.starts_at - CHECK_IN_EARLY > now:
        # nobody is there yet: at its new time it wants a check-in like any other
        booking.status, booking.checked_in_at, booking.checked_in_by = Status.CONFIRMED, None, ""
    booking.status = status_after(booking.status, is_asked, is_elsewhere, booking.kind)
    if is_asked:
        booking.checked_in_at, booking.checked_in_by = None, ""
    return is_asked


async def _part_of_block(block_id: UUID) -> Conflict:
    """Why a part of a block has its room and time: the block has them, and asks for them anew when it is changed."""
    block = await Block.get(id=block_id)
    return Conflict("booking.part_of_block", block=str(block.id), reason=block.reason)


async def refuse_overlap(room: Room, blocked_from: datetime, blocked_to: datetime, but: UUID | None = None) -> None:
    """Raises Conflict("booking.overlap")."""
    if await is_taken(room.id, blocked_from, blocked_to, but):
        raise Conflict("booking.overlap", room=room.code, conflicts=[], alternatives=[])


def refuse_closed(room: Room) -> None:
    """Nothing comes back to life in a locked room that was closed meanwhile. Raises Conflict("room.closed")."""
    if room.closed_at is not None:
        raise Conflict("room.closed", room=room.code)


@asynccontextmanager
async def held_booking(
    booking_id: UUID, by: Person | None, request_key: RequestKey | None = None, if_revision: int | None = None
) -> AsyncIterator[tuple[RoomChange, Booking]]:
    """The booking with its room locked; what is answered is recorded as the block ends. Raises NotFound, also for one
    that is not theirs to know of, and Conflict("request.stale") when ``if_revision`` is not the booking's.
    """
    former = await booking_by_id(booking_id)
    async with changing(former.room_id) as change:
        booking = await Booking.get(id=booking_id)
        if not knows_of(viewer_of(by), booking, change.room.visibility):
            raise NotFound("booking.unknown")
        is_moved = booking.room_id != former.room_id  # while this waited for its room
        if is_moved or if_revision not in (None, booking.revision):
            raise Conflict("request.stale", revision=booking.revision)
        yield change, booking
        change.keep_quiet(change.room)  # where nothing was to be done
        await record(request_key, booking)


async def keep_change(
    change: RoomChange, booking: Booking, before: dict[str, Any], action: str, actor: Actor, now: datetime,
    reason: str = "",
) -> None:  # fmt: skip
    """Store the changed booking, its history, and what follows for the room."""
    booking.revision += 1
    await booking.save()
    after, room = as_entry(booking), change.rooms[booking.room_id]
    await history.write(f"booking:{booking.id}", action, actor, now, before=before, after=after, reason=reason)
    await tell_organizer(change, booking, room, action, actor, now, reason=reason)
    await settle_touched(change, room, now)


def _must_be_theirs(booking: Booking, by: Person | None) -> None:
    if by and not may_change(viewer_of(by), booking.organizer_id, booking.institution_id, booking.kind):
        raise Forbidden("booking.not_yours")


def _must_vouch(booking: Booking, room: Room, by: Person | None) -> None:
    if by and not may_vouch(viewer_of(by), room.visibility, booking.organizer_id, booking.institution_id, booking.kind):
        raise Forbidden("booking.not_yours")


async def check_in(
    booking_id: UUID,
    by: Person | None,
    actor: Actor,
    now: datetime,
    request_key: RequestKey | None = None,
    if_revision: int | None = None,
) -> Booking:
    """Say that somebody is there. Raises Conflict outside [start − 10 min, end)."""
    async with held_booking(booking_id, by, request_key, if_revision) as (change, booking):
        _must_vouch(booking, change.room, by)
        if booking.status is Status.CHECKED_IN:
            return booking
        if booking.status is not Status.CONFIRMED or now >= booking.ends_at:
            raise wrong_state(booking.status)
        if now < booking.starts_at - CHECK_IN_EARLY:
            raise Conflict("booking.check_in_early", opens=await _here(change.room, booking.starts_at - CHECK_IN_EARLY))
        before = as_entry(booking)
        booking.status, booking.checked_in_at, booking.warned_at = Status.CHECKED_IN, now, None
        booking.checked_in_by = "person" if by else "panel"
        await keep_change(change, booking, before, "checked_in", actor, now)
        return booking


async def extend(
    booking_id: UUID,
    by: Person | None,
    actor: Actor,
    now: datetime,
    minutes: int = 15,
    until: datetime | None = None,
    request_key: RequestKey | None = None,
    if_revision: int | None = None,
) -> Booking:
    """Let a running booking end later. Raises Conflict("booking.overlap") when somebody follows, and
    Conflict("booking.part_of_block").
    """
    async with held_booking(booking_id, by, request_key, if_revision) as (change, booking):
        _must_be_theirs(booking, by)
        if not may_extend(booking.status, booking.starts_at, booking.ends_at, now):
            raise Conflict("booking.not_running")
        ends_at = until or booking.ends_at + timedelta(minutes=minutes)
        if ends_at <= booking.ends_at:
            raise Invalid("booking.ends_before_start")
        before = as_entry(booking)
        room = await booking_room(change.room)
        for refusal in hours_reasons(_same_but(booking, room, ends_at), room, viewer_of(by)):
            raise refusal
        await _respan(change, booking, ends_at, now)
        booking.status, booking.checked_in_at = Status.CHECKED_IN, booking.checked_in_at or now
        booking.warned_at = None
        await keep_change(change, booking, before, "extended", actor, now)
        return booking


def _same_but(booking: Booking, room: BookingRoom, ends_at: datetime) -> BookingRequest:
    """The booking as a request for another end."""
    return BookingRequest(room.code, booking.starts_at, ends_at, kind=booking.kind)


async def _respan(change: RoomChange, booking: Booking, ends_at: datetime, now: datetime) -> None:
    """Give a started booking another end in its locked room, all limits checked. Part of a block has the end that the
    block gave it, or none. Raises Conflict("booking.part_of_block").
    """
    if booking.block_id and ends_at != booking.planned_ends_at:
        raise await _part_of_block(booking.block_id)
    room = await booking_room(change.room)
    request = _same_but(booking, room, ends_at)
    for refusal in span_reasons(request, room, now, has_started=True):
        raise refusal
    blocked_from, blocked_to = blocked(request, room)
    await refuse_overlap(change.room, blocked_from, blocked_to, booking.id)
    booking.ends_at, booking.planned_ends_at = ends_at, ends_at
    booking.blocked_from, booking.blocked_to = blocked_from, blocked_to


async def end(
    booking_id: UUID,
    by: Person | None,
    actor: Actor,
    now: datetime,
    request_key: RequestKey | None = None,
    if_revision: int | None = None,
) -> Booking:
    """End a running booking now; the rest of its time is free again. A door, nobody's, is noted as the reason."""
    async with held_booking(booking_id, by, request_key, if_revision) as (change, booking):
        _must_be_theirs(booking, by)
        if booking.status is Status.ENDED:
            return booking
        if not may_extend(booking.status, booking.starts_at, booking.ends_at, now):
            raise Conflict("booking.not_running")
        before = as_entry(booking)
        truncate(booking, now, timedelta(minutes=change.room.cleanup_minutes))
        booking.status = Status.ENDED
        booking.release_reason = "" if by else "door"
        await keep_change(change, booking, before, "ended", actor, now)
        return booking


async def cancel(
    booking_id: UUID,
    by: Person | None,
    actor: Actor,
    now: datetime,
    reason: str = "",
    request_key: RequestKey | None = None,
) -> Booking:
    """Take a booking back before anybody came. One that runs is ended instead. Of a Help Point room the reason is one
    of the rules' list, and of a visit wherever it is. Raises Invalid("booking.bad_reason").
    """
    async with held_booking(booking_id, by, request_key) as (change, booking):
        _must_be_theirs(booking, by)
        for refusal in cancellation_reasons(reason, seen_as(change.room.visibility, booking.kind)):
            raise refusal
        if booking.status is Status.CANCELLED:
            return booking
        if booking.status not in HELD or now >= booking.ends_at:
            raise wrong_state(booking.status)
        if booking.status is Status.CHECKED_IN and now >= booking.starts_at:
            raise wrong_state(booking.status)
        before = as_entry(booking)
        booking.status = Status.CANCELLED
        await keep_change(change, booking, before, "cancelled", actor, now, reason=reason)
        return booking


async def undo_release(
    booking_id: UUID,
    by: Person | None,
    actor: Actor,
    now: datetime,
    request_key: RequestKey | None = None,
    if_revision: int | None = None,
) -> Booking:
    """Give a booking that was released, ended or cancelled its time back, within ten minutes and if nobody took it. One
    that was released by itself is then left alone. Raises Conflict: booking.undo_late, booking.overlap, room.closed.
    """
    async with held_booking(booking_id, by, request_key, if_revision) as (change, booking):
        if booking.status is Status.CANCELLED:
            await _uncancel(change, booking, by, actor, now)
            return booking
        _must_vouch(booking, change.room, by)
        at = given_back_at(booking.status, booking.ends_at, booking.planned_ends_at, booking.released_at)
        if at is None:
            raise wrong_state(booking.status)
        if now > at + UNDO or now >= booking.planned_ends_at:
            raise Conflict("booking.undo_late", until=await _here(change.room, at + UNDO))
        refuse_closed(change.room)
        before, is_released = as_entry(booking), booking.released_at is not None
        await _respan(change, booking, booking.planned_ends_at, now)
        booking.status, booking.checked_in_at = Status.CHECKED_IN, now
        booking.protected = booking.protected or is_released
        booking.released_at, booking.release_reason, booking.warned_at = None, "", None
        action = "release_undone" if is_released else "end_undone"
        await keep_change(change, booking, before, action, actor, now)
        return booking


async def _uncancel(change: RoomChange, booking: Booking, by: Person | None, actor: Actor, now: datetime) -> None:
    _must_be_theirs(booking, by)
    cancellation = await cancellation_of(booking.id)
    status = Status(((cancellation.before if cancellation else None) or {}).get("status", Status.CONFIRMED))
    last = booking.starts_at if status is Status.TENTATIVE else booking.ends_at
    if cancellation is None or now > cancellation.at + UNDO or now >= last:
        until = cancellation.at + UNDO if cancellation else now
        raise Conflict("booking.undo_late", until=await _here(change.room, min(until, last)))
    refuse_closed(change.room)
    await refuse_overlap(change.room, booking.blocked_from, booking.blocked_to, booking.id)
    before = as_entry(booking)
    booking.status = status
    await keep_change(change, booking, before, "cancel_undone", actor, now)


async def _here(room: Room, at: datetime) -> datetime:
    """On the clock of the room's site."""
    return at.astimezone(await zone_of(room))


# for whoever has locked the rooms of several bookings, and settles them afterwards


async def store_together(bookings: Sequence[Booking], actor: Actor, now: datetime) -> None:
    """Store new bookings of locked rooms, each with its history."""
    await Booking.bulk_create(bookings)
    entries = [(f"booking:{booking.id}", as_entry(booking)) for booking in bookings]
    await history.write_new(entries, "booked", actor, now)


async def give_way(
    locked: RoomChange, booking: Booking, since: datetime, actor: Actor, now: datetime, reason: str = ""
) -> None:
    """Take a booking of a locked room out of the way of what begins at ``since``: one that has not begun is cancelled,
    one that runs ends then, and now at the earliest.
    """
    before, room = as_entry(booking), locked.rooms[booking.room_id]
    place = FormerPlace(room, booking.starts_at, booking.planned_ends_at)
    if booking.starts_at > now:
        booking.status, action = Status.CANCELLED, "cancelled"
    elif since <= now:
        truncate(booking, now, timedelta(0))
        booking.status, action = Status.ENDED, "ended"
    else:
        truncate(booking, since, timedelta(0))
        booking.planned_ends_at, action = booking.ends_at, "changed"
    booking.revision += 1
    await booking.save()
    after = as_entry(booking)
    await history.write(f"booking:{booking.id}", action, actor, now, before=before, after=after, reason=reason)
    await tell_organizer(locked, booking, room, action, actor, now, place)


async def move_away(locked: RoomChange, booking: Booking, target: int, by: Person, actor: Actor, now: datetime) -> None:
    """Give a booking of a locked room another locked one, by the rules of a change. Raises what :func:`change` does."""
    await change_locked(locked, booking, target, BookingChanges(room=locked.rooms[target].code), by, actor, now)
