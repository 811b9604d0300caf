"""What people wait for in three offices, on both databases: ``python -m benchmarks.waits [help-point] [town]
[province]``, all of them without a name. An office is filled at its first use, a province in some minutes.
"""

import asyncio
import http.client
import json
import os
import resource
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import uvloop

from benchmarks.driver import Connection, Outcome, drive, request
from benchmarks.office import Office, office, settings
from benchmarks.offices import AHEAD_DAYS, PEOPLE, SECRET, SIZES, Size, filled, room_code
from benchmarks.table import Row, show
from tests.servers import LOOPBACK, free_port
from web.auth.session import SESSION

CLIENTS, RIVALS, SLOTS = 16, 32, 20
# of a morning of the days to come, when the seed leaves the rooms free
FIRST_HOUR, STARTS = 6, 12
PROBE_SECONDS, PATIENCE = 0.005, 60
KEEPER = 1  # the person whose browser looks at the pages: keeps the register


@dataclass(frozen=True)
class Scene:
    """A filled office with its servers."""

    size: Size
    dialect: str
    url: str
    servers: Sequence[Office]
    counts: Counter[str] = field(default_factory=Counter)  # of slots that were given out

    @property
    def name(self) -> str:
        several = f", {len(self.servers)} processes" if len(self.servers) > 1 else ""
        return f"{self.size.name}, {'SQLite' if self.dialect == 'sqlite' else 'PostgreSQL'}{several}"

    def token(self, number: int) -> str:
        return self.servers[0].tokens[number % PEOPLE]

    def slots(self, count: int) -> list[tuple[str, datetime, datetime]]:
        """So many slots that nobody has: the room, from and until when."""
        first = self.counts["slot"]
        self.counts["slot"] += count
        return [self._slot(number) for number in range(first, first + count)]

    def _slot(self, number: int) -> tuple[str, datetime, datetime]:
        rest, room = divmod(number, self.size.rooms)
        day, half_hour = divmod(rest, STARTS)
        assert day < AHEAD_DAYS, "all free slots are used"
        start = _midnight(day + 1) + timedelta(hours=FIRST_HOUR, minutes=30 * half_hour)
        return room_code(room), start, start + timedelta(minutes=20)


@dataclass(frozen=True)
class Work:
    """Something that is waited for: its requests, and what all answers must be."""

    name: str
    requests: Callable[[Scene, int], list[bytes]]
    count: int
    code: int = 200
    is_page: bool = False


@dataclass
class Measurement:
    outcome: Outcome
    cpu: float  # ms of a core, a request
    others: float  # ms, the longest that somebody else waited meanwhile for the smallest answer


def _midnight(ahead: int) -> datetime:
    today = datetime.now(UTC).date()
    return datetime.combine(today + timedelta(days=ahead), datetime.min.time(), UTC)


# requests


def _new_bookings(scene: Scene, count: int) -> list[bytes]:
    return [_booking(scene.token(n), *slot) for n, slot in enumerate(scene.slots(count))]


def _refused_bookings(scene: Scene, count: int) -> list[bytes]:
    start = _midnight(2) + timedelta(hours=13)
    return [
        _booking(scene.token(n), room_code(n % scene.size.rooms), start, start + timedelta(hours=1))
        for n in range(count)
    ]


def _booking(token: str, room: str, start: datetime, end: datetime) -> bytes:
    body = {"room": room, "starts_at": start.isoformat(), "ends_at": end.isoformat(), "title": "Spotkanie"}
    return request("POST", "/api/v1/bookings", token, json.dumps(body).encode())


