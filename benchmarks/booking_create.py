"""Creating bookings through the API: 16 clients, durable commits, 10 000 bookings already there."""

import json
import sqlite3
import tempfile
import time
from datetime import UTC, datetime, timedelta

import uvloop

from benchmarks.driver import Outcome, drive, request
from benchmarks.office import Office, office, slot
from benchmarks.table import Row

COUNT = 4000
CLIENTS = 16


def main() -> list[Row]:
    with office(days=250) as izba:
        bare = uvloop.run(drive(izba.port, [request("GET", "/healthz", "-")] * 4000, CLIENTS))
        first = uvloop.run(drive(izba.port, _requests(izba, 0, 500), CLIENTS))  # to warm up
        outcome = uvloop.run(drive(izba.port, _requests(izba, 500, COUNT), CLIENTS))
    assert set(first.codes) == set(outcome.codes) == {201}, outcome.codes
    return [row(outcome, bare)]


def _requests(izba: Office, skip: int, count: int) -> list[bytes]:
    tomorrow = (datetime.now(UTC) + timedelta(days=1)).date()
    requests = []
    for index in range(skip, skip + count):
        room, starts_at, ends_at = slot(index, tomorrow)
        body = {"room": room, "starts_at": starts_at, "ends_at": ends_at, "title": f"Spotkanie {index}"}
        requests.append(request("POST", "/api/v1/bookings", izba.tokens[index % 32], json.dumps(body).encode()))
    return requests


def row(outcome: Outcome, bare: Outcome) -> Row:
    return Row(
        f"create a booking, {CLIENTS} clients, SQLite",
        f"{outcome.rate:.0f}/s, p50 {outcome.percentile(50):.1f} ms, p99 {outcome.percentile(99):.1f} ms",
        f"/healthz {bare.rate:.0f}/s (× {outcome.rate / bare.rate:.2f}); one durable commit each in sqlite3 "
        f"{commits():.0f}/s (× {outcome.rate / commits():.2f})",
        "≥ 1 000/s",
        outcome.rate >= 1000,
    )


def commits(count: int = 500) -> float:
    """Durable one-row commits a second of the bare library."""
    with tempfile.TemporaryDirectory() as home:
        connection = sqlite3.connect(f"{home}/floor", isolation_level=None)
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=FULL")
        connection.execute("CREATE TABLE t (a)")
        start = time.perf_counter()
        for number in range(count):
            connection.execute("INSERT INTO t VALUES (?)", (number,))
        took = time.perf_counter() - start
        connection.close()
        return count / took


if __name__ == "__main__":
    print(main())
