"""The embedded broker's known weakness, and that it is mended while clients wait."""

import asyncio
import threading
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import paho.mqtt.client as mqtt
import pytest
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from config.checks import checks
from devices.broker import embedded
from devices.broker.client import V5, V311
from devices.broker.embedded import EmbeddedBroker, takes_clients
from devices.run import DeviceLayer
from tests.conftest import Database
from tests.devices.broker.test_connection import until as heard_until
from tests.servers import free_port, no_delay
from web.app import SiteOptions, create_site

pytestmark = pytest.mark.anyio


def free_pair() -> int:
    while True:
        port = free_port()
        if not embedded._is_taken(port + 1):
            return port


def client(port: int, version: mqtt.MQTTProtocolVersion, topic: str = "") -> mqtt.Client:
    """Connected, and with a topic subscribed to it."""
    client = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2, protocol=version, client_id=f"c{time.time_ns()}")
    client.on_socket_open = no_delay
    connected, subscribed = threading.Event(), threading.Event()
    client.on_connect = lambda *_: connected.set()
    client.on_subscribe = lambda *_: subscribed.set()
    client.connect("127.0.0.1", port)
    client.loop_start()
    assert connected.wait(20)
    if topic:
        client.subscribe(topic, qos=1)
        assert subscribed.wait(20)
    return client


@asynccontextmanager
async def breaking_the_older_port(port: int) -> AsyncIterator[None]:
    """A subscriber of MQTT 3.1.1 is sent what a publisher of MQTT 5 gave properties, and comes back."""
    older, newer = await asyncio.to_thread(lambda: (client(port, V311, "t"), client(port + 1, V5)))
    properties = Properties(PacketTypes.PUBLISH)  # type: ignore[no-untyped-call]  # paho's is untyped
    properties.ResponseTopic = "x/y"
    newer.publish("t", "x", qos=1, properties=properties)
    try:
        yield
    finally:
        for one in (older, newer):
            one.loop_stop()


async def becomes(true: Callable[[], Awaitable[bool]], otherwise: str = "it never came true") -> None:
    """Wait until it holds: a busy machine may be slow to answer, and that is not what is asked here."""
    until = time.monotonic() + 60
    while not await true():
        assert time.monotonic() < until, otherwise
        await asyncio.sleep(0.1)


@pytest.fixture
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """A probe waits for as long as a busy machine may need."""
    monkeypatch.setattr(embedded, "PROBE_TIMEOUT", 30.0)
    monkeypatch.setattr(embedded, "PATIENCE", 60.0)


async def test_a_port_that_takes_nobody_any_more_is_mended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(embedded, "PROBE_SECONDS", 0.5)
    broker = EmbeddedBroker(free_pair())
    await broker.start()
    try:
        await becomes(broker.answers)
        former = broker.restarts

        async def is_mended() -> bool:
            return broker.restarts > former and await broker.answers()

        async with breaking_the_older_port(broker.port):
            await becomes(is_mended, "the port stayed deaf")
    finally:
        await broker.stop()
    assert not await takes_clients(broker.port, V311)


