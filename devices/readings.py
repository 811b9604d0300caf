"""From messages to the register: what repeats itself is folded in memory, what is news is recorded at once."""

import asyncio
import logging
import math
import sys
import time
from collections import Counter, OrderedDict
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, TypeVar

from devices import codecs
from devices.broker.connection import Message
from devices.codecs import GENERIC
from devices.codecs.message import Decoded
from devices.codecs.values import SKEW
from devices.codecs.zigbee2mqtt import BRIDGE
from devices.device_table import DeviceEntries, DeviceEntry
from devices.inbox import TopicInbox
from devices.topics import Route, TopicKind, Topics
from registry.bookings.readings import record_readings, watch_lost, watch_started
from registry.core import events
from registry.core.clock import Clock
from registry.core.errors import Refusal
from registry.devices.actions import note_refusals
from registry.devices.occupancy import DRIFT, GONE, Reading

log = logging.getLogger(__name__)

LATE_SECONDS = 60.0
RETRY_SECONDS = 1.0
# after its start a bridge repeats what it kept in its cache, as if a device had just said it
CACHE_SECONDS = 60.0
# in a flood reading goes before writing, for so long at most
FLOOD_RATE, FLOOD_SECONDS, FLOOD_LOOK = 2_000, 0.4, 0.05
# what is remembered of topics and their recent payloads; anybody who publishes may invent more
MEMORY_BYTES = 12 * 1024 * 1024
PAYLOADS, LONGEST_PAYLOAD = 8, 1024
ENTRY_BYTES, MEANING_BYTES, BYTES_PER_BYTE = 500, 300, 4  # as measured: what a byte of a payload leaves behind
REASONS = 50
ABSENT, LONGEST_NAME = 1_000, 200
BRIDGES = 50

T = TypeVar("T")
Command = Callable[[str, Message, datetime], None]


@dataclass(slots=True)
class TopicEntry:
    """One topic: whose it is, and what its recent payloads mean, so that a repeated one is not read again."""

    route: Route
    panel: str = ""  # whose commands come here
    device: DeviceEntry | None = None
    is_resolved: bool = False
    meanings: dict[bytes, Decoded] = field(default_factory=dict)
    meanings_bytes: int = 0


