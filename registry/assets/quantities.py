"""A line of several pieces split and joined: its money to the grosz, its sources too, with the history of both."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from tortoise.exceptions import IntegrityError

from registry.assets.actions import (
    is_of_number,
    keep_untouched_quiet,
    named_parts,
    parts_of,
    standing_piece,
    store_change,
    text_of,
)
from registry.assets.intake import NewPiece, keep_former, refuse_former, register_many
from registry.assets.models import (
    Asset,
    Condition,
    FieldValue,
    FormerNumber,
    FundingShare,
    Lifecycle,
    Tag,
)
from registry.assets.queries import open_overrides
from registry.assets.rules import fold, number_columns, part_of_line, unlike
from registry.core import history
from registry.core.errors import N_, Conflict, Invalid, NotFound, Term, Unavailable
from registry.core.events import AssetChanged
from registry.core.history import Actor
from registry.core.idempotency import RequestKey, record
from registry.core.statements import column
from registry.rooms.lock import RoomChange, changing

# what a part of a line has from it
_SHARED = ("name", "category", "kst", "account", "custodian_id", "purchase_id", "accepted_on", "warranty_until",
           "durable_until", "lifecycle", "condition", "note")  # fmt: skip
MOST_JOINED = 50
Sides = Mapping[str, Mapping[str, Any]]
# in what two pieces may differ
FACT_WORDS = {
    "name": N_("name"), "category": N_("category"), "kst": N_("KŚT symbol"), "account": N_("account"),
    "serial_no": N_("serial number"), "custodian_id": N_("custodian"), "purchase_id": N_("purchase"),
    "accepted_on": N_("day of acceptance"), "warranty_until": N_("end of the warranty"),
    "durable_until": N_("end of the durability period"), "lifecycle": N_("life cycle"), "condition": N_("condition"),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class SplitWish:
    """How many pieces of a line become one of their own, and where those stand: where the line does, if no room is
    named. Without a number they get the next one of their ``unit``, or none.
    """

    quantity: int
    room_id: int | None = None
    inventory_no: str | None = None
    unit: str = ""


async def split(
    asset_id: int,
    wish: SplitWish,
    actor: Actor,
    now: datetime,
    if_revision: int | None = None,
    reason: str = "",
    request_key: RequestKey | None = None,
) -> Asset:
    """Make some pieces of a line one of their own, and return it. Prices and sources of the two sum to what they were.

    Raises NotFound("asset.unknown"); Invalid: asset.bad_split, numbering.no_kst; Conflict: request.stale,
    asset.withdrawn, asset.not_working, asset.number_taken, asset.number_former, numbering.no_scheme.
    """
    place = (await _known([asset_id]))[asset_id]
    try:
        async with changing(*{room for room in (place, wish.room_id) if room}) as change:
            (line,) = await _locked({asset_id: if_revision}, {asset_id: place})
            if not 1 <= wish.quantity < line.quantity:
                raise Invalid("asset.bad_split", field="quantity", limit=line.quantity - 1)
            _refuse_lent(line)
            if line.condition is not Condition.OK:  # its fault is of the whole line, and the part would have none
                raise Conflict("asset.not_working")
            stood = standing_piece(line)
            part = await _split(line, wish, change, actor, now, reason)
            pairs = [(stood, standing_piece(line)), (None, standing_piece(part))]
            await keep_untouched_quiet(change, pairs)
            await record(request_key, part)
    except IntegrityError as fault:
        if wish.inventory_no and is_of_number(fault):
            raise Conflict("asset.number_taken", number=wish.inventory_no) from fault
        if is_of_number(fault):
            raise Unavailable("internal.busy") from fault
        raise
    return part


async def _split(line: Asset, wish: SplitWish, change: RoomChange, actor: Actor, now: datetime, reason: str) -> Asset:
    parts = await parts_of(line)
    price, split_off = part_of_line(line.price, line.quantity, parts, wish.quantity)
    rest = {source: amount - split_off[source] for source, amount in parts.items()}
    numbers = number_columns(wish.inventory_no)
    await _refuse_taken(numbers["number_key"], wish.inventory_no)
    columns = {name: getattr(line, name) for name in _SHARED}
    room_id = wish.room_id or line.room_id
    part = Asset(**columns, **numbers, price=price, quantity=wish.quantity, room_id=room_id)
    await register_many([NewPiece(part, {}, split=_paid(split_off), unit=wish.unit)], actor, now, "registered")
    await _copy_values(line.id, part.id)
    part.search_text = await text_of(part)
    await Asset.filter(id=part.id).update(search_text=part.search_text)
    before = {"quantity": line.quantity, "price": line.price}
    line.quantity -= wish.quantity
    line.price -= price
    await _put_shares(line.id, rest)
    entry: Sides = {
        "before": {"shares": await named_parts(parts)},
        "after": {"shares": await named_parts(rest), "split_off": label_of(part)},
    }
    await store_change(line, change, [*before], "split", actor, now, before, reason, entry)
    origin = {"quantity": part.quantity, "split_from": label_of(line)}
    await history.write(f"asset:{part.id}", "split_off", actor, now, after=origin, reason=reason)
    change.happened(AssetChanged(part.id))
    return part


async def join(
    asset_id: int,
    other_ids: Sequence[int],
    actor: Actor,
    now: datetime,
    revisions: Mapping[int, int | None] | None = None,
    reason: str = "",
    request_key: RequestKey | None = None,
) -> Asset:
    """Make pieces that are alike one line of them all, where the first one stands. The others are withdrawn; their
    numbers and labels lead to the line from then on.

    Raises NotFound("asset.unknown"); Invalid("asset.nothing_to_join"); Conflict: request.stale, asset.withdrawn,
    asset.not_alike, asset.override_asked.
    """
    ids = list(dict.fromkeys([asset_id, *other_ids]))
    if not 1 < len(ids) <= MOST_JOINED:
        raise Invalid("asset.nothing_to_join", limit=MOST_JOINED)
    places = await _known(ids)
    async with changing(*{room for room in places.values() if room}) as change:
        line, *others = await _locked({pk: (revisions or {}).get(pk) for pk in ids}, places)
        for other in others:
            if fact := unlike(_facts(line), _facts(other)):
                raise Conflict("asset.not_alike", piece=label_of(other), fact=Term(fact, FACT_WORDS[fact]))
        _refuse_lent(line, *others)
        await _refuse_overrides([line, *others])
        stood = [(asset, standing_piece(asset)) for asset in (line, *others)]
        await _join(line, others, change, actor, now, reason)
        await keep_untouched_quiet(change, [(before, standing_piece(asset)) for asset, before in stood])
        await record(request_key, line)
    return line


def _refuse_lent(*pieces: Asset) -> None:
    """What is lent out stays the piece that somebody signed for. Raises Conflict("asset.lent")."""
    for piece in pieces:
        if piece.due_on is not None:
            raise Conflict("asset.lent", until=piece.due_on.isoformat())


async def _refuse_overrides(pieces: Sequence[Asset]) -> None:
    """What two people say of one piece holds for it alone. Raises Conflict("asset.override_asked")."""
    early = set(await column(open_overrides([piece.id for piece in pieces]), "asset_id"))
    for piece in pieces:
        if piece.id in early:
            raise Conflict("asset.override_asked", piece=label_of(piece))


async def _join(
    line: Asset, others: Sequence[Asset], change: RoomChange, actor: Actor, now: datetime, reason: str
) -> None:
    labels = [label_of(other) for other in others]
    parts_before = await parts_of(line)
    parts = dict(parts_before)
    before = {"quantity": line.quantity, "price": line.price}
    numbers: dict[str, int] = {}
    for other in others:
        for source, amount in (await parts_of(other)).items():
            parts[source] = parts.get(source, Decimal(0)) + amount
        line.quantity += other.quantity
        line.price += other.price
        if other.inventory_no:
            numbers[other.inventory_no] = line.id
        await _close(other, label_of(line), change, actor, now, reason)
    await _lead_to(line, [other.id for other in others], numbers, actor, now)
    await _put_shares(line.id, parts)
    line.search_text = await text_of(line)
    entry: Sides = {
        "before": {"shares": await named_parts(parts_before)},
        "after": {"shares": await named_parts(parts), "joined": labels},
    }
    await store_change(line, change, [*before, "search_text"], "joined_with", actor, now, before, reason, entry)


async def _close(other: Asset, into: str, change: RoomChange, actor: Actor, now: datetime, reason: str) -> None:
    before = {"lifecycle": other.lifecycle, "inventory_no": other.inventory_no}
    other.lifecycle, other.inventory_no, other.number_key = Lifecycle.WITHDRAWN, None, None
    entry: Sides = {"before": {}, "after": {"joined_into": into}}
    await store_change(other, change, [*before, "number_key"], "joined", actor, now, before, reason, entry)


async def _lead_to(
    line: Asset, other_ids: Sequence[int], numbers: Mapping[str, int], actor: Actor, now: datetime
) -> None:
    """The numbers and the labels of others find the line from now on."""
    await FormerNumber.filter(asset_id__in=list(other_ids)).update(asset_id=line.id)
    await keep_former(numbers, now)
    for tag in await Tag.select_for_update().filter(asset_id__in=list(other_ids)).order_by("id"):
        before = {"asset_id": tag.asset_id, "room_id": None}
        tag.asset_id = line.id
        await tag.save(update_fields=["asset_id"])
        after = {"asset_id": line.id, "room_id": None}
        await history.write(f"tag:{tag.code}", "linked", actor, now, before=before, after=after)


async def _put_shares(asset_id: int, parts: Mapping[int | None, Decimal]) -> None:
    await FundingShare.filter(asset_id=asset_id).delete()
    paid = _paid(parts)
    await FundingShare.bulk_create(
        [FundingShare(asset_id=asset_id, grant_id=grant, amount=amount) for grant, amount in paid.items()]
    )


def _paid(parts: Mapping[int | None, Decimal]) -> dict[int | None, Decimal]:
    """Own funds that pay nothing beside a grant are left out; a grant stays with nothing."""
    return {source: amount for source, amount in parts.items() if source is not None or amount or len(parts) == 1}


async def _copy_values(from_id: int, to_id: int) -> None:
    rows = await FieldValue.filter(asset_id=from_id).order_by("id")
    copies = [
        FieldValue(asset_id=to_id, field_id=row.field_id, text=row.text, number=row.number, day=row.day) for row in rows
    ]
    if copies:
        await FieldValue.bulk_create(copies)


async def _refuse_taken(key: str | None, number: str | None) -> None:
    if key and await Asset.exists(number_key=key):
        raise Conflict("asset.number_taken", number=number)
    await refuse_former([key])


async def _known(asset_ids: Sequence[int]) -> dict[int, int | None]:
    """The rooms of pieces by their ids. Raises NotFound("asset.unknown")."""
    places = dict(await Asset.filter(id__in=list(asset_ids)).values_list("id", "room_id"))
    for asset_id in asset_ids:
        if asset_id not in places:
            raise NotFound("asset.unknown", asset=asset_id)
    return places


async def _locked(revisions: Mapping[int, int | None], places: Mapping[int, int | None]) -> list[Asset]:
    """The rows, locked, in the order of ``revisions``. Raises Conflict: request.stale, asset.withdrawn."""
    rows = await Asset.select_for_update().filter(id__in=list(revisions)).order_by("id")
    assets = {asset.id: asset for asset in rows}
    for asset_id, revision in revisions.items():
        asset = assets[asset_id]
        if revision not in (None, asset.revision) or places[asset_id] != asset.room_id:
            raise Conflict("request.stale", revision=asset.revision)
        if asset.lifecycle is Lifecycle.WITHDRAWN:
            raise Conflict("asset.withdrawn")
    return [assets[asset_id] for asset_id in revisions]


def label_of(asset: Asset) -> str:
    """What the history calls a piece: its number, else its name."""
    return asset.inventory_no or asset.name


def _facts(asset: Asset) -> dict[str, Any]:
    """What must be the same of pieces that become one line."""
    facts = {name: getattr(asset, name) for name in FACT_WORDS}
    return facts | {"name": fold(asset.name), "category": fold(asset.category)}
