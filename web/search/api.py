"""The search over everything, for programs."""

from typing import Annotated, Literal

from fastapi import Query, Request
from pydantic import BaseModel, Field

from web.auth.access import Caller
from web.kit import routing
from web.kit.answers import ListAnswer
from web.kit.body import LINE
from web.kit.clock import Now
from web.kit.errors import api_language
from web.kit.render import pages_of
from web.kit.routing import faults
from web.search.hits import find

router = routing.router("search")


class HitAnswer(BaseModel):
    kind: Literal["exact", "asset", "room", "booking", "set", "person", "page"]
    title: str
    where: str = Field(description="which of several alike it is: a number, a room, a time")
    url: str = Field(description="its page")


class SearchAnswer(ListAnswer[HitAnswer]):
    things: int = Field(description="how many things fit; GET /assets?q= has them all")


@router.get("/search", responses=faults(), summary="Things, rooms, people, bookings and pages at once")
async def everything(
    request: Request, person: Caller, now: Now, q: Annotated[str, Query(max_length=200), LINE] = ""
) -> SearchAnswer:
    """As the caller may see them: the exact code first, a few of each kind, of bookings one's own."""
    finding = await find(q, person, pages_of(request).words(api_language(request)), now)
    items = [HitAnswer(kind=hit.kind, title=hit.title, where=hit.where, url=hit.url) for hit in finding.hits]
    return SearchAnswer(items=items, next=None, total=len(items), things=finding.things)