class Readings:
    """Takes batches from the broker in the loop; a pump of its own writes to the register."""

    def __init__(
        self,
        topics: Topics,
        clock: Clock,
        command: Command,
        record: Callable[[Sequence[Reading], datetime], Awaitable[None]] = record_readings,
    ) -> None:
        self.topics, self.table, self.inbox = topics, DeviceEntries(), TopicInbox()
        # counted for /metrics
        self.messages = self.unchanged = self.recorded = self.refused = self.ignored = self.late = self.batches = 0
        self.reasons: Counter[str] = Counter()
        self._clock, self._command, self._record = clock, command, record
        self._entries: dict[str, TopicEntry] = {}
        self._memory_bytes = 0
        self._pending: dict[int, Reading] = {}
        self._refusals: dict[int, tuple[str, datetime]] = {}
        self._bridge_starts: dict[str, tuple[float, datetime]] = {}
        # devices of nobody that their bridge calls offline, with that bridge: whoever binds one learns of it
        self._absent: OrderedDict[tuple[str, str], str] = OrderedDict()
        self._watch: tuple[bool, datetime] | None = None
        self._is_stale = self._in_flood = False
        self._measured, self._measured_at = 0, 0.0
        self._wake = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._unsubscribe: Callable[[], None] | None = None
        self._follow: Callable[[list[str]], None] | None = None

    def on_topics(self, follow: Callable[[list[str]], None]) -> None:
        """Call this with the topics of the devices that have one of their own, whenever they were read."""
        self._follow = follow

    async def start(self) -> None:
        await self._load()
        self._unsubscribe = events.on(self._changed)
        self._task = asyncio.get_running_loop().create_task(self._pump(), name="readings")

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

    # from the broker

    def connected(self, now: datetime) -> None:
        """From now on nothing is missed; what was said before proves nothing any more."""
        for device in self.table.all():
            device.confirmed = False
        self._watch = (True, now)
        self._wake.set()

    def disconnected(self, now: datetime) -> None:
        self._watch = (False, now)
        self._wake.set()

    def gap(self) -> None:
        """Messages were lost on our side: the same as a new connection."""
        self.connected(self._clock())

    def take(self, batch: Sequence[Message]) -> None:
        """Understand a batch and fold it. Never waits, never raises for what a message holds."""
        second, now = time.monotonic(), self._clock()
        self.messages += len(batch)
        self._measure(second)
        for message in batch:
            entry = self._entries.get(message.topic) or self._enter(message.topic)
            if entry.panel:
                self._command(entry.panel, message, now)
                continue
            decoded = None if message.retained else entry.meanings.get(message.payload)
            if decoded is None:
                decoded = self._decode(entry, message, now)
            if entry.device is None:
                self._note_unbound(message, decoded, now)
            else:
                self._fold(entry.device, decoded, message, second, now)

    def _enter(self, topic: str) -> TopicEntry:
        route = self.topics.route(topic)
        bound = None if route.own else self.table.find(GENERIC.name, topic)
        if bound:
            route = self.topics.route(topic, bound.binding)
        self._claim(ENTRY_BYTES + sys.getsizeof(topic) + sum(map(sys.getsizeof, route.levels)))
        entry = self._entries[topic] = TopicEntry(route)
        if route.own and route.own.kind is TopicKind.PANEL_COMMAND:
            entry.panel = route.own.name
        return entry

    def _claim(self, size: int) -> None:
        """Count so many bytes more as remembered; all else is forgotten where that would be too much."""
        if self._memory_bytes + size > MEMORY_BYTES:
            self._forget_topics()
        self._memory_bytes += size

    def _forget_topics(self) -> None:
        self._entries.clear()
        self._memory_bytes = 0

    def _decode(self, entry: TopicEntry, message: Message, now: datetime) -> Decoded:
        decoded = codecs.decode(entry.route, message.payload, message.retained, now)
        if not entry.is_resolved:
            entry.device, entry.is_resolved = self.table.find(decoded.family, decoded.device), True
            if entry.device and entry.device.value_keys and not entry.route.binding:
                entry.route = replace(entry.route, binding=entry.device.binding)
                decoded = codecs.decode(entry.route, message.payload, message.retained, now)
        # what holds a time means something else a minute later
        is_lasting = decoded.at is None and decoded.other.get("untrusted") != "clock" and not message.retained
        if is_lasting and len(message.payload) <= LONGEST_PAYLOAD:
            self._remember(entry, message.payload, decoded)
        return decoded

    def _remember(self, entry: TopicEntry, payload: bytes, decoded: Decoded) -> None:
        if len(entry.meanings) >= PAYLOADS:
            entry.meanings.clear()
            self._memory_bytes -= entry.meanings_bytes
            entry.meanings_bytes = 0
        size = MEANING_BYTES + sys.getsizeof(decoded.device) + BYTES_PER_BYTE * len(payload)
        self._claim(size)
        entry.meanings[payload] = decoded
        entry.meanings_bytes += size

    def _note_unbound(self, message: Message, decoded: Decoded, now: datetime) -> None:
        is_device = not decoded.bridge or decoded.device != BRIDGE
        ignored = decoded.other.get("ignored")
        if decoded.refused and is_device:
            self._note_refusal(decoded.refused)
        if ignored or decoded.refused and not is_device:
            self.ignored += 1
        if not is_device and self.topics.base_of(message.topic):
            self._note_base(decoded.bridge)
        if decoded.other.get("scope") == "bridge":
            self._note_bridge(decoded, message, now)
        elif decoded.other.keys() & {"left", "renamed"}:
            self._note_gone(decoded, now)
        elif message.payload:
            self._note_joined(decoded, now)
            self._note_availability(decoded)
            if is_device and not isinstance(ignored, str):
                self.inbox.note(message.topic, message.payload, decoded, now)

    def _note_availability(self, decoded: Decoded) -> None:
        """Of a device that nobody has bound yet, or whose binding is not read yet: its bridge says it once."""
        device = decoded.family, decoded.device
        if decoded.bridge and decoded.online is not None:
            self._absent.pop(device, None)
        if decoded.bridge and decoded.online is False and len(decoded.device) <= LONGEST_NAME:
            self._absent[device] = decoded.bridge
            if len(self._absent) > ABSENT:
                self._absent.popitem(last=False)

    def _remember_absent(self) -> None:
        """What their bridge has said of devices before they were bound."""
        for family, name in list(self._absent):
            device = self.table.find(family, name)
            if device:
                device.bridge, device.availability = self._absent.pop((family, name)), False
                self._pend(device, Reading(device.id, self._clock(), online=False, live=False), time.monotonic())

    def _note_refusal(self, reason: str) -> None:
        self.refused += 1
        if reason in self.reasons or len(self.reasons) < REASONS:
            self.reasons[reason] += 1

    def _note_bridge(self, decoded: Decoded, message: Message, now: datetime) -> None:
        """A bridge that is gone takes all of its devices along; each comes back with its own next word, and not with
        what the bridge repeats from its cache when it is back. What it had said before is taken back: what it saw
        meanwhile is lost.
        """
        if decoded.online is False:
            for device in self._devices_of(decoded):
                if device.online is not False:
                    reading = Reading(device.id, now, online=False, live=False, gap=True)
                    self._pend(device, reading, time.monotonic())
        elif decoded.online and not message.retained:
            if len(self._bridge_starts) >= BRIDGES:
                self._bridge_starts.clear()
            self._bridge_starts[decoded.bridge] = (message.second, now)

    def _devices_of(self, decoded: Decoded) -> list[DeviceEntry]:
        """The devices of a bridge that has said something, and those of which it is not known yet whose they are."""
        bridges, stem = ("", decoded.bridge), self.topics.stem(decoded.bridge)
        return [
            device
            for device in self.table.all()
            if device.family == decoded.family
            and (device.bridge in bridges or stem and device.address.startswith(stem))
        ]

    def _note_base(self, base: str) -> None:
        """A bridge that speaks below the base of another one is one of its own from now on."""
        if base not in self.topics.bases and len(self.topics.bases) < BRIDGES:
            self.topics = replace(self.topics, bases=(*self.topics.bases, base))
            self._forget_topics()

    def _note_gone(self, decoded: Decoded, now: datetime) -> None:
        """A device that left its network, or is called otherwise now, says nothing under its former name any more."""
        name = str(decoded.other.get("renamed") or decoded.other.get("left"))
        self.inbox.forget_devices(lambda *stranger: stranger == (decoded.family, name))
        device = self.table.find(decoded.family, name)
        is_own = device is not None and device.bridge in ("", decoded.bridge)
        code = device.code if device and is_own and device.distrust not in GONE else self.inbox.former_code(name)
        if code and decoded.other.get("name"):
            self.inbox.rename(name, str(decoded.other["name"]), code)
            self._note_back(decoded, code, now)
        if device and is_own:
            distrust = "renamed" if "renamed" in decoded.other else "left"
            reading = Reading(device.id, now, online=False, distrust=distrust, live=False, gap=True)
            self._pend(device, reading, time.monotonic())

    def _note_back(self, decoded: Decoded, code: str, now: datetime) -> None:
        """A device that gets the name back under which it is known."""
        device = self.table.find(decoded.family, str(decoded.other["name"]))
        if device and device.code == code and device.distrust == "renamed" and device.bridge in ("", decoded.bridge):
            device.availability = None
            self._pend(device, Reading(device.id, now, distrust="", live=False), time.monotonic())

    def _note_joined(self, decoded: Decoded, now: datetime) -> None:
        """A device that had left is back. Of one that was renamed the name may be another one's by now: a person says
        so.
        """
        device = self.table.find(decoded.family, str(decoded.other.get("discovered")))
        if device and device.distrust == "left" and device.bridge in ("", decoded.bridge):
            device.availability = None
            self._pend(device, Reading(device.id, now, distrust="", live=False), time.monotonic())

    def _fold(self, device: DeviceEntry, decoded: Decoded, message: Message, second: float, now: datetime) -> None:
        other = decoded.other
        if decoded.refused or "reason" in other:
            reason = decoded.refused or str(other["reason"])
            self._note_refusal(reason)
            if device.is_refusal_news(reason, second):
                self._refusals[device.id] = (reason, now)
                self._wake.set()
        if other.get("ignored") or other.get("deleted"):
            self.ignored += 1
        if (decoded.refused or other.get("ignored") or other.get("deleted")) and not decoded.is_unknown:
            return
        if decoded.bridge:
            device.bridge = decoded.bridge
        if decoded.bridge and decoded.online is not None:
            device.availability = decoded.online
        age = second - message.second
        is_old = decoded.at is not None and now - decoded.at > SKEW and not device.is_timed_out_by(decoded)
        is_live = not message.retained and age < LATE_SECONDS and not is_old
        is_live = is_live and not self._is_cached(device, decoded, message)
        if is_live and decoded.at:
            device.told_at = decoded.at
        if not is_live and not message.retained:
            self.late += 1
        at = now if age < 0.001 else now - timedelta(seconds=age)
        self._pend(device, device.reading(decoded, at, is_live, second), second)

    def _is_cached(self, device: DeviceEntry, decoded: Decoded, message: Message) -> bool:
        """Whether a bridge repeats what it had kept of a device: while it calls the device offline itself, and in the
        minute after its start. The device's own time, where the bridge tells it, shows that a state is a new one. Under
        the name of a device that is gone nothing is its word.
        """
        if not decoded.bridge or decoded.online is not None:
            return False
        if device.distrust in GONE:
            return True
        second, started_at = self._bridge_starts.get(decoded.bridge, (-math.inf, None))
        if started_at and message.second - second < CACHE_SECONDS:
            return decoded.at is None or decoded.at < started_at
        return device.availability is False and decoded.at is None

    def _pend(self, device: DeviceEntry, reading: Reading, second: float) -> None:
        """What is to be recorded waits here, one reading a device."""
        former = self._pending.get(device.id)
        if not device.remember(reading, second) and former is None:
            self.unchanged += 1
            return
        self._pending[device.id] = reading if former is None else merged(former, reading)
        self._wake.set()

    # to the register

    def _changed(self, event: events.Event) -> None:
        if isinstance(event, events.DeviceChanged):
            self._is_stale = True
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
                is_refusal = isinstance(fault, Refusal)
                log.warning("readings wait to be recorded: %s", fault, exc_info=not is_refusal)
                await asyncio.sleep(RETRY_SECONDS)
                self._wake.set()

    async def _let_flood_pass(self) -> None:
        until = time.monotonic() + FLOOD_SECONDS
        while self._in_flood and time.monotonic() < until:
            await asyncio.sleep(FLOOD_LOOK)
            self._measure(time.monotonic())

    def _measure(self, second: float) -> None:
        """Whether more comes than can be written one by one; looked at every 50 ms."""
        passed = second - self._measured_at
        if passed >= FLOOD_LOOK:
            self._in_flood = (self.messages - self._measured) / passed > FLOOD_RATE
            self._measured, self._measured_at = self.messages, second

    async def _work(self) -> None:
        if self._is_stale:
            await self._reload()
        if self._watch:
            watch, self._watch = self._watch, None
            await self._record_watch(watch)
        if self._pending:
            batch, self._pending = self._pending, {}
            await self._store(batch)
        if self._refusals:
            refusals, self._refusals = self._refusals, {}
            await note_refusals(refusals)

    async def _reload(self) -> None:
        """Read the devices anew; where that fails they are read at the next turn."""
        self._is_stale = False  # before: what changes meanwhile is read once more
        try:
            await self._load()
        except BaseException:
            self._is_stale = True
            raise
        self._forget_topics()
        self.inbox.forget_devices(lambda family, name: self.table.find(family, name) is not None)
        self._remember_absent()

    async def _load(self) -> None:
        await self.table.load()
        if self._follow:
            self._follow([device.address for device in self.table.all() if device.family == GENERIC.name])

    async def _record_watch(self, watch: tuple[bool, datetime]) -> None:
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
            for device_id, reading in batch.items():
                newer = self._pending.get(device_id)
                self._pending[device_id] = merged(reading, newer) if newer else reading
            raise
        self.batches += 1
        self.recorded += len(batch)


