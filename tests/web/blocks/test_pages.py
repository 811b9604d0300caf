"""The pages of blocks: list, form, what is in the way, and each block."""

import re
from datetime import datetime, time, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from registry.bookings.models import Block, Booking, Kind, Status
from registry.rooms.models import Room, Visibility
from tests.conftest import Database
from tests.make import make_booking, make_building, make_room
from tests.web.conftest import soon
from tests.web.desk import Desk, text_of
from web.app import SiteOptions, create_site

pytestmark = pytest.mark.anyio
DAY = (soon(0) + timedelta(days=3)).date()


@pytest.fixture
async def desk(database: Database, tmp_path: Path) -> Desk:
    return await Desk(create_site(SiteOptions(secret_key="k" * 40, data_dir=tmp_path, language="en"))).open()


@pytest.fixture
async def rooms(desk: Desk) -> list[Room]:
    building = await make_building()
    return [await make_room(code=code, building=building) for code in ("M-1", "M-2")]


def fields(*rooms: str, **more: Any) -> dict[str, Any]:
    default = {
        "rooms": list(rooms), "from_day": DAY.isoformat(), "from_time": "8:00", "to_day": "", "to_time": "16.00",
        "reason": "malowanie", "public_text_en": "Painting", "key": "one",
    }  # fmt: skip
    return default | more


async def held(room: Room, hour: int = 10) -> Booking:
    starts_at = datetime.combine(DAY, time(hour), ZoneInfo("Europe/Warsaw"))
    return await make_booking(starts_at, room=room, title="Narada")


async def test_the_empty_list_says_what_to_do_first(desk: Desk) -> None:
    page = await desk.read("/blocks", "coordinator")
    assert "Every room is in use as usual" in page
    assert "Block rooms" in page
    assert "Block rooms before" in await desk.read("/blocks", "auditor")
    assert 'href="/blocks/new"' not in (await desk.get("/blocks", "auditor")).text
    assert (await desk.get("/blocks", "alice")).status_code == 403
    assert "Nothing was blocked yet" in await desk.read("/blocks?view=past", "coordinator")


async def test_the_form_blocks_once(desk: Desk, rooms: list[Room]) -> None:
    form = (await desk.get("/blocks/new?room=M-2&day=2030-01-07", "facilities")).text
    assert 'value="M-2" checked' in form
    assert 'value="2030-01-07"' in form
    for _ in range(2):
        page = await desk.send("/blocks/new", "facilities", **fields("M-1", "M-2"))
        assert "The rooms are blocked." in page.text
        assert "Painting" in text_of(page.text)
    assert await Block.all().count() == 1
    assert "malowanie" in await desk.read("/blocks", "facilities")
    calendar = (await desk.get(f"/calendar?date={DAY}", "alice")).text
    assert "Painting" in calendar
    assert "malowanie" not in calendar


async def test_what_is_in_the_way_is_shown_and_decided_on(desk: Desk, rooms: list[Room]) -> None:
    stays, moves = await held(rooms[0], 9), await held(rooms[0], 12)
    page = await desk.post("/blocks/new", "coordinator", **fields("M-1"))
    assert page.status_code == 409
    assert "Nothing is blocked yet" in page.text
    assert f'name="way-{stays.id}"' in page.text
    assert "moves to Room M-2 (M-2)" in text_of(page.text)
    again = fields("M-1", asked="1", **{f"way-{stays.id}": "keep", f"way-{moves.id}": "move:M-2"})
    assert "The rooms are blocked." in (await desk.send("/blocks/new", "coordinator", **again)).text
    await moves.refresh_from_db()
    assert moves.room_id == rooms[1].id
    assert await Booking.filter(kind=Kind.BLOCK).count() == 2


async def test_all_others_the_same_way(desk: Desk, rooms: list[Room]) -> None:
    for hour in (9, 10, 11, 12):
        await held(rooms[0], hour)
    assert 'name="others"' in (await desk.post("/blocks/new", "coordinator", **fields("M-1"))).text
    page = await desk.send("/blocks/new", "coordinator", **fields("M-1", asked="1", others="cancel"))
    assert "The rooms are blocked." in page.text
    row = await Booking.filter(kind=Kind.BLOCK).first()
    assert row
    assert "/blocks/" in (await desk.get(f"/bookings/{row.id}", "coordinator")).text


async def test_who_may_not_decide_blocks_beside_what_is_shown(desk: Desk, rooms: list[Room]) -> None:
    await held(rooms[0])
    page = await desk.post("/blocks/new", "facilities", **fields("M-1"))
    assert "not yours to move" in page.text
    assert "<option" not in page.text
    assert "The rooms are blocked." in (await desk.send("/blocks/new", "facilities", **fields("M-1", asked="1"))).text
    assert await Booking.filter(kind=Kind.BLOCK).count() == 2


