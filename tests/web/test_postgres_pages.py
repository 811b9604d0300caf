"""Every page opens on PostgreSQL too, in an office where there is something of everything."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi.routing import APIRoute

from registry.assets import tags
from registry.assets.categories import NewCategory, add_category
from registry.assets.models import Tag
from registry.assets.transitions import Answers
from registry.blocks.actions import make_block
from registry.blocks.rules import Clearance, NewBlock
from registry.bookings.series_actions import book_series
from registry.bookings.series_rules import SeriesRequest
from registry.bulk_changes.actions import NewBulkChange, prepare
from registry.core.history import SYSTEM, Actor
from registry.devices import pairing
from registry.devices.models import Device
from registry.documents.models import Document
from registry.faults.actions import NewReport, report
from registry.importing import sessions
from registry.outbox.models import Notice
from registry.people.actions import issue_token
from registry.rooms.models import Building, OpeningProfile
from registry.sets.actions import NewSet, make_set
from registry.stocktakes.actions import NewArea, StocktakeOrder, close, order
from registry.stocktakes.models import CountSheet
from registry.stocktakes.rules import AreaKind
from registry.works.actions import make_works
from registry.works.rules import NewWorks
from tests import make
from tests.conftest import Database
from tests.make import drawing
from tests.web.desk import Desk
from web.app import SiteOptions, create_site
from web.kit.query_names import names_of
from web.routes import all_routes

KEY = "the-key-of-a-door"
CODE = tags.new_code((5).to_bytes(tags.RANDOM_BYTES, "big"))
ENDLESS = {"/panel/events", "/devices/wave", "/wall/{secret}/events"}  # streams; tests/web/doors, tests/web/devices
# what is set is put there by the composition root, and none is here; no invitation was just given to this browser
# no pages: a tablet asks whether it has become another; the organizer's phone finds that nothing runs at the door
ANSWERS = {"/panel/waiting": 205, "/panel/end/{panel_code}/{name}": 404, "/admin/settings/{name}": 404,
           "/admin/settings/groups/{name}": 404,
           "/admin/people/slips": 404}  # fmt: skip
PAGES = sorted(
    {
        route.path
        for route in all_routes()
        if isinstance(route, APIRoute) and "GET" in route.methods and not route.include_in_schema
    }
    - ENDLESS
)
pytestmark = [pytest.mark.anyio, pytest.mark.databases("postgres")]


@pytest.fixture
async def desk(database: Database, tmp_path: Path) -> Desk:
    return await Desk(create_site(SiteOptions(secret_key="k" * 40, data_dir=tmp_path, language="en"))).open()


async def addresses(desk: Desk) -> dict[str, str]:
    """What stands in each address for its parameters, and the questions of those that need one."""
    now = datetime.now(UTC)
    room = await make.make_room(code="MAIN")
    asset = await make.make_asset(room=room, search_text="krzeslo")
    await Tag.create(code=CODE, asset_id=asset.id, created_at=now)
    await make.make_device(code="MAIN-occ", room=room, heard_at=now)
    await make.make_panel(code="MAIN-door", room=room, key_digest=pairing.digest(KEY))
    person = desk.people["admin"]
    span = (now + timedelta(hours=20), now + timedelta(hours=21))
    booking = await make.make_booking(*span, room=room, organizer=person, institution_id=person.institution_id)
    filed = await report(NewReport(room.id, text="x"), Actor("x", "web", person.id), now)
    upload = await sessions.send(b"nazwa;cena\nLampa;10\n", "lista.csv", None, person.id, now)
    asset_set = await make_set(NewSet("Zestaw", (asset.id,)), SYSTEM, now)
    notice = await Notice.create(person=person, kind="account.trial", event="x", at=now)
    places = await Building.get(id=room.building_id).select_related("site")
    await OpeningProfile.create(code="week")
    other, device = await make.make_room(code="OTHER"), await Device.get(code="MAIN-occ")

    headers = {"authorization": f"Bearer {await issue_token('admin', 'test', SYSTEM, now)}"}

    async def answer_of(path: str, **content: Any) -> dict[str, Any]:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(desk.app), base_url="http://test") as client:
            answer = await client.post(f"/api/v1{path}", headers=headers, **content)
        assert answer.is_success, answer.text
        return dict(answer.json())

    file = await answer_of(f"/assets/{asset.id}/files", files={"file": ("a.png", drawing())})
    feed = await answer_of("/feeds", json={"of": "me"})
    invitation = await answer_of("/people/bob/invite", json={})
    await answer_of(f"/assets/{asset.id}/transitions/move", json={"room": other.code})
    document = await Document.get()
    plan = f"/plans/{places.code}/0"
    await desk.api("POST", f"{plan}/picture", "admin", files={"file": ("a.png", drawing(200, 200))})
    wall = (await desk.api("PUT", f"{plan}/wall", "admin")).json()["url"].removeprefix("http://127.0.0.1:8000")
    block = await make_block(NewBlock((other.code,), (span,), "x"), Clearance(), person, SYSTEM, now)
    works = await make_works(NewWorks("Remont", now.date(), now.date(), (other.code,)), SYSTEM, now)
    areas = tuple(NewArea(AreaKind.ROOM, one.code) for one in (room, other))
    order_of_count = StocktakeOrder(areas, ("admin", "bob"), "admin", now.date(), is_blind=False, opens=True)
    stocktake = await order(order_of_count, person, SYSTEM, now)
    await close(stocktake.id, person, SYSTEM, now, other.code)
    sheet = await CountSheet.get()
    move = NewBulkChange("move", answers=Answers(room_id=room.id), revisions={asset.id: None})
    bulk = await prepare(move, person.id, now)
    await add_category(NewCategory("Projektory"), SYSTEM, now)
    start = (now + timedelta(days=3)).replace(hour=5, minute=0, second=0, microsecond=0, tzinfo=None)
    series = await book_series(SeriesRequest(room.code, start, 60, "FREQ=WEEKLY;COUNT=2"), person, SYSTEM, now)
    values = {
        "series_id": series.id,
        "notice_id": notice.id, "block_id": block.id, "works_id": works.id, "document_id": document.id,
        "stocktake_id": stocktake.id, "sheet_id": sheet.id,
        "device_id": device.id, "site": places.site.code, "secret": feed["url"].split("/")[-2],
        "set_id": asset_set.id, "file_id": file["id"], "login": "admin",
        "booking_id": booking.id, "asset_id": asset.id, "number": upload.id, "kind": "csv", "key": KEY, "code": "MAIN",
        "fault_id": filed.fault.id, "panel_code": "MAIN-door", "name": "0",
    }  # fmt: skip
    special = {
        "/t/{code}": f"/t/{CODE}", "/T/{code}": f"/T/{CODE}",
        "/assets/import/blank/{kind}.xlsx": "/assets/import/blank/assets.xlsx",
        "/admin/hours/{code}": "/admin/hours/week", "/admin/institutions/{code}": "/admin/institutions/theirs",
        "/admin/places/buildings/{code}": f"/admin/places/buildings/{places.code}",
        "/wall/{secret}": wall, "/wall/{secret}/picture": f"{wall}/picture",
        "/plan/{building}/{floor}": f"/plan/{places.code}/0",
        "/admin/places/plans/{building}/{floor}": f"/admin/places/plans/{places.code}/0",
        "/admin/places/sites/{code}": f"/admin/places/sites/{places.site.code}",
        "/assets/changes/{number}": f"/assets/changes/{bulk.id}",
        "/assets/changes/{number}/progress": f"/assets/changes/{bulk.id}/progress",
        "/categories/{code}": "/categories/projektory", "/help/{name:path}": "/help/how-to/scan",
        "/help/images/{name}": "/help/images/asset-390.png",
        "/password/{secret}": f"/password/{invitation['code']}",
        "/assets/{asset_id}/edit/check": f"/assets/{asset.id}/edit/check?field=name&name=x",
        "/labels/preview.svg": "/labels/preview.svg?room=OTHER",
        "/labels/equipment.pdf": "/labels/equipment.pdf?rooms=MAIN",
        "/assets/chosen": f"/assets/chosen?act=move&id={asset.id}",
        "/assets/{asset_id}/edit": f"/assets/{asset.id}/edit?field=name",
    }  # fmt: skip
    return {path: special.get(path) or path.replace(":path}", "}").format_map(values) for path in PAGES}


@pytest.mark.parametrize("path", PAGES)
async def test_a_page_opens(desk: Desk, path: str) -> None:
    answer = await desk.get((await addresses(desk))[path], "admin", follow_redirects=True)
    assert answer.status_code == ANSWERS.get(path, 200), (str(answer.url), answer.text[:1000])


async def test_a_zero_byte_in_a_question_breaks_no_page(desk: Desk) -> None:
    places = await addresses(desk)
    for path, name in asked():
        answer = await desk.get(with_question(places[path], name, "%00"), "admin")
        assert answer.status_code < 500, (path, name)


@pytest.mark.parametrize(
    ("path", "fields", "status"),
    [
        ("/password/forgotten", {"who": "a\0b"}, 303),
        ("/admin/people/new", {"login": "a\0", "name": "A", "role": "member"}, 422),
        ("/admin/people/new", {"login": "nowa", "name": "A", "role": "member", "institution": "a\0"}, 404),
        ("/admin/institutions/new", {"code": "A", "name": "A\0"}, 422),
    ],
)
async def test_a_zero_byte_in_a_form_is_told_and_not_lost(
    desk: Desk, path: str, fields: dict[str, str], status: int
) -> None:
    assert (await desk.post(path, "admin", **fields)).status_code == status


def asked() -> list[tuple[str, str]]:
    """Each page with each text that it may be asked."""
    return sorted(
        (route.path, name)
        for route in all_routes()
        if isinstance(route, APIRoute) and route.path in PAGES and "GET" in route.methods
        for name in names_of(route.dependant)
    )


def with_question(address: str, name: str, value: str) -> str:
    return f"{address}{'&' if '?' in address else '?'}{name}={value}"
