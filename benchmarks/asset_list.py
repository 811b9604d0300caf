"""The page of assets among 100 000: in every order near its beginning, in its middle and at its end, with every filter,
and right after somebody changed a piece. On both databases, one client.
"""

import json
import random
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from itertools import islice

import uvloop

from benchmarks.asset_search import NAMES, tag_code
from benchmarks.driver import Outcome, drive, request
from benchmarks.office import Office, office
from benchmarks.table import Row
from config.database import database
from registry.assets.models import Asset, Tag
from registry.assets.orders import ORDERS
from registry.assets.rules import number_columns, search_text
from registry.core.statements import insert_many
from registry.core.transaction import reading_from
from registry.people.models import Person, Role, Session
from registry.people.queries import digest_of
from registry.rooms.lock import changing
from registry.rooms.models import Room
from tests.servers import Postgres
from web.auth.session import SESSION
from web.kit.answers import cursor_at

MANY, LOT, TIMES, BAR = 100_000, 2000, 12, 30
SECRET = "the-session-of-a-list"
FILTERS = (
    "", "room=R03", "category=meble-3", "custodian=user07", "lifecycle=in_store", "condition=faulty", "printed=no",
    "without=room", "without=serial", "fault=open", "warranty_before=2027-06-01", "q=krzeslo", "q=partia00077",
)  # fmt: skip


def main() -> list[Row]:
    rows: list[Row] = []
    for name, address in (("SQLite", ""), ("PostgreSQL", "new")):
        with _register(address) as url, office(url=url, fill=("benchmarks.asset_list", "stock", MANY)) as izba:
            rows += _rows(izba, name)
    return rows


@contextmanager
def _register(address: str) -> Iterator[str]:
    """The URL of an empty database; none is a file of the office's own."""
    if not address:
        yield ""
        return
    cluster = Postgres()
    try:
        cluster.sql("CREATE DATABASE list")
        yield cluster.url("list")
    finally:
        cluster.stop()


def _rows(izba: Office, name: str) -> list[Row]:
    deep: dict[str, list[float]] = {}
    for order in ORDERS:
        for sort in (order, f"-{order}"):
            for place in (0, MANY // 2, MANY - 120):
                query = f"sort={sort}&after={_cursor(izba, sort, place)}"
                deep[f"{sort} at {place}"] = _times(izba, query)
    filters = {query or "all": _times(izba, query) for query in FILTERS}
    fresh = {query or "all": _times(izba, query, is_fresh=True) for query in FILTERS}
    bare = uvloop.run(drive(izba.port, [request("GET", "/healthz", "-")] * 200, 1)).percentile(50)
    return [
        _row(f"a page of assets in every order, at every depth, {name}", deep, bare),
        _row(f"the first page with every filter, {name}", filters, bare),
        _row(f"the first page with every filter, right after a change, {name}", fresh, bare),
    ]


def _row(promise: str, times: dict[str, list[float]], bare: float) -> Row:
    """The middle of each kind; the slowest kind decides."""
    middles = {name: sorted(each)[len(each) // 2] for name, each in times.items()}
    slowest = max(middles, key=lambda name: middles[name])
    typical = sorted(middles.values())[len(middles) // 2]
    others = ", ".join(f"{name} {middles[name]:.0f}" for name in sorted(middles, key=lambda one: -middles[one])[1:4])
    return Row(
        promise,
        f"p50 {typical:.1f} ms, slowest {middles[slowest]:.1f} ms ({slowest}; then {others})",
        f"/healthz {bare:.2f} ms",
        f"< {BAR} ms",
        middles[slowest] < BAR,
    )


def _times(izba: Office, query: str, is_fresh: bool = False) -> list[float]:
    """Milliseconds of the page at an address; ``is_fresh``: each after a change of some piece."""
    page = _page(f"/assets?{query}")
    _drive(izba, [page])
    took: list[float] = []
    for number in range(TIMES):
        if is_fresh:
            body = json.dumps({"note": f"{number} {query}"}).encode()
            _drive(izba, [request("PATCH", f"/api/v1/assets/{number + 1}", izba.tokens[0], body)])
        took += _drive(izba, [page]).took
    return took


def _drive(izba: Office, requests: list[bytes]) -> Outcome:
    outcome = uvloop.run(drive(izba.port, requests, 1))
    assert set(outcome.codes) == {200}, (outcome.codes, requests[0], outcome.body[:400])
    return outcome


def _page(path: str) -> bytes:
    return f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nCookie: {SESSION}={SECRET}\r\n\r\n".encode()


def _cursor(izba: Office, sort: str, place: int) -> str:
    """Of the row at a place, as the list of programs tells it."""
    path = f"/api/v1/assets?sort={sort}&limit=1&cursor={cursor_at(place)}"
    return str(json.loads(_drive(izba, [request("GET", path, izba.tokens[0])]).body)["next"])


async def stock(url: str, count: int) -> None:
    """So many assets that differ in all that a list is ordered by, and somebody who is signed in to count them."""
    chance = random.Random(7)
    async with database(url):
        rooms = [room.id for room in await Room.all().order_by("id")]
        people = [person.id for person in await Person.all().order_by("id")]
        await Person.filter(id=people[0]).update(role=Role.FACILITIES)
        now = datetime.now(UTC)
        await Session.create(
            person_id=people[0], digest=digest_of(SECRET), created_at=now, expires_at=now + timedelta(hours=3)
        )
        pieces = (_asset(number, rooms, people, chance) for number in range(count))
        while lot := list(islice(pieces, LOT)):
            async with changing():
                await insert_many(lot)
        labels = (
            Tag(code=tag_code(n), asset_id=n + 1, created_at=now, printed_at=now if n % 3 else None)
            for n in range(count)
        )
        await Tag.bulk_create(labels, batch_size=LOT)
        if url.startswith("postgres"):  # as its own housekeeping does within the hour
            await reading_from().execute_query("VACUUM ANALYZE")


def _asset(number: int, rooms: list[int], people: list[int], chance: random.Random) -> Asset:
    name = f"{NAMES[number % len(NAMES)]} {chance.randrange(1000):03}"
    serial, category = f"SN{chance.randrange(10**8)}" if number % 5 else "", f"meble-{chance.randrange(12)}"
    inventory_no, day = f"AT{number:06}", date(2018, 1, 1) + timedelta(chance.randrange(3000))
    return Asset(
        id=number + 1, name=name, **number_columns(inventory_no), serial_no=serial, category=category,
        kst=str(800 + chance.randrange(9)), account=("013", "011", "poz")[chance.randrange(3)],
        price=Decimal(chance.randrange(10**6)) / 100, quantity=1 + chance.randrange(4) // 3,
        room_id=chance.choice(rooms) if number % 7 else None, custodian_id=chance.choice(people),
        accepted_on=day, warranty_until=day + timedelta(730) if number % 2 else None,
        durable_until=day + timedelta(1825) if number % 3 else None,
        condition="faulty" if number % 50 == 0 else "ok", lifecycle="in_store" if number % 20 == 0 else "in_use",
        search_text=search_text(name, inventory_no, serial, category, f"partia{number // 10:05}"),
    )  # fmt: skip
