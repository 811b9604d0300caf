"""Stocktakes for programs: ordered, counted, closed, valued, settled."""

from typing import Annotated

from fastapi import Depends, Request, Response

from registry.people.models import Person
from registry.people.rules import may
from registry.stocktakes import actions, counting, settlement
from registry.stocktakes.books import books_of
from registry.stocktakes.models import (
    CountSheet,
    SettlementTask,
    SheetCorrection,
    SheetSignature,
    Sighting,
    Stocktake,
    StocktakeArea,
)
from registry.stocktakes.paper import printed_sheet
from registry.stocktakes.queries import (
    areas_of,
    corrections_of,
    expectations_of,
    sheet_of,
    sheet_titles,
    sightings_of,
    signatures_of,
    stocktake_detail,
    stocktake_for,
    stocktakes_in_order,
    task_of,
)
from registry.stocktakes.rules import are_pooled, shows_books
from web.auth.access import Caller, caller_with
from web.bookings.shapes import NothingBody
from web.kit import routing
from web.kit.answers import ListAnswer, Paged, etag
from web.kit.clock import Now
from web.kit.idempotency import OnceOnly
from web.kit.record_ids import unless_unknown
from web.kit.routing import CallerActor, IfMatch, faults
from web.labels.wish import office_of
from web.stocktakes.shapes import (
    CloseAreaBody,
    CorrectionAnswer,
    CountSheetAnswer,
    DifferencesAnswer,
    NewStocktakeBody,
    RecountBody,
    RemarkBody,
    SettlementTaskAnswer,
    SheetCorrectionBody,
    SheetSignBody,
    SightingAnswer,
    SightingBody,
    SightingsAnswer,
    StocktakeAnswer,
    StocktakeDetailAnswer,
    StocktakesAnswer,
    StrikeBody,
    ValuationsBody,
    correction_answer,
    detail_answer,
    differences_answer,
    sheet_answer,
    sighting_answer,
    stocktake_answer,
    task_answer,
)

router = routing.router("stocktakes")
PDF = "application/pdf"
StocktakeId = Annotated[int, unless_unknown("stocktake.unknown")]
SheetId = Annotated[int, unless_unknown("stocktake.no_sheet")]
SightingId = Annotated[int, unless_unknown("stocktake.no_sighting")]
TaskId = Annotated[int, unless_unknown("stocktake.no_task")]
Orderer = Annotated[Person, Depends(caller_with("stocktakes.order"))]
Counter = Annotated[Person, Depends(caller_with("stocktakes.count"))]
Signer = Annotated[Person, Depends(caller_with("documents.sign"))]
Valuer = Annotated[Person, Depends(caller_with("stocktakes.value"))]


@router.get("/stocktakes", responses=faults(), summary="Stocktakes, the newest first")
async def listing(person: Caller, paging: Paged) -> ListAnswer[StocktakeAnswer]:
    """Who may not see all of them sees those that they count."""
    rows, total = await stocktakes_in_order(person, paging.start, paging.limit)
    items = [stocktake_answer(row) for row in rows]
    return StocktakesAnswer(items=items, next=paging.cursor(len(items), total), total=total)


@router.post("/stocktakes", status_code=201, responses=faults(404, 409), summary="Order a stocktake")
async def order(
    body: NewStocktakeBody, person: Orderer, actor: CallerActor, now: Now, once: OnceOnly, response: Response
) -> StocktakeDetailAnswer:
    """Refused for a committee of less than two people, or with one who answers for any of the things."""
    return await once(
        lambda key: actions.order(body.new(), person, actor, now, key), lambda row: _detail(row, person, response)
    )


@router.get("/stocktakes/{stocktake_id}", responses=faults(404), summary="One stocktake with its areas and sheets")
async def one(stocktake_id: StocktakeId, person: Caller, response: Response) -> StocktakeDetailAnswer:
    """Of a blind count nothing of the books is told until all of it is closed."""
    return await _detail(await stocktake_for(stocktake_id, person), person, response)


@router.post("/stocktakes/{stocktake_id}/open", responses=faults(404, 409, 412), summary="Begin to count")
async def open_it(
    stocktake_id: StocktakeId, person: Orderer, actor: CallerActor, now: Now, once: OnceOnly, revision: IfMatch,
    response: Response, body: NothingBody = NothingBody(),
) -> StocktakeDetailAnswer:  # fmt: skip
    return await once(
        lambda key: actions.open_count(stocktake_id, actor, now, revision, key),
        lambda row: _detail(row, person, response),
    )


@router.get("/stocktakes/{stocktake_id}/scans", responses=faults(404), summary="What was seen, the last first")
async def sightings(stocktake_id: StocktakeId, person: Caller, paging: Paged) -> ListAnswer[SightingAnswer]:
    stocktake = await stocktake_for(stocktake_id, person)
    rows, total = await sightings_of(stocktake.id, paging.start, paging.limit)
    items = await _sightings(stocktake, rows)
    return SightingsAnswer(items=items, next=paging.cursor(len(items), total), total=total)


