"""One process at a time speaks for the sensors and the doors; another takes over when it dies."""

import asyncio
import logging
from collections.abc import Awaitable, Callable

import asyncpg

log = logging.getLogger(__name__)
LOCK = 7381215
RETRY_SECONDS = 1.0


async def lead(url: str, start: Callable[[], Awaitable[None]], stop: Callable[[], Awaitable[None]]) -> None:
    """Call ``start`` when this process leads and ``stop`` when it no longer does, until cancelled.

    On SQLite there is one process, which leads. On PostgreSQL a session's advisory lock decides: it is given back by
    the server itself when its holder dies.
    """
    while True:
        try:
            if url.startswith("sqlite"):
                await _hold(start, stop, asyncio.Event())
            else:
                await _lead_while_locked(url.split("?")[0], start, stop)
        except (OSError, asyncpg.PostgresError) as fault:
            log.warning("cannot ask who leads, trying again: %s", fault)
        except Exception:
            # whatever it was: for good without sensors and doors is worse than another try
            log.exception("cannot lead, trying again")
        await asyncio.sleep(RETRY_SECONDS)


async def _lead_while_locked(
    url: str, start: Callable[[], Awaitable[None]], stop: Callable[[], Awaitable[None]]
) -> None:
    connection = await asyncpg.connect(url)
    gone = asyncio.Event()
    connection.add_termination_listener(lambda _connection: gone.set())
    try:
        while not await connection.fetchval("SELECT pg_try_advisory_lock($1)", LOCK):  # noqa: ASYNC110  # of another process
            await asyncio.sleep(RETRY_SECONDS)
        await _hold(start, stop, gone)
    finally:
        await connection.close()


async def _hold(start: Callable[[], Awaitable[None]], stop: Callable[[], Awaitable[None]], gone: asyncio.Event) -> None:
    await start()
    try:
        await gone.wait()
    finally:
        await asyncio.shield(stop())
