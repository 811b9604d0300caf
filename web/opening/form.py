"""A week of opening hours as typed: a text for each weekday, „8:00–12:00, 13:00–16:00”, every fault at its field."""

import re
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from starlette.datastructures import FormData

from registry.core.errors import Invalid, Refusal
from registry.opening.queries import Profile
from registry.opening.rules import MOST_SPANS, NewProfile, profile_faults, span_faults
from registry.rooms.hours import Span
from web.kit.time_of_day import clock, minute_of_day

LONGEST_HOURS = 13 * MOST_SPANS  # of one day, with all spans that a week may have
WEEKDAYS = range(7)
_PARTS = re.compile(r"[,;]")
_DASH = re.compile(r"\s*[-‐‑–—]\s*|\s+(?:do|to)\s+")


@dataclass(slots=True)
class TypedPeriod:
    """The texts of one week: its first and last day, empty for a week without dates, and of each weekday its hours."""

    since: str = ""
    until: str = ""
    days: list[str] = field(default_factory=lambda: [""] * 7)


@dataclass(slots=True)
class ProfileForm:
    """The texts of the form as they were typed. The first period is the week without dates."""

    code: str = ""
    name: str = ""
    closed_on_holidays: bool = True
    periods: list[TypedPeriod] = field(default_factory=lambda: [TypedPeriod()])
    revision: str = ""
    key: str = ""

    def as_words(self) -> dict[str, Any]:
        """As a draft keeps it."""
        words = {name: getattr(self, name) for name in self.__slots__}
        return words | {"periods": [{"since": one.since, "until": one.until, "days": one.days} for one in self.periods]}


def form_from_words(words: dict[str, Any]) -> ProfileForm:
    """What a draft kept."""
    return ProfileForm(**words | {"periods": [TypedPeriod(**one) for one in words["periods"]]})


def form_of(fields: FormData) -> ProfileForm:
    """What was sent."""
    since, until = ([str(text)[:40] for text in fields.getlist(name)] for name in ("since", "until"))
    days = [[str(text)[: LONGEST_HOURS + 1] for text in fields.getlist(f"day-{number}")] for number in WEEKDAYS]
    count = max(map(len, days)) or 1

    def at(column: list[str], place: int) -> str:
        return column[place] if place < len(column) else ""

    periods = [
        TypedPeriod(at(since, place), at(until, place), [at(column, place) for column in days])
        for place in range(count)
    ]
    return ProfileForm(
        code=str(fields.get("code") or "")[:80],
        name=str(fields.get("name") or "")[:300],
        closed_on_holidays=bool(fields.get("closed_on_holidays")),
        periods=periods,
        revision=str(fields.get("revision") or "")[:20],
        key=str(fields.get("key") or "")[:100],
    )


def form_of_profile(profile: Profile) -> ProfileForm:
    """The form of a week that exists."""
    periods: dict[tuple[date | None, date | None], TypedPeriod] = {(None, None): TypedPeriod()}
    for span in profile.spans:
        key = (span.valid_from, span.valid_to)
        since, until = (day.isoformat() if day else "" for day in key)
        period = periods.setdefault(key, TypedPeriod(since, until))
        text = f"{clock(span.opens)}–{clock(span.closes)}"
        period.days[span.weekday] = ", ".join(part for part in (period.days[span.weekday], text) if part)
    return ProfileForm(
        code=profile.code, name=profile.name, closed_on_holidays=profile.closed_on_holidays,
        periods=list(periods.values()), revision=str(profile.revision),
    )  # fmt: skip


@dataclass(slots=True)
class ProfileCheck:
    """A form after it was read: the week if it can be read, and every fault at its field."""

    form: ProfileForm
    new: NewProfile | None = None
    faults: dict[str, list[Refusal]] = field(default_factory=dict)

    def refuse(self, refusal: Refusal, name: str) -> None:
        self.faults.setdefault(name, []).append(refusal)


def check_form(form: ProfileForm) -> ProfileCheck:
    """Read a form. Nothing is raised for what was typed: it stands in ``faults``."""
    check = ProfileCheck(form)
    spans: list[Span] = []
    for place, period in enumerate(form.periods):
        first, last = (_day(check, f"{name}-{place}", getattr(period, name)) for name in ("since", "until"))
        hours = [span for number in WEEKDAYS for span in _hours(check, place, number, period.days[number], first, last)]
        is_blank = not any(text.strip() for text in period.days)
        if place and is_blank and (period.since.strip() or period.until.strip()):
            check.refuse(Invalid("opening.empty_period"), f"since-{place}")
        elif place and not is_blank and not (period.since.strip() or period.until.strip()):
            check.refuse(Invalid("booking.bad_date", given="–"), f"since-{place}")
        elif first and last and last < first:
            check.refuse(Invalid("opening.bad_period"), f"until-{place}")
        spans += hours
    new = NewProfile(form.code.strip(), tuple(spans), " ".join(form.name.split()), form.closed_on_holidays)
    if not check.faults:
        places = {"opening.bad_code": "code", "request.bad_field": "name"}
        for fault in profile_faults(new):
            check.refuse(fault, places.get(fault.code, ""))
    if not check.faults:
        check.new = new
    return check


def _day(check: ProfileCheck, name: str, text: str) -> date | None:
    if not text.strip():
        return None
    try:
        return date.fromisoformat(text.strip())
    except ValueError:
        check.refuse(Invalid("booking.bad_date", given=text[:40]), name)
        return None


def _hours(
    check: ProfileCheck, place: int, number: int, text: str, first: date | None, last: date | None
) -> list[Span]:
    spans: list[Span] = []
    name = f"day-{number}-{place}"
    if len(text) > LONGEST_HOURS:
        check.refuse(Invalid("opening.too_many", limit=MOST_SPANS), name)
        return spans
    for part in _PARTS.split(text):
        if not part.strip():
            continue
        ends = [minute_of_day(end) for end in _DASH.split(part.strip()) if end]
        if len(ends) != 2 or ends[0] is None or ends[1] is None:
            check.refuse(Invalid("opening.bad_span", given=part.strip()[:40]), name)
            continue
        span = Span(number, ends[0], ends[1] or 24 * 60, first, last)
        fault = next((one for one in span_faults(span) if one.code == "opening.closes_first"), None)
        if fault:
            check.refuse(fault, name)
        else:
            spans.append(span)
    return spans
