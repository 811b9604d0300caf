"""The client on a real broker: it comes up late, survives a stop, and nothing in a message ends its thread."""

import asyncio
import gc
import socket
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

import paho.mqtt.client as mqtt
import pytest
import trustme
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.reasoncodes import ReasonCode

from devices.broker import client as paho_client
from devices.broker import connection
from devices.broker.client import V5, V311, Address, Pace, addresses, without_secrets
from devices.broker.connection import Broker, Message
from devices.broker.embedded import EmbeddedBroker
from devices.broker.wire import Pump
from devices.topics import BadTopic
from registry.core.errors import Unavailable
from tests.servers import Mosquitto, free_port, no_delay

pytestmark = pytest.mark.anyio
STATUS = "izba/status"
SPEED = 10


async def until(true: Callable[[], Any], seconds: float = 30.0) -> None:
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "it never came true"
        await asyncio.sleep(0.01)


def now() -> datetime:
    return datetime.now(UTC)


class Other:
    """Another program on the same broker. Once it is made, nothing that is said on its topics passes it by."""

    def __init__(self, port: int, *filters: str, client_id: str = "") -> None:
        self.heard: list[tuple[str, bytes, bool]] = []
        self.client = mqtt.Client(CallbackAPIVersion.VERSION2, client_id=client_id)
        self.client.on_socket_open = no_delay
        hears = threading.Event()
        self.client.on_message = lambda _c, _u, m: self.heard.append((m.topic, bytes(m.payload), m.retain))
        self.client.on_connect = lambda c, *_: c.subscribe([(name, 1) for name in filters]) if filters else hears.set()
        self.client.on_subscribe = lambda *_: hears.set()
        self.client.connect("127.0.0.1", port)
        self.client.loop_start()
        assert hears.wait(30), "the broker does not answer"

    def say(self, topic: str, payload: bytes | str, retain: bool = False) -> None:
        self.client.publish(topic, payload, 1, retain).wait_for_publish(30)

    def last(self, topic: str) -> bytes | None:
        return next((payload for name, payload, _ in reversed(self.heard) if name == topic), None)

    def close(self) -> None:
        self.client.disconnect()
        self.client.loop_stop()


class Mine:
    """Our client with a notebook."""

    def __init__(self, where: tuple[Address, ...], client_id: str = "izba-test", **more: Any) -> None:
        self.heard: list[Message] = []
        self.ups: list[datetime] = []
        self.downs: list[datetime] = []
        self.broker = Broker(where, client_id, STATUS, now, **more)
        self.gaps: list[int] = []
        self.broker.on_messages(self.take)
        self.broker.on_gap(lambda: self.gaps.append(self.broker.lost))
        self.broker.listen(["in/#"])
        self.broker.on_up(self.ups.append)
        self.broker.on_down(self.downs.append)

    def take(self, batch: list[Message]) -> None:
        self.heard += batch
        if any(message.payload == b"raise" for message in batch):
            raise ValueError("a handler's own fault")

    async def __aenter__(self) -> "Mine":
        await self.broker.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.broker.stop()


async def test_messages_arrive_in_order_and_a_failing_handler_ends_nothing(mosquitto: Mosquitto) -> None:
    async with Mine(addresses(mosquitto.url)) as mine:
        await until(lambda: mine.ups)
        other = Other(mosquitto.port)
        for payload in ("1", "raise", "2", "3"):
            other.say("in/a", payload)
        await until(lambda: len(mine.heard) == 4)
        other.close()
        assert [message.payload for message in mine.heard] == [b"1", b"raise", b"2", b"3"]
        assert mine.broker.faults >= 1
        assert mine.broker.connected
        assert not mine.heard[0].retained


async def test_a_topic_that_is_not_utf8_is_counted_and_survived(mosquitto: Mosquitto) -> None:
    async with Mine(addresses(mosquitto.url)) as mine:
        await until(lambda: mine.ups)
        message = mqtt.MQTTMessage(topic=b"in/\xff")
        mine.broker._on_message(mqtt.Client(CallbackAPIVersion.VERSION2), None, message)
        await until(lambda: mine.broker.faults == 1)
        assert mine.broker.connected


