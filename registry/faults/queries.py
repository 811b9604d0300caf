"""What is asked about faults: lists, one with all that was said about it, what waits and what was mended."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from tortoise.expressions import Q, Subquery
from tortoise.queryset import QuerySet

from registry.assets.models import Asset, Condition, Lifecycle
from registry.core.errors import NotFound
from registry.core.ids import may_be_id
from registry.faults import rules
from registry.faults.models import ACTIVE, Fault, FaultAct, FaultEntry, FaultState
from registry.people.models import Person
from registry.rooms.models import HELP_POINT

# so long is somebody told that what they reported is mended
TOLD = timedelta(days=7)
_FIELDS = ("id", "room_id", "asset_id", "kind", "text", "state", "reports", "opened_at", "changed_at", "resolved_at",
           "revision")  # fmt: skip
_JOINED = {
    "room": "room__code", "room_name": "room__name", "room_name_en": "room__name_en", "visibility": "room__visibility",
    "asset_name": "asset__name", "inventory_no": "asset__inventory_no", "asset_room": "asset__room__code",
    "asset_room_name": "asset__room__name", "asset_room_name_en": "asset__room__name_en",
    "owner": "owner__login", "owner_name": "owner__name",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class FaultFilter:
    """What to look for; empty means any. ``state`` may be "active": not mended yet."""

    state: str = ""
    room: str = ""
    asset: int | None = None
    owner: str = ""
    is_own: bool = False


@dataclass(frozen=True, slots=True)
class FaultLine:
    """Something said or done about a fault. ``actor`` is empty for who may not know it, ``text`` None."""

    act: FaultAct
    at: datetime
    actor: str
    source: str
    text: str | None


@dataclass(frozen=True, slots=True)
class VisibleFault:
    """A fault as somebody may see it. ``text`` is what was said first, None for who may not read it; ``room`` is where
    it is now.
    """

    id: int
    state: FaultState
    kind: str
    text: str | None
    room: str | None
    room_name: str
    room_name_en: str
    asset: int | None
    asset_name: str | None
    inventory_no: str | None
    owner: str | None
    owner_name: str | None
    reports: int
    is_own: bool
    opened_at: datetime
    changed_at: datetime
    resolved_at: datetime | None
    revision: int
    lines: list[FaultLine] = field(default_factory=list)

    @property
    def number(self) -> str:
        return rules.number_of(self.id)


async def search(wish: FaultFilter, reader: Person, start: int, limit: int) -> tuple[list[VisibleFault], int]:
    """A part of the faults that somebody may see, the newest first, and how many they are."""
    own = set() if rules.sees_all(reader.role) and not wish.is_own else await _own_ids(reader)
    matches = _matching(wish, reader, own)
    rows = await matches.order_by("-id").offset(start).limit(limit).values(*_FIELDS, **_JOINED)
    is_all = not start and len(rows) < limit
    return await _visible(rows, reader), len(rows) if is_all else await matches.count()


async def counts_of(wishes: Sequence[FaultFilter], reader: Person) -> list[int]:
    """How many faults somebody may see of each of those looked for."""
    own = await _own_ids(reader)
    return [await _matching(wish, reader, own).count() for wish in wishes]


def _matching(wish: FaultFilter, reader: Person, own: set[int]) -> QuerySet[Fault]:
    matches = _seen_by(reader, own)
    if wish.state:
        matches = matches.filter(state__in=ACTIVE if wish.state == "active" else [FaultState(wish.state)])
    if wish.room:
        there = Asset.filter(room__code=wish.room).values("id")
        matches = matches.filter(Q(asset_id=None, room__code=wish.room) | Q(asset_id__in=Subquery(there)))
    if wish.asset is not None:
        matches = matches.filter(asset_id=wish.asset)
    if wish.owner:
        matches = matches.filter(owner__login=wish.owner)
    return matches.filter(id__in=list(own)) if wish.is_own else matches


def _seen_by(reader: Person, own: set[int]) -> QuerySet[Fault]:
    """Out of a confidential or hidden room a report tells that somebody was there: of those one sees one's own."""
    if rules.sees_all(reader.role):
        return Fault.filter()
    open_rooms = Fault.filter(~Q(room__visibility__in=list(HELP_POINT)) | Q(room_id=None) | Q(id__in=list(own)))
    return open_rooms.exclude(kind=rules.FOUND)  # strangers' words


async def _own_ids(reader: Person) -> set[int]:
    entries = FaultEntry.filter(person_id=reader.id, act=FaultAct.REPORT)
    return {int(str(fault_id)) for fault_id in await entries.distinct().values_list("fault_id", flat=True)}


async def _visible(rows: Sequence[dict[str, Any]], reader: Person) -> list[VisibleFault]:
    if not rows:
        return []
    entries = FaultEntry.filter(fault_id__in=[row["id"] for row in rows]).order_by("id")
    own: dict[int, list[FaultEntry]] = {}
    for entry in await entries.filter(Q(person_id=reader.id) | ~Q(act=FaultAct.REPORT)):
        own.setdefault(entry.fault_id, []).append(entry)
    return [_fault(row, own.get(row["id"], []), reader) for row in rows]


