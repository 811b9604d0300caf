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
from registry.assets.queries import own_values
from registry.assets.rules import GROSZ, shares
from registry.assets.transitions import Answers
from registry.categories.queries import category_tree
from registry.categories.rules import CategoryTree, ReadValues, TypedValue, read_value
from registry.core.errors import Refusal, Unavailable
from registry.core.history import Actor, HistoryEntry
from registry.core.statements import column
from registry.core.transaction import transaction
from registry.faults.asset_transitions import perform
from registry.importing.batches import BATCH, WritingProgress
from registry.importing.change_names import ALSO_SAID_BY, DESCRIPTION, FUNDING, MONEY
from registry.importing.models import ImportedRecord
from registry.importing.own_columns import PREFIX
from registry.importing.reasons import import_reason
from registry.importing.rows import ImportProblem, ListRow, RowFate, plain
from registry.people.models import Person
from registry.rooms.models import Room

# what a list never changes of a piece that is there, by what a row holds of it
_BY_OTHER_WAYS = {"durable_until": "durable_until", "lifecycle": "lifecycle", "condition": "condition",
                  "account": "account", "purchase": "purchase_id"}  # fmt: skip
# corrections that are no column of a piece
_APART = frozenset({"shares", "own_values"})
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

    def without(self, names: frozenset[str]) -> "PieceUpdate":
        """Itself, but what the fields of these names are stays."""
        if not names:
            return self
        corrections = {name: value for name, value in self.corrections.items() if name not in names}
        if own := corrections.pop("own_values", None):
            values = tuple(value for value in own.values if f"{PREFIX}{value.field.code}" not in names)
            corrections |= {"own_values": ReadValues(values)} if values else {}
        room_id = None if "room" in names else self.room_id
        custodian_id = None if "custodian" in names else self.custodian_id
        return PieceUpdate(corrections, room_id, custodian_id, self.refused)

    @property
    def changes_anything(self) -> bool:
        return bool(self.corrections or self.room_id or self.custodian_id)


def update_of(asset: Asset, parts: Parts, row: ListRow) -> PieceUpdate:
    """What a row says of a piece that ``parts`` pay for. Pure."""
    corrections: dict[str, Any] = {}
    refused: dict[str, str] = {}
    may_correct_money = row.refs.get("may_correct_money", True)
    for name, target in (DESCRIPTION | MONEY).items():
        value = _value(name, asset, row)
        if value in (None, "") or getattr(asset, target) == value:
            continue
        if name in MONEY and not may_correct_money:
            refused[name] = "MONEY_NOT_YOURS"
        else:
            corrections[target] = value
    price = asset.price if "price" in row.keep else corrections.get("price", asset.price)
    split = _new_split(asset, price, parts, row)
    if split is not None and may_correct_money:
        corrections["shares"] = split
    elif split is not None:
        refused["grant"] = "MONEY_NOT_YOURS"
    differing = _differing_values(row)
    if differing:
        corrections["own_values"] = ReadValues(tuple(differing))
    for name, target in _BY_OTHER_WAYS.items():
        value = row.refs.get(target) if target == "purchase_id" else row.values.get(name)
        if value not in (None, "") and getattr(asset, target) != value:
            refused[name] = "CHANGED_BY_ANOTHER_ACT"
    if row.refs.get("is_own_funds") and any(amount for grant, amount in parts.items() if grant is not None):
        refused[next(name for name in FUNDING if name in row.own_cells)] = "CHANGED_BY_ANOTHER_ACT"
    places = {name: row.refs.get(name) for name in ("room_id", "custodian_id")}
    moves = {name: pk for name, pk in places.items() if pk and pk != getattr(asset, name)}
    return PieceUpdate(corrections, **moves, refused=refused)


def _differing_values(row: ListRow) -> list[TypedValue]:
    """What a row says of the fields of categories otherwise than the piece."""
    before = row.refs.get("own_before", {})
    return [value for value in row.refs.get("own_values", ()) if before.get(value.field.code) != value.text]


def _value(name: str, asset: Asset, row: ListRow) -> Any:
    """What a row says of a field of a piece: nothing where no cell of its own says it."""
    if name == "note":
        return row.note(asset.note)
    if name not in row.own_cells and ALSO_SAID_BY.get(name) not in row.own_cells:
        return None
    if name == "value" and row.refs.get("is_by_unit_price"):
        return _by_unit_price(asset, row)
    return row.values.get(name)


