"""The live doors: each is drawn once per change and its bytes are shared by all panels that show it.

A panel holds one place for the newest door, so a slow one skips what it missed and costs nobody memory. A beat says
that the register was asked and nothing else is new; when it cannot be asked there is no beat, and the panels say so.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime

from fastapi import FastAPI
from starlette.types import Receive, Scope, Send

from registry.core import events
from registry.core.clock import Clock
from registry.core.errors import Refusal
from registry.core.events import DeviceChanged, RoomChanged
from registry.devices.models import Device
from registry.devices.queries import devices_by_id
from registry.doors.actions import note_panels
from registry.doors.phrases import panel_languages
from registry.doors.queries import door
from registry.doors.view import DoorView
from registry.rooms.queries import revisions_of
from web.doors.view import DarkHours, at_hour, door_screen, look
from web.kit.live import Place, Stream
from web.kit.render import Pages

log = logging.getLogger(__name__)
BEAT_SECONDS = 10
BEATS_A_MINUTE = 60 // BEAT_SECONDS
LOOKS = 4


@dataclass(frozen=True, slots=True)
class Face:
    """What panels must have in common to share their bytes."""

    room_id: int
    languages: tuple[str, ...]
    can_act: bool
    dark: DarkHours


def face_of(device: Device) -> Face:
    assert device.room_id is not None
    return Face(device.room_id, panel_languages(device.languages), device.enabled, (device.dark_from, device.dark_to))


class PanelPlace(Place):
    """One panel's place: the newest message of each kind that it has not yet taken."""

    __slots__ = ("device_id", "has_door", "key_digest", "waiting")

    def __init__(self, device: Device) -> None:
        super().__init__()
        self.device_id, self.key_digest = device.id, device.key_digest
        self.waiting: dict[str, bytes] = {}
        self.has_door = False

    def put(self, name: str, message: bytes) -> None:
        self.waiting[name] = message
        self.wake.set()

    def take(self) -> bytes:
        messages, self.waiting = self.waiting, {}
        return b"".join(messages.values())


@dataclass(eq=False, slots=True)
class Audience:
    """A face that somebody looks at."""

    places: set[PanelPlace] = field(default_factory=set)
    revision: int = -1
    minute: str = ""
    look: tuple[object, ...] = ()
    message: bytes = b""
    drawings: dict[tuple[object, ...], bytes] = field(default_factory=dict)  # in this minute


def message(name: str, data: str) -> bytes:
    """A server-sent event; the name is ours, the data may have lines."""
    lines = "".join(f"data: {line}\n" for line in data.splitlines()) or "data:\n"
    return f"event: {name}\n{lines}\n".encode()


