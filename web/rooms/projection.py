"""Rooms by their code, and as the API shows them."""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from registry.bookings.projections import Viewer, hides_changes
from registry.bookings.public_revision import number_of
from registry.bookings.queries import booking_room
from registry.bookings.rules import kinds, may_book
from registry.core.errors import NotFound
from registry.rooms.models import Room, StandardItem
from registry.rooms.queries import room_by_code

CODE_LIMIT = 40


async def room_of(code: str) -> Room:
    """A fresh room with its building and site. Raises NotFound("room.unknown"), also for what cannot be a code."""
    if len(code) > CODE_LIMIT or not code.isprintable():
        raise NotFound("room.unknown", room=code[:CODE_LIMIT])
    return await room_by_code(code)


async def features_of(rooms: Iterable[Room]) -> dict[int, list[str]]:
    """What a booking may ask of each room, by room id."""
    found = {room.id: set(_built_in(room)) for room in rooms}
    wanted = StandardItem.filter(room_id__in=list(found)).exclude(feature="")
    for room_id, feature in await wanted.values_list("room_id", "feature"):
        found[room_id].add(feature)
    return {room_id: sorted(features) for room_id, features in found.items()}


def _built_in(room: Room) -> Iterable[str]:
    return (name for name in ("step_free", "hearing_loop", "screen") if getattr(room, name))


async def is_open_to(room: Room, viewer: Viewer) -> bool:
    """Whether this viewer may book the room at all."""
    return room.bookable and may_book(await booking_room(room), viewer)


async def room_json(room: Room, features: list[str], viewer: Viewer) -> dict[str, Any]:
    building = room.building
    names = {"pl": room.name, "en": room.name_en, "uk": room.name_uk, "ru": room.name_ru}
    same = ("code", "number", "name", "floor", "kind", "capacity", "visibility", "check_in", "setup_minutes",
            "cleanup_minutes", "min_minutes", "max_hours", "max_days_ahead", "hours_policy", "revision")  # fmt: skip
    told = {
        **{name: getattr(room, name) for name in same},
        "names": {language: name for language, name in names.items() if name},
        "building": building.code,
        "address": building.address,
        "site": {name: getattr(building.site, name) for name in ("code", "name", "timezone")},
        "bookable": await is_open_to(room, viewer),
        "features": features,
        "kinds": list(kinds(room.visibility)),
    }
    if hides_changes(room.visibility, viewer):
        shown = {name: value for name, value in told.items() if name != "revision"}
        told["revision"] = number_of(("room", room.id, told["bookable"]), shown, datetime.now(UTC))
    return told
