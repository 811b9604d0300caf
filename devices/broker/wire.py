"""The bytes of one MQTT connection, moved by a thread in large pieces.

Left to itself paho takes a packet byte by byte and sends each one alone: twenty calls of the system for one reading and
its answer. Here it reads from a buffer and writes into one; it also uses ``select``, which knows no file above 1023.
"""

import selectors
import socket
import ssl
import threading
import time
from contextlib import suppress
from typing import Any

import paho.mqtt.client as mqtt

CHUNK = 65_536
BACKLOG = 1_048_576
PACKETS = 128  # at one turn, before what is to be sent goes out
MISC_SECONDS = 1.0


class Wire:
    """A connected socket behind two buffers, as paho uses one. ``backlog`` holds what is not sent yet."""

    def __init__(self, opened: Any) -> None:
        self._socket = opened
        self._read, self._at = b"", 0
        self.is_broken = False
        self.backlog = bytearray()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._socket, name)

    def recv(self, size: int) -> bytes:
        """As of a socket that does not block."""
        if self._at == len(self._read):
            self._read, self._at = self._receive(), 0
        piece = self._read[self._at : self._at + size]
        self._at += len(piece)
        return piece

    def _receive(self) -> bytes:
        if not self.is_broken:
            return bytes(self._socket.recv(CHUNK))
        with suppress(OSError):  # what it said before its end, and why it ended
            return bytes(self._socket.recv(CHUNK))
        return b""

    def pending(self) -> int:
        """How much has come and is not read: no selector tells of it."""
        inside = getattr(self._socket, "pending", None)  # of TLS
        return len(self._read) - self._at or (inside() if inside else 0)

    def send(self, data: bytes) -> int:
        """Raises BlockingIOError when the other side takes nothing."""
        if len(self.backlog) >= BACKLOG:
            raise BlockingIOError
        self.backlog += data
        return len(data)

    def flush(self) -> None:
        """Send what can be sent now. Where that fails the connection ends as if the other side had ended it."""
        try:
            while self.backlog:
                del self.backlog[: self._socket.send(self.backlog)]
        except (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError):
            return
        except OSError:
            self.backlog.clear()
            self.is_broken = True

    def close(self) -> None:
        self.flush()  # the goodbye
        self._socket.close()


class WiredClient(mqtt.Client):
    """paho on a wire."""

    def _create_socket(self) -> Any:  # paho has no public way to give it a socket
        return Wire(super()._create_socket())


class Pump(threading.Thread):
    """The thread of one connected client. It ends with the connection; ``client.disconnect()`` ends both."""

    def __init__(self, client: mqtt.Client, name: str) -> None:
        super().__init__(name=f"mqtt-{name}", daemon=True)
        self._client = client
        self._nudged, self._nudge = socket.socketpair()
        self._is_nudged = self._is_ending = False
        # paho calls this when there is something to send: from the loop, for the thread
        client.on_socket_register_write = lambda *_: self.wake()

    def wake(self) -> None:
        if not self._is_nudged and threading.get_ident() != self.ident:
            self._is_nudged = True
            with suppress(OSError):  # it has just ended
                self._nudge.send(b"x")

    def end(self) -> None:
        """Let go of the connection, whatever is still to be sent."""
        self._is_ending = True
        self._is_nudged = False
        self.wake()

    def run(self) -> None:
        wire: Any = self._client.socket()
        try:
            with selectors.DefaultSelector() as selector:
                selector.register(self._nudged, selectors.EVENT_READ)
                if wire is not None:
                    selector.register(wire, selectors.EVENT_READ)
                    self._move(wire, selector)
        finally:
            if wire is not None:
                wire.close()
            self._nudge.close()
            self._nudged.close()

    def _move(self, wire: Wire, selector: selectors.BaseSelector) -> None:
        client, looked_at, events = self._client, time.monotonic(), selectors.EVENT_READ
        while True:
            if time.monotonic() - looked_at >= MISC_SECONDS:
                looked_at = time.monotonic()
                client.loop_misc()
            is_ending = self._is_ending  # asked before: the goodbye that came with it goes out too
            self._send(wire)
            if is_ending or not self._is_on(wire):
                return
            interest = selectors.EVENT_READ | (selectors.EVENT_WRITE if wire.backlog else 0)
            if interest != events:
                selector.modify(wire, interest)
                events = interest
            is_idle = not wire.pending() and (wire.backlog or not client.want_write())
            ready = {key.fileobj for key, _ in selector.select(MISC_SECONDS if is_idle else 0)}
            if self._nudged in ready:
                self._nudged.recv(64)
                self._is_nudged = False  # only now, and then it looks: who found it true counts on that
            if wire in ready or wire.pending():
                self._read(wire)

    def _is_on(self, wire: object) -> bool:
        return self._client.socket() is wire

    def _read(self, wire: Wire) -> None:
        for _ in range(PACKETS):
            self._client.loop_read()
            if not self._is_on(wire) or not wire.pending():
                return

    def _send(self, wire: Wire) -> None:
        # once in any case: paho tells of a packet only if it has taken back its last wish to write, which may have come
        # after the packet was gone. One that comes as it takes it back is seen here, a later one wakes the thread
        while self._is_on(wire):
            self._client.loop_write()
            if not self._client.want_write() or len(wire.backlog) >= BACKLOG:
                break
        wire.flush()
        while wire.is_broken and self._is_on(wire):
            self._client.loop_read()
