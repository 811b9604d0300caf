"""The table of transitions for programs: what may happen to assets, and taking one or many of them through it."""

from typing import Annotated, Any

from fastapi import Body, Request
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response

from registry.assets import actions
from registry.assets.queries import answers_by_code
from registry.assets.transitions import TRANSITIONS, Answers, Transition, transition_named
from registry.core.errors import Forbidden
from registry.people.models import Person
from web.assets.api import asset_answer, asset_number
from web.auth.access import Caller, actor_of
from web.kit import routing, shapes
from web.kit.answers import wanted_revision
from web.kit.body import plain
from web.kit.clock import Now
from web.kit.routing import IF_MATCH, faults

router = routing.router("assets")
AT_ONCE = 1000


class TransitionQuestion(BaseModel):
    field: str
    required: bool


class TransitionStates(BaseModel):
    """Of ``from`` any of each list; of ``to`` null leaves what is."""

    lifecycle: list[str] | str | None
    condition: list[str] | str | None


class TransitionRow(BaseModel):
    model_config = ConfigDict(populate_by_name=True)

    name: str
    states: TransitionStates = Field(alias="from")
    to: TransitionStates
    may: list[str] = Field(description="the roles that may")
    asks: list[TransitionQuestion]
    document: str | None = Field(description="the symbol of the paper that it writes")
    room: str = Field(description="what it does to the rooms: none, readiness, place")


class TransitionTable(BaseModel):
    items: list[TransitionRow]
    next: str | None
    total: int


class TransitionBody(BaseModel):
    """``room`` and ``custodian`` where the transition asks them; a reason for any."""

    model_config = ConfigDict(extra="forbid")

    room: Annotated[str, Field(max_length=40)] | None = None
    custodian: Annotated[str, Field(max_length=64, description="a login")] | None = None
    reason: Annotated[str, Field(max_length=300)] = ""


class ManyTransitionBody(TransitionBody):
    ids: Annotated[list[Annotated[int, Field(ge=1, lt=2**31)]], Field(min_length=1, max_length=AT_ONCE)]


class TransitionResult(BaseModel):
    document: str | None = Field(description="the number of the paper that was written")
    done: list[int]
    refused: list[dict[str, Any]] = Field(description="empty: what is refused refuses all, with 409")


@router.get("/transitions", responses=faults(), summary="What may happen to assets")
async def table(person: Caller) -> TransitionTable:
    rows = [_row(transition) for transition in TRANSITIONS.values()]
    return TransitionTable(items=rows, next=None, total=len(rows))


def _row(transition: Transition) -> TransitionRow:
    return TransitionRow(
        name=transition.name,
        states=TransitionStates(lifecycle=sorted(transition.lifecycles), condition=sorted(transition.conditions)),
        to=TransitionStates(lifecycle=transition.to_lifecycle, condition=transition.to_condition),
        may=sorted(transition.roles),
        asks=[TransitionQuestion(field=one.field, required=one.is_required) for one in transition.asks],
        document=transition.document,
        room=transition.room,
    )


@router.post("/transitions/{name}", responses=faults(404, 409), summary="Take many assets through a transition")
async def perform_on_many(
    request: Request, name: str, person: Caller, body: ManyTransitionBody, now: Now
) -> TransitionResult:
    """All of them, or none: when one is refused ``refused`` names each that is, as ``{id, code, detail}``."""
    transition = _allowed(name, person)
    answers = await _answers(transition, body)
    revisions = dict.fromkeys(body.ids)
    await actions.perform_on_many(name, revisions, answers, actor_of(request, person), now)
    return TransitionResult(document=None, done=list(revisions), refused=[])


@router.post(
    "/assets/{asset_id}/transitions/{name}",
    response_model=shapes.AssetDetail,
    responses=faults(404, 409, 412),
    openapi_extra={"parameters": [IF_MATCH]},
    summary="Change where a piece is, who has it, or its condition",
)
async def perform(
    request: Request, asset_id: int, name: str, person: Caller, now: Now,
    body: Annotated[TransitionBody, Body(default_factory=TransitionBody)],
) -> Response:  # fmt: skip
    """The names are those of the table."""
    transition = _allowed(name, person)
    answers = await _answers(transition, body)
    revision = wanted_revision(request)
    await actions.perform(name, asset_number(asset_id), answers, actor_of(request, person), now, revision)
    return await asset_answer(asset_id, person)


def _allowed(name: str, person: Person) -> Transition:
    transition = transition_named(name)
    if person.role not in transition.roles:
        raise Forbidden("auth.role")
    return transition


async def _answers(transition: Transition, body: TransitionBody) -> Answers:
    room, custodian = plain("room", body.room, 40), plain("custodian", body.custodian, 64)
    return await answers_by_code(transition, room, custodian, plain("reason", body.reason, 300))
