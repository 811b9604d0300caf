"""Who changed what, when, before and after: append-only, hash-chained per object, sealed daily.

An entry is written in the transaction of the change it tells. It stores no client data: what is written here is what
:mod:`registry` stores, and that has no field for a client.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import orjson
from tortoise import fields
from tortoise.connection import get_connections
from tortoise.exceptions import FieldError
from tortoise.models import Model

from registry.core.fields import UTCDatetimeField
from registry.core.statements import insert
from registry.core.transaction import transaction


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acts and from where: a person, a panel, or Izba itself."""

    name: str
    source: str
    person_id: int | None = None
    address: str = ""


SYSTEM = Actor(name="Izba", source="system")


class HistoryEntry(Model):
    id = fields.BigIntField(primary_key=True)
    object = fields.CharField(max_length=60, description="booking:3f2…, asset:12, room:4")
    seq = fields.IntField()
    at = UTCDatetimeField()
    actor = fields.CharField(max_length=120)
    person_id = fields.IntField(null=True)
    source = fields.CharField(max_length=20)
    address = fields.CharField(max_length=64, default="")
    action = fields.CharField(max_length=40)
    before: Any = fields.JSONField(null=True)
    after: Any = fields.JSONField(null=True)
    reason = fields.CharField(max_length=300, default="")
    previous = fields.CharField(max_length=64, default="")
    hash = fields.CharField(max_length=64)

    class Meta:
        table = "history_entry"
        unique_together = (("object", "seq"),)
        indexes = [("at",)]


class HistorySeal(Model):
    """The heads of one day's chains, in one chain."""

    id = fields.IntField(primary_key=True)
    day = fields.DateField(unique=True)
    last_entry = fields.BigIntField(description="every entry up to this id is under this seal")
    entries = fields.IntField()
    previous = fields.CharField(max_length=64, default="")
    hash = fields.CharField(max_length=64)

    class Meta:
        table = "history_seal"


def link(entry: HistoryEntry) -> str:
    """The hash of an entry over all it says and the hash before it, in hex."""
    told = [
        entry.object, entry.seq, entry.at.isoformat(), entry.actor, entry.person_id, entry.source, entry.address,
        entry.action, entry.before, entry.after, entry.reason, entry.previous,
    ]  # fmt: skip
    return hashlib.sha256(orjson.dumps(told, option=orjson.OPT_SORT_KEYS)).hexdigest()


def plain(values: dict[str, Any]) -> dict[str, Any]:
    """Values as they come back from a JSON column, so that a re-read entry hashes the same."""
    told: dict[str, Any] = orjson.loads(orjson.dumps(values, default=str))
    return told


async def entries_of(thing: str, limit: int) -> list[HistoryEntry]:
    """The newest entries about one thing, like ``booking:ID``, the newest first."""
    return await HistoryEntry.filter(object=thing).order_by("-seq").limit(limit)


async def write(
    thing: str,
    action: str,
    actor: Actor,
    now: datetime,
    *,
    before: dict[str, Any] | None = None,
    after: dict[str, Any] | None = None,
    reason: str = "",
) -> None:
    """Append an entry inside the caller's transaction."""
    last = await HistoryEntry.filter(object=thing).order_by("-seq").first()
    await insert(_entry(thing, action, actor, now, last, before, after, reason))


def first(thing: str, action: str, actor: Actor, now: datetime, after: dict[str, Any]) -> HistoryEntry:
    """The first entry of a new object, to be inserted together with it."""
    return _entry(thing, action, actor, now, None, None, after, "")


async def write_new(told: Sequence[tuple[str, dict[str, Any]]], action: str, actor: Actor, now: datetime) -> None:
    """Append the first entries of many new objects at once."""
    entries = [_entry(thing, action, actor, now, None, None, after, "") for thing, after in told]
    await HistoryEntry.bulk_create(entries, batch_size=500)


def _entry(
    thing: str,
    action: str,
    actor: Actor,
    now: datetime,
    last: HistoryEntry | None,
    before: dict[str, Any] | None,
    after: dict[str, Any] | None,
    reason: str,
) -> HistoryEntry:
    entry = HistoryEntry(
        object=thing,
        seq=last.seq + 1 if last else 1,
        at=now,
        actor=actor.name,
        person_id=actor.person_id,
        source=actor.source,
        address=actor.address,
        action=action,
        before=plain(before) if before is not None else None,
        after=plain(after) if after is not None else None,
        reason=reason[:300],
        previous=last.hash if last else "",
        hash="",
    )
    entry.hash = link(entry)
    return entry


