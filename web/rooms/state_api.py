"""What a room is now: the answer that doors, lamps and other programs poll."""

from registry.bookings.projections import viewer_of
from registry.bookings.public_revision import revision_of
from registry.bookings.queries import state_for
from registry.rooms.queries import zone_of
from web.auth.access import Caller
from web.kit import routing
from web.kit.clock import Now
from web.kit.routing import faults
from web.rooms.projection import RoomByCode, StateAnswer, state_answer

router = routing.router("rooms")


@router.get("/rooms/{code}/state", responses=faults(404), summary="What a room is now")
async def state(person: Caller, room: RoomByCode, now: Now) -> StateAnswer:
    """A Help Point room tells free, in_use, closed or unknown and nothing finer, unless the caller works there."""
    public = await state_for(room, viewer_of(person), now)
    return state_answer(public, revision_of(public), await zone_of(room))
