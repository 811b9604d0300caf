"""How pieces come into the register: each with a tag, its funding shares and the first entry of its history."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from secrets import token_bytes
from typing import Any

from registry.assets import tags
from registry.assets.models import Asset, FormerNumber, FundingShare, Tag
from registry.assets.number_sequences import give_numbers
from registry.assets.own_values import named, put_first_values
from registry.assets.rules import number_key, shares
from registry.categories.rules import TypedValue
from registry.core import history
from registry.core.errors import Conflict
from registry.core.history import Actor, HistoryEntry, NextEntry
from registry.core.statements import insert_many, reserve_ids

BATCH = 500


@dataclass(slots=True)
class NewPiece:
    """A record about to be inserted; ``percents`` are the grants' shares of its price by grant id.

    ``split`` is its part of a line that was split as a whole, instead of its own price; ``tags`` are the codes of the
    labels that are on it already, ``former_numbers`` those that it had before, ``own_values`` what the fields of its
    category hold. Without a number it gets the next one of its ``unit``.
    """

    asset: Asset
    percents: dict[int, Decimal]
    split: Mapping[int | None, Decimal] | None = None
    tags: Sequence[str] = ()
    former_numbers: Sequence[str] = ()
    own_values: Sequence[TypedValue] = ()
    unit: str = ""


async def register_many(
    pieces: Sequence[NewPiece], actor: Actor, now: datetime, action: str, besides: Collection[str] = ()
) -> list[int]:
    """Insert records with their tags, shares and first history inside the caller's transaction. Returns their ids.

    Numbers whose keys are among ``besides`` are given to none of them.
    """
    if not pieces:
        return []
    if any(piece.unit for piece in pieces):
        await give_numbers([(piece.asset, piece.unit) for piece in pieces], now, besides)
    keys = [piece.asset.number_key for piece in pieces if piece.asset.number_key]
    ids = await reserve_ids("asset", len(pieces))
    for pk, piece in zip(ids, pieces, strict=True):
        piece.asset.id, piece.asset._custom_generated_pk = pk, True
    await insert_many([piece.asset for piece in pieces])
    split = [
        FundingShare(asset_id=piece.asset.id, grant_id=grant, amount=part)
        for piece in pieces
        for grant, part in (piece.split or shares(piece.asset.price, piece.percents)).items()
    ]
    await refuse_former(keys)  # now that the numbers are held: one that became a former one meanwhile is seen
    await FundingShare.bulk_create(split, batch_size=BATCH)
    await put_on({code: piece.asset.id for piece in pieces for code in piece.tags}, actor, now)
    await keep_former({number: piece.asset.id for piece in pieces for number in piece.former_numbers}, now)
    await put_first_values({piece.asset.id: piece.own_values for piece in pieces if piece.own_values})
    rest = [piece.asset.id for piece in pieces if not piece.tags]
    codes = await fresh_codes(len(rest))
    labels = [Tag(code=code, asset_id=pk, created_at=now) for code, pk in zip(codes, rest, strict=True)]
    await Tag.bulk_create(labels, batch_size=BATCH)
    entries = [(f"asset:{piece.asset.id}", _entry(piece.asset) | named(piece.own_values)) for piece in pieces]
    await history.write_new(entries, action, actor, now)
    return ids


async def keep_former(numbers: Mapping[str, int], now: datetime) -> None:
    """Numbers that pieces had before, each with the id of its piece."""
    rows = [
        FormerNumber(asset_id=pk, number=number, number_key=number_key(number), until=now)
        for number, pk in numbers.items()
    ]
    await FormerNumber.bulk_create(rows, batch_size=BATCH)


async def put_on(labels: Mapping[str, int], actor: Actor, now: datetime) -> None:
    """Labels by their code, each on a piece by its id; those that were printed and wait for a thing are taken, also
    those that were said to be gone: their history tells it.
    """
    if not labels:
        return
    on_nothing = Tag.select_for_update().filter(code__in=list(labels), asset_id=None, room_id=None)
    waiting = {tag.code: tag for tag in await on_nothing.order_by("id")}
    for code, tag in waiting.items():
        tag.asset_id, tag.lost_at = labels[code], None
    if waiting:
        await Tag.bulk_update([*waiting.values()], ["asset_id", "lost_at"], batch_size=BATCH)
        await _tell_linked({code: labels[code] for code in waiting}, actor, now)
    new = [Tag(code=code, asset_id=pk, created_at=now) for code, pk in labels.items() if code not in waiting]
    await Tag.bulk_create(new, batch_size=BATCH)


async def _tell_linked(labels: Mapping[str, int], actor: Actor, now: datetime) -> None:
    """In the history of labels that were on nothing: each is on a piece now."""
    things = {f"tag:{code}": {"asset_id": pk, "room_id": None} for code, pk in labels.items()}
    last = {entry.object: entry for entry in await HistoryEntry.filter(object__in=list(things)).order_by("seq")}
    nothing = {"asset_id": None, "room_id": None}
    next_entries = [NextEntry(entry, before=nothing, after=things[thing]) for thing, entry in last.items()]
    await history.write_next(next_entries, "linked", actor, now)
    await history.write_new(
        [(thing, after) for thing, after in things.items() if thing not in last], "linked", actor, now
    )


async def refuse_former(keys: Sequence[str | None], but_of: int = 0) -> None:
    """Raises Conflict("asset.number_former") where one of these keys is a former number, of another piece."""
    names = [key for key in keys if key]
    if names:
        rival = await FormerNumber.filter(number_key__in=names).exclude(asset_id=but_of).first()
        if rival:
            raise Conflict("asset.number_former", number=rival.number)


def _entry(asset: Asset) -> dict[str, Any]:
    return {
        "inventory_no": asset.inventory_no,
        "name": asset.name,
        "price": str(asset.price),
        "room_id": asset.room_id,
        "custodian_id": asset.custodian_id,
        "lifecycle": str(asset.lifecycle),
        "condition": str(asset.condition),
    }


async def fresh_codes(many: int) -> list[str]:
    """New tag codes that no tag has. By chance two of 40 000 would be equal already."""
    codes: set[str] = set()
    while len(codes) < many:
        candidates = {tags.new_code(token_bytes(tags.RANDOM_BYTES)) for _ in range(many - len(codes))}
        codes |= candidates - set(await Tag.filter(code__in=list(candidates)).values_list("code", flat=True))
    return list(codes)
