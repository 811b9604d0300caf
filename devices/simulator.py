"""A simulated office for the demo: a client of its own that publishes native readings over real MQTT.

Who is in a room at a moment follows from the bookings, a seed and nothing else.
"""

import asyncio
import json
import logging
import math
import random
import secrets
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from zlib import crc32

from devices.broker.client import Address
from devices.broker.connection import Broker
from devices.topics import Topics
from registry.bookings.queries import meetings_around
from registry.core.clock import Clock
from registry.devices.models import DeviceKind
from registry.devices.queries import native_devices

log = logging.getLogger(__name__)

BEAT = timedelta(seconds=30)
# how often the others speak: a sensor of the air, a door panel of e-paper
SLOW_BEATS = {DeviceKind.AIR: timedelta(minutes=1), DeviceKind.DOOR_PANEL: timedelta(minutes=5)}
STEP_SECONDS = 1.0
MEETINGS_SECONDS = 15.0
AROUND = timedelta(hours=1)
SPARED = ("ZW-01",)
ROUND = timedelta(minutes=20)
VISIT = timedelta(minutes=4)
NO_SHOW, EARLY_LEAVER = 0.10, 0.20
SILENT_AFTER = timedelta(minutes=6)
# CO₂ outside, what a person adds in the long run, and how fast the air changes
FRESH_AIR, PER_PERSON, AIRING = 430, 45, timedelta(minutes=25)


# how people live


@dataclass(frozen=True, slots=True)
class Spot:
    """A simulated sensor and the room it watches. ``temper`` is live, silent or stuck."""

    code: str
    room: str
    counts: bool = False
    temper: str = "live"


@dataclass(frozen=True, slots=True)
class Meeting:
    """A booking as the people in it see it."""

    key: str
    room: str
    starts_at: datetime
    ends_at: datetime
    people: int = 3


def tempers(codes: Sequence[tuple[str, str]], seed: int, spare: Sequence[str] = ()) -> list[Spot]:
    """Spots for (code, room): one falls silent and one sticks, never in the ``spare`` rooms or in the same room."""
    ill = [pair for pair in sorted(codes) if pair[1] not in spare]
    random.Random(seed).shuffle(ill)  # noqa: S311  # a play, not a secret
    silent = ill[0] if len(ill) > 2 else None
    stuck = next((pair for pair in ill if silent and pair[1] != silent[1]), None)
    marks = {silent: "silent", stuck: "stuck"}
    return [Spot(code, room, temper=marks.get((code, room), "live")) for code, room in sorted(codes)]


def somebody_in(spot: Spot, meetings: Sequence[Meeting], rooms: Sequence[str], now: datetime, seed: int) -> bool:
    """Whether this sensor sees anybody at ``now``: its room's meeting, or somebody on a round through the house."""
    for meeting in meetings:
        if meeting.room == spot.room:
            present = _present(meeting, seed)
            if present and present[0] <= now < present[1]:
                return _sees(spot, now, seed)
    return _on_round(spot, meetings, rooms, now, seed)


def headcount(spot: Spot, meetings: Sequence[Meeting], now: datetime, seed: int) -> int:
    """How many a counter sees when it sees anybody."""
    for meeting in meetings:
        if meeting.room == spot.room and meeting.starts_at <= now < meeting.ends_at:
            return max(1, meeting.people - _chance(seed, meeting.key, "late").randrange(2))
    return 1


@dataclass(frozen=True, slots=True)
class Air:
    """What a sensor of the air tells: CO₂ in ppm, degrees Celsius, relative humidity in percent."""

    co2: int
    temperature: float
    humidity: int


