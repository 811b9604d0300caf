"""Long work on a record, beside the requests: one process at a time, for as long as it shows that it is alive.

A record is claimed by its state and revision. Its work is a task of this process that outlives the request; a process
that ends gives its records up, one that is killed is taken for gone when its sign of life is old, and another goes on.
"""

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Generic, TypeVar

from tortoise.expressions import Q
from tortoise.models import Model

from registry.core.context import PerRegister
from registry.core.errors import Conflict, Refusal
from registry.core.history import SYSTEM, Actor
from registry.core.transaction import transaction

log = logging.getLogger(__name__)
Record = TypeVar("Record", bound=Model)
# a process that has given no sign of life for so long is taken to be gone
CLAIM = timedelta(minutes=1)
BEAT_SECONDS = 10.0

_tasks: PerRegister[set[asyncio.Task[None]]] = PerRegister(set)


@dataclass(frozen=True, slots=True)
class Claims(Generic[Record]):
    """The claims on records of one kind: those with the columns id, state, revision, claimed_at and actor.

    ``at_work`` are the states in which somebody works on one, ``busy`` is the code of the refusal for who comes second,
    ``order`` the column by which abandoned ones are taken up.
    """

    model: type[Record]
    at_work: Sequence[Any]
    busy: str
    order: str

    async def claim(self, record: Any, state: Any, actor: Actor, now: datetime, **columns: Any) -> int:
        """The revision under which this process alone works on a record: nobody does, or who did has gone.

        Raises Conflict with the code ``busy``.
        """
        if record.state in self.at_work and (record.state is not state or is_alive(record, now)):
            raise Conflict(self.busy)
        who = {"name": actor.name, "source": actor.source, "person_id": actor.person_id, "address": actor.address}
        async with transaction():
            same = self.model.filter(id=record.id, revision=record.revision, state=record.state)
            columns = {"state": state, "claimed_at": now, "actor": who, "revision": record.revision + 1} | columns
            if not await same.update(**columns):
                raise Conflict(self.busy)
        return int(record.revision) + 1

    async def update(self, number: str, revision: int, /, **columns: Any) -> None:
        """Store something of a record that is claimed. Raises Conflict(``busy``) if another has it by now."""
        if not await self.model.filter(id=number, revision=revision).update(**columns):
            raise Conflict(self.busy)

    @asynccontextmanager
    async def held(self, number: str, revision: int, fallback: Any, now: datetime) -> AsyncIterator[None]:
        """Give signs of life while the block works. When it breaks off the record falls back to a state in which its
        owner can go on; when this process is stopped it is given up, for the next to go on with at once.
        """
        beats = asyncio.create_task(self._beat(number, revision, now))
        try:
            yield
        except asyncio.CancelledError:
            with suppress(Exception):  # the register may be closed already: then the claim grows old
                await asyncio.shield(self.update(number, revision, claimed_at=None))
            raise
        except BaseException:
            with suppress(Conflict):
                await asyncio.shield(self.update(number, revision, state=fallback, revision=revision + 1))
            raise
        finally:
            beats.cancel()
            await asyncio.gather(beats, return_exceptions=True)

    async def _beat(self, number: str, revision: int, now: datetime) -> None:
        start = time.monotonic()
        while True:
            await asyncio.sleep(BEAT_SECONDS)
            at = now + timedelta(seconds=time.monotonic() - start)
            with suppress(Refusal):  # another has it by now, or the database is away for a moment
                async with transaction():
                    await self.update(number, revision, claimed_at=at)

    async def abandoned(self, now: datetime, is_alone: bool) -> list[Record]:
        """The records whose work nobody does any more, given up. ``is_alone``: no other process can be at it."""
        abandonment = Q() if is_alone else Q(claimed_at=None) | Q(claimed_at__lte=now - CLAIM)
        records: list[Any] = await self.model.filter(abandonment, state__in=self.at_work).order_by(self.order)
        for record in records:
            record.claimed_at = None
        return records

    async def take_up(
        self,
        now: datetime,
        is_alone: bool,
        steps: Callable[[Any, int, Actor], Coroutine[Any, Any, None]],
    ) -> int:
        """Go on with what a process left that has gone: ``steps`` of a record, the revision it is claimed under, and
        who wanted it. Returns how many records that are.
        """
        count = 0
        for record in await self.abandoned(now, is_alone):
            item: Any = record
            actor = Actor(**item.actor) if item.actor else SYSTEM
            with suppress(Conflict):  # another process was quicker
                revision = await self.claim(item, item.state, actor, now)
                await work(item.id, steps(item, revision, actor), 0)
                count += 1
        return count


def is_alive(record: Any, now: datetime) -> bool:
    """Whether the process that works on a record gave a sign of life lately."""
    return record.claimed_at is not None and record.claimed_at > now - CLAIM


async def work(name: str, steps: Coroutine[Any, Any, None], patience: float | None) -> None:
    """Let this go on beside the requests, and wait for its end at most so many seconds; None for as long as it takes.

    Raises what the work raises while it is waited for.
    """
    task = asyncio.create_task(steps, name=name)
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
    """End the work of this process; each record is given up behind what is stored."""
    tasks = list(_tasks.value)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
