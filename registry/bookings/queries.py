"""What is asked about bookings: one of them, a person's, a room's state, a day of many rooms."""

from collections.abc import Collection, Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

from tortoise.expressions import Q
from tortoise.queryset import QuerySet

from registry.bookings.day_rows import TAKING, rows_between
from registry.bookings.models import VISITS, Booking, Kind, Status
from registry.bookings.projections import (
    COLUMNS,
    BookingRow,
    MeetingSpan,
    PublicState,
    Sight,
    Viewer,
    VisibleBooking,
    project,
    projection,
    public_state,
    seen_as,
    sees_times,
    sight,
    viewer_of,
    works_at_help_point,
)
from registry.bookings.room_snapshot import RoomSnapshot, derive, snapshot_at, snapshot_of, snapshots_of
from registry.bookings.rules import (
    EXTENSIONS,
    BookingRequest,
    BookingRoom,
    blocked,
    hours_reasons,
    is_open_to,
    may_answer,
    span_reasons,
)
from registry.bookings.state import HELD, UNDO, RoomState
from registry.core.cache import Cache
from registry.core.errors import NotFound
from registry.core.events import PlacesChanged
from registry.core.history import HistoryEntry, entries_of
from registry.core.statements import ask, first_value
from registry.people.models import Person
from registry.rooms.hours import Hours
from registry.rooms.models import HELP_POINT, Room, Visibility
from registry.rooms.queries import CODE_LENGTH, HOURS_SECONDS, RoomLine, hours_of, is_code, room_lines, with_houses

HISTORY_LOOK = 50
ANSWERS = ("approved", "rejected")  # to a booking that awaits one, as the history calls them
# what somebody has before them: not over, not given up
COMING = [str(status) for status in sorted(HELD)]
_ids: Cache[str, int] = Cache()


async def room_id_of(code: str) -> int:
    """Raises NotFound("room.unknown"). A room keeps its id and code for life."""
    room_id = _ids.get(code)
    if room_id is not None:
        return room_id
    room_id = await first_value(Room.filter(code=code), "id") if is_code(code) else None
    if room_id is None:
        raise NotFound("room.unknown", room=code[:CODE_LENGTH])
    return _ids.put(code, int(room_id))


async def booking_by_id(booking_id: UUID) -> Booking:
    """Raises NotFound("booking.unknown")."""
    booking = await Booking.get_or_none(id=booking_id)
    if booking is None:
        raise NotFound("booking.unknown")
    return booking


async def known_booking(booking_id: UUID, viewer: Viewer) -> Booking:
    """A booking with its room. Raises NotFound("booking.unknown"), also for one that is not the viewer's to know of."""
    booking = await Booking.get_or_none(id=booking_id).select_related("room")
    if booking is None or not knows_of(viewer, booking, booking.room.visibility):
        raise NotFound("booking.unknown")
    return booking


def knows_of(viewer: Viewer, booking: Booking, visibility: Visibility) -> bool:
    """Whether a viewer may know that a booking exists; a door panel knows of its room's."""
    if viewer.role is None:
        return True
    shown_class = seen_as(visibility, booking.kind)
    return sight(shown_class, viewer, booking.organizer_id, booking.institution_id) is not Sight.NOTHING


async def visible_booking(booking_id: UUID, viewer: Viewer) -> tuple[VisibleBooking, Room]:
    """A booking as this viewer may see it. Raises NotFound for one that is not theirs to know of."""
    rows = await Booking.filter(id=booking_id).limit(1).values_list(*COLUMNS)
    if not rows:
        raise NotFound("booking.unknown")
    row = BookingRow(*rows[0])
    room = await Room.get(id=row.room_id).select_related("building__site")
    booking = project(row, room.code, room.visibility, viewer)
    if booking is None:
        raise NotFound("booking.unknown")
    if isinstance(booking, MeetingSpan) and await _reads_as_approver(row, room, viewer):
        booking = projection(row, room.code, Sight.FULL)
        assert booking
    return booking, room


async def _reads_as_approver(row: BookingRow, room: Room, viewer: Viewer) -> bool:
    """Whether a viewer is asked about this booking, or was: then they know what they say yes or no to."""
    if not may_answer(await booking_room(room), viewer, Kind(row.kind)):
        return False
    return row.status == Status.TENTATIVE or await answer_of(UUID(str(row.id))) is not None


