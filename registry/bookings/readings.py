"""What sensors, the broker and the clock do to rooms. Unknown never releases a booking."""

import asyncio
import logging
from collections.abc import Iterable, Mapping, Sequence
from copy import copy
from dataclasses import dataclass
from datetime import datetime, timedelta

from registry.bookings.settle import settle, settled, snapshot_under_lock
from registry.core.cache import Kept
from registry.core.errors import Unavailable
from registry.core.statements import Fields, Work, column, first_value, write
from registry.devices.models import Device, DeviceKind, Watch
from registry.devices.occupancy import is_believed, sensor_of
from registry.devices.presence_log import Word, traced
from registry.devices.queries import watch
from registry.rooms.lock import RoomChange, changing
from registry.rooms.models import Room

log = logging.getLogger(__name__)
PLACES_SECONDS = 10.0
ROOMS_AT_ONCE = 32


@dataclass(frozen=True, slots=True)
class Reading:
    """One device's words, folded from one or many messages. None says nothing.

    ``live`` is False for what the broker had kept: it never confirms anything. ``was_positive`` says that somebody was
    seen between the last fold and this value. ``at`` is when it arrived.
    """

    device_id: int
    at: datetime
    occupied: bool | None = None
    people: int | None = None
    battery: int | None = None
    online: bool | None = None
    distrust: str | None = None
    was_positive: bool = False
    live: bool = True


async def record_readings(heard: Sequence[Reading], now: datetime) -> None:
    """Fold what devices said: one transaction for the rooms that they stand in, if there are not very many."""
    rooms = await _rooms_of([one.device_id for one in heard])
    by_room: dict[int, list[Reading]] = {}
    unplaced: list[Reading] = []
    for one in heard:
        room_id = rooms.get(one.device_id)
        if room_id is not None:
            by_room.setdefault(room_id, []).append(one)
        elif one.device_id in rooms:
            unplaced.append(one)
    placed = sorted(by_room.items())
    parts = [_record(dict(placed[at : at + ROOMS_AT_ONCE]), now) for at in range(0, len(placed), ROOMS_AT_ONCE)]
    if unplaced:
        parts.append(_record_unplaced(unplaced, now))
    await asyncio.gather(*parts)


# where a presence sensor stood when it was last looked up; the locked room decides whether it still stands there
_places: Kept[int, int | None] = Kept(PLACES_SECONDS)


async def _rooms_of(device_ids: Sequence[int]) -> dict[int, int | None]:
    """The rooms whose occupancy these devices tell of, None for a panel or a sensor of the air."""
    known = {device_id: _places.get(device_id) for device_id in device_ids}
    missing = [device_id for device_id, room_id in known.items() if room_id is None]
    if missing:
        known = {device_id: room_id for device_id, room_id in known.items() if room_id is not None}
        for device_id, room_id, kind in await Device.filter(id__in=missing).values_list("id", "room_id", "kind"):
            known[device_id] = _places.put(device_id, room_id if kind == DeviceKind.PRESENCE else None)
    return known


async def _record(heard: Mapping[int, Sequence[Reading]], now: datetime) -> None:
    """What was heard in these rooms. Where one of them cannot be recorded the others do not wait for it."""
    try:
        moved = await _record_rooms(heard, now)
    except Unavailable:
        raise
    except Exception:
        if len(heard) == 1:
            raise
        await asyncio.gather(*(_record({room_id: told}, now) for room_id, told in heard.items()))
        return
    if moved:  # a panel, or a sensor that was carried elsewhere
        await _record_unplaced(moved, now)


async def _record_rooms(heard: Mapping[int, Sequence[Reading]], now: datetime) -> list[Reading]:
    """Returns the words of what does not stand in its room any more."""
    moved: list[Reading] = []
    work: list[Work] = []
    async with changing(*heard) as change:
        for room_id, told in heard.items():
            work += await _hear(change, change.rooms[room_id], told, moved, now)
        await write(*work)
    return moved


async def _hear(
    change: RoomChange, room: Room, heard: Sequence[Reading], moved: list[Reading], now: datetime
) -> list[Work]:
    """What to write of a locked room and its sensors after these words."""
    snapshot = await snapshot_under_lock(room, now)
    devices = {device.id: device for device in snapshot.devices}
    spoken: dict[int, Device] = {}
    traces: list[Work] = []
    for one in heard:
        device = devices.get(one.device_id)
        if device is None:
            moved.append(one)
            continue
        before = Word(device.occupied, device.confirmed_at)
        devices[device.id] = spoken[device.id] = copy(device)
        fold(spoken[device.id], one, snapshot.watching_since)
        if one.live and one.occupied is not None:
            traces += traced(room, spoken[device.id], before, one.was_positive)
    stored = await settled(change, room, snapshot.with_devices(list(devices.values())), now)
    return [*(Fields(device, FOLDED) for device in spoken.values()), *traces, stored]


