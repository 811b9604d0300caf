"""The calls and pages of scanning."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from registry.assets import tags
from registry.assets.models import Asset, Condition, Tag
from registry.scans.models import Reader, Scan, ScanResult
from tests.conftest import Database
from tests.make import make_asset, make_device, make_room
from tests.statements import Statements
from tests.web.conftest import Office
from tests.web.desk import Desk
from web.app import SiteOptions, create_site

pytestmark = pytest.mark.anyio
CODE, OTHER = (tags.new_code(number.to_bytes(tags.RANDOM_BYTES, "big")) for number in (41, 42))


@pytest.fixture
async def desk(database: Database, tmp_path: Path) -> Desk:
    return await Desk(create_site(SiteOptions(secret_key="k" * 40, data_dir=tmp_path, language="en"))).open()


async def labelled(**columns: Any) -> Asset:
    asset: Asset = await make_asset(**columns)
    await Tag.create(code=CODE, asset=asset, created_at=datetime.now(UTC))
    return asset


async def test_a_program_is_told_what_was_scanned_and_it_is_written_down_once(office: Office) -> None:
    asset = await labelled(name="Rzutnik", room=office.rooms["M-1"])
    body = {"code": CODE, "reader": "camera", "room": "C-1"}
    for _ in range(2):
        answer = await office.post("/scans", body, "facilities", headers={"idempotency-key": "a"})
        assert answer.status_code == 201
    scan = answer.json()
    assert (scan["result"], scan["asset"]["id"], scan["is_here"], scan["tone"]) == ("asset", asset.id, False, "warn")
    assert scan["detail"] == "in the register in M-1; will be moved to C-1"
    assert await Scan.all().values_list("code", "reader", "result", "asset_id") == [
        (CODE, Reader.CAMERA, ScanResult.ASSET, asset.id)
    ]
    member = (await office.post("/scans", body | {"code": "M-1"}, "alice")).json()
    assert (member["result"], member["room"]["code"], member["href"]) == ("room", "M-1", "/rooms/M-1")
    assert (await office.post("/scans", {"code": " "}, "alice")).status_code == 422
    assert (await office.post("/scans", {"code": "9" * 200}, "alice")).json()["result"] == "unknown"
    assert (await office.post("/scans", body, None)).status_code == 401


async def test_each_kind_of_code_has_its_words(office: Office) -> None:
    await Tag.create(code=OTHER, lost_at=datetime.now(UTC), created_at=datetime.now(UTC))

    async def words(code: str) -> tuple[str, str]:
        scan = (await office.post("/scans", {"code": code}, "facilities")).json()
        return scan["detail"], scan["href"]

    assert await words(CODE) == ("is on nothing yet; what do you stick it on?", f"/t/{CODE}")
    assert await words(OTHER) == ("was said to be gone; put it on something again", f"/t/{OTHER}")
    assert await words("590123") == ("unknown code; kept with its place and time", "")
    assert "mistyped" in (await words(CODE[:-1] + ("A" if CODE[-1] != "A" else "B")))[0]
    unknown = (await office.get("/scans/unknown", "facilities")).json()
    assert unknown["total"] == 2
    assert (await office.get("/scans/unknown", "alice")).status_code == 403


async def test_a_label_is_lost_by_whom_may_change_assets(office: Office) -> None:
    await labelled()
    assert (await office.post(f"/tags/{CODE}/lost", who="alice")).status_code == 403
    answer = (await office.post(f"/tags/{CODE}/lost", who="facilities")).json()
    assert (answer["kind"], answer["asset"]) == ("unlinked", None)
    assert answer["lost_at"]
    assert (await office.post(f"/tags/{OTHER}/lost", who="facilities")).status_code == 404


async def test_scanned_things_are_moved_once_and_the_changed_ones_wait(office: Office) -> None:
    assets = [await make_asset(name=f"Krzesło {number}", room=office.rooms["M-1"]) for number in range(3)]
    repaired = await office.post(f"/assets/{assets[2].id}/transitions/send_to_repair", {}, "admin")
    assert repaired.status_code == 200
    body = {"room": "C-1", "pieces": [{"asset": asset.id, "revision": asset.revision} for asset in assets]}
    answers = [
        await office.post("/scans/moves", body, "facilities", headers={"idempotency-key": "k"}) for _ in range(2)
    ]
    assert answers[0].content == answers[1].content
    outcome = answers[0].json()
    assert outcome["moved"] == [assets[0].id, assets[1].id]
    assert "Sent to repair" in outcome["changed"][0]["words"]
    assert (await office.post("/scans/moves", body | {"anyway": True}, "facilities")).json()["moved"] == [assets[2].id]
    assert (await office.post("/scans/moves", body, "alice")).status_code == 403
    assert (await office.post("/scans/moves", body | {"room": "X"}, "facilities")).status_code == 404
    none = {"room": "C-1", "pieces": body["pieces"][:1]}
    assert (await office.post("/scans/moves", none, "facilities", headers={"idempotency-key": "n"})).json()[
        "moved"
    ] == []


async def test_a_room_and_its_things_by_a_form(desk: Desk) -> None:
    there, here = await make_room(code="MG-01"), await make_room(code="ZW-01")
    asset = await labelled(name="Rzutnik", room=there)
    answer = await desk.get(f"/scan?room=zw-01&code={CODE}", "facilities")
    where = answer.headers["location"]
    assert where == f"/scan?room=ZW-01&piece={asset.id}-1&last={CODE}"
    assert "MG-01; will be moved to ZW-01" in (await desk.get(where, "facilities")).text
    again = await desk.get(f"/scan?room=ZW-01&piece={asset.id}-1&code={CODE}", "facilities")
    assert again.headers["location"] == where, "a thing stands on the list once"
    elsewhere = await desk.get(f"/scan?room=ZW-01&piece={asset.id}-1&code=MG-01", "facilities")
    assert elsewhere.headers["location"] == f"/scan?room=MG-01&piece={asset.id}-1"
    assert "is in its place" in (await desk.get(elsewhere.headers["location"], "facilities")).text
    unknown = await desk.get("/scan?room=ZW-01&code=590", "facilities")
    assert "unknown code" in (await desk.get(unknown.headers["location"], "facilities")).text
    fields = {"room": "ZW-01", "piece": f"{asset.id}-1", "key": uuid4().hex}
    for _ in range(2):
        saved = await desk.post("/scan/moves", "facilities", **fields)
        assert saved.headers["location"].startswith("/scan?room=ZW-01")
    assert (await Asset.get(id=asset.id)).room_id == here.id
    assert (await desk.post("/scan/moves", "member", **fields)).status_code == 403
    assert "There is no room" in (await desk.get("/scan?room=nowhere", "facilities")).text
    assert "You stand in</small><strong></strong>" in (await desk.get("/scan?room=ZW-01", "member")).text


async def test_what_somebody_changed_since_it_was_scanned_waits_on_the_list(desk: Desk) -> None:
    there = await make_room(code="MG-01")
    await make_room(code="ZW-01")
    asset = await labelled(name="Rzutnik", room=there)
    await desk.post(f"/assets/{asset.id}/send_to_repair", "admin", revision="1")
    saved = await desk.post("/scan/moves", "facilities", room="ZW-01", piece=f"{asset.id}-1")
    assert saved.headers["location"] == f"/scan?room=ZW-01&piece={asset.id}-1&done=0"
    page = (await desk.get(saved.headers["location"], "facilities")).text
    assert "Sent to repair" in page
    assert f"piece={asset.id}-2" in page, "what moves it anyway"
    await desk.post("/scan/moves", "facilities", room="ZW-01", piece=f"{asset.id}-2")
    assert (await Asset.get(id=asset.id)).room_id != there.id


async def test_the_same_form_sent_twice_says_the_same(desk: Desk) -> None:
    await make_room(code="ZW-01")
    asset = await labelled(room=await make_room(code="MG-01"))
    fields = {"room": "ZW-01", "piece": f"{asset.id}-1", "key": uuid4().hex}
    places = [(await desk.post("/scan/moves", "facilities", **fields)).headers["location"] for _ in range(2)]
    assert places == ["/scan?room=ZW-01&done=1"] * 2


async def test_what_was_scanned_for_a_room_that_is_gone_is_taken_to_another(desk: Desk) -> None:
    await make_room(code="ZW-01")
    asset = await labelled(room=await make_room(code="MG-01"))
    page = (await desk.post("/scan/moves", "facilities", room="OLD-1", piece=f"{asset.id}-1", key=uuid4().hex)).text
    assert page.count("There is no room OLD-1") == 1
    form = page[page.index('for="stand"') :]
    assert f'name="piece" value="{asset.id}-1"' in form[: form.index("</form>")]


async def test_a_scanned_device_leads_to_no_page_that_its_reader_may_not_open(desk: Desk) -> None:
    device = await make_device(code="sensor-7", room=await make_room(code="ZW-01"))
    places = {who: await desk.get(f"/scan?code={device.code}", who) for who in ("admin", "member")}
    assert places["admin"].headers["location"] == "/devices#sensor-7"
    assert places["member"].status_code == 200
    assert "a device" in places["member"].text


async def test_a_thing_in_the_hand_offers_what_its_states_allow(desk: Desk) -> None:
    asset = await labelled(condition=Condition.FAULTY, room=await make_room(code="MG-01"))
    page = (await desk.get(f"/t/{CODE}", "facilities")).text
    assert f'"/assets/{asset.id}?act=send_to_repair"' in page
    assert "act=report_fault" not in page
    assert f'action="/assets/{asset.id}/mend"' in page


async def test_a_long_or_unreadable_code_is_unknown(desk: Desk) -> None:
    for code in ("9" * 200, "x" * 3000, "a\x00b\x07", "/" * 70):
        assert (await desk.get("/scan", "facilities", params={"code": code})).status_code == 404
        await desk.get("/scan", "facilities", params={"code": code, "last": code})
        assert (await desk.get("/scan", "facilities", params={"last": code})).status_code == 200
    assert all(scan.code.isprintable() for scan in await Scan.all())


async def test_the_camera_may_run_webassembly_and_no_other_page(desk: Desk) -> None:
    static = desk.app.state.pages.static
    for path in ("/scan", static("js/code-worker.js")):
        answer = await desk.get(path, "member")
        assert answer.headers.get_list("content-security-policy") == [answer.headers["content-security-policy"]]
        assert "script-src 'self' 'wasm-unsafe-eval';" in answer.headers["content-security-policy"]
    for path in ("/assets", static("js/scan.js")):
        assert "eval" not in (await desk.get(path, "member")).headers["content-security-policy"]
    wasm = await desk.get(static("vendor/zxing_reader.wasm"), "member")
    assert wasm.headers["content-type"] == "application/wasm"


async def test_unknown_codes_are_listed_until_they_are_seen_to(desk: Desk, statements: Statements) -> None:
    for number in range(55):
        await Scan.create(code=f"59{number}", reader="keys", result="unknown", at=datetime.now(UTC))
    await desk.get("/scan/unknown", "facilities")
    with statements.at_most(2):
        page = (await desk.get("/scan/unknown", "facilities")).text
    assert "/scan/unknown?start=50" in page
    assert "a stranger" in page
    scan = await Scan.get(code="5954")
    assert (await desk.post(f"/scan/unknown/{scan.id}", "facilities")).status_code == 303
    assert "5954" not in (await desk.get("/scan/unknown", "facilities")).text
    asset = await make_asset(inventory_no="KAM-551", number_key="kam-551")
    scan = await Scan.get(code="5953")
    for typed in ("KAM-55", "KAM-559"):
        refused = await desk.post(f"/scan/unknown/{scan.id}", "facilities", thing=typed)
        assert refused.status_code == 404, "a part of a number is no thing"
        assert f'value="{typed}"' in refused.text
    await desk.post(f"/scan/unknown/{scan.id}", "facilities", thing="kam - 551")
    assert (await desk.get("/scan?code=5953", "member")).headers["location"] == f"/assets/{asset.id}"
    assert (await desk.post("/scan/unknown/99999", "facilities")).status_code == 404
    assert (await desk.get("/scan/unknown", "member")).status_code == 403


async def test_a_long_list_asks_no_more_than_a_short_one(desk: Desk, statements: Statements) -> None:
    there = await make_room(code="MG-01")
    await make_room(code="ZW-01")
    marks = [f"{(await make_asset(name=f'K{number}', room=there)).id}-1" for number in range(30)]
    page = "/scan?room=ZW-01" + "".join(f"&piece={mark}" for mark in marks)
    await desk.get(page, "facilities")
    with statements.at_most(3):
        assert (await desk.get(page, "facilities")).text.count("<li data-tone") == 30
