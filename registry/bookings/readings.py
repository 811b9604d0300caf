"""What sensors, the broker and the clock do to rooms. Unknown never releases a booking."""

import asyncio
import logging
from collections.abc import Iterable, Mapping, Sequence
from copy import copy
from dataclasses import replace
from datetime import datetime, timedelta

from tortoise.expressions import Q

from registry.bookings.release import settle
from registry.bookings.room_snapshot import load, load_many, locked_snapshot
from registry.core.cache import Cache
from registry.core.errors import Unavailable
from registry.core.statements import Fields, Work, column, first_value, write
from registry.core.transaction import transaction
from registry.devices.models import Device, DeviceKind, Watch
from registry.devices.occupancy import FOLDED, PRESENCE, Reading, fold, sensor_of
from registry.devices.presence_log import LastWord, trace_changes
from registry.devices.queries import watch
from registry.rooms.lock import RoomChange, changing
from registry.rooms.models import Room

log = logging.getLogger(__name__)
PLACES_SECONDS = 10.0
ROOMS_AT_ONCE = 32
UNASKED = -1  # of a device that was not looked up lately

# where a device stood when it was last looked up, None for one that tells nothing of a room; the locked room
# decides whether it still stands there
_places: Cache[int, int | None] = Cache(PLACES_SECONDS)


async def record_readings(readings: Sequence[Reading], now: datetime) -> None:
    """Fold what devices said: one transaction for the rooms that they stand in, if there are not very many."""
    rooms = await _rooms_of([reading.device_id for reading in readings])
    by_room: dict[int, list[Reading]] = {}
    of_none: list[Reading] = []
    for reading in readings:
        room_id = rooms.get(reading.device_id)
        if room_id is not None:
            by_room.setdefault(room_id, []).append(reading)
        elif reading.device_id in rooms:
            of_none.append(reading)
    by_id = sorted(by_room.items())
    parts = [_record(dict(by_id[at : at + ROOMS_AT_ONCE]), now) for at in range(0, len(by_id), ROOMS_AT_ONCE)]
    if of_none:
        parts.append(_record_roomless(of_none, now))
    await asyncio.gather(*parts)


async def _rooms_of(device_ids: Sequence[int]) -> dict[int, int | None]:
    """The rooms whose occupancy these devices tell of, None for a panel or a sensor of the air."""
    places = {device_id: _places.get(device_id, UNASKED) for device_id in device_ids}
    rooms = {device_id: place for device_id, place in places.items() if place != UNASKED}
    if len(rooms) < len(places):
        strangers = [device_id for device_id, place in places.items() if place == UNASKED]
        for device_id, room_id, kind in await Device.filter(id__in=strangers).values_list("id", "room_id", "kind"):
            rooms[device_id] = _places.put(device_id, room_id if kind == DeviceKind.PRESENCE else None)
    return rooms


async def _record(readings: Mapping[int, Sequence[Reading]], now: datetime) -> None:
    """What was heard in these rooms. Where one of them cannot be recorded the others do not wait for it."""
    elsewhere: list[Reading] = []  # of a panel, or a sensor that was carried away
    try:
        async with changing(*readings) as change:
            work: list[Work] = []
            for room_id in readings:
                work += await _hear(change, change.rooms[room_id], readings[room_id], elsewhere, now)
            await write(*work)
    except Unavailable:
        raise
    except Exception:
        if len(readings) == 1:
            raise
        await asyncio.gather(*(_record({room_id: of_room}, now) for room_id, of_room in readings.items()))
        return
    if elsewhere:
        await _record_roomless(elsewhere, now)


async def _hear(
    change: RoomChange, room: Room, readings: Sequence[Reading], elsewhere: list[Reading], now: datetime
) -> list[Work]:
    """What to write of a locked room and its sensors after these readings."""
    snapshot = await locked_snapshot(room, now)
    devices = {device.id: device for device in snapshot.devices}
    speakers: dict[int, Device] = {}
    work: list[Work] = []
    for reading in readings:
        former = devices.get(reading.device_id)
        if former is None:
            elsewhere.append(reading)
            continue
        device = devices[former.id] = speakers[former.id] = copy(former)
        fold(device, reading, snapshot.watching_since)
        if reading.live and reading.occupied is not None or reading.gap:
            work += trace_changes(room, device, LastWord(former.occupied, former.confirmed_at), reading.was_positive)
    sensors = [sensor_of(device) for device in devices.values()]
    snapshot = replace(snapshot, devices=list(devices.values()), sensors=sensors)
    room_fields = await settle(change, room, snapshot, now)
    return [*(Fields(device, FOLDED) for device in speakers.values()), *work, room_fields]


