"""Today: the rooms now, my bookings with the buttons of the moment, what waits, and nothing that is not mine."""

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from registry.assets.models import Condition
from registry.bookings.models import Booking, Status
from registry.bookings.readings import record_readings, watch_started
from registry.devices.occupancy import Reading
from registry.rooms.models import OpeningProfile, OpeningSpan, Room, Visibility
from tests import make
from tests.conftest import Database
from tests.web.desk import Desk, text_of
from web.app import SiteOptions, create_site
from web.system import last_backup

pytestmark = [pytest.mark.anyio, pytest.mark.databases("sqlite")]
CANARY = "KANAREK-31aa"


@pytest.fixture
async def desk(database: Database, tmp_path: Path) -> Desk:
    return await Desk(create_site(SiteOptions(secret_key="k" * 40, data_dir=tmp_path, language="en"))).open()


def soon(minutes: float) -> datetime:
    return (datetime.now(UTC) + timedelta(minutes=minutes)).replace(microsecond=0)


async def held(desk: Desk, room: Room, minutes: float, who: str = "alice", **fields: Any) -> Booking:
    person = desk.people[who]
    fields = {"organizer": person, "institution_id": person.institution_id, "title": "Narada"} | fields
    return await make.make_booking(soon(minutes), room=room, **fields)


async def test_an_empty_office_is_said_to_be_empty(desk: Desk) -> None:
    text = await desk.read("/", "alice")
    assert "There are no rooms yet" in text
    assert "Nothing. Everything is in order." in text
    assert "You have no bookings ahead." in text


async def test_an_office_without_hours_is_never_said_to_be_closed(desk: Desk) -> None:
    await make.make_room(code="MAIN")
    assert "closed now" not in await desk.read("/", "alice")
    shut = await OpeningProfile.create(code="shut")
    await make.make_room(code="SHUT", opening=shut)
    assert "closed now" not in await desk.read("/", "alice"), "a week without hours is none"
    hour = datetime.now(ZoneInfo("Europe/Warsaw")).hour
    opens = 60 if hour > 11 else 22 * 60
    await make.make_room(code="EARLY", opening=await make.make_opening(opens, opens + 60))
    assert "the office is closed now" in await desk.read("/", "alice")


async def test_every_role_opens_it(desk: Desk) -> None:
    await make.make_room(code="MAIN")
    for who in desk.people:
        text = await desk.read("/", who)
        assert "Rooms now" in text
        assert "1 of 1 room free" in text


async def test_a_room_says_its_state_and_what_is_broken(desk: Desk) -> None:
    room = await make.make_room(code="MAIN")
    await held(desk, room, -10, status=Status.CHECKED_IN)
    broken = await make.make_asset(name="Projektor", condition=Condition.IN_REPAIR, room=room)
    page = (await desk.get("/", "bob")).text
    row = re.search(r'<tr id="now-MAIN".*?</tr>', page, re.S)
    assert row
    assert 'data-state="in_use"' in row[0]
    assert "Projektor – in repair" in row[0]
    assert f'href="/assets/{broken.id}"' in row[0]
    assert "no sensor" in row[0]
    assert "0 of 1 room free" in page


async def test_rooms_that_nobody_books_stand_here_only_when_somebody_is_on_duty(desk: Desk) -> None:
    await make.make_room(code="STORE", bookable=False)
    await make.make_room(code="MAIN")
    assert "STORE" not in await desk.read("/", "alice")


@pytest.mark.parametrize(
    ("minutes", "status", "there", "absent"),
    [
        (5, Status.CONFIRMED, ["I am here"], ["+15 min", "End now"]),
        (60, Status.CONFIRMED, ["Change"], ["I am here", "End now"]),
        (-5, Status.CONFIRMED, ["I am here", "End now", "waiting for you"], ["+15 min"]),
        (-5, Status.CHECKED_IN, ["+15 min", "End now", "running"], ["I am here"]),
        (60, Status.TENTATIVE, ["awaiting approval", "Change"], ["I am here"]),
    ],
)
async def test_each_moment_has_its_buttons(
    desk: Desk, minutes: float, status: Status, there: list[str], absent: list[str]
) -> None:
    room = await make.make_room(code="MAIN", check_in=True)
    await held(desk, room, minutes, status=status)
    page = (await desk.get("/", "alice")).text
    mine = text_of("<main " + page.partition('id="my-bookings"')[2].partition("</section>")[0] + "</main>")
    for word in there:
        assert word in mine
    for word in absent:
        assert word not in mine


async def test_the_check_in_button_works(desk: Desk) -> None:
    booking = await held(desk, await make.make_room(check_in=True), -2)
    assert "Confirm that you are there: Narada" in await desk.read("/", "alice")
    answer = await desk.post(f"/bookings/{booking.id}/check-in", "alice", next="/")
    assert answer.headers["location"] == "/?did=checked_in"
    assert "Check-in done" in (await desk.get("/?did=checked_in", "alice")).text
    assert "Confirm that you are there" not in await desk.read("/", "alice")


