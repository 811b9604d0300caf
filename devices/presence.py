"""Which devices live, are silent, or run out of battery. Computed from stored times, never from a flag."""

import asyncio
import logging
from collections import Counter
from datetime import datetime

from registry.core import events
from registry.core.clock import Clock
from registry.devices.models import DeviceState
from registry.devices.queries import device_states, doubts

log = logging.getLogger(__name__)

LOOK_SECONDS = 30.0


class Presence:
    """Wakes whoever shows devices when one of them falls silent, comes back or runs low."""

    def __init__(self, clock: Clock) -> None:
        self.states: dict[int, DeviceState] = {}
        self.doubts: Counter[str] = Counter()
        self._clock = clock
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        self._task = asyncio.get_running_loop().create_task(self._watch(), name="presence")

    async def stop(self) -> None:
        if self._task:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def look(self, now: datetime) -> list[int]:
        """The ids of the devices whose state is another than at the last look."""
        former, self.states = self.states, await device_states(now)
        self.doubts = await doubts()
        return [pk for pk, state in self.states.items() if former.get(pk, state) is not state]

    def count(self, state: DeviceState) -> int:
        return sum(1 for one in self.states.values() if one is state)

    async def _watch(self) -> None:
        while True:
            try:
                await events.dispatch([events.DeviceChanged(pk) for pk in await self.look(self._clock())])
            except Exception:
                log.exception("devices could not be looked at")
            await asyncio.sleep(LOOK_SECONDS)
