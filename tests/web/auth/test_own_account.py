"""One's own page, an invitation that is followed, and a password that was forgotten."""

import re
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI

from registry.core.drafts import FormDraft
from registry.core.history import SYSTEM
from registry.outbox.models import Notice
from registry.people import actions, links
from registry.people.models import FailedSignIn, LinkWay, OneUseLink, Session
from tests.conftest import Database
from tests.make import make_asset, make_person
from tests.web.desk import Desk, text_of
from web.app import SiteOptions, create_site
from web.auth.browsers import browser_name

pytestmark = [pytest.mark.anyio, pytest.mark.databases("sqlite")]
FIREFOX = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:145.0) Gecko/20100101 Firefox/145.0"


@pytest.fixture
async def site(database: Database, tmp_path: Path) -> FastAPI:
    return create_site(SiteOptions(secret_key="k" * 40, data_dir=tmp_path, language="en", has_mail=True))


def browser(site: FastAPI) -> httpx.AsyncClient:
    transport = httpx.ASGITransport(site, client=("127.0.0.9", 1))
    return httpx.AsyncClient(
        transport=transport, base_url="http://test", headers={"user-agent": FIREFOX}, follow_redirects=True
    )


async def send(client: httpx.AsyncClient, page: str, **fields: str) -> httpx.Response:
    form = re.search(r'name="csrf" value="([^"]+)"', (await client.get(page)).text)
    assert form
    return await client.post(page, data={"csrf": form[1], **fields})


async def invited(login: str = "alice") -> str:
    await make_person(login)
    (link,) = await links.invite([login], LinkWay.SLIP, SYSTEM, datetime.now(UTC))
    return link.secret


async def test_an_invitation_ends_on_today(site: FastAPI) -> None:
    secret = await invited()
    async with browser(site) as client:
        for _ in range(2):
            page = await client.get(f"/password/{secret}")
            assert "Welcome, Alice" in page.text
        weak = await send(client, f"/password/{secret}", new="short")
        assert (weak.status_code, "too short" in weak.text) == (422, True)
        today = await send(client, f"/password/{secret}", new="correct horse battery")
        assert (today.status_code, today.url.path) == (200, "/")
        me = text_of((await client.get("/me")).text)
        assert "Firefox, Windows · this one" in me
    async with browser(site) as stranger:
        over = await stranger.get(f"/password/{secret}")
        assert over.status_code == 404
        assert "used already" in over.text


async def test_nothing_of_a_secret_stands_in_a_draft(site: FastAPI) -> None:
    secret = await invited()
    async with browser(site) as client:
        weak = await send(client, f"/password/{secret}", new="short")
        assert (weak.status_code, weak.headers["referrer-policy"]) == (422, "no-referrer")
        await send(client, "/password", code=secret[:-1])
    assert secret[:-1] not in str(await FormDraft.all().values())


async def test_without_a_mail_server_asking_for_a_link_does_nothing(database: Database, tmp_path: Path) -> None:
    site = create_site(SiteOptions(secret_key="k" * 40, data_dir=tmp_path, language="en"))
    await make_person("alice", mail="alice@office.example")
    async with browser(site) as client:
        token = re.search(r'name="csrf" value="([^"]+)"', (await client.get("/sign-in")).text)
        assert token
        answer = await client.post("/password/forgotten", data={"csrf": token[1], "who": "alice"})
        assert answer.url.query == b"did=sent"
    assert [await model.all().count() for model in (OneUseLink, Notice, FailedSignIn)] == [0, 0, 0]


async def test_a_code_is_typed_from_paper(site: FastAPI) -> None:
    secret = await invited()
    async with browser(site) as client:
        wrong = await send(client, "/password", code="AAAA-BBBB")
        assert (wrong.status_code, 'value="AAAA-BBBB"' in wrong.text) == (404, True)
        page = await send(client, "/password", code=links.in_groups(secret).lower())
        assert "Welcome, Alice" in page.text


async def test_a_forgotten_password_tells_nobody_whether_there_is_an_account(site: FastAPI) -> None:
    await make_person("alice", mail="alice@office.example")
    answers = set()
    for who in ("alice", "nobody", "ALICE@office.example"):
        async with browser(site) as client:
            page = await send(client, "/password/forgotten", who=who)
            answers.add((page.status_code, re.sub(r'value="[^"]*"', "", text_of(page.text))))
    assert len(answers) == 1
    assert "Look into your mail" in str(answers)
    assert await OneUseLink.all().count() == 2
    assert {notice.kind for notice in await Notice.all()} == {"account.password"}
    async with browser(site) as client:
        for _ in range(6):
            page = await send(client, "/password/forgotten", who="nobody")
        assert page.status_code == 429
        assert "Too many attempts" in page.text
        assert 'value="nobody"' in page.text


async def test_a_form_of_another_site_asks_for_no_link(site: FastAPI) -> None:
    await make_person("alice", mail="alice@office.example")
    async with browser(site) as client:
        for path in ("/password/forgotten", "/password"):
            assert (await client.post(path, data={"who": "alice", "code": "x"})).status_code == 403
    assert await OneUseLink.all().count() == 0


@pytest.fixture
async def desk(site: FastAPI) -> Desk:
    return await Desk(site).open()


async def test_ones_own_page(desk: Desk) -> None:
    await make_asset(custodian=desk.people["alice"])
    text = await desk.read("/me", "alice")
    assert "In your care 1" in text
    assert "Login alice" in text
    text = text_of((await desk.send("/me/languages", "alice", languages="pl, uk")).text)
    assert "Your languages are stored" in text
    refused = await desk.post("/me/languages", "alice", languages="polski")
    assert (refused.status_code, "is no language" in refused.text, 'value="polski"' in refused.text) == (
        422,
        True,
        True,
    )
    assert (await desk.get("/account", "alice")).headers["location"] == "/me"


async def test_others_of_ones_own_sessions_are_ended(desk: Desk) -> None:
    alice, now = desk.people["alice"], datetime.now(UTC)
    other = await Session.create(person=alice, digest="d", created_at=now, expires_at=now.replace(year=now.year + 1))
    theirs = await Session.get(person=desk.people["bob"])
    await desk.send(f"/me/sessions/{theirs.id}/end", "alice")
    assert await Session.filter(id=theirs.id).exists()
    await desk.send(f"/me/sessions/{other.id}/end", "alice")
    assert await Session.filter(person=alice).count() == 1
    await Session.create(person=alice, digest="e", created_at=now, expires_at=now.replace(year=now.year + 1))
    await desk.send("/me/sessions/end", "alice")
    assert await Session.filter(person=alice).count() == 1
    assert (await desk.get("/me", "alice")).status_code == 200


async def test_nobody_gives_themselves_a_role(desk: Desk) -> None:
    for fields in ({"languages": "pl", "role": "admin"}, {"languages": "pl", "is_active": "0"}):
        await desk.send("/me/languages", "alice", **fields)
    assert (await actions.Person.get(login="alice")).role == "member"


@pytest.mark.parametrize(
    ("agent", "name"),
    [
        (FIREFOX, "Firefox, Windows"),
        (
            "Mozilla/5.0 (Linux; Android 14) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0 Mobile Safari/537.36",
            "Chrome, Android",
        ),
        (
            "Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1 Version/18.1 Safari/604.1",
            "Safari, iPhone",
        ),
        ("curl/8.5.0", ""),
        ("", ""),
    ],
)
def test_what_a_browser_is_called(agent: str, name: str) -> None:
    assert browser_name(agent) == name
