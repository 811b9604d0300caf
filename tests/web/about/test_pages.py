"""Pages about the site itself, for anybody who opens them."""

from dataclasses import replace
from pathlib import Path

import httpx
import pytest

from registry.people import policy
from registry.people.rules import SignInRules
from tests.conftest import Database
from tests.web.desk import text_of
from web.app import DataProtection, Declaration, SiteOptions, create_site

pytestmark = [pytest.mark.anyio, pytest.mark.databases("sqlite")]


async def opened(options: SiteOptions, path: str, language: str = "en") -> str:
    transport = httpx.ASGITransport(create_site(replace(options, language=language)))
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        answer = await client.get(path)
        assert answer.status_code == 200
        return answer.text


async def test_anybody_reads_what_is_kept_of_whom_and_for_how_long(database: Database, tmp_path: Path) -> None:
    policy.use(SignInRules(session_hours=9, window_minutes=21))
    protection = DataProtection("iod@urzad.example", "https://urzad.example/rodo", 14)
    declaration = Declaration(entity="Urząd Próbny", address="Próbna 1")
    options = SiteOptions("k" * 40, tmp_path, declaration=declaration, data_protection=protection)
    page = await opened(options, "/privacy")
    text = text_of(page)
    for words in (
        "Urząd Próbny Próbna 1",
        "iod@urzad.example",
        "A signed-in browser 9 hours",
        "in ordinary rooms 14 days",
    ):
        assert words in text, words
    assert "when and where 90 days" in text
    assert "the mails that told you 90 days" in text
    assert "the address of the network 21 minutes" in text
    assert 'href="https://urzad.example/rodo"' in page
    assert 'href="/privacy"' in page.partition("<footer")[2], "it stands at the foot of every page"
    assert "Dane osobowe" in await opened(options, "/privacy", "pl")


async def test_traces_are_kept_for_a_day_at_least_as_they_are_forgotten(database: Database, tmp_path: Path) -> None:
    options = SiteOptions("k" * 40, tmp_path, data_protection=DataProtection(trace_days=0))
    text = text_of(await opened(options, "/privacy"))
    assert "in ordinary rooms 1 day" in text
    assert "Whom to ask" not in text
