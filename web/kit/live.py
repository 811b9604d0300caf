"""Live streams: server-sent events to many listeners, each behind a short queue.

What happened is turned into bytes once per kind of listener, not once per listener. A listener whose queue is full is
let go: it comes back by itself and looks at everything anew. Nobody waits for it. One timer keeps all streams alive.
"""

import asyncio
import logging
from abc import ABC, abstractmethod
from collections import defaultdict, deque
from collections.abc import Awaitable, Callable, Hashable, Iterator, Sequence
from contextlib import contextmanager
from operator import attrgetter

from fastapi import FastAPI
from prometheus_client import Counter, Gauge
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from registry.core import events
from registry.core.errors import Forbidden
from registry.core.events import (
    AssetChanged,
    DeviceChanged,
    Event,
    NoticesChanged,
    OfficeChanged,
    RoomChanged,
    StocktakeChanged,
)

log = logging.getLogger(__name__)

HEARTBEAT_SECONDS = 15.0
QUEUE = 64
GRACE_SECONDS = 0.2
TOLD_TOGETHER = 8  # more would let the first of many changes wait
# then it comes back and shows anew who it is: a closed account or an ended session is not told for ever
LONGEST_SECONDS = 900.0
# of one person: all tabs of a browser share one
MOST_STREAMS = 40
RETRY = b"retry: 2000\n\n"
# an event, not a comment: a page must hear that its stream is still there
HEARTBEAT = b"event: beat\ndata: {}\n\n"

LISTENERS = Gauge("izba_event_listeners", "Open event streams")
DROPPED = Counter("izba_event_listeners_dropped", "Event streams ended because their listener was too slow")

# what a listener is told of an event; None for nothing. Listeners with the same eyes are told the same.
Teller = Callable[[Event], Awaitable[bytes | None]]


def event_id(event: Event) -> int:
    """Of what it is about."""
    if isinstance(event, RoomChanged):
        return event.room_id
    if isinstance(event, AssetChanged):
        return event.asset_id
    if isinstance(event, NoticesChanged):
        return event.person_id
    if isinstance(event, StocktakeChanged):
        return event.stocktake_id
    return event.device_id if isinstance(event, DeviceChanged) else 0


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


class Listener(Place):
    """One open stream of events, of an owner."""

    __slots__ = ("eyes", "owner", "pending")

    def __init__(self, eyes: Hashable, owner: Hashable = None) -> None:
        super().__init__()
        self.eyes, self.owner = eyes, owner
        self.pending: deque[bytes] = deque()

    def push(self, message: bytes) -> None:
        """Queue bytes; a full queue ends the stream."""
        if not self.is_open:
            return
        if len(self.pending) >= QUEUE:
            DROPPED.inc()
            self.close()
            return
        self.pending.append(message)
        self.wake.set()

    def take(self) -> bytes:
        message = b"".join(self.pending)
        self.pending.clear()
        return message


