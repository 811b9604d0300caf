"""Documents: a year of them with its numbers, and one with its lines, its signatures and its PDF; and the two keys that
let a durable piece go.
"""

from typing import Annotated, Any
from uuid import uuid4

from fastapi import Depends, Form, Request
from starlette.responses import RedirectResponse, Response

from registry.assets.durability import ask_override, binds, confirm_override, override_of
from registry.assets.queries import assets_by_id
from registry.core.errors import NotFound, Refusal
from registry.documents.actions import cancel, sign
from registry.documents.paper import printed
from registry.documents.queries import (
    DocumentFilter,
    document_state,
    documents_in_order,
    history_of,
    series_of,
)
from registry.documents.rules import SYMBOLS, Side
from registry.people.models import Person
from registry.rooms.queries import office_zone
from web.auth.access import PageCaller, actor_of, page_with
from web.documents import words
from web.documents.api import DocumentId
from web.kit.clock import Now
from web.kit.drafts import TypedWords, back_to
from web.kit.errors import status_of
from web.kit.page_context import page_context
from web.kit.query_names import pages
from web.kit.record_ids import possible_id
from web.kit.render import render
from web.labels.wish import office_of

router = pages()
Text = Annotated[str, Form(max_length=2000)]
Signer = Annotated[Person, Depends(page_with("documents.sign"))]
SeesDocuments = Annotated[Person, Depends(page_with("documents.see"))]
Canceller = Annotated[Person, Depends(page_with("documents.cancel"))]
Keyholder = Annotated[Person, Depends(page_with("durability.override"))]
PAGE = 50


@router.get("/documents")
async def listing(
    request: Request, person: SeesDocuments, now: Now, symbol: str = "", year: str = "", asset: str = "", q: str = "",
    offset: str = "",
) -> Response:  # fmt: skip
    """A year's numbers as ticks, so that a gap could not hide, and the documents, the newest first."""
    context = page_context(request, person, now)
    start = int(offset) if offset.isdecimal() and len(offset) < 7 else 0
    of_year = int(year) if year.isdecimal() and len(year) == 4 else None
    of_asset = int(asset) if asset.isdecimal() and len(asset) < 10 else None
    narrowed = DocumentFilter(symbol[:8].upper(), of_year, of_asset, q.strip()[:40])
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
        series=await series_of(shown_year),
        symbols=[(kind.symbol, context.say(kind.word)) for kind in SYMBOLS.values()],
        looks=words,
    )


@router.get("/documents/{document_id}.pdf")
async def paper(request: Request, person: PageCaller, document_id: DocumentId) -> Response:
    """The document as a PDF, in the browser."""
    state = await document_state(document_id, person)
    name = f"{state.document.number.replace('/', '-')}.pdf"
    headers = {"content-disposition": f'inline; filename="{name}"', "cache-control": "private, no-cache"}
    return Response(await printed(state, office_of(request)), media_type="application/pdf", headers=headers)


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
        may_sign=state.sides_left if context.may("documents.sign") and person.id not in own else (),
        may_cancel=context.may("documents.cancel") and state.document.cancelled_at is None,
        history_lines=words.document_history(await history_of(state.document.id), context),
        done=context.say(words.DONE[did]) if did in words.DONE else "",
        looks=words,
        **({"reason": "", "fault": "", "key": uuid4().hex} | typed.words),
    )


@router.post("/documents/{document_id}/sign")
async def sign_it(request: Request, person: Signer, document_id: DocumentId, now: Now, side: Text = "") -> Response:
    """Sign by one's account."""
    await document_state(document_id, person)
    try:
        await sign(
            document_id, Side(side) if side in list(Side) else Side.TAKER, person, actor_of(request, person), now
        )
    except Refusal as refusal:
        words_ = page_context(request, person, now).words.refusal(refusal)
        return await back_to(f"/documents/{document_id}", request, now, status_of(refusal), fault=words_)
    return RedirectResponse(f"/documents/{document_id}?did=signed", 303)


@router.post("/documents/{document_id}/cancel")
async def cancel_it(
    request: Request, person: Canceller, document_id: DocumentId, now: Now, reason: Text = ""
) -> Response:
    """Cancel it; it keeps its number."""
    try:
        await cancel(document_id, reason[:300], actor_of(request, person), now)
    except Refusal as refusal:
        words_ = page_context(request, person, now).words.refusal(refusal)
        return await back_to(f"/documents/{document_id}", request, now, status_of(refusal), fault=words_, reason=reason)
    return RedirectResponse(f"/documents/{document_id}?did=cancelled", 303)


@router.get("/assets/{asset_id}/durability")
async def two_keys(
    request: Request, person: Keyholder, asset_id: int, now: Now, typed: TypedWords, did: str = ""
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
        **({"reason": "", "fault": ""} | typed.words),
    )


@router.post("/assets/{asset_id}/durability")
async def turn_key(
    request: Request, person: Keyholder, asset_id: int, now: Now, act: Text = "", reason: Text = ""
) -> Response:
    """The first key with its reason, or the second."""
    row, actor = await _asset(asset_id), actor_of(request, person)
    page = f"/assets/{row['id']}/durability"
    try:
        if act == "confirm":
            await confirm_override(row["id"], person, actor, now)
        else:
            day = now.astimezone(await office_zone()).date()
            await ask_override(row["id"], reason[:300], person, day, actor, now)
    except Refusal as refusal:
        words_ = page_context(request, person, now).words.refusal(refusal)
        return await back_to(page, request, now, status_of(refusal), fault=words_, reason=reason)
    return RedirectResponse(f"{page}?did={'confirmed' if act == 'confirm' else 'asked'}", 303)


async def _asset(asset_id: int) -> dict[str, Any]:
    rows = await assets_by_id([possible_id(asset_id, "asset.unknown")])
    if not rows:
        raise NotFound("asset.unknown")
    return rows[0]
