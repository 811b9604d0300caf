"""The pieces of a table, read thousand by thousand."""

from datetime import date
from decimal import Decimal

import pytest

from registry.accounting.queries import planned_pieces, table_of_span
from registry.accounting.rules import YEAR
from registry.assets.models import FundingShare
from tests import make
from tests.conftest import Database

pytestmark = pytest.mark.anyio


async def test_pieces_on_both_sides_of_a_thousand_are_each_read_once(database: Database) -> None:
    for number in (2001, 999, 1000):
        await make.make_asset(
            id=number, account="011", kst="487", price=Decimal("12000.00"), accepted_on=date(2024, 1, 5)
        )
    for amount in ("7000.00", "5000.00"):  # the shares of a piece do not stand beside each other
        for number in (1000, 2001, 999):
            await FundingShare.create(asset_id=number, grant=None, amount=Decimal(amount))
    pieces = await planned_pieces(2024 * YEAR, YEAR)
    assert [planned.piece.id for planned in pieces] == [999, 1000, 2001]
    assert [sum(amount for _, amount in planned.piece.sources) for planned in pieces] == [1200000] * 3
    total = (await table_of_span(2024 * YEAR, YEAR)).totals()
    assert (total.pieces, total.initial, total.in_span) == (3, 3600000, 3 * 11 * 30000)
