"""Works are planned, block rooms, make pieces and end."""

import asyncio
from datetime import date, timedelta
from decimal import Decimal

from registry.blocks.rules import Clearance, NewBlock
from registry.bookings.projections import viewer_of
from registry.core.errors import Conflict
from registry.core.history import SYSTEM, HistoryEntry
from registry.grants.models import Grant
from registry.people.models import Role
from registry.rooms.models import Visibility
from registry.works.actions import (
    WorksChanges,
    block_for_works,
    cancel_works,
    change_works,
    finish_works,
    make_works,
    put_assets,
)
from registry.works.queries import works_by_id, works_detail, works_in_order, works_of_block, works_of_room
from registry.works.rules import NewWorks, WorksState
from tests.conftest import Database
from tests.make import HOUR, NOW, make_asset, make_booking, make_person, make_room, refused
from tests.statements import Statements

FIRST, LAST = date(2026, 12, 7), date(2026, 12, 18)


def new(*rooms: str, **fields: str) -> NewWorks:
    return NewWorks("Remont sali", FIRST, LAST, rooms, **fields)


async def test_works_hang_together(database: Database, statements: Statements) -> None:
    room, nine = await make_room(), Decimal(9)
    grant = await Grant.create(code="PL/9", name="G", beneficiary="B", fund="F", total=nine, granted=nine, percent=nine)
    works = await make_works(new(room.code, grant="PL/9"), SYSTEM, NOW)
    by = await make_person(role=Role.FACILITIES)
    span = (NOW + timedelta(days=12), NOW + timedelta(days=20))
    block = await block_for_works(works.id, NewBlock((room.code,), (span,), "remont"), Clearance(), by, SYSTEM, NOW)
    asset = await make_asset(durable_until=date(2032, 1, 1))
    await put_assets(works.id, [asset.id, asset.id], SYSTEM, NOW)
    statements.clear()
    with statements.at_most(7):
        detail = await works_detail(works.id, viewer_of(by))
    assert (detail.line.grant, detail.line.rooms, detail.durable_until) == (grant.code, (room.code,), date(2032, 1, 1))
    assert [row.id for row in detail.blocks] == [block.id]
    assert [line.id for line in await works_of_room(room.id)] == [works.id]
    assert await works_of_room((await make_room()).id) == []
    of_block = await works_of_block(block.id)
    assert of_block
    assert of_block.id == works.id
    await finish_works(works.id, LAST, SYSTEM, NOW)
    assert (await works_by_id(works.id)).state_on(LAST) is WorksState.FINISHED
    entries = await HistoryEntry.filter(object=f"works:{works.id}").order_by("seq")
    assert [entry.action for entry in entries] == ["planned", "blocked", "assets_put", "finished"]


async def test_works_tell_no_times_of_a_hidden_room(database: Database) -> None:
    hidden, by = await make_room(visibility=Visibility.HIDDEN), await make_person(role=Role.COORDINATOR)
    works = await make_works(new(hidden.code), SYSTEM, NOW)
    span = (NOW + timedelta(days=12), NOW + timedelta(days=20))
    await block_for_works(works.id, NewBlock((hidden.code,), (span,), "remont"), Clearance(), by, SYSTEM, NOW)
    assert len((await works_detail(works.id, viewer_of(by))).blocks) == 1
    for role in (Role.FACILITIES, Role.AUDITOR, Role.ACCOUNTANT):
        assert (await works_detail(works.id, viewer_of(await make_person(role=role)))).blocks == []


async def test_of_two_changes_at_once_none_is_lost(database: Database) -> None:
    works = await make_works(new((await make_room()).code), SYSTEM, NOW)
    changes = (WorksChanges(name="Inna nazwa"), WorksChanges(description="Nowe okna"))
    answers = await asyncio.gather(
        *(change_works(works.id, one, SYSTEM, NOW) for one in changes), return_exceptions=True
    )
    assert [answer.code for answer in answers if isinstance(answer, Conflict)] == ["request.stale"]
    line = await works_by_id(works.id)
    assert (line.name == "Inna nazwa", line.description == "Nowe okna", line.revision) in (
        (True, False, 2), (False, True, 2),
    )  # fmt: skip


