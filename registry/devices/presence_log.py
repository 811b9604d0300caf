"""When a room's sensors saw somebody, for the line of a day. Kept for some weeks, and never of a Help Point room.

Written in the transaction of the reading, and only when a sensor's word changes.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from tortoise.expressions import Q

from registry.core.statements import Statement, column, write
from registry.core.transaction import transaction
from registry.devices.models import Device, Trace
from registry.devices.occupancy import patience
from registry.rooms.models import HELP_POINT, Room

LOOK_BACK = timedelta(days=1)
LOT = 5000  # stretches deleted by one statement: the drivers of the databases take no more than 32 767 values
_REOPEN = """UPDATE trace SET until = NULL WHERE id = (
    SELECT id FROM trace WHERE device_id = ? AND room_id = ? AND until >= ? ORDER BY until DESC LIMIT 1)"""
_OPEN = """INSERT INTO trace (device_id, room_id, since) SELECT id, room_id, confirmed_at FROM device
    WHERE id = ? AND NOT EXISTS (SELECT 1 FROM trace WHERE device_id = ? AND until IS NULL)"""
# a device's clock may go back
_CLOSE = """UPDATE trace SET until = CASE WHEN since > ? THEN since ELSE ? END
    WHERE device_id = ? AND until IS NULL"""


class LastWord(NamedTuple):
    """What a sensor last said, and when that was last confirmed."""

    occupied: bool | None
    confirmed_at: datetime | None


def trace_changes(room: Room, device: Device, before: LastWord, was_positive: bool) -> Iterator[Statement]:
    """What to write for a sensor in this room that has just spoken. Its silence is no presence: what it saw before ends
    with its last word, also where it takes that back. One that falls back within its hold goes on with the stretch it
    was in.
    """
    if room.visibility in HELP_POINT or device.confirmed_at is None:
        return
    at, last = device.confirmed_at, before.confirmed_at
    was_silent = last is not None and at - last >= patience(timedelta(seconds=device.heartbeat_seconds))
    is_open = before.occupied is True
    if is_open and was_silent:
        yield _CLOSE, [last, last, device.id]
        is_open = False
    if not is_open and (device.occupied or was_positive):
        yield _REOPEN, [device.id, room.id, at - timedelta(seconds=device.hold_seconds)]
        yield _OPEN, [device.id, device.id]
        is_open = True
    if is_open and not device.occupied:
        yield _CLOSE, [at, at, device.id]


async def stop(device: Device, now: datetime) -> None:
    """End what still runs of a sensor that goes elsewhere or is another from now on, with its last word."""
    last = device.confirmed_at or now
    await write((_CLOSE, [last, last, device.id]))


async def traces_of(room: Room, since: datetime, until: datetime) -> dict[int, list[Trace]]:
    """The stretches of a room that touch [since, until), by device and in order."""
    if room.visibility in HELP_POINT:  # it may have been another class before
        return {}
    running = Q(until__isnull=True) | Q(until__gt=since, since__gte=since - LOOK_BACK)
    traces: dict[int, list[Trace]] = {}
    for trace in await Trace.filter(running, room_id=room.id, since__lt=until).order_by("since"):
        traces.setdefault(trace.device_id, []).append(trace)
    return traces


async def record(traces: Sequence[Trace]) -> None:
    """Store stretches that an office brings along."""
    async with transaction():
        await Trace.bulk_create(traces)


async def forget(before: datetime) -> int:
    """Delete the stretches that ended before this moment, those of a sensor that has been silent since, and all of
    rooms that have become the Help Point's. Returns how many there were.
    """
    silent = Q(until__isnull=True) & (Q(device__confirmed_at__isnull=True) | Q(device__confirmed_at__lt=before))
    old = Q(until__lt=before) | Q(since__lt=before) & silent
    outdated = Trace.filter(old | Q(room__visibility__in=HELP_POINT)).limit(LOT)
    count = 0
    while ids := await column(outdated, "id"):
        count += await Trace.filter(id__in=ids).delete()
    return count
