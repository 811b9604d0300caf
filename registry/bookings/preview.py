"""What would happen to a booking if it were asked for now. Nothing is locked: the answer is advice, not a promise."""

from dataclasses import dataclass, field, replace
from datetime import datetime

from registry.bookings.alternatives import rooms_to_have
from registry.bookings.models import Booking
from registry.bookings.obstacles import offer_help
from registry.bookings.projections import viewer_of
from registry.bookings.queries import bookable_rooms, booking_room, booking_rooms, is_taken
from registry.bookings.rules import (
    BookingRequest,
    BookingRoom,
    asks_anew,
    blocked,
    change_reasons,
    complete,
    is_within,
    may_book,
    needs_approval,
    reasons,
    request_of,
)
from registry.core.errors import Conflict, Refusal
from registry.people.models import Person
from registry.rooms.hours import is_open_throughout
from registry.rooms.models import HELP_POINT, HoursPolicy, Room
from registry.rooms.queries import room_by_code


@dataclass(frozen=True, slots=True)
class Preview:
    """All reasons against a request at once, and what is worth a warning though it may be booked."""

    room: Room
    refusals: list[Refusal] = field(default_factory=list)
    outside_hours: bool = False
    is_asked: bool = False  # somebody has to approve it

    @property
    def overlap(self) -> Refusal | None:
        return next((refusal for refusal in self.refusals if refusal.code == "booking.overlap"), None)


async def preview(request: BookingRequest, by: Person, now: datetime, booking: Booking | None = None) -> Preview:
    """Check a request without booking it; the ``booking`` is one that would be changed into it. An overlap carries
    ``conflicts`` and ``alternatives``. Raises NotFound("room.unknown").
    """
    room = await room_by_code(request.room)
    rules, viewer = await booking_room(room), viewer_of(by)
    request = complete(request, rules)
    former = await _former(booking, room)

    def judge(other: BookingRequest, its_room: BookingRoom) -> list[Refusal]:
        if former is None:
            return reasons(other, its_room, viewer, now)
        return change_reasons(former, replace(other, room=its_room.code), its_room, viewer, now)

    refusals = judge(request, rules)
    # whoever may not book a room learns nothing about when it is taken
    is_theirs_to_know = request.starts_at < request.ends_at and may_book(rules, viewer)
    if is_theirs_to_know and await _is_taken(request, rules, room, booking, former):
        refusals.append(Conflict("booking.overlap", room=room.code, conflicts=[], alternatives=[]))
    for refusal in refusals:
        if isinstance(refusal, Conflict) and may_book(rules, viewer):
            await offer_help(refusal, room.id, request, viewer, judge, str(booking.id) if booking else "")
    is_advisory = rules.hours_policy is HoursPolicy.ADVISORY and request.starts_at < request.ends_at
    is_short = request.ends_at - request.starts_at <= rules.longest
    is_outside = is_advisory and is_short and not is_open_throughout(rules.hours, request.starts_at, request.ends_at)
    is_asked = asks_anew(former, request, rules, viewer, now) if former else needs_approval(request, rules, viewer)
    return Preview(room, refusals, is_outside, is_asked)


async def _former(booking: Booking | None, room: Room) -> BookingRequest | None:
    if booking is None:
        return None
    return request_of(booking, room.code if booking.room_id == room.id else (await Room.get(id=booking.room_id)).code)


async def _is_taken(
    request: BookingRequest, rules: BookingRoom, room: Room, booking: Booking | None, former: BookingRequest | None
) -> bool:
    if former and is_within(former, request):
        return False
    return await is_taken(room.id, *blocked(request, rules), booking.id if booking else None)


async def any_free_room(request: BookingRequest, by: Person, now: datetime) -> Room | None:
    """The smallest meeting room that this person could have for the request, first of all without asking anybody. Help
    Point rooms are never given out like this.
    """
    large = [
        room
        for room in await bookable_rooms(by)
        if room.visibility not in HELP_POINT and room.capacity >= (request.attendees or 1)
    ]
    viewer = viewer_of(by)
    fitting = await rooms_to_have(large, request, viewer, now)
    rules = await booking_rooms(fitting)
    return min(fitting, key=lambda room: (needs_approval(request, rules[room.id], viewer), room.capacity), default=None)
