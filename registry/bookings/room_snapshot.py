"""What a room's state derives from, loaded once per version of the room however many ask, and the state itself.

Whoever changes what it derives from locks the room, so a kept snapshot of the same version is the database's own. A
transaction that holds the room puts its snapshot here only after its commit.
"""

from collections.abc import Sequence
from copy import copy
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from hashlib import blake2b
from typing import NamedTuple

import orjson
from tortoise.expressions import Q

from registry.assets.queries import readiness
from registry.bookings.models import NOT_HOLDING, Booking
from registry.bookings.state import RUNNING, RoomFacts, RoomState, Slot, next_change, room_state
from registry.core.cache import Kept
from registry.core.errors import NotFound
from registry.devices.models import Device, DeviceKind
from registry.devices.occupancy import OccupancyFold, Sensor, room_occupancy, sensor_of
from registry.devices.queries import watch
from registry.rooms.hours import Hours
from registry.rooms.models import Room
from registry.rooms.queries import hours_of

LONGEST = timedelta(days=31)
AHEAD = timedelta(hours=36)
BEHIND = timedelta(hours=12)
KEPT_FOR = timedelta(minutes=10)
SLOT_COLUMNS = (
    "id", "starts_at", "ends_at", "status", "kind", "protected", "checked_in_at", "warned_at", "planned_ends_at",
    "released_at",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class RoomSnapshot:
    """A room and its facts, its bookings around now, its presence sensors and its hours, good for one version.
    ``slots`` stay the same object from one version to the next as long as no booking changes.
    """

    room: Room
    facts: RoomFacts
    slots: Sequence[Slot]
    devices: Sequence[Device]
    sensors: Sequence[Sensor]
    hours: Hours
    watching_since: datetime | None
    loaded_at: datetime

    def fold(self, now: datetime) -> OccupancyFold:
        return room_occupancy(self.sensors, now, self.watching_since)


class Derived(NamedTuple):
    """A state and the first instant at which it could be another."""

    snapshot: RoomSnapshot
    state: RoomState
    until: datetime


_snapshots: Kept[int, RoomSnapshot] = Kept()
_derived: Kept[int, Derived] = Kept()


def keep(snapshot: RoomSnapshot, result: Derived | None = None) -> None:
    """After the commit of the transaction that made it, with what was derived from it. A reader that was slower than a
    writer changes nothing.
    """
    former = _snapshots.get(snapshot.room.id)
    if former is None or former.room.version <= snapshot.room.version:
        _snapshots.put(snapshot.room.id, snapshot)
        if result:
            _derived.put(snapshot.room.id, result)


def kept(room: Room, now: datetime) -> RoomSnapshot | None:
    """What is kept of a fetched room, if it is of this very version and not too old for its window of bookings."""
    snapshot = _snapshots.get(room.id)
    if snapshot is None or snapshot.room.version != room.version:
        return None
    return snapshot if abs(now - snapshot.loaded_at) < KEPT_FOR else None


async def snapshot_of(room: Room, now: datetime) -> RoomSnapshot:
    """A fetched room's snapshot, for reading."""
    snapshot = kept(room, now)
    if snapshot is None:
        snapshot = await load(room, now)
        keep(snapshot)
    return snapshot


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
    """The snapshot of a room that the caller has just locked."""
    return kept_before(room, now) or await load(room, now)


def kept_before(room: Room, now: datetime) -> RoomSnapshot | None:
    """What is kept of a room that the caller has just locked. The lock is one version: what is kept of the one before
    it is still what the database holds.
    """
    snapshot = _snapshots.get(room.id)
    if snapshot and snapshot.room.version == room.version - 1 and abs(now - snapshot.loaded_at) < KEPT_FOR:
        return snapshot
    return None


async def load(room: Room, now: datetime) -> RoomSnapshot:
    """Read a room's snapshot from the database."""
    devices = await Device.filter(room_id=room.id, kind=DeviceKind.PRESENCE).order_by("code")
    return RoomSnapshot(
        room=copy(room),  # the caller may go on to change its own
        facts=await facts_of(room, bool(devices)),
        slots=await slots_around(room.id, now),
        devices=devices,
        sensors=[sensor_of(device) for device in devices],
        hours=await hours_of(room),
        watching_since=(await watch()).since if devices else None,
        loaded_at=now,
    )


def derive(snapshot: RoomSnapshot, now: datetime) -> RoomState:
    """The state that the snapshot gives at ``now``: derived once, however many ask, until it could be another."""
    return derived(snapshot, now).state


def derived(snapshot: RoomSnapshot, now: datetime) -> Derived:
    """:func:`derive`, and until when that is so."""
    former = _derived.get(snapshot.room.id)
    if former and former.snapshot is snapshot and former.state.as_of <= now < former.until:
        return former._replace(state=replace(former.state, as_of=now))
    fold = snapshot.fold(now)
    state = room_state(snapshot.facts, snapshot.slots, fold, snapshot.hours, now)
    until = next_change(snapshot.facts, snapshot.slots, fold, snapshot.hours, now)
    return _derived.put(snapshot.room.id, Derived(snapshot, state, until))


def appearance_of(state: RoomState, fold: OccupancyFold) -> str:
    """A digest of what can be seen of a room's state and of what its sensors say. Of the bookings beside it and of the
    readiness each change is told by whoever makes it.
    """
    moments = (state.until, state.next_starts_at, state.check_in_until, state.release_at, state.occupancy_since)
    looks = [
        state.kind, state.occupancy, str(state.booking_id), state.is_settling, state.is_silent,
        [at and at.timestamp() for at in moments],
        [[line["sensor"], line["says"], line["reason"]] for line in fold.evidence],
    ]  # fmt: skip
    return blake2b(orjson.dumps(looks), digest_size=16).hexdigest()


async def slots_around(room_id: int, now: datetime) -> list[Slot]:
    """The bookings that may matter to the state of a room now, the unfinished ones of the past included: nobody ended
    them while nothing ran.
    """
    rows = await Booking.filter(
        Q(ends_at__gte=now - BEHIND) | Q(status__in=[str(status) for status in RUNNING]),
        room_id=room_id,
        starts_at__gte=now - LONGEST,
        starts_at__lt=now + AHEAD,
        status__not_in=[str(status) for status in NOT_HOLDING],
    ).values_list(*SLOT_COLUMNS)
    return sorted((Slot(*row) for row in rows), key=lambda slot: slot.starts_at)


def slot_of(booking: Booking) -> Slot:
    return Slot(*(getattr(booking, name) for name in SLOT_COLUMNS))


async def facts_of(room: Room, sensed: bool) -> RoomFacts:
    return RoomFacts(
        code=room.code,
        visibility=room.visibility,
        check_in=room.check_in,
        no_show=timedelta(minutes=room.no_show_minutes) if room.no_show_minutes is not None else None,
        vacant=timedelta(minutes=room.vacant_minutes) if room.vacant_minutes is not None else None,
        sensed=sensed,
        ready=(await readiness(room.id)).ready,
        revision=room.revision,
        occupancy=room.occupancy,
        occupancy_since=room.occupancy_since,
    )
