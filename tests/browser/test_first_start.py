"""From an empty register to the first booking, label, door and sensor in a browser: a terminal shows the code alone."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import paho.mqtt.publish
import pytest
from playwright.sync_api import Browser, Page, expect

from registry.office.rules import FirstStep
from tests.browser.conftest import AXE_OPTIONS, LIMIT
from tests.conftest import ROOT
from tests.servers import free_port

pytestmark = pytest.mark.browser
AXE = (Path(__file__).parent / "vendor" / "axe.min.js").read_text("utf-8")
RUN_AXE = f"axe.run(document, {AXE_OPTIONS}).then(r => r.violations.map(v => v.id + ': ' + v.nodes.map(n => n.html)))"
CODE = re.compile(r"\b[2-9A-HJ-NP-Z]{4}-[2-9A-HJ-NP-Z]{4}\b")
PASSWORD = "cztery zwykłe słowa"


class StartedOffice(NamedTuple):
    """A server on an empty register: its address, the code that it printed, and its broker's port."""

    url: str
    code: str
    broker: int


@pytest.fixture
def office(tmp_path: Path) -> Iterator[StartedOffice]:
    port, broker = free_port(), free_port()
    env = {name: value for name, value in os.environ.items() if not name.startswith("IZBA_")} | {
        "IZBA_DATA_DIR": str(tmp_path), "IZBA_PORT": str(port), "IZBA_MQTT_PORT": str(broker), "IZBA_LANGUAGE": "en",
    }  # fmt: skip
    command = [sys.executable, "-m", "config", "serve"]
    with subprocess.Popen(command, cwd=ROOT, env=env, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout
            code = next((match.group() for line in process.stdout if (match := CODE.search(line))), "")
            yield StartedOffice(f"http://127.0.0.1:{port}", code, broker)
        finally:
            process.terminate()


def answer(page: Page, words: str, **fields: str) -> None:
    """Fill the fields of the question by their names and go on."""
    for name, text in fields.items():
        page.fill(f"main [name={name}]", text)
    page.get_by_role("button", name=words).click()


def whole(page: Page) -> None:
    """Nothing sticks out at the width of a phone, and axe finds nothing."""
    page.set_viewport_size({"width": 390, "height": 844})
    assert page.evaluate("document.documentElement.scrollWidth") <= 390, page.url
    page.evaluate(AXE)
    assert page.evaluate(RUN_AXE) == [], page.url
    page.set_viewport_size({"width": 1440, "height": 900})


def test_an_office_sets_itself_up_without_a_terminal(office: StartedOffice, browser: Browser) -> None:
    context = browser.new_context(
        viewport={"width": 1440, "height": 900}, locale="en-GB", bypass_csp=True, accept_downloads=True
    )
    context.set_default_timeout(LIMIT)
    page = context.new_page()
    page.goto(office.url)
    whole(page)
    answer(page, "Go on", code=office.code)
    answer(page, "Save and go on", name="Urząd Próbny")
    whole(page)
    answer(page, "Save and go on", name="informatyk", login="informatyk", password=PASSWORD, repeated=PASSWORD)
    answer(page, "Save and go on", name="Bydgoszcz")
    answer(page, "Save and go on", code="B-1", address="Próbna 1")
    whole(page)
    answer(page, "Save and open Today", code="A-1", name="Sala A", capacity="8")
    expect(page.get_by_role("heading", name="Before the office begins")).to_be_visible()
    whole(page)

    # the first booking, in the sentence of Today
    page.get_by_role("button", name="Book", exact=True).click()
    expect(page.get_by_role("region", name="History")).to_contain_text("Booked")

    # the first label
    page.goto(f"{office.url}/labels")
    with page.expect_download() as download:
        page.locator("form[action='/labels/print']:has([name=blank])").get_by_role("button").first.click()
    assert Path(download.value.path()).read_bytes().startswith(b"%PDF")

    # the first door: another browser is the tablet
    tablet = browser.new_context(viewport={"width": 1280, "height": 800})
    tablet.set_default_timeout(LIMIT)
    door = tablet.new_page()
    door.goto(f"{office.url}/panel")
    pairing_code = re.search(r"\b[34679ACEFGHJKNPRTXY]{3} [34679ACEFGHJKNPRTXY]{3}\b", door.inner_text("body"))
    assert pairing_code
    page.goto(f"{office.url}/devices")
    page.fill("[name=panel_code]", pairing_code.group())
    page.fill("[name=panel_room]", "A-1")
    page.get_by_role("button", name="Pair", exact=True).click()
    expect(door.locator("body")).not_to_have_attribute("data-state", "pairing")

    # the first sensor: it speaks, a hand is waved, it is bound
    say(office, occupied=False)
    page.goto(f"{office.url}/devices")
    page.get_by_role("link", name="Wave your hand and see").click()
    expect(page.locator(".wave")).to_contain_text("Nobody is there")
    say(office, occupied=True)
    expect(page.locator(".wave")).to_contain_text("Somebody is there")
    whole(page)
    page.select_option("[name=sensing]", "pir")
    answer(page, "Add to the register", room="A-1")
    expect(page.get_by_role("heading", name="A-1-occ")).to_be_visible()
    whole(page)
    say(office, occupied=True)
    expect(page.locator(".wave")).to_contain_text("Somebody is there")

    # what is left says so, and goes when it is put off
    page.goto(office.url)
    for _ in range(len(FirstStep)):
        if page.locator(".next-act button").count():
            page.locator(".next-act button").click()
    expect(page.get_by_role("heading", name="Before the office begins")).to_have_count(0)
    tablet.close()
    context.close()


def say(office: StartedOffice, **words: bool) -> None:
    """What a native sensor of this office says."""
    paho.mqtt.publish.single(
        "izba/devices/A-1-occ/reading", json.dumps(words), qos=1, hostname="127.0.0.1", port=office.broker
    )
