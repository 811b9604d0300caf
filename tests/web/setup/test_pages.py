"""The set-up in a browser: from an empty database to Today with its check list."""

import re
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from registry.core.errors import Unavailable
from registry.core.history import SYSTEM
from registry.office import actions, queries
from registry.office.actions import FirstAdministrator, WholeSetUp
from registry.people.models import Person, Session
from registry.rooms.places import NewBuilding, NewRoom, NewSite
from tests.make import make_person
from tests.web.desk import Desk, text_of
from web.app import DemoAccount, SiteOptions, create_site
from web.system.last_backup import LastBackup, note

pytestmark = [pytest.mark.anyio, pytest.mark.databases("sqlite")]
PASSWORD = "cztery zwykłe słowa"
ADMIN = {"name": "informatyk", "login": "informatyk", "password": PASSWORD, "repeated": PASSWORD}


class Browser:
    """Follows where forms lead, with the cookies it was given."""

    def __init__(self, app: FastAPI) -> None:
        transport = httpx.ASGITransport(app)
        self.client = httpx.AsyncClient(transport=transport, base_url="http://test", follow_redirects=True)

    async def open(self, path: str, **more: Any) -> httpx.Response:
        return await self.client.get(path, **more)

    async def send(self, path: str, **fields: str) -> httpx.Response:
        page = await self.client.get("/setup")
        token = re.search(r'name="csrf" value="([^"]+)"', page.text)
        assert token
        return await self.client.post(path, data={"csrf": token.group(1)} | fields)


@pytest.fixture
def options(tmp_path: Path) -> SiteOptions:
    return SiteOptions(secret_key="k" * 40, data_dir=tmp_path, language="en", is_set_up_by_page=True)


@pytest.fixture
async def app(database: Any, options: SiteOptions) -> FastAPI:
    return create_site(options)


@pytest.fixture
async def browser(app: FastAPI) -> AsyncIterator[Browser]:
    browser = Browser(app)
    yield browser
    await browser.client.aclose()


async def fresh_code() -> str:
    return await actions.new_code(datetime.now(UTC))


async def test_while_it_is_empty_every_page_leads_to_the_set_up(browser: Browser) -> None:
    for path in ("/", "/calendar", "/assets/3", "/sign-in", "/panel", "/no-such-page"):
        page = await browser.open(path)
        assert (page.status_code, page.url.path) == (200, "/setup"), path
    assert "This Izba is still empty" in text_of(page.text)
    assert (await browser.open("/help")).url.path == "/help"


async def test_while_it_is_empty_programs_are_told_so(browser: Browser) -> None:
    for path in ("/api/v1/rooms", "/api/v1/no-such-call"):
        answer = await browser.open(path, headers={"authorization": "Bearer x"})
        assert (answer.status_code, answer.json()["code"]) == (503, "setup.needed"), path
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.headers["x-content-type-options"] == "nosniff"
    assert (await browser.open("/healthz")).status_code == 200
    assert (await browser.open("/api/v1/openapi.json")).status_code == 200


async def test_from_the_code_to_the_check_list(browser: Browser) -> None:
    page = await browser.send("/setup/code", code=(await fresh_code()).lower())
    assert "Five questions to begin with 0 of 5 answered." in text_of(page.text)
    page = await browser.send("/setup/office", name="Urząd Próbny", language="en")
    assert "1 of 5 answered" in text_of(page.text)
    assert "Urząd Próbny · English" in text_of(page.text)
    browser.client.headers["user-agent"] = "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0"
    page = await browser.send("/setup/administrator", **ADMIN)
    assert "2 of 5 answered" in text_of(page.text)
    assert [(one.browser, one.address) for one in await Session.all()] == [("Firefox, Linux", "127.0.0.1")]
    page = await browser.send("/setup/site", name="Bydgoszcz", timezone="Europe/Warsaw")
    assert "Bydgoszcz · Europe/Warsaw" in text_of(page.text)
    page = await browser.send("/setup/building", code="B-1", address="Próbna 1", step_free="1")
    assert "B-1 · Próbna 1" in text_of(page.text)
    page = await browser.send("/setup/room", code="A-1", name="Sala A", floor="0", capacity="8", bookable="1")
    assert page.url.path == "/"
    text = text_of(page.text)
    assert "Before the office begins 2 of 9 done" in text
    assert "Next step Rooms" in text
    assert (await browser.open("/setup")).url.path == "/", "nothing is left to ask"


