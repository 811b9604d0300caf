"""Undoing a written list: what it made goes, what it changed gets its former values, while nobody touched it since.

Touched is a record whose history went on, or that something else refers to by now: a fault, a device, a file. Each
transaction takes some hundred records back and forgets that they were imported: after a crash the rest is still known.
"""

from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from registry.assets.models import Asset, FormerNumber, Tag
from registry.assets.number_sequences import take_numbers_back
from registry.assets.rules import number_key
from registry.core import history
from registry.core.claims import work
from registry.core.errors import Conflict, Refusal, Unavailable
from registry.core.events import AssetChanged
from registry.core.history import Actor, HistoryEntry, NextEntry
from registry.core.transaction import Change, transaction
from registry.importing.claims import LISTS
from registry.importing.models import ImportedRecord, ImportState, PendingImport
from registry.importing.reasons import undo_reason
from registry.importing.sessions import find, refuse_stale
from registry.importing.touches import NOUNS, Look, TouchedRecord, look_at
from registry.importing.updates import restore
from registry.rooms.lock import changing
from registry.rooms.models import Room
from registry.rooms.queries import office_day

LOT = 500
NAMED_AT_MOST = 20
# what is stored of a numbered piece beside its columns: what the list added to it
_ADDITIONS = ("labels", "former_numbers")


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
        touches = [
            one async for lot in _lots(noun, pending.id) for one in (await look_at(noun, lot, pending.id)).touched
        ]
        pieces += sorted(touches, key=lambda one: one.record_id)
    return UndoOutlook(births, changes, pieces)


async def is_possible(pending: PendingImport) -> bool:
    """Whether the register holds anything that the list wrote; what became of it is not looked at."""
    return await ImportedRecord.filter(import_number=pending.id).exists()


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
    if pending.state not in LISTS.at_work:
        prospect = await outlook(pending)
        if pending.state is ImportState.UNDONE and not prospect.rest:
            return pending
        if not (prospect.made or prospect.changed):
            raise Conflict("import.not_written")
        if prospect.touched and not rest:
            named = [one.as_record() for one in prospect.touched[:NAMED_AT_MOST]]
            raise Conflict("import.touched", count=len(prospect.touched), rest=prospect.rest, touched=named)
    revision = await LISTS.claim(pending, ImportState.UNDOING, actor, now, reason=reason)
    await work(f"import {number}", go_on_undoing(pending, revision, actor, now), patience)
    return await find(number, owner_id, now)


async def go_on_undoing(pending: PendingImport, revision: int, actor: Actor, now: datetime) -> None:
    """Take back what is left of a list that this process claimed under this revision."""
    fallback = ImportState.WRITTEN if pending.written_at else ImportState.CHECKED
    async with LISTS.held(pending.id, revision, fallback, now):
        records = ImportedRecord.filter(import_number=pending.id)
        reason = (await PendingImport.get(id=pending.id)).reason
        await LISTS.update(pending.id, revision, accepted=await records.count(), finished=0)
        count = left_out = 0
        for noun in NOUNS:
            async for lot in _lots(noun, pending.id):
                back = await _take_back(noun, lot, pending, revision, actor, now, reason)
                count += len(back)
                left_out += len(lot) - len(back)
        async with transaction():
            columns = {"state": ImportState.UNDONE, "claimed_at": None, "records": left_out, "content": b""}
            await LISTS.update(pending.id, revision, **columns, revision=revision + 1)
            words = {"file": pending.file, "undone": count, "kept": left_out}
            await history.write(f"import:{pending.id}", "undone", actor, now, after=words, reason=reason)


async def _lots(noun: str, number: str) -> AsyncIterator[list[ImportedRecord]]:
    """What a list remembers of a noun, some hundred at a time and all of one record in one lot; the youngest first:
    what a line made stands before what refers to it.
    """
    records = ImportedRecord.filter(import_number=number, noun=noun)
    lot = await records.order_by("-record_id", "-id").limit(LOT)
    while lot:
        last = lot[-1]
        lot += await records.filter(record_id=last.record_id, id__lt=last.id).order_by("-id")
        yield lot
        lot = await records.filter(record_id__lt=last.record_id).order_by("-record_id", "-id").limit(LOT)


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
        look = await look_at(noun, lot, lock=True)
        off_limits = {one.record_id for one in look.touched} | stuck
        free = [record for record in lot if record.record_id not in off_limits]
        births = [record for record in free if record.before is None and record.record_id in look.present]
        ids = [record.record_id for record in births]
        former = [record for record in free if _is_by_columns(record) and record.record_id in look.present]
        former = [record for record in former if record.record_id not in ids]
        entries = [_restored(look, record) for record in former]
        if noun == "asset":
            await _restore_assets(former, look.present, change)
            await _take_off(await _labels(ids, former), look.own, actor, now, reason)
        entries += [NextEntry(look.heads[pk], before=dict(look.heads[pk].after or {})) for pk in ids]
        await _delete(noun, ids, change)
        if noun == "asset":
            await _take_numbers_back([look.present[pk] for pk in ids], look.own)
        await history.write_next(entries, "import_undone", actor, now, reason)
        back = {record.id for record in free}
        await ImportedRecord.filter(id__in=list(back)).delete()
        progress_rows = await PendingImport.get(id=pending.id).values("finished")
        await LISTS.update(pending.id, revision, finished=progress_rows["finished"] + len(back))
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
    look, words = await look_at("asset", updates), undo_reason(pending.id, pending.file, reason)
    off_limits, stuck = {one.record_id for one in look.touched}, set[int]()
    for record in updates:
        asset = look.present.get(record.record_id)
        if asset is None:
            continue
        if record.record_id in off_limits:
            stuck.add(record.record_id)
            continue
        try:
            await restore(asset, record.before, actor, now, words)
        except Unavailable:
            raise  # it is gone on with
        except Refusal:
            stuck.add(record.record_id)
    return stuck


