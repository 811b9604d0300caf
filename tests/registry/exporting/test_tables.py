"""The export opens in a Polish Excel and comes back through the importer as it was."""

import io
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.assets import actions
from registry.assets.models import Asset, FormerNumber, FundingShare, Tag
from registry.assets.rules import shares
from registry.assets.tags import RANDOM_BYTES, new_code
from registry.core.errors import Invalid
from registry.core.history import SYSTEM
from registry.core.transaction import transaction
from registry.exporting import tables
from registry.exporting.csv import cell_text, write_csv
from registry.exporting.funding import funding_cell, percents_of
from registry.exporting.lists import TABLES, check_export, export_list
from registry.exporting.tables import BOOKINGS, HISTORY, ExportTable
from registry.exporting.xlsx import write_xlsx
from registry.grants.actions import NewGrant, add_grant
from registry.importing.cells import grant_shares
from registry.importing.files import read
from registry.importing.judging import judge
from registry.importing.layout import find_list
from registry.importing.lists import check_list, write_list
from registry.importing.snapshot import RegisterSnapshot
from registry.rooms.models import Building, Room, RoomKind, Site, Visibility
from tests.make import HOUR, make_booking, make_person, make_room

NOW = datetime(2026, 11, 24, 8, tzinfo=UTC)
texts = st.text(st.characters(exclude_categories=("Cs", "Cc", "Zs", "Zl", "Zp", "Cf")), min_size=1, max_size=30)


@given(texts)
def test_no_cell_of_ours_is_a_formula_and_each_comes_back(text: str) -> None:
    cell = cell_text(text)
    assert cell[0] not in "=+-@\t\r"
    quoted = cell.replace('"', '""')
    header = "Numer inwentarzowy;Nazwa\r\n"
    layout = find_list(read(f'{header}A/1;"{quoted}"\r\n'.encode("utf-8-sig"), "a.csv"))
    if judge(layout, RegisterSnapshot()).rows:
        assert judge(layout, RegisterSnapshot()).rows[0].values["name"] == text


@given(st.decimals("0.01", "999999", places=2), st.decimals("0", "100", places=2), st.decimals("1", "99", places=2))
def test_a_share_comes_back_to_the_grosz(price: Decimal, part: Decimal, usual: Decimal) -> None:
    amount = shares(price, {1: part}).get(1, Decimal(0))
    percents = percents_of(price, {1: amount}, {1: usual})
    if amount:
        assert shares(price, percents)[1] == amount


money = st.decimals("0", "9999999999.99", places=2)


@given(st.lists(money, min_size=1, max_size=5), st.lists(st.decimals("1", "99", places=2), min_size=5, max_size=5))
def test_any_shares_come_back_to_the_grosz_through_their_cell(parts: list[Decimal], usual: list[Decimal]) -> None:
    """Whatever the grants paid, the last of them or own funds the rest."""
    price = sum(parts, Decimal(0)) or Decimal("0.01")
    for amounts in (dict(enumerate(parts)), dict(enumerate(parts[:-1]))):
        percents = percents_of(price, amounts, dict(enumerate(usual)))
        cell = funding_cell({f"G/{grant}": percent for grant, percent in percents.items()})
        back = {int(name.removeprefix("G/")): percent for name, percent in grant_shares(cell)}
        assert sum(back.values()) <= 100
        split = shares(price, back)
        assert {grant: split.get(grant, Decimal(0)) for grant in amounts} == amounts


def test_a_percent_has_no_more_digits_than_it_needs() -> None:
    usual = {1: Decimal(75), 2: Decimal(75)}
    assert percents_of(Decimal(100), {1: Decimal(50), 2: Decimal(30)}, usual) == {1: Decimal(50), 2: Decimal(30)}
    assert percents_of(Decimal("0.03"), {1: Decimal("0.02")}, usual) == {1: Decimal(75)}
    assert percents_of(Decimal(0), {1: Decimal(0)}, usual) == {1: Decimal(75)}


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
    funding = await FundingShare.all().order_by("asset__name", "amount").values_list("grant_id", "amount")
    return [assets, funding]


