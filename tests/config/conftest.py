"""The Help Point, loaded once per database and copied for each test that begins with it."""

import shutil
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher

from registry.people import actions
from tests.conftest import Database, apart, opened, postgres_copy, sqlite_copy
from tests.servers import Postgres

LOAD = """
import asyncio, sys, tempfile
from datetime import UTC, datetime
from pathlib import Path
from config.database import database
from config.demo.lists import load_help_point
from registry.core.history import SYSTEM
from registry.files import contents
from registry.files.contents import DirectoryContents

async def load(url):
    async with database(url):
        contents.use(DirectoryContents(files))
        await load_help_point(datetime(2026, 11, 1, 8, tzinfo=UTC), SYSTEM)

with tempfile.TemporaryDirectory() as files:  # no test looks at the picture of the floor
    files = Path(files)
    asyncio.run(load(sys.argv[1]))
"""


@pytest.fixture(scope="session")
def sqlite_help_point(sqlite_template: Path) -> Path:
    path = sqlite_template.with_name("help-point.sqlite3")
    shutil.copy(sqlite_template, path)
    apart(LOAD, f"sqlite://{path}")
    return path


@pytest.fixture(scope="session")
def postgres_help_point(postgres: Postgres) -> str:
    postgres.sql("CREATE DATABASE help_point TEMPLATE izba_template STRATEGY FILE_COPY")
    apart(LOAD, postgres.url("help_point"))
    return "help_point"


@pytest.fixture(params=["sqlite", "postgres"])
def help_point_url(request: pytest.FixtureRequest) -> Iterator[str]:
    if request.param == "sqlite":
        with sqlite_copy(request.getfixturevalue("sqlite_help_point")) as url:
            yield url
    else:
        template = request.getfixturevalue("postgres_help_point")
        with postgres_copy(request.getfixturevalue("postgres"), template) as url:
            yield url


@pytest.fixture
async def help_point(help_point_url: str, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Database]:
    """The Help Point as the demo loads it, open in this process, on SQLite and on PostgreSQL; passwords cost little."""
    monkeypatch.setattr(actions, "hasher", PasswordHash((Argon2Hasher(time_cost=1, memory_cost=8, parallelism=1),)))
    async with opened(help_point_url) as database:
        yield database
