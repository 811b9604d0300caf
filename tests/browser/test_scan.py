"""Scanning on a phone, with a camera that films labels: one thing, a room and its things, a dead spot, no script."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Page, Playwright, expect, sync_playwright

from registry.assets import tags
from registry.assets.models import Tag
from tests import make
from tests.browser.conftest import LIMIT
from tests.browser.film import film
from tests.browser.served import hire_everybody, served
from tests.browser.test_assets import AXE, AXE_OPTIONS, TOO_WIDE
from tests.conftest import or_skip
from tests.servers import chromium
from web.auth.session import SESSION

pytestmark = pytest.mark.browser
CODES = [tags.new_code(number.to_bytes(tags.RANDOM_BYTES, "big")) for number in range(20, 29)]
PHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True}
ROOM, NAMES = CODES[0], ("Pulpit dyskusyjny", "Flipchart mobilny", "Rzutnik")
BLANK, UNKNOWN = CODES[5], "5901234123457"


@dataclass
class Office:
    url: str
    ids: dict[str, int] = field(default_factory=dict)


async def furnish(office: Office) -> None:
    now = datetime.now(UTC)
    await make.make_room(code="B-02", name="Biuro")
    await hire_everybody(now)
    here, there = await make.make_room(code="ZW-01", name="Sala"), await make.make_room(code="MG-01", name="Magazyn")
    await Tag.create(code=ROOM, room=here, created_at=now)
    for code, name in zip(CODES[1:], NAMES, strict=False):
        asset = await make.make_asset(name=name, room=there)
        await Tag.create(code=code, asset=asset, created_at=now)
        office.ids[name] = asset.id
    await Tag.create(code=BLANK, created_at=now)


@pytest.fixture
def office(sqlite_template: Path, tmp_path: Path) -> Iterator[Office]:
    office = Office("")
    with served(sqlite_template, tmp_path, lambda _: furnish(office), language="en") as url:
        office.url = url
        yield office


@pytest.fixture(scope="module")
def playwright() -> Iterator[Playwright]:
    with sync_playwright() as started:
        yield started


Phone = Callable[..., Any]


@pytest.fixture
def phone(playwright: Playwright, office: Office, tmp_path: Path) -> Phone:
    """``with phone(texts, who) as context``: a phone whose camera films these texts, one after the other."""
    path = or_skip(chromium)

    @contextmanager
    def opened(texts: list[str], who: str = "facilities", **more: Any) -> Iterator[BrowserContext]:
        arguments = film(tmp_path / "camera.y4m", texts)
        browser = playwright.chromium.launch(executable_path=path, args=arguments)
        context = browser.new_context(base_url=office.url, **({"permissions": ["camera"]} | PHONE | more))
        context.set_default_timeout(LIMIT)
        context.add_cookies([{"name": SESSION, "value": f"secret-{who}", "url": office.url}])
        try:
            yield context
        finally:
            browser.close()

    return opened


def address(office: Office, code: str) -> str:
    return f"{office.url}/t/{code}".upper().replace("HTTP://", "http://")


def faultless(page: Page) -> None:
    """Nothing is wider than the screen, and axe finds nothing."""
    assert page.evaluate(TOO_WIDE) == [], page.url
    page.evaluate(AXE)
    violations = page.evaluate(
        f"axe.run({AXE_OPTIONS}).then(r => r.violations.map(v => v.id + v.nodes.map(n => n.html).join(' ')))"
    )
    assert violations == [], (page.url, violations)


def place_of(page: Page, asset_id: int) -> str:
    asset = page.request.get(f"/api/v1/assets/{asset_id}").json()
    return str(asset["room"])


def test_a_label_in_front_of_the_camera_opens_its_thing(phone: Phone, office: Office) -> None:
    faults: list[str] = []
    with phone([address(office, CODES[1])], "member") as context:
        page = context.new_page()
        page.on("console", lambda message: faults.append(message.text) if message.type == "error" else None)
        page.goto("/scan")
        page.wait_for_url(f"**/assets/{office.ids[NAMES[0]]}*")
        expect(page.get_by_role("heading", name=NAMES[0], level=1)).to_be_visible()
    assert faults == []


def test_a_room_and_then_three_things_are_moved_into_it(phone: Phone, office: Office) -> None:
    texts = [address(office, code) for code in (ROOM, CODES[1], CODES[2], CODES[3])]
    with phone(texts) as context:
        page = context.new_page()
        page.goto("/scan")
        expect(page.locator("#standing strong")).to_contain_text("ZW-01")
        for name in NAMES:
            expect(page.locator("#scans li p").get_by_text(name)).to_be_visible()
        assert place_of(page, office.ids[NAMES[0]]) == "MG-01", "nothing is written before it is saved"
        page.get_by_role("button", name="Save in ZW-01").click()
        expect(page.locator("#last-answer")).to_contain_text("moved to ZW-01: 3")
        assert {place_of(page, office.ids[name]) for name in NAMES} == {"ZW-01"}


def test_an_unknown_code_is_kept_with_its_place(phone: Phone, office: Office) -> None:
    with phone([UNKNOWN]) as context:
        page = context.new_page()
        page.goto("/scan?room=ZW-01")
        expect(page.locator("#scans li p").get_by_text("unknown code")).to_be_visible()
        page.goto("/scan/unknown")
        row = page.locator(".scans li", has_text=UNKNOWN)
        expect(row).to_contain_text("ZW-01")
        row.get_by_role("button", name="Seen to").click()
        expect(page.get_by_text("No unknown codes")).to_be_visible()


def test_what_is_scanned_in_a_dead_spot_is_sent_once(phone: Phone, office: Office) -> None:
    with phone([CODES[1]]) as context:
        page = context.new_page()
        page.goto("/scan?room=ZW-01")
        moves: list[str] = []
        page.on("request", lambda request: moves.append(request.url) if request.url.endswith("/scans/moves") else None)
        context.set_offline(True)
        for code in CODES[2:4]:
            page.locator("#code").fill(code)
            page.locator("#code").press("Enter")
            expect(page.locator("#scans li p").get_by_text(code)).to_be_visible()
        page.get_by_role("button", name="Save in ZW-01").click()
        expect(page.locator("#batches li")).to_have_count(1)
        expect(page.locator("#offline")).to_be_visible()
        context.set_offline(False)
        expect(page.locator("#last-answer")).to_contain_text("moved to ZW-01")
        expect(page.locator("#batches li")).to_have_count(0)
        page.evaluate("dispatchEvent(new Event('online'))")
        assert len(moves) >= 1
        assert {place_of(page, office.ids[name]) for name in NAMES[1:]} == {"ZW-01"}
        history = page.request.get(f"/api/v1/history?object=asset:{office.ids[NAMES[1]]}").json()["items"]
        assert [entry["action"] for entry in history].count("moved") == 1


def type_in(page: Page, *codes: str, words: str = "") -> None:
    for code in codes:
        page.locator("#code").fill(code)
        page.locator("#code").press("Enter")
        expect(page.locator("#scans li p").get_by_text(words or code)).to_be_visible()


def test_what_was_scanned_after_another_room_in_a_dead_spot_comes_to_that_room(phone: Phone, office: Office) -> None:
    with phone([UNKNOWN], permissions=[]) as context:
        page = context.new_page()
        page.goto("/scan?room=ZW-01")
        context.set_offline(True)
        type_in(page, CODES[1], "B-02", CODES[2])
        page.get_by_role("button", name="Save in ZW-01").click()
        expect(page.locator("#batches li")).to_have_count(1)
        context.set_offline(False)
        expect(page.locator("#sent li")).to_have_count(2)
        assert [place_of(page, office.ids[name]) for name in NAMES[:2]] == ["ZW-01", "B-02"]


def test_a_room_among_unsaved_lines_is_where_the_rest_is_saved(phone: Phone, office: Office) -> None:
    with phone([UNKNOWN], permissions=[]) as context:
        page = context.new_page()
        page.goto("/scan?room=ZW-01")
        context.set_offline(True)
        type_in(page, CODES[1], "B-02", CODES[2])
        context.set_offline(False)
        expect(page.locator("#standing strong")).to_contain_text("B-02")
        expect(page.locator("#scans li").first).to_contain_text("will be moved to B-02")
        page.get_by_role("button", name="Save in ZW-01, B-02").click()
        expect(page.locator("#sent li")).to_have_count(2)
        assert [place_of(page, office.ids[name]) for name in NAMES[:2]] == ["ZW-01", "B-02"]


def test_what_is_refused_as_a_whole_is_kept_for_a_decision(phone: Phone, office: Office) -> None:
    with phone([UNKNOWN], permissions=[]) as context:
        page = context.new_page()
        page.goto("/scan?room=ZW-01")
        type_in(page, CODES[1], words=NAMES[0])
        refusal = {"status": 404, "json": {"title": "There is no room ZW-01."}}
        page.route("**/scans/moves", lambda route: route.fulfill(**refusal), times=1)
        page.get_by_role("button", name="Save in ZW-01").click()
        expect(page.locator("#decisions li")).to_contain_text("There is no room ZW-01.")
        page.reload()
        type_in(page, CODES[2], words=NAMES[1])
        page.get_by_role("button", name="Save in ZW-01").click()
        expect(page.locator("#sent li")).to_have_count(1)
        page.locator("#decisions").get_by_role("button", name="Try now").click()
        expect(page.locator("#sent li")).to_have_count(2)
        expect(page.locator("#deciding")).to_be_hidden()
        assert [place_of(page, office.ids[name]) for name in NAMES[:2]] == ["ZW-01", "ZW-01"]


def test_nobody_leaves_a_room_with_unsaved_lines_by_accident(phone: Phone, office: Office) -> None:
    with phone([UNKNOWN], permissions=[]) as context:
        page = context.new_page()
        page.goto("/scan?room=ZW-01")
        type_in(page, CODES[1], words=NAMES[0])
        page.locator("#leave-room").click()
        expect(page.locator("#last-answer")).to_contain_text("First save what you scanned in ZW-01")
        expect(page.locator("#scans li")).to_have_count(1)
        page.goto("/scan?room=B-02")
        expect(page.locator("#last-answer")).to_contain_text("First save what you scanned in ZW-01")
        expect(page.locator("#standing strong")).to_contain_text("ZW-01")
        page.get_by_role("button", name="Save in ZW-01").click()
        expect(page.locator("#sent li")).to_have_count(1)
        page.goto("/scan?room=B-02")
        expect(page.locator("#standing strong")).to_contain_text("B-02")


def test_who_is_signed_out_is_told_so_once_and_loses_nothing(phone: Phone, office: Office) -> None:
    with phone([UNKNOWN], permissions=[]) as context:
        page = context.new_page()
        page.goto("/scan?room=ZW-01")
        requests: list[str] = []
        page.on("request", lambda request: requests.append(request.url) if request.url.endswith("/scans") else None)
        page.clock.install()
        page.route("**/api/v1/scans", lambda route: route.fulfill(status=401, json={"title": "x"}))
        type_in(page, CODES[1])
        for place in ("#last-answer", "#offline"):
            expect(page.locator(place)).to_contain_text("Sign in again; what was scanned is kept here")
        page.clock.run_for(40_000)
        assert len(requests) == 1, "nobody to talk to is not asked again and again"
        page.unroute("**/api/v1/scans")
        page.get_by_role("button", name="Try now").click()
        expect(page.locator("#scans li p").get_by_text(NAMES[0])).to_be_visible()


CAMERA = """
window.opened = [];
navigator.mediaDevices.getUserMedia = () => new Promise((resolve) => window.opened.push((track) =>
  resolve(Object.assign(new MediaStream(), { getTracks: () => [track], getVideoTracks: () => [track] }))));
