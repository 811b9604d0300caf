"""A piece without a number gets the next one, on its page."""

from typing import Annotated

from fastapi import Depends, Form, Request
from starlette.responses import RedirectResponse, Response

from registry.assets.corrections import give_next_number
from registry.assets.numbering import UNIT_LENGTH
from registry.core.errors import Refusal
from registry.core.idempotency import act_once
from registry.people.models import Person
from web.assets.api import AssetId
from web.auth.access import actor_of, page_with
from web.kit.clock import Now
from web.kit.drafts import back_to
from web.kit.errors import status_of
from web.kit.idempotency import form_key, nothing_more
from web.kit.page_context import page_context
from web.kit.query_names import pages
from web.kit.record_ids import revision_in

router = pages()
Keeper = Annotated[Person, Depends(page_with("assets.change"))]
Text = Annotated[str, Form(max_length=2000)]


@router.post("/assets/{asset_id}/number")
async def give(
    request: Request,
    person: Keeper,
    asset_id: AssetId,
    now: Now,
    unit: Text = "",
    revision: Text = "",
    key: Text = "",
) -> Response:
    """Give a piece the next number of a unit. The same form sent twice does it once."""
    unit, look = unit.strip()[:UNIT_LENGTH], revision_in(revision)
    try:
        await act_once(
            form_key(person, key, now, "number", asset_id, unit, revision),
            lambda once: give_next_number(asset_id, unit, actor_of(request, person), now, look, once),
            nothing_more,
        )
    except Refusal as refusal:
        if refusal.code == "asset.unknown":
            raise
        fault = page_context(request, person, now).words.refusal(refusal)
        typed = {"open_act": "number", "form": {"unit": unit}, "fault": fault}
        return await back_to(f"/assets/{asset_id}", request, now, status_of(refusal), **typed)
    return RedirectResponse(f"/assets/{asset_id}?done=number", 303)
