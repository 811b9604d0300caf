"""A house that one page cannot show: its parts, the way to each, and the pages that show one of them."""

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from registry.rooms.models import RoomKind, Visibility
from registry.rooms.queries import RoomLine
from tests import make
from tests.conftest import Database
from tests.statements import Statements
from tests.web.desk import Desk
from web.app import SiteOptions, create_site
from web.auth.session import SESSION
from web.kit.i18n import Formats
from web.kit.words import Words
from web.rooms import house_parts
from web.rooms.house_parts import COOKIE, in_parts, nearest, titles

PART = {"hx-request-type": "partial"}
PAGES = ("/", "/rooms", "/calendar", "/calendar?view=week")


def line(number: int, building: int, floor: int = 0) -> RoomLine:
    code = f"R{number}"
    return RoomLine(
        number, code, code, code, "", building, floor, RoomKind.MEETING, Visibility.PUBLIC, 4, True, False, False, False
    )


def house(*floors: tuple[int, int, int]) -> list[RoomLine]:
    """Rooms by (building, floor, how many)."""
    rooms = [(building, floor) for building, floor, rooms in floors for _ in range(rooms)]
    return [line(number, *one) for number, one in enumerate(rooms)]


@pytest.mark.parametrize(
    ("floors", "sizes"),
    [
        ([(1, 0, 4)], [4]),
        ([(1, 0, 2), (2, 0, 2), (3, 0, 1)], [4, 1]),
        ([(1, 0, 3), (2, 0, 3), (3, 0, 1)], [3, 4]),
        ([(1, 0, 1), (2, 1, 3), (2, 0, 2), (3, 0, 1)], [1, 3, 2, 1]),
        ([(1, 2, 1), (1, 1, 3), (1, 0, 2)], [4, 2]),
        ([(1, 0, 9)], [3, 3, 3]),
        ([], []),
    ],
)
def test_a_house_is_parted_by_building_and_floor(floors: list[tuple[int, int, int]], sizes: list[int]) -> None:
    rooms = house(*floors)
    parts = in_parts(rooms, 4)
    assert [len(part) for part in parts] == sizes
    assert [room for part in parts for room in part] == rooms, "each room once, in the order of the house"


def test_a_room_leads_to_its_part_or_to_the_nearest() -> None:
    parts = in_parts(house((1, 1, 4), (1, 0, 4), (2, 0, 4)), 4)
    assert nearest(parts, parts[1][2]) == 1
    assert nearest(parts, line(99, 1, 0)) == 1, "its floor"
    assert nearest(parts, line(99, 2, 7)) == 2, "its building"
    assert nearest(parts, line(99, 9)) == 0
    assert nearest(parts, None) == 0


def test_a_part_is_called_by_what_sets_it_apart() -> None:
    addresses = {1: "Kraków, Krótka 1", 2: "Kraków, Krótka 2", 3: "Tarnów, Długa 3"}
    words = Words("en", Formats("en", "Europe/Warsaw"))
    parts = in_parts(house((1, 0, 2), (2, 0, 1), (3, 2, 4), (3, 1, 2), (3, 0, 2)), 4)
    assert titles(parts, addresses, words) == [
        "Krótka 1 – Krótka 2", "Tarnów, Długa 3 · floor 2", "Tarnów, Długa 3 · floor 1 – ground floor",
    ]  # fmt: skip
    cut = in_parts(house((1, 0, 6)), 4)
    assert titles(cut, addresses, words) == [
        "Krótka 1 · ground floor · R0 – R2", "Krótka 1 · ground floor · R3 – R5",
    ]  # fmt: skip


