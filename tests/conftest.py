"""What every test stands on: both databases, a broker, no network, and no skipping in CI."""

from tests import covered  # before what it is to count

# isort: split
import gc
import itertools
import os
import re
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import hypothesis
import pytest
from tortoise.context import TortoiseContext

import config.database
from registry.core.context import OpenRegister
from registry.files import contents
from registry.files.contents import DirectoryContents
from tests.models import drawn_once
from tests.servers import Missing, Mosquitto, Postgres, scratch
from tests.statements import Statements

ROOT = Path(__file__).parent.parent
IN_CI = os.environ.get("CI") == "true"
WARSAW = ZoneInfo("Europe/Warsaw")
# the same draws everywhere, and no limit that a busy machine would break
hypothesis.settings.load_profile("ci")
MIGRATE = """
import asyncio, sys
from config.database import database, migrate

async def up(url):
    async with database(url) as context:
        await migrate(context, url)

asyncio.run(up(sys.argv[1]))
"""


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    return "asyncio"


def pytest_sessionfinish(session: pytest.Session) -> None:
    """In CI a skipped test is a failure, what could not be had was not tested; so is code that no test runs."""
    covered.write_counts()
    reporter: Any = session.config.pluginmanager.get_plugin("terminalreporter")
    if not reporter or session.exitstatus != pytest.ExitCode.OK:
        return
    if IN_CI and reporter.stats.get("skipped"):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
        reporter.write_line("\nWith CI=true nothing may be skipped.", red=True)
    if covered.DIRECTORY and not covered.table()[1]:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


@pytest.hookimpl(trylast=True)
def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Name the code that no test runs; and what failed first and passed when it was run once more, as CI runs it, with
    how it failed.
    """
    if covered.DIRECTORY:
        terminalreporter.section("covered")
        terminalreporter.write_line("\n".join(covered.table()[0]))
    stats = terminalreporter.stats
    failed = {report.nodeid for kind in ("failed", "error") for report in stats.get(kind, ())}
    flaky = [report for report in stats.get("rerun", ()) if report.nodeid not in failed]
    if flaky:
        terminalreporter.section("FLAKY", yellow=True)
    for report in flaky:
        terminalreporter.write_line(f"{report.longreprtext}\n{report.nodeid}\n")


# the files that take longest; those that wait for a broker stand between those that keep both processors busy
LONG = (
    "browser/test_panel_page", "devices/broker/test_connection", "browser/test_assets", "devices/test_run",
    "journeys", "browser", "devices/broker", "config/test_cli", "test_migrations", "config", "web", "devices",
)  # fmt: skip


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Alone, the quick ones first: a slip shows within seconds, not after the browser has run. Where workers take file
    after file, the longest first: none is left with one at the end.
    """
    is_shared = "PYTEST_XDIST_WORKER" in os.environ
    items.sort(key=lambda item: _length(item) if is_shared else -_length(item))


def _length(item: pytest.Item) -> int:
    path = item.path.relative_to(ROOT / "tests").as_posix() if item.path.is_relative_to(ROOT / "tests") else ""
    return next((rank for rank, start in enumerate(LONG) if path.startswith(start)), len(LONG))


def pytest_collection_finish() -> None:
    """Seven thousand tests and all the modules stay to the end: nobody need look through them for garbage each time."""
    gc.collect()
    gc.freeze()


@pytest.fixture(autouse=True)
def _no_midnight_in_between() -> None:
    """What a test books for today would be another day's a moment later: a day's last two minutes are waited out."""
    now = datetime.now(WARSAW)
    midnight = datetime.combine(now.date() + timedelta(days=1), datetime.min.time(), WARSAW)
    seconds = (midnight - now).total_seconds()
    if seconds < 120:
        time.sleep(seconds)


@pytest.fixture(autouse=True, scope="session")
def _models_drawn_once() -> Iterator[None]:
    with drawn_once():
        yield


# no network


@pytest.fixture(autouse=True, scope="session")
def _only_loopback() -> Iterator[None]:
    """Refuse every socket that would leave this machine, and every name that would be asked of another."""
    patch = pytest.MonkeyPatch()
    patch.setattr(socket.socket, "connect", _guarded(socket.socket.connect))
    patch.setattr(socket.socket, "connect_ex", _guarded(socket.socket.connect_ex))
    look_up = socket.getaddrinfo

    def look_up_here(host: Any, *rest: Any, **options: Any) -> Any:
        _refuse_foreign(host)
        return look_up(host, *rest, **options)

    patch.setattr(socket, "getaddrinfo", look_up_here)
    yield
    patch.undo()


def _guarded(connect: Callable[..., Any]) -> Callable[..., Any]:
    def connect_here(self: socket.socket, address: Any) -> Any:
        if self.family in (socket.AF_INET, socket.AF_INET6):
            _refuse_foreign(address[0])
        return connect(self, address)

    return connect_here