async def newest_entries(thing: str, start: int, limit: int) -> tuple[list[HistoryEntry], int]:
    """A part of the history of one thing, of all without one, newest first, and how many entries it has."""
    entries = HistoryEntry.filter(object=thing) if thing else HistoryEntry.all()
    return await entries.order_by("-id").offset(start).limit(limit), await entries.count()


async def seal(day: date) -> HistorySeal | None:
    """Seal what was written since the last seal into the daily chain. None if nothing was, or the day is sealed."""
    async with transaction():
        await _wait_for_writers()
        last = await HistorySeal.all().order_by("-id").first()
        if last and last.day >= day:
            return None
        hashes, newest, count = hashlib.sha256(), 0, 0
        fresh = HistoryEntry.filter(id__gt=last.last_entry if last else 0).order_by("id")
        async for entry in fresh.only("id", "hash"):
            hashes.update(entry.hash.encode())
            newest, count = entry.id, count + 1
        if not count:
            return None
        previous = last.hash if last else ""
        told = hashlib.sha256(f"{day}{previous}{hashes.hexdigest()}".encode()).hexdigest()
        return await HistorySeal.create(day=day, last_entry=newest, entries=count, previous=previous, hash=told)


async def newest_seal() -> HistorySeal | None:
    """The seal that stands for all before it. Kept outside the database it shows a history that was built anew."""
    return await HistorySeal.all().order_by("-id").first()


async def is_sealed(seal_hash: str) -> bool:
    """Whether one of the seals is this one, in hex."""
    return await HistorySeal.exists(hash=seal_hash)


async def _wait_for_writers() -> None:
    """On PostgreSQL an entry may get its id before another and be committed after it: under a seal that knows only the
    other it would look like one slipped in. SQLite has one writer.
    """
    connection = get_connections().get("default")
    if connection.capabilities.dialect == "postgres":
        await connection.execute_query("LOCK TABLE history_entry IN SHARE MODE")


async def verify() -> tuple[int, HistoryEntry | HistorySeal | None]:
    """Walk every chain. Returns how many entries were walked and the first broken one, or None.

    Of an entry that is gone with its whole chain only the number is known: it is told as that ``seq`` of "history".
    """
    walked, thing, seq, previous = 0, "", 0, ""
    try:
        async for entry in HistoryEntry.all().order_by("object", "seq"):
            if entry.object != thing:
                thing, seq, previous = entry.object, 0, ""
            if entry.seq != seq + 1 or entry.previous != previous or link(entry) != entry.hash:
                return walked, entry
            seq, previous, walked = entry.seq, entry.hash, walked + 1
    except (FieldError, ValueError):  # what stands there is no JSON or no time any more
        return await _unreadable()
    return walked, await _broken_seal() or await _missing()


async def _unreadable() -> tuple[int, HistoryEntry]:
    known: list[tuple[int, str, int]] = (
        await HistoryEntry.all().order_by("object", "seq").values_list("id", "object", "seq")
    )
    for walked, (entry_id, thing, seq) in enumerate(known):
        try:
            await HistoryEntry.get(id=entry_id)
        except (FieldError, ValueError):
            return walked, HistoryEntry(id=entry_id, object=thing, seq=seq)
    raise AssertionError("the entry became readable again")


async def _missing() -> HistoryEntry | None:
    """The first number that was given and is gone. Only SQLite gives them without gaps: a sequence of PostgreSQL skips
    what was rolled back, so there a removed chain shows under its seal.
    """
    connection = get_connections().get("default")
    if connection.capabilities.dialect != "sqlite":
        return None
    _, rows = await connection.execute_query("SELECT seq FROM sqlite_sequence WHERE name = 'history_entry'")
    given = rows[0]["seq"] if rows else 0
    if await HistoryEntry.all().count() >= given:
        return None
    there = [number for (number,) in await HistoryEntry.all().order_by("id").values_list("id")]
    number = next((place for place, one in enumerate(there, 1) if one != place), len(there) + 1)
    return HistoryEntry(id=number, object="history", seq=number)


async def _broken_seal() -> HistorySeal | None:
    previous, after = "", 0
    async for one in HistorySeal.all().order_by("id"):
        hashes, count = hashlib.sha256(), 0
        async for entry in HistoryEntry.filter(id__gt=after, id__lte=one.last_entry).order_by("id").only("id", "hash"):
            hashes.update(entry.hash.encode())
            count += 1
        told = hashlib.sha256(f"{one.day}{previous}{hashes.hexdigest()}".encode()).hexdigest()
        if told != one.hash or one.previous != previous or count != one.entries:
            return one
        previous, after = one.hash, one.last_entry
    return None
