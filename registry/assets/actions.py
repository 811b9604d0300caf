"""What changes assets. Each is one transaction with its history; rooms that it touches are told after the commit."""

from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from tortoise.exceptions import IntegrityError

from registry.assets import policy
from registry.assets.intake import NewPiece, register_many
from registry.assets.models import STANDING, Asset, Purchase
from registry.assets.rules import (
    StandingPiece,
    account,
    fold,
    number_columns,
    search_text,
    touched_rooms,
)
from registry.assets.transitions import (
    Answers,
    RoomEffect,
    Transition,
    state_faults,
    unanswered,
)
from registry.core import history
from registry.core.errors import WORDS, Conflict, Invalid, NotFound, Reason, Refusal
from registry.core.events import AssetChanged
from registry.core.history import Actor
from registry.core.idempotency import RequestKey, record
from registry.core.statements import first_value
from registry.rooms.lock import RoomChange, changing
from registry.rooms.models import StandardItem

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


async def register(new: NewAsset, actor: Actor, now: datetime, request_key: RequestKey | None = None) -> Asset:
    """Put a piece into the register, with a tag. Raises Conflict("asset.number_taken"), Invalid("asset.bad_price")."""
    if not new.price.is_finite() or new.price < 0:
        raise Invalid("asset.bad_price", given=str(new.price))
    numbers = number_columns(new.inventory_no)
    number = numbers["inventory_no"]
    columns: dict[str, Any] = {
        name: getattr(new, name) for name in NewAsset.__dataclass_fields__ if name not in ("percents", "inventory_no")
    }
    asset = Asset(
        **columns,
        **numbers,
        account=account(
            new.price / new.quantity, new.kst, new.category, new.accepted_on or now.date(), policy.in_force()
        ),
        search_text=search_text(new.name, number, new.serial_no, new.kst, new.category, new.note),
    )
    try:
        async with changing(*([new.room_id] if new.room_id else [])) as change:
            if number and await Asset.exists(number_key=numbers["number_key"]):
                raise Conflict("asset.number_taken", number=number)
            await register_many([NewPiece(asset, new.percents)], actor, now, "registered")
            await _keep_untouched_quiet(change, [(None, _standing(asset))])
            change.happened(AssetChanged(asset.id))
            await record(request_key, asset)
    except IntegrityError as fault:  # by somebody else, at the same moment
        if number and _is_of_number(fault):
            raise Conflict("asset.number_taken", number=number) from fault
        raise
    return asset


def _is_of_number(fault: Exception) -> bool:
    """Whether the database saw that a number is there twice."""
    return "inventory_no" in str(fault) or "number_key" in str(fault)


async def correct(
    asset_id: int, corrections: dict[str, Any], actor: Actor, now: datetime, if_revision: int | None = None
) -> Asset:
    """What was written wrongly: any of ``CORRECTED``. Who, where, state and money change by other ways.

    Raises NotFound, Conflict("request.stale"), Conflict("asset.number_taken").
    """
    number, place = corrections.get("inventory_no"), (await _asset(asset_id)).room_id
    try:
        async with changing(*([place] if place else [])) as change:  # by its name a piece is the projector of its room
            asset = await _locked(asset_id, if_revision, place)
            stood = _standing(asset)
            before = {name: getattr(asset, name) for name in CORRECTED if name in corrections}
            differing = [name for name, value in before.items() if value != corrections[name]]
            if differing:
                asset.update_from_dict({name: corrections[name] for name in differing})
                if "inventory_no" in differing:
                    asset.number_key = number_columns(asset.inventory_no)["number_key"]
                asset.search_text = await _text_of(asset)
                entry = {name: before[name] for name in differing}
                columns = [*differing, "number_key", "search_text"]
                await _store(asset, change, columns, "corrected", actor, now, entry, "")
            await _keep_untouched_quiet(change, [(stood, _standing(asset))])
    except IntegrityError as fault:
        if number and _is_of_number(fault):
            raise Conflict("asset.number_taken", number=number) from fault
        raise
    return asset


async def _text_of(asset: Asset) -> str:
    purchases = Purchase.filter(id=asset.purchase_id) if asset.purchase_id else None
    code = await first_value(purchases, "code") if purchases else None
    return search_text(asset.name, asset.inventory_no, asset.serial_no, asset.kst, asset.category, code, asset.note)


def the_first(refusals: Mapping[int, Refusal]) -> Refusal:
    """Of the refusals of many assets the first."""
    return next(iter(refusals.values()))


def together(refusals: Mapping[int, Refusal]) -> Refusal:
    """The refusals of many assets as one, which names each."""
    rows = [
        {"id": asset_id, "code": refusal.code, "detail": Reason(WORDS[refusal.code], **refusal.params)}
        for asset_id, refusal in refusals.items()
    ]
    return Conflict("asset.refused", count=len(rows), refused=rows)


@dataclass(frozen=True, slots=True)
class Passage:
    """Assets that went through a transition, in the transaction of it."""

    change: RoomChange
    transition: Transition
    assets: list[Asset]
    answers: Answers
    actor: Actor
    now: datetime


