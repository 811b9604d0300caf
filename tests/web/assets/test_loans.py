"""Lending on pages and by programs: who has it, until when, and what is late."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from registry.assets.models import Asset
from registry.documents.models import Document
from tests.make import make_asset, make_room
from tests.web.conftest import Office
from tests.web.desk import Desk, text_of
from web.app import SiteOptions, create_site

pytestmark = [pytest.mark.anyio, pytest.mark.databases("sqlite")]


def day(days: int) -> str:
    return (datetime.now(UTC).astimezone(ZoneInfo("Europe/Warsaw")).date() + timedelta(days=days)).isoformat()


@pytest.fixture
async def desk(database: Any, tmp_path: Path) -> Desk:
    return await Desk(create_site(SiteOptions(secret_key="k" * 40, data_dir=tmp_path, language="en"))).open()


async def test_a_program_lends_prolongs_and_takes_back(office: Office) -> None:
    ids = [(await make_asset(room=office.rooms["M-1"])).id for _ in range(2)]
    body = {"ids": ids, "borrower": "bob", "due_on": day(10), "reason": "wyjazd"}
    assert (await office.post("/transitions/lend", body, "alice")).status_code == 403
    for wrong in ({"due_on": None}, {"due_on": "2020-01-01"}, {"borrower": None}, {"borrower": "nobody"}):
        assert (await office.post("/transitions/lend", body | wrong, "facilities")).status_code in (404, 422), wrong
    answer = await office.post("/transitions/lend", body, "facilities")
    assert answer.json() == {"document": (await Document.get()).number, "done": ids, "refused": []}
    row = (await office.get(f"/assets/{ids[0]}", "facilities")).json()
    assert (row["borrower"], row["borrower_name"], row["due_on"], row["room"]) == ("bob", "Bob", day(10), "M-1")
    (line,) = [one for one in (await office.get("/assets", "facilities")).json()["items"] if one["id"] == ids[1]]
    assert (line["borrower"], line["due_on"]) == ("bob", day(10))
    refusal = (await office.post("/transitions/liquidate", {"ids": ids, "reason": "x"}, "facilities")).json()
    assert [one["code"] for one in refusal["refused"]] == ["asset.lent"] * 2
    due = (await office.get("/due?kind=loan", "bob")).json()["items"]
    assert [(one["kind"], one["on"], one["assets"], one["custodian"]) for one in due] == [("loan", day(10), 2, "Bob")]
    assert (await office.get("/due?kind=loan", "alice")).json()["items"] == []
    longer = await office.post(f"/assets/{ids[0]}/transitions/prolong", {"due_on": day(20)}, "facilities")
    assert longer.json()["due_on"] == day(20)
    back = await office.post("/transitions/return", {"ids": ids}, "facilities")
    assert back.status_code == 200
    assert (await office.get("/documents?symbol=PW", "bob")).json()["total"] == 2, "who borrowed it reads both"


async def test_the_page_says_who_has_it_and_offers_to_take_it_back(desk: Desk) -> None:
    asset = await make_asset(name="Laptop", room=await make_room(), custodian=desk.people["alice"])
    here = f"/assets/{asset.id}"
    typed = {"borrower": "bob", "revision": "1", "key": "k", "reason": "wyjazd"}
    refusal = await desk.send(f"{here}/lend", "facilities", **typed, due_on="2020-01-01")
    assert 'value="2020-01-01"' in refusal.text
    assert "wyjazd</textarea>" in refusal.text
    for _ in range(2):
        answer = await desk.send(f"{here}/lend", "facilities", **typed, due_on=day(3))
        assert "It is lent. The protocol is issued." in answer.text
    page = (await desk.get(here, "facilities")).text
    assert "Lent to" in text_of(page)
    assert page.index(f'action="{here}/return"') < page.index('class="act-list"')
    for act in ("lend", "move", "liquidate"):
        assert f'action="{here}/{act}"' not in page
    assert "lent to Bob" in await desk.read("/assets", "facilities")
    assert "Laptop" in await desk.read("/due?kind=loan", "facilities")
    await Asset.filter(id=asset.id).update(due_on=day(-1))
    assert "late" in await desk.read(here, "member")
    assert "It should be back by now." in await desk.read("/due", "facilities")
    mine = await desk.read("/people/bob/assets", "bob")
    assert "Borrowed" in mine
    assert "Laptop" in mine
    assert "Lent to this person and not back yet" in await desk.read("/admin/people/bob", "admin")
    answer = await desk.send(f"{here}/return", "facilities", reason="sprawny")
    assert "It is back." in answer.text
    assert "Lent to this person" not in await desk.read("/admin/people/bob", "admin")


async def test_those_that_are_ticked_and_all_of_a_filter_are_lent(desk: Desk) -> None:
    pieces = [await make_asset(category="biuro") for _ in range(2)]
    ids = [str(asset.id) for asset in pieces]
    page = (await desk.get(f"/assets/chosen?act=lend&id={ids[0]}&id={ids[1]}", "facilities")).text
    assert '<select id="f-borrower" name="borrower" required' in page
    wish = {"act": "lend", "list": "category=biuro"}
    refusal = await desk.send("/assets/changes", "facilities", **wish, borrower="", due_on="")
    assert "Choose a day." in refusal.text
    assert "Choose a person." in refusal.text
    where = (await desk.post("/assets/changes", "facilities", **wish, borrower="bob", due_on=day(2))).headers[
        "location"
    ]
    assert "lent to" in await desk.read(where, "facilities")
    answer = await desk.post("/assets/chosen", "facilities", act="lend", id=ids, borrower="bob", due_on=day(2))
    document = await Document.get()
    assert answer.headers["location"] == f"/assets?done=2&paper={document.id}"
    assert f'href="/documents/{document.id}"' in (await desk.get(answer.headers["location"], "facilities")).text
    assert await Asset.filter(borrower_id=desk.people["bob"].id).count() == 2
