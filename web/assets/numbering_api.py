"""How the pieces of a unit are numbered, for programs: the rules, a new one, and the numbers that are next."""

from datetime import date
from typing import Annotated

from fastapi import Depends, Query, Response
from pydantic import BaseModel, Field

from registry.assets.corrections import give_next_number
from registry.assets.models import NumberTemplate
from registry.assets.next_numbers import next_numbers, number_schemes, scheme_of
from registry.assets.number_sequences import NewScheme, add_scheme, remove_scheme
from registry.assets.numbering import NumberFacts, NumberScheme
from registry.assets.rules import Account
from registry.people.models import Person
from registry.rooms.queries import office_day
from web.assets.api import AssetId, asset_detail
from web.assets.shapes import AssetDetailAnswer
from web.auth.access import Caller, caller_with
from web.kit import routing
from web.kit.answers import ListAnswer, Paged
from web.kit.body import LINE, Body, Day, Whole
from web.kit.clock import Now
from web.kit.idempotency import OnceOnly
from web.kit.record_ids import unless_unknown
from web.kit.routing import CallerActor, IfMatch, faults

router = routing.router("assets")
Keeper = Annotated[Person, Depends(caller_with("assets.change"))]
Unit = Annotated[str, Field(min_length=1, max_length=20), LINE]
SchemeId = Annotated[int, unless_unknown("numbering.unknown")]


class NewSchemeBody(Body):
    unit: Unit
    template: Annotated[str, Field(max_length=80, description="{unit}/{account}/{kst}/{seq:5}/{yy}"), LINE]
    starts_on: Day
    accounts: Annotated[list[Account], Field(max_length=4, description="none: all that no other rule names")] = []
    first: Annotated[Whole, Field(ge=1, le=999_999_999)] = 1


class SchemeAnswer(BaseModel):
    id: int
    unit: str
    template: str
    starts_on: date
    accounts: list[str]
    first: int


class NumberBody(Body):
    unit: Unit


class NextNumbersAnswer(BaseModel):
    numbers: list[str] = Field(description="what so many pieces would get now, if nobody is quicker")


@router.get("/numbering", responses=faults(), summary="By which rules pieces are numbered")
async def listing(person: Caller, paging: Paged) -> ListAnswer[SchemeAnswer]:
    """By unit, the newest first."""
    schemes = await number_schemes()
    items = [_answer(scheme) for scheme in paging.part(schemes)]
    return ListAnswer[SchemeAnswer](items=items, next=paging.cursor(len(items), len(schemes)), total=len(schemes))


@router.post("/numbering", status_code=201, responses=faults(409), summary="Number a unit's pieces from a day on")
async def add(body: NewSchemeBody, person: Keeper, actor: CallerActor, now: Now, once: OnceOnly) -> SchemeAnswer:
    new = NewScheme(body.unit, body.template, body.starts_on, tuple(body.accounts), body.first)
    return await once(lambda key: add_scheme(new, actor, now, key), _stored)


async def _stored(row: NumberTemplate) -> SchemeAnswer:
    return _answer(scheme_of(row))


@router.delete(
    "/numbering/{scheme_id}",
    status_code=204,
    responses=faults(404, 409),
    summary="Take back a rule without numbers",
)
async def remove(scheme_id: SchemeId, person: Keeper, actor: CallerActor, now: Now) -> None:
    await remove_scheme(scheme_id, actor, now)


@router.get("/numbering/next", responses=faults(409), summary="The numbers that are next")
async def coming(
    person: Keeper,
    now: Now,
    unit: Annotated[str, Query(min_length=1, max_length=20), LINE],
    account: Account,
    kst: Annotated[str, Query(max_length=10), LINE] = "",
    accepted_on: Day | None = None,
    pieces: Annotated[int, Query(ge=1, le=200)] = 1,
) -> NextNumbersAnswer:
    """Nothing is given by asking. A number is given with ``POST /assets`` and its ``unit``."""
    facts = NumberFacts(unit, account, kst, accepted_on or await office_day(now))
    return NextNumbersAnswer(numbers=await next_numbers(facts, pieces))


def _answer(scheme: NumberScheme) -> SchemeAnswer:
    return SchemeAnswer(
        id=scheme.id, unit=scheme.unit, template=scheme.template, starts_on=scheme.starts_on,
        accounts=list(scheme.accounts), first=scheme.first,
    )  # fmt: skip


@router.post("/assets/{asset_id}/number", responses=faults(404, 409, 412), summary="Give a piece the next number")
async def give(
    asset_id: AssetId,
    body: NumberBody,
    person: Keeper,
    actor: CallerActor,
    now: Now,
    revision: IfMatch,
    once: OnceOnly,
    response: Response,
) -> AssetDetailAnswer:
    """One that has a number keeps it."""
    return await once(
        lambda key: give_next_number(asset_id, body.unit, actor, now, revision, key),
        lambda asset: asset_detail(asset.id, person, response),
    )
