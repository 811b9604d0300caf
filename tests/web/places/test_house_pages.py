"""Sites, buildings, rooms and standards on their pages: added, described, closed; nothing typed is lost."""

import re
from pathlib import Path

import pytest

from registry.rooms.models import Building, Room, Site
from registry.rooms.standards import StandardLine, lines_of
from tests import make
from tests.conftest import Database
from tests.web.desk import Desk, text_of
from web.app import SiteOptions, create_site

pytestmark = [pytest.mark.anyio, pytest.mark.databases("sqlite")]
LIST = "/admin/places"


@pytest.fixture
async def desk(database: Database, tmp_path: Path) -> Desk:
    return await Desk(create_site(SiteOptions(secret_key="k" * 40, data_dir=tmp_path, language="en"))).open()


async def test_an_empty_house_says_what_to_do_first_and_is_filled_page_by_page(desk: Desk) -> None:
    assert "There is no room yet" in await desk.read(LIST, "coordinator")
    assert "There is no building in use" in await desk.read(f"{LIST}/new-room", "coordinator")
    assert "There is no site yet" in await desk.read(f"{LIST}/new-building", "coordinator")
    answer = await desk.post(f"{LIST}/new-site", "coordinator", name="Łódź", timezone="Europe/Warsaw", key="1")
    assert answer.headers["location"] == f"{LIST}/new-building?done=site"
    site = await Site.get(code="lodz")
    house = {"site": site.code, "code": "L1", "address": "Łódź, Piotrkowska 1", "step_free": "1", "key": "2"}
    answer = await desk.post(f"{LIST}/new-building", "coordinator", **house)
    assert answer.headers["location"] == f"{LIST}/new-room?building=L1&done=building"
    room = {"building": "L1", "code": "L1-01", "name": "Sala", "floor": "−1", "kind": "meeting", "capacity": "8",
            "visibility": "public", "bookable": "1", "key": "3"}  # fmt: skip
    for _ in range(2):
        answer = await desk.post(f"{LIST}/new-room", "coordinator", **room)
        assert answer.headers["location"] == f"{LIST}/rooms/L1-01?done=added", "the same form sent twice does it once"
    fresh = await Room.get(code="L1-01")
    assert (fresh.floor, fresh.number, fresh.capacity, str(fresh.visibility)) == (-1, "L1-01", 8, "public")
    text = await desk.read(LIST, "coordinator")
    assert "Łódź, Piotrkowska 1" in text
    assert "Sala" in text
    assert "Sala" in await desk.read("/rooms", "member")


@pytest.mark.parametrize(
    ("page", "form", "sentence"),
    [
        ("new-room", {"code": "", "name": "Sala"}, "Fill this in."),
        ("new-room", {"code": "a/b", "name": "Sala"}, "a/b cannot be a code."),
        ("new-room", {"code": "TAKEN", "name": "Sala"}, "There is already a room TAKEN."),
        ("new-room", {"code": "N", "name": "Sala", "capacity": "dużo"}, "Write a whole number from 0 to 9999."),
        ("new-room", {"code": "N", "name": "Sala", "building": "none"}, "There is no building none."),
        ("new-building", {"code": "B", "address": ""}, "Fill this in."),
        ("new-building", {"code": "B", "address": "Sala", "site": "none"}, "There is no site none."),
        ("new-building", {"code": "B", "address": "Sala", "note": "a\x00b"}, "This holds characters that cannot be"),
        ("new-site", {"name": ""}, "Fill this in."),
        ("new-site", {"name": "Sala", "timezone": "Mars"}, "There is no time zone Mars."),
    ],
)
async def test_what_cannot_be_added_is_said_at_its_field(
    desk: Desk, page: str, form: dict[str, str], sentence: str
) -> None:
    room = await make.make_room(code="TAKEN", building=await make.make_building(code="B-1"))
    building = await Building.get(id=room.building_id).select_related("site")
    defaults = {"new-room": {"building": "B-1"}, "new-building": {"site": building.site.code}, "new-site": {}}
    answer = await desk.post(f"{LIST}/{page}", "coordinator", **defaults[page] | form)
    assert answer.status_code in (404, 409, 422)
    assert sentence in answer.text
    assert "aria-invalid" in answer.text
    if "Sala" in form.values():
        assert 'value="Sala"' in answer.text


async def test_a_building_is_described_otherwise_and_closed_once_its_rooms_are(desk: Desk) -> None:
    building = await make.make_building(code="B-1", address="Stara 1")
    room = await make.make_room(code="R-1", building=building)
    page = f"{LIST}/buildings/B-1"
    assert "1 room is in use: close it first." in await desk.read(page, "coordinator")
    answer = await desk.send(page, "coordinator", address="Nowa 2", note="od podwórza")
    assert "address: Stara 1 → Nowa 2" in text_of(answer.text)
    refused = await desk.post(f"{page}/close", "coordinator", reason="sprzedaż")
    assert refused.status_code == 409
    assert "has rooms in use (R-1)" in refused.text
    assert 'value="sprzedaż"' in refused.text
    closed = await desk.send(f"{LIST}/rooms/R-1/close", "coordinator", reason="remont")
    assert "Closed since" in closed.text
    assert "Take it into use again" in closed.text
    assert 'id="room-form"' not in closed.text
    assert "R-1" not in await desk.read("/rooms", "member")
    assert "Nobody books it" in await desk.read("/rooms/R-1", "member")
    assert "R-1" not in text_of((await desk.get(LIST, "coordinator")).text)
    assert "R-1" in text_of((await desk.get(f"{LIST}?closed=1", "coordinator")).text)
    assert (await desk.post(f"{page}/close", "coordinator")).status_code == 303
    again = await desk.post(f"{LIST}/rooms/R-1/reopen", "coordinator")
    assert again.status_code == 409
    assert "Open it again first" in again.text
    assert (await desk.post(f"{page}/close", "coordinator", reopen="1")).status_code == 303
    assert (await desk.post(f"{LIST}/rooms/R-1/reopen", "coordinator")).status_code == 303
    await room.refresh_from_db()
    assert room.closed_at is None


