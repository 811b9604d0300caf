"""What every page needs of its reader: who looks and with which rights, in which words, and at what time."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from fastapi import Request

from registry.bookings.projections import Viewer, viewer_of
from registry.people import rules
from registry.people.models import Person
from web.kit.i18n import Formats
from web.kit.render import language_of, pages_of
from web.kit.words import N_, Words

LONG_AGO = timedelta(hours=20)


@dataclass(frozen=True, slots=True)
class PageContext:
    """Who looks at a page and how: the person and their rights, the words and formats of their language, the clock."""

    person: Person
    viewer: Viewer
    words: Words
    now: datetime

    @property
    def fmt(self) -> Formats:
        return self.words.fmt

    @property
    def language(self) -> str:
        return self.words.language

    @property
    def zone(self) -> ZoneInfo:
        """The office's zone."""
        return self.fmt.zone

    @property
    def today(self) -> date:
        """The office's day."""
        day: date = self.fmt.local(self.now).date()
        return day

    @property
    def next_minute(self) -> datetime:
        """When the clock moves on: until then what counts minutes stays as it is."""
        return self.now.replace(second=0, microsecond=0) + timedelta(minutes=1)

    def may(self, capability: str) -> bool:
        """Whether the person's role has a capability of registry.people.rules."""
        return rules.may(self.person.role, capability)

    def say(self, text: str) -> str:
        """A text of ours in the reader's language."""
        return self.words.say(text)

    def ago(self, moment: datetime | None) -> str:
        """12 s ago, 5 min ago, 3 h ago; further back the date and the time."""
        if moment is None:
            return self.say(N_("never"))
        past = max(self.now - moment, timedelta(0))
        if past > LONG_AGO:
            return self.fmt.when(moment, self.now)
        seconds = int(past.total_seconds())
        for size, words in ((3600, N_("%(num)s h ago")), (60, N_("%(num)s min ago")), (1, N_("%(num)s s ago"))):
            if seconds >= size:
                return self.say(words) % {"num": seconds // size}
        return self.say(N_("just now"))


def page_context(request: Request, person: Person, now: datetime) -> PageContext:
    """The context of this request for whoever its access check let in."""
    return context_in(request, person, now, language_of(request, person))


def context_in(request: Request, person: Person, now: datetime, language: str) -> PageContext:
    """The context of a request that is answered in this language."""
    return PageContext(person, viewer_of(person), pages_of(request).words(language), now)
