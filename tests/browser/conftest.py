"""The browser of the tests."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect, sync_playwright

from tests.conftest import or_skip, sqlite_copy
from tests.servers import chromium

LIMIT = 30_000  # milliseconds: a busy machine is slow, and a page that never comes fails all the same
expect.set_options(timeout=LIMIT)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    path = or_skip(chromium)
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield started
        started.close()


@pytest.fixture
def database_url(sqlite_template: Path) -> Iterator[str]:
    """Pages look the same on either database; what they ask is tested on both below them."""
    with sqlite_copy(sqlite_template) as url:
        yield url
