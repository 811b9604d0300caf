"""The pages of stocktakes: ordered, counted in hand, closed, valued, settled."""

import re
from pathlib import Path
from typing import Any

import pytest

from registry.people.models import Role
from registry.rooms.queries import room_by_code
from registry.stocktakes.models import CountSheet, SettlementTask, Sighting, Stocktake
from tests.conftest import Database
from tests.make import make_asset, make_building, make_person, make_room
from tests.web.conftest import soon
from tests.web.desk import Desk, text_of
from web.app import SiteOptions, create_site

pytestmark = [pytest.mark.anyio, pytest.mark.databases("sqlite")]


@pytest.fixture
async def desk(database: Database, tmp_path: Path) -> Desk:
    desk = await Desk(create_site(SiteOptions(secret_key="k" * 40, data_dir=tmp_path, language="en"))).open()
    building = await make_building()
    for code in ("M-1", "M-2"):
        await make_room(code=code, name=f"Sala {code}", building=building)
    return desk


ORDER: dict[str, Any] = {
    "rooms": ["M-1", "M-2"], "chair": "alice", "committee": ["bob", ""], "as_of": soon(0).date().isoformat(),
    "blind": "1", "opens": "1", "kind": "periodic", "basis": "zarządzenie 7/2026", "others": "", "key": "k",
}  # fmt: skip


async def test_a_stocktake_from_its_order_to_its_drafts(desk: Desk) -> None:
    assert "No stocktake yet" in await desk.read("/stocktakes", "facilities")
    assert "Chairs the committee" in await desk.read("/stocktakes/new", "facilities")
    room, other = "M-1", "M-2"
    room_id, custodian = (await room_by_code(room)).id, desk.people["coordinator"]
    there = await make_asset(room_id=room_id, custodian=custodian, name="Stół")
    for _ in range(2):
        page = await desk.send("/stocktakes/new", "facilities", **ORDER)
        assert "The stocktake is ordered and open" in page.text
    path = f"/stocktakes/{(await Stocktake.get()).id}"
    assert "Where do you stand?" in await desk.read(f"{path}/count", "alice")
    for _ in range(2):  # a form sent twice
        page = await desk.send(f"{path}/count", "bob", room=room, code=there.inventory_no, condition="ok", key="1")
    assert "Stół" in text_of(page.text)
    assert await Sighting.all().count() == 1
    bare = {"name": "krzesło szare", "condition": "damaged", "key": "2"}
    page = await desk.send(f"{path}/count", "alice", room=other, **bare)
    assert "N-1" in page.text
    wrong = await desk.post(f"{path}/count", "alice", room=other, code=other, note="do sprawdzenia", key="3")
    assert wrong.status_code == 409
    assert "M-2 is no code of a thing" in text_of(wrong.text)
    assert 'value="do sprawdzenia"' in wrong.text, "what was typed is lost"
    many = await desk.post(f"{path}/count", "alice", room=other, name="krzesło", quantity="12 szt", key="3b")
    assert re.search(r'value="12 szt" aria-describedby="f-quantity-fault" aria-invalid="true"', many.text)
    last = await Sighting.all().order_by("-id").first()
    assert last
    struck = await desk.send(f"{path}/strike/{last.id}", "alice", room=other, reason="policzono dwa razy", key="4")
    assert "policzono dwa razy" in text_of(struck.text)
    await desk.send(f"{path}/recount", "bob", area="2", reason="od nowa", key="5")
    await desk.send(f"{path}/count", "alice", room=other, **bare | {"key": "6"})
    for who in ("auditor", "bob"):
        text = await desk.read(path, who)
        assert "of 1" not in text.replace("of 2", ""), "what is expected"
        assert "krzesło szare" in text
    await desk.send(f"{path}/close", "bob", area="1", key="7")
    page = await desk.send(f"{path}/close", "facilities", key="8")
    assert "All areas are closed" in page.text
    sheet = await CountSheet.all().order_by("-id").first()
    assert sheet
    sheet_path = f"{path}/sheets/{sheet.id}"
    assert "krzesło szare" in await desk.read(sheet_path, "auditor")
    assert "A line is wrong" not in await desk.read(sheet_path, "auditor")
    put = await desk.send(f"{sheet_path}/correct", "alice", line="1", quantity="2", reason="były dwa", key="9")
    assert "The line is put right" in put.text
    assert "były dwa" in put.text
    for who, sides in (("alice", 1), ("auditor", 0)):
        assert (await desk.get(sheet_path, who)).text.count("Sign by my account") == sides
    signed = await desk.send(f"{sheet_path}/sign", "alice", side="team", key="10")
    assert "You signed the sheet." in signed.text
    assert "Sign by my account" not in signed.text
    wrong = await desk.post(f"{sheet_path}/sign", "bob", side="nobody", key="11")
    assert "This signature is not yours" in text_of(wrong.text)
    paper = await desk.get(f"{sheet_path}.pdf", "auditor")
    assert paper.content.startswith(b"%PDF")
    await _settle(desk, path)


