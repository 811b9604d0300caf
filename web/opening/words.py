"""What weeks of opening hours and days of a site are called."""

from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from typing import Any

from babel.dates import get_day_names

from registry.core.history import HistoryEntry
from registry.opening.rules import DayKind, SiteDay
from registry.rooms.hours import Span
from web.bookings.words import BookingWords
from web.kit.history_rows import history_rows
from web.kit.page_context import PageContext
from web.kit.time_of_day import clock
from web.kit.words import N_

KIND_WORDS = {
    DayKind.USUAL: N_("as the week has it"),
    DayKind.WEEKEND: N_("weekend"),
    DayKind.HOLIDAY: N_("public holiday"),
    DayKind.CLOSED: N_("closed by order"),
    DayKind.OPEN: N_("worked like a Friday"),
}
ACTS = {"added": N_("Added"), "changed": N_("Changed")}
TOASTS = {
    "made": N_("The hours are added. Give them to rooms on the rooms' pages."),
    "changed": N_("The hours are changed."),
    "day": N_("The day is changed."),
}
MONDAY = date(2024, 1, 1)
Line = tuple[str, str]


class OpeningWords(BookingWords):
    """The words of the pages about opening hours."""

    def weekday_name(self, number: int) -> str:
        """„poniedziałek”, of 0."""
        return str(get_day_names("wide", locale=self.fmt.locale)[number])

    def weekday_short(self, number: int) -> str:
        """„pon.”, of 0."""
        return self.fmt.weekday(MONDAY + timedelta(days=number))

    def kind_of_day(self, kind: DayKind) -> str:
        return self.say(KIND_WORDS[kind])

    def toast(self, name: str) -> str:
        return self.say(TOASTS.get(name, ""))

    def cell(self, day: SiteDay) -> str:
        """„piątek, 1 stycznia 2027: święto – Nowy Rok”."""
        text = f"{self.fmt.long(day.day)}: {self.kind_of_day(day.kind)}"
        return f"{text} – {day.name}" if day.name else text

    def periods(self, spans: Sequence[Span]) -> list[tuple[str, list[Line]]]:
        """Each period of a week with its lines, „pon.–pt.” and „8:00–16:00”; the one without dates has no head."""
        keys = sorted({(span.valid_from or date.min, span.valid_to or date.max) for span in spans})
        keys.sort(key=lambda key: key != (date.min, date.max))
        return [(self._period(*key), self._lines([one for one in spans if _key(one) == key])) for key in keys]

    def _period(self, first: date, last: date) -> str:
        if (first, last) == (date.min, date.max):
            return ""
        if last == date.max:
            return self.say(N_("from %(day)s")) % {"day": self.fmt.date(first)}
        if first == date.min:
            return self.say(N_("until %(date)s")) % {"date": self.fmt.date(last)}
        return f"{self.fmt.date(first)}–{self.fmt.date(last)}"

    def _lines(self, spans: Iterable[Span]) -> list[Line]:
        """Neighbouring days of the same hours are one line."""
        hours: dict[int, str] = {}
        for span in sorted(spans, key=lambda span: (span.weekday, span.opens)):
            text = f"{clock(span.opens)}–{clock(span.closes)}"
            hours[span.weekday] = ", ".join(part for part in (hours.get(span.weekday, ""), text) if part)
        rows: list[tuple[int, int, str]] = []
        for weekday, text in sorted(hours.items()):
            if rows and rows[-1][1] == weekday - 1 and rows[-1][2] == text:
                rows[-1] = (rows[-1][0], weekday, text)
            else:
                rows.append((weekday, weekday, text))
        return [(self._days(first, last), text) for first, last, text in rows]

    def _days(self, first: int, last: int) -> str:
        names = [self.weekday_short(first)] if first == last else [self.weekday_short(first), self.weekday_short(last)]
        return "–".join(names)


def _key(span: Span) -> tuple[date, date]:
    return span.valid_from or date.min, span.valid_to or date.max


def week_history(entries: Sequence[HistoryEntry], words: OpeningWords, context: PageContext) -> list[dict[str, str]]:
    """What happened to a week, the newest first, in words."""
    return history_rows(entries, context, ACTS, lambda entry: _difference(entry, words))


def _difference(entry: HistoryEntry, words: OpeningWords) -> str:
    before, after = entry.before or {}, entry.after or {}
    if entry.action != "changed":
        return ""
    parts = []
    if before.get("name") != after.get("name"):
        parts.append(f"„{before.get('name') or '–'}” → „{after.get('name') or '–'}”")
    if before.get("hours") != after.get("hours"):
        parts.append(f"{_week(before, words)} → {_week(after, words)}")
    if before.get("closed_on_holidays") != after.get("closed_on_holidays"):
        closed, is_open = words.say(N_("closed on holidays")), words.say(N_("open on holidays"))
        parts.append(closed if after.get("closed_on_holidays") else is_open)
    return "; ".join(parts)


def _week(values: dict[str, Any], words: OpeningWords) -> str:
    spans = [
        Span(
            one["weekday"], one["opens"], one["closes"],
            *(date.fromisoformat(text) if (text := one.get(name)) else None for name in ("valid_from", "valid_to")),
        )
        for one in values.get("hours", [])
    ]  # fmt: skip
    lines = [f"{head} {days} {hours}".strip() for head, rows in words.periods(spans) for days, hours in rows]
    return ", ".join(lines) or words.say(N_("always open"))
