"""What is asked about what is due: over indexes of the days and of low batteries, never over all pieces."""

from collections.abc import Collection
from datetime import date, timedelta
from typing import Any

from registry.assets.models import Lifecycle
from registry.assets.orders import Clause
from registry.assets.search import listed
from registry.core.cache import Cache
from registry.core.transaction import reading_from
from registry.devices.rules import LOW_BATTERY
from registry.upkeep.rules import OVERDUE, DueItem, DueKind, end_of_next_week

AT_MOST = 1000
ENDS = {DueKind.WARRANTY: "warranty_until", DueKind.DURABILITY: "durable_until"}
COLUMNS = {DueKind.LOAN: "due_on", **ENDS}
# what the office still has
_HERE = tuple(str(state) for state in (Lifecycle.ORDERED, Lifecycle.IN_USE, Lifecycle.IN_STORE))
# joined with nothing, so that SQLite takes the index of the days and not the one of the states, which most pieces share
_WHERE = "asset.{day} >= ? AND asset.{day} <= ? AND (asset.lifecycle || '') IN (?, ?, ?)"
_GROUPS = """FROM asset LEFT JOIN room ON room.id = asset.room_id LEFT JOIN person ON person.id = asset.{who}
WHERE {where} GROUP BY asset.{day}, asset.name ORDER BY asset.{day}, asset.name LIMIT {limit}"""
_GROUP_COLUMNS = (
    "asset.{day}", "asset.name", "COUNT(*)", "MIN(asset.id)", "COUNT(DISTINCT asset.room_id)", "MIN(room.code)",
    "COUNT(DISTINCT asset.{who})", "MIN(person.name)",
    "SUM(CASE WHEN asset.condition = 'ok' THEN 0 ELSE 1 END)",
)  # fmt: skip
_FIELDS = """FROM field_value JOIN category_field ON category_field.id = field_value.field_id
JOIN asset ON asset.id = field_value.asset_id LEFT JOIN room ON room.id = asset.room_id
LEFT JOIN person ON person.id = asset.custodian_id
WHERE field_value.field_id IN (SELECT id FROM category_field WHERE is_due = TRUE)
AND field_value.day >= ? AND field_value.day <= ? AND (asset.lifecycle || '') IN (?, ?, ?) {mine}"""
_FIELD_GROUPS = """ GROUP BY field_value.day, category_field.name, asset.name
ORDER BY field_value.day, category_field.name, asset.name LIMIT {limit}"""
_FIELD_COLUMNS = (
    "field_value.day", *(name.format(who="custodian_id") for name in _GROUP_COLUMNS[1:]), "category_field.name",
)  # fmt: skip
_LOW = f"FROM device WHERE device.battery <= {LOW_BATTERY} AND device.enabled = TRUE"
_OF_CUSTODIAN = " AND device.asset_id IN (SELECT id FROM asset WHERE custodian_id = ?)"
_BATTERIES = """FROM device LEFT JOIN asset ON asset.id = device.asset_id LEFT JOIN room ON room.id = device.room_id
LEFT JOIN person ON person.id = asset.custodian_id WHERE device.battery <= {low} AND device.enabled = TRUE
{mine} ORDER BY device.battery, device.code LIMIT {limit}"""
_BATTERY_COLUMNS = ("device.code", "device.battery", "asset.id", "asset.name", "room.code", "person.name")


async def due_items(
    kinds: Collection[DueKind], first: date, last: date, today: date, custodian_id: int | None = None
) -> list[DueItem]:
    """What ends between two days, both among them, the next first; low batteries as of today, what ran out that a field
    of a category tells, and what should be back by now. A statement for each kind, a thousand of each at most. With a
    custodian only what is in their care, or borrowed by them.
    """
    items: list[DueItem] = []
    for kind, column in COLUMNS.items():
        if kind in kinds:
            items += await _ends(kind, column, _since(kind, first), last, custodian_id)
    if DueKind.CALIBRATION in kinds:
        items += await _calibrations(first - OVERDUE, last, custodian_id)
    if DueKind.BATTERY in kinds:
        items += await _batteries(today, custodian_id)
    return sorted(items, key=_order)[:AT_MOST]


def _order(item: DueItem) -> tuple[date, bool, str, int, str]:
    """Of one day the batteries first, the emptiest at their head."""
    return item.day, item.battery is None, item.kind, item.battery or 0, item.name


async def due_by_day(
    first: date, last: date, custodian_id: int | None = None, kinds: Collection[DueKind] = tuple(DueKind)
) -> dict[tuple[DueKind, date], int]:
    """How many pieces' loans, warranties, durability periods and calibrations end on each day between two, of these
    kinds; what should have been back before is due on the first. Batteries end on no day.
    """
    counts: dict[tuple[DueKind, date], int] = {}
    for kind, column in COLUMNS.items():
        if kind not in kinds:
            continue
        clause = between(column, _since(kind, first), last, custodian_id)
        rest = Clause(f"FROM asset WHERE {clause.sql} GROUP BY asset.{column}", clause.values)
        for day, many in await listed(reading_from(), (f"asset.{column}", "COUNT(*)"), rest):
            key = kind, max(_day(day), first)
            counts[key] = counts.get(key, 0) + int(many)
    clause = _of_fields(first, last, custodian_id)
    rest = Clause(f"{clause.sql} GROUP BY field_value.day", clause.values)
    for day, many in await listed(reading_from(), ("field_value.day", "COUNT(*)"), rest):
        counts[DueKind.CALIBRATION, _day(day)] = int(many)
    return counts


