"""A thing's transition with what it means for its faults and with its paper, in one transaction: what is reported is a
fault, what is mended has none, what goes to repair is in somebody's hands; what has gone has none, and has it again
when it comes back as it was; what moves leaves a document.

The one way to take an asset through a transition.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from registry.assets.actions import Passage, passing, the_first, together
from registry.assets.models import Asset, Condition
from registry.assets.transitions import Answers, transition_named
from registry.core.history import Actor, last_of
from registry.core.idempotency import RequestKey, record
from registry.documents.acceptance import paper_obstacles
from registry.documents.actions import issue_for
from registry.documents.models import Document
from registry.faults.models import ACTIVE, Fault, FaultAct, FaultState
from registry.faults.records import FaultPlace, file, go
from registry.faults.rules import FOUND


class TransitionOutcome(NamedTuple):
    """Assets that went through a transition together, and the paper that it left, if any."""

    assets: list[Asset]
    document: Document | None


async def perform(
    name: str,
    asset_id: int,
    answers: Answers,
    actor: Actor,
    now: datetime,
    if_revision: int | None = None,
    request_key: RequestKey | None = None,
) -> Asset:
    """Take an asset through a transition of the table. One that is there already stays as it is.

    Raises NotFound: asset.no_transition, asset.unknown, room.unknown; Invalid("request.missing_field"); Conflict:
    asset.state, request.stale, and what is in the way of its paper: asset.accepted, asset.not_acceptable,
    asset.not_accepted.
    """
    revisions, transition = {asset_id: if_revision}, transition_named(name)
    async with passing(transition, revisions, answers, actor, now, the_first, obstacles=paper_obstacles) as passage:
        await follow(passage)
        await issue_for(passage)
        await record(request_key, passage.assets)
    return passage.assets[0]


async def perform_on_many(
    name: str,
    revisions: Mapping[int, int | None],
    answers: Answers,
    actor: Actor,
    now: datetime,
    request_key: RequestKey | None = None,
    also: Callable[[Sequence[Asset]], Awaitable[object]] | None = None,
) -> TransitionOutcome:
    """Take assets through a transition together: all of them or none. ``revisions`` are those that were looked at, by
    asset; None is any. ``also`` is done in the same transaction.

    Raises as :func:`perform`, but for the assets' own refusals: those are one Conflict("asset.refused"), which names
    each in ``refused`` as ``{id, code, detail}``.
    """
    transition = transition_named(name)
    async with passing(transition, revisions, answers, actor, now, together, obstacles=paper_obstacles) as passage:
        await follow(passage)
        outcome = TransitionOutcome(passage.assets, await issue_for(passage))
        if also:
            await also(passage.assets)
        await record(request_key, outcome)
    return outcome


async def follow(passage: Passage) -> None:
    """Write what a transition means for the faults of its assets."""
    text = passage.answers.reason
    if passage.transition.name == "report_fault":
        for asset in passage.assets:
            await file(FaultPlace(asset.room_id, asset.id), text, passage.actor, passage.now)
        return
    if passage.transition.takes_back:
        await _bring_back(passage)
        return
    acts = {"mend": FaultAct.RESOLVE, "send_to_repair": FaultAct.TAKE}
    # of what has gone nobody mends anything
    has_gone = passage.transition.ends_possession
    act = FaultAct.RESOLVE if has_gone else acts.get(passage.transition.name)
    if act is None:
        return
    states = ACTIVE if act is FaultAct.RESOLVE else (FaultState.OPEN,)
    ids = [asset.id for asset in passage.assets]
    same = Fault.select_for_update().filter(asset_id__in=ids, state__in=states).exclude(kind=FOUND)
    for fault in await same.order_by("id"):
        await go(passage.change, fault, act, text, passage.actor, passage.now, is_mended=not has_gone)


async def _bring_back(passage: Passage) -> None:
    """What comes back without working has a fault again: the one that ended as it went, else a new one."""
    text, actor, now = passage.answers.reason, passage.actor, passage.now
    for asset in passage.assets:
        if asset.condition is Condition.OK or not passage.has_changed(asset):
            continue
        departure = await last_of(f"asset:{asset.id}", passage.transition.takes_back)
        same = Fault.select_for_update().filter(asset_id=asset.id, state=FaultState.RESOLVED).exclude(kind=FOUND)
        fault = await same.filter(resolved_at=departure.at).order_by("-id").first() if departure else None
        if fault:
            await go(passage.change, fault, FaultAct.REOPEN, text, actor, now)
        else:
            await file(FaultPlace(asset.room_id, asset.id), text, actor, now)
