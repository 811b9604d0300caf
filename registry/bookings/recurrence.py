"""The dates of a series: a rule of RFC 5545 read, and walked on the clock of the wall. Pure.

The walk looks at each day of the ten years behind the start once, at most: a rule that has no date, or that never ends,
costs milliseconds. (A library that goes to the year 9999 takes seconds for it, and cannot be stopped.)
"""

import calendar
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from functools import lru_cache
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from registry.core.errors import N_, Invalid, Reason

MOST_DATES = 400
MOST_YEARS = 10
MOST_TIMES = 48  # of a day: a walk makes each of them before BYSETPOS chooses
LONGEST_RULE = 500  # characters
ROOM_FOR_END = 20
DAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
TOO_OFTEN = ("SECONDLY", "MINUTELY", "HOURLY")


class Frequency(StrEnum):
    DAILY = "DAILY"
    WEEKLY = "WEEKLY"
    MONTHLY = "MONTHLY"
    YEARLY = "YEARLY"


class Weekday(NamedTuple):
    """A day of the week, 0 = Monday: each, or the ``nth`` of a month or year, from its end where negative."""

    day: int
    nth: int = 0


@dataclass(frozen=True, slots=True)
class Rule:
    """An RRULE. ``until`` is a last day, a wall time, or an instant of UTC."""

    frequency: Frequency
    interval: int = 1
    count: int | None = None
    until: date | datetime | None = None
    months: tuple[int, ...] = ()
    weeks: tuple[int, ...] = ()
    year_days: tuple[int, ...] = ()
    month_days: tuple[int, ...] = ()
    weekdays: tuple[Weekday, ...] = ()
    hours: tuple[int, ...] = ()
    minutes: tuple[int, ...] = ()
    positions: tuple[int, ...] = ()
    week_start: int = 0


class Occurrence(NamedTuple):
    """One date of a series. ``wall`` is what the rule says, naive. ``is_missing``: that hour does not exist on that
    day, and nothing happens; ``is_twice``: it exists twice, and the first is meant.
    """

    wall: datetime
    starts_at: datetime
    ends_at: datetime
    is_missing: bool = False
    is_twice: bool = False


@dataclass(frozen=True, slots=True)
class Recurrence:
    """What a series is made of: its first wall time, how long it lasts on the clock, a rule or none, dates beside it
    and dates left out: of a day all, else at that time.
    """

    start: datetime
    length: timedelta
    zone: ZoneInfo
    rule: Rule | None = None
    more: tuple[datetime, ...] = ()
    without: frozenset[date | datetime] = field(default_factory=frozenset)


def read_rule(text: str) -> Rule:
    """Raises Invalid: series.bad_rule, series.too_often, series.too_many, series.too_long."""
    # one that is cut in two gets the wall time of an end, and must fit where it is stored
    longest = LONGEST_RULE if re.search(r"UNTIL=\d{8}T", text.upper()) else LONGEST_RULE - ROOM_FOR_END
    if len(text) > longest:
        raise _bad(N_("it is longer than {limit} characters"), limit=longest)
    parts: dict[str, str] = {}
    for part in text.strip().upper().removeprefix("RRULE:").split(";"):
        name, _, value = (word.strip() for word in part.partition("="))
        if not value or name in parts or name not in _READERS:
            raise _bad(N_("{part} cannot be read"), part=part[:40] or "''")
        parts[name] = value
    if parts.get("FREQ") in TOO_OFTEN:
        raise Invalid("series.too_often")
    if "FREQ" not in parts:
        raise _bad(N_("it says no FREQ"))
    values: dict[str, Any] = {}
    for name, value in parts.items():
        field_name, read = _READERS[name]
        try:
            values[field_name] = read(value)
        except (ValueError, OverflowError) as fault:
            raise _bad(N_("{part} cannot be read"), part=f"{name}={value}"[:40]) from fault
    rule = Rule(**values)
    _check(rule)
    return rule


def _bad(text: str, **params: object) -> Invalid:
    return Invalid("series.bad_rule", reason=Reason(text, **params))


