"""Events across processes on PostgreSQL: told in the transaction that they tell of, heard by every process."""

import asyncio
import logging
import os
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any, get_args

import asyncpg
import orjson
from tortoise.backends.base.client import BaseDBAsyncClient

from registry.core import events, transaction

log = logging.getLogger(__name__)
CHANNEL = "izba_events"
RETRY_SECONDS = 2.0
KINDS: dict[str, Any] = {kind.__name__: kind for kind in get_args(events.Event)}
_me = f"{os.getpid()}-{os.urandom(4).hex()}"


def pack(happened: Sequence[events.Event]) -> str:
    """The events as one message: who tells, and for each its kind and its fields."""
    packed = [[type(event).__name__, *(getattr(event, name) for name in event.__slots__)] for event in happened]
    return orjson.dumps([_me, packed]).decode()


def unpack(message: str) -> list[events.Event]:
    """The events of another process; none of our own."""
    sender, packed = orjson.loads(message)
    return [] if sender == _me else [KINDS[kind](*values) for kind, *values in packed]


async def announce(connection: BaseDBAsyncClient, happened: Sequence[events.Event]) -> None:
    """Tell the other processes, if and when the transaction commits."""
    for start in range(0, len(happened), 100):  # a message holds 8 000 bytes
        message = pack(happened[start : start + 100])
        await connection.execute_query("SELECT pg_notify($1, $2)", [CHANNEL, message])


@asynccontextmanager
async def notices(url: str) -> AsyncIterator[None]:
    """Hear the other processes and be heard by them. Does nothing on SQLite, where there are none."""
    if url.startswith("sqlite"):
        yield
        return
    transaction.announcement.value = announce
    listening = asyncio.create_task(_listen(url.split("?")[0]))
    try:
        yield
    finally:
        transaction.announcement.value = None
        listening.cancel()
        await asyncio.gather(listening, return_exceptions=True)


async def _listen(url: str) -> None:
    waiting: set[asyncio.Task[None]] = set()

    def heard(_connection: object, _pid: int, _channel: str, message: object) -> None:
        task = asyncio.create_task(events.dispatch(unpack(str(message))))
        waiting.add(task)
        task.add_done_callback(waiting.discard)

    while True:
        try:
            connection = await asyncpg.connect(url)
            gone = asyncio.Event()
            connection.add_termination_listener(lambda _connection, gone=gone: gone.set())
            await connection.add_listener(CHANNEL, heard)
            try:
                await gone.wait()
            finally:
                await connection.close()
        except (OSError, asyncpg.PostgresError) as fault:
            log.warning("not hearing the other processes, trying again: %s", fault)
        await asyncio.sleep(RETRY_SECONDS)
