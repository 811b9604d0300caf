"""The pages of opening hours: the weeks, and a site's year."""

from datetime import datetime, time, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from registry.rooms.models import CalendarDay, OpeningProfile, OpeningSpan, Room
from tests.conftest import Database
from tests.make import make_booking, make_building, make_opening, make_room, make_site
from tests.web.conftest import soon
from tests.web.desk import Desk, text_of
from web.app import SiteOptions, create_site

pytestmark = pytest.mark.anyio
WARSAW = ZoneInfo("Europe/Warsaw")
MONDAY = (soon(0) + timedelta(days=7 - soon(0).weekday())).date()


@pytest.fixture
async def desk(database: Database, tmp_path: Path) -> Desk:
    return await Desk(create_site(SiteOptions(secret_key="k" * 40, data_dir=tmp_path, language="en"))).open()


def week(**more: Any) -> dict[str, Any]:
    days = {f"day-{number}": "8:00–16:00" if number < 5 else "" for number in range(7)}
    return {"code": "office", "name": "Urząd", "since": "", "until": "", "key": "k"} | days | more


async def booked(room: Room, hour: int) -> None:
    starts_at = datetime.combine(MONDAY, time(hour), WARSAW)
    await make_booking(starts_at, room=room, title="Narada")


async def test_the_first_week(desk: Desk) -> None:
    assert "Every room is always open" in await desk.read("/admin/hours", "coordinator")
    assert "Opening hours" in await desk.read("/admin", "coordinator")
    assert 'value="8:00–16:00"' in (await desk.get("/admin/hours/new", "coordinator")).text
    for _ in range(2):
        page = await desk.send("/admin/hours/new", "coordinator", **week())
        assert "The hours are added." in page.text
    assert await OpeningProfile.all().count() == 1
    text = await desk.read("/admin/hours", "auditor")
    assert "Mon–Fri 08:00–16:00" in text
    assert "open on holidays" in text
    assert (await desk.get("/admin/hours", "alice")).status_code == 403
    assert (await desk.get("/admin/hours/new", "auditor")).status_code == 403
    assert "Save changes" not in (await desk.get("/admin/hours/office", "auditor")).text


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ({"day-0": "16:00–8:00"}, "16:00–8:00 closes before it opens"),
        ({"day-0": "8:00"}, "is not a time from one hour to another"),
        ({"day-0": "8–12–13"}, "is not a time from one hour to another"),
        ({"code": "a b"}, "cannot be a code"),
        ({"name": "x" * 150}, "cannot be read"),
        ({"code": "there"}, "There are already opening hours there"),
    ],
)
async def test_a_fault_stands_at_its_field(desk: Desk, typed: dict[str, str], sentence: str) -> None:
    await make_opening(code="there")
    page = await desk.post("/admin/hours/new", "coordinator", **week(**{"day-1": "7.30 do 9, 10-11"} | typed))
    assert page.status_code in (409, 422)
    assert sentence in text_of(page.text)
    assert "7.30 do 9, 10-11" in page.text
    assert await OpeningProfile.all().count() == 1


async def test_periods(desk: Desk) -> None:
    page = await desk.post("/admin/hours/new", "coordinator", **week(more="1"))
    assert page.text.count('name="day-0"') == 2
    two = {f"day-{number}": ["8–16", "9–13" if number < 3 else ""] for number in range(7)}
    summer = week(since=["", "2027-07-01"], until=["", "2027-08-31"], **two)
    for wrong, sentence in (
        ({"until": ["", "2027-06-01"]}, "ends before it begins"),
        ({"since": ["", "x"]}, "is not a date"),
        ({"since": ["", ""], "until": ["", ""]}, "is not a date"),
        ({f"day-{number}": ["8–16", ""] for number in range(7)}, "opens on one weekday at least"),
    ):
        answer = await desk.post("/admin/hours/new", "coordinator", **summer | wrong)
        assert sentence in text_of(answer.text), wrong
    assert "The hours are added." in (await desk.send("/admin/hours/new", "coordinator", **summer)).text
    text = await desk.read("/admin/hours", "coordinator")
    assert "01/07/2027–31/08/2027 Mon–Wed 09:00–13:00" in text
    assert 'value="2027-08-31"' in (await desk.get("/admin/hours/office", "coordinator")).text


