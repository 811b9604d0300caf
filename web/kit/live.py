"""Live streams: server-sent events to many readers, each behind a short queue.

What happened is turned into bytes once per kind of reader, not once per reader. A reader whose queue is full is let go:
it comes back by itself and looks at everything anew. Nobody waits for it. One timer keeps all streams alive.
"""

import asyncio
import logging
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Awaitable, Callable, Hashable
from operator import attrgetter

from fastapi import FastAPI
from prometheus_client import Counter, Gauge
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from registry.core import events
from registry.core.events import AssetChanged, Event, RoomChanged

log = logging.getLogger(__name__)

HEARTBEAT_SECONDS = 15.0
QUEUE = 64
GRACE_SECONDS = 0.2
# then it comes back and shows anew who it is: a closed account or an ended session is not told for ever
LONGEST_SECONDS = 900.0
RETRY = b"retry: 2000\n\n"
HEARTBEAT = b": still here\n\n"

LISTENERS = Gauge("izba_event_listeners", "Open event streams")
DROPPED = Counter("izba_event_listeners_dropped", "Event streams ended because their reader was too slow")

# what a reader is told of an event; None for nothing. Readers with the same eyes are told the same.
Teller = Callable[[Event], Awaitable[bytes | None]]


def event_id(event: Event) -> int:
    """Of what it is about."""
    if isinstance(event, RoomChanged):
        return event.room_id
    return event.asset_id if isinstance(event, AssetChanged) else event.device_id


class Place(ABC):
    """Where one open stream finds what to send next."""

    __slots__ = ("gone", "wake")

    def __init__(self) -> None:
        self.wake = asyncio.Event()
        self.gone: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    @property
    def is_open(self) -> bool:
        return not self.gone.done()

    def close(self) -> None:
        """End the stream after what is being written."""
        if self.is_open:
            self.gone.set_result(None)
            self.wake.set()

    @abstractmethod
    def take(self) -> bytes:
        """All that waits, which is then not there any more."""


class Reader(Place):
    """One open stream of events."""

    __slots__ = ("eyes", "pending")

    def __init__(self, eyes: Hashable) -> None:
        super().__init__()
        self.eyes = eyes
        self.pending: deque[bytes] = deque()

    def push(self, told: bytes) -> None:
        """Queue bytes; a full queue ends the stream."""
        if not self.is_open:
            return
        if len(self.pending) >= QUEUE:
            DROPPED.inc()
            self.close()
            return
        self.pending.append(told)
        self.wake.set()

    def take(self) -> bytes:
        told = b"".join(self.pending)
        self.pending.clear()
        return told


