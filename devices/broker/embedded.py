"""The broker inside Izba, for the demo and one small office: rumqttd in a child process, on loopback only.

It has no access lists, hands at most 100 retained messages to a new subscription, and forgets them when it ends.
MQTT 3.1.1 is on the given port, MQTT 5 on the next one.
"""

import asyncio
import logging
import secrets
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from paho.mqtt.enums import MQTTProtocolVersion

from devices.broker.client import V5, V311, Address
from registry.core.errors import N_, Reason, Unavailable

log = logging.getLogger(__name__)

LOOPBACK = "127.0.0.1"
START_SECONDS = 30.0
STOP_SECONDS = 1.0
MAX_PAYLOAD = 2 * 1024 * 1024
# what it remembers of each subscription for readers that are slow, in bytes of topics and payloads, of which each takes
# about four in memory. It forgets only what does not fit: without a limit an office's broker would grow by 20 MB a day
SEGMENT, SEGMENTS = 256 * 1024, 12
PROBE_SECONDS, PROBE_TIMEOUT, PROBES, PAUSE_SECONDS = 5.0, 1.0, 3, 0.2
KNOWN_SECONDS, PATIENCE = 2.0, 2.5

_CONNACK, _DISCONNECT = b"\x20", b"\xe0\x00"

# The child ends when our end of its standard input closes, which kill -9 does too.
_CHILD = """
import os, sys, threading
sys.path[:] = [path for path in sys.path if path not in ("", ".")]
from iotcore import IotCoreBroker
threading.Thread(target=lambda: (sys.stdin.buffer.read(), os._exit(0)), daemon=True).start()
IotCoreBroker(config_path=sys.argv[1]).run_forever()
"""

_LISTENER = """
[{version}.1]
name = "{version}"
listen = "{host}:{port}"
next_connection_delay_ms = 1
[{version}.1.connections]
connection_timeout_ms = 5000
max_payload_size = {payload}
max_inflight_count = 200
dynamic_filters = true
"""

_ROUTER = """
id = 0
[router]
id = 0
max_connections = 10010
max_outgoing_packet_count = 200
max_segment_size = {segment}
max_segment_count = {segments}
"""


