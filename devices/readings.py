"""From messages to the register: what is unchanged is folded in memory, what is news is recorded at once."""

import asyncio
import logging
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, TypeVar

from devices import codecs
from devices.codecs.values import SKEW
from devices.device_table import Known, Table
from devices.inbox import Inbox
from devices.messages import Arrived, Decoded
from devices.topics import BadTopic, Part, Topics
from registry.bookings.readings import Reading, record_readings, watch_lost, watch_started
from registry.core import events
from registry.core.errors import Refusal

log = logging.getLogger(__name__)

STORE_SECONDS = 20.0
LATE_SECONDS = 60.0
RETRY_SECONDS = 1.0
# in a flood reading goes before writing, for so long at most
FLOOD_RATE, FLOOD_SECONDS, FLOOD_LOOK = 2_000, 0.4, 0.05
SEATS = 20_000
SAID = 8
REASONS = 50

T = TypeVar("T")
Command = Callable[[str, Arrived, datetime], None]


@dataclass(slots=True)
class Seat:
    """One topic: whose it is, and what its recent payloads mean, so that a repeated one is not read again."""

    command: str = ""
    known: Known | None = None
    resolved: bool = False
    said: dict[bytes, Decoded] = field(default_factory=dict)


class Ingest:
    """Takes batches from the broker in the loop; a pump of its own writes to the register."""

    def __init__(
        self,
        topics: Topics,
        clock: Callable[[], datetime],
        command: Command,
        record: Callable[[Sequence[Reading], datetime], Awaitable[None]] = record_readings,
    ) -> None:
        self.topics, self.table, self.inbox = topics, Table(), Inbox()
        # counted for /metrics
        self.messages = self.unchanged = self.recorded = self.refused = self.ignored = self.late = self.batches = 0
        self.reasons: Counter[str] = Counter()
        self.flapping: set[str] = set()
        self._clock, self._command, self._record = clock, command, record
        self._seats: dict[str, Seat] = {}
        self._pending: dict[int, Reading] = {}
        self._watch: tuple[bool, datetime] | None = None
        self._reload = self._in_flood = False
        self._measured, self._measured_at = 0, 0.0
        self._wake = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._unsubscribe: Callable[[], None] | None = None

    async def start(self) -> None:
        await self.table.load()
        self._unsubscribe = events.on(self._changed)
        self._task = asyncio.get_running_loop().create_task(self._pump(), name="ingest")

    async def stop(self) -> None:
        """Record what is pending, then end."""
        if self._unsubscribe:
            self._unsubscribe()
            self._unsubscribe = None
        if self._task:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        try:
            await self._work()
        except Exception:
            log.exception("the last readings could not be recorded")

    # the broker tells

    def connected(self, now: datetime) -> None:
        """From now on nothing is missed; what was said before proves nothing any more."""
        for known in self.table.all():
            known.confirmed = False
        self._watch = (True, now)
        self._wake.set()

    def disconnected(self, now: datetime) -> None:
        self._watch = (False, now)
        self._wake.set()

    def gap(self) -> None:
        """Messages were lost on our side: the same as a new connection."""
        self.connected(self._clock())

    def take(self, batch: Sequence[Arrived]) -> None:
        """Understand a batch and fold it. Never waits, never raises for what a message holds."""
        mono, now = time.monotonic(), self._clock()
        self.messages += len(batch)
        self._measure(mono)
        for message in batch:
            seat = self._seats.get(message.topic) or self._take_seat(message.topic)
            if seat.command:
                self._command(seat.command, message, now)
                continue
            said = None if message.retained else seat.said.get(message.payload)
            if said is None:
                said = self._understand(seat, message, now)
            if seat.known is None:
                self._stranger(message, said, now)
            else:
                self._fold(seat.known, said, message, mono, now)

    def _take_seat(self, topic: str) -> Seat:
        if len(self._seats) >= SEATS:
            self._seats.clear()
        seat = self._seats[topic] = Seat()
        try:
            own = self.topics.parse(topic)
        except BadTopic:
            return seat
        if own and own.part is Part.PANEL_COMMAND:
            seat.command = own.name
        return seat

    def _understand(self, seat: Seat, message: Arrived, now: datetime) -> Decoded:
        said = codecs.decode(message.topic, message.payload, message.retained, {}, now, self.topics.prefix)
        if not seat.resolved:
            seat.known, seat.resolved = self.table.find(said.family, said.device), True
        # what holds a time means something else a minute later
        if said.at is None and said.other.get("untrusted") != "clock" and not message.retained:
            if len(seat.said) >= SAID:
                seat.said.clear()
            seat.said[message.payload] = said
        return said

    def _stranger(self, message: Arrived, said: Decoded, now: datetime) -> None:
        if said.refused:
            self._note_refusal(said.refused)
        if said.other.get("scope") == "bridge":
            self._bridge(said, now)
        elif said.other.get("ignored"):
            self.ignored += 1
        elif message.payload:
            self.inbox.note(message.topic, message.payload, said, now)

    def _note_refusal(self, reason: str) -> None:
        self.refused += 1
        if reason in self.reasons or len(self.reasons) < REASONS:
            self.reasons[reason] += 1

    def _bridge(self, said: Decoded, now: datetime) -> None:
        """A bridge that is gone takes all of its devices along; each comes back with its own next word."""
        if said.online is False:
            for known in self.table.all():
                if known.family == said.family and known.online is not False:
                    self._remember(known, Reading(known.id, now, online=False, live=False), time.monotonic())

    def _fold(self, known: Known, said: Decoded, message: Arrived, mono: float, now: datetime) -> None:
        known.messages += 1
        if said.refused or "reason" in said.other:
            known.refused += 1
            self._note_refusal(said.refused or str(said.other["reason"]))
            if said.refused:
                return
        if said.other.get("ignored") or said.other.get("deleted"):
            self.ignored += 1
            return
        age = mono - message.heard
        live = not message.retained and age < LATE_SECONDS and not (said.at and now - said.at > SKEW)
        if not live and not message.retained:
            self.late += 1
        arrived = now if age < 0.001 else now - timedelta(seconds=age)
        self._remember(known, self._heard(known, said, arrived, live, mono), mono)

    def _heard(self, known: Known, said: Decoded, arrived: datetime, live: bool, mono: float) -> Reading:
        if said.online is not None and said.online is not known.online and live and known.flip(mono):
            self.flapping.add(known.code)
        elif known.code in self.flapping and not known.is_flapping(mono):
            self.flapping.discard(known.code)
        distrust = said.other.get("untrusted")
        if known.code in self.flapping:
            distrust = "duplicate_id"
        elif distrust is None and said.occupied is not None and live:
            distrust = ""
        return Reading(
            device_id=known.id,
            at=arrived,
            occupied=said.occupied,
            people=said.people,
            battery=None if said.battery is None else round(said.battery),
            online=said.online,
            distrust=distrust,
            live=live,
        )

    def _remember(self, known: Known, heard: Reading, mono: float) -> None:
        news = known.remember(heard, mono)
        due = heard.live and mono - known.stored >= STORE_SECONDS
        if news or due:
            known.stored = mono
            self._pend(heard)
        elif heard.device_id in self._pending:
            self._pend(heard)
        else:
            self.unchanged += 1

    def _pend(self, heard: Reading) -> None:
        former = self._pending.get(heard.device_id)
        self._pending[heard.device_id] = heard if former is None else merged(former, heard)
        self._wake.set()

    # the register is told

    def _changed(self, event: events.Event) -> None:
        if isinstance(event, events.DeviceChanged):
            self._reload = True
            self._wake.set()

    async def _pump(self) -> None:
        while True:
            await self._wake.wait()
            self._wake.clear()
            await self._let_flood_pass()
            try:
                await self._work()
            except Exception as fault:
                # the database is away or busy: everything is kept and tried again
                known = isinstance(fault, Refusal)
                log.warning("readings wait to be recorded", extra={"reason": str(fault)}, exc_info=not known)
                await asyncio.sleep(RETRY_SECONDS)
                self._wake.set()

    async def _let_flood_pass(self) -> None:
        until = time.monotonic() + FLOOD_SECONDS
        while self._in_flood and time.monotonic() < until:
            await asyncio.sleep(FLOOD_LOOK)
            self._measure(time.monotonic())

    def _measure(self, mono: float) -> None:
        """Whether more comes than can be written one by one; looked at every 50 ms."""
        passed = mono - self._measured_at
        if passed >= FLOOD_LOOK:
            self._in_flood = (self.messages - self._measured) / passed > FLOOD_RATE
            self._measured, self._measured_at = self.messages, mono

    async def _work(self) -> None:
        if self._reload:
            self._reload = False
            await self.table.load()
            self._seats.clear()
        if self._watch:
            watch, self._watch = self._watch, None
            await self._tell_watch(watch)
        if self._pending:
            batch, self._pending = self._pending, {}
            await self._store(batch)

    async def _tell_watch(self, watch: tuple[bool, datetime]) -> None:
        is_heard, at = watch
        try:
            await (watch_started(at) if is_heard else watch_lost(at))
        except BaseException:
            self._watch = self._watch or watch
            raise

    async def _store(self, batch: dict[int, Reading]) -> None:
        try:
            await self._record(list(batch.values()), self._clock())
        except BaseException:
            for device_id, heard in batch.items():
                newer = self._pending.get(device_id)
                self._pending[device_id] = merged(heard, newer) if newer else heard
            raise
        self.batches += 1
        self.recorded += len(batch)


def merged(former: Reading, newer: Reading) -> Reading:
    """Two words of one device as one: the last value, and that somebody was seen in between."""
    health: dict[str, Any] = {
        "battery": _last(former.battery, newer.battery),
        "distrust": _last(former.distrust, newer.distrust),
    }
    if former.live and not newer.live:
        return replace(former, **health, online=_last(former.online, newer.online))
    if newer.live and not former.live:
        return replace(newer, **health)
    seen = former.live and former.occupied is True and newer.occupied is False
    # a live reading after a last will proves that the device is back
    proves = newer.live and newer.occupied is not None
    return replace(
        newer,
        **health,
        occupied=_last(former.occupied, newer.occupied),
        people=_last(former.people, newer.people),
        online=newer.online if proves else _last(former.online, newer.online),
        was_positive=seen or former.was_positive or newer.was_positive,
    )


def _last(former: T | None, newer: T | None) -> T | None:
    return former if newer is None else newer
