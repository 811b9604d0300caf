"""Drawing a floor: rooms placed by their four numbers, pictures put on and refused at their field."""

import re
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest
from fastapi import Request

from registry.core.errors import Invalid
from registry.core.events import AssetChanged, PlacesChanged, RoomChanged
from registry.core.history import SYSTEM, HistoryEntry
from registry.plans.actions import place_rooms
from registry.plans.models import FloorPlan, PlanRoom
from registry.plans.queries import Floor, is_wall, layout_of, layout_of_wall
from registry.plans.rules import BARE_HEIGHT, WIDTH, Box, rectangle, wall_digest, wall_secret
from registry.rooms.models import Room
from tests import make
from tests.conftest import Database
from tests.web.desk import Desk, text_of
from web.app import SiteOptions, create_site
from web.kit.i18n import Formats
from web.kit.live import EventStream
from web.plans.form import fault_side, percent_in, typed_box
from web.plans.wall_pages import _teller, events, wall_address

pytestmark = [pytest.mark.anyio, pytest.mark.databases("sqlite")]
PAGE = "/admin/places/plans/B/0"
SIDES = {"x": "10", "y": "20,5", "width": "30", "height": "40"}
LOOK_AGAIN = b'event: room\ndata: {"room":""}\n\n'


@pytest.fixture
async def desk(database: Database, tmp_path: Path) -> Desk:
    desk = await Desk(create_site(SiteOptions(secret_key="k" * 40, data_dir=tmp_path, language="en"))).open()
    building = await make.make_building(code="B", address="Town, Street 1")
    for number in (1, 2):
        await make.make_room(code=f"R-{number}", number=f"0.0{number}", name=f"Name {number}", building=building)
    return desk


async def upload(desk: Desk, content: bytes, name: str = "plan.svg", **fields: str) -> httpx.Response:
    return await desk.upload(f"{PAGE}/picture/files", "coordinator", [("file", (name, content))], **fields)


def picture_in(page: str) -> str:
    match = re.search(r'<image class="plan-picture" href="([^"]+)"', page)
    assert match
    return match[1]


def test_percent_as_people_type_it() -> None:
    assert [percent_in(text) for text in ("12,5", "12.5", " 7 % ", "100", "0", "100,00")] == [
        pytest.approx(part) for part in (0.125, 0.125, 0.07, 1, 0, 1)
    ]
    assert [percent_in(text) for text in ("", "x", "-1", "101", "100,5", "1e1", "١")] == [None] * 7
    assert typed_box(rectangle(0.125, 0, 0.5, 1), Formats("pl", "Europe/Warsaw")) == {
        "x": "12,5",
        "y": "0",
        "width": "50",
        "height": "100",
    }


def test_a_refusal_stands_at_the_number_that_is_too_large_or_too_small() -> None:
    assert fault_side(Invalid("plan.outside"), Box(0.8, 0, 0.3, 0.5)) == "width"
    assert fault_side(Invalid("plan.outside"), Box(0.1, 0.8, 0.3, 0.5)) == "height"
    assert fault_side(Invalid("plan.too_small"), Box(0.1, 0.8, 0.3, 0)) == "height"


async def test_rooms_are_placed_one_after_the_other_and_taken_off(desk: Desk) -> None:
    text = await desk.read(PAGE, "coordinator")
    assert "0 of 2 rooms on the plan" in text
    after = text_of((await desk.send(f"{PAGE}/rooms", "coordinator", room="R-1", **SIDES)).text)
    assert "1 of 2 rooms on the plan" in after
    assert "Name 2 , in percent" in after, "the next one without a place"
    assert (await PlanRoom.get()).corners == [[0.1, 0.205], [0.4, 0.205], [0.4, 0.605], [0.1, 0.605]]
    page = (await desk.get(f"{PAGE}?room=R-1", "coordinator")).text
    assert 'value="20.5"' in page
    assert "Rooms were placed: R-1" in text_of(page)
    await desk.send(f"{PAGE}/rooms", "coordinator", room="R-1", act="remove", **SIDES)
    assert not await PlanRoom.exists()


