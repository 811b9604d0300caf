"""Faults on pages: the list, one of them, the form of a room, and what Today tells."""

import re
from pathlib import Path

import pytest

from registry.assets.models import Asset, Tag
from registry.core.history import Actor
from registry.documents.models import Document
from registry.faults.actions import NewReport, report
from registry.faults.models import Fault
from registry.faults.rules import TEXT_LENGTH
from tests import make
from tests.conftest import Database
from tests.make import NOW
from tests.web.desk import Desk
from tests.web.test_postgres_pages import CODE
from web.app import SiteOptions, create_site

pytestmark = pytest.mark.anyio
LEAK = "Cieknie kaloryfer"


@pytest.fixture
async def desk(database: Database, tmp_path: Path) -> Desk:
    return await Desk(create_site(SiteOptions(secret_key="k" * 40, data_dir=tmp_path, language="en"))).open()


async def test_a_report_of_a_room_is_on_every_page_that_it_belongs_to(desk: Desk) -> None:
    await make.make_room(code="ZW-02")
    answer = await desk.post("/rooms/ZW-02/fault", "member", reason=LEAK)
    fault = await Fault.get()
    assert answer.headers["location"] == f"/faults/{fault.id}?done=reported"
    assert "Your report is with the facilities staff" in (await desk.get(answer.headers["location"], "member")).text
    for path in ("/", "/faults", "/rooms/ZW-02", f"/faults/{fault.id}", "/rooms/ZW-02/fault"):
        assert LEAK in await desk.read(path, "facilities"), path
    assert LEAK not in await desk.read("/", "bob"), "it waits for nobody else"
    assert LEAK in await desk.read("/faults?mine=1&state=any", "member")


