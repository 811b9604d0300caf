"""The list of assets, one asset's page, what each role may do to it, and what a label opens."""

import io
import re
from datetime import UTC, date, datetime
from decimal import Decimal
from html import unescape
from pathlib import Path

import openpyxl
import pytest

from registry.assets import tags
from registry.assets.models import Asset, FundingShare, Purchase, Tag
from registry.assets.rules import search_text
from registry.core import history
from registry.core.history import Actor, HistoryEntry
from registry.grants.models import Grant
from registry.rooms.models import Room
from tests import make
from tests.conftest import Database
from tests.statements import Statements
from tests.web.desk import Desk, text_of
from web.app import SiteOptions, create_site
from web.assets.table import address_of
from web.assets.view import durability

pytestmark = [pytest.mark.anyio, pytest.mark.databases("sqlite")]
BASE = "https://izba.example.org"
TODAY = date(2026, 11, 26)


@pytest.fixture
async def desk(database: Database, tmp_path: Path) -> Desk:
    options = SiteOptions(secret_key="k" * 40, data_dir=tmp_path, language="en", base_url=BASE)
    return await Desk(create_site(options)).open()


async def stock(name: str = "Krzesło konferencyjne", **columns: object) -> Asset:
    asset = await make.make_asset(name=name, **columns)
    asset.search_text = search_text(name, asset.inventory_no, asset.serial_no)
    await asset.save()
    return asset


async def granted(asset: Asset, part: str, rest: str) -> None:
    grant = await Grant.create(
        code="PL/2020/PR/0111", name="Initiative", beneficiary="Office", fund="Internal Security Fund",
        total=1, granted=1, percent=75,
    )  # fmt: skip
    await FundingShare.create(asset=asset, grant=grant, amount=Decimal(part))
    await FundingShare.create(asset=asset, grant=None, amount=Decimal(rest))


def printed(number: int) -> str:
    return tags.new_code(number.to_bytes(tags.RANDOM_BYTES, "big") * 1)


async def test_search_filters_and_sums(desk: Desk) -> None:
    room = await make.make_room(code="ZW-01", name="Sala konferencyjna")
    await stock(room=room, price=Decimal("450.50"))
    await stock("Projektor laserowy", room=room, price=Decimal("10000.01"), condition="in_repair", serial_no="SN-77")
    await stock("Biurko", price=Decimal("1.00"), lifecycle="in_store")
    whole = await desk.read("/assets", "facilities")
    assert "3 assets · 10,451.51 PLN gross" in whole
    assert "All 3" in whole
    assert "In repair 1" in whole
    for query, name in {
        "q=krzeslo": "Krzesło", "q=sn-77": "Projektor", "q=sala+projektor": "Projektor", "condition=in_repair":
        "Projektor", "lifecycle=in_store": "Biurko", "room=ZW-01&q=krze": "Krzesło",
    }.items():  # fmt: skip
        page = await desk.read(f"/assets?{query}", "facilities")
        assert "1 asset" in page, query
        assert name in page, query
    page = (await desk.get("/assets?room=ZW-01&condition=in_repair", "member")).text
    assert 'href="/assets?condition=in_repair" aria-label="Remove the filter: Room: ZW-01 Sala konferencyjna"' in page
    assert "Nothing like this is in the register" in await desk.read("/assets?q=unicorn", "member")


async def test_an_empty_register_says_how_it_begins(desk: Desk) -> None:
    for who, words in {
        "facilities": "Nothing is in the register yet Read in the list that the office has, as it is, or enter the "
        "first piece by hand. Import a list Enter a piece",
        "auditor": "Nothing is in the register yet",
    }.items():
        assert words in await desk.read("/assets?sort=name", who)
    assert "Enter a piece" not in await desk.read("/assets", "auditor")


