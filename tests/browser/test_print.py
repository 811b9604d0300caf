"""What leaves on paper: a day of all rooms on one sheet, without controls; and no long word breaks a page."""

import re
from datetime import timedelta
from typing import Any

import pytest

from tests import make
from tests.browser.test_calendar import DAY, Office, local, office, room_id  # noqa: F401  # office is its fixture

pytestmark = [pytest.mark.anyio, pytest.mark.browser]
SHEET = {"width": 1062, "height": 733}  # A4 landscape less 8 mm on each side, at 96 to the inch
CONTROLS = "input, select, textarea, button, [role=button], .masthead nav, .switch, .pager, .calendar-hint"
LONG = "Ż" * 120


def pages_of(page: Any, **options: Any) -> int:
    return len(re.findall(rb"/Type\s*/Page\b", page.pdf(**options)))


async def furnished(office: Office) -> None:  # noqa: F811  # the fixture's value
    alice = office.desk.people["alice"]
    building = await make.make_building(address="Bydgoszcz, Jagiellońska 3")
    rooms = [await make.make_room(code=f"PP-{number:02}", building=building) for number in range(18)]
    for number, room in enumerate(rooms):
        for part in range(4):
            start = local(8 + part * 2 + number % 3 / 4)
            await make.make_booking(start, start + timedelta(minutes=(5, 15, 30, 60)[part]), room=room,
                                    title=f"Odprawa {number}.{part}", organizer=alice)  # fmt: skip


async def test_a_day_is_printed_on_one_sheet_with_its_words(office: Office) -> None:  # noqa: F811  # the fixture
    await furnished(office)

    def walk(page: Any) -> None:
        for address in (f"/calendar?date={DAY}", f"/calendar?date={DAY}&view=week", f"/calendar?date={DAY}&view=month"):
            page.set_viewport_size(SHEET)
            page.emulate_media(media="print")
            page.goto(address)
            assert pages_of(page, prefer_css_page_size=True) == 1
            assert pages_of(page, format="A4", landscape=True, print_background=True) == 1
            assert [one.inner_text() for one in page.locator(CONTROLS).all() if one.is_visible()] == []
            if "view" not in address:
                for words in ("Odprawa 0.0", "Odprawa 17.3"):
                    line = page.locator(f".slot:has-text('{words}')")
                    assert re.search(r"\d\d:\d\d–\d\d:\d\d", line.locator(".face").inner_text())
                    assert line.locator(".face b").bounding_box()["width"] > 30
            assert page.evaluate("document.documentElement.scrollWidth") <= SHEET["width"]

    await office.look(walk)


async def test_rooms_bookings_and_lists_are_printed_without_controls(office: Office) -> None:  # noqa: F811  # the fixture
    await furnished(office)
    for number in range(5):
        await make.make_asset(name=f"Krzesło {number} {'konferencyjne ' * 8}", room_id=await room_id("MAIN"))

    def walk(page: Any) -> None:
        page.emulate_media(media="print")
        page.set_viewport_size({"width": 690, "height": 1000})  # A4 upright less 14 mm on each side
        for address in ("/", "/rooms", "/rooms/PP-00", "/bookings", "/assets"):
            page.goto(address)
            assert [one.inner_text() for one in page.locator(CONTROLS).all() if one.is_visible()] == [], address
            assert page.evaluate("document.documentElement.scrollWidth") <= 690, address

    await office.look(walk)


@pytest.mark.parametrize("width", [390, 1440])
async def test_a_long_word_does_not_break_a_page(office: Office, width: int) -> None:  # noqa: F811  # the fixture
    alice = office.desk.people["alice"]
    building = await make.make_building(address=LONG)
    room = await make.make_room(code="LONG", name=LONG, building=building)
    title = "Ż" * 200
    booking = await make.make_booking(local(9), local(10), room=room, title=title, organizer=alice)
    await make.make_booking(local(11), local(12), room_id=await room_id("MAIN"), title=title, organizer=alice)
    asset = await make.make_asset(name="Ż" * 190, room=room)

    def walk(page: Any) -> None:
        page.set_viewport_size({"width": width, "height": 900})
        for address in ("/", "/bookings", f"/bookings/{booking.id}", f"/bookings/new?room=LONG&date={DAY}", "/rooms",
                        f"/calendar?date={DAY}", f"/calendar?date={DAY}&view=week",
                        f"/calendar?date={DAY}&view=month", "/rooms/LONG", "/assets",
                        f"/assets/{asset.id}"):  # fmt: skip
            page.goto(address)
            assert page.evaluate("document.documentElement.scrollWidth") <= width, address

    await office.look(walk, forgives="-")