def _by_unit_price(asset: Asset, row: ListRow) -> Decimal:
    """A row's unit price for as many pieces as it says; where it does not, or that stays, as the record is."""
    price: Decimal = row.values["unit_price"]
    says_how_many = "quantity" in row.own_cells - row.keep
    return price * (row.values["quantity"] if says_how_many else asset.quantity)


def _new_split(asset: Asset, price: Decimal, parts: Parts, row: ListRow) -> list[tuple[int | None, Decimal]] | None:
    """The price of a piece by the grants that a row says; None where it is split so, or the row says none."""
    percents = row.refs.get("percents")
    if percents is None:
        return None
    split = shares(price, percents)
    names = parts.keys() | split.keys()
    is_same = all(abs(parts.get(name, Decimal(0)) - split.get(name, Decimal(0))) <= GROSZ for name in names)
    return None if is_same and price == asset.price else list(split.items())


async def compare(rows: Sequence[ListRow], titles: Mapping[str, str]) -> None:
    """Put into each row about a known piece what becomes of it: changed, and how, or the same."""
    about = (row for row in rows if "asset_id" in row.refs and row.status != "error" and not row.left_out)
    while lot := list(islice(about, BATCH)):
        updates = [(row, asset, update_of(asset, parts, row)) for row, asset, parts in await _with_pieces(lot)]
        codes, logins = await _names(updates)
        for row, asset, update in updates:
            row.fate = RowFate.CHANGED if update.without(row.keep).changes_anything else RowFate.SAME
            row.changes = _in_words(asset, row, update, codes, logins)
            for name, code in update.refused.items():
                title = titles.get(name, titles.get("unit_price", name) if name == "value" else name)
                row.problems.append(ImportProblem(code, title, str(row.values.get(name) or "")))
            _look_at_product(asset, row, titles)


def _look_at_product(asset: Asset, row: ListRow, titles: Mapping[str, str]) -> None:
    """A price and a value without a quantity are compared by that of the piece."""
    if {"value", "unit_price"} <= row.own_cells and "quantity" not in row.own_cells:
        value, computed = row.values["value"], _by_unit_price(asset, row)
        if value != computed:
            facts = {"computed": str(computed)}
            row.problems.append(ImportProblem("VALUE_MISMATCH", titles["value"], str(value), facts))


async def _with_pieces(rows: Sequence[ListRow]) -> Iterator[tuple[ListRow, Asset, Parts]]:
    ids = [row.refs["asset_id"] for row in rows]
    pieces = {asset.id: asset for asset in await Asset.filter(id__in=ids)}
    parts: dict[int, dict[int | None, Decimal]] = {pk: {} for pk in ids}
    for pk, grant, amount in await FundingShare.filter(asset_id__in=ids).values_list("asset_id", "grant_id", "amount"):
        parts[pk][grant] = parts[pk].get(grant, Decimal(0)) + amount
    if any("own_values" in row.refs for row in rows):
        values = await own_values(ids)
        for row in rows:
            row.refs["own_before"] = values.get(row.refs["asset_id"], {})
    return ((row, pieces[pk], parts[pk]) for row in rows if (pk := row.refs["asset_id"]) in pieces)


async def _names(
    updates: Sequence[tuple[ListRow, Asset, PieceUpdate]],
) -> tuple[dict[int | None, str], dict[int | None, str]]:
    """Codes of the rooms and logins of the custodians, former and new, of all these updates."""
    rooms = {pk for _, asset, update in updates if update.room_id for pk in (asset.room_id, update.room_id)}
    people = {
        pk for _, asset, update in updates if update.custodian_id for pk in (asset.custodian_id, update.custodian_id)
    }
    codes = await Room.filter(id__in=[pk for pk in rooms if pk]).values_list("id", "code") if rooms else ()
    logins = await Person.filter(id__in=[pk for pk in people if pk]).values_list("id", "login") if people else ()
    return dict(codes), dict(logins)


