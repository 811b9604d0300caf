"""What counts in the books is corrected with a reason; former numbers find their piece and go to no other."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from registry.assets import actions
from registry.assets.actions import NewAsset, correct, register
from registry.assets.filters import AssetFilter
from registry.assets.models import Asset, FormerNumber, FundingShare, Tag
from registry.assets.queries import detail, numbered, search
from registry.core.errors import Refusal
from registry.core.history import SYSTEM, HistoryEntry
from registry.grants.models import Grant
from tests.make import refused
from tests.statements import Statements

NOW = datetime(2026, 11, 24, 8, tzinfo=UTC)
pytestmark = pytest.mark.usefixtures("database")


async def grant(code: str = "PL/1") -> Grant:
    return await Grant.create(code=code, name="G", beneficiary="B", fund="F", total=1, granted=1, percent=75)


async def piece(price: str = "100.00", **more: Any) -> Asset:
    return await register(NewAsset(name="Lampa", price=Decimal(price), **more), SYSTEM, NOW)


async def parts(asset: Asset) -> dict[int | None, str]:
    rows = await FundingShare.filter(asset_id=asset.id).values_list("grant_id", "amount")
    return {grant_id: f"{amount:.2f}" for grant_id, amount in rows}


async def no(asset: Asset, **corrections: Any) -> Refusal:
    return await refused(correct(asset.id, corrections, SYSTEM, NOW, reason="x"))


async def test_what_counts_in_the_books_takes_a_reason() -> None:
    asset = await piece()
    for name, value in (("price", Decimal(1)), ("kst", "808"), ("quantity", 2), ("accepted_on", None), ("shares", [])):
        refusal = await refused(correct(asset.id, {name: value}, SYSTEM, NOW, reason=" "))
        assert (refusal.code, refusal.params["field"]) == ("asset.reason_needed", "reason")
    assert (await Asset.get(id=asset.id)).revision == 1


async def test_a_corrected_price_is_split_as_before_and_the_account_follows() -> None:
    fund = await grant()
    asset = await piece("100.00", percents={fund.id: Decimal(75)})
    await correct(asset.id, {"price": Decimal("12000.01")}, SYSTEM, NOW, reason="faktura")
    assert await parts(asset) == {fund.id: "9000.01", None: "3000.00"}
    stored = await Asset.get(id=asset.id)
    assert (stored.account, stored.revision) == ("011", 2)
    entry = await HistoryEntry.filter(object=f"asset:{asset.id}").order_by("-seq").first()
    assert entry
    assert (entry.action, entry.reason) == ("corrected", "faktura")
    assert entry.before == {
        "account": "poz", "price": "100.00",
        "shares": [{"grant": "PL/1", "amount": "75.00"}, {"grant": None, "amount": "25.00"}],
    }  # fmt: skip
    assert entry.after["shares"] == [{"grant": "PL/1", "amount": "9000.01"}, {"grant": None, "amount": "3000.00"}]


async def test_an_account_that_somebody_named_stays() -> None:
    asset = await piece()
    await correct(asset.id, {"account": "013"}, SYSTEM, NOW, reason="decyzja")
    await correct(asset.id, {"price": Decimal("20000.00")}, SYSTEM, NOW, reason="faktura")
    assert (await Asset.get(id=asset.id)).account == "013"


async def test_shares_sum_to_the_price_to_the_grosz() -> None:
    fund = await grant()
    asset = await piece()
    wrong: dict[str, list[tuple[int | None, Decimal]]] = {
        "grant.shares": [(fund.id, Decimal("75.00")), (None, Decimal("24.99"))],
        "grant.share_negative": [(fund.id, Decimal(101)), (None, Decimal(-1))],
        "grant.share_twice": [(fund.id, Decimal(50)), (fund.id, Decimal(50))],
    }
    for code, shares in wrong.items():
        refusal = await no(asset, shares=shares)
        assert (refusal.code, refusal.params["field"]) == (code, "shares")
    await correct(asset.id, {"shares": [(fund.id, Decimal(100)), (None, Decimal(0))]}, SYSTEM, NOW, reason="umowa")
    assert await parts(asset) == {fund.id: "100.00"}
    assert (await no(asset, price=Decimal("NaN"))).code == "asset.bad_price"


async def test_what_cost_nothing_keeps_its_grant_and_asks_who_pays_a_price() -> None:
    fund = await grant()
    asset = await piece("0.00", percents={fund.id: Decimal(75)})
    assert await parts(asset) == {fund.id: "0.00"}
    refusal = await no(asset, price=Decimal("10.00"))
    assert (refusal.code, refusal.params["field"]) == ("grant.shares_needed", "shares")
    paid = {"price": Decimal(10), "shares": [(fund.id, Decimal(10))]}
    await correct(asset.id, paid, SYSTEM, NOW, reason="faktura")
    await correct(asset.id, {"price": Decimal(0)}, SYSTEM, NOW, reason="darowizna")
    assert await parts(asset) == {fund.id: "0.00"}
    own = await piece("0.00")
    await correct(own.id, {"price": Decimal(3)}, SYSTEM, NOW, reason="faktura")
    assert await parts(own) == {None: "3.00"}


async def test_the_day_the_symbol_and_the_quantity_are_corrected_too() -> None:
    asset = await piece()
    new = {"accepted_on": date(2026, 1, 2), "kst": "487", "quantity": 3}
    await correct(asset.id, new, SYSTEM, NOW, reason="spis")
    stored = await Asset.get(id=asset.id)
    assert (stored.accepted_on, stored.kst, stored.quantity) == (date(2026, 1, 2), "487", 3)
    assert [item["id"] for item in (await search(AssetFilter(q="487"))).items] == [asset.id]
    await correct(asset.id, new, SYSTEM, NOW, reason="spis")
    assert (await Asset.get(id=asset.id)).revision == 2


async def test_a_former_number_finds_its_piece_and_goes_to_no_other() -> None:
    asset, other = await piece(inventory_no="A/1"), await piece(inventory_no="B/1")
    await correct(asset.id, {"inventory_no": "A/2"}, SYSTEM, NOW)
    assert [(row["id"], row["by"]) for row in await numbered("a/ 1")] == [(asset.id, "former_number")]
    assert [item["id"] for item in (await search(AssetFilter(q="a/1"))).items] == [asset.id]
    assert (await no(other, inventory_no="a/1")).code == "asset.number_former"
    assert (await refused(piece(inventory_no="A/1"))).code == "asset.number_former"
    await correct(asset.id, {"inventory_no": "A/3"}, SYSTEM, NOW)
    await correct(asset.id, {"inventory_no": "A/1"}, SYSTEM, NOW)
    assert (await detail(asset.id))["former_numbers"] == ["A/2", "A/3"]
    await correct(asset.id, {"inventory_no": "a/1"}, SYSTEM, NOW)
    assert await FormerNumber.filter(asset_id=asset.id).count() == 2


async def test_a_number_goes_number_former_number_serial_and_is_no_label() -> None:
    first = await piece(inventory_no="X1", serial_no="S 1")
    code = (await Tag.get(asset_id=first.id)).code
    second = await piece(inventory_no=code, serial_no="s1")
    assert [(row["id"], row["by"]) for row in await numbered(code)] == [(second.id, "number")]
    await correct(second.id, {"inventory_no": "X2"}, SYSTEM, NOW)
    assert [(row["id"], row["by"]) for row in await numbered(code.lower())] == [(second.id, "former_number")]
    assert await numbered((await Tag.get(asset_id=second.id)).code) == []
    assert [(row["id"], row["by"]) for row in await numbered("S1")] == [
        (first.id, "serial"),
        (second.id, "serial"),
    ]
    assert [await numbered(text) for text in ("", "X", "\x00", "http://izba/t/")] == [[], [], [], []]


async def test_a_correction_takes_few_statements(statements: Statements) -> None:
    asset = await piece(inventory_no="A/1")
    with statements.at_most(18):
        await actions.correct(asset.id, {"inventory_no": "A/2", "price": Decimal(5)}, SYSTEM, NOW, reason="x")
