"""Changing many pieces at once, for programs: looked at first, then carried out, each with what became of it."""

from decimal import Decimal
from typing import Annotated, Any

from fastapi import Path, Query, Response

from registry.assets.models import Lifecycle
from registry.assets.queries import answers_by_code
from registry.assets.transitions import Answers, transition_named
from registry.bulk_changes import queries
from registry.bulk_changes.actions import NewBulkChange, prepare
from registry.bulk_changes.models import BulkChange, PieceFate
from registry.bulk_changes.rules import CORRECT, NUMBER
from registry.bulk_changes.writing import carry_out
from registry.core.errors import Forbidden, Invalid
from registry.grants.queries import grant_ids
from registry.people import rules
from registry.people.models import Person
from web.assets.api import check_corrections
from web.auth.access import Caller
from web.bulk_changes.shapes import (
    BulkChangeAnswer,
    BulkChangeBody,
    BulkPieceAnswer,
    BulkPiecesAnswer,
    bulk_answer,
    piece_answer,
)
from web.kit import routing
from web.kit.answers import ListAnswer, Paged, etag
from web.kit.body import LINE, MAY_BE_EMPTY
from web.kit.clock import Now
from web.kit.idempotency import OnceOnly
from web.kit.routing import PREFIX, CallerActor, IfMatch, Say, faults

router = routing.router("assets")
# what takes longer goes on by itself
PATIENCE = 1.5
Number = Annotated[str, Path(max_length=200), LINE]


@router.post(
    "/bulk-changes", status_code=201, responses=faults(404), summary="Look at what would become of many pieces"
)
async def look(body: BulkChangeBody, person: Caller, now: Now, once: OnceOnly, response: Response) -> BulkChangeAnswer:
    """Changes nothing: each piece is looked at, with what it is and would be, or why it is refused. It waits a day for
    `POST …/commit`.
    """
    new = await _new(body, person)

    async def answering(row: BulkChange) -> BulkChangeAnswer:
        response.headers["location"] = f"{PREFIX}/bulk-changes/{row.id}"
        return await _answer(row, response)

    return await once(lambda key: prepare(new, person.id, now, key), answering)


@router.get("/bulk-changes/{number}", responses=faults(404), summary="How far a bulk change came")
async def one(number: Number, person: Caller, now: Now, response: Response) -> BulkChangeAnswer:
    return await _answer(await queries.bulk_change(number, person.id, now), response)


@router.get("/bulk-changes/{number}/pieces", responses=faults(404), summary="What becomes of each piece")
async def pieces(
    number: Number,
    person: Caller,
    now: Now,
    say: Say,
    paging: Paged,
    fate: Annotated[PieceFate | None, MAY_BE_EMPTY, Query()] = None,
) -> ListAnswer[BulkPieceAnswer]:
    """In the order of the list that they come from."""
    row = await queries.bulk_change(number, person.id, now)
    counts = await queries.counts_of(row.id)
    total = counts[fate] if fate else sum(counts.values())
    rows = await queries.pieces_of(row.id, fate, paging.start, paging.limit)
    items = [piece_answer(row, say) for row in rows]
    return BulkPiecesAnswer(items=items, next=paging.cursor(len(items), total), total=total)


@router.post("/bulk-changes/{number}/commit", responses=faults(404, 409, 412), summary="Carry a bulk change out")
async def commit(
    number: Number, person: Caller, actor: CallerActor, now: Now, revision: IfMatch, once: OnceOnly, response: Response
) -> BulkChangeAnswer:
    """Every piece that waits is changed as it was looked at; one that somebody changed since is refused. A repeat
    changes nothing. A long one goes on by itself: its ``status`` is ``writing`` then.
    """
    row = await queries.bulk_change(number, person.id, now)
    _check(row.act, row.answers.get("field", ""), person)
    return await once(
        lambda _: carry_out(number, person.id, actor, now, revision, PATIENCE),
        lambda latest: _answer(latest, response),
    )


async def _answer(row: BulkChange, response: Response) -> BulkChangeAnswer:
    response.headers["etag"] = etag(row.revision)
    first_number = await queries.first_number(row.id) if row.act == NUMBER else None
    return bulk_answer(row, await queries.counts_of(row.id), first_number)


def _check(act: str, field: str, person: Person) -> None:
    """Raises NotFound("asset.no_transition"), Forbidden."""
    if act == CORRECT:
        check_corrections([field], person)
    elif act == NUMBER:
        if not rules.may(person.role, "assets.change"):
            raise Forbidden("auth.role")
    elif person.role not in transition_named(act).roles:
        raise Forbidden("auth.role")


async def _new(body: BulkChangeBody, person: Person) -> NewBulkChange:
    field, value = body.shared_value()
    if body.act == CORRECT and not field:
        raise Invalid("request.missing_field", field="values")
    _check(body.act, field, person)
    if body.filter and body.filter.grant and not rules.may(person.role, "assets.see_money"):
        raise Forbidden("auth.role")
    if field == "shares":
        value = await _by_id(value)
    return NewBulkChange(
        act=body.act,
        reason=body.reason,
        answers=await _answers(body),
        column=field if body.act == CORRECT else "",
        value=value,
        unit=body.unit,
        wish=body.filter.wish() if body.filter else None,
        revisions={asset_id: body.revisions.get(str(asset_id)) for asset_id in body.ids},
    )


async def _answers(body: BulkChangeBody) -> Answers:
    if body.act in (CORRECT, NUMBER):
        return Answers()
    return await answers_by_code(
        transition_named(body.act),
        body.room or "",
        body.custodian or "",
        body.reason,
        lifecycle=Lifecycle(body.lifecycle) if body.lifecycle else None,
        accepted_on=body.accepted_on,
        borrower=body.borrower or "",
        due_on=body.due_on,
    )


async def _by_id(percents: dict[str, Decimal]) -> dict[int, Any]:
    ids = await grant_ids(percents)
    return {ids[code]: percent for code, percent in percents.items()}