async def test_a_site_goes_by_another_clock(desk: Desk) -> None:
    building = await make.make_building()
    site = await building.site
    page = f"{LIST}/sites/{site.code}"
    assert site.name in await desk.read(page, "coordinator")
    assert (await desk.post(page, "coordinator", name="Kijów", timezone="Europe/Kyiv")).status_code == 303
    assert (await desk.post(page, "coordinator", name="", timezone="Europe/Kyiv")).status_code == 422
    assert (await desk.post(page, "coordinator", name="Kijów", timezone="Nowhere")).status_code == 422
    await site.refresh_from_db()
    assert (site.name, site.timezone) == ("Kijów", "Europe/Kyiv")


async def test_who_closes_a_room_reads_what_still_hangs_on_it(desk: Desk) -> None:
    room = await make.make_room(code="R-1")
    await make.make_asset(room=room, quantity=3)
    await make.make_device(room=room)
    text = await desk.read(f"{LIST}/rooms/R-1", "coordinator")
    assert "3 pieces stand there" in text
    assert "1 device hangs there" in text


async def test_a_standard_is_proposed_from_what_stands_there_and_says_what_is_missing(desk: Desk) -> None:
    room = await make.make_room(code="R-1")
    await make.make_asset(name="Projektor", room=room)
    await make.make_asset(name="Krzesło", room=room, quantity=12)
    page = f"{LIST}/rooms/R-1/standard"
    proposal = (await desk.get(f"{page}?from=now", "coordinator")).text
    assert 'value="Krzesło"' in proposal
    assert "A proposal" in proposal
    assert await lines_of(room.id) == [], "nothing changes before it is saved"
    mark = re.search(r'name="mark" value="(\w+)"', proposal)
    assert mark
    form = {
        "name": ["Krzesło", "Projektor", "", " Tablica  biała "], "quantity": ["14", "1", "", ""],
        "feature": ["auto", "auto", "auto", "flipchart"], "mark": mark.group(1),
    }  # fmt: skip
    answer = await desk.send(page, "coordinator", **form)
    assert "12 of 14 work" in text_of(answer.text)
    assert "missing: 2" in text_of(answer.text)
    assert await lines_of(room.id) == [
        StandardLine("Krzesło", 14), StandardLine("Projektor", 1, "projector"),
        StandardLine("Tablica biała", 1, "flipchart"),
    ]  # fmt: skip
    assert "missing: 2" in await desk.read("/rooms/R-1", "member")
    assert (await desk.post(page, "coordinator", **form)).status_code == 303, "sent twice it is done once"
    stale = await desk.post(page, "coordinator", **form | {"name": ["Stół"]})
    assert stale.status_code == 412
    assert 'value="Stół"' in stale.text


async def test_a_line_that_cannot_stand_is_said_at_it_and_more_lines_lose_nothing(desk: Desk) -> None:
    room = await make.make_room(code="R-1")
    page = f"{LIST}/rooms/R-1/standard"
    for names, counts, sentence in (
        (["Stół", "STÓŁ"], ["1", "2"], "STÓŁ stands on two lines."),
        (["Stół"], ["dużo"], "Write a whole number from 1 to 9999."),
        (["x" * 201], ["1"], "This is longer than 200 characters."),
        (["a\u202eb"], ["1"], "This holds characters that cannot be shown."),
    ):
        answer = await desk.post(page, "coordinator", name=names, quantity=counts, feature=["auto"] * len(names))
        assert answer.status_code == 422
        assert sentence in answer.text
    more = await desk.post(page, "coordinator", name=["Stół"], quantity=["4"], feature=[""], more="1")
    assert more.status_code == 200
    assert 'value="Stół"' in more.text
    assert 'value="4"' in more.text
    assert await lines_of(room.id) == []


async def test_only_who_runs_rooms_adds_and_closes(desk: Desk) -> None:
    await make.make_room(code="R-1", building=await make.make_building(code="B-1"))
    pages = ("new-room", "new-building", "new-site", "buildings/B-1", "rooms/R-1/standard")
    for who in ("member", "duty", "facilities", "accountant", "auditor"):
        for page in pages:
            assert (await desk.get(f"{LIST}/{page}", who)).status_code == 403, (who, page)
            assert (await desk.post(f"{LIST}/{page}", who)).status_code == 403, (who, page)
        for page in ("rooms/R-1/close", "rooms/R-1/reopen", "buildings/B-1/close"):
            assert (await desk.post(f"{LIST}/{page}", who)).status_code == 403, (who, page)
