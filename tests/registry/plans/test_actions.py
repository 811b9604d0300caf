"""Floor plans: pictures put on and taken off, rooms placed, and what is refused without a trace."""

import subprocess
from collections.abc import Awaitable
from typing import Any

import pytest
import typst

from registry.core.errors import Invalid, Refusal
from registry.core.events import Event, PlacesChanged, RoomChanged
from registry.core.history import SYSTEM, HistoryEntry
from registry.files.actions import StoredContent, store
from registry.files.models import Attachment
from registry.files.queries import content_of
from registry.plans.actions import place_rooms, remove_picture, set_picture
from registry.plans.models import FloorPlan, PlanRoom
from registry.plans.picture_process import drawn
from registry.plans.pictures import store_picture
from registry.plans.queries import Floor, FloorLayout, fresh_layout, layout_of
from registry.plans.rules import rectangle
from registry.rooms.models import Room
from tests.conftest import Database
from tests.make import NOW, drawing, make_building, make_room, refused

pytestmark = pytest.mark.anyio
LARGEST = 20_000_000
NS = b'<svg xmlns="http://www.w3.org/2000/svg" xmlns:x="http://www.w3.org/1999/xlink" '
SVG = NS + b'viewBox="0 0 300 150"><rect width="290" height="140"/></svg>'
BOX, OTHER = rectangle(0.1, 0.1, 0.2, 0.3), rectangle(0.5, 0.1, 0.2, 0.3)


@pytest.fixture
async def floor(database: Database) -> Floor:
    """B, floor 1: rooms A and B; the ground floor has room C."""
    building = await make_building(code="B")
    for number, code in enumerate("AB"):
        await make_room(code=code, building=building, floor=1, number=f"1.0{number}")
    await make_room(code="C", building=building, floor=0)
    return Floor(building.id, 1)


async def present() -> FloorLayout:
    return await fresh_layout(await layout_of("B", 1))


async def placed() -> dict[str, object]:
    return {room.code: corners for room, corners in (await present()).rooms_with_shape}


async def refuses(work: Awaitable[Any], *codes: str) -> Refusal:
    refusal = await refused(work)
    assert refusal.code in codes
    return refusal


async def picture(content: bytes = SVG, name: str = "parter.svg", page: int = 1) -> StoredContent:
    return await store_picture(content, name, page, LARGEST)


async def test_a_floor_without_a_plan_is_drawn_from_its_rooms(floor: Floor) -> None:
    layout = await layout_of("B", "1")
    assert (layout.is_schematic, layout.revision, layout.picture, len(layout.rooms_with_shape)) == (True, 0, None, 2)
    assert not layout.rooms_without
    for address in (("B", "7"), ("B", "01"), ("B", "x"), ("B", "-0"), ("B", "--1"), ("B", ""), ("N", "1"), ("", "1")):
        await refuses(layout_of(*address), "plan.unknown")


async def test_rooms_are_placed_moved_and_taken_off_and_the_history_tells_each(floor: Floor) -> None:
    await place_rooms(floor, {"A": BOX}, SYSTEM, NOW, if_revision=0)
    assert await placed() == {"A": BOX}
    assert [room.code for room in (await present()).rooms_without] == ["B"]
    await place_rooms(floor, {"A": OTHER, "B": BOX}, SYSTEM, NOW)
    await place_rooms(floor, {"A": OTHER}, SYSTEM, NOW)  # as it is
    await place_rooms(floor, {"A": None}, SYSTEM, NOW)
    assert await placed() == {"B": BOX}
    assert (await present()).revision == 3
    entries = await HistoryEntry.filter(action="rooms_placed").order_by("id")
    assert [(entry.before or {}).keys() for entry in entries] == [{"A"}, {"A", "B"}, {"A"}]
    assert entries[1].before == {"A": [list(corner) for corner in BOX], "B": None}


@pytest.mark.databases("sqlite")
async def test_open_pages_are_told_of_a_plan_by_a_room_that_is_not_shy(floor: Floor, event_log: list[Event]) -> None:
    await Room.filter(code="A").update(visibility="hidden")
    await place_rooms(floor, {"A": BOX}, SYSTEM, NOW)
    other = await Room.get(code="B")
    assert event_log == [PlacesChanged(), RoomChanged(other.id, other.revision)]
    event_log.clear()
    await Room.filter(code="B").update(visibility="confidential")
    await place_rooms(floor, {"A": OTHER}, SYSTEM, NOW)
    assert event_log == [PlacesChanged()]


async def test_the_whole_of_a_floor_takes_off_what_is_not_named(floor: Floor) -> None:
    await place_rooms(floor, {"A": BOX, "B": OTHER}, SYSTEM, NOW)
    await place_rooms(floor, {"B": OTHER}, SYSTEM, NOW, is_whole=True)
    assert await placed() == {"B": OTHER}
    await place_rooms(floor, {}, SYSTEM, NOW, is_whole=True)
    assert (await present()).is_schematic


async def test_a_refused_place_leaves_nothing(floor: Floor) -> None:
    wide = rectangle(0.9, 0.1, 0.2, 0.2)
    await refuses(place_rooms(floor, {"A": BOX, "B": wide}, SYSTEM, NOW), "plan.outside")
    await refuses(place_rooms(floor, {"A": BOX, "C": BOX}, SYSTEM, NOW), "plan.other_floor")
    await refuses(place_rooms(floor, {"A": BOX, "X": BOX}, SYSTEM, NOW), "room.unknown")
    await refuses(place_rooms(floor, {"A": BOX}, SYSTEM, NOW, if_revision=1), "request.stale")
    await refuses(place_rooms(Floor(floor.building_id, 5), {}, SYSTEM, NOW), "plan.unknown")
    await refuses(place_rooms(Floor(2**20, 1), {}, SYSTEM, NOW), "plan.unknown")
    assert (await FloorPlan.all().count(), await PlanRoom.all().count(), await HistoryEntry.all().count()) == (0, 0, 0)


