"""The calendar in a browser: booked, moved and stretched by hand; refused with help; by keyboard; axe finds nothing."""

import asyncio
import re
import socket
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import uvicorn

from registry.bookings.actions import book
from registry.bookings.models import Booking, Status
from registry.bookings.rules import BookingRequest
from registry.core.events import RoomChanged, dispatch
from registry.core.history import SYSTEM
from registry.rooms.models import Room, Visibility
from tests import make
from tests.browser.conftest import AXE_OPTIONS, LIMIT, BrowserThread
from tests.conftest import Database
from tests.web.desk import Desk
from web.app import SiteOptions, create_site
from web.auth.session import SESSION

pytestmark = [pytest.mark.anyio, pytest.mark.browser]
WARSAW = ZoneInfo("Europe/Warsaw")
DAY = (datetime.now(WARSAW) + timedelta(days=2)).date()
LISTENING = "html[data-stream=open]"
AXE = (Path(__file__).parent / "vendor" / "axe.min.js").read_text()


def local(hour: float) -> datetime:
    return datetime(DAY.year, DAY.month, DAY.day, int(hour), int(hour % 1 * 60), tzinfo=WARSAW).astimezone(UTC)


class Office:
    """A served site and a browser at it, which has its own thread, so that the server can answer."""

    def __init__(self, desk: Desk, port: int, browser: BrowserThread) -> None:
        self.desk, self.port, self.browser = desk, port, browser

    async def look(self, walk: Callable[[Any], None], who: str = "alice", forgives: str = "-", **context: Any) -> None:
        """Walk through pages as a person; a script fault or a breach of the policy fails the walk."""
        loop = asyncio.get_running_loop()
        faults = await loop.run_in_executor(self.browser.thread, self._look, walk, who, context)
        assert [fault for fault in faults if forgives not in fault] == []

    def _look(self, walk: Callable[[Any], None], who: str, context: dict[str, Any]) -> list[str]:
        faults: list[str] = []
        base = f"http://127.0.0.1:{self.port}"
        options = {"viewport": {"width": 1440, "height": 1000}} | context
        with self.browser.browser.new_context(base_url=base, **options) as profile:
            profile.add_cookies([{"name": SESSION, "value": self.desk.secrets[who], "url": base}])
            page = profile.new_page()
            page.set_default_timeout(LIMIT)
            page.on("pageerror", lambda fault: faults.append(str(fault)))
            page.on("console", lambda line: faults.append(line.text) if "Content Security" in line.text else None)
            walk(page)
        return faults


@asynccontextmanager
async def open_office(tmp_path: Path, browser: BrowserThread) -> AsyncIterator[Office]:
    """Three rooms in a served site, on the open database."""
    building = await make.make_building(address="Bydgoszcz, Konarskiego 1")
    await make.make_room(code="MAIN", name="Main room", building=building, capacity=12)
    await make.make_room(code="OTHER", name="Other room", building=building, capacity=20)
    await make.make_room(code="HID", building=building, visibility=Visibility.HIDDEN)
    desk = await Desk(create_site(SiteOptions(secret_key="k" * 40, data_dir=tmp_path, language="en"))).open()
    listener = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(desk.app, log_level="warning", timeout_graceful_shutdown=1))
    server.install_signal_handlers = lambda: None  # type: ignore[attr-defined,method-assign]  # the test keeps its own
    serving = asyncio.create_task(server.serve(sockets=[listener]))
    while not server.started:
        await asyncio.sleep(0.02)
    yield Office(desk, listener.getsockname()[1], browser)
    server.should_exit = True
    await serving
    listener.close()


@pytest.fixture
async def office(database: Database, tmp_path: Path, browser_thread: BrowserThread) -> AsyncIterator[Office]:
    async with open_office(tmp_path, browser_thread) as office:
        yield office


def at(page: Any, room: str, hour: float) -> tuple[float, float]:
    """The point of an hour in the middle of a room's track."""
    box = page.locator(f'.track[data-room="{room}"]').bounding_box()
    lanes = page.locator("[data-lanes]")
    opens, hours = (int(lanes.get_attribute(name)) for name in ("data-opens", "data-hours"))
    return box["x"] + (hour - opens) / hours * box["width"], box["y"] + box["height"] / 2


