"""After a form the browser is led to a page: the back button and a reload show no form that wants to be sent again."""

import re
from pathlib import Path
from typing import Any

import pytest
from fastapi.routing import APIRoute

from registry.core.drafts import FormDraft
from tests import make
from tests.conftest import Database
from tests.web.desk import Desk, form_token
from web.app import SiteOptions, create_site
from web.auth.session import FORM_FIELD

pytestmark = [pytest.mark.anyio, pytest.mark.databases("sqlite")]
# a tap on a tablet is answered with the screen itself: it has no back button, and no reload that sends again; what a
# form would do is drawn beside it while it is typed
SCREENS = {"/panel/command", "/admin/places/rooms/{code}/effects"}
NONSENSE = "nonsense"


@pytest.fixture
async def desk(database: Database, tmp_path: Path) -> Desk:
    return await Desk(create_site(SiteOptions(secret_key="k" * 40, data_dir=tmp_path, language="en"))).open()


def form_routes(desk: Desk) -> list[str]:
    routes = [route for route in desk.app.routes if isinstance(route, APIRoute) and not route.include_in_schema]
    return sorted(route.path for route in routes if "POST" in route.methods and route.path not in SCREENS)


async def test_after_every_form_comes_a_page_of_its_own(desk: Desk) -> None:
    """Whatever is sent to whichever address: it leads on, or it is an error of the whole request and no form."""
    room, asset = await make.make_room(code="M-1"), await make.make_asset(name="Chair")
    booking = await make.make_booking(room=room, organizer=desk.people["admin"])
    names = {"code": "M-1", "asset_id": str(asset.id), "booking_id": str(booking.id), "number": "1", "line": "1",
             "device_id": "1", "fault_id": "1", "token_id": "1", "session_id": "1", "login": "bob"}  # fmt: skip
    words = [
        "room",
        "date",
        "from",
        "to",
        "title",
        "key",
        "code",
        "thing",
        "custodian",
        "kind",
        "asset",
        "address",
        "new",
    ]
    fields = dict.fromkeys(words, NONSENSE)
    for path in form_routes(desk):
        for act in ("cancel", "move", "take", NONSENSE):
            address = re.sub(r"{(\w+)}", lambda match, act=act: names.get(match[1], act), path)
            for who in ("admin", "facilities", "coordinator"):
                if path == "/sign-out":
                    continue
                answer = await answer_to(desk, address, who, fields)
                is_error_page = answer.status_code >= 400 and 'class="empty fault"' in answer.text
                assert answer.status_code == 303 or is_error_page, (address, who, answer.status_code)


async def answer_to(desk: Desk, path: str, who: str, fields: dict[str, Any]) -> Any:
    token = form_token(desk.app.state.options, desk.secrets[who])
    async with desk._client(who) as client:  # what a refused form is answered itself
        return await client.post(path, data=fields | {FORM_FIELD: token})


REFUSED = {
    "/bookings": ({"room": "M-1", "date": "2026-13-40", "title": "Typed words"}, "coordinator"),
    "/rooms/M-1/panel": ({"panel_code": "Typed words"}, "facilities"),
    "/devices/pair": ({"panel_code": "Typed words", "panel_room": "M-1"}, "facilities"),
    "/panel/pair": ({"code": "Typed words", "room": "M-1"}, "facilities"),
    "/assets/1/move": ({"room": "NOWHERE", "reason": "Typed words"}, "facilities"),
    "/assets/1/tag": ({"code": "Typed words"}, "facilities"),
}


@pytest.mark.parametrize("path", REFUSED)
async def test_a_refused_form_keeps_its_words_on_the_page_it_leads_to(desk: Desk, path: str) -> None:
    fields, who = REFUSED[path]
    await make.make_room(code="M-1")
    asset = await make.make_asset(name="Chair")
    address = path.replace("/assets/1/", f"/assets/{asset.id}/")
    answer = await answer_to(desk, address, who, fields)
    assert answer.status_code == 303, answer.text[-3000:]
    for _ in range(2):  # also when it is loaded again
        page = await desk.get(answer.headers["location"], who)
        assert 400 <= page.status_code < 500
        assert "Typed words" in page.text
    stranger = await desk.get(answer.headers["location"], "admin" if who != "admin" else "facilities")
    assert "Typed words" not in stranger.text
    key = answer.headers["location"].partition("again=")[2]
    assert (await desk.get(f"/rooms/M-1?again={key}", who)).status_code in (200, page.status_code)


async def test_what_is_typed_is_not_in_an_address(desk: Desk) -> None:
    await make.make_room(code="M-1")
    answer = await answer_to(desk, "/bookings", "alice", {"room": "M-1", "date": "x", "title": "Secret subject"})
    assert "ecret" not in answer.headers["location"]
    assert await FormDraft.all().count() == 1
