"""A piece by hand: new, copied, from a purchase, several at once; and corrected field by field."""

import re
from decimal import Decimal
from pathlib import Path

import pytest

from registry.assets.models import Asset, FundingShare, Purchase
from registry.core.history import HistoryEntry
from registry.grants.models import Grant
from tests import make
from tests.conftest import Database
from tests.web.desk import Desk
from web.app import SiteOptions, create_site

pytestmark = [pytest.mark.anyio, pytest.mark.databases("sqlite")]
FORM = {"name": "Laptop 14 cali", "kst": "487", "pieces": "1", "price": "4 890,00", "accepted_on": "26.11.2026"}


@pytest.fixture
async def desk(database: Database, tmp_path: Path) -> Desk:
    return await Desk(create_site(SiteOptions(secret_key="k" * 40, data_dir=tmp_path, language="en"))).open()


async def grant() -> Grant:
    return await Grant.create(
        code="PL/2020/PR/0111", name="G", beneficiary="B", fund="Fund", total=1, granted=1, percent=75
    )


def key_of(page: str) -> str:
    match = re.search(r'name="key" value="(\w+)"', page)
    assert match
    return match[1]


@pytest.mark.databases("sqlite", "postgres")
async def test_a_piece_is_registered_by_hand_once(desk: Desk) -> None:
    await make.make_room(code="ZW-01")
    await grant()
    page = (await desk.get("/assets/new", "facilities")).text
    form = FORM | {"room": "ZW-01", "grant": "PL/2020/PR/0111", "numbers": "L/1", "key": key_of(page)}
    first = await desk.post("/assets/new", "facilities", **form)
    again = await desk.post("/assets/new", "facilities", **form)
    asset = await Asset.get(inventory_no="L/1")
    assert first.headers["location"] == again.headers["location"] == f"/assets/{asset.id}?done=registered"
    assert (asset.price, asset.kst, asset.account) == (Decimal("4890.00"), "487", "013")
    parts = await FundingShare.filter(asset_id=asset.id).order_by("id").values_list("amount", flat=True)
    assert parts == [Decimal("3667.50"), Decimal("1222.50")]
    assert "It is in the register." in (await desk.get(first.headers["location"], "facilities")).text


async def test_several_pieces_have_numbers_and_serial_numbers_of_their_own(desk: Desk) -> None:
    form = FORM | {"pieces": "3", "numbers": "L/1\nL/2\nL/3", "serials": "S1\n\nS3", "key": "k"}
    answer = await desk.post("/assets/new", "facilities", **form)
    rows = await Asset.all().order_by("id").values_list("inventory_no", "serial_no")
    assert rows == [("L/1", "S1"), ("L/2", ""), ("L/3", "S3")]
    assert "done=3" in answer.headers["location"]
    assert "3 assets changed" in (await desk.get(answer.headers["location"], "facilities")).text


async def test_a_line_left_empty_leaves_the_first_piece_without_a_number(desk: Desk) -> None:
    form = FORM | {"pieces": "2", "numbers": "A1\r\nA2", "serials": "\r\nS2\r\n", "price": ""}
    page = (await desk.post("/assets/new", "facilities", **form)).text
    assert re.search(r'name="serials"[^>]*>\n\r?\nS2', page), "a browser drops the line break after <textarea>"
    await desk.post("/assets/new", "facilities", **(form | {"price": "10"}))
    rows = await Asset.all().order_by("id").values_list("inventory_no", "serial_no")
    assert rows == [("A1", ""), ("A2", "S2")]


