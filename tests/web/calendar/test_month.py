"""A month of the calendar: what stands on each day, what each may see of it, and how the page goes on."""

import re
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from registry.bookings.models import Block
from registry.duties.models import Duty
from registry.rooms.models import CalendarDay, Room, Visibility
from tests import make
from tests.conftest import Database
from tests.web.desk import Desk, text_of
from web.app import SiteOptions, create_site
from web.calendar.month import month_span, neighbours

WARSAW = ZoneInfo("Europe/Warsaw")
PAGE = "/calendar?view=month&date=2031-10-15"
asked_of_the_database = pytest.mark.databases("sqlite")


@pytest.fixture
async def desk(database: Database, tmp_path: Path) -> Desk:
    return await Desk(create_site(SiteOptions(secret_key="k" * 40, data_dir=tmp_path, language="en"))).open()


def at(day: int, hour: int, month: int = 10) -> datetime:
    return datetime(2031, month, day, hour, tzinfo=WARSAW).astimezone(UTC)


async def held(desk: Desk, room: Room, day: int, hour: int = 9, who: str = "alice", **columns: Any) -> Any:
    person = desk.people[who]
    columns = {"organizer": person, "institution_id": person.institution_id, "title": "Narada"} | columns
    return await make.make_booking(at(day, hour), room=room, **columns)


async def sheet(desk: Desk, path: str, who: str, status: int = 200) -> str:
    answer = await desk.get(path, who)
    assert answer.status_code == status
    return answer.text


def cell(page: str, day: str) -> str:
    match = re.search(rf'<td id="day-{day}".*?</td>', page, re.S)
    assert match, day
    return match[0]


@pytest.mark.parametrize(
    ("day", "monday", "days"),
    [
        (date(2026, 12, 31), date(2026, 11, 30), 35),
        (date(2027, 2, 1), date(2027, 2, 1), 28),
        (date(2031, 11, 9), date(2031, 10, 27), 35),
        (date(2026, 8, 2), date(2026, 7, 27), 42),
    ],
)
def test_a_month_has_whole_weeks(day: date, monday: date, days: int) -> None:
    assert month_span(day) == (monday, days)


def test_the_months_beside_a_month() -> None:
    assert neighbours(date(2026, 12, 31)) == (date(2026, 11, 1), date(2027, 1, 1))
    assert neighbours(date(2028, 3, 31)) == (date(2028, 2, 1), date(2028, 4, 1))