@pytest.fixture
async def desk(database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    """An office of two buildings with three rooms each, of which a page shows four."""
    monkeypatch.setattr(house_parts, "MOST", 4)
    for letter in "AB":
        building = await make.make_building(address=f"Kraków, {letter}-Straße 1")
        for number in range(3):
            code = f"{letter}{number}"
            await make.make_room(code=code, number=code, building=building, capacity=10 * number)
    return await Desk(create_site(SiteOptions(secret_key="k" * 40, data_dir=tmp_path, language="en"))).open()


def shown(page: str) -> list[str]:
    return re.findall(r'data-piece="(\w+)"', page.partition('id="plans"')[0])


@pytest.mark.anyio
@pytest.mark.databases("sqlite")
@pytest.mark.parametrize("page", PAGES)
async def test_a_page_shows_a_part_and_the_way_to_the_others(desk: Desk, page: str) -> None:
    sign = "&" if "?" in page else "?"
    first = (await desk.get(page, "alice")).text
    assert {"A0", "A1", "A2"} == set(shown(first))
    assert f'{sign.replace("&", "&amp;")}part=B0"' in first
    answer = await desk.get(f"{page}{sign}part=B1", "alice")
    assert {"B0", "B1", "B2"} == set(shown(answer.text))
    assert 'data-part="B0"' in answer.text
    assert answer.cookies[COOKIE] == "B1"
    cookies = {"cookie": f"{SESSION}={desk.secrets['alice']}; {COOKIE}=B1"}
    again = await desk.get(page, "alice", headers=cookies)
    assert {"B0", "B1", "B2"} == set(shown(again.text)), "it opens where it was left"
    piece = await desk.get(f"{page}{sign}part=A0&piece=A1", "alice", headers=PART | cookies)
    assert {"A0", "A1", "A2"} == set(shown(piece.text)), "an open page stays at its part"
    assert COOKIE not in piece.cookies
    assert {"A0", "A1", "A2"} == set(shown((await desk.get(f"{page}{sign}part=nowhere", "alice")).text))


@pytest.mark.anyio
@pytest.mark.databases("sqlite")
async def test_what_a_filter_leaves_is_parted(desk: Desk) -> None:
    store = await make.make_room(code="STORE", number="9", bookable=False)
    await make.make_room(code="IDLE", bookable=False, building_id=store.building_id)
    noon = (datetime.now(UTC) + timedelta(days=2)).replace(hour=12)
    await make.make_booking(noon, noon + timedelta(hours=1), room=store, kind="block")
    for page, codes in (
        ("/rooms?q=B1", {"B1"}),
        ("/rooms?seats=15", {"A2", "B2"}),
        ("/rooms?seats=15&free=1&part=B0", {"A2", "B2"}),
        ("/rooms?seats=999", set()),
        ("/calendar?seats=1", {"A1", "A2", "B1", "B2"}),
        ("/calendar?step_free=1", set()),
        ("/calendar?needs=projector", set()),
        ("/calendar?seats=1&free=1&part=B1", {"A1", "A2", "B1", "B2"}),
        (f"/calendar?date={noon.date()}&part=STORE", {"B0", "B1", "B2", "STORE"}),
    ):
        answer = await desk.get(page, "alice")
        assert set(shown(answer.text)) == codes, page


@pytest.mark.anyio
async def test_a_part_of_a_large_house_asks_no_more_than_of_a_small_one(desk: Desk, statements: Statements) -> None:
    for page in ("/", "/rooms", "/calendar"):
        await desk.get(page, "alice")
        with statements.at_most({"/": 14, "/rooms": 5, "/calendar": 6}[page]):
            assert (await desk.get(page, "alice")).status_code == 200


@pytest.mark.anyio
@pytest.mark.databases("sqlite")
async def test_the_plan_of_a_floor_says_all_its_rooms_though_the_list_shows_a_part(desk: Desk) -> None:
    building = await make.make_building(address="Kraków, C 1")
    for number in range(6):
        await make.make_room(code=f"C{number}", number=f"C{number}", building=building)
    page = (await desk.get("/?part=C0", "alice")).text
    assert 'id="now-C0"' in page
    assert 'id="now-C5"' not in page
    assert 'id="plan-C5" class="plan-room" data-state="free"' in page
