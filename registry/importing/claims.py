"""Who works on a sent list: one process at a time, beside the requests, for as long as it shows that it is alive.

A list is claimed by its state and revision. Its work is a task of this process that outlives the request; a process
that ends gives its lists up, one that is killed is taken for gone when its sign of life is old, and another goes on.
"""

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager, suppress
from datetime import datetime, timedelta
from typing import Any

from tortoise.expressions import Q

from registry.core.context import PerRegister
from registry.core.errors import Conflict, Refusal
from registry.core.history import Actor
from registry.core.transaction import transaction
from registry.importing.models import ImportState, PendingImport

log = logging.getLogger(__name__)
AT_WORK = (ImportState.WRITING, ImportState.UNDOING)
# a process that has given no sign of life for so long is taken to be gone
CLAIM = timedelta(minutes=1)
BEAT_SECONDS = 10.0

_tasks: PerRegister[set[asyncio.Task[None]]] = PerRegister(set)


async def claim(pending: PendingImport, state: ImportState, actor: Actor, now: datetime, reason: str = "") -> int:
    """The revision under which this process alone works on a list: nobody does, or who did has gone.

    Raises Conflict("import.being_written").
    """
    if pending.state in AT_WORK and (pending.state is not state or is_alive(pending, now)):
        raise Conflict("import.being_written")
    who = {"name": actor.name, "source": actor.source, "person_id": actor.person_id, "address": actor.address}
    async with transaction():
        same = PendingImport.filter(id=pending.id, revision=pending.revision, state=pending.state)
        columns = {"state": state, "claimed_at": now, "actor": who, "reason": reason}
        if not await same.update(**columns, revision=pending.revision + 1):
            raise Conflict("import.being_written")
    return pending.revision + 1


def is_alive(pending: PendingImport, now: datetime) -> bool:
    """Whether the process that works on a list gave a sign of life lately."""
    return pending.claimed_at is not None and pending.claimed_at > now - CLAIM


async def update(number: str, revision: int, /, **columns: Any) -> None:
    """Store something of a list that is claimed. Raises Conflict("import.being_written") if another has it by now."""
    if not await PendingImport.filter(id=number, revision=revision).update(**columns):
        raise Conflict("import.being_written")


async def work(number: str, steps: Coroutine[Any, Any, None], patience: float | None) -> None:
    """Let this go on beside the requests, and wait for its end at most so many seconds; None for as long as it takes.

    Raises what the work raises while it is waited for.
    """
    task = asyncio.create_task(steps, name=f"import {number}")
    _tasks.value.add(task)
    task.add_done_callback(_tasks.value.discard)
    task.add_done_callback(_tell)
    await asyncio.wait({task}, timeout=patience)
    if task.done():
        task.result()


def _tell(task: asyncio.Task[None]) -> None:
    """A fault is logged also when nobody waits any more."""
    fault = None if task.cancelled() else task.exception()
    if fault is not None and not isinstance(fault, Refusal):
        log.error("%s stopped, it can be gone on with", task.get_name(), exc_info=fault)


async def stop() -> None:
    """End the work of this process; each list is given up behind what is stored."""
    tasks = list(_tasks.value)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


@asynccontextmanager
async def held(number: str, revision: int, fallback: ImportState, now: datetime) -> AsyncIterator[None]:
    """Give signs of life while the block works. When it breaks off the list falls back to a state in which its sender
    can go on; when this process is stopped it is given up, for the next to go on with at once.
    """
    beats = asyncio.create_task(_beat(number, revision, now))
    try:
        yield
    except asyncio.CancelledError:
        with suppress(Exception):  # the register may be closed already: then the claim grows old
            await asyncio.shield(update(number, revision, claimed_at=None))
        raise
    except BaseException:
        with suppress(Conflict):
            await asyncio.shield(update(number, revision, state=fallback, revision=revision + 1))
        raise
    finally:
        beats.cancel()
        await asyncio.gather(beats, return_exceptions=True)


async def _beat(number: str, revision: int, now: datetime) -> None:
    start = time.monotonic()
    while True:
        await asyncio.sleep(BEAT_SECONDS)
        at = now + timedelta(seconds=time.monotonic() - start)
        with suppress(Refusal):
            await update(number, revision, claimed_at=at)


async def abandoned(now: datetime, is_alone: bool) -> list[PendingImport]:
    """The lists whose work nobody does any more, given up. ``is_alone``: no other process can be at it."""
    abandonment = Q() if is_alone else Q(claimed_at=None) | Q(claimed_at__lte=now - CLAIM)
    lists = await PendingImport.filter(abandonment, state__in=AT_WORK).order_by("sent_at")
    for pending in lists:
        pending.claimed_at = None
    return lists
