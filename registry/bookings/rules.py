"""What may be booked, by whom and when."""

import unicodedata
from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from registry.bookings.models import Booking, Kind, Status
from registry.bookings.projections import BOOKS_HELP_POINT, RUNS_ROOMS, SEES_HELP_POINT, Sight, Viewer, seen_as, sight
from registry.core.errors import N_, Conflict, Forbidden, Invalid, Refusal, Term
from registry.core.lines import line_fault
from registry.people.models import Role
from registry.people.rules import CAPABILITIES
from registry.rooms.hours import Hours, is_open_throughout
from registry.rooms.models import HELP_POINT, HoursPolicy, Visibility

TITLE_LIMIT = 200
LATE = timedelta(minutes=15)
LEAD = timedelta(minutes=10)
BLOCK_DAYS = 31
LONGEST_MEETING = timedelta(hours=24)
EXTENSIONS = (15, 10, 5)  # minutes; the first that can be had is offered
FEATURES = (
    "projector", "screen", "hearing_loop", "step_free", "video", "microphones", "flipchart", "interpretation",
)  # fmt: skip
SHY_KINDS = (Kind.CONSULTATION, Kind.INTERVIEW, Kind.FAMILY, Kind.DUTY, Kind.BLOCK)
OPEN_KINDS = (Kind.MEETING, Kind.TRAINING, Kind.WORKSHOP, Kind.WORK, Kind.DUTY, Kind.BLOCK)
STATUSES = {
    Status.TENTATIVE: N_("awaiting approval"),
    Status.CONFIRMED: N_("confirmed"),
    Status.CHECKED_IN: N_("running"),
    Status.ENDED: N_("over"),
    Status.RELEASED: N_("released"),
    Status.CANCELLED: N_("cancelled"),
    Status.REJECTED: N_("rejected"),
}
# why a booking of a Help Point room was taken back: the history stores it for years, and a sentence may name somebody
CANCELLATION_REASONS = {
    "moved": N_("at another time"),
    "elsewhere": N_("in another room"),
    "not_needed": N_("no longer needed"),
    "staff_away": N_("staff are away"),
    "room_not_ready": N_("the room is not ready"),
    "mistake": N_("booked by mistake"),
    "other": N_("another reason"),
}
# why a booking of a Help Point room was not approved, for the same reason; elsewhere people write their own words
REJECTION_REASONS = {
    "needed": N_("the room is needed for something else"),
    "elsewhere": N_("another room serves as well"),
    "not_meant": N_("the room is not meant for this"),
    "too_long": N_("it takes the room for too long"),
    "other": N_("another reason"),
}
REASON_LIMIT = 300
BLOCKS = (Role.COORDINATOR, Role.ADMIN, Role.FACILITIES)


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
    is_closed: bool = False  # for good
    approvers: frozenset[int] = frozenset()  # the ids of those who are asked first; none where nobody is


@dataclass(frozen=True, slots=True)
class BookingRequest:
    """A booking that somebody wants. Times are aware; without a ``kind`` it is what its room is mostly for."""

    room: str
    starts_at: datetime
    ends_at: datetime
    title: str = ""
    kind: Kind | None = None
    attendees: int | None = None
    needs: tuple[str, ...] = ()
    organizer: str | None = None
    source: str = "api"
    protected: bool = False


def request_of(booking: Booking, room: str) -> BookingRequest:
    """A booking as it would be asked for today in this room."""
    return BookingRequest(
        room=room,
        starts_at=booking.starts_at,
        ends_at=booking.ends_at,
        title=booking.title,
        kind=booking.kind,
        attendees=booking.attendees,
        needs=tuple(booking.needs),
    )


def complete(request: BookingRequest, room: BookingRoom) -> BookingRequest:
    """The request with what was left out, as it would be stored."""
    return replace(request, title=request.title.strip(), kind=request.kind or default_kind(room.visibility))


def default_kind(visibility: Visibility) -> Kind:
    return Kind.CONSULTATION if visibility in HELP_POINT else Kind.MEETING


def kinds(visibility: Visibility) -> tuple[Kind, ...]:
    """The closed list of kinds that a room's class offers."""
    return SHY_KINDS if visibility in HELP_POINT else OPEN_KINDS


