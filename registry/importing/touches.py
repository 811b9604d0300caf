"""What happened to the records of a list since it was written: to each its history, and what refers to it by now."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tortoise.fields.relational import BackwardFKRelation
from tortoise.models import Model

from registry.assets.models import Asset, FormerNumber, FundingShare, Purchase, Tag
from registry.core.history import HistoryEntry
from registry.importing.models import ImportedRecord
from registry.importing.reasons import is_by_list
from registry.people.models import Institution, Person
from registry.rooms.models import Building, Room, Site

# in the order in which they are taken back: first what refers to others
NOUNS: dict[str, type[Model]] = {
    "asset": Asset, "purchase": Purchase, "room": Room, "building": Building, "site": Site, "person": Person,
    "institution": Institution,
}  # fmt: skip
# what comes and goes with a record; what people add of these later, a history tells
_PARTS: frozenset[type[Model]] = frozenset({FormerNumber, FundingShare, Tag})
_NOUN_OF = {model: noun for noun, model in NOUNS.items()}


@dataclass(frozen=True, slots=True)
class TouchedRecord:
    """A record of a list that something happened to since: the entry of its history, or the table that refers to it."""

    noun: str
    record_id: int
    name: str
    entry: HistoryEntry | None = None
    table: str = ""

    def as_record(self) -> dict[str, Any]:
        """Itself in JSON."""
        who = {"who": self.entry.actor, "what": self.entry.action, "at": self.entry.at} if self.entry else {}
        return {"object": f"{self.noun}:{self.record_id}", "name": self.name, "who": "", "what": self.table} | who


@dataclass(frozen=True, slots=True)
class Look:
    """A lot of records: as they are by id, the first entries that the list wrote, the newest, and what was touched."""

    present: Mapping[int, Any]
    own: Mapping[int, HistoryEntry]
    heads: Mapping[int, HistoryEntry]
    touched: Sequence[TouchedRecord]


async def look_at(noun: str, lot: Sequence[ImportedRecord], number: str = "", *, lock: bool = False) -> Look:
    """What became of these records. References from records of the list itself, by its ``number``, do not count.

    ``lock``: inside a transaction, and nobody else changes them or puts a label on them until it ends.
    """
    model, ids = NOUNS[noun], {record.record_id for record in lot}
    rows = model.filter(id__in=list(ids)).order_by("id")
    present = {one.pk: one for one in await (rows.select_for_update() if lock else rows)}
    entries = await HistoryEntry.filter(object__in=[f"{noun}:{one}" for one in ids]).order_by("seq")
    firsts: dict[int, int] = {}
    lasts: dict[int, int] = {}
    for record in lot:  # a list may have written one twice
        firsts[record.record_id] = min(record.seq, firsts.get(record.record_id, record.seq))
        lasts[record.record_id] = max(record.seq, lasts.get(record.record_id, record.seq))
    heads: dict[int, HistoryEntry] = {}
    own: dict[int, HistoryEntry] = {}
    later: dict[int, HistoryEntry] = {}
    for entry in entries:
        pk = int(entry.object.partition(":")[2])
        heads[pk] = entry
        if entry.seq == firsts[pk]:
            own[pk] = entry
        elif entry.seq > lasts[pk] and not is_by_list(entry.reason, lot[0].import_number):
            later.setdefault(pk, entry)
    births = {record.record_id for record in lot if record.before is None} - later.keys()
    if noun == "asset":
        later |= await _labelled({pk: own[pk] for pk in births if pk in own})
        births -= later.keys()
    tables = await _references(model, births, number)
    touches = [
        TouchedRecord(noun, pk, _name(present.get(pk)), later.get(pk), tables.get(pk, ""))
        for pk in sorted(later.keys() | tables.keys())
    ]
    return Look(present, own, heads, touches)


async def _labelled(own: Mapping[int, HistoryEntry]) -> dict[int, HistoryEntry]:
    """What is told of a label that somebody put on a piece after the entry by which the list wrote it, by its id."""
    tags = await Tag.filter(asset_id__in=list(own)) if own else []
    owners = {f"tag:{tag.code}": tag.asset_id or 0 for tag in tags}
    later: dict[int, HistoryEntry] = {}
    for entry in await HistoryEntry.filter(object__in=list(owners), action="linked").order_by("id") if owners else ():
        pk = owners[entry.object]
        if entry.id > own[pk].id:
            later.setdefault(pk, entry)
    return later


async def _references(model: type[Model], ids: Collection[int], number: str) -> dict[int, str]:
    """The table that refers to a record that would go, by its id."""
    tables: dict[int, str] = {}
    for name in model._meta.backward_fk_fields if ids else ():
        relation = model._meta.fields_map[name]
        assert isinstance(relation, BackwardFKRelation)
        other, column = relation.related_model, str(relation.relation_field)
        if other in _PARTS:
            continue
        rows = await other.filter(**{f"{column}__in": list(ids)}).values_list(other._meta.pk_attr, column)
        own: set[Any] = set()
        if number and rows and other in _NOUN_OF:
            theirs = ImportedRecord.filter(import_number=number, noun=_NOUN_OF[other], before=None)
            own = set(await theirs.values_list("record_id", flat=True))
        for pk, target in rows:
            if pk not in own:
                tables.setdefault(target, str(other._meta.db_table))
    return tables


def _name(record: Any) -> str:
    return str(getattr(record, "name", "") or getattr(record, "code", "")) if record is not None else ""
