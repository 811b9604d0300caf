"""A room's door now, whoever shows it: a page, a panel on MQTT, e-paper. Below the questions that are asked of the
register, from a room's state and bookings to its door: which type, which times, what may be done.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

from registry.bookings.models import Kind, Status
from registry.bookings.projections import COLLAPSED, PublicState, public_state
from registry.bookings.public_revision import revision_of
from registry.bookings.queries import doorkeepers_of, room_state_of
from registry.bookings.room_snapshot import RoomSnapshot, derive, snapshot_at
from registry.bookings.rules import LONGEST_MEETING
from registry.bookings.state import CHECK_IN_EARLY, UNDO, RoomState, Slot, StateKind, following, running
from registry.core.cache import Cache
from registry.core.errors import NotFound
from registry.core.events import PlacesChanged
from registry.devices.models import Device
from registry.doors.phrases import LANGUAGES, say
from registry.doors.policy import ANYONE, PIN, door_id, proofs_of, ways_to_end
from registry.doors.view import (
    MINUTES_TO_BOOK,
    MINUTES_TO_EXTEND,
    Act,
    DayStrip,
    DoorState,
    DoorView,
    Elsewhere,
    OpenDoor,
    Opening,
    TimedDoor,
    TitledDoor,
)
from registry.rooms.hours import Hours, local_instant, opening_spans
from registry.rooms.models import HELP_POINT, HoursPolicy, Room, RoomKind, Visibility

LONG_ENOUGH = timedelta(minutes=15)
AROUND_SECONDS = 30.0
FIRST_HOUR, LAST_HOUR = 7, 17
STATES = {
    StateKind.FREE: DoorState.FREE,
    StateKind.SOON: DoorState.SOON,
    StateKind.AWAITING_CHECK_IN: DoorState.CHECK_IN,
    StateKind.IN_USE: DoorState.BUSY,
    StateKind.IN_USE_UNBOOKED: DoorState.OCCUPIED,
    StateKind.CLOSED: DoorState.CLOSED,
    StateKind.UNKNOWN: DoorState.UNKNOWN,
}
DOOR_REASON = "door"  # the reason of what was ended there
RELEASES = {"no_show": "released_no_show", "vacant": "ended_vacant"}


@dataclass(frozen=True, slots=True)
class DoorRoom:
    """What of a room its door depends on. ``is_neutral``: a Help Point door, which looks like all others there."""

    number: str
    places: Mapping[str, str] = field(hash=False)
    visibility: Visibility
    is_neutral: bool
    reception: str
    is_bookable: bool
    panel_books: bool
    check_in: bool
    setup: timedelta
    cleanup: timedelta
    shortest: timedelta
    is_strict: bool
    longest: timedelta = LONGEST_MEETING
    plan_revision: int = 0
    proofs: tuple[str, ...] = (ANYONE,)
    is_asked: bool = False  # somebody has to approve what is booked here: nobody books at its door

    @property
    def is_open(self) -> bool:
        """Whether this door shows its day and offers anything. A Help Point door that cannot be booked keeps to the
        looks of its neighbours, so that nothing tells which of them is confidential.
        """
        if self.visibility is Visibility.PUBLIC:
            return True
        return self.visibility is Visibility.INTERNAL and not (self.is_neutral and not self.panel_books)


class DrawnDoor(NamedTuple):
    """A door and the first instant at which it could be another."""

    snapshot: RoomSnapshot
    view: DoorView
    until: datetime


_around: Cache[tuple[int, int], tuple[bool, str]] = Cache(AROUND_SECONDS, outdated_by=PlacesChanged)
_doors: Cache[tuple[int, bool], DrawnDoor] = Cache(AROUND_SECONDS, outdated_by=PlacesChanged)


async def public_state_at(room_id: int, now: datetime, revision: int = -1) -> tuple[PublicState, int]:
    """What may leave about a room, with the number to tell of it, and the room's own revision: good for putting two
    states in order, and never told. ``revision`` is the one that an event told of: if it is still kept, the database is
    not asked again. Raises NotFound("room.unknown").
    """
    snapshot = await snapshot_at(room_id, revision, now)
    state = public_state(derive(snapshot, now).state, snapshot.facts.visibility)
    return replace(state, revision=revision_of(state)), snapshot.room.revision


async def door(room_id: int, now: datetime, device: Device | None = None, revision: int = -1) -> DoorView:
    """The door of a room at ``now``, as far as its class may show; with ``device``, as that panel may show it: one that
    is switched off offers nothing. ``revision`` as in :func:`public_state_at`; all panels of a door share one view.
    Raises NotFound("room.unknown").
    """
    snapshot = await snapshot_at(room_id, revision, now)
    can_act = device is None or device.enabled
    former = _doors.get((room_id, can_act))
    if former and former.snapshot is snapshot and former.view.as_of <= now < former.until:
        return former.view
    _, state, until = derive(snapshot, now)
    room, slots = await door_room(snapshot.room), snapshot.slots
    if state.kind is StateKind.SOON and room.is_open:  # where else to go depends on other rooms: never kept
        return door_view(room, state, slots, snapshot.hours, await _elsewhere(snapshot.room, now), can_act)
    view = door_view(room, state, slots, snapshot.hours, None, can_act)
    _doors.put((room_id, can_act), DrawnDoor(snapshot, view, min(until, changes_at(slots, now))))
    return view


async def booking_at_door(room_id: int, name: str, now: datetime) -> UUID:
    """The booking that the room's door calls by this name. Raises NotFound("booking.unknown")."""
    snapshot = await snapshot_at(room_id, -1, now)
    for slot in snapshot.slots:
        if door_id(slot.id) == name:
            return slot.id
    raise NotFound("booking.unknown")