def reasons(
    request: BookingRequest, room: BookingRoom, by: Viewer, now: datetime, has_started: bool = False
) -> list[Refusal]:
    """Every reason against a booking, except that the room is taken: only the locked room knows that. ``has_started``
    of one that keeps its start in the past.
    """
    return [
        *_rights(request, room, by),
        *span_reasons(request, room, now, has_started),
        *_words(request, room),
        *hours_reasons(request, room, by),
        *_approval_reasons(request, room, by, now),
    ]


def change_reasons(
    former: BookingRequest, request: BookingRequest, room: BookingRoom, by: Viewer, now: datetime
) -> list[Refusal]:
    """Every reason against a change of the booking ``former`` into ``request``, except that the room is taken. A rule
    looks at what changes: a span within the old one, words that stay, or fewer people, need no new permission, whatever
    became of the room's rules, and whoever made the exception.
    """
    is_started = former.starts_at <= now < request.ends_at and request.starts_at == former.starts_at
    settled: set[str] = set() if asks_anew(former, request, room, by, now) else {"booking.approval_late"}
    if former.room == request.room:
        settled |= {code for code, is_same in _unchanged(former, request) if is_same}
        if is_within(former, request):
            settled |= {"room.not_bookable", "room.not_yours", "room.closed"}
            settled |= {"booking.too_long", "booking.too_far", "booking.closed"}
            if by.role is not Role.AUDITOR and request.kind == former.kind:
                settled.add("auth.role")
    # a running booking keeps its start, so the rule against the past does not apply to it
    return [refusal for refusal in reasons(request, room, by, now, is_started) if refusal.code not in settled]


def is_within(former: BookingRequest, request: BookingRequest) -> bool:
    """Whether a booking takes no moment of its room that it does not have already."""
    return (
        former.room == request.room
        and (former.kind is Kind.BLOCK) == (request.kind is Kind.BLOCK)
        and former.starts_at <= request.starts_at
        and request.ends_at <= former.ends_at
    )


def _unchanged(former: BookingRequest, request: BookingRequest) -> Iterator[tuple[str, bool]]:
    """Which reasons speak of something that stays as it is."""
    is_same_time = (former.starts_at, former.ends_at) == (request.starts_at, request.ends_at)
    yield from ((code, is_same_time) for code in ("booking.too_short", "booking.too_early"))
    is_same_title = former.title == request.title
    yield from ((f"booking.title_{fault}", is_same_title) for fault in ("too_long", "control", "not_here"))
    yield "booking.bad_kind", former.kind == request.kind
    yield "booking.bad_needs", set(request.needs) <= set(former.needs)
    yield "booking.bad_attendees", former.attendees == request.attendees
    yield "booking.over_capacity", (request.attendees or 0) <= (former.attendees or 0)


def _rights(request: BookingRequest, room: BookingRoom, by: Viewer) -> Iterator[Refusal]:
    if by.role is Role.AUDITOR or request.kind is Kind.BLOCK and by.role not in BLOCKS:
        yield Forbidden("auth.role")
    if room.is_closed:
        yield Conflict("room.closed", room=room.code)
    elif not room.bookable and request.kind is not Kind.BLOCK:
        yield Conflict("room.not_bookable", room=room.code)
    if not may_book(room, by):
        yield Forbidden("room.not_yours", room=room.code)


def may_book(room: BookingRoom, by: Viewer) -> bool:
    """A member books what its institution may; hidden rooms are for those who run the Help Point."""
    return is_open_to(room.visibility, room.institutions, by)


def is_open_to(visibility: Visibility, institutions: Collection[int], by: Viewer) -> bool:
    """The same of a room of this class, for these institutions alone or for all."""
    if by.role is None or by.role in RUNS_ROOMS:
        return True
    if visibility is Visibility.HIDDEN and by.role not in BOOKS_HELP_POINT:
        return False
    return not institutions or by.institution_id in institutions


def may_answer(room: BookingRoom, by: Viewer, kind: Kind | None) -> bool:
    """Who says whether a room may be had for this: whoever runs rooms, and those whom the room names; of a Help Point
    room, and of a visit from when it was one, only those of them who work there.
    """
    if by.role in RUNS_ROOMS:
        return True
    if by.role is None or by.role is Role.AUDITOR or by.person_id not in room.approvers:
        return False
    return seen_as(room.visibility, kind or "") not in HELP_POINT or by.role in SEES_HELP_POINT


