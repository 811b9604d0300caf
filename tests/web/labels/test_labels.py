"""Labels by page and by program: what is printed, by whom, and that it is remembered."""

from pathlib import Path

import pytest

from registry.assets.categories import NewCategory, add_category
from registry.assets.models import Asset, FundingShare, Tag
from registry.categories.rules import CategoryDefaults
from registry.core.history import SYSTEM, HistoryEntry
from registry.grants.models import Grant
from registry.labels.actions import label_rooms
from registry.labels.formats import USUAL_PARTS
from registry.labels.models import LabelRun
from registry.labels.queries import LabelWish, tag_codes
from tests import make
from tests.conftest import Database
from tests.make import NOW
from tests.registry.labels.test_labels import codes_in
from tests.statements import Statements
from tests.web.conftest import Office
from tests.web.desk import Desk
from tests.web.test_postgres_pages import CODE
from web.app import SiteOptions, create_site

pytestmark = pytest.mark.anyio


@pytest.fixture
async def desk(database: Database, tmp_path: Path) -> Desk:
    options = SiteOptions(secret_key="k" * 40, data_dir=tmp_path, language="en", base_url="https://izba.example")
    return await Desk(create_site(options)).open()


async def furnish() -> int:
    room = await make.make_room(code="ZW-02", name="Mała sala")
    asset = await make.make_asset(inventory_no="KPUW/1", name="Łóżeczko", room_id=room.id)
    await Tag.create(code=CODE, asset_id=asset.id, created_at=NOW)
    grant = await Grant.create(code="PL/1", name="G", beneficiary="B", fund="Fundusz", total=1, granted=1, percent=75)
    await FundingShare.create(asset=asset, grant=grant, amount=0)
    return asset.id


async def test_what_stands_in_a_room_is_looked_at_and_printed_and_that_is_remembered(desk: Desk) -> None:
    await furnish()
    page = await desk.get("/labels?room=ZW-02&format=50x30", "facilities")
    assert "/labels/preview.svg?room=ZW-02&amp;format=50x30&amp;start=1" in page.text
    assert "For a Zebra printer" in page.text
    picture = await desk.get("/labels/preview.svg?room=ZW-02&format=50x30", "facilities")
    assert picture.headers["content-type"].startswith("image/svg+xml")
    assert not await LabelRun.filter().count(), "a look is no print"
    answer = await desk.post("/labels/print", "facilities", room="ZW-02", format="a4-24", start="3")
    pages, text = codes_in(answer.content)
    assert pages == [{f"HTTPS://IZBA.EXAMPLE/T/{CODE}"}]
    for words in ("KPUW/1", "Łóżeczko", "Unia Europejska", "Projekt nr PL/1"):
        assert words in text, words
    run = await LabelRun.get()
    assert (run.format, run.count, run.actor) == ("a4-24", 1, desk.people["facilities"].name)
    assert (await Tag.get(code=CODE)).printed_at == run.at
    assert "a4-24" in await desk.read("/labels", "facilities")
    chosen = await desk.get("/assets/chosen?act=label&id=1&id=2", "facilities")
    assert chosen.headers["location"] == "/labels?ids=1%2C2"
    for path, words in (("/rooms/ZW-02", "/labels?room=ZW-02"), ("/assets/1", "/labels?ids=1"), ("/assets", "label")):
        assert words in (await desk.get(path, "facilities")).text, path
        assert "/labels" not in (await desk.get(path, "member")).text, path
    zebra = await desk.post("/labels/print", "facilities", room="ZW-02", format="50x30", kind="zpl")
    assert zebra.text.startswith("^XA")


async def test_a_choice_of_what_stands_on_a_label_is_in_the_history(desk: Desk) -> None:
    await furnish()
    for parts in ("number,name", "number,name", "number"):
        await desk.post("/labels/print", "facilities", room="ZW-02", format="a4-24", parts=parts)
    entries = await HistoryEntry.filter(object="label_layout:a4-24").order_by("seq")
    assert [(entry.before, entry.after) for entry in entries] == [
        ({"parts": ",".join(USUAL_PARTS)}, {"parts": "number,name"}), ({"parts": "number,name"}, {"parts": "number"}),
    ]  # fmt: skip
    assert entries[0].actor == desk.people["facilities"].name


async def test_blank_labels_wait_for_their_things(desk: Desk) -> None:
    answer = await desk.post("/labels/print", "facilities", blank="3", format="a4-65")
    codes = {str(code) for code in await Tag.filter(asset_id=None).values_list("code", flat=True)}
    assert codes_in(answer.content)[0] == [{f"HTTPS://IZBA.EXAMPLE/T/{code}" for code in codes}]
    for wrong in (
        {"blank": "0"},
        {"blank": "5", "start": "66"},
        {"blank": "5", "start": "x"},
        {"blank": "5", "format": "a5"},
    ):
        assert (await desk.post("/labels/print", "facilities", **{"format": "a4-65"} | wrong)).status_code == 422, wrong
    assert await Tag.filter().count() == 3, "what is refused makes no codes"


