"""Three offices of growing size, filled once through the register's own tables and kept for later runs: the Help
Point, a *town*, a *province*.
"""

import hashlib
import os
import random
import shutil
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import islice
from pathlib import Path
from typing import TypeVar
from uuid import UUID

from tortoise.models import Model

from benchmarks.asset_search import NAMES, tag_code
from benchmarks.office import apart
from config.database import database, migrate
from registry.assets.models import Asset, Condition, FundingShare, Purchase, Tag
from registry.assets.rules import number_key, search_text
from registry.bookings.models import Booking, Status
from registry.core.history import SYSTEM, HistoryEntry, first
from registry.core.seals import seal
from registry.core.statements import insert_many
from registry.core.transaction import transaction
from registry.devices.models import Device, DeviceKind, Sensing
from registry.grants.models import Grant
from registry.people.actions import issue_token
from registry.people.models import Institution, Person, Role, Session
from registry.people.queries import digest_of
from registry.rooms.models import Building, Room, RoomKind, Site, StandardItem
from tests.servers import Postgres

T = TypeVar("T")
EDITION = 2  # of the rows: grows when what is filled changes
LOT = 5_000
PEOPLE = 32
SECRET = "the-browser-of-a-benchmark-{}"
# the hours of the bookings of a day, in UTC; before noon of the days to come the rooms are free
HOURS, AHEAD_HOURS, AHEAD_DAYS = (7, 9, 11, 13), (13, 15), 14
FAULTY = 100  # every so many-th asset
SEEDS_KEPT = 7  # days; "today" of an older seed lies too far back


@dataclass(frozen=True)
class Size:
    """How much stands in an office."""

    name: str
    rooms: int
    assets: int
    bookings: int
    devices: int

    @property
    def history(self) -> int:
        """Entries: one of each thing, each booking and each of the people."""
        return self.assets + self.bookings + PEOPLE


SIZES = {
    size.name: size
    for size in (
        Size("help-point", rooms=21, assets=595, bookings=2_000, devices=20),
        Size("town", rooms=100, assets=10_000, bookings=100_000, devices=300),
        Size("province", rooms=500, assets=100_000, bookings=1_000_000, devices=3_000),
    )
}


async def fill(url: str, name: str) -> list[str]:
    """Fill an empty database with the office of this size. Returns the tokens of its 32 people: the first is its
    administrator, the next eight keep the register, all others book.
    """
    size, now = SIZES[name], datetime.now(UTC)
    async with database(url) as context:
        await migrate(context, url)
        people = await _people(now)
        rooms = await _rooms(size)
        await _devices(size, rooms)
        await _assets(size, rooms, people, now)
        await _bookings(size, rooms, people, now)
        await context.db("default").execute_script("ANALYZE")
        await seal(now)
        return [await issue_token(person.login, "bench", SYSTEM, now) for person in people]


async def _people(now: datetime) -> list[Person]:
    teams = [await Institution.create(code=f"i{n}", name=f"Instytucja {n}") for n in range(5)]
    roles = [Role.ADMIN, *[Role.FACILITIES] * 8]
    people = [
        await Person.create(
            login=f"user{n:02}", name=f"osoba {n}", institution=teams[n % 5], created_at=now,
            role=roles[n] if n < len(roles) else Role.MEMBER,
        )
        for n in range(PEOPLE)
    ]  # fmt: skip
    await _remember(("person", person.id, now, {"login": person.login, "role": str(person.role)}) for person in people)
    for n, person in enumerate(people):
        expires_at = now + timedelta(days=2 * SEEDS_KEPT)
        await Session.create(person=person, digest=digest_of(SECRET.format(n)), created_at=now, expires_at=expires_at)
    return people


async def _rooms(size: Size) -> list[Room]:
    site = await Site.create(code="bench", name="Bench")
    rooms: list[Room] = []
    for n in range(size.rooms):
        if n % 50 == 0:
            building = await Building.create(site=site, code=f"b{n // 50}", address=f"ul. Próbna {n // 50 + 1}")
        rooms.append(
            await Room.create(
                code=room_code(n), building=building, number=str(n), name=f"Sala {n}", kind=RoomKind.MEETING,
                capacity=6 + n % 20, bookable=True, check_in=True, no_show_minutes=10, vacant_minutes=15,
                panel_books=True, cleanup_minutes=n % 2 * 5,
            )
        )  # fmt: skip
    standard = [StandardItem(room_id=room.id, name=NAMES[n], quantity=1) for room in rooms for n in (0, 6)]
    await StandardItem.bulk_create(standard, batch_size=500)
    return rooms


