"""The page of a floor plan and the wall display: what each shows, whom it lets book, and what it keeps to itself."""

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from registry.bookings.projections import PublicState, public_state
from registry.bookings.state import RoomState, StateKind
from registry.core.history import SYSTEM
from registry.people.models import Session
from registry.plans.actions import place_rooms
from registry.plans.queries import Floor
from registry.plans.rules import rectangle
from registry.rooms.models import Occupancy, Room, Visibility
from tests import make
from tests.conftest import Database
from tests.web.desk import Desk, text_of
from web.app import SiteOptions, create_site
from web.plans.words import wall_state

pytestmark = [pytest.mark.anyio, pytest.mark.databases("sqlite")]
NOW = datetime(2026, 9, 16, 10, tzinfo=UTC)  # a Wednesday, noon
CANARY = "KANAREK"
FRAGMENT = {"hx-request": "true", "hx-request-type": "partial"}


@pytest.fixture
async def desk(database: Database, tmp_path: Path) -> Desk:
    """B, ground floor: an internal, a confidential and a hidden room, all taken now, and one where nobody books."""
    desk = await Desk(create_site(SiteOptions(secret_key="k" * 40, data_dir=tmp_path, language="en"))).open()
    building = await make.make_building(code="B", address="Town, Street 1")
    for number, visibility in enumerate((Visibility.INTERNAL, Visibility.CONFIDENTIAL, Visibility.HIDDEN), 1):
        room = await make.make_room(
            code=f"R-{number}", number=f"0.0{number}", name=f"Name {number}", building=building, visibility=visibility
        )
        await make.make_booking(
            NOW - timedelta(minutes=7), NOW + timedelta(hours=2, minutes=7), room=room, title=CANARY,
            organizer=desk.people["coordinator"], kind="meeting" if number == 1 else "interview", status="checked_in",
        )  # fmt: skip
    await make.make_room(code="R-4", number="0.04", building=building, bookable=False, kind="wc")
    desk.app.state.clock = lambda: NOW
    await Session.filter(id__gt=0).update(expires_at=NOW + timedelta(hours=1))
    return desk


def room_of(text: str, code: str) -> str:
    match = re.search(rf'<svg id="plan-{code}".*?</svg>', text, re.DOTALL)
    assert match, code
    return match[0]


async def test_the_page_shows_each_room_with_its_state_and_leads_to_its_booking(desk: Desk) -> None:
    text = (await desk.get("/plan", "alice")).text
    room = room_of(text, "R-1")
    assert 'data-state="in_use"' in room
    assert 'href="/bookings/new?room=R-1"' in room
    assert 'aria-label="0.01 In use until 14:07"' in room
    assert 'href="/rooms/R-3"' in room_of(text, "R-3"), "she may not book there"
    assert 'data-state="none"' in room_of(text, "R-4")
    assert "The same as a list" in text
    assert CANARY not in text
    assert 'href="/bookings/new' not in (await desk.get("/plan", "auditor")).text


async def test_the_wall_tells_numbers_and_states_and_nothing_else_to_anybody(desk: Desk) -> None:
    for who in ("alice", "coordinator", "auditor"):
        text = (await desk.get("/plan/B/0", who)).text
        for word in (CANARY, "Name 1", "data-until", "14:07", "12:07", "until"):
            assert word not in text, (who, word)
        assert [room_of(text, f"R-{number}").count('data-state="in_use"') for number in (1, 2, 3)] == [1, 1, 1]
        assert "Вільно" in text
    assert 'href="/bookings/new?room=R-1"' in room_of((await desk.get("/plan/B/0", "alice")).text, "R-1")


def test_a_wall_tells_of_every_room_as_little_as_of_a_confidential_one() -> None:
    for kind in StateKind:
        state = PublicState("R", kind, Occupancy.UNKNOWN, None, None, True, None, NOW)
        assert wall_state(state).value in ("free", "in_use", "closed", "unknown")
        assert wall_state(state) == public_state_of_a_confidential_room(kind)


