"""The pages of building works."""

import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from registry.bookings.models import Block
from registry.rooms.models import Room, Visibility
from registry.works.models import Works
from tests.conftest import Database
from tests.make import make_asset, make_building, make_room
from tests.web.conftest import soon
from tests.web.desk import Desk, text_of
from web.app import SiteOptions, create_site

pytestmark = pytest.mark.anyio
FIRST = (soon(0) + timedelta(days=9)).date()


@pytest.fixture
async def desk(database: Database, tmp_path: Path) -> Desk:
    return await Desk(create_site(SiteOptions(secret_key="k" * 40, data_dir=tmp_path, language="en"))).open()


@pytest.fixture
async def rooms(desk: Desk) -> list[Room]:
    building = await make_building()
    return [await make_room(code=code, building=building) for code in ("M-1", "M-2")]


def form(*rooms: str, **more: Any) -> dict[str, Any]:
    default = {
        "name": "Remont sali", "description": "Nowe okna", "starts_on": FIRST.isoformat(),
        "ends_on": (FIRST + timedelta(days=4)).isoformat(), "rooms": list(rooms), "grant": "", "key": "k",
    }  # fmt: skip
    return default | more


async def test_works_from_the_plan_to_the_end(desk: Desk, rooms: list[Room]) -> None:
    assert "Nothing is being built" in await desk.read("/works", "coordinator")
    assert "No works are over yet" in await desk.read("/works?view=past", "accountant")
    assert "Plan works" in await desk.read("/works/new", "facilities")
    for _ in range(2):
        page = await desk.send("/works/new", "facilities", **form("M-1", "M-2"))
        assert "Block their rooms next" in page.text
    works = await Works.get()
    href = re.search(r"/blocks/new\?works=[^\"]+", page.text)
    assert href
    blocks = (await desk.get(href[0].replace("&amp;", "&"), "facilities")).text
    assert 'value="M-2" checked' in blocks
    assert f'name="from_day" type="date" value="{FIRST}"' in blocks
    span = {"from_day": FIRST.isoformat(), "from_time": "8", "to_day": "", "to_time": "16"}
    done = await desk.send(
        "/blocks/new", "facilities", rooms=["M-1"], reason="remont", works=str(works.id), key="b", **span
    )
    assert "It belongs to building works: Remont sali." in done.text
    asset = await make_asset(inventory_no="INV/1", number_key="inv1")
    path = f"/works/{works.id}"
    assert "INV/1" not in await desk.read(path, "facilities")
    wrong = await desk.post(f"{path}/assets", "facilities", numbers="none", revision="1")
    assert "No piece has the inventory number none" in text_of(wrong.text)
    put = await desk.send(f"{path}/assets", "facilities", numbers=f"#{asset.id}", revision="1")
    assert "The pieces are written down." in put.text
    assert "INV/1" in put.text
    changed = await desk.send(f"{path}/edit", "facilities", **form("M-2", revision="2", name="Remont"))
    assert "The works are changed." in changed.text
    assert "M-1, M-2 → M-2" in text_of(changed.text)
    for act, words in (("finish", "The works are finished."), ("cancel", "are over")):
        answer = await desk.post(f"{path}/{act}", "facilities", revision="3" if act == "finish" else "4")
        text = (
            (await desk.get(answer.headers["location"], "facilities")).text
            if answer.status_code == 303
            else answer.text
        )
        assert words in text
    assert "Remont" in await desk.read("/works?view=past", "auditor")
    assert await Block.all().count() == 1
    assert (await desk.get("/works", "alice")).status_code == 403
    assert "Say which pieces" not in (await desk.get(path, "auditor")).text


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ({"name": " "}, "Say what is built"),
        ({"starts_on": "x"}, "is not a date"),
        ({"ends_on": "2020-01-01"}, "The last day is before the first"),
        ({"rooms": []}, "Choose one at least"),
        ({"grant": "none"}, "There is no such grant"),
    ],
)
async def test_a_fault_stands_at_its_field(desk: Desk, rooms: list[Room], typed: dict[str, Any], sentence: str) -> None:
    page = await desk.post("/works/new", "coordinator", **form("M-1") | typed)
    assert sentence in text_of(page.text)
    assert "Nowe okna" in page.text
    assert await Works.all().count() == 0


async def test_who_comes_second_sees_it(desk: Desk, rooms: list[Room]) -> None:
    await desk.send("/works/new", "facilities", **form("M-1"))
    path = f"/works/{(await Works.get()).id}"
    for revision in ("7", "x"):
        page = await desk.post(f"{path}/edit", "facilities", **form("M-1", revision=revision, name="Inne"))
        assert "Somebody changed this meanwhile" in page.text
        assert "Inne" in page.text
        assert "Somebody changed this" in (await desk.post(f"{path}/finish", "facilities", revision=revision)).text
    assert "called off" in text_of((await desk.send(f"{path}/cancel", "facilities", revision="1")).text)


async def test_no_room_is_lost_that_the_form_would_not_offer(desk: Desk, rooms: list[Room]) -> None:
    await make_room(code="H-1", visibility=Visibility.HIDDEN)
    await desk.send("/works/new", "coordinator", **form("M-1", "M-2", "H-1"))
    await Room.filter(code="M-2").update(closed_at=soon(-1))
    path = f"/works/{(await Works.get()).id}"
    codes = re.findall(r'name="rooms" value="([^"]+)" checked', (await desk.get(f"{path}/edit", "facilities")).text)
    assert sorted(codes) == ["H-1", "M-1", "M-2"]
    assert "H-1" not in (await desk.get("/works/new", "facilities")).text


async def test_a_block_of_a_hidden_room_is_not_in_the_history_for_who_sees_no_times(
    desk: Desk, rooms: list[Room]
) -> None:
    await make_room(code="H-1", visibility=Visibility.HIDDEN)
    await desk.send("/works/new", "coordinator", **form("M-1", "M-2", "H-1"))
    works_id = (await Works.get()).id
    span = {"from_day": FIRST.isoformat(), "from_time": "8", "to_day": "", "to_time": "16", "works": str(works_id)}
    for room in ("H-1", "M-1"):
        await desk.send("/blocks/new", "coordinator", rooms=[room], reason="remont", key=room, **span)
    assert await Block.all().count() == 2
    for who, number in (("coordinator", 2), ("facilities", 1), ("auditor", 1), ("accountant", 1)):
        text = await desk.read(f"/works/{works_id}", who)
        assert text.count("Rooms blocked") == number, who


async def test_what_was_emptied_stays_empty(desk: Desk, rooms: list[Room]) -> None:
    await desk.send("/works/new", "coordinator", **form("M-1"))
    path = f"/works/{(await Works.get()).id}"
    page = await desk.post(f"{path}/edit", "coordinator", **form("M-1", description="", name="", revision="1"))
    assert "Say what is built" in text_of(page.text)
    assert "Nowe okna" not in page.text
    assert 'name="name" type="text" value=""' in page.text
