"""Rooms with their site, as they were at most half a minute ago: good for words and zones, not for what may change."""

from registry.core.cache import Kept
from registry.rooms.models import Room
from registry.rooms.queries import HOURS_SECONDS, all_rooms, room_by_code

_rooms: Kept[str, Room] = Kept(HOURS_SECONDS)
_house: Kept[str, list[Room]] = Kept(HOURS_SECONDS)


async def cached_room(code: str) -> Room:
    """Raises NotFound("room.unknown")."""
    return _rooms.get(code) or _rooms.put(code, await room_by_code(code))


async def cached_rooms() -> list[Room]:
    """All rooms in the order of the house."""
    return _house.get("") or _house.put("", await all_rooms())
