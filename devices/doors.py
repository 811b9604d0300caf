"""Rooms and doors on MQTT: derived after every change, published when they differ, never an older one after a newer.

An event only wakes; what is published is asked anew, so a lost or doubled event shows no lie. A pass by ``revision``
finds what a crash left unpublished.
"""

import asyncio
import hmac
import json
import logging
import time
from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import orjson
from tortoise.expressions import F

from devices.broker.connection import Broker
from devices.broker.pacing import Complaints
from devices.topics import BadTopic, Topics, check_name
from registry.bookings.projections import PublicState, light
from registry.bookings.public_revision import leaving, number_of, revision_of
from registry.core import events
from registry.devices.models import Device, DeviceKind
from registry.doors.queries import door
from registry.doors.view import payload as door_payload
from registry.rooms.lock import changing
from registry.rooms.models import Room
from registry.rooms.queries import zone_of

log = logging.getLogger(__name__)

REPAIR_SECONDS = 10.0
MINUTE = 60.0
RETRY_SECONDS = 1.0
AT_ONCE = 8


class Panels:
    """Publishes ``rooms/<room>/state`` and ``light`` and ``panels/<panel>/state``, all retained."""

    def __init__(self, broker: Broker, topics: Topics, secret: bytes, clock: Callable[[], datetime]) -> None:
        # counted for /metrics
        self.rooms_published = self.panels_published = self.faults = 0
        self._broker, self._topics, self._secret, self._clock = broker, topics, secret, clock
        self._rooms: dict[int, tuple[str, ZoneInfo]] = {}
        self._panels: dict[int, list[Device]] = {}
        self._newest: dict[int, int] = {}
        self._last: dict[str, bytes] = {}
        self._to_mark: dict[int, int] = {}
        self._dirty: set[int] = set()
        self._told: dict[int, int] = {}
        self._complaints = Complaints()
        self._reload = True
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
            loop.create_task(self._follow(), name="panels"),
            loop.create_task(self._every(REPAIR_SECONDS, self._repair), name="panels-repair"),
            loop.create_task(self._every(MINUTE, self._minute), name="panels-minute"),
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
            self._told[event.room_id] = max(event.revision, self._told.get(event.room_id, -1))
            self._wake.set()
        elif isinstance(event, events.DeviceChanged):
            self._reload = True
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
        if self._reload:
            await self._load()
        failed: dict[int, BaseException] = {}
        while self._dirty:
            # a room is in one hand at a time, so its states leave in order
            taken = [self._dirty.pop() for _ in range(min(AT_ONCE, len(self._dirty)))]
            done = await asyncio.gather(*(self._publish_now(room_id) for room_id in taken), return_exceptions=True)
            failed.update((room, fault) for room, fault in zip(taken, done, strict=True) if fault is not None)
        if failed:  # no other room waits for them; they are tried again
            self._dirty.update(failed)
            raise next(iter(failed.values()))

    async def _publish_now(self, room_id: int) -> None:
        await self.publish_room(room_id, self._clock())

    async def _load(self) -> None:
        """Which rooms there are and which panels hang at their doors; a panel that moved is told anew."""
        self._reload = False
        rooms = await Room.all().select_related("building__site")
        self._rooms = {room.id: (room.code, await zone_of(room)) for room in rooms}
        fresh: dict[int, list[Device]] = {}
        for panel in await Device.filter(kind=DeviceKind.DOOR_PANEL, room_id__isnull=False):
            fresh.setdefault(int(panel.room_id or 0), []).append(panel)
        former, self._panels = self._panels, fresh
        self._withdraw(former)
        self._dirty.update(fresh)

    def _withdraw(self, former: dict[int, list[Device]]) -> None:
        """Clear what hung at a door and does not any more."""
        gone = {panel.code for panels in former.values() for panel in panels}
        gone -= {panel.code for panels in self._panels.values() for panel in panels}
        for code in gone:
            topic = self._topics.panel_state(code)
            self._last.pop(topic, None)
            self._broker.drop(topic)

    async def publish_room(self, room_id: int, now: datetime) -> None:
        """Publish what of a room and its doors differs from what was last published."""
        if room_id not in self._rooms:
            await self._load()
            if room_id not in self._rooms:
                return
        code, zone = self._rooms[room_id]
        state, revision = await leaving(room_id, now, self._told.pop(room_id, -1))
        if revision < self._newest.get(room_id, -1):
            return
        self._newest[room_id] = revision
        if self._has_topic(code):
            self.rooms_published += self._put(self._topics.room_state(code), room_json(state, zone))
            self._put_raw(self._topics.room_light(code), light(state).encode())
        await self._publish_doors(room_id, now, revision)
        self._to_mark[room_id] = revision

    def _has_topic(self, code: str) -> bool:
        """Whether a room of this code has topics of its own: with a slash or a wildcard they would be others'."""
        try:
            check_name(code)
        except BadTopic as fault:
            if self._complaints.is_news(code, time.monotonic()):
                log.warning("a room's code can be no topic, its state is not on MQTT", extra={"reason": str(fault)})
            return False
        return True

    async def _publish_doors(self, room_id: int, now: datetime, revision: int) -> None:
        """Drawn once for all panels that show the same."""
        drawn: dict[tuple[bool, str], dict[str, Any]] = {}
        for panel in self._panels.get(room_id, ()):
            look = panel.enabled, panel.languages
            if look not in drawn:
                languages = [language for language in panel.languages.split(",") if language]
                drawn[look] = door_payload(await door(room_id, now, panel, revision), languages)
            self._publish_panel(panel.code, drawn[look], now)
            await asyncio.sleep(0)  # a door may have many; the screens that wait for the same change go first

    def _publish_panel(self, code: str, drawn: dict[str, Any], now: datetime) -> None:
        told = {"panel": code, **drawn}
        if told["revision"] is None:
            told["revision"] = number_of(("panel", code), _looks(told), now)
        try:
            topic = self._topics.panel_state(code)
        except BadTopic:
            return
        self.panels_published += self._put(topic, told, panel_key(self._secret, code))

    def _put(self, topic: str, told: dict[str, Any], key: bytes | None = None) -> bool:
        """Keep a JSON state if anything but its ``as_of`` is new; with a key it is signed."""
        compared = _looks(told)
        if self._last.get(topic) == compared:
            return False
        self._last[topic] = compared
        self._broker.keep(topic, _json({**told, "signature": signature(told, key)} if key else told))
        return True

    def _put_raw(self, topic: str, payload: bytes) -> None:
        if self._last.get(topic) != payload:
            self._last[topic] = payload
            self._broker.keep(topic, payload)

    def is_signed(self, topic: str, payload: bytes) -> bool:
        """Whether this is the state of a door that we once published: a panel that was moved or removed while nobody
        was there to clear it.
        """
        try:
            own, told = self._topics.parse(topic), json.loads(payload)
            mark = told.pop("signature")
            return own is not None and hmac.compare_digest(mark, signature(told, panel_key(self._secret, own.name)))
        except (BadTopic, ValueError, AttributeError, LookupError, TypeError, RecursionError):
            return False

    async def _minute(self) -> None:
        """Doors count minutes; only those whose words changed are published."""
        self.wake(self._panels)

    async def _repair(self) -> None:
        """Store what was published, and publish what a crash or a lost event left behind."""
        if not self._broker.connected:
            return
        marks, self._to_mark = self._to_mark, {}
        if marks:
            async with changing():
                for room_id, revision in sorted(marks.items()):  # in the order in which everybody locks rooms
                    await Room.filter(id=room_id, published__lt=revision).update(published=revision)
        behind = await Room.filter(published__lt=F("revision")).only("id")
        self.wake(room.id for room in behind)