def needs_approval(request: BookingRequest, room: BookingRoom, by: Viewer) -> bool:
    """Whether somebody has to be asked before this booking stands. Who may answer need not ask, and a block asks
    nobody; a door, which is nobody, cannot wait.
    """
    return bool(room.approvers) and request.kind is not Kind.BLOCK and not may_answer(room, by, request.kind)


def asks_anew(former: BookingRequest, request: BookingRequest, room: BookingRoom, by: Viewer, now: datetime) -> bool:
    """Whether a change needs an answer of its own: it takes another room, or a time that the booking does not have. A
    booking that runs may end later: its people cannot wait outside.
    """
    runs = former.room == request.room and former.starts_at == request.starts_at and former.starts_at <= now
    return needs_approval(request, room, by) and not runs and not is_within(former, request)


def status_after(status: Status, is_asked_anew: bool, is_elsewhere: bool, kind: Kind | None) -> Status:
    """What a changed booking is: in another room a request is over where nobody has to be asked, and a block asks
    nobody anywhere.
    """
    if is_asked_anew:
        return Status.TENTATIVE
    is_settled = is_elsewhere or kind is Kind.BLOCK
    return Status.CONFIRMED if status is Status.TENTATIVE and is_settled else status


def _approval_reasons(request: BookingRequest, room: BookingRoom, by: Viewer, now: datetime) -> Iterator[Refusal]:
    """Nobody answers in time for what begins now."""
    if needs_approval(request, room, by) and request.starts_at <= now:
        yield Conflict("booking.approval_late", room=room.code)


def rejection_reasons(reason: str, visibility: Visibility) -> Iterator[Refusal]:
    """What speaks against the words of a rejection: there must be some, and in a Help Point room of the list."""
    if not reason:
        yield Invalid("booking.no_reason")
    elif visibility in HELP_POINT and reason not in REJECTION_REASONS:
        yield Invalid("booking.bad_reason", reasons=", ".join(REJECTION_REASONS))
    elif fault := line_fault("reason", reason, REASON_LIMIT):
        yield fault


