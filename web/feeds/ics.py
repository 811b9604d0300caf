"""A feed as a calendar program reads it: RFC 5545 by the icalendar library.

Each event is written once and kept: what changed since a program's last visit is mostly one of two thousand.
"""

import threading
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from cachetools import LRUCache
from icalendar import Calendar, Event

from registry.bookings.projections import BusySpan, FullBooking, MeetingSpan
from registry.feeds.queries import FeedContents
from registry.feeds.rules import FeedDuty, FeedEvent
from web.bookings.words import BookingWords
from web.kit.words import N_

KEPT = 8_000
EVERY = timedelta(minutes=15)
DUTY = N_("Duty: %(name)s")
_END = b"END:VCALENDAR\r\n"

_written: LRUCache[tuple[object, ...], bytes] = LRUCache(KEPT)
_lock = threading.Lock()


def write(contents: FeedContents, words: BookingWords, base_url: str) -> bytes:
    """The whole calendar. It takes some tenths of a second for the first thousand events: call it beside the loop."""
    calendar = Calendar()
    calendar.add("prodid", "-//Izba//calendar feed//EN")
    calendar.add("version", "2.0")
    calendar.add("calscale", "GREGORIAN")
    calendar.add("method", "PUBLISH")
    calendar.add("x-wr-calname", contents.name)
    calendar.add("name", contents.name)
    calendar.add("refresh-interval", EVERY, parameters={"VALUE": "DURATION"})
    calendar.add("x-published-ttl", "PT15M")
    head: bytes = calendar.to_ical()
    return head.removesuffix(_END) + b"".join(_parts(contents, words, base_url)) + _END


def _parts(contents: FeedContents, words: BookingWords, base_url: str) -> Iterator[bytes]:
    items: Sequence[FeedEvent | FeedDuty] = [*contents.events, *contents.duties]
    for item in items:
        key = (_identity(item), words.language, base_url)
        with _lock:
            text = _written.get(key)
        if text is None:
            event = _event(item, words, base_url) if isinstance(item, FeedEvent) else _duty(item, words)
            text = event.to_ical()
            with _lock:
                _written[key] = text
        yield text


def _identity(item: FeedEvent | FeedDuty) -> tuple[object, ...]:
    """A booking may hold a list, so it cannot be a key itself; nothing of these is told without being in them."""
    if isinstance(item, FeedDuty):
        return tuple(item)
    return type(item.booking), repr(item)


def _event(item: FeedEvent, words: BookingWords, base_url: str) -> Event:
    booking = item.booking
    event = _bare(item.uid, words.title(booking), booking.starts_at, booking.ends_at, item.changed_at)
    event.add("sequence", item.sequence)
    if item.place:
        event.add("location", f"{words.say(N_('Room'))} {item.place}")
    if isinstance(booking, BusySpan):
        event.add("class", "PRIVATE")
        return event
    is_held = booking.status != "tentative"
    event.add("status", "CONFIRMED" if is_held else "TENTATIVE")
    event.add("categories", [words.kind(booking.kind)])
    if isinstance(booking, MeetingSpan):
        event.add("description", booking.institution or "")
    elif isinstance(booking, FullBooking):
        address = f"{base_url}/bookings/{booking.id}"
        event.add("url", address)
        event.add("description", "\n".join(filter(None, (words.details(booking), booking.organizer_name, address))))
    return event


def _duty(duty: FeedDuty, words: BookingWords) -> Event:
    title = words.say(DUTY) % {"name": duty.name}
    event = _bare(duty.uid, title, duty.starts_at, duty.ends_at, duty.starts_at)
    if duty.place:
        event.add("location", f"{words.say(N_('Room'))} {duty.place}")
    return event


def _bare(uid: str, title: str, starts_at: datetime, ends_at: datetime, changed_at: datetime) -> Event:
    event = Event()
    event.add("uid", f"{uid}@izba")
    event.add("dtstamp", changed_at)
    event.add("dtstart", starts_at)
    event.add("dtend", ends_at)
    event.add("summary", title)
    event.add("transp", "OPAQUE")
    return event


def file_name(scope: str, code: str) -> str:
    """The last part of a feed's address: it tells a person which of their calendars it is, and a program nothing."""
    return f"{code if code else scope}.ics"
