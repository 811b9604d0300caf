"""A newcomer's day in the register, on a phone whose camera films what the office has just printed: a list, labels, a
blank one, a room and its things, a photo, a fault, and the booking that it warns.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pypdfium2
import pytest
import zxingcpp
from playwright.sync_api import Browser, Page, Playwright, expect, sync_playwright

from config.demo.lists import DATA, bring_in
from registry.core.history import SYSTEM
from registry.grants.actions import NewGrant, add_grant
from registry.people.models import Person
from registry.rooms.actions import set_standard
from registry.rooms.models import Room
from registry.rooms.standards import StandardLine
from tests import make
from tests.browser.conftest import LIMIT
from tests.browser.film import film
from tests.browser.served import hire_everybody, served
from tests.conftest import or_skip
from tests.servers import chromium
from web.auth.session import SESSION

pytestmark = pytest.mark.browser
DOTS = 203  # an inch, of a common printer of labels
PROJECTOR = "Projektor laserowy 5000 lm"


@dataclass
class Office:
    url: str


async def furnish(office: Office) -> None:
    now = datetime.now(UTC)
    for name in ("organizations.csv", "buildings.csv", "rooms.csv"):
        await bring_in(name, SYSTEM, now)
    await hire_everybody(now)
    grant = NewGrant(
        code="PL/2020/PR/0111", name="Help Point", beneficiary="Office", fund="FBW",
        total=Decimal("1791093.00"), granted=Decimal("1343319.75"), percent=Decimal(75),
    )  # fmt: skip
    await add_grant(grant, SYSTEM, now)
    room = await Room.get(code="ZW-01")
    await set_standard(room.id, [StandardLine(PROJECTOR, 1, "projector")], SYSTEM, now)
    organizer = await Person.get(login="member")
    begins = now + timedelta(hours=20)
    await make.make_booking(begins, room=room, title="Narada", organizer=organizer, needs=["projector"])


@pytest.fixture
def office(sqlite_template: Path, tmp_path: Path) -> Iterator[Office]:
    office = Office("")
    with served(sqlite_template, tmp_path, lambda _: furnish(office), language="en") as url:
        office.url = url
        yield office


@contextmanager
def phone(playwright: Playwright, office: Office, *arguments: str) -> Iterator[Browser]:
    browser = playwright.chromium.launch(executable_path=or_skip(chromium), args=["--no-sandbox", *arguments])
    try:
        yield browser
    finally:
        browser.close()


def sign_in(browser: Browser, office: Office, who: str) -> Page:
    context = browser.new_context(base_url=office.url, viewport={"width": 390, "height": 844}, accept_downloads=True)
    context.set_default_timeout(LIMIT)
    context.add_cookies([{"name": SESSION, "value": f"secret-{who}", "url": office.url}])
    return context.new_page()


def printed(page: Page, button: str) -> list[str]:
    """What a press of a button downloads, and every code in it as a printer prints it."""
    with page.expect_download() as download:
        page.get_by_role("button", name=button).click()
    document = pypdfium2.PdfDocument(download.value.path())
    codes = [
        barcode.text for sheet in document for barcode in zxingcpp.read_barcodes(sheet.render(scale=DOTS / 72).to_pil())
    ]
    document.close()
    return codes


def import_purchases(page: Page) -> None:
    page.goto("/assets/import")
    page.get_by_label("File").set_input_files(DATA / "purchases.csv")
    page.get_by_role("button", name="Check the list").click()
    page.get_by_role("button", name="Show the rows").click()
    page.get_by_role("button", name="Write 153 rows").click()
    expect(page.get_by_text("595 records were written")).to_be_visible()


def pieces_of(page: Page, room: str) -> list[dict[str, Any]]:
    answer = page.request.get(f"/api/v1/assets?room={room}&limit=200").json()
    pieces: list[dict[str, Any]] = answer["items"]
    return pieces


def tag_of(page: Page, asset_id: int) -> str:
    return str(page.request.get(f"/api/v1/assets/{asset_id}").json()["tags"][-1])


def address(office: Office, code: str) -> str:
    return f"{office.url}/t/{code}".upper()


def test_a_newcomer_s_day(office: Office, tmp_path: Path) -> None:
    with sync_playwright() as playwright:
        with phone(playwright, office) as browser:
            page = sign_in(browser, office, "facilities")
            import_purchases(page)
            pieces = pieces_of(page, "ZW-01")
            projector = next(piece for piece in pieces if piece["name"] == PROJECTOR)
            page.goto("/labels?room=ZW-01")
            codes = printed(page, "Print: PDF")
            assert sorted(codes) == sorted(address(office, tag_of(page, piece["id"])) for piece in pieces)
            page.goto("/labels?format=a4-65")
            blank = printed(page, "Print blank labels")[0]
            page.goto(f"/assets/{projector['id']}/edit?field=inventory_no")
            page.get_by_label("Inventory number").fill("KPUW/011/662/00006/22")
            page.get_by_role("button", name="Save").click()
            page.goto("/labels?rooms=ZW-02&format=wall")
            page.get_by_role("button", name="Give them codes").click()
            room_code, fault_code = sorted(printed(page, "Print: PDF"), key=len)
            assert "/faults/new?tag=" in fault_code
            chairs = [piece for piece in pieces if piece["name"].startswith("Krzesło")][:3]
            texts = [room_code, *(address(office, tag_of(page, chair["id"])) for chair in chairs)]
        with phone(playwright, office, *film(tmp_path / "blank.y4m", [blank])) as browser:
            page = sign_in(browser, office, "facilities")
            page.goto("/scan")
            expect(page.get_by_role("heading", name="This label is on nothing yet")).to_be_visible()
            page.get_by_label("On what").fill("kpuw/011/662/00006/22")
            page.get_by_role("button", name="Link the label").click()
            page.wait_for_url(f"**/assets/{projector['id']}*")
        with phone(playwright, office, *film(tmp_path / "things.y4m", texts)) as browser:
            page = sign_in(browser, office, "facilities")
            page.goto("/scan")
            expect(page.locator("#standing strong")).to_contain_text("ZW-02")
            expect(page.locator("#scans li")).to_have_count(3)
            page.get_by_role("button", name="Save in ZW-02").click()
            expect(page.locator("#last-answer")).to_contain_text("moved to ZW-02: 3")
            assert {chair["id"] for chair in chairs} <= {piece["id"] for piece in pieces_of(page, "ZW-02")}
            page.goto(f"/assets/{projector['id']}")
            page.locator("#files-camera").set_input_files(
                {"name": "rzutnik.png", "mimeType": "image/png", "buffer": make.drawing()}
            )
            expect(page.locator(".photos img").first).to_be_visible()
            page.goto(f"/assets/{projector['id']}?act=report_fault")
            page.get_by_label("What is wrong").fill("gaśnie po minucie")
            page.get_by_role("button", name="Send the report").click()
            expect(page.locator("#asset-states")).to_contain_text("faulty")
            organizer = sign_in(browser, office, "member")
            (booking,) = organizer.request.get("/api/v1/bookings").json()["items"]
            organizer.goto(f"/bookings/{booking['id']}")
            expect(organizer.locator("main")).to_contain_text("Not available here now: projector")
            expect(organizer.locator("main")).to_contain_text(f"{PROJECTOR} – faulty")