@pytest.mark.usefixtures("furnished")
@pytest.mark.parametrize("file_format", ["csv", "xlsx"])
async def test_the_register_comes_back_as_it_was(file_format: str) -> None:
    before = await picture()
    file = io.BytesIO()
    assert await export_list("assets", file_format, file) == 2
    async with transaction():
        await Asset.filter().delete()
    report = await check_list(file.getvalue(), f"ewidencja.{file_format}")
    assert [row.status for row in report.rows] == ["ok", "warning"]
    await write_list(report, SYSTEM, NOW)
    assert await picture() == before


@pytest.mark.usefixtures("furnished")
@pytest.mark.parametrize("file_format", ["csv", "xlsx"])
async def test_labels_former_numbers_and_lines_of_many_pieces_come_back(file_format: str) -> None:
    lamp = await Asset.get(name="Lampa")
    await Asset.filter(id=lamp.id).update(quantity=3)
    await Tag.create(code=new_code(bytes(RANDOM_BYTES)), asset_id=lamp.id, created_at=NOW)
    await FormerNumber.create(asset_id=lamp.id, number="ST / 7", number_key="st/7", until=NOW)
    await FormerNumber.create(asset_id=lamp.id, number="A-8", number_key="a-8", until=NOW)
    before, codes = io.BytesIO(), await Tag.all().order_by("asset_id", "id").values_list("code", flat=True)
    await export_list("assets", file_format, before)
    async with transaction():
        await Asset.filter().delete()
        await Tag.filter().delete()
    progress = await write_list(await check_list(before.getvalue(), f"ewidencja.{file_format}"), SYSTEM, NOW)
    assert (progress.records, progress.refused_rows) == (2, [])
    assert await Tag.all().order_by("asset_id", "id").values_list("code", flat=True) == codes
    numbers = await FormerNumber.all().order_by("id").values_list("asset__name", "number", "asset__quantity")
    assert numbers == [("Lampa", "ST / 7", 3), ("Lampa", "A-8", 3)]
    assert "st / 7" in (await Asset.get(name="Lampa")).search_text
    after = io.BytesIO()
    await export_list("assets", file_format, after)
    if file_format == "csv":
        assert after.getvalue() == before.getvalue(), "to the byte"
    else:
        assert [list(sheet.rows()) for sheet in read(after.getvalue(), "a.xlsx")] == [
            list(sheet.rows()) for sheet in read(before.getvalue(), "a.xlsx")
        ]


@pytest.mark.usefixtures("furnished")
async def test_a_polish_excel_opens_the_csv() -> None:
    file = io.BytesIO()
    await export_list("assets", "csv", file)
    content = file.getvalue()
    assert content.startswith(b"\xef\xbb\xbfNumer inwentarzowy;")
    assert b"1290,01;'+48;R-1" in content
    assert b"\r\n" in content
    assert b"'=Krzes" in content


@pytest.mark.parametrize(("table", "file_format"), [("assets", "pdf"), ("sofas", "csv")])
async def test_there_are_three_tables_and_two_formats(table: str, file_format: str) -> None:
    with pytest.raises(Invalid):
        check_export(table, file_format)
    with pytest.raises(Invalid):
        await export_list(table, file_format, io.BytesIO())


@pytest.mark.usefixtures("furnished")
@pytest.mark.parametrize("file_format", ["csv", "xlsx"])
async def test_every_grant_s_share_of_a_piece_leaves_and_comes_back(file_format: str) -> None:
    percents = {}
    for code, percent in (("G/10", 50), ("PL/2/3", 30), ("G/100", 7)):
        terms = NewGrant(code, code, "Urząd", "Fundusz", Decimal(1000), Decimal(750), Decimal(75))
        percents[(await add_grant(terms, SYSTEM, NOW)).id] = Decimal(percent)
    new = actions.NewAsset(name="Stół", price=Decimal("333.33"), inventory_no="A/3", percents=percents)
    await actions.register(new, SYSTEM, NOW)
    before = await picture()
    file = io.BytesIO()
    await export_list("assets", file_format, file)
    rows = {row.values["name"]: row.values for row in (await check_list(file.getvalue(), f"a.{file_format}")).rows}
    assert rows["Stół"]["funding"] == "G/10: 50 % | PL/2/3: 30 % | G/100: 7 %"
    assert rows["Stół"]["eu_share"] == Decimal("0.87"), "the sum of all of them"
    async with transaction():
        await Asset.filter().delete()
    await write_list(await check_list(file.getvalue(), f"a.{file_format}"), SYSTEM, NOW)
    assert await picture() == before


