"""The door panel in Chromium: every state in four languages, live, honest about its age, whole without JavaScript."""

import asyncio
import contextvars
import re
import threading
import time
from collections.abc import Coroutine, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from registry.bookings.models import Booking, Status
from registry.bookings.readings import record_readings
from registry.core.history import Actor
from registry.devices import pairing
from registry.devices.models import Watch
from registry.devices.occupancy import Reading
from registry.rooms.models import Room
from tests import make
from tests.browser.conftest import AXE_OPTIONS, LIMIT
from tests.browser.served import served
from web.doors.hub import Hub

pytestmark = pytest.mark.browser
AXE = (Path(__file__).parent / "vendor" / "axe.min.js").read_text("utf-8")
RUN_AXE = f"axe.run(document, {AXE_OPTIONS}).then(r => r.violations.map(v => v.id + ': ' + v.nodes.map(n => n.html)))"
LANGUAGES = ("pl", "en", "uk", "ru")
SIZES = ((1280, 800), (800, 1280), (1024, 600), (800, 480), (390, 844))
MINUTE = timedelta(minutes=1)
# what sticks out of the screen, of its own box or of the middle of the door; the shelf's rows reach out on purpose
STICKS_OUT = """() => [...document.querySelectorAll('.stage *')].filter(e => {
  const box = e.getBoundingClientRect(), style = getComputedStyle(e);
  if (!box.width || e.closest('svg') || e.matches('.shelf, .day, .hours, .hours *')) return false;
  const head = document.querySelector('.head').getBoundingClientRect();
  const shelf = document.querySelector('.shelf').getBoundingClientRect();
  // the air around a line may touch what is above and below, its letters may not
  if (e.parentElement.matches('.say') && (box.top < head.bottom - 6 || box.bottom > shelf.top + 6)) return true;
  const out = box.right > innerWidth + 2 || box.bottom > innerHeight + 6 || box.left < -2 || box.top < -2;
  return out || style.display !== 'inline' && e.clientWidth && e.scrollWidth > e.clientWidth + 2;
}).map(e => e.tagName + '.' + e.className + ' ' + e.textContent.slice(0, 40))"""

# the same in each language, one after the other
STICKS_OUT_IN = f"""languages => Object.fromEntries(languages.map(language => {{
  document.querySelector(`[data-lang=${{language}}]`).click();
  return [language, ({STICKS_OUT})()];
}}))"""

# in one piece: between two, a message of the server may replace the door
SMALLEST = "Math.min(...[...document.querySelectorAll('button, .foot a')].map(e => e.offsetHeight))"


@dataclass
class Doors:
    """A served Izba with a door for every state; each opens at /panel/open/<its name>."""

    url: str
    names: list[str] = field(default_factory=list)
    loop: asyncio.AbstractEventLoop | None = None
    context: contextvars.Context | None = None

    def attach(self) -> None:
        """From within the server's loop: what :meth:`run` does, it does there."""
        self.loop, self.context = asyncio.get_running_loop(), contextvars.copy_context()

    def run(self, work: Coroutine[Any, Any, Any]) -> Any:
        """Do something in the server, as another request would."""
        result: Any = None
        ready = threading.Event()

        async def wrapped() -> None:
            nonlocal result
            try:
                result = await work
            except BaseException as fault:
                result = fault
            ready.set()

        assert self.loop
        self.loop.call_soon_threadsafe(lambda: asyncio.create_task(wrapped(), context=self.context))
        assert ready.wait(60)
        if isinstance(result, BaseException):
            raise result
        return result


