"""A line of several pieces split and joined: money to the grosz, numbers and labels that lead on, both histories."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.assets.actions import NewAsset, correct, register
from registry.assets.models import Asset, Condition, DurabilityOverride, FundingShare, Lifecycle, Tag
from registry.assets.number_sequences import NewScheme, add_scheme
from registry.assets.quantities import SplitWish, join, split
from registry.assets.queries import alike, numbered, readiness
from registry.assets.rules import part_of_line, unlike
from registry.assets.search import AssetFilter, find
from registry.assets.transitions import Answers
from registry.core import events
from registry.core.events import AssetChanged
from registry.core.history import SYSTEM, HistoryEntry
from registry.faults.asset_transitions import perform, perform_on_many
from registry.grants.models import Grant
from registry.rooms.models import StandardItem
from tests.make import make_person, make_room, refused

NOW = datetime(2026, 11, 24, 8, tzinfo=UTC)
amounts = st.integers(0, 10**9).map(lambda grosze: Decimal(grosze) / 100)


@given(st.lists(amounts, min_size=1, max_size=4), st.integers(2, 500), st.data())
def test_the_parts_of_a_line_sum_to_the_grosz(amounts: list[Decimal], quantity: int, data: Any) -> None:
    many = data.draw(st.integers(1, quantity - 1))
    parts = dict(enumerate(amounts))
    price = sum(amounts, Decimal(0))
    part, split_off = part_of_line(price, quantity, parts, many)
    assert sum(split_off.values()) == part
    assert abs(part - price * many / quantity) < quantity * Decimal("0.01")
    assert all(0 <= split_off[source] <= amount for source, amount in parts.items())


def test_pieces_that_somebody_can_tell_apart_do_not_become_one_line() -> None:
    line = {"name": "krzesło", "serial_no": "", "condition": "ok"}
    assert unlike(line, line) == ""
    assert unlike(line, line | {"serial_no": "S"}) == "serial_no"
    assert unlike(line | {"condition": "faulty"}, line | {"condition": "faulty"}) == "condition"
    assert unlike(line, line | {"name": "stół"}) == "name"


async def chairs(**columns: Any) -> Asset:
    grant = await Grant.create(code="G", name="G", beneficiary="B", fund="F", total=1, granted=1, percent=75)
    new = NewAsset(
        name="Krzesło", price=Decimal("1000.03"), quantity=12, percents={grant.id: Decimal(75)}, inventory_no="K/1",
        kst="808", accepted_on=date(2026, 1, 5), **columns,
    )  # fmt: skip
    return await register(new, SYSTEM, NOW)


async def paid(asset_id: int) -> dict[int | None, Decimal]:
    rows = await FundingShare.filter(asset_id=asset_id).order_by("id").values_list("grant_id", "amount")
    return dict(rows)


@pytest.mark.usefixtures("database")
async def test_three_of_twelve_stand_elsewhere_and_come_back() -> None:
    room, other = await make_room(), await make_room()
    await StandardItem.create(room=room, name="Krzesło", feature="", quantity=12)
    line = await chairs(room_id=room.id)
    whole = await paid(line.id)
    part = await split(line.id, SplitWish(3, other.id, "K/2"), SYSTEM, NOW, 1, "do gabinetu")
    line = await Asset.get(id=line.id)
    part = await Asset.get(id=part.id)
    assert (line.quantity, line.price, line.room_id, line.revision) == (9, Decimal("750.04"), room.id, 2)
    assert (part.quantity, part.price, part.room_id, part.inventory_no) == (3, Decimal("249.99"), other.id, "K/2")
    assert (part.account, part.kst, part.accepted_on) == (line.account, "808", line.accepted_on)
    shares = [await paid(line.id), await paid(part.id)]
    assert [sum(parts.values()) for parts in shares] == [line.price, part.price]
    assert {source: shares[0][source] + shares[1][source] for source in whole} == whole
    assert not (await readiness(room.id)).ready
    assert (await find(AssetFilter(q="K/2"), "name", 0, 5))[1] == [part.id]
    entry = await HistoryEntry.get(object=f"asset:{line.id}", action="split")
    assert (entry.before["quantity"], entry.after["quantity"], entry.after["split_off"]) == (12, 9, "K/2")
    assert entry.reason == "do gabinetu"
    origin = await HistoryEntry.get(object=f"asset:{part.id}", action="split_off")
    assert origin.after == {"quantity": 3, "split_from": "K/1"}

    label = await Tag.get(asset_id=part.id)
    line = await join(line.id, [part.id], SYSTEM, NOW, {line.id: 2, part.id: 1}, "wróciły")
    assert (line.quantity, line.price) == (12, Decimal("1000.03"))
    assert await paid(line.id) == whole
    assert (await readiness(room.id)).ready
    part = await Asset.get(id=part.id)
    assert (part.lifecycle, part.inventory_no) == (Lifecycle.WITHDRAWN, None)
    assert [row["id"] for row in await numbered("K/2")] == [line.id]
    assert (await Tag.get(id=label.id)).asset_id == line.id
    assert (await HistoryEntry.get(object=f"tag:{label.code}")).action == "linked"
    assert (await HistoryEntry.get(object=f"asset:{part.id}", action="joined")).after["joined_into"] == "K/1"
    assert (await refused(perform("restore", part.id, Answers(), SYSTEM, NOW))).code == "asset.joined"


@pytest.mark.usefixtures("database")
async def test_the_part_gets_the_next_number_of_its_unit_or_none() -> None:
    await add_scheme(NewScheme("KPUW", "{seq:3}", date(2022, 1, 1)), SYSTEM, NOW)
    line = await chairs()
    parts = [await split(line.id, SplitWish(1, unit=unit), SYSTEM, NOW) for unit in ("KPUW", "")]
    assert [part.inventory_no for part in parts] == ["001", None]
    assert (await Asset.get(id=line.id)).quantity == 10


@pytest.mark.usefixtures("database")
async def test_what_cannot_be_split_or_joined_is_refused_and_stays() -> None:
    line = await chairs()
    for many in (0, 12, -1):
        refusal = await refused(split(line.id, SplitWish(many), SYSTEM, NOW))
        assert (refusal.code, refusal.params["limit"]) == ("asset.bad_split", 11)
    assert (await refused(split(line.id, SplitWish(1, inventory_no="k/1"), SYSTEM, NOW))).code == "asset.number_taken"
    assert (await refused(split(line.id, SplitWish(1), SYSTEM, NOW, 9))).code == "request.stale"
    assert (await refused(split(10**6, SplitWish(1), SYSTEM, NOW))).code == "asset.unknown"
    part = await split(line.id, SplitWish(2), SYSTEM, NOW)
    assert (await refused(join(line.id, [], SYSTEM, NOW))).code == "asset.nothing_to_join"
    assert (await refused(join(line.id, [line.id], SYSTEM, NOW))).code == "asset.nothing_to_join"
    await correct(part.id, {"name": "Stołek"}, SYSTEM, NOW)
    refusal = await refused(join(line.id, [part.id], SYSTEM, NOW))
    assert (refusal.code, str(refusal.params["fact"])) == ("asset.not_alike", "name")
    await perform("withdraw", part.id, Answers(reason="dubel"), SYSTEM, NOW)
    for work in (join(line.id, [part.id], SYSTEM, NOW), split(part.id, SplitWish(1), SYSTEM, NOW)):
        assert (await refused(work)).code == "asset.withdrawn"
    assert (await Asset.get(id=line.id)).quantity == 10


@pytest.mark.usefixtures("database")
@pytest.mark.parametrize("column", ["durable_until", "warranty_until"])
async def test_what_is_bound_otherwise_becomes_no_part_of_a_line(column: str) -> None:
    line = await chairs()
    part = await split(line.id, SplitWish(2), SYSTEM, NOW)
    assert [row["id"] for row in await alike(line.id)] == [part.id]
    await Asset.filter(id=part.id).update(**{column: date(2027, 3, 1)})
    refusal = await refused(join(line.id, [part.id], SYSTEM, NOW))
    assert (refusal.code, str(refusal.params["fact"])) == ("asset.not_alike", column)
    assert await alike(line.id) == []


@pytest.mark.usefixtures("database")
async def test_what_is_asked_to_leave_early_stays_a_piece_of_its_own() -> None:
    line, day = await chairs(durable_until=date(2027, 3, 1)), date(2027, 3, 1)
    part = await split(line.id, SplitWish(2, inventory_no="K/2"), SYSTEM, NOW)
    assert [row["id"] for row in await alike(line.id)] == [part.id]
    columns = {"asset_id": part.id, "durable_until": day, "due_back": 1, "asked_as": "facilities", "asked_at": NOW}
    override = await DurabilityOverride.create(reason="zalane", asked_by=await make_person(), **columns)
    refusals = [await refused(join(*pair, SYSTEM, NOW)) for pair in ((line.id, [part.id]), (part.id, [line.id]))]
    assert [(one.code, one.params["piece"]) for one in refusals] == [("asset.override_asked", "K/2")] * 2
    assert await alike(line.id) == await alike(part.id) == []
    await DurabilityOverride.filter(id=override.id).update(closed_at=NOW)
    assert [row["id"] for row in await alike(line.id)] == [part.id], "taken back it holds nothing"
    await DurabilityOverride.filter(id=override.id).update(closed_at=None, used_at=NOW)
    assert (await join(line.id, [part.id], SYSTEM, NOW)).quantity == 12


@pytest.mark.usefixtures("database")
async def test_a_line_that_does_not_work_is_split_once_it_works() -> None:
    line = await chairs()
    await perform("report_fault", line.id, Answers(reason="chwieje się"), SYSTEM, NOW)
    assert (await refused(split(line.id, SplitWish(1), SYSTEM, NOW))).code == "asset.not_working"
    await perform("mend", line.id, Answers(), SYSTEM, NOW)
    assert (await split(line.id, SplitWish(1), SYSTEM, NOW)).condition is Condition.OK


async def test_a_piece_that_is_split_off_is_told_of(event_log: list[events.Event]) -> None:
    line = await chairs()
    event_log.clear()
    part = await split(line.id, SplitWish(2), SYSTEM, NOW)
    assert AssetChanged(part.id) in event_log
    assert AssetChanged(line.id) in event_log


@pytest.mark.usefixtures("database")
async def test_of_many_that_are_taken_back_those_that_joined_a_line_are_named() -> None:
    line = await chairs()
    part, other = [await split(line.id, SplitWish(2), SYSTEM, NOW) for _ in range(2)]
    await join(line.id, [part.id], SYSTEM, NOW)
    await perform("withdraw", other.id, Answers(reason="dubel"), SYSTEM, NOW)
    both = dict.fromkeys((part.id, other.id))
    refusal = await refused(perform_on_many("restore", both, Answers(), SYSTEM, NOW))
    assert [(row["id"], row["code"]) for row in refusal.params["refused"]] == [(part.id, "asset.joined")]
