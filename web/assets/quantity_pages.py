"""A line of several pieces split and joined on the page of a piece."""

from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import Depends, Form, Request
from starlette.responses import RedirectResponse, Response

from registry.assets.models import Asset
from registry.assets.numbering import UNIT_LENGTH
from registry.assets.quantities import MOST_JOINED, SplitWish, join, split
from registry.core.errors import Refusal
from registry.core.idempotency import RequestAnswer, act_once
from registry.people.models import Person
from registry.rooms.queries import open_room_by_code
from web.assets.typed_fields import TypedFields
from web.auth.access import actor_of, page_with
from web.kit.clock import Now
from web.kit.drafts import back_to
from web.kit.errors import status_of
from web.kit.idempotency import form_key, nothing_more
from web.kit.page_context import PageContext, page_context
from web.kit.query_names import pages
from web.kit.record_ids import possible_id, revision_in

router = pages()
Keeper = Annotated[Person, Depends(page_with("assets.change"))]
Text = Annotated[str, Form(max_length=2000)]
LARGEST = 100_000


@router.post("/assets/{asset_id}/split")
async def split_line(
    request: Request,
    person: Keeper,
    asset_id: int,
    now: Now,
    quantity: Text = "",
    room: Text = "",
    inventory_no: Text = "",
    unit: Text = "",
    reason: Text = "",
    revision: Text = "",
    key: Text = "",
) -> Response:
    """Make some pieces of a line one of their own. The same form sent twice does it once."""
    number, context = possible_id(asset_id, "asset.unknown"), page_context(request, person, now)
    form = {"quantity": quantity, "room": room, "inventory_no": inventory_no, "unit": unit, "reason": reason}
    fields = TypedFields(form, context)
    many = fields.count("quantity", LARGEST)
    inventory_no, reason = fields.text("inventory_no"), fields.text("reason")
    if fields.faults:
        return await _back(request, context, number, "split", form, 422, next(iter(fields.faults.values())))
    look = revision_in(revision)

    async def page_of(part: Asset) -> RequestAnswer:
        return RequestAnswer(303, "", {"location": f"/assets/{part.id}?done=split"})

    try:
        room_id = (await open_room_by_code(room.strip())).id if room.strip() else None
        wish = SplitWish(many, room_id, inventory_no or None, unit.strip()[:UNIT_LENGTH])
        answer = await act_once(
            form_key(person, key, now, "split", number, form, revision),
            lambda once: split(number, wish, actor_of(request, person), now, look, reason, once),
            page_of,
        )
    except Refusal as refusal:
        return await _refused(request, context, number, "split", form, refusal)
    return RedirectResponse(answer.headers["location"], 303)


@router.post("/assets/{asset_id}/join")
async def join_lines(
    request: Request,
    person: Keeper,
    asset_id: int,
    now: Now,
    other: Annotated[list[int] | None, Form(max_length=MOST_JOINED)] = None,
    reason: Text = "",
    revision: Text = "",
    key: Text = "",
) -> Response:
    """Make alike pieces one line. The same form sent twice does it once."""
    number, context = possible_id(asset_id, "asset.unknown"), page_context(request, person, now)
    others = [possible_id(one, "asset.unknown") for one in other or []]
    form = {"other": [str(one) for one in others], "reason": reason}
    look = {number: revision_in(revision)}
    fields = TypedFields({"reason": reason}, context)
    reason = fields.text("reason")
    if fields.faults:
        return await _back(request, context, number, "join", form, 422, fields.faults["reason"])
    try:
        await act_once(
            form_key(person, key, now, "join", number, form, revision),
            lambda once: join(number, others, actor_of(request, person), now, look, reason, once),
            nothing_more,
        )
    except Refusal as refusal:
        return await _refused(request, context, number, "join", form, refusal)
    return RedirectResponse(f"/assets/{number}?done=join", 303)


async def _refused(
    request: Request, context: PageContext, asset_id: int, act: str, form: Mapping[str, Any], refusal: Refusal
) -> Response:
    if refusal.code == "asset.unknown":
        raise refusal
    sentence = context.words.refusal(refusal)
    return await _back(request, context, asset_id, act, form, status_of(refusal), sentence)


async def _back(
    request: Request, context: PageContext, asset_id: int, act: str, form: Mapping[str, Any], status: int, fault: str
) -> Response:
    """To the page, with the form open as it was typed and why not."""
    page = f"/assets/{asset_id}"
    return await back_to(page, request, context.now, status, open_act=act, form=form, fault=fault)