async def test_a_room_gets_a_code_of_its_own_when_somebody_asks_for_it(desk: Desk) -> None:
    room = await make.make_room(code="ZW-02", name="Mała sala")
    page = await desk.get("/labels?rooms=ZW-02&format=wall", "facilities")
    assert "Give them codes" in page.text
    assert not await Tag.filter().count()
    answer = await desk.post("/labels/rooms", "facilities", rooms="ZW-02", format="wall")
    await desk.post("/labels/rooms", "facilities", rooms="ZW-02", format="wall")
    tag = await Tag.get()
    assert tag.room_id == room.id
    assert "preview.svg" in (await desk.get(answer.headers["location"], "facilities")).text
    printed = await desk.post("/labels/print", "facilities", rooms="ZW-02", format="wall")
    pages, text = codes_in(printed.content)
    fault = f"https://izba.example/faults/new?tag={tag.code}"
    assert pages == [{f"HTTPS://IZBA.EXAMPLE/T/{tag.code}", fault}], "one to book it, one to report what is broken"
    for words in ("Mała sala", "Rezerwacja i plan dnia", "Zgłoś usterkę"):
        assert words in text, words
    reported = await desk.get(fault.removeprefix("https://izba.example"), "alice")
    assert reported.headers["location"] == "/rooms/ZW-02/fault"
    assert (await desk.post("/labels/rooms", "facilities", rooms="")).status_code == 409


async def test_a_piece_whose_label_is_lost_does_not_drop_out_of_a_print(desk: Desk) -> None:
    asset_id = await furnish()
    other = await make.make_asset(inventory_no="KPUW/2", name="Stół", room_id=(await Asset.get(id=asset_id)).room_id)
    await Tag.create(code="AAAAAAA", asset_id=other.id, created_at=NOW, lost_at=None)
    await Tag.filter(code="AAAAAAA").update(asset_id=None, lost_at=NOW)
    for query in (f"ids={asset_id},{other.id}", "room=ZW-02"):
        page = await desk.get(f"/labels?{query}&format=l7160", "facilities")
        assert "No label leads to KPUW/2 Stół." in page.text
        assert 'action="/labels/pieces"' in page.text
        assert (await desk.get(f"/labels/preview.svg?{query}", "facilities")).status_code == 409
    for _ in range(2):
        answer = await desk.post("/labels/pieces", "facilities", room="ZW-02", format="l7160", start="2")
        assert answer.headers["location"].startswith("/labels?room=ZW-02&format=l7160&start=2&parts=number")
    fresh = await Tag.get(asset_id=other.id)
    (entry,) = await HistoryEntry.filter(object=f"tag:{fresh.code}")
    assert (entry.action, entry.after) == ("linked", {"asset_id": other.id})
    printed = await desk.post("/labels/print", "facilities", ids=f"{asset_id},{other.id}", format="l7160")
    addresses = {f"HTTPS://IZBA.EXAMPLE/T/{code}" for code in (CODE, fresh.code)}
    assert codes_in(printed.content)[0] == [addresses]
    assert (await desk.post("/labels/pieces", "member", ids="1")).status_code == 403


async def test_many_rooms_are_labelled_in_few_statements(database: Database, statements: Statements) -> None:
    codes = [(await make.make_room(code=f"R-{number}")).code for number in range(30)]
    with statements.at_most(7):
        await label_rooms(codes, SYSTEM, NOW)
    with statements.at_most(4):
        tags = await tag_codes(LabelWish(rooms=tuple(codes)))
    assert tags == [(await Tag.get(room__code=code)).code for code in codes]
    await label_rooms(codes, SYSTEM, NOW)
    assert await Tag.all().count() == 30
    for code in ("R-99", "R\x001"):
        assert (await make.refused(label_rooms([*codes, code], SYSTEM, NOW))).code == "room.unknown"


async def test_what_cannot_be_printed_is_said_on_the_page(desk: Desk) -> None:
    await furnish()
    for query, words in (
        ("room=ZW-99", "no room ZW-99"), ("tags=XXX", "XXX"), ("ids=77", "nothing to print"),
        ("room=ZW-02&start=30", "from 1 to 24"),
    ):  # fmt: skip
        assert words in await desk.read(f"/labels?{query}", "facilities"), query
    assert (await desk.get("/labels?format=a5", "facilities")).status_code == 422
    assert (await desk.get("/labels?ids=x", "facilities")).status_code == 422
    for who in ("member", "accountant", "auditor"):
        assert (await desk.get("/labels", who)).status_code == 403


async def test_a_code_on_paper_opens_what_it_is_on_in_capitals_too(desk: Desk) -> None:
    asset_id = await furnish()
    answer = await desk.get(f"/T/{CODE}", "member")
    assert answer.headers["location"] == f"/t/{CODE}"
    thing = await desk.get(answer.headers["location"], "member")
    assert thing.headers["location"] == f"/assets/{asset_id}"


