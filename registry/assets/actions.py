"""What changes assets. Each is one transaction with its history; rooms that it touches are told after the commit."""

from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from tortoise.exceptions import IntegrityError

from registry.assets import policy, tags
from registry.assets.intake import NewPiece, fresh_codes, register_many
from registry.assets.models import Asset, Condition, Lifecycle, Tag
from registry.assets.rules import account, feature_of, search_text
from registry.core import history
from registry.core.errors import Conflict, Invalid, NotFound
from registry.core.events import AssetChanged
from registry.core.history import Actor
from registry.core.idempotency import IdempotencyKey, RequestKey, made_earlier
from registry.rooms.lock import RoomChange, changing

CORRECTED = ("name", "inventory_no", "category", "serial_no", "warranty_until", "note")


@dataclass(frozen=True, slots=True)
class NewAsset:
    """A piece to register. ``price`` is PLN gross, ``percents`` the grants' shares of it by grant id."""

    name: str
    price: Decimal
    inventory_no: str | None = None
    category: str = ""
    kst: str = ""
    serial_no: str = ""
    quantity: int = 1
    room_id: int | None = None
    custodian_id: int | None = None
    purchase_id: int | None = None
    accepted_on: date | None = None
    warranty_until: date | None = None
    durable_until: date | None = None
    note: str = ""
    percents: dict[int, Decimal] = field(default_factory=dict)


async def register(new: NewAsset, actor: Actor, now: datetime, once: RequestKey | None = None) -> Asset:
    """Put a piece into the register, with a tag; with ``once`` a repeated call returns the piece of the first.

    Raises Conflict("asset.number_taken"), Conflict("request.key_reused"), Invalid("asset.bad_price").
    """
    once = once.about(new) if once else None
    if done := await made_earlier(once):
        return await Asset.get(id=done.int)
    if not new.price.is_finite() or new.price < 0:
        raise Invalid("asset.bad_price", given=str(new.price))
    number = (new.inventory_no or "").strip() or None
    columns: dict[str, Any] = {
        name: getattr(new, name) for name in NewAsset.__dataclass_fields__ if name not in ("percents", "inventory_no")
    }
    asset = Asset(
        **columns,
        inventory_no=number,
        account=account(
            new.price / new.quantity, new.kst, new.category, new.accepted_on or now.date(), policy.in_force()
        ),
        search_text=search_text(new.name, number, new.serial_no, new.kst, new.category, new.note),
    )
    try:
        async with changing(*([new.room_id] if new.room_id else [])) as change:
            if number and await Asset.exists(inventory_no=number):
                raise Conflict("asset.number_taken", number=number)
            await register_many([NewPiece(asset, new.percents)], actor, now, "registered")
            if once:
                await once.row(UUID(int=asset.id), now).save()
            change.happened(AssetChanged(asset.id))
    except (IntegrityError, Conflict) as fault:  # by somebody else, or by this very request, at the same moment
        if done := await made_earlier(once):
            return await Asset.get(id=done.int)
        if number and "inventory_no" in str(fault):
            raise Conflict("asset.number_taken", number=number) from fault
        raise
    return asset


async def correct(
    asset_id: int, corrections: dict[str, Any], actor: Actor, now: datetime, if_revision: int | None = None
) -> Asset:
    """What was written wrongly: any of ``CORRECTED``. Who, where, state and money change by other ways.

    Raises NotFound, Conflict("request.stale"), Conflict("asset.number_taken").
    """
    number, seen = corrections.get("inventory_no"), (await _asset(asset_id)).room_id
    try:
        async with changing(*([seen] if seen else [])) as change:  # by its name a piece is the projector of its room
            asset = await _locked(asset_id, if_revision, seen)
            before = {name: getattr(asset, name) for name in CORRECTED if name in corrections}
            differing = [name for name, was in before.items() if was != corrections[name]]
            if differing:
                asset.update_from_dict({name: corrections[name] for name in differing})
                asset.search_text = search_text(
                    asset.name, asset.inventory_no, asset.serial_no, asset.kst, asset.category, asset.note
                )
                told = {name: before[name] for name in differing}
                await _changed(asset, change, [*differing, "search_text"], "corrected", actor, now, told, "")
    except IntegrityError as fault:
        if number and "inventory_no" in str(fault):
            raise Conflict("asset.number_taken", number=number) from fault
        raise
    return asset


async def move(
    asset_id: int, room_id: int | None, actor: Actor, now: datetime, reason: str = "", if_revision: int | None = None
) -> Asset:
    """Carry a piece to another room, or to none. Raises NotFound, Conflict("request.stale")."""
    seen = (await _asset(asset_id)).room_id
    async with changing(*{one for one in (seen, room_id) if one}) as change:
        asset = await _locked(asset_id, if_revision, seen)
        if asset.room_id != room_id:
            before, asset.room_id = asset.room_id, room_id
            await _changed(asset, change, ["room_id"], "moved", actor, now, {"room_id": before}, reason)
    return asset


async def assign(
    asset_id: int, custodian_id: int | None, actor: Actor, now: datetime, reason: str = "",
    if_revision: int | None = None,
) -> Asset:  # fmt: skip
    """Entrust a piece to a custodian, or to none. Raises NotFound, Conflict("request.stale")."""
    async with changing() as change:
        asset = await _locked(asset_id, if_revision)
        if asset.custodian_id != custodian_id:
            before, asset.custodian_id = asset.custodian_id, custodian_id
            told = {"custodian_id": before}
            await _changed(asset, change, ["custodian_id"], "assigned", actor, now, told, reason)
    return asset


