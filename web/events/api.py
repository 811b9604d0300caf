"""The event stream: a room or an asset changed. An event says where to look; whoever reconnects looks everywhere."""

from datetime import UTC, datetime
from typing import Any

import orjson
from fastapi import Request
from starlette.responses import Response

from registry.bookings.day_rows import TAKING
from registry.bookings.models import Booking
from registry.bookings.projections import PublicState, Viewer, hides_changes, sees_times, viewer_of
from registry.bookings.public_revision import looks, numbered
from registry.bookings.queries import state_for
from registry.core.events import AssetChanged, DeviceChanged, Event, RoomChanged
from registry.people import rules
from registry.people.models import Person
from registry.rooms.models import Room, Visibility
from registry.rooms.queries import all_rooms, zone_of
from web.auth.access import caller
from web.kit import routing
from web.kit.live import EventStream, Teller, live_of
from web.kit.routing import faults
from web.rooms.room_cache import rooms_known
from web.rooms.state_api import state_json

router = routing.router("events", is_plain=True)


@router.get(
    "/events",
    responses={
        **faults(),
        200: {"description": "Server-sent events", "content": {"text/event-stream": {"schema": {"type": "string"}}}},
    },
    response_class=Response,
    summary="Changes of rooms and assets as they happen",
)
async def stream(request: Request) -> Response:
    """``room`` with the state as ``GET /rooms/{code}/state`` tells it, ``asset`` and ``device`` with the id.

    Ask for the states after connecting and after each reconnection: the stream repeats nothing, whatever
    ``Last-Event-ID`` says. A comment comes every 15 seconds. A reader that does not keep up is disconnected,
    and everybody after 15 minutes: whoever may still listen connects again. Of a Help Point room only who works there
    is told more than what is to be seen of it.
    """
    person = await caller(request)
    live = live_of(request.app)
    shown: dict[int, Any] = {}
    eyes, teller = _eyes(person, shown)
    if eyes not in live.tellers:
        shown.update(await _seen_now(viewer_of(person)))
    return EventStream(live, eyes, teller)


def _eyes(person: Person, shown: dict[int, Any]) -> tuple[Any, Teller]:
    """Everybody whom the register tells the same shares one teller; ``shown`` is what they have seen of the rooms that
    hide what happens in them.
    """
    viewer, sees_devices = viewer_of(person), rules.may(person.role, "devices.see")

    async def tell(event: Event) -> bytes | None:
        if isinstance(event, RoomChanged):
            return await _room(event, viewer, shown)
        if isinstance(event, AssetChanged):
            return message("asset", f"asset:{event.asset_id}", {"asset": event.asset_id})
        if isinstance(event, DeviceChanged) and sees_devices:
            return message("device", f"device:{event.device_id}", {"device": event.device_id})
        return None

    return ("api", sees_times(Visibility.HIDDEN, viewer), sees_devices), tell


async def _room(event: RoomChanged, viewer: Viewer, shown: dict[int, Any]) -> bytes | None:
    room = next((room for room in await rooms_known() if room.id == event.room_id), None)
    if room is None:
        return None
    seen = numbered(await state_for(room, viewer, datetime.now(UTC), event.revision))
    if hides_changes(room.visibility, viewer):
        shows = await _shows(room, seen, viewer)
        if shown.get(room.id) == shows:
            return None
        shown[room.id] = shows
    return message("room", f"{room.code}:{seen.revision}", state_json(seen, await zone_of(room)))


async def _seen_now(viewer: Viewer) -> dict[int, Any]:
    """What is to be seen of the rooms that hide what happens in them, so that a new stream is not told of the next
    thing that happens there as if it were news.
    """
    rooms = [room for room in await all_rooms() if hides_changes(room.visibility, viewer)]
    now = datetime.now(UTC)
    return {room.id: await _shows(room, await state_for(room, viewer, now), viewer) for room in rooms}


async def _shows(room: Room, seen: PublicState, viewer: Viewer) -> Any:
    """All that this viewer can see of such a room: its state, and where they may know it, when it is taken."""
    spans: list[Any] = []
    if sees_times(room.visibility, viewer):
        ahead = Booking.filter(room_id=room.id, ends_at__gt=seen.as_of, status__in=TAKING)
        spans = await ahead.order_by("starts_at").values_list("starts_at", "ends_at")
    return looks(seen), spans


def message(name: str, number: str, told: Any) -> bytes:
    """One server-sent event."""
    return f"event: {name}\nid: {number}\ndata: ".encode() + orjson.dumps(told) + b"\n\n"
