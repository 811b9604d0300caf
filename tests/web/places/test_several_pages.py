"""The same rules for several rooms: all of them or none, and what is left as it is stays."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from registry.bookings.models import Kind, Status
from registry.rooms.models import Room
from tests import make
from tests.conftest import Database
from tests.web.desk import Desk, text_of
from web.app import SiteOptions, create_site

pytestmark = [pytest.mark.anyio, pytest.mark.databases("sqlite")]
PAGE = "/admin/places/several"
HOUR = timedelta(hours=1)


@pytest.fixture
async def desk(database: Database, tmp_path: Path) -> Desk:
    desk = await Desk(create_site(SiteOptions(secret_key="k" * 40, data_dir=tmp_path, language="en"))).open()
    building = await make.make_building()
    for code in ("A", "B", "C"):
        await make.make_room(code=code, building=building, max_hours=8, cleanup_minutes=5, no_show_minutes=10)
    return desk


async def test_the_chosen_rooms_get_the_same_and_keep_the_rest(desk: Desk) -> None:
    assert 'name="room" value="A"' in (await desk.get("/admin/places", "coordinator")).text
    profile, institution = await make.make_opening(code="office"), await make.make_institution(code="KWP")
    fields = {
        "room": ["A", "B"], "max_hours": "2", "no_show_minutes": "0", "opening": f"={profile.code}", "who": "these",
        "institutions": ["KWP"], "check_in": "yes", "ends": "these", "proofs": ["phone"], "reason": "regulamin",
    }  # fmt: skip
    answer = await desk.post(PAGE, "coordinator", **fields)
    assert answer.headers["location"] == "/admin/places?done=2"
    for code in ("A", "B"):
        room = await Room.get(code=code).prefetch_related("institutions")
        assert (room.max_hours, room.no_show_minutes, room.opening_id) == (2, None, profile.id)
        assert (room.check_in, room.door_proofs, room.cleanup_minutes) == (True, "phone", 5)
        assert [one.id for one in room.institutions] == [institution.id]
    assert (await Room.get(code="C")).max_hours == 8
    await desk.post(PAGE, "coordinator", room=["A"], who="all", opening="always", bookable="no")
    room = await Room.get(code="A").prefetch_related("institutions")
    assert (list(room.institutions), room.opening_id, room.bookable) == ([], None, False)


async def test_what_it_would_do_is_said_room_by_room_before_and_after(desk: Desk) -> None:
    room, starts_at = await Room.get(code="B"), datetime.now(UTC) + 24 * HOUR
    booking = await make.make_booking(starts_at, starts_at + 3 * HOUR, room=room, title="Narada")
    fields = {"room": ["A", "B"], "max_hours": "2"}
    looked = text_of((await desk.post(PAGE, "coordinator", **fields, look="1")).text)
    assert "1 booking will no longer fit" in looked
    assert "Every booking made so far still fits." in looked
    assert (await Room.get(code="B")).max_hours == 8
    saved = text_of((await desk.post(PAGE, "coordinator", **fields)).text)
    assert "1 booking no longer fits" in saved
    assert "Narada" in saved
    await booking.refresh_from_db()
    assert booking.status is Status.CONFIRMED


async def test_all_of_them_or_none(desk: Desk) -> None:
    now, room = datetime.now(UTC), await Room.get(code="B")
    await Room.filter(code__in=["A", "B"]).update(visibility="confidential")
    await make.make_booking(now - HOUR, now + HOUR, room=room, kind=Kind.CONSULTATION, status=Status.CHECKED_IN)
    answer = await desk.post(PAGE, "coordinator", room=["A", "B"], visibility="internal", cleanup_minutes="30")
    assert answer.status_code == 409
    assert "Somebody is in B by a booking now" in answer.text
    assert 'value="30"' in answer.text
    assert await Room.filter(cleanup_minutes=30).count() == 0


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({}, "Nothing is said yet"),
        ({"max_hours": "25"}, "Write a whole number from 1 to 24, or leave it empty: then it stays."),
        ({"no_show_minutes": "1"}, "Write a whole number from 3 to 120, 0 for never"),
        ({"who": "these"}, "Tick the institutions that may book"),
        ({"min_minutes": "600"}, "The shortest booking is longer than the longest."),
    ],
)
async def test_what_cannot_stand_is_said_and_nothing_typed_is_lost(
    desk: Desk, fields: dict[str, str], sentence: str
) -> None:
    answer = await desk.post(PAGE, "coordinator", room=["A", "B"], reason="regulamin", **fields)
    assert answer.status_code == 422
    assert sentence in answer.text
    assert 'value="regulamin"' in answer.text
    assert await Room.filter(max_hours=8).count() == 3


async def test_without_rooms_the_page_says_where_to_choose_them(desk: Desk) -> None:
    assert "Tick rooms in the list first." in await desk.read(PAGE, "coordinator")
    assert "Tick rooms in the list first." in await desk.read(f"{PAGE}?room=none", "coordinator")
    assert (await desk.get(f"{PAGE}?room=A", "facilities")).status_code == 403
    assert (await desk.post(PAGE, "facilities", room="A", max_hours="1")).status_code == 403
