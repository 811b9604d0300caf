"""A piece that was entered by mistake is withdrawn with a reason: in no count, found by its number, taken back."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from registry.assets.actions import NewAsset, correct, register
from registry.assets.filters import AssetFilter
from registry.assets.labels import link_tag, print_tags
from registry.assets.models import Asset, Condition, Lifecycle, Purchase, Tag
from registry.assets.queries import (
    counts_by_state,
    equipment_of,
    in_care_of,
    numbered,
    of_purchase_of,
    purchase_line,
    readiness,
    search,
    spent_of,
    taken_serials,
)
from registry.assets.transitions import Answers
from registry.core.history import SYSTEM, HistoryEntry
from registry.exporting.tables import ASSETS
from registry.faults.asset_transitions import perform, perform_on_many
from registry.faults.models import Fault, FaultState
from registry.grants.models import Grant
from registry.importing.snapshot import load_snapshot
from registry.rooms.models import Room, StandardItem
from registry.sets.actions import NewSet, make_set
from registry.sets.queries import candidates, set_state
from tests.make import make_asset, make_person, make_room, refused

NOW = datetime(2026, 11, 24, 8, tzinfo=UTC)
pytestmark = pytest.mark.usefixtures("database")


async def piece(**more: Any) -> Asset:
    return await register(NewAsset(name="Lampa", price=Decimal(100), **more), SYSTEM, NOW)


async def withdraw(asset: Asset, reason: str = "dubel") -> None:
    await perform("withdraw", asset.id, Answers(reason=reason), SYSTEM, NOW)


async def shown(**words: str) -> list[int]:
    return [item["id"] for item in (await search(AssetFilter(**words))).items]


async def test_what_is_withdrawn_is_in_no_count_and_found_by_its_number() -> None:
    fund = await Grant.create(code="G", name="G", beneficiary="B", fund="F", total=1, granted=1, percent=75)
    whole = {fund.id: Decimal(100)}
    asset, other = await piece(inventory_no="A/1", percents=whole), await piece(inventory_no="A/2", percents=whole)
    await withdraw(asset)
    assert await shown() == await shown(q="lampa") == [other.id]
    assert await shown(q="A/1") == await shown(lifecycle="withdrawn") == [asset.id]
    page = await search(AssetFilter())
    assert (page.total, page.total_price) == (1, Decimal("100.00"))
    assert await spent_of(fund.id) == (1, Decimal("100.00"))
    counts, _ = await counts_by_state((await make_person()).id)
    assert sum(counts.values()) == 1
    assert [(row["id"], row["lifecycle"]) for row in await numbered("A/1")] == [(asset.id, "withdrawn")]
    assert (await refused(piece(inventory_no="A/1"))).code == "asset.number_taken"


async def test_one_without_a_number_is_in_its_own_list_alone() -> None:
    asset = await make_asset(inventory_no=None)
    await withdraw(asset)
    assert await shown(q="krzesło") == []
    assert await shown(lifecycle="withdrawn") == [asset.id]


async def test_a_withdrawal_takes_a_reason_and_ends_every_other_way() -> None:
    asset = await piece()
    refusal = await refused(withdraw(asset, " ".strip()))
    assert (refusal.code, refusal.params["field"]) == ("request.missing_field", "reason")
    await withdraw(asset)
    for name in ("move", "report_fault", "unassign"):
        assert (await refused(perform(name, asset.id, Answers(), SYSTEM, NOW))).code == "asset.state", name


async def test_what_is_taken_back_is_as_it_was() -> None:
    asset = await make_asset(lifecycle=Lifecycle.IN_STORE)
    await withdraw(asset)
    await perform("restore", asset.id, Answers(reason="jednak jest"), SYSTEM, NOW)
    assert (await Asset.get(id=asset.id)).lifecycle is Lifecycle.IN_STORE
    entries = HistoryEntry.filter(object=f"asset:{asset.id}").order_by("seq")
    assert await entries.values_list("action", "reason") == [("withdrawn", "dubel"), ("restored", "jednak jest")]
    assert (await refused(perform("restore", asset.id, Answers(), SYSTEM, NOW))).code == "asset.state"
    unwritten = await make_asset(lifecycle=Lifecycle.WITHDRAWN)
    await perform("restore", unwritten.id, Answers(), SYSTEM, NOW)
    assert (await Asset.get(id=unwritten.id)).lifecycle is Lifecycle.IN_USE


async def test_it_is_found_by_its_former_number_and_its_label_too() -> None:
    asset = await piece(inventory_no="A/1")
    await correct(asset.id, {"inventory_no": "B/1"}, SYSTEM, NOW)
    code = (await Tag.get(asset_id=asset.id)).code
    await withdraw(asset)
    assert await shown(q="a/1") == await shown(q="B/1") == await shown(q=code) == [asset.id]
    assert await shown(q="B/") == []


async def test_nothing_counts_it_and_its_double_has_its_serial_number_alone() -> None:
    line = await Purchase.create(code="Z-1", name="Lampa", quantity=2, unit_price=1)
    person = await make_person()
    columns = {"serial_no": "S1", "custodian": person, "purchase": line}
    asset, double = await make_asset(**columns), await make_asset(**columns)
    await withdraw(double)
    assert [row["id"] for row in await numbered("s1")] == [asset.id]
    assert await taken_serials(["S1"]) == {"S1": asset.id}
    assert (await in_care_of(person.id, 5))[1] == 1
    assert await of_purchase_of(asset.id) == [asset.id]
    assert (await purchase_line("Z-1") or {})["registered"] == 1
    rows = [row async for lot in ASSETS.lots() for row in lot]
    assert [row["id"] for row in rows] == [asset.id]
    await withdraw(asset)
    assert {row["id"] for row in await numbered("s1")} == {asset.id, double.id}


async def test_the_room_that_counts_on_it_is_told_that_it_is_missing() -> None:
    room = await make_room()
    await StandardItem.create(room=room, name="Projektor", feature="projector", quantity=1)
    asset = await make_asset(name="Projektor", room=room)
    before = await Room.get(id=room.id)
    assert (await readiness(room.id)).ready
    await withdraw(asset)
    after = await Room.get(id=room.id)
    assert not (await readiness(room.id)).ready
    assert after.revision == before.revision + 1
    assert "projector" not in (await equipment_of([after]))[room.id].works
    await perform("restore", asset.id, Answers(), SYSTEM, NOW)
    assert (await readiness(room.id)).ready


async def test_its_set_lacks_it_and_its_fault_ends() -> None:
    room = await make_room()
    asset = await make_asset(name="Monitor", room=room, inventory_no="M/1")
    asset_set = await make_set(NewSet("Stanowisko", (asset.id, (await make_asset(room=room)).id)), SYSTEM, NOW)
    await perform("report_fault", asset.id, Answers(reason="miga"), SYSTEM, NOW)
    await withdraw(asset)
    state = await set_state(asset_set.id)
    assert (len(state.pieces), state.lacking) == (1, 1)
    assert (await refused(candidates(["M/1"]))).code == "set.no_piece"
    assert (await Fault.get(asset_id=asset.id)).state is FaultState.RESOLVED
    assert (await refused(perform("report_fault", asset.id, Answers(), SYSTEM, NOW))).code == "asset.state"


async def test_what_comes_back_broken_has_its_fault_again() -> None:
    asset, mended = await make_asset(), await make_asset()
    for one in (asset, mended):
        await perform("report_fault", one.id, Answers(reason="miga"), SYSTEM, NOW)
    await perform("mend", mended.id, Answers(), SYSTEM, NOW)
    for one in (asset, mended):
        await withdraw(one)
    later = NOW + timedelta(hours=1)
    for _ in range(2):
        await perform_on_many("restore", {asset.id: None}, Answers(reason="jest"), SYSTEM, later)
        await perform("withdraw", asset.id, Answers(reason="dubel"), SYSTEM, later)
    await perform("restore", asset.id, Answers(), SYSTEM, later)
    await perform("restore", mended.id, Answers(), SYSTEM, later)
    assert (await Asset.get(id=asset.id)).condition is Condition.FAULTY
    assert [(fault.asset_id, str(fault.state)) for fault in await Fault.all().order_by("id")] == [
        (asset.id, "open"), (mended.id, "resolved"),
    ]  # fmt: skip
    unwritten = await make_asset(lifecycle=Lifecycle.WITHDRAWN, condition=Condition.IN_REPAIR)
    await perform("restore", unwritten.id, Answers(reason="jednak jest"), SYSTEM, later)
    fault = await Fault.get(asset_id=unwritten.id)
    assert (fault.state, fault.text) == (FaultState.OPEN, "jednak jest")


async def test_it_is_corrected_and_labelled_only_when_it_is_back() -> None:
    asset = await piece()
    await withdraw(asset)
    assert (await refused(correct(asset.id, {"name": "Lampka"}, SYSTEM, NOW))).code == "asset.withdrawn"
    (code,) = await print_tags(1, SYSTEM, NOW)
    assert (await refused(link_tag(code, SYSTEM, NOW, asset_id=asset.id))).code == "asset.withdrawn"


async def test_a_list_neither_takes_its_number_nor_changes_it() -> None:
    asset = await piece(inventory_no="A/1")
    await withdraw(asset)
    snapshot = await load_snapshot()
    assert "a/1" in snapshot.inventory_keys
    assert "a/1" not in snapshot.numbered
    assert not snapshot.twins
