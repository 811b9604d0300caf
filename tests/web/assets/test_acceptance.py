"""Accepting pieces on pages and by programs: one, those that are ticked, all of a filter."""

import asyncio
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from registry.assets.models import Asset, Lifecycle, Purchase
from registry.bulk_changes.models import BulkPiece
from registry.core import claims
from registry.documents.models import Document
from tests.make import make_asset, make_room
from tests.web.conftest import Office
from tests.web.desk import Desk, text_of
from web.app import SiteOptions, create_site

pytestmark = [pytest.mark.anyio, pytest.mark.databases("sqlite")]


@pytest.fixture
async def desk(database: Any, tmp_path: Path) -> Desk:
    return await Desk(create_site(SiteOptions(secret_key="k" * 40, data_dir=tmp_path, language="en"))).open()


async def bought(many: int, code: str = "Z001", **columns: Any) -> list[Asset]:
    """Pieces of one line of an invoice, ordered."""
    purchase = await Purchase.create(
        code=code, name="Krzesło", supplier="Meble", invoice_no=f"FV/{code}", quantity=many, unit_price=450
    )
    default = {"lifecycle": Lifecycle.ORDERED, "kst": "808", "purchase": purchase, "accepted_on": None}
    return [await make_asset(**default | columns) for _ in range(many)]


async def test_a_program_accepts_many_by_one_paper_and_no_piece_twice(office: Office) -> None:
    ids = [asset.id for asset in await bought(3)]
    rows = {row["name"]: row for row in (await office.get("/transitions", "facilities")).json()["items"]}
    assert [question["field"] for question in rows["accept"]["asks"]] == [
        "lifecycle", "room", "custodian", "accepted_on", "reason",
    ]  # fmt: skip
    assert (rows["accept"]["document"], rows["take_back_acceptance"]["document"]) == ("OT", "OT-K")
    body = {"ids": ids, "room": "M-1", "custodian": "bob", "accepted_on": "2022-04-22", "lifecycle": "in_store"}
    assert (await office.post("/transitions/accept", body, "alice")).status_code == 403
    for wrong in ({"lifecycle": "disposed"}, {"accepted_on": "2022-02-30"}, {"accepted_on": "2150-01-01"}):
        assert (await office.post("/transitions/accept", body | wrong, "facilities")).status_code == 422, wrong
    answer = await office.post("/transitions/accept", body, "facilities")
    document = await Document.get()
    assert answer.json() == {"document": document.number, "done": ids, "refused": []}
    row = await Asset.get(id=ids[0])
    assert (row.lifecycle, row.accepted_on, row.room_id) == ("in_store", date(2022, 4, 22), office.rooms["M-1"].id)
    again = await office.post("/transitions/accept", {"ids": ids[:1]}, "facilities")
    (refusal,) = again.json()["refused"]
    assert (again.status_code, refusal["code"]) == (409, "asset.accepted")
    assert document.number in refusal["detail"]
    detail = (await office.get(f"/documents/{document.id}", "facilities")).json()
    assert detail["sources"] == [
        {"supplier": "Meble", "contract": "", "invoice_no": "FV/Z001", "invoiced_on": None, "lines": "1–3"}
    ]
    assert detail["funding"] == [{"fund": "", "grant": "", "amount": "1350.00"}]
    assert (detail["lines"][0]["is_with"], detail["lines"][0]["accepted_on"]) == ("Bob", "2022-04-22")
    keeper = (await office.get(f"/documents/{document.id}", "bob")).json()
    assert (keeper["funding"][0]["amount"], keeper["lines"][0]["value"]) == (None, None)
    back = {"reason": "zła faktura"}
    piece = await office.post(f"/assets/{ids[0]}/transitions/take_back_acceptance", back, "facilities")
    assert piece.json()["lifecycle"] == "ordered"
    assert (await office.get("/documents?q=OT-K/", "facilities")).json()["total"] == 1


