"""What is particular to paho: a client made, started, asked why it was refused, and its messages as ours."""

import asyncio
import socket
import ssl
import threading
from collections.abc import Mapping
from contextlib import suppress
from enum import Enum
from typing import Any

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.subscribeoptions import SubscribeOptions

from devices.broker.address import V5, Address
from devices.broker.wire import Pump, WiredClient
from devices.messages import Arrived

QOS = 1
KEEPALIVE = 20
CONNECT_SECONDS = 3.0
# reason codes of MQTT 5, to which paho maps those of 3.1.1
TAKEN_OVER, OTHER_PROTOCOL = 142, 132
BAD_ID, BAD_PASSWORD, NOT_AUTHORIZED, BANNED = 133, 134, 135, 138


class How(Enum):
    """How an attempt to connect ended."""

    UP = "it was connected"
    AWAY = "nobody answers"
    UNLIKE = "somebody answers, perhaps of another protocol"
    UNWELCOME = "the broker refuses us"


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
        client.tls_set_context(ssl.create_default_context())
    client.on_socket_open = lambda _c, _u, opened: _no_delay(opened)
    return client


async def connect(client: mqtt.Client, address: Address) -> None:
    """Open the connection. Raises OSError or ValueError.

    In a thread that nobody waits for: looking up a name or the greeting of TLS may hang, and a stop must not.
    """
    loop = asyncio.get_running_loop()
    done: asyncio.Future[None] = loop.create_future()

    def tell(fault: Exception | None) -> None:
        if done.cancelled():
            client.disconnect()  # nobody wants it any more; a goodbye, or the broker tells our last will
        elif fault:
            done.set_exception(fault)
        else:
            done.set_result(None)

    def work() -> None:
        fault: Exception | None = None
        try:
            _connect(client, address)
        except Exception as raised:
            fault = raised
        with suppress(RuntimeError):  # the loop is closed
            loop.call_soon_threadsafe(tell, fault)

    threading.Thread(target=work, name="mqtt-connect", daemon=True).start()
    await done


def _connect(client: mqtt.Client, address: Address) -> None:
    clean = True if address.protocol == V5 else mqtt.MQTT_CLEAN_START_FIRST_ONLY
    client.connect(address.host, address.port, KEEPALIVE, clean_start=clean)


def started(client: mqtt.Client, client_id: str) -> Pump:
    """The thread that moves what a connected client sends and receives."""
    pump = Pump(client, client_id)
    pump.start()
    return pump


def refused(code: Any) -> How:
    """What the reason of a refused connection means for the next attempt."""
    if code.value in (BAD_ID, BAD_PASSWORD, NOT_AUTHORIZED, BANNED):
        return How.UNWELCOME
    return How.UNLIKE if code.value == OTHER_PROTOCOL else How.AWAY


def subscriptions(filters: Mapping[str, SubscribeOptions], protocol: Any) -> list[tuple[str, Any]]:
    """Each with its options, of which MQTT 3.1.1 has only the QoS."""
    return [(name, options if protocol == V5 else options.QoS) for name, options in filters.items()]


def marked(correlation: bytes) -> Properties:
    """The properties of an answer."""
    properties = Properties(PacketTypes.PUBLISH)  # type: ignore[no-untyped-call]  # paho leaves it untyped
    properties.CorrelationData = correlation
    return properties


def arrived(message: mqtt.MQTTMessage) -> Arrived:
    """A message as ours. Raises UnicodeDecodeError for a topic that is not UTF-8."""
    topic, payload = message.topic, bytes(message.payload)
    if message.properties is not None and topic.endswith("/command"):
        answer_to = getattr(message.properties, "ResponseTopic", "")
        mark = getattr(message.properties, "CorrelationData", b"")
        return Arrived(topic, payload, message.retain, message.timestamp, answer_to, mark)
    return Arrived(topic, payload, message.retain, message.timestamp)


def _no_delay(opened: Any) -> None:
    opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