def drag(page: Any, start: tuple[float, float], end: tuple[float, float]) -> None:
    page.mouse.move(*start)
    page.mouse.down()
    page.mouse.move((start[0] + end[0]) / 2, (start[1] + end[1]) / 2, steps=4)
    page.mouse.move(*end, steps=4)
    page.mouse.up()


def book_by_hand(page: Any, title: str, sign: str) -> None:
    """Drag from nine to half past ten, and book; until the page shows the sign."""
    page.goto(f"/calendar?date={DAY}")
    drag(page, at(page, "MAIN", 9), at(page, "MAIN", 10.5))
    page.fill("#small-title", title)
    page.click(".lane-box button:has-text('Book')")
    page.wait_for_selector(sign)


async def test_an_empty_stretch_is_dragged_and_booked(office: Office) -> None:
    await office.look(lambda page: book_by_hand(page, "Dragged", ".slot[data-booking]:has-text('Dragged')"))
    booking = await Booking.get(title="Dragged")
    assert (booking.starts_at, booking.ends_at) == (local(9), local(10.5))


async def test_where_somebody_approves_it_is_said_that_it_waits(office: Office) -> None:
    room = await Room.get(code="MAIN")
    await room.approvers.add(office.desk.people["bob"])

    await office.look(lambda page: book_by_hand(page, "Asked", ".toast:has-text('Asked. The time is kept')"))
    booking = await Booking.get(title="Asked")
    booking.status = Status.CONFIRMED
    await booking.save()

    def move(page: Any) -> None:
        page.goto(f"/calendar?date={DAY}")
        drag(page, at(page, "MAIN", 9.5), at(page, "MAIN", 12.5))
        page.wait_for_selector(".toast:has-text('Asked. The time is kept')")

    await office.look(move)
    assert (await Booking.get(id=booking.id)).status is Status.TENTATIVE


async def alices(office: Office, hour: float, **fields: Any) -> Booking:
    alice = office.desk.people["alice"]
    fields = {"organizer": alice, "institution_id": alice.institution_id, "title": "Mine"} | fields
    return await make.make_booking(local(hour), **fields)


async def room_id(code: str) -> int:
    from registry.bookings.queries import room_id_of

    return await room_id_of(code)


async def test_a_booking_is_moved_to_another_room_and_stretched(office: Office) -> None:
    booking = await alices(office, 9, room_id=await room_id("MAIN"))

    def walk(page: Any) -> None:
        page.goto(f"/calendar?date={DAY}")
        drag(page, at(page, "MAIN", 9.5), at(page, "OTHER", 11.5))
        page.wait_for_selector('.track[data-room="OTHER"] .slot[data-revision="2"]')
        x, y = at(page, "OTHER", 12)
        drag(page, (x - 3, y), (at(page, "OTHER", 13)[0] - 3, y))
        page.wait_for_selector('.slot[data-revision="3"]')

    await office.look(walk)
    await booking.refresh_from_db()
    assert booking.room_id == await room_id("OTHER")
    assert (booking.starts_at, booking.ends_at) == (local(11), local(13))


async def test_what_others_do_during_a_drag_does_not_move_what_is_dragged(office: Office) -> None:
    """The lane that it left was put in place anew, and the booking landed at the end of the day."""
    booking = await alices(office, 9, room_id=await room_id("MAIN"))
    half_way, news = threading.Event(), threading.Event()

    def walk(page: Any) -> None:
        page.goto(f"/calendar?date={DAY}")
        page.wait_for_selector(LISTENING)
        start, end = at(page, "MAIN", 9.5), at(page, "OTHER", 11.5)
        page.mouse.move(*start)
        page.mouse.down()
        page.mouse.move((start[0] + end[0]) / 2, end[1], steps=4)
        half_way.set()
        assert news.wait(60)
        page.wait_for_timeout(1000)
        page.mouse.move(*end, steps=4)
        page.mouse.up()
        page.wait_for_selector('.track[data-room="OTHER"] .slot[data-revision="2"]')

    looking = asyncio.create_task(office.look(walk))
    await asyncio.to_thread(half_way.wait, 60)
    await dispatch([RoomChanged(await room_id(code), 0) for code in ("MAIN", "OTHER")])
    news.set()
    await looking
    await booking.refresh_from_db()
    assert (booking.starts_at, booking.ends_at) == (local(11), local(12))


