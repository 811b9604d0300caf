"""The rules for numbers on their page and for programs, and the next numbers before they are given."""

from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

import pytest

from registry.assets.models import Asset, NumberTemplate
from registry.assets.number_sequences import NewScheme, add_scheme
from registry.core.history import SYSTEM
from tests.conftest import Database
from tests.make import NOW, make_asset
from tests.web.conftest import Office
from tests.web.desk import Desk
from web.app import SiteOptions, create_site

pytestmark = [pytest.mark.anyio, pytest.mark.databases("sqlite")]
RULE = {"unit": "KPUW", "template": "{unit}/{account}/{kst}/{seq:5}/{yy}", "starts_on": "1.1.2022", "first": "1"}
PART = {"hx-request": "true", "hx-request-type": "partial"}


@pytest.fixture
async def desk(database: Database, tmp_path: Path) -> Desk:
    return await Desk(create_site(SiteOptions(secret_key="k" * 40, data_dir=tmp_path, language="en"))).open()


async def test_a_rule_is_made_once_and_shows_its_next_number(desk: Desk) -> None:
    assert "No rule yet" in (await desk.get("/assets/numbering", "facilities")).text
    for _ in range(2):
        answer = await desk.post("/assets/numbering", "facilities", **RULE, key="k")
        assert answer.headers["location"] == "/assets/numbering?done=added"
    row = await NumberTemplate.get()
    page = (await desk.get("/assets/numbering?done=added", "facilities")).text
    assert "The rule is saved." in page
    assert "KPUW/013/487/00001/" in page
    assert "in force" in page
    assert (await desk.get("/assets/numbering", "member")).status_code == 403
    answer = await desk.post(f"/assets/numbering/{row.id}/remove", "facilities")
    assert answer.headers["location"] == "/assets/numbering?done=removed"
    assert (await desk.post(f"/assets/numbering/{row.id}/remove", "facilities")).status_code == 404


async def test_what_is_typed_is_shown_as_numbers_or_told_at_its_field(desk: Desk) -> None:
    query = "unit=WUW&template={unit}-{seq:3}-{yyyy}&starts_on=1.1.2027&first=9&accounts=011"
    part = (await desk.get(f"/assets/numbering?{query}", "facilities", headers=PART)).text
    assert "<html" not in part
    assert "WUW-009-2027" in part
    assert "WUW-001-2028" in part
    assert "fixed asset, account 011" in part
    for wrong, words in (("template={unit}", "One running number"), ("first=x&template={seq}", "whole number")):
        assert words in (await desk.get(f"/assets/numbering?unit=WUW&{wrong}", "facilities", headers=PART)).text
    refused = await desk.post("/assets/numbering", "facilities", **(RULE | {"template": "{room}"}), accounts=["011"])
    assert refused.status_code == 422
    assert "room is no part of a number" in refused.text
    assert 'value="011" checked' in refused.text
    late = await desk.post("/assets/numbering", "facilities", **(RULE | {"starts_on": ""}))
    assert "Fill this in." in late.text
    await desk.post("/assets/numbering", "facilities", **RULE)
    again = await desk.post("/assets/numbering", "facilities", **RULE)
    assert again.status_code == 409
    assert "KPUW has a rule from that day on already." in again.text


async def test_a_new_piece_shows_and_gets_the_next_number(desk: Desk) -> None:
    await add_scheme(NewScheme("KPUW", RULE["template"], date(2022, 1, 1)), SYSTEM, NOW)
    form = {"name": "Lampa", "price": "600", "kst": "808", "pieces": "3", "unit": "KPUW", "accepted_on": "5.1.2026"}
    page = (await desk.get("/assets/new", "facilities")).text
    assert '<option value="KPUW" selected>' in page
    refused = (await desk.post("/assets/new", "facilities", **(form | {"name": ""}))).text
    assert "KPUW/013/808/00001/26" in refused
    assert "KPUW/013/808/00003/26" in refused
    bare = await desk.post("/assets/new", "facilities", **(form | {"kst": ""}))
    assert "The number has the KŚT symbol in it." in bare.text
    await desk.post("/assets/new", "facilities", **form, numbers="\nWZ/7")
    numbers = [asset.inventory_no for asset in await Asset.filter().order_by("id")]
    assert numbers == ["KPUW/013/808/00001/26", "WZ/7", "KPUW/013/808/00002/26"]


