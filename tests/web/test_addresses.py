"""Addresses of pages as people mistype them: a page that says so, and never a fault of a form."""

import re
from pathlib import Path
from typing import Any

import pytest
from fastapi.routing import APIRoute

from tests.web.desk import Desk
from web.app import SiteOptions, create_site
from web.routes import all_routes

pytestmark = [pytest.mark.anyio, pytest.mark.databases("sqlite")]
ROUTES = [
    (method, route.path)
    for route in all_routes()
    if isinstance(route, APIRoute) and not route.include_in_schema and "{" in route.path
    for method in sorted(route.methods)
]


@pytest.fixture
async def desk(database: Any, tmp_path: Path) -> Desk:
    return await Desk(create_site(SiteOptions(secret_key="k" * 40, data_dir=tmp_path, language="en"))).open()


async def test_an_address_that_leads_nowhere_is_a_page(desk: Desk) -> None:
    assert len(ROUTES) > 10
    for method, path in ROUTES:
        for wrong in ("abc", "-1", "0x10", "9" * 40, "9" * 5000, "%20", "1.5", "a" * 3000, "%00", "%E2%80%AE"):
            address = re.sub(r"{\w+}", wrong, path)
            answer = await (desk.get(address, "admin") if method == "GET" else desk.post(address, "admin"))
            assert answer.status_code == 404, (method, address, answer.status_code)
            assert answer.headers["content-type"].startswith("text/html"), address
            assert "cannot be read" not in answer.text, address


async def test_the_page_says_so_in_words_and_leads_on(desk: Desk) -> None:
    text = await desk.read("/assets/abc", "alice", 404)
    assert "There is nothing at this address." in text
    assert "To today" in text