async def _calibrations(first: date, last: date, custodian_id: int | None) -> list[DueItem]:
    clause = _of_fields(first, last, custodian_id)
    rest = Clause(clause.sql + _FIELD_GROUPS.format(limit=AT_MOST), clause.values)
    return [
        DueItem(
            DueKind.CALIBRATION, _day(day), name, int(assets), asset_id, int(rooms), room or "", int(people),
            person or "", int(bad), what=what,
        )
        for day, name, assets, asset_id, rooms, room, people, person, bad, what in await listed(
            reading_from(), _FIELD_COLUMNS, rest
        )
    ]  # fmt: skip


def _of_fields(first: date, last: date, custodian_id: int | None) -> Clause:
    mine = "" if custodian_id is None else "AND asset.custodian_id = ?"
    values = (*_days(first, last), *_HERE)
    return Clause(_FIELDS.format(mine=mine), values if custodian_id is None else (*values, custodian_id))


async def _ends(kind: DueKind, column: str, first: date, last: date, custodian_id: int | None) -> list[DueItem]:
    clause = between(column, first, last, custodian_id)
    who = _who(column)
    rest = Clause(_GROUPS.format(where=clause.sql, day=column, who=who, limit=AT_MOST), clause.values)
    columns = [name.format(day=column, who=who) for name in _GROUP_COLUMNS]
    return [
        DueItem(
            kind, _day(day), name, int(assets), asset_id, int(rooms), room or "", int(people), person or "", int(bad)
        )
        for day, name, assets, asset_id, rooms, room, people, person, bad in await listed(reading_from(), columns, rest)
    ]


def between(column: str, first: date, last: date, custodian_id: int | None) -> Clause:
    """The pieces that the office still has whose warranty, durability or loan ends between two days."""
    clause = Clause(_WHERE.format(day=column), (*_days(first, last), *_HERE))
    if custodian_id is None:
        return clause
    return Clause(f"{clause.sql} AND asset.{_who(column)} = ?", (*clause.values, custodian_id))


def _since(kind: DueKind, first: date) -> date:
    """From when on it is asked: a loan that is late is due still."""
    return first - OVERDUE if kind is DueKind.LOAN else first


def _who(column: str) -> str:
    """Whom it concerns: who borrowed a piece, else who answers for it."""
    return "borrower_id" if column == COLUMNS[DueKind.LOAN] else "custodian_id"


def _days(first: date, last: date) -> tuple[Any, ...]:
    """Days as the database compares them."""
    is_postgres = reading_from().capabilities.dialect == "postgres"
    return (first, last) if is_postgres else (first.isoformat(), last.isoformat())


async def _batteries(today: date, custodian_id: int | None) -> list[DueItem]:
    mine = "" if custodian_id is None else "AND asset.custodian_id = ?"
    rest = Clause(
        _BATTERIES.format(low=LOW_BATTERY, mine=mine, limit=AT_MOST), () if custodian_id is None else (custodian_id,)
    )
    return [
        DueItem(
            kind=DueKind.BATTERY,
            day=today,
            name=name or code,
            assets=1,
            asset_id=asset_id,
            rooms=1 if room else 0,
            room=room or "",
            custodians=1 if person else 0,
            custodian=person or "",
            battery=int(battery),
        )
        for code, battery, asset_id, name, room, person in await listed(reading_from(), _BATTERY_COLUMNS, rest)
    ]


def _day(day: Any) -> date:
    return date.fromisoformat(day) if isinstance(day, str) else day


_soon: Cache[tuple[date, int | None], dict[DueKind, int]] = Cache(seconds=300)


async def due_soon(today: date, custodian_id: int | None = None) -> dict[DueKind, int]:
    """How many things of each kind are due until the end of next week, with what ran out; with a custodian only what is
    in their care. Five minutes old at most.
    """
    return await _soon.load((today, custodian_id), lambda: _count(today, custodian_id))


async def _count(today: date, custodian_id: int | None) -> dict[DueKind, int]:
    counts = dict.fromkeys(DueKind, 0)
    for (kind, _), many in (await due_by_day(today, end_of_next_week(today), custodian_id)).items():
        counts[kind] += many
    low = Clause(_LOW, ()) if custodian_id is None else Clause(_LOW + _OF_CUSTODIAN, (custodian_id,))
    for kind, clause in (
        (DueKind.CALIBRATION, _of_fields(today - OVERDUE, today - timedelta(days=1), custodian_id)),
        (DueKind.BATTERY, low),
    ):
        ((many,),) = await listed(reading_from(), ("COUNT(*)",), clause)
        counts[kind] += int(many)
    return {kind: many for kind, many in counts.items() if many}
