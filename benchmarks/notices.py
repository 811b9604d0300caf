"""Notices that leave by a real mail server, while a client goes on booking."""

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Thread

import uvloop

from benchmarks.driver import Connection, Outcome, request
from benchmarks.office import Office, apart, office, slot
from benchmarks.table import Row
from config.database import database
from registry.outbox.models import Letter, LetterState, Notice
from registry.people.models import Person
from tests.servers import free_port

COUNT = int(os.environ.get("IZBA_BENCH_NOTICES", "10000"))
BOOKINGS, PAUSE = 300, 0.05
# a server in a process of its own that takes every mail and writes down how many it has
SERVER = """
import sys, time
from aiosmtpd.controller import Controller

class Sink:
    mails = 0

    async def handle_DATA(self, server, session, envelope):
        Sink.mails += 1
        return "250 taken"

controller = Controller(Sink(), hostname="127.0.0.1", port=int(sys.argv[1]))
controller.start()
print("up", flush=True)
for line in sys.stdin:
    print(Sink.mails, flush=True)
"""


def main() -> list[Row]:
    port = free_port()
    with mail_server(port) as server:
        os.environ |= {
            "IZBA_SMTP_HOST": "127.0.0.1", "IZBA_SMTP_PORT": str(port), "IZBA_SMTP_TLS": "none",
            "IZBA_SMTP_PER_MINUTE": "100000", "IZBA_SMTP_PER_PERSON": "1000",
        }  # fmt: skip
        with office(days=10) as izba:
            calm = uvloop.run(book(izba, 0, BOOKINGS))
            url = f"sqlite://{izba.home}/izba.sqlite3"
            apart("benchmarks.notices", "tell", url, COUNT)
            clock = Thread(target=watch, args=(server, took := []))
            clock.start()
            busy = uvloop.run(book(izba, BOOKINGS, 20 * BOOKINGS, clock.is_alive))
            clock.join()
            (seconds,) = took
            rest = apart("benchmarks.notices", "unsent", url)
            again = uvloop.run(book(izba, BOOKINGS + len(busy.took), BOOKINGS))
            twice = mails(server) - COUNT
    assert set(calm.codes) == set(busy.codes) == {201}, (calm.codes, busy.codes)
    floor = (calm.percentile(50) + again.percentile(50)) / 2  # others use the machine too
    slower = busy.percentile(50) / floor - 1
    rate = COUNT / seconds
    return [
        Row(
            f"{COUNT} notices by a mail server, one client books meanwhile",
            f"{rate:.0f}/s, {rest} unsent, {twice} twice; a booking p50 {busy.percentile(50):.1f} ms, "
            f"p99 {busy.percentile(99):.1f} ms",
            f"a booking with nothing to send p50 {calm.percentile(50):.1f} and {again.percentile(50):.1f} ms "
            f"(+{slower:.0%})",
            "≥ 200/s, a booking ≤ 10 % slower",
            rate >= 200 and slower <= 0.1 and not rest and not twice,
        )
    ]


def watch(server: "subprocess.Popen[str]", took: list[float]) -> None:
    """Wait until the server has them all, and note how long that took."""
    start = time.monotonic()
    while mails(server) < COUNT and time.monotonic() - start < 300:
        time.sleep(0.05)
    took.append(time.monotonic() - start)


async def book(izba: Office, skip: int, count: int, goes_on: Callable[[], bool] = lambda: True) -> Outcome:
    """One client that books twenty times a second at the most, as people do and not as fast as it can."""
    tomorrow, outcome = (datetime.now(UTC) + timedelta(days=1)).date(), Outcome()
    connection = await Connection(izba.port).open()
    begin = time.perf_counter()
    for index in range(skip, skip + count):
        if not goes_on():
            break
        room, starts_at, ends_at = slot(index, tomorrow)
        body = {"room": room, "starts_at": starts_at, "ends_at": ends_at, "title": f"Spotkanie {index}"}
        one = request("POST", "/api/v1/bookings", izba.tokens[index % 32], json.dumps(body).encode())
        start = time.perf_counter()
        code, outcome.body = await connection.ask(one)
        outcome.took.append((time.perf_counter() - start) * 1000)
        outcome.codes[code] += 1
        await asyncio.sleep(PAUSE)
    outcome.seconds = time.perf_counter() - begin
    connection.close()
    return outcome


async def tell(url: str, count: int) -> int:
    """Write so many notices, to 32 people, as a change of very many bookings would."""
    async with database(url):
        people = await Person.filter()
        for person in people:
            await Person.filter(id=person.id).update(mail=f"{person.login}@urzad.example")
        now = datetime.now(UTC)
        facts = {"starts_at": now.isoformat(), "ends_at": (now + timedelta(hours=1)).isoformat()}
        facts |= {"former_starts_at": "", "former_ends_at": "", "room": "R01", "former_room": ""}
        facts |= {"title": "Spotkanie", "by": "Ktoś"}
        notices = [
            Notice(
                person_id=people[number % len(people)].id, kind="booking.changed", event=f"bench:{number}",
                thing="booking:3f2", facts=facts, at=now,
            )
            for number in range(count)
        ]  # fmt: skip
        await Notice.bulk_create(notices, batch_size=1000)
        return count


async def unsent(url: str) -> int:
    """How many letters are not noted as sent."""
    await asyncio.sleep(2)
    async with database(url):
        return await Letter.exclude(state=LetterState.SENT).count()


@contextmanager
def mail_server(port: int) -> Iterator[subprocess.Popen[str]]:
    with subprocess.Popen(
        [sys.executable, "-c", SERVER, str(port)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        cwd=Path(__file__).parents[1],
    ) as server:  # fmt: skip
        assert server.stdout
        server.stdout.readline()
        try:
            yield server
        finally:
            server.send_signal(signal.SIGTERM)


def mails(server: "subprocess.Popen[str]") -> int:
    """How many mails the server has."""
    assert server.stdin
    assert server.stdout
    server.stdin.write("?\n")
    server.stdin.flush()
    return int(server.stdout.readline())


if __name__ == "__main__":
    print(main())
