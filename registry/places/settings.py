"""What of a room is set by who runs it: its columns, and what is told of them in the history."""

from collections.abc import Iterable, Mapping
from copy import copy
from decimal import Decimal
from hashlib import blake2b
from typing import Any, TypedDict

import orjson

from registry.rooms.models import HoursPolicy, Room, RoomKind, Visibility


class RoomSettings(TypedDict, total=False):
    """What a room is and how it is booked; what is left out stays as it is."""

    number: str
    floor: int
    name: str
    name_en: str
    name_uk: str
    name_ru: str
    kind: RoomKind
    capacity: int
    area_m2: Decimal | None
    note: str
    step_free: bool
    hearing_loop: bool
    screen: bool
    visibility: Visibility
    bookable: bool
    opening_id: int | None
    hours_policy: HoursPolicy
    setup_minutes: int
    cleanup_minutes: int
    min_minutes: int
    max_hours: int
    max_days_ahead: int
    check_in: bool
    no_show_minutes: int | None
    vacant_minutes: int | None
    panel_books: bool
    door_proofs: str
    door_pin: str


SETTINGS = tuple(RoomSettings.__annotations__)
# the rules of booking, which may be the same in several rooms
RULES = SETTINGS[SETTINGS.index("visibility") : SETTINGS.index("door_pin")]


def settings_of(room: Room) -> dict[str, Any]:
    """What a room is set to."""
    return {name: getattr(room, name) for name in SETTINGS}


def mark_of(room: Room, institution_ids: Iterable[int]) -> str:
    """The same text for the same settings: whether somebody set the room otherwise since a form was opened."""
    content = [settings_of(room), sorted(institution_ids)]
    return blake2b(orjson.dumps(content, default=str), digest_size=8).hexdigest()


def proposal_of(room: Room, settings: Mapping[str, Any]) -> Room:
    """The room as it would be, never to be stored."""
    return copy(room).update_from_dict({**settings})
