"""What /readyz asks."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta

from tortoise.context import TortoiseContext

from config.database import pending
from config.faults import database_reason
from devices.run import DeviceLayer
from registry.bookings.readings import sweep_lag
from registry.core.clock import Clock, utc_now
from registry.core.errors import N_, Reason, Unavailable

LAG = timedelta(seconds=30)


def checks(
    context: TortoiseContext, devices: DeviceLayer | None, clock: Clock = utc_now
) -> dict[str, Callable[[], Awaitable[None]]]:
    """What /readyz asks: each answers None, or raises the Refusal that says what is wrong."""

    async def database_answers() -> None:
        try:
            await asyncio.wait_for(context.db("default").execute_query("SELECT 1"), 2)
        except Exception as fault:
            raise Unavailable("database.away", reason=database_reason(fault)) from fault

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
        "migrations": is_migrated,
        "broker": broker_answers,
        "sweeper": sweeper_keeps_up,
    }