def lines_of(file: io.BytesIO) -> list[list[str]]:
    return [line.split(";") for line in file.getvalue().decode("utf-8-sig").splitlines()]


@pytest.mark.usefixtures("database")
async def test_bookings_come_room_by_room_in_lots_each_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tables, "LOT", 3)
    rooms = [await make_room(code=code) for code in ("B-2", "A-1")]
    person = await make_person("ala")
    for room in rooms:
        for hour in (5, 1, 3, 2, 4):
            await make_booking(NOW + hour * HOUR, room=room, organizer=person, title="Narada", attendees=hour)
        for _ in range(4):  # of one moment: cancelled ones hold no time
            await make_booking(NOW + HOUR, room=room, status="cancelled")
    lots = [lot async for lot in BOOKINGS.lots()]
    assert max(map(len, lots)) <= 3
    leaving = [booking for lot in lots for booking in lot]
    assert len({booking["id"] for booking in leaving}) == 18
    assert [booking["room"] for booking in leaving] == ["A-1"] * 9 + ["B-2"] * 9
    times = [booking["starts_at"] for booking in leaving[:9]]
    assert times == sorted(times)
    file = io.BytesIO()
    assert await export_list("bookings", "csv", file) == 18
    head, *lines = lines_of(file)
    assert head == ["id", "pomieszczenie", "od", "do", "rodzaj", "status", "liczba osób", "instytucja", "rezerwujący",
                    "tytuł"]  # fmt: skip
    assert ["2026-11-24T11:00:00+01:00", "2026-11-24T12:00:00+01:00", "meeting", "confirmed", "2", "", "ala",
            "Narada"] in [line[2:] for line in lines]  # fmt: skip


@pytest.mark.usefixtures("database")
async def test_bookings_of_the_help_point_leave_without_anybody_in_them() -> None:
    for number, visibility in enumerate(Visibility):
        room = await make_room(code=f"R-{number}", visibility=visibility)
        await make_booking(NOW, room=room, organizer=await make_person(), title="Tajne")
    file = io.BytesIO()
    await export_list("bookings", "csv", file)
    by_room = {line[1]: line for line in lines_of(file)[1:]}
    assert set(by_room) == {"R-0", "R-1", "R-2"}, "a hidden room's do not leave"
    assert [cell for cell in by_room["R-2"] if cell] == ["R-2", by_room["R-1"][2], by_room["R-1"][3]]


@pytest.mark.usefixtures("database")
async def test_history_leaves_in_lots(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tables, "LOT", 3)
    for number in range(8):
        await add_grant(NewGrant(f"G/{number}", "G", "Urząd", "F", Decimal(1), Decimal(1), Decimal(1)), SYSTEM, NOW)
    assert [len(lot) async for lot in HISTORY.lots()] == [3, 3, 2]
    file = io.BytesIO()
    assert await export_list("history", "csv", file) == 8
    assert [line[0] for line in lines_of(file)[1:]] == [str(number) for number in range(1, 9)]


class Weighed(dict[str, Any]):
    """A record that tells when it is held no more."""

    alive = 0

    def __init__(self, columns: dict[str, Any]) -> None:
        super().__init__(columns)
        Weighed.alive += 1

    def __del__(self) -> None:
        Weighed.alive -= 1


@pytest.mark.parametrize("write", [write_csv, write_xlsx])
async def test_a_file_holds_a_lot_or_two_of_its_table(write: Any) -> None:
    most = 0

    async def lots() -> Any:
        nonlocal most
        for number in range(20):
            yield [Weighed({"number": number}) for _ in range(50)]
            most = max(most, Weighed.alive)

    table = ExportTable("Próba", {"numer": lambda record: record["number"]}, lots)
    assert await write(table, io.BytesIO()) == 1000
    assert 0 < most <= 100


@pytest.mark.usefixtures("database")
@pytest.mark.parametrize("table", TABLES)
async def test_an_empty_table_has_its_titles(table: str) -> None:
    file = io.BytesIO()
    assert await export_list(table, "csv", file) == 0
    assert lines_of(file) == [list(TABLES[table].columns)]