async def test_what_somebody_types_is_shown_and_never_run(desk: Desk) -> None:
    await stock("<script>alert(1)</script>")
    page = (await desk.get('/assets?q="><script>alert(2)</script>', "member")).text
    assert "<script>alert" not in page
    page = (await desk.get("/assets", "member")).text
    assert "&lt;script&gt;alert(1)" in page


@pytest.mark.parametrize(
    "query", ["sort=nonsense", "after=-1", "before=99999999999", "cols=abc", "warranty_before=yesterday",
              "without=sense", "condition=broken", "q=%00%ff", "room=" + "x" * 500, "lifecycle=<b>"]
)  # fmt: skip
async def test_an_address_that_asks_for_nonsense_is_answered(desk: Desk, query: str) -> None:
    await stock()
    assert (await desk.get(f"/assets?{query}", "member")).status_code == 200


@pytest.mark.databases("sqlite", "postgres")
async def test_the_list_is_sorted_and_turned_page_by_page(desk: Desk) -> None:
    for number in range(53):
        await stock(f"Thing {number:02}", price=Decimal(100 - number))
    first = await desk.read("/assets", "facilities")
    assert "1–50 of 53" in first
    assert "Thing 50" not in first
    page = (await desk.get("/assets?sort=price", "facilities")).text
    assert page.index("Thing 52") < page.index("Thing 20")
    assert 'aria-sort="ascending"' in page
    assert "/assets?sort=-price" in page
    page = (await desk.get("/assets", "facilities")).text
    (following,) = re.findall(r'href="(/assets\?after=[^"]+)"', page)
    page = (await desk.get(following, "facilities")).text
    assert "51–53 of 53" in text_of(page)
    (former,) = re.findall(r'href="(/assets\?before=[^"]+)"', page)
    assert "1–50 of 53" in await desk.read(former, "facilities")


async def test_prices_are_not_for_everybody(desk: Desk) -> None:
    asset = await stock(price=Decimal("4321.00"))
    for who, sees in {"member": False, "duty": False, "accountant": True, "auditor": True, "facilities": True}.items():
        for path in ("/assets", f"/assets/{asset.id}"):
            text = (await desk.get(path, who)).text
            assert ("4,321.00" in text) is sees, (who, path)


async def test_the_page_of_an_asset_tells_all_that_is_known(desk: Desk) -> None:
    room = await make.make_room(code="ZW-01")
    bought = await Purchase.create(
        code="Z077", name="x", contract="2/2022", invoice_no="FV/9", quantity=1, unit_price=Decimal("10000.01")
    )
    asset = await stock(
        "Projektor", room=room, price=Decimal("10000.01"), purchase=bought, kst="662", account="011",
        accepted_on=date(2022, 4, 22), warranty_until=date(2099, 1, 1), durable_until=date(2099, 4, 22),
        custodian=desk.people["bob"],
    )  # fmt: skip
    await granted(asset, "7500.01", "2500.00")
    code = printed(7)
    await Tag.create(code=code, asset=asset, created_at=datetime.now(UTC))
    page = await desk.read(f"/assets/{asset.id}", "accountant")
    money = ["7,500.01", "2,500.00", "Internal Security Fund", "PL/2020/PR/0111", "2/2022", "FV/9", "662"]
    words = ["Bob", "fixed asset, account 011", "Stays in the office until 22/04/2099", code, "in use", "working"]
    for text in money + words:
        assert text in page, text
    answer = await desk.get(f"/assets/{asset.id}", "accountant")
    assert "style=" not in answer.text.partition("<main")[2]


async def test_history_is_told_in_words(desk: Desk) -> None:
    here, there = await make.make_room(code="ZW-01"), await make.make_room(code="ZW-02")
    asset = await stock(room=here)
    answer = await desk.post(f"/assets/{asset.id}/move", "facilities", room="ZW-02", reason="for the training")
    assert answer.status_code == 303
    assert (await Asset.get(id=asset.id)).room_id == there.id
    page = await desk.read(f"/assets/{asset.id}", "auditor")
    assert "Moved room ZW-01 now ZW-02 Facilities · for the training" in page
    assert "History" not in await desk.read(f"/assets/{asset.id}", "member")


