"""A series as typed into its form: a booking that repeats, read without losing anything."""

from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from starlette.datastructures import FormData, QueryParams

from registry.bookings.models import OnTaken
from registry.bookings.recurrence import DAYS, MOST_DATES
from registry.bookings.series_rules import OF_A_DATE, SeriesRequest
from registry.core.errors import Invalid, Refusal
from registry.people.models import Person
from registry.rooms.queries import zone_of
from web.bookings.form import BookingForm, FormCheck, check_form, form_of
from web.series.shapes import minutes_between

EVERY = ("daily", "weekly", "monthly_day", "monthly_weekday", "yearly", "dates", "rule")
TEXTS = ("every", "interval", "ends", "count", "until", "dates", "rule", "on_conflict", "skip_holidays")
AT_FIRST = {"every": "weekly", "interval": "1", "ends": "count", "count": "10", "on_conflict": "refuse",
            "skip_holidays": "1"}  # fmt: skip
FREQUENCIES = {
    "daily": "DAILY", "weekly": "WEEKLY", "monthly_day": "MONTHLY", "monthly_weekday": "MONTHLY", "yearly": "YEARLY",
}  # fmt: skip
# which field a reason stands at; the others stand above the form
FIELD_OF = {
    "series.bad_rule": "rule",
    "series.too_often": "rule",
    "series.endless": "count",
    "series.bad_end": "count",
    "series.too_many": "count",
    "series.too_long": "until",
    "series.bad_date": "dates",
    "series.no_date": "every",
}
LONGEST_LIST = 12 * MOST_DATES  # characters of dates


@dataclass(frozen=True, slots=True)
class SeriesForm:
    """The texts of the form as they were typed: those of a booking, how it repeats, and what is left out."""

    booking: BookingForm
    texts: dict[str, str]
    days: tuple[str, ...] = ()
    without: tuple[str, ...] = ()

    def __getitem__(self, name: str) -> str:
        return self.texts.get(name, "")

    def fields(self) -> list[tuple[str, str]]:
        """As a browser sends it."""
        texts = [(name, text) for name, text in self.texts.items() if text]
        lists = [("day", day) for day in self.days] + [("without", one) for one in self.without]
        return [*self.booking.fields(), *texts, *lists]

    def having(self, **texts: str) -> "SeriesForm":
        return replace(self, booking=self.booking.having(**texts))


def series_form_of(fields: FormData | QueryParams, zone: ZoneInfo) -> SeriesForm:
    """What was sent; of what says nothing of a repetition yet what most people want."""
    texts = {name: str(fields.get(name) or "")[:LONGEST_LIST] for name in TEXTS}
    days, without = fields.getlist("day"), fields.getlist("without")
    if not texts["every"]:
        texts = AT_FIRST
    return SeriesForm(
        form_of(fields, zone),
        dict(texts),
        tuple(str(day)[:1] for day in days[:7]),
        tuple(str(one)[:20] for one in without[:MOST_DATES]),
    )


@dataclass(slots=True)
class SeriesCheck:
    """A form after its check: the request if it can be read, and every fault at its field ('' is the whole form)."""

    form: SeriesForm
    booking: FormCheck
    request: SeriesRequest | None = None
    faults: dict[str, list[Refusal]] = field(default_factory=dict)

    def refuse(self, refusal: Refusal, name: str | None = None) -> None:
        self.faults.setdefault(FIELD_OF.get(refusal.code, "") if name is None else name, []).append(refusal)


async def check_series_form(form: SeriesForm, person: Person, now: datetime, office: ZoneInfo) -> SeriesCheck:
    """Read and check a form; what speaks against single dates stands at these, and not here."""
    booking = await check_form(form.booking, person, now, office)
    booking.faults = {
        name: refusals
        for name, faults in booking.faults.items()
        if (refusals := [one for one in faults if one.code not in OF_A_DATE])
    }
    check = SeriesCheck(form, booking, faults=booking.faults)
    if booking.request is None or booking.room is None:
        return check
    zone = await zone_of(booking.room)
    wish = booking.request
    start, end = (at.astimezone(zone).replace(tzinfo=None, fold=0) for at in (wish.starts_at, wish.ends_at))
    try:
        rule, dates = _rule(form, start)
    except Invalid as refusal:
        check.refuse(refusal)
        return check
    check.request = SeriesRequest(
        room=wish.room,
        start=start,
        minutes=minutes_between(start, end),
        rule=rule,
        rdates=dates,
        exdates=form.without,
        title=wish.title,
        kind=wish.kind,
        attendees=wish.attendees,
        needs=wish.needs,
        organizer=wish.organizer,
        on_conflict=OnTaken.SKIP if form["on_conflict"] == "skip" else OnTaken.REFUSE,
        skips_holidays=bool(form["skip_holidays"]),
        source="web",
    )
    return check


def _rule(form: SeriesForm, start: datetime) -> tuple[str, tuple[str, ...]]:
    """The rule that the form says, and dates beside it. Raises Invalid."""
    every = form["every"]
    if every == "dates":
        return "", tuple(form["dates"].replace(",", " ").replace(";", " ").split())
    if every == "rule":
        return form["rule"].strip(), ()
    parts = [f"FREQ={FREQUENCIES.get(every, 'WEEKLY')}"]
    interval = _number(form["interval"] or "1")
    if interval != 1:
        parts.append(f"INTERVAL={interval}")
    if every == "weekly":
        days = sorted({int(day) for day in form.days if day in "0123456"}) or [start.weekday()]
        parts.append("BYDAY=" + ",".join(DAYS[day] for day in days))
    elif every == "monthly_day":
        parts.append(f"BYMONTHDAY={start.day}")
    elif every == "monthly_weekday":
        parts.append(f"BYDAY={nth_of(start)}{DAYS[start.weekday()]}")
    parts.append(_end(form))
    return ";".join(parts), ()


def nth_of(day: date) -> int:
    """Which of its weekdays of the month a day is; the fifth is the last."""
    number = (day.day - 1) // 7 + 1
    return number if number < 5 else -1


def _end(form: SeriesForm) -> str:
    if form["ends"] == "until":
        try:
            return f"UNTIL={date.fromisoformat(form['until']):%Y%m%d}"
        except ValueError as fault:
            raise Invalid("series.bad_end") from fault
    return f"COUNT={_number(form['count'])}"


def _number(text: str) -> int:
    """Raises Invalid("series.bad_end") for what is no number that could be meant."""
    text = text.strip()
    if not (text.isascii() and text.isdecimal() and 0 < len(text) < 10 and int(text)):
        raise Invalid("series.bad_end")
    return int(text)


def fields_of(check: SeriesCheck) -> dict[str, Any]:
    """What a template needs of the form."""
    return {"series_form": check.form, "every": check.form["every"], "chosen_days": _days(check)}


def _days(check: SeriesCheck) -> list[str]:
    """The days of the week that are ticked: that of the first date, where none was chosen."""
    if check.form.days:
        return list(check.form.days)
    try:
        return [str(date.fromisoformat(check.form.booking["date"]).weekday())]
    except ValueError:
        return []
