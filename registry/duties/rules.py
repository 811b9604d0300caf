"""When a duty rule falls, in the office's own time."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo

from dateutil.rrule import rrulestr

EPOCH_MONDAY = date(2020, 1, 6)


@dataclass(frozen=True, slots=True)
class DutyRule:
    """A roster line: a recurrence of local days, local times, and who takes turns week by week.

    ``rrule`` is RFC 5545 without a start: ``FREQ=WEEKLY;BYDAY=MO``.
    """

    code: str
    name: str
    room: str
    rrule: str
    starts: time
    ends: time
    people: Sequence[str] = ()
    languages: str = ""
    skips_days_off: bool = True


@dataclass(frozen=True, slots=True)
class DutyTime:
    """One duty: from, until (UTC) and the login of who takes it, empty for nobody named."""

    starts_at: datetime
    ends_at: datetime
    login: str


def occurrences(
    rule: DutyRule, first: date, last: date, zone: ZoneInfo, days_off: frozenset[date]
) -> Iterator[DutyTime]:
    """The duties of a rule from one local day to another, both included.

    Each is expanded from the local rule, never from the one before it, so a change of the clocks moves none of them.
    """
    begin = datetime.combine(EPOCH_MONDAY, rule.starts)
    dates = rrulestr(rule.rrule, dtstart=begin).between(
        datetime.combine(first, time.min), datetime.combine(last, time.max), inc=True
    )
    for at in dates:
        day = at.date()
        if rule.skips_days_off and day in days_off:
            continue
        yield DutyTime(
            starts_at=datetime.combine(day, rule.starts, zone).astimezone(UTC),
            ends_at=datetime.combine(day, rule.ends, zone).astimezone(UTC),
            login=_turn(rule.people, day),
        )


def _turn(people: Sequence[str], day: date) -> str:
    """Whose week it is: the list is walked week by week, without end."""
    return people[(day - EPOCH_MONDAY).days // 7 % len(people)] if people else ""
