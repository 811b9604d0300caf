"""What is particular to paho and to one attempt: an address, a client made and connected, why it was refused, when
to try again.
"""

import asyncio
import random
import socket
import ssl
import threading
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from enum import Enum
from typing import Any
from urllib.parse import unquote, urlsplit, urlunsplit

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.subscribeoptions import SubscribeOptions

from devices.broker.wire import Pump, WiredClient
from registry.core.errors import N_, Reason
from registry.core.system_reasons import system_reason

V311, V5 = MQTTProtocolVersion.MQTTv311, MQTTProtocolVersion.MQTTv5
QOS = 1
KEEPALIVE = 20
CONNECT_SECONDS = 3.0
# reason codes of MQTT 5, to which paho maps those of 3.1.1
TAKEN_OVER, OTHER_PROTOCOL, NORMAL, UNSPECIFIED = 142, 132, 0, 128
BAD_ID, BAD_PASSWORD, NOT_AUTHORIZED, BANNED = 133, 134, 135, 138
# seconds between attempts, and between two complaints of one kind
FIRST, LONGEST, LONGEST_UNWELCOME = 0.5, 4.0, 30.0
JITTER = 0.25
STEADY_SECONDS = 10.0
SILENCE_SECONDS = 600.0
KINDS = 20


@dataclass(frozen=True, slots=True)
class Address:
    """Where and how a broker is reached. ``password`` never shows in a log; ``ca_file`` names the certificates of the
    authorities that may sign the broker's, empty for those that the system trusts.
    """

    host: str
    port: int
    protocol: MQTTProtocolVersion
    tls: bool = False
    username: str = ""
    password: str = ""
    ca_file: str = ""

    def __str__(self) -> str:
        version = "5" if self.protocol == V5 else "3.1.1"
        return f"{self.host}:{self.port} (MQTT {version})"


def addresses(url: str, username: str = "", password: str = "", ca_file: str = "") -> tuple[Address, ...]:
    """MQTT 5 first, 3.1.1 where a broker refuses it. ``url`` is mqtt://[name:password@]host[:port] or mqtts://."""
    parts = urlsplit(url)
    tls = parts.scheme == "mqtts"
    port = parts.port or (8883 if tls else 1883)
    name = unquote(parts.username or "") or username
    secret = unquote(parts.password or "") or password
    host = parts.hostname or ""
    return tuple(Address(host, port, version, tls, name, secret, ca_file) for version in (V5, V311))


def without_secrets(url: str) -> str:
    """An address that may be shown: no name, no password."""
    parts = urlsplit(url)
    return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))


class Outcome(Enum):
    """How an attempt to connect ended."""

    UP = "it was connected"
    AWAY = "nobody answers"
    UNLIKE = "somebody answers, perhaps of another protocol"
    UNWELCOME = "the broker refuses us"


def outcome_of(code: Any) -> Outcome:
    """What the reason of a refused connection means for the next attempt."""
    if code.value in (BAD_ID, BAD_PASSWORD, NOT_AUTHORIZED, BANNED):
        return Outcome.UNWELCOME
    return Outcome.UNLIKE if code.value == OTHER_PROTOCOL else Outcome.AWAY


def absence(fault: Exception) -> Reason:
    """Why nobody could be reached, in words of ours; what a library says is quoted."""
    if isinstance(fault, ssl.SSLError):
        return Reason(
            N_("it does not greet as TLS does (“{detail}”)"), detail=getattr(fault, "reason", "") or str(fault)
        )
    if isinstance(fault, OSError):
        return system_reason(fault)
    return Reason(N_("the client says “{detail}”"), detail=str(fault))


def distrust(fault: Exception) -> str:
    """Why the broker's certificate is not trusted, as TLS says it; empty for any other fault."""
    return fault.verify_message.rstrip(".") if isinstance(fault, ssl.SSLCertVerificationError) else ""


class _GreetingSocket(ssl.SSLSocket):
    """Closed when the greeting fails; paho leaves that to the garbage collector."""

    def do_handshake(self, block: bool = False) -> None:
        try:
            super().do_handshake(block)
        except BaseException:
            self.close()
            raise


