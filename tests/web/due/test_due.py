"""What is due: the page, the API, Today, and whom it concerns."""

from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from registry.assets.categories import FieldWish, NewCategory, add_category
from registry.categories.models import FieldKind
from registry.core.history import SYSTEM
from tests import make
from tests.conftest import Database
from tests.make import NOW
from tests.web.desk import Desk
from web.app import SiteOptions, create_site
from web.kit.render import STATIC

pytestmark = pytest.mark.anyio


@pytest.fixture
async def desk(database: Database, tmp_path: Path) -> Desk:
    return await Desk(create_site(SiteOptions(secret_key="k" * 40, data_dir=tmp_path, language="en"))).open()


def office_day() -> date:
    return datetime.now(ZoneInfo("Europe/Warsaw")).date()


async def stock(desk: Desk) -> None:
    today, room = office_day(), await make.make_room(code="ZW-01")
    near = {"warranty_until": today + timedelta(days=3), "room": room}
    await make.make_asset(name="Oczyszczacz", condition="faulty", custodian=desk.people["alice"], **near)
    for number in range(3):
        await make.make_asset(name="Fotel", condition="faulty" if number else "ok", **near)
    await make.make_asset(name="Projektor", durable_until=today + timedelta(days=80))
    await make.make_asset(name="Laptop", warranty_until=today + timedelta(days=200))
    await make.make_device(code="ZW-01-occ", battery=4, room=room)


async def test_what_is_due_is_one_list(desk: Desk) -> None:
    await stock(desk)
    page = await desk.read("/due", "facilities")
    assert "4 things until" in page
    assert "3 of them by the end of next week" in page
    assert "Change the battery ZW-01-occ 4 % left ZW-01" in page
    assert "The warranty ends Oczyszczacz It does not work now: have it mended while the warranty lasts." in page
    assert "Fotel × 3 2 of them do not work now" in page
    assert "The grant's durability period ends Projektor" in page
    assert "Laptop" not in page
    until = (office_day() + timedelta(days=300)).isoformat()
    assert "Laptop" in await desk.read(f"/due?until={until}", "facilities")
    only = await desk.read("/due?kind=durability", "auditor")
    assert "Projektor" in only
    assert "Oczyszczacz" not in only
    mine = await desk.read("/due?of=mine", "facilities")
    assert "Nothing is due" in mine
    for odd in ("/due?until=soon", "/due?until=9999-01-01", "/due?until=1999-01-01", "/due?kind=x"):
        assert (await desk.get(odd, "facilities")).status_code == 200
    assert (await desk.get("/due?what=1", "facilities")).status_code == 422


async def test_anybody_else_sees_what_is_in_their_care(desk: Desk) -> None:
    await stock(desk)
    page = await desk.read("/due", "alice")
    assert "1 thing until" in page
    assert "of what is in your care" in page
    assert "Nothing is due" in await desk.read("/due", "bob")
    for who, total in (("alice", 1), ("bob", 0), ("accountant", 4)):
        assert (await desk.api("GET", "/due", who)).json()["total"] == total


@pytest.mark.databases("sqlite")
async def test_a_program_and_the_page_mean_the_offices_day(desk: Desk) -> None:
    today = datetime.now(UTC).date()
    await make.make_asset(name="Lampa", warranty_until=today - timedelta(days=1))
    await make.make_asset(name="Fotel", warranty_until=today)
    past_midnight = datetime.combine(today, time(tzinfo=UTC)) - timedelta(minutes=30)
    desk.app.state.clock = lambda: past_midnight
    assert "Lampa" not in await desk.read("/due", "facilities")
    (item,) = (await desk.api("GET", "/due", "facilities")).json()["items"]
    assert item["name"] == "Fotel"


@pytest.mark.databases("sqlite")
async def test_nothing_leads_where_its_reader_may_not_go(desk: Desk) -> None:
    await make.make_device(code="ZW-01-occ", battery=4)
    assert '<a href="/devices">ZW-01-occ</a>' in (await desk.get("/due", "facilities")).text
    page = (await desk.get("/due", "accountant")).text
    assert "ZW-01-occ" in page
    assert 'href="/devices"' not in page


async def test_the_year_scrolls_in_itself_on_a_phone(desk: Desk) -> None:
    page = (await desk.get("/due", "facilities")).text
    assert 'class="scroller"' in page
    assert ".scroller { overflow-x: auto; }" in (STATIC / "css" / "due.css").read_text("utf-8")
    assert page.count("</b><span>") == 12


async def test_today_leads_to_it(desk: Desk) -> None:
    await stock(desk)
    page = await desk.read("/", "facilities")
    assert "Due by the end of next week : batteries 1, warranties 4" in page
    assert "Due by the end of next week : warranties 1" in await desk.read("/", "alice")
    assert "Due by" not in await desk.read("/", "bob")


async def test_a_calibration_that_ran_out_stands_first(desk: Desk) -> None:
    wish = FieldWish("Wzorcowanie do", FieldKind.DAY, is_due=True)
    await add_category(NewCategory("mierniki", fields=(wish,)), SYSTEM, NOW)
    asset, day = await make.make_asset(name="Miernik", category="mierniki"), office_day() - timedelta(days=2)
    changes = {"fields": {"wzorcowanie-do": day.isoformat()}}
    assert (await desk.api("PATCH", f"/assets/{asset.id}", "facilities", json=changes)).status_code == 200
    page = await desk.read("/due?kind=calibration", "facilities")
    for words in ("Wzorcowanie do", "2 days ago", "It ran out", "Calibrations and inspections"):
        assert words in page, words
    (item,) = (await desk.api("GET", "/due?kind=calibration", "facilities")).json()["items"]
    assert (item["on"], item["what"], item["name"]) == (day.isoformat(), "Wzorcowanie do", "Miernik")


async def test_programs_ask_until_a_day(desk: Desk) -> None:
    await stock(desk)
    today = office_day()
    answer = (
        await desk.api("GET", f"/due?until={today + timedelta(days=10)}&kind=warranty&limit=1", "facilities")
    ).json()
    (first,) = answer["items"]
    assert (answer["total"], first["name"], first["assets"], first["faulty"], first["room"]) == (
        2,
        "Fotel",
        3,
        2,
        "ZW-01",
    )
    assert first["on"] == (today + timedelta(days=3)).isoformat()
    rest = (await desk.api("GET", f"/due?kind=warranty&limit=1&cursor={answer['next']}", "facilities")).json()
    assert (rest["items"][0]["name"], rest["items"][0]["custodian"], rest["next"]) == ("Oczyszczacz", "Alice", None)
    assert (await desk.api("GET", "/due?mine=true", "alice")).json()["total"] == 1
    far = await desk.api("GET", f"/due?until={today + timedelta(days=4000)}", "facilities")
    assert (far.status_code, far.json()["code"]) == (422, "request.bad_field")
