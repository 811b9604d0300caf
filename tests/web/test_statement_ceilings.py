"""What a page asks of the database does not grow with the office: no more with thirty rooms than with three."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest

from registry.assets.transitions import Answers
from registry.blocks.rules import Clearance, NewBlock
from registry.bookings.series_actions import book_series
from registry.bookings.series_rules import SeriesRequest
from registry.core.history import Actor
from registry.documents.models import Document
from registry.faults.actions import NewReport, report
from registry.faults.asset_transitions import perform
from registry.outbox.models import Notice
from registry.people.models import Person
from registry.rooms.models import Room, StandardItem
from registry.stocktakes.actions import NewArea, StocktakeOrder, order
from registry.stocktakes.rules import AreaKind
from registry.works.actions import block_for_works, make_works
from registry.works.rules import NewWorks
from tests import make
from tests.conftest import WARSAW, Database
from tests.statements import Statements
from tests.web.desk import Desk
from web.app import SiteOptions, create_site

pytestmark = pytest.mark.anyio
FEW, MANY = 3, 30
BELL = 1  # how many of one's notices are new, remembered for some seconds
A_SENTENCE = "room={room}&from=9:00&to=10:00"

# page → how many statements: at the first look, when nothing of its rooms is kept, nor perhaps of who looks, and at the
# next
CEILINGS = {
    "/": (41, 25),
    "/calendar": (16, 6),
    "/calendar?view=week": (16, 6),
    "/calendar?view=month": (10, 4),
    "/rooms": (14, 4),
    "/plan": (14, 3),
    "/plan/{building}/0": (12, 5),
    "/admin/places/plans/{building}/0": (7, 6),
    "/rooms/{room}": (27, 16),
    "/rooms/{room}/fault": (6, 5),
    "/admin/places": (9, 8),
    "/admin/places?closed=1": (9, 8),
    "/admin/places/rooms/{room}": (21, 17),
    "/admin/places/rooms/{room}/standard": (9, 8),
    "/admin/places/new-room": (3, 2),
    "/admin/places/several?room={room}": (6, 5),
    "/due": (9, 8),
    "/categories": (4, 3),
    "/rooms/{room}/movements": (7, 6),
    "/people/coordinator/assets": (8, 8),
    "/faults": (10, 9),
    "/faults/{fault}": (7, 6),
    "/faults/new": (2, 1),
    "/bookings": (6, 5),  # two of them for series
    "/series/{series}": (4, 4),
    "/series/{series}/change": (7, 6),
    "/series/{series}/change?scope=all&from=7:00&to=7:30&date={day}&room={room}": (12, 10),
    "/series/{series}/cancel": (4, 3),
    "/series/new?room={room}&date={day}&from=5:00&to=6:00": (12, 10),
    "/bookings/{booking}": (13, 9),
    # the hour that it proposes may be taken: then it checks the next one that is free as well
    "/bookings/new?room={room}": (22, 17),
    f"/bookings/answer?{A_SENTENCE}": (14, 9),
    "/blocks": (4, 3),
    "/approvals": (4, 3),
    "/blocks/{block}": (7, 6),
    "/works": (4, 3),
    "/works/{works}": (8, 7),
    "/stocktakes": (4, 3),
    "/stocktakes/{stocktake}": (12, 12),
    "/stocktakes/{stocktake}/differences": (9, 8),
    "/documents/{document}": (5, 4),
    "/admin/hours": (5, 4),
    "/admin/hours/new": (2, 1),
    "/blocks/new": (4, 3),
    "/documents": (6, 5),
    "/notices": (4, 2),  # the houses, once
    "/me/notices": (3, 2),
    "/me": (9, 8),
    "/feeds": (5, 3),
    "/admin": (2, 1),
    "/admin/people": (14, 13),
    "/admin/people/coordinator": (5, 4),
    "/admin/roles": (2, 1),
    "/admin/institutions": (5, 4),
    "/accessibility": (1, 1),
    "/privacy": (1, 1),
}


@pytest.fixture
async def desk(database: Database, tmp_path: Path) -> Desk:
    return await Desk(create_site(SiteOptions(secret_key="k" * 40, data_dir=tmp_path, language="en"))).open()


async def furnish(person: Person, rooms: int, *, are_taken: bool = False) -> dict[str, object]:
    """Rooms with a sensor, a door, a standard, a faulty thing and a booking of this person each; works, a block and a
    paper are there once, or with ``are_taken`` for each room. Returns what stands in the addresses of pages.
    """
    building = await make.make_building()
    store = await make.make_room(building=building, bookable=False)
    for number in range(rooms):
        room = await make.make_room(code=f"R-{building.id}-{number}", building=building, capacity=12)
        await make.make_device(room=room)
        await make.make_panel(room=room)
        await StandardItem.create(room=room, name="Projektor", feature="projector")
        await make.make_asset(name="Projektor", room=room, condition="faulty")
        filed = await report(NewReport(room.id, text="x"), Actor("x", "web", person.id), datetime.now(UTC))
        starts_at = datetime.now(UTC) + timedelta(minutes=10 + number)
        hour = await make.make_booking(
            starts_at, room=room, organizer=person, institution_id=person.institution_id, title="Narada"
        )
        await Notice.create(person=person, kind="booking.cancelled", event=str(hour.id), at=datetime.now(UTC))
        if are_taken or number == rooms - 1:
            names = await take(room, store, person)
    day = (datetime.now(WARSAW) + timedelta(days=40)).replace(hour=4, minute=0, second=0, microsecond=0, tzinfo=None)
    wish = SeriesRequest(room.code, day, 60, "FREQ=WEEKLY;COUNT=5")
    series = await book_series(wish, person, Actor("x", "web", person.id), datetime.now(UTC))
    names |= {"series": series.id, "day": day.date().isoformat()}
    return {"building": building.code, "room": room.code, "booking": hour.id, "fault": filed.fault.id, **names}


async def take(room: Room, store: Room, person: Person) -> dict[str, object]:
    """Works in a room, which block it for a week, a piece that leaves it, with the paper of that, and a stocktake."""
    now, office = datetime.now(UTC), Actor("x", "web", person.id)
    works = await make_works(NewWorks("Remont", now.date(), now.date(), (room.code,)), office, now)
    wish = NewBlock((room.code,), ((now + timedelta(days=20), now + timedelta(days=27)),), "malowanie")
    block = await block_for_works(works.id, wish, Clearance(), person, office, now)
    piece = await make.make_asset(name="Stół", room=room)
    await perform("move", piece.id, Answers(room_id=store.id), office, now)
    document = await Document.all().order_by("-id").first()
    assert document
    committee = tuple([(await make.make_person()).login for _ in range(2)])
    areas = (NewArea(AreaKind.ROOM, room.code),)
    new = StocktakeOrder(areas, committee, committee[0], now.date(), is_blind=False, opens=True)
    stocktake = await order(new, person, office, now)
    return {"works": works.id, "block": block.id, "document": document.id, "stocktake": stocktake.id}


@pytest.mark.parametrize("page", CEILINGS)
async def test_a_page_asks_no_more_of_a_large_office(desk: Desk, statements: Statements, page: str) -> None:
    first, next_time = CEILINGS[page]
    for rooms in (FEW, MANY - FEW):
        are_taken = page.startswith(("/blocks", "/works", "/documents", "/stocktakes"))
        path = page.format(**await furnish(desk.people["coordinator"], rooms, are_taken=are_taken))
        for ceiling in (first + BELL, next_time):
            with statements.at_most(ceiling):
                assert (await desk.get(path, "coordinator")).status_code == 200


async def test_the_sign_in_asks_nothing(desk: Desk, statements: Statements) -> None:
    async with httpx.AsyncClient(transport=httpx.ASGITransport(desk.app), base_url="http://test") as stranger:
        with statements.at_most(0):
            assert (await stranger.get("/sign-in")).status_code == 200


async def test_a_piece_of_today_costs_less_than_the_page(desk: Desk, statements: Statements) -> None:
    await furnish(desk.people["coordinator"], FEW)
    await desk.get("/", "coordinator")
    with statements.at_most(11):
        answer = await desk.get("/?piece=R-1-0&shape=x", "coordinator", headers={"hx-request-type": "partial"})
    assert answer.status_code == 200
