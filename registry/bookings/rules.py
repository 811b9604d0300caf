"""What may be booked, by whom, and who may see what of it."""

import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import IntEnum
from zoneinfo import ZoneInfo

from registry.bookings.models import Kind, Status
from registry.core.errors import N_, Conflict, Forbidden, Invalid, Refusal, Term
from registry.people.models import Role
from registry.rooms.hours import Hours, is_open_throughout
from registry.rooms.models import HoursPolicy, Visibility

TITLE_LIMIT = 200
LATE = timedelta(minutes=15)
LEAD = timedelta(minutes=10)
BLOCK_DAYS = 31
LONGEST_MEETING = timedelta(hours=24)
FEATURES = (
    "projector", "screen", "hearing_loop", "step_free", "video", "microphones", "flipchart", "interpretation",
)  # fmt: skip
HELP_POINT = (Visibility.CONFIDENTIAL, Visibility.HIDDEN)
SHY_KINDS = (Kind.CONSULTATION, Kind.INTERVIEW, Kind.FAMILY, Kind.DUTY, Kind.BLOCK)
OPEN_KINDS = (Kind.MEETING, Kind.TRAINING, Kind.WORKSHOP, Kind.WORK, Kind.DUTY, Kind.BLOCK)
STATUSES = {
    Status.TENTATIVE: N_("tentative"),
    Status.CONFIRMED: N_("confirmed"),
    Status.CHECKED_IN: N_("running"),
    Status.ENDED: N_("over"),
    Status.RELEASED: N_("released"),
    Status.CANCELLED: N_("cancelled"),
    Status.REJECTED: N_("rejected"),
}
RUNS_ROOMS = (Role.COORDINATOR, Role.ADMIN)
BLOCKS = (Role.COORDINATOR, Role.ADMIN, Role.FACILITIES)
HELP_POINT_ROLES = (Role.DUTY, Role.COORDINATOR, Role.ADMIN)


@dataclass(frozen=True, slots=True)
class BookingRoom:
    """What of a room the rules of booking look at."""

    code: str
    visibility: Visibility
    bookable: bool
    capacity: int
    hours_policy: HoursPolicy
    setup: timedelta
    cleanup: timedelta
    shortest: timedelta
    longest: timedelta
    furthest: timedelta
    institutions: frozenset[int]
    hours: Hours
    check_in: bool


@dataclass(frozen=True, slots=True)
class Viewer:
    """Who asks: a person's role and institution, or a door panel (no role)."""

    role: Role | None
    institution_id: int | None = None
    person_id: int | None = None


@dataclass(frozen=True, slots=True)
class Asked:
    """What is asked for, times aware."""

    starts_at: datetime
    ends_at: datetime
    title: str
    kind: Kind
    attendees: int | None
    needs: Sequence[str]


def default_kind(visibility: Visibility) -> Kind:
    return Kind.CONSULTATION if visibility in HELP_POINT else Kind.MEETING


def kinds(visibility: Visibility) -> tuple[Kind, ...]:
    """The closed list of kinds that a room's class offers."""
    return SHY_KINDS if visibility in HELP_POINT else OPEN_KINDS


def reasons(asked: Asked, room: BookingRoom, by: Viewer, now: datetime) -> list[Refusal]:
    """Every reason against a booking, except that the room is taken: only the locked room knows that."""
    return [*_rights(asked, room, by), *_span(asked, room, now), *_words(asked, room), *hours_reasons(asked, room, by)]


def _rights(asked: Asked, room: BookingRoom, by: Viewer) -> Iterator[Refusal]:
    if by.role is Role.AUDITOR or asked.kind is Kind.BLOCK and by.role not in BLOCKS:
        yield Forbidden("auth.role")
    if not room.bookable and asked.kind is not Kind.BLOCK:
        yield Conflict("room.not_bookable", room=room.code)
    if not may_book(room, by):
        yield Forbidden("room.not_yours", room=room.code)


def may_book(room: BookingRoom, by: Viewer) -> bool:
    """A member books what its institution may; hidden rooms are for those who run the Help Point."""
    if by.role is None or by.role in RUNS_ROOMS:
        return True
    if room.visibility is Visibility.HIDDEN and by.role not in HELP_POINT_ROLES:
        return False
    return not room.institutions or by.institution_id in room.institutions


