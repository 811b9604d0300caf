"""Documents as programs read them."""

from datetime import date
from typing import Annotated

from pydantic import BaseModel, Field

from registry.documents.models import Document
from registry.documents.queries import DocumentState
from registry.documents.rules import Side
from web.kit.answers import Instant, ListAnswer
from web.kit.body import LINE, Body


class DocumentRowAnswer(BaseModel):
    id: int
    number: str = Field(description="like MT/00012/2026")
    symbol: str
    year: int
    issued_at: Instant
    issued_on: date
    actor: str = Field(description="who issued it")
    reason: str
    pieces: int
    cancelled_at: Instant | None
    revision: int


class DocumentsAnswer(ListAnswer[DocumentRowAnswer]):
    pass


class DocumentLineAnswer(BaseModel):
    asset: int
    inventory_no: str
    name: str
    serial_no: str
    kst: str
    quantity: int
    value: str | None = Field(description="PLN at the time; null for who may not see money")
    came_from: str
    was_with: str
    goes_to: str
    is_with: str
    accepted_on: str | None
    description: str
    corrects: str = Field(description="the number of the OT that an OT-K takes back")


class SourceAnswer(BaseModel):
    supplier: str
    contract: str
    invoice_no: str
    invoiced_on: str | None
    lines: str = Field(description="of an acceptance, from 1: 1–3, 7")


class PaidAnswer(BaseModel):
    fund: str
    grant: str = Field(description="empty for own funds")
    amount: str | None = Field(description="PLN; null for who may not see money")


class SignatureAnswer(BaseModel):
    side: Side
    name: str
    at: Instant


class DocumentAnswer(DocumentRowAnswer):
    came_from: str
    was_with: str
    goes_to: str
    is_with: str
    grants: list[str]
    durable_until: str | None
    due_on: str | None = Field(description="of a loan")
    sources: list[SourceAnswer] = Field(description="of an acceptance: what proves how the pieces came")
    funding: list[PaidAnswer] = Field(description="of an acceptance")
    lines: list[DocumentLineAnswer]
    signatures: list[SignatureAnswer]
    sides_left: list[Side] = Field(description="who has not signed yet")
    cancel_reason: str


class SignBody(Body):
    side: Side


class CancelBody(Body):
    reason: Annotated[str, Field(min_length=1, max_length=300), LINE]


def row_answer(document: Document) -> DocumentRowAnswer:
    names = DocumentRowAnswer.model_fields
    return DocumentRowAnswer(**{name: getattr(document, name) for name in names})


def document_answer(state: DocumentState, sees_money: bool) -> DocumentAnswer:
    contents = state.contents
    lines = [
        DocumentLineAnswer(
            asset=asset_id,
            inventory_no=line.inventory_no,
            name=line.name,
            serial_no=line.serial_no,
            kst=line.kst,
            quantity=line.quantity,
            value=line.value if sees_money else None,
            came_from=line.came_from or contents.came_from,
            was_with=line.was_with or contents.was_with,
            goes_to=line.goes_to or contents.goes_to,
            is_with=line.is_with or contents.is_with,
            accepted_on=line.acquired_on or None,
            description=line.description,
            corrects=line.corrects,
        )
        for asset_id, line in zip(state.asset_ids, contents.lines, strict=True)
    ]
    return DocumentAnswer(
        **row_answer(state.document).model_dump(),
        came_from=contents.came_from,
        was_with=contents.was_with,
        goes_to=contents.goes_to,
        is_with=contents.is_with,
        grants=list(contents.grants),
        durable_until=contents.durable_until or None,
        due_on=contents.due_on or None,
        sources=[
            SourceAnswer(
                supplier=one.supplier,
                contract=one.contract,
                invoice_no=one.invoice_no,
                invoiced_on=one.invoiced_on or None,
                lines=one.places,
            )
            for one in contents.sources
        ],
        funding=[
            PaidAnswer(fund=one.fund, grant=one.grant, amount=one.amount if sees_money else None)
            for one in contents.funding
        ],
        lines=lines,
        signatures=[SignatureAnswer(side=Side(one.side), name=one.name, at=one.at) for one in state.signatures],
        sides_left=list(state.sides_left),
        cancel_reason=state.document.cancel_reason,
    )