async def test_a_refusal_helps_and_one_button_takes_the_offer(office: Office) -> None:
    booking = await alices(office, 9, room_id=await room_id("MAIN"))
    await make.make_booking(local(11), room_id=await room_id("MAIN"))

    def walk(page: Any) -> None:
        page.goto(f"/calendar?date={DAY}")
        drag(page, at(page, "MAIN", 9.5), at(page, "MAIN", 11.5))
        page.wait_for_selector(".lane-box [data-choose]")
        assert "MAIN is taken then" in page.inner_text(".lane-box")
        page.keyboard.press("Escape")
        page.wait_for_selector(".lane-box", state="detached")
        page.wait_for_selector("[data-kind=draft]", state="detached")
        drag(page, at(page, "MAIN", 9.5), at(page, "MAIN", 11.5))
        page.click(".lane-box li:has-text('Other room') [data-choose]")
        page.wait_for_selector('.track[data-room="OTHER"] .slot[data-revision="2"]')

    await office.look(walk)
    await booking.refresh_from_db()
    assert (booking.room_id, booking.starts_at) == (await room_id("OTHER"), local(11))


async def test_a_booking_that_changed_meanwhile_is_not_overwritten(office: Office) -> None:
    booking = await alices(office, 9, room_id=await room_id("MAIN"))
    went, come = threading.Event(), threading.Event()

    def walk(page: Any) -> None:
        page.goto(f"/calendar?date={DAY}")
        went.set()
        assert come.wait(60)
        drag(page, at(page, "MAIN", 9.5), at(page, "MAIN", 13.5))
        page.wait_for_selector(".lane-box [role=dialog]")
        assert "Somebody changed this meanwhile" in page.inner_text(".lane-box")

    looking = asyncio.create_task(office.look(walk))
    await asyncio.to_thread(went.wait, 60)
    await Booking.filter(id=booking.id).update(revision=7)
    come.set()
    await looking
    await booking.refresh_from_db()
    assert booking.starts_at == local(9)


async def test_everything_goes_by_keyboard(office: Office) -> None:
    def walk(page: Any) -> None:
        page.goto(f"/calendar?date={DAY}")
        page.focus("#lane-MAIN .lane-book")
        page.keyboard.press("Enter")
        page.wait_for_url(re.compile("/bookings/new"))
        for name, text in (("from", "9:00"), ("to", "10:00"), ("title", "Typed")):
            page.focus(f"#f-{name}")
            page.keyboard.press("ControlOrMeta+a")
            page.keyboard.type(text)
        page.wait_for_selector("#answer .state[data-state=free]")
        page.keyboard.press("Enter")
        page.wait_for_url(re.compile("did=booked"))

    await office.look(walk)
    assert (await Booking.get(title="Typed")).starts_at == local(9)


async def test_without_a_script_the_form_and_the_filters_work(office: Office) -> None:
    def walk(page: Any) -> None:
        page.goto(f"/calendar?date={DAY}")
        page.check("input[name=seats]")
        page.click("[data-go]")
        assert "seats=1" in page.url
        page.click("#lane-MAIN .lane-book")
        page.fill("#f-from", "9")
        page.fill("#f-to", "10")
        page.click("form.booking-form button:has-text('Book')")
        page.wait_for_url(re.compile("did=booked"))

    await office.look(walk, java_script_enabled=False)


