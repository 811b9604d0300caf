"""An office behind the API: Alice and Bob of one institution, Charlie a stranger, and one of each other role."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from registry.bookings.models import Booking
from registry.core.history import SYSTEM
from registry.people.actions import issue_token
from registry.people.models import Person, Role
from registry.rooms.models import Room, Visibility
from tests.conftest import WARSAW
from tests.make import make_asset, make_booking, make_building, make_people, make_person, make_room
from web.app import SiteOptions, create_site

API = "/api/v1"


class Office:
    """Calls the API as anybody: ``await office.get("/rooms", who="bob")``."""

    def __init__(self, app: FastAPI, client: httpx.AsyncClient) -> None:
        self.app, self.client = app, client
        self.tokens: dict[str, str] = {}
        self.people: dict[str, Person] = {}
        self.rooms: dict[str, Room] = {}

    async def hire(self, person: Person) -> None:
        self.people[person.login] = person
        self.tokens[person.login] = await issue_token(person.login, "test", SYSTEM, datetime.now(UTC))

    async def call(self, method: str, path: str, who: str | None = "alice", **more: Any) -> httpx.Response:
        headers = {"authorization": f"Bearer {self.tokens[who]}"} if who else {}
        path = path if path.startswith(("/api", "/healthz", "/readyz", "/metrics")) else API + path
        return await self.client.request(method, path, headers=headers | more.pop("headers", {}), **more)

    async def get(self, path: str, who: str | None = "alice", **more: Any) -> httpx.Response:
        return await self.call("GET", path, who, **more)

    async def post(self, path: str, json: Any = None, who: str | None = "alice", **more: Any) -> httpx.Response:
        return await self.call("POST", path, who, **({"json": json} if json is not None else {}), **more)

    async def book(self, hours: float = 24, room: str = "M-1", who: str = "alice", **more: Any) -> httpx.Response:
        """An hour that begins so many hours from now."""
        return await self.post("/bookings", wish(hours, room, **more.pop("wish", {})), who, **more)

    async def held(self, room: str, hours: float = 24, who: str = "alice", **columns: Any) -> Booking:
        """An hour that is there already, of this person and their institution."""
        person = self.people[who]
        columns = {"organizer": person, "institution_id": person.institution_id} | columns
        return await make_booking(soon(hours), room=self.rooms[room], **columns)


def soon(hours: float) -> datetime:
    return (datetime.now(UTC) + timedelta(hours=hours)).replace(microsecond=0)


def until_noon() -> float:
    """The hours until the next day's noon in the office: whoever asks by day is offered times by day."""
    now = datetime.now(WARSAW)
    noon = datetime.combine(now.date() + timedelta(days=1), time(12), WARSAW)
    return (noon - now) / timedelta(hours=1)


def wish(hours: float = 24, room: str = "M-1", **more: Any) -> dict[str, Any]:
    starts_at = soon(hours)
    ends_at = starts_at + timedelta(hours=1)
    return {"room": room, "starts_at": starts_at.isoformat(), "ends_at": ends_at.isoformat()} | more


@pytest.fixture
async def office(database: Any, tmp_path: Path) -> AsyncIterator[Office]:
    """Rooms M-1 and M-2 (internal), P-1 (public), C-1 (confidential), H-1 (hidden), all in one building."""
    options = SiteOptions(
        secret_key="k" * 40, data_dir=tmp_path, language="en", families=("native", "zigbee2mqtt", "tasmota")
    )
    app = create_site(options)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://test") as client:
        office = Office(app, client)
        for person in await make_people():
            await office.hire(person)
        for role in Role:
            if role is not Role.MEMBER:
                await office.hire(await make_person(str(role), role=role))
        building = await make_building()
        classes = {"M-1": "internal", "M-2": "internal", "P-1": "public", "C-1": "confidential", "H-1": "hidden"}
        for code, visibility in classes.items():
            office.rooms[code] = await make_room(code=code, building=building, visibility=Visibility(visibility))
        await make_asset(room=office.rooms["M-1"], search_text="krzeslo konferencyjne")
        yield office
