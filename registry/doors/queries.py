"""A room's door now, whoever shows it: a page, a panel on MQTT, e-paper."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from registry.bookings.models import NOT_HOLDING, Booking
from registry.bookings.queries import room_state_of
from registry.bookings.room_snapshot import LONGEST, RoomSnapshot, derived, snapshot_at
from registry.bookings.state import Slot, StateKind
from registry.core.cache import Kept
from registry.devices.models import Device
from registry.doors.facts import DoorRoom, Taken, changes_at, door_view, is_open_door
from registry.doors.phrases import LANGUAGES, say
from registry.doors.view import DoorView, Elsewhere
from registry.rooms.models import HELP_POINT, HoursPolicy, Room, RoomKind, Visibility

AHEAD, BEHIND = timedelta(hours=36), timedelta(hours=24)
LONG_ENOUGH = timedelta(minutes=15)
AROUND_SECONDS = 30.0
_COLUMNS = (
    "starts_at", "ends_at", "blocked_from", "blocked_to", "planned_ends_at", "status", "kind", "released_at",
    "release_reason",
)  # fmt: skip

_taken: Kept[int, tuple[Sequence[Slot], list[Taken]]] = Kept()
_around: Kept[tuple[int, int], tuple[bool, str]] = Kept(AROUND_SECONDS)
_views: Kept[tuple[int, bool], "_Drawn"] = Kept(AROUND_SECONDS)


class _Drawn(NamedTuple):
    """A door and the first instant at which it could be another."""

    snapshot: RoomSnapshot
    view: DoorView
    until: datetime


async def door(room_id: int, now: datetime, device: Device | None = None, revision: int = -1) -> DoorView:
    """The door of a room at ``now``, as far as its class may show; with ``device``, as that panel may show it: one that
    is switched off offers nothing. ``revision`` is the one that an event told of: if it is still kept, the database is
    not asked again, and all panels of a door share one view. Raises NotFound("room.unknown").
    """
    snapshot = await snapshot_at(room_id, revision, now)
    can_act = device is None or device.enabled
    found = _views.get((room_id, can_act))
    if found and found.snapshot is snapshot and found.view.as_of <= now < found.until:
        return found.view
    return await _draw(snapshot, now, can_act)


async def _draw(snapshot: RoomSnapshot, now: datetime, can_act: bool) -> DoorView:
    state, until = derived(snapshot, now)[1:]
    room, facts, taken = snapshot.room, await door_room(snapshot.room), await _taken_of(snapshot, now)
    is_elsewhere = state.kind is StateKind.SOON and is_open_door(facts)
    other = await _elsewhere(room, now) if is_elsewhere else None
    view = door_view(facts, state, taken, snapshot.hours, other, can_act)
    if not is_elsewhere:  # which depends on other rooms
        _views.put((room.id, can_act), _Drawn(snapshot, view, min(until, changes_at(taken, now))))
    return view


async def _taken_of(snapshot: RoomSnapshot, now: datetime) -> list[Taken]:
    """Loaded anew together with the bookings of the state: however many panels ask, and whatever sensors say."""
    found = _taken.get(snapshot.room.id)
    if found and found[0] is snapshot.slots:
        return found[1]
    return _taken.put(snapshot.room.id, (snapshot.slots, await _load_taken(snapshot.room, now)))[1]


async def door_room(room: Room) -> DoorRoom:
    """What of a room its door depends on."""
    has_shy_neighbours, reception = await _surroundings(room)
    is_neutral = has_shy_neighbours or room.visibility in HELP_POINT
    return DoorRoom(
        number=room.number,
        places=_neutral_places() if is_neutral else _places(room),
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
    )


async def _surroundings(room: Room) -> tuple[bool, str]:
    """Whether a Help Point room is on this floor, and the number of the reception. Kept for half a minute."""
    place = (room.building_id, room.floor)
    kept = _around.get(place)
    if kept:
        return kept
    here = Room.filter(building_id=room.building_id)
    has_shy = await here.filter(floor=room.floor, visibility__in=HELP_POINT).exists()
    reception = await here.filter(kind=RoomKind.RECEPTION).order_by("floor", "number").first()
    return _around.put(place, (has_shy, reception.number if reception else ""))


def _neutral_places() -> dict[str, str]:
    return {language: say("help_point", language) for language in LANGUAGES}


def _places(room: Room) -> dict[str, str]:
    named = {"pl": room.name, "en": room.name_en, "uk": room.name_uk, "ru": room.name_ru}
    return {language: name or room.name_en or room.name for language, name in named.items()}


async def _load_taken(room: Room, now: datetime) -> list[Taken]:
    """The bookings of around today. A title is read only where the class of the room may show it."""
    columns = (*_COLUMNS, "title") if room.visibility is Visibility.PUBLIC else _COLUMNS
    rows = await (
        Booking.filter(
            room_id=room.id,
            starts_at__gte=now - LONGEST,
            starts_at__lt=now + AHEAD,
            blocked_to__gt=now - BEHIND,
            status__not_in=[str(status) for status in NOT_HOLDING],
        )
        .order_by("starts_at")
        .values_list(*columns)
    )
    return [Taken(*row) for row in rows]


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