async def test_each_way_out_says_what_it_does(desk: Desk) -> None:
    asset = await stock("Lampa")
    page = await desk.read(f"/assets/{asset.id}", "facilities")
    for words in ("for another one, with a document", "free of charge", "for money", "it is scrapped"):
        assert page.count(words) == 1, words
    assert page.count("it is in no list any more") == 1


async def test_a_fault_goes_through_repair_to_working_again(desk: Desk) -> None:
    room = await make.make_room(code="ZW-01")
    asset = await stock("Projektor laserowy", room=room)
    await make.make_booking(
        datetime.now(UTC).replace(microsecond=0), room=room, needs=["projector"], title="Workshop",
        organizer=desk.people["alice"], institution_id=desk.people["alice"].institution_id,
    )  # fmt: skip
    assert (await desk.post(f"/assets/{asset.id}/report_fault", "member", reason="flickers")).status_code == 303
    page = await desk.read(f"/assets/{asset.id}", "bob")
    assert "faulty" in page
    assert "1 booking of the room asked for this" in page
    assert (await desk.post(f"/assets/{asset.id}/send_to_repair", "facilities", reason="warranty")).status_code == 303
    assert (await desk.post(f"/assets/{asset.id}/mend", "facilities", reason="new lamp")).status_code == 303
    entries = await HistoryEntry.filter(object=f"asset:{asset.id}").order_by("seq").values_list("action", "reason")
    assert entries == [("fault_reported", "flickers"), ("sent_to_repair", "warranty"), ("mended", "new lamp")]


@pytest.mark.parametrize("act", ["send_to_repair", "mend", "move", "assign", "tag"])
@pytest.mark.parametrize("who", ["member", "duty", "coordinator", "accountant", "auditor"])
async def test_only_facilities_staff_change_assets(desk: Desk, who: str, act: str) -> None:
    await make.make_room(code="ZW-02")
    asset = await stock(condition="faulty")
    answer = await desk.post(f"/assets/{asset.id}/{act}", who, room="ZW-02", custodian="bob", code=printed(1))
    assert answer.status_code == 403
    assert f"/assets/{asset.id}/{act}" not in (await desk.get(f"/assets/{asset.id}", who)).text
    fresh = await Asset.get(id=asset.id)
    assert (fresh.condition, fresh.room_id, fresh.custodian_id, fresh.revision) == ("faulty", None, None, 1)


async def test_an_auditor_reports_no_fault(desk: Desk) -> None:
    asset = await stock()
    assert (await desk.post(f"/assets/{asset.id}/report_fault", "auditor", reason="x")).status_code == 403
    assert "Report a fault" not in await desk.read(f"/assets/{asset.id}", "auditor")


async def test_a_refusal_keeps_what_was_typed(desk: Desk) -> None:
    room = await make.make_room(code="ZW-02")
    asset = await stock()
    await Asset.filter(id=asset.id).update(revision=5)
    stale = await desk.post(f"/assets/{asset.id}/move", "facilities", room="ZW-02", reason="my words", revision="1")
    assert stale.status_code == 412
    assert "Somebody changed this meanwhile" in stale.text
    assert "my words</textarea>" in stale.text
    assert (await Asset.get(id=asset.id)).room_id is None
    wrong = await desk.post(f"/assets/{asset.id}/move", "facilities", room="ZW-99", reason="my words")
    assert wrong.status_code == 404
    assert "There is no room ZW-99" in wrong.text
    assert "my words</textarea>" in wrong.text
    assert (await desk.post(f"/assets/{asset.id}/explode", "facilities")).status_code == 404
    assert (await desk.post("/assets/999999/send_to_repair", "facilities", room=room.code)).status_code == 404


