"""What is due, out of the register: grouped, for whom it concerns, over indexes."""

from datetime import date, timedelta
from typing import Any

import pytest

from registry.assets.categories import FieldWish, NewCategory, add_category
from registry.assets.models import Asset, FieldValue
from registry.categories.models import CategoryField, FieldKind
from registry.core.history import SYSTEM
from registry.core.transaction import reading_from
from registry.upkeep import queries
from registry.upkeep.queries import due_by_day, due_items, due_soon
from registry.upkeep.rules import DueItem, DueKind
from tests.conftest import Database
from tests.make import NOW, make_asset, make_device, make_person, make_room
from tests.statements import Statements

TODAY = date(2026, 11, 26)
ALL = tuple(DueKind)


def after(days: int) -> date:
    return TODAY + timedelta(days=days)


async def test_pieces_of_one_name_that_end_on_one_day_are_one_thing(database: Database) -> None:
    room, other, person = await make_room(code="A"), await make_room(code="B"), await make_person("ela", name="Ela")
    ends = {"warranty_until": after(7)}
    first = await make_asset(name="Krzesło", room=room, custodian=person, condition="faulty", **ends)
    await make_asset(name="Krzesło", room=other, **ends)
    await make_asset(name="Stół", room=room, durable_until=after(7), **ends)
    for columns in ({"warranty_until": after(-1)}, {"warranty_until": after(91)}, {"lifecycle": "retired", **ends}):
        await make_asset(name="Inne", **columns)
    items = await due_items(ALL, TODAY, after(90), TODAY)
    lock, chairs, table = sorted(items, key=lambda item: (item.kind, item.name))
    assert chairs == DueItem(DueKind.WARRANTY, after(7), "Krzesło", 2, first.id, 2, "A", 1, "Ela", 1)
    assert (table.name, table.assets, table.room, table.faulty) == ("Stół", 1, "A", 0)
    assert (lock.kind, lock.day) == (DueKind.DURABILITY, after(7))
    mine = await due_items(ALL, TODAY, after(90), TODAY, person.id)
    assert [(item.name, item.assets) for item in mine] == [("Krzesło", 1)]
    assert await due_items((DueKind.BATTERY,), TODAY, after(90), TODAY) == []
    assert await due_by_day(TODAY, after(90)) == {
        (DueKind.WARRANTY, after(7)): 3, (DueKind.DURABILITY, after(7)): 1
    }  # fmt: skip
    assert await due_by_day(TODAY, after(90), person.id) == {(DueKind.WARRANTY, after(7)): 1}


async def test_a_low_battery_is_due_now(database: Database) -> None:
    room, person = await make_room(code="A"), await make_person("ela", name="Ela")
    asset = await make_asset(name="Czujnik", custodian=person)
    await make_device(code="low", battery=20, room=room, asset=asset)
    await make_device(code="alone", battery=4)
    await make_device(code="good", battery=21)
    await make_device(code="off", battery=1, enabled=False)
    empty, low = await due_items(ALL, TODAY, after(1), TODAY)
    assert (empty.name, empty.battery, empty.asset_id, empty.day) == ("alone", 4, None, TODAY)
    assert low == DueItem(DueKind.BATTERY, TODAY, "Czujnik", 1, asset.id, 1, "A", 1, "Ela", 0, 20)
    assert [item.name for item in await due_items(ALL, TODAY, after(1), TODAY, person.id)] == ["Czujnik"]
    assert await due_soon(TODAY) == {DueKind.BATTERY: 2}


async def test_each_piece_is_a_thing_that_is_due_soon(database: Database, statements: Statements) -> None:
    for _ in range(3):
        await make_asset(name="Krzesło", warranty_until=after(1), durable_until=after(90))
    with statements.at_most(6):
        assert await due_soon(TODAY) == {DueKind.WARRANTY: 3}
    assert sum(one.rows for one in statements[-6:]) <= 6, "what is only counted is not read"


async def test_what_is_due_is_asked_in_a_statement_for_each_kind(database: Database, statements: Statements) -> None:
    for number in range(30):
        await make_asset(name=f"x{number}", warranty_until=after(number), durable_until=after(number))
    with statements.at_most(5):
        assert len(await due_items(ALL, TODAY, after(90), TODAY)) == 60
    with statements.at_most(4):
        await due_by_day(TODAY, after(90))


@pytest.mark.databases("sqlite")
@pytest.mark.parametrize("column", ["warranty_until", "durable_until", "due_on"])
async def test_what_is_due_is_found_by_an_index(database: Database, column: str) -> None:
    where = queries.between(column, TODAY, after(90), None)
    plan = await reading_from().execute_query_dict(
        f"EXPLAIN QUERY PLAN SELECT asset.{column}, asset.name, COUNT(*) "
        + queries._GROUPS.format(where=where.sql, day=column, who=queries._who(column), limit=9),
        list(where.values),
    )
    searches = [row["detail"] for row in plan if row["detail"].startswith("SEARCH asset ")]
    assert len(searches) == 1
    assert f"({column}>? AND {column}<?)" in searches[0]


async def calibrated(day: date, **columns: Any) -> Asset:
    asset = await make_asset(**columns)
    field = await CategoryField.get(code="wzorcowanie-do")
    await FieldValue.create(asset=asset, field=field, text=day.isoformat(), day=day)
    return asset


async def test_what_a_field_tells_is_due_too_also_once_it_is_over(database: Database) -> None:
    wishes = (FieldWish("Wzorcowanie do", FieldKind.DAY, is_due=True), FieldWish("Kupiono", FieldKind.DAY))
    await add_category(NewCategory("mierniki", fields=wishes), SYSTEM, NOW)
    person, room = await make_person(), await make_room(code="A")
    over = await calibrated(after(-30), name="Miernik", room=room)
    await calibrated(after(7), name="Waga", custodian=person)
    await calibrated(after(7), name="Waga")
    await calibrated(after(7), name="Stary", lifecycle="retired")
    other = await make_asset()
    bought = await CategoryField.get(code="kupiono")
    await FieldValue.create(asset=other, field=bought, text=after(3).isoformat(), day=after(3))
    items = await due_items((DueKind.CALIBRATION,), TODAY, after(90), TODAY)
    assert [(item.day, item.name, item.assets, item.what) for item in items] == [
        (after(-30), "Miernik", 1, "Wzorcowanie do"),
        (after(7), "Waga", 2, "Wzorcowanie do"),
    ]
    assert (items[0].asset_id, items[0].room) == (over.id, "A")
    assert await due_by_day(TODAY, after(90)) == {(DueKind.CALIBRATION, after(7)): 2}
    assert await due_by_day(TODAY, after(90), person.id) == {(DueKind.CALIBRATION, after(7)): 1}
    assert await due_soon(TODAY) == {DueKind.CALIBRATION: 3}
    assert await due_soon(TODAY, person.id) == {DueKind.CALIBRATION: 1}


@pytest.mark.databases("sqlite")
async def test_what_a_field_tells_is_found_by_an_index(database: Database) -> None:
    clause = queries._of_fields(TODAY, after(90), None)
    plan = await reading_from().execute_query_dict(f"EXPLAIN QUERY PLAN SELECT COUNT(*) {clause.sql}", [*clause.values])
    details = [row["detail"] for row in plan]
    assert any("field_value" in one and "day>? AND day<?" in one for one in details), details
    assert not [one for one in details if one.startswith("SCAN") and "category_field" not in one], details
