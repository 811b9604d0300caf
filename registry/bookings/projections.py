"""What leaves the register about a room and its bookings, by how much its reader may see.

Each type has only the fields that its reader may know. Nothing is blanked: what is not there cannot leak.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum
from typing import Any, NamedTuple
from uuid import UUID
from zoneinfo import ZoneInfo

from registry.bookings.models import VISITS, Booking
from registry.bookings.state import RoomState, StateKind
from registry.people.models import Person, Role
from registry.people.rules import CAPABILITIES
from registry.rooms.models import HELP_POINT, Occupancy, Visibility

RUNS_ROOMS, SEES_ALL = CAPABILITIES["rooms.manage"], CAPABILITIES["bookings.manage"]
SEES_HELP_POINT, BOOKS_HELP_POINT = CAPABILITIES["help_point.see"], CAPABILITIES["help_point.book"]


@dataclass(frozen=True, slots=True)
class Viewer:
    """Who asks: a person's role and institution, or a door panel (no role)."""

    role: Role | None
    institution_id: int | None = None
    person_id: int | None = None


def viewer_of(person: Person | None) -> Viewer:
    """Who asks, as the rules see it; None is a door panel."""
    return Viewer(person.role, person.institution_id, person.id) if person else Viewer(None)


class Sight(IntEnum):
    """How much of a booking somebody sees, least first."""

    NOTHING = 0
    BUSY = 1
    MEETING = 2
    FULL = 3


def sight(visibility: Visibility, viewer: Viewer, organizer_id: int | None, institution_id: int | None) -> Sight:
    """What a signed-in viewer sees of a booking. Its own always; a Help Point room's schedule only who works there."""
    if viewer.role in SEES_ALL or organizer_id is not None and organizer_id == viewer.person_id:
        return Sight.FULL
    if visibility in HELP_POINT:
        if viewer.role in SEES_HELP_POINT:
            return Sight.FULL
        return Sight.BUSY if visibility is Visibility.CONFIDENTIAL else Sight.NOTHING
    if visibility is Visibility.PUBLIC or institution_id is not None and institution_id == viewer.institution_id:
        return Sight.FULL
    return Sight.MEETING


def seen_as(visibility: Visibility, kind: str) -> Visibility:
    """The class by which a booking is seen: its room's, but a visit stays one in a room that has been opened since."""
    return Visibility.CONFIDENTIAL if kind in VISITS and visibility not in HELP_POINT else visibility


def sees_times(visibility: Visibility, viewer: Viewer) -> bool:
    """Whether a viewer may know when a room is taken."""
    return visibility is not Visibility.HIDDEN or works_at_help_point(viewer)


def works_at_help_point(viewer: Viewer) -> bool:
    """Whether the Help Point's rooms are this viewer's own."""
    return viewer.role in SEES_HELP_POINT


def hides_changes(visibility: Visibility, viewer: Viewer) -> bool:
    """Whether this viewer may not know that something happened in a room, only what is seen of it."""
    return visibility in HELP_POINT and not works_at_help_point(viewer)


@dataclass(frozen=True, slots=True)
class PublicState:
    """What leaves a room for a panel, MQTT or somebody who may not see more. It has no field for a person,
    an institution or a purpose; the times are empty where the room's class says so, and so is the revision, which
    counts what the class hides: ``public_revision.revision_of`` numbers what is shown instead.
    """

    room: str
    state: StateKind
    occupancy: Occupancy
    until: datetime | None
    next_starts_at: datetime | None
    ready: bool
    revision: int | None
    as_of: datetime
    is_settling: bool = False


def public_state(state: RoomState, visibility: Visibility) -> PublicState:
    """The projection of a state for a room's class: see docs/explanation/privacy.md."""
    is_shy = visibility in HELP_POINT
    is_timeless = visibility is Visibility.HIDDEN
    return PublicState(
        room=state.room,
        state=COLLAPSED.get(state.kind, state.kind) if is_shy else state.kind,
        occupancy=state.occupancy,
        until=None if is_timeless else state.until,
        next_starts_at=None if is_shy else state.next_starts_at,
        ready=state.ready,
        revision=None if is_shy else state.revision,
        as_of=state.as_of,
        is_settling=state.is_settling and state.kind is StateKind.UNKNOWN,
    )


COLLAPSED = {
    StateKind.SOON: StateKind.FREE,
    StateKind.AWAITING_CHECK_IN: StateKind.IN_USE,
    StateKind.IN_USE_UNBOOKED: StateKind.IN_USE,
}


def light(state: PublicState) -> str:
    """The lamp beside a door: free, soon, waiting, busy or fault."""
    return _LIGHTS[state.state]


_LIGHTS = {
    StateKind.FREE: "free",
    StateKind.SOON: "soon",
    StateKind.AWAITING_CHECK_IN: "waiting",
    StateKind.IN_USE: "busy",
    StateKind.IN_USE_UNBOOKED: "busy",
    StateKind.CLOSED: "busy",
    StateKind.UNKNOWN: "fault",
}


