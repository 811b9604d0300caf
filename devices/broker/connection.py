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
from typing import Any, NamedTuple

import paho.mqtt.client as mqtt
from paho.mqtt.properties import Properties
from paho.mqtt.subscribeoptions import SubscribeOptions

from devices.broker.client import (
    QOS,
    V5,
    Address,
    Complaints,
    Outcome,
    Pace,
    absence,
    answer_properties,
    connect,
    distrust,
    is_other_client,
    make_client,
    outcome_of,
    start_pump,
    subscriptions,
)
from devices.broker.receipts import UNHEARD, Receipts
from devices.broker.wire import Pump
from devices.topics import split
from registry.core.errors import N_, Reason

log = logging.getLogger(__name__)

# what waits for the loop: messages, and the bytes of their topics and payloads
CAPACITY, CAPACITY_BYTES = 65_536, 32 * 1024 * 1024
BATCH, LEAST_BATCH = 512, 16
TURN_SECONDS = 0.005  # of handing over, before others have their turn in the loop
FLOWING, LOOK_AGAIN = 4, 0.002
ANSWER_SECONDS = 5.0
LOOK_SECONDS = 2.0
ECHO_SECONDS = 10.0  # within which a broker of MQTT 3.1.1 hands back what we said, if it took it
FLAPS, FLAP_SECONDS = 3, 60.0
CONTRADICT_SECONDS = 0.5

# ("connected" | "subscribed" | "lost", its reason codes), from paho's thread
Signals = asyncio.Queue[tuple[str, Any]]


class Message(NamedTuple):
    """A message as the broker handed it over. ``second`` is the monotonic one of its arrival."""

    topic: str
    payload: bytes
    retained: bool
    second: float
    response_topic: str = ""
    correlation: bytes = b""