async def test_works_are_changed(database: Database) -> None:
    one, two = await make_room(), await make_room()
    works = await make_works(new(one.code), SYSTEM, NOW)
    await change_works(works.id, WorksChanges(name="Remont", rooms=(two.code,)), SYSTEM, NOW, 1)
    await change_works(works.id, WorksChanges(), SYSTEM, NOW, 2)
    line = await works_by_id(works.id)
    assert (line.name, line.rooms, line.revision) == ("Remont", (two.code,), 2)
    await cancel_works(works.id, SYSTEM, NOW)
    assert (await works_by_id(works.id)).state_on(FIRST) is WorksState.CANCELLED
    assert await works_of_room(two.id) == []
    other = await make_works(new(one.code), SYSTEM, NOW)
    assert [line.id for line in (await works_in_order(0, 9))[0]] == [other.id, works.id]
    assert [line.id for line in (await works_in_order(0, 9, over=True))[0]] == [works.id]
    assert [line.id for line in (await works_in_order(0, 9, over=False))[0]] == [other.id]


async def test_what_is_refused(database: Database) -> None:
    room, asset = await make_room(), await make_asset()
    assert (await refused(make_works(new("nowhere"), SYSTEM, NOW))).code == "room.unknown"
    for grant in ("none", "\x00", "x" * 300):
        assert (await refused(make_works(new(room.code, grant=grant), SYSTEM, NOW))).code == "grant.unknown"
    assert (await refused(make_works(NewWorks(" ", FIRST, LAST, (room.code,)), SYSTEM, NOW))).code == "works.no_name"
    works = [await make_works(new(room.code), SYSTEM, NOW) for _ in range(2)]
    await put_assets(works[0].id, [asset.id], SYSTEM, NOW)
    await put_assets(works[0].id, [asset.id], SYSTEM, NOW)
    assert (await refused(put_assets(works[1].id, [asset.id], SYSTEM, NOW))).code == "works.asset_taken"
    assert (await refused(put_assets(works[1].id, [999_999], SYSTEM, NOW))).code == "asset.unknown"
    many = list(range(1, 1100))
    assert (await refused(put_assets(works[1].id, many, SYSTEM, NOW))).code == "works.too_many_assets"
    assert (await refused(change_works(works[0].id, WorksChanges(name="x"), SYSTEM, NOW, 9))).code == "request.stale"
    assert (await refused(finish_works(0, LAST, SYSTEM, NOW))).code == "works.unknown"
    await finish_works(works[0].id, LAST, SYSTEM, NOW)
    assert (await refused(cancel_works(works[0].id, SYSTEM, NOW))).code == "works.over"
    await put_assets(works[0].id, [], SYSTEM, NOW)


async def test_a_refused_block_leaves_nothing_at_its_works(database: Database) -> None:
    room, by = await make_room(), await make_person(role=Role.FACILITIES)
    works = await make_works(new(room.code), SYSTEM, NOW)
    await make_booking(NOW + 2 * HOUR, room=room)
    wish = NewBlock((room.code,), ((NOW + HOUR, NOW + 5 * HOUR),), "remont")
    assert (await refused(block_for_works(works.id, wish, Clearance(), by, SYSTEM, NOW))).code == "block.in_the_way"
    await finish_works(works.id, LAST, SYSTEM, NOW)
    free = NewBlock((room.code,), ((NOW + 9 * HOUR, NOW + 10 * HOUR),), "remont")
    assert (await refused(block_for_works(works.id, free, Clearance(), by, SYSTEM, NOW))).code == "works.over"
    assert (await works_detail(works.id, viewer_of(by))).blocks == []
