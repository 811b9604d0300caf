"""A list of 10 000 assets through ``izba import``: the whole process from its start, checked and written."""

import asyncio
import csv
import os
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import asyncpg

from benchmarks.office import apart, peak_kb, seeded
from benchmarks.table import Row
from tests.servers import Missing, Postgres

MANY, FEW, TIMES = 10_000, 1000, 3
THERE = 100_000  # assets that a large register has already
BAD = 1000  # one row in so many has a date that no calendar has
HEADER = (
    "Numer inwentarzowy", "Nazwa", "Kategoria", "KŚT", "Wartość brutto", "Numer seryjny", "Pomieszczenie",
    "Osoba odpowiedzialna", "Data przyjęcia", "Gwarancja do", "Uwagi",
)  # fmt: skip
NAMES = ("Krzesło obrotowe", "Biurko narożne", "Monitor 27 cali", "Laptop służbowy", "Szafa aktowa")
TABLES = ("asset", "tag", "funding_share", "history_entry")


@dataclass
class Run:
    """An import: seconds of the whole process, the most memory it held, the records it made."""

    seconds: float
    peak: float
    count: int


def main() -> list[Row]:
    with tempfile.TemporaryDirectory(prefix="izba-bench-") as folder:
        home = Path(folder)
        many, few = _list(home, MANY), _list(home, FEW)
        rows = [_on_sqlite(many, few, home)]
        with suppress(Missing):
            rows.append(_on_postgres(many, few, home))
    return rows


