"""Sets for programs."""

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from registry.assets.models import Asset
from tests.make import make_asset
from tests.web.conftest import Office

pytestmark = pytest.mark.anyio
THIS_YEAR = datetime.now(ZoneInfo("Europe/Warsaw")).year


async def test_a_set_is_made_checked_moved_and_taken_apart(office: Office) -> None:
    ids = [(await make_asset(name=name)).id for name in ("Komputer", "Monitor")]
    answer = await office.post("/sets", {"name": "Stanowisko", "assets": ids}, "facilities")
    assert answer.status_code == 201, answer.text
    asset_set = answer.json()
    assert (asset_set["room"], asset_set["complete"], answer.headers["etag"]) == (None, True, '"1"')
    moved = await office.post(f"/sets/{asset_set['id']}/transitions/move", {"room": "M-1"}, "facilities")
    assert moved.json() == {"document": f"MT/00001/{THIS_YEAR}", "done": ids, "refused": []}
    (item,) = (await office.get("/sets?room=M-1&q=stan")).json()["items"]
    assert (item["id"], item["room"], item["lacking"]) == (asset_set["id"], "M-1", 0)
    parts = [{"name": "Monitor", "quantity": 2}]
    changes = {"parts": parts, "assets": ids[1:]}
    changed = await office.call("PATCH", f"/sets/{asset_set['id']}", "facilities", json=changes)
    (part,) = changed.json()["parts"]
    assert (part["quantity"], part["working"], part["missing"]) == (2, 1, 1)
    apart = await office.post(f"/sets/{asset_set['id']}/dissolve", {}, "facilities")
    assert apart.json()["dissolved"] is True
    assert (await Asset.get(id=ids[0])).room_id is not None


async def test_who_may_not_change_the_register_reads_sets_alone(office: Office) -> None:
    asset = await make_asset()
    answer = await office.post("/sets", {"name": "Stanowisko", "assets": [asset.id]}, "facilities")
    address = f"/sets/{answer.json()['id']}"
    for who in ("alice", "accountant", "auditor", "coordinator"):
        assert (await office.get(address, who)).status_code == 200, who
        assert (await office.post("/sets", {"name": "x"}, who)).status_code == 403, who
        assert (await office.post(f"{address}/dissolve", {}, who)).status_code == 403, who


async def test_what_cannot_be_a_set_is_refused(office: Office) -> None:
    for body in ({}, {"name": " "}, {"name": "x", "parts": [{"name": "y", "quantity": 0}]}, {"name": "x", "colour": 1}):
        assert (await office.post("/sets", body, "facilities")).status_code == 422, body
    assert (await office.post("/sets", {"name": "x", "assets": [9999]}, "facilities")).json()["code"] == "asset.unknown"
    assert (await office.get("/sets/9999")).json()["code"] == "set.unknown"
    assert (await office.get("/sets?colour=red")).status_code == 422