@router.post("/stocktakes/{stocktake_id}/scans", status_code=201, responses=faults(404, 409), summary="Count a thing")
async def scan(
    stocktake_id: StocktakeId, body: SightingBody, person: Counter, now: Now, once: OnceOnly
) -> SightingAnswer:
    """By the code on its label, or without one by what it is. Of each thing the last sighting decides."""
    stocktake = await stocktake_for(stocktake_id, person)
    return await once(
        lambda key: counting.sight(stocktake_id, body.new(), person, now, key), lambda row: _sighting(stocktake, row)
    )


@router.post(
    "/stocktakes/{stocktake_id}/scans/{sighting_id}/strike", responses=faults(404, 409), summary="Strike a sighting out"
)
async def strike(
    stocktake_id: StocktakeId, sighting_id: SightingId, body: StrikeBody, person: Counter, actor: CallerActor,
    now: Now, once: OnceOnly,
) -> SightingAnswer:  # fmt: skip
    """It stays to be read, with the reason, and counts no more."""
    stocktake = await stocktake_for(stocktake_id, person)
    return await once(
        lambda key: counting.strike(stocktake_id, sighting_id, body.reason, person, actor, now, key),
        lambda row: _sighting(stocktake, row),
    )


@router.post("/stocktakes/{stocktake_id}/recount", responses=faults(404, 409), summary="Count an area anew")
async def recount(
    stocktake_id: StocktakeId, body: RecountBody, person: Counter, actor: CallerActor, now: Now, once: OnceOnly,
    response: Response,
) -> StocktakeDetailAnswer:  # fmt: skip
    """What was seen in it before counts no more."""
    stocktake = await stocktake_for(stocktake_id, person)

    async def answering(area: StocktakeArea) -> StocktakeDetailAnswer:
        return await _detail(stocktake, person, response)

    return await once(
        lambda key: actions.recount(stocktake_id, body.area, body.reason, person, actor, now, key), answering
    )


@router.post("/stocktakes/{stocktake_id}/close", responses=faults(404, 409, 412), summary="Close an area, or all")
async def close(
    stocktake_id: StocktakeId, person: Caller, actor: CallerActor, now: Now, once: OnceOnly, revision: IfMatch,
    response: Response, body: CloseAreaBody = CloseAreaBody(),
) -> StocktakeDetailAnswer:  # fmt: skip
    """Each area gets its sheet, numbered and hashed. For the committee and who may order."""
    await stocktake_for(stocktake_id, person)
    return await once(
        lambda key: actions.close(stocktake_id, person, actor, now, body.area, revision, key),
        lambda row: _detail(row, person, response),
    )


@router.get("/stocktakes/{stocktake_id}/differences", responses=faults(404, 409), summary="The books beside the count")
async def difference_list(stocktake_id: StocktakeId, person: Caller) -> DifferencesAnswer:
    """Of a blind count when all of it is closed."""
    stocktake = await stocktake_for(stocktake_id, person)
    return differences_answer(await books_of(stocktake), sees_money=may(person.role, "assets.see_money"))


@router.get(
    "/stocktakes/{stocktake_id}/sheets/{sheet_id}.pdf",
    response_class=Response,
    responses=faults(404) | {200: {"content": {PDF: {"schema": {"type": "string", "format": "binary"}}}}},
    summary="A count sheet as a PDF",
)
async def sheet_as_pdf(request: Request, stocktake_id: StocktakeId, sheet_id: SheetId, person: Caller) -> Response:
    """PDF/UA, the same bytes until it is put right or valued; without prices for who may not see money."""
    stocktake = await stocktake_for(stocktake_id, person)
    row = await sheet_of(stocktake_id, sheet_id)
    money, corrections = may(person.role, "assets.see_money"), await corrections_of([row.id])
    signatures = await signatures_of(row.id)
    content = await printed_sheet(stocktake, row, corrections, signatures, office_of(request), with_money=money)
    return Response(content, media_type=PDF)


@router.get("/stocktakes/{stocktake_id}/sheets/{sheet_id}", responses=faults(404), summary="One count sheet")
async def sheet(stocktake_id: StocktakeId, sheet_id: SheetId, person: Caller) -> CountSheetAnswer:
    await stocktake_for(stocktake_id, person)
    row = await sheet_of(stocktake_id, sheet_id)
    return await _sheet(row, person)


