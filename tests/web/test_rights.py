"""Every page and every act, as each role and as a stranger: what is not allowed is neither shown nor done.

A new page or form needs nothing here but, where its address has a part that the table below does not fill, its line.
"""

import asyncio
import re
from html import unescape
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi.routing import APIRoute

from registry.assets.categories import NewCategory, add_category
from registry.assets.transitions import TRANSITIONS, Answers
from registry.blocks.rules import Clearance, NewBlock
from registry.bookings.series_actions import book_series
from registry.bookings.series_rules import SeriesRequest
from registry.core.history import SYSTEM
from registry.departures.rules import LoadKind
from registry.faults.actions import NewReport, report
from registry.faults.asset_transitions import perform
from registry.feeds.actions import FeedWish, make_feed
from registry.feeds.models import FeedScope
from registry.people import rules
from registry.people.links import LinkWay, invite
from registry.people.models import Role
from registry.saved_views.actions import save_view
from registry.sets.actions import NewSet, make_set
from registry.works.actions import block_for_works, make_works
from registry.works.rules import NewWorks
from tests import make
from tests.conftest import WARSAW, Database
from tests.web.conftest import soon
from tests.web.desk import Desk
from web.app import SiteOptions, create_site
from web.kit.rights import Access, accesses
from web.routes import all_routes

pytestmark = [pytest.mark.anyio, pytest.mark.databases("sqlite")]
ROUTES = [route for route in all_routes() if isinstance(route, APIRoute)]
ALL = list(accesses(ROUTES))
ROLES = [str(role) for role in Role]
# live streams, which do not end
ENDLESS = re.compile(r".*/(events|wave)")
PATIENCE = 20  # seconds: a page that takes longer is a stream that has no line above
# acts whose right depends on what they do
BY_ACT = {name: transition.may for name, transition in TRANSITIONS.items()}
LINK = re.compile(r'(?:href|action)="(/[^"#]*)')
FORM = re.compile(r'<form [^>]*action="(/[^"?#]*)[^>]*>')
# what a call needs in its query for the capability alone to decide
QUERIES = {"/api/v1/history": "?object=asset:1"}


@pytest.fixture
async def desk(database: Database, tmp_path: Path) -> Desk:
    return await Desk(create_site(SiteOptions(secret_key="k" * 40, data_dir=tmp_path, language="en"))).open()


async def furnish(desk: Desk) -> dict[str, str]:
    """One of everything, each with what there is to do about it; what stands in addresses for each."""
    building = await make.make_building(code="M-1", site=await make.make_site(code="M-1"))
    room = await make.make_room(code="M-1", building=building)
    await make.make_institution(code="M-1")
    await make.make_opening(code="M-1")
    bob = desk.people["bob"]
    asset = await make.make_asset(room=room, custodian=bob, name="Projektor", condition="faulty")
    booking = await make.make_booking(soon(24), room=room, organizer=desk.people["admin"])
    await make.make_device(room=room, code="sensor")
    fault = (await report(NewReport(asset_id=asset.id, text="x"), SYSTEM, soon(0))).fault
    await make_set(NewSet("Zestaw", (asset.id,)), SYSTEM, soon(0))
    other, admin = await make.make_room(code="M-2"), desk.people["admin"]
    await perform("move", asset.id, Answers(room_id=other.id, reason="narada"), SYSTEM, soon(0))
    await add_category(NewCategory("Krzesła", code="M-1"), SYSTEM, soon(0))
    day = soon(24).date()
    works = await make_works(NewWorks("Remont", day, day, ("M-1",)), SYSTEM, soon(0))
    span = (soon(72), soon(96))
    block = await block_for_works(works.id, NewBlock(("M-1",), (span,), "x"), Clearance(), admin, SYSTEM, soon(0))
    feed = await make_feed(FeedWish(FeedScope.ME), admin, "k" * 40, SYSTEM, soon(0))
    await invite(["bob"], LinkWay.SLIP, SYSTEM, soon(0))
    await save_view("Krzesła", "q=krzesło", True, admin, SYSTEM, soon(0))
    start = soon(48).astimezone(WARSAW).replace(tzinfo=None, second=0, fold=0)
    series = await book_series(SeriesRequest("M-2", start, 60, "FREQ=WEEKLY;COUNT=3"), admin, SYSTEM, soon(0))
    return {
        "series_id": str(series.id),
        "code": "M-1", "asset_id": str(asset.id), "booking_id": str(booking.id), "fault_id": str(fault.id),
        "login": "bob", "set_id": "1", "grant_id": "1", "number": "1", "file_id": "1", "device": "sensor",
        "device_id": "1", "room_id": str(room.id), "date": "2026-12-24", "document_id": "1", "works_id": str(works.id),
        "block_id": str(block.id), "feed_id": str(feed.id), "view_id": "1", "site": "M-1", "building": "M-1",
        "floor": "0",
    }  # fmt: skip