def _check(rule: Rule) -> None:
    """What parts must not stand together, and what would never end."""
    frequency = rule.frequency
    if rule.count is not None and rule.until is not None:
        raise _bad(N_("it says both COUNT and UNTIL"))
    if rule.count is not None and rule.count > MOST_DATES:
        raise Invalid("series.too_many", limit=MOST_DATES)
    if len(rule.hours or (0,)) * len(rule.minutes or (0,)) > MOST_TIMES:
        raise Invalid("series.too_often")
    if rule.interval > 366 * MOST_YEARS:
        raise Invalid("series.too_long", years=MOST_YEARS)
    is_yearly, has_months = frequency is Frequency.YEARLY, frequency in (Frequency.MONTHLY, Frequency.YEARLY)
    if (rule.weeks or rule.year_days) and not is_yearly:
        raise _bad(N_("BYWEEKNO and BYYEARDAY are for FREQ=YEARLY"))
    if rule.month_days and frequency is Frequency.WEEKLY:
        raise _bad(N_("BYMONTHDAY is not for FREQ=WEEKLY"))
    if any(day.nth for day in rule.weekdays) and (not has_months or rule.weeks):
        raise _bad(N_("the number before a day of the week is for FREQ=MONTHLY and FREQ=YEARLY"))
    chosen = (rule.months, rule.weeks, rule.year_days, rule.month_days, rule.weekdays, rule.hours, rule.minutes)
    if rule.positions and not any(chosen):
        raise _bad(N_("BYSETPOS needs another BY… part"))


def _number(lowest: int, highest: int, text: str) -> int:
    if not re.fullmatch(r"[+-]?\d{1,10}", text, re.ASCII):
        raise ValueError(text)
    number = int(text)
    if not lowest <= number <= highest:
        raise ValueError(text)
    return number


def _whole(text: str) -> int:
    return _number(1, 10**10, text)


def _numbers(text: str, lowest: int, highest: int) -> tuple[int, ...]:
    return tuple(sorted({_number(lowest, highest, word) for word in text.split(",")}))


def _either(text: str, highest: int) -> tuple[int, ...]:
    """Numbers from the beginning, or from the end."""
    numbers = _numbers(text, -highest, highest)
    if 0 in numbers:
        raise ValueError(text)
    return numbers


def _weekdays(text: str) -> tuple[Weekday, ...]:
    days = []
    for word in text.split(","):
        number, name = word[:-2], word[-2:]
        days.append(Weekday(DAYS.index(name), _either(number, 53)[0] if number else 0))
    return tuple(dict.fromkeys(days))


def _until(text: str) -> date | datetime:
    if not re.fullmatch(r"\d{8}(T\d{6}Z?)?", text, re.ASCII):
        raise ValueError(text)
    if len(text) == 8:
        return date.fromisoformat(text)
    moment = datetime.fromisoformat(text[:15])
    return moment.replace(tzinfo=UTC) if text.endswith("Z") else moment


_READERS = {
    "FREQ": ("frequency", Frequency),
    "INTERVAL": ("interval", _whole),
    "COUNT": ("count", _whole),
    "UNTIL": ("until", _until),
    "BYMONTH": ("months", lambda text: _numbers(text, 1, 12)),
    "BYWEEKNO": ("weeks", lambda text: _either(text, 53)),
    "BYYEARDAY": ("year_days", lambda text: _either(text, 366)),
    "BYMONTHDAY": ("month_days", lambda text: _either(text, 31)),
    "BYDAY": ("weekdays", _weekdays),
    "BYHOUR": ("hours", lambda text: _numbers(text, 0, 23)),
    "BYMINUTE": ("minutes", lambda text: _numbers(text, 0, 59)),
    "BYSETPOS": ("positions", lambda text: _either(text, 366)),
    "WKST": ("week_start", DAYS.index),
}


def rule_text(rule: Rule) -> str:
    """The rule as RFC 5545 writes it."""
    parts = [f"FREQ={rule.frequency}"]
    if rule.interval != 1:
        parts.append(f"INTERVAL={rule.interval}")
    if rule.count is not None:
        parts.append(f"COUNT={rule.count}")
    if isinstance(rule.until, datetime):
        parts.append(f"UNTIL={rule.until:%Y%m%dT%H%M%S}{'Z' if rule.until.tzinfo else ''}")
    elif rule.until is not None:
        parts.append(f"UNTIL={rule.until:%Y%m%d}")
    for name, numbers in (
        ("BYMONTH", rule.months), ("BYWEEKNO", rule.weeks), ("BYYEARDAY", rule.year_days),
        ("BYMONTHDAY", rule.month_days), ("BYDAY", [f"{nth or ''}{DAYS[day]}" for day, nth in rule.weekdays]),
        ("BYHOUR", rule.hours), ("BYMINUTE", rule.minutes), ("BYSETPOS", rule.positions),
    ):  # fmt: skip
        if numbers:
            parts.append(f"{name}={','.join(map(str, numbers))}")
    if rule.week_start:
        parts.append(f"WKST={DAYS[rule.week_start]}")
    return ";".join(parts)