async def answer_of(booking_id: UUID) -> HistoryEntry | None:
    """The entry of the history that a booking was approved or rejected last; None where nobody answered, or the answer
    was taken back, or it was asked anew since.
    """
    for entry in await entries_of(f"booking:{booking_id}", HISTORY_LOOK):
        if entry.action in ANSWERS:
            return entry
        if (entry.after or {}).get("status") == Status.TENTATIVE:
            return None
    return None


async def in_help_point(booking_ids: Collection[UUID]) -> set[UUID]:
    """Those of these bookings that are in rooms of the Help Point, or visits from when their room was one."""
    shy = Booking.filter(Q(room__visibility__in=list(HELP_POINT)) | Q(kind__in=list(VISITS)), id__in=list(booking_ids))
    return {booking.id for booking in await shy.only("id")} if booking_ids else set()


async def bookings_between(
    rooms: Sequence[Room], since: datetime, until: datetime, viewer: Viewer, statuses: Sequence[str] = TAKING
) -> dict[int, list[VisibleBooking]]:
    """The bookings of many rooms that touch [since, until), projected, by room id and in order of start."""
    open_rooms = {room.id: room for room in rooms if sees_times(room.visibility, viewer)}
    bookings: dict[int, list[VisibleBooking]] = {room.id: [] for room in rooms}
    for row in await rows_between(list(open_rooms), since, until, statuses):
        room = open_rooms[row.room_id]
        booking = project(row, room.code, room.visibility, viewer)
        if booking is not None:
            bookings[room.id].append(booking)
    return bookings


async def meetings_around(since: datetime, until: datetime) -> list[Booking]:
    """What people meet for and has not been given back, of [since, until) as planned; the room is fetched."""
    meetings = Booking.filter(
        starts_at__lt=until,
        planned_ends_at__gt=since,
        status__in=[str(Status.CONFIRMED), str(Status.CHECKED_IN)],
    )
    return await meetings.exclude(kind=Kind.BLOCK).select_related("room")


async def spans_ahead(room_id: int, now: datetime) -> list[tuple[datetime, datetime]]:
    """When a room is taken from now on, in order of start: what even who sees nothing else may know of it."""
    ahead = Booking.filter(room_id=room_id, ends_at__gt=now, status__in=TAKING)
    return await ahead.order_by("starts_at").values_list("starts_at", "ends_at")


async def my_bookings(
    person: Person, now: datetime, limit: int = 20, start: int = 0, *, with_series: bool = True
) -> list[Booking]:
    """What this person organizes from now on, running ones first, ``limit`` of them from ``start`` on; the room is
    fetched. Without series what belongs to none.
    """
    coming = _coming(person, now, with_series).order_by("starts_at", "id").offset(start).limit(limit)
    return await coming.select_related("room__building")


async def count_of_my_bookings(person: Person, now: datetime, *, with_series: bool = True) -> int:
    """How many bookings this person organizes from now on."""
    return await _coming(person, now, with_series).count()


def _coming(person: Person, now: datetime, with_series: bool) -> QuerySet[Booking]:
    coming = Booking.filter(organizer_id=person.id, ends_at__gt=now, status__in=COMING)
    return coming if with_series else coming.filter(series_id__isnull=True)


async def my_visible_bookings(
    person: Person, now: datetime, limit: int, start: int
) -> list[tuple[VisibleBooking, Room]]:
    """The same as their organizer sees them, each with its room."""
    bookings = {booking.id: booking for booking in await my_bookings(person, now, limit, start)}
    rows = await Booking.filter(id__in=list(bookings)).order_by("starts_at", "id").values_list(*COLUMNS)
    pairs = []
    for row in map(BookingRow._make, rows):
        room = next(booking.room for booking in bookings.values() if str(booking.id) == str(row.id))
        booking = project(row, room.code, room.visibility, viewer_of(person))
        if booking is not None:
            pairs.append((booking, room))
    return pairs


async def evidence_of(booking_ids: Collection[UUID | str]) -> dict[str, dict[str, Any]]:
    """What the sensors said when these bookings were given back, by the booking's id as text."""
    if not booking_ids:
        return {}
    rows = await Booking.filter(id__in=list(booking_ids)).values_list("id", "evidence")
    return {str(booking_id): evidence or {} for booking_id, evidence in rows}


async def room_state_of(room: Room, now: datetime) -> RoomState:
    """A fetched room's state; ``occupancy`` and its evidence come from what the sensors said, not from a column."""
    return derive(await snapshot_of(room, now), now).state