class Hub:
    """Of one site. It runs while anybody looks."""

    def __init__(self, pages: Pages, clock: Clock) -> None:
        self.pages = pages
        self.clock = clock
        self.faces: dict[Face, Audience] = {}
        self.due: dict[Face, int] = {}
        self.changed_devices: set[int] = set()
        self.in_touch: set[int] = set()
        self.beats = 0
        self.wake = asyncio.Event()
        self.task: asyncio.Task[None] | None = None
        self.unsubscribe: Callable[[], None] | None = None

    @asynccontextmanager
    async def seat(self, device: Device) -> AsyncIterator[PanelPlace]:
        """A place for one panel; the door comes as soon as the register has been asked."""
        face, place = face_of(device), PanelPlace(device)
        audience = self.faces.setdefault(face, Audience())
        audience.places.add(place)
        self.in_touch.add(device.id)
        self._start()
        self._mark(face)
        try:
            yield place
        finally:
            place.close()
            audience.places.discard(place)
            if not audience.places and self.faces.get(face) is audience:
                del self.faces[face]
            if not self.faces:
                await self.stop()

    def _start(self) -> None:
        if self.task is None or self.task.done():
            self.unsubscribe = events.on(self._on_event)
            self.task = asyncio.create_task(self._run())

    async def stop(self) -> None:
        """End every stream and what feeds them."""
        for audience in self.faces.values():
            for place in audience.places:
                place.close()
        if self.unsubscribe:
            self.unsubscribe()
            self.unsubscribe = None
        task, self.task = self.task, None
        if task:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    def _on_event(self, event: events.Event) -> None:
        """Only wakes: the writer that caused the event does not wait for drawings."""
        if isinstance(event, RoomChanged):
            for face in self.faces:
                if face.room_id == event.room_id:
                    self._mark(face, event.revision)
        elif isinstance(event, DeviceChanged):
            self.changed_devices.add(event.device_id)
            self.wake.set()

    def _mark(self, face: Face, revision: int = -1) -> None:
        self.due[face] = max(revision, self.due.get(face, -1))
        self.wake.set()

    async def _run(self) -> None:
        loop = asyncio.get_running_loop()
        beat_at = loop.time() + BEAT_SECONDS
        while True:
            try:
                # wait_for of Python 3.11 may swallow the end of its own task
                async with asyncio.timeout_at(beat_at):
                    await self.wake.wait()
            except TimeoutError:
                beat_at = loop.time() + BEAT_SECONDS
                await self._beat()
            else:
                self.wake.clear()
                await self._catch_up()

    async def _catch_up(self) -> None:
        due, self.due = self.due, {}
        device_ids, self.changed_devices = self.changed_devices, set()
        for face, revision in due.items():
            await self._refresh(face, revision)
        for face, audience in list(self.faces.items()):
            for place in [place for place in audience.places if place.device_id in device_ids]:
                await self._recheck(face, place)
        await self._note_presence()

    async def _note_presence(self) -> None:
        """One write for all panels that have come, and once a minute for all that are here."""
        ids, self.in_touch = self.in_touch, set()
        if not ids:
            return
        try:
            await note_panels(ids, self.clock())
        except Exception:
            # the doors matter more; the next minute notes it again
            log.exception("it could not be noted which panels are here")

    async def _recheck(self, face: Face, place: PanelPlace) -> None:
        """A panel that was unpaired, moved or switched off asks again who it is."""
        try:
            device = next(iter(await devices_by_id([place.device_id])), None)
        except Exception:
            log.exception("a panel could not be looked up", extra={"device_id": place.device_id})
            self.changed_devices.add(place.device_id)  # looked up at the next beat
            return
        if device is None or device.key_digest != place.key_digest or device.room_id is None or face_of(device) != face:
            place.put("again", message("again", ""))

    async def _refresh(self, face: Face, revision: int = -1) -> bool:
        """Look at the room again, after an event at the revision that it told of; tell its panels if its door looks
        different. False if that was not possible.
        """
        audience = self.faces.get(face)
        if audience is None:
            return True
        try:
            view = await door(face.room_id, self.clock(), None if face.can_act else _switched_off(), revision)
        except Refusal:
            return False
        except Exception:
            log.exception("a door could not be drawn", extra={"room_id": face.room_id})
            return False
        self._tell(audience, view, face)
        return True

    def _tell(self, audience: Audience, view: DoorView, face: Face) -> None:
        minute, appearance = self._minute(view.as_of), look(view, face.dark)
        if minute != audience.minute:
            audience.drawings.clear()
        audience.revision, audience.minute = view.revision, minute
        is_new = appearance != audience.look
        if is_new:
            audience.look = appearance
            audience.message = self._draw(audience, view, face)
        for place in audience.places:
            if is_new or not place.has_door:
                place.put("door", audience.message)
                place.has_door = True

    def _draw(self, audience: Audience, view: DoorView, face: Face) -> bytes:
        """A sensor that sees somebody come and go shows the same two doors again and again."""
        drawing = audience.drawings.get(audience.look)
        if drawing is None:
            if len(audience.drawings) >= LOOKS:
                audience.drawings.clear()
            screen = at_hour(self.pages, door_screen(self.pages, view, face.languages), view, face.dark)
            drawing = message("door", str(screen.markup))
            audience.drawings[audience.look] = drawing
        return drawing

    async def _beat(self) -> None:
        now = self.clock()
        try:
            revisions = await revisions_of({face.room_id for face in self.faces})
        except Exception:
            log.exception("the register did not answer; no beat")
            return
        minute = self._minute(now)
        time, epoch = panel_time(self.pages, now).split()
        beat = message("beat", f"{time} {self.pages.static_hash} {epoch}")
        for face, audience in list(self.faces.items()):
            is_fresh = revisions.get(face.room_id) == audience.revision and audience.minute == minute
            if is_fresh or await self._refresh(face):
                for place in audience.places:
                    place.put("beat", beat)
        self.beats += 1
        if self.beats % BEATS_A_MINUTE == 0:
            self.in_touch.update(place.device_id for audience in self.faces.values() for place in audience.places)
        if self.changed_devices or self.in_touch:
            self.wake.set()

    def _minute(self, now: datetime) -> str:
        return f"{now.astimezone(self.pages.formats('pl').zone):%H:%M}"


def _switched_off() -> Device:
    return Device(enabled=False)


def panel_time(pages: Pages, now: datetime) -> str:
    """The time at the site and in seconds of the epoch, by which a panel sets its clock: ``20:49:37 1795996177``."""
    return f"{now.astimezone(pages.formats('pl').zone):%H:%M:%S} {int(now.timestamp())}"


class DoorStream(Stream):
    """What one panel is told."""

    def __init__(self, hub: Hub, device: Device) -> None:
        super().__init__()
        self.hub, self.device = hub, device

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async with self.hub.seat(self.device) as place:
            await self.follow(place, receive, send)


def hub_of(app: FastAPI) -> Hub:
    """The one hub of a site, made at the first panel."""
    hub: Hub | None = getattr(app.state, "panel_hub", None)
    if hub is None:
        hub = app.state.panel_hub = Hub(app.state.pages, app.state.clock)
        stopping: asyncio.Event | None = getattr(app.state, "stopping", None)
        if stopping:
            app.state.panel_hub_end = asyncio.create_task(_end_with(hub, stopping))
    return hub


async def _end_with(hub: Hub, stopping: asyncio.Event) -> None:
    await stopping.wait()
    await hub.stop()
