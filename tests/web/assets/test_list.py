"""The list of assets: its filters, its columns in their order, and its sums."""

import io
import re
from datetime import UTC, date, datetime
from html import unescape
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from registry.assets.models import Asset, Tag
from registry.core.history import Actor
from registry.faults.actions import NewReport, report
from tests import make
from tests.web.desk import Desk, text_of
from web.app import SiteOptions, create_site

pytestmark = [pytest.mark.anyio, pytest.mark.databases("sqlite")]


@pytest.fixture
async def desk(database: Any, tmp_path: Path) -> Desk:
    return await Desk(create_site(SiteOptions(secret_key="k" * 40, data_dir=tmp_path, language="en"))).open()


def heads(page: str) -> list[str]:
    """What heads the columns."""
    head = page.partition("<thead>")[2].partition("</thead>")[0]
    return [unescape(re.sub(r"<[^>]+>", "", one)).rstrip(" ↑↓") for one in re.findall(r"<th scope.*?</th>", head, re.S)]


@pytest.mark.databases("sqlite", "postgres")
async def test_what_else_can_be_looked_for(desk: Desk) -> None:
    room = await make.make_room(code="ZW-01")
    chair = await make.make_asset(name="Krzesło", warranty_until=date(2027, 1, 1), durable_until=date(2028, 1, 1))
    lamp = await make.make_asset(
        name="Lampa", room=room, custodian=desk.people["bob"], serial_no="S1", inventory_no=None, quantity=3
    )
    desk_piece = await make.make_asset(name="Stół", room=room, custodian=desk.people["bob"], serial_no="S2")
    moment = datetime.now(UTC)
    await Tag.create(code="0000000", asset=chair, created_at=moment)
    await Tag.create(code="1111111", asset=lamp, created_at=moment, printed_at=moment)
    await report(NewReport(None, desk_piece.id, text="x"), Actor("x", "web", desk.people["bob"].id), moment)
    found_names = {
        "printed=no": ["Krzesło", "Stół"], "printed=yes": ["Lampa"], "without=room": ["Krzesło"],
        "without=custodian": ["Krzesło"], "without=number": ["Lampa"], "without=serial": ["Krzesło"],
        "without=warranty": ["Lampa", "Stół"], "without=label": ["Stół"], "fault=open": ["Stół"],
        "warranty_before=2027-01-02": ["Krzesło"], "warranty_before=2027-01-01": [],
        "durable_before=2028-02-01": ["Krzesło"],
    }  # fmt: skip
    for query, names in found_names.items():
        page = (await desk.get(f"/assets?{query}", "facilities")).text
        assert re.findall(r'<th scope="row"><a href="/assets/\d+">([^<]+)</a>', page) == names, query
        answer = (await desk.api("GET", f"/assets?{query}", "facilities")).json()
        assert [item["name"] for item in answer["items"]] == names, query
    page = (await desk.get("/assets?printed=no", "facilities")).text
    assert "Label: not yet printed" in text_of(page)
    assert "Warranty ends before: " in await desk.read("/assets?warranty_before=2027-01-02", "facilities")


async def test_columns_are_chosen_and_put_in_order_by_the_address(desk: Desk) -> None:
    await make.make_asset(name="Lampa", category="biuro", serial_no="S-1", warranty_until=date(2027, 5, 6))
    page = (await desk.get("/assets", "facilities")).text
    assert heads(page)[:3] == ["Inventory number", "Name", "Room"]
    assert "Columns 8 of 17" in text_of(page)
    page = (await desk.get("/assets?cols=name,warranty,category", "facilities")).text
    assert heads(page) == ["Name", "Warranty until", "Category"]
    assert "biuro" in page
    earlier = unescape(re.findall(r'href="([^"]+)" aria-label="Move to the front: Category"', page)[0])
    assert heads((await desk.get(earlier, "facilities")).text) == ["Name", "Category", "Warranty until"]
    page = (await desk.get("/assets?cols=serial&cols=price&sort=-serial", "facilities")).text
    assert heads(page) == ["Name", "Serial number", "Value, PLN"]
    assert "/assets?sort=serial&amp;cols=name,serial,price" in page
    assert '<input type="hidden" name="sort" value="-serial">' in page


