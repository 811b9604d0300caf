"""The browser of the tests."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

import pytest
from playwright.sync_api import Browser, expect, sync_playwright

from tests.conftest import or_skip, sqlite_copy
from tests.servers import chromium

LIMIT = 30_000  # milliseconds: a busy machine is slow, and a page that never comes fails all the same
expect.set_options(timeout=LIMIT)


ARGUMENTS = ["--no-sandbox"]
# what is found is the same; counting what passed too takes twice as long
AXE_OPTIONS = "{resultTypes: ['violations']}"


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """One for the tests of a file, which have no event loop: the one of Playwright runs in their thread."""
    path = or_skip(chromium)
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=path, args=ARGUMENTS)
        yield started
        started.close()


class BrowserThread(NamedTuple):
    """A browser that belongs to a thread: whoever has an event loop in its own asks for pages there."""

    thread: ThreadPoolExecutor
    browser: Browser


@pytest.fixture(scope="session")
def browser_thread() -> Iterator[BrowserThread]:
    path = or_skip(chromium)
    with ThreadPoolExecutor(1, "browser") as thread:
        playwright = thread.submit(sync_playwright().start).result()
        try:
            started = thread.submit(playwright.chromium.launch, executable_path=path, args=ARGUMENTS).result()
            yield BrowserThread(thread, started)
            thread.submit(started.close).result()
        finally:
            thread.submit(playwright.stop).result()


@pytest.fixture
def database_url(sqlite_template: Path) -> Iterator[str]:
    """Pages look the same on either database; what they ask is tested on both below them."""
    with sqlite_copy(sqlite_template) as url:
        yield url
