"""Sets on pages: the form keeps what was typed, the page says what is lacking, the whole set moves by one form."""

import re
from datetime import UTC, datetime
from pathlib import Path

import pytest

from registry.assets import tags
from registry.assets.models import Tag
from registry.sets.models import AssetSet
from registry.sets.queries import set_state
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
    revision = re.search(r'name="revision" value="(\d+)"', stale.text)
    assert revision, "sent again it is saved"
    again = await desk.post(f"{address}/edit", "facilities", **form | {"name": "Desk 3", "revision": revision[1]})
    assert again.headers["location"] == f"{address}?done=changed"
    await desk.post(f"{address}/dissolve", "facilities", revision="3")
    assert "taken apart" in await desk.read(address, "facilities")
    assert "No sets here" in await desk.read("/sets", "facilities")


async def test_a_piece_is_put_into_a_set_by_its_label(desk: Desk) -> None:
    asset = await make.make_asset(inventory_no=None, name="Monitor")
    code = tags.new_code((41).to_bytes(tags.RANDOM_BYTES, "big"))
    await Tag.create(code=code, asset=asset, created_at=datetime.now(UTC))
    assert f"#{asset.id}" in await desk.read(f"/sets/new?ids={asset.id}", "facilities")
    for typed in (code.lower(), f"HTTPS://OFFICE.EXAMPLE/T/{code}"):
        await desk.post("/sets/new", "facilities", name="Desk", pieces=typed, parts="", key=typed)
        asset_set = await AssetSet.get(dissolved_at=None)
        assert [piece.asset_id for piece in (await set_state(asset_set.id)).pieces] == [asset.id]
        await desk.post(f"/sets/{asset_set.id}/dissolve", "facilities", revision="1")


async def test_nothing_of_a_name_or_note_is_cut_off(desk: Desk) -> None:
    for field, most in (("name", 200), ("note", 2000)):
        form = {"name": "Desk", "note": "", "pieces": "", "parts": "Lamp", "key": "k"}
        answer = await desk.post("/sets/new", "facilities", **form | {field: "x" * (most + 1)})
        assert answer.status_code == 422
        assert f"longer than {most:} characters" in answer.text.replace(",", "")
        assert "x" * (most + 1) in answer.text
    assert not await AssetSet.filter().count()


async def test_a_moved_set_says_so(desk: Desk) -> None:
    asset = await make.make_asset(inventory_no=None, name="Monitor")
    await desk.post("/sets/new", "facilities", name="Desk", pieces=f"#{asset.id}", parts="", key="k")
    assert "3 assets changed." in (await desk.get(f"/sets/{(await AssetSet.get()).id}?done=3", "facilities")).text


async def test_who_may_not_make_sets_is_told_so(desk: Desk) -> None:
    assert (await desk.get("/sets/new", "member")).status_code == 403
    assert (await desk.get("/sets/77", "member")).status_code == 404
