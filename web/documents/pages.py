"""Documents: a year of them with its numbers, and one with its lines, its signatures and its PDF; and the two keys that
let a durable piece go.
"""

from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from typing import Annotated, Any
from uuid import uuid4

from fastapi import Depends, Form, Request
from starlette.responses import RedirectResponse, Response

from registry.assets.durability import ask_override, binds, confirm_override, override_of, withdraw_override
from registry.assets.models import DurabilityOverride
from registry.assets.queries import assets_by_id
from registry.core.errors import Invalid, NotFound, Refusal
from registry.core.idempotency import RequestKey, act_once
from registry.documents.actions import cancel, sign
from registry.documents.models import Document
from registry.documents.paper import printed
from registry.documents.queries import (
    DocumentFilter,
    document_state,
    documents_in_order,
    history_of,
    series_of,
)
from registry.documents.rules import SYMBOLS, Side, may_sign_as
from registry.people.models import Person
from registry.people.rules import may
from registry.rooms.queries import office_day
from web.assets.api import AssetId
from web.auth.access import PageCaller, actor_of, page_with
from web.documents import words
from web.documents.api import DocumentId
from web.kit.clock import Now
from web.kit.drafts import TypedWords, back_to
from web.kit.errors import status_of
from web.kit.idempotency import form_key, nothing_more
from web.kit.page_context import page_context
from web.kit.query_names import pages
from web.kit.record_ids import id_in
from web.kit.render import render
from web.labels.wish import office_of

router = pages()
Text = Annotated[str, Form(max_length=2000)]
Signer = Annotated[Person, Depends(page_with("documents.sign"))]
Canceller = Annotated[Person, Depends(page_with("documents.cancel"))]
Keyholder = Annotated[Person, Depends(page_with("durability.override"))]
PAGE = 50


@router.get("/documents")
async def listing(
    request: Request, person: PageCaller, now: Now, symbol: str = "", year: str = "", asset: str = "", q: str = "",
    offset: str = "",
) -> Response:  # fmt: skip
    """A year's numbers as ticks, so that a gap could not hide, and the documents, the newest first."""
    context = page_context(request, person, now)
    start, of_year, of_asset = id_in(offset) or 0, id_in(year), id_in(asset)
    narrowed = DocumentFilter(symbol.strip().upper()[:8], of_year, of_asset, q.strip()[:40])
    rows, total = await documents_in_order(narrowed, person, start, PAGE)
    shown_year = of_year or context.today.year
    return render(
        request,
        "documents/documents.html",
        person=person,
        context=context,
        rows=rows,
        total=total,
        start=start,
        page_length=PAGE,
        narrowed=narrowed,
        year=shown_year,
        series=await series_of(shown_year) if context.may("documents.see") else [],
        symbols=[(kind.symbol, context.say(kind.word)) for kind in SYMBOLS.values()],
        looks=words,
    )


@router.get("/documents/{document_id}.pdf")
async def paper(request: Request, person: PageCaller, document_id: DocumentId, now: Now) -> Response:
    """The document as a PDF, in the browser."""
    state = await document_state(document_id, person)
    name = f"{state.document.number.replace('/', '-')}.pdf"
    headers = {"content-disposition": f'inline; filename="{name}"', "cache-control": "private, no-cache"}
    content = await printed(state, office_of(request), may(person.role, "assets.see_money"), now)
    return Response(content, media_type="application/pdf", headers=headers)


@router.get("/documents/{document_id}")
async def one(
    request: Request, person: PageCaller, document_id: DocumentId, now: Now, typed: TypedWords, did: str = ""
) -> Response:
    """One document: the pieces, the way, who signed and who has yet to."""
    context = page_context(request, person, now)
    state = await document_state(document_id, person)
    own = {signature.person_id for signature in state.signatures}
    return render(
        request,
        "documents/document.html",
        person=person,
        context=context,
        status=typed.status,
        state=state,
        document=state.document,
        lines=list(zip(state.asset_ids, state.contents.lines, strict=True)),
        may_sign=[side for side in state.sides_left if may_sign_as(side, person.role)]
        if context.may("documents.sign") and person.id not in own
        else [],
        may_cancel=context.may("documents.cancel") and state.document.cancelled_at is None,
        history_lines=words.document_history(await history_of(state.document.id), context),
        done=context.say(words.DONE[did]) if did in words.DONE else "",
        looks=words,
        **({"reason": "", "fault": "", "key": uuid4().hex} | typed.words),
    )


