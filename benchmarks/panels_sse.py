"""1 000 panels, then 1 000 readers of the event stream: the memory that they take, and when the last one is told."""

import asyncio
import json
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import cast

import uvloop

from benchmarks.driver import Connection, request
from benchmarks.office import ROOMS, Office, memory_kb, office
from benchmarks.table import Row
from config.database import database
from registry.devices.models import Device, DeviceKind, Sensing
from registry.devices.pairing import digest
from registry.rooms.models import Building, Room
from tests.servers import LOOPBACK, free_port

READERS, CHANGES = 1000, 150
PAUSE = 0.04  # what a change sets off besides, such as the panels' states on MQTT, is over by then
DOORS, EACH = 25, 40  # a door takes 49 panels
DOOR = b'<div class="door" data-state="%s"'
ENDS = (b"\n\n", b"\n\n\r\n")  # of an event, and of the chunk of HTTP that it comes in
Change = Callable[[int], Awaitable[None]]


@dataclass
class Seen:
    """Milliseconds from the request of a change until the last reader had it, and until the change was answered."""

    last: list[float] = field(default_factory=list)
    answered: list[float] = field(default_factory=list)
    grown: float = 0.0
    size: int = 0

    def percentile(self, percent: int) -> float:
        return statistics.quantiles(self.last, n=100)[percent - 1]

    def ratio(self, other: "Seen") -> float:
        return other.percentile(50) / self.percentile(50)

    def words(self) -> str:
        return (
            f"last one reached p50 {self.percentile(50):.0f} ms, p99 {self.percentile(99):.0f} ms "
            f"(worst of {CHANGES} {max(self.last):.0f} ms)"
        )


