"""Faults: who reported what, who sees to it, and what was done."""

from typing import Annotated, Literal

from fastapi import Depends, Query, Response
from pydantic import Field

from registry.assets.queries import by_tag
from registry.core.errors import N_, Invalid, NotFound, Reason
from registry.core.ids import LARGEST_ID
from registry.faults.actions import NewReport, act_on, report
from registry.faults.models import Fault, FaultAct, FaultState
from registry.faults.queries import FaultFilter, search, visible_fault
from registry.faults.records import Filed
from registry.people.models import Person
from registry.rooms.queries import room_by_code
from web.auth.access import Caller, caller_with
from web.faults.access import check_act
from web.faults.shapes import (
    FaultActBody,
    FaultAnswer,
    FaultDetailAnswer,
    FaultsAnswer,
    ReportBody,
    detail_answer,
    fault_answer,
)
from web.kit import routing
from web.kit.answers import ListAnswer, Paged, etag
from web.kit.body import LINE, MAY_BE_EMPTY
from web.kit.clock import Now
from web.kit.idempotency import OnceOnly
from web.kit.record_ids import unless_unknown
from web.kit.routing import CallerActor, IfMatch, faults

router = routing.router("faults")
Word = Annotated[str, Query(max_length=64), LINE]
Reporter = Annotated[Person, Depends(caller_with("faults.report"))]


FaultId = Annotated[int, unless_unknown("fault.unknown")]


@router.get("/faults", responses=faults(), summary="What was reported, the newest first")
async def listing(
    person: Caller,
    paging: Paged,
    state: Annotated[FaultState | None, MAY_BE_EMPTY] = None,
    room: Word = "",
    asset: Annotated[Annotated[int, Field(ge=1, le=LARGEST_ID)] | None, MAY_BE_EMPTY] = None,
    owner: Annotated[str, Query(max_length=64, description="the login of who sees to it"), LINE] = "",
) -> ListAnswer[FaultAnswer]:
    """As far as the caller may see them: out of confidential and hidden rooms one's own, or all for who works there."""
    wish = FaultFilter(state or "", room, asset, owner.lower())
    rows, total = await search(wish, person, paging.start, paging.limit)
    items = [fault_answer(row) for row in rows]
    return FaultsAnswer(items=items, next=paging.cursor(len(items), total), total=total)


@router.post(
    "/faults",
    status_code=201,
    responses=faults(404, 409) | {200: {"model": FaultDetailAnswer, "description": "It was reported already"}},
    summary="Report a fault",
)
async def report_fault(
    body: ReportBody, person: Reporter, actor: CallerActor, now: Now, once: OnceOnly, response: Response
) -> FaultDetailAnswer:
    """Of a room, a piece, or what a tag is on. The same reported again joins the open fault: 200, the same ``id``, and
    ``reports`` grows.
    """
    if body.fault is not None:
        await visible_fault(body.fault, person)
    new = await _new(body)

    async def answering(filed: Filed) -> FaultDetailAnswer:
        response.status_code = 200 if filed.is_joined else 201
        return await _detail(filed.fault.id, person, response)

    return await once(lambda key: report(new, actor, now, key), answering)


async def _new(body: ReportBody) -> NewReport:
    places = [name for name in ("room", "asset", "tag", "fault") if getattr(body, name) not in (None, "")]
    if len(places) > 1:
        raise Invalid("request.bad_field", field=places[1], reason=Reason(N_("a fault is of one thing or one room")))
    if not places:
        raise Invalid("request.missing_field", field="room")
    kind, text = body.kind or "", body.text or ""
    if body.fault is not None:
        return NewReport(kind=kind, text=text, fault_id=body.fault)
    if body.tag:
        tag = await by_tag(body.tag)
        if not (tag.asset_id or tag.room_id):
            raise NotFound("tag.unknown", code=tag.code)
        return NewReport(None if tag.asset_id else tag.room_id, tag.asset_id, kind, text)
    if body.asset is not None:
        return NewReport(asset_id=body.asset, kind=kind, text=text)
    return NewReport((await room_by_code(body.room or "")).id, kind=kind, text=text)


@router.get("/faults/{fault_id}", responses=faults(404), summary="One fault, with all that was said and done about it")
async def one(fault_id: FaultId, person: Caller, response: Response) -> FaultDetailAnswer:
    return await _detail(fault_id, person, response)


@router.post(
    "/faults/{fault_id}/{act}", responses=faults(404, 409, 412), summary="Take a fault on, mend it, or open it again"
)
async def do(
    fault_id: FaultId,
    act: Literal["take", "resolve", "reopen"],
    person: Caller,
    actor: CallerActor,
    now: Now,
    revision: IfMatch,
    once: OnceOnly,
    response: Response,
    body: FaultActBody = FaultActBody(),
) -> FaultDetailAnswer:
    """For who sees to faults; who reported one may open it again."""
    await check_act(fault_id, FaultAct(act), person)

    async def answering(fault: Fault) -> FaultDetailAnswer:
        return await _detail(fault.id, person, response)

    return await once(lambda key: act_on(FaultAct(act), fault_id, body.text, actor, now, revision, key), answering)


async def _detail(fault_id: int, person: Person, response: Response) -> FaultDetailAnswer:
    answer = detail_answer(await visible_fault(fault_id, person))
    response.headers["etag"] = etag(answer.revision)
    return answer