async def test_today_shows_a_change_by_itself(office: Office) -> None:
    went = threading.Event()

    def walk(page: Any) -> None:
        page.goto("/")
        page.wait_for_selector("#now-MAIN .state[data-state=free]")
        page.wait_for_selector(LISTENING)
        went.set()
        page.wait_for_selector("#now-MAIN .state[data-state=in_use]")

    looking = asyncio.create_task(office.look(walk))
    await asyncio.to_thread(went.wait, 60)
    await book_for_now(office)
    await looking


async def book_for_now(office: Office) -> None:
    now = datetime.now(UTC)
    minute = now.replace(second=0, microsecond=0)
    wish = BookingRequest("MAIN", minute, minute + timedelta(minutes=30), "Now")
    await book(wish, office.desk.people["bob"], SYSTEM, now)


async def test_a_change_between_the_page_and_its_stream_is_shown_too(office: Office) -> None:
    came, change = threading.Event(), threading.Event()

    def walk(page: Any) -> None:
        page.add_init_script("delete window.SharedWorker")  # whose requests cannot be held up here
        routes: list[Any] = []
        page.route("**/api/v1/events", lambda route: routes.append(route))  # on a slow line it opens late
        page.goto("/")
        page.wait_for_selector("#now-MAIN .state[data-state=free]")
        came.set()
        assert change.wait(60)
        page.wait_for_timeout(1500)
        routes[0].continue_()
        page.wait_for_selector("#now-MAIN .state[data-state=in_use]")

    looking = asyncio.create_task(office.look(walk))
    await asyncio.to_thread(came.wait, 60)
    await book_for_now(office)
    change.set()
    await looking


async def test_another_room_takes_neither_the_focus_nor_what_is_typed(office: Office) -> None:
    await make.make_room(code="HELP_POINT", name="Shy room", visibility=Visibility.CONFIDENTIAL)

    def walk(page: Any) -> None:
        page.goto("/bookings/new?room=MAIN")
        for code in ("OTHER", "MAIN"):
            with page.expect_response(re.compile("/bookings/new[?]")):
                page.select_option("[name=room]", code)
                page.focus("[name=title]")
                page.keyboard.type(code)
            page.wait_for_timeout(100)
            page.keyboard.type(".")
        assert page.input_value("[name=title]") == "OTHER.MAIN."
        page.fill("[name=attendees]", "4")
        with page.expect_response(re.compile("/bookings/new[?]")):
            page.select_option("[name=room]", "HELP_POINT")
            page.focus("[name=attendees]")
        page.wait_for_selector("#dependent .no-title")
        assert page.evaluate("document.activeElement.name") == "attendees"
        assert page.input_value("[name=attendees]") == "4"

    await office.look(walk)


@pytest.mark.parametrize(("width", "scheme"), [(1440, "light"), (1440, "dark"), (390, "light"), (390, "dark")])
async def test_axe_finds_nothing(office: Office, width: int, scheme: str) -> None:
    booking = await alices(office, 9, room_id=await room_id("MAIN"))
    await make.make_booking(local(11), room_id=await room_id("MAIN"))
    collision = f"/bookings/new?room=MAIN&date={DAY}&from=9:00&to=10:00"
    paths = [
        "/",
        f"/calendar?date={DAY}",
        f"/calendar?date={DAY}&view=week",
        "/bookings",
        collision,
        f"/bookings/{booking.id}",
    ]

    def walk(page: Any) -> None:
        for path in paths:
            page.goto(path)
            examine(page, path)
            wide = page.evaluate("document.documentElement.scrollWidth")
            assert wide <= width, (path, wide)
        page.goto(collision)
        page.click("form.booking-form button:has-text('Book')")
        page.wait_for_selector(".alternatives")
        examine(page, "the refusal")
        if width > 1000:
            page.goto(f"/calendar?date={DAY}")
            drag(page, at(page, "OTHER", 9), at(page, "OTHER", 10.5))
            page.wait_for_selector(".lane-box form")
            examine(page, "the small form")
            page.keyboard.press("Escape")
            drag(page, at(page, "MAIN", 9.5), at(page, "MAIN", 11.5))
            page.wait_for_selector(".lane-box [data-choose]")
            examine(page, "the refusal of a drag")

    # axe itself writes styles into the page
    await office.look(walk, forgives="inline style", viewport={"width": width, "height": 900}, color_scheme=scheme)


