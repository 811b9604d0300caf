"""What /readyz and the page of the system ask, and what each answered."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime

from fastapi import FastAPI

from registry.bookings.readings import sweep_lag
from registry.core.errors import Refusal, Unavailable
from registry.rooms.queries import has_rooms

Check = Callable[[], Awaitable[None]]
PATIENCE = 3.0
LATE = 30


async def check_answers(app: FastAPI, now: datetime) -> dict[str, Refusal | None]:
    """What each part said: nothing, or what is wrong with it."""
    checks: dict[str, Check] = getattr(app.state, "checks", None) or _basic_checks(now)
    refusals = await asyncio.gather(*(refusal_of(check) for check in checks.values()))
    return dict(zip(checks, refusals, strict=True))


async def refusal_of(check: Check) -> Refusal | None:
    """What is wrong with a part, as it says or as asking it failed; one that does not answer in time is away."""
    try:
        await asyncio.wait_for(check(), PATIENCE)
    except Refusal as refusal:
        return refusal
    except Exception as fault:
        return Unavailable("database.away", reason=str(fault) or type(fault).__name__)
    return None


def _basic_checks(now: datetime) -> dict[str, Check]:
    """What is asked when nobody who put the parts together said what to ask."""

    async def database() -> None:
        await has_rooms()

    async def sweeper() -> None:
        lag = int((await sweep_lag(now)).total_seconds())
        if lag > LATE:
            raise Unavailable("sweeper.behind", seconds=lag)

    return {"database": database, "sweeper": sweeper}