async def test_it_is_left_and_gone_on_with(app: FastAPI, browser: Browser) -> None:
    await browser.send("/setup/code", code=await fresh_code())
    await browser.send("/setup/office", name="Urząd Próbny", language="en")
    other = Browser(app)
    assert "The code from the terminal" in text_of((await other.open("/setup")).text), "another browser has no proof"
    await other.send("/setup/code", code=await fresh_code())
    assert "1 of 5 answered" in text_of((await other.open("/setup")).text)
    page = await browser.send("/setup/administrator", **ADMIN)
    assert (page.status_code, "Type the code from the terminal first" in page.text) == (403, True), "the code is void"
    await other.send("/setup/administrator", **ADMIN)
    page = await other.open("/setup?step=office")
    assert 'value="Urząd Próbny"' in page.text
    await other.send("/setup/office", name="Nowy Urząd", language="en")
    assert (await queries.office_settings())["office_name"] == "Nowy Urząd"
    assert "Site, building and first room" in text_of((await other.open("/")).text)
    await other.client.aclose()


async def test_a_guessed_code_is_refused_at_its_field(browser: Browser) -> None:
    await fresh_code()
    page = await browser.send("/setup/code", code="AAAA-AAAA")
    assert (page.status_code, 'aria-invalid="true"' in page.text) == (403, True)
    assert "This is not the code. 4 more attempts" in text_of(page.text)
    assert 'value="AAAA-AAAA"' in page.text
    for _ in range(4):
        page = await browser.send("/setup/code", code="AAAA-AAAA")
    assert (page.status_code, "Too many wrong codes. Wait 60 seconds" in text_of(page.text)) == (429, True)


async def test_no_question_is_answered_without_the_code(browser: Browser) -> None:
    await fresh_code()
    for path, fields in (("/setup/office", {"name": "X", "language": "en"}), ("/setup/administrator", ADMIN)):
        assert (await browser.send(path, **fields)).status_code == 403, path
    browser.client.cookies.set("izba_setup", "2026-11-30.forged")
    assert (await browser.send("/setup/administrator", **ADMIN)).status_code == 403
    assert not await Person.exists()


async def test_the_second_of_two_is_told(app: FastAPI, browser: Browser) -> None:
    code, other = await fresh_code(), Browser(app)
    for one in (browser, other):
        await one.send("/setup/code", code=code)
    token = (await other.open("/setup")).text.partition('name="csrf" value="')[2].partition('"')[0]
    await browser.send("/setup/administrator", **ADMIN)
    page = await other.client.post("/setup/administrator", data={"csrf": token, **ADMIN, "login": "druga"})
    assert (page.status_code, "This Izba is set up already" in text_of(page.text)) == (409, True)
    page = await other.client.post("/setup/office", data={"csrf": token, "name": "X", "language": "en"})
    assert page.status_code == 409
    assert (await other.open("/setup")).url.path == "/sign-in"
    await other.client.aclose()


@pytest.mark.parametrize(
    ("path", "fields", "sentence"),
    [
        ("office", {"name": " ", "language": "en"}, "The field name is missing"),
        ("office", {"name": "X", "language": "xx"}, "The field language is missing"),
        ("office", {"name": "X\0", "language": "en"}, "it holds characters that cannot be shown"),
        ("administrator", ADMIN | {"repeated": "other"}, "The two passwords differ"),
        ("administrator", ADMIN | {"password": "short", "repeated": "short"}, "The password is too short"),
        ("administrator", ADMIN | {"login": "a b"}, "a b cannot be a login"),
        ("administrator", ADMIN | {"name": ""}, "The field name is missing"),
        ("administrator", ADMIN | {"name": "A\0"}, "it holds characters that cannot be shown"),
    ],
)
async def test_what_is_wrong_stands_at_its_field_and_nothing_typed_is_lost(
    browser: Browser, path: str, fields: dict[str, str], sentence: str
) -> None:
    await browser.send("/setup/code", code=await fresh_code())
    if path == "administrator":
        await browser.send("/setup/office", name="X", language="en")
    page = await browser.send(f"/setup/{path}", **fields)
    assert page.status_code == 422
    assert sentence in text_of(page.text)
    assert PASSWORD not in page.text
    if fields.get("login"):
        assert f'value="{fields["login"]}"' in page.text


