"""A history in words with hours, and where pieces have been: of a piece, a room and a person."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from registry.assets import actions, attachments
from registry.assets.actions import NewAsset, register
from registry.assets.models import FundingShare
from registry.assets.transitions import Answers
from registry.core import history
from registry.core.history import SYSTEM
from registry.core.transaction import transaction
from registry.faults.asset_transitions import perform
from registry.files.actions import NewAttachment, store
from registry.grants.models import Grant
from tests import make
from tests.conftest import Database
from tests.statements import Statements
from tests.web.desk import Desk
from web.app import SiteOptions, create_site

pytestmark = [pytest.mark.anyio, pytest.mark.databases("sqlite")]
DAY = timedelta(days=1)


@pytest.fixture
async def desk(database: Database, tmp_path: Path) -> Desk:
    return await Desk(create_site(SiteOptions(secret_key="k" * 40, data_dir=tmp_path, language="en"))).open()


async def travelled(desk: Desk) -> int:
    """A projector that came from store to a room ten days ago, and to Alice today."""
    store_room, room = await make.make_room(code="MG-01"), await make.make_room(code="ZW-01")
    began = datetime.now(UTC) - 40 * DAY
    new = NewAsset("Projektor", Decimal("8120"), "INV/1", room_id=store_room.id)
    asset = await register(new, SYSTEM, began)
    await perform("move", asset.id, Answers(room.id, reason="for a training"), SYSTEM, began + 30 * DAY)
    await perform("assign", asset.id, Answers(custodian_id=desk.people["alice"].id), SYSTEM, began + 40 * DAY)
    return asset.id


async def test_a_piece_shows_where_it_has_been_and_what_changed(desk: Desk) -> None:
    asset_id = await travelled(desk)
    warranty = {"warranty_until": date(2027, 7, 1), "note": "x" * 200}
    await actions.correct(asset_id, warranty, SYSTEM, datetime.now(UTC))
    answer = await desk.get(f"/assets/{asset_id}", "auditor")
    assert 'class="whereabouts"' in answer.text
    assert 'class="pt-7 pu-5"' in answer.text, "three quarters of its time it was in store"
    page = await desk.read(f"/assets/{asset_id}", "auditor")
    assert "Before: MG-01, " in page
    assert "Moved room MG-01 now ZW-01 Izba · for a training" in page
    assert "Entrusted custodian nobody now Alice" in page
    assert "warranty until nothing now 01/07/2027" in page
    assert "x" * 120 + "…" in page
    assert "Put into the register inventory number INV/1 room MG-01" in page


async def test_rooms_and_people_of_a_history_are_asked_for_once(desk: Desk, statements: Statements) -> None:
    asset_id = await travelled(desk)
    now = datetime.now(UTC)
    desk.app.state.clock = lambda: now  # who asks is remembered for five seconds
    await desk.get(f"/assets/{asset_id}", "auditor")
    with statements.at_most(14):
        await desk.get(f"/assets/{asset_id}", "auditor")


async def test_a_piece_that_never_moved_has_no_line_of_time(desk: Desk) -> None:
    asset = await register(NewAsset("Stół", Decimal(1)), SYSTEM, datetime.now(UTC))
    assert "whereabouts" not in (await desk.get(f"/assets/{asset.id}", "auditor")).text


async def test_an_entry_with_values_of_any_kind_is_told(desk: Desk) -> None:
    asset = await make.make_asset()
    before = {"price": "8210.00", "lifecycle": "in_store", "condition": "ok", "accepted_on": "x", "quantity": 1, "a": 1}
    after = {"price": "8120.00", "lifecycle": "in_use", "condition": "faulty", "accepted_on": "2022-07-01", "a": 2}
    async with transaction():
        await history.write(f"asset:{asset.id}", "changed", SYSTEM, datetime.now(UTC), before=before, after=after)
    page = await desk.read(f"/assets/{asset.id}", "auditor")
    assert "life cycle in store now in use condition working now faulty price 8,210.00 PLN now 8,120.00 PLN" in (
        page.replace("\N{NO-BREAK SPACE}", " ")
    )
    assert "accepted x now 01/07/2022" in page


async def test_a_correction_of_funding_tells_what_each_source_paid(desk: Desk) -> None:
    grant = await Grant.create(code="PL/1", name="G", beneficiary="B", fund="F", total=1, granted=1, percent=75)
    asset = await make.make_asset(price=Decimal(100))
    await FundingShare.create(asset=asset, grant=None, amount=Decimal(100))
    shares = [(grant.id, Decimal("75.00")), (None, Decimal("25.00"))]
    await actions.correct(asset.id, {"shares": shares}, SYSTEM, datetime.now(UTC), reason="umowa")
    page = (await desk.read(f"/assets/{asset.id}", "auditor")).replace("\N{NO-BREAK SPACE}", " ")
    assert "funding own funds 100.00 PLN now PL/1 75.00 PLN, own funds 25.00 PLN" in page


async def test_a_history_links_a_file_that_is_still_there(desk: Desk) -> None:
    asset, now = await make.make_asset(), datetime.now(UTC)
    files = []
    for name in ("a.pdf", "b.pdf"):
        content = await store(f"%PDF-1.7 {name}".encode(), name, 10**6)
        files += await attachments.attach([asset.id], NewAttachment(content), SYSTEM, now)
    for file in files:
        await attachments.detach(asset.id, file.id, SYSTEM, now)
    await attachments.put_back(asset.id, files[0].id, SYSTEM, now)
    section = (await desk.get(f"/assets/{asset.id}", "auditor")).text.partition('id="asset-history"')[2]
    assert section.count(f'href="/files/{files[0].id}"') == 3
    assert f'href="/files/{files[1].id}"' not in section
    assert "b.pdf" in section


async def test_a_room_tells_what_came_and_went(desk: Desk) -> None:
    asset_id = await travelled(desk)
    store_room = await desk.read("/rooms/MG-01/movements", "facilities")
    assert "Projektor went, to: ZW-01 INV/1 · Izba · for a training" in store_room
    assert "Projektor came, from: nowhere INV/1 · Izba" in store_room
    page = (await desk.get("/rooms/ZW-01", "facilities")).text
    assert 'href="/rooms/ZW-01/movements"' in page
    assert f'href="/assets/{asset_id}"' in (await desk.get("/rooms/ZW-01/movements", "auditor")).text
    await make.make_room(code="ZW-09")
    assert "Nothing came or went yet" in await desk.read("/rooms/ZW-09/movements", "auditor")
    assert (await desk.get("/rooms/ZW-01/movements", "alice")).status_code == 403
    assert (await desk.get("/rooms/none/movements", "auditor")).status_code == 404


async def test_a_person_sees_what_they_have_and_had(desk: Desk) -> None:
    asset_id = await travelled(desk)
    page = await desk.read("/people/alice/assets", "alice")
    assert "In the care of Alice" in page
    assert "1 asset now" in page
    assert "Projektor got, from: nobody" in page
    await perform("unassign", asset_id, Answers(), SYSTEM, datetime.now(UTC))
    page = await desk.read("/people/alice/assets", "auditor")
    assert "0 assets now" in page
    assert "Projektor gave up, to: nobody" in page
    assert (await desk.get("/people/alice/assets", "bob")).status_code == 403
    other = await make.make_asset(custodian=desk.people["alice"])
    for who, is_led in (("alice", True), ("bob", False), ("auditor", True)):
        assert ('href="/people/alice/assets"' in (await desk.get(f"/assets/{other.id}", who)).text) is is_led, who
    assert (await desk.get("/people/none/assets", "auditor")).status_code == 404
    assert "Nothing has been written yet." in await desk.read("/people/bob/assets", "bob")