def _on_sqlite(many: Path, few: Path, home: Path) -> Row:
    empty, stocked, used = home / "empty.sqlite3", home / "stocked.sqlite3", home / "used.sqlite3"
    seeded(f"sqlite://{empty}", 0)
    _copy(empty, stocked)
    apart("benchmarks.asset_search", "stock", f"sqlite://{stocked}", THERE)

    def run(listed: Path, into: Path) -> Run:
        return _import(listed, f"sqlite://{_copy(into, used)}", home)

    small = [run(few, empty) for _ in range(TIMES)]
    large = [run(many, empty) for _ in range(TIMES)]
    records = _records(used)
    floor = statistics.median(_bare(records, _copy(empty, used)) for _ in range(TIMES))
    late = sorted((run(many, stocked) for _ in range(TIMES)), key=lambda one: one.seconds)[TIMES // 2]
    more = f"into a register of 100 k assets {late.seconds:.2f} s, {late.peak:.0f} MB; "
    return _row("SQLite", large, small, more, f"bare sqlite3 inserting the same records {floor:.2f} s", floor)


def _copy(of: Path, to: Path) -> Path:
    """A copy with all that was committed: the last of it may still stand in the write-ahead log."""
    for suffix in ("", "-wal", "-shm"):
        Path(f"{to}{suffix}").unlink(missing_ok=True)
    source, target = sqlite3.connect(of), sqlite3.connect(to)
    source.backup(target)
    source.close()
    target.close()
    os.sync()  # else the commits to come wait for it
    return to


def _on_postgres(many: Path, few: Path, home: Path) -> Row:
    """The tests' server: without fsync, its files in memory where there is enough of it."""
    server = Postgres()
    try:
        server.sql("CREATE DATABASE seeded")
        seeded(server.url("seeded"), 0)

        def run(listed: Path) -> Run:
            server.sql("DROP DATABASE IF EXISTS used")
            server.sql("CREATE DATABASE used TEMPLATE seeded")
            return _import(listed, server.url("used"), home)

        small, large = [run(few) for _ in range(TIMES)], [run(many) for _ in range(TIMES)]
        server.sql("CREATE DATABASE bare TEMPLATE seeded")
        floor = asyncio.run(_copied(server.url("used"), server.url("bare")))
    finally:
        server.stop()
    return _row("PostgreSQL without fsync", large, small, "", f"COPY of the same records {floor:.2f} s", floor)


def _row(name: str, large: list[Run], small: list[Run], more: str, floor_told: str, floor: float) -> Row:
    seconds, peak = statistics.median(run.seconds for run in large), statistics.median(run.peak for run in large)
    before, peak_before = statistics.median(run.seconds for run in small), statistics.median(run.peak for run in small)
    span = sorted(run.seconds for run in large)
    return Row(
        f"import of 10 k rows, checked and written, {name}",
        f"{seconds:.2f} s ({span[0]:.2f}–{span[-1]:.2f}), {peak:.0f} MB at most; 1 k rows {before:.2f} s, "
        f"{peak_before:.0f} MB; {more}{MANY // BAD} rows refused, {large[0].count} written",
        f"{floor_told} (× {seconds / floor:.1f})",
        "< 5 s, memory flat: within 10 % of 1 k rows",
        seconds < 5 and peak < 1.1 * peak_before,
    )


def _list(home: Path, count: int) -> Path:
    """A list as an office keeps it: semicolons, decimal commas, Polish dates, its own words."""
    path = home / f"{count}.csv"
    with open(path, "w", encoding="utf-8-sig", newline="") as out:
        writer = csv.writer(out, delimiter=";", lineterminator="\r\n")
        writer.writerow(HEADER)
        writer.writerows(_line(number) for number in range(count))
    return path


def _line(number: int) -> tuple[str, ...]:
    bought = date(2020, 1, 1) + timedelta(days=number % 2000)
    bought_on = "31.02.2024" if number % BAD == BAD - 1 else f"{bought:%d.%m.%Y}"
    price = f"{100 + number % 900},{number % 100:02}"
    return (
        f"IMP-{number:06}", f"{NAMES[number % len(NAMES)]} typ {number % 97}", "wyposażenie", "808", price,
        f"SN{number * 7919:09}", f"R{number % 10:02}", f"user{number % 32:02}", bought_on,
        f"{bought + timedelta(days=730):%d.%m.%Y}", f"dostawa {number // 50}",
    )  # fmt: skip


def _import(listed: Path, url: str, home: Path) -> Run:
    """Run the command and watch its memory until it ends."""
    environment = {**os.environ, "IZBA_DATABASE_URL": url, "IZBA_DATA_DIR": str(home), "IZBA_LANGUAGE": "en"}
    output, start, peak = home / "said", time.perf_counter(), 0
    with open(output, "wb") as out:
        process = subprocess.Popen([sys.executable, "-m", "config", "import", str(listed)], env=environment, stdout=out)
    while process.poll() is None:
        with suppress(OSError, IndexError):
            peak = max(peak, peak_kb(process.pid))
        time.sleep(0.01)
    took, text = time.perf_counter() - start, output.read_text()
    count = int(listed.stem)
    assert process.returncode == 1, text  # some rows refused
    assert f"{count} rows read: {count - count // BAD} accepted, {count // BAD} refused." in text, text
    return Run(took, peak / 1024, count - count // BAD)


def _records(database: Path) -> dict[str, list[tuple[object, ...]]]:
    """What an import wrote, by table."""
    connection = sqlite3.connect(database)
    rows = {table: connection.execute(f"SELECT * FROM {table}").fetchall() for table in TABLES}
    one = connection.execute("SELECT name, price, room_id, accepted_on FROM asset WHERE inventory_no = 'IMP-000001'")
    first, count = one.fetchone(), MANY - MANY // BAD
    connection.close()
    assert (first[0], float(first[1]), first[3]) == ("Biurko narożne typ 1", 101.01, "2020-01-02"), first
    assert len(rows["asset"]) == len(rows["tag"]) == len(rows["funding_share"]) == count
    return rows


def _bare(records: dict[str, list[tuple[object, ...]]], database: Path) -> float:
    """Seconds of inserting the records, five hundred in a durable commit."""
    connection = sqlite3.connect(database, isolation_level=None)
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")
    for table in TABLES:
        connection.execute(f"DELETE FROM {table}")
    start = time.perf_counter()
    for table, rows in records.items():
        marks = f"({','.join('?' * len(rows[0]))})"
        for first in range(0, len(rows), 500):
            lot = rows[first : first + 500]
            insertion = f"INSERT INTO {table} VALUES {','.join([marks] * len(lot))}"
            connection.execute("BEGIN IMMEDIATE")
            connection.execute(insertion, [value for row in lot for value in row])
            connection.execute("COMMIT")
    took = time.perf_counter() - start
    connection.close()
    return took


async def _copied(of: str, into: str) -> float:
    """Seconds of PostgreSQL's own way to take many records."""
    source, target = await asyncpg.connect(of), await asyncpg.connect(into)
    took = 0.0
    for table in TABLES:
        records = [tuple(one) for one in await source.fetch(f"SELECT * FROM {table}")]
        await target.execute(f"DELETE FROM {table}")
        start = time.perf_counter()
        await target.copy_records_to_table(table, records=records)
        took += time.perf_counter() - start
    await source.close()
    await target.close()
    return took


if __name__ == "__main__":
    print(main())
