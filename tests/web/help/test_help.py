"""The help: every page of the documentation, in the reader's language as far as it is written."""

import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.web.desk import Desk, text_of
from web.app import SiteOptions, create_site
from web.help.articles import DOCS, article, files, title_of
from web.kit.help_links import TOPICS, help_for

pytestmark = [pytest.mark.anyio, pytest.mark.databases("sqlite")]
HREF = re.compile(r'href="(/help[^"#]*)')


@pytest.fixture
async def client(database: Any, tmp_path: Path) -> AsyncIterator[httpx.AsyncClient]:
    app = create_site(SiteOptions(secret_key="k" * 40, data_dir=tmp_path, language="pl"))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test") as client:
        yield client


async def test_the_index_names_every_page_by_its_title(client: httpx.AsyncClient) -> None:
    page = (await client.get("/help")).text
    text = text_of(page)
    for words in ("Rezerwowanie pomieszczenia", "Error codes", "Klawisze"):
        assert words in text, words
    assert text.index("Rezerwowanie pomieszczenia") < text.index("Connecting sensors"), "one's own language first"
    client.cookies.set("izba_language", "en")
    assert "Booking a room" in text_of((await client.get("/help")).text)


async def test_every_page_opens_and_leads_only_to_pages_that_are_there(client: httpx.AsyncClient) -> None:
    names = {name for _, name in files() if name.count("/") <= 1}
    targets: set[str] = set()
    for name in sorted(names - {"index"}):
        answer = await client.get(f"/help/{name}")
        assert answer.status_code == 200, name
        targets |= set(HREF.findall(answer.text))
    assert len(targets) > 15
    for target in sorted(targets - {"/help"}):
        assert target.removeprefix("/help/") in names, target


async def test_a_page_is_polish_where_it_is_written_so_and_english_else(client: httpx.AsyncClient) -> None:
    page = (await client.get("/help/how-to/book-a-room")).text
    assert "Najszybciej" in page
    assert "po angielsku" not in text_of(page)
    page = (await client.get("/help/how-to/connect-devices")).text
    assert "Ta strona jest na razie po angielsku." in page
    assert '<article class="prose help" lang="en">' in page


@pytest.mark.parametrize(
    "name", ["x", "how-to/x", "../CHANGELOG", "how-to/../../x", "how-to/book-a-room/x", "HOW-TO", "%00"]
)
async def test_what_is_no_page_is_not_there(client: httpx.AsyncClient, name: str) -> None:
    assert (await client.get(f"/help/{name}")).status_code == 404


async def test_pictures_are_served_by_name(client: httpx.AsyncClient) -> None:
    answer = await client.get("/help/images/today-1440.png")
    assert (answer.status_code, answer.headers["content-type"]) == (200, "image/png")
    assert (await client.get("/help/images/secret.key")).status_code == 404


async def test_every_page_leads_to_its_help_and_tells_the_keys(database: Any, tmp_path: Path) -> None:
    desk = await Desk(create_site(SiteOptions(secret_key="k" * 40, data_dir=tmp_path, language="en"))).open()
    page = (await desk.get("/assets", "alice")).text
    assert '<a href="/help/how-to/find-an-asset">Help for this page</a>' in page
    assert '<dialog id="keys"' in page
    async with httpx.AsyncClient(transport=httpx.ASGITransport(desk.app), base_url="http://test") as client:
        client.cookies.set("izba_shortcut", "off")
        client.cookies.set("izba_session", desk.secrets["alice"])
        assert '<dialog id="keys"' not in (await client.get("/assets")).text, "keys can be turned off"


@pytest.mark.parametrize(
    ("path", "page"),
    [
        ("/", "/help/how-to/book-a-room"), ("/assets/12", "/help/how-to/find-an-asset"),
        ("/assets/import/3", "/help/how-to/import-a-list"), ("/t/ABC", "/help/how-to/scan"),
        ("/admin/system", "/help/how-to/run-in-production"), ("/account", "/help"),
    ],
)  # fmt: skip
def test_the_longest_beginning_decides(path: str, page: str) -> None:
    assert help_for(path) == page


def test_each_topic_is_a_page() -> None:
    assert [name for _, name in TOPICS if ("en", name) not in files()] == []


def test_each_polish_page_is_one_that_there_is_in_english() -> None:
    assert [name for language, name in files() if language == "pl" and ("en", name) not in files()] == []
    assert len([name for language, name in files() if language == "pl"]) > 8


def test_what_stands_in_a_file_cannot_become_a_script(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = DOCS / "how-to" / "scan.md"
    monkeypatch.setattr(
        Path, "read_text", lambda *_, **__: "# T\n\n<script>x</script> [a](javascript:x) [b](../../LICENSE)\n\n# T"
    )
    article.cache_clear()
    one = article("how-to/scan", "en")
    article.cache_clear()
    assert one
    assert "<script>" not in one.html
    assert 'href="javascript' not in one.html
    assert '<a href="/help">b</a>' in one.html
    assert 'id="t-2"' in one.html
    assert title_of(path) == "Scanning"
