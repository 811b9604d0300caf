"""What changes assets. Each is one transaction with its history; rooms that it touches are told after the commit."""

from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from tortoise.exceptions import IntegrityError

from registry.assets import policy
from registry.assets.durability import binds, exempt_of, lock_fault, use_overrides
from registry.assets.intake import NewPiece, refuse_former, register_many
from registry.assets.models import STANDING, Asset, FieldValue, FormerNumber, FundingShare, Lifecycle, Purchase
from registry.assets.own_values import defaults_of, replace_values
from registry.assets.rules import (
    StandingPiece,
    account,
    fold,
    number_columns,
    number_key,
    resplit,
    search_text,
    share_faults,
    touched_rooms,
)
from registry.assets.transitions import (
    Answers,
    FormerState,
    RoomEffect,
    Transition,
    answer_faults,
    loan_faults,
    state_faults,
)
from registry.categories.queries import category_tree
from registry.categories.rules import CategoryTree, TypedValue
from registry.core import history
from registry.core.errors import WORDS, Conflict, Invalid, NotFound, Reason, Refusal, Unavailable
from registry.core.events import AssetChanged
from registry.core.history import Actor
from registry.core.idempotency import RequestKey, record
from registry.core.statements import column, first_value
from registry.grants.models import Grant
from registry.rooms.lock import RoomChange, changing
from registry.rooms.models import StandardItem
from registry.rooms.queries import office_day

CORRECTED = ("name", "inventory_no", "category", "serial_no", "warranty_until", "note")
# what counts in the books: corrected with a reason
WEIGHTY = ("price", "accepted_on", "kst", "quantity", "account", "shares")


# of a new piece what is no column of its row, or is written in two
_APART = frozenset({"percents", "inventory_no", "own_values", "unit"})
NO_MORE: Mapping[str, Mapping[str, Any]] = {"before": {}, "after": {}}


@dataclass(frozen=True, slots=True)
class NewAsset:
    """A piece to register. ``price`` is PLN gross, ``percents`` the grants' shares of it by grant id. Without a number
    of its own it gets the next one of its ``unit``.
    """

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
    own_values: tuple[TypedValue, ...] = ()  # of the fields of its category
    unit: str = ""


async def register(new: NewAsset, actor: Actor, now: datetime) -> Asset:
    """Put a piece into the register, with a tag. Raises as :func:`register_together`."""
    return (await register_together([new], actor, now))[0]


async def register_together(
    pieces: Sequence[NewAsset], actor: Actor, now: datetime, request_key: RequestKey | None = None
) -> list[Asset]:
    """Put pieces into the register, each with a tag: all of them or none.

    Raises Conflict: asset.number_taken, asset.number_former, numbering.no_scheme; Invalid: asset.bad_price,
    numbering.no_kst; Unavailable("internal.busy") where somebody typed the number that was next at the same moment.
    """
    for new in pieces:
        _check_price(new.price)
    tree, today = await category_tree(), await office_day(now)
    records = [
        NewPiece(_record_of(new, tree, today), new.percents, unit=new.unit, own_values=new.own_values) for new in pieces
    ]
    assets = [piece.asset for piece in records]
    keys: dict[str, str] = {}
    for asset in assets:
        if asset.number_key and asset.number_key in keys:
            raise Conflict("asset.number_taken", number=asset.inventory_no)
        if asset.number_key:
            keys[asset.number_key] = asset.inventory_no or ""
    try:
        async with changing(*{new.room_id for new in pieces if new.room_id}) as change:
            rivals = await column(Asset.filter(number_key__in=list(keys)), "number_key") if keys else []
            if rivals:
                raise Conflict("asset.number_taken", number=keys[rivals[0]])
            await register_many(records, actor, now, "registered")
            await keep_untouched_quiet(change, [(None, standing_piece(asset)) for asset in assets])
            for asset in assets:
                change.happened(AssetChanged(asset.id))
            await record(request_key, assets)
    except IntegrityError as fault:  # by somebody else, at the same moment
        if is_of_number(fault) and any(new.unit for new in pieces):
            raise Unavailable("internal.busy") from fault
        if keys and is_of_number(fault):
            raise Conflict("asset.number_taken", number=next(iter(keys.values()))) from fault
        raise
    return assets


