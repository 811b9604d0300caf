"""What a week of opening hours may be, and what a day of a site is. Pure."""

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum

from registry.core.errors import Invalid, Refusal
from registry.core.lines import line_fault
from registry.rooms.hours import DAY_MINUTES, Span

CODE = re.compile(r"[\w.-]{1,40}")
LONGEST_NAME = 120
MOST_SPANS, MOST_PERIODS = 200, 12  # the week without dates is one of the periods
SATURDAY = 5


@dataclass(frozen=True, slots=True)
class NewProfile:
    """A named week of opening hours as it is wanted. No spans: always open."""

    code: str
    spans: tuple[Span, ...]
    name: str = ""
    closed_on_holidays: bool = True


class DayKind(StrEnum):
    """What a day of a site is beside the weeks of its rooms."""

    USUAL = "usual"
    WEEKEND = "weekend"
    HOLIDAY = "holiday"
    CLOSED = "closed"
    OPEN = "open"


@dataclass(frozen=True, slots=True)
class SiteDay:
    """A day of a site. ``is_set``: somebody said that it differs."""

    day: date
    kind: DayKind
    name: str = ""
    is_set: bool = False


def profile_faults(new: NewProfile) -> Iterator[Refusal]:
    """Every reason against a week."""
    if not CODE.fullmatch(new.code):
        yield Invalid("opening.bad_code", code=new.code[:60] or "–")
    if fault := line_fault("name", new.name, LONGEST_NAME):
        yield fault
    if len(new.spans) > MOST_SPANS:
        yield Invalid("opening.too_many", limit=MOST_SPANS)
    if len({(None, None), *((span.valid_from, span.valid_to) for span in new.spans)}) > MOST_PERIODS:
        yield Invalid("opening.too_many_periods", limit=MOST_PERIODS - 1)
    for span in new.spans:
        yield from span_faults(span)


def checked(new: NewProfile) -> NewProfile:
    """A week as it is stored. Raises what :func:`profile_faults` tells first."""
    new = replace(new, code=new.code.strip(), name=" ".join(new.name.split()))
    for fault in profile_faults(new):
        raise fault
    return replace(new, spans=merged(new.spans))


def name_of_day(name: str) -> str:
    """Why a day differs, as it is stored. Raises Invalid("site.no_name_of_day")."""
    name = " ".join(name.split())
    if not name or len(name) > LONGEST_NAME or not name.isprintable():
        raise Invalid("site.no_name_of_day")
    return name


def span_faults(span: Span) -> Iterator[Refusal]:
    """Every reason against one span."""
    if not 0 <= span.weekday <= 6:
        yield Invalid("opening.bad_weekday")
    if not (0 <= span.opens < DAY_MINUTES and 0 < span.closes <= DAY_MINUTES and span.opens < span.closes):
        yield Invalid("opening.closes_first", given=f"{_clock(span.opens)}–{_clock(span.closes)}")
    if span.valid_from and span.valid_to and span.valid_to < span.valid_from:
        yield Invalid("opening.bad_period")


def _clock(minute: int) -> str:
    return f"{minute // 60}:{minute % 60:02}"


def merged(spans: Collection[Span]) -> tuple[Span, ...]:
    """The same week in order, spans of one day and period that touch as one."""
    lines: list[Span] = []
    for span in sorted(spans, key=_place):
        last = lines[-1] if lines else None
        if last and _place(last)[:3] == _place(span)[:3] and span.opens <= last.closes:
            closes = max(last.closes, span.closes)
            lines[-1] = Span(last.weekday, last.opens, closes, last.valid_from, last.valid_to)
        else:
            lines.append(span)
    return tuple(lines)


def _place(span: Span) -> tuple[date, date, int, int]:
    return span.valid_from or date.min, span.valid_to or date.max, span.weekday, span.opens


def year_days(year: int, holidays: Mapping[date, str], days: Mapping[date, tuple[bool, str]]) -> list[SiteDay]:
    """Every day of a year: ``days`` are those that somebody set, whether each is open and why."""
    first, last = date(year, 1, 1).toordinal(), date(year, 12, 31).toordinal()
    return [day_of_site(date.fromordinal(number), holidays, days) for number in range(first, last + 1)]


def day_of_site(day: date, holidays: Mapping[date, str], days: Mapping[date, tuple[bool, str]]) -> SiteDay:
    """One day."""
    if day in days:
        is_open, name = days[day]
        return SiteDay(day, DayKind.OPEN if is_open else DayKind.CLOSED, name, is_set=True)
    if day in holidays:
        return SiteDay(day, DayKind.HOLIDAY, holidays[day])
    return SiteDay(day, DayKind.WEEKEND if day.weekday() >= SATURDAY else DayKind.USUAL)


def differing(days: Sequence[SiteDay]) -> list[SiteDay]:
    """The holidays, and the days that somebody set."""
    return [day for day in days if day.kind not in (DayKind.USUAL, DayKind.WEEKEND)]
