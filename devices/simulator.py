"""Simulated sensors for the demo: a client of its own that publishes native readings over real MQTT."""

import asyncio
import json
import logging
import secrets
from collections.abc import Callable, Sequence
from dataclasses import asdict
from datetime import datetime, timedelta
from zlib import crc32

from devices.broker.address import Address
from devices.broker.connection import Broker
from devices.rhythm import SILENT_AFTER, Meeting, Spot, air_in, headcount, somebody_in, tempers
from devices.topics import Topics
from registry.bookings.models import Booking, Kind, Status
from registry.devices.models import Device, DeviceKind
from registry.rooms.models import Room

log = logging.getLogger(__name__)

BEAT = timedelta(seconds=30)
# how often the others speak: a sensor of the air, a door panel of e-paper
SLOW_BEATS = {DeviceKind.AIR: timedelta(minutes=1), DeviceKind.DOOR_PANEL: timedelta(minutes=5)}
STEP_SECONDS = 1.0
MEETINGS_SECONDS = 15.0
SPARED = ("ZW-01",)


class Simulator:
    """Publishes when a value changes and every half minute. Deterministic by ``seed`` and the time."""

    def __init__(self, where: Sequence[Address], topics: Topics, clock: Callable[[], datetime], seed: int = 7) -> None:
        self.topics, self.seed, self.published = topics, seed, 0
        self._clock = clock
        # an id of its own each time: two demos on one broker would end each other's
        client_id = f"izba-simulator-{secrets.token_hex(4)}"
        self._broker = Broker(where, client_id, f"{topics.prefix}/simulator/status", _hear_nothing, clock)
        self._spots: list[Spot] = []
        self._meetings: list[Meeting] = []
        self._others: list[tuple[str, str, DeviceKind]] = []
        self._spoke: dict[str, datetime] = {}
        self._began: datetime | None = None
        self._said: dict[str, tuple[bool, datetime]] = {}
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        self._spots, self._others = await spots(self.seed), await others()
        self._began = self._clock()
        await self._broker.start()
        self._task = asyncio.get_running_loop().create_task(self._live(), name="simulator")

    async def stop(self) -> None:
        if self._task:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        await self._broker.stop()

    async def _live(self) -> None:
        looked: datetime | None = None
        while True:
            now = self._clock()
            try:
                if looked is None or abs((now - looked).total_seconds()) >= MEETINGS_SECONDS:
                    self._meetings, looked = await meetings(now), now
                if self._broker.connected:
                    self.step(now)
            except Exception:
                log.exception("the simulated sensors stumbled")
            await asyncio.sleep(STEP_SECONDS)

    def step(self, now: datetime) -> int:
        """Publish what is due at ``now``; returns how many readings that were."""
        rooms = sorted({spot.room for spot in self._spots})
        due = 0
        for spot in self._spots:
            if spot.temper == "silent" and self._began and now - self._began > SILENT_AFTER:
                continue
            sees = spot.temper == "stuck" or somebody_in(spot, self._meetings, rooms, now, self.seed)
            said = self._said.get(spot.code)
            if said and said[0] is sees and timedelta(0) <= now - said[1] < BEAT:
                continue
            self._said[spot.code] = (sees, now)
            self._broker.send(self.topics.reading(spot.code), self._reading(spot, sees, now))
            due += 1
        due += self._step_others(now)
        self.published += due
        return due

    def _step_others(self, now: datetime) -> int:
        due = [one for one in self._others if not self._spoke_lately(one, now)]
        for code, room, kind in due:
            self._spoke[code] = now
            told: dict[str, object] = {"battery": battery(code), "at": now.isoformat()}
            if kind is DeviceKind.AIR:
                told |= asdict(air_in(room, self._meetings, now, self.seed))
            self._broker.send(self.topics.reading(code), json.dumps(told).encode())
        return len(due)

    def _spoke_lately(self, other: tuple[str, str, DeviceKind], now: datetime) -> bool:
        spoke = self._spoke.get(other[0])
        return spoke is not None and timedelta(0) <= now - spoke < SLOW_BEATS[other[2]]

    def _reading(self, spot: Spot, sees: bool, now: datetime) -> bytes:
        told: dict[str, object] = {"occupied": sees, "battery": battery(spot.code), "at": now.isoformat()}
        if spot.counts:
            told["people"] = headcount(spot, self._meetings, now, self.seed) if sees else 0
        return json.dumps(told).encode()


async def spots(seed: int) -> list[Spot]:
    """The presence sensors of the register, one of which will fall silent and one stick."""
    rows = await Device.filter(kind=DeviceKind.PRESENCE, family="native", room_id__isnull=False).values_list(
        "code", "room__code"
    )
    return tempers([(str(code), str(room)) for code, room in rows], seed, SPARED)


async def others() -> list[tuple[str, str, DeviceKind]]:
    """Code, room and kind of the sensors of the air and of the door panels."""
    rows = Device.filter(kind__in=list(SLOW_BEATS), family="native", room_id__isnull=False)
    return [
        (str(code), str(room), DeviceKind(kind))
        for code, room, kind in await rows.values_list("code", "room__code", "kind")
    ]


def battery(code: str) -> int:
    """In percent; each device has its own."""
    return 60 + crc32(code.encode()) % 40


async def meetings(now: datetime) -> list[Meeting]:
    """The bookings of around now as people would live them."""
    codes = dict(await Room.all().values_list("id", "code"))
    found = await Booking.filter(
        starts_at__lt=now + timedelta(hours=1),
        planned_ends_at__gt=now - timedelta(hours=1),
        status__in=[str(Status.CONFIRMED), str(Status.CHECKED_IN)],
    ).exclude(kind=Kind.BLOCK)
    return [
        Meeting(
            str(booking.id), codes[booking.room_id], booking.starts_at, booking.planned_ends_at, booking.attendees or 2
        )
        for booking in found
    ]


def _hear_nothing(_batch: object) -> None:
    return None