async def test_what_cannot_be_is_said_at_its_number_and_nothing_typed_is_lost(desk: Desk) -> None:
    answer = await desk.post(f"{PAGE}/rooms", "coordinator", room="R-2", **SIDES | {"x": "80"})
    assert answer.status_code == 422
    assert "This reaches beyond the picture" in text_of(answer.text)
    assert 'value="80"' in answer.text
    assert "Name 2" in text_of(answer.text).partition("in percent")[0][-20:]
    answer = await desk.post(f"{PAGE}/rooms", "coordinator", room="R-2", **SIDES | {"y": "much"})
    assert "Write a number from 0 to 100" in text_of(answer.text)
    assert not await FloorPlan.exists()
    assert (await desk.post(f"{PAGE}/rooms", "coordinator", room="NONE", **SIDES)).status_code == 404


async def test_a_picture_is_put_on_and_taken_off(desk: Desk) -> None:
    page = await upload(desk, make.FLOOR_SVG)
    assert (page.request.method, page.url.path, page.url.query) == ("GET", PAGE, b"done=picture")
    assert '<image class="plan-picture" href="/files/' in page.text
    assert '<image class="plan-picture" href="/files/' in (await desk.get("/plan/B/0", "alice")).text
    await desk.send(f"{PAGE}/picture/remove", "coordinator")
    assert "<image" not in (await desk.get(PAGE, "coordinator")).text


async def test_a_picture_that_cannot_be_is_refused_at_its_field(desk: Desk) -> None:
    page = await upload(desk, make.FLOOR_SVG.replace(b"<rect", b"<script>alert(1)</script><rect"))
    assert "plan.svg was not taken: it holds a script" in text_of(page.text)
    page = await upload(desk, b"%PDF-1.7 x", "plan.pdf", page="0")
    assert "has no page 0" in text_of(page.text)
    assert not await FloorPlan.exists()


async def test_only_who_runs_rooms_draws(desk: Desk) -> None:
    for who in ("alice", "duty", "facilities", "auditor"):
        assert (await desk.get(PAGE, who)).status_code == 403
        assert PAGE not in (await desk.get("/plan", who)).text
    assert PAGE in (await desk.get("/plan", "coordinator")).text
    assert PAGE in (await desk.get("/admin/places", "coordinator")).text


async def test_a_room_with_corners_of_its_own_is_told_so(desk: Desk) -> None:
    floor = Floor((await Room.get(code="R-1")).building_id, 0)
    corners = ((0.1, 0.1), (0.5, 0.1), (0.5, 0.2), (0.2, 0.2), (0.2, 0.6), (0.1, 0.6))
    await place_rooms(floor, {"R-1": corners}, SYSTEM, datetime.now(UTC))
    page = (await desk.get(f"{PAGE}?room=R-1", "coordinator")).text
    assert "corners of its own" in text_of(page)
    spot = re.search(r'<text x="(\d+)" y="(\d+)">', page)
    assert spot
    assert int(spot[1]) < 0.2 * WIDTH or int(spot[2]) < 0.2 * BARE_HEIGHT, "its number stands within it"
    await Room.filter(id__gt=0).update(closed_at=datetime.now(UTC))
    assert "There is no room on this floor" in await desk.read(PAGE, "coordinator")


async def test_a_wall_needs_no_account_but_its_address_which_can_be_taken_back(desk: Desk) -> None:
    await upload(desk, make.FLOOR_SVG)
    text = (await desk.send(f"{PAGE}/wall", "coordinator")).text
    match = re.search(r'href="http://[^/"]+(/wall/\w{32})"', text)
    assert match
    address = match[1]
    async with httpx.AsyncClient(transport=httpx.ASGITransport(desk.app), base_url="http://test") as stranger:
        page = await stranger.get(address)
        assert (page.status_code, page.text.count('class="plan-room"')) == (200, 0)
        assert "0.01" in page.text, "nobody placed it: in the list"
        assert "Name 1" not in page.text
        assert f"stream.js?of={address}/events" in page.text
        former = picture_in(page.text)
        assert former.startswith(f"{address}/picture?v=")
        assert (await stranger.get(former)).headers["content-type"] == "image/png"
        await upload(desk, make.FLOOR_SVG.replace(b"390", b"380"))
        assert picture_in((await stranger.get(address)).text) != former, "another picture, another address"
        assert (await stranger.get("/plan/B/0")).status_code == 303
        await desk.send(f"{PAGE}/wall", "coordinator")  # the same again
        assert (await stranger.get(address)).status_code == 200
        await desk.send(f"{PAGE}/wall", "coordinator", act="close")
        for path in (address, f"{address}/picture", f"{address}/events", "/wall/x"):
            assert (await stranger.get(path)).status_code == 404
        fresh = (await desk.send(f"{PAGE}/wall", "coordinator")).text
        assert address not in fresh, "another one"
    assert await HistoryEntry.filter(action__startswith="wall_").count() == 3


