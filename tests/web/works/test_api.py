"""Building works for programs."""

from typing import Any

import pytest

from tests.make import make_asset
from tests.web.conftest import Office, soon

pytestmark = pytest.mark.anyio
WORKS: dict[str, Any] = {
    "name": "Remont sali", "starts_on": "2026-12-07", "ends_on": "2026-12-18", "rooms": ["M-1", "M-2"],
}  # fmt: skip


async def test_works_are_planned_changed_and_finished(office: Office) -> None:
    answer = await office.post("/works", WORKS, "facilities")
    assert answer.status_code == 201, answer.text
    path = f"/works/{answer.json()['id']}"
    span = {"starts_at": soon(24).isoformat(), "ends_at": soon(48).isoformat(), "reason": "remont"}
    block = await office.post(f"{path}/blocks", span, "facilities")
    assert (block.status_code, block.json()["rooms"]) == (201, ["M-1", "M-2"]), block.text
    asset = await make_asset()
    put = await office.call("PUT", f"{path}/assets", "coordinator", json={"assets": [asset.id]})
    assert [one["id"] for one in put.json()["assets"]] == [asset.id]
    changes = {"ends_on": "2026-12-20", "rooms": ["M-1"]}
    changed = await office.call("PATCH", path, "coordinator", json=changes, headers={"if-match": '"2"'})
    assert (changed.status_code, changed.json()["ends_on"]) == (200, "2026-12-20")
    stale = await office.call("PATCH", path, "coordinator", json={"name": "x"}, headers={"if-match": '"2"'})
    assert stale.status_code == 412
    done = await office.post(f"{path}/finish", {}, "facilities")
    assert (done.status_code, done.json()["state"]) == (200, "finished")
    assert (await office.post(f"{path}/cancel", {}, "facilities")).json()["code"] == "works.over"
    read = (await office.get(path, "accountant")).json()
    assert (len(read["blocks"]), read["revision"]) == (1, 4)
    assert (await office.get("/works?over=yes", "auditor")).json()["total"] == 1
    assert (await office.get("/works?over=no", "auditor")).json()["total"] == 0


async def test_who_may_not(office: Office) -> None:
    assert (await office.get("/works", "alice")).status_code == 403
    for who in ("accountant", "auditor", "duty"):
        assert (await office.post("/works", WORKS, who)).status_code == 403
    assert (await office.get("/works/99999999999999999999", "admin")).json()["code"] == "works.unknown"
    wrong = await office.post("/works", WORKS | {"ends_on": "2026-12-01"}, "admin")
    assert (wrong.status_code, wrong.json()["code"]) == (422, "works.ends_before_start")
