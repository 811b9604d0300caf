"""The demo's room that is given out by approval: the boardroom, of which facilities say whether it may be had."""

from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from registry.bookings.actions import book
from registry.bookings.records import is_held
from registry.bookings.rules import BookingRequest
from registry.core.errors import Refusal
from registry.core.history import Actor
from registry.people.queries import people_of
from registry.places.actions import RoomChanges, change_rooms
from registry.rooms.queries import room_by_code

ROOM, APPROVER = "JA-120", "ewidencja1"
# who asks for it, what for, how many come, in how many working days, from and to
REQUESTS = (
    ("czlonek1", "Warsztaty o wsparciu pokrzywdzonych", 25, 2, time(10, 30), time(12, 30)),
    ("policjant1", "Odprawa z partnerami", 18, 4, time(10, 30), time(12, 0)),
)


async def name_approvers(actor: Actor, now: datetime) -> None:
    """Say who approves what is booked in the boardroom."""
    room = await room_by_code(ROOM)
    await change_rooms([room.id], RoomChanges(approvers=await people_of([APPROVER])), actor, now)


async def ask_for_the_boardroom(today: date, zone: ZoneInfo, actor: Actor, now: datetime) -> None:
    """See that something awaits approval, in the coming days; as people ask, by all the rules."""
    people = {person.login: person for person in await people_of({line[0] for line in REQUESTS})}
    for login, title, attendees, days, since, until in REQUESTS:
        day = _working_day(today, days)
        starts_at, ends_at = (datetime.combine(day, at, zone) for at in (since, until))
        if login not in people or await is_held([ROOM], starts_at, ends_at, throughout=False):
            continue
        request = BookingRequest(ROOM, starts_at, ends_at, title, attendees=attendees, source="demo")
        try:
            await book(request, people[login], actor, now)
        except Refusal:  # somebody has it, or whoever uses this demo rules otherwise
            continue


def _working_day(today: date, days: int) -> date:
    """The day so many working days ahead."""
    day = today
    while days:
        day += timedelta(days=1)
        days -= day.weekday() < 5
    return day
