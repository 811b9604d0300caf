"""Search among 100 000 assets, a page of 50: rare and common words, numbers, tags, Polish letters, pages far down."""

import json
import random
import sqlite3
import statistics
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from itertools import cycle, islice
from typing import Any
from urllib.parse import urlencode

import uvloop

from benchmarks.driver import Outcome, drive, request
from benchmarks.office import Office, office
from benchmarks.table import Row
from config.database import database
from registry.assets.models import Asset, Tag
from registry.assets.rules import fold, search_text
from registry.assets.tags import RANDOM_BYTES, new_code
from registry.core.statements import insert_many
from registry.people.models import Person
from registry.rooms.lock import changing
from registry.rooms.models import Room
from web.kit.answers import cursor_at

LARGE, SMALL, PAGE, LOT = 100_000, 1000, 50, 10
ALONE, CROWD, CLIENTS = 150, 240, 16
NAMES = (
    "Krzesło obrotowe", "Biurko narożne", "Monitor 27 cali", "Laptop służbowy", "Szafa aktowa", "Drukarka laserowa",
    "Projektor sufitowy", "Telefon stacjonarny", "Lampa biurkowa", "Łącznik światłowodowy",
)  # fmt: skip
# what a list asks of the database, written out: the sums of all, and the page
SUMS, LISTED = "SELECT count(*), sum(price) FROM asset", "SELECT * FROM asset"
ORDER = f"ORDER BY search_text, id LIMIT {PAGE}"


@dataclass(frozen=True)
class Kind:
    """A way to search: what is asked about the asset of a number, how many answer among so many, the plain SQL."""

    name: str
    question: Callable[[int], dict[str, Any]]
    hits: Callable[[int], int]
    sql: str
    value: Callable[[int], Any]


def _word(name: str, word: Callable[[int], str], hits: Callable[[int], int]) -> Kind:
    return Kind(
        name, lambda n: {"q": word(n)}, hits, f"WHERE search_text LIKE ? {ORDER}", lambda n: f"%{fold(word(n))}%"
    )