@router.post("/documents/{document_id}/sign")
async def sign_it(
    request: Request, person: Signer, document_id: DocumentId, now: Now, side: Text = "", key: Text = ""
) -> Response:
    """Sign by one's account."""
    await document_state(document_id, person)
    actor = actor_of(request, person)

    async def act(once: RequestKey | None) -> Document:
        if side not in list(Side):
            raise Invalid("request.bad_field", field="side", reason=side[:40])
        return await sign(document_id, Side(side), person, actor, now, once)

    return await _answer(request, person, now, f"/documents/{document_id}", "signed", key, act, side, {})


@router.post("/documents/{document_id}/cancel")
async def cancel_it(
    request: Request, person: Canceller, document_id: DocumentId, now: Now, reason: Text = "", key: Text = ""
) -> Response:
    """Cancel it; it keeps its number."""
    actor, page = actor_of(request, person), f"/documents/{document_id}"

    async def act(once: RequestKey | None) -> Document:
        return await cancel(document_id, reason, actor, now, once)

    return await _answer(request, person, now, page, "cancelled", key, act, reason, {"reason": reason})


async def _answer(
    request: Request, person: Person, now: datetime, page: str, act: str, key: str,
    work: Callable[[RequestKey | None], Awaitable[object]], typed: str, words: Mapping[str, str],
) -> Response:  # fmt: skip
    """What a form of one field leads to; sent twice it has acted once. ``words`` stand in the form again, refused."""
    try:
        await act_once(form_key(person, key, now, act, page, typed), work, nothing_more)
    except Refusal as refusal:
        fault = page_context(request, person, now).words.refusal(refusal)
        return await back_to(page, request, now, status_of(refusal), fault=fault, **words)
    return RedirectResponse(f"{page}?did={act}", 303)


@router.get("/assets/{asset_id}/durability")
async def two_keys(
    request: Request, person: Keyholder, asset_id: AssetId, now: Now, typed: TypedWords, did: str = ""
) -> Response:
    """What keeps a piece here, and the two keys that let it go."""
    context = page_context(request, person, now)
    row = await _asset(asset_id)
    override = await override_of(row["id"])
    return render(
        request,
        "documents/two_keys.html",
        person=person,
        context=context,
        status=typed.status,
        asset=row,
        override=override,
        is_bound=binds(row["durable_until"], context.today),
        may_confirm=override is not None
        and override.confirmed_at is None
        and override.asked_by_id != person.id
        and override.asked_as != str(person.role),
        done=context.say(words.DONE[did]) if did in words.DONE else "",
        **({"reason": "", "fault": "", "key": uuid4().hex} | typed.words),
    )


@router.post("/assets/{asset_id}/durability")
async def turn_key(
    request: Request, person: Keyholder, asset_id: AssetId, now: Now, act: Text = "", reason: Text = "", key: Text = ""
) -> Response:
    """The first key with its reason, the second, or what was asked taken back."""
    actor, day = actor_of(request, person), await office_day(now)

    async def work(once: RequestKey | None) -> DurabilityOverride:
        if act == "confirm":
            return await confirm_override(asset_id, person, day, actor, now, once)
        if act == "withdraw":
            return await withdraw_override(asset_id, reason, actor, now, once)
        return await ask_override(asset_id, reason, person, day, actor, now, once)

    ending = {"confirm": "confirmed", "withdraw": "withdrawn"}.get(act, "asked")
    return await _answer(
        request, person, now, f"/assets/{asset_id}/durability", ending, key, work, reason, {"reason": reason}
    )


async def _asset(asset_id: int) -> dict[str, Any]:
    rows = await assets_by_id([asset_id])
    if not rows:
        raise NotFound("asset.unknown")
    return rows[0]