def ending_before(rule: Rule, wall: datetime) -> Rule:
    """The same rule up to the minute before this wall time."""
    return replace(rule, count=None, until=wall - timedelta(minutes=1))


def walk(rule: Rule, start: datetime, last: date) -> Iterator[datetime]:
    """The wall times of a rule from ``start`` to the end of the day ``last``, in order; COUNT and UNTIL aside."""
    rule = _completed(rule, start)
    times = [time(hour, minute, start.second) for hour in rule.hours for minute in rule.minutes]
    for days in _periods(rule, start.date(), last):
        walls = [datetime.combine(day, at) for day in days if _is_of(rule, day) for at in times]
        if rule.positions:
            places = {one - 1 if one > 0 else len(walls) + one for one in rule.positions}
            walls = [wall for place, wall in enumerate(walls) if place in places]
        yield from (wall for wall in walls if wall >= start and wall.date() <= last)


def _completed(rule: Rule, start: datetime) -> Rule:
    """The rule with what its start says for what it leaves out."""
    more: dict[str, tuple[int, ...] | tuple[Weekday, ...]] = {}
    if not (rule.weeks or rule.year_days or rule.month_days or rule.weekdays):
        if rule.frequency is Frequency.YEARLY:
            more = {"months": rule.months or (start.month,), "month_days": (start.day,)}
        elif rule.frequency is Frequency.MONTHLY:
            more = {"month_days": (start.day,)}
        elif rule.frequency is Frequency.WEEKLY:
            more = {"weekdays": (Weekday(start.weekday()),)}
    elif rule.weeks and not (rule.month_days or rule.year_days or rule.weekdays):
        more = {"weekdays": (Weekday(start.weekday()),)}
    more |= {"hours": rule.hours or (start.hour,), "minutes": rule.minutes or (start.minute,)}
    return replace(rule, **more)  # type: ignore[arg-type]  # each of them is a tuple of its own kind