async def test_a_text_over_several_lines_is_as_long_as_its_field_says(desk: Desk) -> None:
    await make.make_room(code="ZW-02")
    text = "\n".join(["x" * 99] * (TEXT_LENGTH // 100)) + "x"  # a browser sends each of its lines' ends as two letters
    await desk.post("/rooms/ZW-02/fault", "member", reason=text.replace("\n", "\r\n"))
    assert (await Fault.get()).text == text


async def test_a_tap_at_the_door_is_on_todays_page_of_who_sees_to_it(desk: Desk) -> None:
    room = await make.make_room(code="ZW-02")
    await report(NewReport(room.id, kind="light"), Actor("ZW-02-door", "panel"), NOW)
    today = await desk.read("/", "facilities")
    assert "Fault: Lighting" in today
    page = await desk.read(f"/faults/{(await Fault.get()).id}", "facilities")
    assert "Reported at the door panel" in page


async def test_who_reported_it_is_told_when_it_is_mended_and_may_say_that_it_is_not(desk: Desk) -> None:
    await make.make_room(code="ZW-02")
    await desk.post("/rooms/ZW-02/fault", "alice", reason=LEAK)
    fault = await Fault.get()
    page = (await desk.get(f"/faults/{fault.id}", "facilities")).text
    revision = re.search(r'name="revision" value="(\d+)"', page)
    assert revision
    answer = await desk.post(f"/faults/{fault.id}/resolve", "facilities", text="nowy zawór", revision=revision[1])
    assert answer.headers["location"] == f"/faults/{fault.id}?done=resolve"
    assert f"Mended: {LEAK}" in await desk.read("/", "alice")
    assert "Mended:" not in await desk.read("/", "bob")
    assert "nowy zawór" in await desk.read(f"/faults/{fault.id}", "alice")
    fresh = await Fault.get()
    answer = await desk.post(f"/faults/{fault.id}/reopen", "alice", text="dalej", revision=str(fresh.revision))
    assert answer.status_code == 303
    assert "Mended:" not in await desk.read("/", "alice")
    assert f"Fault: {LEAK}" in await desk.read("/", "facilities")


async def test_an_act_on_a_page_that_is_old_keeps_the_words_and_does_nothing(desk: Desk) -> None:
    await make.make_room(code="ZW-02")
    await desk.post("/rooms/ZW-02/fault", "alice", reason=LEAK)
    fault = await Fault.get()
    await desk.post(f"/faults/{fault.id}/take", "admin", revision="1")
    answer = await desk.post(f"/faults/{fault.id}/resolve", "facilities", text="zakręcone", revision="1")
    assert answer.status_code == 412
    assert "zakręcone" in answer.text
    assert (await Fault.get()).state == "taken"
    assert (await desk.post(f"/faults/{fault.id}/resolve", "facilities", text="x")).status_code == 412
    assert (await desk.post(f"/faults/{fault.id}/fly", "facilities", revision="2")).status_code == 404
    assert (await desk.post(f"/faults/{fault.id}/take", "alice", revision="2")).status_code == 403


async def test_the_same_form_sent_twice_is_one_report(desk: Desk) -> None:
    await make.make_room(code="ZW-02")
    page = (await desk.get("/rooms/ZW-02/fault", "member")).text
    key = re.search(r'name="key" value="(\w+)"', page)
    assert key
    answers = [await desk.post("/rooms/ZW-02/fault", "member", reason=LEAK, key=key[1]) for _ in range(2)]
    assert [answer.headers["location"] for answer in answers] == [f"/faults/{(await Fault.get()).id}?done=reported"] * 2
    assert (await Fault.get()).reports == 1
    again = await desk.post("/rooms/ZW-02/fault", "bob", reason=LEAK, key="another")
    assert again.headers["location"].endswith("?done=joined")
    assert (await Fault.get()).reports == 2


async def test_the_forms_of_things_sent_twice_do_it_once(desk: Desk) -> None:
    room = await make.make_room(code="ZW-01")
    asset = await make.make_asset(condition="faulty")
    form = {"reason": "iskrzy", "revision": "1", "key": "a-form"}
    for _ in range(2):
        answer = await desk.post(f"/assets/{asset.id}/report_fault", "alice", **form)
        assert answer.headers["location"] == f"/assets/{asset.id}?done=report_fault"
    assert (await Fault.get()).reports == 1
    await desk.post(f"/assets/{asset.id}/report_fault", "alice", **form | {"reason": "i dymi"})
    assert (await Fault.get()).reports == 2, "what was changed after going back is another report"
    many = {"act": "move", "id": [str(asset.id)], "revision": ["1"], "room": "ZW-01", "key": "another"}
    places = [(await desk.post("/assets/chosen", "facilities", **many)).headers["location"] for _ in range(2)]
    assert places == [f"/assets?done=1&paper={(await Document.get()).id}"] * 2
    fresh = await Asset.get(id=asset.id)
    assert (fresh.room_id, fresh.revision) == (room.id, 2)


async def test_the_form_adds_to_one_that_was_reported_already(desk: Desk) -> None:
    await make.make_room(code="ZW-02")
    await desk.post("/rooms/ZW-02/fault", "alice", reason=LEAK)
    fault = await Fault.get()
    assert f'<option value="{fault.id}">{LEAK}' in (await desk.get("/rooms/ZW-02/fault", "bob")).text
    answer = await desk.post("/rooms/ZW-02/fault", "bob", reason="kałuża pod oknem", joins=str(fault.id))
    assert answer.headers["location"] == f"/faults/{fault.id}?done=joined"
    assert (await Fault.get()).reports == 2
    await desk.post(f"/faults/{fault.id}/resolve", "facilities", revision="2")
    late = await desk.post("/rooms/ZW-02/fault", "bob", reason="dalej mokro", joins=str(fault.id))
    assert late.status_code == 409
    assert "dalej mokro" in late.text


async def test_a_thing_in_repair_can_be_reported_from_its_room_and_stays_there(desk: Desk) -> None:
    room = await make.make_room(code="ZW-02")
    asset = await make.make_asset(name="Projektor", room=room, condition="in_repair")
    answer = await desk.post("/rooms/ZW-02/fault", "member", asset=str(asset.id), reason="nie ma go")
    assert answer.status_code == 303
    assert (await Asset.get(id=asset.id)).condition == "in_repair"
    assert "nie ma go" in await desk.read(f"/assets/{asset.id}", "facilities")


async def test_the_form_is_found_from_a_room_a_thing_and_a_label(desk: Desk) -> None:
    room = await make.make_room(code="ZW-02")
    asset = await make.make_asset(room=room)
    tag = await Tag.create(code=CODE, asset_id=asset.id, created_at=NOW)
    assert "Where does something not work?" in await desk.read("/faults/new", "member")
    places = {
        "room=ZW-02": "/rooms/ZW-02/fault",
        f"asset={asset.id}": f"/assets/{asset.id}?act=report_fault",
        f"tag={CODE}": f"/assets/{asset.id}?act=report_fault",
    }
    for query, address in places.items():
        assert (await desk.get(f"/faults/new?{query}", "member")).headers["location"] == address
    form = (await desk.get(f"/assets/{asset.id}?act=report_fault", "member")).text
    assert re.search(r"<details name=\"act\"[^>]* open>", form)
    await Tag.filter(id=tag.id).update(asset_id=None)
    assert (await desk.get(f"/faults/new?tag={CODE}", "member")).headers["location"] == f"/t/{CODE}"
    assert (await desk.get("/faults/new", "auditor")).status_code == 403


async def test_a_fault_is_found_by_its_number(desk: Desk) -> None:
    await make.make_room(code="SHY", visibility="hidden")
    await desk.post("/rooms/SHY/fault", "alice", reason=LEAK)
    fault = await Fault.get()
    for path in (f"/scan?code=u/{fault.id}", f"/scan?code=U%2F{fault.id:05}", f"/assets?q=U/{fault.id:05}"):
        assert (await desk.get(path, "alice")).headers["location"] == f"/faults/{fault.id}"
        answer = await desk.get(path, "bob")
        assert "/faults/" not in answer.headers.get("location", ""), "it is nobody else's to know"


async def test_the_list_narrows_to_a_room_a_state_and_ones_own(desk: Desk) -> None:
    for code, who, text in (("A-1", "alice", "first"), ("A-2", "bob", "second")):
        await make.make_room(code=code)
        await desk.post(f"/rooms/{code}/fault", who, reason=text)
    first = await Fault.get(text="first")
    await desk.post(f"/faults/{first.id}/resolve", "facilities", revision="1")
    reads = {
        "/faults": (False, True),
        "/faults?state=any": (True, True),
        "/faults?state=resolved": (True, False),
        "/faults?state=any&room=A-1": (True, False),
        "/faults?state=any&mine=1": (False, True),
        "/faults?state=nonsense&asset=x&offset=-3": (False, True),
    }
    for path, expected in reads.items():
        text = await desk.read(path, "bob")
        assert ("first" in text, "second" in text) == expected, path


@pytest.mark.parametrize("visibility", ["confidential", "hidden"])
async def test_no_page_tells_a_stranger_what_was_reported_in_a_shy_room(desk: Desk, visibility: str) -> None:
    room = await make.make_room(code="SHY", visibility=visibility)
    asset = await make.make_asset(room=room)
    await desk.post("/rooms/SHY/fault", "alice", reason="KANAREK")
    await desk.post(f"/assets/{asset.id}/report_fault", "alice", reason="KANAREK")
    faults = await Fault.all()
    for path in ("/", "/faults", "/faults?state=any", "/rooms/SHY", f"/assets/{asset.id}", "/rooms/SHY/fault"):
        for who in ("bob", "accountant"):
            assert "KANAREK" not in (await desk.get(path, who)).text, (path, who)
    for fault in faults:
        assert (await desk.get(f"/faults/{fault.id}", "bob")).status_code == 404
        assert "KANAREK" in await desk.read(f"/faults/{fault.id}", "facilities")
