"""Sites, buildings and rooms come in, are described otherwise and are closed, by a program; what a room should hold."""

from datetime import UTC, datetime
from typing import Any

import pytest

from registry.bookings.models import Booking
from registry.bookings.queries import public_room_state
from registry.core.history import HistoryEntry
from registry.rooms.models import Building, Room
from registry.rooms.queries import hours_of
from tests.make import make_asset, make_building, make_opening
from tests.web.conftest import Office

pytestmark = pytest.mark.anyio


async def test_a_house_comes_in_floor_by_floor(office: Office) -> None:
    site = await office.post("/sites", {"name": "Grudziądz Śródmieście"}, "coordinator")
    assert (site.status_code, site.json()["code"]) == (201, "grudziadz-srodmiescie")
    body = {"site": site.json()["code"], "code": "GR", "address": "Grudziądz, Długa 1", "step_free": True}
    house = await office.post("/buildings", body, "coordinator")
    assert (house.status_code, house.json()["rooms"]) == (201, 0)
    profile = await make_opening(code="office")
    room = {
        "code": "GR-1", "building": "GR", "names": {"pl": "Sala", "uk": "Зала"}, "floor": 2, "number": "2.01",
        "kind": "conference", "capacity": 20, "visibility": "public", "opening": profile.code,
        "lengths": {"max_hours": 3}, "check_in": True,
    }  # fmt: skip
    answer = await office.post("/rooms", room, "coordinator")
    assert answer.status_code == 201, answer.text
    assert answer.headers["location"] == "/api/v1/rooms/GR-1"
    fresh = answer.json()
    assert (fresh["kind"], fresh["visibility"], fresh["max_hours"], fresh["opening"]) == (
        "conference", "public", 3, "office",
    )  # fmt: skip
    assert fresh["names"] == {"pl": "Sala", "uk": "Зала"}
    assert "GR-1" in {one["code"] for one in (await office.get("/rooms?limit=200")).json()["items"]}
    counts = {one["code"]: one["rooms"] for one in (await office.get("/buildings")).json()["items"]}
    assert counts["GR"] == 1
    assert (await office.post("/rooms", room, "coordinator")).json()["code"] == "room.exists"


@pytest.mark.parametrize(
    ("path", "body", "status", "code"),
    [
        ("/sites", {"name": "X", "timezone": "Mars/Base"}, 422, "site.bad_timezone"),
        ("/sites", {"name": "X", "code": "a/b"}, 422, "place.bad_code"),
        ("/buildings", {"site": "none", "code": "B", "address": "A"}, 404, "site.unknown"),
        ("/rooms", {"code": "N", "building": "none", "names": {"pl": "N"}}, 404, "building.unknown"),
        ("/rooms", {"code": "N", "building": "none", "names": {"en": "N"}}, 422, "request.missing_field"),
        ("/rooms", {"code": "N", "building": "DOM", "names": {"pl": "N"}, "max_hours": 99}, 422, "room.bad_number"),
    ],
)
async def test_what_cannot_be_is_not_added(
    office: Office, path: str, body: dict[str, Any], status: int, code: str
) -> None:
    await make_building(code="DOM")
    answer = await office.post(path, body, "coordinator")
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert not await Room.filter(code="N").exists()


async def test_who_does_not_run_rooms_adds_and_closes_nothing(office: Office) -> None:
    for who in ("alice", "duty", "facilities", "auditor"):
        for path in ("/sites", "/buildings", "/rooms", "/rooms/M-1/close", "/rooms/M-1/reopen"):
            assert (await office.post(path, {}, who)).status_code == 403, (who, path)
        assert (await office.call("PUT", "/rooms/M-1/standard", who, json=[])).status_code == 403


async def test_a_site_and_a_building_are_described_otherwise(office: Office) -> None:
    building = await Building.get(id=office.rooms["M-1"].building_id).select_related("site")
    answer = await office.call("PATCH", f"/sites/{building.site.code}", "admin", json={"timezone": "Europe/Kyiv"})
    assert answer.json()["timezone"] == "Europe/Kyiv"
    assert (await hours_of(office.rooms["M-1"])).zone.key == "Europe/Kyiv", "what is kept of the hours is out of date"
    changes = {"note": "wejście od podwórza", "step_free": True}
    answer = await office.call("PATCH", f"/buildings/{building.code}", "admin", json=changes)
    assert (answer.json()["note"], answer.json()["step_free"]) == ("wejście od podwórza", True)
    entry = await HistoryEntry.get(object=f"building:{building.id}", action="changed")
    assert entry.before == {"note": building.note, "step_free": building.step_free}
    for path in ("/sites/none", "/buildings/none"):
        assert (await office.call("PATCH", path, "admin", json={})).status_code == 404


