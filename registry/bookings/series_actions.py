"""What changes series of bookings: all dates are booked, changed or cancelled in one transaction that locks the room,
each by the rules of a single booking. What is past, or has begun, is never touched.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any
from uuid import UUID

from tortoise.expressions import F

from registry.bookings.actions import (
    BookingChanges,
    Unchanged,
    ask_approvers,
    change_locked,
    new_booking,
    offer_change,
    organizer_of,
    store_together,
)
from registry.bookings.models import Booking, OnTaken, Series, Status
from registry.bookings.notices import tell_of_series
from registry.bookings.projections import as_entry, seen_as, viewer_of
from registry.bookings.queries import booking_room, known_booking
from registry.bookings.release import settle_touched
from registry.bookings.rules import (
    BookingRequest,
    BookingRoom,
    blocked,
    cancellation_reasons,
    complete,
    may_change,
    needs_approval,
    status_after,
)
from registry.bookings.series_dates import SeriesPreview, lines_of
from registry.bookings.series_plans import SeriesPlan, affected_by, plan_of, skipped_of
from registry.bookings.series_queries import (
    bookings_of_series,
    coming_of,
    complete_series,
    explained,
    is_held,
    request_of_series,
    series_by_id,
)
from registry.bookings.series_rules import (
    DateLine,
    Scope,
    SeriesChanges,
    SeriesRequest,
    dates_of,
    ended_before,
    general_reasons,
    wall_text,
)
from registry.bookings.state import CHECK_IN_EARLY
from registry.core import history
from registry.core.errors import Conflict, Forbidden
from registry.core.history import Actor
from registry.core.idempotency import RequestKey, record
from registry.core.statements import Fields, insert, write
from registry.people.models import Person
from registry.rooms.lock import RoomChange, changing
from registry.rooms.models import Room
from registry.rooms.queries import room_by_code


async def book_series(
    request: SeriesRequest, by: Person, actor: Actor, now: datetime, request_key: RequestKey | None = None
) -> Series:
    """Book every date of a series, or with ``skip`` those that can be had. Raises Invalid, Forbidden, NotFound, and
    Conflict: series.in_the_way with every date and what is in its way; series.nothing_left.
    """
    room_id = (await room_by_code(request.room)).id
    preview: SeriesPreview | None = None
    try:
        async with changing(room_id) as locked:
            room = locked.room
            rules, viewer = await booking_room(room), viewer_of(by)
            request = complete_series(request, rules)
            occurrences = dates_of(request, rules)
            for refusal in general_reasons(request, occurrences, rules, viewer, now):
                raise refusal
            lines = await lines_of(request, occurrences, room, rules, viewer, now)
            preview = SeriesPreview(room, rules, request, lines, {}, {})
            _refuse_what_fails(preview)
            series = await _store(locked, preview, await organizer_of(request.organizer, by), by, actor, now)
            await settle_touched(locked, room, now)
            await record(request_key, series)
        return series
    except Conflict as refusal:
        if preview is not None and refusal.code in ("series.in_the_way", "series.nothing_left"):
            await explained(refusal, preview, viewer_of(by), now)
        raise


def _refuse_what_fails(preview: SeriesPreview) -> None:
    """Raises Conflict: series.in_the_way, series.nothing_left."""
    failing = preview.in_the_way
    if failing and preview.request.on_conflict is OnTaken.REFUSE:
        raise Conflict("series.in_the_way", count=len(failing), dates=[])
    if not preview.free:
        raise Conflict("series.nothing_left", dates=[])


async def _store(
    locked: RoomChange, preview: SeriesPreview, organizer: Person | None, by: Person, actor: Actor, now: datetime
) -> Series:
    room, rules, request = preview.room, preview.rules, preview.request
    series = Series(
        room_id=room.id, organizer_id=organizer and organizer.id, institution_id=organizer and organizer.institution_id,
        zone=str(rules.hours.zone), created_at=now,
    )  # fmt: skip
    _write(series, request, room, skipped_of(preview.lines))
    await insert(series)
    is_asked = needs_approval(complete(preview.free[0].request, rules), rules, viewer_of(by))
    bookings = [_booking(series, line, rules, organizer, is_asked, now) for line in preview.free]
    await store_together(bookings, actor, now)
    await history.write_new([(f"series:{series.id}", series_entry(series, len(bookings)))], "booked", actor, now)
    if is_asked:
        await ask_approvers(locked, bookings[0], actor, now, len(bookings))
    await tell_of_series(locked, series, bookings, "booked", actor, now)
    return series


def _booking(
    series: Series, line: DateLine, rules: BookingRoom, organizer: Person | None, is_asked: bool, now: datetime
) -> Booking:
    booking = new_booking(line.request, rules, series.room_id, organizer, is_asked, now)
    booking.series_id, booking.occurrence = series.id, wall_text(line.occurrence.wall)
    return booking


def _write(series: Series, request: SeriesRequest, room: Room, skipped: Mapping[str, str]) -> None:
    series.room_id = room.id
    series.title, series.attendees, series.needs = request.title, request.attendees, list(request.needs)
    series.kind = request.kind or series.kind
    series.start, series.minutes, series.rule = wall_text(request.start), request.minutes, request.rule
    series.rdates, series.exdates = list(request.rdates), list(request.exdates)
    series.on_conflict, series.skips_holidays, series.source = (
        request.on_conflict, request.skips_holidays, request.source,
    )  # fmt: skip
    series.skipped = dict(skipped)


def series_entry(series: Series, dates: int) -> dict[str, Any]:
    """What the history says of a series. The class of its room already decided that it holds no client."""
    return {
        "room": series.room_id,
        "kind": series.kind,
        "title": series.title,
        "start": series.start,
        "minutes": series.minutes,
        "rule": series.rule,
        "dates": dates,
        "skipped": series.skipped,
    }


async def cancel_series(
    series_id: UUID, scope: Scope, occurrence: str, by: Person, actor: Actor, now: datetime, reason: str = "",
    if_revision: int | None = None, request_key: RequestKey | None = None,
) -> Series:  # fmt: skip
    """Take one date of a series back, that and those behind it, or all that are still to come. Raises NotFound,
    Forbidden("booking.not_yours"), Invalid("booking.bad_reason"), Conflict: series.no_occurrence, series.over,
    request.stale.
    """
    former = await series_by_id(series_id, viewer_of(by))
    rooms = {booking.room_id for booking in await bookings_of_series(series_id)} | {former.room_id}
    async with changing(*rooms) as locked:
        series = await _locked_series(locked, former, by, if_revision)
        bookings = await bookings_of_series(series.id)
        affected = affected_by(bookings, scope, occurrence, now)
        _must_be_locked(locked, affected)
        # each date has the words in its own history, and the series in its
        for room_id, kind in ((series.room_id, series.kind), *((one.room_id, one.kind) for one in affected)):
            for refusal in cancellation_reasons(reason, seen_as(locked.rooms[room_id].visibility, kind)):
                raise refusal
        before = series_entry(series, len(coming_of(bookings, now)))
        await _cancel(affected, actor, now, reason)
        cut = datetime.fromisoformat(affected[0].occurrence)
        if scope is Scope.THIS:
            series.exdates = sorted({*series.exdates, affected[0].occurrence})
        elif any(is_held(one) and one.occurrence < affected[0].occurrence for one in bookings):
            _end_before(series, cut)
        else:
            series.cancelled_at = now
        series.revision += 1
        await series.save()
        after = series_entry(series, len(coming_of(bookings, now)))
        await history.write(f"series:{series.id}", "cancelled", actor, now, before=before, after=after, reason=reason)
        await tell_of_series(locked, series, affected, "cancelled", actor, now)
        for one in locked.rooms.values():
            await settle_touched(locked, one, now)
        await record(request_key, series)
    return series


async def _locked_series(locked: RoomChange, former: Series, by: Person, if_revision: int | None) -> Series:
    """The series as it is now that its room is locked."""
    series = await Series.get(id=former.id)
    if not may_change(viewer_of(by), series.organizer_id, series.institution_id, series.kind):
        raise Forbidden("booking.not_yours")
    if series.revision != former.revision or if_revision not in (None, series.revision):
        raise Conflict("request.stale", revision=series.revision)
    return series


def _must_be_locked(locked: RoomChange, bookings: Sequence[Booking]) -> None:
    """One was moved to another room while this waited for its own."""
    if any(one.room_id not in locked.rooms for one in bookings):
        raise Conflict("request.stale", revision=0)


def _end_before(series: Series, cut: datetime) -> None:
    """The dates from ``cut`` on are none of this series any more."""
    rule, rdates = ended_before(request_of_series(series, ""), cut)
    series.rule, series.rdates = rule, list(rdates)
    series.skipped = {wall: code for wall, code in series.skipped.items() if wall < wall_text(cut)}


async def _cancel(bookings: Sequence[Booking], actor: Actor, now: datetime, reason: str) -> None:
    """Cancel these bookings of locked rooms, each with its history."""
    before = {booking.id: as_entry(booking) for booking in bookings}
    for booking in bookings:
        booking.status, booking.revision = Status.CANCELLED, booking.revision + 1
    ids = list(before)
    await Booking.filter(id__in=ids).update(status=Status.CANCELLED, revision=F("revision") + 1)
    await _tell_history(bookings, before, "cancelled", actor, now, reason)


async def _tell_history(
    bookings: Sequence[Booking], before: Mapping[UUID, dict[str, Any]], action: str, actor: Actor, now: datetime,
    reason: str = "",
) -> None:  # fmt: skip
    if not bookings:
        return
    last = await history.last_entries([f"booking:{booking.id}" for booking in bookings])
    entries = [history.NextEntry(last[f"booking:{one.id}"], before[one.id], as_entry(one)) for one in bookings]
    await history.write_next(entries, action, actor, now, reason)


async def change_series(
    series_id: UUID, scope: Scope, occurrence: str, changes: SeriesChanges, by: Person, actor: Actor, now: datetime,
    if_revision: int | None = None, request_key: RequestKey | None = None,
) -> Series:  # fmt: skip
    """Change one date of a series, that and those behind it, or all that are still to come. Where dates before them
    stay, the others become a series of their own, which is returned. Raises as :func:`book_series`, and
    Forbidden("booking.not_yours"), Conflict: series.no_occurrence, series.over, request.stale.
    """
    viewer = viewer_of(by)
    former = await series_by_id(series_id, viewer)
    if scope is Scope.THIS:
        return await _change_one(former, occurrence, changes, by, actor, now, if_revision, request_key)
    target_id = (await room_by_code(changes.room)).id if changes.room else former.room_id
    rooms = {booking.room_id for booking in await bookings_of_series(series_id)} | {former.room_id, target_id}
    plan: SeriesPlan | None = None
    try:
        async with changing(*rooms) as locked:
            series = await _locked_series(locked, former, by, if_revision)
            plan = await plan_of(series, scope, occurrence, changes, locked.rooms[target_id], viewer, now)
            _must_be_locked(locked, plan.affected)
            _refuse_what_fails(plan.preview)
            series = await _rewrite(locked, series, plan, actor, now)
            for room in locked.rooms.values():
                await settle_touched(locked, room, now)
            await record(request_key, series)
        return series
    except Conflict as refusal:
        if plan is not None and refusal.code in ("series.in_the_way", "series.nothing_left"):
            await explained(refusal, plan.preview, viewer, now)
        raise


async def _change_one(
    former: Series, occurrence: str, changes: SeriesChanges, by: Person, actor: Actor, now: datetime,
    if_revision: int | None, request_key: RequestKey | None,
) -> Series:  # fmt: skip
    """One date is changed as the booking that it is. It stays a date of its series, whose revision grows with it."""
    if if_revision not in (None, former.revision):
        raise Conflict("request.stale", revision=former.revision)
    (date,) = affected_by(await bookings_of_series(former.id), Scope.THIS, occurrence, now)
    date = await known_booking(date.id, viewer_of(by))
    target_id = (await room_by_code(changes.room)).id if changes.room else date.room_id
    booking_changes: BookingChanges | None = None
    try:
        async with changing(former.room_id, date.room_id, target_id) as locked:
            series = await _locked_series(locked, former, by, if_revision)
            booking = await Booking.get(id=date.id)
            if booking.room_id != date.room_id:  # moved by itself while this waited
                raise Conflict("request.stale", revision=series.revision)
            booking_changes = _changes_of(series, booking, changes, await booking_room(locked.rooms[target_id]))
            await change_locked(locked, booking, target_id, booking_changes, by, actor, now)
            for room in locked.rooms.values():
                if room.id in (date.room_id, target_id):
                    await settle_touched(locked, room, now)
                else:  # locked for its series alone
                    locked.keep_quiet(room)
            series.revision += 1
            await series.save(update_fields=["revision"])
            await record(request_key, series)
        return series
    except Conflict as refusal:
        if booking_changes is not None:
            await offer_change(refusal, date, target_id, booking_changes, by, now)
        raise


def _changes_of(series: Series, booking: Booking, changes: SeriesChanges, rules: BookingRoom) -> BookingChanges:
    """What a change of one date of a series is to its booking, in the room with these rules."""
    zone = rules.hours.zone
    began, ended = (at.astimezone(zone).replace(tzinfo=None) for at in (booking.starts_at, booking.ends_at))
    is_elsewhen = changes.start is not None or changes.minutes is not None
    minutes = int((ended - began).total_seconds() // 60) if changes.minutes is None else changes.minutes
    request = replace(
        request_of_series(series, rules.code), start=changes.start or began, minutes=minutes, rule="", rdates=(),
        exdates=(), kind=changes.kind or series.kind,
    )  # fmt: skip
    (date,) = dates_of(request, rules)
    return BookingChanges(
        room=changes.room,
        starts_at=date.starts_at if is_elsewhen else None,
        ends_at=date.ends_at if is_elsewhen else None,
        title=changes.title,
        kind=changes.kind,
        attendees=changes.words.get("attendees", Unchanged.STAYS),
        needs=changes.needs,
    )


async def _rewrite(locked: RoomChange, series: Series, plan: SeriesPlan, actor: Actor, now: datetime) -> Series:
    """Store what was planned, with the history of each."""
    preview, room = plan.preview, plan.preview.room
    before = series_entry(series, len(plan.affected))
    bookings_before = {booking.id: as_entry(booking) for booking in plan.affected}
    lost = plan.lost
    # none is in the way of another while they change places
    await Booking.filter(id__in=list(bookings_before)).update(status=Status.CANCELLED)
    if plan.is_split:
        series = await _split(series, plan, actor, now)
    _write(series, preview.request, room, plan.skipped)
    series.revision += 1
    await series.save()
    if lost:
        for booking in lost:
            booking.status, booking.revision, booking.series_id = Status.CANCELLED, booking.revision + 1, series.id
            await booking.save(update_fields=["status", "revision", "series_id"])
        await _tell_history(lost, bookings_before, "cancelled", actor, now)
    changed = []
    for line, booking in plan.kept:
        _put_words(booking, line.request)
        if not plan.keeps_times:
            _put(booking, line, preview.rules, room, line.occurrence.wall in plan.asked, now)
        booking.series_id = series.id
        booking.revision += 1
        changed.append(booking)
    await write(*(Fields(booking, _PUT) for booking in changed))
    await _tell_history(
        [one for one in changed if as_entry(one) != bookings_before[one.id]], bookings_before, "changed", actor, now
    )
    organizer = await Person.get_or_none(id=series.organizer_id) if series.organizer_id else None
    added = [
        _booking(series, line, preview.rules, organizer, line.occurrence.wall in plan.asked, now) for line in plan.added
    ]
    if added:
        await store_together(added, actor, now)
    after = series_entry(series, len(changed) + len(added))
    if plan.is_split:
        await history.write_new([(f"series:{series.id}", after)], "booked", actor, now)
    else:
        await history.write(f"series:{series.id}", "changed", actor, now, before=before, after=after)
    waiting = [one for one in (*changed, *added) if one.status is Status.TENTATIVE]
    if plan.asked and waiting:
        await ask_approvers(locked, waiting[0], actor, now, len(waiting))
    await tell_of_series(locked, series, [*changed, *added], "changed", actor, now)
    return series


_PUT = (
    "room_id", "starts_at", "ends_at", "planned_ends_at", "blocked_from", "blocked_to", "title", "kind", "attendees",
    "needs", "status", "occurrence", "series_id", "revision", "warned_at", "checked_in_at", "checked_in_by",
)  # fmt: skip


def _put_words(booking: Booking, request: BookingRequest) -> None:
    booking.title, booking.attendees, booking.needs = request.title, request.attendees, list(request.needs)
    booking.kind = request.kind or booking.kind


def _put(booking: Booking, line: DateLine, rules: BookingRoom, room: Room, is_asked: bool, now: datetime) -> None:
    """Make a booking the date that it becomes."""
    request: BookingRequest = line.request
    is_elsewhere = booking.room_id != room.id
    booking.room_id = room.id
    booking.starts_at, booking.ends_at, booking.planned_ends_at = request.starts_at, request.ends_at, request.ends_at
    booking.blocked_from, booking.blocked_to = blocked(request, rules)
    booking.occurrence, booking.warned_at = wall_text(line.occurrence.wall), None
    if booking.status is Status.CHECKED_IN and (is_asked or request.starts_at - CHECK_IN_EARLY > now):
        booking.status, booking.checked_in_at, booking.checked_in_by = Status.CONFIRMED, None, ""
    booking.status = status_after(booking.status, is_asked, is_elsewhere, booking.kind)


async def _split(series: Series, plan: SeriesPlan, actor: Actor, now: datetime) -> Series:
    """What stays before the change ends there; returns the series that goes on, not stored with its words yet."""
    before = series_entry(series, len(plan.affected))
    successor = Series(
        room_id=series.room_id, organizer_id=series.organizer_id, institution_id=series.institution_id,
        former_id=series.id, zone=series.zone, created_at=now, start=series.start, minutes=series.minutes, revision=0,
    )  # fmt: skip
    await insert(successor)
    _end_before(series, plan.cut)
    series.revision += 1
    await series.save()
    await history.write(
        f"series:{series.id}", "split", actor, now, before=before,
        after={**series_entry(series, 0), "successor": str(successor.id)},
    )  # fmt: skip
    return successor