def air_in(room: str, meetings: Sequence[Meeting], now: datetime, seed: int) -> Air:
    """The air of a room: it gets stale while people meet, and fresh again when they have gone."""
    added = sum(_breathed(meeting, now, seed) for meeting in meetings if meeting.room == room)
    waver = _chance(seed, room, "air", str(int(now.timestamp()) // 60))
    co2 = FRESH_AIR + round(added) + waver.randrange(-12, 13)
    return Air(co2, round(20.5 + added / 400 + waver.uniform(-0.2, 0.2), 1), 38 + round(added / 80))


def _breathed(meeting: Meeting, now: datetime, seed: int) -> float:
    present = _present(meeting, seed)
    if present is None or now <= present[0]:
        return 0.0
    inside = min(now, present[1]) - present[0]
    gone = max(now - present[1], timedelta(0))
    return meeting.people * PER_PERSON * (1 - math.exp(-(inside / AIRING))) * math.exp(-(gone / AIRING))


def _present(meeting: Meeting, seed: int) -> tuple[datetime, datetime] | None:
    """When people are there: some never come, some leave early, most are nearly on time."""
    chance = _chance(seed, meeting.key)
    fate = chance.random()
    if fate < NO_SHOW:
        return None
    arrives = meeting.starts_at + timedelta(seconds=chance.randrange(-180, 300))
    length = meeting.ends_at - meeting.starts_at
    if fate < NO_SHOW + EARLY_LEAVER:
        return arrives, meeting.starts_at + length * chance.uniform(0.4, 0.7)
    return arrives, meeting.ends_at + timedelta(seconds=chance.randrange(-240, 120))


def _sees(spot: Spot, now: datetime, seed: int) -> bool:
    """A radar loses a quiet person now and then for half a minute."""
    return _chance(seed, spot.code, str(int(now.timestamp()) // 30)).random() > 0.04


def _on_round(spot: Spot, meetings: Sequence[Meeting], rooms: Sequence[str], now: datetime, seed: int) -> bool:
    """Day and night somebody walks from room to room, so that a visitor of the demo always sees something move."""
    if any(meeting.room == spot.room and meeting.starts_at <= now < meeting.ends_at for meeting in meetings):
        return False
    lap, into = divmod(int(now.timestamp()), int(ROUND.total_seconds()))
    stops = sorted(rooms)
    _chance(seed, "round", str(lap)).shuffle(stops)
    stay = int(VISIT.total_seconds())
    place = into // stay
    return place < len(stops) and stops[place] == spot.room


def _chance(seed: int, *of: str) -> random.Random:
    return random.Random("/".join((str(seed), *of)))  # noqa: S311  # a play, not a secret


# what their sensors tell


class Simulator:
    """Publishes when a value changes and every half minute. Deterministic by ``seed`` and the time."""

    def __init__(self, where: Sequence[Address], topics: Topics, clock: Clock, seed: int = 7) -> None:
        self.topics, self.seed, self.published = topics, seed, 0
        self._clock = clock
        # an id of its own each time: two demos on one broker would end each other's
        client_id = f"izba-simulator-{secrets.token_hex(4)}"
        self._broker = Broker(where, client_id, f"{topics.prefix}/simulator/status", clock)
        self._spots: list[Spot] = []
        self._meetings: list[Meeting] = []
        self._others: list[tuple[str, str, DeviceKind]] = []
        self._spoke: dict[str, datetime] = {}
        self._began: datetime | None = None
        self._last: dict[str, tuple[bool, datetime]] = {}
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
        looked_at: datetime | None = None
        while True:
            now = self._clock()
            try:
                if looked_at is None or abs((now - looked_at).total_seconds()) >= MEETINGS_SECONDS:
                    self._meetings, looked_at = await meetings(now), now
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
            last = self._last.get(spot.code)
            if last and last[0] is sees and timedelta(0) <= now - last[1] < BEAT:
                continue
            self._last[spot.code] = (sees, now)
            self._broker.send(self.topics.reading(spot.code), self._reading(spot, sees, now))
            due += 1
        due += self._step_others(now)
        self.published += due
        return due

    def _step_others(self, now: datetime) -> int:
        due = [one for one in self._others if not self._spoke_lately(one, now)]
        for code, room, kind in due:
            self._spoke[code] = now
            reading: dict[str, object] = {"battery": battery(code), "at": now.isoformat()}
            if kind is DeviceKind.AIR:
                reading |= asdict(air_in(room, self._meetings, now, self.seed))
            self._broker.send(self.topics.reading(code), json.dumps(reading).encode())
        return len(due)

    def _spoke_lately(self, other: tuple[str, str, DeviceKind], now: datetime) -> bool:
        spoke = self._spoke.get(other[0])
        return spoke is not None and timedelta(0) <= now - spoke < SLOW_BEATS[other[2]]

    def _reading(self, spot: Spot, sees: bool, now: datetime) -> bytes:
        reading: dict[str, object] = {"occupied": sees, "battery": battery(spot.code), "at": now.isoformat()}
        if spot.counts:
            reading["people"] = headcount(spot, self._meetings, now, self.seed) if sees else 0
        return json.dumps(reading).encode()


async def spots(seed: int) -> list[Spot]:
    """The presence sensors of the register, one of which will fall silent and one stick."""
    sensors = await native_devices([DeviceKind.PRESENCE])
    return tempers([(code, room) for code, room, _ in sensors], seed, SPARED)


async def others() -> list[tuple[str, str, DeviceKind]]:
    """Code, room and kind of the sensors of the air and of the door panels."""
    return await native_devices(list(SLOW_BEATS))


def battery(code: str) -> int:
    """In percent; each device has its own."""
    return 60 + crc32(code.encode()) % 40


async def meetings(now: datetime) -> list[Meeting]:
    """The bookings of around now as people would live them."""
    return [
        Meeting(str(booking.id), booking.room.code, booking.starts_at, booking.planned_ends_at, booking.attendees or 2)
        for booking in await meetings_around(now - AROUND, now + AROUND)
    ]