@pytest.mark.parametrize(
    ("field", "text", "sentence"),
    [
        ("name", " ", "Fill this in."),
        ("price", "dużo", "Write an amount like 1290,00."),
        ("price", "-5", "-5 is not an amount"),
        ("price", "", "Fill this in."),
        ("kst", "abc", "Write a KŚT symbol of three digits"),
        ("accepted_on", "soon", "Write a date like"),
        ("pieces", "0", "Write a whole number from 1 to 200."),
        ("numbers", "A\nB", "more lines (2) than pieces (1)"),
        ("numbers", "TAKEN/1", "TAKEN/1 is already in the register"),
        ("numbers", "x" * 61, "is too long"),
        ("serials", "HERE", "HERE is the serial number of another piece"),
        ("room", "NO-1", "There is no room NO-1"),
        ("grant", "NO/1", "There is no such grant."),
        ("purchase", "Z999", "There is no purchase Z999"),
        ("name", "x" * 301, "longer than 300 characters"),
        ("note", "a\x07b", "cannot be shown"),
    ],
)
async def test_what_cannot_stand_is_said_at_its_field_and_nothing_is_lost(
    desk: Desk, field: str, text: str, sentence: str
) -> None:
    await make.make_asset(inventory_no="TAKEN/1", serial_no="HERE")
    page = await desk.post("/assets/new", "facilities", **(FORM | {"note": "by the window", field: text}))
    assert page.status_code in (404, 409, 422)
    assert sentence in page.text
    assert "by the window" in page.text or field == "note"
    assert await Asset.all().count() == 1


async def test_a_serial_number_that_is_there_already_is_asked_about(desk: Desk) -> None:
    await make.make_asset(serial_no="HERE")
    page = (await desk.post("/assets/new", "facilities", **(FORM | {"serials": "HERE"}))).text
    assert 'name="sure" value="HERE"' in page
    await desk.post("/assets/new", "facilities", **(FORM | {"serials": "HERE", "sure": "HERE"}))
    assert await Asset.filter(serial_no="HERE").count() == 2


async def test_only_a_taken_serial_number_is_saved_again_without_a_question(desk: Desk) -> None:
    await make.make_asset(serial_no="TAKEN")
    for more in (
        {"serials": "TAKEN\nS2"},
        {"pieces": "2", "serials": "TAKEN\nTAKEN"},
        {"serials": "TAKEN", "name": ""},
    ):
        page = (await desk.post("/assets/new", "facilities", **(FORM | more))).text
        assert 'role="alert"' in page
        assert 'name="sure"' not in page, more
    form = FORM | {"pieces": "2", "serials": "TAKEN\nS2"}
    assert 'name="sure" value="TAKEN\nS2"' in (await desk.post("/assets/new", "facilities", **form)).text


async def test_two_pieces_do_not_share_a_serial_number(desk: Desk) -> None:
    page = await desk.post("/assets/new", "facilities", **(FORM | {"pieces": "2", "serials": "S1\ns 1"}))
    assert "s 1 stands here twice" in page.text


async def test_a_grants_percent_is_one(desk: Desk) -> None:
    await grant()
    page = await desk.post("/assets/new", "facilities", **(FORM | {"grant": "PL/2020/PR/0111", "percent": "101"}))
    assert "Write a percent from 0 to 100." in page.text


async def test_a_copy_takes_over_what_is_alike(desk: Desk) -> None:
    asset = await make.make_asset(name="Laptop", kst="487", category="ICT", serial_no="S1", price=Decimal(77))
    page = (await desk.get(f"/assets/new?copy={asset.id}", "facilities")).text
    assert 'value="Laptop"' in page
    assert 'value="487"' in page
    assert "S1" not in page
    assert "77" not in re.sub(r'name="key" value="\w+"', "", page.split("<form", 2)[-1])
    for wrong in ("9" * 5000, "999", "x", "٣"):
        assert (await desk.get(f"/assets/new?copy={wrong}", "facilities")).status_code in (200, 404), wrong[:9]
    assert f"/assets/new?copy={asset.id}" in (await desk.get(f"/assets/{asset.id}", "facilities")).text


async def test_a_purchase_says_what_of_it_is_registered_yet(desk: Desk) -> None:
    bought = await Purchase.create(code="Z007", name="Monitor", quantity=5, unit_price=Decimal("899.90"))
    await make.make_asset(purchase=bought, quantity=2)
    page = await desk.get("/assets/new?purchase=Z007", "facilities")
    assert "Bought: 5. In the register: 2." in page.text
    assert 'value="899,90"' in page.text
    assert re.search(r'name="pieces"[^>]*value="3"', page.text)
    await desk.post("/assets/new", "facilities", **(FORM | {"purchase": "Z007"}))
    first, second = await Asset.filter(purchase_id=bought.id)
    assert 'href="/assets/new?purchase=Z007"' in (await desk.get(f"/assets/{first.id}", "facilities")).text
    assert "/assets/new?purchase" not in (await desk.get(f"/assets/{second.id}", "accountant")).text