def _span(asked: Asked, room: BookingRoom, now: datetime) -> Iterator[Refusal]:
    length = asked.ends_at - asked.starts_at
    if length <= timedelta(0):
        yield Invalid("booking.ends_before_start")
        return
    longest = longest_of(asked.kind, room)
    if length > longest:
        yield Conflict("booking.too_long", room=room.code, hours=int(longest.total_seconds() // 3600))
    if length < room.shortest:
        yield Conflict("booking.too_short", room=room.code, minutes=int(room.shortest.total_seconds() // 60))
    if asked.starts_at < now - LATE or asked.ends_at <= now:
        yield Conflict("booking.too_early")
    if asked.starts_at > now + room.furthest:
        yield Conflict("booking.too_far", room=room.code, days=room.furthest.days)


def longest_of(kind: Kind, room: BookingRoom) -> timedelta:
    """How long a booking may be; what the room says, but never over a day, except for a block."""
    return timedelta(days=BLOCK_DAYS) if kind is Kind.BLOCK else min(room.longest, LONGEST_MEETING)


def _words(asked: Asked, room: BookingRoom) -> Iterator[Refusal]:
    if asked.title and room.visibility in HELP_POINT:
        yield Invalid("booking.title_not_here", room=room.code)
    yield from title_reasons(asked.title)
    if asked.kind not in kinds(room.visibility):
        yield Invalid("booking.bad_kind", kind=asked.kind, kinds=", ".join(kinds(room.visibility)))
    unknown = [need for need in asked.needs if need not in FEATURES]
    if unknown:
        yield Invalid("booking.bad_needs", need=unknown[0], needs=", ".join(FEATURES))
    if asked.attendees is not None and not 1 <= asked.attendees <= 10_000:
        yield Invalid("booking.bad_attendees", given=asked.attendees)
    elif asked.attendees and room.capacity and asked.attendees > room.capacity:
        yield Conflict("booking.over_capacity", room=room.code, capacity=room.capacity)


def title_reasons(title: str) -> Iterator[Refusal]:
    if len(title) > TITLE_LIMIT:
        yield Invalid("booking.title_too_long", limit=TITLE_LIMIT, length=len(title))
    # control, format (right-to-left override), surrogate and private characters; a zero-width joiner is a letter's part
    if any(unicodedata.category(sign) in ("Cc", "Cf", "Cs", "Co") and sign not in "\u200c\u200d" for sign in title):
        yield Invalid("booking.title_control")


def hours_reasons(asked: Asked, room: BookingRoom, by: Viewer) -> Iterator[Refusal]:
    if room.hours_policy is HoursPolicy.ADVISORY or by.role in RUNS_ROOMS or asked.kind is Kind.BLOCK:
        return
    if asked.starts_at < asked.ends_at <= asked.starts_at + room.longest and is_outside_hours(asked, room.hours):
        yield Conflict("booking.closed", room=room.code)


def is_outside_hours(asked: Asked, hours: Hours) -> bool:
    return not is_open_throughout(hours, asked.starts_at, asked.ends_at)


def blocked(asked: Asked, room: BookingRoom) -> tuple[datetime, datetime]:
    """The span with set-up and clean-up; a block needs neither."""
    if asked.kind is Kind.BLOCK:
        return asked.starts_at, asked.ends_at
    return asked.starts_at - room.setup, asked.ends_at + room.cleanup


class Sight(IntEnum):
    """How much of a booking somebody sees, least first."""

    NOTHING = 0
    BUSY = 1
    MEETING = 2
    FULL = 3


def sight(visibility: Visibility, viewer: Viewer, organizer_id: int | None, institution_id: int | None) -> Sight:
    """What a signed-in viewer sees of a booking. Its own always; a Help Point room's schedule only who works there."""
    if viewer.role in RUNS_ROOMS or organizer_id is not None and organizer_id == viewer.person_id:
        return Sight.FULL
    if visibility in HELP_POINT:
        if viewer.role is Role.DUTY:
            return Sight.FULL
        return Sight.BUSY if visibility is Visibility.CONFIDENTIAL else Sight.NOTHING
    if visibility is Visibility.PUBLIC or institution_id is not None and institution_id == viewer.institution_id:
        return Sight.FULL
    return Sight.MEETING


def sees_times(visibility: Visibility, viewer: Viewer) -> bool:
    """Whether a viewer may know when a room is taken."""
    return visibility is not Visibility.HIDDEN or viewer.role in HELP_POINT_ROLES


def may_change(viewer: Viewer, organizer_id: int | None, institution_id: int | None, kind: Kind) -> bool:
    """The organizer, who runs rooms, and for a block who may block."""
    if viewer.role in RUNS_ROOMS or kind is Kind.BLOCK and viewer.role in BLOCKS:
        return True
    return organizer_id is not None and organizer_id == viewer.person_id


def may_vouch(
    viewer: Viewer, visibility: Visibility, organizer_id: int | None, institution_id: int | None, kind: Kind
) -> bool:
    """Who may say that somebody is there: who may change the booking, and the organizer's colleagues who see it all."""
    if may_change(viewer, organizer_id, institution_id, kind):
        return True
    if viewer.role is Role.AUDITOR or institution_id is None or institution_id != viewer.institution_id:
        return False
    return sight(visibility, viewer, organizer_id, institution_id) is Sight.FULL


def is_checked_in_by_lead(created_at: datetime, starts_at: datetime) -> bool:
    """Whoever books a room for now is standing in it."""
    return starts_at - created_at < LEAD


def local_time(day: date, wall: time, zone: ZoneInfo, fold: int | None = None) -> datetime:
    """The instant of a wall time typed into a form. ``fold`` 0 or 1 chooses in the hour that happens twice.

    Raises Invalid: booking.gap_time for an hour that does not exist, booking.fold_time for one not chosen.
    """
    told = {"given": wall.strftime("%H:%M"), "date": day.isoformat()}
    first = datetime.combine(day, wall, zone).replace(fold=0)
    second = first.replace(fold=1)
    if first.utcoffset() == second.utcoffset():
        return first.astimezone(UTC)
    if first.astimezone(UTC).astimezone(zone).replace(tzinfo=None) != first.replace(tzinfo=None):
        raise Invalid("booking.gap_time", **told)
    if fold is None:
        raise Invalid("booking.fold_time", **told)
    return (second if fold else first).astimezone(UTC)


def wrong_state(status: Status) -> Conflict:
    """That a booking is over, cancelled, not released …"""
    return Conflict("booking.state", status=Term(status, STATUSES[status]))


def may_extend(status: Status, starts_at: datetime, ends_at: datetime, now: datetime) -> bool:
    return status in (Status.CONFIRMED, Status.CHECKED_IN) and starts_at <= now < ends_at
