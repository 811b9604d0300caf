"""paho on a wire of our own: nothing is lost, torn or left behind, whatever the pieces are in which it comes."""

import socket
import threading
import time
from collections.abc import Callable, Iterator

import paho.mqtt.client as mqtt
import pytest
from paho.mqtt.enums import CallbackAPIVersion

from devices.broker.wire import BACKLOG, PACKETS, Pump, Wire, WiredClient
from tests.servers import Mosquitto, no_delay

Pair = tuple[Wire, socket.socket]


@pytest.fixture
def pair() -> Iterator[Pair]:
    here, there = socket.socketpair()
    here.setblocking(False)
    there.settimeout(30)
    yield Wire(here), there
    here.close()
    there.close()


def test_what_comes_at_once_is_read_in_any_pieces(pair: Pair) -> None:
    wire, other = pair
    other.sendall(b"abcdef")
    assert (wire.recv(1), wire.pending(), wire.recv(2), wire.recv(100), wire.pending()) == (b"a", 5, b"bc", b"def", 0)
    with pytest.raises(BlockingIOError):
        wire.recv(1)


def test_what_is_sent_goes_out_together_and_no_later_than_at_the_end(pair: Pair) -> None:
    wire, other = pair
    assert (wire.send(b"ab"), wire.send(b"cd"), bytes(wire.backlog)) == (2, 2, b"abcd")
    wire.flush()
    wire.send(b"ef")
    wire.close()
    assert other.recv(100) + other.recv(100) == b"abcdef"


def test_one_that_takes_nothing_is_not_waited_for(pair: Pair) -> None:
    wire, other = pair
    wire.send(b"x" * BACKLOG)
    wire.flush()
    wire.send(b"x" * BACKLOG)
    with pytest.raises(BlockingIOError):
        wire.send(b"x")
    received = 0
    while wire.backlog:
        received += len(other.recv(1 << 20))
        wire.flush()
    assert wire.send(b"y") == 1
    while received < 2 * BACKLOG:
        received += len(other.recv(1 << 20))


def test_one_that_is_gone_ends_the_connection(pair: Pair) -> None:
    wire, other = pair
    other.close()
    wire.send(b"x")
    wire.flush()
    assert (wire.is_broken, wire.recv(1)) == (True, b"")


def test_what_the_other_side_said_before_it_went_is_read(pair: Pair) -> None:
    wire, other = pair
    other.sendall(b"because")
    other.close()
    wire.send(b"x")
    wire.flush()
    assert (wire.is_broken, wire.recv(100), wire.recv(1)) == (True, b"because", b"")


class Ear:
    """A client on a broker that echoes to itself."""

    def __init__(self, port: int) -> None:
        self.heard: list[bytes] = []
        self.subscribed, self.lost = threading.Event(), threading.Event()
        self.client = WiredClient(CallbackAPIVersion.VERSION2)
        self.client.on_socket_open = no_delay
        self.client.on_connect = lambda client, *_: client.subscribe("echo", 1)
        self.client.on_subscribe = lambda *_: self.subscribed.set()
        self.client.on_disconnect = lambda *_: self.lost.set()
        self.client.on_message = lambda _c, _u, message: self.heard.append(message.payload)
        self.client.connect("127.0.0.1", port)
        self.pump = Pump(self.client, "ear")
        self.pump.start()
        assert self.subscribed.wait(30)

    def hears(self, count: int) -> bool:
        return becomes(lambda: len(self.heard) >= count) and len(self.heard) == count


def becomes(true: Callable[[], bool]) -> bool:
    until = time.monotonic() + 60
    while not true() and time.monotonic() < until:
        time.sleep(0.01)
    return true()


@pytest.fixture
def ear(mosquitto: Mosquitto) -> Iterator[Ear]:
    one = Ear(mosquitto.port)
    yield one
    one.client.disconnect()
    one.pump.join(30)
    assert not one.pump.is_alive()
    assert one.lost.is_set()


@pytest.fixture
def sleeper(monkeypatch: pytest.MonkeyPatch, mosquitto: Mosquitto) -> Iterator[Ear]:
    """One whose thread does not look by itself for an hour: what it is not woken for stays."""
    monkeypatch.setattr("devices.broker.wire.MISC_SECONDS", 3600.0)
    one = Ear(mosquitto.port)
    yield one
    one.pump.end()
    one.pump.join(10)
    assert not one.pump.is_alive()


def test_all_that_is_published_comes_back_in_order(ear: Ear) -> None:
    payloads = [str(number).encode() for number in range(20 * PACKETS)] + [b"x" * 300_000, b"the end"]
    for payload in payloads:
        ear.client.publish("echo", payload, 1)
    assert ear.hears(len(payloads))
    assert ear.heard == payloads


def test_a_quiet_connection_is_woken_for_what_another_thread_sends(ear: Ear) -> None:
    for number in range(1, 200):
        ear.client.publish("echo", b"x", 1).wait_for_publish(30)
        assert len(ear.heard) == number or ear.hears(number)


def test_more_than_the_backlog_holds_goes_out_without_a_pause(sleeper: Ear) -> None:
    for _ in range(16):
        sleeper.client.publish("nobody", b"x" * BACKLOG, 0)
    assert becomes(lambda: not sleeper.client.want_write())


def test_a_wish_to_write_that_comes_after_its_packet_is_gone_silences_nobody(
    sleeper: Ear, monkeypatch: pytest.MonkeyPatch
) -> None:
    client, pump = sleeper.client, sleeper.pump
    register = client._call_socket_register_write

    def late() -> None:
        pump.wake()
        assert becomes(lambda: not client.want_write())
        register()

    for number in range(1, 10):
        with monkeypatch.context() as patched:
            patched.setattr(client, "_call_socket_register_write", late)
            client.publish("nobody", b"x", 0)
        assert becomes(lambda: not pump._is_nudged)
        time.sleep(0.01)  # it goes to sleep: to one that is awake the fault would not show
        client.publish("echo", b"x", 0)
        assert sleeper.hears(number)


def test_a_goodbye_goes_out_though_the_end_follows_at_once(ear: Ear, monkeypatch: pytest.MonkeyPatch) -> None:
    send, is_over = ear.pump._send, threading.Event()

    def end() -> None:
        ear.client.disconnect()
        ear.pump.end()

    def send_and_end(wire: Wire) -> None:
        send(wire)
        if not is_over.is_set():
            is_over.set()
            other = threading.Thread(target=end)
            other.start()
            other.join()

    monkeypatch.setattr(ear.pump, "_send", send_and_end)
    ear.pump.wake()
    ear.pump.join(10)
    assert is_over.is_set()
    assert ear.lost.is_set()


def test_a_broker_that_goes_away_ends_the_thread(mosquitto: Mosquitto) -> None:
    ear = Ear(mosquitto.port)
    mosquitto.stop()
    assert ear.lost.wait(30)
    ear.pump.join(30)
    assert not ear.pump.is_alive()
    assert ear.client.publish("echo", b"x", 1).rc == mqtt.MQTT_ERR_NO_CONN
    mosquitto.start()


def test_one_that_is_told_to_end_lets_go_at_once(mosquitto: Mosquitto) -> None:
    ear = Ear(mosquitto.port)
    ear.pump.end()
    ear.pump.join(30)
    assert not ear.pump.is_alive()
