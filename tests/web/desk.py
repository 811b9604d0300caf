"""Opens pages as anybody, with a session and the token of its forms."""

import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from html import unescape
from typing import Any

import httpx
from fastapi import FastAPI

from registry.core.history import SYSTEM
from registry.people.actions import issue_token
from registry.people.models import Person, Role, Session
from registry.people.queries import digest_of
from tests.make import make_institution, make_person
from web.auth.session import FORM_FIELD, SESSION, form_token

AGAIN = re.compile(r"[?&]again=")


class Desk:
    """``await desk.get("/rooms", "auditor")``: one person of each role; ``alice`` and ``bob`` are colleagues."""

    def __init__(self, app: FastAPI) -> None:
        self.app = app
        self.people: dict[str, Person] = {}
        self.secrets: dict[str, str] = {}

    async def open(self) -> "Desk":
        theirs = await make_institution(code="theirs")
        for login in ("alice", "bob"):
            await self.hire(await make_person(login, institution=theirs))
        for role in Role:
            await self.hire(await make_person(str(role), role=role))
        return self

    async def hire(self, person: Person) -> None:
        secret = f"secret-of-{person.login}-{person.id}"
        now = datetime.now(UTC)
        await Session.create(
            person=person, digest=digest_of(secret), created_at=now, expires_at=now + timedelta(hours=1)
        )
        self.people[person.login], self.secrets[person.login] = person, secret

    def _client(self, who: str) -> httpx.AsyncClient:
        return httpx.AsyncClient(
            transport=httpx.ASGITransport(self.app), base_url="http://test", cookies={SESSION: self.secrets[who]}
        )

    async def get(self, path: str, who: str, **more: Any) -> httpx.Response:
        async with self._client(who) as client:
            return await client.get(path, **more)

    async def post(self, path: str, who: str, /, **fields: Any) -> httpx.Response:
        """Send a form with this browser's token. Of a refused one the page that it leads back to."""
        token = form_token(self.app.state.options, self.secrets[who])
        async with self._client(who) as client:
            answer = await client.post(path, data={FORM_FIELD: token} | fields)
            is_led_back = answer.status_code == 303 and AGAIN.search(answer.headers["location"])
            return await client.get(answer.headers["location"]) if is_led_back else answer

    async def api(self, method: str, path: str, who: str, **more: Any) -> httpx.Response:
        """Call the API as a program of theirs, with a token made for it."""
        token = await issue_token(who, "test", SYSTEM, datetime.now(UTC))
        async with httpx.AsyncClient(transport=httpx.ASGITransport(self.app), base_url="http://test") as client:
            headers = {"authorization": f"Bearer {token}"} | more.pop("headers", {})
            return await client.request(method, f"/api/v1{path}", headers=headers, **more)

    async def send(self, path: str, who: str, /, **fields: Any) -> httpx.Response:
        """Send a form as a browser does: where it leads is opened."""
        answer = await self.post(path, who, **fields)
        return await self.get(answer.headers["location"], who) if answer.status_code == 303 else answer

    async def upload(
        self, path: str, who: str, files: Sequence[tuple[str, tuple[str, bytes]]], /, **fields: Any
    ) -> httpx.Response:
        """Send a form with files, each under its field with its name: where it leads is opened."""
        token = form_token(self.app.state.options, self.secrets[who])
        async with self._client(who) as client:
            answer = await client.post(path, data={FORM_FIELD: token} | fields, files=files)
            return await client.get(answer.headers["location"]) if answer.status_code == 303 else answer

    async def read(self, path: str, who: str, status: int = 200) -> str:
        """What a person reads on a page: its text, spaces made single."""
        answer = await self.get(path, who)
        assert answer.status_code == status, answer.text[:2000]
        return text_of(answer.text)


def text_of(page: str) -> str:
    """The text of a page's main part."""
    main = page.partition("<main")[2].partition("</main>")[0]
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", main)).split())
