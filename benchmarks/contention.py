"""32 clients at once on one slot, 200 slots over: SQLite, and PostgreSQL with two server processes."""

import asyncio
import json
from collections import Counter
from datetime import UTC, datetime, timedelta

import uvloop

from benchmarks.driver import Connection, request
from benchmarks.office import Office, office, seeded, slot
from benchmarks.table import Row
from tests.servers import Postgres

SLOTS, CLIENTS = 200, 32


def main() -> list[Row]:
    rows = []
    with office() as izba:
        rows.append(_row("SQLite", uvloop.run(_race([izba]))))
    server = Postgres()
    try:
        server.sql("CREATE DATABASE bench")
        url = server.url("bench")
        tokens = seeded(url, 0)
        with office(url=url, tokens=tokens) as one, office(url=url, tokens=tokens) as two:
            rows.append(_row("PostgreSQL, two processes", uvloop.run(_race([one, two]))))
    finally:
        server.stop()
    return rows


async def _race(izbas: list[Office]) -> tuple[Counter[int], Counter[int]]:
    """For every slot how many of 32 were answered 201; and all the answers."""
    connections = [await Connection(izbas[n % len(izbas)].port).open() for n in range(CLIENTS)]
    won: Counter[int] = Counter()
    codes: Counter[int] = Counter()
    tomorrow = (datetime.now(UTC) + timedelta(days=1)).date()
    for index in range(SLOTS):
        room, starts_at, ends_at = slot(index, tomorrow)
        body = json.dumps({"room": room, "starts_at": starts_at, "ends_at": ends_at}).encode()
        requests = [request("POST", "/api/v1/bookings", izbas[0].tokens[n], body) for n in range(CLIENTS)]
        answers = await asyncio.gather(*(c.ask(one) for c, one in zip(connections, requests, strict=True)))
        won[sum(code == 201 for code, _ in answers)] += 1
        codes.update(code for code, _ in answers)
    for connection in connections:
        connection.close()
    return won, codes


def _row(name: str, counts: tuple[Counter[int], Counter[int]]) -> Row:
    won, codes = counts
    doubled = sum(count for times, count in won.items() if times != 1)
    return Row(
        f"{SLOTS} slots, {CLIENTS} clients on each, {name}",
        f"{doubled} slots not booked exactly once; answers {dict(codes)}",
        "peers: MRBS 110, Indico 190, LibreBooking 198 of 200 doubled",
        "0",
        doubled == 0 and set(codes) == {201, 409},
    )


if __name__ == "__main__":
    print(main())
