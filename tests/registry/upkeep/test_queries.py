"""What is due, out of the register: grouped, for whom it concerns, over indexes."""

from datetime import date, timedelta

import pytest

from registry.core.transaction import reading_from
from registry.upkeep import queries
from registry.upkeep.queries import due_by_day, due_items, due_soon
from registry.upkeep.rules import DueItem, DueKind
from tests.conftest import Database
from tests.make import make_asset, make_device, make_person, make_room
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
    with statements.at_most(3):
        assert await due_soon(TODAY) == {DueKind.WARRANTY: 3}
    assert sum(one.rows for one in statements[-3:]) <= 3, "what is only counted is not read"


async def test_what_is_due_is_asked_in_a_statement_for_each_kind(database: Database, statements: Statements) -> None:
    for number in range(30):
        await make_asset(name=f"x{number}", warranty_until=after(number), durable_until=after(number))
    with statements.at_most(3):
        assert len(await due_items(ALL, TODAY, after(90), TODAY)) == 60
    with statements.at_most(2):
        await due_by_day(TODAY, after(90))


@pytest.mark.databases("sqlite")
@pytest.mark.parametrize("column", ["warranty_until", "durable_until"])
async def test_what_is_due_is_found_by_an_index(database: Database, column: str) -> None:
    where = queries.between(column, TODAY, after(90), None)
    plan = await reading_from().execute_query_dict(
        f"EXPLAIN QUERY PLAN SELECT asset.{column}, asset.name, COUNT(*) "
        + queries._GROUPS.format(where=where.sql, day=column, limit=9),
        list(where.values),
    )
    searches = [row["detail"] for row in plan if "asset" in row["detail"]]
    assert len(searches) == 1
    assert f"({column}>? AND {column}<?)" in searches[0]