async def test_a_room_that_went_to_another_floor_is_drawn_there_alone(floor: Floor) -> None:
    await place_rooms(floor, {"A": BOX, "B": OTHER}, SYSTEM, NOW)
    await Room.filter(code="A").update(floor=0)
    ground = Floor(floor.building_id, 0)
    await place_rooms(ground, {"A": OTHER}, SYSTEM, NOW)
    assert {room.code for room, _ in (await fresh_layout(await layout_of("B", 0))).rooms_with_shape} == {"A"}
    assert await placed() == {"B": OTHER}


async def test_a_picture_is_put_on_changed_and_taken_off_and_rooms_stay(floor: Floor) -> None:
    await place_rooms(floor, {"A": BOX}, SYSTEM, NOW)
    await set_picture(floor, await picture(), SYSTEM, NOW)
    layout = await present()
    assert (layout.height, layout.is_schematic) == (600, False)
    attachment = await Attachment.get(id=layout.picture).select_related("file")
    assert (attachment.object, attachment.file.media_type) == (f"plan:{(await FloorPlan.get()).id}", "image/png")
    assert b"".join([piece async for piece in await content_of(attachment.file)]).startswith(b"\x89PNG")
    await set_picture(floor, await picture(drawing(200, 200), "p.png"), SYSTEM, NOW)
    assert await Attachment.filter(removed_at=None).count() == 1
    assert (await present()).height == 1200
    paper = await store(b"%PDF-1.7 x", "p.pdf", LARGEST)
    await refuses(set_picture(floor, paper, SYSTEM, NOW), "plan.bad_type")
    await refuses(remove_picture(floor, SYSTEM, NOW, if_revision=9), "request.stale")
    await remove_picture(floor, SYSTEM, NOW)
    await remove_picture(floor, SYSTEM, NOW)  # there is none
    layout = await present()
    assert (layout.picture, await placed()) == (None, {"A": BOX})
    assert await HistoryEntry.filter(object__startswith="plan:", action="file_added").count() == 2


@pytest.mark.databases("sqlite")
@pytest.mark.parametrize(
    ("content", "name", "page", "code"),
    [
        (NS + b"><script>1</script></svg>", "p.svg", 1, "plan.unsafe"),
        (NS + b"><rect", "p.svg", 1, "plan.unreadable"),
        (SVG + b" " * 5_000_000, "p.svg", 1, "file.too_large"),
        (b"MZ program", "p.png", 1, "plan.bad_type"),
        (b"", "p.png", 1, "file.empty"),
        (b"%PDF-1.7 not", "p.pdf", 1, "plan.unreadable"),
        (b"%PDF-1.7 not", "p.pdf", 0, "plan.no_page"),
        (drawing(1000, 20), "p.png", 1, "plan.narrow"),
        (NS + b'viewBox="0 0 1 1000"><rect width="1" height="1000"/></svg>', "p.svg", 1, "plan.narrow"),
    ],
)
async def test_what_is_no_plan_is_refused_by_its_content(
    content: bytes, name: str, page: int, code: str, database: Database
) -> None:
    refusal = await refuses(picture(content, name, page), code)
    assert refusal.params.get("name") == name


@pytest.mark.databases("sqlite")
async def test_a_drawing_that_unfolds_without_end_ends_its_own_process(database: Database) -> None:
    uses = b"".join(
        b'<g id="a%d">' % level + b'<use x:href="#a%d"/>' % (level - 1) * 10 + b"</g>" for level in range(1, 12)
    )
    bomb = NS + b'><defs><rect id="a0" width="1" height="1"/>' + uses + b'</defs><use x:href="#a11"/></svg>'
    await refuses(picture(bomb), "plan.unreadable", "plan.too_much")


@pytest.mark.databases("sqlite")
async def test_a_page_of_a_pdf_is_drawn(database: Database) -> None:
    pdf = typst.compile(b"#set page(width: 300pt, height: 200pt)\nA\n#pagebreak()\n#set page(width: 200pt)\nB")
    assert ((await picture(pdf, "p.pdf")).width, (await picture(pdf, "p.pdf", 2)).height) == (1800, 1800)
    await refuses(picture(pdf, "p.pdf", 3), "plan.no_page")


def test_what_the_process_makes_of_a_drawing() -> None:
    assert drawn(SVG, 1).startswith(b"\x89PNG")
    for content, code in ((NS + b"><script/></svg>", "plan.unsafe"), (NS + b"><rect", "plan.unreadable")):
        with pytest.raises(Invalid) as caught:
            drawn(content, 1)
        assert caught.value.code == code


@pytest.mark.databases("sqlite")
async def test_a_picture_is_drawn_by_one_thread_however_many_processors_there_are(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    environments: list[dict[str, str]] = []

    class Recorded(subprocess.Popen[bytes]):
        def __init__(self, command: list[str], **options: Any) -> None:
            environments.append(options["env"])
            super().__init__(command, **options)

    monkeypatch.setattr(subprocess, "Popen", Recorded)
    assert (await picture()).width == 1800
    assert [(one["RAYON_NUM_THREADS"], one["MALLOC_ARENA_MAX"]) for one in environments] == [("1", "2")]


@pytest.mark.databases("sqlite")
async def test_a_process_that_ends_without_a_word_is_told(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.executable", "/bin/false")
    assert (await refuses(picture(), "plan.too_much")).params["name"] == "parter.svg"