async def test_an_asset_that_is_not_there(desk: Desk) -> None:
    for path in ("/assets/424242", "/assets/99999999999999999999", "/assets/0"):
        assert (await desk.get(path, "member")).status_code == 404


async def test_many_assets_at_once(desk: Desk) -> None:
    room = await make.make_room(code="ZW-02")
    one, two = await stock(), await stock("Stół")
    page = await desk.read(f"/assets/chosen?act=move&id={one.id}&id={two.id}", "facilities")
    assert "Move 2 assets" in page
    ids = [str(one.id), str(two.id)]
    looks = {"id": ids, "revision": ["1", "1"]}
    answer = await desk.post("/assets/chosen", "facilities", act="move", room="ZW-02", reason="training", **looks)
    assert answer.status_code == 303
    assert await Asset.filter(room_id=room.id).count() == 2
    refused = await desk.post("/assets/chosen", "facilities", act="move", room="NO", reason="again", **looks)
    assert refused.status_code == 409
    assert "again</textarea>" in refused.text
    assert (await desk.post("/assets/chosen", "member", act="send_to_repair", id=ids)).status_code == 403
    assert (await desk.get(f"/assets/chosen?act=send_to_repair&id={one.id}", "member")).status_code == 403
    assert "pickable" not in (await desk.get("/assets", "member")).text


async def test_the_register_leaves_as_a_file(desk: Desk) -> None:
    asset = await stock("Krzesło ąę")
    answer = await desk.get("/assets/export.csv", "accountant")
    assert answer.headers["content-type"].startswith("text/csv")
    assert "Krzesło ąę" in answer.content.decode("utf-8-sig")
    book = openpyxl.load_workbook(io.BytesIO((await desk.get("/assets/export.xlsx", "auditor")).content))
    assert book.active["A2"].value == asset.inventory_no
    for who in ("member", "duty"):
        assert (await desk.get("/assets/export.csv", who)).status_code == 403
        assert "/assets/export" not in (await desk.get("/assets", who)).text


@pytest.mark.databases("sqlite", "postgres")
async def test_a_bulk_act_does_nothing_when_a_piece_changed_since_it_was_seen(desk: Desk) -> None:
    for code in ("PP-02", "ZW-01"):
        await make.make_room(code=code)
    one, two = await stock(), await stock("Stół")
    page = (await desk.get(f"/assets/chosen?act=move&id={one.id}&id={two.id}", "facilities")).text
    looks = {name: re.findall(rf'name="{name}" value="(\d+)"', page) for name in ("id", "revision")}
    assert (await desk.post(f"/assets/{one.id}/move", "admin", room="ZW-01", revision="1")).status_code == 303
    answer = await desk.post("/assets/chosen", "facilities", act="move", room="PP-02", reason="porządki", **looks)
    assert answer.status_code == 409
    assert "porządki</textarea>" in answer.text
    assert [await Asset.filter(id=asset.id).values_list("room__code", flat=True) for asset in (one, two)] == [
        ["ZW-01"], [None],
    ]  # fmt: skip
    looks["revision"] = looks["revision"][:1]
    assert (await desk.post("/assets/chosen", "facilities", act="move", room="PP-02", **looks)).status_code == 409
    assert await Asset.filter(room__code="PP-02").count() == 0


async def test_a_bulk_act_that_no_page_offers_is_refused(desk: Desk) -> None:
    asset = await stock(custodian=desk.people["bob"])
    looks = {"id": [str(asset.id)], "revision": ["1"]}
    assert (await desk.post("/assets/chosen", "facilities", act="unassign", **looks)).status_code == 422
    assert (await desk.get(f"/assets/chosen?act=unassign&id={asset.id}", "facilities")).status_code == 303
    page = (await desk.get(f"/assets/chosen?act=assign&id={asset.id}", "facilities")).text
    assert 'name="custodian"' in page
    assert (await desk.post("/assets/chosen", "facilities", act="assign", **looks)).status_code == 409
    assert (await Asset.get(id=asset.id)).custodian_id == desk.people["bob"].id