def _record_of(new: NewAsset, tree: CategoryTree, today: date) -> Asset:
    numbers = number_columns(new.inventory_no)
    columns: dict[str, Any] = {name: getattr(new, name) for name in NewAsset.__dataclass_fields__ if name not in _APART}
    columns |= defaults_of(new, tree)
    day = new.accepted_on or today
    derived = account(new.price / new.quantity, columns["kst"], columns["category"], day, policy.in_force())
    texts = [value.text for value in new.own_values]
    words = (columns["kst"], columns["category"], new.note, *texts)
    text = search_text(new.name, numbers["inventory_no"], new.serial_no, *words)
    return Asset(**columns, **numbers, account=derived, search_text=text)


def is_of_number(fault: Exception) -> bool:
    """Whether the database saw that a number is there twice."""
    return "inventory_no" in str(fault) or "number_key" in str(fault)


async def correct(
    asset_id: int,
    corrections: dict[str, Any],
    actor: Actor,
    now: datetime,
    if_revision: int | None = None,
    reason: str = "",
    request_key: RequestKey | None = None,
) -> Asset:
    """What was written wrongly: any of ``CORRECTED``, and with a reason of ``WEIGHTY``. Who, where and state change by
    transitions. ``shares`` are pairs of a grant's id, None for own funds, and its part; a price that is corrected alone
    is split as the one before was; ``own_values`` are what the fields of its category hold, read. The account follows
    the policy unless somebody named it. A category is written as the tree writes it. A number that another replaces
    finds the piece from now on, and is given to no other.

    Raises NotFound("asset.unknown"); Conflict: request.stale, asset.withdrawn, asset.number_taken,
    asset.number_former; Invalid: asset.reason_needed, asset.bad_price, grant.shares and its kin.
    """
    if not reason.strip() and any(name in corrections for name in WEIGHTY):
        raise Invalid("asset.reason_needed", field="reason")
    _check_price(corrections.get("price", Decimal(0)))
    if corrections.get("category"):
        corrections = corrections | {"category": (await category_tree()).canonical(corrections["category"])}
    number, place = corrections.get("inventory_no"), (await _asset(asset_id)).room_id
    try:
        async with changing(*([place] if place else [])) as change:  # by its name a piece is the projector of its room
            asset = await _locked(asset_id, if_revision, place)
            pair = await correct_in(change, asset, corrections, actor, now, reason.strip())
            await keep_untouched_quiet(change, [pair])
            await record(request_key, asset)
    except IntegrityError as fault:
        if number and is_of_number(fault):
            raise Conflict("asset.number_taken", number=number) from fault
        raise
    return asset


