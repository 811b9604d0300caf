"""Sites, buildings and rooms that are closed and opened again, and a site that goes by another clock."""

import asyncio

import pytest

from registry.core import history
from registry.core.errors import Conflict
from registry.core.events import Event, PlacesChanged, RoomChanged
from registry.core.history import SYSTEM
from registry.places.houses import SiteChanges, change_site, close_building, close_room, reopen_room
from registry.rooms.models import Building, Room
from tests.conftest import Database
from tests.make import HOUR, NOW, make_building, make_room, make_site

pytestmark = pytest.mark.usefixtures("database")


@pytest.mark.databases("sqlite")
async def test_a_room_is_as_it_was_however_much_happened_since_and_with_no_word_of_its_closing() -> None:
    room = await make_room(bookable=False)
    await close_room(room.id, SYSTEM, NOW)
    for _ in range(201):
        await history.write(f"room:{room.id}", "changed", SYSTEM, NOW)
    assert (await reopen_room(room.id, SYSTEM, NOW)).room.bookable is False
    imported = await make_room(closed_at=NOW)
    assert (await reopen_room(imported.id, SYSTEM, NOW)).room.bookable is True


async def test_no_room_is_open_in_a_building_that_was_closed_at_once(database: Database) -> None:
    building = await make_building()
    room = await make_room(building=building)
    await close_room(room.id, SYSTEM, NOW)
    for _ in range(6):
        acts = (
            reopen_room(room.id, SYSTEM, NOW),
            close_building(building.code, is_closed=True, actor=SYSTEM, now=NOW),
        )
        answers = await asyncio.gather(*acts, return_exceptions=True)
        refusals = [answer.code for answer in answers if isinstance(answer, Conflict)]
        assert len(refusals) == 1, answers
        assert refusals[0] in ("building.closed", "building.has_rooms")
        house, inside = await Building.get(id=building.id), await Room.get(id=room.id)
        assert house.closed_at is None or inside.closed_at is not None
        await close_building(building.code, is_closed=False, actor=SYSTEM, now=NOW)
        await close_room(room.id, SYSTEM, NOW)


async def test_rooms_of_a_site_with_another_clock_are_looked_at_anew(event_log: list[Event]) -> None:
    site = await make_site()
    room, other = await make_room(building=await make_building(site=site)), await make_room()
    for one in (room, other):
        await Room.filter(id=one.id).update(next_change_at=NOW + HOUR)
    await change_site(site.code, SiteChanges(name="Nowa"), SYSTEM, NOW)
    assert event_log == [PlacesChanged()]
    event_log.clear()
    await change_site(site.code, SiteChanges(timezone="Europe/Kyiv"), SYSTEM, NOW)
    assert [type(event) for event in event_log] == [PlacesChanged, RoomChanged]
    times = [row.next_change_at for row in await Room.filter(id__in=[room.id, other.id]).order_by("id")]
    assert times == [NOW, NOW + HOUR]
