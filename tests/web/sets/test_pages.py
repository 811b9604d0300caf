"""Sets on pages: the form keeps what was typed, the page says what is lacking, the whole set moves by one form."""

from pathlib import Path

import pytest

from registry.sets.models import AssetSet
from tests import make
from tests.conftest import Database
from tests.web.desk import Desk
from web.app import SiteOptions, create_site

pytestmark = pytest.mark.anyio


@pytest.fixture
async def desk(database: Database, tmp_path: Path) -> Desk:
    return await Desk(create_site(SiteOptions(secret_key="k" * 40, data_dir=tmp_path, language="en"))).open()


async def test_a_set_is_made_by_typing_numbers(desk: Desk) -> None:
    room = await make.make_room(code="ZW-02")
    one = await make.make_asset(inventory_no="KPUW/1", name="Komputer", room_id=room.id)
    await make.make_asset(inventory_no="KPUW/2", name="Monitor", room_id=room.id)
    assert "KPUW/1" in await desk.read(f"/sets/new?ids={one.id},x,99", "facilities")
    form = {"name": "Desk 1", "pieces": "kpuw/1\nKPUW/2", "parts": "", "note": "", "key": "k1"}
    answer = await desk.post("/sets/new", "facilities", **form)
    again = await desk.post("/sets/new", "facilities", **form)
    assert answer.headers["location"] == again.headers["location"]
    asset_set = await AssetSet.get()
    page = await desk.read(f"/sets/{asset_set.id}", "facilities")
    assert "The set is made." in (await desk.get(f"/sets/{asset_set.id}?done=made", "facilities")).text
    assert "Move the whole set" in page
    assert "complete" in page
    assert "Desk 1" in await desk.read("/sets?room=ZW-02", "member")
    assert "Move the whole set" not in await desk.read(f"/sets/{asset_set.id}", "member")


async def test_what_was_typed_stays_when_a_line_is_refused(desk: Desk) -> None:
    form = {"name": "Desk 1", "pieces": "KPUW/9", "parts": "2 × Lamp", "note": "by the window", "key": "k1"}
    answer = await desk.post("/sets/new", "facilities", **form)
    for words in ("No piece has the inventory number KPUW/9", "2 × Lamp", "by the window", "Desk 1"):
        assert words in answer.text, words
    for field, value, sentence in (("name", " ", "is missing"), ("parts", "0 × Lamp", "no part of a set")):
        answer = await desk.post("/sets/new", "facilities", **form | {"pieces": "", field: value})
        assert sentence in answer.text
    assert not await AssetSet.filter().count()


async def test_a_set_is_changed_and_taken_apart_as_it_was_looked_at(desk: Desk) -> None:
    asset = await make.make_asset(inventory_no=None, name="Monitor")
    await desk.post("/sets/new", "facilities", name="Desk 1", pieces=f"#{asset.id}", parts="2 × Monitor", key="k1")
    address = f"/sets/{(await AssetSet.get()).id}"
    page = await desk.read(address, "facilities")
    assert "1 missing" in page
    assert f"#{asset.id}" in await desk.read(f"{address}/edit", "facilities")
    form = {"name": "Desk 2", "pieces": f"#{asset.id}", "parts": "Monitor", "note": "", "revision": "1"}
    await desk.post(f"{address}/edit", "facilities", **form)
    assert "Desk 2" in await desk.read(address, "facilities")
    stale = await desk.post(f"{address}/edit", "facilities", **form | {"name": "Desk 3"})
    assert "Somebody changed this meanwhile" in stale.text
    assert "Desk 3" in stale.text
    await desk.post(f"{address}/dissolve", "facilities", revision="2")
    assert "taken apart" in await desk.read(address, "facilities")
    assert "No sets here" in await desk.read("/sets", "facilities")


async def test_who_may_not_make_sets_is_told_so(desk: Desk) -> None:
    assert (await desk.get("/sets/new", "member")).status_code == 403
    assert (await desk.get("/sets/77", "member")).status_code == 404
