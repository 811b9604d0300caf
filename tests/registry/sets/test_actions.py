"""Sets: made, changed, taken apart, with the history of their pieces, on both databases."""

import asyncio

import pytest

from registry.assets.models import Condition
from registry.assets.transitions import Answers
from registry.core.errors import Conflict, Invalid, NotFound
from registry.core.history import SYSTEM, HistoryEntry
from registry.faults import asset_transitions
from registry.sets.actions import NewSet, SetChanges, change_set, dissolve_set, make_set
from registry.sets.models import AssetSet, SetPiece
from registry.sets.queries import candidates, history_of, set_of, set_state, sets_in_order
from registry.sets.rules import LARGEST, Part, Trouble
from tests.conftest import Database
from tests.make import NOW, make_asset, make_room, refused
from tests.statements import Statements

pytestmark = pytest.mark.anyio


async def desk(name: str = "Stanowisko 1") -> tuple[AssetSet, list[int], str]:
    room = await make_room()
    assets = [await make_asset(name=word, room_id=room.id) for word in ("Komputer", "Monitor", "Monitor")]
    ids = [asset.id for asset in assets]
    return await make_set(NewSet(name, tuple(ids)), SYSTEM, NOW), ids, room.code


async def test_what_a_set_is_made_of_belongs_to_it(database: Database) -> None:
    asset_set, ids, room = await desk()
    state = await set_state(asset_set.id)
    assert (state.name, state.place, state.is_complete, state.lacking) == ("Stanowisko 1", room, True, 0)
    assert state.parts == (Part("Komputer", 1), Part("Monitor", 2))
    assert sorted(piece.asset_id for piece in state.pieces) == ids
    assert await set_of(ids[0]) == {"id": asset_set.id, "name": "Stanowisko 1"}
    assert (await HistoryEntry.get(object=f"asset:{ids[0]}", action="joined_set")).after == {"set": "Stanowisko 1"}
    assert [entry.action for entry in await history_of(asset_set.id)] == ["made"]


async def test_a_piece_that_goes_elsewhere_or_breaks_is_lacking_and_the_whole_set_moves_in_one_act(
    database: Database,
) -> None:
    asset_set, ids, _ = await desk()
    other = await make_room()
    await asset_transitions.perform("move", ids[0], Answers(room_id=other.id), SYSTEM, NOW)
    await asset_transitions.perform("report_fault", ids[1], Answers(reason="miga"), SYSTEM, NOW)
    state = await set_state(asset_set.id)
    assert state.lacking == 2
    assert {piece.asset_id: trouble for check in state.checks for piece, trouble in check.pieces} == {
        ids[0]: Trouble.ELSEWHERE, ids[1]: Trouble.FAULTY, ids[2]: None,
    }  # fmt: skip
    revisions = {piece.asset_id: piece.revision for piece in state.pieces}
    third = await make_room()
    await asset_transitions.perform_on_many("move", revisions, Answers(room_id=third.id), SYSTEM, NOW)
    state = await set_state(asset_set.id)
    assert (state.place, state.lacking) == (third.code, 1)


async def test_a_piece_is_in_one_set_at_most(database: Database) -> None:
    _, ids, _ = await desk()
    refusal = await refused(make_set(NewSet("Drugi", (ids[0],)), SYSTEM, NOW))
    assert (refusal.code, refusal.params["name"]) == ("set.taken", "Stanowisko 1")
    assert await AssetSet.filter().count() == 1


async def test_of_two_who_take_the_same_piece_at_once_one_gets_it(database: Database) -> None:
    asset = await make_asset()
    wishes = [make_set(NewSet(name, (asset.id,)), SYSTEM, NOW) for name in ("A", "B")]
    outcomes = await asyncio.gather(*wishes, return_exceptions=True)
    assert sorted(type(outcome).__name__ for outcome in outcomes) == ["AssetSet", "Conflict"]
    assert await SetPiece.filter().count() == 1


