"""What can be done with a booking now, and what waits for its organizer."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from registry.bookings.awaiting import awaiting_ids, in_full
from registry.bookings.models import Booking, Kind, Status
from registry.bookings.projections import FullBooking, viewer_of
from registry.bookings.queries import extension_minutes, my_bookings, undoable
from registry.bookings.rules import EXTENSIONS, may_extend
from registry.bookings.state import CHECK_IN_EARLY, LONG, UNDO, given_back_at, release_at
from registry.people.models import Person
from registry.rooms.models import HELP_POINT, Room
from web.faults.view import FaultTasks, fault_tasks

REQUESTS_SHOWN = 5
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class OwnBooking:
    """A booking of one's own with what may be done to it now. ``confirm_until`` is when the room would be given up."""

    booking: Booking
    room: Room
    check_in: bool
    extend: int  # by so many minutes
    end: bool
    cancel: bool
    edit: bool
    undo_until: datetime | None
    confirm_until: datetime | None
    release_at: datetime | None

    @property
    def look(self) -> str:
        """What a button beside it is about: its revision, room and times as they are shown."""
        booking = self.booking
        times = (f"{at.astimezone(UTC):%Y%m%dT%H%M%S}" for at in (booking.starts_at, booking.ends_at))
        return "|".join((str(booking.revision), self.room.code, *times))

    @property
    def is_released(self) -> bool:
        """Whether it was given up by itself, and not by a hand."""
        return self.booking.released_at is not None

    def moments(self, now: datetime) -> list[datetime | None]:
        """When what is said of it, or what can be done with it, changes by time alone: each minute in the hour before
        it begins, in which the page counts them.
        """
        starts_at, ends_at = self.booking.starts_at, self.booking.ends_at
        minute = now.replace(second=0, microsecond=0) + MINUTE if timedelta(0) < starts_at - now < HOUR else None
        return [minute, starts_at - HOUR, starts_at - CHECK_IN_EARLY, starts_at, ends_at,
                self.undo_until, self.confirm_until, self.release_at]  # fmt: skip


def own_booking(
    booking: Booking, room: Room, now: datetime, is_sensed: bool, cancelled_at: datetime | None = None
) -> OwnBooking:
    """What its organizer can do with a booking at ``now``; ``cancelled_at`` is known where it was just cancelled."""
    running = may_extend(booking.status, booking.starts_at, booking.ends_at, now)
    is_held = booking.status in (Status.TENTATIVE, Status.CONFIRMED, Status.CHECKED_IN) and now < booking.ends_at
    is_block = booking.kind is Kind.BLOCK
    check_in = (
        room.check_in
        and not is_block
        and booking.status is Status.CONFIRMED
        and booking.starts_at - CHECK_IN_EARLY <= now < booking.ends_at
    )
    return OwnBooking(
        booking=booking,
        room=room,
        check_in=check_in or (booking.warned_at is not None and booking.status is Status.CONFIRMED),
        extend=EXTENSIONS[0]
        if running and not booking.block_id and (booking.status is Status.CHECKED_IN or not room.check_in or is_block)
        else 0,
        end=running,
        cancel=is_held and not (booking.status is Status.CHECKED_IN and now >= booking.starts_at) and not running,
        edit=is_held,
        undo_until=_undo_until(booking, now, cancelled_at),
        confirm_until=_confirm_until(booking, room) if check_in and is_sensed else None,
        release_at=_release_at(booking, room) if is_held else None,
    )


def _undo_until(booking: Booking, now: datetime, cancelled_at: datetime | None) -> datetime | None:
    at = given_back_at(booking.status, booking.ends_at, booking.planned_ends_at, booking.released_at)
    if booking.status is Status.CANCELLED:
        at = cancelled_at
    if at is None:
        return None
    until: datetime = min(at + UNDO, booking.planned_ends_at)
    return until if now < until else None


def _confirm_until(booking: Booking, room: Room) -> datetime | None:
    exempt = booking.protected or booking.ends_at - booking.starts_at >= LONG or room.visibility in HELP_POINT
    if exempt or room.no_show_minutes is None:
        return None
    until: datetime = booking.starts_at + timedelta(minutes=room.no_show_minutes)
    return until


def _release_at(booking: Booking, room: Room) -> datetime | None:
    no_show = timedelta(minutes=room.no_show_minutes) if room.no_show_minutes else None
    return release_at(booking.status, booking.starts_at, booking.warned_at, no_show)


async def as_it_fits(own: OwnBooking | None, person: Person, now: datetime) -> OwnBooking | None:
    """What can be done with a booking, offering only as much longer as can be had."""
    if own is None or not own.extend:
        return own
    return replace(own, extend=await extension_minutes(own.booking, own.room, viewer_of(person), now))


async def agenda(person: Person, now: datetime, sensed_rooms: set[int], limit: int = 6) -> list[OwnBooking]:
    """A person's next bookings, running ones first."""
    owns = [
        own_booking(booking, booking.room, now, booking.room_id in sensed_rooms)
        for booking in await my_bookings(person, now, limit)
    ]
    return [own for own in [await as_it_fits(own, person, now) for own in owns] if own]


@dataclass(frozen=True, slots=True)
class Waiting:
    """What waits for a person: rooms about to be given up or just released, bookings to approve, the first of them and
    how many there are, and what is broken or mended again.
    """

    owns: list[OwnBooking]
    faults: FaultTasks
    requests: list[tuple[FullBooking, Room]]
    requests_count: int

    @property
    def count(self) -> int:
        return len(self.owns) + self.requests_count + self.faults.count

    @property
    def more_requests(self) -> int:
        return self.requests_count - len(self.requests)


async def waiting(person: Person, mine: list[OwnBooking], now: datetime) -> Waiting:
    released = [own_booking(booking, booking.room, now, True) for booking in await undoable(person, now)]
    owns = [one for one in mine if one.release_at or (one.check_in and now >= one.booking.starts_at)]
    owns += [one for one in released if one.undo_until]
    ids = await awaiting_ids(person, now)
    return Waiting(owns, await fault_tasks(person, now), await in_full(ids[:REQUESTS_SHOWN]), len(ids))
