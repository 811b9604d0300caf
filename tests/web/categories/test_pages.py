"""The pages of categories, and the fields of a piece in its forms."""

import re
from pathlib import Path

import pytest

from registry.assets.models import Asset, FieldValue
from registry.categories.models import Category, CategoryField
from tests.conftest import Database
from tests.make import make_asset
from tests.web.desk import Desk
from web.app import SiteOptions, create_site

pytestmark = pytest.mark.anyio


@pytest.fixture
async def desk(database: Database, tmp_path: Path) -> Desk:
    return await Desk(create_site(SiteOptions(secret_key="k" * 40, data_dir=tmp_path, language="en"))).open()


async def furnish(desk: Desk) -> None:
    assert (await desk.post("/categories", "facilities", name="ICT", key="1")).status_code == 303
    assert (await desk.post("/categories", "facilities", name="Projektory", parent="ict", key="2")).status_code == 303
    field = {"name": "Jasność", "kind": "number", "unit": "lm", "required": "1", "key": "3"}
    assert (await desk.post("/categories/projektory/fields", "facilities", **field)).status_code == 303
    field = {"name": "Obudowa", "kind": "choice", "choices": "Mini\nTower", "key": "4"}
    assert (await desk.post("/categories/projektory/fields", "facilities", **field)).status_code == 303


async def test_words_of_pieces_become_categories(desk: Desk) -> None:
    await make_asset(category="Meble")
    page = (await desk.get("/categories", "facilities")).text
    assert "Make Meble a category" in page
    await desk.post("/categories", "facilities", name="Meble", key="1")
    page = (await desk.get("/categories", "facilities")).text
    assert "Make Meble a category" not in page
    assert 'href="/categories/meble"' in page
    assert "New category" not in (await desk.get("/categories", "alice")).text


async def test_the_tree_shows_what_each_category_asks(desk: Desk) -> None:
    await furnish(desk)
    page = (await desk.get("/categories", "facilities")).text
    assert re.search(r'data-depth="1">.*?Projektory', page, re.S)
    assert "Jasność · Obudowa" in page
    one = (await desk.get("/categories/projektory", "facilities")).text
    assert "Jasność, lm" in one
    assert "required" in one
    assert (await desk.get("/categories/nothing", "facilities")).status_code == 404
    assert (await desk.get("/categories/projektory", "auditor")).status_code == 200


async def test_the_same_form_sent_twice_makes_one_category(desk: Desk) -> None:
    for _ in range(2):
        answer = await desk.post("/categories", "facilities", name="Meble", key="k")
        assert answer.headers["location"] == "/categories/meble?done=added"
    again = await desk.post("/categories", "facilities", name="meble", key="other")
    assert again.status_code == 409
    assert 'value="meble"' in again.text


async def test_a_category_is_changed_at_its_page(desk: Desk) -> None:
    await furnish(desk)
    form = {"name": "Rzutniki", "parent": "", "kst": "622", "warranty_months": "36", "durable_months": "",
            "label_format": "a4-33", "revision": "3"}  # fmt: skip
    assert (await desk.post("/categories/projektory", "facilities", **form)).status_code == 303
    row = await Category.get(code="projektory")
    assert (row.name, row.parent_id, row.kst, row.warranty_months, row.label_format) == (
        "Rzutniki", None, "622", 36, "a4-33",
    )  # fmt: skip
    refusal = await desk.post("/categories/projektory", "facilities", **form | {"warranty_months": "wiele"})
    assert refusal.status_code == 422
    assert 'value="wiele"' in refusal.text
    assert "months from 1 to" in refusal.text
    for wrong in ({"kst": "x"}, {"name": " "}, {"label_format": "a3"}, {"name": "x" * 81}):
        assert (await desk.post("/categories/projektory", "facilities", **form | wrong)).status_code == 422, wrong
    assert (await desk.post("/categories/projektory", "facilities", **form | {"revision": "1"})).status_code == 412
    assert (await desk.post("/categories/projektory", "alice", **form)).status_code == 403