def filled(path: str, names: dict[str, str]) -> str:
    return re.sub(r"{(\w+)(?::\w+)?}", lambda match: names.get(match[1], "1"), path)


def access_of(method: str, address: str) -> Access | None:
    """The row of the table that an address belongs to: the route that the site itself would take."""
    scope = {"type": "http", "method": method, "path": address, "headers": [], "query_string": b"", "root_path": ""}
    for route in ROUTES:
        match, _ = route.matches(scope)
        if match.name == "FULL":
            return next(row for row in ALL if row.path == route.path and row.method == method)
    return None


async def test_who_may_not_is_refused_everywhere_and_who_may_is_not(desk: Desk) -> None:
    """Each row of the table of docs/reference/roles.md, as each role."""
    names = await furnish(desk)
    tokens = {role: await desk_token(desk, role) for role in ROLES}
    wrong = []
    for row in ALL:
        if not row.capabilities or ENDLESS.fullmatch(row.path):
            continue
        address = filled(row.path, names) + QUERIES.get(row.path, "")
        for role in ROLES:
            if Role(role) in row.roles and row.method != "GET":
                continue  # what they may do is tested where it is done
            answer = await ask(desk, row, address, role, tokens[role])
            is_refused = answer.status_code == 403 and "Your role does not allow this" in answer.text
            if is_refused != (Role(role) not in row.roles):
                wrong.append((row.method, row.path, role, answer.status_code))
    assert wrong == []


async def test_a_stranger_gets_in_nowhere_but_at_the_door(desk: Desk) -> None:
    names = await furnish(desk)
    wrong = []
    async with httpx.AsyncClient(transport=httpx.ASGITransport(desk.app), base_url="http://test") as client:
        for row in ALL:
            if not row.is_for_members or ENDLESS.fullmatch(row.path) and not row.is_call or row.path == "/drafts":
                continue
            answer = await client.request(row.method, filled(row.path, names))
            is_led = answer.status_code == 303 and answer.headers["location"].startswith("/sign-in")
            if not (answer.status_code == 401 if row.is_call else is_led or answer.status_code == 403):
                wrong.append((row.method, row.path, answer.status_code))
    assert wrong == []


@pytest.mark.parametrize("role", ROLES)
async def test_nothing_is_shown_that_the_role_may_not_do(desk: Desk, role: str) -> None:
    names = await furnish(desk)
    offers: dict[tuple[str, str], str] = {}
    for row in ALL:
        if row.is_call or row.method != "GET" or ENDLESS.fullmatch(row.path) or not row.is_for_members:
            continue
        if Role(role) not in row.roles:
            continue
        address = filled(row.path, names)
        async with asyncio.timeout(PATIENCE):
            answer = await desk.get(address, role)
        if answer.status_code != 200 or not answer.headers["content-type"].startswith("text/html"):
            continue
        for link in {unescape(one) for one in LINK.findall(answer.text)}:
            offers.setdefault(("GET", link.partition("?")[0]), row.path)
        for form in FORM.finditer(answer.text):
            if 'method="post"' in form[0] and " hidden" not in form[0]:
                offers.setdefault(("POST", unescape(form[1])), row.path)
    wrong = []
    for (method, address), page in sorted(offers.items()):
        access = access_of(method, address)
        if access and (Role(role) not in access.roles or not may_act(role, access, address)):
            wrong.append((page, method, address))
    assert wrong == [], "these lead somewhere that this role may not go"
    assert len(offers) > 20


def may_act(role: str, access: Access, address: str) -> bool:
    """Whether a role may take an asset through the transition that a form leads to."""
    if access.path not in ("/assets/{asset_id}/{act}", "/assets/{asset_id}/transitions/{name}"):
        return True
    capability = BY_ACT.get(address.rsplit("/", 1)[1])
    return capability is None or rules.may(role, capability)


async def desk_token(desk: Desk, role: str) -> str:
    from_page = (await desk.get("/me", role)).text
    token = re.search(r'name="csrf-token" content="([^"]+)"', from_page)
    assert token
    return token[1]


async def ask(desk: Desk, row: Access, address: str, role: str, token: str) -> Any:
    """A request of this person's browser, with the token of its forms."""
    headers = {"x-csrf-token": token, "accept-language": "en"}
    async with desk._client(role) as client, asyncio.timeout(PATIENCE):
        return await client.request(row.method, address, headers=headers)


def test_the_table_knows_every_address() -> None:
    assert len(ALL) > 250
    assert {"people.manage", "office.see", "history.see"} <= {name for row in ALL for name in row.capabilities}
    assert all(row.about for row in ALL), [row.path for row in ALL if not row.about]
    assert len(LoadKind) == 5
