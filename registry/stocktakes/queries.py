"""What is asked about stocktakes: the list, one with its areas and its people, what was seen, the books beside it."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from tortoise.expressions import Q, Subquery
from tortoise.functions import Count, Max
from tortoise.queryset import QuerySet

from registry.assets.models import Asset, Lifecycle
from registry.assets.transitions import IN_THE_OFFICE
from registry.core.errors import NotFound
from registry.core.history import HistoryEntry, entries_by_thing, entries_of
from registry.core.ids import may_be_id
from registry.core.statements import numbered
from registry.core.transaction import reading_from
from registry.people.models import Person
from registry.people.rules import may
from registry.stocktakes.models import (
    AreaCustodian,
    CommitteeMember,
    CountSheet,
    ExpectedPiece,
    SettlementTask,
    SheetCorrection,
    SheetSignature,
    Sighting,
    Stocktake,
    StocktakeArea,
)
from registry.stocktakes.rules import (
    AreaKind,
    Expectation,
    SeenThing,
    SheetSide,
    are_pooled,
    shows_books,
    sides_of,
)

HISTORY_LIMIT = 100
_SEEN = """SELECT area_id, COUNT(DISTINCT CASE WHEN asset_id IS NOT NULL THEN 'asset:' || asset_id
WHEN mark <> '' THEN 'mark:' || mark ELSE 'code:' || code END) AS many
FROM sighting JOIN stocktake_area ON stocktake_area.id = sighting.area_id AND stocktake_area.lap = sighting.lap
WHERE sighting.stocktake_id = ? AND sighting.struck_at IS NULL GROUP BY area_id"""
# what a list says of a sheet, without all that the sheet says
_SHEETS = """SELECT sheet.id, sheet.number, area.name AS area, sheet.digest, sheet.closed_at, sheet.closed_by,
{lines} AS lines FROM count_sheet sheet JOIN stocktake_area area ON area.id = sheet.area_id
WHERE sheet.stocktake_id = ? ORDER BY sheet.id"""
_LINES = {"sqlite": "json_array_length(sheet.contents, '$.rows')", "": "jsonb_array_length(sheet.contents->'rows')"}
# as the fields of Expectation stand
_EXPECTED = ("asset_id", "area_id", "inventory_no", "name", "serial_no", "quantity", "price", "room_id", "room_code",
             "custodian_name")  # fmt: skip


@dataclass(frozen=True, slots=True)
class AreaProgress:
    """An area with how many things were seen in it, how many are expected (None while nothing of the books may be
    told), who saw the last one and when. Of one that ``is_pooled`` all that was seen stands at the first of them.
    """

    area: StocktakeArea
    seen_things: int
    expected_things: int | None
    last_at: datetime | None = None
    people: tuple[str, ...] = ()
    is_pooled: bool = False


@dataclass(frozen=True, slots=True)
class StocktakeDetail:
    """A stocktake with its areas and its committee, the chair first. ``shows_books`` is whether what is expected may
    be told; ``may_count`` whether who asks is of the committee.
    """

    stocktake: Stocktake
    areas: Sequence[AreaProgress]
    members: Sequence[CommitteeMember]
    shows_books: bool
    is_member: bool

    @property
    def seen_things(self) -> int:
        return sum(one.seen_things for one in self.areas)

    @property
    def expected_things(self) -> int | None:
        return sum(one.expected_things or 0 for one in self.areas) if self.shows_books else None


@dataclass(frozen=True, slots=True)
class SheetTitle:
    """A closed sheet, and how many lines it has."""

    id: int
    number: str
    area: str
    digest: str
    closed_at: datetime
    closed_by: str
    lines: int


def _visible(person: Person) -> QuerySet[Stocktake]:
    rows = Stocktake.all()
    if may(person.role, "stocktakes.see"):
        return rows
    counts = Subquery(CommitteeMember.filter(person_id=person.id).values("stocktake_id"))
    answers_for = Subquery(AreaCustodian.filter(person_id=person.id).values("stocktake_id"))
    return rows.filter(Q(id__in=counts) | Q(id__in=answers_for, closed_at__isnull=False))


async def stocktakes_in_order(person: Person, start: int, limit: int) -> tuple[list[Stocktake], int]:
    """The stocktakes that this person may see, the newest first, and how many there are."""
    rows = _visible(person)
    return await rows.order_by("-ordered_at", "-id").offset(start).limit(limit), await rows.count()


async def areas_by_stocktake(ids: Collection[int]) -> dict[int, list[str]]:
    """The names of the areas of each of these stocktakes, in their order."""
    names: dict[int, list[str]] = {}
    if ids:
        rows = StocktakeArea.filter(stocktake_id__in=list(ids)).order_by("place")
        for stocktake_id, name in await rows.values_list("stocktake_id", "name"):
            names.setdefault(int(str(stocktake_id)), []).append(str(name))
    return names


async def counts_somewhere(person: Person) -> bool:
    """Whether somebody is of the committee of any stocktake."""
    return await CommitteeMember.filter(person_id=person.id).exists()


async def stocktake_for(stocktake_id: int, person: Person) -> Stocktake:
    """Raises NotFound("stocktake.unknown"), also for one that is not this person's to know of."""
    row = await _visible(person).get_or_none(id=stocktake_id) if may_be_id(stocktake_id) else None
    if row is None:
        raise NotFound("stocktake.unknown")
    return row


