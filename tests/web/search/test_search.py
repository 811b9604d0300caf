"""The search over everything: the exact first, each kind as far as its reader may see it. The ways to every page."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from registry.assets.models import Asset, Tag
from registry.assets.rules import search_text
from registry.core.history import SYSTEM
from registry.people.models import Role
from registry.people.rules import may
from registry.sets.actions import NewSet, make_set
from tests import make
from tests.conftest import Database
from tests.make import NOW
from tests.statements import Statements
from tests.web.conftest import Office
from tests.web.desk import Desk
from tests.web.test_postgres_pages import CODE
from web.app import SiteOptions, create_site
from web.kit.sections import SECTIONS, all_sections, masthead, second_row

pytestmark = pytest.mark.anyio


@pytest.fixture
async def desk(database: Database, tmp_path: Path) -> Desk:
    return await Desk(create_site(SiteOptions(secret_key="k" * 40, data_dir=tmp_path, language="en"))).open()


async def make_thing(name: str, number: str) -> Asset:
    asset = await make.make_asset(name=name, inventory_no=number)
    asset.search_text = search_text(name, number)
    await asset.save()
    return asset


async def test_what_fits_is_shown_by_its_kind(desk: Desk) -> None:
    room = await make.make_room(code="ZW-09", name="Sala projekcji")
    things = [await make_thing("Projektor laserowy", f"KPUW/{number}") for number in range(8)]
    await make_set(NewSet("Projekcja w sali", (things[0].id,)), SYSTEM, NOW)
    await make.make_booking(
        datetime.now(UTC) + timedelta(hours=3), room=room, title="Projekt domu", organizer=desk.people["alice"]
    )
    page = await desk.read("/search?q=projek", "alice")
    for words in ("Things", "All 8 things", "Sala projekcji", "My bookings", "Projekt domu", "Projekcja w sali"):
        assert words in page, words
    assert "Projekt domu" not in await desk.read("/search?q=projek", "bob"), "of bookings one's own"
    assert "Nothing fits" in await desk.read("/search?q=xyzzy", "alice")
    assert "Search" in await desk.read("/search", "alice")
    assert "Nothing fits" in await desk.read("/search?q=a%00b", "alice")


async def test_a_whole_code_leads_to_what_has_it(desk: Desk) -> None:
    await make.make_room(code="ZW-09", name="Sala")
    thing = await make_thing("Projektor", "KPUW/1")
    await make_thing("Projektor", "KPUW/12")
    await Tag.create(code=CODE, asset_id=thing.id, created_at=NOW)
    for typed, place in (
        ("kpuw/1", f"/assets/{thing.id}"), (CODE.lower(), f"/assets/{thing.id}"), ("zw-09", "/rooms/ZW-09"),
    ):  # fmt: skip
        assert (await desk.get(f"/search?q={typed}", "alice")).headers["location"] == place, typed
    part = await desk.get("/search?q=kpuw/1", "alice", headers={"hx-request": "true", "hx-request-type": "partial"})
    assert "Exactly this" in part.text
    assert "<html" not in part.text


async def test_what_is_typed_is_searched_once_in_the_register(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    await make_thing("Projektor", "KPUW/1")

    async def again(_: object) -> bool:
        raise AssertionError("what fits is found by the search itself")

    monkeypatch.setattr("registry.scans.queries.fits", again)
    assert "Projektor" in await desk.read("/search?q=projek", "alice")


async def test_people_are_found_by_those_alone_who_may_see_them(desk: Desk) -> None:
    for who in ("coordinator", "admin", "auditor"):
        assert "custodian=bob" in (await desk.get("/search?q=bob", who)).text, who
    for who in ("alice", "facilities", "duty"):
        assert "custodian=bob" not in (await desk.get("/search?q=bob", who)).text, who


async def test_a_page_of_the_site_is_found_by_its_word(desk: Desk) -> None:
    assert 'href="/labels"' in (await desk.get("/search?q=labe", "facilities")).text
    assert 'href="/labels"' not in (await desk.get("/search?q=labe", "member")).text


async def test_a_search_takes_as_many_statements_among_many_things_as_among_few(
    desk: Desk, statements: Statements
) -> None:
    for number in range(3):
        await make_thing("Projektor", f"KPUW/{number}")
    await desk.get("/search?q=proj", "admin")
    with statements.at_most(22):
        await desk.get("/search?q=proj", "admin")


async def test_programs_search_too(office: Office) -> None:
    thing = await make_thing("Projektor laserowy", "KPUW/1")
    answer = (await office.get("/search?q=laser")).json()
    assert answer["items"] == [
        {"kind": "asset", "title": "Projektor laserowy", "where": "KPUW/1", "url": f"/assets/{thing.id}"}
    ]
    assert (answer["things"], answer["total"], answer["next"]) == (1, 1, None)
    assert (await office.get("/search?q=KPUW/1")).json()["items"][0]["kind"] == "exact"
    assert (await office.get("/search?q=x&limit=3")).status_code == 422
    assert (await office.get("/search?q=x", None)).status_code == 401


@pytest.mark.parametrize("role", Role)
def test_a_phone_has_five_words_and_every_link_is_one_that_the_role_may_open(role: Role) -> None:
    links = masthead(role, "/")
    assert len([link for link in links if link.device != "wide-only"]) == (5 if role is not Role.AUDITOR else 4)
    assert [link.href for link in links if link.is_current] == ["/"]
    hrefs = {page.href for _, pages in all_sections(role) for page in pages}
    assert {link.href for link in links} <= hrefs | {"/more", "/bookings/new"}


async def test_a_page_has_the_words_of_the_table_and_no_others(desk: Desk) -> None:
    for role in Role:
        page = (await desk.get("/rooms", str(role))).text
        bar = page.partition("<nav")[2].partition("</nav>")[0]
        assert bar.count("<li") == len(masthead(role, "/rooms")), role


def test_the_second_row_knows_where_one_is() -> None:
    def current(path: str) -> list[str]:
        return [link.href for link in second_row(Role.FACILITIES, path) if link.is_current]

    assert current("/assets/17") == current("/assets") == ["/assets"]
    assert current("/assets/import/abc") == ["/assets/import"]
    assert current("/t/ABC1234") == ["/scan"]
    assert second_row(Role.FACILITIES, "/") == []
    assert second_row(Role.FACILITIES, "/me") == []
    assert [link.href for link in masthead(Role.FACILITIES, "/labels") if link.is_current] == ["/assets", "/more"]
    assert [link.href for link in masthead(Role.MEMBER, "/bookings/new") if link.is_current] == [
        "/calendar",
        "/bookings/new",
    ]


async def test_every_page_of_the_table_opens_for_who_may_see_it(desk: Desk) -> None:
    for role in Role:
        page = await desk.get("/more", str(role))
        for section in SECTIONS:
            for one in section.pages:
                is_open = f'href="{one.href}"' in page.text
                if one.href == "/approvals":  # offered to who answers for any room; Today leads there whoever is asked
                    is_open = may(role, "bookings.make")
                assert (await desk.get(one.href, str(role))).status_code == (200 if is_open else 403), (role, one.href)