class EmbeddedBroker:
    """A broker of our own. ``port`` is for MQTT 3.1.1, the next one for MQTT 5.

    Each port is asked every few seconds whether it still takes a client, and the child is started anew when one does
    not: a message with MQTT 5 properties can end rumqttd's side for 3.1.1 while its port stays open.
    """

    def __init__(self, port: int) -> None:
        self.port = port
        self.restarts = 0
        self._child: subprocess.Popen[bytes] | None = None
        self._watch: asyncio.Task[None] | None = None
        self._asking: asyncio.Task[bool] | None = None
        self._known_until = 0.0

    @property
    def url(self) -> str:
        return f"mqtt://{LOOPBACK}:{self.port}"

    @property
    def where(self) -> tuple[Address, ...]:
        return Address(LOOPBACK, self.port + 1, V5), Address(LOOPBACK, self.port, V311)

    @property
    def is_running(self) -> bool:
        return self._child is not None and self._child.poll() is None

    def check_ports(self) -> None:
        """Raises Unavailable("port.taken") when one of the two ports cannot be had."""
        for port in (self.port, self.port + 1):
            if _is_taken(port):
                raise Unavailable("port.taken", port=port, host=LOOPBACK, setting="IZBA_MQTT_PORT")

    async def start(self) -> None:
        """Start it and return once both ports answer. Raises Unavailable("port.taken") before anything is started."""
        self.check_ports()
        await self._start_child()
        self._watch = asyncio.create_task(self._keep_alive(), name="embedded-broker")

    async def _start_child(self) -> None:
        with tempfile.TemporaryDirectory(prefix="izba-broker-") as home:
            settings = Path(home) / "broker.toml"
            settings.write_text(configuration(self.port))
            self._child = subprocess.Popen(  # noqa: S603, ASYNC220  # our own interpreter; it is back in a millisecond
                [sys.executable, "-c", _CHILD, str(settings)],
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                start_new_session=True,  # Ctrl+C is ours to hear, and to say goodbye before
            )
            await self._wait_until_open()

    async def _wait_until_open(self) -> None:
        until = time.monotonic() + START_SECONDS
        while time.monotonic() < until:
            if not self.is_running:
                break
            if _is_taken(self.port) and _is_taken(self.port + 1):
                return
            await asyncio.sleep(0.01)
        await self._stop_child()
        raise Unavailable("broker.away", url=self.url, reason=Reason(N_("its process does not start")))

    async def stop(self) -> None:
        """End the child within a second and free its ports."""
        tasks = [task for task in (self._watch, self._asking) if task]
        self._watch = self._asking = None
        for task in tasks:
            task.cancel()
        try:
            await asyncio.gather(*tasks, return_exceptions=True)
        finally:  # also when others have used up the time of the stop
            await self._stop_child()

    async def _keep_alive(self) -> None:
        while True:
            await asyncio.sleep(PROBE_SECONDS)
            if await self.answers():
                continue
            log.warning("the embedded MQTT broker takes no clients any more, starting it anew")
            self.restarts += 1
            try:
                await self._stop_child()
                await self._start_child()
            except Exception:
                # whatever it was: a watch that ends would leave the next deaf port for good
                log.exception("the embedded MQTT broker did not start, trying again")

    async def answers(self) -> bool:
        """Whether both listeners take a client. One that is slow, or turns a client away because others come at the
        same moment (2 of 600 in a trial), is asked again.
        """
        for again in range(PROBES):
            await asyncio.sleep(again * PAUSE_SECONDS)
            answers = await asyncio.gather(takes_clients(self.port, V311), takes_clients(self.port + 1, V5))
            if all(answers):
                return True
        return False

    async def serves(self) -> bool:
        """Whether both listeners take a client, within 2.5 s and for whoever asks how often: one probe serves all who
        ask meanwhile and for two seconds more.
        """
        if self._asking is None or self._asking.done() and time.monotonic() >= self._known_until:
            self._asking = asyncio.create_task(self._serves(), name="embedded-broker-probe")
        return await asyncio.shield(self._asking)

    async def _serves(self) -> bool:
        try:
            async with asyncio.timeout(PATIENCE):
                return self.is_running and await self.answers()
        except TimeoutError:
            return False
        finally:
            self._known_until = time.monotonic() + KNOWN_SECONDS

    async def _stop_child(self) -> None:
        child, self._child = self._child, None
        if child is None:
            return
        if child.stdin:
            child.stdin.close()
        until = time.monotonic() + STOP_SECONDS
        try:
            while child.poll() is None and time.monotonic() < until:  # noqa: ASYNC110  # a process sets no event
                await asyncio.sleep(0.005)
        finally:  # who is cut off here leaves no child that nobody knows of
            if child.poll() is None:
                child.kill()
            child.wait()


def _connect(protocol: MQTTProtocolVersion) -> bytes:
    """A CONNECT (MQTT 3.1.1 §3.1, MQTT 5 §3.1): name, level, clean start, keep alive 10 s, no properties, client id.

    The id is new each time: of two clients with one id a broker ends one, and that would look like deafness.
    """
    client = f"izba-probe-{secrets.token_hex(4)}".encode()
    properties = b"\x00" if protocol == V5 else b""
    body = b"\x00\x04MQTT%c\x02\x00\x0a%b\x00%c%b" % (int(protocol), properties, len(client), client)
    return b"\x10%c%b" % (len(body), body)


async def takes_clients(port: int, protocol: MQTTProtocolVersion) -> bool:
    """Whether a broker on this port greets a client: CONNECT, and CONNACK within a second."""
    try:
        async with asyncio.timeout(PROBE_TIMEOUT):
            reader, writer = await asyncio.open_connection(LOOPBACK, port)
            try:
                writer.write(_connect(protocol))
                greeting = await reader.readexactly(1)
                writer.write(_DISCONNECT)
                await writer.drain()
            finally:
                writer.close()
    except (OSError, TimeoutError, asyncio.IncompleteReadError):
        return False
    return greeting == _CONNACK


def configuration(port: int) -> str:
    """The child's settings: both protocols, loopback only."""
    listeners = [
        _LISTENER.format(version=version, host=LOOPBACK, port=one, payload=MAX_PAYLOAD)
        for version, one in (("v4", port), ("v5", port + 1))
    ]
    return "".join([_ROUTER.format(segment=SEGMENT, segments=SEGMENTS), *listeners])


def _is_taken(port: int) -> bool:
    """Whether a port cannot be listened on; as the broker will, an address just left counts as free."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            return True
    return False