async def test_who_may_not_register_is_told(desk: Desk) -> None:
    for who in ("member", "accountant", "auditor"):
        assert (await desk.get("/assets/new", who)).status_code == 403
    assert "/assets/new" not in (await desk.get("/assets", "accountant")).text


@pytest.mark.databases("sqlite", "postgres")
async def test_a_price_is_corrected_with_a_reason(desk: Desk) -> None:
    asset = await make.make_asset(price=Decimal("100.00"))
    edit = f"/assets/{asset.id}/edit"
    page = (await desk.get(f"{edit}?field=price", "accountant")).text
    assert 'value="100,00"' in page
    form = {"field": "price", "value": "130,75", "revision": "1", "key": key_of(page)}
    refusal = await desk.post(edit, "accountant", **form)
    assert refusal.status_code == 422
    assert "Say why" in refusal.text
    assert 'value="130,75"' in refusal.text
    page = await desk.send(edit, "accountant", **form, reason="pomyłka")
    assert "The correction is saved." in page.text
    await desk.send(edit, "accountant", **form, reason="pomyłka")
    stored = await Asset.get(id=asset.id)
    assert (stored.price, stored.revision) == (Decimal("130.75"), 2)
    entry = await HistoryEntry.filter(object=f"asset:{asset.id}").order_by("-seq").first()
    assert entry
    assert (entry.before["price"], entry.after["price"], entry.reason) == ("100.00", "130.75", "pomyłka")


async def test_every_field_is_corrected_by_itself(desk: Desk) -> None:
    asset = await make.make_asset(price=Decimal("100.00"))
    texts = {
        "name": "Lampa", "inventory_no": "N/9", "category": "biurowe", "serial_no": "S9", "note": "x\ny",
        "warranty_until": "1.2.2030", "accepted_on": "2.3.2024", "kst": "808-0", "quantity": "4", "account": "013",
    }  # fmt: skip
    for field, text in texts.items():
        assert (await desk.get(f"/assets/{asset.id}/edit?field={field}", "facilities")).status_code == 200
        answer = await desk.post(f"/assets/{asset.id}/edit", "facilities", field=field, value=text, reason="spis")
        assert answer.headers["location"] == f"/assets/{asset.id}?done=corrected", field
    stored = await Asset.get(id=asset.id)
    assert (stored.name, stored.inventory_no, stored.kst, stored.account) == ("Lampa", "N/9", "808", "013")
    assert f"{stored.accepted_on} {stored.warranty_until} {stored.quantity}" == "2024-03-02 2030-02-01 4"
    wrong = {"account": "099", "quantity": "none", "kst": "x", "warranty_until": "soon", "name": ""}
    for field, text in wrong.items():
        answer = await desk.post(f"/assets/{asset.id}/edit", "facilities", field=field, value=text, reason="spis")
        assert answer.status_code == 422, field
        assert 'role="alert"' in answer.text


async def test_funding_is_corrected_source_by_source(desk: Desk) -> None:
    fund = await grant()
    asset = await make.make_asset(price=Decimal("100.00"))
    edit = f"/assets/{asset.id}/edit"
    form = {"field": "shares", "source": [fund.code, ""], "amount": ["75,00", "24,99"], "reason": "umowa"}
    refusal = await desk.post(edit, "facilities", **form)
    assert "The funding shares sum to 99.99, the price is 100.00" in refusal.text
    assert 'value="24,99"' in refusal.text
    assert "not an amount" in (await desk.post(edit, "facilities", **(form | {"amount": ["-5", ""]}))).text
    assert "Fill this in." in (await desk.post(edit, "facilities", **(form | {"amount": ["", ""]}))).text
    await desk.post(edit, "facilities", **(form | {"amount": ["100", ""]}))
    assert await FundingShare.filter(asset_id=asset.id).values_list("grant_id", "amount") == [(fund.id, Decimal(100))]


