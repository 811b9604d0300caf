"""Who changed what, when, before and after: append-only, hash-chained per object, sealed hourly.

An entry is written in the transaction of the change it tells. It stores no client data: what is written here is what
:mod:`registry` stores, and that has no field for a client.
"""

import hashlib
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson
from tortoise import fields
from tortoise.models import Model

from registry.core.fields import UTCDatetimeField
from registry.core.new_record import new_record
from registry.core.statements import ask, insert

REASON_LENGTH = 300  # of a reason that is stored with an act; a longer one is cut


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
    reason = fields.CharField(max_length=REASON_LENGTH, default="")
    previous = fields.CharField(max_length=64, default="")
    hash = fields.CharField(max_length=64)

    class Meta:
        table = "history_entry"
        unique_together = (("object", "seq"),)
        indexes = [("at",)]


@dataclass(frozen=True, slots=True)
class NextEntry:
    """What is to be said of an object behind the ``last`` entry of its history."""

    last: HistoryEntry
    before: dict[str, Any] | None = None
    after: dict[str, Any] | None = None


class HistorySeal(Model):
    """What was written until an hour of UTC, sealed into one chain."""

    id = fields.IntField(primary_key=True)
    day = fields.DateField()
    hour = fields.SmallIntField(null=True, description="of UTC, null where an older Izba sealed a whole day")
    last_entry = fields.BigIntField(description="every entry up to this id is under this seal")
    entries = fields.IntField()
    previous = fields.CharField(max_length=64, default="")
    hash = fields.CharField(max_length=64)

    class Meta:
        table = "history_seal"
        unique_together = (("day", "hour"),)


def link(entry: HistoryEntry) -> str:
    """The hash of an entry over all it says and the hash before it, in hex."""
    words = [
        entry.object, entry.seq, entry.at.isoformat(), entry.actor, entry.person_id, entry.source, entry.address,
        entry.action, entry.before, entry.after, entry.reason, entry.previous,
    ]  # fmt: skip
    return hashlib.sha256(orjson.dumps(words, option=orjson.OPT_SORT_KEYS)).hexdigest()


def plain(values: dict[str, Any]) -> dict[str, Any]:
    """Values as they come back from a JSON column, so that a re-read entry hashes the same."""
    plain_values: dict[str, Any] = orjson.loads(orjson.dumps(values, default=str))
    return plain_values


async def entries_of(thing: str, limit: int) -> list[HistoryEntry]:
    """The newest entries about one thing, like ``booking:ID``, the newest first."""
    return await HistoryEntry.filter(object=thing).order_by("-seq").limit(limit)


async def entries_by_thing(things: Collection[str], actions: Collection[str]) -> dict[str, list[HistoryEntry]]:
    """What the history of each of these things says of these acts, the newest first; nothing of a thing without."""
    by_thing: dict[str, list[HistoryEntry]] = {}
    for entry in await HistoryEntry.filter(object__in=list(things), action__in=list(actions)).order_by("-seq"):
        by_thing.setdefault(entry.object, []).append(entry)
    return by_thing


async def last_of(thing: str, action: str) -> HistoryEntry | None:
    """The newest entry about one thing that tells this act."""
    return await HistoryEntry.filter(object=thing, action=action).order_by("-seq").first()


async def last_entries(things: Sequence[str]) -> dict[str, HistoryEntry]:
    """The newest entry about each of these things."""
    entries = await HistoryEntry.filter(object__in=list(things)).order_by("seq")
    return {entry.object: entry for entry in entries}


async def things_with(things: Collection[str], action: str) -> set[str]:
    """Those of these things whose history tells this act."""
    entries = HistoryEntry.filter(object__in=list(things), action=action).distinct()
    return {str(thing) for thing in await entries.values_list("object", flat=True)}


async def write(
    thing: str,
    action: str,
    actor: Actor,
    now: datetime,
    *,
    before: dict[str, Any] | None = None,
    after: dict[str, Any] | None = None,
    reason: str = "",
) -> HistoryEntry:
    """Append an entry inside the caller's transaction, and return it."""
    last = await HistoryEntry.filter(object=thing).order_by("-seq").first()
    entry = _entry(thing, action, actor, now, last, before, after, reason)
    await insert(entry)
    return entry