async def test_columns_that_are_chosen_as_they_stand_stay_in_their_order(desk: Desk) -> None:
    await make.make_asset(name="Lampa")
    page = (await desk.get("/assets?cols=number,name,room", "facilities")).text
    menu = page.partition("columns-list")[2].partition("</form>")[0]
    boxes = [tag for tag in re.findall(r"<input[^>]+>", menu) if "checked" in tag or 'type="hidden"' in tag]
    boxes_on = "".join(tag for tag in boxes if "disabled" not in tag)
    assert re.findall(r'name="cols" value="(\w+)"', boxes_on) == ["number", "name", "room"]


async def test_prices_stand_in_no_column_of_who_does_not_count_money(desk: Desk) -> None:
    await make.make_asset(name="Lampa", account="013")
    for query in ("cols=price", "cols=funding,account", "sort=account", "sort=-price"):
        page = (await desk.get(f"/assets?{query}", "member")).text
        assert "450" not in text_of(page)
        assert heads(page) == ["Inventory number", "Name", "Room", "Custodian", "Condition", "Durable until"]
        assert "Value" not in page
        assert "Account" not in text_of(page)
    answer = await desk.api("GET", "/assets?sort=account", "member")
    assert answer.status_code == 403


async def test_the_sums_are_of_the_whole_list(desk: Desk) -> None:
    for number in range(3):
        await make.make_asset(name=f"Krzesło {number}", quantity=4)
    text = await desk.read("/assets", "facilities")
    assert "3 assets · 12 pieces" in text
    assert "450" not in await desk.read("/assets", "member")
    assert (await desk.api("GET", "/assets", "facilities")).json()["total_quantity"] == 12


async def test_a_file_has_the_columns_of_the_list_in_their_order(desk: Desk) -> None:
    await make.make_asset(name="Lampa", inventory_no="N/1", category="biuro")
    page = (await desk.get("/assets?cols=name,funding,number&sort=-name", "accountant")).text
    links = [unescape(link) for link in re.findall(r'href="(/assets/export\.[^"]+)"', page)]
    assert [link.partition("?")[2] for link in links] == [
        "sort=-name&cols=name,funding,number", "sort=-name&cols=name,funding,number", "sort=-name",
    ]  # fmt: skip
    book = openpyxl.load_workbook(io.BytesIO((await desk.get(links[0], "accountant")).content))
    assert [cell.value for cell in book.active[1]] == [
        "Nazwa",
        "Źródło finansowania",
        "Udział UE %",
        "Numer inwentarzowy",
    ]
    lines = (await desk.get(links[1], "accountant")).content.decode("utf-8-sig").splitlines()
    assert lines[1].startswith("Lampa;środki własne;")
    whole = (await desk.get(links[2].replace("xlsx", "csv"), "accountant")).content.decode("utf-8-sig")
    assert whole.splitlines()[0].startswith("Numer inwentarzowy;Poz. zakupu;Nazwa;Kategoria")


async def test_programs_go_on_behind_a_row(desk: Desk) -> None:
    for number in range(5):
        await make.make_asset(name=f"Lampa {number}", search_text=f"lampa {number}")
    first = (await desk.api("GET", "/assets?limit=2&sort=-name", "facilities")).json()
    assert [item["name"] for item in first["items"]] == ["Lampa 4", "Lampa 3"]
    second = (await desk.api("GET", f"/assets?limit=2&sort=-name&cursor={first['next']}", "facilities")).json()
    assert [item["name"] for item in second["items"]] == ["Lampa 2", "Lampa 1"]
    third = (await desk.api("GET", f"/assets?limit=2&sort=-name&cursor={second['next']}", "facilities")).json()
    assert ([item["name"] for item in third["items"]], third["next"]) == (["Lampa 0"], None)
    refused = await desk.api("GET", "/assets?cursor=nonsense", "facilities")
    assert refused.status_code == 422


async def test_a_file_is_written_as_the_filter_shows(desk: Desk) -> None:
    await make.make_asset(name="Lampa", warranty_until=date(2027, 1, 1))
    await make.make_asset(name="Stół")
    for query, count in (
        ("without=warranty", 1),
        ("printed=no", 2),
        ("fault=open", 0),
        ("warranty_before=2030-01-01", 1),
    ):
        lines = (await desk.get(f"/assets/export.csv?{query}", "accountant")).content.decode("utf-8-sig").splitlines()
        assert len(lines) == 1 + count, query
    assert await Asset.all().count() == 2
