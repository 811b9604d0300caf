"""A house in parts that one page shows: by building, a large building by floors. What a page draws does not grow with
the house.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from operator import attrgetter
from urllib.parse import urlencode

from fastapi import Request
from starlette.responses import Response

from registry.rooms.models import Room
from registry.rooms.queries import RoomLine, addresses_of, all_rooms, rooms_of_house
from web.auth.session import A_YEAR, keep, options_of
from web.kit.page_context import PageContext
from web.kit.render import is_fragment
from web.kit.words import Words

MOST = 60  # rooms on a page: a house of no more is shown whole
PART = "part"  # its name in the address: the code of a room that it holds
COOKIE = "izba_part"  # the part that somebody looked at last
_DONE = ("did", "done", "about", "piece", "asset", "shape", PART)

Stretch = list[RoomLine]


@dataclass(frozen=True, slots=True)
class PartLink:
    """The way to a part of the house."""

    href: str
    title: str
    rooms: int
    is_shown: bool


@dataclass(frozen=True, slots=True)
class HousePart:
    """The rooms that a page shows of ``total``, and the ways to all parts; no ways where the house is shown whole."""

    rooms: list[Room]
    total: int
    links: tuple[PartLink, ...] = ()
    code: str = ""


async def small_house() -> list[Room] | None:
    """All rooms of a house that one page shows; None of a larger one."""
    rooms = await all_rooms(at_most=MOST + 1)
    return rooms if len(rooms) <= MOST else None


async def part_of(
    lines: Sequence[RoomLine], house: Iterable[RoomLine], request: Request, context: PageContext
) -> HousePart:
    """The part of these rooms of the house that the address asks for, else the one looked at last, else the first."""
    parts = in_parts(lines, MOST)
    if not parts:
        return HousePart([], 0)
    wish = request.query_params.get(PART) or request.cookies.get(COOKIE, "")
    place_shown = nearest(parts, next((line for line in house if line.code == wish), None))
    rooms = await rooms_of_house([line.id for line in parts[place_shown]])
    if len(parts) == 1:
        return HousePart(rooms, len(lines))
    rest = [(name, text) for name, text in request.query_params.multi_items() if name not in _DONE]
    addresses = await addresses_of({line.building_id for line in lines})
    links = tuple(
        PartLink(
            href=f"{request.url.path}?{urlencode([*rest, (PART, part[0].code)])}",
            title=title,
            rooms=len(part),
            is_shown=place == place_shown,
        )
        for place, (part, title) in enumerate(zip(parts, titles(parts, addresses, context.words), strict=True))
    )
    return HousePart(rooms, len(lines), links, parts[place_shown][0].code)


def remember_part(response: Response, request: Request) -> Response:
    """Let who chose a part find it again where the address names none."""
    wish = request.query_params.get(PART, "")
    if wish and wish != request.cookies.get(COOKIE) and response.status_code == 200 and not is_fragment(request):
        keep(response, options_of(request), COOKIE, wish, A_YEAR)
    return response


def in_parts(lines: Sequence[RoomLine], most: int) -> list[Stretch]:
    """Rooms in the order of the house in stretches of at most ``most``. Small buildings share one, a larger one has
    parts of its own, of whole floors as far as these fit.
    """
    parts: list[Stretch] = []
    takes_more = False  # the last part is one of small buildings
    for _, group in groupby(lines, attrgetter("building_id")):
        building = list(group)
        is_large = len(building) > most
        if is_large:
            parts += _packed(_floors(building, most), most)
        elif takes_more and len(parts[-1]) + len(building) <= most:
            parts[-1] += building
        else:
            parts.append(building)
        takes_more = not is_large
    return parts


def _packed(stretches: Iterable[Stretch], most: int) -> list[Stretch]:
    packs: list[Stretch] = []
    for stretch in stretches:
        if packs and len(packs[-1]) + len(stretch) <= most:
            packs[-1] += stretch
        else:
            packs.append(stretch)
    return packs


def _floors(building: Stretch, most: int) -> Iterator[Stretch]:
    """Its floors, one of more rooms than ``most`` in pieces of about the same size."""
    for _, group in groupby(building, attrgetter("floor")):
        floor = list(group)
        size = -(-len(floor) // -(-len(floor) // most))
        yield from (floor[start : start + size] for start in range(0, len(floor), size))


def nearest(parts: Sequence[Stretch], wish: RoomLine | None) -> int:
    """The place of the part with this room; where it is in none, of its floor, of its building, of the first."""
    for names in (("id",), ("building_id", "floor"), ("building_id",)):
        same = attrgetter(*names)
        for place, part in enumerate(parts):
            if wish and any(same(line) == same(wish) for line in part):
                return place
    return 0


def titles(parts: Sequence[Stretch], addresses: dict[int, str], words: Words) -> list[str]:
    """What each part is called: its address or addresses, its floors where a building has several parts, its rooms
    where a floor has.
    """
    town = addresses[parts[0][0].building_id].partition(", ")[0]
    short = {key: address.removeprefix(f"{town}, ") for key, address in addresses.items()}
    buildings = [part[0].building_id for part in parts]
    floors = [(part[0].building_id, part[0].floor) for part in parts]
    names = []
    for part in parts:
        first, last = part[0], part[-1]
        if first.building_id != last.building_id:
            names.append(_range(short[first.building_id], short[last.building_id]))
            continue
        name = short[first.building_id]
        if buildings.count(first.building_id) > 1:
            name += f" · {_range(*(words.floor(line.floor) for line in (first, last)))}"
        if floors.count((first.building_id, first.floor)) > 1 and first.floor == last.floor:
            name += f" · {_range(first.number, last.number)}"
        names.append(name)
    return names


def _range(first: str, last: str) -> str:
    return first if first == last else f"{first} – {last}"
