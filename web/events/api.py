"""The event stream: a room or an asset changed. An event says where to look; whoever reconnects looks everywhere."""

from collections.abc import Hashable
from typing import Any

import orjson
from fastapi import Request
from starlette.responses import Response

from registry.bookings.projections import PublicState, Viewer, hides_changes, sees_times, viewer_of
from registry.bookings.public_revision import looks, revision_of
from registry.bookings.queries import spans_ahead, state_for
from registry.core.clock import Clock
from registry.core.events import AssetChanged, DeviceChanged, Event, NoticesChanged, RoomChanged, StocktakeChanged
from registry.outbox.queries import forget_unread, unread_count
from registry.people import rules
from registry.people.models import Person
from registry.rooms.models import Room, Visibility
from registry.rooms.queries import all_rooms, zone_of
from web.auth.access import Caller
from web.kit import routing
from web.kit.live import EventStream, Teller, live_of
from web.kit.routing import faults
from web.rooms.projection import state_answer
from web.rooms.room_cache import cached_rooms

router = routing.router("events")
# what a viewer can see of the rooms that hide what happens in them, by room id
Looks = dict[int, Any]


@router.get(
    "/events",
    responses={
        **faults(429),
        200: {"description": "Server-sent events", "content": {"text/event-stream": {"schema": {"type": "string"}}}},
    },
    response_class=Response,
    summary="Changes of rooms and assets as they happen",
)
async def stream(request: Request, person: Caller) -> Response:
    """``room`` with the state as ``GET /rooms/{code}/state`` tells it, ``asset`` and ``device`` with the id.

    Ask for the states after connecting and after each reconnection: the stream repeats nothing, whatever
    ``Last-Event-ID`` says. ``beat`` comes every 15 seconds. A reader that does not keep up is disconnected,
    and everybody after 15 minutes: whoever may still listen connects again. One person has 40 streams at most.
    Of a Help Point room only who works there is told more than what is to be seen of it. ``notice`` has how many of the
    caller's own notices are ``unread``, a hundred at most, when that changed. ``stocktake`` has the id of one that
    went on.
    """
    live, clock = live_of(request.app), request.app.state.clock
    live.private_teller = _own_notices
    before: Looks = {}
    eyes, teller = _eyes(person, before, clock)
    if eyes not in live.tellers:
        before.update(await _looks_now(viewer_of(person), clock))
    return EventStream(live, eyes, teller, person.id)


def _eyes(person: Person, before: Looks, clock: Clock) -> tuple[Hashable, Teller]:
    """Everybody whom the register tells the same shares one teller, and with it what was to be seen before."""
    viewer, sees_devices = viewer_of(person), rules.may(person.role, "devices.see")

    async def tell(event: Event) -> bytes | None:
        if isinstance(event, RoomChanged):
            return await _room(event, viewer, before, clock)
        if isinstance(event, AssetChanged):
            return message("asset", f"asset:{event.asset_id}", {"asset": event.asset_id})
        if isinstance(event, DeviceChanged) and sees_devices:
            return message("device", f"device:{event.device_id}", {"device": event.device_id})
        if isinstance(event, StocktakeChanged):  # that it went on, and nothing of what was seen
            return message("stocktake", f"stocktake:{event.stocktake_id}", {"stocktake": event.stocktake_id})
        return None

    return ("api", sees_times(Visibility.HIDDEN, viewer), sees_devices), tell


async def _own_notices(event: Event) -> bytes | None:
    """What the person alone is told whose notices changed."""
    if not isinstance(event, NoticesChanged):
        return None
    forget_unread(event.person_id)  # also when another process told it
    unread = await unread_count(event.person_id)
    return message("notice", f"notice:{unread}", {"notice": event.person_id, "unread": unread})


async def _room(event: RoomChanged, viewer: Viewer, before: Looks, clock: Clock) -> bytes | None:
    room = next((room for room in await cached_rooms() if room.id == event.room_id), None)
    if room is None:
        return None
    state = await state_for(room, viewer, clock(), event.revision)
    revision = revision_of(state)  # at once: numbered after a wait, an older state would get the greater number
    if hides_changes(room.visibility, viewer):
        now = await _looks(room, state, viewer)
        if before.get(room.id) == now:
            return None
        before[room.id] = now
    answer = state_answer(state, revision, await zone_of(room))
    return message("room", f"{room.code}:{revision}", answer.model_dump())


async def _looks_now(viewer: Viewer, clock: Clock) -> Looks:
    """So that a new stream is not told of the next thing that happens there as if it were news."""
    rooms = [room for room in await all_rooms() if hides_changes(room.visibility, viewer)]
    now = clock()
    return {room.id: await _looks(room, await state_for(room, viewer, now), viewer) for room in rooms}


async def _looks(room: Room, state: PublicState, viewer: Viewer) -> Any:
    """All that this viewer can see of such a room: its state, and where they may know it, when it is taken."""
    spans = await spans_ahead(room.id, state.as_of) if sees_times(room.visibility, viewer) else []
    return looks(state), spans


def message(name: str, number: str, payload: dict[str, Any]) -> bytes:
    """One server-sent event."""
    return f"event: {name}\nid: {number}\ndata: ".encode() + orjson.dumps(payload) + b"\n\n"
