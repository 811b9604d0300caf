"""What the form of a new piece says of its fields while they are typed."""

from decimal import Decimal
from pathlib import Path

import pytest

from registry.assets.actions import correct
from registry.assets.models import Asset, Purchase
from registry.core.history import SYSTEM
from tests.conftest import Database
from tests.make import NOW, make_asset
from tests.statements import Statements
from tests.web.desk import Desk
from web.app import SiteOptions, create_site

pytestmark = [pytest.mark.anyio, pytest.mark.databases("sqlite")]
PART = {"hx-request": "true", "hx-request-type": "partial"}


@pytest.fixture
async def desk(database: Database, tmp_path: Path) -> Desk:
    return await Desk(create_site(SiteOptions(secret_key="k" * 40, data_dir=tmp_path, language="en"))).open()


async def check(desk: Desk, **form: str) -> str:
    answer = await desk.get("/assets/new/check", "facilities", params=form, headers=PART)
    assert answer.status_code == 200
    assert "<html" not in answer.text
    return answer.text.replace("\N{NO-BREAK SPACE}", " ")


async def test_money_days_and_symbols_are_read_back(desk: Desk) -> None:
    text = await check(desk, price="1 290,5", accepted_on="5.1.2026", kst="491", pieces="2", percent="75")
    for words in ("1,290.50 PLN · other fixed asset, account 013", "5 January 2026", "KŚT 487"):
        assert words in text, text
    text = await check(desk, price="drogo", accepted_on="32.1.2026", pieces="0", percent="101", kst="ab")
    assert text.count('data-tone="warn"') == 5
    assert 'data-tone="good"' not in text
    assert 'data-tone="warn"' not in await check(desk, price="", accepted_on="", pieces="", kst="")


async def test_a_number_that_is_taken_names_the_piece_that_has_or_had_it(desk: Desk) -> None:
    asset = await make_asset(name="Lampa", inventory_no="A/1", number_key="a/1", serial_no="SN 7")
    await correct(asset.id, {"inventory_no": "B/1"}, SYSTEM, NOW)
    text = await check(desk, numbers="a/1\nX\nb/1", serials="sn7\nnew")
    assert text.count(f'<a href="/assets/{asset.id}">') == 3
    assert "A/1 · Lampa" in text
    assert "SN 7 · Lampa" in text
    assert "Taken already" not in await check(desk, numbers="C/1\n" + "x" * 61, serials="new")


async def test_a_known_invoice_asks_whether_it_is_the_same_purchase(desk: Desk) -> None:
    await Purchase.create(code="Z-1", name="Lampa", invoice_no="FV/1", quantity=2, unit_price=1)
    text = await check(desk, invoice="FV/1")
    assert "Is it the same purchase?" in text
    assert '<a href="/assets/new?purchase=Z-1">Lampa</a>' in text
    assert "same purchase" not in await check(desk, invoice="FV/2")
    assert "same purchase" not in await check(desk, invoice="FV/1", purchase="Z-1")
    await desk.post("/assets/new", "facilities", name="Lampa", price="10", invoice="FV/2", note="z darowizny")
    asset = await Asset.get(name="Lampa")
    assert (asset.note, asset.price) == ("z darowizny\nInvoice: FV/2", Decimal(10))


async def test_the_check_is_of_the_form_alone_and_asks_little(desk: Desk, statements: Statements) -> None:
    answer = await desk.get("/assets/new/check", "facilities")
    assert answer.headers["location"] == "/assets/new"
    assert (await desk.get("/assets/new/check", "member", headers=PART)).status_code == 403
    page = (await desk.get("/assets/new", "facilities")).text
    assert 'hx-get="/assets/new/check"' in page
    numbers = "\n".join(f"N/{number}" for number in range(200))
    await check(desk, numbers=numbers)
    with statements.at_most(8):
        await check(desk, numbers=numbers, serials=numbers, invoice="FV", price="1", pieces="1")
    refused = await desk.post("/assets/new", "facilities", price="drogo", accepted_on="5.1.2026")
    assert "5 January 2026" in refused.text


async def test_a_field_that_is_corrected_is_looked_at_too(desk: Desk) -> None:
    asset = await make_asset(name="Lampa", inventory_no="A/1", number_key="a/1")
    other = await make_asset(name="Stół", inventory_no="B/1", number_key="b/1")
    page = f"/assets/{asset.id}/edit"
    assert f'hx-get="{page}/check"' in (await desk.get(f"{page}?field=price", "facilities")).text

    async def look(field: str, value: str, who: str = "facilities") -> str:
        answer = await desk.get(f"{page}/check", who, params={"field": field, "value": value}, headers=PART)
        return answer.text.replace("\N{NO-BREAK SPACE}", " ")

    assert f'<a href="/assets/{other.id}">B/1 · Stół</a>' in await look("inventory_no", "b/1")
    assert "Taken already" not in await look("inventory_no", "a/1")
    assert "<span>1,290.50 PLN</span>" in await look("price", "1290,5", "accountant")
    assert 'data-tone="warn"' in await look("accepted_on", "32.1.2026")
    assert "<p" not in await look("note", "x")
    assert (await desk.get(f"{page}/check", "member", params={"field": "price"}, headers=PART)).status_code == 403
    assert (await desk.get(f"{page}/check?field=price", "facilities")).headers["location"] == f"/assets/{asset.id}"
