"""The calendar: a day and a week, filters without a script, what each may see and drag."""

import re
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from registry.assets.transitions import Answers
from registry.bookings.models import Booking
from registry.core.history import SYSTEM
from registry.duties.models import Duty
from registry.faults.asset_transitions import perform
from registry.rooms.lock import changing
from registry.rooms.models import Room, StandardItem, Visibility
from tests import make
from tests.conftest import Database
from tests.web.desk import Desk
from web.app import SiteOptions, create_site

pytestmark = [pytest.mark.anyio, pytest.mark.databases("sqlite")]
WARSAW = ZoneInfo("Europe/Warsaw")
DAY = (datetime.now(WARSAW) + timedelta(days=2)).date()


@pytest.fixture
async def desk(database: Database, tmp_path: Path) -> Desk:
    return await Desk(create_site(SiteOptions(secret_key="k" * 40, data_dir=tmp_path, language="en"))).open()


def local(hour: int, minute: int = 0) -> datetime:
    return datetime(DAY.year, DAY.month, DAY.day, hour, minute, tzinfo=WARSAW).astimezone(UTC)


async def held(desk: Desk, room: Room, hour: int, who: str = "alice", **columns: Any) -> Booking:
    person = desk.people[who]
    columns = {"organizer": person, "institution_id": person.institution_id, "title": "Narada"} | columns
    return await make.make_booking(local(hour), room=room, **columns)


def lane(page: str, code: str) -> str:
    match = re.search(rf'<section class="lane" id="lane-{code}".*?</section>', page, re.S)
    assert match, code
    return match[0]


async def test_a_booking_stands_at_its_minutes(desk: Desk) -> None:
    await held(desk, await make.make_room(code="MAIN"), 9)
    page = (await desk.get(f"/calendar?date={DAY}", "alice")).text
    assert 'class="slot fh-9 th-10" data-kind="booking" data-mine' in lane(page, "MAIN")
    assert "style=" not in page
    assert "ds-7 dh-10" in page


async def test_the_day_grows_for_a_late_booking(desk: Desk) -> None:
    await held(desk, await make.make_room(code="MAIN"), 20)
    assert "ds-7 dh-14" in (await desk.get(f"/calendar?date={DAY}", "alice")).text


async def test_only_ones_own_can_be_dragged(desk: Desk) -> None:
    room = await make.make_room(code="MAIN")
    booking = await held(desk, room, 9)
    for who, movable in (("alice", True), ("coordinator", True), ("bob", False), ("member", False), ("auditor", False)):
        page = (await desk.get(f"/calendar?date={DAY}", who)).text
        assert (f'data-booking="{booking.id}"' in page) is movable, who
        assert ("data-bookable" in page) is (who != "auditor"), who


async def test_without_a_script_each_lane_has_its_link(desk: Desk) -> None:
    await make.make_room(code="A 1")
    page = (await desk.get(f"/calendar?date={DAY}", "alice")).text
    assert f'href="/bookings/new?room=A%201&amp;date={DAY}"' in page


async def test_a_confidential_room_is_taken_and_a_hidden_one_says_nothing(desk: Desk) -> None:
    await held(
        desk,
        await make.make_room(code="CONF", visibility=Visibility.CONFIDENTIAL),
        9,
        "duty",
        title="",
        kind="consultation",
    )
    await held(
        desk, await make.make_room(code="HID", visibility=Visibility.HIDDEN), 9, "duty", title="", kind="consultation"
    )
    page = (await desk.get(f"/calendar?date={DAY}", "member")).text
    assert "Taken" in lane(page, "CONF")
    assert "#i-lock" in lane(page, "CONF")
    assert "/bookings/" not in lane(page, "CONF").replace("/bookings/new", "")
    assert "The hours of this room are not public" in lane(page, "HID")
    assert "fh-9" not in lane(page, "HID")
    assert "/bookings" not in lane(page, "HID")
    theirs = (await desk.get(f"/calendar?date={DAY}", "duty")).text
    assert "Consultation" in lane(theirs, "CONF")
    assert "fh-9 th-10" in lane(theirs, "HID")
    week = (await desk.get(f"/calendar?date={DAY}&view=week", "member")).text
    assert "hours not public" in week


async def test_duties_stand_below_and_bring_their_room(desk: Desk) -> None:
    room = await make.make_room(code="DESK", bookable=False)
    await Duty.create(room=room, name="tłumacz dyżurny", languages="uk,ru", starts_at=local(9), ends_at=local(13))
    page = (await desk.get(f"/calendar?date={DAY}", "member")).text
    assert "tłumacz dyżurny" in lane(page, "DESK")
    assert "09:00–13:00 · uk, ru" in lane(page, "DESK")
    assert "with-duty" in lane(page, "DESK")