async def test_pieces_come_and_go_and_what_is_wanted_stays(database: Database) -> None:
    asset_set, ids, _ = await desk()
    lamp = await make_asset(name="Lampa")
    changes = SetChanges(name="Stanowisko 2", note="przy oknie", asset_ids=(ids[0], ids[1], lamp.id))
    await change_set(asset_set.id, changes, SYSTEM, NOW, 1)
    state = await set_state(asset_set.id)
    assert (state.name, state.note, state.revision, state.parts[1]) == (
        "Stanowisko 2",
        "przy oknie",
        2,
        Part("Monitor", 2),
    )
    assert [check.missing for check in state.checks if check.name == "Monitor"] == [1]
    assert await set_of(ids[2]) is None
    assert (await HistoryEntry.get(object=f"asset:{ids[2]}", action="left_set")).before == {"set": "Stanowisko 2"}
    entry = (await history_of(asset_set.id))[0]
    before, after = entry.before or {}, entry.after or {}
    assert (before["name"], after["name"], after["pieces"]) == (
        "Stanowisko 1", "Stanowisko 2", [ids[0], ids[1], lamp.id],
    )  # fmt: skip
    await change_set(asset_set.id, SetChanges(parts=(Part("Monitor", 1),)), SYSTEM, NOW)
    assert (await set_state(asset_set.id)).parts == (Part("Monitor", 1),)


async def test_the_same_again_changes_nothing(database: Database) -> None:
    asset_set, ids, _ = await desk()
    same = SetChanges("Stanowisko 1", "", tuple(reversed(ids)), (Part("Komputer", 1), Part("Monitor", 2)))
    await change_set(asset_set.id, same, SYSTEM, NOW)
    assert (await set_state(asset_set.id)).revision == 1
    assert len(await history_of(asset_set.id)) == 1


async def test_what_somebody_else_changed_meanwhile_is_not_overwritten(database: Database) -> None:
    asset_set, _, _ = await desk()
    await change_set(asset_set.id, SetChanges(name="Inny"), SYSTEM, NOW, 1)
    for work in (
        change_set(asset_set.id, SetChanges(note="x"), SYSTEM, NOW, 1),
        dissolve_set(asset_set.id, SYSTEM, NOW, 1),
    ):
        assert (await refused(work)).code == "request.stale"


async def test_a_set_that_is_taken_apart_leaves_its_pieces_where_they_are(database: Database) -> None:
    asset_set, ids, room = await desk()
    await dissolve_set(asset_set.id, SYSTEM, NOW)
    await dissolve_set(asset_set.id, SYSTEM, NOW)
    assert (await set_state(asset_set.id)).is_dissolved
    assert [entry.action for entry in await history_of(asset_set.id)] == ["dissolved", "made"]
    assert await set_of(ids[0]) is None
    assert await sets_in_order("", "", 0, 10) == ([], 0)
    assert (await refused(change_set(asset_set.id, SetChanges(name="x"), SYSTEM, NOW))).code == "set.dissolved"
    await make_set(NewSet("Nowy", tuple(ids)), SYSTEM, NOW)
    assert (await sets_in_order("now", room, 0, 10))[1] == 1


async def test_what_is_not_there_is_refused(database: Database) -> None:
    for work in (set_state(99), change_set(99, SetChanges(), SYSTEM, NOW), dissolve_set(99, SYSTEM, NOW)):
        with pytest.raises(NotFound, match="no such set"):
            await work
    with pytest.raises(NotFound, match="no such asset"):
        await make_set(NewSet("x", (99,)), SYSTEM, NOW)
    with pytest.raises(Invalid, match="200 pieces"):
        await make_set(NewSet("x", tuple(range(1, LARGEST + 2))), SYSTEM, NOW)
    with pytest.raises(NotFound, match="KPUW/1"):
        await candidates(["KPUW/1"])


async def test_pieces_are_named_by_their_numbers(database: Database) -> None:
    one = await make_asset(inventory_no="KPUW/1", condition=Condition.FAULTY)
    two = await make_asset(inventory_no="KPUW/2")
    assert [piece.asset_id for piece in await candidates(["kpuw / 2", "KPUW/1", ""])] == [two.id, one.id]


async def test_a_list_of_sets_takes_four_statements(database: Database, statements: Statements) -> None:
    for number in range(6):
        asset = await make_asset()
        await make_set(NewSet(f"Zestaw {number}", (asset.id,)), SYSTEM, NOW)
    with statements.at_most(4):
        assert (await sets_in_order("", "", 0, 50))[1] == 6


async def test_a_conflict_is_no_fault_of_the_machine(database: Database) -> None:
    asset_set, ids, _ = await desk()
    await make_set(NewSet("Drugi", ()), SYSTEM, NOW)
    with pytest.raises(Conflict):
        await change_set(asset_set.id + 1, SetChanges(asset_ids=(ids[0],)), SYSTEM, NOW)