async def door_room(room: Room) -> DoorRoom:
    """What of a room its door depends on."""
    has_shy_neighbours, reception = await _surroundings(room)
    keepers = (await doorkeepers_of([room]))[room.id]
    is_neutral = has_shy_neighbours or room.visibility in HELP_POINT
    names = {"pl": room.name, "en": room.name_en, "uk": room.name_uk, "ru": room.name_ru}
    return DoorRoom(
        number=room.number,
        places={
            language: say("help_point", language) if is_neutral else name or say("room", language, number=room.number)
            for language, name in names.items()
            if language in LANGUAGES
        },
        visibility=room.visibility,
        is_neutral=is_neutral,
        reception=reception,
        is_bookable=room.bookable,
        panel_books=room.panel_books,
        check_in=room.check_in,
        setup=timedelta(minutes=room.setup_minutes),
        cleanup=timedelta(minutes=room.cleanup_minutes),
        shortest=timedelta(minutes=room.min_minutes),
        is_strict=room.hours_policy is HoursPolicy.STRICT,
        plan_revision=room.plan_revision,
        longest=min(timedelta(hours=room.max_hours), LONGEST_MEETING),
        proofs=tuple(proof for proof in proofs_of(room.door_proofs) if proof != PIN or room.door_pin),
        is_asked=bool(keepers.approvers),
    )


async def _surroundings(room: Room) -> tuple[bool, str]:
    """Whether a Help Point room is on this floor, and the number of the reception. Kept for half a minute."""
    place = (room.building_id, room.floor)
    surroundings = _around.get(place)
    if surroundings:
        return surroundings
    here, epoch = Room.filter(building_id=room.building_id), _around.epoch
    has_shy = await here.filter(floor=room.floor, visibility__in=[str(one) for one in HELP_POINT]).exists()
    reception = await here.filter(kind=RoomKind.RECEPTION).order_by("floor", "number").first()
    return _around.put(place, (has_shy, reception.number if reception else ""), epoch)


async def _elsewhere(room: Room, now: datetime) -> Elsewhere | None:
    """The nearest other room that is free for a while: same floor first, then the smallest."""
    others = await Room.filter(
        building_id=room.building_id, bookable=True, visibility__in=["internal", "public"]
    ).exclude(id=room.id)
    for other in sorted(others, key=lambda other: (abs(other.floor - room.floor), other.capacity, other.code)):
        state = await room_state_of(other, now)
        if state.kind is StateKind.FREE and (state.until is None or state.until - now >= LONG_ENOUGH):
            return Elsewhere(other.number, state.until)
    return None


# from a room's state and bookings to its door