@pytest.mark.anyio
@asked_of_the_database
class TestMonth:
    async def test_each_booking_stands_on_its_day_at_its_hour(self, desk: Desk) -> None:
        main, small = await make.make_room(code="MAIN"), await make.make_room(code="SMALL")
        booking = await held(desk, main, 7)
        await held(desk, small, 7, 8, "bob", title="Odprawa")
        page = await sheet(desk, PAGE, "alice")
        day = cell(page, "2031-10-07")
        assert re.findall(r"<time[^>]*>([^<]+)</time> <b>(\w+)", day) == [("08:00", "Odprawa"), ("09:00", "Narada")]
        assert re.findall("data-mine", day) == ["data-mine"]
        assert f'href="/bookings/{booking.id}"' in day
        assert "October 2031" in page
        assert "2 rooms · 2 bookings, 1 of your own" in text_of(page)
        assert "style=" not in page

    async def test_a_booking_over_midnight_and_the_hour_that_comes_twice_stand_on_their_days(self, desk: Desk) -> None:
        room = await make.make_room(code="MAIN")
        await make.make_booking(at(25, 20), at(27, 8), room=room, kind="block", title="Malowanie")
        page = await sheet(desk, PAGE, "coordinator")
        times = [re.findall(r"<time[^>]*>([^<]+)<", cell(page, f"2031-10-{day}")) for day in (24, 25, 26, 27, 28)]
        assert times == [[], ["20:00"], ["all day"], ["–08:00"], []]

    async def test_a_full_day_keeps_ones_own_and_counts_the_rest(self, desk: Desk) -> None:
        room = await make.make_room(code="MAIN")
        for hour in range(8, 16):
            await held(desk, room, 7, hour, "alice" if hour == 15 else "bob", title=f"Narada {hour}")
        day = cell(await sheet(desk, PAGE, "alice"), "2031-10-07")
        assert re.findall(r"<b>Narada (\d+)", day) == ["8", "9", "10", "15"]
        assert "4 more" in day

    async def test_a_block_of_many_rooms_is_one_line(self, desk: Desk) -> None:
        block = await Block.create(
            reason="remont", public_text={"en": "Works"}, starts_at=at(8, 7), ends_at=at(8, 17), created_at=at(1, 8)
        )
        for code in ("A", "B", "C"):
            await make.make_booking(
                at(8, 7), at(8, 17), room=await make.make_room(code=code), kind="block", block=block
            )
        day = cell(await sheet(desk, PAGE, "alice"), "2031-10-08")
        assert day.count('data-kind="block"') == 1
        assert "3 rooms" in day

    async def test_confidential_rooms_are_counted_and_hidden_ones_say_nothing(self, desk: Desk) -> None:
        await make.make_room(code="MAIN")
        for code, visibility in (("CONF", Visibility.CONFIDENTIAL), ("HID", Visibility.HIDDEN)):
            room = await make.make_room(code=code, visibility=visibility)
            await held(desk, room, 7, 9, "duty", title="", kind="consultation")
        day = cell(await sheet(desk, PAGE, "member"), "2031-10-07")
        assert "1 booking without details" in day
        assert "onsultation" not in day
        theirs = cell(await sheet(desk, PAGE, "duty"), "2031-10-07")
        assert [line.strip() for line in re.findall(r"<b>(\w+)", theirs)] == ["Consultation", "Consultation"]
        alone = cell(await sheet(desk, f"{PAGE}&room=CONF", "member"), "2031-10-07")
        assert "Taken" in alone
        assert "/bookings/" not in alone
        assert "09:00" not in cell(await sheet(desk, f"{PAGE}&room=HID", "member"), "2031-10-07")

    async def test_days_off_and_closed_days_say_so(self, desk: Desk) -> None:
        room = await make.make_room(code="MAIN", opening=await make.make_opening())
        await CalendarDay.create(site_id=(await room.building).site_id, day=date(2031, 11, 10), name="Sprzątanie")
        page = await sheet(desk, "/calendar?view=month&date=2031-11-01", "alice")
        assert "Independence Day" in cell(page, "2031-11-11")
        assert 'class="closed' in cell(page, "2031-11-10")
        assert "Sprzątanie" in cell(page, "2031-11-10")
        assert "closed" not in cell(page, "2031-11-12")

    async def test_rooms_are_chosen_by_the_address_and_every_way_keeps_them(self, desk: Desk) -> None:
        for code in ("A", "B", "C"):
            await held(desk, await make.make_room(code=code), 7, title=f"In {code}")
        page = await sheet(desk, f"{PAGE}&room=A&room=C", "alice")
        assert re.findall(r"<b>In (\w)", cell(page, "2031-10-07")) == ["A", "C"]
        assert 'href="/calendar?date=2031-11-01&amp;view=month&amp;room=A&amp;room=C"' in page
        assert 'href="/calendar?date=2031-09-01&amp;view=month&amp;room=A&amp;room=C"' in page
        assert 'href="/calendar?date=2031-10-07&amp;room=A&amp;room=C"' in page
        for view, one in (("day", "lane-A"), ("week", "week-A")):
            other = await sheet(desk, f"/calendar?view={view}&room=A", "alice")
            assert f'id="{one}"' in other
            assert f'id="{one[:-1]}B"' not in other
        assert "No room matches" in await sheet(desk, f"{PAGE}&room=NONE", "alice")

    async def test_duties_are_counted(self, desk: Desk) -> None:
        room = await make.make_room(code="DESK", bookable=False)
        await Duty.create(room=room, name="tłumacz dyżurny", languages="uk", starts_at=at(9, 9), ends_at=at(9, 13))
        assert "1 duty" in cell(await sheet(desk, PAGE, "member"), "2031-10-09")

    async def test_a_change_of_a_room_that_is_shown_is_answered_with_the_sheet(self, desk: Desk) -> None:
        for code in ("A", "B"):
            await make.make_room(code=code)
        page = await sheet(desk, f"{PAGE}&room=A", "alice")
        shape = re.search('data-shape="([^"]+)"', page)
        assert shape
        for code, is_there in (("A", True), ("B", False)):
            address = f"{PAGE}&room=A&shape={shape[1]}&piece={code}"
            answer = await desk.get(address, "alice", headers={"hx-request-type": "partial"})
            assert ('id="calendar"' in answer.text) is is_there, code
            assert 'id="calendar-head"' in answer.text

    async def test_the_keys_are_on_the_ways_unless_they_are_turned_off(self, desk: Desk) -> None:
        await make.make_room(code="MAIN")
        page = await sheet(desk, PAGE, "alice")
        assert re.findall('aria-keyshortcuts="([^/"]+)"', page) == ["ArrowLeft", "ArrowRight", "D", "W", "M", "B"]
        quiet = (
            await desk.get(
                PAGE, "alice", headers={"cookie": f"izba_shortcut=off; izba_session={desk.secrets['alice']}"}
            )
        ).text
        assert "aria-keyshortcuts" not in quiet

    async def test_every_role_opens_the_month_and_what_is_no_date_is_said(self, desk: Desk) -> None:
        await make.make_room(code="MAIN")
        for who in desk.people:
            await sheet(desk, PAGE, who)
        assert "is not a date: here is today" in await desk.read("/calendar?view=month&date=x", "alice", 422)
        for edge in ("1990-01-01", "2199-12-31"):
            await sheet(desk, f"/calendar?view=month&date={edge}", "alice")