def span_reasons(
    request: BookingRequest, room: BookingRoom, now: datetime, has_started: bool = False
) -> Iterator[Refusal]:
    """What speaks against the times: the same for a new booking, a change, an extension and an undone release."""
    length = request.ends_at - request.starts_at
    if length <= timedelta(0):
        yield Invalid("booking.ends_before_start")
        return
    longest = longest_of(request.kind, room)
    if length > longest:
        yield Conflict("booking.too_long", room=room.code, hours=int(longest.total_seconds() // 3600))
    if length < room.shortest:
        yield Conflict("booking.too_short", room=room.code, minutes=int(room.shortest.total_seconds() // 60))
    if not has_started and (request.starts_at < now - LATE or request.ends_at <= now):
        yield Conflict("booking.too_early")
    if request.starts_at > now + room.furthest:
        yield Conflict("booking.too_far", room=room.code, days=room.furthest.days)


def cancellation_reasons(reason: str, visibility: Visibility) -> Iterator[Refusal]:
    """What speaks against the words of a cancellation: in a Help Point room only those of the list are taken."""
    if reason and visibility in HELP_POINT and reason not in CANCELLATION_REASONS:
        yield Invalid("booking.bad_reason", reasons=", ".join(CANCELLATION_REASONS))


def longest_of(kind: Kind | None, room: BookingRoom) -> timedelta:
    """How long a booking may be; what the room says, but never over a day, except for a block."""
    return timedelta(days=BLOCK_DAYS) if kind is Kind.BLOCK else min(room.longest, LONGEST_MEETING)


def _words(request: BookingRequest, room: BookingRoom) -> Iterator[Refusal]:
    if request.title and room.visibility in HELP_POINT:
        yield Invalid("booking.title_not_here", room=room.code)
    yield from title_reasons(request.title)
    if request.kind and request.kind not in kinds(room.visibility):
        yield Invalid("booking.bad_kind", kind=request.kind, kinds=", ".join(kinds(room.visibility)))
    unknown = [need for need in request.needs if need not in FEATURES]
    if unknown:
        yield Invalid("booking.bad_needs", need=unknown[0], needs=", ".join(FEATURES))
    if request.attendees is not None and not 1 <= request.attendees <= 10_000:
        yield Invalid("booking.bad_attendees", given=request.attendees)
    elif request.attendees and room.capacity and request.attendees > room.capacity:
        yield Conflict("booking.over_capacity", room=room.code, capacity=room.capacity)


def title_reasons(title: str) -> Iterator[Refusal]:
    if len(title) > TITLE_LIMIT:
        yield Invalid("booking.title_too_long", limit=TITLE_LIMIT, length=len(title))
    # control, format (right-to-left override), surrogate and private characters; a zero-width joiner is a letter's part
    if any(unicodedata.category(sign) in ("Cc", "Cf", "Cs", "Co") and sign not in "\u200c\u200d" for sign in title):
        yield Invalid("booking.title_control")


def hours_reasons(request: BookingRequest, room: BookingRoom, by: Viewer) -> Iterator[Refusal]:
    if room.hours_policy is HoursPolicy.ADVISORY or by.role in RUNS_ROOMS or request.kind is Kind.BLOCK:
        return
    has_span = request.starts_at < request.ends_at <= request.starts_at + room.longest
    if has_span and not is_open_throughout(room.hours, request.starts_at, request.ends_at):
        yield Conflict("booking.closed", room=room.code)


def blocked(request: BookingRequest, room: BookingRoom) -> tuple[datetime, datetime]:
    """The span with set-up and clean-up; a block needs neither."""
    if request.kind is Kind.BLOCK:
        return request.starts_at, request.ends_at
    return request.starts_at - room.setup, request.ends_at + room.cleanup


def may_change(viewer: Viewer, organizer_id: int | None, institution_id: int | None, kind: Kind) -> bool:
    """The organizer, who runs rooms, and for a block who may block."""
    if viewer.role in RUNS_ROOMS or kind is Kind.BLOCK and viewer.role in BLOCKS:
        return True
    return organizer_id is not None and organizer_id == viewer.person_id


def may_book_for(viewer: Viewer, institution_id: int | None) -> bool:
    """Who may book for a person of this institution: who runs rooms for anybody, others for a colleague."""
    if viewer.role in CAPABILITIES["bookings.for_another"]:
        return True
    is_colleague = institution_id is not None and institution_id == viewer.institution_id
    return is_colleague and viewer.role in CAPABILITIES["bookings.for_colleague"]


def may_vouch(
    viewer: Viewer, visibility: Visibility, organizer_id: int | None, institution_id: int | None, kind: Kind
) -> bool:
    """Who may say that somebody is there: who may change the booking, and the organizer's colleagues who see it all."""
    if may_change(viewer, organizer_id, institution_id, kind):
        return True
    if viewer.role is Role.AUDITOR or institution_id is None or institution_id != viewer.institution_id:
        return False
    return sight(seen_as(visibility, kind), viewer, organizer_id, institution_id) is Sight.FULL


def is_checked_in_by_lead(created_at: datetime, starts_at: datetime) -> bool:
    """Whoever books a room for now is standing in it."""
    return starts_at - created_at < LEAD


def local_time(day: date, wall: time, zone: ZoneInfo, fold: int | None = None) -> datetime:
    """The instant of a wall time typed into a form. ``fold`` 0 or 1 chooses in the hour that happens twice.

    Raises Invalid: booking.gap_time for an hour that does not exist, booking.fold_time for one not chosen.
    """
    params = {"given": wall.strftime("%H:%M"), "date": day.isoformat()}
    first = datetime.combine(day, wall, zone).replace(fold=0)
    second = first.replace(fold=1)
    if first.utcoffset() == second.utcoffset():
        return first.astimezone(UTC)
    if first.astimezone(UTC).astimezone(zone).replace(tzinfo=None) != first.replace(tzinfo=None):
        raise Invalid("booking.gap_time", **params)
    if fold is None:
        raise Invalid("booking.fold_time", **params)
    return (second if fold else first).astimezone(UTC)


def wrong_state(status: Status) -> Conflict:
    """That a booking is over, cancelled, not released …"""
    return Conflict("booking.state", status=Term(status, STATUSES[status]))


def may_extend(status: Status, starts_at: datetime, ends_at: datetime, now: datetime) -> bool:
    return status in (Status.CONFIRMED, Status.CHECKED_IN) and starts_at <= now < ends_at
