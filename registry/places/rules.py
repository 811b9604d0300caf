"""What a room may be set to, and what stands against closing a place. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from registry.assets.rules import fold
from registry.bookings.rules import FEATURES
from registry.core.errors import Conflict, Invalid, Refusal
from registry.people.models import Person
from registry.people.rules import may
from registry.rooms.models import HELP_POINT, Visibility
from registry.rooms.rules import FLOORS, SEATS, Bounds

BOUNDS: dict[str, Bounds] = {
    "floor": FLOORS,
    "capacity": SEATS,
    "setup_minutes": Bounds(0, 240),
    "cleanup_minutes": Bounds(0, 240),
    "min_minutes": Bounds(1, 24 * 60),
    "max_hours": Bounds(1, 24),
    "max_days_ahead": Bounds(1, 730),
    "no_show_minutes": Bounds(3, 120),
    "vacant_minutes": Bounds(5, 240),
}
# empty means never
MAY_BE_NEVER = frozenset({"no_show_minutes", "vacant_minutes"})
LENGTHS: dict[str, int] = {
    "code": 40, "number": 20, "name": 120, "name_en": 120, "name_uk": 120, "name_ru": 120, "note": 300,
    "address": 200, "timezone": 60, "town": 120,
}  # fmt: skip
NEEDED = ("name", "number")
PIECES, MOST_LINES = Bounds(1, 9999), 200
LARGEST_AREA = 100_000
# what is built into a room; all else that a booking may need comes with its standard
BUILT_IN = ("step_free", "hearing_loop", "screen")


def may_be_asked(person: Person, visibility: Visibility) -> bool:
    """Whether somebody can be named to approve a room's bookings: who books, and in the Help Point who works there."""
    is_near = visibility not in HELP_POINT or may(person.role, "help_point.see")
    return person.is_active and is_near and may(person.role, "bookings.make")


def setting_faults(settings: Mapping[str, Any], present: Mapping[str, Any]) -> dict[str, Refusal]:
    """Why some of these settings of a room cannot stand, by the setting; ``present`` is what it has of all the others.

    Codes: room.bad_number, room.no_name, room.lengths_crossed.
    """
    faults: dict[str, Refusal] = {}
    for name, value in settings.items():
        if name in NEEDED and not value:
            faults[name] = Invalid("room.no_name", setting=name)
        bounds = BOUNDS.get(name)
        if bounds and not (value is None and name in MAY_BE_NEVER) and not _is_within(value, bounds):
            faults[name] = Invalid("room.bad_number", setting=name, least=bounds.least, most=bounds.most)
    lengths = {"min_minutes", "max_hours"}
    if lengths & settings.keys() and not lengths & faults.keys():
        both = {**present, **settings}
        if both["min_minutes"] > both["max_hours"] * 60:
            faults["min_minutes"] = Invalid("room.lengths_crossed")
    return faults


def _is_within(value: Any, bounds: Bounds) -> bool:
    return isinstance(value, int) and bounds.least <= value <= bounds.most


def standard_faults(lines: Sequence[tuple[str, Any, str]]) -> dict[int, Refusal]:
    """Why some lines of a standard cannot stand, by their place: each is a name, how many, and a feature or nothing.

    Codes: room.no_name, room.bad_number, standard.twice, standard.bad_feature.
    """
    faults: dict[int, Refusal] = {}
    names: set[str] = set()
    for place, (name, quantity, feature) in enumerate(lines):
        if not name:
            faults[place] = Invalid("room.no_name", setting="name")
        elif fold(name) in names:
            faults[place] = Invalid("standard.twice", name=name)
        elif not _is_within(quantity, PIECES):
            faults[place] = Invalid("room.bad_number", setting="quantity", least=PIECES.least, most=PIECES.most)
        elif feature and feature not in FEATURES:
            faults[place] = Invalid("standard.bad_feature", feature=feature[:40], features=", ".join(FEATURES))
        names.add(fold(name))
    return faults


def class_reasons(code: str, former: Visibility, visibility: Visibility, is_running: bool) -> Iterator[Refusal]:
    """What stands against another class of visibility: ``is_running`` says that a booking runs in the room now."""
    if former is not visibility and former in HELP_POINT and is_running:
        yield Conflict("room.class_in_use", room=code)


def crosses(former: Visibility, visibility: Visibility) -> bool:
    """Whether a room joins the Help Point or leaves it: its neighbours' doors then look otherwise too."""
    return (former in HELP_POINT) != (visibility in HELP_POINT)