async def build(doors: Doors) -> None:
    now = datetime.now(UTC)
    team, help_point = await make.make_building(), await make.make_building()
    common: dict[str, Any] = {
        "building": team, "floor": 1, "panel_books": True, "check_in": True, "no_show_minutes": 10,
        "door_proofs": "phone,pin", "door_pin": "x",
        "name": "Sala konferencyjna Zespołu", "name_en": "Team conference room", "name_uk": "Конференц-зал Групи",
    }  # fmt: skip
    shy = {"building": help_point, "floor": 0, "panel_books": False}
    await make.make_room(building=help_point, number="0.01", kind="reception", visibility="public", bookable=False)
    await Watch.create(id=1, since=now - timedelta(hours=1))

    async def door(name: str, *spans: tuple[int, int], sensor: dict[str, Any] | None = None, **fields: Any) -> None:
        room = await make.make_room(**common | {"code": name, "number": f"1.{len(doors.names) + 1:02}"} | fields)
        await make.make_panel(code=f"{name}-door", room=room, key_digest=pairing.digest(name))
        doors.names.append(name)
        for start, end in spans:
            status = Status.CHECKED_IN if start < -5 and name != "held" else Status.CONFIRMED
            title = "Szkolenie: pierwsza pomoc prawna" if fields.get("visibility") == "public" else ""
            await make.make_booking(
                now + start * MINUTE, now + end * MINUTE, room=room, status=status, title=title, kind="meeting"
            )
        if sensor is not None:
            await make.make_device(code=f"{name}-occ", room=room, **sensor)

    occupied = {"occupied": True, "confirmed_at": now, "changed_at": now, "positive_at": now}
    await door("free", (78, 168))
    await door("soon", (8, 98))
    await door("checkin", (-2, 80))
    await door("busy", (-25, 80), (200, 230))
    await door("held", (-25, 80))
    await door("public", (-25, 80), visibility="public")
    await door("occupied", (138, 230), sensor=occupied)
    long_ago = now - 300 * MINUTE
    silent = {"occupied": False, "confirmed_at": long_ago, "changed_at": long_ago}
    await door("unknown", (78, 168), sensor=silent)
    await door("confidential-free", (78, 168), visibility="confidential", **shy)
    await door("confidential-busy", (-25, 80), visibility="confidential", **shy)
    await door("hidden-free", visibility="hidden", **shy)
    await door("hidden-busy", (-25, 80), visibility="hidden", **shy)
    never = await make.make_opening(opens=0, closes=1)
    silent: dict[str, Any] = {"sensor": {}, "occupancy_since": now}
    await door("busy-silent", (-25, 80), (200, 230), **silent)
    await door("checkin-silent", (-2, 80), **silent)
    await door("closed-silent", opening=never, **silent)
    await door("closed", visibility="confidential", opening=never, **shy)


@pytest.fixture(scope="module")
def doors(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Doors]:
    doors = Doors("")

    async def furnish(url: str) -> None:
        doors.url = url
        await build(doors)
        doors.attach()

    with served(sqlite_template, tmp_path_factory.mktemp("doors"), furnish):
        yield doors


@pytest.fixture
def tablet(browser: Browser, doors: Doors) -> Iterator[BrowserContext]:
    with browser.new_context(base_url=doors.url, viewport={"width": 1280, "height": 800}) as context:
        context.set_default_timeout(LIMIT)
        yield context


def opened(tablet: BrowserContext, name: str) -> Page:
    """The panel of a door; anything that the browser complains about fails the test at ``quiet``."""
    page = tablet.new_page()
    page.on("console", lambda line: complaints(page).append(line.text) if line.type in ("error", "warning") else None)
    page.on("pageerror", lambda fault: complaints(page).append(str(fault)))
    page.goto(f"/panel/open/{name}" if name else "/panel")
    return page


_complaints: dict[Page, list[str]] = {}


def complaints(page: Page) -> list[str]:
    return _complaints.setdefault(page, [])


def views(tablet: BrowserContext, doors: Doors) -> Iterator[tuple[str, Page]]:
    """Every door, every question and every answer, one after the other."""
    page = opened(tablet, "")
    yield "pairing", page
    for name in doors.names:
        page.goto(f"/panel/open/{name}")
        yield name, page
    for name, path in (("free", "/panel?book=15"), ("busy", "/panel?view=end"), ("hidden-busy", "/panel?view=fault")):
        page.goto(f"/panel/open/{name}")
        page.goto(path)
        expect(page.locator("[data-view] .acts button")).not_to_have_count(0)
        yield path, page
    page.goto("/panel/open/hidden-busy")
    page.locator("a.fault").click()
    page.locator(".choices button").first.click()
    expect(page.locator(".door[data-state=thanks]")).to_be_visible()
    yield "thanks", page


