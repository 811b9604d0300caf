"""Live pages in a browser: a change asks for its piece and nothing else, all tabs share one stream, and nobody's hands
are disturbed.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from registry.bookings.actions import book
from registry.bookings.readings import record_readings, watch_started
from registry.bookings.rules import BookingRequest
from registry.core.events import RoomChanged, dispatch
from registry.core.history import SYSTEM
from registry.devices.occupancy import Reading
from registry.faults.actions import NewReport, report
from registry.people.models import Session
from registry.people.queries import forget_person
from registry.rooms.lock import changing
from registry.rooms.models import Room
from registry.rooms.queries import room_by_code
from tests import make
from tests.browser.conftest import BrowserThread
from tests.browser.test_calendar import LISTENING, Office, open_office
from tests.conftest import WARSAW, Database
from web.kit.live import live_of

pytestmark = [pytest.mark.anyio, pytest.mark.browser]
TABS = 7
NO_SHARED_WORKER = "delete window.SharedWorker"
MARK = "document.querySelectorAll('[data-piece]').forEach(element => { element.mark = 'same'; })"


class Turns:
    """Lets a walk in the browser's thread wait for what happens in the office meanwhile."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.loop = loop

    def do(self, act: Callable[[], Awaitable[Any]]) -> Any:
        """Do something in the loop of the office, and wait for it."""

        async def run() -> Any:
            return await act()

        return asyncio.run_coroutine_threadsafe(run(), self.loop).result(60)


@pytest.fixture
async def turns() -> Turns:
    return Turns(asyncio.get_running_loop())


def pass_a_minute(page: Any) -> None:
    """Of the page's clock, in steps in which an answer comes."""
    for _ in range(7):
        page.clock.run_for(10_000)
        page.wait_for_timeout(150)


class OfficeClock:
    """Yesterday from noon on, so that what is booked now lies within the hours that pages show; moved by hand."""

    def __init__(self) -> None:
        self.ahead = datetime.now(WARSAW).replace(hour=12, minute=0, second=0) - timedelta(days=1) - datetime.now(UTC)

    def __call__(self) -> datetime:
        return datetime.now(UTC) + self.ahead


@pytest.fixture
def clock() -> OfficeClock:
    return OfficeClock()


@pytest.fixture
async def office(
    database: Database, tmp_path: Path, browser_thread: BrowserThread, clock: OfficeClock
) -> AsyncIterator[Office]:
    async with open_office(tmp_path, browser_thread) as office:
        office.desk.app.state.clock = clock
        yield office


def requests_of(page: Any) -> list[str]:
    """The addresses that a page asks for from now on."""
    addresses: list[str] = []
    page.on("request", lambda request: addresses.append(request.url.partition("://")[2].partition("/")[2]))
    return addresses


def listen(page: Any) -> None:
    """Wait until the page hears the stream, and has asked for what it may have missed on a slow machine."""
    page.wait_for_selector(LISTENING)
    page.wait_for_timeout(600)


def book_now(office: Office, code: str, who: str = "bob") -> Callable[[], Awaitable[Any]]:
    async def act() -> None:
        now = office.desk.app.state.clock()
        minute = now.replace(second=0, microsecond=0)
        request = BookingRequest(code, minute, minute + timedelta(minutes=30), "Now")
        await book(request, office.desk.people[who], SYSTEM, now)

    return act


@pytest.mark.parametrize(
    ("path", "piece"),
    [
        ("/", "#now-MAIN"),
        ("/calendar", "#lane-MAIN"),
        ("/calendar?view=week", "#week-MAIN"),
        ("/rooms", "[data-piece=MAIN]"),
    ],
)
async def test_a_change_of_a_room_asks_for_its_piece_alone(office: Office, turns: Turns, path: str, piece: str) -> None:
    def walk(page: Any) -> None:
        page.goto(path)
        listen(page)
        page.evaluate(MARK)
        addresses = requests_of(page)
        turns.do(book_now(office, "MAIN"))
        page.wait_for_selector(f"{piece} .slot[data-kind=booking]", state="attached")
        page.wait_for_timeout(500)
        assert len(addresses) == 1, addresses
        assert "piece=MAIN" in addresses[0]
        assert "piece=OTHER" not in addresses[0]
        marks = page.evaluate("[...document.querySelectorAll('[data-piece]')].map(element => element.mark)")
        assert set(marks) == {"same"}, "the rows stay what they were, and what is in them changes"

    await office.look(walk)


async def test_the_first_change_after_a_rest_is_asked_for_at_once(office: Office, turns: Turns) -> None:
    def walk(page: Any) -> None:
        page.clock.install()
        page.goto("/")
        page.wait_for_selector(LISTENING)
        page.clock.run_for(1000)  # what it may have missed is asked for
        page.wait_for_timeout(500)
        page.clock.pause_at(page.evaluate("Date.now()") + 1000)
        addresses = requests_of(page)
        turns.do(book_now(office, "MAIN"))
        for _ in range(100):  # milliseconds of the page, however long the office takes
            page.clock.run_for(1)
            page.wait_for_timeout(50)
            if addresses:
                break
        assert "piece=MAIN" in addresses[0]

    await office.look(walk)