def room_json(state: PublicState, zone: ZoneInfo) -> dict[str, Any]:
    """The public projection of a room's state, every key always present, times in the site's offset."""
    return {
        "room": state.room,
        "state": state.state.value,
        "occupancy": state.occupancy.value,
        "until": _iso(state.until, zone),
        "next_starts_at": _iso(state.next_starts_at, zone),
        "ready": state.ready,
        "revision": revision_of(state),
        "as_of": _iso(state.as_of, zone),
    }


def panel_key(secret: bytes, panel: str) -> bytes:
    """The key of one panel: a stolen panel can forge no other door."""
    return hmac.digest(secret, f"izba panel {panel}".encode(), "sha256")


def signature(told: dict[str, Any], key: bytes) -> str:
    """HMAC-SHA256 in hex over the state without its signature: JSON with sorted keys, no spaces, UTF-8."""
    return hmac.digest(key, _json(told), "sha256").hex()


def _looks(told: dict[str, Any]) -> bytes:
    """All but when it was said."""
    return _json({name: value for name, value in told.items() if name != "as_of"})


def _json(told: dict[str, Any]) -> bytes:
    return orjson.dumps(told, option=orjson.OPT_SORT_KEYS)


def _iso(at: datetime | None, zone: ZoneInfo) -> str | None:
    return at.astimezone(zone).isoformat() if at else None
