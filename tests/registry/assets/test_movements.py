"""Where pieces have been and who had them, out of their history."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from registry.assets.actions import NewAsset, register
from registry.assets.movements import HolderColumn, Stay, movements_of, side_of, stays
from registry.assets.transitions import Answers
from registry.core.history import SYSTEM
from registry.core.transaction import reading_from
from registry.faults.asset_transitions import perform
from tests.conftest import Database
from tests.make import NOW, make_person, make_room

DAY = timedelta(days=1)


def entry(day: int, before: dict[str, Any] | None, after: dict[str, Any] | None) -> dict[str, Any]:
    return {"at": NOW + day * DAY, "before": before, "after": after}


@pytest.mark.parametrize(
    ("entries", "spans"),
    [
        ([], []),
        ([entry(0, None, {"name": "x"})], []),
        ([entry(0, None, {"room_id": 1})], [Stay(1, NOW, None)]),
        (
            [
                entry(2, {"room_id": 1}, {"room_id": None}),
                entry(1, {"name": "a"}, {"name": "b"}),
                entry(0, None, {"room_id": 1}),
            ],
            [Stay(1, NOW, NOW + 2 * DAY), Stay(None, NOW + 2 * DAY, None)],
        ),
        ([entry(3, {"room_id": 7}, {"room_id": 8})], [Stay(7, None, NOW + 3 * DAY), Stay(8, NOW + 3 * DAY, None)]),
        ([entry(1, None, {"room_id": 1}), entry(0, None, {"room_id": 1})], [Stay(1, NOW, None)]),
    ],
)  # fmt: skip
def test_the_entries_of_a_piece_are_where_it_was(entries: list[dict[str, Any]], spans: list[Stay]) -> None:
    assert stays(entries) == spans


async def test_a_room_and_a_person_know_what_came_and_went(database: Database) -> None:
    here, there, person = await make_room(), await make_room(), await make_person()
    asset = await register(NewAsset("Projektor", Decimal(1), room_id=here.id), SYSTEM, NOW)
    await register(NewAsset("Stół", Decimal(1), room_id=there.id), SYSTEM, NOW)
    await perform("move", asset.id, Answers(there.id, reason="remont"), SYSTEM, NOW + DAY)
    await perform("assign", asset.id, Answers(custodian_id=person.id), SYSTEM, NOW + 2 * DAY)
    await perform("unassign", asset.id, Answers(), SYSTEM, NOW + 3 * DAY)
    gone, arrival = await movements_of(HolderColumn.ROOM, here.id)
    assert (gone.asset_id, gone.is_arrival, gone.other_id, gone.reason) == (asset.id, False, there.id, "remont")
    assert (arrival.at, arrival.is_arrival, arrival.other_id) == (NOW, True, None)
    assert [one.is_arrival for one in await movements_of(HolderColumn.ROOM, there.id)] == [True, True]
    returned, entrusted = await movements_of(HolderColumn.CUSTODIAN, person.id)
    assert (returned.at, returned.is_arrival) == (NOW + 3 * DAY, False)
    assert (entrusted.at, entrusted.is_arrival) == (NOW + 2 * DAY, True)
    assert await movements_of(HolderColumn.CUSTODIAN, 999) == []


@pytest.mark.databases("sqlite")
async def test_movements_are_found_by_an_index(database: Database) -> None:
    for side in ("after", "before"):
        for column in HolderColumn:
            value = side_of(side, column, "sqlite")
            rows = await reading_from().execute_query_dict(
                f"EXPLAIN QUERY PLAN SELECT id FROM history_entry WHERE substr(object, 1, 6) = 'asset:' "
                f"AND {value} = 1 ORDER BY id DESC LIMIT 200"
            )
            assert "USING INDEX history_" in rows[0]["detail"] or "COVERING INDEX history_" in rows[0]["detail"], rows
            assert len(rows) == 1, "sorted by the index too"