def _refuse_foreign(host: Any) -> None:
    name = host.decode() if isinstance(host, bytes) else host
    if name not in (None, "", "localhost", "::1", "0.0.0.0") and not str(name).startswith("127."):
        raise RuntimeError(f"a test tried to reach {name}: tests stay on loopback")


# servers


def or_skip(make: Callable[[], Any]) -> Any:
    """Start a server, or skip the test by the name of what is missing."""
    try:
        return make()
    except Missing as missing:
        pytest.skip(str(missing))


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """A PostgreSQL of this process, with the migrated template ``izba_template`` and a database that tests share."""
    server: Postgres = or_skip(Postgres)
    try:
        server.sql("CREATE DATABASE izba_template")
        migrated(server.url("izba_template"))
        server.share("izba_template")
        yield server
    finally:
        server.stop()


@pytest.fixture
def mosquitto() -> Iterator[Mosquitto]:
    """A fresh Mosquitto: ``.url``, ``.port``, ``.stop()``, ``.start()``."""
    broker: Mosquitto = or_skip(Mosquitto)
    try:
        yield broker
    finally:
        broker.close()


# databases


@dataclass(frozen=True)
class Database:
    """An open, migrated, empty database."""

    dialect: str
    url: str
    context: TortoiseContext


def migrated(url: str) -> None:
    """Bring a database up to date in another process, which leaves nothing behind in this one."""
    apart(MIGRATE, url)


def apart(script: str, url: str) -> None:
    """Run a script on a database in a process of its own."""
    subprocess.run([sys.executable, "-W", "error", "-c", script, url], check=True, cwd=ROOT, timeout=300)


@pytest.fixture(scope="session")
def sqlite_template() -> Iterator[Path]:
    home = scratch("sqlite")
    migrated(f"sqlite://{home / 'template.sqlite3'}")
    yield home / "template.sqlite3"
    shutil.rmtree(home)


_numbers = itertools.count(1)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Whatever asks for a database runs once on each; what is marked ``databases("sqlite")`` on that one alone."""
    if "dialect" in metafunc.fixturenames:
        mark = metafunc.definition.get_closest_marker("databases")
        metafunc.parametrize("dialect", mark.args if mark else ("sqlite", "postgres"))


@pytest.fixture
def dialect() -> str:
    """Which database a test is for."""
    raise NotImplementedError("pytest_generate_tests gives it to each test")


@pytest.fixture
def database_url(request: pytest.FixtureRequest, dialect: str) -> Iterator[str]:
    """The URL of a migrated, empty database that nobody has opened. Its tables stay as they are: on PostgreSQL the next
    test has them too.
    """
    if dialect == "sqlite":
        with sqlite_copy(request.getfixturevalue("sqlite_template")) as url:
            yield url
    else:
        server: Postgres = request.getfixturevalue("postgres")
        yield server.empty(is_new=looks_at_plans(request.path))


@cache
def looks_at_plans(path: Path) -> bool:
    """Whether tests of a file ask how the database answers: that must not hang on what tests before them stored."""
    return re.search(r"EXPLAIN|await plan\(", path.read_text()) is not None


@contextmanager
def sqlite_copy(template: Path) -> Iterator[str]:
    """The URL of a copy of a database file, gone afterwards."""
    path = template.with_name(f"test_{next(_numbers)}.sqlite3")
    shutil.copy(template, path)
    yield f"sqlite://{path}"
    for file in path.parent.glob(f"{path.name}*"):
        file.unlink()


@contextmanager
def postgres_copy(server: Postgres, template: str) -> Iterator[str]:
    """The URL of a copy of a database, gone afterwards."""
    name = f"test_{next(_numbers)}"
    server.sql(f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY FILE_COPY")
    yield server.url(name)
    server.sql(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def connections() -> int:
    """How many connections to PostgreSQL are open before a test begins: each costs 10 ms, and most tests need one.

    Where tasks are cancelled it is as many as there are tasks: a connection that is cancelled as it opens fails in the
    library's callback, and that fails the test.
    """
    return 1


@pytest.fixture
async def database(database_url: str, connections: int, tmp_path: Path) -> AsyncIterator[Database]:
    """A fresh, migrated database, open in this process, with a place for files beside it. The test runs once on SQLite
    and once on PostgreSQL.
    """
    async with opened(database_url, connections) as database:
        contents.use(DirectoryContents(tmp_path / "files"))
        yield database


@pytest.fixture
def register() -> Iterator[None]:
    """An open register without a database, for tests of what a process keeps beside it. Not for tests that wait."""
    with OpenRegister():
        yield


@pytest.fixture
def statements(monkeypatch: pytest.MonkeyPatch) -> Statements:
    """The statements that this test asks of the database: ``with statements.at_most(4): …``."""
    return Statements(monkeypatch)


@asynccontextmanager
async def opened(url: str, connections: int = 1) -> AsyncIterator[Database]:
    """A database, open in this process."""
    pool = "" if url.startswith("sqlite") else f"?minsize={connections}"
    async with config.database.database(url + pool) as context:
        yield Database("sqlite" if url.startswith("sqlite") else "postgres", url, context)
