"""Rooms, assets, labels and devices in Chromium: accessible at every width and theme, quick to search, live, and whole
without JavaScript.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, expect

from registry.assets import tags
from registry.assets.models import FundingShare, Tag
from registry.assets.number_sequences import NewScheme, add_scheme
from registry.assets.rules import search_text
from registry.core.history import SYSTEM, Actor
from registry.faults.actions import NewReport, act_on, report
from registry.faults.models import FaultAct
from registry.grants.models import Grant
from registry.importing import sessions
from registry.people.models import Person
from registry.rooms.models import StandardItem
from registry.sets.actions import NewSet, make_set
from registry.sets.rules import Part
from tests import make
from tests.browser.conftest import AXE_OPTIONS, LIMIT
from tests.browser.served import hire_everybody, served
from web.auth.session import SESSION
from web.kit.sections import SECTIONS

pytestmark = pytest.mark.browser
AXE = (Path(__file__).parent / "vendor" / "axe.min.js").read_text("utf-8")
TOO_WIDE = """() => {
  const screen = document.documentElement.clientWidth;
  if (document.documentElement.scrollWidth <= screen) return [];
  return [...document.querySelectorAll('main *')].filter(e => e.getBoundingClientRect().right > screen)
    .map(e => e.outerHTML.slice(0, 120));
}"""
CODE = tags.new_code((5).to_bytes(tags.RANDOM_BYTES, "big"))
LIST = """nr inw;nazwa;cena;data zakupu;ilość;pokój
A/1;Stół;12,50;2022-01-05;1;ZW-01
A/2;Krzesło konferencyjne z pulpitem i o bardzo długiej nazwie, która nie mieści się w wierszu;dużo;2022-99-05;1;9.99
A/3;Krzesło;10;2022-01-05;26;ZW-01
;Lampa;5;;1;
"""
LEAK = "Cieknie kaloryfer"
EMPTY = tags.new_code((6).to_bytes(tags.RANDOM_BYTES, "big"))


@dataclass
class Office:
    """A served Izba with a few rooms and things; ``ids`` are those of the assets by name, ``list_page`` is where a list
    was sent.
    """

    url: str
    ids: dict[str, int] = field(default_factory=dict)
    list_page: str = ""


async def furnish(office: Office) -> None:
    now = datetime.now(UTC)
    await hire_everybody(now)
    building = await make.make_building(address="ul. Konarskiego 1-3")
    room = await make.make_room(code="ZW-01", name="Sala konferencyjna", building=building, hearing_loop=True)
    await make.make_room(code="PP-06", name="Pokój rozmów", building=building, visibility="hidden")
    grant = await Grant.create(
        code="PL/1", name="Initiative", beneficiary="Office", fund="Fund", total=1, granted=1, percent=75
    )
    for name in ("Projektor laserowy", "Krzesło konferencyjne", "Stół"):
        asset = await make.make_asset(
            name=name, room=room, price=Decimal("1000.00"), durable_until=date(2099, 1, 1), kst="662", account="013"
        )
        asset.search_text = search_text(name, asset.inventory_no)
        await asset.save()
        await FundingShare.create(asset=asset, grant=grant, amount=Decimal("750.00"))
        await FundingShare.create(asset=asset, grant=None, amount=Decimal("250.00"))
        await StandardItem.create(room=room, name=name, quantity=1)
        office.ids[name] = asset.id
    await Tag.create(code=CODE, asset_id=office.ids["Projektor laserowy"], created_at=now)
    await Tag.create(code=EMPTY, created_at=now)
    await make.make_device(code="ZW-01-occ", room=room, heard_at=now, confirmed_at=now, occupied=True, positive_at=now)
    await make.make_panel(code="ZW-01-door", room=room)
    await make.make_booking(now + timedelta(hours=20), room=room, title="Narada")
    await add_scheme(NewScheme("ZAM", "{unit}/{seq:3}", date(2022, 1, 1)), SYSTEM, now)
    member, clerk = await Person.get(login="member"), await Person.get(login="facilities")
    reporter = Actor(member.name, "web", member.id)
    for text in (LEAK, "Nie domyka się okno przy stoliku, a przez szparę wieje wprost na krzesła pod ścianą."):
        filed = await report(NewReport(room.id, text=text), reporter, now)
    await act_on(FaultAct.TAKE, filed.fault.id, "do piątku", Actor(clerk.name, "web", clerk.id), now)
    mended = await report(NewReport(room.id, kind="light"), Actor("ZW-01-door", "panel"), now)
    await act_on(FaultAct.RESOLVE, mended.fault.id, "nowa świetlówka", Actor(clerk.name, "web", clerk.id), now)
    await make_set(NewSet("Prelekcja", tuple(office.ids.values()), parts=(Part("Mikrofon", 2),)), reporter, now)
    sender = clerk.id
    office.list_page = f"/assets/import/{(await sessions.send(LIST.encode(), 'lista.csv', None, sender, now)).id}"


@pytest.fixture(scope="module")
def office(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    office = Office("")
    with served(sqlite_template, tmp_path_factory.mktemp("office"), lambda _: furnish(office), language="en") as url:
        office.url = url
        yield office


def visit(browser: Browser, office: Office, who: str, **more: Any) -> BrowserContext:
    context = browser.new_context(base_url=office.url, **more)
    context.set_default_timeout(LIMIT)
    context.add_cookies([{"name": SESSION, "value": f"secret-{who}", "url": office.url}])
    return context


def check(page: Page, path: str) -> None:
    """No fault of accessibility, nothing wider than the screen, nothing that the security policy stopped."""
    faults: list[str] = []

    def note(message: ConsoleMessage) -> None:
        is_of_axe = not message.location["url"] and "inline style" in message.text  # it comes late, with no address
        if message.type == "error" and not is_of_axe:
            faults.append(message.text)

    page.on("console", note)
    page.goto(path)
    assert not faults, (path, faults)
    wide = page.evaluate(TOO_WIDE)
    assert wide == [], (path, "wider than the screen", wide)
    page.evaluate(AXE)
    violations = page.evaluate(
        f"axe.run({AXE_OPTIONS}).then(r => r.violations.map(v => v.id + ': ' + v.nodes.map(n => n.html).join(' ')))"
    )
    assert violations == [], (path, violations)
    page.remove_listener("console", note)


def paths(office: Office) -> list[str]:
    projector = office.ids["Projektor laserowy"]
    return [
        "/rooms", "/rooms?seats=900", "/rooms/ZW-01", "/rooms/PP-06", "/rooms/ZW-01/fault", "/assets",
        "/assets?room=ZW-01&condition=ok", "/assets?q=nothing+like+this", f"/assets/{projector}", "/scan",
        f"/t/{EMPTY}", "/faults", "/faults?state=resolved&room=PP-06", "/faults/1", "/faults/2", "/faults/3",
        "/sets", "/sets/1",
    ]  # fmt: skip


@pytest.mark.parametrize("width", [390, 1440])
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_no_page_has_a_fault_of_accessibility(browser: Browser, office: Office, width: int, theme: Any) -> None:
    with visit(browser, office, "facilities", viewport={"width": width, "height": 900}, color_scheme=theme) as context:
        page = context.new_page()
        chosen = f"/assets/chosen?act=move&id={office.ids['Stół']}"
        lists = ["/assets/import", office.list_page, f"{office.list_page}?show=", f"{office.list_page}?show=warning"]
        for path in [
            *paths(office),
            "/faults/new",
            "/sets/new",
            "/sets/1/edit",
            "/labels",
            "/labels?room=ZW-01",
            "/assets?cols=name,warranty,category&without=serial&sort=-name",
            "/assets/views",
            "/assets/changes/new?act=correct&whole=1&q=projektor",
            "/assets/changes/new?act=correct&column=shares&whole=1&q=projektor",
            "/assets/changes/new?act=move&whole=1&q=projektor",
            "/assets/changes/new?act=number&whole=1&q=projektor",
            "/",
            "/devices",
            chosen,
            *lists,
        ]:
            check(page, path)


def test_a_readers_pages_have_no_fault_either(browser: Browser, office: Office) -> None:
    with visit(browser, office, "auditor", viewport={"width": 768, "height": 900}) as context:
        page = context.new_page()
        for path in [*paths(office), "/devices"]:
            if not path.endswith("/fault"):
                check(page, path)


@pytest.mark.parametrize("width", [390, 1440])
def test_pages_of_who_runs_the_office_have_no_fault_either(browser: Browser, office: Office, width: int) -> None:
    """Devices with their forms open, the room that a tablet is paired with, what may be ended at its door."""
    with visit(browser, office, "admin", viewport={"width": width, "height": 900}) as context:
        page = context.new_page()
        for path in (
            "/devices",
            "/rooms/ZW-01",
            "/admin/places",
            "/admin/places/rooms/ZW-01",
            "/panel/pair",
            "/privacy",
            "/accessibility",
        ):
            check(page, path)
        page.goto("/devices")
        page.evaluate("document.querySelectorAll('details').forEach(one => { one.open = true; })")
        assert page.evaluate(TOO_WIDE) == []


def test_every_page_of_the_menu_has_no_fault_in_the_dark_on_a_phone(browser: Browser, office: Office) -> None:
    """What comes into the menu is looked at here by itself."""
    pages = [page.href for section in SECTIONS for page in section.pages]
    assert len(pages) > 25
    with visit(browser, office, "admin", viewport={"width": 390, "height": 844}, color_scheme="dark") as context:
        page = context.new_page()
        for path in (
            *pages, "/more", "/me", "/me/notices", "/notices", "/feeds", "/bookings/new", "/blocks/new", "/works/new",
            "/sets/new", "/admin/people/new", "/admin/places/new-room", "/admin/places/several", "/admin/settings/mail",
            "/admin/licences", "/help",
        ):  # fmt: skip
            check(page, path)


def test_the_list_follows_what_is_typed(browser: Browser, office: Office) -> None:
    with visit(browser, office, "member") as context:
        page = context.new_page()
        page.goto("/assets")
        expect(page.locator("#found tbody tr")).to_have_count(3)
        page.locator("#asset-q").press_sequentially("projektor")
        expect(page.locator("#found tbody tr")).to_have_count(1)
        expect(page.locator("#asset-q")).to_be_focused()
        expect(page).to_have_url(re.compile(r"/assets\?q=projektor"))
        page.reload()
        expect(page.locator("#found tbody tr")).to_have_count(1)


def test_the_search_answers_in_a_dialog_while_one_types(browser: Browser, office: Office) -> None:
    with visit(browser, office, "facilities", viewport={"width": 390, "height": 844}) as context:
        page = context.new_page()
        page.goto("/assets")
        page.keyboard.press("/")
        dialog = page.get_by_role("dialog", name="Search everything")
        expect(dialog.get_by_role("searchbox")).to_be_focused()
        page.keyboard.type("projektor")
        expect(dialog.get_by_role("link", name="Projektor laserowy")).to_be_visible()
        page.evaluate(AXE)
        faults = page.evaluate(f"axe.run({AXE_OPTIONS}).then(r => r.violations.map(v => v.id))")
        assert faults == []
        page.keyboard.press("ArrowDown")
        expect(dialog.get_by_role("link").first).to_be_focused()
        page.keyboard.press("ArrowUp")
        expect(dialog.get_by_role("searchbox")).to_be_focused()
        page.keyboard.press("Escape")
        expect(dialog).to_be_hidden()
        page.locator("#finder").click()
        expect(dialog.get_by_role("link", name="Projektor laserowy")).to_be_visible()
        page.keyboard.press("ArrowDown")
        page.keyboard.press("Enter")
        expect(page).to_have_url(re.compile(rf"/assets/{office.ids['Projektor laserowy']}$"))


def test_all_of_a_filter_are_changed_after_a_look_without_javascript(browser: Browser, office: Office) -> None:
    with visit(browser, office, "facilities", java_script_enabled=False) as context:
        page = context.new_page()
        page.goto("/assets/changes/new?act=correct&whole=1&q=st")
        page.get_by_role("button", name="Category").click()
        page.get_by_label("What it is to be").fill("wyposażenie")
        page.get_by_role("button", name="Look at each piece first").click()
        expect(page.locator(".outcome tbody tr").first).to_contain_text("wyposażenie")
        page.get_by_role("button", name=re.compile("Change . piece")).click()
        expect(page.locator("main")).to_contain_text("changed.")


def test_a_fault_travels_from_the_label_to_an_open_page_of_the_room(browser: Browser, office: Office) -> None:
    with visit(browser, office, "coordinator") as watching, visit(browser, office, "member") as walking:
        watcher, walker = watching.new_page(), walking.new_page()
        watcher.goto("/rooms/ZW-01")
        watcher.wait_for_selector("html[data-stream=open]")
        expect(watcher.locator("#room-now")).to_contain_text("everything works")
        walker.goto("/scan")
        walker.keyboard.type(CODE.lower())
        walker.keyboard.press("Enter")
        expect(walker.locator("h1")).to_have_text("Projektor laserowy")
        walker.get_by_text("Report a fault").press("Enter")
        walker.get_by_label("What is wrong").fill("The picture flickers")
        walker.get_by_role("button", name="Send the report").click()
        expect(walker.locator(".toast")).to_contain_text("The fault is reported")
        expect(walker.locator("#asset-states")).to_contain_text("faulty")
        expect(watcher.locator("#room-now")).to_contain_text("2 of 3 items")
        expect(watcher.locator("#room-standard")).to_contain_text("faulty: 1")


def test_a_fault_is_reported_mended_and_told_without_javascript(browser: Browser, office: Office) -> None:
    with (
        visit(browser, office, "duty", java_script_enabled=False) as telling,
        visit(browser, office, "admin", java_script_enabled=False) as mending,
    ):
        reporter, clerk = telling.new_page(), mending.new_page()
        reporter.goto("/faults/new")
        reporter.get_by_label("Room").select_option("PP-06")
        reporter.get_by_role("button", name="Next").click()
        reporter.get_by_label("What is it about").select_option("temperature")
        reporter.get_by_label("What is wrong").fill("12 stopni")
        reporter.get_by_role("button", name="Send the report").click()
        expect(reporter.locator(".toast")).to_contain_text("Your report is with the facilities staff")
        clerk.goto("/")
        clerk.get_by_role("button", name="Open: Too warm or too cold").click()
        clerk.get_by_text("It is mended").first.click()
        clerk.get_by_label("What was done").fill("odpowietrzony")
        clerk.get_by_role("button", name="It is mended").click()
        expect(clerk.locator("h1 + p")).to_contain_text("mended")
        reporter.goto("/")
        expect(reporter.locator("#my-tasks")).to_contain_text("Mended: Too warm or too cold")


@pytest.mark.parametrize("width", [390, 1440])
def test_a_filter_of_rooms_shows_at_once_what_is_ticked(browser: Browser, office: Office, width: int) -> None:
    with visit(browser, office, "member", viewport={"width": width, "height": 844}) as context:
        page = context.new_page()
        page.goto("/rooms")
        expect(page.get_by_role("link", name="Pokój rozmów")).to_be_visible()
        page.get_by_label("hearing loop").check()
        expect(page).to_have_url(re.compile("feature=hearing_loop"))
        expect(page.get_by_role("link", name="Pokój rozmów")).to_have_count(0)
        expect(page.get_by_label("hearing loop")).to_be_focused()
        page.get_by_label("hearing loop").press("Space")
        expect(page.get_by_role("link", name="Pokój rozmów")).to_be_visible()


def test_a_list_is_corrected_and_written_without_javascript(browser: Browser, office: Office, tmp_path: Path) -> None:
    (tmp_path / "wykaz.csv").write_bytes(LIST.replace("A/", "B/").replace("Stół", "Biurko").encode("cp1250"))
    with visit(browser, office, "admin", java_script_enabled=False) as context:
        page = context.new_page()
        page.goto("/assets")
        page.get_by_role("button", name="Import a list").click()
        page.get_by_label("File").set_input_files(tmp_path / "wykaz.csv")
        page.get_by_role("button", name="Check the list").click()
        page.get_by_role("button", name="Show the rows").click()
        row = page.locator("#line-3")
        row.get_by_label("cena").fill("13,00")
        row.get_by_label("data zakupu").fill("5.1.2022")
        row.get_by_label("pokój").fill("ZW-09")
        row.get_by_role("button", name="Check again").click()
        expect(row.locator(".plain-list li")).to_have_count(1)
        row.get_by_label("pokój").fill("ZW-01")
        row.get_by_role("button", name="Check again").click()
        page.get_by_role("button", name="Write 4 rows").click()
        expect(page.locator("h1 + p")).to_contain_text("4 records were written.")
        page.goto("/assets?q=pulpitem")
        expect(page.locator("#found tbody tr")).to_have_count(1)


def test_a_file_waits_until_what_it_is_was_said(browser: Browser, office: Office, tmp_path: Path) -> None:
    (tmp_path / "FV 1.pdf").write_bytes(b"%PDF-1.7")
    with visit(browser, office, "facilities") as context:
        page = context.new_page()
        page.goto(f"/assets/{office.ids['Stół']}")
        page.locator("#files-chosen").set_input_files(tmp_path / "FV 1.pdf")
        expect(page.locator(".sending").first).to_be_hidden()
        page.get_by_role("combobox", name="What it is").select_option("invoice")
        page.get_by_role("button", name="Attach", exact=True).click()
        expect(page.locator("#files")).to_contain_text("FV 1.pdf")
        expect(page.locator("#files")).to_contain_text("invoice")
    with visit(browser, office, "member") as context:
        page = context.new_page()
        page.goto(f"/assets/{office.ids['Stół']}")
        expect(page.locator("#files")).not_to_contain_text("FV 1.pdf")


def test_all_works_without_javascript(browser: Browser, office: Office) -> None:
    with visit(browser, office, "facilities", java_script_enabled=False) as context:
        page = context.new_page()
        page.goto("/assets")
        page.locator("#asset-q").fill("stol")
        page.get_by_role("button", name="Search").click()
        expect(page.locator("#found tbody tr")).to_have_count(1)
        page.locator("#found td.pick input").check()
        page.get_by_role("button", name="To repair").click()
        page.get_by_label("Why").fill("A leg is loose")
        page.get_by_role("button", name="Send 1 asset to repair").click()
        page.goto(f"/assets/{office.ids['Stół']}")
        expect(page.locator("#asset-states")).to_contain_text("in repair")
        expect(page.locator("#asset-history")).to_contain_text("A leg is loose")
        page.get_by_text("Works again").first.click()
        page.get_by_role("button", name="It works again").click()
        expect(page.locator("#asset-states")).to_contain_text("working")
