"""What changes sets: putting pieces together, changing what belongs to one, and taking it apart again."""

from collections.abc import AsyncIterator, Collection, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from tortoise.exceptions import IntegrityError

from registry.assets.models import Asset
from registry.core import history
from registry.core.errors import Conflict, Invalid, NotFound
from registry.core.events import AssetChanged
from registry.core.history import Actor
from registry.core.idempotency import RequestKey, record
from registry.core.ids import may_be_id
from registry.core.transaction import Change, transaction
from registry.sets import rules
from registry.sets.models import AssetSet, SetPart, SetPiece
from registry.sets.rules import MemberPiece, Part


@dataclass(frozen=True, slots=True)
class NewSet:
    """A set to be made. Without ``parts`` what it is made of is what belongs to it."""

    name: str
    asset_ids: tuple[int, ...]
    note: str = ""
    parts: tuple[Part, ...] | None = None


@dataclass(frozen=True, slots=True)
class SetChanges:
    """What is to become of a set; None stays as it is."""

    name: str | None = None
    note: str | None = None
    asset_ids: tuple[int, ...] | None = None
    parts: tuple[Part, ...] | None = None


async def make_set(new: NewSet, actor: Actor, now: datetime, request_key: RequestKey | None = None) -> AssetSet:
    """Put pieces together. Raises NotFound("asset.unknown"), Conflict("set.taken"), Invalid("set.too_large")."""
    _check_size(new.asset_ids, new.parts or ())
    async with _of_pieces() as change:
        assets = await _assets(new.asset_ids)
        await _refuse_other_sets(assets, None)
        asset_set = await AssetSet.create(name=new.name, note=new.note)
        parts = new.parts if new.parts is not None else rules.parts_of(_as_member(asset) for asset in assets)
        await _put_parts(asset_set.id, parts)
        await SetPiece.bulk_create([SetPiece(asset_set_id=asset_set.id, asset_id=asset.id) for asset in assets])
        after = {"name": new.name, "parts": _parts_in_words(parts), "pieces": [asset.id for asset in assets]}
        await history.write_new([(f"set:{asset_set.id}", after)], "made", actor, now)
        await _tell_pieces(change, assets, (), asset_set, actor, now)
        await record(request_key, asset_set)
    return asset_set


async def change_set(
    set_id: int, changes: SetChanges, actor: Actor, now: datetime, if_revision: int | None = None,
    request_key: RequestKey | None = None,
) -> AssetSet:  # fmt: skip
    """Rename a set, say what belongs to it, put pieces in or take them out.

    Raises NotFound: set.unknown, asset.unknown; Conflict: set.taken, set.dissolved, request.stale;
    Invalid("set.too_large").
    """
    _check_size(changes.asset_ids or (), changes.parts or ())
    async with _of_pieces() as change:
        asset_set = await _locked(set_id, if_revision)
        before, after = await _apply(asset_set, changes, change, actor, now)
        if after:
            asset_set.revision += 1
            await asset_set.save()
            await history.write(f"set:{set_id}", "changed", actor, now, before=before, after=after)
        await record(request_key, asset_set)
    return asset_set


async def dissolve_set(
    set_id: int, actor: Actor, now: datetime, if_revision: int | None = None, request_key: RequestKey | None = None
) -> AssetSet:
    """Take a set apart: its pieces stay where they are. One that is apart already stays so. Raises
    NotFound("set.unknown"), Conflict("request.stale").
    """
    async with transaction() as change:
        asset_set = await AssetSet.select_for_update().get_or_none(id=set_id) if may_be_id(set_id) else None
        if asset_set is None:
            raise NotFound("set.unknown", set=set_id)
        if asset_set.dissolved_at is None:
            if if_revision not in (None, asset_set.revision):
                raise Conflict("request.stale", revision=asset_set.revision)
            assets = await Asset.filter(set_piece__asset_set_id=set_id).order_by("id")
            await SetPiece.filter(asset_set_id=set_id).delete()
            asset_set.dissolved_at, asset_set.revision = now, asset_set.revision + 1
            await asset_set.save()
            before = {"pieces": [asset.id for asset in assets]}
            await history.write(f"set:{set_id}", "dissolved", actor, now, before=before)
            await _tell_pieces(change, (), assets, asset_set, actor, now)
        await record(request_key, asset_set)
    return asset_set


@asynccontextmanager
async def _of_pieces() -> AsyncIterator[Change]:
    """A transaction in which a piece that somebody else put into a set at the same moment is a refusal."""
    try:
        async with transaction() as change:
            yield change
    except IntegrityError as fault:
        raise Conflict("request.stale") from fault


def _check_size(asset_ids: Collection[int], parts: Collection[Part]) -> None:
    if len(asset_ids) > rules.LARGEST or len(parts) > rules.MOST_PARTS:
        raise Invalid("set.too_large", limit=rules.LARGEST)


