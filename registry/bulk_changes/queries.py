"""What is asked about bulk changes: one with its counts, its pieces as they were, are to be and became."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from tortoise.expressions import Q
from tortoise.functions import Count

from registry.assets.filters import AssetFilter
from registry.assets.queries import assets_by_id
from registry.bulk_changes.models import BulkChange, BulkPiece, BulkState, PieceFate
from registry.core.errors import NotFound
from registry.core.statements import first_value

LIFETIME = timedelta(days=1)
# once it is carried out
REMEMBERED = timedelta(days=400)


@dataclass(frozen=True, slots=True)
class PieceOutcome:
    """A piece of a bulk change beside the asset as it is now, which is None where it is gone."""

    piece: BulkPiece
    asset: dict[str, Any] | None


async def bulk_change(number: str, owner_id: int, now: datetime) -> BulkChange:
    """Raises NotFound("bulk.unknown")."""
    row = None
    if re.fullmatch(r"[\w-]{16}", number, re.ASCII):
        row = await BulkChange.get_or_none(is_remembered(now), id=number, owner_id=owner_id)
    if row is None:
        raise NotFound("bulk.unknown")
    return row


def is_remembered(now: datetime) -> Q:
    """One waits a day to be carried out; what was begun stays known."""
    waits = Q(state=BulkState.CHECKED, finished=0)
    return Q(waits, made_at__gt=now - LIFETIME) | Q(~waits, made_at__gt=now - REMEMBERED)


async def counts_of(number: str) -> dict[PieceFate, int]:
    """How many pieces of a bulk change have which fate."""
    rows = BulkPiece.filter(bulk_change_id=number).annotate(n=Count("id")).group_by("fate").values_list("fate", "n")
    counts = dict.fromkeys(PieceFate, 0)
    for fate, many in await rows:
        counts[PieceFate(fate)] = many
    return counts


async def first_number(number: str) -> str | None:
    """The first number that a bulk change gave, or else would give."""
    for fate in (PieceFate.CHANGED, PieceFate.WAITING):
        first = BulkPiece.filter(bulk_change_id=number, fate=fate).order_by("place")
        if after := await first_value(first, "after"):
            return str(after["inventory_no"])
    return None


async def pieces_of(number: str, fate: PieceFate | None, start: int, limit: int) -> list[PieceOutcome]:
    """A part of the pieces of a bulk change, in the order of the list that they come from."""
    rows = BulkPiece.filter(bulk_change_id=number)
    if fate:
        rows = rows.filter(fate=fate)
    part: Sequence[BulkPiece] = await rows.order_by("place").offset(start).limit(limit)
    assets = {item["id"]: item for item in await assets_by_id([piece.asset_id for piece in part])}
    return [PieceOutcome(piece, assets.get(piece.asset_id)) for piece in part]


def wish_of(row: BulkChange) -> AssetFilter:
    """The filter that its pieces fit; of named pieces the one that all fit. What another Izba knew is left out."""
    names = AssetFilter.__dataclass_fields__
    return AssetFilter(**{name: value for name, value in (row.wish or {}).items() if name in names})