async def test_a_bulk_act_comes_back_to_the_list_with_its_filter(desk: Desk) -> None:
    await make.make_room(code="ZW-01")
    asset = await stock("Krzesło", room=await make.make_room(code="ZW-02"))
    page = (await desk.get("/assets?room=ZW-02&sort=-number", "facilities")).text
    back = re.search(r'name="back" value="([^"]+)"', page)
    assert back
    address = unescape(back[1])
    page = (
        await desk.get("/assets/chosen", "facilities", params={"act": "mend", "id": asset.id, "back": address})
    ).text
    assert f'name="back" value="{back[1]}"' in page
    looks = {"id": [str(asset.id)], "revision": ["1"], "act": "move", "room": "ZW-01"}
    answer = await desk.post("/assets/chosen", "facilities", back=address, **looks)
    assert answer.headers["location"].startswith("/assets?room=ZW-02&sort=-number&done=1&paper=")
    for evil in ("https://evil.example/assets", "//evil.example/assets", "/sign-in", "/assets\\@evil"):
        looks["revision"] = [str((await Asset.get(id=asset.id)).revision)]
        answer = await desk.post("/assets/chosen", "facilities", back=evil, **looks)
        assert answer.headers["location"].partition("&paper=")[0] == "/assets?done=1"


@pytest.mark.databases("sqlite", "postgres")
async def test_an_export_is_the_list_that_the_filter_shows(desk: Desk) -> None:
    room = await make.make_room(code="ZW-01")
    long_name = "Krzesło konferencyjne obrotowe z podłokietnikami"
    names = [long_name, "Stół", "Ławka"]
    for number, name in enumerate(names):
        await stock(name, room=room, price=100 + number, inventory_no=f"N-{number}")
    await stock("Lampa")
    page = (await desk.get("/assets?room=ZW-01&sort=-price", "accountant")).text
    links = [unescape(link) for link in re.findall(r'href="(/assets/export\.[^"]+)"', page)]
    assert [link.partition("?")[0] for link in links] == ["/assets/export.xlsx", "/assets/export.csv"]
    book = openpyxl.load_workbook(io.BytesIO((await desk.get(links[0], "accountant")).content))
    column = next(cell.column for cell in book.active[1] if cell.value == "Nazwa")
    rows = [row[column - 1] for row in book.active.iter_rows(min_row=2, values_only=True)]
    assert rows == ["Ławka", "Stół", long_name]
    width = book.active.column_dimensions[openpyxl.utils.get_column_letter(column)].width
    assert width > len(long_name)
    lines = (await desk.get(links[1], "accountant")).content.decode("utf-8-sig").splitlines()
    assert len(lines) == 1 + len(rows)
    for query, count in (
        ("?q=lampa", 1),
        ("?room=NOWHERE", 0),
        ("?condition=faulty", 0),
        ("?lifecycle=no", 0),
        ("", 4),
    ):
        lines = (await desk.get(f"/assets/export.csv{query}", "accountant")).content.decode("utf-8-sig").splitlines()
        assert len(lines) == 1 + count, query
    part = await desk.get("/assets?q=lampa", "accountant", headers={"hx-request": "true", "hx-request-type": "partial"})
    assert "/assets/export.xlsx?q=lampa" in part.text, "what is typed into the search is what leaves"


