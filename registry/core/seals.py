"""The history proved unaltered: its entries sealed hourly, its chains walked link by link. However long it is, no more
than a lot of it is in memory, and nobody waits to write meanwhile.
"""

import hashlib
from collections.abc import AsyncIterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

from tortoise.connection import get_connections
from tortoise.exceptions import FieldError, IntegrityError

from registry.core.history import HistoryEntry, HistorySeal, link
from registry.core.statements import numbered
from registry.core.transaction import reading_from, transaction

LOT = 1000
UNSEALED_AT_MOST = timedelta(days=3)
LAST_HOUR = 23
# after the last entry of the lot before, through the index of chains
_CHAINS = "SELECT * FROM history_entry WHERE (object, seq) > (?, ?) ORDER BY object, seq LIMIT ?"
_GAP = """SELECT id + 1 AS missing FROM history_entry AS entry
WHERE NOT EXISTS (SELECT 1 FROM history_entry AS following WHERE following.id = entry.id + 1) ORDER BY id LIMIT 1"""


async def seal(now: datetime) -> HistorySeal | None:
    """Seal what was written since the last seal into the chain of seals. None if nothing was, or the hour is sealed."""
    last, now = await newest_seal(), now.astimezone(UTC)
    day, hour = now.date(), now.hour
    if last and (last.day, LAST_HOUR if last.hour is None else last.hour) >= (day, hour):
        return None
    after = last.last_entry if last else 0
    newest = await _newest_entry()
    digest, count = await _digest(after, newest)
    if not count:
        return None
    previous = last.hash if last else ""
    try:
        async with transaction():
            return await HistorySeal.create(
                day=day,
                hour=hour,
                last_entry=newest,
                entries=count,
                previous=previous,
                hash=_seal_hash(moment_of(day, hour), previous, digest),
            )
    except IntegrityError:  # another process has sealed the hour
        return None


async def newest_seal() -> HistorySeal | None:
    """The seal that stands for all before it. Kept outside the database it shows a history that was built anew."""
    return await HistorySeal.all().order_by("-id").first()


async def are_seals_gone(now: datetime) -> bool:
    """Whether there is no seal where there should be one: seals had been numbered, or an entry is older than a server
    that seals every night would leave it.
    """
    if await newest_seal() is not None:
        return False
    connection = reading_from()
    if connection.capabilities.dialect == "sqlite":
        query = "SELECT seq AS number FROM sqlite_sequence WHERE name = 'history_seal'"
    else:
        query = "SELECT CASE WHEN is_called THEN last_value ELSE 0 END AS number FROM history_seal_id_seq"
    rows = await connection.execute_query_dict(query)
    return bool(rows and rows[0]["number"]) or await HistoryEntry.all().filter(at__lt=now - UNSEALED_AT_MOST).exists()


async def is_sealed(seal_hash: str) -> bool:
    """Whether one of the seals is this one, in hex."""
    return await HistorySeal.exists(hash=seal_hash)


async def verify() -> tuple[int, HistoryEntry | HistorySeal | None]:
    """Walk every chain. Returns how many entries were walked and the first broken one, or None.

    Of an entry that is gone with its whole chain only the number is known: it is told as that ``seq`` of "history".
    """
    walked, thing, seq, previous = 0, "", 0, ""
    async for row in _rows_of_chains():
        try:
            entry: HistoryEntry = HistoryEntry._init_from_db(**row)
            expected = link(entry)
        except (FieldError, ValueError):  # what stands there is no JSON or no time any more
            return walked, HistoryEntry(id=row["id"], object=row["object"], seq=row["seq"])
        if entry.object != thing:
            thing, seq, previous = entry.object, 0, ""
        if entry.seq != seq + 1 or entry.previous != previous or expected != entry.hash:
            return walked, entry
        seq, previous, walked = entry.seq, entry.hash, walked + 1
    return walked, await _broken_seal() or await _missing_entry()


async def _rows_of_chains() -> AsyncIterator[dict[str, Any]]:
    """The rows of all entries, chain after chain."""
    connection, thing, seq = reading_from(), "", 0
    query = _CHAINS if connection.capabilities.dialect == "sqlite" else numbered(_CHAINS)
    while rows := await connection.execute_query_dict(query, [thing, seq, LOT]):
        for row in rows:
            yield row
        thing, seq = rows[-1]["object"], rows[-1]["seq"]