async def correct_in(
    change: RoomChange, asset: Asset, corrections: Mapping[str, Any], actor: Actor, now: datetime, reason: str
) -> tuple[StandingPiece | None, StandingPiece | None]:
    """Correct a piece that is locked, inside the transaction of ``change``; a category is written as it is. Returns how
    it stood before and after, for :func:`keep_untouched_quiet`. Raises as :func:`correct`.
    """
    if asset.lifecycle is Lifecycle.WITHDRAWN:
        raise Conflict("asset.withdrawn")
    stood, former_number = standing_piece(asset), asset.inventory_no
    today = await office_day(now)
    account_before = _derived_account(asset, today)
    parts_before = await parts_of(asset) if corrections.keys() & {"price", "shares"} else {}
    parts = _parts_after(asset.price, parts_before, corrections)
    columns = {name: value for name, value in corrections.items() if name not in ("shares", "own_values")}
    before = {name: getattr(asset, name) for name, value in columns.items() if getattr(asset, name) != value}
    asset.update_from_dict({name: columns[name] for name in before})
    if "account" not in columns and asset.account in ("", account_before) and before.keys() & set(WEIGHTY):
        derived = _derived_account(asset, today)
        if derived != asset.account:
            before["account"], asset.account = asset.account, derived
    entry = NO_MORE
    if parts != parts_before:
        entry = {"before": {"shares": await named_parts(parts_before)}, "after": {"shares": await named_parts(parts)}}
        await FundingShare.filter(asset_id=asset.id).delete()
        rows = [FundingShare(asset_id=asset.id, grant_id=grant, amount=amount) for grant, amount in parts.items()]
        await FundingShare.bulk_create(rows)
    entry = await replace_values(asset.id, corrections.get("own_values"), entry)
    if not before and not entry["after"]:
        return stood, stood
    if "inventory_no" in before:
        asset.number_key = number_columns(asset.inventory_no)["number_key"]
        asset.was_unnumbered = asset.was_unnumbered or not former_number
        await _replace_number(asset, former_number, now)
    asset.search_text = await text_of(asset)
    columns_written = [*before, "number_key", "search_text", "was_unnumbered"]
    await store_change(asset, change, columns_written, "corrected", actor, now, before, reason, entry)
    if "inventory_no" in before:
        await refuse_former([asset.number_key], but_of=asset.id)
    return stood, standing_piece(asset)


def _check_price(price: Decimal) -> None:
    if not price.is_finite() or price < 0:
        raise Invalid("asset.bad_price", given=str(price))


def _derived_account(asset: Asset, today: date) -> str:
    day = asset.accepted_on or today
    return account(asset.price / asset.quantity, asset.kst, asset.category, day, policy.in_force())


async def parts_of(asset: Asset) -> dict[int | None, Decimal]:
    """What paid for a piece, by grant id; None for own funds."""
    parts: dict[int | None, Decimal] = {}
    shares = FundingShare.filter(asset_id=asset.id).order_by("id")
    for grant, amount in await shares.values_list("grant_id", "amount"):
        parts[grant] = parts.get(grant, Decimal(0)) + amount
    return parts


def _parts_after(
    former_price: Decimal, former: dict[int | None, Decimal], corrections: Mapping[str, Any]
) -> dict[int | None, Decimal]:
    """What pays for a piece after corrections of its price or its shares."""
    price = corrections.get("price", former_price)
    if "shares" in corrections:
        if faults := share_faults(corrections["shares"], price):
            faults[0].params["field"] = "shares"
            raise faults[0]
        parts = dict(corrections["shares"])
        return {grant: amount for grant, amount in parts.items() if grant is not None or amount or len(parts) == 1}
    if price == former_price:
        return former
    split = resplit(former, price)
    if split is None:
        raise Invalid("grant.shares_needed", field="shares")
    return split


async def named_parts(parts: Mapping[int | None, Decimal]) -> list[dict[str, Any]]:
    """Shares as the history tells them: by the code of each grant."""
    ids = [grant for grant in parts if grant is not None]
    codes = dict(await Grant.filter(id__in=ids).values_list("id", "code")) if ids else {}
    return [{"grant": codes.get(grant or 0), "amount": f"{amount:.2f}"} for grant, amount in parts.items()]


async def _replace_number(asset: Asset, former: str | None, now: datetime) -> None:
    """The number that a piece had finds it from now on. One that it gets back is no former one any more."""
    if not asset.number_key or not former or number_key(former) == asset.number_key:
        return
    await FormerNumber.filter(asset_id=asset.id, number_key=asset.number_key).delete()
    await FormerNumber.create(asset_id=asset.id, number=former, number_key=number_key(former), until=now)