class Live:
    """All open streams of one app. Listens to the register while anybody reads."""

    def __init__(self, stopping: asyncio.Event | None = None) -> None:
        self.stopping = stopping or asyncio.Event()
        self.readers: dict[Hashable, set[Reader]] = {}
        self.tellers: dict[Hashable, Teller] = {}
        self._leave: Callable[[], None] | None = None
        self._beat: asyncio.Task[None] | None = None
        self._telling: asyncio.Task[None] | None = None
        self._untold: dict[tuple[type[Event], int], Event] = {}
        self._wake = asyncio.Event()

    def __len__(self) -> int:
        return sum(len(readers) for readers in self.readers.values())

    def enter(self, eyes: Hashable, teller: Teller) -> Reader:
        """A new reader; ``teller`` says what readers with these eyes are told."""
        if self._leave is None:
            self._leave = events.on(self._on_event)
            self._beat = asyncio.create_task(self._keep_alive())
            self._telling = asyncio.create_task(self._tell_all())
        reader = Reader(eyes)
        self.tellers.setdefault(eyes, teller)
        self.readers.setdefault(eyes, set()).add(reader)
        LISTENERS.inc()
        return reader

    def leave(self, reader: Reader) -> None:
        reader.close()
        mates = self.readers.get(reader.eyes, set())
        if reader not in mates:
            return
        mates.remove(reader)
        LISTENERS.dec()
        if not mates:
            del self.readers[reader.eyes], self.tellers[reader.eyes]
        if not self.readers:
            self._fall_silent()

    def close(self) -> None:
        """End all streams: the server stops."""
        for mates in list(self.readers.values()):
            for reader in list(mates):
                reader.close()

    def _fall_silent(self) -> None:
        if self._leave:
            self._leave()
        for task in (self._beat, self._telling):
            if task:
                task.cancel()
        self._leave = self._beat = self._telling = None
        self._untold.clear()

    def _on_event(self, event: Event) -> None:
        """Whoever caused it does not wait for the telling. Of two changes of a room the later one tells both, also when
        it comes first: from another process, before this one tells of its own.
        """
        key = type(event), event_id(event)
        waiting = self._untold.get(key)
        if isinstance(event, RoomChanged) and isinstance(waiting, RoomChanged):
            event = max(event, waiting, key=attrgetter("revision"))
        self._untold[key] = event
        self._wake.set()

    async def _tell_all(self) -> None:
        while True:
            await self._wake.wait()
            self._wake.clear()
            while self._untold:
                key = next(iter(self._untold))
                await self._tell(self._untold.pop(key))

    async def _tell(self, event: Event) -> None:
        for eyes, teller in list(self.tellers.items()):
            try:
                told = await teller(event)
            except Exception:
                log.exception("an event could not be told")
                continue
            if told is not None:
                for reader in list(self.readers.get(eyes, ())):
                    reader.push(told)

    async def _keep_alive(self) -> None:
        while not self.stopping.is_set():
            try:
                await asyncio.wait_for(self.stopping.wait(), HEARTBEAT_SECONDS)
            except TimeoutError:
                self._push_all(HEARTBEAT)
        self.close()

    def _push_all(self, told: bytes) -> None:
        for mates in list(self.readers.values()):
            for reader in list(mates):
                reader.push(told)


def live_of(app: FastAPI) -> Live:
    """The streams of an app."""
    if not hasattr(app.state, "live"):
        app.state.live = Live(getattr(app.state, "stopping", None))
    live: Live = app.state.live
    return live


class Stream(Response):
    """A response that lasts as long as its reader. Starlette's own costs each of them two tasks more."""

    media_type = "text/event-stream"

    def __init__(self) -> None:
        super().__init__(headers={"cache-control": "no-store", "x-accel-buffering": "no"})
        del self.headers["content-length"]

    async def follow(self, place: Place, receive: Receive, send: Send) -> None:
        """Send what comes to a place, until it is closed or its reader has gone."""
        watching = asyncio.create_task(_closed_by(receive, place))
        sending = asyncio.create_task(self._send(place, send))
        sending.add_done_callback(lambda _: place.close())
        try:
            await place.gone
            # so slow that a write has not come through: it is not waited for
            await asyncio.wait({sending}, timeout=GRACE_SECONDS)
        finally:
            place.close()
            watching.cancel()
            sending.cancel()
            await asyncio.gather(watching, sending, return_exceptions=True)

    async def _send(self, place: Place, send: Send) -> None:
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        await send({"type": "http.response.body", "body": RETRY, "more_body": True})
        while place.is_open:
            await place.wake.wait()
            place.wake.clear()
            told = place.take()
            if told:
                await send({"type": "http.response.body", "body": told, "more_body": True})
        await send({"type": "http.response.body", "body": b"", "more_body": False})


class EventStream(Stream):
    """What readers with these eyes are told."""

    def __init__(self, live: Live, eyes: Hashable, teller: Teller) -> None:
        super().__init__()
        self.live, self.eyes, self.teller = live, eyes, teller

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        reader = self.live.enter(self.eyes, self.teller)
        ending = asyncio.get_running_loop().call_later(LONGEST_SECONDS, reader.close)
        try:
            await self.follow(reader, receive, send)
        finally:
            ending.cancel()
            self.live.leave(reader)


async def _closed_by(receive: Receive, place: Place) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
    place.close()
