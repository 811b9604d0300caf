"""Words, dates, numbers and money in the reader's language and the office's time zone.

The catalogues are gettext with English msgids in ``web/locale``; ``python -m web.kit.catalogues`` keeps them.
"""

import datetime as dt
from collections.abc import Callable, Iterable
from contextlib import suppress
from decimal import Decimal
from functools import cache
from gettext import GNUTranslations, NullTranslations
from pathlib import Path
from zoneinfo import ZoneInfo

from babel import Locale, negotiate_locale
from babel.dates import format_date, get_day_names
from babel.numbers import format_currency, format_decimal, format_percent

from registry.core.errors import Refusal, words

LOCALES = Path(__file__).parents[1] / "locale"
LANGUAGES = {"pl": "polski", "en": "English"}  # of the pages; a door speaks more
DOOR_LANGUAGES = ("pl", "en", "uk", "ru")

Translate = Callable[[str], str]
When = dt.date | dt.datetime


@cache
def catalogue(language: str) -> NullTranslations:
    """The translations of a language; English for one that has no catalogue."""
    try:
        with (LOCALES / language / "LC_MESSAGES" / "messages.mo").open("rb") as file:
            return GNUTranslations(file)
    except OSError:
        return NullTranslations()


def translate(language: str) -> Translate:
    """What turns an English text of ours into this language; also for doors and the command line."""
    return catalogue(language).gettext


def refusal_words(refusal: Refusal, language: str) -> str:
    """What a refusal says to a person, in this language."""
    return words(refusal.code, refusal.params, translate(language))


def preferred(accept: str, languages: Iterable[str], default: str) -> str:
    """The language of ours that an Accept-Language header (RFC 9110, 12.5.4) likes best."""
    return negotiate_locale(_by_weight(accept), languages, sep="-") or default


def _by_weight(accept: str) -> list[str]:
    tags: list[tuple[float, str]] = []
    for part in accept.split(",")[:20]:
        tag, _, weight = part.partition(";")
        with suppress(ValueError):
            tags.append((float(weight.strip().removeprefix("q=") or 1), tag.strip().lower()))
    return [tag for weight, tag in sorted(tags, key=lambda entry: -entry[0]) if weight > 0]


class Formats:
    """Times and amounts as people of one language write them. Times are shown in one zone."""

    def __init__(self, language: str, timezone: str) -> None:
        self.language = language
        self.locale = Locale.parse("en_GB" if language == "en" else language)
        self.zone = ZoneInfo(timezone)

    def local(self, moment: dt.datetime) -> dt.datetime:
        """The same instant on the office's clocks."""
        return moment.astimezone(self.zone)

    def minute(self, moment: dt.datetime, day: dt.date | None = None) -> int:
        """Minutes after local midnight; with ``day``, held within that day (0 to 1440)."""
        local = self.local(moment)
        if day is not None and local.date() != day:
            return 0 if local.date() < day else 1440
        return local.hour * 60 + local.minute

    def time(self, moment: dt.datetime) -> str:
        """13:05"""
        local = self.local(moment)
        return f"{local.hour:02}:{local.minute:02}"

    def hm(self, minutes: int) -> str:
        """13:05, of minutes after midnight"""
        return f"{minutes // 60:02}:{minutes % 60:02}"

    def span(self, start: dt.datetime, end: dt.datetime) -> str:
        """13:00–14:30, with the dates if it does not end on the day it begins"""
        first, last = self.local(start), self.local(end)
        days = (last.date() - first.date()).days
        if days == 0 or days == 1 and (last.hour, last.minute) == (0, 0):
            return f"{first.hour:02}:{first.minute:02}–{last.hour:02}:{last.minute:02}"
        return f"{self.short(start)} {self.time(start)} – {self.short(end)} {self.time(end)}"

    def day(self, when: When) -> str:
        """czwartek, 26 listopada"""
        return format_date(self._date(when), "EEEE, d MMMM", locale=self.locale)

    def long(self, when: When) -> str:
        """czwartek, 26 listopada 2026"""
        return format_date(self._date(when), "full", locale=self.locale)

    def date(self, when: When) -> str:
        """26.11.2026"""
        when = self._date(when)
        return (
            f"{when.day}.{when:%m.%Y}" if self.language == "pl" else format_date(when, "dd/MM/yyyy", locale=self.locale)
        )

    def short(self, when: When) -> str:
        """26.11"""
        when = self._date(when)
        return f"{when.day}.{when:%m}" if self.language == "pl" else f"{when.day}/{when:%m}"

    def weekday(self, when: When) -> str:
        """czw."""
        return str(get_day_names("abbreviated", locale=self.locale)[self._date(when).weekday()])

    def month(self, when: When) -> str:
        """listopad 2026"""
        return format_date(self._date(when), "LLLL yyyy", locale=self.locale)

    def datetime(self, moment: dt.datetime) -> str:
        """26.11.2026, 13:05"""
        return f"{self.date(moment)}, {self.time(moment)}"

    def when(self, moment: dt.datetime, now: dt.datetime) -> str:
        """today 13:05, tomorrow 9:00, or the date"""
        days = (self.local(moment).date() - self.local(now).date()).days
        _ = translate(self.language)
        near = {0: _("today"), 1: _("tomorrow"), -1: _("yesterday")}.get(days)
        return f"{near or self.date(moment)} {self.time(moment)}"

    def duration(self, minutes: int) -> str:
        """1 h 30 min"""
        hours, rest = divmod(int(minutes), 60)
        return " ".join(
            part for part in (f"{hours} h" if hours else "", f"{rest} min" if rest or not hours else "") if part
        )

    def number(self, amount: int | float | Decimal) -> str:
        """12 345,6"""
        return format_decimal(amount, locale=self.locale)

    def amount(self, amount: Decimal) -> str:
        """10 000,01: money in a column that names the currency"""
        return format_decimal(amount, "#,##0.00", locale=self.locale)

    def money(self, amount: Decimal) -> str:
        """10 000,01 zł"""
        pattern = "#,##0.00\N{NO-BREAK SPACE}¤¤" if self.language == "en" else None
        return format_currency(amount, "PLN", pattern, locale=self.locale)

    def percent(self, share: float | Decimal) -> str:
        """75 %, of 0.75"""
        return (
            format_percent(share, locale=self.locale)
            .replace("%", "\N{NO-BREAK SPACE}%")
            .replace("\N{NO-BREAK SPACE}" * 2, "\N{NO-BREAK SPACE}")
        )

    def iso(self, moment: When) -> str:
        """For the datetime attribute of <time>."""
        return (
            self.local(moment).isoformat(timespec="minutes") if isinstance(moment, dt.datetime) else moment.isoformat()
        )

    def _date(self, when: When) -> dt.date:
        return self.local(when).date() if isinstance(when, dt.datetime) else when