KINDS = (
    _word("a rare word", lambda n: f"partia{n // LOT:05}", lambda _: LOT),
    _word("a common word", lambda n: NAMES[2 + n % 7].split()[0], lambda count: count // len(NAMES)),
    _word("Polish capitals", lambda n: NAMES[n % 2 * 9].split()[0].upper(), lambda count: count // len(NAMES)),
    Kind(
        "an inventory number", lambda n: {"q": f"AT{n:06}"}, lambda _: 1,
        f"WHERE inventory_no = ? {ORDER}", lambda n: f"AT{n:06}",
    ),
    Kind(
        "a tag", lambda n: {"q": tag_code(n)}, lambda _: 1,
        f"WHERE id = (SELECT asset_id FROM tag WHERE code = ?) {ORDER}", lambda n: tag_code(n),
    ),
    Kind("a page anywhere", lambda n: {"cursor": cursor_at(n)}, lambda count: count, f"{ORDER} OFFSET ?", lambda n: n),
)  # fmt: skip


def main() -> list[Row]:
    with office(fill=("benchmarks.asset_search", "stock", LARGE)) as izba:
        large, floor = _alone(izba, LARGE), _floor(izba)
        bare = uvloop.run(drive(izba.port, [request("GET", "/healthz", "-")] * 2000, 1))
        crowd = uvloop.run(drive(izba.port, _mixed(izba, LARGE), CLIENTS))
    with office(fill=("benchmarks.asset_search", "stock", SMALL)) as izba:
        small = _alone(izba, SMALL)
        few = uvloop.run(drive(izba.port, _mixed(izba, SMALL), CLIENTS))
    assert set(crowd.codes) == set(few.codes) == {200}, (crowd.codes, few.codes)
    rows = [_row(kind, large[kind.name], small[kind.name], floor[kind.name], bare) for kind in KINDS]
    return [*rows, _crowded(crowd, few)]


def _row(kind: Kind, large: Outcome, small: Outcome, sql: float, bare: Outcome) -> Row:
    p50, p99 = large.percentile(50), large.percentile(99)
    return Row(
        f"search among 100 k assets, 1 client: {kind.name}, hits {kind.hits(LARGE)}",
        f"p50 {p50:.1f} ms, p99 {p99:.1f} ms",
        f"plain SQL in sqlite3 {sql:.2f} ms (× {p50 / sql:.1f}); /healthz {bare.percentile(50):.2f} ms; among 1 k "
        f"assets {small.percentile(50):.1f} ms (× {p50 / small.percentile(50):.1f})",
        "p99 < 50 ms",
        p99 < 50,
    )


def _crowded(crowd: Outcome, few: Outcome) -> Row:
    return Row(
        f"search among 100 k assets, {CLIENTS} clients: all kinds in turn",
        f"{crowd.rate:.0f}/s, p50 {crowd.percentile(50):.0f} ms, p99 {crowd.percentile(99):.0f} ms",
        f"among 1 k assets {few.rate:.0f}/s, p99 {few.percentile(99):.0f} ms (× {crowd.rate / few.rate:.2f})",
        "p99 < 50 ms",
        crowd.percentile(99) < 50,
    )


def _alone(izba: Office, count: int) -> dict[str, Outcome]:
    """Each kind of search by itself."""
    outcomes = {}
    for kind in KINDS:
        uvloop.run(drive(izba.port, [_request(izba, kind, n) for n in _numbers(10, count)], 1))
        numbers = list(_numbers(ALONE, count))
        outcome = uvloop.run(drive(izba.port, [_request(izba, kind, n) for n in numbers], 1))
        _check(kind, outcome, numbers[-1], count)
        outcomes[kind.name] = outcome
    return outcomes


def _check(kind: Kind, outcome: Outcome, number: int, count: int) -> None:
    """The last answer holds what was asked for."""
    answer = json.loads(outcome.body)
    assert set(outcome.codes) == {200}, outcome.codes
    assert answer["total"] == kind.hits(count), answer
    assert len(answer["items"]) == min(PAGE, answer["total"]), answer
    if answer["total"] <= LOT:
        assert f"AT{number:06}" in {item["inventory_no"] for item in answer["items"]}, answer


def _mixed(izba: Office, count: int) -> list[bytes]:
    return [_request(izba, kind, n) for kind, n in zip(cycle(KINDS), _numbers(CROWD, count), strict=False)]


def _request(izba: Office, kind: Kind, number: int) -> bytes:
    path = f"/api/v1/assets?{urlencode({'limit': PAGE, **kind.question(number)})}"
    return request("GET", path, izba.tokens[number % 32])


def _numbers(many: int, count: int) -> Iterator[int]:
    """Chance assets, with a page after each."""
    chance = random.Random(many)
    return (chance.randrange(count - PAGE) for _ in range(many))


def _floor(izba: Office) -> dict[str, float]:
    """Milliseconds of the plain SQL, the median of twenty."""
    connection = sqlite3.connect(f"file:{izba.home}/izba.sqlite3?mode=ro", uri=True)
    took: dict[str, list[float]] = {}
    for kind in KINDS:
        for number in _numbers(20, LARGE):
            start = time.perf_counter()
            page = connection.execute(f"{LISTED} {kind.sql}", [kind.value(number)]).fetchall()
            where = kind.sql.split("ORDER")[0]
            connection.execute(f"{SUMS} {where}", [kind.value(number)] if "?" in where else []).fetchall()
            took.setdefault(kind.name, []).append((time.perf_counter() - start) * 1000)
            assert len(page) == min(PAGE, kind.hits(LARGE)), (kind.name, len(page))
    connection.close()
    return {name: statistics.median(each) for name, each in took.items()}


def _asset(number: int, room: int, custodian: int) -> Asset:
    name = f"{NAMES[number % len(NAMES)]} asset-{number:06}"
    inventory_no, serial_no, note = f"AT{number:06}", f"SN{number * 7919:09}", f"dostawa partia{number // LOT:05}"
    return Asset(
        id=number + 1, name=name, inventory_no=inventory_no, serial_no=serial_no, note=note, category="meble",
        kst="808", account="013", price=Decimal("199.99"), room_id=room, custodian_id=custodian,
        search_text=search_text(name, inventory_no, serial_no, "808", "meble", note),
    )  # fmt: skip


async def stock(url: str, count: int) -> None:
    """So many assets, each with a tag."""
    async with database(url):
        rooms = [room.id for room in await Room.all().order_by("id")]
        people = [person.id for person in await Person.all().order_by("id")]
        fresh = (_asset(n, rooms[n % len(rooms)], people[n % len(people)]) for n in range(count))
        while lot := list(islice(fresh, 2000)):
            async with changing():
                await insert_many(lot)
        labels = (Tag(code=tag_code(n), asset_id=n + 1, created_at=datetime.now(UTC)) for n in range(count))
        await Tag.bulk_create(labels, batch_size=2000)


def tag_code(number: int) -> str:
    """A tag's code, scattered over all of them as random ones are."""
    return new_code((number * 6_700_417 % 887_503_681).to_bytes(RANDOM_BYTES, "big"))