async def test_filters_work_by_the_address(desk: Desk) -> None:
    await make.make_room(code="SMALL", capacity=4, step_free=True)
    large = await make.make_room(code="LARGE", capacity=30)
    await StandardItem.create(room=large, name="Projektor", feature="projector")
    projector = await make.make_asset(name="Projektor", room=large)

    async def shown(query: str) -> set[str]:
        return set(re.findall(r'id="lane-(\w+)"', (await desk.get(f"/calendar?date={DAY}&{query}", "alice")).text))

    assert await shown("") == {"SMALL", "LARGE"}
    assert await shown("seats=1") == {"LARGE"}
    assert await shown("step_free=1") == {"SMALL"}
    assert await shown("needs=projector") == {"LARGE"}
    assert await shown("needs=projector&step_free=1") == set()
    assert await shown("needs=nonsense") == {"SMALL", "LARGE"}
    await perform("send_to_repair", projector.id, Answers(reason="the lamp"), SYSTEM, datetime.now(UTC))
    assert await shown("needs=projector") == set()


async def test_only_what_is_free_now(desk: Desk) -> None:
    await make.make_room(code="FREE")
    busy = await make.make_room(code="BUSY")
    await make.make_booking(datetime.now(UTC) - timedelta(minutes=5), room=busy, status="checked_in")
    page = (await desk.get("/calendar?free=1", "alice")).text
    assert set(re.findall(r'id="lane-(\w+)"', page)) == {"FREE"}


async def test_the_links_keep_the_filters(desk: Desk) -> None:
    await make.make_room(code="LARGE", capacity=30)
    page = (await desk.get(f"/calendar?date={DAY}&seats=1&needs=projector", "alice")).text
    later = DAY + timedelta(days=1)
    assert f'href="/calendar?date={later}&amp;view=day&amp;seats=1&amp;needs=projector"' in page


@pytest.mark.parametrize("date", ["yesterday", "2026-02-30", "99999-01-01", "%00"])
async def test_a_date_that_is_none_shows_today_and_says_so(desk: Desk, date: str) -> None:
    await make.make_room(code="MAIN")
    assert "is not a date: here is today" in await desk.read(f"/calendar?date={date}", "alice", 422)


@pytest.mark.parametrize(
    ("date", "status"), [("1989-12-31", 422), ("1990-01-01", 200), ("2199-12-31", 200), ("2200-01-01", 422)]
)
async def test_a_date_that_the_calendar_has_not_is_a_date_all_the_same(desk: Desk, date: str, status: int) -> None:
    await make.make_room(code="MAIN")
    for view in ("day", "week"):
        page = await desk.read(f"/calendar?view={view}&date={date}", "alice", status)
        assert ("The calendar goes from 1990 to 2199: here is today." in page) is (status == 422)


async def test_a_day_of_25_hours_shows_the_second_two(desk: Desk) -> None:
    day = date(2027, 10, 31)
    room = await make.make_room(code="MAIN")
    first = datetime(day.year, day.month, day.day, 0, 30, tzinfo=UTC)
    await make.make_booking(first, first + timedelta(hours=2), room=room)
    page = (await desk.get(f"/calendar?date={day}", "alice")).text
    assert "<li>2:00</li><li>2:00</li>" in page
    assert "fh-2 ft-3 th-4 tt-3" in lane(page, "MAIN")


async def test_a_week_counts_hours_and_shows_a_weekend_that_is_used(desk: Desk) -> None:
    room = await make.make_room(code="MAIN")
    await held(desk, room, 9, ends_at=local(11, 30))
    page = await desk.read(f"/calendar?date={DAY}&view=week", "alice")
    assert "2 h 30 min" in page
    assert "free all day" in page
    monday = DAY - timedelta(days=DAY.weekday()) + timedelta(days=7)
    assert len(re.findall("<th scope=.col", (await desk.get(f"/calendar?date={monday}&view=week", "alice")).text)) == 6
    saturday = datetime(monday.year, monday.month, monday.day, 10, tzinfo=WARSAW) + timedelta(days=5)
    async with changing(room.id):  # as whatever books does
        await make.make_booking(saturday.astimezone(UTC), room=room)
    assert len(re.findall("<th scope=.col", (await desk.get(f"/calendar?date={monday}&view=week", "alice")).text)) == 7


async def test_every_role_opens_both_views(desk: Desk) -> None:
    await make.make_room(code="MAIN")
    for who in desk.people:
        for view in ("day", "week"):
            assert (await desk.get(f"/calendar?view={view}", who)).status_code == 200
