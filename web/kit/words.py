"""What the register's fixed values are called on pages. English here, the other languages in the catalogues."""

from datetime import date, datetime, timedelta
from typing import Any, Self

from babel.dates import format_date

from registry.bookings.models import Status
from registry.bookings.rules import STATUSES
from registry.core.errors import Refusal, words
from registry.rooms.models import Room
from registry.rooms.queries import RoomLine
from web.kit.i18n import Formats, catalogue


def N_(text: str) -> str:  # noqa: N802 # the name that gettext gives it
    """Mark a text for the translators."""
    return text


def NN_(singular: str, plural: str) -> tuple[str, str]:  # noqa: N802 # beside N_
    """Mark a counted text for the translators."""
    return singular, plural


STATE_WORDS = {
    "free": N_("Free"),
    "soon": N_("Busy soon"),
    "awaiting_check_in": N_("Waiting for check-in"),
    "in_use": N_("In use"),
    "in_use_unbooked": N_("In use, not booked"),
    "closed": N_("Closed"),
    "unknown": N_("Not known"),
}

OCCUPANCY_WORDS = {
    "occupied": N_("somebody is there"),
    "vacant": N_("empty"),
    "unknown": N_("not known"),
}

ROLE_WORDS = {
    "member": N_("Team member"),
    "duty": N_("duty officer"),
    "coordinator": N_("coordinator"),
    "facilities": N_("facilities"),
    "accountant": N_("accountant"),
    "auditor": N_("auditor"),
    "admin": N_("administrator"),
}

SLOT_WORDS = {
    "booking": N_("booking"),
    "confidential": N_("taken, no details"),
    "duty": N_("duty"),
    "tentative": N_("awaiting approval"),
    "released": N_("released"),
    "block": N_("blocked"),
    "buffer": N_("set-up and clean-up"),
    "shut": N_("outside opening hours"),
    "presence": N_("presence detected"),
    "silent": N_("no readings"),
}


class Words:
    """The words of one language that pages about anything share. What a noun adds stands in its own ``words.py``."""

    def __init__(self, language: str, fmt: Formats) -> None:
        self.language = language
        self.fmt = fmt
        self._catalogue = catalogue(language)

    @classmethod
    def of(cls, words: "Words") -> Self:
        """The words of a noun in the language of ``words``."""
        return cls(words.language, words.fmt)

    def say(self, text: str) -> str:
        """A text of ours in this language."""
        return self._catalogue.gettext(text) if text else ""

    def ngettext(self, one: str, many: str, number: int) -> str:
        """A counted text of ours; ``%(n)s`` in it is the number."""
        return self._catalogue.ngettext(one, many, number) % {"n": number}

    def state(self, kind: str) -> str:
        """What a room's state is called."""
        return self.say(STATE_WORDS[str(kind)])

    def role(self, role: str) -> str:
        return self.say(ROLE_WORDS[str(role)])

    def slot(self, kind: str) -> str:
        """What a band of a day is called."""
        return self.say(SLOT_WORDS[kind])

    def room(self, room: Room | RoomLine) -> str:
        """A room's name in the reader's language, as far as it has one."""
        return room.name_en if self.language == "en" and room.name_en else room.name

    def seats(self, room: Room | RoomLine) -> str:
        return self.ngettext("%(n)s seat", "%(n)s seats", room.capacity) if room.capacity else ""

    def floor(self, floor: int) -> str:
        if floor == 0:
            return self.say(N_("ground floor"))
        return self.say(N_("floor %(n)s")) % {"n": floor} if floor > 0 else self.say(N_("basement"))

    def people(self, number: int) -> str:
        return self.ngettext("%(n)s person", "%(n)s people", number)

    def until(self, at: datetime, now: datetime) -> str:
        """until 13:05, until tomorrow, 9:00, or until a date: Polish declines tomorrow."""
        days = (self.fmt.local(at).date() - self.fmt.local(now).date()).days
        if days == 1:
            return self.say(N_("until tomorrow, %(time)s")) % {"time": self.fmt.time(at)}
        return self.say(N_("until %(time)s")) % {"time": self.moment(at, now)}

    def moment(self, at: datetime, now: datetime) -> str:
        """13:05 today, else with the day: „jutro 7:30”, „pon. 7:30”, „26.11 7:30”."""
        days = (self.fmt.local(at).date() - self.fmt.local(now).date()).days
        if days == 0:
            return self.fmt.time(at)
        if days == 1:
            return f"{self.say(N_('tomorrow'))} {self.fmt.time(at)}"
        day = self.fmt.weekday(at) if 0 < days < 7 else self.fmt.short(at)
        return f"{day} {self.fmt.time(at)}"

    def day(self, when: date | datetime) -> str:
        """„Czwartek, 26 listopada”: the head of a page."""
        day = self.fmt.local(when).date() if isinstance(when, datetime) else when
        text: str = format_date(day, "EEEE, d MMMM" if self.language == "pl" else "EEEE d MMMM", self.fmt.locale)
        return text[:1].upper() + text[1:]

    def day_span(self, starts_at: datetime, ends_at: datetime, now: datetime) -> str:
        """„dziś 11:00–12:30”"""
        days = (self.fmt.local(starts_at).date() - self.fmt.local(now).date()).days
        near = {0: self.say(N_("today")), 1: self.say(N_("tomorrow")), -1: self.say(N_("yesterday"))}.get(days)
        if near is None:
            near = f"{self.fmt.weekday(starts_at)} {self.fmt.short(starts_at)}"
        return f"{near} {self.fmt.span(starts_at, ends_at)}"

    def soon(self, starts_at: datetime, now: datetime) -> str:
        """„za 18 min”, within the hour before."""
        minutes = -((now - starts_at) // timedelta(minutes=1))
        return self.say(N_("in %(n)s min")) % {"n": minutes} if 0 < minutes < 60 else ""

    def refusal(self, refusal: Refusal) -> str:
        """A refusal with its params in the reader's words and clock."""
        return words(refusal.code, {name: self._param(name, value) for name, value in refusal.params.items()}, self.say)

    def _param(self, name: str, value: Any) -> Any:
        if name == "status":
            return self.say(STATUSES[Status(str(value))])
        if name in ("opens", "until") and isinstance(value, str):
            return self.fmt.time(datetime.fromisoformat(value))
        return value