async def test_the_answer_holds_no_other_row(office: Office, turns: Turns) -> None:
    def walk(page: Any) -> None:
        page.goto("/")
        listen(page)
        with page.expect_response("**/?shape=*") as response:
            turns.do(book_now(office, "MAIN"))
        text = response.value.text()
        assert 'id="now-MAIN"' in text
        assert 'id="now-OTHER"' not in text
        assert "<main" not in text

    await office.look(walk)


async def test_a_room_that_begins_to_belong_on_the_page_comes(office: Office, turns: Turns, clock: OfficeClock) -> None:
    """A store is shown while it is taken. It is asked for a little later, as nobody waits for it."""
    store = await make.make_room(code="STORE", bookable=False)

    async def block() -> None:
        async with changing(store.id):
            await make.make_booking(clock() - timedelta(minutes=5), room=store, kind="block", status="confirmed")

    def walk(page: Any) -> None:
        page.goto("/")
        listen(page)
        assert page.locator("#now-STORE").count() == 0
        turns.do(block)
        page.wait_for_selector("#now-STORE")

    await office.look(walk)


async def test_a_fault_is_asked_for_where_its_room_is_shown(office: Office, turns: Turns) -> None:
    room = await room_by_code("MAIN")
    asset = await make.make_asset(name="Projektor", room=room)

    async def break_it() -> None:
        await report(NewReport(asset_id=asset.id), SYSTEM, datetime.now(UTC))

    def walk(page: Any) -> None:
        page.goto("/")
        listen(page)
        addresses = requests_of(page)
        turns.do(break_it)
        page.wait_for_selector("#now-MAIN:has-text('Projektor')")
        page.wait_for_selector("#my-tasks:has-text('Projektor')")
        assert len(addresses) == 1

    await office.look(walk, who="facilities")


async def test_sensors_that_repeat_themselves_cost_an_open_page_nothing(
    office: Office, turns: Turns, clock: OfficeClock
) -> None:
    """Twenty of them, every 30 seconds for ten minutes."""
    rooms = [await make.make_room(code=f"R-{number}") for number in range(10)]
    sensors = [await make.make_device(room=room) for room in [*rooms, *rooms]]
    await watch_started(clock())

    async def speak() -> None:
        now = clock()
        await record_readings([Reading(sensor.id, now, occupied=True) for sensor in sensors], now)

    def walk(page: Any) -> None:
        turns.do(speak)
        page.goto("/")
        listen(page)
        page.wait_for_selector("#now-R-9 .state[data-state=in_use_unbooked]")
        addresses = requests_of(page)
        for _ in range(20):
            clock.ahead += timedelta(seconds=30)
            turns.do(speak)
        page.wait_for_timeout(1000)
        assert addresses == []
        turns.do(book_now(office, "R-3"))
        page.wait_for_selector("#now-R-3 .state[data-state=in_use]")
        assert len(addresses) == 1

    await office.look(walk)


@pytest.mark.parametrize("script", ["", NO_SHARED_WORKER])
async def test_seven_tabs_share_one_stream_and_all_are_live(office: Office, turns: Turns, script: str) -> None:
    """HTTP/1.1 has six connections to a server: with a stream for each tab the seventh would never load."""

    def walk(page: Any) -> None:
        context = page.context
        if script:
            context.add_init_script(script)
        tabs = [page, *(context.new_page() for _ in range(TABS - 1))]
        paths = ["/", "/", "/calendar", "/rooms/MAIN", "/rooms", "/calendar?view=week", "/calendar"]
        for tab, path in zip(tabs, paths, strict=True):
            tab.goto(path, timeout=10_000)
            listen(tab)
        assert len(live_of(office.desk.app)) == 1
        turns.do(book_now(office, "MAIN"))
        for tab in tabs:
            tab.wait_for_selector(".slot[data-kind=booking]", state="attached")
        tabs[0].goto("/bookings", timeout=10_000)
        tabs[0].wait_for_timeout(1000)  # where it held the stream for all, another one does now
        assert len(live_of(office.desk.app)) == 1
        for tab in tabs:
            tab.close()

    await office.look(walk)


async def test_the_stream_passes_to_another_tab_without_shared_workers(office: Office, turns: Turns) -> None:
    def walk(page: Any) -> None:
        page.context.add_init_script(NO_SHARED_WORKER)
        page.goto("/")
        listen(page)
        other = page.context.new_page()
        other.goto("/")
        listen(other)
        page.close()
        turns.do(book_now(office, "MAIN"))
        other.wait_for_selector("#now-MAIN .state[data-state=in_use]")

    await office.look(walk)


