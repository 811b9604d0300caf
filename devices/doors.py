"""Rooms and doors on MQTT: derived after every change, published when they differ, never an older one after a newer.

An event only wakes; what is published is asked anew, so a lost or doubled event shows no lie. A pass by ``revision``
finds what a crash left unpublished.
"""

import asyncio
import hmac
import logging
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import orjson

from devices.broker.client import Complaints
from devices.broker.connection import Broker
from devices.topics import BadTopic, Topics
from registry.bookings.projections import PublicState, light
from registry.bookings.public_revision import number_of
from registry.core import events
from registry.core.clock import Clock
from registry.devices.models import Device
from registry.devices.queries import door_panels
from registry.doors.queries import door, public_state_at
from registry.doors.view import payload as door_payload
from registry.rooms.actions import mark_published
from registry.rooms.queries import all_rooms, unpublished_rooms

log = logging.getLogger(__name__)

REPAIR_SECONDS = 10.0
MINUTE = 60.0
RETRY_SECONDS = 1.0
AT_ONCE = 8
SORTED = orjson.OPT_SORT_KEYS


@dataclass(frozen=True, slots=True)
class RoomTopics:
    """Where a room is published; its topics are empty where its code can be none."""

    zone: ZoneInfo
    state: str = ""
    light: str = ""


@dataclass(frozen=True, slots=True)
class PanelTopic:
    """Where one panel of a door is published, and with which key it is signed."""

    device: Device
    topic: str
    key: bytes

    @property
    def look(self) -> tuple[bool, str]:
        """Panels of one door that look alike."""
        return self.device.enabled, self.device.languages


