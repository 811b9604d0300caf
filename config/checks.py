"""What /readyz asks."""

import asyncio
import os
import shutil
import time
from collections.abc import Awaitable, Callable
from datetime import timedelta
from pathlib import Path

from tortoise.context import TortoiseContext

from config.database import pending, sqlite_path
from config.faults import database_reason
from config.settings import Settings
from devices.run import DeviceLayer
from registry.bookings.readings import sweep_lag
from registry.core.clock import Clock, utc_now
from registry.core.errors import N_, Reason, Refusal, Unavailable
from registry.core.transaction import try_a_write

LAG = timedelta(seconds=30)
# anybody may ask; a write costs the disk something
WRITE_SECONDS = 5.0
LEAST_FREE = 16 * 2**20


class LatestLook:
    """When a write was last tried, and nobody tries one beside another."""

    def __init__(self) -> None:
        self.at = -WRITE_SECONDS
        self.lock = asyncio.Lock()


def _look_for(path: Path, file: os.stat_result) -> None:
    """Raise Unavailable("database.away") where SQLite's file is no longer the one that this process has open."""
    now = path.stat() if path.is_file() else None
    if now is None or (now.st_dev, now.st_ino) != (file.st_dev, file.st_ino):
        reason = Reason(N_("its file was removed or replaced while Izba runs: stop Izba, put it back and start anew"))
        raise Unavailable("database.away", reason=reason)


def checks(
    context: TortoiseContext,
    devices: DeviceLayer | None,
    clock: Clock = utc_now,
    settings: Settings | None = None,
) -> dict[str, Callable[[], Awaitable[None]]]:
    """What /readyz asks: each answers None, or raises the Refusal that says what is wrong."""

    path = sqlite_path(settings.database_url.get_secret_value()) if settings else None
    file = path.stat() if path is not None and path.is_file() else None
    looked = LatestLook()

    async def database_answers() -> None:
        try:
            if path is not None and file is not None:
                _look_for(path, file)
            await asyncio.wait_for(context.db("default").execute_query("SELECT 1"), 2)
            async with looked.lock:
                if time.monotonic() - looked.at > WRITE_SECONDS:
                    await asyncio.wait_for(try_a_write(), 2)
                    looked.at = time.monotonic()
        except Refusal:
            raise
        except Exception as fault:
            raise Unavailable("database.away", reason=database_reason(fault)) from fault

    async def disk_has_room() -> None:
        for folder in {*([settings.data_dir] if settings else []), *([path.parent] if path and file else [])}:
            free = shutil.disk_usage(folder).free
            if free < LEAST_FREE:
                raise Unavailable("disk.full", path=str(folder), megabytes=free // 2**20)

    async def is_migrated() -> None:
        waiting = await pending(context)
        if waiting:
            raise Unavailable("database.behind", migration=waiting[0])

    async def broker_answers() -> None:
        if devices is None or not (devices.leads or devices.is_failing):
            return  # another process speaks with it
        if trouble := devices.trouble:
            raise trouble
        if not await devices.serves():
            raise Unavailable("broker.away", url=devices.url, reason=Reason(N_("it takes no clients any more")))

    async def sweeper_keeps_up() -> None:
        lag = await sweep_lag(clock())
        if lag > LAG:
            raise Unavailable("sweeper.behind", seconds=int(lag.total_seconds()))

    return {
        "database": database_answers,
        "disk": disk_has_room,
        "migrations": is_migrated,
        "broker": broker_answers,
        "sweeper": sweeper_keeps_up,
    }
