"""What leaves the register about a booking, by how much its reader may see.

Each type has only the fields that its reader may know. Nothing is blanked: what is not there cannot leak.
"""

from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID
from zoneinfo import ZoneInfo

from registry.bookings.rules import Sight, Viewer, sight
from registry.rooms.models import Visibility


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
    revision: int


Seen = BusySpan | MeetingSpan | FullBooking

_ELSEWHERE = {"organizer": "organizer__login", "organizer_name": "organizer__name", "institution": "institution__code"}
# the fields of a BookingRow, as the ORM calls them
COLUMNS = tuple(_ELSEWHERE.get(name, name) for name in BookingRow._fields)
# a FullBooking is a row up to its revision, with the room's code behind the id
_FULL = BookingRow._fields.index("revision") + 1
_TIMES = {
    kind: tuple(index for index, name in enumerate(kind._fields) if name.endswith("_at") or name.startswith("blocked_"))
    for kind in (BusySpan, MeetingSpan, FullBooking)
}
INSTANTS = 16384


def project(row: BookingRow, room: str, visibility: Visibility, viewer: Viewer) -> Seen | None:
    """A row as this viewer may see it; None when not even its times are theirs to know."""
    return shown(row, room, sight(visibility, viewer, row.organizer_id, row.institution_id))


def shown(row: BookingRow, room: str, much: Sight) -> Seen | None:
    """A row as far as ``much`` allows."""
    if much is Sight.FULL:
        return FullBooking._make((row.id, room, *row[1:_FULL]))
    if much is Sight.MEETING:
        return MeetingSpan(room, row.starts_at, row.ends_at, row.kind, row.status, row.institution)
    return BusySpan(room, row.starts_at, row.ends_at) if much is Sight.BUSY else None


def as_json(seen: Seen, zone: ZoneInfo) -> dict[str, Any]:
    """The projection with its times as RFC 3339 in the site's offset."""
    local = _locals[zone]
    told: list[Any] = [*seen]
    for index in _TIMES[type(seen)]:
        told[index] = local[told[index]]
    if type(seen) is FullBooking:
        told[0] = str(seen.id)
    return dict(zip(seen._fields, told, strict=True))


class _Local(dict[datetime | None, str | None]):
    """What instants are called in a zone: a booking's ends and buffers are mostly the same, also in many rooms."""

    def __init__(self, zone: ZoneInfo) -> None:
        self.zone = zone

    def __missing__(self, at: datetime | None) -> str | None:
        if len(self) >= INSTANTS:
            self.clear()
        told = self[at] = at.astimezone(self.zone).isoformat() if at else None
        return told


class _Locals(dict[ZoneInfo, _Local]):
    def __missing__(self, zone: ZoneInfo) -> _Local:
        local = self[zone] = _Local(zone)
        return local


_locals = _Locals()
