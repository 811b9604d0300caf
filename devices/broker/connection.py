"""The MQTT client: paho in a thread of its own, one wake-up of the loop per batch, a connection that heals.

Sessions are clean on purpose: what a broker kept for us while we were away would look like news. After a gap only fresh
evidence counts (docs/explanation/occupancy.md).
"""

import asyncio
import logging
import time
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import Any

import paho.mqtt.client as mqtt
from paho.mqtt.properties import Properties
from paho.mqtt.subscribeoptions import SubscribeOptions

from devices.broker.address import V5, Address
from devices.broker.client import (
    QOS,
    TAKEN_OVER,
    How,
    arrived,
    connect,
    make_client,
    marked,
    refused,
    started,
    subscriptions,
)
from devices.broker.pacing import Complaints, Pace
from devices.broker.wire import Pump
from devices.messages import Arrived
from devices.topics import split

log = logging.getLogger(__name__)

CAPACITY = 65_536
BATCH = 512
FLOWING, LOOK_AGAIN = 4, 0.002
ANSWER_SECONDS = 5.0
LOOK_SECONDS = 2.0
FLAPS, FLAP_SECONDS = 3, 60.0


class Broker:
    """One connection for one instance. Everything but the paho callbacks runs in the loop."""

    def __init__(
        self,
        where: Sequence[Address],
        client_id: str,
        status_topic: str,
        on_messages: Callable[[list[Arrived]], None],
        clock: Callable[[], datetime],
        capacity: int = CAPACITY,
    ) -> None:
        self.where = tuple(where)
        self.client_id = client_id
        self.status_topic = status_topic
        self.connected = False
        self.since: datetime | None = None
        self.address: Address | None = None
        # counted for /metrics
        self.received = self.lost = self.published = self.connects = self.faults = 0
        self.duplicate_id = False
        self.refusal = ""
        self._on_messages, self._clock, self._capacity = on_messages, clock, capacity
        self._ups: list[Callable[[datetime], None]] = []
        self._downs: list[Callable[[datetime], None]] = []
        self._filters: dict[str, SubscribeOptions] = {}
        self._vital: set[str] = set()
        self._kept: dict[str, bytes] = {status_topic: b"online"}
        self._queue: deque[mqtt.MQTTMessage] = deque(maxlen=capacity)
        self._woken = False
        self._losses: deque[float] = deque(maxlen=FLAPS)
        self._complaints = Complaints()
        self._client: mqtt.Client | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._task: asyncio.Task[None] | None = None

    # what others call

    def on_up(self, told: Callable[[datetime], None]) -> None:
        """Call this when every subscription is granted, with the time from which nothing is missed."""
        self._ups.append(told)

    def on_down(self, told: Callable[[datetime], None]) -> None:
        """Call this when the connection is gone, with the time since which nothing is heard."""
        self._downs.append(told)

    def listen(self, filters: Iterable[str], is_foreign_only: bool = False, is_vital: bool = True) -> None:
        """Topics to subscribe to at every connect. Overlapping filters deliver twice: give one tree per consumer.

        With ``is_foreign_only`` a broker of MQTT 5 is asked to leave out what we published ourselves; not all do. One
        that is not vital may be refused.
        """
        fresh = dict.fromkeys(filters, SubscribeOptions(qos=QOS, noLocal=is_foreign_only))
        self._filters.update(fresh)
        if is_vital:
            self._vital.update(fresh)

    def keep(self, topic: str, payload: bytes) -> None:
        """Publish a retained state, now or as soon as there is a broker. Never blocks. Raises BadTopic."""
        split(topic)
        self._kept[topic] = payload
        if self.connected:
            self._publish(topic, payload, retain=True)

    def kept(self, topic: str) -> bytes | None:
        """What should be retained there, None for what is not ours."""
        return self._kept.get(topic)

    def all_kept(self) -> dict[str, bytes]:
        """What should be retained now, by topic."""
        return dict(self._kept)

    def look(self, filters: Iterable[str]) -> None:
        """Ask for what is retained there, which comes as any other message, and listen until ``look_away``."""
        if self.connected and self._client:
            asked = dict.fromkeys(filters, SubscribeOptions(qos=QOS))
            self._client.subscribe(subscriptions(asked, self._client.protocol))

    def look_away(self, filters: Iterable[str]) -> None:
        if self.connected and self._client:
            self._client.unsubscribe([*filters])

    def repeat(self, topic: str) -> None:
        """Publish once more what should be retained there, which is nothing where nothing is kept."""
        if self.connected:
            self._publish(topic, self._kept.get(topic, b""), retain=True)

    def drop(self, topic: str) -> None:
        """Clear a retained state."""
        if self._kept.pop(topic, None) is not None:
            self.repeat(topic)

    def send(self, topic: str, payload: bytes, correlation: bytes = b"") -> bool:
        """Publish once, not retained. False when there is no broker: nothing is queued for later. Raises BadTopic."""
        split(topic)
        if not self.connected:
            return False
        properties = None
        if correlation and self.address and self.address.protocol == V5:
            properties = marked(correlation)
        self._publish(topic, payload, retain=False, properties=properties)
        return True

    async def start(self) -> None:
        """Begin to connect; returns at once, whether there is a broker or not."""
        self._loop = asyncio.get_running_loop()
        self._task = self._loop.create_task(self._stay_connected(), name="mqtt")

    async def stop(self) -> None:
        """Say offline, disconnect and end the thread; a broker that hangs is not waited for."""
        if self._task:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
            self._task = None
        self.connected = False

    # the connection

    async def _stay_connected(self) -> None:
        pace, turn = Pace(), 0
        while True:
            self.address = self.where[turn % len(self.where)]
            how, lasted = How.AWAY, 0.0
            try:
                how, lasted = await self._session(self.address)
            except Exception as fault:
                # whatever it was, the next session is a new client
                self.faults += 1
                self._complain("MQTT session failed", str(fault), exc_info=True)
            turn = turn + 1 if how is How.UNLIKE else 0
            if turn % len(self.where) == 0:
                is_unwelcome = how is How.UNWELCOME or how is How.UP and self.duplicate_id
                await asyncio.sleep(pace.next_wait(lasted, is_unwelcome))

    def _complain(self, what: str, reason: str, exc_info: bool = False) -> None:
        if self._complaints.is_news(what + reason, time.monotonic()):
            log.warning(what, extra={"broker": str(self.address), "reason": reason}, exc_info=exc_info)

    async def _session(self, address: Address) -> tuple[How, float]:
        """One connection from first to last. Returns how it ended and for how many seconds it was up."""
        told: asyncio.Queue[tuple[str, Any]] = asyncio.Queue()
        client = self._make_client(address, told)
        try:
            await connect(client, address)
        except (OSError, ValueError) as fault:
            self.refusal = ""
            self._complain("MQTT broker does not answer", str(fault))
            return How.AWAY, 0.0
        self._client = client
        pump = started(client, self.client_id)
        try:
            how, began = await self._come_up(client, told), time.monotonic()
            if how is How.UP:
                await self._watch(told, pump)
            return how, time.monotonic() - began
        finally:
            await self._go_down(client, pump)

    def _make_client(self, address: Address, told: asyncio.Queue[tuple[str, Any]]) -> mqtt.Client:
        client = make_client(address, self.client_id, self.status_topic)
        tell = self._teller(told)
        client.on_connect = lambda _c, _u, _f, code, _p: tell("connected", code)
        client.on_subscribe = lambda _c, _u, _m, codes, _p: tell("subscribed", codes)
        client.on_disconnect = lambda _c, _u, _f, code, _p: tell("lost", code)
        client.on_message = self._on_message
        return client

    def _teller(self, told: asyncio.Queue[tuple[str, Any]]) -> Callable[[str, Any], None]:
        loop = self._loop
        if loop is None:
            raise RuntimeError("start() first")

        def tell(what: str, about: Any) -> None:
            loop.call_soon_threadsafe(told.put_nowait, (what, about))

        return tell

    async def _come_up(self, client: mqtt.Client, told: asyncio.Queue[tuple[str, Any]]) -> How:
        try:
            what, code = await asyncio.wait_for(told.get(), ANSWER_SECONDS)
            if what != "connected" or code.is_failure:
                self._complain("MQTT broker refuses", str(code))
                how = refused(code) if what == "connected" else How.UNLIKE
                self.refusal = str(code) if how is How.UNWELCOME else ""
                return how
            if self._filters:
                client.subscribe(subscriptions(self._filters, client.protocol))
                what, codes = await asyncio.wait_for(told.get(), ANSWER_SECONDS)
                if what != "subscribed":
                    return How.UNLIKE
                self._note_denied(codes)
        except TimeoutError:
            self._complain("MQTT broker is silent", "")
            return How.UNLIKE
        self._up()
        return How.UP

    def _note_denied(self, codes: Sequence[Any]) -> None:
        denied = [name for name, code in zip(self._filters, codes, strict=False) if code.is_failure]
        self.refusal = ", ".join(name for name in denied if name in self._vital)
        if denied:
            log.error("MQTT broker refuses subscriptions", extra={"filters": denied})

    def _up(self) -> None:
        now = self._clock()
        self.connected, self.since = True, now
        self.connects += 1
        self._complaints.forget()
        log.info("MQTT broker connected", extra={"broker": str(self.address)})
        for topic, payload in self._kept.items():
            self._publish(topic, payload, retain=True)
        _call(self._ups, now)

    async def _watch(self, told: asyncio.Queue[tuple[str, Any]], pump: Pump) -> None:
        """Until the connection is lost, or the thread died without a word."""
        while True:
            try:
                what, code = await asyncio.wait_for(told.get(), LOOK_SECONDS)
            except TimeoutError:
                if self.duplicate_id and time.monotonic() - self._losses[-1] > FLAP_SECONDS:
                    self.duplicate_id = False
                if pump.is_alive():
                    continue
                what, code = "lost", None
            if what == "lost":
                self._note_loss(code)
                return

    def _note_loss(self, code: Any) -> None:
        now = time.monotonic()
        self._losses.append(now)
        often = len(self._losses) == FLAPS and now - self._losses[0] < FLAP_SECONDS
        self.duplicate_id = getattr(code, "value", 0) == TAKEN_OVER or often
        level = logging.ERROR if self.duplicate_id else logging.WARNING
        log.log(level, "MQTT connection lost", extra={"reason": str(code), "duplicate_id": self.duplicate_id})

    async def _go_down(self, client: mqtt.Client, pump: Pump) -> None:
        was_up, self.connected = self.connected, False
        self._client = None
        if was_up:
            self.since = None
            _call(self._downs, self._clock())
            await self._say_offline(client)
        client.disconnect()
        pump.end()
        for _ in range(50):
            if not pump.is_alive():
                break
            await asyncio.sleep(0.01)

    async def _say_offline(self, client: mqtt.Client) -> None:
        """A goodbye of our own: the last will is for those who die without one."""
        if not client.is_connected():
            return
        goodbye = client.publish(self.status_topic, b"offline", qos=1, retain=True)
        for _ in range(20):
            # asked of a message that found no connection, is_published() raises
            if goodbye.rc != mqtt.MQTT_ERR_SUCCESS or not client.is_connected() or goodbye.is_published():
                return
            await asyncio.sleep(0.02)

    def _publish(self, topic: str, payload: bytes, retain: bool, properties: Properties | None = None) -> None:
        if self._client:
            self._client.publish(topic, payload, qos=QOS, retain=retain, properties=properties)
            self.published += 1

    # messages: the first half runs in paho's thread

    def _on_message(self, client: mqtt.Client, _userdata: object, message: mqtt.MQTTMessage) -> None:
        queue = self._queue
        if len(queue) == self._capacity:
            self.lost += 1
        queue.append(message)
        if not self._woken and self._loop:
            self._woken = True
            self._loop.call_soon_threadsafe(self._drain)

    def _drain(self) -> None:
        """Hand over what has come. While messages flow, look again a moment later instead of being woken for each."""
        queue, batch = self._queue, []
        for _ in range(min(len(queue), BATCH)):
            message = queue.popleft()
            try:
                batch.append(arrived(message))
            except UnicodeDecodeError:
                self.faults += 1
        if self._loop:
            if len(batch) >= FLOWING:
                self._loop.call_later(0 if queue else LOOK_AGAIN, self._drain)
            else:
                self._woken = False
                if queue:  # it came before the flag fell, so nobody woke us for it
                    self._woken = True
                    self._loop.call_soon(self._drain)
        self.received += len(batch)
        try:
            self._on_messages(batch)
        except Exception:
            self.faults += 1
            log.exception("MQTT messages could not be handled")


def _call(handlers: Iterable[Callable[[datetime], None]], now: datetime) -> None:
    for handler in handlers:
        try:
            handler(now)
        except Exception:
            log.exception("MQTT connection handler failed")