async def test_the_second_of_two_clerks_sees_what_the_first_did_and_keeps_what_was_typed(desk: Desk) -> None:
    asset = await make.make_asset(name="Lampa")
    edit = f"/assets/{asset.id}/edit"
    await desk.post(edit, "facilities", field="name", value="Lampa biurkowa", revision="1")
    second = await desk.post(edit, "admin", field="name", value="Lampa stojąca", revision="1")
    assert second.status_code == 412
    assert "Somebody changed this piece meanwhile" in second.text
    assert "Here it says now: Lampa biurkowa." in second.text
    assert 'value="Lampa stojąca"' in second.text
    assert 'name="revision" value="2"' in second.text
    await desk.post(edit, "admin", field="name", value="Lampa stojąca", revision="2")
    assert (await Asset.get(id=asset.id)).name == "Lampa stojąca"


async def test_a_refusal_does_not_hide_what_somebody_changed_meanwhile(desk: Desk) -> None:
    asset = await make.make_asset(price=Decimal("100.00"))
    edit = f"/assets/{asset.id}/edit"
    form = {"field": "price", "value": "130,75", "revision": "1"}
    await desk.post(edit, "facilities", field="price", value="120", revision="1", reason="faktura")
    for wrong in ({"reason": ""}, {"value": "-1", "reason": "pomyłka"}):
        page = (await desk.post(edit, "accountant", **(form | wrong))).text
        assert 'name="revision" value="1"' in page, "what the clerk looked at when they began"
    second = await desk.post(edit, "accountant", **form, reason="pomyłka")
    assert second.status_code == 412
    assert "Here it says now: 120,00." in second.text
    assert 'name="revision" value="2"' in second.text
    assert (await Asset.get(id=asset.id)).price == Decimal("120.00")


async def test_a_price_after_none_asks_what_each_source_pays(desk: Desk) -> None:
    fund = await grant()
    asset = await make.make_asset(price=Decimal(0))
    await FundingShare.create(asset=asset, grant=fund, amount=Decimal(0))
    edit = f"/assets/{asset.id}/edit"
    form = {"field": "price", "value": "100", "reason": "faktura", "revision": "1"}
    page = (await desk.post(edit, "facilities", **form)).text
    assert "It cost nothing until now" in page
    assert page.count('name="amount"') == 2
    shares = form | {"source": [fund.code, ""], "amount": ["75,00", "24,00"]}
    page = (await desk.post(edit, "facilities", **shares)).text
    assert "The funding shares sum to 99.00, the price is 100.00" in page
    assert 'value="24,00"' in page
    await desk.post(edit, "facilities", **(shares | {"amount": ["75,00", "25,00"]}))
    assert (await Asset.get(id=asset.id)).price == Decimal(100)
    assert await FundingShare.filter(asset_id=asset.id).values_list("amount", flat=True) == [Decimal(75), Decimal(25)]


async def test_who_may_not_correct_a_field_is_told(desk: Desk) -> None:
    asset = await make.make_asset()
    for who, field, status in (("accountant", "price", 200), ("accountant", "name", 403), ("member", "price", 403),
                               ("auditor", "kst", 403), ("facilities", "nothing", 404)):  # fmt: skip
        assert (await desk.get(f"/assets/{asset.id}/edit?field={field}", who)).status_code == status, (who, field)
        assert (await desk.post(f"/assets/{asset.id}/edit", who, field=field)).status_code in (status, 422)
    assert "field=price" not in (await desk.get(f"/assets/{asset.id}", "member")).text
    page = (await desk.get(f"/assets/{asset.id}", "accountant")).text
    assert "field=price" in page
    assert "field=name" not in page
    assert (await desk.get("/assets/999/edit", "facilities")).status_code == 404
    assert (await desk.post("/assets/999/edit", "facilities", field="name", value="x")).status_code == 404
