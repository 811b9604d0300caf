"""Signing in, forms from elsewhere, what a page looks like, one's own password and tokens."""

import re
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest
from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher

from registry.core.history import SYSTEM, HistoryEntry
from registry.people import actions, policy
from registry.people.models import Person, Session
from registry.people.rules import SignInRules
from tests.conftest import Database
from web.app import SiteOptions, create_site
from web.auth import pages

PASSWORD = "correct horse battery"


@pytest.fixture
async def client(database: Database, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[httpx.AsyncClient]:
    monkeypatch.setattr(actions, "hasher", PasswordHash((Argon2Hasher(time_cost=1, memory_cost=8, parallelism=1),)))
    monkeypatch.setattr(actions, "_dummy_hash", "")
    await actions.add_person("alice", "Alice", "member", None, PASSWORD, SYSTEM, datetime.now(UTC))
    policy.use(SignInRules(attempts=2))
    app = create_site(SiteOptions(secret_key="k" * 32, data_dir=Path("var")))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test") as client:
        yield client


async def token_on(client: httpx.AsyncClient, path: str) -> str:
    match = re.search(r'name="csrf" value="([\w-]+)"', (await client.get(path)).text)
    assert match
    return match[1]


async def signed_in(client: httpx.AsyncClient, **fields: str) -> httpx.Response:
    token = await token_on(client, "/sign-in")
    return await client.post("/sign-in", data={"csrf": token, "login": "alice", "password": PASSWORD} | fields)


async def followed(client: httpx.AsyncClient, answer: httpx.Response) -> httpx.Response:
    """Where a form led to."""
    assert answer.status_code == 303
    return await client.get(answer.headers["location"])


async def test_a_stranger_is_led_to_the_sign_in_and_back(client: httpx.AsyncClient) -> None:
    answer = await client.get("/me?a=1&b=2")
    assert (answer.status_code, answer.headers["location"]) == (303, "/sign-in?next=/me%3Fa%3D1%26b%3D2")
    assert 'name="next" value="/me?a=1&amp;b=2"' in (await client.get(answer.headers["location"])).text
    answer = await signed_in(client, next="/me?a=1&b=2")
    assert (answer.status_code, answer.headers["location"]) == (303, "/me?a=1&b=2")
    assert (await client.get("/me")).status_code == 200
    assert (await client.get("/sign-in?next=/rooms")).headers["location"] == "/rooms"


async def test_the_session_cookie(client: httpx.AsyncClient) -> None:
    cookie = (await signed_in(client)).headers["set-cookie"]
    assert "izba_session=" in cookie
    assert {"HttpOnly", "SameSite=lax", "Path=/"} <= set(cookie.split("; "))


@pytest.mark.parametrize("after", ["//evil.example", "https://evil.example", "/\\evil.example", "evil", "/a\nb", ""])
async def test_sign_in_never_leads_to_another_site(client: httpx.AsyncClient, after: str) -> None:
    assert (await signed_in(client, next=after)).headers["location"] == "/"


async def test_a_wrong_password_keeps_the_login_and_says_so(client: httpx.AsyncClient) -> None:
    answer = await followed(client, await signed_in(client, login='Ali"ce', password="wrong", next="/rooms"))
    assert answer.status_code == 403
    assert "Login lub hasło są nieprawidłowe" in answer.text
    assert 'value="Ali&#34;ce"' in answer.text
    assert 'value="/rooms"' in answer.text
    assert "wrong" not in answer.text


async def test_too_many_attempts(client: httpx.AsyncClient) -> None:
    for _ in range(2):
        assert (await followed(client, await signed_in(client, password="wrong"))).status_code == 403
    answer = await followed(client, await signed_in(client))
    assert answer.status_code == 429
    assert "Odczekaj 15 min" in answer.text


async def test_a_known_browser_signs_in_while_its_address_is_slowed_down(
    client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    waits: list[float] = []

    async def pause(seconds: float) -> None:
        waits.append(seconds)

    monkeypatch.setattr(pages, "pause", pause)
    assert (await signed_in(client)).status_code == 303
    mark = client.cookies["izba_known"]
    assert "alice" not in mark
    client.cookies.clear()
    for number in range(10):
        refused = await signed_in(client, login=f"login-{number}", password="wrong")
        assert (await followed(client, refused)).status_code == 403
    assert (await signed_in(client)).status_code == 303, "it waits for its turn and is let in"
    assert waits == [10]
    client.cookies.clear()
    client.cookies.set("izba_known", mark)
    assert (await signed_in(client)).status_code == 303
    assert waits == [10], "who is known does not wait"
    client.cookies.clear()
    client.cookies.set("izba_known", mark[:-1] + ("A" if mark[-1] != "A" else "B"))
    await signed_in(client, login="bob", password="wrong")
    assert waits == [10, 10], "a cookie of another making is none"


async def test_a_form_from_elsewhere_is_refused(client: httpx.AsyncClient) -> None:
    fields = {"login": "alice", "password": PASSWORD}
    assert (await client.post("/sign-in", data=fields)).status_code == 403
    await token_on(client, "/sign-in")
    assert (await client.post("/sign-in", data=fields | {"csrf": "0" * 40})).status_code == 403
    await signed_in(client)
    for path in ("/sign-out", "/me/tokens", "/me/password", "/preferences"):
        assert (await client.post(path, data={"name": "x"})).status_code == 403, path
    assert await Session.all().count() == 1


async def test_the_token_of_another_browser_is_refused(client: httpx.AsyncClient) -> None:
    foreign = await token_on(client, "/sign-in")
    await signed_in(client)
    assert (await client.post("/me/tokens", data={"csrf": foreign, "name": "x"})).status_code == 403


async def test_the_header_serves_for_scripts(client: httpx.AsyncClient) -> None:
    await signed_in(client)
    token = await token_on(client, "/me")
    assert (await client.post("/me/tokens", data={"name": "x"}, headers={"X-CSRF-Token": token})).status_code == 303


async def test_the_api_takes_a_session_with_its_token_only(client: httpx.AsyncClient) -> None:
    await signed_in(client)
    assert (await client.get("/api/v1/rooms")).status_code == 200
    refused = await client.post("/api/v1/bookings", json={})
    assert (refused.status_code, refused.json()["code"]) == (403, "request.csrf")


async def test_signing_out(client: httpx.AsyncClient) -> None:
    await signed_in(client)
    token = await token_on(client, "/me")
    assert (await client.post("/sign-out", data={"csrf": token})).headers["location"] == "/sign-in"
    assert await Session.all().count() == 0
    assert (await client.get("/me")).status_code == 303


async def test_htmx_is_led_to_the_sign_in_too(client: httpx.AsyncClient) -> None:
    answer = await client.get("/me", headers={"HX-Request": "true"})
    assert (answer.status_code, answer.headers["hx-redirect"]) == (204, "/sign-in")


async def test_language_theme_and_type(client: httpx.AsyncClient) -> None:
    assert '<html lang="pl">' in (await client.get("/sign-in")).text
    token = await token_on(client, "/sign-in")
    wishes = {"language": "en", "theme": "dark", "type": "large", "next": "/sign-in"}
    answer = await client.post("/preferences", data={"csrf": token} | wishes)
    assert answer.headers["location"] == "/sign-in"
    page = (await client.get("/sign-in")).text
    assert '<html lang="en" data-theme="dark" data-type="large">' in page
    assert "Sign in" in page
    await client.post("/preferences", data={"csrf": token, "theme": "system", "type": "normal", "language": "xx"})
    assert '<html lang="en">' in (await client.get("/sign-in")).text


async def test_the_language_stays_with_the_account(client: httpx.AsyncClient) -> None:
    await signed_in(client)
    token = await token_on(client, "/me")
    await client.post("/preferences", data={"csrf": token, "language": "en"})
    assert (await Person.get(login="alice")).language == "en"
    client.cookies.clear()
    answer = await signed_in(client)
    assert "izba_language=en" in str(answer.headers.multi_items())


async def test_an_api_token_is_shown_once_and_works(client: httpx.AsyncClient) -> None:
    await signed_in(client)
    token = await token_on(client, "/me")
    page = (await followed(client, await client.post("/me/tokens", data={"csrf": token, "name": "r"}))).text
    secret = re.search(r"izba_[\w-]{43}", page)
    assert secret
    assert secret[0] not in (await client.get("/me")).text
    bearer = {"Authorization": f"Bearer {secret[0]}"}
    client.cookies.clear()
    assert (await client.get("/api/v1/rooms", headers=bearer)).status_code == 200
    await signed_in(client)
    page = (await client.get("/me")).text
    revoke = re.search(r"/me/tokens/\d+/revoke", page)
    assert revoke
    await client.post(revoke[0], data={"csrf": await token_on(client, "/me")})
    client.cookies.clear()
    refused = await client.get("/api/v1/rooms", headers=bearer)
    assert (refused.status_code, refused.json()["code"]) == (401, "auth.bad_token")
    assert refused.headers["www-authenticate"] == "Bearer"


async def test_changing_the_password(client: httpx.AsyncClient) -> None:
    await signed_in(client)
    token = await token_on(client, "/me")
    words = {"csrf": token, "old": "x", "new": "another good one"}
    wrong = await followed(client, await client.post("/me/password", data=words))
    assert wrong.status_code == 403
    assert 'id="f-old-fault"' in wrong.text
    words = {"csrf": token, "old": PASSWORD, "new": "short"}
    weak = await followed(client, await client.post("/me/password", data=words))
    assert weak.status_code == 422
    assert 'id="f-new-fault"' in weak.text
    words = {"csrf": token, "old": PASSWORD, "new": "another good one"}
    answer = await followed(client, await client.post("/me/password", data=words))
    assert "Hasło zmieniono" in answer.text
    assert (await client.get("/me")).status_code == 200
    entry = await HistoryEntry.get(action="password changed")
    assert (entry.actor, entry.source, entry.address) == ("Alice", "web", "127.0.0.1")