def door_view(
    room: DoorRoom,
    state: RoomState,
    slots: Sequence[Slot],
    hours: Hours,
    elsewhere: Elsewhere | None = None,
    can_act: bool = True,
) -> DoorView:
    """The door of a room at ``state.as_of``. ``slots`` are its bookings around today in order of start."""
    fields: dict[str, Any] = {
        "number": room.number,
        "places": room.places,
        "state": STATES[state.kind if room.is_open else COLLAPSED.get(state.kind, state.kind)],
        "is_settling": state.is_settling and state.kind is StateKind.UNKNOWN,
        "reception": room.reception,
        "zone": hours.zone,
        "revision": state.revision,
        "as_of": state.as_of,
    }
    if room.visibility is Visibility.HIDDEN:
        return DoorView(**fields)
    current, after, released = running(slots, state.as_of), following(slots, state.as_of), given_up(slots, state.as_of)
    fields["public_text"] = current.public_text or {} if current else {}
    # an unbooked visit has no end; its "until" would be the start of the next booking
    fields["until"] = None if state.kind is StateKind.IN_USE_UNBOOKED else state.until
    fields["week"] = week(hours, state) if state.kind is StateKind.CLOSED else ()
    # what a Help Point door is by its plan it is whatever its sensors say
    tells_silence = state.is_silent and (room.is_open or state.kind is StateKind.UNKNOWN)
    fields["unknown_since"] = state.occupancy_since if tells_silence else None
    if not room.is_open:
        return TimedDoor(**fields)
    fields |= {
        "day": day_strip(slots, hours, state.as_of),
        "plan_revision": room.plan_revision,
        **(_offer(room, state, slots, hours)._asdict() if can_act else {}),
        "next_span": (after.starts_at, after.ends_at) if after else None,
        "is_next_asked": bool(after and after.status is Status.TENTATIVE),
        "check_in_until": state.check_in_until,
        "elsewhere": elsewhere if state.kind is StateKind.SOON else None,
        "released": RELEASES.get(released.release_reason, "") if released else "",
        "is_out_of_service": bool(current and current.kind is Kind.BLOCK),
    }
    if room.visibility is Visibility.PUBLIC:
        return TitledDoor(**fields, title=current.title if current and current.kind is not Kind.BLOCK else "")
    return OpenDoor(**fields)


def given_up(slots: Sequence[Slot], now: datetime) -> Slot | None:
    """What was released, or ended at the door, a moment ago and can still be had back: nobody has booked its time
    since.
    """
    for slot in slots:
        at = _given_up_at(slot)
        if at is None or not at <= now <= at + UNDO:
            continue
        others = (other for other in slots if other is not slot and other.starts_at >= slot.starts_at)
        if now < slot.planned_ends_at and all(other.blocked_from >= slot.planned_ends_at for other in others):
            return slot
    return None


def _given_up_at(slot: Slot) -> datetime | None:
    return slot.ends_at if slot.release_reason == DOOR_REASON else slot.released_at


class DoorOffer(NamedTuple):
    """What a door offers, and which booking that is about."""

    acts: tuple[Act, ...]
    booking: str = ""
    ways_to_end: tuple[str, ...] = ()


def _offer(room: DoorRoom, state: RoomState, slots: Sequence[Slot], hours: Hours) -> DoorOffer:
    now = state.as_of
    if state.kind is StateKind.IN_USE:
        return _offer_in_use(room, state, slots, hours)
    acts: list[Act] = []
    current, after, lapsed = running(slots, now), following(slots, now), given_up(slots, now)
    subject = current
    is_near = (
        state.kind is StateKind.SOON
        and after is not None
        and after.status is not Status.TENTATIVE
        and after.starts_at - now <= CHECK_IN_EARLY
    )
    was_ended_here = lapsed is not None and lapsed.release_reason == DOOR_REASON
    if state.kind is StateKind.AWAITING_CHECK_IN:
        acts.append(Act("check_in"))
    elif room.check_in and is_near:
        subject = after
        acts.append(Act("check_in"))
    elif lapsed and not was_ended_here and state.kind in (StateKind.FREE, StateKind.UNKNOWN):
        subject = lapsed
        acts.append(Act("check_in"))
    elif lapsed and was_ended_here and room.panel_books and current is None:
        subject = lapsed
        acts.append(Act("undo"))
    if state.kind in (StateKind.FREE, StateKind.IN_USE_UNBOOKED, StateKind.UNKNOWN):
        acts += [Act("book", minutes) for minutes in bookable_minutes(room, slots, hours, now)]
    return DoorOffer(tuple(acts), door_id(subject.id) if subject else "")


def _offer_in_use(room: DoorRoom, state: RoomState, slots: Sequence[Slot], hours: Hours) -> DoorOffer:
    current = running(slots, state.as_of)
    if not current:
        return DoorOffer(())
    if not room.panel_books:
        return DoorOffer((), door_id(current.id))
    acts = []
    if room.check_in and current.status is Status.CONFIRMED:  # held for people who may yet come
        acts.append(Act("check_in"))
    minutes = extension_minutes(room, slots, hours, current)
    if minutes:
        acts.append(Act("extend", minutes))
    ways = ways_to_end(room.proofs, current.source, state.occupancy)
    if ways is not None:
        acts.append(Act("end"))
    return DoorOffer(tuple(acts), door_id(current.id), ways or ())


def extension_minutes(room: DoorRoom, slots: Sequence[Slot], hours: Hours, current: Slot) -> int | None:
    """By how many minutes the running booking can be extended at the door, at most; None for not at all."""
    for minutes in MINUTES_TO_EXTEND:
        ends_at = current.ends_at + timedelta(minutes=minutes)
        is_short = ends_at - current.starts_at <= room.longest
        if is_short and _fits(room, slots, hours, current.starts_at, ends_at):
            return minutes
    return None


