"""A floor in a browser: drawn by pointer and by keys, and redrawn room by room on a wall that has an address alone."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from registry.core.history import SYSTEM
from registry.plans.actions import open_wall
from registry.plans.queries import Floor, layout_of
from registry.rooms.queries import room_by_code
from tests.browser.conftest import BrowserThread
from tests.browser.test_calendar import Office, drag, open_office
from tests.browser.test_live import OfficeClock, Turns, book_now, listen
from tests.conftest import Database
from web.plans.wall_pages import wall_address

pytestmark = [pytest.mark.anyio, pytest.mark.browser]
SIDES = ("x", "y", "width", "height")


@pytest.fixture
async def office(database: Database, tmp_path: Path, browser_thread: BrowserThread) -> AsyncIterator[Office]:
    async with open_office(tmp_path, browser_thread) as office:
        office.desk.app.state.clock = OfficeClock()
        yield office


async def test_a_room_is_drawn_by_hand_and_redrawn_alone_on_a_wall(office: Office) -> None:
    room, options = await room_by_code("MAIN"), office.desk.app.state.options
    floor = Floor(room.building_id, room.floor)
    turns = Turns(asyncio.get_running_loop())
    page_of = f"/admin/places/plans/{room.building.code}/0"

    async def address() -> str:
        await open_wall(floor, options.secret_key, SYSTEM, office.desk.app.state.clock())
        wall = wall_address((await layout_of(room.building.code, 0)).plan, options)
        return wall.removeprefix(options.base_url)

    def walk(page: Any) -> None:
        for code, left in (("MAIN", 0.1), ("OTHER", 0.5)):
            page.goto(f"{page_of}?room={code}")
            box = page.locator("[data-draw]").bounding_box()
            corner = (box["x"] + left * box["width"], box["y"] + 0.2 * box["height"])
            drag(page, corner, (corner[0] + 0.3 * box["width"], corner[1] + 0.4 * box["height"]))
            before = [float(page.input_value(f"[name={side}]")) for side in SIDES]
            page.locator(".drawn.now").focus()
            page.keyboard.press("ArrowRight")
            page.keyboard.press("Shift+ArrowDown")
            after = [float(page.input_value(f"[name={side}]")) for side in SIDES]
            steps = [round(now - was, 1) for now, was in zip(after, before, strict=True)]
            assert steps == [0.5, 0, 0, 0.5]
            assert 28 < after[2] < 32
            page.get_by_role("button", name="Save, and the next one").click()
            page.get_by_text("The room is on the plan.").wait_for()
        page.context.clear_cookies()
        page.goto(turns.do(address))
        listen(page)
        page.evaluate("document.querySelectorAll('.plan-room').forEach(element => { element.mark = 'same'; })")
        turns.do(book_now(office, "MAIN"))
        page.wait_for_selector("#plan-MAIN[data-state=in_use]")
        assert page.locator("#plan-OTHER").get_attribute("data-state") == "free"
        marks = page.evaluate("[...document.querySelectorAll('.plan-room')].map(element => element.mark)")
        assert marks == ["same", "same"], "the rooms stay what they were, and what is in them changes"
        assert page.locator("#plan-MAIN polygon").bounding_box()["width"] > 100

    await office.look(walk, "coordinator")
