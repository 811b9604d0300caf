"""No page says what is not so: nothing is said to be done that was not, and nothing is done that nobody meant."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

from registry.bookings.models import Booking, Kind
from registry.people.models import Session
from registry.people.queries import digest_of
from tests import make
from tests.browser.conftest import BrowserThread
from tests.browser.test_calendar import DAY, Office, at, drag, local, open_office
from tests.conftest import Database
from web.auth.session import SESSION

pytestmark = [pytest.mark.anyio, pytest.mark.browser]


@pytest.fixture
async def office(database: Database, tmp_path: Path, browser_thread: BrowserThread) -> AsyncIterator[Office]:
    async with open_office(tmp_path, browser_thread) as office:
        yield office


def small_form(page: Any, hour: float = 9.5, title: str = "Typed") -> None:
    """The small form of the calendar, with a title."""
    page.goto(f"/calendar?date={DAY}")
    page.mouse.click(*at(page, "MAIN", hour))
    page.fill("#small-title", title)


async def test_nothing_is_said_to_be_booked_after_the_session_ended(office: Office) -> None:
    def walk(page: Any) -> None:
        small_form(page)
        page.context.clear_cookies(name=SESSION)
        page.click(".lane-box button:has-text('Book')")
        page.wait_for_selector(".lane-box [data-signed-out] a")
        assert page.locator(".toast").count() == 0
        assert page.input_value("#small-title") == "Typed"

    await office.look(walk)
    assert await Booking.all().count() == 0


async def test_a_lost_answer_is_no_refusal_and_sent_again_it_books_once(office: Office) -> None:
    def walk(page: Any) -> None:
        small_form(page)

        def lose(route: Any) -> None:
            route.fetch(max_redirects=0)
            route.abort()

        page.route("**/bookings", lose, times=1)
        page.click(".lane-box button:has-text('Book')")
        page.wait_for_selector(".toast:has-text('it is not known whether it was booked')")
        page.click(".lane-box button:has-text('Book')")
        page.wait_for_selector(".toast:has-text('booked already, once')")

    await office.look(walk)
    assert await Booking.all().count() == 1


SPANS = {  # by hours after the midnight that begins the day: before, kind, by which hour it is taken
    "from the evening before": (-2, 2, Kind.MEETING, 1),
    "of several days": (-12, 60, Kind.BLOCK, 12),
    "until the next morning": (20, 34, Kind.MEETING, 22),
}


@pytest.mark.parametrize(("first", "last", "kind", "hold"), SPANS.values(), ids=SPANS)
@pytest.mark.parametrize("hours", [0.1, 1.0])
async def test_what_reaches_beyond_the_day_is_moved_by_what_was_dragged(
    office: Office, first: int, last: int, kind: Kind, hold: int, hours: float
) -> None:
    since, until = local(0) + timedelta(hours=first), local(0) + timedelta(hours=last)
    person = office.desk.people["coordinator"]
    room = await make.Room.get(code="MAIN")
    booking = await make.make_booking(since, until, room=room, organizer=person, kind=kind)

    def walk(page: Any) -> None:
        page.goto(f"/calendar?date={DAY}")
        start, end = at(page, "MAIN", hold), at(page, "MAIN", hold - hours)
        page.mouse.move(*start)
        page.mouse.down()
        page.mouse.move(start[0] - 3, start[1], steps=3)
        page.mouse.move(*end, steps=4)
        page.mouse.up()
        if hours >= 1:
            page.wait_for_selector(".toast:has-text('changed')")

    await office.look(walk, "coordinator")
    shift = timedelta(hours=-1 if hours >= 1 else 0)
    after = await Booking.get(id=booking.id)
    assert (after.starts_at, after.ends_at) == (since + shift, until + shift)


async def test_the_end_follows_the_start_and_what_is_typed_is_read_back(office: Office) -> None:
    def walk(page: Any) -> None:
        page.goto(f"/bookings/new?room=MAIN&date={DAY}&from=08:00&to=09:30")
        page.fill("[name=from]", "1:30 PM")
        page.wait_for_selector("#answer:has-text('13:30–15:00')")
        page.focus("[name=title]")
        expect(page.locator("[name=from]")).to_have_value("13:30")
        assert page.input_value("[name=to]") == "15:00"
        page.fill("[name=to]", "14")
        page.wait_for_selector("#answer:has-text('13:30–14:00')")
        page.fill("[name=from]", "9,30")
        page.wait_for_selector("#answer:has-text('09:30–10:00')")
        assert page.locator("#answer .answer-fault").count() == 0
        page.fill("[name=title]", "Read back")
        page.click("button:has-text('Book')")
        page.wait_for_url("**/bookings/*did=booked")

    await office.look(walk)
    booking = await Booking.get(title="Read back")
    assert (booking.starts_at, booking.ends_at) == (local(9.5), local(10))


async def test_the_end_follows_on_today_and_on_a_booking_too(office: Office) -> None:
    person = office.desk.people["alice"]
    columns = {"organizer": person, "institution_id": person.institution_id}
    booking = await make.make_booking(local(8), local(9), room=await make.Room.get(code="MAIN"), **columns)

    def walk(page: Any) -> None:
        page.goto(f"/bookings/{booking.id}")
        page.fill("[name=from]", "930")
        page.wait_for_selector("#answer:has-text('09:30–10:30')")
        assert page.input_value("[name=to]") == "10:30"
        page.goto("/")
        page.fill("#qb-from", "o 9")
        expect(page.locator("#qb-to")).to_have_value("10:00")

    await office.look(walk)


async def test_the_back_button_after_a_refusal_shows_the_words_again(office: Office) -> None:
    def walk(page: Any) -> None:
        page.goto(f"/bookings/new?room=MAIN&date={DAY}")
        page.fill("[name=title]", "Still here")
        page.fill("[name=to]", "nonsense")
        page.click("button:has-text('Book')")
        page.wait_for_selector("[role=alert]")
        page.goto("/rooms")
        page.go_back()
        assert page.input_value("[name=title]") == "Still here"
        page.reload()
        assert page.input_value("[name=title]") == "Still here"

    await office.look(walk)


async def test_an_old_page_of_a_booking_says_so_when_somebody_comes_back_to_it(office: Office) -> None:
    person = office.desk.people["alice"]
    columns = {"organizer": person, "institution_id": person.institution_id}
    booking = await make.make_booking(local(8), local(9), room=await make.Room.get(code="MAIN"), **columns)
    come_back = "document.dispatchEvent(new Event('visibilitychange'))"

    def walk(page: Any) -> None:
        page.goto(f"/bookings/{booking.id}")
        other = page.context.new_page()
        other.goto(f"/bookings/{booking.id}")
        with page.expect_response("**/api/v1/bookings/*"):
            page.evaluate(come_back)
        assert not page.locator("#page-age").is_visible()
        other.fill("[name=title]", "Changed elsewhere")
        other.click("button:has-text('Save changes')")
        other.wait_for_url("**did=changed")
        page.evaluate(come_back)
        page.wait_for_selector("#page-age:has-text('This has changed since')")
        page.context.clear_cookies(name=SESSION)
        page.evaluate(come_back)
        page.wait_for_selector("#page-age:has-text('Your session has ended')")

    await office.look(walk)


async def test_a_booking_is_not_said_to_be_moved_after_the_session_ended(office: Office) -> None:
    person = office.desk.people["alice"]
    columns = {"organizer": person, "institution_id": person.institution_id}
    booking = await make.make_booking(local(9), local(10), room=await make.Room.get(code="MAIN"), **columns)

    def walk(page: Any) -> None:
        page.goto(f"/calendar?date={DAY}")
        page.context.clear_cookies(name=SESSION)
        drag(page, at(page, "MAIN", 9.5), at(page, "MAIN", 11.5))
        page.wait_for_selector("#page-age:has-text('Your session has ended')")
        assert page.locator(".toast").count() == 0

    await office.look(walk)
    assert (await Booking.get(id=booking.id)).starts_at == local(9)


async def test_a_page_of_an_earlier_session_goes_on_where_it_was(office: Office) -> None:
    """Its person signed out and in again in another tab: nothing that was typed is lost, and nothing refused."""
    person = office.desk.people["alice"]

    office.desk.secrets["again"] = "secret-of-another-session"
    now = datetime.now(UTC)
    await Session.create(
        person=person,
        digest=digest_of(office.desk.secrets["again"]),
        created_at=now,
        expires_at=now + timedelta(hours=1),
    )

    def walk(page: Any) -> None:
        small_form(page, title="Second session")
        base = f"http://127.0.0.1:{office.port}"
        page.context.add_cookies([{"name": SESSION, "value": office.desk.secrets["again"], "url": base}])
        page.click(".lane-box button:has-text('Book')")
        page.wait_for_selector(".toast:has-text('Booked')")

    await office.look(walk)
    assert (await Booking.get()).title == "Second session"
