"""Documents for programs: the list, one with its lines, its PDF, signing and cancelling."""

from typing import Annotated

from fastapi import Depends, Query, Request, Response

from registry.documents.actions import cancel, sign
from registry.documents.models import Document
from registry.documents.paper import printed
from registry.documents.queries import DocumentFilter, document_state, documents_in_order
from registry.people.models import Person
from registry.people.rules import may
from web.auth.access import Caller, caller_with
from web.documents.shapes import (
    CancelBody,
    DocumentAnswer,
    DocumentRowAnswer,
    DocumentsAnswer,
    SignBody,
    document_answer,
    row_answer,
)
from web.kit import routing
from web.kit.answers import ListAnswer, Paging, etag, paging
from web.kit.body import LINE
from web.kit.clock import Now
from web.kit.idempotency import OnceOnly
from web.kit.record_ids import unless_unknown
from web.kit.routing import CallerActor, IfMatch, faults
from web.labels.wish import office_of

router = routing.router("documents")
DocumentId = Annotated[int, unless_unknown("document.unknown")]
Signer = Annotated[Person, Depends(caller_with("documents.sign"))]
Canceller = Annotated[Person, Depends(caller_with("documents.cancel"))]
Word = Annotated[str, Query(max_length=40), LINE]
Year = Annotated[int | None, Query(ge=1990, le=2200)]
AssetNumber = Annotated[int | None, Query(ge=1, le=2**31 - 1)]
Many = Annotated[Paging, Depends(paging(50, 500))]
PDF = "application/pdf"


@router.get("/documents", responses=faults(), summary="Documents, the newest first")
async def listing(
    person: Caller, page: Many, symbol: Word = "", year: Year = None, asset: AssetNumber = None, q: Word = ""
) -> ListAnswer[DocumentRowAnswer]:
    """Who may not see all of them sees those that they signed. ``q`` is the beginning of a number."""
    narrowed = DocumentFilter(symbol.upper(), year, asset, q)
    rows, total = await documents_in_order(narrowed, person, page.start, page.limit)
    return DocumentsAnswer(items=[row_answer(row) for row in rows], next=page.cursor(len(rows), total), total=total)


@router.get(
    "/documents/{document_id}.pdf",
    response_class=Response,
    responses=faults(404) | {200: {"content": {PDF: {"schema": {"type": "string", "format": "binary"}}}}},
    summary="A document as a PDF",
)
async def as_pdf(request: Request, document_id: DocumentId, person: Caller, now: Now) -> Response:
    """PDF/UA, the same bytes each time until somebody signs or cancels it; without values for who may not see money."""
    state = await document_state(document_id, person)
    content = await printed(state, office_of(request), may(person.role, "assets.see_money"), now)
    return Response(content, media_type=PDF)


@router.get("/documents/{document_id}", responses=faults(404), summary="One document, line by line")
async def one(document_id: DocumentId, person: Caller, response: Response) -> DocumentAnswer:
    return await _detail(document_id, person, response)


@router.post(
    "/documents/{document_id}/sign", responses=faults(404, 409, 412), summary="Sign a document by one's account"
)
async def sign_it(
    document_id: DocumentId, body: SignBody, person: Signer, actor: CallerActor, now: Now, once: OnceOnly,
    revision: IfMatch, response: Response,
) -> DocumentAnswer:  # fmt: skip
    await document_state(document_id, person)
    return await once(
        lambda key: sign(document_id, body.side, person, actor, now, key, revision),
        lambda row: _answer(row, person, response),
    )


@router.post("/documents/{document_id}/cancel", responses=faults(404, 409, 412), summary="Cancel a document")
async def cancel_it(
    document_id: DocumentId, body: CancelBody, person: Canceller, actor: CallerActor, now: Now, once: OnceOnly,
    revision: IfMatch, response: Response,
) -> DocumentAnswer:  # fmt: skip
    """It keeps its number. What it was written for is taken back by a transition of its own."""
    return await once(
        lambda key: cancel(document_id, body.reason, actor, now, key, revision),
        lambda row: _answer(row, person, response),
    )


async def _answer(document: Document, person: Person, response: Response) -> DocumentAnswer:
    return await _detail(document.id, person, response)


async def _detail(document_id: int, person: Person, response: Response) -> DocumentAnswer:
    state = await document_state(document_id, person)
    response.headers["etag"] = etag(state.document.revision)
    return document_answer(state, may(person.role, "assets.see_money"))
