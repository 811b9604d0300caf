"""A line of several pieces split and joined, for programs."""

from typing import Annotated

from fastapi import Depends, Response
from pydantic import Field

from registry.assets.quantities import SplitWish, join, split
from registry.people.models import Person
from registry.rooms.queries import open_room_by_code
from web.assets.api import AssetId, asset_detail
from web.assets.shapes import AssetDetailAnswer, InventoryNo
from web.auth.access import caller_with
from web.kit import routing
from web.kit.body import LINE, Body, RecordId, RoomCode, Whole
from web.kit.clock import Now
from web.kit.idempotency import OnceOnly
from web.kit.routing import CallerActor, IfMatch, faults

router = routing.router("assets")
Keeper = Annotated[Person, Depends(caller_with("assets.change"))]
Why = Annotated[str, Field(max_length=300), LINE]


class SplitBody(Body):
    quantity: Annotated[Whole, Field(ge=1, le=100_000, description="how many become a piece of their own")]
    room: RoomCode | None = Field(None, description="where they stand; null: where the line does")
    inventory_no: InventoryNo = None
    unit: Annotated[str, Field(max_length=20, description="gives the next number where none is named"), LINE] = ""
    reason: Why = ""


class JoinBody(Body):
    assets: Annotated[list[RecordId], Field(min_length=1, max_length=49)]
    reason: Why = ""


@router.post(
    "/assets/{asset_id}/split", status_code=201, responses=faults(404, 409, 412), summary="Split pieces off a line"
)
async def split_line(
    asset_id: AssetId,
    body: SplitBody,
    person: Keeper,
    actor: CallerActor,
    now: Now,
    revision: IfMatch,
    once: OnceOnly,
    response: Response,
) -> AssetDetailAnswer:
    """The answer is the new piece. Prices and funding shares of the two sum to what they were, to the grosz."""
    room_id = (await open_room_by_code(body.room)).id if body.room else None
    wish = SplitWish(body.quantity, room_id, body.inventory_no, body.unit)
    return await once(
        lambda key: split(asset_id, wish, actor, now, revision, body.reason, key),
        lambda part: asset_detail(part.id, person, response),
    )


@router.post("/assets/{asset_id}/join", responses=faults(404, 409, 412), summary="Make alike pieces one line")
async def join_lines(
    asset_id: AssetId,
    body: JoinBody,
    person: Keeper,
    actor: CallerActor,
    now: Now,
    revision: IfMatch,
    once: OnceOnly,
    response: Response,
) -> AssetDetailAnswer:
    """The others are withdrawn; their numbers and labels lead to this one from then on."""
    return await once(
        lambda key: join(asset_id, body.assets, actor, now, {asset_id: revision}, body.reason, key),
        lambda line: asset_detail(line.id, person, response),
    )
