"""A booking that runs: only what can be had longer is offered, and an end by mistake can be taken back."""

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from registry.bookings.models import Booking, Status
from registry.rooms.models import Room
from tests import make
from tests.conftest import Database
from tests.web.desk import Desk
from web.app import SiteOptions, create_site

pytestmark = [pytest.mark.anyio, pytest.mark.databases("sqlite")]
MINUTE = timedelta(minutes=1)


@pytest.fixture
async def desk(database: Database, tmp_path: Path) -> Desk:
    return await Desk(create_site(SiteOptions(secret_key="k" * 40, data_dir=tmp_path, language="en"))).open()


async def running(desk: Desk, room: Room, **columns: object) -> Booking:
    alice, start = desk.people["alice"], datetime.now(UTC).replace(second=0, microsecond=0) - 10 * MINUTE
    fields = {"organizer": alice, "institution_id": alice.institution_id, "status": Status.CHECKED_IN} | columns
    return await make.make_booking(start, start + 30 * MINUTE, room=room, **fields)


@pytest.mark.parametrize(("gap", "minutes"), [(None, 15), (15, 15), (14, 10), (5, 5), (4, 0)])
async def test_only_as_much_longer_as_can_be_had_is_offered_on_a_page(
    desk: Desk, gap: int | None, minutes: int
) -> None:
    room = await make.make_room(code="MAIN", cleanup_minutes=0)
    booking = await running(desk, room)
    if gap is not None:
        await make.make_booking(booking.ends_at + gap * MINUTE, room=room)
    for path in (f"/bookings/{booking.id}", "/"):
        page = (await desk.get(path, "alice")).text
        offers = re.findall(r'action="/bookings/[^"]+/(extend[^"]*)">.*?\+(\d+) min', page)
        act = "extend" if minutes == 15 else f"extend-{minutes}"
        assert offers == ([(act, str(minutes))] if minutes else [])
    if minutes:
        answer = await desk.post(f"/bookings/{booking.id}/{act}", "alice")
        assert answer.status_code == 303
        assert (await Booking.get(id=booking.id)).ends_at == booking.ends_at + minutes * MINUTE


async def test_clean_up_counts_when_more_time_is_offered(desk: Desk) -> None:
    room = await make.make_room(code="MAIN", cleanup_minutes=10)
    booking = await running(desk, room)
    await make.make_booking(booking.ends_at + 20 * MINUTE, room=room)
    assert "+10 min" in (await desk.get(f"/bookings/{booking.id}", "alice")).text


async def test_an_end_by_mistake_is_taken_back_by_a_program(desk: Desk) -> None:
    booking = await running(desk, await make.make_room(code="MAIN"))
    for act, status in (("end", "ended"), ("undo-release", "checked_in")):
        answer = await desk.api("POST", f"/bookings/{booking.id}/{act}", "alice")
        assert (answer.status_code, answer.json()["status"]) == (200, status)
    await booking.refresh_from_db()
    assert booking.ends_at == booking.planned_ends_at