def _periods(rule: Rule, first: date, last: date) -> Iterator[Sequence[date]]:
    """The days of each year, month, week or day that the interval leaves, until ``last``."""
    step = rule.interval
    if rule.frequency is Frequency.YEARLY:
        for year in range(first.year, last.year + 1, step):
            yield _days(date(year, 1, 1), 366 if calendar.isleap(year) else 365)
    elif rule.frequency is Frequency.MONTHLY:
        for month in range(12 * first.year + first.month - 1, 12 * last.year + last.month, step):
            begin = date(month // 12, month % 12 + 1, 1)
            yield _days(begin, _length_of_month(begin))
    else:
        length = 7 if rule.frequency is Frequency.WEEKLY else 1
        monday = first.toordinal() - ((first.weekday() - rule.week_start) % 7 if length == 7 else 0)
        for ordinal in range(monday, last.toordinal() + 1, step * length):
            yield _days(date.fromordinal(max(ordinal, 1)), length)


def _days(begin: date, many: int) -> list[date]:
    ordinal = begin.toordinal()
    return [date.fromordinal(one) for one in range(ordinal, min(ordinal + many, date.max.toordinal() + 1))]


def _length_of_month(day: date) -> int:
    return calendar.monthrange(day.year, day.month)[1]


def _length_of_year(year: int) -> int:
    return 366 if calendar.isleap(year) else 365


def _is_of(rule: Rule, day: date) -> bool:
    """Whether every BY… part that is there takes this day."""
    if rule.months and day.month not in rule.months:
        return False
    if rule.weeks and not _is_in_weeks(rule, day):
        return False
    if rule.year_days:
        number = day.timetuple().tm_yday
        if number not in rule.year_days and number - _length_of_year(day.year) - 1 not in rule.year_days:
            return False
    if rule.month_days and not {day.day, day.day - _length_of_month(day) - 1} & set(rule.month_days):
        return False
    return not rule.weekdays or any(_is_weekday(rule, one, day) for one in rule.weekdays)


def _is_weekday(rule: Rule, weekday: Weekday, day: date) -> bool:
    if day.weekday() != weekday.day:
        return False
    if not weekday.nth:
        return True
    if rule.frequency is Frequency.MONTHLY or rule.months:
        number, length = day.day, _length_of_month(day)
    else:
        number, length = day.timetuple().tm_yday, _length_of_year(day.year)
    return weekday.nth in ((number - 1) // 7 + 1, -((length - number) // 7 + 1))


def _is_in_weeks(rule: Rule, day: date) -> bool:
    year = day.year
    if day >= _first_week(year + 1, rule.week_start):
        year += 1
    elif day < _first_week(year, rule.week_start):
        year -= 1
    begin = _first_week(year, rule.week_start)
    number, many = (day - begin).days // 7 + 1, (_first_week(year + 1, rule.week_start) - begin).days // 7
    return number in rule.weeks or number - many - 1 in rule.weeks


@lru_cache(256)
def _first_week(year: int, week_start: int) -> date:
    """The first day of a year's first week: the one that has four days in it."""
    fourth = date(year, 1, 4)
    return fourth - timedelta(days=(fourth.weekday() - week_start) % 7)


def expand(recurrence: Recurrence) -> list[Occurrence]:
    """Every date of a series, in order, with those whose hour does not exist, which COUNT does not count. Raises
    Invalid: series.endless, series.too_many, series.too_long, series.no_date.
    """
    rule, start = recurrence.rule, recurrence.start
    if any(abs(wall.year - start.year) > MOST_YEARS + 1 for wall in recurrence.more):
        raise Invalid("series.too_long", years=MOST_YEARS)
    walls = [start] if rule is None else _within(rule, recurrence)
    # RFC 5545: a rule does not mean an hour that does not exist; who names it means the clock that was
    named = {wall: _occurrence(wall, recurrence)._replace(is_missing=False) for wall in recurrence.more}
    if rule is None:
        named[start] = _occurrence(start, recurrence)._replace(is_missing=False)
    by_wall = {wall: _occurrence(wall, recurrence) for wall in walls} | named
    occurrences = [
        by_wall[wall]
        for wall in sorted(by_wall)
        if wall not in recurrence.without and wall.date() not in recurrence.without
    ]
    if len(occurrences) > MOST_DATES:
        raise Invalid("series.too_many", limit=MOST_DATES)
    if not any(not one.is_missing for one in occurrences):
        raise Invalid("series.no_date")
    if occurrences[-1].wall.date() > _latest(start):
        raise Invalid("series.too_long", years=MOST_YEARS)
    return occurrences


def _latest(start: datetime) -> date:
    """The last day of a series that begins then."""
    return date.fromordinal(min(date.max.toordinal() - 366, start.toordinal() + 366 * MOST_YEARS))


def _within(rule: Rule, recurrence: Recurrence) -> list[datetime]:
    """The wall times of a rule that ends."""
    if rule.count is None and rule.until is None:
        raise Invalid("series.endless")
    latest, walls, missing = _latest(recurrence.start), [], 0
    if rule.until is not None and (rule.until.date() if isinstance(rule.until, datetime) else rule.until) > latest:
        raise Invalid("series.too_long", years=MOST_YEARS)
    for wall in walk(rule, recurrence.start, latest):
        occurrence = _occurrence(wall, recurrence)
        if rule.until is not None and _is_past(occurrence, rule.until):
            break
        missing += occurrence.is_missing
        walls.append(wall)
        if len(walls) - missing == rule.count:
            break
        if len(walls) > MOST_DATES:
            raise Invalid("series.too_many", limit=MOST_DATES)
    else:
        if rule.count is not None and walls:
            raise Invalid("series.too_long", years=MOST_YEARS)
    return walls


def _is_past(occurrence: Occurrence, until: date | datetime) -> bool:
    if not isinstance(until, datetime):
        return occurrence.wall.date() > until
    return (occurrence.starts_at if until.tzinfo else occurrence.wall) > until


def _occurrence(wall: datetime, recurrence: Recurrence) -> Occurrence:
    """Start and end by the clock on the wall: in a gap the clock that was, in a fold the first of the two."""
    first, second = (wall.replace(tzinfo=recurrence.zone, fold=fold).utcoffset() for fold in (0, 1))
    starts_at = wall.replace(tzinfo=recurrence.zone).astimezone(UTC)
    ends_at = (wall + recurrence.length).replace(tzinfo=recurrence.zone).astimezone(UTC)
    is_missing = is_twice = False
    if first != second:
        is_missing = starts_at.astimezone(recurrence.zone).replace(tzinfo=None) != wall
        is_twice = not is_missing
    return Occurrence(wall, starts_at, ends_at, is_missing, is_twice)
