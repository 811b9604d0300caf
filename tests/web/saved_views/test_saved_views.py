"""Saved views: one's own and the office's, from the list and by API."""

import re
from html import unescape
from pathlib import Path
from typing import Any

import pytest

from registry.core.history import HistoryEntry
from registry.saved_views.models import SavedView
from registry.saved_views.rules import MOST
from tests import make
from tests.web.desk import Desk, text_of
from web.app import SiteOptions, create_site

pytestmark = pytest.mark.anyio
QUERY = "room=ZW-01&sort=-price&cols=name,price"


@pytest.fixture
async def desk(database: Any, tmp_path: Path) -> Desk:
    return await Desk(create_site(SiteOptions(secret_key="k" * 40, data_dir=tmp_path, language="en"))).open()


async def test_what_the_list_shows_is_saved_and_stands_above_it(desk: Desk) -> None:
    await make.make_asset(room=await make.make_room(code="ZW-01"))
    page = (await desk.get(f"/assets?{QUERY}", "facilities")).text
    form = re.search(r'action="/assets/views">.*?name="query" value="([^"]+)"', page, re.DOTALL)
    assert form
    answer = await desk.post("/assets/views", "facilities", name=" Sala ", query=unescape(form[1]), key="a")
    assert answer.headers["location"] == f"/assets?{QUERY}"
    await desk.post("/assets/views", "facilities", name=" Sala ", query=unescape(form[1]), key="a")
    assert await SavedView.all().count() == 1, "the same form sent twice saves once"
    page = (await desk.get(f"/assets?{QUERY}", "facilities")).text
    tab = re.search(rf'<a href="/assets\?{re.escape(QUERY.replace("&", "&amp;"))}" aria-current="true">(.*?)</a>', page)
    assert tab
    assert text_of(f"<main>{tab[1]}</main>").endswith("my view: Sala")
    assert "Sala" not in text_of((await desk.get("/assets", "admin")).text)


async def test_the_office_has_what_who_keeps_the_register_shares(desk: Desk) -> None:
    await make.make_asset()
    await desk.post("/assets/views", "facilities", name="Do druku", query="printed=no", shared="1")
    assert "Do druku" in text_of((await desk.get("/assets", "member")).text)
    refused = await desk.post("/assets/views", "member", name="Moje", query="", shared="1")
    assert refused.status_code == 403
    await desk.post("/assets/views", "member", name="Moje", query="fault=open")
    page = await desk.read("/assets/views", "member")
    assert "Do druku" in page
    assert "Moje" in page
    view = await SavedView.get(name="Do druku")
    for path in (f"/assets/views/{view.id}", f"/assets/views/{view.id}/delete"):
        assert (await desk.post(path, "member", name="x")).status_code == 403
    mine = await SavedView.get(name="Moje")
    assert (await desk.post(f"/assets/views/{mine.id}", "admin", name="x")).status_code == 404


async def test_a_view_is_renamed_shared_and_deleted_with_its_history(desk: Desk) -> None:
    await desk.post("/assets/views", "facilities", name="Sala", query=QUERY)
    view = await SavedView.get(name="Sala")
    answer = await desk.post(f"/assets/views/{view.id}", "facilities", name="Sala 1", shared="1", revision="1")
    assert answer.headers["location"] == "/assets/views"
    stale = await desk.post(f"/assets/views/{view.id}", "admin", name="Sala 2", shared="1", revision="1")
    assert stale.status_code == 412
    assert 'value="Sala 2"' in stale.text
    assert (await desk.post(f"/assets/views/{view.id}/delete", "admin")).status_code == 303
    entries = await HistoryEntry.filter(object=f"view:{view.id}").order_by("seq")
    assert [entry.action for entry in entries] == ["saved", "changed", "deleted"]
    assert "No view is saved yet" in await desk.read("/assets/views", "facilities")


async def test_a_faulty_name_is_said_and_nothing_is_lost(desk: Desk) -> None:
    await desk.post("/assets/views", "facilities", name="Sala", query=QUERY)
    answer = await desk.post("/assets/views", "facilities", name="Sala", query="fault=open")
    assert answer.status_code == 409
    assert "There is a view called Sala already" in answer.text
    assert 'name="query" value="fault=open"' in answer.text
    assert (await desk.post("/assets/views", "facilities", name=" ", query="")).status_code == 422
    view = await SavedView.get(name="Sala")
    answer = await desk.post(f"/assets/views/{view.id}", "facilities", name="x" * 61)
    assert answer.status_code == 422
    assert "x" * 61 in answer.text
    for number in range(MOST):
        await SavedView.create(
            owner=desk.people["facilities"], name=f"W {number}", query="", made_at=make.NOW, is_shared=False
        )
    assert (await desk.post("/assets/views", "facilities", name="Jeszcze", query="")).status_code == 409


async def test_a_shared_view_tells_no_money_to_who_does_not_count_it(desk: Desk) -> None:
    await make.make_asset()
    await desk.post("/assets/views", "facilities", name="Drogie", query=QUERY, shared="1")
    page = (await desk.get("/assets", "member")).text
    href = re.search(r'<a href="([^"]+)">Drogie', page)
    assert href
    assert unescape(href[1]) == "/assets?room=ZW-01&cols=name"


async def test_programs_keep_views_too(desk: Desk) -> None:
    creation = await desk.api("POST", "/views", "facilities", json={"name": "Sala", "query": f"?{QUERY}&nonsense=1"})
    assert creation.status_code == 201
    view = creation.json()
    assert (view["query"], view["shared"], view["mine"]) == (QUERY, False, True)
    changed = await desk.api(
        "PATCH", f"/views/{view['id']}", "facilities", json={"shared": True, "query": "fault=open"}
    )
    assert (changed.json()["shared"], changed.json()["query"], changed.json()["revision"]) == (True, "fault=open", 2)
    same = await desk.api("PATCH", f"/views/{view['id']}", "facilities", json={"shared": True})
    assert same.headers["etag"] == '"2"'
    listed = (await desk.api("GET", "/views", "member")).json()
    assert [(one["name"], one["mine"]) for one in listed["items"]] == [("Sala", False)]
    assert (await desk.api("DELETE", f"/views/{view['id']}", "member")).status_code == 403
    assert (await desk.api("DELETE", f"/views/{view['id']}", "admin")).status_code == 204
    assert (await desk.api("GET", f"/views/{view['id']}", "facilities")).status_code == 404
    assert (await desk.api("GET", "/views/99999999999", "facilities")).status_code == 404