async def _locked(set_id: int, if_revision: int | None) -> AssetSet:
    asset_set = await AssetSet.select_for_update().get_or_none(id=set_id) if may_be_id(set_id) else None
    if asset_set is None:
        raise NotFound("set.unknown", set=set_id)
    if asset_set.dissolved_at is not None:
        raise Conflict("set.dissolved")
    if if_revision not in (None, asset_set.revision):
        raise Conflict("request.stale", revision=asset_set.revision)
    return asset_set


async def _apply(
    asset_set: AssetSet, changes: SetChanges, change: Change, actor: Actor, now: datetime
) -> tuple[dict[str, Any], dict[str, Any]]:
    """What was and what is, of each that differs."""
    before: dict[str, Any] = {}
    after: dict[str, Any] = {}
    for name in ("name", "note"):
        wish, current = getattr(changes, name), getattr(asset_set, name)
        if wish is not None and wish != current:
            before[name], after[name] = current, wish
            setattr(asset_set, name, wish)
    if changes.asset_ids is not None:
        pieces = SetPiece.filter(asset_set_id=asset_set.id).order_by("asset_id")
        former = [int(str(pk)) for pk in await pieces.values_list("asset_id", flat=True)]
        if sorted(set(changes.asset_ids)) != former:
            await _replace_pieces(asset_set, changes.asset_ids, former, change, actor, now)
            before["pieces"], after["pieces"] = former, sorted(set(changes.asset_ids))
    if changes.parts is not None:
        part_rows = SetPart.filter(asset_set_id=asset_set.id).order_by("id").values_list("name", "quantity")
        parts = tuple(Part(*row) for row in await part_rows)
        if parts != changes.parts:
            await SetPart.filter(asset_set_id=asset_set.id).delete()
            await _put_parts(asset_set.id, changes.parts)
            before["parts"], after["parts"] = _parts_in_words(parts), _parts_in_words(changes.parts)
    return before, after


async def _replace_pieces(
    asset_set: AssetSet, asset_ids: Sequence[int], former: list[int], change: Change, actor: Actor, now: datetime
) -> None:
    assets = await _assets(asset_ids)
    await _refuse_other_sets(assets, asset_set.id)
    leaving = [pk for pk in former if pk not in set(asset_ids)]
    joining = [asset for asset in assets if asset.id not in set(former)]
    await SetPiece.filter(asset_set_id=asset_set.id, asset_id__in=leaving).delete()
    await SetPiece.bulk_create([SetPiece(asset_set_id=asset_set.id, asset_id=asset.id) for asset in joining])
    leavers = await Asset.filter(id__in=leaving).order_by("id")
    await _tell_pieces(change, joining, leavers, asset_set, actor, now)


async def _assets(asset_ids: Sequence[int]) -> list[Asset]:
    """These pieces, locked. Raises NotFound("asset.unknown")."""
    ids = sorted({pk for pk in asset_ids if may_be_id(pk)})
    assets = await Asset.select_for_update().filter(id__in=ids).order_by("id")
    strange = set(asset_ids) - {asset.id for asset in assets}
    if strange:
        raise NotFound("asset.unknown", asset=min(strange))
    return assets


async def _refuse_other_sets(assets: Sequence[Asset], set_id: int | None) -> None:
    others = SetPiece.filter(asset_id__in=[asset.id for asset in assets])
    if set_id is not None:
        others = others.exclude(asset_set_id=set_id)
    row = await others.order_by("asset_id").first().values("asset__name", "asset__inventory_no", "asset_set__name")
    if row:
        raise Conflict("set.taken", piece=row["asset__inventory_no"] or row["asset__name"], name=row["asset_set__name"])


async def _put_parts(set_id: int, parts: Sequence[Part]) -> None:
    await SetPart.bulk_create([SetPart(asset_set_id=set_id, name=part.name, quantity=part.quantity) for part in parts])


async def _tell_pieces(
    change: Change, joining: Sequence[Asset], leaving: Sequence[Asset], asset_set: AssetSet, actor: Actor, now: datetime
) -> None:
    """In the history of each piece too: whoever looks at it asks why it moved with others."""
    for asset in joining:
        await history.write(f"asset:{asset.id}", "joined_set", actor, now, after={"set": asset_set.name})
        change.happened(AssetChanged(asset.id))
    for asset in leaving:
        await history.write(f"asset:{asset.id}", "left_set", actor, now, before={"set": asset_set.name})
        change.happened(AssetChanged(asset.id))


def _as_member(asset: Asset) -> MemberPiece:
    return MemberPiece(
        asset.id, asset.name, asset.inventory_no, asset.quantity, None, asset.lifecycle, asset.condition, asset.revision
    )


def _parts_in_words(parts: Sequence[Part]) -> list[str]:
    return [f"{part.quantity} × {part.name}" for part in parts]