def public_state_of_a_confidential_room(kind: StateKind) -> StateKind:
    state = RoomState("R", kind, Occupancy.UNKNOWN, None, None, None, None, None, True, 1, NOW)
    return public_state(state, Visibility.CONFIDENTIAL).state


async def test_one_change_redraws_one_room(desk: Desk) -> None:
    for page in ("/plan", "/plan/B/0"):
        text = (await desk.get(page, "alice")).text
        shape = re.search(r'data-shape="(\w+)"', text)
        assert shape
        piece = (await desk.get(f"{page}?piece=R-2&shape={shape[1]}", "alice", headers=FRAGMENT)).text
        assert re.findall(r'data-piece="([^"]+)"', piece) == ["R-2", "R-2"], "in the plan and in the list"
        assert "hx-swap-oob" in room_of(piece, "R-2")
        whole = (await desk.get(f"{page}?piece=R-2&shape=other", "alice", headers=FRAGMENT)).text
        assert "R-1" in whole


async def test_a_wall_says_nothing_any_more_of_a_room_that_nobody_books_once_its_hours_have_begun(desk: Desk) -> None:
    building = (await Room.get(code="R-1").select_related("building")).building
    hours = await make.make_opening()
    await make.make_room(code="R-5", number="0.05", building=building, bookable=False, opening=hours)
    desk.app.state.clock = lambda: NOW - timedelta(hours=7)
    text = (await desk.get("/plan/B/0", "alice")).text
    assert 'data-state="closed"' in room_of(text, "R-5")
    assert 'id="plan-line-R-5"' in text
    shape = re.search(r'data-shape="(\w+)"', text)
    assert shape
    desk.app.state.clock = lambda: NOW
    piece = (await desk.get(f"/plan/B/0?piece=R-5&shape={shape[1]}", "alice", headers=FRAGMENT)).text
    assert 'data-state="none"' in room_of(piece, "R-5")
    assert 'id="plan-body"' in piece, "the list is drawn anew"
    assert 'id="plan-line-R-5"' not in piece


async def test_a_room_that_nobody_placed_is_in_the_list_alone(desk: Desk) -> None:
    floor = Floor((await Room.get(code="R-1")).building_id, 0)
    await place_rooms(floor, {"R-1": rectangle(0.1, 0.1, 0.5, 0.5)}, SYSTEM, NOW)
    text = (await desk.get("/plan?building=B&floor=0", "alice")).text
    assert 'id="plan-R-1"' in text
    assert 'id="plan-R-2"' not in text
    assert 'id="plan-line-R-2"' in text


async def test_today_shows_the_floors_where_people_use_several_rooms(desk: Desk) -> None:
    lone = await make.make_room(code="L-1")
    text = (await desk.get("/", "alice")).text
    assert 'id="plan-card-B-0"' in text
    assert f"plan-card-{(await lone.building).code}" not in text
    assert 'data-state="none"' in room_of(text, "R-4"), "nobody uses it"
    assert 'data-state="in_use"' in room_of(text, "R-1")
    shape = re.search(r'data-shape="(\w+)"', text)
    assert shape
    piece = (await desk.get(f"/?piece=R-2&shape={shape[1]}", "alice", headers=FRAGMENT)).text
    assert re.findall(r'<svg id="plan-([^"]+)"', piece) == ["R-2"]
    assert 'id="plan-summary-B-0"' in piece
    assert 'id="today-plans"' in (await desk.get("/?piece=R-2&shape=x", "alice", headers=FRAGMENT)).text


async def test_an_office_without_rooms_and_a_floor_that_is_none(desk: Desk) -> None:
    for wrong in ("/plan/B/7", "/plan/B/x", "/plan/NONE/0"):
        assert (await desk.get(wrong, "alice")).status_code == 404
    await Room.filter(id__gt=0).update(closed_at=NOW)
    assert "There is no room yet" in text_of((await desk.get("/plan", "coordinator")).text)
