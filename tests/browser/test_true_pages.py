"""No page says what is not so: nothing is said to be done that was not, and nothing is done that nobody meant."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from registry.bookings.models import Booking, Kind
from tests import make
from tests.browser.conftest import BrowserThread
from tests.browser.test_calendar import DAY, Office, at, local, open_office
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