def _reads(row: dict[str, Any], reader: Person) -> bool:
    """Whether somebody may read what others said of it."""
    return rules.sees_all(reader.role) or not rules.is_shy(row["visibility"])


def _fault(row: dict[str, Any], entries: Sequence[FaultEntry], reader: Person) -> VisibleFault:
    """A row with what the reader said of it and what was done. Who reads no more than that is told no other times."""
    place = "asset_room" if row["asset_id"] else "room"
    own = [entry for entry in entries if entry.act is FaultAct.REPORT and entry.person_id == reader.id]
    if not _reads(row, reader) and own:
        row = row | {"text": own[0].text, "opened_at": own[0].at, "changed_at": entries[-1].at}
    return VisibleFault(
        id=row["id"],
        state=FaultState(row["state"]),
        kind=row["kind"],
        text=row["text"],
        room=row[place],
        room_name=row[f"{place}_name"] or "",
        room_name_en=row[f"{place}_name_en"] or "",
        asset=row["asset_id"],
        asset_name=row["asset_name"],
        inventory_no=row["inventory_no"],
        owner=row["owner"],
        owner_name=row["owner_name"],
        reports=row["reports"],
        is_own=bool(own),
        opened_at=row["opened_at"],
        changed_at=row["changed_at"],
        resolved_at=row["resolved_at"],
        revision=row["revision"],
    )


async def visible_fault(fault_id: int, reader: Person) -> VisibleFault:
    """One fault with all that was said and done about it, as far as somebody may see it. Raises
    NotFound("fault.unknown").
    """
    own = set() if rules.sees_all(reader.role) else await _own_ids(reader)
    matches = _seen_by(reader, own).filter(id=fault_id) if may_be_id(fault_id) else Fault.filter(id=-1)
    rows = await matches.values(*_FIELDS, **_JOINED)
    if not rows:
        raise NotFound("fault.unknown", fault=fault_id)
    (fault,) = await _visible(rows, reader)
    reads = _reads(rows[0], reader)
    for entry in await FaultEntry.filter(fault_id=fault_id).order_by("id"):
        is_own = entry.person_id == reader.id
        if reads or is_own or entry.act is not FaultAct.REPORT:
            fault.lines.append(_line(entry, reader, reads or is_own))
    return fault


def _line(entry: FaultEntry, reader: Person, reads: bool) -> FaultLine:
    is_known = entry.act is not FaultAct.REPORT or entry.person_id == reader.id or rules.sees_all(reader.role)
    return FaultLine(entry.act, entry.at, entry.actor if is_known else "", entry.source, entry.text if reads else None)


async def fault_of_number(number: str, reader: Person) -> int | None:
    """The fault of a number as somebody types it, if there is one that they may see."""
    fault_id = rules.id_of(number)
    if fault_id is None:
        return None
    own = set() if rules.sees_all(reader.role) else await _own_ids(reader)
    return fault_id if await _seen_by(reader, own).filter(id=fault_id).exists() else None


async def sees_fault(fault_id: int, reader: Person) -> bool:
    """Whether somebody may see all of a fault."""
    rows = await Fault.filter(id=fault_id).values(visibility="room__visibility")
    return bool(rows) and _reads(rows[0], reader)


async def mended_for(reader: Person, now: datetime) -> list[VisibleFault]:
    """What this person reported and somebody mended within the last days, the newest first."""
    entries = FaultEntry.filter(
        person_id=reader.id, act=FaultAct.REPORT, fault__state=FaultState.RESOLVED, fault__resolved_at__gt=now - TOLD
    )
    ids = {int(str(fault_id)) for fault_id in await entries.values_list("fault_id", flat=True)}
    if not ids:
        return []
    rows = await Fault.filter(id__in=list(ids)).order_by("-resolved_at").values(*_FIELDS, **_JOINED)
    return await _visible(rows, reader)


async def waiting_faults(owner: Person, limit: int) -> tuple[list[VisibleFault], int]:
    """What waits for who sees to faults: what nobody has taken on, and what they themselves have. The newest first, and
    how many there are.
    """
    waits = Fault.filter(Q(state=FaultState.OPEN) | Q(state=FaultState.TAKEN, owner_id=owner.id))
    rows = await waits.order_by("-id").limit(limit).values(*_FIELDS, **_JOINED)
    return await _visible(rows, owner), await waits.count() if len(rows) >= limit else len(rows)


async def faulty_without_report(limit: int) -> tuple[list[dict[str, Any]], int]:
    """The newest faulty things in use that no report tells of, as a list brought them, and how many there are."""
    reported = Fault.filter(state__in=ACTIVE, asset_id__isnull=False).values("asset_id")
    faulty = Asset.filter(lifecycle=Lifecycle.IN_USE, condition=Condition.FAULTY).exclude(id__in=Subquery(reported))
    rows = await faulty.order_by("-id").limit(limit).values("id", "name", "inventory_no", "condition", "room__code")
    return list(rows), await faulty.count()