async def stocktake_detail(stocktake_id: int, person: Person) -> StocktakeDetail:
    """One stocktake with all areas. Raises as :func:`stocktake_for`."""
    row = await stocktake_for(stocktake_id, person)
    members = await CommitteeMember.filter(stocktake_id=row.id).order_by("-is_chair", "id")
    areas = await StocktakeArea.filter(stocktake_id=row.id).order_by("place")
    tells = shows_books(row.is_blind, row.state)
    expected = await _counts(ExpectedPiece.filter(stocktake_id=row.id)) if tells else {}
    things = await _things_seen(row.id)
    pooled = are_pooled(row.is_blind, row.state, [area.kind for area in areas])
    return StocktakeDetail(
        row,
        [
            AreaProgress(
                area,
                things.get(area.id, 0),
                expected.get(area.id, 0) if tells else None,
                *last,
                is_pooled=pooled and area.kind is not AreaKind.ROOM,
            )
            for area, last in await _last_of(row.id, areas)
        ],
        members,
        tells,
        any(one.person_id == person.id for one in members),
    )


async def _counts(rows: QuerySet[Any]) -> dict[int, int]:
    return {
        int(pk): int(many)
        for pk, many in await rows.group_by("area_id").annotate(many=Count("id")).values_list("area_id", "many")
    }


def counting_now(stocktake_id: int, areas: Sequence[StocktakeArea]) -> QuerySet[Sighting]:
    """The sightings that count: not struck, and of the lap that their area is in."""
    laps: dict[int, list[int]] = {}
    for area in areas:
        laps.setdefault(area.lap, []).append(area.id)
    of_laps = Q(id=0)
    for lap, ids in laps.items():
        of_laps |= Q(lap=lap, area_id__in=ids)
    return Sighting.filter(of_laps, stocktake_id=stocktake_id, struck_at__isnull=True)


async def _things_seen(stocktake_id: int) -> dict[int, int]:
    """How many things were seen in each area: counted by the database, for a page asks it at every scan."""
    return {row["area_id"]: row["many"] for row in await written_rows(_SEEN, stocktake_id)}


async def written_rows(query: str, stocktake_id: int, **by_dialect: Mapping[str, str]) -> list[dict[str, Any]]:
    """The rows of a query that is written out, with the words that each database has for a part of it."""
    connection = reading_from()
    dialect = connection.capabilities.dialect
    words = {name: parts.get(dialect, parts[""]) for name, parts in by_dialect.items()}
    query = query.format(**words) if words else query
    return await connection.execute_query_dict(query if dialect == "sqlite" else numbered(query), [stocktake_id])


async def _last_of(
    stocktake_id: int, areas: Sequence[StocktakeArea]
) -> list[tuple[StocktakeArea, tuple[datetime | None, tuple[str, ...]]]]:
    rows = counting_now(stocktake_id, areas).group_by("area_id", "person_name").annotate(last=Max("at"))
    last: dict[int, datetime] = {}
    people: dict[int, list[str]] = {}
    async for row in rows.values("area_id", "person_name", "last"):
        area_id, at = row["area_id"], row["last"]
        at = _moment(at)
        last[area_id] = max(at, last.get(area_id, at))
        people.setdefault(area_id, []).append(row["person_name"])
    return [(area, (last.get(area.id), tuple(sorted(people.get(area.id, ()))))) for area in areas]


def sight_of(row: Sighting) -> SeenThing:
    """A sighting as the rules read it."""
    return SeenThing(
        row.id, row.area_id, row.at, row.quantity, row.asset_id, row.code, row.mark, row.inventory_no, row.name,
        row.serial_no, row.room_id, row.room_code, row.home, row.condition, row.note, row.person_id,
    )  # fmt: skip


# as the fields of SeenThing stand
_SIGHT = ("id", "area_id", "at", "quantity", "asset_id", "code", "mark", "inventory_no", "name", "serial_no", "room_id",
          "room_code", "home", "condition", "note", "person_id")  # fmt: skip


async def sights_of(stocktake_id: int, areas: Sequence[StocktakeArea]) -> list[SeenThing]:
    """All that counts, as the rules read it."""
    return [SeenThing(*row) for row in await counting_now(stocktake_id, areas).values_list(*_SIGHT)]


async def sightings_of(
    stocktake_id: int, start: int, limit: int, area_id: int | None = None
) -> tuple[list[Sighting], int]:
    """What was seen, the last first, with what was struck through and what was counted anew; and how many."""
    rows = Sighting.filter(stocktake_id=stocktake_id, **({"area_id": area_id} if area_id else {}))
    return await rows.order_by("-at", "-id").offset(start).limit(limit), await rows.count()


