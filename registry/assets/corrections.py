"""The same correction of many pieces together, all of them or none."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from registry.assets.actions import WEIGHTY, correct_in, keep_untouched_quiet, together
from registry.assets.models import Asset
from registry.categories.queries import category_tree
from registry.core.errors import Conflict, Invalid, NotFound, Refusal
from registry.core.history import Actor
from registry.rooms.lock import changing


@dataclass(frozen=True, slots=True)
class PieceCorrection:
    """What is corrected of a piece, as :func:`registry.assets.actions.correct` takes it, and the revision that was
    looked at; None is any.
    """

    columns: Mapping[str, Any]
    revision: int | None = None


async def correct_together(
    corrections: Mapping[int, PieceCorrection],
    actor: Actor,
    now: datetime,
    reason: str = "",
    also: Callable[[Sequence[Asset]], Awaitable[object]] | None = None,
) -> list[Asset]:
    """Correct pieces, by their ids. ``also`` is done in the same transaction.

    Raises Invalid("asset.reason_needed"), and Conflict("asset.refused") for the pieces' own refusals: it names each in
    ``refused`` as ``{id, code, detail}``, and those that come to light as they are written one by one.
    """
    if not reason.strip() and any(name in WEIGHTY for one in corrections.values() for name in one.columns):
        raise Invalid("asset.reason_needed", field="reason")
    corrections = await _canonical(corrections)
    places = dict(await Asset.filter(id__in=list(corrections)).values_list("id", "room_id"))
    async with changing(*{room_id for room_id in places.values() if room_id}) as change:
        rows = await Asset.select_for_update().filter(id__in=list(corrections)).order_by("id")
        assets = {asset.id: asset for asset in rows}
        refusals = {
            asset_id: refusal
            for asset_id, one in corrections.items()
            if (refusal := _refusal(asset_id, assets.get(asset_id), one.revision, places))
        }
        if refusals:
            raise together(refusals)
        pairs = []
        for asset_id, asset in assets.items():
            try:
                pairs.append(await correct_in(change, asset, corrections[asset_id].columns, actor, now, reason.strip()))
            except Refusal as refusal:
                raise together({asset_id: refusal}) from refusal
        await keep_untouched_quiet(change, pairs)
        if also:
            await also(rows)
    return rows


async def _canonical(corrections: Mapping[int, PieceCorrection]) -> Mapping[int, PieceCorrection]:
    """The corrections with their categories as the tree writes them."""
    if not any(one.columns.get("category") for one in corrections.values()):
        return corrections
    tree = await category_tree()
    return {
        asset_id: replace(one, columns={**one.columns, "category": tree.canonical(one.columns["category"])})
        if "category" in one.columns
        else one
        for asset_id, one in corrections.items()
    }


def _refusal(
    asset_id: int, asset: Asset | None, revision: int | None, places: Mapping[int, int | None]
) -> Refusal | None:
    """Why this asset, which is locked, cannot be corrected: it is gone, or not as it was looked at."""
    if asset is None:
        return NotFound("asset.unknown", asset=asset_id)
    if revision not in (None, asset.revision) or places.get(asset_id) != asset.room_id:
        return Conflict("request.stale", revision=asset.revision)
    return None
