"""The demo's sets: the desks of an office room, and what the conference room's talks need."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from registry.core.history import Actor
from registry.sets.actions import NewSet, make_set

# the room, the set's name, how many sets, and what belongs to each
SETS: Sequence[tuple[str, str, int, dict[str, int]]] = (
    (
        "PP-02", "Stanowisko PP-02/{number}", 4,
        {"Biurko 160x80 z elektryczną regulacją wysokości": 1, "Komputer stacjonarny typu mini": 1,
         "Monitor 24 cale": 2, "Zestaw bezprzewodowy klawiatura i mysz": 1},
    ),
    (
        "ZW-01", "Prelekcja w sali konferencyjnej", 1,
        {"Projektor laserowy 5000 lm": 1, "Ekran projekcyjny elektryczny": 1, "Mikrofon bezprzewodowy – zestaw": 1,
         "Mównica": 1},
    ),
)  # fmt: skip


async def lay_sets(pieces: Sequence[dict[str, Any]], actor: Actor, now: datetime) -> None:
    """Make the demo's sets of pieces as ``standing_pieces`` gives them."""
    for room, name, count, quantities in SETS:
        there = {part: [piece["id"] for piece in pieces if (piece["room"], piece["name"]) == (room, part)]
                 for part in quantities}  # fmt: skip
        for number in range(count):
            ids = [pk for part, many in quantities.items() for pk in there[part][number * many : (number + 1) * many]]
            await make_set(NewSet(name.format(number=number + 1), tuple(ids)), actor, now)