async def test_what_went_away_meanwhile_is_said_to_be_gone(desk: Desk, rooms: list[Room]) -> None:
    booking = await held(rooms[0])
    page = await desk.post("/blocks/new", "coordinator", **fields("M-1"))
    again = re.search(r"again=[\w-]+", str(page.url))
    assert again
    await Booking.filter(id=booking.id).update(status=Status.CANCELLED)
    assert "Nothing is in the way any more" in await desk.read(f"/blocks/new?{again[0]}", "coordinator", 409)


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ({"rooms": []}, "Choose one at least"),
        ({"reason": " "}, "Say why"),
        ({"from_time": "later"}, "is not a time of day"),
        ({"from_time": "24:00"}, "is not a time of day"),
        ({"to_time": "7"}, "The end is not after the start"),
        ({"from_day": "tomorrow"}, "is not a date"),
        ({"from_day": "1700-01-01"}, "is not a date"),
        ({"from_day": "2026-01-05", "to_day": "2026-01-05"}, "cannot begin in the past"),
        ({"from_day": "2027-03-28", "from_time": "2:30"}, "does not exist"),
        ({"from_day": "", "from_time": "", "to_day": "", "to_time": ""}, "No time is given"),
        ({"public_text_en": "x" * 121}, "longer than 120"),
    ],
)
async def test_a_fault_stands_at_its_field_and_nothing_is_lost(
    desk: Desk, rooms: list[Room], typed: dict[str, Any], sentence: str
) -> None:
    page = await desk.post("/blocks/new", "coordinator", **fields("M-1", public_text_pl="Malujemy") | typed)
    assert page.status_code in (409, 422)
    assert sentence in text_of(page.text)
    assert 'role="alert"' in page.text
    assert "Malujemy" in page.text
    assert await Block.all().count() == 0


async def test_another_time_is_another_row(desk: Desk, rooms: list[Room]) -> None:
    page = await desk.post("/blocks/new", "coordinator", **fields("M-1", more="1"))
    assert page.text.count('name="from_day"') == 2
    two = fields("M-1", from_day=[DAY.isoformat(), (DAY + timedelta(days=1)).isoformat()], from_time=["8", ""],
                 to_day=["", ""], to_time=["9", ""])  # fmt: skip
    assert "The rooms are blocked." in (await desk.send("/blocks/new", "coordinator", **two)).text
    assert await Booking.filter(kind=Kind.BLOCK).count() == 2


async def test_a_block_is_changed_and_given_back(desk: Desk, rooms: list[Room]) -> None:
    await desk.send("/blocks/new", "coordinator", **fields("M-1"))
    block = await Block.all().first()
    assert block
    path = f"/blocks/{block.id}"
    form = (await desk.get(f"{path}/edit", "coordinator")).text
    assert 'value="16:00"' in form
    assert 'name="revision" value="1"' in form
    grown = await desk.post(f"{path}/edit", "coordinator", **fields("M-1", more="1", revision="1"))
    assert grown.text.count('name="from_day"') == 2
    booking = await held(rooms[0], 18)
    words = fields("M-1", to_time="24:00", reason="lakierowanie", revision="1")
    assert f"way-{booking.id}" in (await desk.post(f"{path}/edit", "coordinator", **words)).text
    done = await desk.send(f"{path}/edit", "coordinator", **words | {f"way-{booking.id}": "cancel", "asked": "1"})
    assert "The block is changed." in done.text
    assert "„malowanie” → „lakierowanie”" in text_of(done.text)
    stale = await desk.post(f"{path}/edit", "coordinator", **words)
    assert "Somebody changed this meanwhile" in stale.text
    assert "Somebody changed" in (await desk.post(f"{path}/edit", "coordinator", **words | {"revision": "x"})).text
    assert "given back" in text_of((await desk.send(f"{path}/cancel", "coordinator")).text)
    await Block.filter(id=block.id).update(cancelled_at=None, ends_at=soon(-1))
    assert "Make a new one" in (await desk.post(f"{path}/cancel", "coordinator")).text
    assert (await desk.get("/blocks/nothing", "coordinator")).status_code == 404


async def test_a_hidden_room_is_not_offered_to_who_sees_no_times(desk: Desk) -> None:
    await make_room(code="H-1", visibility=Visibility.HIDDEN)
    assert "H-1" not in await desk.read("/blocks/new", "facilities")
    assert "H-1" in await desk.read("/blocks/new", "coordinator")
    assert "tomorrow" not in (await desk.get("/blocks/new?day=nonsense", "coordinator")).text


async def test_a_room_that_was_closed_since_stays_in_its_block(desk: Desk, rooms: list[Room]) -> None:
    await desk.send("/blocks/new", "coordinator", **fields("M-1", "M-2"))
    block = await Block.all().first()
    assert block
    await Room.filter(code="M-2").update(closed_at=soon(-1))
    form = (await desk.get(f"/blocks/{block.id}/edit", "facilities")).text
    codes = re.findall(r'name="rooms" value="([^"]+)" checked', form)
    assert codes == ["M-1", "M-2"]
    assert 'value="M-2"' not in (await desk.get("/blocks/new", "facilities")).text
    await desk.send(f"/blocks/{block.id}/edit", "facilities", **fields(*codes, reason="inny", revision="1"))
    await block.refresh_from_db()
    assert (block.reason, block.rooms) == ("inny", ["M-1", "M-2"])


async def test_no_page_tells_who_sees_no_times_of_a_block_with_a_hidden_room(desk: Desk, rooms: list[Room]) -> None:
    await make_room(code="H-1", visibility=Visibility.HIDDEN)
    await desk.send("/blocks/new", "coordinator", **fields("H-1", "M-1", reason="KANAREK"))
    block = await Block.all().first()
    assert block
    for who in ("facilities", "auditor"):
        assert "KANAREK" not in (await desk.get("/blocks", who)).text
        assert (await desk.get(f"/blocks/{block.id}", who)).status_code == 404
    for page in ("edit", "cancel"):
        answer = await desk.post(f"/blocks/{block.id}/{page}", "facilities", **fields("M-1", revision="1"))
        assert answer.status_code == 404
    for who in ("coordinator", "duty"):
        assert "KANAREK" in (await desk.get("/blocks", who)).text
    await block.refresh_from_db()
    assert (block.rooms, block.cancelled_at) == (["M-1", "H-1"], None)