async def test_what_is_typed_and_what_was_opened_stays(office: Office, turns: Turns) -> None:
    def walk(page: Any) -> None:
        page.goto("/rooms/MAIN")
        listen(page)
        if not page.locator("details.act").evaluate("element => element.open"):
            page.click("details.act summary")
        page.fill("[name=panel_code]", "AB1")
        page.focus("[name=panel_code]")
        turns.do(book_now(office, "MAIN"))
        page.wait_for_selector("#room-now .state[data-state=in_use]")
        assert page.input_value("[name=panel_code]") == "AB1"
        assert page.evaluate("document.activeElement.name") == "panel_code"
        assert page.locator("details.act").evaluate("element => element.open")

    await office.look(walk, who="coordinator")


async def test_an_open_question_is_not_torn_away(office: Office, turns: Turns) -> None:
    def walk(page: Any) -> None:
        page.goto("/calendar")
        listen(page)
        addresses = requests_of(page)
        track = page.locator('.track[data-room="OTHER"]').bounding_box()
        page.mouse.click(track["x"] + track["width"] * 0.9, track["y"] + track["height"] / 2)
        page.wait_for_selector(".lane-box form, .lane-box [role=alert]")
        before = len(addresses)
        turns.do(book_now(office, "OTHER"))
        turns.do(book_now(office, "MAIN"))
        page.wait_for_selector("#lane-MAIN .slot[data-kind=booking]")
        page.wait_for_timeout(2500)
        assert page.locator(".lane-box").count() == 1
        assert page.locator("#lane-OTHER .slot[data-kind=booking]").count() == 0
        assert len(addresses) - before <= 2, "nobody asks again and again for what is held"
        page.keyboard.press("Escape")
        page.wait_for_selector("#lane-OTHER .slot[data-kind=booking]")

    await office.look(walk)


async def test_time_alone_asks_when_it_changes_what_is_shown(office: Office, turns: Turns, clock: OfficeClock) -> None:
    """Whoever tells of changes is mute here: the page itself knows when to look."""
    starts_at = clock().replace(second=0, microsecond=0) + timedelta(hours=2)
    await make.make_booking(starts_at, room_id=(await room_by_code("MAIN")).id, organizer=None)

    def walk(page: Any) -> None:
        page.clock.install()
        page.goto("/")
        page.wait_for_selector("#now-MAIN .state[data-state=free]")
        page.wait_for_selector(LISTENING)
        page.clock.run_for(500)
        page.wait_for_timeout(500)
        addresses = requests_of(page)
        clock.ahead += timedelta(minutes=20)
        page.clock.fast_forward(20 * 60_000)
        pass_a_minute(page)
        page.wait_for_timeout(300)
        assert addresses == [], "nothing that is shown has changed"
        clock.ahead += timedelta(minutes=102)
        page.clock.fast_forward(101 * 60_000)
        pass_a_minute(page)
        page.wait_for_selector("#now-MAIN .state[data-state=in_use]")
        assert len([address for address in addresses if "piece=MAIN" in address]) == 1

    await office.look(walk)


async def test_a_stream_that_says_nothing_is_replaced_by_looking(
    office: Office, turns: Turns, clock: OfficeClock
) -> None:
    """As behind a proxy that holds streams back: the page looks once a minute."""
    room_id = (await room_by_code("MAIN")).id

    async def unheard() -> None:
        await make.make_booking(clock() - timedelta(minutes=5), room_id=room_id, status="checked_in")
        await Room.filter(id=room_id).update(version=50, revision=50)

    def walk(page: Any) -> None:
        page.context.add_init_script(NO_SHARED_WORKER)
        page.clock.install()
        page.goto("/")
        listen(page)
        turns.do(unheard)
        page.route("**/api/v1/events", lambda route: None)
        page.clock.run_for(41_000)
        pass_a_minute(page)
        page.wait_for_selector("#now-MAIN .slot[data-kind=booking]", state="attached")

    await office.look(walk)


async def test_an_ended_session_is_said_and_sends_nobody_away_from_what_is_typed(office: Office, turns: Turns) -> None:
    async def end() -> None:
        alice = office.desk.people["alice"]
        await Session.filter(person_id=alice.id).delete()
        forget_person(alice.id)
        await dispatch([RoomChanged((await room_by_code("MAIN")).id, 1)])

    def walk(page: Any) -> None:
        page.goto("/")
        listen(page)
        page.fill("#qb-people", "7")
        with page.expect_response("**/?shape=*"):
            turns.do(end)
        page.wait_for_selector("#page-age:has-text('Your session has ended')")
        assert page.input_value("#qb-people") == "7"
        page.click("#page-age a")
        page.wait_for_url("**/sign-in?next=*")

    await office.look(walk)