async def test_the_next_number_is_of_the_office_s_day(office: Office) -> None:
    evening = datetime.combine(datetime.now(UTC).date(), time(23, 30), UTC)  # in the office it is tomorrow
    rule = NewScheme("KPUW", RULE["template"], evening.date() + timedelta(days=1))
    await add_scheme(rule, SYSTEM, NOW)
    office.app.state.clock = lambda: evening
    answer = await office.get("/numbering/next?unit=KPUW&account=013&kst=808", "facilities")
    assert answer.json()["numbers"][0].startswith("KPUW/013/808/00001/")


async def test_programs_make_rules_ask_for_the_next_number_and_get_it(office: Office) -> None:
    body = {"unit": "KPUW", "template": RULE["template"], "starts_on": "2022-01-01", "accounts": ["013"], "first": 1}
    row = (await office.post("/numbering", who="facilities", json=body)).json()
    assert row == body | {"id": row["id"]}
    assert (await office.get("/numbering", "alice")).json()["items"] == [row]
    assert (await office.post("/numbering", who="alice", json=body)).status_code == 403
    query = "/numbering/next?unit=KPUW&account=013&kst=808&accepted_on=2026-05-01&pieces=2"
    assert (await office.get(query, "facilities")).json() == {
        "numbers": ["KPUW/013/808/00001/26", "KPUW/013/808/00002/26"]
    }
    assert (await office.get("/numbering/next?unit=X&account=013", "facilities")).json()[
        "code"
    ] == "numbering.no_scheme"
    piece = {"name": "Lampa", "price": "600", "kst": "808", "unit": "KPUW", "accepted_on": "2026-05-01"}
    assert (await office.post("/assets", who="facilities", json=piece)).json()[
        "inventory_no"
    ] == "KPUW/013/808/00001/26"
    removal = await office.call("DELETE", f"/numbering/{row['id']}", "facilities")
    assert (removal.status_code, removal.json()["code"]) == (409, "numbering.in_use")


async def test_a_piece_without_a_number_gets_the_next_one_on_its_page(desk: Desk) -> None:
    lamp = await make_asset(inventory_no=None, kst="808", account="013")
    assert "Give it the next number" not in (await desk.get(f"/assets/{lamp.id}", "facilities")).text
    await add_scheme(NewScheme("KPUW", RULE["template"], date(2022, 1, 1)), SYSTEM, NOW)
    assert "Give it the next number" in (await desk.get(f"/assets/{lamp.id}", "facilities")).text
    assert "Give it the next number" not in (await desk.get(f"/assets/{lamp.id}", "member")).text
    refused = await desk.post(f"/assets/{lamp.id}/number", "facilities", unit="XX", revision="1")
    assert (refused.status_code, "XX" in refused.text) == (409, True)
    form = {"unit": "KPUW", "revision": "1", "key": "a form of one look"}
    answers = [await desk.post(f"/assets/{lamp.id}/number", "facilities", **form) for _ in range(2)]
    assert {answer.headers["location"] for answer in answers} == {f"/assets/{lamp.id}?done=number"}
    page = (await desk.get(f"/assets/{lamp.id}?done=number", "facilities")).text
    assert "It has a number now." in page
    assert "KPUW/013/808/00001/22" in page
    assert "Give it the next number" not in page
    assert (await desk.post("/assets/999/number", "facilities", unit="KPUW")).status_code == 404


async def test_programs_give_a_piece_the_next_number(office: Office) -> None:
    await add_scheme(NewScheme("KPUW", RULE["template"], date(2022, 1, 1)), SYSTEM, NOW)
    lamp = await make_asset(inventory_no=None, kst="808", account="013")
    path = f"/assets/{lamp.id}/number"
    assert (await office.post(path, who="alice", json={"unit": "KPUW"})).status_code == 403
    answer = await office.post(path, who="facilities", json={"unit": "KPUW"})
    assert (answer.status_code, answer.json()["inventory_no"]) == (200, "KPUW/013/808/00001/22")