async def set_condition(
    asset_id: int, condition: Condition, actor: Actor, now: datetime, reason: str = "", if_revision: int | None = None
) -> Asset:
    """Faulty, in repair, or ok again. The readiness of its room follows. Raises NotFound, Conflict("request.stale")."""
    seen = (await _asset(asset_id)).room_id
    async with changing(*([seen] if seen else [])) as change:
        asset = await _locked(asset_id, if_revision, seen)
        if asset.condition != condition:
            before, asset.condition = asset.condition, condition
            action = {"faulty": "fault_reported", "in_repair": "sent_to_repair", "ok": "mended"}[condition]
            await _changed(asset, change, ["condition"], action, actor, now, {"condition": str(before)}, reason)
    return asset


async def mend(asset_id: int, actor: Actor, now: datetime, reason: str = "") -> Asset:
    """It works again."""
    return await set_condition(asset_id, Condition.OK, actor, now, reason)


async def report_fault(
    room_id: int, kind: str, actor: Actor, now: datetime, reason: str = "", key: IdempotencyKey | None = None
) -> Asset | None:
    """Somebody at the door says that the room's projector (or another feature, ``kind``) does not work.

    The one working piece of that kind becomes faulty and is returned. With none or several nobody knows which it is:
    the report then stands in the room's history for staff, and None is returned. A ``key`` is stored with it; the
    database refuses it the second time (IntegrityError). Raises NotFound("room.unknown").
    """
    async with changing(room_id) as change:
        if key:
            await key.save()
        there = await Asset.select_for_update().filter(room_id=room_id, lifecycle=Lifecycle.IN_USE).order_by("id")
        meant = [asset for asset in there if kind and feature_of(asset.name) == kind]
        working = [asset for asset in meant if asset.condition == Condition.OK]
        if len(working) == 1:
            asset = working[0]
            asset.condition = Condition.FAULTY
            told = {"condition": str(Condition.OK)}
            await _changed(asset, change, ["condition"], "fault_reported", actor, now, told, reason or kind)
            return asset
        await history.write(f"room:{room_id}", "fault_reported", actor, now, after={"kind": kind}, reason=reason)
    return None


async def link_tag(
    code: str, actor: Actor, now: datetime, *, asset_id: int | None = None, room_id: int | None = None,
    again: bool = False,
) -> Tag:  # fmt: skip
    """Put a printed tag on a thing or a room; ``again`` takes it off what it was on, and so does naming neither.

    A code that Izba could have printed but does not know yet is taken in. Raises Invalid("tag.bad_check"),
    Conflict("tag.taken"), NotFound("asset.unknown").
    """
    wanted = tags.normalised(code)
    if not tags.check(wanted):
        raise Invalid("tag.bad_check", code=code[:40])
    try:
        return await _link_tag(wanted, actor, now, asset_id, room_id, again)
    except IntegrityError as fault:
        if "tag" in str(fault):  # taken in by somebody else, at the same moment
            raise Conflict("tag.taken", code=wanted) from fault
        raise


async def _link_tag(
    wanted: str, actor: Actor, now: datetime, asset_id: int | None, room_id: int | None, again: bool
) -> Tag:
    async with changing() as change:
        if asset_id is not None:
            await _locked(asset_id, None)
            change.happened(AssetChanged(asset_id))
        tag = await Tag.select_for_update().get_or_none(code=wanted) or Tag(code=wanted, created_at=now)
        before = {"asset_id": tag.asset_id, "room_id": tag.room_id}
        after = {"asset_id": asset_id, "room_id": room_id}
        if before != after:
            if any(before.values()) and any(after.values()) and not again:
                raise Conflict("tag.taken", code=wanted)
            tag.asset_id, tag.room_id = asset_id, room_id
            await tag.save()
            await history.write(f"tag:{wanted}", "linked", actor, now, before=before, after=after)
    return tag


async def print_tags(many: int, actor: Actor, now: datetime) -> list[str]:
    """New codes for labels that are printed before there is anything to put them on."""
    async with changing():
        codes = await fresh_codes(many)
        await Tag.bulk_create([Tag(code=code, created_at=now) for code in codes])
        await history.write_new([(f"tag:{code}", {}) for code in codes], "printed", actor, now)
    return codes


async def _asset(asset_id: int) -> Asset:
    asset = await Asset.get_or_none(id=asset_id)
    if asset is None:
        raise NotFound("asset.unknown", asset=asset_id)
    return asset


async def _locked(asset_id: int, if_revision: int | None, seen: int | None = -1) -> Asset:
    """The row, locked. ``seen`` is the room that was locked for it: carried elsewhere since, it is a stale look."""
    asset = await Asset.select_for_update().get_or_none(id=asset_id)
    if asset is None:
        raise NotFound("asset.unknown", asset=asset_id)
    if if_revision is not None and asset.revision != if_revision or seen not in (-1, asset.room_id):
        raise Conflict("request.stale", revision=asset.revision)
    return asset


async def _changed(
    asset: Asset, change: RoomChange, columns: list[str], action: str, actor: Actor, now: datetime,
    before: dict[str, Any], reason: str,
) -> None:  # fmt: skip
    asset.revision += 1
    await asset.save(update_fields=[*columns, "revision"])
    after = {name: getattr(asset, name) for name in before}
    await history.write(f"asset:{asset.id}", action, actor, now, before=before, after=after, reason=reason)
    change.happened(AssetChanged(asset.id))