@asynccontextmanager
async def passing(
    transition: Transition,
    revisions: Mapping[int, int | None],
    answers: Answers,
    actor: Actor,
    now: datetime,
    refusal_of: Callable[[Mapping[int, Refusal]], Refusal] = the_first,
) -> AsyncIterator[Passage]:
    """The transaction in which assets go through a transition. When the block begins they went; what follows from it
    is written in the block. ``revisions`` as in :func:`perform_on_many`; raises what :func:`perform` does.
    """
    if faults := unanswered(transition, answers):
        raise faults[0]
    ids, places = list(revisions), {}
    if transition.room is not RoomEffect.NONE:
        places = dict(await Asset.filter(id__in=ids).values_list("id", "room_id"))
    async with changing(*{room_id for room_id in (*places.values(), answers.room_id) if room_id}) as change:
        assets = {asset.id: asset for asset in await Asset.select_for_update().filter(id__in=ids).order_by("id")}
        refusals = {
            asset_id: refusal
            for asset_id, revision in revisions.items()
            if (refusal := _refusal(transition, asset_id, assets.get(asset_id), revision, places))
        }
        if refusals:
            raise refusal_of(refusals)
        stood = [_standing(asset) for asset in assets.values()]
        for asset in assets.values():
            await _go(transition, asset, answers, change, actor, now)
        await _keep_untouched_quiet(change, zip(stood, map(_standing, assets.values()), strict=True))
        yield Passage(change, transition, [assets[asset_id] for asset_id in revisions], answers, actor, now)


def _refusal(
    transition: Transition, asset_id: int, asset: Asset | None, revision: int | None, places: Mapping[int, int | None]
) -> Refusal | None:
    """Why this asset, which is locked, cannot go this way. In another room than the one locked for it, the look was
    stale.
    """
    if asset is None:
        return NotFound("asset.unknown", asset=asset_id)
    if revision not in (None, asset.revision) or places.get(asset_id, asset.room_id) != asset.room_id:
        return Conflict("request.stale", revision=asset.revision)
    return next(iter(state_faults(transition, asset.lifecycle, asset.condition)), None)


async def _go(
    transition: Transition, asset: Asset, answers: Answers, change: RoomChange, actor: Actor, now: datetime
) -> None:
    if asset.condition in transition.reported_in:
        await history.write(f"asset:{asset.id}", transition.entry, actor, now, reason=answers.reason)
        change.happened(AssetChanged(asset.id))
        return
    columns = transition.leads_to(answers)
    before = {name: getattr(asset, name) for name in columns if getattr(asset, name) != columns[name]}
    if before:
        asset.update_from_dict({name: columns[name] for name in before})
        await _store(asset, change, [*before], transition.entry, actor, now, before, answers.reason)


def _standing(asset: Asset) -> StandingPiece | None:
    if asset.room_id is None or asset.lifecycle not in STANDING:
        return None
    return StandingPiece(asset.room_id, fold(asset.name), asset.condition, asset.quantity)


async def _keep_untouched_quiet(
    change: RoomChange, pieces: Iterable[tuple[StandingPiece | None, StandingPiece | None]]
) -> None:
    """Nobody needs to look anew at locked rooms whose readiness shows nothing of these pieces, before and after."""
    if not change.rooms:
        return
    standards: dict[int, set[str]] = {}
    items = StandardItem.filter(room_id__in=list(change.rooms))
    for room_id, name in await items.values_list("room_id", "name"):
        standards.setdefault(room_id, set()).add(fold(name))
    touched = touched_rooms(pieces, standards)
    for room in change.rooms.values():
        if room.id not in touched:
            change.keep_quiet(room)


async def _asset(asset_id: int) -> Asset:
    asset = await Asset.get_or_none(id=asset_id)
    if asset is None:
        raise NotFound("asset.unknown", asset=asset_id)
    return asset


async def _locked(asset_id: int, if_revision: int | None, place: int | None = -1) -> Asset:
    """The row, locked. ``place`` is the room that was locked for it: carried elsewhere since, it is a stale look."""
    asset = await Asset.select_for_update().get_or_none(id=asset_id)
    if asset is None:
        raise NotFound("asset.unknown", asset=asset_id)
    if if_revision is not None and asset.revision != if_revision or place not in (-1, asset.room_id):
        raise Conflict("request.stale", revision=asset.revision)
    return asset


async def _store(
    asset: Asset, change: RoomChange, columns: list[str], action: str, actor: Actor, now: datetime,
    before: dict[str, Any], reason: str,
) -> None:  # fmt: skip
    """The changed columns with the next revision, and the entry of the history."""
    asset.revision += 1
    await asset.save(update_fields=[*columns, "revision"])
    after = {name: getattr(asset, name) for name in before}
    await history.write(f"asset:{asset.id}", action, actor, now, before=before, after=after, reason=reason)
    change.happened(AssetChanged(asset.id))