@pytest.mark.databases("sqlite", "postgres")
async def test_who_does_not_count_money_learns_nothing_of_it(desk: Desk) -> None:
    cheap, dear = await stock("A", price=10, account="013"), await stock("B", price=99_000, account="011")
    await granted(dear, "99000.00", "0.00")
    grant = (await FundingShare.filter(asset_id=dear.id, grant_id__isnull=False).values_list("grant__code", flat=True))[
        0
    ]
    for sort in ("price", "-price"):
        page = (await desk.get(f"/assets?sort={sort}", "member")).text
        assert page.index(f"/assets/{cheap.id}") < page.index(f"/assets/{dear.id}"), "by name"
        assert 'value="-price"' not in page
    page = (await desk.get("/assets", "member", params={"grant": grant})).text
    assert f"/assets/{cheap.id}" in page
    assert "2 assets" in page
    assert grant not in page
    assert 'name="grant"' not in (await desk.get("/assets", "member")).text
    assert "fixed asset" not in await desk.read(f"/assets/{dear.id}", "member")
    assert "fixed asset" in await desk.read(f"/assets/{dear.id}", "accountant")


# labels


@pytest.mark.databases("sqlite", "postgres")
async def test_a_scan_opens_exactly_what_has_the_number(desk: Desk) -> None:
    camera = await stock("Kamera", inventory_no="KAM-551")
    dock = await stock("Stacja", inventory_no="DOK-1", note="stała przy LAP-777")
    await Asset.filter(id=dock.id).update(search_text="stacja dok-1 stala przy lap-777")
    usb = {number: await stock(number, inventory_no=number) for number in ("USB11", "USB12", "USB1")}
    serial = await stock("Tablet", serial_no="sn 0042/A")
    await stock("Tablet", serial_no="SN0042/AB")
    await make.make_room(code="Sala 1")

    async def place(typed: str) -> str:
        answer = await desk.get("/scan", "member", params={"code": typed})
        return str(answer.headers.get("location", answer.status_code))

    assert await place("KAM-55") == "/assets?q=KAM-55"
    assert await place("LAP-777") == "/assets?q=LAP-777"
    assert await place("kam - 551") == f"/assets/{camera.id}"
    assert await place(" usb1 ") == f"/assets/{usb['USB1'].id}"
    assert await place("SN0042/a") == f"/assets/{serial.id}"
    assert await place("sala1") == "/rooms/Sala 1".replace(" ", "%20")
    assert await place("U/99") == "404"
    assert await place("DOK-1") == f"/assets/{dock.id}"
    assert await place("NIC-1") == "404"


async def test_an_exact_number_goes_before_a_label_that_is_only_meant(desk: Desk) -> None:
    labelled, code = await stock(), next(code for code in map(printed, range(1, 99)) if "0" in code)
    await Tag.create(code=code, asset=labelled, created_at=datetime.now(UTC))
    reading = code.replace("0", "O", 1)
    assert (await desk.get(f"/scan?code={reading}", "member")).headers["location"] == f"/assets/{labelled.id}"
    named = await stock(inventory_no=reading)
    assert (await desk.get(f"/scan?code={reading}", "member")).headers["location"] == f"/assets/{named.id}"
    assert (await desk.get(f"/scan?code={code}", "member")).headers["location"] == f"/assets/{labelled.id}"
    address = f"{BASE}/t/{code.lower()}?x=1"
    assert (await desk.get("/scan", "member", params={"code": address})).headers["location"] == f"/assets/{labelled.id}"
    long = await stock(inventory_no=f"KPUW/013/{code}")
    answer = await desk.get("/scan", "member", params={"code": f"KPUW/013/{code}"})
    assert answer.headers["location"] == f"/assets/{long.id}", "its end alone is the code of a label"


async def test_two_things_of_one_serial_number_are_listed(desk: Desk) -> None:
    for _ in range(2):
        await stock("Monitor", serial_no="S-9")
    assert (await desk.get("/scan?code=S-9", "member")).headers["location"] == "/assets?q=S-9"
    assert (await desk.post(f"/t/{printed(9)}", "facilities", thing="S-9")).status_code == 409


