"""What a device says at this moment, live: somebody stands before it and waves a hand."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from fastapi import Request
from starlette.responses import StreamingResponse

from registry.devices.models import Device
from web.kit.live import live_of
from web.kit.page_context import PageContext
from web.kit.render import pages_of
from web.kit.words import N_

LOOK_SECONDS, LOOKS = 0.5, 1200
SAYS: dict[bool | None, tuple[str, str]] = {
    True: ("in_use", N_("Somebody is there")),
    False: ("free", N_("Nobody is there")),
}
SILENT = ("unknown", N_("Nothing that tells of people yet"))


@dataclass(frozen=True, slots=True)
class WaveState:
    """What a device said last: the shape and word, since when, how many messages, and the newest as they came."""

    state: str
    word: str
    since: str
    count: int
    payloads: tuple[str, ...] = ()


def of_stranger(row: dict[str, Any] | None, context: PageContext) -> WaveState:
    """Of something that nobody bound; it may have left the inbox."""
    if row is None:
        return WaveState(SILENT[0], context.say(SILENT[1]), "", 0)
    state, word = SAYS.get(row["said"].get("occupied"), SILENT)
    payloads = tuple(reversed(row["payloads"][-4:]))
    return WaveState(state, context.say(word), context.ago(row["last_at"]), row["count"], payloads)


def of_device(device: Device, context: PageContext) -> WaveState:
    """Of a device of the register."""
    state, word = SAYS.get(device.occupied, SILENT)
    return WaveState(state, context.say(word), context.ago(device.changed_at or device.heard_at), 0)


def fragment(request: Request, state: WaveState, context: PageContext) -> str:
    """The state as HTML on one line, as an event of a stream carries it."""
    environment = pages_of(request).environment(context.language)
    return " ".join(environment.get_template("devices/_wave.html").render(wave=state).split())


def stream(
    request: Request, look: Callable[[datetime], Awaitable[WaveState | None]], context: PageContext
) -> StreamingResponse:
    """What changes, as it changes, for ten minutes at most, and until a look says None: it is not this reader's to see
    any more. It is one of the streams that a person may have. Raises Forbidden("events.too_many").
    """
    live, owner = live_of(request.app), context.person.id
    live.refuse_more(owner)
    clock, stopping = request.app.state.clock, getattr(request.app.state, "stopping", None) or asyncio.Event()

    async def events() -> AsyncIterator[bytes]:
        before = ""
        with live.one_more(owner):
            for number in range(LOOKS):
                state = await look(clock())
                if state is None:
                    return
                text = fragment(request, state, context)
                if text != before:
                    before = text
                    yield f"data: {text}\n\n".encode()
                elif number % 20 == 0:
                    yield b": still here\n\n"
                try:
                    await asyncio.wait_for(stopping.wait(), LOOK_SECONDS)
                    return
                except TimeoutError:
                    continue

    headers = {"cache-control": "no-store", "x-accel-buffering": "no"}
    return StreamingResponse(events(), media_type="text/event-stream", headers=headers)
