"""A form that was sent as its session ended: its words are kept, it goes on after the sign-in, and is done once."""

import re
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from html import unescape
from pathlib import Path

import httpx
import pytest
from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher

from registry.bookings.models import Booking
from registry.core.drafts import LIFETIME, FormDraft, forget_drafts, read_draft, take_draft, write_draft
from registry.core.history import SYSTEM
from registry.people import actions
from registry.people.models import Session
from tests import make
from tests.conftest import Database
from web.app import SiteOptions, create_site
from web.auth.session import SESSION

pytestmark = [pytest.mark.anyio, pytest.mark.databases("sqlite")]
PASSWORD = "correct horse battery"
DAY = (datetime.now(UTC) + timedelta(days=3)).date()
Browser = httpx.AsyncClient


@pytest.fixture
async def browser(database: Database, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> AsyncIterator[Browser]:
    monkeypatch.setattr(actions, "hasher", PasswordHash((Argon2Hasher(time_cost=1, memory_cost=8, parallelism=1),)))
    monkeypatch.setattr(actions, "_dummy_hash", "")
    for login in ("alice", "bob"):
        await actions.add_person(login, login.title(), "coordinator", None, PASSWORD, SYSTEM, datetime.now(UTC))
    await make.make_room(code="MAIN")
    app = create_site(SiteOptions(secret_key="k" * 40, data_dir=tmp_path, language="en"))
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(app), base_url="http://test", follow_redirects=True
    ) as client:
        await sign_in(client, await client.get("/sign-in"))
        yield client


def hidden(page: httpx.Response) -> dict[str, str]:
    """The fields of a page's forms as a browser would send them."""
    fields = re.findall(r'<input[^>]*name="([^"]+)"[^>]*value="([^"]*)"', page.text)
    return {name: unescape(text) for name, text in fields}


async def sign_in(browser: Browser, page: httpx.Response, login: str = "alice") -> httpx.Response:
    names = ("csrf", "next", "draft")
    fields = {name: text for name, text in hidden(page).items() if name in names}
    return await browser.post("/sign-in", data=fields | {"login": login, "password": PASSWORD})


async def filled(browser: Browser, **more: str) -> dict[str, str]:
    """The form of a new booking, filled in."""
    page = await browser.get(f"/bookings/new?room=MAIN&date={DAY}")
    marks = {name: text for name, text in hidden(page).items() if name in ("csrf", "key")}
    return marks | {"room": "MAIN", "date": str(DAY), "from": "10:00", "to": "11:00", "title": "Kept words"} | more


def sign_out_elsewhere(browser: Browser) -> None:
    browser.cookies.delete(SESSION)


async def test_what_was_typed_is_done_once_after_the_sign_in(browser: Browser) -> None:
    fields = await filled(browser)
    sign_out_elsewhere(browser)
    page = await browser.post("/bookings", data=fields)
    assert page.url.path == "/sign-in"
    assert "Your session ended before this was sent" in page.text
    assert await Booking.all().count() == 0
    after = await sign_in(browser, page)
    booking = await Booking.get()
    assert (after.url.path, booking.title) == (f"/bookings/{booking.id}", "Kept words")
    assert "Booked." in after.text
    sign_out_elsewhere(browser)
    await sign_in(browser, page)
    assert await Booking.all().count() == 1
    assert await FormDraft.all().count() == 0


async def test_a_session_that_ended_by_time_loses_nothing_either(browser: Browser) -> None:
    fields = await filled(browser)
    await Session.filter().delete()
    browser.cookies.set(SESSION, "over-long-ago", domain="test")
    await sign_in(browser, await browser.post("/bookings", data=fields))
    assert (await Booking.get()).title == "Kept words"


async def test_a_wrong_password_in_between_loses_nothing(browser: Browser) -> None:
    fields = await filled(browser)
    sign_out_elsewhere(browser)
    page = await browser.post("/bookings", data=fields)
    marks = {name: text for name, text in hidden(page).items() if name in ("csrf", "next", "draft")}
    again = await browser.post("/sign-in", data=marks | {"login": "alice", "password": "wrong"})
    await sign_in(browser, again)
    assert (await Booking.get()).title == "Kept words"


async def test_a_refusal_after_the_sign_in_keeps_the_words(browser: Browser) -> None:
    fields = await filled(browser, to="9:00")
    sign_out_elsewhere(browser)
    page = await sign_in(browser, await browser.post("/bookings", data=fields))
    assert page.url.path == "/bookings/new"
    assert 'value="Kept words"' in page.text


async def test_nobody_else_does_or_reads_it(browser: Browser) -> None:
    fields = await filled(browser)
    sign_out_elsewhere(browser)
    page = await sign_in(browser, await browser.post("/bookings", data=fields), "bob")
    assert page.status_code == 200
    assert "Kept words" not in page.text
    assert await Booking.all().count() == 0
    assert await FormDraft.all().count() == 0


async def test_another_browser_does_not_find_it(browser: Browser) -> None:
    fields = await filled(browser)
    sign_out_elsewhere(browser)
    page = await browser.post("/bookings", data=fields)
    key = hidden(page)["draft"]
    browser.cookies.clear()
    other = await browser.get(f"/sign-in?draft={key}")
    assert "Your session ended" not in other.text
    token = hidden(other)["csrf"]
    await browser.post("/sign-in", data={"csrf": token, "draft": key, "login": "alice", "password": PASSWORD})
    assert await Booking.all().count() == 0