def examine(page: Any, where: str) -> None:
    page.evaluate(AXE)
    violations = page.evaluate(
        f"axe.run({AXE_OPTIONS}).then(found => found.violations.map(one => [one.id, one.nodes.map(n => n.html)]))"
    )
    assert violations == [], (where, violations)


async def test_a_short_booking_has_a_name_words_and_a_place_to_click(office: Office) -> None:
    room, lengths = await room_id("MAIN"), (5, 10, 15, 20, 30, 40, 45)
    ids = {
        minutes: (await alices(office, 8 + number * 1.25, ends_at=local(8 + number * 1.25) + timedelta(minutes=minutes),
                               room_id=room, title=f"Stand-up {minutes}")).id
        for number, minutes in enumerate(lengths)
    }  # fmt: skip

    def walk(page: Any) -> None:
        for width in (1024, 1280, 1440, 1920):
            page.set_viewport_size({"width": width, "height": 900})
            page.goto(f"/calendar?date={DAY}")
            for minutes in lengths:
                link = page.locator(f'.track > .slot > a[href="/bookings/{ids[minutes]}"]')
                assert f"Stand-up {minutes}" in link.aria_snapshot(), (width, minutes)
                lines = page.locator(f'.track :is(a, .beside):has-text("Stand-up {minutes}"):visible')
                words = [box for one in lines.all() if (box := one.bounding_box())["width"] > 32]
                assert words, f"{minutes} minutes have no words at {width}"
            for minutes in (5, 10, 20):
                box = page.locator(f'.track > .slot:has(> a[href="/bookings/{ids[minutes]}"])').bounding_box()
                reach = page.locator(f'.reach > a[href="/bookings/{ids[minutes]}"]').bounding_box()
                assert reach["width"] >= 24
                page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
                page.wait_for_url(f"**/bookings/{ids[minutes]}")
                page.go_back()

    await office.look(walk)


async def test_short_bookings_side_by_side_are_each_opened(office: Office) -> None:
    room = await room_id("MAIN")
    five, bookings = timedelta(minutes=5), []
    for part in range(4):
        since = local(9) + part * five
        bookings.append(
            await make.make_booking(since, since + five, room_id=room, organizer=office.desk.people["alice"])
        )
    ids = [booking.id for booking in bookings]

    def walk(page: Any) -> None:
        for id_ in ids:
            page.goto(f"/calendar?date={DAY}")
            box = page.locator(f'.track > .slot:has(> a[href="/bookings/{id_}"])').bounding_box()
            page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
            page.wait_for_url(f"**/bookings/{id_}")
        page.goto(f"/calendar?date={DAY}")

    await office.look(walk)


BROKEN = """() => [...document.querySelectorAll('.lanes .slot .face > b')].flatMap(b => {
  const text = [...b.childNodes].find(n => n.nodeType === 3 && n.data.trim());
  const range = document.createRange(), words = [...text.data.matchAll(/\\S+/g)];
  return words.filter(word => {
    range.setStart(text, word.index); range.setEnd(text, word.index + word[0].length);
    return new Set([...range.getClientRects()].map(box => Math.round(box.top))).size > 1;
  }).map(word => word[0]);
})"""


async def test_no_word_is_broken_on_a_band_of_45_minutes(office: Office) -> None:
    room = await room_id("MAIN")
    for hour, title in ((8, "Spotkanie"), (9, "Spotkanie zespołu"), (10, "Przygotowanie szkolenia"), (11, "Rada")):
        await alices(office, hour, ends_at=local(hour + 0.75), room_id=room, title=title)

    def walk(page: Any) -> None:
        page.goto(f"/calendar?date={DAY}")
        assert page.evaluate(BROKEN) == []
        first = page.locator(".lanes .slot .face > b").first
        assert first.evaluate("b => b.scrollWidth <= b.clientWidth"), "a short word stands whole"
        assert page.locator(".slot[title*='Przygotowanie szkolenia']").count() == 1

    await office.look(walk)