def resize(page: Page, width: int, height: int) -> None:
    """Give the screen another size and wait until the page is laid out in it."""
    page.set_viewport_size({"width": width, "height": height})
    page.evaluate("() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")


def test_every_view_in_every_language_is_accessible(tablet: BrowserContext, doors: Doors) -> None:
    for name, page in views(tablet, doors):
        page.evaluate(AXE)
        for language in LANGUAGES:
            page.locator(f"[data-lang={language}]").click()
            assert page.locator("html").get_attribute("lang") == language
            assert page.evaluate(RUN_AXE) == [], (name, language)
        page.evaluate("document.body.setAttribute('data-night', '')")
        assert page.evaluate(RUN_AXE) == [], (name, "night")
        assert complaints(page) == [], name


def test_every_view_fits_every_panel_in_every_language(tablet: BrowserContext, doors: Doors) -> None:
    for name, page in views(tablet, doors):
        for width, height in SIZES:
            resize(page, width, height)
            assert page.evaluate(STICKS_OUT_IN, LANGUAGES) == {language: [] for language in LANGUAGES}, (
                name,
                width,
                height,
            )
            smallest = page.evaluate(SMALLEST)
            assert smallest >= 60, (name, width)


def test_the_widest_code_fits_too(tablet: BrowserContext, doors: Doors) -> None:
    page = opened(tablet, "")
    for width, height in SIZES:
        resize(page, width, height)
        for letter in pairing.ALPHABET:
            page.locator("h1").evaluate("(e, code) => { e.textContent = code }", pairing.spaced_code(letter * 6))
            assert page.evaluate(STICKS_OUT) == [], (letter, width, height)


def test_a_reading_turns_the_open_door_within_a_second(tablet: BrowserContext, doors: Doors) -> None:
    page = opened(tablet, "unknown")

    async def speak(**word: Any) -> None:
        room = await Room.get(code="unknown")
        device = await room.devices.filter(kind="presence").first()
        now = datetime.now(UTC)
        await record_readings([Reading(device.id, at=now, **word)], now)

    took: list[float] = []
    while not took or took[-1] >= 1 and len(took) < 10:  # once more, if the machine was busy with something else
        doors.run(speak(distrust="tamper"))
        expect(page.locator("h1")).to_have_text("Proszę zapukać")
        page.wait_for_timeout(300)
        began = time.monotonic()
        doors.run(speak(occupied=True, distrust=""))
        expect(page.locator("h1")).to_have_text("Zajęte")
        took.append(time.monotonic() - began)
    assert took[-1] < 1, took
    expect(page.locator("body")).to_have_attribute("data-state", "occupied")
    expect(page.locator("#said")).to_have_text("Zajęte, bez rezerwacji")


def test_booking_and_ending_by_taps(tablet: BrowserContext, doors: Doors) -> None:
    page = opened(tablet, "free")
    page.locator("[data-lang=en]").click()
    page.locator("button[name=book][value='30']").click()
    expect(page.locator("h1")).to_have_text("30 min")
    expect(page.locator(".more")).to_have_text("We ask for no name.")
    page.locator("button[value=book]").dblclick()
    expect(page.locator("h1")).to_have_text("In use")
    bookings = doors.run(_checked_in("free"))
    assert len(bookings) == 1
    page.locator("button[value=end]").click()
    expect(page.locator("h1")).to_have_text("End it?")
    page.locator("button[value=end]").click()
    expect(page.locator("h1")).to_have_text("Free")
    assert doors.run(_checked_in("free")) == []
    assert complaints(page) == []


async def _checked_in(code: str) -> list[Booking]:
    return await Booking.filter(room__code=code, status=Status.CHECKED_IN)


def test_without_javascript_everything_is_there(browser: Browser, doors: Doors) -> None:
    with browser.new_context(base_url=doors.url, java_script_enabled=False) as context:
        page = context.new_page()
        page.goto("/panel/open/free")
        page.locator("[data-lang=uk]").click()
        expect(page.locator("h1")).to_have_text("Вільно")
        page.locator("button[name=book][value='15']").click()
        page.locator("button[value=book]").click()
        expect(page.locator("h1")).to_have_text("Зайнято")
        page.locator("button[value=end]").click()
        page.locator("button[value=end]").click()
        page.locator("a.fault").click()
        page.locator("button[value=light]").click()
        expect(page.locator("h1")).to_have_text("Dziękujemy")


