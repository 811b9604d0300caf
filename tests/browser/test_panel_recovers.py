"""A panel behind a proxy: it never ends on a page that cannot come back, and never says what it does not know."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from registry.bookings.actions import book, end
from registry.bookings.rules import BookingRequest
from registry.core.history import SYSTEM
from registry.devices import pairing
from registry.devices.models import Device
from tests import make
from tests.browser.conftest import LIMIT
from tests.browser.proxy import Proxy, proxied
from tests.browser.served import served
from tests.browser.test_panel_page import Doors
from tests.conftest import WARSAW

pytestmark = pytest.mark.browser
MINUTE = timedelta(minutes=1)
POLL_MS, SILENCE_MS = 16_000, 21_000


@pytest.fixture
def doors(sqlite_template: Path, tmp_path: Path) -> Iterator[Doors]:
    """A free door and one that is taken for another eighty minutes."""
    doors = Doors("")

    async def furnish(url: str) -> None:
        doors.url = url
        now = datetime.now(UTC)
        for name in ("free", "busy"):
            room = await make.make_room(code=name, number=name, panel_books=True)
            await make.make_panel(code=f"{name}-door", room=room, key_digest=pairing.digest(name))
            if name == "busy":
                start = now - 20 * MINUTE
                await make.make_booking(start, start + 100 * MINUTE, room=room, status="checked_in")
        doors.attach()

    with served(sqlite_template, tmp_path, furnish):
        yield doors


@pytest.fixture
def proxy(doors: Doors) -> Iterator[Proxy]:
    with proxied(doors.url) as proxy:
        yield proxy


@pytest.fixture
def tablet(browser: Browser, proxy: Proxy) -> Iterator[BrowserContext]:
    with browser.new_context(base_url=proxy.url, viewport={"width": 1280, "height": 800}) as context:
        context.set_default_timeout(LIMIT)
        yield context


def opened(tablet: BrowserContext, name: str, ahead: timedelta = timedelta(0)) -> Page:
    """The panel of a door on a tablet whose clock is ``ahead``; its seconds pass when the test lets them."""
    page = tablet.new_page()
    page.clock.install(time=datetime.now(UTC) + ahead)
    page.goto(f"/panel/open/{name}")
    return page


def pass_time(page: Page, milliseconds: int) -> None:
    """In steps in which an answer comes."""
    for _ in range(0, milliseconds, 1000):
        page.clock.run_for(1000)
        page.wait_for_timeout(20)


def test_a_tap_while_the_proxy_answers_for_izba_does_not_brick_the_panel(tablet: BrowserContext, proxy: Proxy) -> None:
    page = opened(tablet, "free")
    proxy.is_away = True
    page.locator("a.fault").click()
    pass_time(page, 3_000)
    expect(page.locator("h1")).to_have_text("Nie udało się")
    expect(page.locator(".until")).to_have_text("Brak połączenia. Proszę spróbować za chwilę.")
    pass_time(page, SILENCE_MS + 5_000)
    expect(page.locator("h1")).to_have_text("Nie wiemy")
    proxy.is_away = False
    pass_time(page, POLL_MS)
    expect(page.locator("body")).to_have_attribute("data-link", "live")
    page.locator("a.fault").click()
    expect(page.locator("h1")).to_have_text("Co nie działa?")


def test_a_panel_that_is_to_load_anew_waits_until_izba_answers(
    tablet: BrowserContext, proxy: Proxy, doors: Doors
) -> None:
    page = opened(tablet, "free")
    expect(page.locator("h1")).to_have_text("Wolne")
    page.wait_for_timeout(300)
    proxy.is_away = True

    async def unpair() -> None:
        await pairing.unpair((await Device.get(code="free-door")).id, SYSTEM, datetime.now(UTC))

    doors.run(unpair())
    page.wait_for_timeout(300)
    pass_time(page, 6_000)
    assert proxy.count("/panel") > 1, "it asked before it left its page"
    assert page.locator(".door").count() == 1
    proxy.is_away = False
    pass_time(page, 9_000)
    expect(page.locator("body")).to_have_attribute("data-view", "pair")


def test_a_stream_that_goes_mute_is_opened_anew(tablet: BrowserContext, proxy: Proxy, doors: Doors) -> None:
    page = opened(tablet, "free")
    expect(page.locator("h1")).to_have_text("Wolne")
    page.wait_for_timeout(300)
    proxy.mute()
    pass_time(page, SILENCE_MS + 10_000)
    assert proxy.count("/panel/events") > 1
    doors.run(take("free"))
    expect(page.locator("h1")).to_have_text("Zajęte")
    expect(page.locator("body")).to_have_attribute("data-link", "live")


def test_behind_a_proxy_that_holds_streams_back_the_panel_asks_by_itself(
    tablet: BrowserContext, proxy: Proxy, doors: Doors
) -> None:
    proxy.holds_back = True
    page = opened(tablet, "free")
    for _ in range(3):
        pass_time(page, POLL_MS)
        expect(page.locator("body")).to_have_attribute("data-link", "live")
    booking_id = doors.run(take("free"))
    pass_time(page, POLL_MS)
    expect(page.locator("h1")).to_have_text("Zajęte")
    doors.run(end(booking_id, None, SYSTEM, datetime.now(UTC)))
    pass_time(page, POLL_MS)
    expect(page.locator("h1")).to_have_text("Wolne")


async def take(code: str) -> object:
    now = datetime.now(UTC)
    person = await make.make_person()
    return (await book(BookingRequest(code, now, now + 60 * MINUTE), person, SYSTEM, now)).id


@pytest.mark.parametrize("ahead", [-60, 0, 60])
def test_a_tablet_whose_clock_is_wrong_goes_by_the_servers(tablet: BrowserContext, proxy: Proxy, ahead: int) -> None:
    page = opened(tablet, "busy", ahead * MINUTE)
    body, time = page.locator("body"), page.locator(".time")
    assert time.inner_text() in server_times(page)
    page.wait_for_timeout(300)
    proxy.mute()
    proxy.is_away = True
    pass_time(page, SILENCE_MS + 2_000)
    expect(body).to_have_attribute("data-link", "plan")
    expect(page.locator("h1")).to_have_text("Zajęte")
    page.clock.fast_forward(78 * 60_000)
    page.clock.run_for(2_000)
    expect(body).to_have_attribute("data-link", "plan")
    page.clock.fast_forward(3 * 60_000)
    page.clock.run_for(2_000)
    expect(page.locator("h1")).to_have_text("Nie wiemy")


def server_times(page: Page) -> list[str]:
    """Now and a minute around it at the site, whose clock is the machine's."""
    now = datetime.now(UTC).astimezone(WARSAW)
    return [f"{now + offset * MINUTE:%H:%M}" for offset in (-1, 0, 1)]


