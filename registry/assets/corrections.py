"""The same change of pieces together, all of them or none: a correction of each, or the next numbers."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from tortoise.exceptions import IntegrityError

from registry.assets.actions import (
    WEIGHTY,
    correct_in,
    is_of_number,
    keep_untouched_quiet,
    standing_piece,
    store_change,
    the_first,
    together,
)
from registry.assets.models import Asset, Lifecycle
from registry.assets.next_numbers import number_schemes
from registry.assets.number_sequences import give_numbers
from registry.assets.numbering import NumberFacts, rule_for
from registry.categories.queries import category_tree
from registry.core.errors import Conflict, Invalid, NotFound, Refusal, Unavailable
from registry.core.history import Actor
from registry.core.idempotency import RequestKey, record
from registry.rooms.lock import RoomChange, changing
from registry.rooms.queries import office_day

Also = Callable[[Sequence[Asset]], Awaitable[object]]
RefusalOf = Callable[[Mapping[int, Refusal]], Refusal]
ATTEMPTS = 3


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
    also: Also | None = None,
) -> list[Asset]:
    """Correct pieces, by their ids. ``also`` is done in the same transaction.

    Raises Invalid("asset.reason_needed"), and Conflict("asset.refused") for the pieces' own refusals: it names each in
    ``refused`` as ``{id, code, detail}``, and those that come to light as they are written one by one.
    """
    if not reason.strip() and any(name in WEIGHTY for one in corrections.values() for name in one.columns):
        raise Invalid("asset.reason_needed", field="reason")
    corrections = await _canonical(corrections)
    async with _locked({asset_id: one.revision for asset_id, one in corrections.items()}) as (change, assets):
        pairs = []
        for asset_id, asset in assets.items():
            try:
                pairs.append(await correct_in(change, asset, corrections[asset_id].columns, actor, now, reason.strip()))
            except Refusal as refusal:
                raise together({asset_id: refusal}) from refusal
        await keep_untouched_quiet(change, pairs)
        if also:
            await also(list(assets.values()))
    return list(assets.values())


async def give_next_number(
    asset_id: int,
    unit: str,
    actor: Actor,
    now: datetime,
    if_revision: int | None = None,
    request_key: RequestKey | None = None,
) -> Asset:
    """Give a piece without a number the next one of a unit; one that has a number keeps it.

    Raises NotFound("asset.unknown"); Conflict: request.stale, asset.withdrawn, numbering.no_scheme;
    Invalid: numbering.no_kst, numbering.bad_first; Unavailable("internal.busy") as :func:`number_together`.
    """

    async def also(assets: Sequence[Asset]) -> None:
        await record(request_key, assets[0])

    return (await number_together({asset_id: if_revision}, unit, actor, now, also, the_first))[0]


async def number_together(
    revisions: Mapping[int, int | None],
    unit: str,
    actor: Actor,
    now: datetime,
    also: Also | None = None,
    refusal_of: RefusalOf = together,
) -> list[Asset]:
    """Give those of these pieces that have no number the next ones of a unit, in this order. ``revisions`` are by id
    those that were looked at, None for any; ``also`` is done in the same transaction.

    Raises what ``refusal_of`` makes of the pieces' own refusals, Conflict("asset.refused") as
    :func:`correct_together`; Invalid("numbering.bad_first") where the numbers end; Unavailable("internal.busy") where
    somebody types the same numbers again and again.
    """
    for _ in range(ATTEMPTS):
        try:
            return await _number(revisions, unit, actor, now, also, refusal_of)
        except IntegrityError as fault:
            if not is_of_number(fault):
                raise
    raise Unavailable("internal.busy")


async def _number(
    revisions: Mapping[int, int | None],
    unit: str,
    actor: Actor,
    now: datetime,
    also: Also | None,
    refusal_of: RefusalOf,
) -> list[Asset]:
    async with _locked(revisions, refusal_of) as (change, by_id):
        assets = [by_id[asset_id] for asset_id in revisions]
        schemes, today = await number_schemes(unit), await office_day(now)
        refusals: dict[int, Refusal] = {}
        for asset in assets:
            try:
                if asset.lifecycle is Lifecycle.WITHDRAWN:
                    raise Conflict("asset.withdrawn")
                if not asset.inventory_no:
                    rule_for(schemes, NumberFacts(unit, asset.account, asset.kst, asset.accepted_on or today))
            except Refusal as refusal:
                refusals[asset.id] = refusal
        if refusals:
            raise refusal_of(refusals)
        bare = [asset for asset in assets if not asset.inventory_no]
        await give_numbers([(asset, unit) for asset in bare], now)
        columns = ["inventory_no", "number_key", "search_text", "was_unnumbered"]
        for asset in bare:
            asset.was_unnumbered = True
            await store_change(asset, change, columns, "numbered", actor, now, {"inventory_no": None}, "")
        pieces = [standing_piece(asset) for asset in assets]
        await keep_untouched_quiet(change, zip(pieces, pieces, strict=True))
        if also:
            await also(assets)
    return assets


@asynccontextmanager
async def _locked(
    revisions: Mapping[int, int | None], refusal_of: RefusalOf = together
) -> AsyncIterator[tuple[RoomChange, dict[int, Asset]]]:
    """The transaction in which these pieces are changed, and they, locked and by id. Raises what ``refusal_of`` makes
    of those that are gone, or not as they were looked at.
    """
    places = dict(await Asset.filter(id__in=list(revisions)).values_list("id", "room_id"))
    async with changing(*{room_id for room_id in places.values() if room_id}) as change:
        rows = await Asset.select_for_update().filter(id__in=list(revisions)).order_by("id")
        assets = {asset.id: asset for asset in rows}
        refusals = {
            asset_id: refusal
            for asset_id, revision in revisions.items()
            if (refusal := _refusal(asset_id, assets.get(asset_id), revision, places))
        }
        if refusals:
            raise refusal_of(refusals)
        yield change, assets


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
    """Why this asset, which is locked, cannot be changed: it is gone, or not as it was looked at."""
    if asset is None:
        return NotFound("asset.unknown", asset=asset_id)
    if revision not in (None, asset.revision) or places.get(asset_id) != asset.room_id:
        return Conflict("request.stale", revision=asset.revision)
    return None