@router.post(
    "/stocktakes/{stocktake_id}/sheets/{sheet_id}/sign", responses=faults(404, 409), summary="Sign a closed sheet"
)
async def sign(
    stocktake_id: StocktakeId, sheet_id: SheetId, body: SheetSignBody, person: Signer, actor: CallerActor, now: Now,
    once: OnceOnly,
) -> CountSheetAnswer:  # fmt: skip
    """By one's account: as who counted, who answers for the things, or who checks the values of another."""
    await stocktake_for(stocktake_id, person)

    async def answering(row: SheetSignature) -> CountSheetAnswer:
        return await _sheet(await sheet_of(stocktake_id, row.sheet_id), person)

    return await once(
        lambda key: settlement.sign_sheet(stocktake_id, sheet_id, body.side, person, actor, now, key), answering
    )


@router.post(
    "/stocktakes/{stocktake_id}/sheets/{sheet_id}/correct", status_code=201, responses=faults(404, 409),
    summary="Strike a line of a closed sheet through",
)  # fmt: skip
async def correct(
    stocktake_id: StocktakeId, sheet_id: SheetId, body: SheetCorrectionBody, person: Counter, actor: CallerActor,
    now: Now, once: OnceOnly,
) -> CorrectionAnswer:  # fmt: skip
    """So many there are, and why. For the committee, between the closing and the valuation."""
    await stocktake_for(stocktake_id, person)

    async def answering(row: SheetCorrection) -> CorrectionAnswer:
        return correction_answer(row)

    return await once(
        lambda key: settlement.correct(
            stocktake_id, sheet_id, body.line, body.quantity, body.reason, person, actor, now, key
        ),
        answering,
    )


@router.post("/stocktakes/{stocktake_id}/value", responses=faults(404, 409, 412), summary="Value the differences")
async def value(
    stocktake_id: StocktakeId, body: ValuationsBody, person: Valuer, actor: CallerActor, now: Now, once: OnceOnly,
    revision: IfMatch, response: Response,
) -> StocktakeDetailAnswer:  # fmt: skip
    """Each with an explanation; a shortage may be made up for by a surplus of like things."""
    return await once(
        lambda key: settlement.put_values(stocktake_id, body.valuations(), person, actor, now, revision, key),
        lambda row: _detail(row, person, response),
    )


@router.post("/stocktakes/{stocktake_id}/settle", responses=faults(404, 409, 412), summary="Draft what follows")
async def settle(
    stocktake_id: StocktakeId, person: Orderer, actor: CallerActor, now: Now, once: OnceOnly, revision: IfMatch,
    response: Response, body: NothingBody = NothingBody(),
) -> StocktakeDetailAnswer:  # fmt: skip
    return await once(
        lambda key: settlement.settle(stocktake_id, actor, now, revision, key),
        lambda row: _detail(row, person, response),
    )


@router.post(
    "/stocktakes/{stocktake_id}/tasks/{task_id}/carry-out", responses=faults(404, 409), summary="Carry out a draft"
)
async def carry_out(
    stocktake_id: StocktakeId, task_id: TaskId, person: Orderer, actor: CallerActor, now: Now, once: OnceOnly,
    body: RemarkBody = RemarkBody(),
) -> SettlementTaskAnswer:  # fmt: skip
    """A move or a retirement goes through the register, with its paper; of others, and of what was done ``otherwise``,
    a ``remark`` says how.
    """

    async def answering(row: SettlementTask) -> SettlementTaskAnswer:
        return task_answer(await task_of(row.id))

    return await once(
        lambda key: settlement.carry_out(stocktake_id, task_id, body.remark, actor, now, key, otherwise=body.otherwise),
        answering,
    )


async def _sheet(row: CountSheet, person: Person) -> CountSheetAnswer:
    corrections, signatures = await corrections_of([row.id]), await signatures_of(row.id)
    return sheet_answer(row, corrections, signatures, sees_money=may(person.role, "assets.see_money"))


async def _detail(row: Stocktake, person: Person, response: Response) -> StocktakeDetailAnswer:
    detail = await stocktake_detail(row.id, person)
    response.headers["etag"] = etag(detail.stocktake.revision)
    return detail_answer(detail, await sheet_titles(row.id))


async def _sighting(stocktake: Stocktake, row: Sighting) -> SightingAnswer:
    return (await _sightings(stocktake, [row]))[0]


async def _sightings(stocktake: Stocktake, rows: list[Sighting]) -> list[SightingAnswer]:
    areas = await areas_of(stocktake.id)
    tells_kind = shows_books(stocktake.is_blind, stocktake.state)
    ids = [row.asset_id for row in rows if row.asset_id]
    expected = await expectations_of(stocktake.id, ids) if tells_kind and ids else {}
    pooled = are_pooled(stocktake.is_blind, stocktake.state, [area.kind for area in areas.values()])
    return [
        sighting_answer(
            row, areas[row.area_id], expected.get(row.asset_id or 0), tells_kind=tells_kind, is_pooled=pooled
        )
        for row in rows
    ]
