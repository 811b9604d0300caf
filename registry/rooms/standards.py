"""What rooms should hold, line by line."""

from dataclasses import asdict, dataclass
from hashlib import blake2b

import orjson

from registry.rooms.models import StandardItem


@dataclass(frozen=True, slots=True)
class StandardLine:
    """So many things of this name a room should hold; ``feature`` is what a booking may need of them."""

    name: str
    quantity: int
    feature: str = ""


async def lines_of(room_id: int) -> list[StandardLine]:
    """The standard of a room, in the order in which it was set."""
    rows = StandardItem.filter(room_id=room_id).order_by("id")
    return [StandardLine(*row) for row in await rows.values_list("name", "quantity", "feature")]


def standard_mark(lines: list[StandardLine]) -> str:
    """The same text for the same lines: whether somebody set the standard otherwise since a form was opened."""
    return blake2b(orjson.dumps([asdict(line) for line in lines]), digest_size=8).hexdigest()
