"""``make screenshots``: the pictures of the documentation, from the demo on a Thursday at 10:42.

The demo's clock is set by faketime, so that the office is open in the pictures whenever they are taken.
"""

import shutil
import sys
import tempfile
from datetime import datetime, timedelta
from pathlib import Path

import httpx
from playwright.sync_api import Browser, Page, sync_playwright

from tests.journeys.whole import ROOT, Ear, Whole, until
from tests.servers import chromium

OUT = ROOT / "docs" / "images"
BEFORE, NOW = datetime(2026, 11, 26, 9, 35), datetime(2026, 11, 26, 9, 42)  # noqa: DTZ001  # faketime's own; in UTC
STEP = timedelta(minutes=1)  # a clock that leaps further is doubted
WIDTHS = (1440, 390)
PAGES = {"today": "/", "calendar": "/calendar", "room": "/rooms/ZW-01", "assets": "/assets?room=ZW-01",
         "faults": "/faults?state=any", "fault": "/faults/2", "plan": "/plan"}  # fmt: skip


def main() -> None:
    if not shutil.which("faketime"):
        sys.exit("faketime is not installed: run scripts/system-packages faketime as root")
    OUT.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        library = next(Path("/usr/lib").glob("*/faketime/libfaketime.so.1"))
        clock = home / "clock"
        _set(clock, BEFORE)
        faked = {"LD_PRELOAD": str(library), "FAKETIME_TIMESTAMP_FILE": str(clock), "FAKETIME_NO_CACHE": "1"}
        izba = Whole(home, FAKETIME_DONT_FAKE_MONOTONIC="1", TZ="UTC", **faked)
        try:
            until(lambda: httpx.get(f"{izba.url}/readyz").status_code == 200, 30)
            ear = Ear(izba.mqtt_port, "izba/rooms/+/state")
            until(lambda: len(ear.last) > 10, 20)
            _live(izba, ear)
            for step in range(1, (NOW - BEFORE) // STEP + 1):  # until the hold of the sensors has passed
                _set(clock, BEFORE + step * STEP)
                until(lambda: httpx.get(f"{izba.url}/readyz").status_code == 200, 30)
            until(lambda: ear.state("ZW-03").get("occupancy") == "vacant", 30)
            with sync_playwright() as play:
                browser = play.chromium.launch(executable_path=chromium(), args=["--no-sandbox", "--disable-gpu"])
                _staff(browser, izba)
                _doors(browser, izba)
                browser.close()
            ear.close()
            shutil.copy(OUT / "calendar-1440.png", OUT / "calendar.png")
            shutil.copy(OUT / "panel-ZW-03-1440.png", OUT / "panel.png")
        finally:
            izba.stop()


def _set(clock: Path, time: datetime) -> None:
    """At once: an empty file would be the real time."""
    fresh = clock.with_suffix(".fresh")
    fresh.write_text(f"@{time:%Y-%m-%d %H:%M:%S}")
    fresh.replace(clock)


def _live(izba: Whole, ear: Ear) -> None:
    """What the sensors of a Thursday morning say: some meetings are held, one sensor keeps silent."""
    with izba.client("coordinator") as api:
        rooms = {one["room"] for one in api.get("/devices").json()["items"] if one["kind"] == "presence"}
    busy = {"ZW-01", "PP-05", "PP-03"}
    for room in sorted(rooms - {None, "ZW-02"}):
        for suffix in ("", "-2", "-3"):
            ear.say(f"izba/devices/{room}-occ{suffix}/reading", {"occupied": room in busy, "battery": 80})
    until(lambda: ear.state("ZW-01").get("occupancy") == "occupied", 20)


def _staff(browser: Browser, izba: Whole) -> None:
    user = next(one for one in izba.demo()["users"] if one["role"] == "coordinator")
    for width in WIDTHS:
        page = browser.new_page(viewport={"width": width, "height": 900 if width > 500 else 844}, locale="pl-PL")
        page.goto(f"{izba.url}/sign-in")
        page.fill("[name=login]", user["login"])
        page.fill("[name=password]", user["password"])
        page.click("main button[type=submit]")
        page.wait_for_timeout(300)
        for name, path in PAGES.items():
            page.goto(izba.url + path)
            _shoot(page, f"{name}-{width}.png", whole=name != "assets")
        page.goto(f"{izba.url}/assets?q=Projektor+laserowy")
        link = page.locator("table a[href^='/assets/']").first.get_attribute("href")
        page.goto(f"{izba.url}{link}")
        _shoot(page, f"asset-{width}.png")
        page.close()


def _doors(browser: Browser, izba: Whole) -> None:
    panels = {one["room"]: one["url"] for one in izba.demo()["panels"]}
    for size, tag in (((1280, 800), "1440"), ((390, 844), "390")):
        for room in ("ZW-01", "ZW-03", "PP-03"):
            page = browser.new_context(viewport={"width": size[0], "height": size[1]}).new_page()
            page.goto(panels[room])
            _shoot(page, f"panel-{room}-{tag}.png", whole=False)
            page.context.close()


def _shoot(page: Page, name: str, whole: bool = True) -> None:
    viewport = page.viewport_size
    if whole and viewport:  # so that what is fixed to the foot of a phone stands at the foot of the picture
        page.set_viewport_size({**viewport, "height": page.evaluate("document.documentElement.scrollHeight")})
    page.wait_for_timeout(500)
    page.screenshot(path=OUT / name)
    if viewport:
        page.set_viewport_size(viewport)


if __name__ == "__main__":
    main()