async def _record_unplaced(heard: Sequence[Reading], now: datetime) -> None:
    """Panels, sensors without a room, and those just carried to another one: what these say counts there."""
    carried: dict[int, list[Reading]] = {}
    async with changing():
        # in one order, so that two processes never wait for each other
        for device in await Device.filter(id__in=[one.device_id for one in heard]).order_by("id"):
            told = [one for one in heard if one.device_id == device.id]
            if device.kind is DeviceKind.PRESENCE and device.room_id is not None:
                _places.put(device.id, device.room_id)
                carried.setdefault(device.room_id, []).extend(told)
                continue
            for one in told:
                fold(device, one)
            await device.save(update_fields=list(FOLDED))
    for room_id, told in carried.items():
        await _record({room_id: told}, now)


FOLDED = (
    "occupied", "people", "confirmed_at", "changed_at", "positive_at", "heard_at", "online", "battery", "distrust",
)  # fmt: skip


def fold(device: Device, heard: Reading, watching_since: datetime | None = None) -> None:
    """A device's row after its words. Only a live message confirms a value; what the broker had kept tells no more than
    its health and whether it is online.

    What it did not see while it was offline, silent or not to be trusted is not known: with its first word after that
    its hold begins anew, whatever it had said before.
    """
    was_believed = is_believed(sensor_of(device), heard.at, watching_since)
    if was_believed and device.occupied and heard.live and heard.occupied is False:
        device.positive_at = heard.at  # until now
    _take(device, heard)
    if not was_believed and is_believed(sensor_of(device), heard.at, watching_since):
        device.changed_at = heard.at


def _take(device: Device, heard: Reading) -> None:
    if heard.battery is not None:
        device.battery = heard.battery
    if heard.distrust is not None:
        device.distrust = heard.distrust
    if heard.online is not None:
        device.online = heard.online
    if not heard.live:
        return
    device.heard_at = heard.at
    if heard.online is None and heard.occupied is not None:
        device.online = True
    if heard.people is not None:
        device.people = heard.people
    if heard.occupied is not None:
        _see(device, heard)


def _see(device: Device, heard: Reading) -> None:
    if device.occupied is not heard.occupied:
        device.changed_at = heard.at
    if heard.occupied or heard.was_positive:
        device.positive_at = heard.at
    device.occupied, device.confirmed_at = heard.occupied, heard.at


async def watch_started(now: datetime) -> None:
    """The broker is heard from now on. What was said before proves nothing any more."""
    await _note_watch(now, None)
    await _settle_sensed(now)


async def watch_lost(now: datetime) -> None:
    """The broker is not heard: every room with sensors becomes unknown, and nothing is released. Also told by a process
    that has just started: what the one before heard last may be long ago.
    """
    known = await watch()
    lost_at = known.lost_at if known.since is None and known.lost_at else now
    await _note_watch(None, lost_at)
    await _settle_sensed(now)


async def _note_watch(since: datetime | None, lost_at: datetime | None) -> None:
    """Not by ``update_or_create``: the library's own transaction keeps the lock of SQLite for ever when cancelled while
    it begins, and every later write would wait for it.
    """
    async with changing():
        if not await Watch.filter(id=1).update(since=since, lost_at=lost_at):
            await Watch.create(id=1, since=since, lost_at=lost_at)


async def _settle_sensed(now: datetime) -> None:
    sensed = Device.filter(kind=DeviceKind.PRESENCE, room_id__isnull=False)
    await settle_rooms(await column(sensed.distinct(), "room_id"), now)


async def settle_rooms(room_ids: Iterable[int], now: datetime) -> None:
    """Look at these rooms again, each in its own transaction."""
    for room_id in room_ids:
        async with changing(room_id) as change:
            await settle(change, change.room, now)


async def advance_due(now: datetime, limit: int = 50) -> int:
    """Look at the rooms whose time has come; any number of processes may. Returns how many were looked at."""
    due = await column(Room.filter(next_change_at__lte=now).order_by("next_change_at").limit(limit), "id")
    never = await column(Room.filter(next_change_at__isnull=True).limit(limit), "id")
    done = 0
    for room_id in (*due, *never):
        try:
            done += await _advance(room_id, now)
        except Exception:
            # no other room waits for one that cannot be settled; it stays due and is tried again
            log.exception("a room could not be advanced", extra={"room_id": room_id})
    return done


async def _advance(room_id: int, now: datetime) -> bool:
    async with changing(room_id) as change:
        at = change.room.next_change_at
        is_due = at is None or at <= now
        if is_due:
            await settle(change, change.room, now)
    return is_due


async def sweep_lag(now: datetime) -> timedelta:
    """How far the sweeper is behind: the age of the oldest look that is due."""
    due = Room.filter(next_change_at__lte=now).order_by("next_change_at")
    oldest = await first_value(due, "next_change_at")
    return now - oldest if oldest else timedelta(0)
