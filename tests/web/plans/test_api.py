"""Floor plans for programs: read with the states that the caller may know, drawn by who runs rooms."""

from typing import Any

import httpx
import pytest

from registry.plans.models import FloorPlan
from registry.rooms.models import Building
from tests.make import FLOOR_SVG, drawing
from tests.web.conftest import Office

pytestmark = [pytest.mark.anyio, pytest.mark.databases("sqlite")]
BOX = {"x": 0.1, "y": 0.2, "width": 0.25, "height": 0.5}


async def address(office: Office) -> str:
    building = await Building.get(id=office.rooms["M-1"].building_id)
    return f"/plans/{building.code}/0"


async def put(office: Office, rooms: list[dict[str, Any]], who: str = "admin", **headers: str) -> httpx.Response:
    return await office.call("PUT", f"{await address(office)}/rooms", who, json=rooms, headers=headers)


async def send(office: Office, content: bytes, name: str = "parter.svg", who: str = "admin") -> httpx.Response:
    return await office.post(f"{await address(office)}/picture", None, who, files={"file": (name, content)})


async def test_every_floor_has_a_plan_at_once(office: Office) -> None:
    plan = (await office.get(await address(office))).json()
    assert (plan["is_schematic"], plan["revision"], plan["picture"]) == (True, 0, None)
    rooms = {room["room"]: room for room in plan["rooms"]}
    assert rooms.keys() == set(office.rooms)
    assert rooms["M-1"]["state"] == "free"
    assert len(rooms["M-1"]["corners"]) == 4
    (floor,) = (await office.get("/plans")).json()["items"]
    assert (floor["floor"], floor["rooms"], floor["placed"], floor["picture"]) == (0, len(office.rooms), 0, False)
    for wrong in ("/plans/NONE/0", "/plans/NONE/x", f"{(await address(office))[:-1]}9"):
        assert (await office.get(wrong)).json()["code"] == "plan.unknown"


async def test_rooms_are_placed_as_a_box_or_by_corners(office: Office) -> None:
    corners = [[0, 0], [0.5, 0], [0.5, 0.5]]
    answer = await put(office, [{"room": "M-1", **BOX}, {"room": "C-1", "corners": corners}], **{"if-match": '"0"'})
    assert answer.status_code == 200, answer.text
    rooms = {room["room"]: room for room in answer.json()["rooms"]}
    assert {name: rooms["M-1"][name] for name in BOX} == BOX
    assert rooms["C-1"]["corners"] == corners
    assert rooms["H-1"]["corners"] is None
    assert answer.headers["etag"] == f'"{answer.json()["revision"]}"'
    stale = await put(office, [], **{"if-match": '"0"'})
    assert (stale.status_code, stale.json()["code"]) == (412, "request.stale")
    again = (await office.get(await address(office))).json()
    assert again["rooms"] == answer.json()["rooms"]


@pytest.mark.parametrize(
    ("rooms", "code"),
    [
        ([{"room": "M-1", **BOX}, {"room": "M-1", **BOX}], "plan.twice"),
        ([{"room": "M-1", **BOX, "x": 0.9}], "plan.outside"),
        ([{"room": "M-1", "x": 0.1}], "request.bad_field"),
        ([{"room": "M-1", **BOX, "corners": [[0, 0], [1, 0], [1, 1]]}], "request.bad_field"),
        ([{"room": "M-1", "corners": [[0, 0], [1, 0]]}], "request.bad_field"),
        ([{"room": "NONE", **BOX}], "room.unknown"),
    ],
)
async def test_a_place_that_cannot_be_is_refused(rooms: list[dict[str, Any]], code: str, office: Office) -> None:
    assert (await put(office, rooms)).json()["code"] == code
    assert not await FloorPlan.exists()


async def test_a_picture_is_put_on_read_and_taken_off(office: Office) -> None:
    answer = await send(office, FLOOR_SVG)
    assert answer.status_code == 201, answer.text
    assert answer.json()["ratio"] == 0.5
    content = await office.get(answer.json()["picture"], "charlie")
    assert (content.status_code, content.headers["content-type"]) == (200, "image/png")
    assert "sandbox" in content.headers["content-security-policy"]
    assert (await send(office, drawing(300, 300), "p.png")).json()["ratio"] == 1
    assert (await office.call("DELETE", f"{await address(office)}/picture", "admin")).status_code == 204
    assert (await office.get(await address(office))).json()["picture"] is None


async def test_a_drawing_with_a_script_is_refused_in_words(office: Office) -> None:
    refused = await send(office, FLOOR_SVG.replace(b"<rect", b"<script>alert(1)</script><rect"))
    assert (refused.status_code, refused.json()["code"]) == (422, "plan.unsafe")
    assert "it holds a script" in refused.json()["detail"]
    assert not await FloorPlan.exists()


async def test_who_does_not_run_rooms_reads_and_changes_nothing(office: Office) -> None:
    for who in ("alice", "duty", "facilities", "auditor"):
        assert (await put(office, [], who)).status_code == 403
        assert (await send(office, FLOOR_SVG, who=who)).status_code == 403
        assert (await office.get(await address(office), who)).status_code == 200


async def test_a_hidden_room_tells_no_times(office: Office) -> None:
    await office.held("H-1", -0.5, "coordinator", kind="interview")
    for who, knows in (("charlie", False), ("duty", True)):
        rooms = {room["room"]: room for room in (await office.get(await address(office), who)).json()["rooms"]}
        assert (rooms["H-1"]["until"] is not None) is knows, who


async def test_a_floor_has_one_address_for_walls_until_it_is_taken_back(office: Office) -> None:
    path = f"{await address(office)}/wall"
    first = (await office.call("PUT", path, "admin")).json()["url"]
    assert (await office.call("PUT", path, "admin")).json()["url"] == first
    assert (await office.client.get(first.removeprefix("http://127.0.0.1:8000"))).status_code == 200
    assert (await office.call("PUT", path, "facilities")).status_code == 403
    assert (await office.call("DELETE", path, "admin")).status_code == 204
    assert (await office.call("PUT", path, "admin")).json()["url"] != first
