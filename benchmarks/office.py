"""An Izba to measure: a seeded register and a server in a process of its own."""

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from config.database import database, migrate
from registry.bookings.models import Booking, Status
from registry.core.history import SYSTEM
from registry.devices.models import Device, DeviceKind, Sensing
from registry.people.actions import issue_token
from registry.people.models import Institution, Person
from registry.rooms.models import Building, Room, Site
from tests.servers import free_port

ROOMS = 10
HOURS = (9, 11, 13, 15)


@dataclass
class Office:
    """A running server: its port, one token for each of 32 people, its data directory."""

    port: int
    tokens: list[str]
    home: Path
    process: subprocess.Popen[bytes]

    def memory_kb(self) -> int:
        return memory_kb(self.process.pid)


def memory_kb(pid: int) -> int:
    """What a process holds in memory now."""
    return _status_kb(pid, "VmRSS:")


def peak_kb(pid: int) -> int:
    """The most that a process has held in memory since its start."""
    return _status_kb(pid, "VmHWM:")


def _status_kb(pid: int, line: str) -> int:
    return int(Path(f"/proc/{pid}/status").read_text().split(line)[1].split()[0])


async def seed(url: str, days: int, sensors: int = 0, hold: int = 300) -> list[str]:
    """Ten rooms, 32 people, four bookings a room on each of the ``days`` before today. Returns the tokens."""
    async with database(url) as context:
        await migrate(context, url)
        site = await Site.create(code="bench", name="Bench")
        building = await Building.create(site=site, code="bench", address="Bench")
        team = await Institution.create(code="bench", name="Bench")
        rooms = [
            await Room.create(
                code=f"R{n:02}", building=building, number=str(n), name=f"Room {n}", kind="meeting", capacity=20,
                bookable=True, check_in=True, no_show_minutes=10, vacant_minutes=15, panel_books=True,
            )
            for n in range(ROOMS)
        ]  # fmt: skip
        now = datetime.now(UTC)
        people = [
            await Person.create(login=f"user{n:02}", name=f"user {n}", institution=team, created_at=now)
            for n in range(32)
        ]
        await _seed_bookings(rooms, people[0], days, now)
        for n in range(sensors):
            await Device.create(
                code=f"s{n:03}", kind=DeviceKind.PRESENCE, sensing=Sensing.MMWAVE, room=rooms[n % ROOMS],
                hold_seconds=hold,
            )  # fmt: skip
        return [await issue_token(person.login, "bench", SYSTEM, now) for person in people]


async def _seed_bookings(rooms: list[Room], person: Person, days: int, now: datetime) -> None:
    today, fresh = now.date(), []
    for back in range(1, days + 1):
        for room in rooms:
            for hour in HOURS:
                starts_at = datetime.combine(today - timedelta(days=back), datetime.min.time(), UTC).replace(hour=hour)
                ends_at = starts_at + timedelta(hours=1)
                fresh.append(
                    Booking(
                        room_id=room.id, organizer_id=person.id, institution_id=person.institution_id,
                        title="Spotkanie", status=Status.ENDED, starts_at=starts_at, ends_at=ends_at,
                        blocked_from=starts_at, blocked_to=ends_at, planned_ends_at=ends_at, created_at=starts_at,
                    )
                )  # fmt: skip
        if len(fresh) >= 4000:
            await Booking.bulk_create(fresh)
            fresh = []
    await Booking.bulk_create(fresh)


def seeded(url: str, days: int, sensors: int = 0, hold: int = 300) -> list[str]:
    """:func:`seed` in a process of its own."""
    tokens: list[str] = apart("benchmarks.office", "seed", url, days, sensors, hold)
    return tokens


def apart(module: str, function: str, *values: object) -> Any:
    """What a coroutine answers in a process of its own, so that nothing of it stays in this one."""
    code = (
        f"import asyncio, json; from {module} import {function} as work; "
        f"print(json.dumps(asyncio.run(work(*{values!r}))))"
    )
    done = subprocess.run([sys.executable, "-c", code], check=True, stdout=subprocess.PIPE, text=True)
    return json.loads(done.stdout)


@contextmanager
def office(
    days: int = 0,
    sensors: int = 0,
    hold: int = 300,
    mqtt_url: str = "embedded",
    url: str = "",
    tokens: list[str] | None = None,
    fill: tuple[Any, ...] = (),
) -> Iterator[Office]:
    """A server with its own data directory, durable commits and real tokens; stopped at the end.

    ``fill``: module, coroutine and what it takes after the database's URL, to put more into the register beforehand.
    """
    with tempfile.TemporaryDirectory(prefix="izba-bench-") as folder:
        home = Path(folder)
        database_url = url or f"sqlite://{home}/izba.sqlite3"
        keys = tokens if tokens is not None else seeded(database_url, days, sensors, hold)
        if fill:
            apart(*fill[:2], database_url, *fill[2:])
        port = free_port()
        environment = settings(home, port, database_url, mqtt_url)
        with open(home / "log", "wb") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", "config", "serve"], env=environment, stdout=subprocess.PIPE, stderr=log
            )
        try:
            _wait(process, home)
            yield Office(port, keys, home, process)
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(10)


def settings(home: Path, port: int, database_url: str, mqtt_url: str = "embedded") -> dict[str, str]:
    """The environment of a server with this data directory. Its modules are compiled once, as an installation's are:
    where a shell says that they are not to be kept, each start would compile them anew.
    """
    return {
        **{name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"},
        "IZBA_PORT": str(port),
        "IZBA_MQTT_PORT": str(free_port()),
        "IZBA_MQTT_URL": mqtt_url,
        "IZBA_DATA_DIR": str(home),
        "IZBA_DATABASE_URL": database_url,
        "IZBA_LOG_LEVEL": "WARNING",
    }


def _wait(process: subprocess.Popen[bytes], home: Path) -> None:
    assert process.stdout
    until = time.monotonic() + 30
    while time.monotonic() < until:
        line = process.stdout.readline()
        if b"Izba is ready" in line:
            return
        if not line and process.poll() is not None:
            break
    raise RuntimeError(f"the server did not start: {(home / 'log').read_text()[-2000:]}")


def slot(index: int, since: date) -> tuple[str, str, str]:
    """The index-th half hour that nobody has: room, start, end."""
    day = since + timedelta(days=index // (ROOMS * 18))
    minute = 8 * 60 + 30 * (index // ROOMS % 18)
    start = datetime.combine(day, datetime.min.time(), UTC) + timedelta(minutes=minute)
    return f"R{index % ROOMS:02}", start.isoformat(), (start + timedelta(minutes=30)).isoformat()