async def test_a_form_of_an_earlier_session_comes_back_with_its_words(browser: Browser) -> None:
    fields = await filled(browser)
    sign_out_elsewhere(browser)
    await sign_in(browser, await browser.get("/sign-in"))
    page = await browser.post("/bookings", data=fields)
    assert page.status_code == 200
    assert 'value="Kept words"' in page.text
    assert "You signed in again since this form was opened" in page.text
    assert await Booking.all().count() == 0
    token = hidden(page)["csrf"]
    assert token != fields["csrf"]
    assert (await browser.post("/bookings", data=fields | {"csrf": token})).url.path.startswith("/bookings/")
    assert (await Booking.get()).title == "Kept words"


async def test_a_form_without_fields_of_its_own_elsewhere_is_shown_to_be_sent(browser: Browser) -> None:
    token = hidden(await browser.get("/me"))["csrf"]
    sign_out_elsewhere(browser)
    await sign_in(browser, await browser.get("/sign-in"))
    page = await browser.post("/me/tokens", data={"csrf": token, "name": "my program"})
    assert "Not sent yet" in page.text
    assert '<input type="hidden" name="name" value="my program">' in page.text


async def test_a_script_is_told_the_newer_token(browser: Browser) -> None:
    fields = await filled(browser)
    sign_out_elsewhere(browser)
    await sign_in(browser, await browser.get("/sign-in"))
    refused = await browser.post("/bookings", data=fields, headers={"HX-Request-Type": "partial"})
    assert refused.status_code == 403
    fields["csrf"] = refused.headers["x-csrf-token"]
    await browser.post("/bookings", data=fields, headers={"HX-Request-Type": "partial"})
    assert await Booking.all().count() == 1


async def test_a_forged_form_is_neither_kept_nor_told_a_token(browser: Browser) -> None:
    fields = await filled(browser)
    alice, number = fields["csrf"][-1], fields["csrf"][86:]
    forged = fields | {"csrf": fields["csrf"][:86] + str(int(number) + 1)}
    sign_out_elsewhere(browser)
    for token in (forged["csrf"], "", "x" * 90, alice * 86 + number, fields["csrf"][:43] + "²" * 44):
        page = await browser.post("/bookings", data=fields | {"csrf": token})
        assert page.url.path == "/sign-in"
    assert await FormDraft.all().count() == 0
    await sign_in(browser, await browser.get("/sign-in"))
    refused = await browser.post("/bookings", data=forged)
    assert (refused.status_code, "x-csrf-token" in refused.headers) == (403, False)


async def test_what_is_secret_is_not_kept(browser: Browser) -> None:
    token = hidden(await browser.get("/me"))["csrf"]
    sign_out_elsewhere(browser)
    page = await browser.post("/me/password", data={"csrf": token, "old": PASSWORD, "new": "another good one"})
    assert page.url.path == "/sign-in"
    assert await FormDraft.all().count() == 0


async def test_signing_out_twice_is_no_fault(browser: Browser) -> None:
    token = hidden(await browser.get("/me"))["csrf"]
    sign_out_elsewhere(browser)
    page = await browser.post("/sign-out", data={"csrf": token})
    assert page.url.path == "/sign-in"
    assert await FormDraft.all().count() == 0


@pytest.mark.databases("sqlite", "postgres")
async def test_a_zero_byte_is_no_part_of_a_draft(database: Database) -> None:
    now = datetime.now(UTC)
    key = await write_draft("me", {"words": {"a\0": ["x\0y", 1]}}, now)
    assert await read_draft(key, "me", now) == {"words": {"a\x1a": ["x\x1ay", 1]}}


@pytest.mark.databases("sqlite", "postgres")
async def test_a_draft_is_short_few_and_gone_in_time(database: Database) -> None:
    now = datetime.now(UTC)
    assert await write_draft("me", {"words": "x" * 100_000}, now) == ""
    keys = [await write_draft("me", {"words": {"n": number}}, now + timedelta(seconds=number)) for number in range(25)]
    assert await FormDraft.all().count() == 20
    assert await read_draft(keys[0], "me", now) is None
    assert await read_draft(keys[-1], "me", now) == {"words": {"n": 24}}
    assert await read_draft(keys[-1], "another", now) is None
    assert await take_draft(keys[-1], "another", now) is None
    assert await take_draft(keys[-1], "me", now) == {"words": {"n": 24}}
    assert await take_draft(keys[-1], "me", now) is None
    later = now + LIFETIME + timedelta(minutes=1)
    assert await read_draft(keys[-2], "me", later) is None
    await forget_drafts(later)
    assert await FormDraft.all().count() == 0


async def test_a_page_that_is_not_there_stays_inside_the_frame(browser: Browser) -> None:
    for path, status in (("/nope", 404), ("/assets/x", 404), ("/sign-out", 405)):
        page = await browser.get(path)
        assert page.status_code == status
        assert "Main navigation" in page.text
        assert 'href="/sign-in"' not in page.text
    await actions.set_language(await make.Person.get(login="alice"), "pl")
    browser.cookies.delete("izba_language")
    assert (
        "Nie ma takiej strony" in (await browser.get("/nope")).text
        or "Nie znaleziono" in (await browser.get("/nope")).text
    )
