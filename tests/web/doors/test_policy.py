"""What may be ended at a door: set by a program of who runs rooms; and the picture for the organizer."""

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest

from registry.bookings.models import Booking, Status
from registry.devices import pairing
from registry.doors.queries import door
from registry.doors.view import OpenDoor
from registry.rooms.models import Room
from tests import make
from tests.conftest import Database
from tests.web.desk import Desk
from web.app import SiteOptions, create_site

pytestmark = [pytest.mark.anyio, pytest.mark.databases("sqlite")]
BASE = "http://test"
MINUTE = timedelta(minutes=1)


@pytest.fixture
async def desk(database: Database, tmp_path: Path) -> Desk:
    options = SiteOptions(secret_key="k" * 40, data_dir=tmp_path, base_url=BASE, language="en")
    return await Desk(create_site(options)).open()


async def running_door(desk: Desk, **columns: object) -> tuple[Room, Booking]:
    room = await make.make_room(**{"code": "MAIN", "panel_books": True} | columns)
    await make.make_panel(code="MAIN-door", room=room, key_digest=pairing.digest("key"))
    alice, start = desk.people["alice"], datetime.now(UTC) - 10 * MINUTE
    fields = {"organizer": alice, "institution_id": alice.institution_id, "status": Status.CHECKED_IN}
    return room, await make.make_booking(start, start + 60 * MINUTE, room=room, **fields)


def tablet(desk: Desk) -> httpx.AsyncClient:
    return httpx.AsyncClient(
        transport=httpx.ASGITransport(desk.app), base_url=BASE, cookies={"izba_panel": "key"}, headers={"origin": BASE}
    )


async def test_a_program_sets_the_policy_of_a_door(desk: Desk) -> None:
    await make.make_room(code="MAIN")
    body = {"door": {"proofs": ["pin", "phone"], "pin": "123456"}}
    assert (await desk.api("PATCH", "/rooms/MAIN", "facilities", json=body)).status_code == 403
    answer = await desk.api("PATCH", "/rooms/MAIN", "coordinator", json=body)
    assert (answer.status_code, answer.json()["door"]) == (
        200,
        {"proofs": ["pin", "phone"], "pin": True, "books": False},
    )
    for bad in ({"door": {"pin": "12"}}, {"door": {"proofs": ["key"]}}, {"door": {"code": 1}}):
        assert (await desk.api("PATCH", "/rooms/MAIN", "coordinator", json=bad)).status_code == 422
    answer = await desk.api("PATCH", "/rooms/MAIN", "coordinator", json={"door": {"proofs": [], "pin": ""}})
    assert answer.json()["door"] == {"proofs": [], "pin": False, "books": False}


async def test_a_passer_by_gets_a_picture_for_the_organizer_and_no_button(desk: Desk) -> None:
    room, booking = await running_door(desk, door_proofs="phone")
    async with tablet(desk) as client:
        page = (await client.get("/panel?view=end")).text
        assert 'class="qr"' in page
        assert 'name="command" value="end"' not in page
        name = re.search(r'name="booking" value="(\w+)"', page)
        assert name
        form = {"command": "end", "booking": name.group(1), "id": "1"}
        answer = await client.post("/panel/command", data=form, headers={"x-panel-part": "door"})
    assert answer.status_code == 403
    assert "Zakończyć może organizator" in answer.text
    view = await door(room.id, datetime.now(UTC))
    assert isinstance(view, OpenDoor)
    path = f"/panel/end/MAIN-door/{view.booking}"
    answer = await desk.get(path, "alice")
    assert answer.headers["location"] == f"/bookings/{booking.id}"
    assert (await desk.get(path, "member")).status_code == 404
    assert (await desk.get("/panel/end/MAIN-door/0123", "alice")).status_code == 404
    async with httpx.AsyncClient(transport=httpx.ASGITransport(desk.app), base_url=BASE) as stranger:
        assert (await stranger.get(path)).headers["location"].startswith("/sign-in")


async def test_the_pin_is_typed_at_the_door_and_the_end_can_be_had_back(desk: Desk) -> None:
    _, booking = await running_door(desk)
    body = {"door": {"proofs": ["pin"], "pin": "4711"}}
    assert (await desk.api("PATCH", "/rooms/MAIN", "coordinator", json=body)).status_code == 200
    async with tablet(desk) as client:
        for pin, status in (("0000", 403), ("4711", 303)):
            page = (await client.get("/panel?view=end")).text
            form = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', page))
            assert 'name="proof"' in page
            answer = await client.post("/panel/command", data=form | {"command": "end", "proof": pin})
            assert answer.status_code == status
        page = (await client.get("/panel")).text
        assert "Cofnij zakończenie" in page
        form = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', page))
        assert (await client.post("/panel/command", data=form | {"command": "undo"})).status_code == 303
    assert (await Booking.get(id=booking.id)).status is Status.CHECKED_IN


async def test_a_late_yes_says_that_nothing_was_done(desk: Desk) -> None:
    room, booking = await running_door(desk, door_proofs="anyone")
    async with tablet(desk) as client:
        page = (await client.get("/panel?view=end")).text
        form = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', page))
        await Booking.filter(id=booking.id).update(
            ends_at=booking.starts_at + 5 * MINUTE, blocked_to=booking.starts_at + 5 * MINUTE, status=Status.ENDED
        )
        await Room.filter(id=room.id).update(version=99, revision=99, plan_revision=99)
        after = await make.make_booking(datetime.now(UTC) - MINUTE, room=room, status=Status.CHECKED_IN)
        data = form | {"command": "end"}
        answer = await client.post("/panel/command", data=data, headers={"x-panel-part": "door"})
    assert answer.status_code == 409
    assert "Nic nie zrobiono." in answer.text
    assert (await Booking.get(id=after.id)).status is Status.CHECKED_IN