async def test_a_closed_room_is_booked_no_more_and_its_bookings_stay(office: Office) -> None:
    ahead = await office.held("M-1", 24)
    answer = await office.post("/rooms/M-1/close", {"reason": "wypowiedziany najem"}, "coordinator")
    assert answer.status_code == 200
    room = answer.json()
    assert room["closed_at"] is not None
    assert [(one["id"], [why["code"] for why in one["reasons"]]) for one in room["misfits"]] == [
        (str(ahead.id), ["room.closed"])
    ]
    assert str((await Booking.get(id=ahead.id)).status) == "confirmed"
    assert (await office.book(48, "M-1")).json()["code"] == "room.closed"
    assert (await office.get("/rooms/M-1")).status_code == 200, "its address stays"
    assert "M-1" not in {one["code"] for one in (await office.get("/rooms?limit=200")).json()["items"]}
    assert "M-1" not in {one["room"] for one in (await office.get("/availability")).json()["items"]}
    state = await public_room_state(office.rooms["M-1"].id, datetime.now(UTC))
    assert (state.state, state.until) == ("closed", None)
    entry = await HistoryEntry.get(object=f"room:{office.rooms['M-1'].id}", action="closed")
    assert entry.reason == "wypowiedziany najem"
    assert (await office.call("PATCH", "/rooms/M-1", "admin", json={"capacity": 1})).json()["code"] == "room.closed"
    asset = await make_asset()
    moved = await office.post(f"/assets/{asset.id}/transitions/move", {"room": "M-1"}, "admin")
    assert moved.json()["code"] == "room.closed"


async def test_a_closed_room_is_taken_into_use_as_it_was(office: Office) -> None:
    for _ in range(2):
        assert (await office.post("/rooms/M-1/close", who="admin")).status_code == 200
    answer = await office.post("/rooms/M-1/reopen", who="admin")
    assert (answer.json()["closed_at"], answer.json()["can_be_booked"]) == (None, True)
    assert (await office.book(48, "M-1")).status_code == 201
    assert (await office.post("/rooms/M-1/reopen", who="admin")).status_code == 200
    assert await HistoryEntry.filter(object=f"room:{office.rooms['M-1'].id}", action="closed").count() == 1


async def test_a_building_with_open_rooms_is_not_closed(office: Office) -> None:
    building = await Building.get(id=office.rooms["M-1"].building_id)
    answer = await office.post(f"/buildings/{building.code}/close", who="admin")
    assert (answer.status_code, answer.json()["code"]) == (409, "building.has_rooms")
    assert "C-1" in answer.json()["detail"]
    for code in office.rooms:
        await office.post(f"/rooms/{code}/close", who="admin")
    assert (await office.post(f"/buildings/{building.code}/close", who="admin")).json()["closed_at"]
    body = {"code": "N", "building": building.code, "names": {"pl": "N"}}
    assert (await office.post("/rooms", body, "admin")).json()["code"] == "building.closed"
    assert (await office.post("/rooms/M-1/reopen", who="admin")).json()["code"] == "building.closed"
    assert (await office.post(f"/buildings/{building.code}/reopen", who="admin")).json()["closed_at"] is None
    assert (await office.post("/rooms/M-1/reopen", who="admin")).status_code == 200


async def test_a_standard_says_what_is_missing(office: Office) -> None:
    lines = [{"name": "Krzesło konferencyjne", "quantity": 2}, {"name": "Projektor laserowy"}]
    answer = await office.call("PUT", "/rooms/M-1/standard", "coordinator", json=lines)
    assert answer.status_code == 200, answer.text
    items = {one["name"]: one for one in answer.json()["items"]}
    assert items["Krzesło konferencyjne"]["problems"] == [{"problem": "missing", "count": 1}]
    assert (items["Projektor laserowy"]["feature"], items["Projektor laserowy"]["ready"]) == ("projector", False)
    assert (await office.get("/rooms/M-1/readiness")).json()["ready"] is False
    assert "projector" in (await office.get("/rooms/M-1")).json()["features"]
    entry = await HistoryEntry.get(object=f"room:{office.rooms['M-1'].id}", action="standard_set")
    assert entry.before == {"standard": []}
    await office.call("PUT", "/rooms/M-1/standard", "coordinator", json=lines)
    assert await HistoryEntry.filter(action="standard_set").count() == 1


@pytest.mark.parametrize(
    ("lines", "code"),
    [
        ([{"name": "Stół"}, {"name": "STÓŁ"}], "standard.twice"),
        ([{"name": "Stół", "quantity": 0}], "room.bad_number"),
        ([{"name": "Stół", "feature": "sauna"}], "standard.bad_feature"),
        ([{"name": " "}], "request.missing_field"),
        ({"name": "Stół"}, "request.bad_field"),
    ],
)
async def test_a_line_that_cannot_stand_leaves_the_standard_as_it_was(office: Office, lines: Any, code: str) -> None:
    await office.call("PUT", "/rooms/M-1/standard", "admin", json=[{"name": "Tablica"}])
    answer = await office.call("PUT", "/rooms/M-1/standard", "admin", json=lines)
    assert (answer.status_code, answer.json()["code"]) == (422, code)
    assert [one["name"] for one in (await office.get("/rooms/M-1/readiness")).json()["items"]] == ["Tablica"]
