"""How rooms lie on the plan of a floor, how a floor is drawn from its rooms alone, and what a picture may be. Pure."""

import hashlib
import hmac
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from math import inf, isfinite, sqrt
from operator import itemgetter
from typing import Any, NamedTuple
from xml.parsers.expat import ExpatError, ParserCreate

from registry.core.errors import Invalid, Refusal

FEWEST_CORNERS, MOST_CORNERS = 3, 40
SMALLEST = 0.005  # of a side, in parts of the picture
DIGITS = 4
# the width of every plan in units of its own; its height follows from its picture
WIDTH, BARE_HEIGHT = 1200, 640
# a floor that is drawn from its rooms alone: a row of rooms, the corridor beside it, and the walls around
ROW, CORRIDOR = 200, 90
IN_A_ROW = ((14, 7), (40, 10), (10_000, 12))
SMALLEST_SHARE, LARGEST_SHARE, USUAL_AREA = 0.7, 1.8, 18.0
SMALLEST_SIDE, LONGEST_RATIO = 100, 6  # of a picture, in pixels; how many times one side may be the other
REFUSED = 3  # how the process ends that draws a picture, where it says why it did not
# where a room's words may stand is looked for on so many lines across and down, then so often twice as close by
GRID, CLOSER = 8, 4

_FOR_A_WALL = "izba wall display"

Corner = tuple[float, float]
Corners = tuple[Corner, ...]


class Box(NamedTuple):
    """From the left, from the top, width and height, in parts of the picture."""

    x: float
    y: float
    width: float
    height: float


def rectangle(x: float, y: float, width: float, height: float) -> Corners:
    """The corners of a box, clockwise from the left upper one."""
    right, low = x + width, y + height
    return tuple((round(a, DIGITS), round(b, DIGITS)) for a, b in ((x, y), (right, y), (right, low), (x, low)))


def rounded(corners: Iterable[Sequence[float]]) -> Corners:
    """Corners as they are stored."""
    return tuple((round(float(x), DIGITS), round(float(y), DIGITS)) for x, y in corners)


def box_of(corners: Corners) -> Box:
    """The box around a shape."""
    across, down = [x for x, _ in corners], [y for _, y in corners]
    left, top = min(across), min(down)
    return Box(left, top, round(max(across) - left, DIGITS), round(max(down) - top, DIGITS))


def is_rectangle(corners: Corners) -> bool:
    """Whether a shape is its own box."""
    return set(corners) == set(rectangle(*box_of(corners))) and len(corners) == 4


def shape_fault(corners: Corners) -> Refusal | None:
    """Why a room cannot have this shape: plan.bad_shape, plan.outside, plan.too_small."""
    if not FEWEST_CORNERS <= len(corners) <= MOST_CORNERS:
        return Invalid("plan.bad_shape", least=FEWEST_CORNERS, most=MOST_CORNERS)
    if not all(isfinite(part) and 0 <= part <= 1 for corner in corners for part in corner):
        return Invalid("plan.outside")
    box = box_of(corners)
    if min(box.width, box.height) < SMALLEST or area(corners) < SMALLEST**2:
        return Invalid("plan.too_small")
    return None


def area(corners: Corners) -> float:
    """Of a shape, in parts of the picture."""
    pairs = zip(corners, (*corners[1:], corners[0]), strict=True)
    return abs(sum(a * d - c * b for (a, b), (c, d) in pairs)) / 2


class WordSpot(NamedTuple):
    """Where a room's words stand: their middle, and how much room they have across and down."""

    x: float
    y: float
    width: float
    height: float


@lru_cache(4096)
def word_spot(corners: Corners, width: float = 1.0, height: float = 1.0) -> WordSpot:
    """The widest place within a shape, where the picture has these sides: the middle of a rectangle, of any other shape
    the point that is furthest from its walls.
    """
    shape = tuple((x * width, y * height) for x, y in corners)
    box = box_of(corners)
    left, top = box.x * width, box.y * height
    if is_rectangle(corners):
        return WordSpot(
            left + box.width * width / 2, top + box.height * height / 2, box.width * width, box.height * height
        )
    walls = [_Wall.between(*ends) for ends in zip(shape, (*shape[1:], shape[0]), strict=True)]
    across, down = box.width * width / GRID, box.height * height / GRID
    steps = [column + 0.5 for column in range(GRID)]
    best = max((_spot_at(left + x * across, top + y * down, walls) for x in steps for y in steps), key=_SPACE)
    for _ in range(CLOSER):
        across, down = across / 2, down / 2
        near = [_spot_at(best[0] + x * across, best[1] + y * down, walls) for x, y in _AROUND]
        best = max((best, *near), key=_SPACE)
    side = 1.6 * max(best[2], 0.0)
    return WordSpot(best[0], best[1], side, side)


