"""Printed labels: codes made in advance, and what each label is put on."""

from collections.abc import Sequence
from datetime import datetime

from tortoise.exceptions import IntegrityError

from registry.assets import tags
from registry.assets.intake import BATCH, fresh_codes, refuse_former
from registry.assets.models import Asset, FormerNumber, Lifecycle, Tag
from registry.assets.rules import SEARCHED, fold, number_key
from registry.core import history
from registry.core.errors import Conflict, Invalid, NotFound
from registry.core.events import AssetChanged
from registry.core.history import Actor
from registry.core.idempotency import RequestKey, record
from registry.core.statements import insert
from registry.core.transaction import Change, transaction

FORMER_LENGTH = 60


async def link_tag(
    code: str, actor: Actor, now: datetime, *, asset_id: int | None = None, room_id: int | None = None,
    again: bool = False, request_key: RequestKey | None = None,
) -> Tag:  # fmt: skip
    """Put a printed tag on a thing or a room; ``again`` takes it off what it was on, and so does naming neither.

    A code that Izba could have printed but does not know yet is taken in. Raises Invalid("tag.bad_check"),
    Conflict: tag.taken, asset.withdrawn; NotFound("asset.unknown").
    """
    code = tags.normalised(code)
    if not tags.check(code):
        raise Invalid("tag.bad_check", code=code[:40])
    try:
        return await _link_tag(code, actor, now, asset_id, room_id, again, request_key)
    except IntegrityError as fault:
        if "tag" in str(fault):  # taken in by somebody else, at the same moment
            raise Conflict("tag.taken", code=code) from fault
        raise


async def _link_tag(
    code: str,
    actor: Actor,
    now: datetime,
    asset_id: int | None,
    room_id: int | None,
    again: bool,
    request_key: RequestKey | None,
) -> Tag:
    async with transaction() as change:
        if asset_id is not None:
            asset = await Asset.select_for_update().get_or_none(id=asset_id)
            if asset is None:
                raise NotFound("asset.unknown", asset=asset_id)
            if asset.lifecycle is Lifecycle.WITHDRAWN:
                raise Conflict("asset.withdrawn")
            change.happened(AssetChanged(asset_id))
        tag = await Tag.select_for_update().get_or_none(code=code) or Tag(code=code, created_at=now)
        before = {"asset_id": tag.asset_id, "room_id": tag.room_id}
        after = {"asset_id": asset_id, "room_id": room_id}
        if before != after:
            if any(before.values()) and any(after.values()) and not again:
                raise Conflict("tag.taken", code=code)
            tag.asset_id, tag.room_id, tag.lost_at = asset_id, room_id, None
            await tag.save()
            await history.write(f"tag:{code}", "linked", actor, now, before=before, after=after)
        await record(request_key, tag)
    return tag


async def lose_tag(code: str, actor: Actor, now: datetime, request_key: RequestKey | None = None) -> Tag:
    """Say that a label is gone: it is on nothing from now on, until somebody links it again. One that is gone already
    stays so. Raises Invalid("tag.bad_check"), NotFound("tag.unknown").
    """
    code = tags.normalised(code)
    if not tags.check(code):
        raise Invalid("tag.bad_check", code=code[:40])
    async with transaction() as change:
        tag = await Tag.select_for_update().get_or_none(code=code)
        if tag is None:
            raise NotFound("tag.unknown", code=code)
        if tag.lost_at is None:
            before = {"asset_id": tag.asset_id, "room_id": tag.room_id}
            if tag.asset_id:
                change.happened(AssetChanged(tag.asset_id))
            tag.asset_id, tag.room_id, tag.lost_at = None, None, now
            await tag.save()
            after = {"asset_id": None, "room_id": None}
            await history.write(f"tag:{code}", "lost", actor, now, before=before, after=after)
        await record(request_key, tag)
    return tag


async def adopt_number(asset_id: int, number: str, change: Change, actor: Actor, now: datetime) -> None:
    """Find a piece also by a code that an earlier program printed on it, in the transaction of ``change``. A number
    that it has already stays as it is.

    Raises NotFound("asset.unknown"), Conflict: asset.number_taken, asset.number_former; Invalid("asset.bad_number").
    """
    number = number.strip()
    key = number_key(number)
    if not key or len(number) > FORMER_LENGTH or not key.isprintable():
        raise Invalid("asset.bad_number", number=number[:FORMER_LENGTH])
    asset = await Asset.select_for_update().get_or_none(id=asset_id)
    if asset is None:
        raise NotFound("asset.unknown", asset=asset_id)
    if asset.number_key == key or await FormerNumber.exists(number_key=key, asset_id=asset_id):
        return
    if await Asset.exists(number_key=key):
        raise Conflict("asset.number_taken", number=number)
    await refuse_former([key])
    await insert(FormerNumber(asset_id=asset_id, number=number, number_key=key, until=now))
    asset.search_text = f"{asset.search_text} {fold(number)}"[:SEARCHED]
    asset.revision += 1
    await asset.save(update_fields=["search_text", "revision"])
    await history.write(f"asset:{asset_id}", "number_added", actor, now, after={"former_number": number})
    change.happened(AssetChanged(asset_id))


async def print_tags(many: int, actor: Actor, now: datetime) -> list[str]:
    """New codes for labels that are printed before there is anything to put them on."""
    async with transaction():
        codes = await fresh_codes(many)
        await take_in(codes, actor, now)
    return codes


async def take_in(codes: Sequence[str], actor: Actor, now: datetime) -> None:
    """Write new codes that are on nothing, inside the caller's transaction."""
    await Tag.bulk_create([Tag(code=code, created_at=now) for code in codes], batch_size=BATCH)
    await history.write_new([(f"tag:{code}", {}) for code in codes], "printed", actor, now)