@pytest.mark.databases("sqlite")
async def test_a_deaf_port_is_not_ready(database: Database, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """We are connected by MQTT 5 all the while; devices of 3.1.1 find nobody, and /readyz says so."""
    monkeypatch.setattr(embedded, "PROBE_SECONDS", 60.0)  # not mended meanwhile
    port = free_pair()
    devices = DeviceLayer(url=f"mqtt://127.0.0.1:{port}", secret_key="s" * 32, embedded_port=port)
    app = create_site(SiteOptions(secret_key="k" * 40, data_dir=tmp_path))
    app.state.checks = checks(database.context, devices)
    await devices.start()
    try:
        assert await devices.wait_until_connected()
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://test") as anyone:

            async def is_ready() -> bool:
                return bool((await anyone.get("/readyz")).json()["checks"]["broker"] == "ok")

            async def is_refused() -> bool:
                return not await is_ready()

            await becomes(is_ready)
            async with breaking_the_older_port(port):
                await becomes(is_refused)
                refused = await anyone.get("/readyz")
        assert devices.is_connected
        assert (refused.status_code, refused.json()["code"]) == (503, "broker.away")
        assert str(port) in refused.json()["checks"]["broker"]
        assert refused.json()["checks"]["database"] == "ok"
    finally:
        await devices.stop()


@pytest.mark.usefixtures("patient")
async def test_readiness_asked_often_probes_seldom(monkeypatch: pytest.MonkeyPatch) -> None:
    probed: list[int] = []

    async def hears(port: int, protocol: mqtt.MQTTProtocolVersion) -> bool:
        probed.append(port)
        # one in some hundred is turned away because another comes at the same moment
        return await takes_clients(port, protocol) or await takes_clients(port, protocol)

    monkeypatch.setattr(embedded, "KNOWN_SECONDS", 3600.0)
    broker = EmbeddedBroker(free_pair())
    await broker.start()
    monkeypatch.setattr(embedded, "takes_clients", hears)
    try:
        assert all(await asyncio.gather(*(broker.serves() for _ in range(50))))
        assert await broker.serves()
        assert sorted(probed) == [broker.port, broker.port + 1]
        broker._known_until = 0
        assert await broker.serves()
        assert len(probed) == 4
    finally:
        await broker.stop()
    broker._known_until = 0
    assert not await broker.serves()


def memory_of(child: int) -> int:
    """Megabytes."""
    status = Path(f"/proc/{child}/status").read_text()
    return int(status.split("VmRSS:")[1].split()[0]) // 1024


async def test_the_broker_does_not_grow_with_what_it_has_passed_on() -> None:
    """It keeps what it passed on until a limit is reached, which must not be the memory of the machine."""
    broker = EmbeddedBroker(free_pair())
    await broker.start()
    reader, writer = client(broker.port, V311, "t"), client(broker.port, V311)
    sizes: list[int] = []
    reader.on_message = lambda _c, _u, message: sizes.append(len(message.payload))
    try:
        assert broker._child
        before = memory_of(broker._child.pid)
        for number in range(400):
            writer.publish("t", b"x" * 200_000, 1)
            await heard_until(lambda number=number: number - len(sizes) <= 20)  # type: ignore[misc]
        await heard_until(lambda: len(sizes) == 400)  # 80 MB went through
        assert memory_of(broker._child.pid) - before < 50
    finally:
        for one in (reader, writer):
            one.disconnect()
            one.loop_stop()
        await broker.stop()


async def test_the_watch_survives_whatever_goes_wrong(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(embedded, "PROBE_SECONDS", 0.05)
    broker = EmbeddedBroker(free_pair())
    await broker.start()
    faults = [RuntimeError("can't start new thread"), OSError("no file left")]
    start = broker._start_child

    async def fails() -> None:
        if faults:
            raise faults.pop()
        await start()

    monkeypatch.setattr(broker, "_start_child", fails)
    try:
        await broker._stop_child()

        async def runs() -> bool:
            return broker.is_running and await broker.answers()

        await becomes(runs, "nobody started it anew")
        assert broker.restarts >= 3
    finally:
        await broker.stop()


@pytest.mark.usefixtures("patient")
async def test_probes_do_not_end_each_other() -> None:
    broker = EmbeddedBroker(free_pair())
    await broker.start()
    try:
        for _ in range(30):
            assert all(await asyncio.gather(*(broker.answers() for _ in range(3))))
    finally:
        await broker.stop()


@pytest.mark.usefixtures("patient")
async def test_a_healthy_broker_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(embedded, "PROBE_SECONDS", 0.1)
    broker = EmbeddedBroker(free_pair())
    await broker.start()
    await asyncio.sleep(1)
    assert broker.restarts == 0
    await broker.stop()
