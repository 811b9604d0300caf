"""What stands above the list of assets is counted along with each change, and never by going through all of them."""

import re
from decimal import Decimal

import pytest
from tortoise.expressions import F

from registry.assets.filters import AssetFilter
from registry.assets.models import Asset, Condition, Lifecycle
from registry.assets.queries import counts_by_state, search
from registry.assets.search import tally
from registry.core.transaction import transaction
from tests.conftest import Database
from tests.make import make_asset
from tests.statements import Statements, plan

pytestmark = pytest.mark.anyio


async def counted() -> dict[tuple[str, str], tuple[int, Decimal, int]]:
    """The same from the assets themselves."""
    totals: dict[tuple[str, str], tuple[int, Decimal, int]] = {}
    for row in await Asset.all():
        many, price, pieces = totals.get((row.lifecycle, row.condition), (0, Decimal(0), 0))
        totals[row.lifecycle, row.condition] = (many + 1, price + row.price, pieces + row.quantity)
    return totals


async def test_each_change_of_an_asset_is_counted_along(database: Database) -> None:
    assert await tally() == {}
    assets = [await make_asset(price=Decimal(f"{n}.29"), quantity=n + 1) for n in range(4)]
    assert await tally() == await counted()
    await Asset.filter(id=assets[0].id).update(condition=Condition.FAULTY)
    await Asset.filter(id__in=[assets[1].id, assets[2].id]).update(lifecycle=Lifecycle.WITHDRAWN, price=Decimal("7.05"))
    await Asset.filter(id=assets[3].id).update(quantity=F("quantity") + 5, note="x")
    assert await tally() == await counted()
    with pytest.raises(RuntimeError):
        async with transaction():
            await Asset.filter(id=assets[3].id).delete()
            raise RuntimeError
    assert await tally() == await counted(), "what was taken back is taken back here too"
    await Asset.filter(id__in=[assets[0].id, assets[1].id]).delete()
    totals = await tally()
    assert totals == await counted()
    assert ("in_use", "faulty") not in totals


async def test_the_totals_of_a_list_are_those_of_its_states(database: Database) -> None:
    for lifecycle, condition in (("in_use", "ok"), ("in_use", "faulty"), ("in_store", "ok"), ("withdrawn", "ok")):
        await make_asset(lifecycle=lifecycle, condition=condition, price=Decimal("10.50"), quantity=2)
    for wish, many in (
        (AssetFilter(), 3),
        (AssetFilter(condition="ok"), 2),
        (AssetFilter(lifecycle="withdrawn"), 1),
        (AssetFilter(lifecycle="in_use", condition="faulty"), 1),
        (AssetFilter(lifecycle="sold"), 0),
        (AssetFilter(lifecycle="retired"), 0),
    ):
        page = await search(wish)
        assert (page.total, page.total_price, page.total_quantity) == (many, many * Decimal("10.50"), many * 2)
        assert len(page.items) == many
    counts, _ = await counts_by_state(0)
    assert counts == {("in_use", "ok"): 1, ("in_use", "faulty"): 1, ("in_store", "ok"): 1}


async def test_after_a_change_no_asset_is_read_for_the_totals(database: Database, statements: Statements) -> None:
    asset = await make_asset()
    for number in range(2):  # the second after what is known of the first is out of date
        await Asset.filter(id=asset.id).update(note=str(number))
        before = len(statements)
        assert (await search(AssetFilter())).total == 1
        await counts_by_state(0)
        texts = [one.text for one in statements[before:]]
        whole = [text for text in texts if "SUM(asset." in text or 'GROUP BY "lifecycle"' in text]
        assert whole == []
    text = next(text for text in texts if "asset_tally" in text)
    way = await plan(text, [])
    assert "asset_tally" in way
    assert re.search(r"\basset\b(?!_)", way) is None, way


@pytest.mark.databases("postgres")
async def test_the_rows_of_many_statements_are_summed_up(database: Database) -> None:
    asset = await make_asset(price=Decimal(1))
    for number in range(230):
        await Asset.filter(id=asset.id).update(price=Decimal(number))
    rows = await database.context.db("default").execute_query_dict("SELECT count(*) AS many FROM asset_tally")
    assert rows[0]["many"] < 210
    assert await tally() == await counted()
