"""The bell in a browser: it counts while a page is open, whichever it is; axe finds nothing on what it leads to."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from registry.core.transaction import transaction
from registry.outbox import actions, letters
from registry.outbox.actions import NewNotice
from registry.outbox.letters import Delivery, SortingPlan
from registry.outbox.models import LetterState
from registry.people.models import Person
from tests.browser.conftest import BrowserThread
from tests.browser.test_calendar import Office, examine, open_office
from tests.browser.test_live import Turns
from tests.conftest import WARSAW, Database
from web.kit.live import live_of

pytestmark = [pytest.mark.anyio, pytest.mark.browser, pytest.mark.databases("sqlite")]
COUNT = "#bell b:not([hidden])"


@pytest.fixture
async def office(database: Database, tmp_path: Path, browser_thread: BrowserThread) -> AsyncIterator[Office]:
    async with open_office(tmp_path, browser_thread) as office:
        yield office


def tell(person: Person, number: int) -> Callable[[], Awaitable[Any]]:
    now = datetime.now(UTC)
    times = {"starts_at": now.isoformat(), "ends_at": now.isoformat()}
    facts = times | {"room": "MAIN", "title": "Narada", "by": "Bob"}

    async def act() -> None:
        async with transaction() as change:
            notice = NewNotice(person.id, "booking.cancelled", str(number), "booking:3f2", facts)
            await actions.tell(change, [notice], now)

    return act


@pytest.mark.parametrize("path", ["/", "/me/notices"])
async def test_the_bell_counts_while_a_page_is_open(office: Office, path: str) -> None:
    turns, alice = Turns(asyncio.get_running_loop()), office.desk.people["alice"]

    async def listeners() -> int:
        return len(live_of(office.desk.app))

    def walk(page: Any) -> None:
        page.goto(path)
        while not turns.do(listeners):
            page.wait_for_timeout(50)
        turns.do(tell(alice, 1))
        page.wait_for_selector(COUNT)
        turns.do(tell(alice, 2))
        page.wait_for_function(f"document.querySelector('{COUNT}').textContent === '2'")
        assert page.inner_text("#bell .sr") == "Notices, new: 2"
        page.click("#bell")
        page.click("text=All read")
        page.wait_for_selector("#bell b", state="hidden")

    await office.look(walk)


@pytest.mark.parametrize(("width", "scheme"), [(1440, "light"), (1440, "dark"), (390, "light"), (390, "dark")])
async def test_axe_finds_nothing(office: Office, width: int, scheme: str) -> None:
    admin, now = office.desk.people["admin"], datetime.now(UTC)
    await Person.filter(id=admin.id).update(mail="admin@urzad.example")
    for number in range(2):
        await tell(admin, number)()
    await letters.sort_out(SortingPlan(True, frozenset(), 20, WARSAW), now)
    parcels = await letters.claim(1, now)
    await letters.settle([Delivery(parcels[0].letter, LetterState.DEAD, "550 5.1.1 no such mailbox")], now)
    paths = [
        "/notices", "/me/notices", f"/admin/outbox?state=dead&letter={parcels[0].letter.id}",
        "/admin/outbox?state=waiting", "/admin/outbox?state=dropped",
    ]  # fmt: skip

    def walk(page: Any) -> None:
        for path in paths:
            page.goto(path)
            examine(page, path)
            wide = page.evaluate("document.documentElement.scrollWidth")
            assert wide <= width, (path, wide)

    await office.look(
        walk, "admin", forgives="inline style", viewport={"width": width, "height": 900}, color_scheme=scheme
    )