async def test_a_label_is_linked_to_exactly_what_has_the_number(desk: Desk) -> None:
    await stock("Kamera", inventory_no="KAM-551")
    usb = {number: await stock(name, inventory_no=number) for number, name in (
        ("USB11", "a"), ("USB12", "b"), ("USB1", "z"),
    )}  # fmt: skip
    refused = await desk.post(f"/t/{printed(9)}", "facilities", thing="KAM-55")
    assert refused.status_code == 404
    assert 'value="KAM-55"' in refused.text
    assert await Tag.all().count() == 0
    assert (await desk.post(f"/t/{printed(9)}", "facilities", thing="usb1")).status_code == 303
    assert (await Tag.get(code=printed(9))).asset_id == usb["USB1"].id


async def test_a_label_opens_its_thing_or_its_door(desk: Desk) -> None:
    asset, room = await stock(), await make.make_room(code="ZW-01")
    now = datetime.now(UTC)
    await Tag.create(code=printed(1), asset=asset, created_at=now)
    await Tag.create(code=printed(2), room=room, created_at=now)
    assert (await desk.get(f"/t/{printed(1)}", "member")).headers["location"] == f"/assets/{asset.id}"
    assert (await desk.get(f"/t/{printed(2).lower()}", "member")).headers["location"] == "/rooms/ZW-01"
    code = printed(1)
    typed = f"  {code[:3].lower()} {code[3:]} "
    assert (await desk.get("/scan", "member", params={"code": typed})).headers["location"] == f"/assets/{asset.id}"


@pytest.mark.parametrize("typed", ["INV-7", "inv-7", "sn-1", "zw-01"])
async def test_a_number_or_a_room_code_may_be_typed_too(desk: Desk, typed: str) -> None:
    asset = await stock(inventory_no="INV-7", serial_no="SN-1")
    await make.make_room(code="ZW-01")
    address = "/rooms/ZW-01" if typed == "zw-01" else f"/assets/{asset.id}"
    assert (await desk.get("/scan", "member", params={"code": typed})).headers["location"] == address


async def test_a_mistyped_code_is_kept_to_be_corrected(desk: Desk) -> None:
    answer = await desk.get("/scan", "member", params={"code": "7KQ4M2!"})
    assert answer.status_code == 404
    assert 'value="7KQ4M2!"' in answer.text
    assert "has 7 characters" in answer.text
    wrong = printed(9)[:-1] + ("A" if printed(9)[-1] != "A" else "B")
    assert "has a mistyped character" in (await desk.get("/scan", "member", params={"code": wrong})).text
    assert (await desk.get("/t/AAAAAAA", "member")).status_code == 404


async def test_a_label_that_was_printed_first_is_linked_at_the_first_scan(desk: Desk) -> None:
    asset, other = await stock(inventory_no="INV/1"), await stock(inventory_no="INV/10")
    code = printed(9)
    assert "This label is on nothing yet" in await desk.read(f"/t/{code}", "member")
    assert "<form" not in (await desk.get(f"/t/{code}", "member")).text.partition("<main")[2].partition("</main>")[0]
    assert (await desk.post(f"/t/{code}", "member", thing="INV/1")).status_code == 403
    nothing = await desk.post(f"/t/{code}", "facilities", thing="INV/99")
    assert nothing.status_code == 404
    assert 'value="INV/99"' in nothing.text
    assert (await desk.post(f"/t/{code}", "facilities", thing="INV/")).status_code == 404, "a part of a number is none"
    assert (await desk.post(f"/t/{code}", "facilities", thing="INV/1")).headers["location"].startswith("/assets/")
    assert (await Tag.get(code=code)).asset_id == asset.id
    assert (await desk.post(f"/t/{code}", "facilities", thing="INV/10")).status_code == 409
    assert await Tag.filter(asset_id=other.id).count() == 0
    room_code = printed(10)
    room: Room = await make.make_room(code="ZW-01")
    assert (await desk.post(f"/t/{room_code}", "facilities", thing="zw-01")).status_code == 303
    assert (await Tag.get(code=room_code)).room_id == room.id


