"""Lists of buildings and of rooms: read, judged, written. Buildings of a new town make a site for it."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal

from registry.assets.rules import fold
from registry.core import history
from registry.core.errors import N_
from registry.core.history import Actor
from registry.core.transaction import transaction
from registry.importing.batches import WritingProgress, filled, free_rows, write_first_entries
from registry.importing.cells import Cell, Unreadable, amount, whole
from registry.importing.columns import Header
from registry.importing.reader import ColumnFacts, TableReader
from registry.importing.rows import ImportProblem, ListRow
from registry.importing.snapshot import RegisterSnapshot
from registry.rooms.models import Building, Room, RoomKind, Site, Visibility
from registry.rooms.rules import FLOORS, SEATS, Bounds

SITE_CODE = 40


def _within(bounds: Bounds, advice: str) -> Callable[[Cell], int]:
    """Reads a whole number within the bounds that every way into the register keeps to."""

    def integer(cell: Cell) -> int:
        try:
            value = int(whole(cell).replace("−", "-"))
        except ValueError:
            raise Unreadable(N_("Write a whole number.")) from None
        if not bounds.least <= value <= bounds.most:
            raise Unreadable(advice)
        return value

    return integer


_floor = _within(FLOORS, N_("Write a floor from −9 to 99."))
_seats = _within(SEATS, N_("Write a number of seats from 0 to 9999."))


def _area(cell: Cell) -> Decimal:
    value = amount(cell)
    if not 0 <= value < 100_000:
        raise Unreadable(N_("Write an area in square metres, like 12,5."))
    return value


class BuildingReader(TableReader):
    """Rows of a list of buildings."""

    limits = {"code": 40, "address": 200, "town": 120, "note": 200}
    required = ("code", "address")
    yes_no = frozenset({"step_free"})

    def __init__(self, header: Header, snapshot: RegisterSnapshot, facts: ColumnFacts) -> None:
        super().__init__(header, snapshot, facts)
        self._towns = dict(snapshot.towns)

    def keys(self) -> Mapping[str, int]:
        return self.snapshot.buildings

    def fill(self, row: ListRow, cells: Sequence[Cell]) -> None:
        super().fill(row, cells)
        town = row.refs["town"] = (row.values.get("town") or row.values["address"].split(",")[0])[:120]
        if other := other_spelling(town, self._towns):
            self.problem(row, "TOWN_SPELT_OTHERWISE", "town", town, town=other)
        elif row.status != "error":
            self._towns.setdefault(site_code(town), town)


class RoomReader(TableReader):
    """Rows of a list of rooms."""

    limits = {"code": 40, "number": 20, "name": 120, "name_en": 120, "name_uk": 120, "name_ru": 120, "note": 200}
    required = ("code", "name")
    numbers = {"floor": _floor, "capacity": _seats, "area_m2": _area}
    yes_no = frozenset({"bookable", "step_free", "hearing_loop", "screen"})
    choices = {"kind": RoomKind, "visibility": Visibility}

    def keys(self) -> Mapping[str, int]:
        return self.snapshot.rooms

    def fill(self, row: ListRow, cells: Sequence[Cell]) -> None:
        super().fill(row, cells)
        if self.has("building"):
            self.reference(row, "building", self.snapshot.buildings, "UNKNOWN_BUILDING")


def site_code(town: str) -> str:
    """The code of a town's site: ``lodz`` for Łódź."""
    return fold(town).replace(" ", "-")[:SITE_CODE]


def other_spelling(town: str, towns: Mapping[str, str]) -> str:
    """What a site is called that has this town's code and is not this town; empty when the town may have it.

    ``towns`` are the names of sites by code.
    """
    if any(name.casefold() == town.casefold() for name in towns.values()):
        return ""
    return towns.get(site_code(town), "")


async def write_buildings(batch: list[ListRow], actor: Actor, now: datetime, progress: WritingProgress) -> None:
    async with transaction():
        sites = await Site.filter()
        towns, ids = {site.code: site.name for site in sites}, {site.name.casefold(): site.id for site in sites}
        rows = []
        for row in await free_rows(batch, Building, "code", progress):
            town = row.refs["town"]
            if other := other_spelling(town, towns):
                progress.refuse(row, ImportProblem("TOWN_SPELT_OTHERWISE", "town", town, {"town": other}))
                continue
            if town.casefold() not in ids:
                site = await _add_site(town, actor, now)
                progress.remember("site", site.id, row.line)
                towns[site.code], ids[town.casefold()] = town, site.id
            await Building.create(**filled(row, without=["town"]), site_id=ids[town.casefold()])
            rows.append(row)
        await write_first_entries("building", Building, "code", rows, actor, now, progress)
        await progress.add(batch, len(rows))


async def _add_site(town: str, actor: Actor, now: datetime) -> Site:
    site = await Site.create(code=site_code(town), name=town)
    await history.write_new([(f"site:{site.id}", {"code": site.code, "name": town})], "imported", actor, now)
    return site


async def write_rooms(batch: list[ListRow], actor: Actor, now: datetime, progress: WritingProgress) -> None:
    async with transaction():
        rows = await free_rows(batch, Room, "code", progress)
        rooms = [Room(**filled(row, without=["building"]), building_id=row.refs["building_id"]) for row in rows]
        for room in rooms:
            room.number = room.number or room.code
        await Room.bulk_create(rooms)
        await write_first_entries("room", Room, "code", rows, actor, now, progress)
        await progress.add(batch, len(rows))
