"""The two keys that let a piece go although a grant still binds it."""

from datetime import date
from typing import Annotated, Literal

from fastapi import Depends
from pydantic import BaseModel, Field

from registry.assets.durability import ask_override, confirm_override, override_by_id, override_of, withdraw_override
from registry.assets.models import DurabilityOverride
from registry.core.errors import NotFound
from registry.people.models import Person
from registry.rooms.queries import office_day
from web.assets.api import AssetId
from web.auth.access import caller_with
from web.kit import routing
from web.kit.answers import Instant, pln
from web.kit.body import LINE, Body
from web.kit.clock import Now
from web.kit.idempotency import OnceOnly
from web.kit.routing import CallerActor, faults

router = routing.router("assets")
Keyholder = Annotated[Person, Depends(caller_with("durability.override"))]


class OverrideBody(Body):
    reason: Annotated[str, Field(min_length=1, max_length=300), LINE]


class OverrideAnswer(BaseModel):
    asset: int
    state: Literal["asked", "confirmed", "withdrawn"]
    reason: str
    durable_until: date
    due_back: str = Field(description="PLN of the grant for the days to come; the grant's agreement decides")
    asked_by: str
    asked_as: str
    asked_at: Instant
    confirmed_by: str | None
    confirmed_as: str | None
    confirmed_at: Instant | None


@router.get("/assets/{asset_id}/durability-override", responses=faults(404), summary="What was asked for a piece")
async def pending(asset_id: AssetId, person: Keyholder) -> OverrideAnswer:
    """What is not used yet; 404 where nobody asked."""
    override = await override_of(asset_id)
    if override is None:
        raise NotFound("override.unknown")
    return _override_answer(override)


@router.post(
    "/assets/{asset_id}/durability-override",
    status_code=201,
    responses=faults(404, 409),
    summary="Ask that a piece may leave before its grant's day",
)
async def ask(
    asset_id: AssetId, body: OverrideBody, person: Keyholder, actor: CallerActor, now: Now, once: OnceOnly
) -> OverrideAnswer:
    """The first of two keys; another person of another role has the second."""
    day = await office_day(now)
    return await once(lambda key: ask_override(asset_id, body.reason, person, day, actor, now, key), _answer)


@router.post(
    "/assets/{asset_id}/durability-override/confirm",
    responses=faults(404, 409),
    summary="Confirm that a piece may leave before its grant's day",
)
async def confirm(asset_id: AssetId, person: Keyholder, actor: CallerActor, now: Now, once: OnceOnly) -> OverrideAnswer:
    """From now on one transition of this piece may end its possession."""
    day = await office_day(now)
    return await once(lambda key: confirm_override(asset_id, person, day, actor, now, key), _answer)


@router.post(
    "/assets/{asset_id}/durability-override/withdraw",
    responses=faults(404),
    summary="Take back that a piece may leave before its grant's day",
)
async def withdraw(
    asset_id: AssetId, body: OverrideBody, person: Keyholder, actor: CallerActor, now: Now, once: OnceOnly
) -> OverrideAnswer:
    """It is bound as before, and may be asked for anew."""
    return await once(lambda key: withdraw_override(asset_id, body.reason, actor, now, key), _answer)


async def _answer(override: DurabilityOverride) -> OverrideAnswer:
    return _override_answer(await override_by_id(override.id))


def _override_answer(override: DurabilityOverride) -> OverrideAnswer:
    state: Literal["asked", "confirmed", "withdrawn"] = "confirmed" if override.confirmed_at else "asked"
    return OverrideAnswer(
        asset=override.asset_id,
        state="withdrawn" if override.closed_at else state,
        reason=override.reason,
        durable_until=override.durable_until,
        due_back=pln(override.due_back),
        asked_by=override.asked_by.name,
        asked_as=override.asked_as,
        asked_at=override.asked_at,
        confirmed_by=override.confirmed_by.name if override.confirmed_by else None,
        confirmed_as=override.confirmed_as or None,
        confirmed_at=override.confirmed_at,
    )