async def _digest(after: int, last: int) -> tuple[str, int]:
    """The hash in hex over the hashes of the entries with these numbers, the first excluded, and how many they are."""
    hashes, count = hashlib.sha256(), 0
    while lot := await HistoryEntry.filter(id__gt=after, id__lte=last).order_by("id").limit(LOT).values("id", "hash"):
        for row in lot:
            hashes.update(row["hash"].encode())
        after, count = lot[-1]["id"], count + len(lot)
    return hashes.hexdigest(), count


def moment_of(day: date, hour: int | None) -> str:
    """2026-11-24T08Z, or the day where the whole of it was sealed."""
    return str(day) if hour is None else f"{day}T{hour:02}Z"


def _seal_hash(moment: str, previous: str, digest: str) -> str:
    return hashlib.sha256(f"{moment}{previous}{digest}".encode()).hexdigest()


async def _newest_entry() -> int:
    """The number up to which no entry can come any more: an entry of PostgreSQL may get its number before another and
    be committed after it, and under a seal that knows only the other it would look like one slipped in. So whoever is
    writing is waited for; SQLite has one writer.
    """
    async with transaction():
        connection = get_connections().get("default")
        if connection.capabilities.dialect == "postgres":
            await connection.execute_query("LOCK TABLE history_entry IN SHARE MODE")
        newest = await HistoryEntry.filter().order_by("-id").first()
        return newest.id if newest else 0


async def _broken_seal() -> HistorySeal | None:
    """Through all seals, and once through all entries: two years of hours are 17 000 seals."""
    previous, hashes, count, lot = "", hashlib.sha256(), 0, _Lots()
    for one in await HistorySeal.all().order_by("id"):
        async for entry_hash in lot.until(one.last_entry):
            hashes.update(entry_hash.encode())
            count += 1
        expected = _seal_hash(moment_of(one.day, one.hour), previous, hashes.hexdigest())
        if expected != one.hash or one.previous != previous or count != one.entries:
            return one
        previous, hashes, count = one.hash, hashlib.sha256(), 0
    return None


class _Lots:
    """The hashes of all entries in order, read a lot at a time and handed out up to a number."""

    def __init__(self) -> None:
        self._rows: list[dict[str, Any]] = []
        self._after = 0

    async def until(self, last: int) -> AsyncIterator[str]:
        """Those that follow, up to this number."""
        while True:
            while self._rows and self._rows[0]["id"] <= last:
                yield self._rows.pop(0)["hash"]
            if self._rows or self._after >= last:
                return
            lot = HistoryEntry.all().filter(id__gt=self._after).order_by("id").limit(LOT).values("id", "hash")
            self._rows = await lot
            if not self._rows:
                return
            self._after = self._rows[-1]["id"]


async def unused_numbers() -> int:
    """How many numbers of entries were given since the last seal and are not there. On PostgreSQL alone: whatever was
    rolled back leaves such a gap, and so does an entry that was removed; SQLite leaves none, and verify() finds it.
    """
    connection = reading_from()
    if connection.capabilities.dialect == "sqlite":
        return 0
    sealed = await newest_seal()
    after = sealed.last_entry if sealed else 0
    query = "SELECT CASE WHEN is_called THEN last_value ELSE 0 END AS number FROM history_entry_id_seq"
    (row,) = await connection.execute_query_dict(query)
    numbers = max(int(row["number"]) - after, 0)
    return numbers - await HistoryEntry.all().filter(id__gt=after, id__lte=row["number"]).count()


async def _missing_entry() -> HistoryEntry | None:
    """The first number that was given and is gone. Only SQLite gives them without gaps: a sequence of PostgreSQL skips
    what was rolled back, so there a removed chain shows under its seal.
    """
    connection = reading_from()
    if connection.capabilities.dialect != "sqlite":
        return None
    rows = await connection.execute_query_dict("SELECT seq FROM sqlite_sequence WHERE name = 'history_entry'")
    if await HistoryEntry.all().count() >= (rows[0]["seq"] if rows else 0):
        return None
    number = 1
    if await HistoryEntry.exists(id=1):
        (gap,) = await connection.execute_query_dict(_GAP)
        number = gap["missing"]
    return HistoryEntry(id=number, object="history", seq=number)
