"""Building works: planned, changed, finished, with the blocks and the pieces that they make."""

from datetime import datetime
from typing import Annotated, Literal
from zoneinfo import ZoneInfo

from fastapi import Depends, Query, Response

from registry.blocks.queries import block_by_id
from registry.bookings.models import Block
from registry.bookings.projections import viewer_of
from registry.people.models import Person
from registry.works import actions
from registry.works.queries import works_by_id, works_detail, works_in_order
from web.auth.access import caller_with
from web.blocks.api import OfficeZone
from web.blocks.shapes import BlockAnswer, block_answer
from web.bookings.shapes import NothingBody
from web.kit import routing
from web.kit.answers import ListAnswer, Paged, etag
from web.kit.clock import Now
from web.kit.idempotency import OnceOnly
from web.kit.record_ids import unless_unknown
from web.kit.routing import CallerActor, IfMatch, faults
from web.works.shapes import (
    NewWorksBody,
    WorksAnswer,
    WorksAssetsBody,
    WorksBlockBody,
    WorksChangesBody,
    WorksDetailAnswer,
    WorksListAnswer,
    works_answer,
    works_detail_answer,
)

router = routing.router("rooms")
WorksId = Annotated[int, unless_unknown("works.unknown")]
Reader = Annotated[Person, Depends(caller_with("works.see"))]
Planner = Annotated[Person, Depends(caller_with("works.manage"))]


@router.get("/works", responses=faults(), summary="Building works, the last to begin first")
async def listing(
    person: Reader, paging: Paged, now: Now, zone: OfficeZone,
    over: Annotated[Literal["", "no", "yes"], Query(description="those that are over alone, or the others")] = "",
) -> ListAnswer[WorksAnswer]:  # fmt: skip
    rows, total = await works_in_order(paging.start, paging.limit, over={"no": False, "yes": True}.get(over))
    items = [works_answer(row, now.astimezone(zone).date()) for row in rows]
    return WorksListAnswer(items=items, next=paging.cursor(len(items), total), total=total)


@router.post("/works", status_code=201, responses=faults(404), summary="Plan building works")
async def make(
    body: NewWorksBody, person: Planner, actor: CallerActor, now: Now, zone: OfficeZone, once: OnceOnly,
    response: Response,
) -> WorksDetailAnswer:  # fmt: skip
    return await once(
        lambda key: actions.make_works(body.new(), actor, now, key),
        lambda row: _detail(row.id, person, response, zone, now),
    )


@router.get("/works/{works_id}", responses=faults(404), summary="Building works with their blocks and pieces")
async def one(works_id: WorksId, person: Reader, now: Now, zone: OfficeZone, response: Response) -> WorksDetailAnswer:
    return await _detail(works_id, person, response, zone, now)


@router.patch("/works/{works_id}", responses=faults(404, 409, 412), summary="Change building works")
async def change(
    works_id: WorksId, body: WorksChangesBody, person: Planner, actor: CallerActor, now: Now, zone: OfficeZone,
    revision: IfMatch, response: Response,
) -> WorksDetailAnswer:  # fmt: skip
    await actions.change_works(works_id, body.wanted(), actor, now, revision)
    return await _detail(works_id, person, response, zone, now)


@router.post("/works/{works_id}/finish", responses=faults(404, 409, 412), summary="Say that works are done")
async def finish(
    works_id: WorksId, person: Planner, actor: CallerActor, now: Now, zone: OfficeZone, revision: IfMatch,
    once: OnceOnly, response: Response, body: NothingBody = NothingBody(),
) -> WorksDetailAnswer:  # fmt: skip
    """Blocks that go on are given back one by one."""
    today = now.astimezone(zone).date()
    return await once(
        lambda key: actions.finish_works(works_id, today, actor, now, revision, key),
        lambda row: _detail(row.id, person, response, zone, now),
    )


@router.post("/works/{works_id}/cancel", responses=faults(404, 409, 412), summary="Call works off")
async def cancel(
    works_id: WorksId, person: Planner, actor: CallerActor, now: Now, zone: OfficeZone, revision: IfMatch,
    once: OnceOnly, response: Response, body: NothingBody = NothingBody(),
) -> WorksDetailAnswer:  # fmt: skip
    """Their blocks stay until somebody gives the rooms back."""
    return await once(
        lambda key: actions.cancel_works(works_id, actor, now, revision, key),
        lambda row: _detail(row.id, person, response, zone, now),
    )


@router.post("/works/{works_id}/blocks", status_code=201, responses=faults(404, 409), summary="Block rooms for works")
async def block(
    works_id: WorksId, body: WorksBlockBody, person: Planner, actor: CallerActor, now: Now, zone: OfficeZone,
    once: OnceOnly,
) -> BlockAnswer:  # fmt: skip
    """Refused as ``POST /blocks`` is while bookings are in the way."""
    if not body.rooms:
        body.rooms = list((await works_by_id(works_id)).rooms)

    async def answering(row: Block) -> BlockAnswer:
        return block_answer(await block_by_id(row.id, viewer_of(person)), zone, now)

    return await once(
        lambda key: actions.block_for_works(works_id, body.new(), body.clearance(), person, actor, now, key), answering
    )


@router.put("/works/{works_id}/assets", responses=faults(404, 409, 412), summary="Say which pieces works made")
async def put_assets(
    works_id: WorksId, body: WorksAssetsBody, person: Planner, actor: CallerActor, now: Now, zone: OfficeZone,
    revision: IfMatch, response: Response,
) -> WorksDetailAnswer:  # fmt: skip
    await actions.put_assets(works_id, body.assets, actor, now, revision)
    return await _detail(works_id, person, response, zone, now)


async def _detail(
    works_id: int, person: Person, response: Response, zone: ZoneInfo, now: datetime
) -> WorksDetailAnswer:
    answer = works_detail_answer(await works_detail(works_id, viewer_of(person)), zone, now)
    response.headers["etag"] = etag(answer.revision)
    return answer