async def test_a_warned_booking_says_when_it_is_released(desk: Desk) -> None:
    room = await make.make_room(check_in=True, no_show_minutes=15)
    await held(desk, room, -13, warned_at=soon(-1))
    text = await desk.read("/", "alice")
    assert "About to be released: Narada" in text
    assert "the sensors see nobody" in text


async def test_faults_wait_for_who_mends_them_alone(desk: Desk) -> None:
    room = await make.make_room(code="MAIN")
    for number in range(7):
        await make.make_asset(name=f"Krzesło {number}", condition=Condition.FAULTY, room=room)
    text = await desk.read("/", "facilities")
    assert "Fault: Krzesło 6" in text
    assert "and 2 more faults" in text
    assert "7 things" in text
    assert "Fault:" not in await desk.read("/", "alice")


@pytest.mark.parametrize("visibility", [Visibility.CONFIDENTIAL, Visibility.HIDDEN])
async def test_quiet_rooms_stay_quiet(desk: Desk, visibility: Visibility) -> None:
    room = await make.make_room(code="QUIET", visibility=visibility)
    await held(desk, room, -10, "coordinator", title="", status=Status.CHECKED_IN)
    page = (await desk.get("/", "member")).text
    assert "Consultation" not in page
    assert "coordinator" not in page.lower()
    row = re.search(r'<tr id="now-QUIET".*?</tr>', page, re.S)
    assert row
    assert ('data-kind="confidential"' in row[0]) is (visibility is Visibility.CONFIDENTIAL)
    assert ("hours not shown" in row[0]) is (visibility is Visibility.HIDDEN)


async def test_a_title_of_another_institution_is_nowhere(desk: Desk) -> None:
    room = await make.make_room(code="MAIN")
    await held(desk, room, -30, title=CANARY, status=Status.CHECKED_IN)  # some of it is today, also around midnight
    for path in ("/", "/calendar", "/calendar?view=week"):
        assert CANARY in (await desk.get(path, "bob")).text
        stranger = (await desk.get(path, "member")).text
        assert CANARY not in stranger
        assert "Alice" not in stranger


async def test_the_sentence_offers_only_rooms_that_one_may_book(desk: Desk) -> None:
    theirs = await make.make_institution()
    closed = await make.make_room(code="CLUB")
    await closed.institutions.add(theirs)
    await make.make_room(code="MAIN")
    page = (await desk.get("/", "alice")).text
    assert '<option value="MAIN"' in page
    assert '<option value="CLUB"' not in page
    assert '<option value="any"' in page


async def test_an_unbooked_visit_to_a_quiet_room_withholds_nothing(desk: Desk) -> None:
    room = await make.make_room(code="QUIET", visibility=Visibility.CONFIDENTIAL)
    sensor = await make.make_device(room=room)
    now = datetime.now(UTC)
    await watch_started(now)
    await record_readings([Reading(sensor.id, now, occupied=True)], now)
    for person in ("member", "coordinator"):
        row = re.search(r'<tr id="now-QUIET".*?</tr>', (await desk.get("/", person)).text, re.S)
        assert row
        assert "hours not shown" not in row[0]


async def test_the_booking_sentence_begins_with_a_time_that_can_be_had(desk: Desk) -> None:
    """Nobody begins with a refusal: the room's next free hour is proposed, not the next hour. This room says that it is
    open at night; one that says no hours is not offered then.
    """
    always = await OpeningProfile.create(code="day and night", closed_on_holidays=False)
    for weekday in range(7):
        await OpeningSpan.create(profile=always, weekday=weekday, opens=0, closes=24 * 60)
    room = await make.make_room(code="MAIN", kind="conference", opening=always)
    booking = await held(desk, room, -30, ends_at=soon(180))
    page = (await desk.get("/", "alice")).text
    proposed = re.search(r'name="from"[^>]*value="([0-9:]+)"', page)
    assert proposed
    begun_minute = booking.ends_at + timedelta(seconds=59)
    assert proposed[1] == f"{begun_minute.astimezone(ZoneInfo('Europe/Warsaw')):%H:%M}"
    assert "Taken" not in text_of(page).split("Rooms now")[0]


async def test_a_backup_of_a_damaged_database_is_told_on_the_page_of_who_runs_izba(desk: Desk, tmp_path: Path) -> None:
    assert "damaged" not in await desk.read("/", "admin"), "none was made yet"
    last_backup.note(tmp_path, last_backup.LastBackup(soon(-60), is_damaged=True))
    assert "The database is damaged" in await desk.read("/", "admin")
    assert "damaged" not in await desk.read("/", "facilities")
    last_backup.note(tmp_path, last_backup.LastBackup(soon(-1), is_damaged=False))
    assert "damaged" not in await desk.read("/", "admin")
    (tmp_path / last_backup.NAME).write_text("{")
    assert "damaged" not in await desk.read("/", "admin")