def test_a_language_returns_home_after_twenty_seconds(tablet: BrowserContext, doors: Doors) -> None:
    page = tablet.new_page()
    page.clock.install()
    page.goto("/panel")  # a tablet without a room has no beats that a jump of its clock would miss
    page.clock.pause_at(page.evaluate("Date.now()") + 60_000)  # from here on no second passes by itself
    page.locator("[data-lang=uk]").click()
    expect(page.locator(".place")).to_have_text("Нова панель")
    page.clock.fast_forward(19_000)
    expect(page.locator(".place")).to_have_text("Нова панель")
    page.clock.fast_forward(2_000)
    expect(page.locator(".place")).to_have_text("Nowy panel")


@pytest.fixture
def beats(monkeypatch: pytest.MonkeyPatch) -> threading.Event:
    """Nothing is heard of the server until it is set, and then at once."""
    allowed, beat = threading.Event(), Hub._beat

    async def when_allowed(self: Hub) -> None:
        if allowed.is_set():
            await beat(self)

    monkeypatch.setattr(Hub, "_beat", when_allowed)
    monkeypatch.setattr("web.doors.hub.BEAT_SECONDS", 0.1)
    return allowed


@pytest.mark.parametrize(
    ("name", "state", "link", "word"),
    [
        ("confidential-free", "stale", "stale", "Nie wiemy"),
        ("hidden-busy", "stale", "stale", "Nie wiemy"),
        ("occupied", "stale", "stale", "Nie wiemy"),
        ("confidential-busy", "busy", "plan", "Zajęte"),
    ],
)
def test_silence_is_admitted_and_passes(
    tablet: BrowserContext, doors: Doors, beats: threading.Event, name: str, state: str, link: str, word: str
) -> None:
    page = tablet.new_page()
    page.clock.install()
    page.goto(f"/panel/open/{name}")
    page.wait_for_timeout(200)
    for address in ("**/panel?*", "**/panel/events"):  # and it can neither ask by itself nor listen anew
        tablet.route(address, lambda route: route.abort())
    heard_at = page.locator(".time").inner_text()
    page.clock.fast_forward(5 * 60_000)
    page.clock.run_for(1_500)
    body = page.locator("body")
    expect(body).to_have_attribute("data-link", link)
    expect(body).to_have_attribute("data-state", state)
    expect(page.locator("h1")).to_have_text(word)
    line = page.locator(".link").inner_text()
    assert heard_at in line  # the last beat, not the moment of the page
    assert page.locator(".time").inner_text() != heard_at
    assert page.locator(".acts").count() == 0 or not page.locator(".acts").is_visible()
    page.evaluate(AXE)
    page.clock.resume()
    assert page.evaluate(RUN_AXE) == []
    page.locator("[data-lang=ru]").click()
    assert re.search(r"Нет связи", page.locator(".link").inner_text())
    beats.set()
    tablet.unroute_all()
    expect(body).to_have_attribute("data-link", "live")


def test_a_tablet_is_paired_and_becomes_the_door(tablet: BrowserContext, doors: Doors) -> None:
    page = tablet.new_page()
    page.goto("/panel")
    code = page.locator("h1").inner_text()
    assert re.fullmatch(r"\w{3} \w{3}", code)
    expect(page.locator(".qr")).to_be_visible()
    device = doors.run(pairing.pair(code, "public", Actor("obsługa", "web"), datetime.now(UTC)))
    assert device.code == "public-door-2"
    expect(page.locator("h1")).to_have_text("Zajęte")
    expect(page.locator(".title")).to_have_text("Szkolenie: pierwsza pomoc prawna")
    page.wait_for_timeout(300)
    doors.run(pairing.unpair(device.id, Actor("obsługa", "web"), datetime.now(UTC)))
    expect(page.locator("body")).to_have_attribute("data-view", "pair")