async def test_it_waits_for_a_broker_and_heals_after_a_stop(mosquitto: Mosquitto) -> None:
    mosquitto.stop()
    async with Mine(addresses(mosquitto.url)) as mine:
        mine.broker.retain("out/state", b"before")
        await asyncio.sleep(0.3)
        assert not mine.ups
        mosquitto.start()
        await until(lambda: mine.ups)
        mosquitto.stop()
        await until(lambda: mine.downs)
        assert not mine.broker.connected
        assert not mine.broker.send("out/once", b"lost on purpose")
        mine.broker.retain("out/state", b"after")
        await asyncio.sleep(0.5)
        mosquitto.start()
        await until(lambda: len(mine.ups) == 2)
        other = Other(mosquitto.port, "out/#", STATUS)
        await until(lambda: other.last("out/state") == b"after" and other.last(STATUS) == b"online")
        assert other.last("out/once") is None
        other.say("in/a", "heard again")
        await until(lambda: mine.heard)
        other.close()


@pytest.fixture
def planned_waits(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """How long our clients meant to wait after each attempt, in which there is no chance here; they wait a tenth."""
    waits: list[float] = []
    next_wait = Pace.next_wait

    def note(self: Pace, lasted: float, is_unwelcome: bool) -> float:
        waits.append(next_wait(self, lasted, is_unwelcome))
        return waits[-1] / SPEED

    monkeypatch.setattr(paho_client, "JITTER", 0)
    monkeypatch.setattr(Pace, "next_wait", note)
    return waits


@pytest.fixture
def attempts(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """When our clients tried to connect."""
    moments: list[float] = []
    connect = mqtt.Client.connect

    def count(self: mqtt.Client, *about: Any, **more: Any) -> Any:
        if self._client_id == b"izba-test":
            moments.append(time.monotonic())
        return connect(self, *about, **more)

    monkeypatch.setattr(mqtt.Client, "connect", count)
    return moments


async def test_a_broker_that_was_away_for_long_is_found_soon_after_its_return(
    mosquitto: Mosquitto, attempts: list[float], planned_waits: list[float], caplog: pytest.LogCaptureFixture
) -> None:
    async with Mine(addresses(mosquitto.url)) as mine:
        await until(lambda: mine.ups)
        mosquitto.stop()
        await until(lambda: mine.downs)
        attempts.clear()
        await until(lambda: len(attempts) == 5)
        waits = [later - earlier for earlier, later in pairwise(attempts)]
        # never sooner than meant; a busy machine may add to it, so what is meant is asked too
        assert all(plan / SPEED - 0.005 < wait for plan, wait in zip((1, 2, 4, 4), waits, strict=True)), waits
        assert planned_waits[:5] == [0.5, 1, 2, 4, 4], "no other doubling"
        mosquitto.start()
        await until(lambda: len(mine.ups) == 2)
        assert set(planned_waits[5:]) <= {4}
    assert caplog.text.count("does not answer") == 1, "a long outage is one line"


async def test_a_broker_that_refuses_the_password_is_not_hammered(
    mosquitto: Mosquitto, attempts: list[float], planned_waits: list[float], caplog: pytest.LogCaptureFixture
) -> None:
    settings = mosquitto.home / "mosquitto.conf"
    settings.write_text(settings.read_text().replace("allow_anonymous true", "allow_anonymous false"))
    mosquitto.stop()
    mosquitto.start()
    async with Mine(addresses(mosquitto.url, "izba", "wrong")) as mine:
        await until(lambda: len(planned_waits) == 4)  # the fourth has been answered too
        assert not mine.ups
        assert mine.broker.address == mine.broker.where[0], "another protocol would change nothing"
        refusal = mine.broker.refusal
        assert "authorized" in refusal.lower()
        waits = [later - earlier for earlier, later in pairwise(attempts[:4])]
        assert all(plan / SPEED - 0.005 < wait for plan, wait in zip((0.5, 1, 2), waits, strict=True)), waits
        mosquitto.stop()
        await until(lambda: not mine.broker.refusal)
        assert planned_waits[:3] == [0.5, 1, 2]
    # the attempt that its stop cut off is another reason
    reasons = [vars(record)["reason"] for record in caplog.records if record.message == "MQTT broker refuses"]
    assert reasons.count(refusal) == 1


@pytest.mark.usefixtures("planned_waits")
async def test_a_broker_that_dies_in_the_greeting_is_not_asked_in_a_tight_loop(attempts: list[float]) -> None:
    """It takes the connection and is gone: the next protocol finds nobody, and that is waited for too."""
    port = free_port()
    with socket.create_server(("127.0.0.1", port)) as server:
        async with Mine(addresses(f"mqtt://127.0.0.1:{port}")):
            await asyncio.to_thread(lambda: server.accept()[0].close())
            server.close()
            await until(lambda: len(attempts) == 5)
    _, *waits = [later - earlier for earlier, later in pairwise(attempts)]  # the other protocol is tried at once
    assert all(plan / SPEED - 0.005 < wait for plan, wait in zip((0.5, 1, 2), waits, strict=True)), waits


async def test_all_goes_over_tls_too(mosquitto: Mosquitto, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    authority, port, many = trustme.CA(), free_port(), 2000
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    authority.issue_cert("127.0.0.1").private_key_and_cert_chain_pem.write_to_path(tmp_path / "broker.pem")
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
    (tmp_path / "broker.pem").chmod(0o644)
    with (mosquitto.home / "mosquitto.conf").open("a") as conf:
        conf.write(f"listener {port} 127.0.0.1\ncertfile {tmp_path}/broker.pem\nkeyfile {tmp_path}/broker.pem\n")
    mosquitto.stop()
    mosquitto.start()
    async with Mine(addresses(f"mqtts://127.0.0.1:{port}")) as mine:
        await until(lambda: mine.ups)
        other, large = Other(mosquitto.port, "out/#"), b"x" * 300_000
        other.say("in/large", large)
        for number in range(many):
            other.client.publish("in/a", str(number), 1)
        mine.broker.retain("out/large", large)
        for number in range(many):
            mine.broker.send(f"out/{number}", str(number).encode())
        await until(lambda: len(mine.heard) == len(other.heard) == many + 1, 120)
        assert mine.heard[0].payload == other.heard[0][1] == large
        assert [int(message.payload) for message in mine.heard[1:]] == list(range(many))
        other.close()
        mosquitto.stop()
        await until(lambda: mine.downs)
        mosquitto.start()
        await until(lambda: len(mine.ups) == 2)


# paho leaves the socket of a greeting that failed to the garbage collector
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_a_stop_does_not_wait_for_a_connection_that_hangs(monkeypatch: pytest.MonkeyPatch) -> None:
    """A port that takes the connection and never answers the greeting of TLS."""
    monkeypatch.setattr(paho_client, "CONNECT_SECONDS", 120.0)

    async def try_for_a_moment(port: int) -> None:
        async with Mine(addresses(f"mqtts://127.0.0.1:{port}")):
            await asyncio.sleep(0.3)

    with socket.create_server(("127.0.0.1", 0)) as server:
        began = time.monotonic()
        asyncio.run(try_for_a_moment(server.getsockname()[1]))
        assert time.monotonic() - began < 30
        # as long as the port is there, it hangs
        hanging = [thread for thread in threading.enumerate() if thread.name == "mqtt-connect"]
        assert hanging
    for thread in hanging:
        thread.join(30)
    gc.collect()


async def test_a_connection_that_comes_too_late_says_goodbye(
    mosquitto: Mosquitto, monkeypatch: pytest.MonkeyPatch
) -> None:
    other, connect = Other(mosquitto.port, STATUS), mqtt.Client.connect
    called, unwanted, opened = threading.Event(), threading.Event(), threading.Event()

    def slow(self: mqtt.Client, *about: Any, **more: Any) -> Any:
        called.set()
        unwanted.wait(30)
        answer = connect(self, *about, **more)
        opened.set()
        return answer

    monkeypatch.setattr(mqtt.Client, "connect", slow)
    async with Mine(addresses(mosquitto.url)):
        await until(called.is_set)
    unwanted.set()
    await until(opened.is_set)
    await asyncio.sleep(0.5)
    assert other.heard == [], "its last will would say that we are gone, whoever took over"
    monkeypatch.undo()
    other.close()


async def test_the_last_will_and_the_goodbye(mosquitto: Mosquitto) -> None:
    other = Other(mosquitto.port, STATUS)
    async with Mine(addresses(mosquitto.url)) as mine:
        await until(lambda: other.last(STATUS) == b"online")
        connection = mine.broker._client.socket() if mine.broker._client else None
        assert connection is not None
        connection.shutdown(2)
        await until(lambda: (STATUS, b"offline", False) in other.heard)
        await until(lambda: len(mine.ups) == 2)
        await until(lambda: other.last(STATUS) == b"online")
    await until(lambda: other.last(STATUS) == b"offline")
    other.close()


def die_without_a_word(port: int, client_id: str) -> None:
    """An earlier session of ours whose last will the broker publishes only now."""
    client = mqtt.Client(CallbackAPIVersion.VERSION2, client_id=client_id)
    client.will_set(STATUS, b"offline", 1, retain=True)
    client.connect("127.0.0.1", port)
    client.loop()
    connection = client.socket()
    assert connection is not None
    connection.close()


@pytest.mark.parametrize("version", [0, 1], ids=["MQTT 5", "MQTT 3.1.1"])
async def test_a_last_will_that_comes_late_is_put_right(mosquitto: Mosquitto, version: int) -> None:
    other = Other(mosquitto.port, STATUS)
    async with Mine((addresses(mosquitto.url)[version],)) as mine:
        await until(lambda: other.last(STATUS) == b"online")
        die_without_a_word(mosquitto.port, "the-leader-before")
        await until(lambda: (STATUS, b"offline", False) in other.heard)
        await until(lambda: other.last(STATUS) == b"online")
        late = Other(mosquitto.port, STATUS)
        await until(lambda: late.heard == [(STATUS, b"online", True)])
        late.close()
        assert mine.heard == [], "it is no message for anybody else"
    await until(lambda: other.last(STATUS) == b"offline")
    other.close()


async def test_the_status_on_the_embedded_broker_is_put_right_too() -> None:
    embedded = EmbeddedBroker(free_pair())
    await embedded.start()
    try:
        async with Mine(embedded.where):
            other = Other(embedded.port, STATUS)
            await until(lambda: other.last(STATUS) == b"online")
            other.say(STATUS, b"offline", retain=True)
            await until(lambda: (STATUS, b"offline") in [one[:2] for one in other.heard])
            await until(lambda: other.last(STATUS) == b"online")
            other.close()
    finally:
        await embedded.stop()


async def test_who_says_offline_again_and_again_causes_no_storm(mosquitto: Mosquitto) -> None:
    async with Mine(addresses(mosquitto.url)) as mine:
        other = Other(mosquitto.port, STATUS)
        await until(lambda: other.last(STATUS) == b"online")
        published, began = mine.broker.published, time.monotonic()
        for _ in range(100):
            other.say(STATUS, b"offline", retain=True)
            await asyncio.sleep(0.01)
        await until(lambda: other.last(STATUS) == b"online")
        took = time.monotonic() - began
        assert 1 <= mine.broker.published - published <= 1 + took / connection.CONTRADICT_SECONDS
        other.close()


async def test_a_refused_subscription_is_a_refusal_unless_it_is_the_status(mosquitto: Mosquitto) -> None:
    async with Mine(addresses(mosquitto.url)) as mine:
        await until(lambda: mine.ups)
        assert mine.broker.refusal == ""
        granted, denied = (
            ReasonCode(PacketTypes.SUBACK, "Granted QoS 1"),
            ReasonCode(PacketTypes.SUBACK, aName="Not authorized"),
        )
        mine.broker._note_denied([denied, granted])
        assert mine.broker.refusal == ""
        mine.broker._note_denied([denied, denied])
        assert mine.broker.refusal == "in/#"


@pytest.mark.usefixtures("planned_waits")
async def test_the_thread_that_dies_without_a_word_is_noticed(
    mosquitto: Mosquitto, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection, "LOOK_SECONDS", 0.2)
    async with Mine(addresses(mosquitto.url)) as mine:
        await until(lambda: mine.ups)
        client = mine.broker._client
        assert client is not None
        client.on_disconnect = None
        pumps = [thread for thread in threading.enumerate() if isinstance(thread, Pump)]
        next(pump for pump in pumps if pump._client is client).end()  # another's may be just ending
        await until(lambda: len(mine.ups) == 2)


async def test_no_thread_is_left_behind(mosquitto: Mosquitto) -> None:
    async with Mine(addresses(mosquitto.url), client_id="izba-alone") as mine:
        await until(lambda: mine.ups)
    await until(lambda: not any("izba-alone" in thread.name for thread in threading.enumerate()))


async def test_nothing_goes_out_on_a_wildcard(mosquitto: Mosquitto) -> None:
    async with Mine(addresses(mosquitto.url)) as mine:
        await until(lambda: mine.ups)
        with pytest.raises(BadTopic):
            mine.broker.retain("rooms/+/state", b"x")
        with pytest.raises(BadTopic):
            mine.broker.send("rooms/#", b"x")
        assert mine.broker.connected


@pytest.mark.usefixtures("planned_waits")
async def test_two_with_one_id_are_noticed(mosquitto: Mosquitto) -> None:
    async with Mine(addresses(mosquitto.url), client_id="same") as mine:
        await until(lambda: mine.ups)
        for losses in range(1, 4):
            thief = Other(mosquitto.port, client_id="same")
            await until(lambda losses=losses: len(mine.downs) == losses)  # type: ignore[misc]
            thief.close()
            await until(lambda losses=losses: len(mine.ups) == losses + 1)  # type: ignore[misc]
        assert mine.broker.duplicate_id


def test_what_costs_much_is_handed_over_in_small_batches() -> None:
    """A flood of what nobody has seen before holds up no page for longer than a moment at a time."""
    broker = Broker(addresses("mqtt://127.0.0.1"), "izba-test", STATUS, now)
    sizes = []
    for cost in (0.000_001, 0.000_5, 0.000_5, 0.01, 0.000_001, 0.000_001, 0.000_001, 0.000_001, 0.000_001, 0.000_001):
        broker._fit_batches(broker._batch_size, broker._batch_size * cost)
        sizes.append(broker._batch_size)
    assert sizes == [512, 16, 16, 16, 32, 64, 128, 256, 512, 512]
    broker._fit_batches(0, 0.0)
    assert broker._batch_size == 512, "nothing came, nothing is known"


async def test_what_overflows_is_counted_and_the_newest_is_kept(mosquitto: Mosquitto) -> None:
    async with Mine(addresses(mosquitto.url), capacity=10) as mine:
        await until(lambda: mine.ups)
        message = mqtt.MQTTMessage(topic=b"in/a")
        client = mqtt.Client(CallbackAPIVersion.VERSION2)
        for number in range(30):
            message = mqtt.MQTTMessage(topic=b"in/a")
            message.payload = str(number).encode()
            mine.broker._on_message(client, None, message)
        await until(lambda: mine.heard)
        assert mine.broker.lost == 20
        assert mine.gaps == [20]
        assert [one.payload for one in mine.heard] == [str(number).encode() for number in range(20, 30)]


async def test_what_waits_is_bounded_by_its_bytes(mosquitto: Mosquitto, monkeypatch: pytest.MonkeyPatch) -> None:
    """Few large messages or long topics fill the memory as many small ones do."""
    monkeypatch.setattr(connection, "CAPACITY_BYTES", 1000)
    async with Mine(addresses(mosquitto.url)) as mine:
        await until(lambda: mine.ups)
        client = mqtt.Client(CallbackAPIVersion.VERSION2)
        for number in range(30):
            message = mqtt.MQTTMessage(topic=b"in/" + b"a" * 47)
            message.payload = bytes([number]) * 50
            mine.broker._on_message(client, None, message)
        await until(lambda: mine.heard)
        assert [one.payload[0] for one in mine.heard] == [*range(20, 30)]
        assert mine.broker.lost == 20
        other = Other(mosquitto.port)
        other.say("in/a", "afterwards")
        await until(lambda: len(mine.heard) == 11)
        assert (mine.broker._bytes_in - mine.broker._bytes_out, mine.broker.lost) == (0, 20)
        other.close()


def test_an_address_is_shown_without_its_secrets() -> None:
    assert without_secrets("mqtts://izba:s%40crt@broker.example:8883") == "mqtts://broker.example:8883"
    assert without_secrets("mqtt://broker.example") == "mqtt://broker.example"


def test_addresses_try_mqtt_5_first_and_hide_the_password() -> None:
    first, second = addresses("mqtts://izba:s%40crt@broker.example", "ignored")
    assert (first.protocol, second.protocol) == (V5, V311)
    assert (first.host, first.port, first.tls, first.username, first.password) == (
        "broker.example", 8883, True, "izba", "s@crt",
    )  # fmt: skip
    assert "s@crt" not in str(first)


# the embedded broker


def free_pair() -> int:
    while True:
        port = free_port()
        try:
            EmbeddedBroker(port).check_ports()
        except Unavailable:
            continue
        return port


async def test_the_embedded_broker_speaks_both_versions_and_stops_at_once() -> None:
    embedded = EmbeddedBroker(free_pair())
    await embedded.start()
    try:
        async with Mine(embedded.where) as mine:
            await until(lambda: mine.ups)
            assert mine.broker.address
            assert mine.broker.address.protocol == V5
            other = Other(embedded.port, STATUS)  # MQTT 3.1.1
            await until(lambda: other.last(STATUS) == b"online")
            other.say("in/a", "across the versions")
            await until(lambda: mine.heard)
            other.close()
    finally:
        began = time.monotonic()
        await embedded.stop()
    assert time.monotonic() - began < 15
    embedded.check_ports()


async def test_a_broker_of_the_old_version_alone_is_spoken_to() -> None:
    embedded = EmbeddedBroker(free_pair())
    await embedded.start()
    try:
        async with Mine(addresses(embedded.url)) as mine:
            await until(lambda: mine.ups)
            assert mine.broker.address
            assert mine.broker.address.protocol == V311
    finally:
        await embedded.stop()


@pytest.mark.parametrize("offset", [0, 1])
async def test_a_taken_port_is_named_before_anything_starts(offset: int) -> None:
    port = free_pair()
    embedded = EmbeddedBroker(port)
    with socket.create_server(("127.0.0.1", port + offset)), pytest.raises(Unavailable) as refused:
        await embedded.start()
    assert refused.value.code == "port.taken"
    assert refused.value.params["port"] == port + offset
    assert not embedded.is_running


def test_the_embedded_broker_ends_with_its_parent() -> None:
    """Even kill -9 of the parent closes the pipe that the child watches."""
    import os
    import signal
    import subprocess
    import sys

    port = free_pair()
    code = (
        "import asyncio, time\nfrom devices.broker.embedded import EmbeddedBroker\n"
        f"asyncio.run(EmbeddedBroker({port}).start())\nprint('up', flush=True)\ntime.sleep(60)"
    )
    parent = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE)
    assert parent.stdout is not None
    assert parent.stdout.readline() == b"up\n"
    with pytest.raises(Unavailable):
        EmbeddedBroker(port).check_ports()
    os.kill(parent.pid, signal.SIGKILL)
    parent.wait()
    parent.stdout.close()
    end = time.monotonic() + 30
    while True:
        try:
            EmbeddedBroker(port).check_ports()
            break
        except Unavailable:
            assert time.monotonic() < end, "the child outlived its parent"
            time.sleep(0.02)