async def extension_minutes(booking: Booking, room: Room, viewer: Viewer, now: datetime) -> int:
    """By how many minutes a booking that runs in the fetched room can be extended, at most EXTENSIONS[0], by the rules
    that the extension itself keeps to; 0 for not at all.
    """
    snapshot, rules = await snapshot_of(room, now), await booking_room(room)
    for minutes in EXTENSIONS:
        ends_at = booking.ends_at + timedelta(minutes=minutes)
        request = BookingRequest(rules.code, booking.starts_at, ends_at, kind=booking.kind)
        blocked_from, blocked_to = blocked(request, rules)
        is_taken = any(
            slot.id != booking.id and slot.blocked_from < blocked_to and blocked_from < slot.blocked_to
            for slot in snapshot.slots
        )
        refusals = (*hours_reasons(request, rules, viewer), *span_reasons(request, rules, now, has_started=True))
        if not is_taken and not refusals:
            return minutes
    return 0


async def state_of(room_id: int, now: datetime) -> tuple[RoomState, Room]:
    room = await Room.get(id=room_id)
    return await room_state_of(room, now), room


async def public_room_state(room_id: int, now: datetime, revision: int = -1) -> PublicState:
    """What may leave about a room, for MQTT and for those without a closer look.

    ``revision`` is the one that an event told of: if its snapshot is still kept, the database is not asked again.
    """
    snapshot = await snapshot_at(room_id, revision, now)
    return public_state(derive(snapshot, now).state, snapshot.facts.visibility)


async def state_for(room: Room, viewer: Viewer, now: datetime, revision: int = -1) -> PublicState:
    """A room's state for a signed-in viewer: a Help Point room's own people see it uncollapsed. With the ``revision``
    that an event told of, ``room`` may be older than that.
    """
    snapshot = await (snapshot_of(room, now) if revision < 0 else snapshot_at(room.id, revision, now))
    return _state_for(snapshot, viewer, now)


async def states_for(rooms: Sequence[Room], viewer: Viewer, now: datetime) -> dict[int, PublicState]:
    """The states of many fetched rooms for a viewer, by the room's id."""
    snapshots = await snapshots_of(rooms, now)
    return {room_id: _state_for(snapshot, viewer, now) for room_id, snapshot in snapshots.items()}


def _state_for(snapshot: RoomSnapshot, viewer: Viewer, now: datetime) -> PublicState:
    visibility = snapshot.facts.visibility
    is_near = visibility in HELP_POINT and works_at_help_point(viewer)
    return public_state(derive(snapshot, now).state, Visibility.INTERNAL if is_near else visibility)


# written out: this is asked inside every write, and the query builder takes longer than the database
NEAREST = """SELECT 1 FROM (
    SELECT blocked_from FROM booking
    WHERE room_id = ? AND status NOT IN ('cancelled', 'rejected') AND blocked_to > ? AND id <> ?
    ORDER BY blocked_to LIMIT 1
) AS nearest WHERE blocked_from < ?"""
NOBODY = UUID(int=0)


async def is_taken(room_id: int, blocked_from: datetime, blocked_to: datetime, but: UUID | None = None) -> bool:
    """Whether a booking other than ``but`` is in the way. They never overlap, so the nearest one decides."""
    since, until = (at.astimezone(UTC) for at in (blocked_from, blocked_to))
    return bool(await ask(NEAREST, [room_id, since, str(but or NOBODY), until]))


class Doorkeepers(NamedTuple):
    """Who has a say in who has a room, by id: the institutions that alone may book it, none where all may, and the
    people who are asked first.
    """

    institutions: frozenset[int] = frozenset()
    approvers: frozenset[int] = frozenset()


_doorkeepers: Cache[int, Doorkeepers] = Cache(HOURS_SECONDS, outdated_by=PlacesChanged)
# both in one statement: a room where nobody is asked is booked by not one more
_KEEPERS = """SELECT room_id, institution_id AS keeper_id, 0 AS approves FROM room_institution
    WHERE room_id IN ({marks})
UNION ALL SELECT room_id, person_id, 1 FROM room_approver WHERE room_id IN ({marks})"""


async def doorkeepers_of(rooms: Sequence[Room | RoomLine]) -> dict[int, Doorkeepers]:
    """Who has a say in who has each room, by the room's id."""
    by_room, epoch = {room.id: _doorkeepers.get(room.id) for room in rooms}, _doorkeepers.epoch
    if unread := [room_id for room_id, keepers in by_room.items() if keepers is None]:
        ids: dict[int, tuple[set[int], set[int]]] = {room_id: (set(), set()) for room_id in unread}
        for row in await ask(_KEEPERS.format(marks=", ".join("?" * len(unread))), [*unread, *unread]):
            ids[row["room_id"]][row["approves"]].add(row["keeper_id"])
        by_room |= {
            room_id: _doorkeepers.put(room_id, Doorkeepers(*map(frozenset, both)), epoch)
            for room_id, both in ids.items()
        }
    return {room_id: keepers or Doorkeepers() for room_id, keepers in by_room.items()}