async def expectations_of(stocktake_id: int, asset_ids: Collection[int] | None = None) -> dict[int, Expectation]:
    """What the books expect, by asset; of these alone."""
    rows = ExpectedPiece.filter(stocktake_id=stocktake_id)
    if asset_ids is not None:
        rows = rows.filter(asset_id__in=list(asset_ids))
    return {row[0]: Expectation(*row) for row in await rows.values_list(*_EXPECTED)}


async def recounts_of(area: StocktakeArea) -> list[datetime]:
    """When this area was begun anew."""
    thing = f"stocktake:{area.stocktake_id}"
    entries = (await entries_by_thing([thing], ["recounted"])).get(thing, [])
    # an entry of before areas had numbers there has the name alone
    words = {"number": area.place, "area": area.name}
    names = ("number" if "number" in (one.after or {}) else "area" for one in entries)
    return [one.at for one, name in zip(entries, names, strict=True) if (one.after or {}).get(name) == words[name]]


async def sheet_titles(stocktake_id: int) -> list[SheetTitle]:
    """The closed sheets as a list tells them, by number."""
    rows = await written_rows(_SHEETS, stocktake_id, lines=_LINES)
    return [SheetTitle(**row | {"closed_at": _moment(row["closed_at"])}) for row in rows]


def _moment(at: datetime | str) -> datetime:
    """SQLite answers a query that is written out in words."""
    return datetime.fromisoformat(at) if isinstance(at, str) else at


async def sheets_of(stocktake_id: int) -> list[CountSheet]:
    """The closed sheets, by number."""
    return await CountSheet.filter(stocktake_id=stocktake_id).order_by("id")


async def sheet_of(stocktake_id: int, sheet_id: int) -> CountSheet:
    """Raises NotFound("stocktake.no_sheet")."""
    row = None
    if may_be_id(sheet_id):
        row = await CountSheet.get_or_none(id=sheet_id, stocktake_id=stocktake_id).select_related("stocktake")
    if row is None:
        raise NotFound("stocktake.no_sheet")
    return row


async def corrections_of(sheet_ids: Collection[int]) -> list[SheetCorrection]:
    """What was put right on these sheets, in its order."""
    return await SheetCorrection.filter(sheet_id__in=list(sheet_ids)).order_by("id") if sheet_ids else []


async def signatures_of(sheet_id: int) -> list[SheetSignature]:
    """Who signed a sheet, in their order."""
    return await SheetSignature.filter(sheet_id=sheet_id).order_by("at", "id")


async def own_sides(stocktake: Stocktake, sheet: CountSheet, person: Person) -> tuple[SheetSide, ...]:
    """As whom this person may sign a sheet."""
    is_member = await CommitteeMember.filter(stocktake_id=stocktake.id, person_id=person.id).exists()
    is_custodian = await AreaCustodian.filter(area_id=sheet.area_id, person_id=person.id).exists()
    is_another = stocktake.valued_at is not None and stocktake.valued_by != person.name
    return sides_of(is_member, is_custodian, is_another and may(person.role, "stocktakes.value"))


async def pieces_in(areas: Sequence[StocktakeArea]) -> list[tuple[StocktakeArea, dict[str, Any]]]:
    """What stands in these areas now, each piece in the first that it belongs to: rooms before people before
    categories. As ``{id, inventory_no, name, serial_no, quantity, price, room_id, room, custodian_id, custodian}``.
    """
    pieces: dict[int, tuple[StocktakeArea, dict[str, Any]]] = {}
    by_kind: dict[AreaKind, dict[Any, StocktakeArea]] = {kind: {} for kind in AreaKind}
    for area in areas:
        by_kind[area.kind][area.room_id or area.person_id or area.category] = area
    for kind, column in (
        (AreaKind.ROOM, "room_id"),
        (AreaKind.PERSON, "custodian_id"),
        (AreaKind.CATEGORY, "category"),
    ):
        if not (by_value := by_kind[kind]):
            continue
        lifecycles = list(IN_THE_OFFICE - {Lifecycle.ORDERED})
        rows = Asset.filter(lifecycle__in=lifecycles, **{f"{column}__in": list(by_value)}).order_by("id")
        for row in await rows.values(
            "id", "inventory_no", "name", "serial_no", "quantity", "price", "room_id", "custodian_id", "category",
            room="room__code", custodian="custodian__name",
        ):  # fmt: skip
            pieces.setdefault(row["id"], (by_value[row[column]], row))
    return list(pieces.values())


async def history_of(stocktake_id: int) -> list[HistoryEntry]:
    """What happened to a stocktake, the newest first."""
    return await entries_of(f"stocktake:{stocktake_id}", HISTORY_LIMIT)


async def stocktake_by_number(number: str, person: Person) -> Stocktake | None:
    """The stocktake with exactly this number that this person may see."""
    return await _visible(person).get_or_none(number=number.strip()) if 0 < len(number) <= 20 else None


async def areas_of(stocktake_id: int) -> dict[int, StocktakeArea]:
    """The areas of a stocktake by id, in their order."""
    return {area.id: area for area in await StocktakeArea.filter(stocktake_id=stocktake_id).order_by("place")}


async def task_of(task_id: int) -> SettlementTask:
    """A task with its difference and its paper."""
    return await SettlementTask.get(id=task_id).select_related("count_difference", "document")