_SPACE = itemgetter(2)
_AROUND = [(x, y) for x in (-1, 0, 1) for y in (-1, 0, 1) if x or y]


class _Wall(NamedTuple):
    """Where it begins, how far it goes across and down, and the square of its length."""

    x: float
    y: float
    across: float
    down: float
    square: float

    @classmethod
    def between(cls, start: Corner, end: Corner) -> "_Wall":
        across, down = end[0] - start[0], end[1] - start[1]
        return cls(*start, across, down, across * across + down * down or 1.0)


def _spot_at(x: float, y: float, walls: Sequence[_Wall]) -> tuple[float, float, float]:
    """A point and how far it is from the walls; less than nothing outside."""
    nearest, is_inside = inf, False
    for a, b, across, down, square in walls:
        right, below = x - a, y - b
        along = (right * across + below * down) / square
        along = 0.0 if along < 0 else 1.0 if along > 1 else along
        far, low = right - along * across, below - along * down
        distance = far * far + low * low
        if distance < nearest:
            nearest = distance
        if (below < 0) != (below < down) and right < across * below / down:
            is_inside = not is_inside
    return x, y, sqrt(nearest) if is_inside else -sqrt(nearest)


def wall_secret(server_key: str, plan_id: int, number: int) -> str:
    """The secret in a plan's address for walls: 32 letters and digits that nobody guesses, the same each time. Another
    server key makes others; an old one goes on, because only its digest is compared.
    """
    return hmac.new(server_key.encode(), f"{_FOR_A_WALL} {plan_id} {number}".encode(), hashlib.sha256).hexdigest()[:32]


def wall_digest(secret: str) -> str:
    """What is stored of such a secret."""
    return hashlib.sha256(secret.encode()).hexdigest()


class FloorRoom(NamedTuple):
    """What of a room decides how large it is drawn."""

    id: int
    area: float | None
    is_corridor: bool = False


@dataclass(frozen=True, slots=True)
class Schematic:
    """A floor drawn from its rooms alone: its height where it is ``WIDTH`` wide, and their shapes by id."""

    height: int
    shapes: dict[int, Corners]