class BookingRow(NamedTuple):
    """What a query fetches for :func:`project`, as it lies in the database, in the order of ``COLUMNS``."""

    id: UUID | str
    starts_at: datetime
    ends_at: datetime
    kind: str
    status: str
    title: str
    attendees: int | None
    needs: list[str]
    organizer: str | None
    organizer_name: str | None
    institution: str | None
    blocked_from: datetime
    blocked_to: datetime
    planned_ends_at: datetime
    checked_in_at: datetime | None
    released_at: datetime | None
    release_reason: str
    warned_at: datetime | None
    public_text: dict[str, str] | None
    revision: int
    organizer_id: int | None
    institution_id: int | None
    room_id: int


class BusySpan(NamedTuple):
    """A confidential room is taken. Nothing else is known."""

    room: str
    starts_at: datetime
    ends_at: datetime


class MeetingSpan(NamedTuple):
    """Somebody of another institution meets here."""

    room: str
    starts_at: datetime
    ends_at: datetime
    kind: str
    status: str
    institution: str | None
    public_text: dict[str, str] | None = None


class FullBooking(NamedTuple):
    """Everything, for the organizer, its institution, and who runs the rooms."""

    id: UUID | str
    room: str
    starts_at: datetime
    ends_at: datetime
    kind: str
    status: str
    title: str
    attendees: int | None
    needs: list[str]
    organizer: str | None
    organizer_name: str | None
    institution: str | None
    blocked_from: datetime
    blocked_to: datetime
    planned_ends_at: datetime
    checked_in_at: datetime | None
    released_at: datetime | None
    release_reason: str
    warned_at: datetime | None
    public_text: dict[str, str] | None
    revision: int


VisibleBooking = BusySpan | MeetingSpan | FullBooking

_ELSEWHERE = {
    "organizer": "organizer__login", "organizer_name": "organizer__name", "institution": "institution__code",
    "public_text": "block__public_text",
}  # fmt: skip
# the fields of a BookingRow, as the ORM calls them
COLUMNS = tuple(_ELSEWHERE.get(name, name) for name in BookingRow._fields)
# a FullBooking is a row up to its revision, with the room's code behind the id
_FULL = BookingRow._fields.index("revision") + 1
_TIMES = {
    kind: tuple(index for index, name in enumerate(kind._fields) if name.endswith("_at") or name.startswith("blocked_"))
    for kind in (BusySpan, MeetingSpan, FullBooking)
}
INSTANTS = 16384


def project(row: BookingRow, room: str, visibility: Visibility, viewer: Viewer) -> VisibleBooking | None:
    """A row as this viewer may see it; None when not even its times are theirs to know."""
    shown_class = seen_as(visibility, row.kind)
    return projection(row, room, sight(shown_class, viewer, row.organizer_id, row.institution_id))


def projection(row: BookingRow, room: str, much: Sight) -> VisibleBooking | None:
    """A row as far as ``much`` allows."""
    if much is Sight.FULL:
        return FullBooking._make((row.id, room, *row[1:_FULL]))
    if much is Sight.MEETING:
        return MeetingSpan(room, row.starts_at, row.ends_at, row.kind, row.status, row.institution, row.public_text)
    return BusySpan(room, row.starts_at, row.ends_at) if much is Sight.BUSY else None


def as_json(booking: VisibleBooking, zone: ZoneInfo) -> dict[str, Any]:
    """The projection with its times as RFC 3339 in the site's offset."""
    local = _locals[zone]
    values: list[Any] = [*booking]
    for index in _TIMES[type(booking)]:
        values[index] = local[values[index]]
    if type(booking) is FullBooking:
        values[0] = str(booking.id)
    return dict(zip(booking._fields, values, strict=True))


def as_entry(booking: Booking) -> dict[str, Any]:
    """What the history says of a booking. The class of its room already decided that it holds no client."""
    return {
        "room": booking.room_id,
        "status": booking.status,
        "kind": booking.kind,
        "title": booking.title,
        "attendees": booking.attendees,
        "starts_at": booking.starts_at.isoformat(),
        "ends_at": booking.ends_at.isoformat(),
    }


class _Local(dict[datetime | None, str | None]):
    """What instants are called in a zone: a booking's ends and buffers are mostly the same, also in many rooms."""

    def __init__(self, zone: ZoneInfo) -> None:
        self.zone = zone

    def __missing__(self, at: datetime | None) -> str | None:
        if len(self) >= INSTANTS:
            self.clear()
        text = self[at] = at.astimezone(self.zone).isoformat() if at else None
        return text


class _Locals(dict[ZoneInfo, _Local]):
    def __missing__(self, zone: ZoneInfo) -> _Local:
        local = self[zone] = _Local(zone)
        return local


_locals = _Locals()
