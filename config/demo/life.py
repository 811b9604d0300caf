"""The demo at any hour: where the plan of the day has nobody meet, the Team on call does.

The offices of the Help Point keep their hours, and nobody is received at night. The Team's own rooms may be used when a
case demands it, so at three in the morning it is there that a newcomer finds somebody. Each of these meetings is booked
as a person would book it, by all the rules and with its history; it is only made with simulated sensors, because
without them nobody would come.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from registry.bookings.actions import book
from registry.bookings.models import Booking
from registry.bookings.records import is_held
from registry.bookings.rules import BookingRequest
from registry.core.errors import Refusal
from registry.core.history import Actor
from registry.people.queries import people_of
from registry.rooms.hours import is_open_throughout
from registry.rooms.queries import hours_of, room_by_code

ACTOR = Actor(name="Izba demo", source="demo")
ROOMS = ("ZW-03", "ZW-02", "ZW-01")
ROUND = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Spell:
    """A stretch around now in which somebody should meet, and the meeting to make if nobody does."""

    since: timedelta
    until: timedelta
    begins: timedelta
    length: timedelta
    rooms: Sequence[str]


SPELLS = (
    Spell(timedelta(0), timedelta(minutes=1), timedelta(minutes=-10), timedelta(minutes=60), ROOMS),
    Spell(timedelta(minutes=1), timedelta(minutes=30), timedelta(minutes=20), timedelta(minutes=45), ROOMS),
    Spell(timedelta(minutes=30), timedelta(hours=3), timedelta(minutes=80), timedelta(minutes=60), ROOMS[::-1]),
)
# who calls the Team together, what for, how many come
MEETINGS = (
    ("czlonek1", "Odprawa dyżurnych", 4),
    ("policjant1", "Uzgodnienie działań", 5),
    ("czlonek2", "Narada po zgłoszeniu", 3),
    ("czlonek4", "Przygotowanie wniosku", 2),
    ("funkcjonariusz1", "Przekazanie sprawy", 4),
    ("czlonek3", "Spotkanie z tłumaczem", 3),
)


async def liven(now: datetime) -> list[Booking]:
    """See that somebody of the Team meets now, somebody soon and somebody later. Returns what was booked for that."""
    bookings = []
    for number, spell in enumerate(SPELLS):
        if not await is_held(ROOMS, now + spell.since, now + spell.until, throughout=number == 0):
            booking = await _make(spell, now, number)
            bookings += [booking] if booking else []
    return bookings


async def _make(spell: Spell, now: datetime, number: int) -> Booking | None:
    """In the first of the rooms that takes it; none does where the plan of the day leaves no time."""
    starts_at = _rounded(now + spell.begins)
    login, title, attendees = MEETINGS[(int(starts_at.timestamp()) // 3600 + number) % len(MEETINGS)]
    organizers = await people_of([login])
    for room in spell.rooms if organizers else ():
        ends_at = starts_at + spell.length
        if not is_open_throughout(await hours_of(await room_by_code(room)), starts_at, ends_at):
            continue  # a warning would let it be booked, and the demo would show a meeting behind a closed door
        request = BookingRequest(room, starts_at, ends_at, title, attendees=attendees, source="on call")
        try:
            return await book(request, organizers[0], ACTOR, now)
        except Refusal:
            continue  # taken, or closed by somebody
    return None


def _rounded(at: datetime) -> datetime:
    """To the five minutes before, as people book."""
    return at - timedelta(seconds=at.timestamp() % ROUND.total_seconds())