def bookable_minutes(room: DoorRoom, slots: Sequence[Slot], hours: Hours, now: datetime) -> list[int]:
    """Which of 15, 30 and 60 minutes from this minute on could be booked at the door."""
    if not (room.panel_books and room.is_bookable) or room.is_asked:
        return []
    minute, start = from_minute(now), after_the_last((slot.blocked_to for slot in slots), now)
    return [
        minutes
        for minutes in MINUTES_TO_BOOK
        if minute + timedelta(minutes=minutes) - start >= room.shortest
        and _fits(room, slots, hours, start, minute + timedelta(minutes=minutes))
    ]


def changes_at(slots: Sequence[Slot], now: datetime) -> datetime:
    """The first instant after ``now`` at which a door of these bookings could show or offer something else, though its
    room's state did not: at the latest when the minute ends.
    """
    ends = (at for slot in slots for at in (slot.ends_at, slot.planned_ends_at, slot.blocked_to))
    starts = (at for slot in slots for at in (slot.starts_at, slot.starts_at - CHECK_IN_EARLY))
    undo_ends = (at + UNDO for at in map(_given_up_at, slots) if at)
    next_minute = now.replace(second=0, microsecond=0) + timedelta(minutes=1)
    return min([next_minute, *(at for at in (*ends, *starts, *undo_ends) if at > now)])


def from_minute(now: datetime) -> datetime:
    """The begun minute: what is booked at a door starts then."""
    return now.replace(second=0, microsecond=0)


def after_the_last(ends: Iterable[datetime], now: datetime) -> datetime:
    """Where a booking at the door starts: the begun minute, or within it the moment at which the last one ended."""
    minute = now.replace(second=0, microsecond=0)
    return max([minute, *(end for end in ends if minute < end <= now)])


def _fits(room: DoorRoom, slots: Sequence[Slot], hours: Hours, start: datetime, end: datetime) -> bool:
    blocked_from, blocked_to = start - room.setup, end + room.cleanup
    for slot in slots:
        if slot.starts_at != start and slot.blocked_from < blocked_to and blocked_from < slot.blocked_to:
            return False
    if not room.is_strict:
        return True
    day = start.astimezone(hours.zone).date()
    return any(opens <= start and end <= closes for opens, closes in opening_spans(hours, day))


def day_strip(slots: Sequence[Slot], hours: Hours, now: datetime) -> DayStrip:
    """Today's band: seven to seventeen, longer where the day is, and now."""
    today = now.astimezone(hours.zone).date()
    midnight, next_midnight = (local_instant(today + timedelta(days=n), 0, hours.zone) for n in (0, 1))
    spans = [
        (max(slot.starts_at, midnight), min(slot.ends_at, next_midnight))
        for slot in slots
        if slot.starts_at < next_midnight and slot.ends_at > midnight
    ]
    edges = [*spans, *(opening_spans(hours, today) if hours.spans else [])]
    hour = now.astimezone(hours.zone).hour
    first = min([FIRST_HOUR, hour, *(start.astimezone(hours.zone).hour for start, _ in edges)])
    last = max([LAST_HOUR, hour + 1, *(_hour_after(end, today, hours) for _, end in edges)])
    return DayStrip(first, last, local_instant(today, first * 60, hours.zone), _joined(spans))


def _hour_after(end: datetime, today: date, hours: Hours) -> int:
    local = end.astimezone(hours.zone)
    if local.date() > today:
        return 24
    return local.hour + (1 if local.minute or local.second else 0)


def _joined(spans: Sequence[tuple[datetime, datetime]]) -> tuple[tuple[datetime, datetime], ...]:
    """Touching spans as one, so that no one can count the meetings."""
    joined: list[tuple[datetime, datetime]] = []
    for start, end in sorted(spans):
        if joined and start <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(end, joined[-1][1]))
        else:
            joined.append((start, end))
    return tuple(joined)


def week(hours: Hours, state: RoomState) -> tuple[Opening, ...]:
    """The week in which a closed room opens again; a day without hours is left out. Empty if it is always open."""
    if not hours.spans:
        return ()
    opens_on = state.until.astimezone(hours.zone).date() if state.until else None
    day = opens_on or state.as_of.astimezone(hours.zone).date()
    monday = day - timedelta(days=day.weekday())
    openings = []
    for offset in range(7):
        date_ = monday + timedelta(days=offset)
        spans = tuple((_minute(opens, hours), _minute(closes, hours)) for opens, closes in opening_spans(hours, date_))
        if spans:
            openings.append(Opening(offset + 1, spans, date_ == opens_on))
    return tuple(openings)


def _minute(at: datetime, hours: Hours) -> int:
    local = at.astimezone(hours.zone)
    return local.hour * 60 + local.minute
