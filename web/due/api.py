"""What is due: loans, warranties, durability periods and batteries, in one list."""

from datetime import date
from typing import Annotated
from zoneinfo import ZoneInfo

from fastapi import Query, Request
from pydantic import BaseModel, Field

from registry.core.errors import N_, Invalid, Reason
from registry.upkeep.queries import due_items
from registry.upkeep.rules import LONGEST, USUAL, DueItem, DueKind
from web.auth.access import Caller
from web.auth.session import options_of
from web.due.access import custodian_of, kinds_of
from web.kit import routing
from web.kit.answers import ListAnswer, PagedLong
from web.kit.body import MAY_BE_EMPTY, Day
from web.kit.clock import Now
from web.kit.routing import faults

router = routing.router("due")


class DueAnswer(BaseModel):
    kind: DueKind
    on: date = Field(
        description="the last day, past for a calibration that ran out and a late loan; today for a battery"
    )
    name: str
    assets: int = Field(description="how many pieces of this name")
    asset: int | None = Field(description="the first of them")
    room: str | None = Field(description="where it is, null where they are in several")
    custodian: str | None = Field(description="by name, null where they are several; of a loan who borrowed it")
    faulty: int = Field(description="how many of them do not work")
    battery: int | None = Field(description="percent")
    what: str = Field(description="the field of a category that tells the day of a calibration; else empty")


DuesAnswer = ListAnswer[DueAnswer]


@router.get("/due", responses=faults(), summary="What is due until a day")
async def due(
    request: Request,
    person: Caller,
    now: Now,
    paging: PagedLong,
    until: Annotated[Day | None, MAY_BE_EMPTY] = None,
    kind: Annotated[DueKind | None, MAY_BE_EMPTY] = None,
    mine: Annotated[bool, Query(description="what is in the caller's care alone")] = False,
) -> ListAnswer[DueAnswer]:
    """Until three months from now without ``until``, three years at most. Pieces of one name that end on one day are
    one item. All of it for who keeps or counts equipment, for anybody else what is in their care.
    """
    today = now.astimezone(ZoneInfo(options_of(request).timezone)).date()
    last = until or today + USUAL
    if last > today + LONGEST:
        raise Invalid("request.bad_field", field="until", reason=Reason(N_("it is more than three years away")))
    items = await due_items(kinds_of(kind), today, last, today, custodian_of(person, mine))
    part = [_answer(item) for item in paging.part(items)]
    return DuesAnswer(items=part, next=paging.cursor(len(part), len(items)), total=len(items))


def _answer(item: DueItem) -> DueAnswer:
    return DueAnswer(
        kind=item.kind,
        on=item.day,
        name=item.name,
        assets=item.assets,
        asset=item.asset_id,
        room=item.room if item.rooms == 1 else None,
        custodian=item.custodian if item.custodians == 1 else None,
        faulty=item.faulty,
        battery=item.battery,
        what=item.what,
    )
