"""A blind count by two phones at once, one of them in a dead spot for a while, to a closed sheet; axe finds nothing."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from registry.core.history import SYSTEM
from registry.people.models import Person
from registry.stocktakes.actions import NewArea, StocktakeOrder, order
from registry.stocktakes.rules import AreaKind
from tests import make
from tests.browser.conftest import LIMIT
from tests.browser.served import hire_everybody, served
from tests.browser.test_assets import AXE, AXE_OPTIONS, TOO_WIDE
from web.auth.session import SESSION

pytestmark = pytest.mark.browser
PHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True}
NAMES = ("Krzesło", "Stół", "Flipchart", "Monitor")


async def furnish(_: str) -> None:
    now = datetime.now(UTC)
    room = await make.make_room(code="ZW-03", name="Mała sala")
    await hire_everybody(now)
    for number, name in enumerate(NAMES):
        await make.make_asset(name=name, room=room, inventory_no=f"KPUW/{number}")
    person = await Person.get(login="facilities")
    areas = (NewArea(AreaKind.ROOM, "ZW-03"),)
    await order(StocktakeOrder(areas, ("member", "duty"), "member", now.date(), opens=True), person, SYSTEM, now)


@pytest.fixture
def office(sqlite_template: Path, tmp_path: Path) -> Iterator[str]:
    with served(sqlite_template, tmp_path, furnish, language="en") as url:
        yield url


def opened(browser: Browser, office: str, who: str, **more: object) -> BrowserContext:
    context = browser.new_context(base_url=office, **more)  # type: ignore[arg-type]  # of one dict
    context.set_default_timeout(LIMIT)
    context.add_cookies([{"name": SESSION, "value": f"secret-{who}", "url": office}])
    return context


def count(page: Page, code: str) -> None:
    """As a handheld reader does: it types and ends with Enter."""
    page.locator("#code").fill(code)
    page.locator("#code").press("Enter")


def flawless(page: Page) -> None:
    page.evaluate(AXE)
    assert page.evaluate(f"axe.run({AXE_OPTIONS}).then(r => r.violations.map(v => v.id))") == []
    assert not page.evaluate(TOO_WIDE)


# a phone whose clock is an hour slow
SLOW = """const real = Date, late = 3600000;
globalThis.Date = class extends real {
  constructor(...given) { if (given.length) super(...given); else super(real.now() - late); }
  static now() { return real.now() - late; }
};"""


def test_a_slow_phone_counts_in_the_new_lap_and_two_tabs_lose_nothing(browser: Browser, office: str) -> None:
    phone = opened(browser, office, "member", **PHONE)
    phone.add_init_script(SLOW)
    one, other = phone.new_page(), phone.new_page()
    one.goto("/stocktakes/1")
    one.get_by_text("Count an area anew").click()
    one.locator("#f-reason").fill("od nowa")
    one.get_by_role("button", name="Count anew").click()
    for page in (one, other):
        page.goto("/stocktakes/1/count?room=ZW-03")
    phone.set_offline(True)
    for page, code in ((one, "KPUW/1"), (other, "KPUW/2"), (one, "KPUW/3")):
        count(page, code)
    for page in (one, other):
        expect(page.locator("#count-waits")).to_contain_text("3 wait in this browser")
    phone.set_offline(False)
    for page in (one, other):
        expect(page.locator("#count-waits")).to_be_hidden()
        expect(page.locator("#count-total")).to_have_text("3")


def test_two_phones_count_blind_at_once(browser: Browser, office: str) -> None:
    first, second = (opened(browser, office, who, **PHONE) for who in ("member", "duty"))
    one, other, desk = first.new_page(), second.new_page(), opened(browser, office, "facilities").new_page()
    desk.goto("/stocktakes/1")
    for page in (one, other):
        page.goto("/stocktakes/1/count?room=ZW-03")
    count(one, "KPUW/0")
    expect(one.locator("#count-answer")).to_contain_text("Krzesło")
    second.set_offline(True)
    count(other, "KPUW/1")
    count(other, "KPUW/2")
    expect(other.locator("#count-waits")).to_contain_text("2 wait in this browser")
    flawless(other)
    second.set_offline(False)
    expect(other.locator("#count-waits")).to_be_hidden()
    expect(other.locator("#tally li").first).to_contain_text("Flipchart")
    one.get_by_text("No label, several pieces").click()
    one.locator("[name=name]").fill("krzesło szare")
    one.get_by_role("button", name="Count it").click()
    expect(one.locator("#count-answer")).to_contain_text("N-1")
    expect(desk.locator(".area-figure b")).to_have_text("4")
    for page in (one, other):  # what the other has counted is there too
        expect(page.locator("#count-total")).to_have_text("4")
        expect(page.locator("#tally")).to_contain_text("krzesło szare")
        expect(page.locator("#tally")).to_contain_text("Stół")
    expect(desk.locator(".seen-last")).to_contain_text("krzesło szare")
    assert "Monitor" not in desk.content() + one.content(), "what nobody saw is in a page of a blind count"
    flawless(desk)
    second.set_offline(True)
    other.get_by_text("No label, several pieces").click()
    other.locator("[name=quantity]").fill("12 szt")
    count(other, "KPUW/2")
    count(other, "KPUW/1")
    expect(other.locator("#count-waits")).to_contain_text("2 wait in this browser")
    desk.get_by_text("Close all areas").first.click()
    desk.get_by_role("button", name="Close all areas").click()
    expect(desk.get_by_role("link", name="ASN/00001/")).to_be_visible()
    second.set_offline(False)
    unsettled = other.locator("#count-unsettled")
    expect(unsettled.locator("li")).to_have_count(2)
    expect(unsettled).to_contain_text("KPUW/2 × 12 szt")
    other.reload()
    expect(unsettled.locator("li").last).to_contain_text("The count is closed.")
    flawless(other)
    other.get_by_role("button", name="Give it up: KPUW/1").click()
    other.get_by_role("button", name="Change it: KPUW/2").click()
    expect(other.locator("[name=quantity]")).to_have_value("12 szt")
    expect(unsettled).to_be_hidden()
    flawless(desk)
    desk.get_by_role("button", name="Differences").click()
    expect(desk.locator(".diffs > li")).to_have_count(2)
    expect(desk.locator(".diffs")).to_contain_text("Monitor")
    flawless(desk)
