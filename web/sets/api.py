"""Sets: what belongs together, what each lacks, and taking a whole one through a transition."""

from typing import Annotated

from fastapi import Depends, Query, Response

from registry.faults import asset_transitions
from registry.people.models import Person
from registry.sets.actions import NewSet, SetChanges, change_set, dissolve_set, make_set
from registry.sets.queries import set_state, sets_in_order
from web.assets.transitions_api import ManyTransitionAnswer, TransitionBody, TransitionOfRole, many_answer
from web.auth.access import Caller, caller_with
from web.kit import routing
from web.kit.answers import ListAnswer, Paged, etag
from web.kit.body import LINE
from web.kit.clock import Now
from web.kit.idempotency import OnceOnly
from web.kit.record_ids import unless_unknown
from web.kit.routing import CallerActor, IfMatch, faults
from web.sets.shapes import NewSetBody, SetAnswer, SetChangesBody, SetsAnswer, set_answer

router = routing.router("assets")
SetId = Annotated[int, unless_unknown("set.unknown")]
Keeper = Annotated[Person, Depends(caller_with("assets.change"))]
Word = Annotated[str, Query(max_length=64), LINE]


@router.get("/sets", responses=faults(), summary="Sets, by name, with what each lacks")
async def listing(person: Caller, paging: Paged, q: Word = "", room: Word = "") -> ListAnswer[SetAnswer]:
    """Those that were not dissolved. ``room``: where a piece of it stands."""
    rows, total = await sets_in_order(q, room, paging.start, paging.limit)
    items = [set_answer(row) for row in rows]
    return SetsAnswer(items=items, next=paging.cursor(len(items), total), total=total)


@router.post("/sets", status_code=201, responses=faults(404, 409), summary="Put pieces together")
async def make(
    body: NewSetBody, person: Keeper, actor: CallerActor, now: Now, once: OnceOnly, response: Response
) -> SetAnswer:
    parts = None if body.parts is None else tuple(part.part() for part in body.parts)
    new = NewSet(body.name, tuple(body.assets), body.note, parts)
    return await once(lambda key: make_set(new, actor, now, key), lambda row: _detail(row.id, response))


@router.get("/sets/{set_id}", responses=faults(404), summary="One set, piece by piece")
async def one(set_id: SetId, person: Caller, response: Response) -> SetAnswer:
    return await _detail(set_id, response)


@router.patch("/sets/{set_id}", responses=faults(404, 409, 412), summary="Change what belongs to a set")
async def change(
    set_id: SetId, body: SetChangesBody, person: Keeper, actor: CallerActor, now: Now, revision: IfMatch,
    response: Response,
) -> SetAnswer:  # fmt: skip
    fields = body.changes()
    if "parts" in fields:
        fields["parts"] = tuple(part.part() for part in body.parts)
    if "assets" in fields:
        fields["asset_ids"] = tuple(fields.pop("assets"))
    await change_set(set_id, SetChanges(**fields), actor, now, revision)
    return await _detail(set_id, response)


@router.post("/sets/{set_id}/dissolve", responses=faults(404, 409, 412), summary="Take a set apart")
async def dissolve(
    set_id: SetId, person: Keeper, actor: CallerActor, now: Now, revision: IfMatch, once: OnceOnly, response: Response
) -> SetAnswer:
    """Its pieces stay where they are."""
    return await once(
        lambda key: dissolve_set(set_id, actor, now, revision, key), lambda row: _detail(row.id, response)
    )


@router.post(
    "/sets/{set_id}/transitions/{name}", responses=faults(404, 409), summary="Take a whole set through a transition"
)
async def perform(
    set_id: SetId,
    transition: TransitionOfRole,
    actor: CallerActor,
    now: Now,
    once: OnceOnly,
    body: TransitionBody = TransitionBody(),
) -> ManyTransitionAnswer:
    """All of its pieces, or none."""
    state = await set_state(set_id)
    answers = await body.answers(transition)
    revisions = {piece.asset_id: piece.revision for piece in state.pieces}
    return await once(
        lambda key: asset_transitions.perform_on_many(transition.name, revisions, answers, actor, now, key),
        many_answer,
    )


async def _detail(set_id: int, response: Response) -> SetAnswer:
    answer = set_answer(await set_state(set_id))
    response.headers["etag"] = etag(answer.revision)
    return answer