async def test_programs_get_labels_too(office: Office) -> None:
    asset_id = await furnish()
    for query in (f"ids={asset_id}", "room=ZW-02", f"tags={CODE.lower()}"):
        answer = await office.get(f"/labels.pdf?{query}&format=l7160", "facilities")
        assert answer.headers["content-type"] == "application/pdf", answer.text
        assert len(codes_in(answer.content)[0][0]) == 1
    assert (await office.get(f"/labels.zpl?ids={asset_id}&format=50x30", "facilities")).text.startswith("^XA")
    for query, status, code in (
        ("", 422, "label.none"), ("room=M-9", 404, "room.unknown"), ("rooms=M-1", 409, "label.room_without_tag"),
        ("tags=0000001", 404, "tag.bad_check"), ("ids=1&format=a5", 422, "label.no_format"),
    ):  # fmt: skip
        refusal = await office.get(f"/labels.pdf?{query}", "facilities")
        assert (refusal.status_code, refusal.json()["code"]) == (status, code), query
    assert (await office.get("/labels.pdf?room=M-1", "alice")).status_code == 403


async def test_the_studio_counts_labels_without_drawing_one(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    asset_id = await furnish()

    async def faces(*_: object) -> None:
        raise AssertionError("the picture draws them")

    monkeypatch.setattr("web.labels.wish.faces_of", faces)
    assert "preview.svg" in (await desk.get(f"/labels?ids={asset_id}", "facilities")).text


async def test_what_stands_in_rooms_is_a_paper_for_beside_their_doors(desk: Desk) -> None:
    await furnish()
    await make.make_room(code="ZW-03", name="Pokój pracy")
    answer = await desk.get("/rooms/ZW-02/equipment.pdf", "alice")
    assert answer.headers["content-type"] == "application/pdf"
    _, text = codes_in(answer.content)
    for words in ("ZW-02", "Mała sala", "KPUW/1", "Łóżeczko", "nobody is named"):
        assert words in text, words
    both = await desk.get("/labels/equipment.pdf?rooms=ZW-02&rooms=ZW-03", "facilities")
    _, text = codes_in(both.content)
    assert "Nothing stands here" in text
    assert "/rooms/ZW-02/equipment.pdf" in (await desk.get("/rooms/ZW-02", "alice")).text
    assert "/labels/equipment.pdf" in (await desk.get("/labels", "facilities")).text
    assert (await desk.get("/rooms/nowhere/equipment.pdf", "facilities")).status_code == 404
    assert (await desk.get("/labels/equipment.pdf", "facilities")).status_code == 422
    for path in ("/equipment.pdf?rooms=ZW-02,ZW-03", "/rooms/ZW-03/equipment.pdf"):
        called = await desk.api("GET", path, "auditor")
        assert called.content.startswith(b"%PDF-"), path


async def test_what_stands_on_a_label_is_chosen_and_remembered_for_its_format(desk: Desk) -> None:
    asset_id = await furnish()
    query = f"ids={asset_id}&format=a4-24"
    page = await desk.read(f"/labels?{query}&parts=name&parts=tag", "facilities")
    assert "What stands on it" in page
    answer = await desk.post("/labels/print", "facilities", ids=str(asset_id), format="a4-24", parts="name,tag,room")
    _, text = codes_in(answer.content)
    for words, is_there in (("Łóżeczko", True), (CODE, True), ("ZW-02", True), ("KPUW/1", False), ("Unia", False)):
        assert (words in text) is is_there, words
    again = (await desk.get(f"/labels?{query}", "facilities")).text
    assert 'value="name,tag,room"' in again
    other = (await desk.get(f"/labels?ids={asset_id}&format=l7163&parts=name&parts_for=a4-24", "facilities")).text
    assert 'value="number,name,serial,office,emblem"' in other
    refusal = await desk.get(f"/labels?{query}&parts=colour", "facilities")
    assert refusal.status_code == 422


async def test_a_category_gives_the_format_of_its_labels(desk: Desk) -> None:
    asset_id = await furnish()
    defaults = CategoryDefaults(label_format="tape-24")
    await add_category(NewCategory("projektory", defaults=defaults), SYSTEM, NOW)
    for category, form in (("", "50x30"), ("projektory", "tape-24")):
        await Asset.filter(id=asset_id).update(category=category)
        page = (await desk.get(f"/labels?ids={asset_id}", "facilities")).text
        assert f'<option value="{form}" selected>' in page, category
    assert '<option value="tape-24" selected>' in (await desk.get("/labels?room=ZW-02", "facilities")).text
    assert '<option value="a4-24" selected>' in (await desk.get("/labels?room=ZW-99", "facilities")).text


async def test_the_words_beside_the_emblem_are_the_offices(database: Database, tmp_path: Path) -> None:
    asset_id = await furnish()
    options = SiteOptions(secret_key="k" * 40, data_dir=tmp_path, language="en", union_words="Sfinansowane przez UE")
    desk = await Desk(create_site(options)).open()
    answer = await desk.post("/labels/print", "facilities", ids=str(asset_id), format="a4-24")
    assert "Sfinansowane przez UE" in codes_in(answer.content)[1]
