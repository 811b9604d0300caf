"""What a change of a series would come to, before anything of it is done: which dates it is about, and each of them
before and after.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from registry.bookings.models import Booking, Series
from registry.bookings.projections import Viewer, viewer_of
from registry.bookings.queries import booking_room, booking_rooms
from registry.bookings.recurrence import Occurrence
from registry.bookings.rules import (
    BookingRoom,
    asks_anew,
    blocked,
    change_reasons,
    may_change,
    needs_approval,
    request_of,
)
from registry.bookings.series_dates import SeriesPreview, conflicts_of, offers_for, with_obstacles
from registry.bookings.series_queries import (
    bookings_of_series,
    coming_of,
    complete_series,
    is_held,
    request_of_series,
    series_by_id,
)
from registry.bookings.series_rules import (
    OF_A_DATE,
    DateLine,
    Scope,
    SeriesChanges,
    SeriesRequest,
    continued,
    dates_of,
    judged,
    paired,
    wall_of,
    wall_text,
)
from registry.core.errors import Conflict, Forbidden
from registry.people.models import Person
from registry.rooms.models import Room
from registry.rooms.queries import days_off, room_by_code


def affected_by(bookings: Sequence[Booking], scope: Scope, occurrence: str, now: datetime) -> list[Booking]:
    """The bookings of a series, in the order of its dates, that a change or cancellation is about. Raises Conflict:
    series.over where nothing is to come, series.no_occurrence.
    """
    coming = sorted(coming_of(bookings, now), key=lambda one: one.occurrence)
    if not coming:
        raise Conflict("series.over")
    if scope is Scope.ALL:
        return coming
    wall = wall_of(occurrence)
    day = wall_text(wall) if isinstance(wall, datetime) else wall.isoformat()
    place = next((number for number, one in enumerate(coming) if one.occurrence.startswith(day)), None)
    if place is None:
        raise Conflict("series.no_occurrence")
    return coming[place : place + 1] if scope is Scope.THIS else coming[place:]


def skipped_of(lines: Sequence[DateLine]) -> dict[str, str]:
    """The dates that could not be had, each with the code of its reason."""
    return {wall_text(one.occurrence.wall): one.refusal.code for one in lines if one.refusal}


@dataclass(frozen=True, slots=True)
class SeriesPlan:
    """What a change would come to: the dates as they should be, which booking becomes which of them, and which dates
    await an answer anew. With ``keeps_times`` only words differ.
    """

    preview: SeriesPreview
    affected: Sequence[Booking]
    pairs: Mapping[datetime, Booking]
    cut: datetime
    is_split: bool
    asked: frozenset[datetime] = field(default_factory=frozenset)
    keeps_times: bool = False
    skipped: Mapping[str, str] = field(default_factory=dict)

    def former_of(self, line: DateLine) -> Booking | None:
        """The booking that this date would be made of."""
        return self.pairs.get(line.occurrence.wall)

    @property
    def added(self) -> list[DateLine]:
        """The dates that are new, and free."""
        return [line for line in self.preview.free if line.occurrence.wall not in self.pairs]

    @property
    def kept(self) -> list[tuple[DateLine, Booking]]:
        """The dates that can be had, each with the booking that it is made of."""
        return [(line, booking) for line in self.preview.free if (booking := self.former_of(line))]

    @property
    def lost(self) -> list[Booking]:
        """The bookings that would be cancelled: they become no date, or one that cannot be had."""
        staying = {booking.id for _, booking in self.kept}
        return [booking for booking in self.affected if booking.id not in staying]

    def steps(self) -> Iterator[tuple[str, str | None, str | None, Booking | None, DateLine | None]]:
        """What is done to each date, in order: the word, the wall time before and after, the booking, and what was
        found about the date as it should be.
        """
        lost = {booking.id for booking in self.lost}
        for line in self.preview.lines:
            booking, wall = self.former_of(line), wall_text(line.occurrence.wall)
            if line.refusal:
                yield (
                    "cancelled" if booking else "skipped",
                    booking.occurrence if booking else None,
                    wall,
                    booking,
                    line,
                )
            elif booking is None:
                yield "new", None, wall, None, line
            else:
                yield self._act_on(booking, line), booking.occurrence, wall, booking, line
            lost -= {booking.id} if booking else set()
        for booking in self.affected:
            if booking.id in lost:
                yield "cancelled", booking.occurrence, None, booking, None

    def _act_on(self, booking: Booking, line: DateLine) -> str:
        is_same = request_of(booking, booking.room.code) == replace(line.request, source="api", organizer=None)
        return "stays" if is_same else "changes"


async def preview_change(
    series_id: UUID, scope: Scope, occurrence: str, changes: SeriesChanges, by: Person, now: datetime
) -> SeriesPlan:
    """What a change of a series would come to, before and after, with what is in the way of each date. Raises what
    speaks against the whole of it, and as :func:`change_series`.
    """
    series, viewer = await series_by_id(series_id, viewer_of(by)), viewer_of(by)
    if not may_change(viewer, series.organizer_id, series.institution_id, series.kind):
        raise Forbidden("booking.not_yours")
    target = await room_by_code(changes.room) if changes.room else series.room
    plan = await plan_of(series, scope, occurrence, changes, target, viewer, now)
    lines, rules = plan.preview.lines, plan.preview.rules
    preview = replace(
        plan.preview,
        conflicts=await conflicts_of(lines, target, viewer),
        offers=await offers_for(lines, target, rules, viewer, now),
    )
    return replace(plan, preview=preview)


async def plan_of(
    series: Series, scope: Scope, occurrence: str, changes: SeriesChanges, target: Room, viewer: Viewer, now: datetime
) -> SeriesPlan:
    """The same of a fetched series, for a room that is locked or only looked at."""
    bookings = await bookings_of_series(series.id)
    affected = affected_by(bookings, scope, occurrence, now)
    rules = await booking_room(target)
    cut = datetime.fromisoformat(affected[0].occurrence)
    request, began = request_of_series(series, target.code), cut
    if scope is Scope.THIS:  # as it is, which may be otherwise than its series
        request = _alone(request, affected[0], rules.hours.zone)
        began = request.start
    request = continued(request, changes, began, rules.hours.zone)
    request = complete_series(replace(request, room=target.code), rules)
    others = [one for one in bookings if one not in affected]
    is_split = scope is not Scope.THIS and any(is_held(one) for one in others)
    if changes.keeps_times:
        lines = await _judged_words(request, affected, viewer, now)
        own = {line.occurrence.wall: one for line, one in zip(lines, affected, strict=True)}
        skipped = {wall: code for wall, code in series.skipped.items() if wall >= wall_text(cut) or not is_split}
        preview = SeriesPreview(target, rules, request, lines, {}, {})
        return SeriesPlan(preview, affected, own, cut, is_split, keeps_times=True, skipped=skipped)
    shift = (changes.start or began) - cut
    occurrences = dates_of(request, rules)
    if changes.keeps_rule:  # what was given up one by one stays so
        past = {one.occurrence for one in others}
        occurrences = [one for one in occurrences if wall_text(one.wall - shift) not in past]
    there = [one.wall for one in occurrences if not one.is_missing]
    by_id = {one.id: one for one in affected}
    pairs = paired({one.occurrence: one.id for one in affected}, there, shift)
    own = {wall: by_id[booking_id] for wall, booking_id in pairs.items()}
    lines, anew = _judged_change(request, occurrences, own, rules, viewer, now, has_extras=changes.keeps_rule)
    stays = [one for one in others if is_held(one) and one.room_id == target.id]
    lines = await with_obstacles(_beside(lines, stays, rules), target, rules, series.id)
    preview = SeriesPreview(target, rules, request, lines, {}, {}, bool(anew))
    return SeriesPlan(preview, affected, own, cut, is_split, anew, skipped=skipped_of(lines))


def _alone(request: SeriesRequest, booking: Booking, zone: ZoneInfo) -> SeriesRequest:
    """One date of a series as a request of its own."""
    start, end = (at.astimezone(zone).replace(tzinfo=None, fold=0) for at in (booking.starts_at, booking.ends_at))
    return replace(
        request, start=start, minutes=int((end - start).total_seconds() // 60), rule="", rdates=(), exdates=(),
        title=booking.title, kind=booking.kind, attendees=booking.attendees, needs=tuple(booking.needs),
    )  # fmt: skip


async def _judged_words(
    request: SeriesRequest, bookings: Sequence[Booking], viewer: Viewer, now: datetime
) -> list[DateLine]:
    """The dates of these bookings, where and when they are, with other words. Raises what speaks against these."""
    rules, lines = await booking_rooms([one.room for one in bookings]), []
    for booking in bookings:
        wall = datetime.fromisoformat(booking.occurrence)
        date = Occurrence(wall, booking.starts_at, booking.ends_at)
        wish, former = replace(request.on(date), room=booking.room.code), request_of(booking, booking.room.code)
        for refusal in change_reasons(former, wish, rules[booking.room_id], viewer, now):
            raise refusal
        lines.append(DateLine(date, wish))
    return lines


def _judged_change(
    request: SeriesRequest, occurrences: Sequence[Occurrence], own: Mapping[datetime, Booking], rules: BookingRoom,
    viewer: Viewer, now: datetime, *, has_extras: bool,
) -> tuple[list[DateLine], frozenset[datetime]]:  # fmt: skip
    """Each date by the rules of a change of its booking, or of a new one, which with ``has_extras`` nobody insists on;
    and the dates that ask anew. Raises what speaks against all of it.
    """
    lines, anew = [], set()
    for line in judged(request, occurrences, rules, days_off(rules.hours), viewer, now):
        booking, wall = own.get(line.occurrence.wall), line.occurrence.wall
        if line.is_left_out:
            lines.append(line)
            continue
        if booking is None:
            line = replace(line, is_extra=has_extras)
            general = [one for one in (line.refusal,) if one and one.code not in OF_A_DATE]
            if needs_approval(line.request, rules, viewer):
                anew.add(wall)
        else:
            former = request_of(booking, booking.room.code)
            refusals = change_reasons(former, line.request, rules, viewer, now)
            general = [one for one in refusals if one.code not in OF_A_DATE]
            line = replace(line, refusal=refusals[0] if refusals else None)
            if asks_anew(former, line.request, rules, viewer, now):
                anew.add(wall)
        for refusal in general:
            raise refusal
        lines.append(line)
    return lines, frozenset(anew)


def _beside(lines: list[DateLine], others: Sequence[Booking], rules: BookingRoom) -> list[DateLine]:
    """The same, where what stays of the series is in the way."""
    for place, line in enumerate(lines):
        if line.refusal is None:
            since, until = blocked(line.request, rules)
            obstacle = next((one for one in others if one.blocked_from < until and since < one.blocked_to), None)
            if obstacle:
                refusal = Conflict("booking.overlap", room=rules.code, conflicts=[], alternatives=[])
                lines[place] = replace(line, refusal=refusal, obstacle=obstacle.id)
    return lines