class Broker:
    """One connection for one instance. Everything but the paho callbacks runs in the loop."""

    def __init__(
        self,
        where: Sequence[Address],
        client_id: str,
        status_topic: str,
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
        self.received = self.lost = self.published = self.unpublished = self.connects = self.faults = 0
        # what is wrong, for readiness: another client has our id; what the broker refuses us; the topics it takes no
        # state for; why its certificate is not trusted; why it is not reached, or why the connection ended
        self.duplicate_id = False
        self.refusal = self.distrust = ""
        self.absence = Reason(N_("it has not been asked yet"))
        self._receipts = Receipts()
        self._clock, self._capacity = clock, capacity
        self._batches: list[Callable[[list[Message]], None]] = []
        self._gaps: list[Callable[[], None]] = []
        self._ups: list[Callable[[datetime], None]] = []
        self._downs: list[Callable[[datetime], None]] = []
        self._filters = {status_topic: SubscribeOptions(qos=QOS)}
        self._vital: set[str] = set()
        self._followed: set[str] = set()
        self._denied: set[str] = set()
        self._asked: deque[list[str]] = deque()  # what was asked for and is not answered yet
        self._retained: dict[str, bytes] = {status_topic: b"online"}
        self._queue: deque[Message] = deque()
        # the one is counted by paho's thread alone, the other by the loop: what came and was not dropped, what went on
        self._bytes_in = self._bytes_out = self._lost_before = 0
        self._woken = self._contradicts = self._hears_itself = False
        self._batch_size = BATCH
        self._losses: deque[float] = deque(maxlen=FLAPS)
        self._complaints = Complaints()
        self._client: mqtt.Client | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._task: asyncio.Task[None] | None = None

    # what others call

    def on_messages(self, handler: Callable[[list[Message]], None]) -> None:
        """Call this with every batch of messages."""
        self._batches.append(handler)

    def on_gap(self, handler: Callable[[], None]) -> None:
        """Call this after messages were lost on our side, because more came than could be handed over."""
        self._gaps.append(handler)

    def on_up(self, handler: Callable[[datetime], None]) -> None:
        """Call this when every subscription is granted, with the time from which nothing is missed."""
        self._ups.append(handler)

    def on_down(self, handler: Callable[[datetime], None]) -> None:
        """Call this when the connection is gone, with the time since which nothing is heard."""
        self._downs.append(handler)

    def listen(self, filters: Iterable[str]) -> None:
        """Topics to subscribe to at every connect. Overlapping filters deliver twice: give one tree per consumer."""
        fresh = dict.fromkeys(filters, SubscribeOptions(qos=QOS))
        self._filters.update(fresh)
        self._vital.update(fresh)

    def follow(self, topics: Iterable[str]) -> None:
        """Topics to subscribe to beside those of ``listen``, from now on and at every connect; those of an earlier call
        that are left out are not heard any more. What another filter brings already is not asked for twice.
        """
        former = self._filters.keys()
        fixed = [name for name in self._filters if name not in self._followed]
        single = [one for one in topics if one and not set(one) & set("+#\0")]
        own = {one for one in single if not any(mqtt.topic_matches_sub(name, one) for name in fixed)}
        fresh, gone = sorted(own - former), sorted(self._followed - own)
        for name in gone:
            del self._filters[name]
            self._vital.discard(name)
            self._denied.discard(name)
        self.listen(fresh)
        self._followed = own
        if self.connected and self._client:
            if gone:
                self._client.unsubscribe(gone)
            if fresh:
                self._ask(self._client, fresh)

    def retain(self, topic: str, payload: bytes) -> None:
        """Publish a retained state, now and at every connect. Never blocks. Raises BadTopic.

        An empty payload clears the topic, also at every connect.
        """
        if topic not in self._retained:
            split(topic)
        self._retained[topic] = payload
        if self.connected:
            self._publish(topic, payload, retain=True)

    def send(self, topic: str, payload: bytes, correlation: bytes = b"") -> bool:
        """Publish once, not retained. False when there is no broker: nothing is queued for later. Raises BadTopic."""
        split(topic)
        if not self.connected:
            return False
        properties = None
        if correlation and self.address and self.address.protocol == V5:
            properties = answer_properties(correlation)
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

    @property
    def untaken(self) -> dict[str, str]:
        """The topics whose retained state the broker refused to take from us, with its reason. MQTT 3.1.1 tells of
        none: there our own status is missed when it does not come back.
        """
        return self._receipts.refused

    # the connection

    async def _stay_connected(self) -> None:
        pace, turn = Pace(), 0
        while True:
            self.address = self.where[turn % len(self.where)]
            outcome, lasted = Outcome.AWAY, 0.0
            try:
                outcome, lasted = await self._session(self.address)
            except Exception as fault:
                # whatever it was, the next session is a new client
                self.faults += 1
                self._complain("MQTT session failed", str(fault), exc_info=True)
            turn = turn + 1 if outcome is Outcome.UNLIKE else 0
            if turn % len(self.where) == 0:
                is_unwelcome = outcome is Outcome.UNWELCOME or outcome is Outcome.UP and self.duplicate_id
                await asyncio.sleep(pace.next_wait(lasted, is_unwelcome))

    def _complain(self, what: str, reason: str, exc_info: bool = False, **about: str) -> None:
        if self._complaints.is_news(what + reason, time.monotonic()):
            log.warning(what, extra={"broker": str(self.address), "reason": reason, **about}, exc_info=exc_info)

    async def _session(self, address: Address) -> tuple[Outcome, float]:
        """One connection from first to last. Returns how it ended and for how many seconds it was up."""
        signals: Signals = asyncio.Queue()
        client = self._make_client(address, signals)
        try:
            await connect(client, address)
        except (OSError, ValueError) as fault:
            self._note_absence(fault)
            return Outcome.AWAY, 0.0
        self._client = client
        pump = start_pump(client, self.client_id)
        try:
            outcome, began = await self._come_up(client, signals), time.monotonic()
            if outcome is Outcome.UP:
                await self._watch(signals, pump)
            return outcome, time.monotonic() - began
        finally:
            await self._go_down(client, pump)

    def _note_absence(self, fault: Exception) -> None:
        self.refusal, self.distrust, self.absence = "", distrust(fault), absence(fault)
        if self.distrust:
            self._complain("MQTT broker's certificate is not trusted", self.distrust)
        else:
            self._complain("MQTT broker does not answer", str(fault))

    def _make_client(self, address: Address, signals: Signals) -> mqtt.Client:
        loop = self._loop
        if loop is None:
            raise RuntimeError("start() first")

        def note(name: str, codes: Any) -> None:
            loop.call_soon_threadsafe(signals.put_nowait, (name, codes))

        client = make_client(address, self.client_id, self.status_topic)
        client.on_connect = lambda _c, _u, _f, code, _p: note("connected", code)
        client.on_subscribe = lambda _c, _u, _m, codes, _p: note("subscribed", codes)
        client.on_disconnect = lambda _c, _u, _f, code, _p: note("lost", code)
        client.on_message = self._on_message
        receipts = self._receipts = Receipts()

        def note_receipt(_client: mqtt.Client, _userdata: object, mid: int, code: Any, _properties: object) -> None:
            if receipts.is_worth_a_look(mid, code):
                loop.call_soon_threadsafe(self._note_receipt, receipts, mid, code)

        client.on_publish = note_receipt
        return client

    def _note_receipt(self, receipts: Receipts, mid: int, code: Any) -> None:
        topic = receipts.note(mid, code)
        if code.is_failure:
            self.unpublished += 1
            self._complain("MQTT broker refuses what Izba publishes", str(code), topic=topic)

    async def _come_up(self, client: mqtt.Client, signals: Signals) -> Outcome:
        try:
            name, code = await asyncio.wait_for(signals.get(), ANSWER_SECONDS)
            self.distrust = ""
            if name != "connected" or code.is_failure:
                self._complain("MQTT broker refuses", str(code))
                self.absence = Reason(N_("it greets with “{detail}”"), detail=str(code))
                outcome = outcome_of(code) if name == "connected" else Outcome.UNLIKE
                self.refusal = str(code) if outcome is Outcome.UNWELCOME else ""
                return outcome
            self._asked.clear()
            self._denied.clear()
            self._ask(client, list(self._filters))
            name, codes = await asyncio.wait_for(signals.get(), ANSWER_SECONDS)
            if name != "subscribed":
                return Outcome.UNLIKE
            self._note_denied(codes)
        except TimeoutError:
            self.absence = Reason(N_("it takes the connection and says nothing"))
            self._complain("MQTT broker is silent", "")
            return Outcome.UNLIKE
        self._up()
        return Outcome.UP

    def _ask(self, client: mqtt.Client, filters: list[str]) -> None:
        self._asked.append(filters)
        client.subscribe(subscriptions({name: self._filters[name] for name in filters}, client.protocol))

    def _note_denied(self, codes: Sequence[Any]) -> None:
        """Of what was asked for first and is not answered yet, what the broker refuses."""
        request = self._asked.popleft() if self._asked else list(self._filters)
        denied = [name for name, code in zip(request, codes, strict=False) if code.is_failure]
        if self.status_topic in request:
            self._hears_itself = self.status_topic not in denied
        self._denied = self._denied.difference(request).union(name for name in denied if name in self._vital)
        self.refusal = ", ".join(name for name in self._filters if name in self._denied)
        if denied:
            log.error("MQTT broker refuses subscriptions", extra={"broker": str(self.address), "filters": denied})

    def _up(self) -> None:
        now = self._clock()
        self.connected, self.since = True, now
        self.connects += 1
        self._complaints.forget()
        log.info("MQTT broker connected", extra={"broker": str(self.address)})
        for topic, payload in self._retained.items():
            self._publish(topic, payload, retain=True)
        _call(self._ups, now)

    async def _watch(self, signals: Signals, pump: Pump) -> None:
        """Until the connection is lost, or the thread died without a word."""
        began = time.monotonic()
        while True:
            try:
                name, code = await asyncio.wait_for(signals.get(), LOOK_SECONDS)
            except TimeoutError:
                self._miss_echo(time.monotonic() - began)
                if self.duplicate_id and time.monotonic() - self._losses[-1] > FLAP_SECONDS:
                    self.duplicate_id = False
                if pump.is_alive():
                    continue
                name, code = "lost", None
            if name == "subscribed":
                self._note_denied(code)
            if name == "lost":
                self._note_loss(code)
                return

    def _miss_echo(self, seconds: float) -> None:
        """A broker of MQTT 3.1.1 says of a publish that it does not take what it says of any. But we listen to our own
        status, and what was taken comes back.
        """
        is_mute = self.address is not None and self.address.protocol != V5
        if is_mute and self._hears_itself and seconds > ECHO_SECONDS and self._receipts.miss(self.status_topic):
            self.unpublished += 1
            self._complain("MQTT broker refuses what Izba publishes", UNHEARD, topic=self.status_topic)

    def _note_loss(self, code: Any) -> None:
        now = time.monotonic()
        self._losses.append(now)
        often = len(self._losses) == FLAPS and now - self._losses[0] < FLAP_SECONDS
        self.duplicate_id = is_other_client(code, often)
        self.absence = Reason(N_("it ended the connection (“{detail}”)"), detail=str(code))
        about = {"broker": str(self.address), "reason": str(code), "client_id": self.client_id}
        if self.duplicate_id:
            log.error("MQTT connection lost: another client has Izba's id", extra=about)
        else:
            log.warning("MQTT connection lost", extra=about)

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
        goodbye = client.publish(self.status_topic, b"offline", qos=QOS, retain=True)
        for _ in range(20):
            # asked of a message that found no connection, is_published() raises
            if goodbye.rc != mqtt.MQTT_ERR_SUCCESS or not client.is_connected() or goodbye.is_published():
                return
            await asyncio.sleep(0.02)

    def _publish(self, topic: str, payload: bytes, retain: bool, properties: Properties | None = None) -> None:
        if self._client:
            mid = self._client.publish(topic, payload, qos=QOS, retain=retain, properties=properties).mid
            self._receipts.expect(mid, topic, is_state=retain)
            self.published += 1

    # messages: the first half runs in paho's thread

    def _on_message(self, _client: mqtt.Client, _userdata: object, received: mqtt.MQTTMessage) -> None:
        queue, loop = self._queue, self._loop
        try:
            message = message_of(received)
        except UnicodeDecodeError:
            self.faults += 1
            return
        if message.topic == self.status_topic:  # what was retained there is overwritten at every connect
            if loop and not message.retained:
                loop.call_soon_threadsafe(self._hear_status, message.payload)
            return
        self._bytes_in += len(message.topic) + len(message.payload)
        # whoever floods us loses the oldest of it, never our memory
        while len(queue) >= self._capacity or self._bytes_in - self._bytes_out > CAPACITY_BYTES:
            if not self._drop_oldest():
                break
        queue.append(message)
        if not self._woken and loop:
            self._woken = True
            loop.call_soon_threadsafe(self._drain)

    def _drop_oldest(self) -> bool:
        try:
            oldest = self._queue.popleft()
        except IndexError:  # the loop has just taken it
            return False
        self._bytes_in -= len(oldest.topic) + len(oldest.payload)
        self.lost += 1
        return True

    def _drain(self) -> None:
        """Hand over what has come. While messages flow, look again a moment later instead of being woken for each."""
        queue, batch = self._queue, []
        try:
            for _ in range(min(len(queue), self._batch_size)):
                message = queue.popleft()
                self._bytes_out += len(message.topic) + len(message.payload)
                batch.append(message)
        except IndexError:  # paho's thread dropped some meanwhile
            pass
        if self._loop:
            if len(batch) >= FLOWING:
                self._loop.call_later(0 if queue else LOOK_AGAIN, self._drain)
            else:
                self._woken = False
                if queue:  # it came before the flag fell, so nobody woke us for it
                    self._woken = True
                    self._loop.call_soon(self._drain)
        self.received += len(batch)
        began = time.monotonic()
        self.faults += _call(self._batches, batch)
        self._fit_batches(len(batch), time.monotonic() - began)
        if self.lost != self._lost_before:
            self._lost_before = self.lost
            _call(self._gaps)

    def _fit_batches(self, count: int, took: float) -> None:
        """What repeats itself is handed over in large batches; what costs more, such as a flood of what nobody has seen
        before, in small ones: nobody else in the loop waits longer for it.
        """
        if count:
            fitting = int(count * TURN_SECONDS / max(took, 1e-6))
            self._batch_size = max(LEAST_BATCH, min(BATCH, 2 * self._batch_size, fitting))

    def _hear_status(self, payload: bytes) -> None:
        """A last will of an earlier session, or of whoever led before, can come after we are online: it is put right,
        half a second later and never more often.
        """
        if payload == b"online":
            self._receipts.hear(self.status_topic)
        if payload != b"online" and self.connected and self._loop and not self._contradicts:
            self._contradicts = True
            self._loop.call_later(CONTRADICT_SECONDS, self._say_online)

    def _say_online(self) -> None:
        self._contradicts = False
        if self.connected:
            self._publish(self.status_topic, b"online", retain=True)


def message_of(message: mqtt.MQTTMessage) -> Message:
    """A message of paho as ours. Raises UnicodeDecodeError for a topic that is not UTF-8."""
    topic, payload = message.topic, bytes(message.payload)
    if message.properties is not None and topic.endswith("/command"):
        response_topic = getattr(message.properties, "ResponseTopic", "")
        correlation = getattr(message.properties, "CorrelationData", b"")
        return Message(topic, payload, message.retain, message.timestamp, response_topic, correlation)
    return Message(topic, payload, message.retain, message.timestamp)


def _call(handlers: Iterable[Callable[..., None]], *about: object) -> int:
    """Call each; one that fails hurts no other. Returns how many failed."""
    faults = 0
    for handler in handlers:
        try:
            handler(*about)
        except Exception:
            faults += 1
            log.exception("MQTT handler failed")
    return faults