def room_code(number: int) -> str:
    return f"R{number:03}"


async def _devices(size: Size, rooms: list[Room]) -> None:
    """In turn a sensor of people, a door, a sensor of the air, one more of people, and two of windows."""
    kinds = (
        (DeviceKind.PRESENCE, Sensing.MMWAVE), (DeviceKind.DOOR_PANEL, Sensing.NONE), (DeviceKind.AIR, Sensing.CO2),
        (DeviceKind.PRESENCE, Sensing.PIR), (DeviceKind.CONTACT, Sensing.CONTACT),
        (DeviceKind.CONTACT, Sensing.CONTACT),
    )  # fmt: skip
    devices = []
    for n in range(size.devices):
        kind, sensing = kinds[n // size.rooms % len(kinds)]
        devices.append(Device(code=f"d{n:04}", kind=kind, sensing=sensing, room_id=rooms[n % size.rooms].id))
    await Device.bulk_create(devices, batch_size=500)


async def _assets(size: Size, rooms: list[Room], people: list[Person], now: datetime) -> None:
    grant = await Grant.create(
        code="PL/2020/PR/0111", name="Bench", beneficiary="Bench", fund="Bench", total=Decimal("1791093.00"),
        granted=Decimal("1343319.75"), percent=Decimal(75),
    )  # fmt: skip
    lines = range(size.assets // 10 + 1)
    purchases = [
        Purchase(code=f"FV-{n:05}", name=f"{NAMES[n % len(NAMES)]} partia {n}", quantity=10, unit_price=Decimal(200))
        for n in lines
    ]
    await Purchase.bulk_create(purchases, batch_size=500)
    ids = sorted([purchase.id for purchase in await Purchase.all().only("id")])
    await _store(_asset(n, rooms[n % size.rooms].id, people[n % PEOPLE].id, ids[n // 10]) for n in range(size.assets))
    await _remember(("asset", n + 1, now, {"inventory_no": f"AT{n:06}"}) for n in range(size.assets))
    share = Decimal("199.99")
    await _store(FundingShare(id=n + 1, asset_id=n + 1, grant_id=grant.id, amount=share) for n in range(size.assets))
    await _store(Tag(id=n + 1, code=tag_code(n), asset_id=n + 1, created_at=now) for n in range(size.assets))


def _asset(number: int, room: int, custodian: int, purchase: int) -> Asset:
    name = NAMES[number % len(NAMES)]
    inventory_no, serial_no, note = f"AT{number:06}", f"SN{number * 7919:09}", f"dostawa partia{number // 10:05}"
    return Asset(
        id=number + 1, name=name, inventory_no=inventory_no, number_key=number_key(inventory_no),
        serial_no=serial_no, note=note,
        category=NAMES[number % 10].split()[0].lower(), kst="808", account="013", price=Decimal("199.99"),
        room_id=room, custodian_id=custodian, purchase_id=purchase,
        condition=Condition.OK if number % FAULTY else Condition.FAULTY,
        search_text=search_text(name, inventory_no, serial_no, "808", note),
    )  # fmt: skip


async def _bookings(size: Size, rooms: list[Room], people: list[Person], now: datetime) -> None:
    """A few for the days to come, all others in the past."""
    for lot in _lots(_booking_rows(size, rooms, people, now, random.Random(size.name))):
        async with transaction():
            await insert_many(lot)
        await _remember(("booking", booking.id, booking.created_at, {"room": booking.room_id}) for booking in lot)


async def _remember(facts: Iterable[tuple[str, object, datetime, dict[str, object]]]) -> None:
    """The first entry of each of these: its kind, its id, when, and what the history says of it."""
    for lot in _lots(facts):
        entries = [first(f"{kind}:{pk}", "added", SYSTEM, at, after) for kind, pk, at, after in lot]
        async with transaction():
            await HistoryEntry.bulk_create(entries, batch_size=500)


def _booking_rows(
    size: Size, rooms: list[Room], people: list[Person], now: datetime, numbers: random.Random
) -> Iterator[Booking]:
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    count = 0
    for back in range(-AHEAD_DAYS, size.bookings):
        for hour in AHEAD_HOURS if back < 0 else HOURS:
            starts_at = midnight + timedelta(hours=hour) - timedelta(days=back)
            for n, room in enumerate(rooms):
                if count == size.bookings:
                    return
                count += 1
                yield _booking(room, people[(n + back) % PEOPLE], starts_at, now, numbers)


def _booking(room: Room, person: Person, starts_at: datetime, now: datetime, numbers: random.Random) -> Booking:
    ends_at = starts_at + timedelta(hours=1)
    return Booking(
        id=UUID(int=numbers.getrandbits(128), version=4), room_id=room.id, organizer_id=person.id,
        institution_id=person.institution_id, title="Spotkanie",
        status=Status.ENDED if ends_at < now else Status.CONFIRMED, starts_at=starts_at, ends_at=ends_at,
        blocked_from=starts_at, blocked_to=ends_at + timedelta(minutes=room.cleanup_minutes),
        planned_ends_at=ends_at, created_at=min(starts_at, now),
    )  # fmt: skip


async def _store(records: Iterable[Model]) -> None:
    for lot in _lots(records):
        async with transaction():
            await insert_many(lot)


def _lots(records: Iterable[T]) -> Iterator[list[T]]:
    rest = iter(records)
    while lot := list(islice(rest, LOT)):
        yield lot


# kept between runs


@contextmanager
def filled(name: str, dialect: str) -> Iterator[tuple[str, list[str]]]:
    """The URL of a copy of the office in a database of this dialect, sqlite or postgres, and its tokens. The office is
    filled at the first use, which takes minutes for a province, and kept for a week.
    """
    home = _kept(name, dialect)
    tokens_file = home / "tokens"
    if dialect == "sqlite":
        original = home / "izba.sqlite3"
        _fill(f"sqlite://{original}", name, tokens_file)
        with _workplace() as copy:
            shutil.copyfile(original, copy / original.name)
            yield f"sqlite://{copy}/{original.name}", tokens_file.read_text().split()
        return
    server = Postgres(home / "cluster")
    try:
        if not tokens_file.exists():
            server.sql("DROP DATABASE IF EXISTS original")
            server.sql("CREATE DATABASE original")
        _fill(server.url("original"), name, tokens_file)
        server.sql("DROP DATABASE IF EXISTS copy")
        server.sql("CREATE DATABASE copy TEMPLATE original STRATEGY FILE_COPY")
        yield server.url("copy"), tokens_file.read_text().split()
        server.sql("DROP DATABASE copy WITH (FORCE)")
    finally:
        server.stop()


def _fill(url: str, name: str, tokens_file: Path) -> None:
    """Once; later only migrations that are new are run."""
    if tokens_file.exists():
        apart("benchmarks.offices", "bring_up", url)
        return
    start = time.monotonic()
    tokens: list[str] = apart("benchmarks.offices", "fill", url, name)
    print(f"{name} filled in {time.monotonic() - start:.0f} s", file=sys.stderr, flush=True)
    tokens_file.write_text("\n".join(tokens))


async def bring_up(url: str) -> None:
    async with database(url) as context:
        await migrate(context, url)
        await seal(datetime.now(UTC))


def _kept(name: str, dialect: str) -> Path:
    """Where this edition of the office is kept for a week; what is older goes."""
    place = Path("/var/tmp") / f"izba-bench-{os.getuid()}"  # PostgreSQL's own user can enter it
    place.mkdir(exist_ok=True)
    for old in place.iterdir():
        if time.time() - old.stat().st_mtime > SEEDS_KEPT * 24 * 3600:
            shutil.rmtree(old)
    digest = hashlib.sha256(repr((EDITION, SIZES[name])).encode())
    home = place / f"{name}-{dialect}-{digest.hexdigest()[:12]}"
    home.mkdir(exist_ok=True)
    return home


@contextmanager
def _workplace() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="izba-copy-", dir="/var/tmp") as folder:  # /tmp may be memory
        yield Path(folder)