async def test_places_are_asked_of_an_administrator_alone(app: FastAPI) -> None:
    desk = await Desk(app).open()
    for path in ("/setup/site", "/setup/building", "/setup/room", "/setup/steps/labels"):
        assert (await desk.post(path, "coordinator")).status_code == 403, path
    assert (await desk.get("/setup", "alice")).status_code == 403
    answer = await desk.post("/setup/site", "admin", name="", code="+", timezone="Mars")
    text = text_of(answer.text)
    assert answer.status_code == 422
    for words in ("+ cannot be a code", "The field name is missing", "There is no time zone Mars"):
        assert words in text, words
    await desk.post("/setup/site", "admin", name="Bydgoszcz")
    assert (await desk.post("/setup/site", "admin", name="Toruń")).status_code == 303, "there is one already"
    answer = await desk.post("/setup/building", "admin", code="", address="Próbna 1")
    assert "cannot be a code" in text_of(answer.text)
    await desk.post("/setup/building", "admin", code="B-1", address="Próbna 1")
    answer = await desk.post("/setup/room", "admin", code="A-1", name="Sala", floor="x", capacity="-1")
    text = text_of(answer.text)
    assert "floor cannot be read: it is not a whole number" in text
    assert "capacity cannot be read: it is not between 0 and 9999" in text
    answer = await desk.post("/setup/room", "admin", code="A-1", name="Sala", floor="−1", bookable="1")
    assert answer.headers["location"] == "/"
    assert (await desk.post("/setup/room", "admin", code="A-2", name="Sala")).headers["location"] == "/setup"
    assert (await queries.progress()).is_whole


async def set_up_office() -> None:
    whole = WholeSetUp(
        {"office_name": "Urząd"}, FirstAdministrator("informatyk", "informatyk", PASSWORD), NewSite("s", "S"),
        NewBuilding("b", "B"), [NewRoom("A-1", "Sala")],
    )  # fmt: skip
    await actions.set_up(whole, SYSTEM, datetime.now(UTC))


async def test_an_office_that_was_not_set_up_so_has_no_check_list(app: FastAPI) -> None:
    desk = await Desk(app).open()
    assert "Before the office begins" not in await desk.read("/", "admin")
    assert (await desk.post("/setup/steps/labels", "admin", later="1")).status_code == 303


async def test_the_check_list_is_the_administrators_and_follows_from_what_is_there(
    app: FastAPI, options: SiteOptions
) -> None:
    await set_up_office()
    desk = Desk(app)
    await desk.hire(await make_person("admin", role="admin"))
    await desk.hire(await make_person("coordinator", role="coordinator"))

    async def silent() -> None:
        raise Unavailable("broker.away", url="mqtt://b", reason="x")

    async def broken() -> None:
        raise OSError("no way there")

    checks: dict[str, Any] = {"broker": broken}
    app.state.checks = checks
    assert "2 of 9 done" in await desk.read("/", "admin"), "a check that fails is no page that fails"
    checks["broker"] = silent
    text = await desk.read("/", "admin")
    assert "Before the office begins 2 of 9 done" in text
    assert "The MQTT broker The MQTT broker does not answer at mqtt://b" in text
    assert "Before the office begins" not in await desk.read("/", "coordinator")

    async def answers() -> None:
        return None

    checks["broker"] = answers
    note(options.data_dir, LastBackup(datetime.now(UTC) - timedelta(days=1), False))
    assert "4 of 9 done" in await desk.read("/", "admin")
    for step in ("rooms", "hours", "panel", "mail"):
        await desk.send(f"/setup/steps/{step}", "admin", later="1")
    text = await desk.read("/", "admin")
    assert "Next step The first labels" in text
    assert "Put off: Rooms Say when the office is open Mail server The first door panel" in text
    await desk.send("/setup/steps/panel", "admin", later="0")
    assert "Next step The first door panel" in await desk.read("/", "admin")
    for step in ("panel", "labels"):
        await desk.send(f"/setup/steps/{step}", "admin", later="1")
    assert "Before the office begins" not in await desk.read("/", "admin")
    assert (await desk.post("/setup/steps/dance", "admin", later="1")).status_code == 404


async def test_the_accounts_of_a_demo_are_chosen_by_a_click(database: Any, options: SiteOptions) -> None:
    await actions.add_administrator(FirstAdministrator("informatyk", "x", PASSWORD), SYSTEM, datetime.now(UTC))
    account = DemoAccount("informatyk", PASSWORD, "admin")
    browser = Browser(create_site(replace(options, demo_accounts=(account,))))
    page = await browser.open("/sign-in")
    assert "The accounts of this demo" in text_of(page.text)
    assert "Sign in as administrator" in page.text
    assert PASSWORD not in page.text
    token = page.text.partition('name="csrf" value="')[2].partition('"')[0]
    page = await browser.client.post("/sign-in", data={"csrf": token, "demo": "informatyk", "next": "/"})
    assert (page.status_code, page.url.path) == (200, "/")
    await browser.client.aclose()


async def test_elsewhere_no_account_is_chosen_by_a_click(app: FastAPI, browser: Browser) -> None:
    await actions.add_administrator(FirstAdministrator("informatyk", "x", PASSWORD), SYSTEM, datetime.now(UTC))
    page = await browser.open("/sign-in")
    assert "demo" not in page.text
    token = page.text.partition('name="csrf" value="')[2].partition('"')[0]
    page = await browser.client.post("/sign-in", data={"csrf": token, "demo": "informatyk", "next": "/"})
    assert page.status_code == 403
