"""The day of ten rooms, a random one among 10 000 bookings and among 100 000."""

import json
import random
from datetime import UTC, datetime, timedelta

import uvloop

from benchmarks.driver import Outcome, drive, request
from benchmarks.office import Office, office
from benchmarks.table import Row

CLIENTS, COUNT = 16, 4000


def main() -> list[Row]:
    small, _ = _measure(250)
    day, bare = _measure(2500)
    return [
        Row(
            f"day view of 10 rooms, 100 k bookings, {CLIENTS} clients",
            f"{day.rate:.0f}/s, p50 {day.percentile(50):.1f} ms, p99 {day.percentile(99):.1f} ms",
            f"/healthz {bare.rate:.0f}/s (× {day.rate / bare.rate:.2f}); with 10 k bookings, where most days were "
            f"asked before, {small.rate:.0f}/s (× {day.rate / small.rate:.2f})",
            "≥ 1 000/s, p99 < 30 ms",
            day.rate >= 1000 and day.percentile(99) < 30,
        )
    ]


def _measure(days: int) -> tuple[Outcome, Outcome]:
    with office(days=days) as izba:
        bare = uvloop.run(drive(izba.port, [request("GET", "/healthz", "-")] * COUNT, CLIENTS))
        uvloop.run(drive(izba.port, _requests(izba, 300, days), CLIENTS))
        outcome = uvloop.run(drive(izba.port, _requests(izba, COUNT, days), CLIENTS))
    answer = json.loads(outcome.body)
    assert set(outcome.codes) == {200}, outcome.codes
    assert sum(len(room["bookings"]) for room in answer["items"]) == 40, answer
    return outcome, bare


def _requests(izba: Office, count: int, days: int) -> list[bytes]:
    today, chance = datetime.now(UTC).date(), random.Random(7)
    requests = []
    for index in range(count):
        day = today - timedelta(days=chance.randint(2, days - 1))
        requests.append(request("GET", f"/api/v1/availability?date={day}", izba.tokens[index % 32]))
    return requests


if __name__ == "__main__":
    print(main())
