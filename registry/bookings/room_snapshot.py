"""What a room's state derives from, loaded once per version of the room however many ask, and the state itself.

Whoever changes what a snapshot holds locks the room, so one that is kept of the same version is the database's own. A
transaction that holds the room puts its snapshot here only after its commit.
"""

from collections.abc import Sequence
from copy import copy
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from registry.assets.queries import readiness_of
from registry.bookings.models import Booking
from registry.bookings.slot_rows import SLOT_COLUMNS, slots_around
from registry.bookings.state import RoomFacts, RoomState, Slot, next_change, room_state
from registry.core.cache import Cache
from registry.core.errors import NotFound
from registry.core.transaction import is_inside
from registry.devices.models import Device
from registry.devices.occupancy import PROVES_PEOPLE, Sensor, room_occupancy, sensor_of
from registry.devices.queries import presence_sensors, watch
from registry.rooms.hours import Hours
from registry.rooms.models import Room, Visibility
from registry.rooms.queries import hours_of

KEPT_FOR = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class RoomSnapshot:
    """A room and its facts, its bookings around now in order of start, its presence sensors and its hours, good for one
    version.
    """

    room: Room
    facts: RoomFacts
    slots: Sequence[Slot]
    devices: Sequence[Device]
    sensors: Sequence[Sensor]
    hours: Hours
    watching_since: datetime | None
    loaded_at: datetime


class DerivedState(NamedTuple):
    """A state and the first instant at which it could be another."""

    snapshot: RoomSnapshot
    state: RoomState
    until: datetime


_snapshots: Cache[int, RoomSnapshot] = Cache()
_states: Cache[int, DerivedState] = Cache()


def keep(snapshot: RoomSnapshot, derived_state: DerivedState | None = None) -> None:
    """After the commit of the transaction that made it, with what was derived from it. A reader that was slower than a
    writer changes nothing.
    """
    former = _snapshots.get(snapshot.room.id)
    if former is None or former.room.version <= snapshot.room.version:
        _snapshots.put(snapshot.room.id, snapshot)
        if derived_state:
            _states.put(snapshot.room.id, derived_state)


def recall(room_id: int, version: int, now: datetime) -> RoomSnapshot | None:
    """What is kept of a room, if it is of this very version and not too old for its window of bookings."""
    snapshot = _snapshots.get(room_id)
    if snapshot is None or snapshot.room.version != version or abs(now - snapshot.loaded_at) >= KEPT_FOR:
        return None
    return snapshot


async def snapshot_of(room: Room, now: datetime) -> RoomSnapshot:
    """A fetched room's snapshot, for reading."""
    return recall(room.id, room.version, now) or (await snapshots_of([room], now))[room.id]


async def snapshots_of(rooms: Sequence[Room], now: datetime) -> dict[int, RoomSnapshot]:
    """The snapshots of many fetched rooms, by the room's id: what is not kept is read for all of them together."""
    snapshots = {room.id: recall(room.id, room.version, now) for room in rooms}
    for snapshot in await load_many([room for room in rooms if snapshots[room.id] is None], now):
        if not is_inside():
            keep(snapshot)
        snapshots[snapshot.room.id] = snapshot
    return {room_id: snapshot for room_id, snapshot in snapshots.items() if snapshot}


async def snapshot_at(room_id: int, revision: int, now: datetime) -> RoomSnapshot:
    """The snapshot of a room at the revision that an event told of; the database is asked where it is not kept. Raises
    NotFound("room.unknown").
    """
    snapshot = _snapshots.get(room_id)
    if snapshot and snapshot.room.revision == revision and abs(now - snapshot.loaded_at) < KEPT_FOR:
        return snapshot
    room = await Room.get_or_none(id=room_id)
    if room is None:
        raise NotFound("room.unknown", room=room_id)
    return await snapshot_of(room, now)


async def locked_snapshot(room: Room, now: datetime) -> RoomSnapshot:
    """The snapshot of a room that the caller has just locked. The lock is one version: what is kept of the one before
    it is still what the database holds.
    """
    return recall(room.id, room.version - 1, now) or await load(room, now)


async def load(room: Room, now: datetime) -> RoomSnapshot:
    """Read a room's snapshot from the database."""
    return (await load_many([room], now))[0]


async def load_many(rooms: Sequence[Room], now: datetime) -> list[RoomSnapshot]:
    """Read the snapshots of many rooms from the database, in the same order and with as many queries as one takes."""
    if not rooms:
        return []
    ids = [room.id for room in rooms]
    sensors, equipment, slots = await presence_sensors(ids), await readiness_of(ids), await _slots_of(rooms, now)
    watching_since = (await watch()).since if sensors else None
    return [
        RoomSnapshot(
            room=copy(room),  # the caller may go on to change its own
            facts=_facts_of(room, _is_sensed(sensors.get(room.id, [])), equipment[room.id].ready),
            slots=slots[room.id],
            devices=sensors.get(room.id, []),
            sensors=[sensor_of(device) for device in sensors.get(room.id, [])],
            hours=await hours_of(room),
            watching_since=watching_since if room.id in sensors else None,
            loaded_at=now,
        )
        for room in rooms
    ]


def _is_sensed(devices: Sequence[Device]) -> bool:
    """Whether one of these can say that nobody is there. A count of passages cannot: the room goes by its plan."""
    return any(device.sensing in PROVES_PEOPLE for device in devices)


def _facts_of(room: Room, is_sensed: bool, is_ready: bool) -> RoomFacts:
    return RoomFacts(
        code=room.code,
        visibility=room.visibility,
        check_in=room.check_in,
        no_show=timedelta(minutes=room.no_show_minutes) if room.no_show_minutes is not None else None,
        vacant=timedelta(minutes=room.vacant_minutes) if room.vacant_minutes is not None else None,
        sensed=is_sensed,
        ready=is_ready,
        revision=room.revision,
        occupancy=room.occupancy,
        occupancy_since=room.occupancy_since,
        is_closed=room.closed_at is not None,
    )


async def _slots_of(rooms: Sequence[Room], now: datetime) -> dict[int, list[Slot]]:
    public = [room.id for room in rooms if room.visibility is Visibility.PUBLIC]
    return await slots_around(public, [room.id for room in rooms if room.visibility is not Visibility.PUBLIC], now)


def slot_of(booking: Booking, visibility: Visibility) -> Slot:
    """Of a booking that belongs to no block."""
    title = booking.title if visibility is Visibility.PUBLIC else ""
    values: list[Any] = [*(getattr(booking, name) for name in SLOT_COLUMNS), None, title]
    return Slot(*values)


def derive(snapshot: RoomSnapshot, now: datetime) -> DerivedState:
    """The state that the snapshot gives at ``now``: derived once, however many ask, until it could be another."""
    former = _states.get(snapshot.room.id)
    if former and former.snapshot is snapshot and former.state.as_of <= now < former.until:
        return former._replace(state=replace(former.state, as_of=now))
    fold = room_occupancy(snapshot.sensors, now, snapshot.watching_since)
    state = room_state(snapshot.facts, snapshot.slots, fold, snapshot.hours, now)
    until = next_change(snapshot.facts, snapshot.slots, fold, snapshot.hours, now)
    return _states.put(snapshot.room.id, DerivedState(snapshot, state, until))
