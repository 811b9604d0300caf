"""What is asked about floor plans: which floors there are, and how one is laid out."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from registry.core.cache import Cache
from registry.core.errors import NotFound
from registry.core.events import PlacesChanged
from registry.plans.models import FloorPlan, PlanRoom
from registry.plans.rules import BARE_HEIGHT, WIDTH, Corners, FloorRoom, rounded, schematic, wall_digest
from registry.rooms.models import Building, Room, RoomKind
from registry.rooms.queries import HOURS_SECONDS, is_code, rooms_on

LONGEST_SECRET = 64
SOLE = 0  # the one key of what is remembered of all plans together


class Floor(NamedTuple):
    """A floor of a building."""

    building_id: int
    floor: int


def floor_of(room: Room) -> Floor:
    """Where a room lies."""
    return Floor(room.building_id, room.floor)


@dataclass(frozen=True, slots=True)
class StoredPlan:
    """What is stored of a floor's plan: ``picture`` is an attachment's id, ``size`` the picture's in pixels."""

    id: int
    revision: int
    picture: int | None
    size: tuple[int, int] | None
    shapes: dict[int, Corners] = field(default_factory=dict)
    wall_number: int = 0
    wall_digest: str = ""


@dataclass(frozen=True, slots=True)
class FloorLayout:
    """A floor as it is drawn: ``height`` where it is ``WIDTH`` wide, and its rooms with their shapes, in the order of
    the house. Without a ``plan`` of its own it is drawn from its rooms alone.
    """

    building: Building
    floor: int
    height: int
    rooms_with_shape: tuple[tuple[Room, Corners], ...]
    rooms_without: tuple[Room, ...]
    plan: StoredPlan | None = None
    is_schematic: bool = False

    @property
    def place(self) -> Floor:
        """Which floor it is."""
        return Floor(self.building.id, self.floor)

    @property
    def revision(self) -> int:
        """0 while nothing of it is stored."""
        return self.plan.revision if self.plan else 0

    @property
    def picture(self) -> int | None:
        """The attachment with its picture."""
        return self.plan.picture if self.plan else None

    @property
    def rooms(self) -> list[Room]:
        """All of the floor's rooms in use."""
        return [*(room for room, _ in self.rooms_with_shape), *self.rooms_without]


def layout(building: Building, floor: int, rooms: Sequence[Room], plan: StoredPlan | None) -> FloorLayout:
    """How a floor with these rooms is drawn."""
    shapes = {room.id: plan.shapes[room.id] for room in rooms if room.id in plan.shapes} if plan else {}
    picture_size = plan.size if plan else None
    height = round(WIDTH * picture_size[1] / picture_size[0]) if picture_size else BARE_HEIGHT
    is_schematic = not picture_size and not shapes
    if is_schematic:
        sketch = schematic(
            [FloorRoom(room.id, _area(room), room.kind is RoomKind.CORRIDOR) for room in rooms]
        )  # fmt: skip
        height, shapes = sketch.height, sketch.shapes
    rooms_with_shape = tuple((room, shapes[room.id]) for room in rooms if room.id in shapes)
    rooms_without = tuple(room for room in rooms if room.id not in shapes)
    return FloorLayout(building, floor, height, rooms_with_shape, rooms_without, plan, is_schematic)


def _area(room: Room) -> float | None:
    return float(room.area_m2) if room.area_m2 else None


def floors_of(rooms: Iterable[Room]) -> dict[Floor, list[Room]]:
    """Rooms by their floor, each in the order of the house; the highest floor of a building comes first."""
    floors: dict[Floor, list[Room]] = {}
    for room in rooms:
        floors.setdefault(floor_of(room), []).append(room)
    return floors


async def layouts_of(rooms: Iterable[Room]) -> list[FloorLayout]:
    """Every floor of these rooms, fetched with their buildings, as it is drawn."""
    plans = await stored_plans()
    return [
        layout(on_floor[0].building, floor.floor, on_floor, plans.get(floor))
        for floor, on_floor in floors_of(rooms).items()
    ]


async def layout_of(building_code: str, floor: str | int) -> FloorLayout:
    """One floor as it is drawn, with all its rooms in use. Raises NotFound("plan.unknown") where there is neither a
    room nor a plan.
    """
    building = await Building.get_or_none(code=building_code) if is_code(building_code) else None
    number = floor_in(str(floor))
    if building is None or number is None:
        raise NotFound("plan.unknown", building=building_code[:40], floor=str(floor)[:4])
    rooms = await rooms_on(building.id, number)
    plan = (await stored_plans()).get(Floor(building.id, number))
    if not rooms and not plan:
        raise NotFound("plan.unknown", building=building_code[:40], floor=str(number))
    return layout(building, number, rooms, plan)


async def layout_of_wall(secret: str) -> FloorLayout:
    """The floor whose address for walls has this secret. Raises NotFound("plan.no_wall")."""
    wall = await _plan_of_wall(secret)
    if wall is None:
        raise NotFound("plan.no_wall")
    floor, plan = wall
    building = await Building.get(id=floor.building_id)
    return layout(building, floor.floor, await rooms_on(*floor), plan)


async def is_wall(secret: str) -> bool:
    """Whether an address for walls with this secret is in use."""
    return await _plan_of_wall(secret) is not None


async def _plan_of_wall(secret: str) -> tuple[Floor, StoredPlan] | None:
    digest = wall_digest(secret) if secret.isascii() and len(secret) <= LONGEST_SECRET else None
    plans = (await stored_plans()).items()
    return next((plan for plan in plans if plan[1].wall_digest and plan[1].wall_digest == digest), None)


async def fresh_layout(former: FloorLayout) -> FloorLayout:
    """A floor as it is stored at this moment, also inside the transaction that changes it."""
    plan = (await _load(*former.place)).get(former.place)
    return layout(former.building, former.floor, await rooms_on(*former.place), plan)


def floor_in(text: str) -> int | None:
    """The number of a floor as it stands in an address; None for what is none."""
    digits = text.removeprefix("-")
    is_number = digits.isascii() and digits.isdecimal() and len(digits) <= 2 and str(int(text)) == text
    return int(text) if is_number else None


_plans: Cache[int, dict[Floor, StoredPlan]] = Cache(HOURS_SECONDS, outdated_by=PlacesChanged)


async def stored_plans() -> dict[Floor, StoredPlan]:
    """All plans by their floor. Kept for half a minute."""
    return await _plans.load(SOLE, _load)


async def _load(building_id: int | None = None, floor: int | None = None) -> dict[Floor, StoredPlan]:
    """All plans, or that of one floor."""
    plans = await (FloorPlan.all() if building_id is None else FloorPlan.filter(building_id=building_id, floor=floor))
    shapes: dict[int, dict[int, Corners]] = {plan.id: {} for plan in plans}
    if plans:
        places = PlanRoom.filter(plan_id__in=list(shapes))
        for plan_id, room_id, corners in await places.values_list("plan_id", "room_id", "corners"):
            shapes[plan_id][room_id] = rounded(corners)
    return {
        Floor(plan.building_id, plan.floor): StoredPlan(
            plan.id,
            plan.revision,
            plan.picture_id,
            (plan.width, plan.height) if plan.picture_id and plan.width and plan.height else None,
            shapes[plan.id],
            plan.wall_number,
            plan.wall_digest,
        )
        for plan in plans
    }
