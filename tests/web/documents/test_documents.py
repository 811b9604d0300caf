"""Documents on pages and for programs: who sees, signs and cancels them, and the two keys to a durable piece."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from registry.documents.models import Document
from registry.files import contents
from registry.files.contents import DirectoryContents
from tests.make import make_asset, make_room
from tests.web.conftest import Office
from tests.web.desk import Desk, text_of
from web.app import SiteOptions, create_site

pytestmark = pytest.mark.anyio
TOMORROW = (datetime.now(UTC) + timedelta(days=2)).date()


@pytest.fixture
async def desk(database: Any, tmp_path: Path) -> Desk:
    contents.use(DirectoryContents(tmp_path))
    return await Desk(create_site(SiteOptions(secret_key="k" * 40, data_dir=tmp_path, language="en"))).open()


async def moved(office: Office, pieces: int = 2) -> dict[str, Any]:
    ids = [(await make_asset(room=office.rooms["M-1"])).id for _ in range(pieces)]
    answer = await office.post("/transitions/move", {"ids": ids, "room": "M-2", "reason": "x"}, "facilities")
    assert answer.status_code == 200, answer.text
    (item,) = (await office.get(f"/documents?q={answer.json()['document']}", "facilities")).json()["items"]
    return {**item, "ids": ids}


async def test_a_document_is_listed_read_signed_and_cancelled(office: Office) -> None:
    document = await moved(office)
    address = f"/documents/{document['id']}"
    answer = await office.get(address, "accountant")
    detail = answer.json()
    assert answer.headers["etag"] == '"1"'
    assert [line["asset"] for line in detail["lines"]] == document["ids"]
    assert (detail["lines"][0]["value"], detail["sides_left"]) == ("450.00", ["giver", "taker"])
    signed = await office.post(f"{address}/sign", {"side": "giver"}, "facilities")
    assert signed.json()["sides_left"] == ["taker"]
    assert (await office.post(f"{address}/sign", {"side": "taker"}, "facilities")).json()[
        "code"
    ] == "document.both_sides"
    assert (await office.post(f"{address}/cancel", {"reason": "pomyłka"}, "coordinator")).status_code == 403
    cancelled = (await office.post(f"{address}/cancel", {"reason": "pomyłka"}, "facilities")).json()
    assert (cancelled["cancel_reason"], cancelled["sides_left"]) == ("pomyłka", [])
    for narrowing in ("symbol=mt", f"year={document['year']}", f"asset={document['ids'][0]}", "q=MT/"):
        assert (await office.get(f"/documents?{narrowing}&limit=500", "auditor")).json()["total"] == 1, narrowing
    for narrowing in ("symbol=LT", "year=2020", "asset=99999", "q=LT"):
        assert (await office.get(f"/documents?{narrowing}", "auditor")).json()["total"] == 0, narrowing


async def test_who_has_nothing_to_do_with_it_does_not_see_it(office: Office) -> None:
    address = f"/documents/{(await moved(office))['id']}"
    for who in ("alice", "duty"):
        assert (await office.get("/documents", who)).json()["items"] == [], who
        for path in (address, f"{address}.pdf"):
            assert (await office.get(path, who)).json()["code"] == "document.unknown", (who, path)
        assert (await office.post(f"{address}/sign", {"side": "taker"}, who)).status_code == 404, who
    assert (await office.post(f"{address}/sign", {"side": "taker"}, "auditor")).status_code == 403
    assert (await office.get("/documents/99999", "admin")).json()["code"] == "document.unknown"


async def test_whom_a_paper_names_reads_and_signs_it(office: Office) -> None:
    asset = await make_asset(room=office.rooms["M-1"])
    await office.post(f"/assets/{asset.id}/transitions/assign", {"custodian": "alice"}, "facilities")
    document = await Document.get(symbol="PW")
    page = (await office.get(f"/documents/{document.id}", "alice")).json()
    assert (page["is_with"], page["lines"][0]["value"]) == (office.people["alice"].name, None), "without the money"
    assert (await office.post(f"/documents/{document.id}/sign", {"side": "taker"}, "alice")).is_success
    assert (await office.get("/documents", "alice")).json()["total"] == 1


async def test_a_durable_piece_leaves_by_two_keys_alone(office: Office) -> None:
    asset = await make_asset(room=office.rooms["M-1"], durable_until=TOMORROW)
    address, way = f"/assets/{asset.id}/durability-override", f"/assets/{asset.id}/transitions/liquidate"
    assert (await office.post(way, {"reason": "x"}, "admin")).json()["code"] == "asset.durable"
    assert (await office.get(address, "admin")).json()["code"] == "override.unknown"
    for who in ("alice", "duty", "auditor"):
        assert (await office.post(address, {"reason": "x"}, who)).status_code == 403, who
    first = await office.post(address, {"reason": "zalany"}, "facilities")
    assert (first.status_code, first.json()["state"], first.json()["durable_until"]) == (
        201,
        "asked",
        TOMORROW.isoformat(),
    )
    assert (await office.post(f"{address}/confirm", who="facilities")).json()["code"] == "override.same_person"
    confirmed = (await office.post(f"{address}/confirm", who="coordinator")).json()
    assert (confirmed["state"], confirmed["confirmed_as"]) == ("confirmed", "coordinator")
    assert (await office.post(way, {"reason": "zalany"}, "facilities")).is_success
    assert (await office.get(address, "admin")).status_code == 404, "used once"
    assert (await office.post(f"{address}/withdraw", {"reason": "x"}, "admin")).status_code == 404


async def test_the_pages_show_sign_print_and_cancel(desk: Desk) -> None:
    room, other = await make_room(code="Z-1"), await make_room(code="Z-2")
    asset = await make_asset(room=room, name="Projektor")
    assert "No documents here" in await desk.read("/documents", "facilities")
    await desk.post(f"/assets/{asset.id}/move", "facilities", room=other.code, revision="1", key="k")
    document = await Document.get()
    page = await desk.read("/documents", "facilities")
    assert document.number in page
    assert document.number in await desk.read("/documents?symbol=mt", "facilities")
    for symbol in ("pw", "none", "%00"):
        assert "No documents here" in await desk.read(f"/documents?symbol={symbol}", "facilities")
    assert "to be signed" in page
    here = f"/documents/{document.id}"
    leads = await desk.get(f"/search?q={document.number.lower()}", "facilities")
    assert leads.headers["location"] == here
    assert (await desk.get(f"/search?q={document.number}", "member")).status_code == 200
    assert "Projektor" in await desk.read(here, "facilities")
    assert "Nothing was changed" in text_of((await desk.send(f"{here}/sign", "facilities", side="nonsense")).text)
    for _ in range(2):
        answer = await desk.send(f"{here}/sign", "facilities", side="giver", key="once")
        assert "You signed the document." in text_of(answer.text)
    answer = await desk.send(f"{here}/sign", "facilities", side="taker")
    assert "Another person signs" in text_of(answer.text)
    assert 'value="taker"' not in answer.text.partition("/cancel")[2], "a side is no reason to cancel"
    paper = await desk.get(f"{here}.pdf", "facilities")
    assert (paper.headers["content-type"], paper.content[:5]) == ("application/pdf", b"%PDF-")
    assert paper.content == (await desk.get(f"{here}.pdf", "accountant")).content
    assert "The field reason is missing" in text_of((await desk.send(f"{here}/cancel", "facilities", reason=" ")).text)
    for _ in range(2):
        answer = await desk.send(f"{here}/cancel", "facilities", reason="x", key="once")
        assert "Its number stays taken" in text_of(answer.text)
    assert "file_added" not in await desk.read(here, "facilities")
    assert document.number in await desk.read(f"/assets/{asset.id}", "facilities")
    assert "No documents here" in await desk.read("/documents", "member")
    assert (await desk.get(here, "member")).status_code == 404
    assert (await desk.post(f"{here}/cancel", "coordinator", reason="x")).status_code == 403


async def test_the_page_of_the_two_keys(desk: Desk) -> None:
    asset, free = await make_asset(durable_until=TOMORROW), await make_asset()
    here = f"/assets/{asset.id}/durability"
    assert here in (await desk.get(f"/assets/{asset.id}", "facilities")).text
    assert "needs no permission" in await desk.read(f"/assets/{free.id}/durability", "facilities")
    assert "The field reason is missing" in text_of((await desk.send(here, "facilities", act="ask", reason="")).text)
    assert "Permission is asked for" in text_of((await desk.send(here, "facilities", act="ask", reason="zalany")).text)
    assert "Another person, of another role, confirms." in await desk.read(here, "facilities")
    assert "The piece stays." in text_of((await desk.send(here, "coordinator", act="withdraw", reason="pomyłka")).text)
    assert "Permission is asked for" in text_of((await desk.send(here, "facilities", act="ask", reason="zalany")).text)
    assert "You allow that it leaves" in await desk.read(here, "coordinator")
    assert "must be another person" in text_of((await desk.send(here, "facilities", act="confirm")).text)
    assert "may leave, once" in text_of((await desk.send(here, "coordinator", act="confirm")).text)
    assert (await desk.get(here, "member")).status_code == 403
    assert (await desk.get("/assets/9999/durability", "facilities")).status_code == 404
