"""Who reads a page: beside the words and the clock also what the reader may do and how long ago something was."""

from datetime import datetime, timedelta

from fastapi import Request

from registry.core.errors import NotFound
from registry.people import rules
from registry.people.models import Person
from registry.rooms.models import Room
from registry.rooms.queries import room_by_code
from web.calendar.room_rows import Reading, reading
from web.kit.words import N_

LONG_AGO = timedelta(hours=20)


class Reader(Reading):
    """A reader of the pages about rooms, assets and devices."""

    __slots__ = ()

    def may(self, what: str) -> bool:
        """Whether the reader's role has a capability."""
        return rules.may(self.person.role, what)

    def say(self, text: str) -> str:
        """A text of ours in the reader's language."""
        return self.naming.say(text)

    @property
    def language(self) -> str:
        return self.naming.language

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


async def room_of(code: str) -> Room:
    """A room by what an address or a form says. Raises NotFound("room.unknown")."""
    if not 0 < len(code) <= 40:
        raise NotFound("room.unknown", room=code[:40])
    return await room_by_code(code)


def reader_of(request: Request, person: Person, now: datetime) -> Reader:
    """The reader of this request."""
    read = reading(request, person, now)
    return Reader(read.person, read.viewer, read.naming, read.fmt, read.now)
