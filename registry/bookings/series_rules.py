"""What a series of bookings may be: asked for, judged date by date, continued otherwise. Pure."""

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from enum import StrEnum
from uuid import UUID
from zoneinfo import ZoneInfo

from registry.bookings.models import Kind, OnTaken
from registry.bookings.projections import Viewer
from registry.bookings.recurrence import (
    MOST_DATES,
    MOST_YEARS,
    Frequency,
    Occurrence,
    Recurrence,
    Rule,
    Weekday,
    ending_before,
    expand,
    read_rule,
    rule_text,
)
from registry.bookings.rules import BookingRequest, BookingRoom, blocked, kinds, reasons
from registry.core.errors import N_, Conflict, Invalid, Reason, Refusal

MINUTE = timedelta(minutes=1)
LAST_YEAR = 2900  # of a first date: no calendar of an office goes further
# what speaks against one date and perhaps not against the next
OF_A_DATE = frozenset(
    {"booking.too_early", "booking.too_far", "booking.closed", "booking.approval_late", "booking.overlap"}
)


class Scope(StrEnum):
    """How much of a series is changed or cancelled: one date, that and all behind it, all that are still to come."""

    THIS = "this"
    FOLLOWING = "following"
    ALL = "all"


class DateState(StrEnum):
    """What a date of a series is before it is booked."""

    FREE = "free"
    OVERLAP = "overlap"
    CLOSED = "closed"
    HOLIDAY = "holiday"
    HORIZON = "horizon"
    PAST = "past"
    RULE = "rule"
    MISSING = "missing"


_STATES = {
    "booking.overlap": DateState.OVERLAP,
    "booking.closed": DateState.CLOSED,
    "booking.too_far": DateState.HORIZON,
    "booking.too_early": DateState.PAST,
    "series.holiday": DateState.HOLIDAY,
    "series.gap_time": DateState.MISSING,
}
# a date that the series itself leaves out is in nobody's way
LEFT_OUT = ("series.holiday", "series.gap_time")