"""


def test_a_camera_is_opened_once_and_what_comes_too_late_is_turned_off(phone: Phone, office: Office) -> None:
    with phone([UNKNOWN], permissions=[]) as context:
        page = context.new_page()
        page.add_init_script(CAMERA)
        page.set_viewport_size({"width": 1440, "height": 844})
        page.goto("/scan")
        start = page.get_by_role("button", name="Turn on the camera")
        for _ in range(2):
            start.dispatch_event("click")
        assert page.evaluate("opened.length") == 1
        page.evaluate("dispatchEvent(new Event('pagehide'))")
        page.evaluate("opened[0]({ stop: () => { window.stopped = true; } })")
        assert page.wait_for_function("window.stopped")
        expect(start).to_be_visible()
        assert page.locator("#camera [data-notice]").is_hidden(), "nothing is wrong"


def test_the_key_of_the_search_can_be_turned_off(phone: Phone, office: Office) -> None:
    with phone([UNKNOWN], permissions=[]) as context:
        page = context.new_page()
        for choice, is_used in (("no", False), ("yes", True)):
            page.goto("/me")
            page.get_by_role("group", name="Key / goes to the search").get_by_role("button", name=choice).click()
            page.wait_for_load_state()
            page.locator("h1").click()
            page.keyboard.press("/")
            dialog = page.locator("#finder-dialog")
            expect(dialog).to_be_visible() if is_used else expect(dialog).to_be_hidden()


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [320, 390, 1440])
def test_the_desk_has_no_fault_of_accessibility(phone: Phone, office: Office, width: int, theme: Any) -> None:
    with phone([UNKNOWN], color_scheme=theme, viewport={"width": width, "height": 844}) as context:
        page = context.new_page()
        marks = "".join(f"&piece={office.ids[name]}-1" for name in NAMES)
        for path in ("/scan", f"/scan?room=ZW-01{marks}", "/scan/unknown"):
            page.goto(path)
            if path != "/scan/unknown":
                expect(page.locator("#last-answer")).to_contain_text(UNKNOWN) if width < 1440 else None
            faultless(page)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_a_stranger_says_where_the_thing_lies(phone: Phone, office: Office, theme: Any) -> None:
    with phone([UNKNOWN], color_scheme=theme, java_script_enabled=True, locale="uk-UA") as context:
        context.clear_cookies()
        page = context.new_page()
        page.goto(f"/t/{CODES[1]}")
        expect(page.get_by_role("heading", level=1)).to_have_text("Ця річ належить установі. Дякуємо, що питаєте")
        faultless(page)
        page.get_by_role("link", name="PL", exact=True).click()
        page.get_by_label("Gdzie jest ta rzecz").fill("na ławce")
        page.get_by_role("button", name="Wyślij").click()
        expect(page.get_by_text("Urząd już wie, gdzie szukać")).to_be_visible()
        faultless(page)


def test_the_thing_in_the_hand_is_moved_here(phone: Phone, office: Office) -> None:
    with phone([UNKNOWN]) as context:
        page = context.new_page()
        page.goto("/scan?code=ZW-01")
        page.goto(f"/t/{CODES[1]}")
        faultless(page)
        page.get_by_role("button", name="Move it here, to ZW-01").click()
        page.wait_for_url("**/assets/*")
        assert place_of(page, office.ids[NAMES[0]]) == "ZW-01"


def test_all_works_without_javascript(phone: Phone, office: Office) -> None:
    with phone([UNKNOWN], java_script_enabled=False) as context:
        page = context.new_page()
        page.goto("/scan")
        page.get_by_label("Things are to come to a room: which one?").fill("zw-01")
        page.get_by_role("button", name="I stand here").click()
        for code in CODES[1:3]:
            page.get_by_label("Code", exact=True).fill(code)
            page.get_by_role("button", name="Add").click()
        expect(page.locator("#scans li")).to_have_count(2)
        page.get_by_role("button", name="Take back").or_(page.get_by_role("link", name="Take back")).first.click()
        expect(page.locator("#scans li")).to_have_count(1)
        page.get_by_role("button", name="Save in ZW-01").click()
        expect(page.locator("#last-answer")).to_contain_text("Moved here: 1")
        assert sorted(place_of(page, office.ids[name]) for name in NAMES[:2]) == ["MG-01", "ZW-01"]