async def test_a_stranger_reads_how_to_give_it_back_and_may_sign_in(desk: Desk) -> None:
    desk.secrets["stranger"] = "nobody"
    page = (await desk.get(f"/t/{printed(3)}", "stranger")).text
    assert f'href="/sign-in?next=/t/{printed(3)}"' in page


# pure


def test_the_line_of_durability() -> None:
    assert durability(date(2022, 1, 1), None, TODAY) is None
    running = durability(date(2022, 11, 26), date(2027, 11, 26), TODAY)
    assert running is not None
    assert (running.is_over, running.percent) == (False, 80)
    last_day = durability(date(2022, 11, 26), TODAY, TODAY)
    assert last_day is not None
    assert (last_day.is_over, last_day.percent) == (False, 100)
    over = durability(date(2022, 11, 26), date(2024, 11, 26), TODAY)
    assert over is not None
    assert (over.is_over, over.percent) == (True, 50)
    unknown = durability(None, date(2027, 1, 1), TODAY)
    assert unknown is not None
    assert unknown.percent == 0


def test_an_address_keeps_what_was_asked() -> None:
    address = address_of(
        {"q": " krzesło ", "room": "ZW-01", "sort": "-price", "after": "50-7-00000000", "nonsense": "1"}
    )
    assert (address.filter.q, address.sort, address.after) == ("krzesło", "-price", "50-7-00000000")
    assert address.href(room="") == "/assets?q=krzes%C5%82o&sort=-price"
    assert address.href(before="1-2-0").endswith("room=ZW-01&sort=-price&before=1-2-0")
    assert address.sorted_by("price").endswith("sort=price")
    assert (address.direction("price"), address.direction("name")) == ("descending", "")


async def test_an_entry_that_nobody_foresaw_is_told_too(desk: Desk) -> None:
    asset = await stock()
    await history.write(f"asset:{asset.id}", "painted", Actor("Izba", "system"), datetime.now(UTC), after={"colour": 1})
    assert "Changed Izba · by itself" in await desk.read(f"/assets/{asset.id}", "auditor")


@pytest.mark.databases("sqlite", "postgres")
async def test_the_pages_of_assets_ask_little(desk: Desk, statements: Statements) -> None:
    """However many there are; what somebody types into the search asks for no choices."""
    now = datetime.now(UTC)
    desk.app.state.clock = lambda: now  # who asks is remembered for five seconds
    room = await make.make_room(code="ZW-01")
    assets = [await stock(f"Thing {number:02}", room=room, custodian=desk.people["bob"]) for number in range(60)]
    await granted(assets[0], "400.00", "50.00")
    code = printed(7)
    await Tag.create(code=code, asset=assets[0], created_at=datetime.now(UTC))
    await make.make_device(room=room, asset=assets[0])
    one, move = f"/assets/{assets[0].id}", "/assets/chosen?act=move"
    chosen = move + "".join(f"&id={asset.id}" for asset in assets)
    for address, who, ceiling in (
        ("/assets", "facilities", 12),
        ("/assets", "member", 11),
        ("/assets?room=ZW-01&q=thing", "facilities", 12),
        (one, "facilities", 14),
        (one, "member", 12),
        (chosen, "facilities", 2),
        (f"/t/{code}", "member", 3),
        (f"/scan?code={code}", "member", 3),
        ("/scan?code=zw-01", "member", 2),
        ("/scan?code=thing+07", "member", 10),
    ):
        await desk.get(address, who)
        with statements.at_most(ceiling):
            assert (await desk.get(address, who)).status_code in (200, 303), address
    with statements.at_most(5):
        await desk.get("/assets?q=thing+1", "facilities", headers={"hx-request": "true", "hx-request-type": "partial"})


async def test_a_search_stays_within_an_import(desk: Desk) -> None:
    page = (await desk.get("/assets?imported=7", "facilities")).text
    assert '<input type="hidden" name="imported" value="7">' in page
    assert 'name="imported"' not in (await desk.get("/assets", "facilities")).text