async def booking_room(room: Room) -> BookingRoom:
    """What the rules of booking look at, from a fresh row."""
    return (await booking_rooms([room]))[room.id]


async def proposed_booking_room(room: Room, institution_ids: Iterable[int]) -> BookingRoom:
    """What the rules would look at if a room were like this one, for these institutions alone or for all."""
    return _booking_room(room, Doorkeepers(frozenset(institution_ids)), await hours_of(room))


async def booking_rooms(rooms: Sequence[Room]) -> dict[int, BookingRoom]:
    """The same of many rooms, by the room's id."""
    keepers = await doorkeepers_of(rooms)
    return {room.id: _booking_room(room, keepers[room.id], await hours_of(room)) for room in rooms}


def _booking_room(room: Room, keepers: Doorkeepers, hours: Hours) -> BookingRoom:
    return BookingRoom(
        code=room.code,
        visibility=room.visibility,
        bookable=room.bookable,
        capacity=room.capacity,
        hours_policy=room.hours_policy,
        setup=timedelta(minutes=room.setup_minutes),
        cleanup=timedelta(minutes=room.cleanup_minutes),
        shortest=timedelta(minutes=room.min_minutes),
        longest=timedelta(hours=room.max_hours),
        furthest=timedelta(days=room.max_days_ahead),
        institutions=keepers.institutions,
        hours=hours,
        check_in=room.check_in,
        is_closed=room.closed_at is not None,
        approvers=keepers.approvers,
    )


async def bookable_rooms(by: Person) -> list[Room]:
    """The rooms that this person may book, in the order of the house."""
    rooms = await with_houses(Room.filter(bookable=True).order_by("building_id", "-floor", "code"))
    open_ids = await rooms_open_to(rooms, viewer_of(by))
    return [room for room in rooms if room.id in open_ids]


async def bookable_lines(by: Person) -> list[RoomLine]:
    """The same as lines, for a choice of rooms."""
    lines = [line for line in await room_lines() if line.bookable]
    open_ids = await rooms_open_to(lines, viewer_of(by))
    return sorted(
        (line for line in lines if line.id in open_ids), key=lambda line: (line.building_id, -line.floor, line.code)
    )


async def rooms_open_to(rooms: Sequence[Room | RoomLine], viewer: Viewer) -> set[int]:
    """The ids of those that this viewer may book at all."""
    keepers = await doorkeepers_of(rooms)
    return {
        room.id
        for room in rooms
        if room.bookable and is_open_to(room.visibility, keepers[room.id].institutions, viewer)
    }


async def undoable(person: Person, now: datetime) -> list[Booking]:
    """This person's bookings that were released by themselves or ended, and can still be given back; the room is
    fetched.
    """
    by_itself = Q(released_at__gte=now - UNDO)
    by_hand = Q(status=Status.ENDED, ends_at__gte=now - UNDO, released_at__isnull=True)
    theirs = Booking.filter(
        by_itself | by_hand, organizer_id=person.id, ends_at__gte=now - UNDO, planned_ends_at__gt=now
    )
    return await theirs.order_by("-ends_at").select_related("room")


async def cancellation_of(booking_id: UUID) -> HistoryEntry | None:
    """The entry of the history that a booking was cancelled last; None if it never was."""
    entries = await entries_of(f"booking:{booking_id}", HISTORY_LOOK)
    return next((entry for entry in entries if entry.action == "cancelled"), None)


async def past_bookings(person: Person, now: datetime, limit: int = 10) -> list[Booking]:
    """What this person organized and is over or was given back, the latest first; the room is fetched."""
    own = Booking.filter(organizer_id=person.id)
    over = own.filter(ends_at__lte=now).order_by("-ends_at").limit(limit)
    given_back = own.filter(ends_at__gt=now).exclude(status__in=COMING).order_by("-ends_at").limit(limit)
    bookings = [booking for rows in (over, given_back) for booking in await rows.select_related("room__building")]
    return sorted(bookings, key=lambda booking: booking.starts_at, reverse=True)[:limit]