async def test_a_week_of_more_periods_or_times_than_it_may_have_is_refused_and_never_cut(desk: Desk) -> None:
    count = 13
    days = {f"day-{number}": ["8–16"] * count for number in range(7)}
    starts = ["", *(f"2027-{month:02}-01" for month in range(1, count))]
    many = week(since=starts, until=["", *(f"2027-{month:02}-20" for month in range(1, count))], **days)
    page = await desk.post("/admin/hours/new", "coordinator", **many)
    assert page.status_code == 422
    assert "at most 11 periods with dates" in text_of(page.text)
    assert page.text.count('name="day-0"') == count
    grown = await desk.post("/admin/hours/new", "coordinator", **many, more="1")
    assert grown.status_code == 422
    assert grown.text.count('name="day-0"') == count
    times = ", ".join(
        f"{hour}:{minute:02}–{hour}:{minute + 5:02}" for hour in range(8, 13) for minute in (0, 10, 20, 30)
    )
    fits = week(**{"day-0": times})
    assert "The hours are added." in (await desk.send("/admin/hours/new", "coordinator", **fits)).text
    assert await OpeningSpan.filter(weekday=0).count() == 20
    long = await desk.post("/admin/hours/new", "coordinator", **week(**{"day-0": "8–9," * 1000}))
    assert "more than 200 times a week" in text_of(long.text)
    assert await OpeningProfile.all().count() == 1


async def test_what_a_change_shuts_out_is_shown_first(desk: Desk) -> None:
    room = await make_room(opening=await make_opening(code="office"))
    await booked(room, 12)
    short = week(revision="1", **{f"day-{number}": "8–10" for number in range(5)})
    page = await desk.post("/admin/hours/office", "coordinator", **short)
    assert "These bookings no longer fit" in page.text
    assert "Narada" in page.text
    assert "08:00–16:00" in await desk.read("/admin/hours", "coordinator")
    changed = await desk.send("/admin/hours/office", "coordinator", **short, shown="1")
    assert "The hours are changed." in changed.text
    assert "08:00–10:00" in text_of(changed.text)
    assert "Mon–Fri 08:00–16:00 → Mon–Fri 08:00–10:00" in await desk.read("/admin/hours/office", "coordinator")
    for revision in ("1", "x"):
        stale = await desk.post("/admin/hours/office", "coordinator", **short | {"revision": revision})
        assert "Somebody changed this meanwhile" in stale.text
    wrong = await desk.post("/admin/hours/office", "coordinator", **short | {"day-0": "x"})
    assert "is not a time" in wrong.text
    assert 'name="day-6"' in (await desk.post("/admin/hours/office", "coordinator", **short, more="1")).text
    assert (await desk.get("/admin/hours/none", "coordinator")).status_code == 404


async def test_a_day_of_the_year_is_closed_and_as_usual_again(desk: Desk) -> None:
    assert (await desk.get("/admin/days", "coordinator")).status_code == 404
    site = await make_site(code="BDG")
    await make_site(code="TOR")
    room = await make_room(building=await make_building(site=site), opening=await make_opening())
    await booked(room, 12)
    assert (await desk.get("/admin/days", "coordinator")).headers["location"] == "/admin/days/BDG"
    page = (await desk.get("/admin/days/BDG?year=2027", "coordinator")).text
    assert page.count("<table") == 12
    assert "New Year&#39;s Day" in page
    form = {"date": MONDAY.isoformat(), "what": "closed", "name": "remont"}
    page = await desk.post("/admin/days/BDG", "coordinator", **form)
    assert "These bookings no longer fit" in page.text
    assert await CalendarDay.all().count() == 0
    answer = await desk.send("/admin/days/BDG", "coordinator", **form, shown="1")
    assert "The day is changed." in answer.text
    assert "remont" in answer.text
    chosen = (await desk.get(f"/admin/days/BDG?day={MONDAY}", "coordinator")).text
    assert 'value="remont"' in chosen
    usual = form | {"what": "usual", "name": ""}
    assert "The day is changed." in (await desk.send("/admin/days/BDG", "coordinator", **usual)).text
    assert await CalendarDay.all().count() == 0
    for wrong, sentence in (({"date": "x"}, "is not a date"), ({"name": " "}, "Say why the day differs")):
        refused = await desk.post("/admin/days/BDG", "coordinator", **form | wrong)
        assert sentence in text_of(refused.text)
    assert (await desk.get("/admin/days/none", "coordinator")).status_code == 404
    assert "Change a day" not in (await desk.get("/admin/days/BDG", "auditor")).text


async def test_a_name_that_no_site_or_week_can_have_is_unknown(desk: Desk) -> None:
    for path in ("/admin/days/%00", "/admin/hours/%00", "/admin/places/sites/%00", f"/admin/days/{'x' * 41}"):
        assert (await desk.get(path, "coordinator")).status_code == 404, path