def schematic(rooms: Sequence[FloorRoom]) -> Schematic:
    """Rooms in rows with a corridor between each two, in the order they come, as wide as their areas say within
    bounds. A room that is a corridor is one of those between.
    """
    cells = [room for room in rooms if not room.is_corridor]
    corridors = [room for room in rooms if room.is_corridor]
    rows = _rows(cells)
    strips = max((len(rows) + 1) // 2, len(corridors), 1)
    height = ROW * len(rows) + CORRIDOR * strips
    shapes: dict[int, Corners] = {}
    top, free = 0, list(corridors)
    for number, row in enumerate(rows):
        if number % 2:
            top += _strip(shapes, free, top, height)
        _lay(shapes, row, top, height)
        top += ROW
    for _ in range(strips - len(rows) // 2):
        top += _strip(shapes, free, top, height)
    return Schematic(height, shapes)


def _rows(cells: Sequence[FloorRoom]) -> list[Sequence[FloorRoom]]:
    """Rooms in rows of much the same number: an even number of rows where there are more rooms than three."""
    if not cells:
        return []
    in_a_row = next(many for most, many in IN_A_ROW if len(cells) <= most)
    many = 1 if len(cells) <= 3 else 2 * -(-len(cells) // (2 * in_a_row))
    least, more = divmod(len(cells), many)
    rows, start = [], 0
    for number in range(many):
        end = start + least + (number < more)
        rows.append(cells[start:end])
        start = end
    return rows


def _lay(shapes: dict[int, Corners], row: Sequence[FloorRoom], top: int, height: int) -> None:
    """A row of rooms, each as wide as its area says."""
    areas = [room.area or USUAL_AREA for room in row]
    mean = sum(areas) / len(areas)
    shares = [min(max(one / mean, SMALLEST_SHARE), LARGEST_SHARE) for one in areas]
    left, total = 0.0, sum(shares)
    for room, share in zip(row, shares, strict=True):
        shapes[room.id] = rectangle(left / total, top / height, share / total, ROW / height)
        left += share


def _strip(shapes: dict[int, Corners], corridors: list[FloorRoom], top: int, height: int) -> int:
    """A corridor from wall to wall, which is the next of the rooms that are one. Returns how high it is."""
    if corridors:
        shapes[corridors.pop(0).id] = rectangle(0, top / height, 1, CORRIDOR / height)
    return CORRIDOR


def picture_fault(width: int, height: int) -> Refusal | None:
    """Why a picture with these sides in pixels is no plan: plan.narrow."""
    narrow = min(width, height) < SMALLEST_SIDE or max(width, height) > LONGEST_RATIO * min(width, height)
    return Invalid("plan.narrow", least=SMALLEST_SIDE, ratio=LONGEST_RATIO) if narrow else None


class PictureKind(StrEnum):
    """What a picture of a floor comes as, by its content."""

    DRAWING = "svg"
    PAPER = "pdf"
    OTHER = "other"


def picture_kind(content: bytes) -> PictureKind:
    """What a content begins as, never what its name says."""
    if content.startswith(b"%PDF-"):
        return PictureKind.PAPER
    start = content.removeprefix(b"\xef\xbb\xbf").lstrip()[:4096]
    is_drawing = start.startswith(b"<") and re.search(rb"<(\w+:)?svg[\s>]", start)
    return PictureKind.DRAWING if is_drawing else PictureKind.OTHER


class _Unsafe(Exception):  # noqa: N818  # no fault: a finding that ends the walk
    """What is in the way, as a code of plan.unsafe."""


SCRIPT, HANDLER, ELSEWHERE, FOREIGN, ENTITY = "script", "event", "reference", "foreign", "entity"
_FORBIDDEN = {
    "script": SCRIPT, "handler": SCRIPT, "listener": SCRIPT, "foreignobject": FOREIGN, "iframe": FOREIGN,
    "embed": FOREIGN, "object": FOREIGN, "audio": FOREIGN, "video": FOREIGN,
}  # fmt: skip
_EMBEDDED = re.compile(r"#|data:image/(png|jpeg|jpg|gif|webp);", re.IGNORECASE)
_STYLE_ADDRESS = re.compile(r"url\(\s*['\"]?([^'\")]*)|@import\s+['\"]?([^'\");]*)", re.IGNORECASE)


def unsafe_part(content: bytes) -> str | None:
    """What an SVG holds that no plan needs: a script, an event, a reference to elsewhere, a foreign part or an entity;
    None for a plain drawing. Raises Invalid("plan.unreadable").
    """
    parser = ParserCreate()
    parser.buffer_text = True
    parser.StartElementHandler = _check_element
    parser.CharacterDataHandler = _check_style
    parser.EntityDeclHandler = _refuse_entity
    parser.ProcessingInstructionHandler = _check_instruction
    try:
        parser.Parse(content, True)
    except _Unsafe as part:
        return str(part)
    except ExpatError as fault:
        raise Invalid("plan.unreadable") from fault
    return None


def _check_element(name: str, attributes: dict[str, str]) -> None:
    if part := _FORBIDDEN.get(name.rpartition(":")[2].lower()):
        raise _Unsafe(part)
    for attribute, value in attributes.items():
        plain = attribute.rpartition(":")[2].lower()
        if plain.startswith("on"):
            raise _Unsafe(HANDLER)
        if plain in ("href", "src") and value.strip() and not _EMBEDDED.match(value.strip()):
            raise _Unsafe(ELSEWHERE)
        _check_style(value)


def _check_style(text: str) -> None:
    if "javascript:" in text.lower():
        raise _Unsafe(SCRIPT)
    for address, imported in _STYLE_ADDRESS.findall(text):
        if imported or address.strip() and not _EMBEDDED.match(address.strip()):
            raise _Unsafe(ELSEWHERE)


def _refuse_entity(*_: Any) -> None:
    raise _Unsafe(ENTITY)


def _check_instruction(target: str, _text: str) -> None:
    if target.lower() == "xml-stylesheet":
        raise _Unsafe(ELSEWHERE)