def _in_words(
    asset: Asset, row: ListRow, update: PieceUpdate, codes: Mapping[int | None, str], logins: Mapping[int | None, str]
) -> dict[str, list[str]]:
    """Former and new by column, for people."""
    words = {
        name: [str(getattr(asset, name) or ""), str(value)]
        for name, value in update.corrections.items()
        if name not in _APART
    }
    if "own_values" in update.corrections:
        before = row.refs.get("own_before", {})
        for own in update.corrections["own_values"].values:
            words[f"{PREFIX}{own.field.code}"] = [before.get(own.field.code, ""), own.text]
    if "shares" in update.corrections:
        words["shares"] = ["", " | ".join(f"{amount:.2f}" for _, amount in update.corrections["shares"])]
    if update.room_id:
        words["room"] = [codes.get(asset.room_id, ""), codes.get(update.room_id, "")]
    if update.custodian_id:
        words["custodian"] = [logins.get(asset.custodian_id, ""), logins.get(update.custodian_id, "")]
    return words


async def write_updates(rows: Sequence[ListRow], actor: Actor, now: datetime, progress: WritingProgress) -> int:
    """Write what these rows change, each piece by itself. Returns how many pieces that are.

    What each piece was is stored first: what breaks off is gone on with, and can be undone.
    """
    updates = [
        (row, asset, parts, update)
        for row, asset, parts in await _with_pieces(rows)
        if (update := update_of(asset, parts, row).without(row.keep)).changes_anything
    ]
    if progress.number and updates:
        await _remember(updates, progress)
    count = 0
    for row, asset, _, update in updates:
        try:
            await _write(asset, update, actor, now, import_reason(progress.number, progress.file))
            count += 1
        except Unavailable:
            raise  # of no fault of the row: the list is gone on with
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


async def _remember(updates: Sequence[tuple[ListRow, Asset, Parts, PieceUpdate]], progress: WritingProgress) -> None:
    number = progress.number
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
            before=former_values(asset, parts, update) | _former_own(row, update),
        )
        for row, asset, parts, update in updates
        if asset.id not in already
    ]
    async with transaction():
        if records:
            await ImportedRecord.bulk_create(records, batch_size=BATCH)
        await progress.begin()


def former_values(asset: Asset, parts: Parts, update: PieceUpdate) -> dict[str, Any]:
    """What a piece was, as far as an update changes it, in JSON."""
    columns = {name: getattr(asset, name) for name in update.corrections if name not in _APART}
    former: dict[str, Any] = {"corrections": {name: plain(value) for name, value in columns.items()}}
    if update.corrections.keys() & {"shares", "price"}:
        former["corrections"]["shares"] = [[grant, str(amount)] for grant, amount in parts.items()]
    if update.room_id:
        former["room_id"] = asset.room_id
    if update.custodian_id:
        former["custodian_id"] = asset.custodian_id
    return former


def _former_own(row: ListRow, update: PieceUpdate) -> dict[str, Any]:
    """What a piece held in the fields that an update changes, by their codes; an empty text for nothing."""
    if "own_values" not in update.corrections:
        return {}
    before = row.refs.get("own_before", {})
    values = update.corrections["own_values"].values
    return {"own_values": {value.field.code: before.get(value.field.code, "") for value in values}}


async def restore(asset: Asset, former: Mapping[str, Any], actor: Actor, now: datetime, reason: str) -> None:
    """Give a piece the values that it had before an update. Done twice it changes nothing more. Raises Refusal."""
    corrections = {name: _typed(name, value) for name, value in former["corrections"].items()}
    if texts := former.get("own_values"):
        corrections["own_values"] = restored(await category_tree(), texts)
    if corrections:
        await actions.correct(asset.id, corrections, actor, now, None, reason)
    if "room_id" in former:
        await perform("move", asset.id, Answers(room_id=former["room_id"], reason=reason), actor, now)
    if "custodian_id" in former:
        name = "assign" if former["custodian_id"] else "unassign"
        answers = Answers(custodian_id=former["custodian_id"], reason=reason)
        await perform(name, asset.id, answers, actor, now)


def restored(tree: CategoryTree, texts: Mapping[str, str]) -> ReadValues:
    """Stored values as they are written again; of a field that is no more, nothing."""
    by_code = {own.code: own for own in tree.fields_of_all()}
    values = [read_value(by_code[code], text) for code, text in texts.items() if text and code in by_code]
    empty = [by_code[code] for code, text in texts.items() if not text and code in by_code]
    return ReadValues(tuple(value for value in values if value), tuple(empty))


def _typed(name: str, value: Any) -> Any:
    if name == "shares":
        return [(grant, Decimal(amount)) for grant, amount in value]
    if name == "price":
        return Decimal(value)
    return date.fromisoformat(value) if value and name in ("accepted_on", "warranty_until") else value
