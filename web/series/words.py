"""What series of bookings, their dates and what is done to them are called."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta

from babel.dates import get_day_names

from registry.bookings.models import Booking, Series
from registry.bookings.projections import VisibleBooking
from registry.bookings.recurrence import Frequency, read_rule
from registry.bookings.series_dates import DateOffer
from registry.bookings.series_rules import DateLine, DateState
from registry.core.history import HistoryEntry
from web.bookings.words import BookingWords
from web.kit.history_rows import history_rows
from web.kit.page_context import PageContext
from web.kit.words import N_, NN_

ACTS = {
    "booked": N_("Series booked"),
    "changed": N_("Series changed"),
    "cancelled": N_("Dates cancelled"),
    "split": N_("Goes on as another series"),
    "handed_over": N_("Handed over to somebody else"),
}
EVERY_WORDS = {
    "daily": N_("daily"),
    "weekly": N_("weekly, on chosen days"),
    "monthly_day": N_("monthly, on the same day of the month"),
    "monthly_weekday": N_("monthly, on the same weekday"),
    "yearly": N_("yearly"),
    "dates": N_("on single dates"),
    "rule": N_("by a rule of RFC 5545"),
}
# a word, a tone, a symbol
STATES = {
    DateState.FREE: (N_("free"), "ok", "check"),
    DateState.OVERLAP: (N_("taken"), "no", "circle-x"),
    DateState.CLOSED: (N_("closed then"), "no", "ban"),
    DateState.HOLIDAY: (N_("day off"), "warn", "calendar"),
    DateState.HORIZON: (N_("too far ahead"), "no", "clock"),
    DateState.PAST: (N_("past"), "no", "history"),
    DateState.RULE: (N_("the room's rules do not allow it"), "no", "ban"),
    DateState.MISSING: (N_("this hour does not exist on that day"), "warn", "clock"),
}
STEPS = {
    "stays": (N_("stays as it is"), "ok", "check"),
    "changes": (N_("changes"), "ok", "edit"),
    "new": (N_("is added"), "ok", "plus"),
    "skipped": (N_("cannot be had"), "no", "circle-x"),
    "left_out": (N_("left out"), "warn", "calendar"),
    "cancelled": (N_("is cancelled"), "no", "circle-x"),
}
SCOPES = {
    "this": (N_("This date alone"), N_("all others stay")),
    "following": (N_("This and the following"), N_("what is before stays a series of its own")),
    "all": (N_("All to come"), N_("what is past stays as it was")),
}
DONE = {
    "booked": N_("The series is booked."),
    "booked_before": N_("This series is booked already: it was sent twice."),
    "changed": N_("The series is changed."),
    "cancelled": N_("The dates are cancelled."),
}
FREE = NN_("%(n)s date is free", "%(n)s dates are free")
IN_THE_WAY = NN_("%(n)s cannot be had", "%(n)s cannot be had")
BOOKS = NN_("Book %(n)s date", "Book %(n)s dates")
CANCELS = NN_("Cancel %(n)s date", "Cancel %(n)s dates")
CHANGES = NN_("Change %(n)s date", "Change %(n)s dates")
DATES = NN_("%(n)s date", "%(n)s dates")
TO_COME = NN_("%(n)s to come", "%(n)s to come")
WITH_INTERVAL = {
    Frequency.DAILY: (N_("daily"), NN_("every %(n)s day", "every %(n)s days")),
    Frequency.WEEKLY: (N_("weekly"), NN_("every %(n)s week", "every %(n)s weeks")),
    Frequency.MONTHLY: (N_("monthly"), NN_("every %(n)s month", "every %(n)s months")),
    Frequency.YEARLY: (N_("yearly"), NN_("every %(n)s year", "every %(n)s years")),
}
MONDAY = date(2024, 1, 1)


class SeriesWords(BookingWords):
    """The words of the pages about series."""

    def series_done(self, what: str) -> str:
        return self.say(DONE.get(what, ""))

    def every(self) -> list[tuple[str, str]]:
        """The ways to repeat, as choices."""
        return [(name, self.say(text)) for name, text in EVERY_WORDS.items()]

    def weekdays(self) -> list[tuple[str, str, str]]:
        """The number, the short and the whole name of each day of the week."""
        whole = get_day_names("wide", locale=self.fmt.locale)
        return [(str(day), self.fmt.weekday(MONDAY + timedelta(days=day)), str(whole[day])) for day in range(7)]

    def subject_of(self, series: Series) -> str:
        return series.title or self.kind(series.kind)

    def rule(self, series: Series) -> str:
        """How a series repeats: „co tydzień: wtorek, czwartek”; the rule itself where it says more than that."""
        if not series.rule:
            return self.say(N_("on single dates"))
        rule = read_rule(series.rule)
        others = (rule.months, rule.weeks, rule.year_days, rule.positions, rule.hours, rule.minutes)
        has_numbers = any(day.nth for day in rule.weekdays)
        by_day = len(rule.month_days) > 1 or rule.month_days and (rule.weekdays or rule.frequency is Frequency.YEARLY)
        if any(others) or by_day or has_numbers and len(rule.weekdays) > 1:
            return series.rule
        single, several = WITH_INTERVAL[rule.frequency]
        often = self.say(single) if rule.interval == 1 else self.ngettext(*several, rule.interval)
        names = get_day_names("wide", locale=self.fmt.locale)
        on = [str(names[day.day]) for day in rule.weekdays]
        if has_numbers:
            nth = rule.weekdays[0].nth
            which = self.say(N_("the last")) if nth == -1 else f"{nth}."
            on = [f"{which} {on[0]}"]
        if rule.month_days:
            on.append(self.say(N_("day %(n)s of the month")) % {"n": rule.month_days[0]})
        return f"{often}: {', '.join(on)}" if on else often

    def hours(self, series: Series) -> str:
        start = datetime.fromisoformat(series.start)
        return f"{start:%H:%M}–{start + timedelta(minutes=series.minutes):%H:%M}"

    def wall_day(self, wall: datetime) -> str:
        """„wt., 1.12.2026”"""
        return f"{self.fmt.weekday(wall.date())} {self.fmt.date(wall.date())}"

    def date_state(self, line: DateLine) -> tuple[str, str, str]:
        """A word, a tone and a symbol."""
        word, tone, symbol = STATES[line.state]
        if line.occurrence.is_twice and line.refusal is None:
            return self.say(N_("free; this hour happens twice, and the first is meant")), tone, symbol
        if line.is_day_off and line.refusal is None:
            return self.say(N_("free, but it is a day off")), "warn", "alert-triangle"
        return self.say(word), tone, symbol

    def obstacle(self, line: DateLine, booking: VisibleBooking | None) -> str:
        """Whose booking is in the way, as far as its reader may see it; else why the rules refuse the date."""
        if booking is not None:
            return f"{self.title(booking)}, {self.fmt.span(booking.starts_at, booking.ends_at)}"
        if line.state is DateState.RULE and line.refusal:
            return self.refusal(line.refusal)
        return ""

    def offer(self, offer: DateOffer) -> str:
        """„Sala konferencyjna, 10:00–12:00”"""
        return f"{self.room(offer.room)}, {self.fmt.span(offer.request.starts_at, offer.request.ends_at)}"

    def new_time(self, line: DateLine) -> str:
        """„wt. 1.12.2026, 10:00–11:00”"""
        span = self.fmt.span(line.occurrence.starts_at, line.occurrence.ends_at)
        return f"{self.wall_day(line.occurrence.wall)}, {span}"

    def former_time(self, booking: Booking) -> str:
        """The same of a booking as it is."""
        return (
            f"{self.wall_day(self.fmt.local(booking.starts_at))}, {self.fmt.span(booking.starts_at, booking.ends_at)}"
        )

    def step(self, act: str) -> tuple[str, str, str]:
        word, tone, symbol = STEPS[act]
        return self.say(word), tone, symbol

    def scopes(self) -> list[tuple[str, str, str]]:
        return [(name, self.say(word), self.say(more)) for name, (word, more) in SCOPES.items()]

    def free(self, number: int) -> str:
        return self.ngettext(*FREE, number)

    def in_the_way(self, number: int) -> str:
        return self.ngettext(*IN_THE_WAY, number)

    def books(self, number: int) -> str:
        return self.ngettext(*BOOKS, number)

    def cancels(self, number: int) -> str:
        return self.ngettext(*CANCELS, number)

    def changes(self, number: int) -> str:
        return self.ngettext(*CHANGES, number)

    def dates(self, number: int) -> str:
        return self.ngettext(*DATES, number)

    def to_come(self, number: int) -> str:
        return self.ngettext(*TO_COME, number)

    def skipped(self, series: Series) -> list[tuple[str, str]]:
        """The dates that could not be had, each with its reason."""
        states = {"booking.overlap": DateState.OVERLAP, "booking.closed": DateState.CLOSED,
                  "booking.too_far": DateState.HORIZON, "booking.too_early": DateState.PAST,
                  "series.holiday": DateState.HOLIDAY, "series.gap_time": DateState.MISSING}  # fmt: skip
        return [
            (self.wall_day(datetime.fromisoformat(wall)), self.say(STATES[states.get(code, DateState.RULE)][0]))
            for wall, code in sorted(series.skipped.items())
        ]


def series_history(entries: Sequence[HistoryEntry], context: PageContext) -> list[dict[str, str]]:
    """What happened to a series, the newest first, in words."""
    words = SeriesWords.of(context.words)
    return history_rows(entries, context, ACTS, lambda entry: words.dates((entry.after or {}).get("dates", 0)))
