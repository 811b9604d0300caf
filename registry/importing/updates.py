"""Rows of a list about pieces that the register has: what they say otherwise, and how that is written.

An empty cell wipes nothing. What is written goes the same ways as when people do it: a correction with the list as its
reason, a move, an assignment. What only another act changes is named, and left as it is.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from itertools import islice
from typing import Any

from registry.assets import actions
from registry.assets.models import Asset, FundingShare
from registry.assets.rules import GROSZ, shares
from registry.assets.transitions import Answers
from registry.core.errors import Refusal
from registry.core.history import Actor, HistoryEntry
from registry.core.statements import column
from registry.core.transaction import transaction
from registry.faults.asset_transitions import perform
from registry.importing.batches import BATCH, WritingProgress
from registry.importing.models import ImportedRecord
from registry.importing.reasons import import_reason
from registry.importing.rows import ImportProblem, ListRow, RowFate
from registry.people.models import Person
from registry.rooms.models import Room

# a row's fields by the columns of a piece that a correction takes
_DESCRIPTION = {"name": "name", "category": "category", "serial_no": "serial_no", "note": "note",
                "warranty_until": "warranty_until"}  # fmt: skip
_MONEY = {"kst": "kst", "acquired_on": "accepted_on", "quantity": "quantity", "value": "price"}
# what a list never changes of a piece that is there
_BY_OTHER_WAYS = ("durable_until", "lifecycle", "condition")
Parts = Mapping[int | None, Decimal]


@dataclass(frozen=True, slots=True)
class PieceUpdate:
    """What a row says otherwise than the register of a piece: corrections by column, a room, a custodian.

    ``refused`` are fields that differ and are left as they are, with the problem that says why.
    """

    corrections: dict[str, Any] = field(default_factory=dict)
    room_id: int | None = None
    custodian_id: int | None = None
    refused: dict[str, str] = field(default_factory=dict)

    @property
    def changes_anything(self) -> bool:
        return bool(self.corrections or self.room_id or self.custodian_id)


def update_of(asset: Asset, parts: Parts, row: ListRow) -> PieceUpdate:
    """What a row says of a piece that ``parts`` pay for. Pure."""
    update = PieceUpdate()
    values = row.values
    for name, target in (_DESCRIPTION | _MONEY).items():
        value = values.get(name)
        is_said = name in row.columns or name == "value" and "unit_price" in row.columns
        if not is_said or value in (None, "") or getattr(asset, target) == value:
            continue
        if name in _MONEY and not row.refs.get("may_correct_money", True):
            update.refused[name] = "MONEY_NOT_YOURS"
        else:
            update.corrections[target] = value
    _look_at_shares(update, asset, parts, row)
    for name in _BY_OTHER_WAYS:
        if values.get(name) not in (None, "") and getattr(asset, name) != values[name]:
            update.refused[name] = "CHANGED_BY_ANOTHER_ACT"
    places = {name: row.refs.get(name) for name in ("room_id", "custodian_id")}
    moves = {name: pk for name, pk in places.items() if pk and pk != getattr(asset, name)}
    return PieceUpdate(update.corrections, **moves, refused=update.refused)


def _look_at_shares(update: PieceUpdate, asset: Asset, parts: Parts, row: ListRow) -> None:
    percents = row.refs.get("percents")
    if percents is None:
        return
    price = update.corrections.get("price", asset.price)
    split = shares(price, percents)
    names = parts.keys() | split.keys()
    is_same = all(abs(parts.get(name, Decimal(0)) - split.get(name, Decimal(0))) <= GROSZ for name in names)
    if is_same and price == asset.price:
        return
    if row.refs.get("may_correct_money", True):
        update.corrections["shares"] = list(split.items())
    else:
        update.refused["grant"] = "MONEY_NOT_YOURS"


async def compare(rows: Sequence[ListRow], titles: Mapping[str, str]) -> None:
    """Put into each row about a known piece what becomes of it: changed, and how, or the same."""
    about = (row for row in rows if "asset_id" in row.refs and row.status != "error" and not row.left_out)
    while lot := list(islice(about, BATCH)):
        for row, asset, parts in await _with_pieces(lot):
            update = update_of(asset, parts, row)
            row.fate = RowFate.CHANGED if update.changes_anything else RowFate.SAME
            row.changes = await _in_words(asset, update)
            for name, code in update.refused.items():
                title = titles.get(name, titles.get("unit_price", name) if name == "value" else name)
                row.problems.append(ImportProblem(code, title, str(row.values.get(name) or "")))


async def _with_pieces(rows: Sequence[ListRow]) -> Iterator[tuple[ListRow, Asset, Parts]]:
    ids = [row.refs["asset_id"] for row in rows]
    pieces = {asset.id: asset for asset in await Asset.filter(id__in=ids)}
    parts: dict[int, dict[int | None, Decimal]] = {pk: {} for pk in ids}
    for pk, grant, amount in await FundingShare.filter(asset_id__in=ids).values_list("asset_id", "grant_id", "amount"):
        parts[pk][grant] = parts[pk].get(grant, Decimal(0)) + amount
    return ((row, pieces[pk], parts[pk]) for row in rows if (pk := row.refs["asset_id"]) in pieces)


async def _in_words(asset: Asset, update: PieceUpdate) -> dict[str, list[str]]:
    """Former and new by column, for people."""
    words = {
        name: [str(getattr(asset, name) or ""), str(value)]
        for name, value in update.corrections.items()
        if name != "shares"
    }
    if "shares" in update.corrections:
        words["shares"] = ["", " | ".join(f"{amount:.2f}" for _, amount in update.corrections["shares"])]
    if update.room_id:
        codes = dict(await Room.filter(id__in=[asset.room_id or 0, update.room_id]).values_list("id", "code"))
        words["room"] = [str(codes.get(asset.room_id, "")), str(codes.get(update.room_id, ""))]
    if update.custodian_id:
        ids = [asset.custodian_id or 0, update.custodian_id]
        logins = dict(await Person.filter(id__in=ids).values_list("id", "login"))
        words["custodian"] = [str(logins.get(asset.custodian_id, "")), str(logins.get(update.custodian_id, ""))]
    return words


async def write_updates(rows: Sequence[ListRow], actor: Actor, now: datetime, progress: WritingProgress) -> int:
    """Write what these rows change, each piece by itself. Returns how many pieces that are.

    What each piece was is stored first: what breaks off is gone on with, and can be undone.
    """
    updates = [
        (row, asset, parts, update)
        for row, asset, parts in await _with_pieces(rows)
        if (update := update_of(asset, parts, row)).changes_anything
    ]
    if progress.number:
        await _remember(updates, progress.number)
    count = 0
    for row, asset, _, update in updates:
        try:
            await _write(asset, update, actor, now, import_reason(progress.number, progress.file))
            count += 1
        except Refusal as refusal:
            words = {"reason": refusal.code}
            progress.refuse(row, ImportProblem("CHANGE_REFUSED", "inventory_no", asset.inventory_no or "", words))
    return count


async def _write(asset: Asset, update: PieceUpdate, actor: Actor, now: datetime, reason: str) -> None:
    if update.corrections:
        await actions.correct(asset.id, update.corrections, actor, now, asset.revision, reason)
    if update.room_id:
        await perform("move", asset.id, Answers(room_id=update.room_id, reason=reason), actor, now)
    if update.custodian_id:
        await perform("assign", asset.id, Answers(custodian_id=update.custodian_id, reason=reason), actor, now)


async def _remember(updates: Sequence[tuple[ListRow, Asset, Parts, PieceUpdate]], number: str) -> None:
    ids = [asset.id for _, asset, _, _ in updates]
    theirs = ImportedRecord.filter(import_number=number, noun="asset", record_id__in=ids)
    already = set(await column(theirs, "record_id"))
    heads: dict[str, int] = {}
    things = [f"asset:{pk}" for pk in ids]
    for thing, seq in await HistoryEntry.filter(object__in=things).order_by("seq").values_list("object", "seq"):
        heads[thing] = seq
    records = [
        ImportedRecord(
            import_number=number,
            line=row.line,
            noun="asset",
            record_id=asset.id,
            seq=heads.get(f"asset:{asset.id}", 0),
            before=former_values(asset, parts, update),
        )
        for row, asset, parts, update in updates
        if asset.id not in already
    ]
    async with transaction():
        if records:
            await ImportedRecord.bulk_create(records, batch_size=BATCH)


def former_values(asset: Asset, parts: Parts, update: PieceUpdate) -> dict[str, Any]:
    """What a piece was, as far as an update changes it, in JSON."""
    columns = {name: getattr(asset, name) for name in update.corrections if name != "shares"}
    former: dict[str, Any] = {"corrections": {name: _plain(value) for name, value in columns.items()}}
    if update.corrections.keys() & {"shares", "price"}:
        former["corrections"]["shares"] = [[grant, str(amount)] for grant, amount in parts.items()]
    if update.room_id:
        former["room_id"] = asset.room_id
    if update.custodian_id:
        former["custodian_id"] = asset.custodian_id
    return former


async def restore(asset: Asset, former: Mapping[str, Any], actor: Actor, now: datetime, reason: str) -> None:
    """Give a piece the values that it had before an update. Done twice it changes nothing more. Raises Refusal."""
    corrections = {name: _typed(name, value) for name, value in former["corrections"].items()}
    if corrections:
        await actions.correct(asset.id, corrections, actor, now, None, reason)
    if "room_id" in former:
        await perform("move", asset.id, Answers(room_id=former["room_id"], reason=reason), actor, now)
    if "custodian_id" in former:
        name = "assign" if former["custodian_id"] else "unassign"
        answers = Answers(custodian_id=former["custodian_id"], reason=reason)
        await perform(name, asset.id, answers, actor, now)


def _plain(value: Any) -> Any:
    return str(value) if isinstance(value, Decimal | date) else value


def _typed(name: str, value: Any) -> Any:
    if name == "shares":
        return [(grant, Decimal(amount)) for grant, amount in value]
    if name == "price":
        return Decimal(value)
    return date.fromisoformat(value) if value and name in ("accepted_on", "warranty_until") else value