def merged(former: Reading, newer: Reading) -> Reading:
    """Two readings of one device as one: the last value, and that somebody was seen in between."""
    health: dict[str, Any] = {
        "battery": _last(former.battery, newer.battery),
        "distrust": DRIFT if former.distrust == DRIFT else _last(former.distrust, newer.distrust),
        # what it did not see while it was offline or not to be trusted is not known, however short that was
        "gap": former.gap or newer.gap or former.online is False or bool(former.distrust),
        "was_positive": former.was_positive or newer.was_positive,
    }
    if newer.gap and newer.occupied is None:
        was_positive = health.pop("was_positive") or former.live and former.occupied is True
        online = _last(former.online, newer.online)
        return replace(newer, **health, online=online, live=former.live or newer.live, was_positive=was_positive)
    if former.live and not newer.live:
        return replace(former, **health, online=_last(former.online, newer.online))
    # a live reading after a last will proves that the device is back
    proves = newer.live and newer.occupied is not None
    if newer.live and not former.live:
        return replace(newer, **health, online=newer.online if proves else _last(former.online, newer.online))
    health["was_positive"] |= former.live and former.occupied is True and newer.occupied is False
    return replace(
        newer,
        **health,
        occupied=_last(former.occupied, newer.occupied),
        people=_last(former.people, newer.people),
        online=newer.online if proves else _last(former.online, newer.online),
    )


def _last(former: T | None, newer: T | None) -> T | None:
    return former if newer is None else newer
