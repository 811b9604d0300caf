"""What would happen to a booking if it were asked for now. Nothing is locked: the answer is advice, not a promise."""

from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from registry.bookings.alternatives import offer_help, taken_rooms
from registry.bookings.projections import viewer_of
from registry.bookings.queries import bookable_rooms, booking_room, is_taken
from registry.bookings.rules import BookingRequest, blocked, complete, may_book, reasons
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

    @property
    def overlap(self) -> Refusal | None:
        return next((refusal for refusal in self.refusals if refusal.code == "booking.overlap"), None)


async def preview(
    request: BookingRequest, by: Person, now: datetime, but: UUID | None = None, has_started: bool = False
) -> Preview:
    """Check a request without booking it. ``but`` is the booking that would be changed, ``has_started`` that it keeps
    its start in the past. An overlap carries ``conflicts`` and ``alternatives``. Raises NotFound("room.unknown").
    """
    room = await room_by_code(request.room)
    rules, viewer = await booking_room(room), viewer_of(by)
    request = complete(request, rules)
    refusals = reasons(request, rules, viewer, now, has_started)
    # whoever may not book a room learns nothing about when it is taken
    is_theirs_to_know = request.starts_at < request.ends_at and may_book(rules, viewer)
    if is_theirs_to_know and await is_taken(room.id, *blocked(request, rules), but):
        refusals.append(Conflict("booking.overlap", room=room.code, conflicts=[], alternatives=[]))
    for refusal in refusals:
        if isinstance(refusal, Conflict) and refusal.code in ("booking.overlap", "booking.over_capacity"):
            await offer_help(refusal, room.id, request, viewer, now)
    is_advisory = rules.hours_policy is HoursPolicy.ADVISORY and request.starts_at < request.ends_at
    is_short = request.ends_at - request.starts_at <= rules.longest
    is_outside = is_advisory and is_short and not is_open_throughout(rules.hours, request.starts_at, request.ends_at)
    return Preview(room, refusals, is_outside)


async def any_free_room(since: datetime, until: datetime, attendees: int | None, by: Person) -> Room | None:
    """The smallest meeting room that is free and large enough. Help Point rooms are never given out like this."""
    unavailable = await taken_rooms(since, until)
    fitting = [
        room
        for room in await bookable_rooms(by)
        if room.id not in unavailable and room.visibility not in HELP_POINT and room.capacity >= (attendees or 1)
    ]
    return min(fitting, key=lambda room: room.capacity, default=None)