def test_a_clock_that_is_set_back_hides_no_silence(tablet: BrowserContext, proxy: Proxy) -> None:
    page = opened(tablet, "free")
    page.wait_for_timeout(300)
    proxy.mute()
    proxy.is_away = True
    before = page.locator(".time").inner_text()
    page.clock.set_system_time(datetime.now(UTC) - 30 * MINUTE)
    pass_time(page, SILENCE_MS + 2_000)
    expect(page.locator("body")).to_have_attribute("data-link", "stale")
    assert page.locator(".time").inner_text() >= before


def test_a_panel_that_nobody_looks_at_leaves_its_connection(tablet: BrowserContext, proxy: Proxy) -> None:
    page = opened(tablet, "free")
    page.wait_for_timeout(300)
    assert proxy.count("/panel/events") == 1
    turn = "isHidden => { Object.defineProperty(document, 'hidden', {value: isHidden, configurable: true}); " + (
        "document.dispatchEvent(new Event('visibilitychange')) }"
    )
    page.evaluate(turn, True)
    pass_time(page, 60_000)
    assert proxy.count("/panel/events") == 1
    page.evaluate(turn, False)
    page.wait_for_timeout(300)
    assert proxy.count("/panel/events") == 2
    expect(page.locator("body")).to_have_attribute("data-link", "live")