async def test_a_wall_without_a_picture_has_none(desk: Desk) -> None:
    await desk.send(f"{PAGE}/wall", "coordinator")
    address = wall_address((await layout_of("B", 0)).plan, desk.app.state.options).removeprefix("http://127.0.0.1:8000")
    async with httpx.AsyncClient(transport=httpx.ASGITransport(desk.app), base_url="http://test") as stranger:
        assert (await stranger.get(f"{address}/picture")).status_code == 404
        page = await stranger.get(address)
        shape = re.search(r'data-shape="(\w+)"', page.text)
        assert shape
        headers = {"hx-request": "true", "hx-request-type": "partial"}
        piece = await stranger.get(f"{address}?piece=R-1&shape={shape[1]}", headers=headers)
        assert re.findall(r'data-piece="([^"]+)"', piece.text) == ["R-1", "R-1"]


async def test_an_address_that_another_server_key_made_is_named_and_can_be_taken_back(desk: Desk) -> None:
    await desk.post(f"{PAGE}/wall", "coordinator")
    await FloorPlan.filter(id__gt=0).update(wall_digest=wall_digest("made-elsewhere"))
    await layout_of_wall("made-elsewhere")
    page = (await desk.get(PAGE, "coordinator")).text
    assert "made under another secret key" in text_of(page)
    assert 'value="close"' in page
    assert "Make another address" in text_of(page)
    await desk.send(f"{PAGE}/wall", "coordinator", act="close")
    assert not await is_wall("made-elsewhere")
    assert "It needs no account" in await desk.read(PAGE, "coordinator")


async def test_a_wall_is_told_of_a_room_that_looks_different_and_of_no_other(desk: Desk) -> None:
    room = await Room.get(code="R-1")
    other = await make.make_room()
    tell = _teller(Floor(room.building_id, 0), {}, lambda: datetime.now(UTC))
    assert await tell(RoomChanged(room.id, room.revision)) == b'event: room\ndata: {"room":"R-1"}\n\n'
    assert await tell(RoomChanged(room.id, room.revision)) is None, "it looks as before"
    assert await tell(RoomChanged(other.id, other.revision)) is None
    assert await tell(AssetChanged(1)) is None
    assert await tell(PlacesChanged()) == LOOK_AGAIN, "the plan may be another one"


async def test_the_stream_of_a_wall_ends_when_its_address_is_taken_back(desk: Desk) -> None:
    await desk.send(f"{PAGE}/wall", "coordinator")
    plan = (await layout_of("B", 0)).plan
    assert plan
    secret = wall_secret("k" * 40, plan.id, plan.wall_number)
    stream = await events(Request({"type": "http", "app": desk.app}), secret)
    assert isinstance(stream, EventStream)
    listener = stream.live.enter(stream.eyes, stream.teller, stream.owner)
    try:
        assert await stream.teller(PlacesChanged()) == LOOK_AGAIN
        assert await stream.teller(AssetChanged(1)) is None
        assert listener.is_open
        await desk.send(f"{PAGE}/wall", "coordinator", act="close")
        await desk.send(f"{PAGE}/wall", "coordinator")  # another address is none of its business
        assert await stream.teller(PlacesChanged()) is None
        assert not listener.is_open
        assert listener.take().endswith(LOOK_AGAIN), "the page asks once more, and says that it is old"
    finally:
        stream.live.leave(listener)
