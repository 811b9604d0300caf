"""From the spawn of the server to its first page and its first data, on an existing data directory and on a new one."""

import http.client
import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from benchmarks.office import apart, memory_kb, seeded, settings
from benchmarks.table import Row
from config.database import database
from registry.people.models import Person, Session
from registry.people.queries import digest_of
from tests.servers import LOOPBACK, free_port
from web.auth.session import SESSION

TIMES, DAYS, PATIENCE = 3, 250, 30
SECRET = "the-session-of-a-benchmark"


@dataclass
class Starts:
    """Seconds from each spawn until each first answer, and the memory three seconds after the last one, in MB."""

    page: list[float]
    data: list[float]
    memory: float = 0.0


@dataclass(frozen=True)
class Ask:
    """A request and what its answer holds."""

    path: str
    holds: str
    headers: dict[str, str]


def main() -> list[Row]:
    floor = statistics.median([_floor() for _ in range(TIMES + 1)][1:])
    with tempfile.TemporaryDirectory(prefix="izba-bench-") as folder:
        home = Path(folder)
        token = _office(home)
        page, data = (
            Ask("/", "user 0", {"Cookie": f"{SESSION}={SECRET}"}),
            Ask("/api/v1/rooms", '"R09"', _bearer(token)),
        )
        filled = _starts("serve", [home] * (TIMES + 1), lambda _: (page, data))
    stranger = Ask("/sign-in", 'name="password"', {}), Ask("/healthz", "ok", {})
    with _new_homes() as homes:
        new = _starts("serve", homes, lambda _: stranger)
    with _new_homes() as homes:
        demo = _starts(
            "demo", homes, lambda home: (stranger[0], Ask("/api/v1/rooms", '"PP-01"', _bearer(_token(home))))
        )
    return [
        _row("a directory with 10 k bookings, a person's first page and a program's first data", filled, floor),
        _row("a new directory, the sign-in page and /healthz (nobody has an account yet)", new, floor),
        _row("izba demo in a new directory, the sign-in page and a program's first data", demo, floor),
    ]


def _row(name: str, starts: Starts, floor: float) -> Row:
    page, data = statistics.median(starts.page), statistics.median(starts.data)
    return Row(
        f"cold start: {name}",
        f"page {page:.2f} s ({min(starts.page):.2f}–{max(starts.page):.2f}), "
        f"data {data:.2f} s ({min(starts.data):.2f}–{max(starts.data):.2f}); {starts.memory:.0f} MB after 3 s",
        f'python -c "import fastapi, tortoise" {floor:.2f} s (× {page / floor:.1f})',
        "< 2.5 s",
        max(page, data) < 2.5,
    )


def _floor() -> float:
    start = time.perf_counter()
    subprocess.run([sys.executable, "-c", "import fastapi, tortoise"], check=True)
    return time.perf_counter() - start


async def sign_in(url: str) -> None:
    """A session for the first person, as the sign-in form makes one."""
    async with database(url):
        person, now = await Person.get(login="user00"), datetime.now(UTC)
        expires_at = now + timedelta(hours=1)
        await Session.create(person=person, digest=digest_of(SECRET), created_at=now, expires_at=expires_at)


def _office(home: Path) -> str:
    """A register with 10 000 bookings and a signed-in person. Returns a token."""
    url = f"sqlite://{home}/izba.sqlite3"
    tokens = seeded(url, DAYS)
    apart("benchmarks.cold_start", "sign_in", url)
    return tokens[0]


@contextmanager
def _new_homes() -> Iterator[list[Path]]:
    with tempfile.TemporaryDirectory(prefix="izba-bench-") as folder:
        yield [Path(tempfile.mkdtemp(dir=folder)) for _ in range(TIMES + 1)]


def _bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def _token(home: Path) -> str:
    """What the demo writes down once it has accounts."""
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        with suppress(OSError, ValueError):
            token: str = json.loads((home / "demo.json").read_text())["users"][0]["token"]
            return token
        time.sleep(0.002)
    raise RuntimeError("the demo made no accounts")


def _starts(command: str, homes: Sequence[Path], asks: Callable[[Path], tuple[Ask, Ask]]) -> Starts:
    """Start and stop a server in each of the directories; the first is not counted, it fills the disk's cache."""
    starts = Starts([], [])
    for home in homes:
        port = free_port()
        environment = settings(home, port, f"sqlite://{home}/izba.sqlite3")
        start = time.perf_counter()
        process = subprocess.Popen(
            [sys.executable, "-m", "config", command], env=environment, stdout=subprocess.DEVNULL
        )
        try:
            page, data = asks(home)
            ask(port, page)
            starts.page.append(time.perf_counter() - start)
            ask(port, data)
            starts.data.append(time.perf_counter() - start)
            if home is homes[-1] and len(starts.page) == len(homes):
                time.sleep(3)
                starts.memory = tree_kb(process.pid) / 1024
        finally:
            process.terminate()
            process.wait(10)
    return Starts(starts.page[1:], starts.data[1:], starts.memory)


def ask(port: int, question: Ask) -> None:
    """Ask as soon as the port is open; until it is, try again."""
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        connection = http.client.HTTPConnection(LOOPBACK, port, timeout=PATIENCE)
        try:
            connection.request("GET", question.path, headers=question.headers)
            answer = connection.getresponse()
            body = answer.read().decode()
        except ConnectionError:
            time.sleep(0.002)
            continue
        finally:
            connection.close()
        assert answer.status == 200, body
        assert question.holds in body, body
        return
    raise RuntimeError("the server did not start")


def tree_kb(pid: int) -> int:
    """The memory of a process and of those that it started."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return memory_kb(pid) + sum(tree_kb(int(child)) for child in children)


if __name__ == "__main__":
    print(main())