async def _record_roomless(readings: Sequence[Reading], now: datetime) -> None:
    """Panels, sensors without a room, and those just carried to another one: what these say counts there."""
    by_room: dict[int, list[Reading]] = {}
    async with transaction():
        # in one order, so that two processes never wait for each other
        for device in await Device.filter(id__in=[reading.device_id for reading in readings]).order_by("id"):
            words = [reading for reading in readings if reading.device_id == device.id]
            if device.kind is DeviceKind.PRESENCE and device.room_id is not None:
                _places.put(device.id, device.room_id)
                by_room.setdefault(device.room_id, []).extend(words)
                continue
            for reading in words:
                fold(device, reading)
            await device.save(update_fields=list(FOLDED))
    for room_id, words in by_room.items():
        await _record({room_id: words}, now)


async def watch_started(now: datetime) -> None:
    """The broker is heard from now on. What was said before proves nothing any more, nor what was said by a clock that
    has been set back since.
    """
    await _note_watch(now, None)
    await Device.filter(Q(confirmed_at__gt=now) | Q(positive_at__gt=now)).update(**dict.fromkeys(PRESENCE))
    await _settle_sensed(now)


async def watch_lost(now: datetime) -> None:
    """The broker is not heard: every room with sensors becomes unknown, and nothing is released. Also told by a process
    that has just started: what the one before heard last may be long ago.
    """
    former = await watch()
    lost_at = former.lost_at if former.since is None and former.lost_at else now
    await _note_watch(None, lost_at)
    await _settle_sensed(now)


async def _note_watch(since: datetime | None, lost_at: datetime | None) -> None:
    """Not by ``update_or_create``: the library's own transaction keeps the lock of SQLite for ever when cancelled while
    it begins, and every later write would wait for it.
    """
    async with transaction():
        if not await Watch.filter(id=1).update(since=since, lost_at=lost_at):
            await Watch.create(id=1, since=since, lost_at=lost_at)


async def _settle_sensed(now: datetime) -> None:
    sensors = Device.filter(kind=DeviceKind.PRESENCE, room_id__isnull=False)
    await settle_rooms(await column(sensors.distinct(), "room_id"), now)


async def settle_rooms(room_ids: Iterable[int], now: datetime) -> None:
    """Look at these rooms again, many in one transaction."""
    rooms = sorted(room_ids)
    for at in range(0, len(rooms), ROOMS_AT_ONCE):
        async with changing(*rooms[at : at + ROOMS_AT_ONCE]) as change:
            snapshots = await load_many(list(change.rooms.values()), now)
            await write(
                *[await settle(change, change.rooms[snapshot.room.id], snapshot, now) for snapshot in snapshots]
            )


async def advance_due(now: datetime, limit: int = 50) -> int:
    """Look at the rooms whose time has come; any number of processes may. Returns how many were looked at."""
    due = await column(Room.filter(next_change_at__lte=now).order_by("next_change_at").limit(limit), "id")
    new = await column(Room.filter(next_change_at__isnull=True).limit(limit), "id")
    advances = 0
    for room_id in (*due, *new):
        try:
            advances += await _advance(room_id, now)
        except Exception:
            # no other room waits for one that cannot be settled; it stays due and is tried again
            log.exception("a room could not be advanced", extra={"room_id": room_id})
    return advances


async def _advance(room_id: int, now: datetime) -> bool:
    async with changing(room_id) as change:
        room = change.room
        is_due = room.next_change_at is None or room.next_change_at <= now
        if is_due:
            await write(await settle(change, room, await load(room, now), now))
        else:  # another process was quicker
            change.keep_quiet(room)
    return is_due


async def bring_looks_forward(now: datetime, beyond: timedelta = timedelta(0)) -> int:
    """Look soon at the rooms whose next look is further ahead than this: a clock that was wrong may have set it.
    Returns how many there are.
    """
    return await Room.filter(next_change_at__gt=now + beyond).update(next_change_at=now)


async def sweep_lag(now: datetime) -> timedelta:
    """How far the sweeper is behind: the age of the oldest look that is due."""
    due = Room.filter(next_change_at__lte=now).order_by("next_change_at")
    oldest = await first_value(due, "next_change_at")
    return now - oldest if oldest else timedelta(0)
