"""Which devices live, are silent, or run out of battery. Computed from stored times, never from a flag."""

import asyncio
import logging
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta

from registry.core import events
from registry.devices.models import Device, DeviceKind, DeviceState
from registry.devices.rules import device_state

log = logging.getLogger(__name__)

LOOK_SECONDS = 30.0


class Presence:
    """Wakes whoever shows devices when one of them falls silent, comes back or runs low."""

    def __init__(self, clock: Callable[[], datetime]) -> None:
        self.states: dict[str, DeviceState] = {}
        self._clock = clock
        self._known: dict[int, DeviceState] = {}
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        self._task = asyncio.get_running_loop().create_task(self._watch(), name="presence")

    async def stop(self) -> None:
        if self._task:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def look(self, now: datetime) -> list[int]:
        """The ids of the devices whose state is another than at the last look."""
        devices = await Device.filter(enabled=True).exclude(kind=DeviceKind.OTHER)
        states = {device.id: _state(device, now) for device in devices}
        self.states = {device.code: states[device.id] for device in devices}
        changed = [pk for pk, state in states.items() if self._known.get(pk, state) is not state]
        self._known = states
        return changed

    def count(self, state: DeviceState) -> int:
        return sum(1 for one in self.states.values() if one is state)

    async def _watch(self) -> None:
        while True:
            try:
                await _tell(await self.look(self._clock()))
            except Exception:
                log.exception("devices could not be looked at")
            await asyncio.sleep(LOOK_SECONDS)


def _state(device: Device, now: datetime) -> DeviceState:
    heartbeat = timedelta(seconds=device.heartbeat_seconds)
    return device_state(device.online, device.battery, device.heard_at, heartbeat, now)


async def _tell(changed: Iterable[int]) -> None:
    await events.dispatch([events.DeviceChanged(pk) for pk in changed])
