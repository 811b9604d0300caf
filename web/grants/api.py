"""Grants: all of them, and what each paid for."""

from datetime import date
from typing import Annotated

from fastapi import Depends
from pydantic import BaseModel, Field

from registry.assets.queries import spent_of
from registry.grants.models import Grant
from registry.grants.queries import grant_by_id, grants_in_order
from registry.people.models import Person
from web.auth.access import caller_with
from web.kit import routing
from web.kit.answers import ListAnswer, Paged, pln
from web.kit.record_ids import unless_unknown
from web.kit.routing import faults

router = routing.router("grants")
SeesGrants = Annotated[Person, Depends(caller_with("grants.see"))]


GrantId = Annotated[int, unless_unknown("grant.unknown")]


class GrantAnswer(BaseModel):
    id: int
    code: str
    name: str
    beneficiary: str
    fund: str
    started_on: date | None
    total: str
    granted: str
    percent: str


class GrantDetailAnswer(GrantAnswer):
    assets: int
    spent: str = Field(description="the sum of this grant's shares in the prices of its assets, PLN")


GrantsAnswer = ListAnswer[GrantAnswer]


@router.get("/grants", responses=faults(), summary="All grants")
async def grants(person: SeesGrants, paging: Paged) -> ListAnswer[GrantAnswer]:
    rows, total = await grants_in_order(paging.start, paging.limit)
    return GrantsAnswer(
        items=[GrantAnswer(**_fields(grant)) for grant in rows], next=paging.cursor(len(rows), total), total=total
    )


@router.get("/grants/{grant_id}", responses=faults(404), summary="One grant")
async def grant(grant_id: GrantId, person: SeesGrants) -> GrantDetailAnswer:
    """With how many pieces it paid for, in part or wholly, and how much of their price."""
    row = await grant_by_id(grant_id)
    assets, spent = await spent_of(grant_id)
    return GrantDetailAnswer(**_fields(row), assets=assets, spent=pln(spent))


def _fields(grant: Grant) -> dict[str, object]:
    texts = {name: getattr(grant, name) for name in ("id", "code", "name", "beneficiary", "fund", "started_on")}
    return texts | {name: pln(getattr(grant, name)) for name in ("total", "granted", "percent")}
