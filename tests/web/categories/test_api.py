"""Categories and the fields of pieces, for programs."""

from typing import Any

import pytest

from tests.make import make_asset
from tests.web.conftest import Office

pytestmark = pytest.mark.anyio
LUMENS = {"name": "Jasność", "kind": "number", "unit": "lm", "required": True}
CHECKED = {"name": "Wzorcowanie do", "kind": "date", "due": True, "at_stocktake": True}


async def furnish(office: Office) -> dict[str, Any]:
    assert (await office.post("/categories", {"name": "ICT", "kst": "487"}, "facilities")).status_code == 201
    body = {"name": "Projektory", "parent": "ict", "warranty_months": 36, "fields": [LUMENS, CHECKED]}
    answer = await office.post("/categories", body, "facilities")
    assert answer.status_code == 201, answer.text
    category: dict[str, Any] = answer.json()
    return category


async def test_a_category_tells_what_it_asks_and_gives(office: Office) -> None:
    category = await furnish(office)
    assert (category["code"], category["parent"], category["depth"], category["pieces"]) == ("projektory", "ict", 1, 0)
    assert category["defaults"] == {"kst": "487", "warranty_months": 36}
    assert [(field["code"], field["category"]) for field in category["fields"]] == [
        ("jasnosc", "projektory"),
        ("wzorcowanie-do", "projektory"),
    ]
    listing = (await office.get("/categories", "alice")).json()
    assert [(item["code"], item["depth"]) for item in listing["items"]] == [("ict", 0), ("projektory", 1)]


async def test_a_piece_holds_what_its_category_asks(office: Office) -> None:
    await furnish(office)
    body = {"name": "Projektor", "price": "4000.00", "category": "Projektory", "accepted_on": "2026-11-02"}
    assert (await office.post("/assets", body, "facilities")).json()["code"] == "field.needed"
    answer = await office.post("/assets", body | {"fields": {"jasnosc": 5000}}, "facilities")
    assert answer.status_code == 201, answer.text
    piece = answer.json()
    assert (piece["kst"], piece["warranty_until"], piece["fields"]) == ("487", "2029-11-02", {"jasnosc": "5000"})
    path = f"/assets/{piece['id']}"
    changes = {"fields": {"wzorcowanie-do": "2027-03-01", "jasnosc": 5200.5}}
    changed = await office.call("PATCH", path, "facilities", json=changes)
    assert changed.json()["fields"] == {"jasnosc": "5200.5", "wzorcowanie-do": "2027-03-01"}
    assert (await office.get("/assets?field=jasnosc:5000..6000")).json()["total"] == 1
    assert (await office.get("/assets?category=ICT")).json()["total"] == 1
    for wrong, code in (({"jasnosc": None}, "field.needed"), ({"x": 1}, "field.unknown")):
        refusal = await office.call("PATCH", path, "facilities", json={"fields": wrong})
        assert (refusal.status_code, refusal.json()["code"]) == (422, code)
    assert (await office.call("PATCH", path, "accountant", json=changes)).status_code == 403


async def test_a_category_is_changed_moved_merged_and_removed(office: Office) -> None:
    category = await furnish(office)
    await make_asset(category="Projektory")
    path = "/categories/projektory"
    stale = await office.call("PATCH", path, "facilities", json={"kst": ""}, headers={"if-match": '"9"'})
    assert stale.status_code == 412
    changes = {"name": "Rzutniki", "parent": "", "warranty_months": None, "fields": [CHECKED]}
    changed = (await office.call("PATCH", path, "facilities", json=changes)).json()
    assert (changed["name"], changed["parent"], changed["warranty_months"]) == ("Rzutniki", None, None)
    assert (changed["pieces"], [field["code"] for field in changed["fields"]]) == (1, ["wzorcowanie-do"])
    assert changed["revision"] == category["revision"] + 1
    assert (await office.call("DELETE", path, "facilities")).json()["code"] == "category.used"
    merged = await office.post(f"{path}/merge", {"into": "ict"}, "facilities")
    assert merged.json() == {"into": "ict", "pieces": 1}
    assert (await office.get(path)).json()["code"] == "category.unknown"
    assert (await office.post("/categories", {"name": "Zbędna"}, "admin")).status_code == 201
    assert (await office.call("DELETE", "/categories/zbedna", "admin")).status_code == 204


async def test_who_may_not_change_the_register_reads_categories_alone(office: Office) -> None:
    await furnish(office)
    for who in ("alice", "accountant", "auditor", "coordinator"):
        assert (await office.get("/categories/ict", who)).status_code == 200, who
        assert (await office.post("/categories", {"name": "x"}, who)).status_code == 403, who
        assert (await office.call("PATCH", "/categories/ict", who, json={"kst": ""})).status_code == 403, who
        assert (await office.call("DELETE", "/categories/ict", who)).status_code == 403, who


async def test_what_cannot_be_a_category_is_refused(office: Office) -> None:
    await furnish(office)
    for body in (
        {}, {"name": " "}, {"name": "x", "code": "Ż"}, {"name": "x", "kst": "abc"}, {"name": "x", "warranty_months": 0},
        {"name": "x", "label_format": "a3"}, {"name": "x", "fields": [{"name": "y", "kind": "colour"}]},
    ):  # fmt: skip
        assert (await office.post("/categories", body, "facilities")).status_code == 422, body
    assert (await office.post("/categories", {"name": "ict"}, "facilities")).json()["code"] == "category.exists"
