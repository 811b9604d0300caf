"""The durability lock: until a grant's day a piece does not leave the office, unless two people of two roles say so.

The period, and that what ends it early calls for a part of the grant back: article 71 of Regulation (EU) 1303/2013 and
the grant's own agreement. How much is the agreement's to say; what is computed here is the share of the days to come.
"""

from collections.abc import Collection
from datetime import date, datetime
from decimal import ROUND_HALF_UP, Decimal

from tortoise.functions import Sum

from registry.assets.models import Asset, DurabilityOverride, FundingShare
from registry.assets.queries import open_overrides
from registry.core import history
from registry.core.errors import Conflict, Forbidden, Invalid, NotFound, Refusal
from registry.core.history import REASON_LENGTH, Actor
from registry.core.idempotency import RequestKey, record
from registry.core.ids import may_be_id
from registry.core.transaction import transaction
from registry.people.models import Person

GROSZ = Decimal("0.01")


def binds(durable_until: date | None, day: date) -> bool:
    """Whether a grant binds a piece on this day: on its last day too."""
    return durable_until is not None and day <= durable_until


def share_of_days_to_come(amount: Decimal, since: date | None, until: date, day: date) -> Decimal:
    """The part of an amount that falls on the days after ``day``, to the grosz; all of it where nothing says since
    when.
    """
    days = (until - since).days if since and since < until else 0
    rest = max((until - day).days, 0)
    if not days:
        return amount if rest else Decimal("0.00")
    return (amount * min(rest, days) / days).quantize(GROSZ, ROUND_HALF_UP)


def lock_fault(asset_id: int, durable_until: date | None, day: date, exempt: Collection[int]) -> Refusal | None:
    """Why this piece cannot leave on this day. ``exempt`` are the pieces for which two people said so."""
    if durable_until is None or not binds(durable_until, day) or asset_id in exempt:
        return None
    return Conflict("asset.durable", until=durable_until)


async def exempt_of(asset_ids: Collection[int]) -> set[int]:
    """Those of these pieces that may leave although a grant binds them: confirmed, and not used yet."""
    rows = open_overrides(asset_ids).filter(confirmed_at__not_isnull=True)
    return {int(str(pk)) for pk in await rows.values_list("asset_id", flat=True)}


async def use_overrides(asset_ids: Collection[int], now: datetime) -> None:
    """They left: what let them is used up. Inside the caller's transaction."""
    await open_overrides(asset_ids).filter(confirmed_at__not_isnull=True).update(used_at=now)


async def override_of(asset_id: int) -> DurabilityOverride | None:
    """What was asked for this piece and is not used yet, with its people; None if nothing was."""
    return await open_overrides([asset_id]).order_by("-id").select_related("asked_by", "confirmed_by").first()


async def override_by_id(override_id: int) -> DurabilityOverride:
    """One wish with its people, whatever became of it."""
    return await DurabilityOverride.get(id=override_id).select_related("asked_by", "confirmed_by")


async def ask_override(
    asset_id: int, reason: str, person: Person, day: date, actor: Actor, now: datetime,
    request_key: RequestKey | None = None,
) -> DurabilityOverride:  # fmt: skip
    """The first of the two keys. ``day`` is the office's.

    Raises NotFound("asset.unknown"), Invalid("request.missing_field"); Conflict: asset.not_durable, override.asked.
    """
    reason = _why(reason)
    async with transaction():
        asset = await _locked(asset_id)
        if asset.durable_until is None or not binds(asset.durable_until, day):
            raise Conflict("asset.not_durable")
        if await open_overrides([asset.id]).exists():
            raise Conflict("override.asked")
        due_back = await _due_back(asset, asset.durable_until, day)
        override = await DurabilityOverride.create(
            asset_id=asset.id,
            reason=reason,
            durable_until=asset.durable_until,
            due_back=due_back,
            asked_by_id=person.id,
            asked_as=str(person.role),
            asked_at=now,
        )
        after = {"until": asset.durable_until.isoformat(), "due_back": f"{due_back:.2f}", "role": str(person.role)}
        await history.write(f"asset:{asset.id}", "override_asked", actor, now, after=after, reason=reason)
        await record(request_key, override)
    return override


async def confirm_override(
    asset_id: int, person: Person, day: date, actor: Actor, now: datetime, request_key: RequestKey | None = None
) -> DurabilityOverride:
    """The second key: another person, of another role. What is to be paid back is reckoned anew, from ``day`` on.

    Raises NotFound: asset.unknown, override.unknown; Forbidden: override.same_person, override.same_role;
    Conflict("override.confirmed").
    """
    async with transaction():
        asset = await _locked(asset_id)
        override = await open_overrides([asset.id]).select_for_update().first()
        if override is None:
            raise NotFound("override.unknown")
        if override.confirmed_at is not None:
            raise Conflict("override.confirmed")
        if override.asked_by_id == person.id:
            raise Forbidden("override.same_person")
        if override.asked_as == str(person.role):
            raise Forbidden("override.same_role")
        override.confirmed_by_id, override.confirmed_as, override.confirmed_at = person.id, str(person.role), now
        override.due_back = await _due_back(asset, override.durable_until, day)
        await override.save(update_fields=["confirmed_by_id", "confirmed_as", "confirmed_at", "due_back"])
        after = {"due_back": f"{override.due_back:.2f}", "role": str(person.role)}
        await history.write(f"asset:{asset.id}", "override_confirmed", actor, now, after=after)
        await record(request_key, override)
    return override


async def _due_back(asset: Asset, until: date, day: date) -> Decimal:
    shares = FundingShare.filter(asset_id=asset.id, grant_id__not_isnull=True)
    ((amount,),) = await shares.annotate(total=Sum("amount")).values_list("total")
    return share_of_days_to_come(Decimal(amount or 0), asset.accepted_on, until, day)


async def withdraw_override(
    asset_id: int, reason: str, actor: Actor, now: datetime, request_key: RequestKey | None = None
) -> DurabilityOverride:
    """Take back what was asked for a piece, confirmed or not: it is bound as before, and may be asked for anew.

    Raises NotFound: asset.unknown, override.unknown; Invalid("request.missing_field").
    """
    reason = _why(reason)
    async with transaction():
        asset = await _locked(asset_id)
        override = await open_overrides([asset.id]).first()
        if override is None:
            raise NotFound("override.unknown")
        override.closed_at = now
        await override.save(update_fields=["closed_at"])
        await history.write(f"asset:{asset.id}", "override_withdrawn", actor, now, reason=reason)
        await record(request_key, override)
    return override


def _why(reason: str) -> str:
    """A reason as it is stored. Raises Invalid("request.missing_field")."""
    if not reason.strip():
        raise Invalid("request.missing_field", field="reason")
    return reason.strip()[:REASON_LENGTH]


async def _locked(asset_id: int) -> Asset:
    asset = await Asset.select_for_update().get_or_none(id=asset_id) if may_be_id(asset_id) else None
    if asset is None:
        raise NotFound("asset.unknown")
    return asset