def make_client(address: Address, client_id: str, will_topic: str) -> mqtt.Client:
    """A client that does not reconnect by itself, with ``offline`` as its last will."""
    client = WiredClient(
        CallbackAPIVersion.VERSION2,
        client_id=client_id,
        protocol=address.protocol,
        clean_session=None if address.protocol == V5 else True,
        reconnect_on_failure=False,
    )
    client.suppress_exceptions = True  # one exception in a callback would end the thread unseen
    client.connect_timeout = CONNECT_SECONDS
    client.will_set(will_topic, "offline", qos=QOS, retain=True)
    if address.username:
        client.username_pw_set(address.username, address.password or None)
    if address.tls:
        trust = ssl.create_default_context(cafile=address.ca_file or None)
        trust.sslsocket_class = _GreetingSocket
        client.tls_set_context(trust)
    client.on_socket_open = lambda _c, _u, sock: _no_delay(sock)
    return client


def _no_delay(sock: Any) -> None:
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)


async def connect(client: mqtt.Client, address: Address) -> None:
    """Open the connection. Raises OSError or ValueError.

    In a thread that nobody waits for: looking up a name or the greeting of TLS may hang, and a stop must not.
    """
    loop = asyncio.get_running_loop()
    answer: asyncio.Future[None] = loop.create_future()

    def resolve(fault: Exception | None) -> None:
        if answer.cancelled():
            client.disconnect()  # nobody wants it any more; a goodbye, or the broker tells our last will
        elif fault:
            answer.set_exception(fault)
        else:
            answer.set_result(None)

    def work() -> None:
        fault: Exception | None = None
        try:
            clean = True if address.protocol == V5 else mqtt.MQTT_CLEAN_START_FIRST_ONLY
            client.connect(address.host, address.port, KEEPALIVE, clean_start=clean)
        except Exception as raised:
            fault = raised
        with suppress(RuntimeError):  # the loop is closed
            loop.call_soon_threadsafe(resolve, fault)

    threading.Thread(target=work, name="mqtt-connect", daemon=True).start()
    await answer


def start_pump(client: mqtt.Client, client_id: str) -> Pump:
    """The running thread that moves what a connected client sends and receives."""
    pump = Pump(client, client_id)
    pump.start()
    return pump


def subscriptions(filters: Mapping[str, SubscribeOptions], protocol: Any) -> list[tuple[str, Any]]:
    """Each with its options, of which MQTT 3.1.1 has only the QoS."""
    return [(name, options if protocol == V5 else options.QoS) for name, options in filters.items()]


def answer_properties(correlation: bytes) -> Properties:
    """The properties of an answer."""
    properties = Properties(PacketTypes.PUBLISH)  # type: ignore[no-untyped-call]  # paho leaves it untyped
    properties.CorrelationData = correlation
    return properties


class Pace:
    """Waits that double. A broker that was away is found again within five seconds of its return, however long it was
    away; one that turns us away (a wrong password, another client with our id) is asked twice a minute.
    """

    def __init__(self) -> None:
        self._wait = FIRST

    def next_wait(self, lasted: float, is_unwelcome: bool) -> float:
        """Seconds until the next attempt, after one that was connected for so many seconds."""
        longest = LONGEST_UNWELCOME if is_unwelcome else LONGEST
        wait = FIRST if lasted >= STEADY_SECONDS else min(self._wait, longest)
        self._wait = min(wait * 2, longest)
        return wait * random.uniform(1 - JITTER, 1 + JITTER)  # noqa: S311  # no secret: so that clients do not come all at once


def is_other_client(code: Any, is_often: bool) -> bool:
    """Whether a connection ended because another client has our id: the broker says so, or it ends often and without
    a reason of its own.
    """
    value = getattr(code, "value", UNSPECIFIED)
    return value == TAKEN_OVER or is_often and value in (NORMAL, UNSPECIFIED)


class Complaints:
    """Whether a fault is worth a line: the first of its kind, then one in ten minutes. An outage is no novel."""

    def __init__(self) -> None:
        self._last: dict[str, float] = {}

    def is_news(self, kind: str, now: float) -> bool:
        """``now`` is a monotonic second."""
        last = self._last.get(kind)
        if last is not None and now - last < SILENCE_SECONDS:
            return False
        if len(self._last) >= KINDS:
            self._last.clear()
        self._last[kind] = now
        return True

    def forget(self) -> None:
        """It is well again: the next fault is news."""
        self._last.clear()
