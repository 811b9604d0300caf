"""Rooms with their site, as they were set last or at most half a minute ago: good for words and zones, not for what
sensors and bookings change.
"""

from operator import attrgetter

from registry.core.cache import Cache
from registry.core.events import PlacesChanged
from registry.rooms.models import Room
from registry.rooms.queries import HOURS_SECONDS, all_rooms, room_by_code

_rooms: Cache[str, Room] = Cache(HOURS_SECONDS, outdated_by=PlacesChanged)
_house: Cache[str, list[Room]] = Cache(HOURS_SECONDS, outdated_by=PlacesChanged)


async def cached_room(code: str) -> Room:
    """Raises NotFound("room.unknown")."""
    return await _rooms.load(code, lambda: room_by_code(code))


async def cached_rooms() -> list[Room]:
    """All rooms in the order of the house, the closed ones too."""
    return await _house.load("", lambda: all_rooms(with_closed=True))


async def cached_open_rooms() -> list[Room]:
    """The rooms in use, in the order of the codes: what a form offers."""
    return sorted((room for room in await cached_rooms() if room.closed_at is None), key=attrgetter("code"))