async def text_of(asset: Asset) -> str:
    purchases = Purchase.filter(id=asset.purchase_id) if asset.purchase_id else None
    code = await first_value(purchases, "code") if purchases else None
    former = await column(FormerNumber.filter(asset_id=asset.id).order_by("id"), "number")
    texts = await column(FieldValue.filter(asset_id=asset.id).order_by("field_id"), "text")
    return search_text(
        asset.name, asset.inventory_no, asset.serial_no, asset.kst, asset.category, code, asset.note, *former, *texts
    )


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
class FormerHolder:
    """Where an asset was, who had it and who had borrowed it before a transition, and its revision then."""

    room_id: int | None
    custodian_id: int | None
    revision: int
    borrower_id: int | None = None


@dataclass(frozen=True, slots=True)
class Passage:
    """Assets that went through a transition, in the transaction of it. ``former`` is by asset."""

    change: RoomChange
    transition: Transition
    assets: list[Asset]
    answers: Answers
    actor: Actor
    now: datetime
    former: Mapping[int, FormerHolder]

    def has_changed(self, asset: Asset) -> bool:
        """Whether the transition did anything to this asset; what was there already it left alone."""
        return asset.revision != self.former[asset.id].revision


Obstacles = Callable[[Transition, Sequence[Asset], Answers], Awaitable[Mapping[int, Refusal]]]


async def no_obstacles(transition: Transition, assets: Sequence[Asset], answers: Answers) -> Mapping[int, Refusal]:
    """Nothing beside the pieces' own states is in the way."""
    return {}


@asynccontextmanager
async def passing(
    transition: Transition,
    revisions: Mapping[int, int | None],
    answers: Answers,
    actor: Actor,
    now: datetime,
    refusal_of: Callable[[Mapping[int, Refusal]], Refusal] = the_first,
    beside: Collection[int] = (),
    obstacles: Obstacles = no_obstacles,
) -> AsyncIterator[Passage]:
    """The transaction in which assets go through a transition. When the block begins they went; what follows from it
    is written in the block. ``revisions`` as in :func:`perform_on_many`; ``beside`` are rooms to lock for what the
    block does in them; ``obstacles`` are what others know to be in the way of pieces, by their id. Raises what
    :func:`perform` does.
    """
    today = await office_day(now)
    if faults := answer_faults(transition, answers, today):
        raise faults[0]
    ids, places = list(revisions), {}
    if transition.room is not RoomEffect.NONE:
        places = dict(await Asset.filter(id__in=ids).values_list("id", "room_id"))
    async with changing(*{room_id for room_id in (*places.values(), answers.room_id, *beside) if room_id}) as change:
        assets = {asset.id: asset for asset in await Asset.select_for_update().filter(id__in=ids).order_by("id")}
        refusals = {
            asset_id: refusal
            for asset_id, revision in revisions.items()
            if (refusal := _refusal(transition, asset_id, assets.get(asset_id), revision, places))
        }
        ready = [asset for pk, asset in assets.items() if pk not in refusals]
        refusals |= await _parts_of_others(transition, ready) or await obstacles(transition, ready, answers)
        if not refusals:
            refusals |= await _locks(transition, ready, now)
        if refusals:
            raise refusal_of(refusals)
        former = {
            asset.id: FormerHolder(asset.room_id, asset.custodian_id, asset.revision, asset.borrower_id)
            for asset in assets.values()
        }
        stood = [standing_piece(asset) for asset in assets.values()]
        for asset in assets.values():
            await _go(transition, asset, answers, change, actor, now, today)
        await keep_untouched_quiet(change, zip(stood, map(standing_piece, assets.values()), strict=True))
        yield Passage(change, transition, [assets[asset_id] for asset_id in revisions], answers, actor, now, former)


async def _parts_of_others(transition: Transition, assets: Sequence[Asset]) -> dict[int, Refusal]:
    """Those of these pieces that became a part of another line: nothing takes them back."""
    if not transition.takes_back:
        return {}
    joined = await history.things_with([f"asset:{asset.id}" for asset in assets], "joined")
    return {asset.id: Conflict("asset.joined") for asset in assets if f"asset:{asset.id}" in joined}