async def test_a_field_is_changed_and_removed_at_its_page(desk: Desk) -> None:
    await furnish(desk)
    path = "/categories/projektory/fields"
    field = {"field": "jasnosc", "name": "Strumień", "kind": "number", "unit": "lm"}
    assert (await desk.post(path, "facilities", **field)).status_code == 303
    row = await CategoryField.get(code="jasnosc")
    assert (row.name, row.is_required) == ("Strumień", False)
    for wrong in ({"name": ""}, {"kind": "x"}, {"kind": "choice"}, {"kind": "choice", "choices": "x" * 90}):
        refusal = await desk.post(path, "facilities", **field | wrong)
        assert (refusal.status_code, "field-jasnosc" in refusal.text or "open" in refusal.text) == (422, True), wrong
    assert (await desk.post(path, "facilities", **field | {"field": "nothing"})).status_code == 404
    assert (await desk.post(path, "facilities", name="Obudowa", kind="text")).status_code == 409
    assert (await desk.post(f"{path}/jasnosc/remove", "facilities")).status_code == 303
    assert not await CategoryField.exists(code="jasnosc")


async def test_categories_are_merged_and_removed(desk: Desk) -> None:
    await furnish(desk)
    assert (await desk.post("/categories/ict/remove", "facilities")).status_code == 409
    assert (await desk.post("/categories/ict/merge", "facilities", into="projektory")).status_code == 422
    answer = await desk.post("/categories/projektory/merge", "facilities", into="ict")
    assert answer.headers["location"] == "/categories/ict?done=merged"
    assert "The two categories are one now." in (await desk.get("/categories/ict?done=merged", "facilities")).text
    await desk.post("/categories", "facilities", name="Zbędna")
    assert (await desk.post("/categories/zbedna/remove", "facilities")).status_code == 303


async def test_a_new_piece_is_asked_what_its_category_wants(desk: Desk) -> None:
    await furnish(desk)
    page = (await desk.get("/assets/new?category=Projektory", "facilities")).text
    assert 'name="own-jasnosc"' in page
    form = {"name": "Projektor", "price": "4000", "category": "Projektory", "pieces": "2", "key": "n"}
    refusal = await desk.post("/assets/new", "facilities", **form, **{"own-obudowa": "Mini"})
    assert refusal.status_code == 422
    assert "asked of every piece" in refusal.text
    assert '<option value="Mini" selected>' in refusal.text
    answer = await desk.post("/assets/new", "facilities", **form, **{"own-jasnosc": "5 000", "own-obudowa": "Mini"})
    assert answer.status_code == 303, answer.text
    assert await FieldValue.all().count() == 4
    first = await Asset.all().order_by("id").first()
    assert first
    copy = (await desk.get(f"/assets/new?copy={first.id}", "facilities")).text
    assert 'name="own-jasnosc" type="text" value="5000"' in copy


async def test_the_part_of_the_form_follows_the_category(desk: Desk) -> None:
    await furnish(desk)
    address = "/categories/fields?category=Projektory&own-jasnosc=12&name=x"
    answer = await desk.get(address, "facilities", headers={"hx-request-type": "partial"})
    assert 'value="12"' in answer.text
    empty = await desk.get("/categories/fields?category=x", "facilities", headers={"hx-request-type": "partial"})
    assert "own-jasnosc" not in empty.text


async def test_the_fields_of_a_piece_are_filled_in_at_a_page_of_their_own(desk: Desk) -> None:
    await furnish(desk)
    asset = await make_asset(category="Projektory")
    page = (await desk.get(f"/assets/{asset.id}", "facilities")).text
    assert "Still to be filled in: Jasność" in page
    path = f"/assets/{asset.id}/fields"
    assert 'name="own-jasnosc"' in (await desk.get(path, "facilities")).text
    refusal = await desk.post(path, "facilities", **{"own-jasnosc": "jasny", "own-obudowa": "Tower", "revision": "1"})
    assert (refusal.status_code, 'value="jasny"' in refusal.text) == (422, True)
    answer = await desk.post(path, "facilities", **{"own-jasnosc": "0,5", "own-obudowa": "Tower", "revision": "1"})
    assert answer.status_code == 303
    page = (await desk.get(f"/assets/{asset.id}", "facilities")).text
    assert "0,5 lm" in page
    assert "Obudowa" in page
    stale = await desk.post(path, "facilities", **{"own-jasnosc": "7", "revision": "1"})
    assert (stale.status_code, 'value="7"' in stale.text) == (412, True)
    await Asset.filter(id=asset.id).update(category="")
    assert "from a former category" in (await desk.get(f"/assets/{asset.id}", "facilities")).text
    plain = await make_asset()
    assert "asks for nothing" in (await desk.get(f"/assets/{plain.id}/fields", "facilities")).text
    assert (await desk.get(path, "alice")).status_code == 403
