"""The table of transitions for programs: what may happen to assets, and taking one or many of them through it."""

from typing import Annotated, Any, Literal

from fastapi import Depends, Response
from pydantic import BaseModel, ConfigDict, Field

from registry.assets.models import Lifecycle
from registry.assets.queries import answers_by_code
from registry.assets.transitions import TRANSITIONS, Answers, Transition, transition_named
from registry.core.errors import Forbidden
from registry.faults import asset_transitions
from registry.faults.asset_transitions import TransitionOutcome
from web.assets.api import AssetId, asset_detail
from web.assets.shapes import AssetDetailAnswer
from web.auth.access import Caller
from web.kit import routing
from web.kit.answers import ListAnswer
from web.kit.body import LINE, Body, Day, Login, RecordId, RoomCode, Whole
from web.kit.clock import Now
from web.kit.idempotency import OnceOnly
from web.kit.routing import CallerActor, IfMatch, faults

router = routing.router("assets")
AT_ONCE = 1000


class QuestionAnswer(BaseModel):
    field: str
    required: bool


class StatesAnswer(BaseModel):
    """Of ``from`` any of each list; of ``to`` null leaves what is."""

    lifecycle: list[str] | str | None
    condition: list[str] | str | None


class TransitionAnswer(BaseModel):
    model_config = ConfigDict(populate_by_name=True)

    name: str
    states: StatesAnswer = Field(alias="from")
    to: StatesAnswer
    may: list[str] = Field(description="the roles that may")
    asks: list[QuestionAnswer]
    document: str | None = Field(description="the symbol of the paper that it writes")
    ends_possession: bool = Field(description="refused while a grant keeps the piece here")
    room: str = Field(description="what it does to the rooms: none, readiness, place")


TransitionsAnswer = ListAnswer[TransitionAnswer]


class TransitionBody(Body):
    """``room``, ``custodian``, ``lifecycle``, ``accepted_on``, ``borrower`` and ``due_on`` where the transition asks
    them; a reason for any.
    """

    room: RoomCode | None = None
    custodian: Login | None = None
    lifecycle: Annotated[Literal["in_use", "in_store"] | None, Field(description="of what is accepted")] = None
    accepted_on: Annotated[Day | None, Field(description="without it the day that it has, else today")] = None
    borrower: Annotated[Login | None, Field(description="who borrows it")] = None
    due_on: Annotated[Day | None, Field(description="when it is due back")] = None
    reason: Annotated[str, Field(max_length=300), LINE] = ""

    async def answers(self, transition: Transition) -> Answers:
        """Raises what :func:`registry.assets.queries.answers_by_code` does."""
        return await answers_by_code(
            transition,
            self.room or "",
            self.custodian or "",
            self.reason,
            lifecycle=Lifecycle(self.lifecycle) if self.lifecycle else None,
            accepted_on=self.accepted_on,
            borrower=self.borrower or "",
            due_on=self.due_on,
        )


class ManyTransitionBody(TransitionBody):
    ids: Annotated[list[RecordId], Field(min_length=1, max_length=AT_ONCE)]
    revisions: Annotated[
        dict[str, Annotated[Whole, Field(ge=1)]],
        Field(max_length=AT_ONCE, description="by id, as they were read: a piece that changed since refuses all"),
    ] = {}


class ManyTransitionAnswer(BaseModel):
    document: str | None = Field(description="the number of the paper that was written")
    done: list[int]
    refused: list[dict[str, Any]] = Field(description="empty: what is refused refuses all, with 409")


async def _of_role(name: str, person: Caller) -> Transition:
    transition = transition_named(name)
    if person.role not in transition.roles:
        raise Forbidden("auth.role")
    return transition


# the one of the address, which the caller's role may take
TransitionOfRole = Annotated[Transition, Depends(_of_role)]


@router.get("/transitions", responses=faults(), summary="What may happen to assets")
async def table(person: Caller) -> ListAnswer[TransitionAnswer]:
    rows = [_row(transition) for transition in TRANSITIONS.values()]
    return TransitionsAnswer(items=rows, next=None, total=len(rows))


def _row(transition: Transition) -> TransitionAnswer:
    return TransitionAnswer(
        name=transition.name,
        states=StatesAnswer(lifecycle=sorted(transition.lifecycles), condition=sorted(transition.conditions)),
        to=StatesAnswer(lifecycle=transition.to_lifecycle, condition=transition.to_condition),
        may=sorted(transition.roles),
        asks=[QuestionAnswer(field=question.field, required=question.is_required) for question in transition.asks],
        document=transition.document,
        ends_possession=transition.ends_possession,
        room=transition.room,
    )


@router.post("/transitions/{name}", responses=faults(404, 409), summary="Take many assets through a transition")
async def perform_on_many(
    body: ManyTransitionBody, transition: TransitionOfRole, actor: CallerActor, now: Now, once: OnceOnly
) -> ManyTransitionAnswer:
    """All of them, or none: when one is refused ``refused`` names each that is, as ``{id, code, detail}``."""
    answers = await body.answers(transition)
    revisions = {asset_id: body.revisions.get(str(asset_id)) for asset_id in body.ids}

    return await once(
        lambda key: asset_transitions.perform_on_many(transition.name, revisions, answers, actor, now, key),
        many_answer,
    )


async def many_answer(outcome: TransitionOutcome) -> ManyTransitionAnswer:
    """What a call is answered that took all of these through a transition."""
    number = outcome.document.number if outcome.document else None
    return ManyTransitionAnswer(document=number, done=[asset.id for asset in outcome.assets], refused=[])


@router.post(
    "/assets/{asset_id}/transitions/{name}",
    responses=faults(404, 409, 412),
    summary="Change where a piece is, who has it, or its condition",
)
async def perform(
    asset_id: AssetId,
    person: Caller,
    transition: TransitionOfRole,
    actor: CallerActor,
    now: Now,
    revision: IfMatch,
    once: OnceOnly,
    response: Response,
    body: TransitionBody = TransitionBody(),
) -> AssetDetailAnswer:
    """The names are those of the table."""
    answers = await body.answers(transition)
    return await once(
        lambda key: asset_transitions.perform(transition.name, asset_id, answers, actor, now, revision, key),
        lambda _: asset_detail(asset_id, person, response),
    )