class Live:
    """All open streams of one app. Listens to the register while anybody reads."""

    def __init__(self, stopping: asyncio.Event | None = None) -> None:
        self.stopping = stopping or asyncio.Event()
        self.listeners: dict[Hashable, set[Listener]] = {}
        self.streams_of: defaultdict[Hashable, int] = defaultdict(int)
        self.tellers: dict[Hashable, Teller] = {}
        self.of_owner: defaultdict[Hashable, set[Listener]] = defaultdict(set)
        # what somebody alone is told, of what concerns them alone
        self.private_teller: Teller | None = None
        self._leave: Callable[[], None] | None = None
        self._beat: asyncio.Task[None] | None = None
        self._telling: asyncio.Task[None] | None = None
        self._waiting: dict[tuple[type[Event], int], Event] = {}
        self._wake = asyncio.Event()

    def __len__(self) -> int:
        return sum(len(listeners) for listeners in self.listeners.values())

    def enter(self, eyes: Hashable, teller: Teller, owner: Hashable = None) -> Listener:
        """A new listener; ``teller`` says what listeners with these eyes are told, and ``owner`` is who alone is told
        what concerns them.
        """
        if self._leave is None:
            self._leave = events.on(self._on_event)
            self._beat = asyncio.create_task(self._keep_alive())
            self._telling = asyncio.create_task(self._tell_all())
        listener = Listener(eyes, owner)
        self.tellers.setdefault(eyes, teller)
        self.listeners.setdefault(eyes, set()).add(listener)
        self.of_owner[owner].add(listener)
        LISTENERS.inc()
        return listener

    def leave(self, listener: Listener) -> None:
        listener.close()
        mates = self.listeners.get(listener.eyes, set())
        if listener not in mates:
            return
        mates.remove(listener)
        self.of_owner[listener.owner].discard(listener)
        if not self.of_owner[listener.owner]:
            del self.of_owner[listener.owner]
        LISTENERS.dec()
        if not mates:
            del self.listeners[listener.eyes], self.tellers[listener.eyes]
        if not self.listeners:
            self._fall_silent()

    def refuse_more(self, owner: Hashable) -> None:
        """Raises Forbidden("events.too_many") for who has ``MOST_STREAMS`` open already."""
        if self.streams_of.get(owner, 0) >= MOST_STREAMS:
            raise Forbidden("events.too_many", limit=MOST_STREAMS, seconds=60)

    @contextmanager
    def one_more(self, owner: Hashable) -> Iterator[None]:
        """A stream of this owner, counted as long as it is open."""
        self.streams_of[owner] += 1
        try:
            yield
        finally:
            self.streams_of[owner] -= 1
            if not self.streams_of[owner]:
                del self.streams_of[owner]

    def end(self, eyes: Hashable, message: bytes) -> None:
        """Tell listeners with these eyes a last thing, and end their streams."""
        for listener in list(self.listeners.get(eyes, ())):
            listener.push(message)
            listener.close()

    def close(self) -> None:
        """End all streams: the server stops."""
        for mates in list(self.listeners.values()):
            for listener in list(mates):
                listener.close()

    def _fall_silent(self) -> None:
        if self._leave:
            self._leave()
        for task in (self._beat, self._telling):
            if task:
                task.cancel()
        self._leave = self._beat = self._telling = None
        self._waiting.clear()

    def _on_event(self, event: Event) -> None:
        """Whoever caused it does not wait for the telling. Of two changes of a room the later one tells both, also when
        it comes first: from another process, before this one tells of its own.
        """
        if isinstance(event, OfficeChanged):
            return  # nothing on an open page
        key = type(event), event_id(event)
        former = self._waiting.get(key)
        if isinstance(event, RoomChanged) and isinstance(former, RoomChanged):
            event = max(event, former, key=attrgetter("revision"))
        self._waiting[key] = event
        self._wake.set()

    async def _tell_all(self) -> None:
        while True:
            await self._wake.wait()
            self._wake.clear()
            while self._waiting:
                keys = list(self._waiting)[:TOLD_TOGETHER]
                await self._tell([self._waiting.pop(key) for key in keys])

    async def _tell(self, events_together: Sequence[Event]) -> None:
        """What one act changed is told in one write: an open page asks once for all of it."""
        messages: defaultdict[Hashable, list[bytes]] = defaultdict(list)
        for event in events_together:
            if isinstance(event, NoticesChanged):
                await self._tell_owner(event)
                continue
            for eyes, teller in list(self.tellers.items()):
                try:
                    message = await teller(event)
                except Exception:
                    log.exception("an event could not be told")
                    continue
                if message is not None:
                    messages[eyes].append(message)
        for eyes, parts in messages.items():
            for listener in list(self.listeners.get(eyes, ())):
                listener.push(b"".join(parts))

    async def _tell_owner(self, event: NoticesChanged) -> None:
        listeners = self.of_owner.get(event.person_id)
        if not listeners or self.private_teller is None:
            return
        try:
            message = await self.private_teller(event)
        except Exception:
            log.exception("an event could not be told")
            return
        if message is not None:
            for listener in list(listeners):
                listener.push(message)

    async def _keep_alive(self) -> None:
        while not self.stopping.is_set():
            try:
                await asyncio.wait_for(self.stopping.wait(), HEARTBEAT_SECONDS)
            except TimeoutError:
                self._push_all(HEARTBEAT)
        self.close()

    def _push_all(self, message: bytes) -> None:
        for mates in list(self.listeners.values()):
            for listener in list(mates):
                listener.push(message)


def live_of(app: FastAPI) -> Live:
    """The streams of an app."""
    if not hasattr(app.state, "live"):
        app.state.live = Live(getattr(app.state, "stopping", None))
    live: Live = app.state.live
    return live


class Stream(Response):
    """A response that lasts as long as its listener. Starlette's own costs each of them two tasks more."""

    media_type = "text/event-stream"

    def __init__(self) -> None:
        super().__init__(headers={"cache-control": "no-store", "x-accel-buffering": "no"})
        del self.headers["content-length"]

    async def follow(self, place: Place, receive: Receive, send: Send) -> None:
        """Send what comes to a place, until it is closed or its listener has gone."""
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
            message = place.take()
            if message:
                await send({"type": "http.response.body", "body": message, "more_body": True})
        await send({"type": "http.response.body", "body": b"", "more_body": False})


class EventStream(Stream):
    """What listeners with these eyes are told."""

    def __init__(self, live: Live, eyes: Hashable, teller: Teller, owner: Hashable) -> None:
        """``owner`` has ``MOST_STREAMS`` of them at most. Raises Forbidden("events.too_many")."""
        live.refuse_more(owner)
        super().__init__()
        self.live, self.eyes, self.teller, self.owner = live, eyes, teller, owner

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        listener = self.live.enter(self.eyes, self.teller, self.owner)
        ending = asyncio.get_running_loop().call_later(LONGEST_SECONDS, listener.close)
        try:
            with self.live.one_more(self.owner):
                await self.follow(listener, receive, send)
        finally:
            ending.cancel()
            self.live.leave(listener)


async def _closed_by(receive: Receive, place: Place) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
    place.close()