def main() -> list[Row]:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, max(soft, 8192)), hard))
    return [
        _row(
            f"panels of {DOORS} doors: a change of one door, to its {EACH}",
            ("benchmarks.panels_sse", "hang"),
            lambda _: [_panel(n % DOORS, n // DOORS) for n in range(READERS)],
            DOOR,
            EACH,
        ),
        _row(
            "screens of one door: its change, to all",
            ("benchmarks.panels_sse", "hang"),
            lambda _: [_panel(0, n % EACH) for n in range(READERS)],
            DOOR,
        ),
        _row(
            "readers of events: a change, to all",
            (),
            lambda izba: [_reader(token) for token in izba.tokens] * 32,
            b'"room":"R00","state":"%s"',
        ),
    ]


def _row(
    name: str, fill: tuple[str, ...], requests: Callable[[Office], list[bytes]], mark: bytes, audience: int = READERS
) -> Row:
    with office(fill=fill) as izba:
        ours = uvloop.run(_of_izba(izba, requests(izba)[:READERS], (mark % b"soon", mark % b"free"), audience))
    with _bare(ours.size) as (port, pid):
        floor = uvloop.run(_of_bare(port, pid, audience))
    return Row(
        f"1 000 {name}",
        f"{ours.grown:.0f} MB more; {ours.words()}, counted from the request of a booking, which was answered after "
        f"p50 {statistics.median(ours.answered):.0f} ms; {ours.size} bytes to each",
        f"a bare uvloop server writing as much: {floor.grown:.0f} MB; {floor.words()} (× {floor.ratio(ours):.1f})",
        "< 40 MB, p99 < 50 ms",
        ours.grown < 40 and ours.percentile(99) < 50,
    )


async def hang(url: str) -> None:
    """So many doors with so many paired panels each."""
    async with database(url):
        building = await Building.get(code="bench")
        await Room.bulk_create(
            Room(code=f"R{n:02}", building=building, number=str(n), name=f"Room {n}", kind="meeting", bookable=True)
            for n in range(ROOMS, DOORS)
        )
        rooms = dict(await Room.all().values_list("code", "id"))
        await Device.bulk_create(
            Device(
                code=_key(door, panel), kind=DeviceKind.DOOR_PANEL, sensing=Sensing.NONE, room_id=rooms[f"R{door:02}"],
                key_digest=digest(_key(door, panel)),
            )
            for door in range(DOORS)
            for panel in range(EACH)
        )  # fmt: skip


def _key(door: int, panel: int) -> str:
    return f"R{door:02}-door-{panel}"


def _panel(door: int, panel: int) -> bytes:
    key = _key(door, panel)
    return f"GET /panel/events HTTP/1.1\r\nHost: 127.0.0.1\r\nCookie: izba_panel={key}\r\n\r\n".encode()


def _reader(token: str) -> bytes:
    return f"GET /api/v1/events HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {token}\r\n\r\n".encode()


class Crowd:
    """Everybody who reads. ``whole`` is set when each has had an event with the mark."""

    def __init__(self) -> None:
        self.mark, self.waiting, self.reached, self.size = b"", 0, 0.0, 0
        self.whole = asyncio.Event()
        self.streams: list[Stream] = []

    async def join(self, port: int, requests: list[bytes]) -> None:
        """Connect, fifty at a time, until every stream is open."""
        loop = asyncio.get_running_loop()
        for start in range(0, len(requests), 50):
            fresh = [Stream(self, one) for one in requests[start : start + 50]]
            self.streams += fresh
            await asyncio.gather(*(loop.create_connection(partial(_same, one), LOOPBACK, port) for one in fresh))
            await asyncio.gather(*(asyncio.wait_for(one.open.wait(), 20) for one in fresh))

    def expect(self, mark: bytes, audience: int) -> None:
        self.mark, self.waiting = mark, audience
        self.whole.clear()
        for stream in self.streams:
            stream.had = False

    def had(self, message: bytes) -> None:
        self.waiting -= 1
        if self.waiting == 0:
            self.reached, self.size = time.perf_counter(), len(message)
            self.whole.set()

    def leave(self) -> None:
        for stream in self.streams:
            stream.transport.close()


class Stream(asyncio.Protocol):
    """One open stream."""

    transport: asyncio.Transport

    def __init__(self, crowd: Crowd, question: bytes) -> None:
        self.crowd, self.request, self.pending, self.had = crowd, question, b"", True
        self.open = asyncio.Event()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)  # uvloop has its own
        self.transport.write(self.request)

    def data_received(self, data: bytes) -> None:
        self.pending += data
        if not self.pending.endswith(ENDS):
            return
        whole, self.pending = self.pending, b""
        if not self.open.is_set() and b"retry: 2000" in whole:
            self.open.set()
        if not self.had and self.crowd.mark in whole:
            self.had = True
            self.crowd.had(whole)


def _same(stream: Stream) -> Stream:
    return stream


async def _measured(crowd: Crowd, change: Change, marks: tuple[bytes, bytes], audience: int = READERS) -> Seen:
    """Change after change, each after everybody had the one before."""
    outcome = Seen()
    for index in range(CHANGES):
        crowd.expect(marks[index % 2], audience)
        start = time.perf_counter()
        await change(index)
        outcome.answered.append((time.perf_counter() - start) * 1000)
        await asyncio.wait_for(crowd.whole.wait(), 10)
        outcome.last.append((crowd.reached - start) * 1000)
        await asyncio.sleep(PAUSE)
    outcome.size = crowd.size
    return outcome


async def _of_izba(izba: Office, requests: list[bytes], marks: tuple[bytes, bytes], audience: int) -> Seen:
    first, crowd = Crowd(), Crowd()
    await first.join(izba.port, requests[:1])
    change = await _booker(izba)
    for index in range(4):  # to warm up
        first.expect(marks[index % 2], 1)
        await change(index)
        await asyncio.wait_for(first.whole.wait(), 10)
    first.leave()
    await asyncio.sleep(1)
    before = izba.memory_kb()
    await crowd.join(izba.port, requests)
    await asyncio.sleep(1)  # the doors that they get at once
    come = izba.memory_kb()
    change = await _booker(izba)  # the other one may have been idle for longer than the server keeps a connection
    outcome = await _measured(crowd, change, marks, audience)
    outcome.grown = (max(come, izba.memory_kb()) - before) / 1024
    crowd.leave()
    await asyncio.sleep(1)
    return outcome


async def _booker(izba: Office) -> Change:
    """Books the first room and cancels it again, in turn."""
    connection, bookings = await Connection(izba.port).open(), [""]

    async def change(index: int) -> None:
        start = datetime.now(UTC) + timedelta(minutes=5)
        span = {"room": "R00", "starts_at": start.isoformat(), "ends_at": (start + timedelta(minutes=20)).isoformat()}
        path, body = ("/api/v1/bookings", span) if index % 2 == 0 else (f"/api/v1/bookings/{bookings[0]}/cancel", {})
        code, answer = await connection.ask(request("POST", path, izba.tokens[0], json.dumps(body).encode()))
        assert code in (200, 201), answer
        bookings[0] = json.loads(answer)["id"]

    return change


@contextmanager
def _bare(size: int) -> Iterator[tuple[int, int]]:
    """The floor's port and process."""
    port = free_port()
    process = subprocess.Popen(
        [sys.executable, "-m", "benchmarks.bare_stream", str(port), str(size)], stdout=subprocess.PIPE
    )
    assert process.stdout
    process.stdout.readline()
    try:
        yield port, process.pid
    finally:
        process.terminate()
        process.wait(10)


async def _of_bare(port: int, pid: int, audience: int) -> Seen:
    crowd, before = Crowd(), memory_kb(pid)
    _, writer = await asyncio.open_connection(LOOPBACK, port)

    async def change(_index: int) -> None:
        writer.write(b"%d" % audience)

    await crowd.join(port, [b"GET"] * READERS)
    outcome = await _measured(crowd, change, (b"event: x", b"event: x"), audience)
    outcome.grown = (memory_kb(pid) - before) / 1024
    crowd.leave()
    return outcome


if __name__ == "__main__":
    print(main())
