"""The export opens in a Polish Excel and comes back through the importer as it was."""

import io
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.assets import actions
from registry.assets.models import Asset, FundingShare
from registry.assets.rules import shares
from registry.core.errors import Invalid
from registry.core.history import SYSTEM
from registry.exporting.tables import export_assets, percent_of, written
from registry.grants.actions import NewGrant, add_grant
from registry.importing.files import read
from registry.importing.lists import check, find
from registry.importing.rows import Known
from registry.importing.writing import checked, write
from registry.rooms.lock import changing
from registry.rooms.models import Building, Room, RoomKind, Site

NOW = datetime(2026, 11, 24, 8, tzinfo=UTC)
texts = st.text(st.characters(exclude_categories=("Cs", "Cc", "Zs", "Zl", "Zp", "Cf")), min_size=1, max_size=30)


@given(texts)
def test_no_cell_of_ours_is_a_formula_and_each_comes_back(text: str) -> None:
    cell = written(text)
    assert cell[0] not in "=+-@\t\r"
    quoted = cell.replace('"', '""')
    header = "Numer inwentarzowy;Nazwa\r\n"
    sheet, found = find(read(f'{header}A/1;"{quoted}"\r\n'.encode("utf-8-sig"), "a.csv"))
    if check(sheet, found, Known()).rows:
        assert check(sheet, found, Known()).rows[0].values["name"] == text


@given(st.decimals("0.01", "999999", places=2), st.decimals("0", "100", places=2), st.decimals("1", "99", places=2))
def test_a_share_comes_back_to_the_grosz(price: Decimal, part: Decimal, usual: Decimal) -> None:
    amount = shares(price, {1: part}).get(1, Decimal(0))
    back = percent_of(price, amount, usual)
    if amount:
        assert shares(price, {1: back})[1] == amount


@pytest.fixture
async def furnished(database: Any) -> None:
    site = await Site.create(code="T", name="Toruń")
    building = await Building.create(site=site, code="B", address="ul. Długa 1")
    room = await Room.create(building=building, code="R-1", number="1", name="Pokój", kind=RoomKind.OFFICE)
    grant = await add_grant(
        NewGrant("G/1", "Grant", "Urząd", "Fundusz", Decimal(1000), Decimal(750), Decimal(75)), SYSTEM, NOW
    )
    new = actions.NewAsset(
        name="=Krzesło „Żuraw”; obrotowe",
        price=Decimal("1290.01"),
        inventory_no="00045",
        kst="808",
        category="meble",
        serial_no="+48",
        room_id=room.id,
        accepted_on=date(2022, 4, 1),
        warranty_until=date(2025, 4, 1),
        durable_until=date(2027, 4, 1),
        note="raz\ndwa",
        percents={grant.id: Decimal(75)},
    )
    await actions.register(new, SYSTEM, NOW)
    await actions.register(actions.NewAsset(name="Lampa", price=Decimal(0), quantity=1), SYSTEM, NOW)


async def picture() -> list[Any]:
    columns = ("inventory_no", "name", "price", "kst", "category", "account", "serial_no", "room_id", "accepted_on",
               "warranty_until", "durable_until", "note", "lifecycle", "condition", "quantity")  # fmt: skip
    assets = await Asset.all().order_by("name").values_list(*columns)
    shared = await FundingShare.all().order_by("asset__name", "amount").values_list("grant_id", "amount")
    return [assets, shared]


@pytest.mark.usefixtures("furnished")
@pytest.mark.parametrize("file_format", ["csv", "xlsx"])
async def test_the_register_comes_back_as_it_was(file_format: str) -> None:
    before = await picture()
    file = io.BytesIO()
    assert await export_assets(file, file_format) == 2
    async with changing():
        await Asset.filter().delete()
    report = await checked(file.getvalue(), f"ewidencja.{file_format}")
    assert [row.status for row in report.rows] == ["ok", "warning"]
    await write(report, SYSTEM, NOW)
    assert await picture() == before


@pytest.mark.usefixtures("furnished")
async def test_a_polish_excel_opens_the_csv() -> None:
    file = io.BytesIO()
    await export_assets(file)
    content = file.getvalue()
    assert content.startswith(b"\xef\xbb\xbfNumer inwentarzowy;")
    assert b"1290,01;'+48;R-1" in content
    assert b"\r\n" in content
    assert b"'=Krzes" in content


@pytest.mark.usefixtures("database")
async def test_there_are_two_formats() -> None:
    with pytest.raises(Invalid):
        await export_assets(io.BytesIO(), "pdf")