async def test_the_page_of_what_was_ordered_offers_to_accept_it_first(desk: Desk) -> None:
    (asset,), _ = await bought(1), await make_room(code="M-1")
    here = f"/assets/{asset.id}"
    page = (await desk.get(here, "facilities")).text
    assert page.index(f'action="{here}/accept"') < page.index('class="act-list"')
    assert f'action="{here}/take_back_acceptance"' not in page
    typed = {"room": "M-1", "custodian": "bob", "revision": "1", "key": "k", "reason": "nowe"}
    for day in ("31.02.2022", (datetime.now(UTC) + timedelta(days=3)).date().isoformat()):
        refusal = await desk.send(f"{here}/accept", "facilities", **typed, accepted_on=day)
        assert f'value="{day}"' in refusal.text, "what was typed stays"
        assert "nowe</textarea>" in refusal.text
    missing = await desk.send(f"{here}/accept", "facilities", reason="x")
    assert "is missing: a room, a custodian." in text_of(missing.text)
    for _ in range(2):
        answer = await desk.send(f"{here}/accept", "facilities", **typed, accepted_on="22.04.2022")
        assert "It is accepted. The OT is issued." in answer.text
    page = (await desk.get(here, "facilities")).text
    assert f'action="{here}/accept"' not in page
    assert "Accepted into use" in text_of(page)
    document = await Document.get()
    paper = await desk.read(f"/documents/{document.id}", "facilities")
    assert "Meble, FV/Z001" in paper
    assert "the committee of acceptance" in paper
    back = await desk.send(f"{here}/take_back_acceptance", "facilities", reason="pomyłka")
    assert "The acceptance is taken back" in back.text
    correction = await Document.get(symbol="OT-K")
    assert document.number in await desk.read(f"/documents/{correction.id}", "facilities")


async def test_those_that_are_ticked_are_accepted_where_they_stand(desk: Desk) -> None:
    pieces = await bought(2, lifecycle=Lifecycle.IN_USE, custodian=desk.people["bob"])
    ids, _ = [str(asset.id) for asset in pieces], await make_room(code="M-1")
    page = (await desk.get(f"/assets/chosen?act=accept&id={ids[0]}&id={ids[1]}", "facilities")).text
    assert "Accept 2 assets into use" in page
    assert '<select id="f-room" name="room" required' not in page
    refusal = await desk.send("/assets/chosen", "facilities", act="accept", id=ids, reason="x", accepted_on="nie")
    assert 'value="nie"' in refusal.text
    refusal = await desk.send("/assets/chosen", "facilities", act="accept", id=ids)
    assert text_of(refusal.text).count("is missing: a room.") == 2
    answer = await desk.post("/assets/chosen", "facilities", act="accept", id=ids, room="M-1")
    document = await Document.get()
    assert answer.headers["location"] == f"/assets?done=2&paper={document.id}"
    assert document.pieces == 2


async def test_all_of_a_filter_get_a_paper_for_each_line_of_an_invoice(desk: Desk) -> None:
    room, bob = await make_room(), desk.people["bob"]
    place = {"room": room, "custodian": bob, "category": "biuro"}
    first = [*await bought(60, **place), *await bought(2, "Z002", lifecycle=Lifecycle.IN_USE, **place)]
    bare = await make_asset(category="biuro", kst="", lifecycle=Lifecycle.ORDERED)
    wish = {"act": "accept", "list": "category=biuro", "accepted_on": "2022-04-22", "reason": "dostawa"}
    form = (await desk.get("/assets/changes/new?act=accept&whole=1&category=biuro", "facilities")).text
    assert "Accept 63 assets into use" in form
    refusal = await desk.send("/assets/changes", "facilities", **wish | {"accepted_on": "nie"})
    assert 'value="nie"' in refusal.text
    where = (await desk.post("/assets/changes", "facilities", **wish)).headers["location"]
    preview = await desk.read(f"{where}?show=refused", "facilities")
    assert "a KŚT symbol, a room, a custodian." in preview
    await desk.post(f"{where}/commit", "facilities")
    await asyncio.gather(*claims._tasks.value)
    papers = await Document.all().order_by("id").values_list("number", "pieces")
    year = datetime.now(UTC).year
    assert [pieces for _, pieces in papers] == [60, 2], "one for each line of an invoice"
    assert {number.partition("/")[0] for number, _ in papers} == {"OT"}, year
    assert {row.accepted_on for row in await Asset.filter(id__in=[one.id for one in first])} == {date(2022, 4, 22)}
    assert (await BulkPiece.get(asset_id=bare.id)).refusal["code"] == "asset.not_acceptable"