def _day(scene: Scene, number: int) -> date:
    days = max(2, min(200, scene.size.bookings // scene.size.rooms // 4))
    return datetime.now(UTC).date() - timedelta(days=1 + number * 7 % (days - 1))


def _days(scene: Scene, count: int) -> list[bytes]:
    rooms = [room_code(n) for n in range(min(10, scene.size.rooms))]
    names = "".join(f"&room={room}" for room in rooms)
    return [request("GET", f"/api/v1/availability?date={_day(scene, n)}{names}", scene.token(n)) for n in range(count)]


def _searches(scene: Scene, count: int) -> list[bytes]:
    """Each hundredth changes an asset."""
    requests = []
    for n in range(count):
        asset = n * 7919 % scene.size.assets
        if n % 100 == 99:
            body = json.dumps({"note": f"dostawa partia{asset // 10:05} {n}"}).encode()
            requests.append(request("PATCH", f"/api/v1/assets/{asset + 1}", scene.token(KEEPER), body))
        else:
            requests.append(request("GET", f"/api/v1/assets?q=partia{asset // 10:05}", scene.token(n)))
    return requests


def _pages(path: Callable[[Scene, int], str]) -> Callable[[Scene, int], list[bytes]]:
    def requests(scene: Scene, count: int) -> list[bytes]:
        head = f"Host: 127.0.0.1\r\nAccept: text/html\r\nCookie: {SESSION}={SECRET.format(KEEPER)}\r\n\r\n"
        return [f"GET {path(scene, n)} HTTP/1.1\r\n{head}".encode() for n in range(count)]

    return requests


WORKS = (
    Work("create a booking", _new_bookings, 800, code=201),
    Work("a refusal with alternatives", _refused_bookings, 320, code=409),
    Work("the day of ten rooms as JSON", _days, 800),
    Work("search, 1 % writers", _searches, 400),
    Work("calendar", _pages(lambda scene, n: f"/calendar?date={_day(scene, n)}"), 64, is_page=True),
    Work("Today", _pages(lambda scene, n: "/"), 64, is_page=True),
    Work("week", _pages(lambda scene, n: f"/calendar?view=week&date={_day(scene, n)}"), 48, is_page=True),
    Work("rooms", _pages(lambda scene, n: "/rooms"), 64, is_page=True),
    Work("a room", _pages(lambda scene, n: f"/rooms/{room_code(n % scene.size.rooms)}"), 96, is_page=True),
    Work("assets", _pages(lambda scene, n: "/assets"), 64, is_page=True),
    Work("an asset", _pages(lambda scene, n: f"/assets/{1 + n * 7919 % scene.size.assets}"), 96, is_page=True),
    Work("own bookings", _pages(lambda scene, n: "/bookings"), 64, is_page=True),
    Work("devices", _pages(lambda scene, n: "/devices"), 48, is_page=True),
)


# measuring


def main(names: Sequence[str]) -> list[Row]:
    rows: list[Row] = []
    for name in names or SIZES:
        for dialect in ("sqlite", "postgres"):
            print(f"{name}, {dialect} …", file=sys.stderr, flush=True)
            with filled(name, dialect) as (url, tokens):
                measured = _measure(SIZES[name], dialect, url, tokens)
            rows += measured
            print(show(measured), file=sys.stderr, flush=True)  # what is measured is not lost by what goes wrong later
    return rows


def _measure(size: Size, dialect: str, url: str, tokens: list[str]) -> list[Row]:
    rows = _starting(size, dialect, url)
    for processes in (1, 2) if dialect == "postgres" else (1,):
        with ExitStack() as stack:
            servers = [stack.enter_context(office(url=url, tokens=tokens)) for _ in range(processes)]
            scene = Scene(size, dialect, url, servers)
            rows += uvloop.run(_all_works(scene))
    return [*rows, _verifying(size, dialect, url)]


async def _all_works(scene: Scene) -> list[Row]:
    floor = await _work(scene, [request("GET", "/healthz", "-")] * 1600, CLIENTS)
    rows = [await _contest(scene)]
    for work in WORKS if len(scene.servers) == 1 else WORKS[:4]:
        await _work(scene, work.requests(scene, CLIENTS), CLIENTS)  # to warm up
        crowd = await _work(scene, work.requests(scene, work.count), CLIENTS)
        _check(work, crowd.outcome)
        single = await _work(scene, work.requests(scene, 40), 1) if work.is_page else None
        rows.append(_row(scene, work, crowd, single, floor))
    return rows


def _check(work: Work, outcome: Outcome) -> None:
    assert set(outcome.codes) == {work.code}, (work.name, outcome.codes, outcome.body[:300])


async def _work(scene: Scene, requests: list[bytes], clients: int) -> Measurement:
    probe = asyncio.create_task(_probe(scene.servers[0].port))
    before = _cpu(scene)
    outcome = await drive([server.port for server in scene.servers], requests, clients)
    cpu = (_cpu(scene) - before) / len(requests)
    probe.cancel()
    (others,) = await asyncio.gather(probe)
    return Measurement(outcome, cpu, others)


async def _probe(port: int) -> float:
    """The longest wait for /healthz, asked every few ms, until it is cancelled."""
    connection, longest = await Connection(port).open(), 0.0
    try:
        while True:
            start = time.perf_counter()
            await connection.ask(request("GET", "/healthz", "-"))
            longest = max(longest, (time.perf_counter() - start) * 1000)
            await asyncio.sleep(PROBE_SECONDS)
    except asyncio.CancelledError:
        return longest
    finally:
        connection.close()


def _cpu(scene: Scene) -> float:
    """Milliseconds of a core that the servers have used."""
    ticks = 0
    for server in scene.servers:
        parts = Path(f"/proc/{server.process.pid}/stat").read_text().rsplit(")", 1)[1].split()
        ticks += int(parts[11]) + int(parts[12])
    return ticks * 1000 / os.sysconf("SC_CLK_TCK")


async def _contest(scene: Scene) -> Row:
    """So many clients at once on one slot, again and again."""
    ports = [server.port for server in scene.servers]
    connections = [await Connection(ports[n % len(ports)]).open() for n in range(RIVALS)]
    won, took = Counter[int](), []
    for slot in scene.slots(SLOTS):
        requests = [_booking(scene.token(n), *slot) for n in range(RIVALS)]
        start = time.perf_counter()
        answers = await asyncio.gather(*(c.ask(one) for c, one in zip(connections, requests, strict=True)))
        took.append(time.perf_counter() - start)
        won[sum(code == 201 for code, _ in answers)] += 1
    for connection in connections:
        connection.close()
    return Row(
        f"{scene.name}: {RIVALS} clients on one slot",
        f"{RIVALS * SLOTS / sum(took):.0f} answers/s, all within {max(took) * 1000:.0f} ms",
        f"slots by how many got them: {dict(won)}",
        "each slot once",
        set(won) == {1},
    )


def _row(scene: Scene, work: Work, crowd: Measurement, single: Measurement | None, floor: Measurement) -> Row:
    outcome = crowd.outcome
    measured = (
        f"{outcome.rate:.0f}/s, p50 {outcome.percentile(50):.0f} ms, p99 {outcome.percentile(99):.0f} ms, "
        f"{crowd.cpu:.1f} ms of a core each"
    )
    bar, is_kept = "", True
    if single:
        longest = single.outcome.percentile(99)
        measured += f"; alone p99 {longest:.0f} ms, others wait {single.others:.0f} ms"
        bar, is_kept = "alone p99 < 60 ms, others < 20 ms", longest < 60 and single.others < 20
    elif work.code == 409:
        bar, is_kept = "< 5 ms of a core", crowd.cpu < 5
    ratio = f"/healthz {floor.outcome.rate:.0f}/s (× {outcome.rate / floor.outcome.rate:.3f})"
    return Row(f"{scene.name}: {work.name}", measured, ratio, bar, is_kept)


def _starting(size: Size, dialect: str, url: str) -> list[Row]:
    """From the spawn of a server to the first page of a signed-in person, and from SIGTERM to its end; the second time
    that it starts, as it was settled then.
    """
    for _ in range(2):
        with tempfile.TemporaryDirectory(prefix="izba-bench-") as folder:
            port, start = free_port(), time.perf_counter()
            process = subprocess.Popen(
                [sys.executable, "-m", "config", "serve"], env=settings(Path(folder), port, url),
                stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            )  # fmt: skip
            _first_page(port)
            page = time.perf_counter() - start
            process.send_signal(signal.SIGTERM)
            start = time.perf_counter()
            process.wait(PATIENCE)
            end = time.perf_counter() - start
    place = f"{size.name}, {'SQLite' if dialect == 'sqlite' else 'PostgreSQL'}"
    return [
        Row(f"{place}: from the start to the first page", f"{page:.1f} s", "", "< 2 s", page < 2),
        Row(f"{place}: from SIGTERM to the end", f"{end:.1f} s", "", "< 5 s", end < 5),
    ]


def _first_page(port: int) -> None:
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        connection = http.client.HTTPConnection(LOOPBACK, port, timeout=PATIENCE)
        try:
            connection.request("GET", "/", headers={"Cookie": f"{SESSION}={SECRET.format(KEEPER)}"})
            answer = connection.getresponse()
            answer.read()
        except ConnectionError:
            time.sleep(0.005)
            continue
        finally:
            connection.close()
        assert answer.status == 200, answer.status
        return
    raise RuntimeError("the server did not start")


def _verifying(size: Size, dialect: str, url: str) -> Row:
    with tempfile.TemporaryDirectory(prefix="izba-bench-") as folder:
        start = time.perf_counter()
        process = subprocess.Popen(
            [sys.executable, "-m", "config", "verify", "history"], env=settings(Path(folder), free_port(), url),
            stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        answer = process.communicate()[0]
        seconds = time.perf_counter() - start
    assert process.returncode == 0, answer
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    place = f"{size.name}, {'SQLite' if dialect == 'sqlite' else 'PostgreSQL'}"
    rate = size.history / seconds
    measured = f"{seconds:.1f} s, {rate:.0f} entries/s"
    return Row(f"{place}: verify history", measured, f"largest child so far {peak:.0f} MB", "", True)


if __name__ == "__main__":
    print(show(main(sys.argv[1:])))