class DoorStates:
    """Publishes ``rooms/<room>/state`` and ``light`` and ``panels/<panel>/state``, all retained."""

    def __init__(self, broker: Broker, topics: Topics, secret: bytes, clock: Clock) -> None:
        # counted for /metrics
        self.rooms_published = self.panels_published = self.faults = 0
        self._broker, self._topics, self._secret, self._clock = broker, topics, secret, clock
        self._rooms: dict[int, RoomTopics] = {}
        self._panels: dict[int, list[PanelTopic]] = {}
        self._last: dict[str, bytes] = {}  # what a topic showed last, but for the moment
        self._published: dict[int, int] = {}  # the newest revision of a room that was published
        self._marks: dict[int, int] = {}  # of those, what the register does not know yet
        self._announced: dict[int, int] = {}  # the newest revision that an event told of
        self._dirty: set[int] = set()
        self._complaints = Complaints()
        self._is_stale = True
        self._wake = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []
        self._unsubscribe: Callable[[], None] | None = None

    async def start(self) -> None:
        """Derive everything once, so that the first connect publishes it, then follow the events."""
        self._unsubscribe = events.on(self._changed)
        await self._load()
        self._dirty.update(self._rooms)
        await self._work()
        loop = asyncio.get_running_loop()
        self._tasks = [
            loop.create_task(self._follow(), name="doors"),
            loop.create_task(self._every(REPAIR_SECONDS, self._repair), name="doors-repair"),
            loop.create_task(self._every(MINUTE, self._minute), name="doors-minute"),
        ]

    async def stop(self) -> None:
        if self._unsubscribe:
            self._unsubscribe()
            self._unsubscribe = None
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def wake(self, rooms: Iterable[int] | None = None) -> None:
        """Look at these rooms again, or at all."""
        self._dirty.update(self._rooms if rooms is None else rooms)
        self._wake.set()

    def _changed(self, event: events.Event) -> None:
        if isinstance(event, events.RoomChanged):
            if not event.is_near:
                return  # the pass by revision tells it: no door shows another day, and none waits for the number
            self._dirty.add(event.room_id)
            # another process tells of its change at times before this one of its own, which was made earlier
            self._announced[event.room_id] = max(event.revision, self._announced.get(event.room_id, -1))
            self._wake.set()
        elif isinstance(event, events.DeviceChanged | events.PlacesChanged):
            self._is_stale = True
            self._wake.set()

    async def _follow(self) -> None:
        while True:
            await self._wake.wait()
            self._wake.clear()
            await self._try(self._work)

    async def _every(self, seconds: float, act: Callable[[], Any]) -> None:
        while True:
            await asyncio.sleep(seconds)
            await self._try(act)

    async def _try(self, act: Callable[[], Any]) -> None:
        try:
            await act()
        except Exception as fault:
            # the database is away or busy: what is left to do is kept
            self.faults += 1
            if self._complaints.is_news(str(fault), time.monotonic()):
                log.exception("room states could not be published")
            await asyncio.sleep(RETRY_SECONDS)
            self._wake.set()

    async def _work(self) -> None:
        if self._is_stale:
            await self._load()
        failed: dict[int, BaseException] = {}
        while self._dirty:
            # a room is in one hand at a time, so its states leave in order
            rooms = [self._dirty.pop() for _ in range(min(AT_ONCE, len(self._dirty)))]
            faults = await asyncio.gather(*map(self.publish_room, rooms), return_exceptions=True)
            failed.update((room, fault) for room, fault in zip(rooms, faults, strict=True) if fault is not None)
        if failed:  # no other room waits for them; they are tried again
            self._dirty.update(failed)
            raise next(iter(failed.values()))

    async def _load(self) -> None:
        """Which rooms there are and which panels hang at their doors; a panel that moved is told anew. Where that fails
        it is done at the next turn.
        """
        self._is_stale = False  # before: what changes meanwhile is read once more
        try:
            rooms, panels = await all_rooms(with_closed=True), await door_panels()
        except BaseException:
            self._is_stale = True
            raise
        self._rooms = {room.id: self._room_topics(room.code, ZoneInfo(room.building.site.timezone)) for room in rooms}
        self._panels = {}
        for panel in panels:
            self._place(panel)
        self._dirty.update(self._panels)

    def _room_topics(self, code: str, zone: ZoneInfo) -> RoomTopics:
        """A room whose code has a slash or a wildcard has no topics of its own: they would be others'."""
        try:
            return RoomTopics(zone, self._topics.room_state(code), self._topics.room_light(code))
        except BadTopic as fault:
            if self._complaints.is_news(code, time.monotonic()):
                log.warning("a room's code can be no topic, its state is not on MQTT", extra={"reason": str(fault)})
            return RoomTopics(zone)

    def _place(self, panel: Device) -> None:
        """A panel hangs at a door, or nowhere: then nothing may be left of the door that it was."""
        try:
            topic = self._topics.panel_state(panel.code)
        except BadTopic:
            return
        if panel.room_id is None:
            if self._is_news(topic, b""):
                self._broker.retain(topic, b"")
            return
        key = panel_key(self._secret, panel.code)
        self._panels.setdefault(panel.room_id, []).append(PanelTopic(panel, topic, key))

    async def publish_room(self, room_id: int) -> None:
        """Publish what of a room and its doors differs from what was last published."""
        if room_id not in self._rooms:
            await self._load()
            if room_id not in self._rooms:
                return
        room, now = self._rooms[room_id], self._clock()
        state, revision = await public_state_at(room_id, now, self._announced.pop(room_id, -1))
        if revision < self._published.get(room_id, -1):
            return
        self._published[room_id] = revision
        if room.state:
            values, word = room_json(state, room.zone), light(state).encode()
            if self._is_news(room.state, _looks(values)):
                self.rooms_published += 1
                self._broker.retain(room.state, orjson.dumps(values, option=SORTED))
            if self._is_news(room.light, word):
                self._broker.retain(room.light, word)
        await self._publish_doors(room_id, now, revision)
        self._marks[room_id] = revision

    async def _publish_doors(self, room_id: int, now: datetime, revision: int) -> None:
        """Drawn once for all panels that show the same."""
        views: dict[tuple[bool, str], dict[str, Any]] = {}
        for panel in self._panels.get(room_id, ()):
            if panel.look not in views:
                languages = [language for language in panel.device.languages.split(",") if language]
                views[panel.look] = door_payload(await door(room_id, now, panel.device, revision), languages)
            values = {"panel": panel.device.code, **views[panel.look]}
            if values["revision"] is None:
                values["revision"] = number_of(("panel", panel.device.code), _looks(values), now)
            if self._is_news(panel.topic, _looks(values)):
                self.panels_published += 1
                signed = {**values, "signature": signature(values, panel.key)}
                self._broker.retain(panel.topic, orjson.dumps(signed, option=SORTED))
            await asyncio.sleep(0)  # a door may have many; the screens that wait for the same change go first

    def _is_news(self, topic: str, looks: bytes) -> bool:
        """Whether a topic is to show something else than it did last, which is noted."""
        is_news = self._last.get(topic) != looks
        self._last[topic] = looks
        return is_news

    async def _minute(self) -> None:
        """Doors count minutes; only those whose words changed are published."""
        self.wake(self._panels)

    async def _repair(self) -> None:
        """Store what was published, and publish what a crash or a lost event left behind."""
        if not self._broker.connected:
            return
        marks, self._marks = self._marks, {}
        if marks:
            await mark_published(marks)
        self.wake(await unpublished_rooms())


def room_json(state: PublicState, zone: ZoneInfo) -> dict[str, Any]:
    """The public projection of a room's state, every key always present, times in the site's offset."""
    return {
        "room": state.room,
        "state": state.state.value,
        "occupancy": state.occupancy.value,
        "until": state.until and state.until.astimezone(zone).isoformat(),
        "next_starts_at": state.next_starts_at and state.next_starts_at.astimezone(zone).isoformat(),
        "ready": state.ready,
        "revision": state.revision,
        "as_of": state.as_of.astimezone(zone).isoformat(),
    }


def panel_key(secret: bytes, panel: str) -> bytes:
    """The key of one panel: a stolen panel can forge no other door."""
    return hmac.digest(secret, f"izba panel {panel}".encode(), "sha256")


def signature(values: Mapping[str, Any], key: bytes) -> str:
    """HMAC-SHA256 in hex over the state without its signature: JSON with sorted keys, no spaces, UTF-8."""
    return hmac.digest(key, orjson.dumps(values, option=SORTED), "sha256").hex()


def _looks(values: Mapping[str, Any]) -> bytes:
    """All but when it was said."""
    return orjson.dumps({name: value for name, value in values.items() if name != "as_of"}, option=SORTED)