async def _locks(transition: Transition, assets: Sequence[Asset], now: datetime) -> dict[int, Refusal]:
    """Those of these pieces that a grant keeps here, which are on their way out. What lets one go is used by it."""
    if not transition.ends_possession:
        return {}
    day = await office_day(now)
    leaving = [asset for asset in assets if not transition.has_arrived(asset.lifecycle, asset.condition)]
    bound = [asset for asset in leaving if binds(asset.durable_until, day)]
    if not bound:
        return {}
    exempt = await exempt_of([asset.id for asset in bound])
    faults = {asset.id: fault for asset in bound if (fault := lock_fault(asset.id, asset.durable_until, day, exempt))}
    if not faults:
        await use_overrides([asset.id for asset in bound], now)
    return faults


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
    faults = state_faults(transition, asset.lifecycle, asset.condition) or loan_faults(transition, asset.due_on)
    return next(iter(faults), None)


async def _go(
    transition: Transition, asset: Asset, answers: Answers, change: RoomChange, actor: Actor, now: datetime, today: date
) -> None:
    if asset.condition in transition.reported_in:
        await history.write(f"asset:{asset.id}", transition.entry, actor, now, reason=answers.reason)
        change.happened(AssetChanged(asset.id))
        return
    columns = transition.leads_to(answers, FormerState(asset.lifecycle, asset.accepted_on, today))
    if transition.takes_back and asset.lifecycle in transition.lifecycles:
        columns |= await _columns_before(asset, transition)
    before = {name: getattr(asset, name) for name in columns if getattr(asset, name) != columns[name]}
    account_before = _derived_account(asset, today) if "accepted_on" in before else ""
    asset.update_from_dict({name: columns[name] for name in before})
    if "accepted_on" in before and asset.account in ("", account_before):
        derived = _derived_account(asset, today)
        if derived != asset.account:
            before["account"], asset.account = asset.account, derived
    if before or transition.is_paper:
        await store_change(asset, change, [*before], transition.entry, actor, now, before, answers.reason)


async def _columns_before(asset: Asset, transition: Transition) -> dict[str, Any]:
    """What its life cycle and its day were when the act that is taken back was done; the life cycle of the row where
    nothing tells.
    """
    entry = await history.last_of(f"asset:{asset.id}", transition.takes_back)
    before = (entry.before or {}) if entry else {}
    columns: dict[str, Any] = {}
    if "accepted_on" in before:
        columns["accepted_on"] = date.fromisoformat(before["accepted_on"]) if before["accepted_on"] else None
    if before.get("lifecycle"):
        return columns | {"lifecycle": Lifecycle(before["lifecycle"])}
    if entry and transition.is_paper:  # it was in use already when its paper was written
        return columns | {"lifecycle": asset.lifecycle}
    return columns | {"lifecycle": transition.to_lifecycle or Lifecycle.IN_USE}


def standing_piece(asset: Asset) -> StandingPiece | None:
    """What stands in a room that can count on it: what is lent out does not."""
    if asset.room_id is None or asset.lifecycle not in STANDING or asset.borrower_id is not None:
        return None
    return StandingPiece(asset.room_id, fold(asset.name), asset.condition, asset.quantity)


async def keep_untouched_quiet(
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


async def store_change(
    asset: Asset, change: RoomChange, columns: list[str], action: str, actor: Actor, now: datetime,
    before: dict[str, Any], reason: str, entry: Mapping[str, Mapping[str, Any]] = NO_MORE,
) -> None:  # fmt: skip
    """The changed columns with the next revision, and the entry of the history; ``entry`` is what is no column."""
    asset.revision += 1
    await asset.save(update_fields=[*columns, "revision"])
    after = {name: getattr(asset, name) for name in before} | dict(entry["after"])
    sides = {"before": before | dict(entry["before"]), "after": after}
    await history.write(f"asset:{asset.id}", action, actor, now, **sides, reason=reason)
    change.happened(AssetChanged(asset.id))
