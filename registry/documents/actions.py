"""What changes documents: issuing one in the transaction of the act that it is of, signing and cancelling it."""

from collections.abc import Sequence
from datetime import datetime

from registry.assets.actions import Passage
from registry.core import history
from registry.core.errors import Conflict, Invalid, NotFound
from registry.core.history import REASON_LENGTH, Actor
from registry.core.idempotency import RequestKey, record
from registry.core.ids import may_be_id
from registry.core.transaction import transaction
from registry.documents.models import Document, DocumentLine, DocumentParty, DocumentSignature
from registry.documents.numbering import next_place
from registry.documents.rules import SYMBOLS, PaperContents, Side, number_of, plain, signature_faults
from registry.documents.wording import contents_of_way
from registry.people.models import Person
from registry.rooms.queries import office_day


async def issue_for(passage: Passage) -> Document | None:
    """The paper of a transition, inside its transaction. None where the table names none, or where nothing changed."""
    symbol = passage.transition.document
    assets = [asset for asset in passage.assets if passage.has_changed(asset)]
    if symbol is None or not assets:
        return None
    contents = await contents_of_way(passage, assets)
    return await issue(
        symbol, contents, [asset.id for asset in assets], passage.answers.reason, passage.actor, passage.now
    )


async def issue(
    symbol: str, contents: PaperContents, asset_ids: Sequence[int], reason: str, actor: Actor, now: datetime
) -> Document:
    """Issue a paper about these pieces with the next number of its series, inside the caller's transaction."""
    day = await office_day(now)
    place = await next_place(symbol, "", day.year)
    document = await Document.create(
        symbol=symbol,
        year=day.year,
        place=place,
        number=number_of(symbol, "", day.year, place),
        issued_at=now,
        issued_on=day,
        person_id=actor.person_id,
        actor=actor.name[:120],
        reason=reason[:REASON_LENGTH],
        contents=plain(contents),
        pieces=len(asset_ids),
    )
    lines = [DocumentLine(document_id=document.id, asset_id=asset_id) for asset_id in asset_ids]
    await DocumentLine.bulk_create(lines, batch_size=500)
    parties = [DocumentParty(document_id=document.id, person_id=person_id) for person_id in contents.parties]
    await DocumentParty.bulk_create(parties, batch_size=500)
    after = {"number": document.number, "pieces": list(asset_ids)[:1000]}
    await history.write_new([(f"document:{document.id}", after)], "issued", actor, now)
    return document


async def sign(
    document_id: int,
    side: Side,
    person: Person,
    actor: Actor,
    now: datetime,
    request_key: RequestKey | None = None,
    if_revision: int | None = None,
) -> Document:
    """Sign by one's account. The same person again as the same side changes nothing.

    Raises NotFound("document.unknown"); Conflict: document.cancelled, document.no_side, document.signed_by_another,
    document.both_sides, document.not_the_accountant, request.stale.
    """
    async with transaction():
        document = await _locked(document_id, if_revision)
        rows = await DocumentSignature.filter(document_id=document.id)
        there = {Side(row.side): row.person_id for row in rows}
        for fault in signature_faults(
            SYMBOLS[document.symbol], side, bool(document.cancelled_at), there, person.id, person.role
        ):
            raise fault
        if side not in there:
            await DocumentSignature.create(
                document_id=document.id, side=side, person_id=person.id, name=person.name, login=person.login, at=now
            )
            await DocumentParty.get_or_create(document_id=document.id, person_id=person.id)
            await _revise(document)
            await history.write(f"document:{document.id}", "signed", actor, now, after={"side": str(side)})
        await record(request_key, document)
    return document


async def cancel(
    document_id: int,
    reason: str,
    actor: Actor,
    now: datetime,
    request_key: RequestKey | None = None,
    if_revision: int | None = None,
) -> Document:
    """Say that a paper does not hold. It keeps its number and its words; what it was written for is taken back by the
    transition that leads back, with its own paper.

    Raises NotFound("document.unknown"), Invalid("request.missing_field"); Conflict:
    document.cancelled, request.stale.
    """
    if not reason.strip():
        raise Invalid("request.missing_field", field="reason")
    async with transaction():
        document = await _locked(document_id, if_revision)
        if document.cancelled_at is not None:
            raise Conflict("document.cancelled")
        document.cancelled_at, document.cancel_reason = now, reason.strip()[:REASON_LENGTH]
        await _revise(document, "cancelled_at", "cancel_reason")
        await history.write(f"document:{document.id}", "cancelled", actor, now, reason=reason.strip())
        await record(request_key, document)
    return document


async def _locked(document_id: int, if_revision: int | None) -> Document:
    document: Document | None = None
    if may_be_id(document_id):
        document = await Document.select_for_update().get_or_none(id=document_id)
    if document is None:
        raise NotFound("document.unknown")
    if if_revision not in (None, document.revision):
        raise Conflict("request.stale", revision=document.revision)
    return document


async def _revise(document: Document, *columns: str) -> None:
    document.revision += 1
    await document.save(update_fields=["revision", *columns])