async def _take_numbers_back(births: Sequence[Asset], own: Mapping[int, HistoryEntry]) -> None:
    """What the numbering gave to pieces that go is the next again."""
    numbered = [asset for asset in births if asset.was_unnumbered and asset.inventory_no]
    days = {at: await office_day(at) for at in {own[asset.id].at for asset in numbered}}
    await take_numbers_back([(asset, days[own[asset.id].at]) for asset in numbered])


async def _places(noun: str, lot: Sequence[ImportedRecord]) -> set[int]:
    """The rooms that the pieces stand in, and stood in before the list moved them."""
    if noun != "asset":
        return set()
    ids = [record.record_id for record in lot]
    now_in = await Asset.filter(id__in=ids, room_id__not_isnull=True).distinct().values_list("room_id", flat=True)
    former = {record.before["room_id"] for record in lot if record.before and record.before.get("room_id")}
    still_there = await Room.filter(id__in=[*former]).values_list("id", flat=True)
    return {int(str(pk)) for pk in (*now_in, *still_there)}


def _restored(look: Look, record: ImportedRecord) -> NextEntry:
    asset, hidden = look.present[record.record_id], ("search_text", "number_key", *_ADDITIONS)
    columns = {name: value for name, value in record.before.items() if name not in hidden}
    present = {name: getattr(asset, name) for name in columns}
    return NextEntry(look.heads[record.record_id], before=present, after=columns)


async def _restore_assets(former: Sequence[ImportedRecord], present: Mapping[int, Any], change: Change) -> None:
    keys: dict[str, int] = {}
    for record in former:
        asset: Asset = present[record.record_id]
        columns = {name: _typed(name, value) for name, value in record.before.items() if name not in _ADDITIONS}
        asset.update_from_dict(columns)
        asset.revision += 1
        await asset.save(update_fields=[*columns, "revision"])
        keys |= {number_key(number): asset.id for number in record.before.get("former_numbers", ())}
        change.happened(AssetChanged(asset.id))
    if keys:
        await FormerNumber.filter(number_key__in=list(keys), asset_id__in=list(keys.values())).delete()


async def _labels(births: Collection[int], former: Sequence[ImportedRecord]) -> list[Tag]:
    """The labels on pieces that go, and those that the list put on pieces that stay."""
    additions = {code: record.record_id for record in former for code in record.before.get("labels", ())}
    ids = [*births, *additions.values()]
    tags = await Tag.filter(asset_id__in=ids).order_by("id").select_for_update() if ids else []
    return [tag for tag in tags if tag.asset_id in births or additions.get(tag.code) == tag.asset_id]


async def _take_off(
    tags: Sequence[Tag], own: Mapping[int, HistoryEntry], actor: Actor, now: datetime, reason: str
) -> None:
    """Labels off the pieces that a list put them on: those that it made go, what was printed before is on nothing. One
    that somebody put there since stays.
    """
    owners = {f"tag:{tag.code}": own[tag.asset_id or 0] for tag in tags}
    entries = await HistoryEntry.filter(object__in=list(owners)).order_by("seq") if owners else []
    heads = {entry.object: entry for entry in entries}
    stay = {one.object for one in entries if one.action == "linked" and one.id > owners[one.object].id}
    rest = {f"tag:{tag.code}": tag for tag in tags if f"tag:{tag.code}" not in stay}
    older = {thing: tag for thing, tag in rest.items() if tag.created_at < owners[thing].at}
    nothing = {"asset_id": None, "room_id": None}
    following = [
        NextEntry(heads[thing], before=nothing | {"asset_id": tag.asset_id}, after=nothing)
        for thing, tag in older.items()
        if thing in heads
    ]
    await history.write_next(following, "import_undone", actor, now, reason)
    fresh = [(thing, dict(nothing)) for thing in older if thing not in heads]
    await history.write_new(fresh, "import_undone", actor, now)
    if older:
        await Tag.filter(id__in=[tag.id for tag in older.values()]).update(asset_id=None)
    if young := [tag.id for thing, tag in rest.items() if thing not in older]:
        await Tag.filter(id__in=young).delete()


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
        for pk in ids:
            change.happened(AssetChanged(pk))
    await NOUNS[noun].filter(id__in=list(ids)).delete()