def first(thing: str, action: str, actor: Actor, now: datetime, after: dict[str, Any]) -> HistoryEntry:
    """The first entry of a new object, to be inserted together with it."""
    return _entry(thing, action, actor, now, None, None, after, "")


async def write_new(things: Sequence[tuple[str, dict[str, Any]]], action: str, actor: Actor, now: datetime) -> None:
    """Append the first entries of many new objects at once, each with what it is now."""
    entries = [_entry(thing, action, actor, now, None, None, after, "") for thing, after in things]
    await HistoryEntry.bulk_create(entries, batch_size=500)


async def write_next(changes: Sequence[NextEntry], action: str, actor: Actor, now: datetime, reason: str = "") -> None:
    """Append an entry to each of many objects at once, behind the ``last`` one of each."""
    entries = [_entry(one.last.object, action, actor, now, one.last, one.before, one.after, reason) for one in changes]
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
    entry = new_record(
        HistoryEntry,
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
        reason=reason[:REASON_LENGTH],
        previous=last.hash if last else "",
        hash="",
    )
    entry.hash = link(entry)
    return entry


async def newest_entries(thing: str, start: int, limit: int) -> tuple[list[HistoryEntry], int]:
    """A part of the history of one thing, of all without one, newest first, and how many entries it has."""
    if not thing:
        rows = await HistoryEntry.all().order_by("-id").offset(start).limit(limit)
        return rows, int((await ask(_COUNT, []))[0]["entries"])
    entries = HistoryEntry.filter(object=thing)
    # by the number within the thing: its entries are read by the index, however the planner counts them
    return await entries.order_by("-seq").offset(start).limit(limit), await entries.count()


# each entry is under one seal, which says how many it holds: only those since the last one are counted
_COUNT = """SELECT (SELECT COALESCE(SUM(entries), 0) FROM history_seal) + (
    SELECT COUNT(*) FROM history_entry WHERE id > (SELECT COALESCE(MAX(last_entry), 0) FROM history_seal)
) AS entries"""


WINDOW = 20_000  # entries that one search looks through


@dataclass(frozen=True, slots=True)
class HistoryWish:
    """What is looked for in the history of everything; what is left empty is not asked.

    ``thing`` is one object or the beginning of its name, like ``asset:``; ``actor`` a part of who did it.
    """

    thing: str = ""
    actor: str = ""
    action: str = ""
    since: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class HistoryPart:
    """Entries, the newest first; ``before`` is the number below which to go on, None at the beginning of all."""

    entries: list[HistoryEntry]
    before: int | None


async def search(wish: HistoryWish, before: int | None, limit: int) -> HistoryPart:
    """The newest entries that fit, below a number where one is given. It looks through ``WINDOW`` entries at most, so
    that a search costs the same however long the history is: a part may be empty and go on all the same.
    """
    top = before - 1 if before else await _top(wish.until)
    bottom = max(top - WINDOW, 0)
    entries = HistoryEntry.filter(id__gt=bottom, id__lte=top)
    if wish.thing:
        is_kind = wish.thing.endswith(":")
        entries = entries.filter(object__startswith=wish.thing) if is_kind else entries.filter(object=wish.thing)
    if wish.actor:
        entries = entries.filter(actor__icontains=wish.actor)
    if wish.action:
        entries = entries.filter(action=wish.action)
    if wish.since:
        entries = entries.filter(at__gte=wish.since)
    if wish.until:
        entries = entries.filter(at__lt=wish.until)
    rows = await entries.order_by("-id").limit(limit)
    if len(rows) == limit:
        return HistoryPart(rows, rows[-1].id)
    is_over = bottom == 0 or wish.since is not None and await _is_older(bottom, wish.since)
    return HistoryPart(rows, None if is_over else bottom + 1)


async def _top(until: datetime | None) -> int:
    entries = HistoryEntry.filter(at__lt=until).order_by("-at", "-id") if until else HistoryEntry.all().order_by("-id")
    newest = await entries.first().values("id")
    return newest["id"] if newest else 0


async def _is_older(number: int, since: datetime) -> bool:
    """Whether the entries up to this number were written before this moment."""
    entry = await HistoryEntry.filter(id__lte=number).order_by("-id").first().values("at")
    return entry is None or bool(entry["at"] < since)
