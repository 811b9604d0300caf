"""Undoing a written list: what it made goes, what it changed gets its former values, while nobody touched it since.

Touched is a record whose history went on, or that something else refers to by now: a fault, a device, a file. Each
transaction takes some hundred records back and forgets that they were imported: after a crash the rest is still known.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from tortoise.fields.relational import BackwardFKRelation
from tortoise.models import Model

from registry.assets.models import Asset, FundingShare, Purchase, Tag
from registry.core import history
from registry.core.errors import Conflict, Refusal
from registry.core.events import AssetChanged
from registry.core.history import Actor, HistoryEntry, NextEntry
from registry.core.transaction import Change, transaction
from registry.importing import claims
from registry.importing.models import ImportedRecord, ImportState, PendingImport
from registry.importing.reasons import is_by_list, undo_reason
from registry.importing.sessions import find, refuse_stale
from registry.importing.updates import restore
from registry.people.models import Institution, Person
from registry.rooms.lock import changing
from registry.rooms.models import Building, Room, Site

LOT = 500
NAMED_AT_MOST = 20
# in the order in which they are taken back: first what refers to others
NOUNS: dict[str, type[Model]] = {
    "asset": Asset, "purchase": Purchase, "room": Room, "building": Building, "site": Site, "person": Person,
    "institution": Institution,
}  # fmt: skip
# what comes and goes with a record
_PARTS: frozenset[type[Model]] = frozenset({FundingShare, Tag})
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
class UndoOutlook:
    """What an undo would take back: records that the list made, and changed; and those that were touched since."""

    made: int
    changed: int
    touched: Sequence[TouchedRecord]

    @property
    def rest(self) -> int:
        """How many can be taken back."""
        return self.made + self.changed - len(self.touched)


async def outlook(pending: PendingImport) -> UndoOutlook:
    """What can be undone of a list as it is now."""
    records = ImportedRecord.filter(import_number=pending.id)
    changes = await records.filter(before__not_isnull=True).count()
    births = await records.count() - changes
    pieces: list[TouchedRecord] = []
    for noun in NOUNS:
        last = 0
        while lot := await records.filter(noun=noun, record_id__gt=last).order_by("record_id", "id").limit(LOT):
            last = lot[-1].record_id
            pieces += (await _look(noun, lot, pending.id)).touched
    return UndoOutlook(births, changes, pieces)


async def undo(
    number: str,
    owner_id: int,
    actor: Actor,
    now: datetime,
    reason: str = "",
    rest: bool = False,
    if_revision: int | None = None,
    patience: float | None = None,
) -> PendingImport:
    """Take back what a list wrote, all of it, or with ``rest`` what nobody touched since. A repeat does nothing.

    It is waited for ``patience`` seconds at most, then it goes on by itself. Raises NotFound("import.unknown"),
    Conflict("import.touched", "import.not_written", "import.being_written", "request.stale").
    """
    pending = await find(number, owner_id, now)
    if pending.state is ImportState.UNDONE and not rest:
        return pending
    refuse_stale(pending, if_revision)
    if pending.state not in claims.AT_WORK:
        prospect = await outlook(pending)
        if pending.state is ImportState.UNDONE and not prospect.rest:
            return pending
        if not (prospect.made or prospect.changed):
            raise Conflict("import.not_written")
        if prospect.touched and not rest:
            named = [one.as_record() for one in prospect.touched[:NAMED_AT_MOST]]
            raise Conflict("import.touched", count=len(prospect.touched), rest=prospect.rest, touched=named)
    revision = await claims.claim(pending, ImportState.UNDOING, actor, now, reason)
    await claims.work(number, go_on_undoing(pending, revision, actor, now), patience)
    return await find(number, owner_id, now)


async def go_on_undoing(pending: PendingImport, revision: int, actor: Actor, now: datetime) -> None:
    """Take back what is left of a list that this process claimed under this revision."""
    fallback = ImportState.WRITTEN if pending.written_at else ImportState.CHECKED
    async with claims.held(pending.id, revision, fallback, now):
        records = ImportedRecord.filter(import_number=pending.id)
        reason = (await PendingImport.get(id=pending.id)).reason
        await claims.update(pending.id, revision, accepted=await records.count(), finished=0)
        left_out: list[int] = []
        count = 0
        for noun in NOUNS:
            # the youngest first: what a line made stands before what refers to it
            while lot := await records.filter(noun=noun).exclude(id__in=left_out).order_by("-id").limit(LOT):
                back = await _take_back(noun, lot, pending, revision, actor, now, reason)
                left_out += [record.id for record in lot if record.id not in back]
                count += len(back)
        async with transaction():
            columns = {"state": ImportState.UNDONE, "claimed_at": None, "records": len(left_out), "content": b""}
            await claims.update(pending.id, revision, **columns, revision=revision + 1)
            words = {"file": pending.file, "undone": count, "kept": len(left_out)}
            await history.write(f"import:{pending.id}", "undone", actor, now, after=words, reason=reason)


@dataclass(frozen=True, slots=True)
class _Look:
    """A lot of records: as they are by id, their newest history, and those that were touched."""

    present: Mapping[int, Any]
    heads: Mapping[int, HistoryEntry]
    touched: Sequence[TouchedRecord]


async def _look(noun: str, lot: Sequence[ImportedRecord], number: str = "") -> _Look:
    """What became of these records. References from records of the list itself, by its ``number``, do not count."""
    model, ids = NOUNS[noun], {record.record_id for record in lot}
    present = {one.pk: one for one in await model.filter(id__in=list(ids))}
    entries = await HistoryEntry.filter(object__in=[f"{noun}:{one}" for one in ids]).order_by("seq")
    heads = {int(entry.object.partition(":")[2]): entry for entry in entries}
    latest = {record.record_id: record.seq for record in lot}  # a list may have changed one twice
    later: dict[int, HistoryEntry] = {}
    for entry in entries:
        pk = int(entry.object.partition(":")[2])
        if entry.seq > latest[pk] and not is_by_list(entry.reason, lot[0].import_number):
            later.setdefault(pk, entry)
    births = {record.record_id for record in lot if record.before is None} - later.keys()
    tables = await _references(model, births, number)
    touches = [
        TouchedRecord(noun, pk, _name(present.get(pk)), later.get(pk), tables.get(pk, ""))
        for pk in sorted(later.keys() | tables.keys())
    ]
    return _Look(present, heads, touches)


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


async def _take_back(
    noun: str,
    lot: Sequence[ImportedRecord],
    pending: PendingImport,
    revision: int,
    actor: Actor,
    now: datetime,
    reason: str,
) -> set[int]:
    """Undo these records in one transaction. Returns which of them are as before."""
    stuck = await _restore_updates(lot, pending, actor, now, reason) if noun == "asset" else set()
    places = await _places(noun, lot)
    async with changing(*places) if places else transaction() as change:
        look = await _look(noun, lot)
        off_limits = {one.record_id for one in look.touched} | stuck
        free = [record for record in lot if record.record_id not in off_limits]
        births = [record for record in free if record.before is None and record.record_id in look.present]
        former = [record for record in free if _is_by_columns(record) and record.record_id in look.present]
        entries = [_restored(look, record) for record in former]
        if noun == "asset":
            await _restore_assets(former, look.present, change)
        entries += [NextEntry(look.heads[record.record_id], before=_last_words(look, record)) for record in births]
        await _delete(noun, [record.record_id for record in births], change)
        await history.write_next(entries, "import_undone", actor, now, reason)
        back = {record.id for record in free}
        await ImportedRecord.filter(id__in=list(back)).delete()
        progress_rows = await PendingImport.get(id=pending.id).values("finished")
        await claims.update(pending.id, revision, finished=progress_rows["finished"] + len(back))
    return back


def _is_by_columns(record: ImportedRecord) -> bool:
    """Whether a list wrote into the columns of a piece; what it updated is restored the way it went."""
    return record.before is not None and "corrections" not in record.before


async def _restore_updates(
    lot: Sequence[ImportedRecord], pending: PendingImport, actor: Actor, now: datetime, reason: str
) -> set[int]:
    """Give updated pieces their former values. Returns those that cannot go back by themselves: they stay."""
    updates = [record for record in lot if record.before is not None and not _is_by_columns(record)]
    if not updates:
        return set()
    look, words = await _look("asset", updates), undo_reason(pending.id, pending.file, reason)
    off_limits, stuck = {one.record_id for one in look.touched}, set[int]()
    for record in updates:
        asset = look.present.get(record.record_id)
        if asset is None or record.record_id in off_limits:
            continue
        try:
            await restore(asset, record.before, actor, now, words)
        except Refusal:
            stuck.add(record.record_id)
    return stuck


async def _places(noun: str, lot: Sequence[ImportedRecord]) -> set[int]:
    """The rooms that the pieces stand in, and stood in before the list moved them."""
    if noun != "asset":
        return set()
    ids = [record.record_id for record in lot]
    now_in = await Asset.filter(id__in=ids, room_id__not_isnull=True).distinct().values_list("room_id", flat=True)
    former = {record.before["room_id"] for record in lot if record.before and record.before.get("room_id")}
    still_there = await Room.filter(id__in=[*former]).values_list("id", flat=True)
    return {int(str(pk)) for pk in (*now_in, *still_there)}


def _last_words(look: _Look, record: ImportedRecord) -> dict[str, Any]:
    entry = look.heads[record.record_id]
    return dict(entry.after or {})


def _restored(look: _Look, record: ImportedRecord) -> NextEntry:
    asset, former = look.present[record.record_id], dict(record.before)
    columns = {name: value for name, value in former.items() if name not in ("search_text", "number_key")}
    present = {name: getattr(asset, name, None) for name in columns if name != "shares"}
    return NextEntry(look.heads[record.record_id], before=present, after=columns)


async def _restore_assets(former: Sequence[ImportedRecord], present: Mapping[int, Any], change: Change) -> None:
    for record in former:
        asset: Asset = present[record.record_id]
        columns = {name: _typed(name, value) for name, value in record.before.items() if name != "shares"}
        asset.update_from_dict(columns)
        asset.revision += 1
        await asset.save(update_fields=[*columns, "revision"])
        if "shares" in record.before:
            await FundingShare.filter(asset_id=asset.id).delete()
            shares = [FundingShare(asset_id=asset.id, **share) for share in record.before["shares"]]
            await FundingShare.bulk_create(shares)
        change.happened(AssetChanged(asset.id))


def _typed(name: str, value: Any) -> Any:
    """A column's value as it was before it went through JSON."""
    field = Asset._meta.fields_map[name]
    if value is None or not isinstance(value, str):
        return value
    return date.fromisoformat(value) if field.field_type is date else field.to_python_value(value)


async def _delete(noun: str, ids: Sequence[int], change: Change) -> None:
    if not ids:
        return
    if noun == "asset":
        await Tag.filter(asset_id__in=list(ids)).delete()
        for pk in ids:
            change.happened(AssetChanged(pk))
    await NOUNS[noun].filter(id__in=list(ids)).delete()