async def _settle(desk: Desk, path: str) -> None:
    differences = (await desk.get(f"{path}/differences", "accountant")).text
    keys = re.findall(r'name="explanation:([^"]+)"', differences)
    assert [key.split(":")[0] for key in keys] == ["surplus", "damaged"]
    typed = {f"explanation:{key}": "bez etykiety" for key in keys} | {f"value:{key}": "1 200,50" for key in keys}
    half = await desk.post(f"{path}/value", "accountant", key="v", revision="", **typed | {f"value:{keys[0]}": "x"})
    assert "That is no amount" in text_of(half.text)
    assert 'value="bez etykiety"' in half.text, "what was typed is lost"
    page = await desk.send(f"{path}/value", "accountant", key="w", revision="", **typed)
    assert "The differences are valued" in page.text
    stale = await desk.post(f"{path}/settle", "facilities", key="s", revision="1")
    assert "changed" in text_of(stale.text)
    revision = str((await Stocktake.get()).revision)
    page = await desk.send(f"{path}/settle", "facilities", key="t", revision=revision)
    assert "The drafts are made" in page.text
    task = await SettlementTask.all().order_by("id").first()
    assert task
    page = await desk.send(f"{path}/tasks/{task.id}", "facilities", remark="przyjęto OT/3", key="u")
    assert "przyjęto OT/3" in page.text
    history = await desk.read(path, "auditor")
    assert "Draft carried out" in history
    number = (await Stocktake.get()).number
    assert number in await desk.read("/stocktakes", "bob")
    hits = (await desk.api("GET", f"/search?q={number}", "bob")).json()
    assert path in str(hits)
    assert path not in str((await desk.api("GET", f"/search?q={number}", "member")).json())


async def test_what_was_typed_of_an_order_that_is_refused_is_still_there(desk: Desk) -> None:
    wrong = await desk.post("/stocktakes/new", "facilities", **ORDER | {"as_of": "kiedyś"})
    assert 'value="zarządzenie 7/2026"' in wrong.text
    assert re.search(r'value="M-1" checked', wrong.text)
    alone = await desk.post("/stocktakes/new", "facilities", **ORDER | {"committee": []})
    assert "A committee has 2 people at least" in text_of(alone.text)
    assert await Stocktake.all().count() == 0


async def test_an_order_by_people_and_categories_waits_for_its_opening(desk: Desk) -> None:
    custodian = await make_person("omo", role=Role.MEMBER)
    await make_asset(custodian=custodian, category="ICT", name="Laptop")
    order = ORDER | {"rooms": [], "people": ["omo"], "categories": ["ICT"], "opens": "", "blind": ""}
    page = await desk.send("/stocktakes/new", "facilities", **order)
    assert "Open it when the counting begins" in page.text
    path = f"/stocktakes/{(await Stocktake.get()).id}"
    assert (await desk.get(f"{path}/count", "facilities")).status_code == 403
    assert (await desk.get(path, "member")).status_code == 404
    page = await desk.send(f"{path}/open", "facilities", revision="1", key="k")
    assert "The count is open." in page.text
    assert "M-1 Sala M-1" in await desk.read(f"{path}/count", "bob"), "one may stand anywhere"
    tally = await desk.get(f"{path}/count", "bob", headers={"hx-request": "true", "hx-request-type": "partial"})
    assert 'id="count-total"' in tally.text
    assert "<form" not in tally.text
    await desk.send(f"{path}/close", "facilities", key="c")
    assert "Laptop" in await desk.read(f"{path}/differences", "accountant")
    part = await desk.get(path, "auditor", headers={"hx-request": "true", "hx-request-type": "partial"})
    assert 'hx-swap-oob="outerMorph"' in part.text
    assert "<h1" not in part.text


async def test_hundreds_of_differences_are_valued_at_once(desk: Desk) -> None:
    room_id = (await room_by_code("M-1")).id
    for number in range(340):
        await make_asset(room_id=room_id, name=f"Stół {number}")
    await desk.send("/stocktakes/new", "facilities", **ORDER)
    path = f"/stocktakes/{(await Stocktake.get()).id}"
    await desk.send(f"{path}/close", "alice", key="c")
    page, pages = f"{path}/differences", 0
    while True:
        text = (await desk.get(page, "accountant")).text
        keys = re.findall(r'name="explanation:([^"]+)"', text)
        assert len(keys) <= 50
        form = {f"{name}:{key}": word for key in keys for name, word in (("explanation", "brak"), ("value", "1"))}
        is_last = "Save the values" in text
        early = form | {f"explanation:{keys[0]}": ""}
        if not pages:
            missing = await desk.post(f"{path}/value", "accountant", revision="", key="x", **form)
            assert "290 of the differences have no value" in text_of(missing.text)
        offset = str(50 * pages)
        more = {"offset": offset, "revision": "", "key": f"v{pages}", **({} if is_last else {"part": "1"})}
        answer = await desk.post(f"{path}/value", "accountant", **more, **(form if pages else early))
        assert answer.status_code == 303, text_of(answer.text)
        page, pages = answer.headers["location"], pages + 1
        if is_last:
            break
        if pages == 1:  # what was left out is still to be said
            again = (await desk.get(f"{path}/differences", "accountant")).text
            assert again.count('value="brak"') == 49
            await desk.post(f"{path}/value", "accountant", part="1", key="y", **form)
    assert "Save the values" not in await desk.read(page, "accountant")


async def test_a_page_closes_the_area_that_it_shows_where_a_room_is_called_by_a_number(desk: Desk) -> None:
    await make_room(code="2", name="Dwójka", building=(await room_by_code("M-1")).building)
    await desk.send("/stocktakes/new", "facilities", **ORDER | {"rooms": ["2", "M-1"]})
    path = f"/stocktakes/{(await Stocktake.get()).id}"
    number = re.findall(
        r'name="area" value="(\d+)"><button[^>]+aria-label="Close M-1', (await desk.get(path, "bob")).text
    )
    assert number == ["2"]
    await desk.send(f"{path}/close", "bob", area="2", key="c")
    assert [sheet.contents["area"] for sheet in await CountSheet.all()] == ["M-1 Sala M-1"]
    wrong = await desk.post(f"{path}/close", "bob", area="x", key="d")
    assert "This stocktake has no area x." in text_of(wrong.text)