@dataclass(frozen=True, slots=True)
class SeriesRequest:
    """A series that somebody wants. ``start`` is the first wall time, naive, and ``minutes`` how long each date lasts
    on that clock; dates are texts like 2027-01-18 or 2027-01-18T09:00.
    """

    room: str
    start: datetime
    minutes: int
    rule: str = ""
    rdates: tuple[str, ...] = ()
    exdates: tuple[str, ...] = ()
    title: str = ""
    kind: Kind | None = None
    attendees: int | None = None
    needs: tuple[str, ...] = ()
    organizer: str | None = None
    on_conflict: OnTaken = OnTaken.REFUSE
    skips_holidays: bool = False
    source: str = "api"

    def on(self, occurrence: Occurrence) -> BookingRequest:
        """What is asked for on one date."""
        return BookingRequest(
            self.room, occurrence.starts_at, occurrence.ends_at, self.title, self.kind, self.attendees, self.needs,
            self.organizer, self.source,
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class DateLine:
    """One date of a series with what speaks against it, and the booking in its way. ``is_extra``: the series does not
    have it now, and need not.
    """

    occurrence: Occurrence
    request: BookingRequest
    refusal: Refusal | None = None
    obstacle: UUID | None = None
    is_day_off: bool = False
    is_extra: bool = False

    @property
    def state(self) -> DateState:
        if self.refusal is None:
            return DateState.FREE
        if self.refusal.code == "booking.closed" and self.is_day_off:
            return DateState.HOLIDAY
        return _STATES.get(self.refusal.code, DateState.RULE)

    @property
    def is_left_out(self) -> bool:
        """Whether the series itself does without this date."""
        return self.refusal is not None and self.refusal.code in LEFT_OUT

    @property
    def is_in_the_way(self) -> bool:
        """Whether a series that wants all of its dates cannot be had because of this one."""
        return self.refusal is not None and not self.is_left_out and not self.is_extra


def wall_text(wall: datetime) -> str:
    """A wall time as it is stored: 2027-01-18T09:00."""
    return wall.isoformat(timespec="minutes")


def wall_of(text: str) -> date | datetime:
    """A day or a wall time. Raises Invalid("series.bad_date")."""
    try:
        if re.fullmatch(r"\d{4}-\d\d-\d\d", text, re.ASCII):
            return date.fromisoformat(text)
        if re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d(:00)?", text, re.ASCII):
            return datetime.fromisoformat(text)
    except ValueError:
        pass
    raise Invalid("series.bad_date", given=text[:40] or "–")


def recurrence_of(request: SeriesRequest, zone: ZoneInfo) -> Recurrence:
    """The dates of a request as a thing to expand. Raises Invalid."""
    if request.minutes <= 0:
        raise Invalid("booking.ends_before_start")
    if len(request.rdates) > MOST_DATES or len(request.exdates) > MOST_DATES:
        raise Invalid("series.too_many", limit=MOST_DATES)
    if request.start.year > LAST_YEAR or request.minutes > MOST_YEARS * 366 * 24 * 60:
        raise Invalid("series.too_long", years=MOST_YEARS)
    more = [wall_of(text) for text in request.rdates]
    at = request.start.time()
    return Recurrence(
        start=request.start,
        length=request.minutes * MINUTE,
        zone=zone,
        rule=read_rule(request.rule) if request.rule else None,
        more=tuple(one if isinstance(one, datetime) else datetime.combine(one, at) for one in more),
        without=frozenset(wall_of(text) for text in request.exdates),
    )


def dates_of(request: SeriesRequest, room: BookingRoom) -> list[Occurrence]:
    """Every date of a request. Raises Invalid, also series.overlaps_itself for dates in each other's way."""
    if request.kind is Kind.BLOCK:
        others = ", ".join(kind for kind in kinds(room.visibility) if kind is not Kind.BLOCK)
        raise Invalid("booking.bad_kind", kind=request.kind, kinds=others)
    occurrences = expand(recurrence_of(request, room.hours.zone))
    there = [one for one in occurrences if not one.is_missing]
    spans = [blocked(request.on(one), room) for one in there]
    for place in range(1, len(there)):
        if spans[place][0] < spans[place - 1][1]:
            first, second = (wall_text(there[one].wall).replace("T", " ") for one in (place - 1, place))
            raise Invalid("series.overlaps_itself", first=first, second=second)
    return occurrences


def general_reasons(
    request: SeriesRequest, occurrences: Sequence[Occurrence], room: BookingRoom, by: Viewer, now: datetime
) -> list[Refusal]:
    """What speaks against every date: who asks, the words, how long each date is."""
    first = next(one for one in occurrences if not one.is_missing)
    return [one for one in reasons(request.on(first), room, by, now) if one.code not in OF_A_DATE]


def judged(
    request: SeriesRequest, occurrences: Sequence[Occurrence], room: BookingRoom, days_off: Collection[date],
    by: Viewer, now: datetime,
) -> Iterator[DateLine]:  # fmt: skip
    """Each date with what speaks against it, except that the room is taken."""
    for occurrence in occurrences:
        wish = request.on(occurrence)
        is_day_off = occurrence.wall.date() in days_off
        refusal: Refusal | None
        if occurrence.is_missing:
            refusal = Conflict("series.gap_time")
        elif is_day_off and request.skips_holidays:
            refusal = Conflict("series.holiday")
        else:
            refusal = next(iter(reasons(wish, room, by, now)), None)
        yield DateLine(occurrence, wish, refusal, is_day_off=is_day_off)


@dataclass(frozen=True, slots=True)
class SeriesChanges:
    """What should be different; None stays as it is. ``start`` is the wall time of the first date that changes."""

    room: str | None = None
    start: datetime | None = None
    minutes: int | None = None
    rule: str | None = None
    rdates: tuple[str, ...] | None = None
    exdates: tuple[str, ...] | None = None
    title: str | None = None
    kind: Kind | None = None
    words: Mapping[str, int | None] = field(default_factory=dict)  # attendees, where it should be another
    needs: tuple[str, ...] | None = None
    on_conflict: OnTaken | None = None
    skips_holidays: bool | None = None

    @property
    def keeps_rule(self) -> bool:
        """Whether the series has the dates that it had, perhaps at another time."""
        return self.rule is None and self.rdates is None and self.exdates is None

    @property
    def keeps_times(self) -> bool:
        """Whether only words differ: where and when each date is stays, also of those that were moved one by one."""
        others = (self.room, self.start, self.minutes, self.skips_holidays)
        return self.keeps_rule and all(one is None for one in others)


def continued(former: SeriesRequest, changes: SeriesChanges, cut: datetime, zone: ZoneInfo) -> SeriesRequest:
    """The series from its date ``cut`` on, as it should be. Raises Invalid."""
    shift = (changes.start or cut) - cut
    rule, start = changes.rule, cut
    if rule is None:
        rule, start = _continued_rule(former, cut, shift, zone)
    return replace(
        former,
        room=changes.room or former.room,
        start=start + shift,
        minutes=former.minutes if changes.minutes is None else changes.minutes,
        rule=rule,
        rdates=_moved(former.rdates, cut, shift) if changes.rdates is None else changes.rdates,
        exdates=_moved(former.exdates, cut, shift) if changes.exdates is None else changes.exdates,
        title=former.title if changes.title is None else changes.title.strip(),
        kind=changes.kind or former.kind,
        attendees=changes.words.get("attendees", former.attendees),
        needs=former.needs if changes.needs is None else changes.needs,
        on_conflict=changes.on_conflict or former.on_conflict,
        skips_holidays=former.skips_holidays if changes.skips_holidays is None else changes.skips_holidays,
    )


def _continued_rule(former: SeriesRequest, cut: datetime, shift: timedelta, zone: ZoneInfo) -> tuple[str, datetime]:
    """The same rule from its date ``cut`` on, all dates moved as that one is, and the first of them as it was."""
    if not former.rule:
        return "", cut
    rule = read_rule(former.rule)
    recurrence = replace(recurrence_of(former, zone), more=(), without=frozenset())
    try:
        coming = [one.wall for one in expand(recurrence) if one.wall >= cut]
    except Invalid:  # what is left of it has no date
        coming = []
    if not coming:  # only dates beside the rule are left
        return "", cut
    days = (cut + shift).date() - cut.date()
    if days:
        rule = _rotated(rule, days.days)
    if shift and (len(rule.hours) > 1 or len(rule.minutes) > 1):
        raise _rule_anew()
    if shift:
        rule = replace(rule, hours=(), minutes=())
    return rule_text(replace(rule, count=None, until=coming[-1] + shift)), coming[0]


def _rule_anew() -> Invalid:
    return Invalid("series.bad_rule", reason=Reason(N_("its days or times move, so say the new rule too")))


def _rotated(rule: Rule, days: int) -> Rule:
    """The rule so many days later. Raises Invalid("series.bad_rule") where that is no rule of the same kind."""
    others = (rule.months, rule.weeks, rule.year_days, rule.month_days, rule.positions)
    is_plain = rule.frequency in (Frequency.DAILY, Frequency.WEEKLY) and not any(others)
    is_plain = is_plain and (rule.interval == 1 or len(rule.weekdays) <= 1)
    if not is_plain or rule.frequency is Frequency.DAILY and rule.weekdays:
        raise _rule_anew()
    return replace(rule, weekdays=tuple(Weekday((one.day + days) % 7) for one in rule.weekdays))


def _moved(texts: Sequence[str], cut: datetime, shift: timedelta) -> tuple[str, ...]:
    """The dates from ``cut`` on, moved alike."""
    moved = []
    for text in texts:
        one = wall_of(text)
        if isinstance(one, datetime):
            if one >= cut:
                moved.append(wall_text(one + shift))
        elif one >= cut.date():
            moved.append((one + ((cut + shift).date() - cut.date())).isoformat())
    return tuple(moved)


def ended_before(request: SeriesRequest, cut: datetime) -> tuple[str, tuple[str, ...]]:
    """The rule and the dates beside it that a series has before its date ``cut``."""
    rule = rule_text(ending_before(read_rule(request.rule), cut)) if request.rule else ""
    earlier = [text for text in request.rdates if _is_before(wall_of(text), cut)]
    return rule, tuple(earlier)


def _is_before(one: date | datetime, cut: datetime) -> bool:
    return one < cut if isinstance(one, datetime) else one < cut.date()


def paired(former: Mapping[str, UUID], walls: Sequence[datetime], shift: timedelta) -> dict[datetime, UUID]:
    """Which booking becomes which date, by the dates that they had. A date that moved with all others stays its
    booking's; what is left over on both sides is taken in order.
    """
    by_wall = {datetime.fromisoformat(text) + shift: booking for text, booking in former.items()}
    pairs = {wall: by_wall.pop(wall) for wall in walls if wall in by_wall}
    rest = [by_wall[wall] for wall in sorted(by_wall)]
    for wall in walls:
        if wall not in pairs and rest:
            pairs[wall] = rest.pop(0)
    return pairs
