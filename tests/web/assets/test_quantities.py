"""A line of several pieces split and joined, on its page and by programs."""

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from registry.assets.models import Asset, Lifecycle
from tests.conftest import Database
from tests.make import NOW, make_asset, make_room
from tests.statements import Statements
from tests.web.conftest import Office
from tests.web.desk import Desk
from web.app import SiteOptions, create_site

pytestmark = [pytest.mark.anyio, pytest.mark.databases("sqlite")]


@pytest.fixture
async def desk(database: Database, tmp_path: Path) -> Desk:
    return await Desk(create_site(SiteOptions(secret_key="k" * 40, data_dir=tmp_path, language="en"))).open()


async def chairs(**columns: Any) -> Asset:
    return await make_asset(
        name="Krzesło", quantity=12, price=Decimal("1200"), inventory_no="K/1", number_key="k/1", **columns
    )


async def test_pieces_are_split_off_once_and_joined_again(desk: Desk) -> None:
    room, other = await make_room(), await make_room()
    line = await chairs(room=room, search_text="krzeslo k/1")
    page = f"/assets/{line.id}"
    text = (await desk.get(page, "facilities")).text
    assert "Split off pieces" in text
    assert "Join with alike pieces" not in text
    form = {"quantity": "3", "room": other.code, "reason": "do gabinetu", "revision": "1", "key": "k"}
    answers = [await desk.post(f"{page}/split", "facilities", **form) for _ in range(2)]
    part = await Asset.get(quantity=3)
    assert [answer.headers["location"] for answer in answers] == [f"/assets/{part.id}?done=split"] * 2
    text = (await desk.get(f"/assets/{part.id}?done=split", "facilities")).text
    assert "It is a piece of its own now." in text
    assert "Split off a line" in text
    text = (await desk.get(page, "facilities")).text
    assert f'name="other" value="{part.id}"' in text
    nothing = await desk.post(f"{page}/join", "facilities", reason="x")
    assert nothing.status_code == 422
    assert "Choose the pieces that it becomes one line with" in nothing.text
    answer = await desk.post(f"{page}/join", "facilities", other=str(part.id), reason="wróciły")
    assert answer.headers["location"] == f"{page}?done=join"
    assert (await Asset.get(id=line.id)).quantity == 12
    gone = (await desk.get(f"/assets/{part.id}", "facilities")).text
    assert "It became a part of another line" in gone
    assert f'action="/assets/{part.id}/restore"' not in gone


async def test_what_cannot_be_split_is_said_and_what_was_typed_stays(desk: Desk) -> None:
    line, closed = await chairs(), await make_room(closed_at=NOW)
    page = f"/assets/{line.id}/split"
    for form, words in (
        ({"quantity": "zwölf"}, "whole number"),
        ({"quantity": "12"}, "from 1 to 11"),
        ({"quantity": "1", "inventory_no": "K/1"}, "already in the register"),
        ({"quantity": "1", "room": "NOWHERE"}, "NOWHERE"),
        ({"quantity": "1", "room": closed.code}, "is closed for good"),
        ({"quantity": "1", "reason": "x" * 301}, "longer than 300"),
    ):
        refused = await desk.post(page, "facilities", **({"reason": "do gabinetu"} | form))
        assert refused.status_code in (404, 409, 422)
        assert words in refused.text
        assert form.get("reason", "do gabinetu") in refused.text
        assert '<details class="more" open>' in refused.text
    assert "longer than 300" in (await desk.post(f"/assets/{line.id}/join", "facilities", reason="x" * 301)).text
    for act in ("split", "join"):
        assert (await desk.post(f"/assets/{line.id}/{act}", "member", quantity="1")).status_code == 403
        assert (await desk.post(f"/assets/999999/{act}", "facilities", quantity="1", other="1")).status_code == 404
    assert (await Asset.get(id=line.id)).quantity == 12


async def test_programs_split_and_join(office: Office) -> None:
    line = await chairs(room=office.rooms["M-1"])
    new = await office.post(f"/assets/{line.id}/split", who="facilities", json={"quantity": 3, "inventory_no": "K/2"})
    part = new.json()
    assert (new.status_code, part["quantity"], part["price"], part["room"]) == (201, 3, "300.00", "M-1")
    joint = await office.post(f"/assets/{line.id}/join", who="facilities", json={"assets": [part["id"]]})
    assert (joint.json()["quantity"], joint.json()["former_numbers"]) == (12, ["K/2"])
    assert (await Asset.get(id=part["id"])).lifecycle is Lifecycle.WITHDRAWN
    again = await office.post(f"/assets/{line.id}/join", who="facilities", json={"assets": [part["id"]]})
    assert again.json()["code"] == "asset.withdrawn"
    body = {"quantity": 1, "room": (await make_room(closed_at=NOW)).code}
    late = await office.post(f"/assets/{line.id}/split", who="facilities", json=body)
    assert (late.status_code, late.json()["code"]) == (409, "room.closed")


async def test_the_page_of_a_line_asks_little_more(desk: Desk, statements: Statements) -> None:
    line = await chairs(search_text="krzeslo k/1")
    for _ in range(25):
        await make_asset(name="Krzesło", search_text="krzeslo")
    await desk.get(f"/assets/{line.id}", "facilities")
    with statements.at_most(24):
        await desk.get(f"/assets/{line.id}", "facilities")


async def test_a_line_that_does_not_work_is_not_offered_to_be_split(desk: Desk) -> None:
    line = await chairs(condition="faulty")
    assert "Split off pieces" not in (await desk.get(f"/assets/{line.id}", "facilities")).text
    refused = await desk.post(f"/assets/{line.id}/split", "facilities", quantity="1", reason="x")
    assert refused.status_code == 409
    assert "its fault is of all its pieces" in refused.text
