"""From a room's state and bookings to its door: which type, which times, what may be done. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from registry.bookings.models import Kind, Status
from registry.bookings.state import CHECK_IN_EARLY, HELD, RUNNING, UNDO, RoomState, StateKind
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
from registry.rooms.models import Visibility

FIRST_HOUR, LAST_HOUR = 7, 17


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


@dataclass(frozen=True, slots=True)
class Taken:
    """A booking of around today, as its door needs it. The title is loaded for public rooms alone."""

    starts_at: datetime
    ends_at: datetime
    blocked_from: datetime
    blocked_to: datetime
    planned_ends_at: datetime
    status: Status
    kind: Kind
    released_at: datetime | None
    release_reason: str
    title: str = ""


STATES = {
    StateKind.FREE: DoorState.FREE,
    StateKind.SOON: DoorState.SOON,
    StateKind.AWAITING_CHECK_IN: DoorState.CHECK_IN,
    StateKind.IN_USE: DoorState.BUSY,
    StateKind.IN_USE_UNBOOKED: DoorState.OCCUPIED,
    StateKind.CLOSED: DoorState.CLOSED,
    StateKind.UNKNOWN: DoorState.UNKNOWN,
}
SHY_STATES = STATES | {
    StateKind.SOON: DoorState.FREE,
    StateKind.AWAITING_CHECK_IN: DoorState.BUSY,
    StateKind.IN_USE_UNBOOKED: DoorState.BUSY,
}


def is_open_door(room: DoorRoom) -> bool:
    """Whether this door shows its day and offers anything. A Help Point door that cannot be booked keeps to the looks
    of its neighbours, so that nothing tells which of them is confidential.
    """
    if room.visibility is Visibility.PUBLIC:
        return True
    return room.visibility is Visibility.INTERNAL and not (room.is_neutral and not room.panel_books)


def door_view(
    room: DoorRoom,
    state: RoomState,
    taken: Sequence[Taken],
    hours: Hours,
    elsewhere: Elsewhere | None = None,
    can_act: bool = True,
) -> DoorView:
    """The door of a room at ``state.as_of``. ``taken`` are its bookings around today in order of start."""
    is_open = is_open_door(room)
    told: dict[str, Any] = {
        "number": room.number,
        "places": room.places,
        "state": (STATES if is_open else SHY_STATES)[state.kind],
        "is_settling": state.is_settling and state.kind is StateKind.UNKNOWN,
        "reception": room.reception,
        "zone": hours.zone,
        "revision": state.revision,
        "as_of": state.as_of,
    }
    if room.visibility is Visibility.HIDDEN:
        return DoorView(**told)
    # an unbooked visit has no end; its "until" would be the start of the next booking
    told["until"] = None if state.kind is StateKind.IN_USE_UNBOOKED else state.until
    told["week"] = week(hours, state) if state.kind is StateKind.CLOSED else ()
    # what a Help Point door is by its plan it is whatever its sensors say
    tells_silence = state.is_silent and (is_open or state.kind is StateKind.UNKNOWN)
    told["unknown_since"] = state.occupancy_since if tells_silence else None
    if not is_open:
        return TimedDoor(**told)
    told.update(_open_fields(room, state, taken, hours, elsewhere, can_act))
    if room.visibility is Visibility.PUBLIC:
        current = _running(taken, state.as_of)
        return TitledDoor(**told, title=current.title if current and current.kind is not Kind.BLOCK else "")
    return OpenDoor(**told)


def _open_fields(
    room: DoorRoom,
    state: RoomState,
    taken: Sequence[Taken],
    hours: Hours,
    elsewhere: Elsewhere | None,
    can_act: bool,
) -> dict[str, Any]:
    now = state.as_of
    current, after, gone = _running(taken, now), _following(taken, now), given_up(taken, now)
    return {
        "day": day_strip(taken, hours, now),
        "acts": _acts(room, state, taken, hours) if can_act else (),
        "next_span": (after.starts_at, after.ends_at) if after else None,
        "check_in_until": state.check_in_until,
        "elsewhere": elsewhere if state.kind is StateKind.SOON else None,
        "released": {"no_show": "released_no_show", "vacant": "ended_vacant"}.get(gone.release_reason, "")
        if gone
        else "",
        "is_out_of_service": bool(current and current.kind is Kind.BLOCK),
    }


def _running(taken: Sequence[Taken], now: datetime) -> Taken | None:
    return next((one for one in taken if one.status in RUNNING and one.starts_at <= now < one.ends_at), None)


def _following(taken: Sequence[Taken], now: datetime) -> Taken | None:
    return next((one for one in taken if one.status in HELD and one.starts_at > now), None)


def given_up(taken: Sequence[Taken], now: datetime) -> Taken | None:
    """What was released a moment ago and can still be had back: nobody has booked its time since."""
    for one in taken:
        if one.released_at is None or not one.released_at <= now <= one.released_at + UNDO:
            continue
        others = (other for other in taken if other is not one and other.starts_at >= one.starts_at)
        if now < one.planned_ends_at and all(other.blocked_from >= one.planned_ends_at for other in others):
            return one
    return None


def _acts(room: DoorRoom, state: RoomState, taken: Sequence[Taken], hours: Hours) -> tuple[Act, ...]:
    now = state.as_of
    if state.kind is StateKind.IN_USE:
        current = _running(taken, now)
        if not current or not room.panel_books:
            return ()
        held = room.check_in and current.status is Status.CONFIRMED  # past its time, for people who may yet come
        longer = current.ends_at + timedelta(minutes=MINUTES_TO_EXTEND)
        extend = (Act("extend", MINUTES_TO_EXTEND),) if _fits(room, taken, hours, current.starts_at, longer) else ()
        return *((Act("check_in"),) if held else ()), *extend, Act("end")
    offered: list[Act] = []
    after = _following(taken, now)
    is_near = state.kind is StateKind.SOON and after is not None and after.starts_at - now <= CHECK_IN_EARLY
    is_given_up = state.kind in (StateKind.FREE, StateKind.UNKNOWN) and given_up(taken, now) is not None
    if state.kind is StateKind.AWAITING_CHECK_IN or room.check_in and is_near or is_given_up:
        offered.append(Act("check_in"))
    if state.kind in (StateKind.FREE, StateKind.IN_USE_UNBOOKED, StateKind.UNKNOWN):
        offered += [Act("book", minutes) for minutes in bookable_minutes(room, taken, hours, now)]
    return tuple(offered)


def bookable_minutes(room: DoorRoom, taken: Sequence[Taken], hours: Hours, now: datetime) -> list[int]:
    """Which of 15, 30 and 60 minutes from this minute on could be booked at the door."""
    if not (room.panel_books and room.is_bookable):
        return []
    minute = from_minute(now)
    start = after_the_last([one.blocked_to for one in taken], now)
    return [
        minutes
        for minutes in MINUTES_TO_BOOK
        if minute + timedelta(minutes=minutes) - start >= room.shortest
        and _fits(room, taken, hours, start, minute + timedelta(minutes=minutes))
    ]


def changes_at(taken: Sequence[Taken], now: datetime) -> datetime:
    """The first instant after ``now`` at which a door of these bookings could show or offer something else, though its
    room's state did not: at the latest when the minute ends.
    """
    ends = (at for one in taken for at in (one.ends_at, one.planned_ends_at, one.blocked_to))
    starts = (at for one in taken for at in (one.starts_at, one.starts_at - CHECK_IN_EARLY))
    undone = (one.released_at + UNDO for one in taken if one.released_at)
    minute = from_minute(now) + timedelta(minutes=1)
    return min([minute, *(at for at in (*ends, *starts, *undone) if at > now)])


def from_minute(now: datetime) -> datetime:
    """The begun minute: what is booked at a door starts then."""
    return now.replace(second=0, microsecond=0)


def after_the_last(ends: Iterable[datetime], now: datetime) -> datetime:
    """Where a booking at the door starts: the begun minute, or within it the moment at which the last one ended."""
    minute = from_minute(now)
    return max([minute, *(end for end in ends if minute < end <= now)])


def _fits(room: DoorRoom, taken: Sequence[Taken], hours: Hours, start: datetime, end: datetime) -> bool:
    blocked_from, blocked_to = start - room.setup, end + room.cleanup
    for one in taken:
        if one.starts_at != start and one.blocked_from < blocked_to and blocked_from < one.blocked_to:
            return False
    if not room.is_strict:
        return True
    day = start.astimezone(hours.zone).date()
    return any(opens <= start and end <= closes for opens, closes in opening_spans(hours, day))


def day_strip(taken: Sequence[Taken], hours: Hours, now: datetime) -> DayStrip:
    """Today's band: seven to seventeen, longer where the day is, and now."""
    today = now.astimezone(hours.zone).date()
    midnight, next_midnight = (local_instant(today + timedelta(days=n), 0, hours.zone) for n in (0, 1))
    spans = [
        (max(one.starts_at, midnight), min(one.ends_at, next_midnight))
        for one in taken
        if one.starts_at < next_midnight and one.ends_at > midnight
    ]
    opened = opening_spans(hours, today) if hours.spans else []
    edges = [*spans, *opened]
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
    found = []
    for offset in range(7):
        date_ = monday + timedelta(days=offset)
        spans = tuple((_minute(opens, hours), _minute(closes, hours)) for opens, closes in opening_spans(hours, date_))
        if spans:
            found.append(Opening(offset + 1, spans, date_ == opens_on))
    return tuple(found)


def _minute(at: datetime, hours: Hours) -> int:
    local = at.astimezone(hours.zone)
    return local.hour * 60 + local.minute
