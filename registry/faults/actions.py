"""What changes faults: reporting one, taking it on, saying that it is mended, or that it is not."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import datetime

from registry.assets.actions import passing
from registry.assets.models import Asset, Condition, Lifecycle
from registry.assets.rules import feature_of
from registry.assets.transitions import TRANSITIONS, Answers
from registry.core.errors import Conflict, NotFound
from registry.core.events import AssetChanged
from registry.core.history import Actor
from registry.core.idempotency import RequestKey, record
from registry.core.ids import may_be_id
from registry.core.transaction import Change
from registry.faults import rules
from registry.faults.models import ACTIVE, Fault, FaultAct
from registry.faults.records import FaultPlace, Filed, active_fault, file, go
from registry.rooms.lock import changing

# what becomes of the thing when its fault goes this way
_OF_ASSET = {FaultAct.RESOLVE: TRANSITIONS["mend"], FaultAct.REOPEN: TRANSITIONS["report_fault"]}


@dataclass(frozen=True, slots=True)
class NewReport:
    """What somebody says is broken: a thing, or something in a room, of a kind of rules.KINDS or none. ``fault_id`` is
    the fault that it is, where they know.
    """

    room_id: int | None = None
    asset_id: int | None = None
    kind: str = ""
    text: str = ""
    fault_id: int | None = None


async def report(new: NewReport, actor: Actor, now: datetime, request_key: RequestKey | None = None) -> Filed:
    """File a report. Of a thing: it is faulty from now on, and one in repair stays there. Of a room: a kind that means
    one thing there is about that thing. The same reported again joins the fault.

    Raises Invalid: fault.bad_kind, fault.nothing_said; NotFound: asset.unknown, fault.unknown, room.unknown;
    Conflict("fault.state") for a fault that is mended by now.
    """
    if new.fault_id is not None:
        place = await _place_of(new.fault_id)
    else:
        for refusal in rules.report_faults(new.kind, new.text, new.asset_id is not None):
            raise refusal
        place = FaultPlace(new.room_id, new.asset_id or await _asset_meant(new), new.kind)
    if place.asset_id is None:
        async with changing(place.room_id or 0):
            filed = await file(place, new.text, actor, now)
            await record(request_key, filed)
        return filed
    transition, revisions = TRANSITIONS["report_fault"], {place.asset_id: None}
    answers = Answers(reason=new.text or new.kind)
    async with passing(transition, revisions, answers, actor, now) as passage:
        filed = await file(replace(place, room_id=passage.assets[0].room_id), new.text, actor, now)
        await record(request_key, filed)
    return filed


async def _place_of(fault_id: int) -> FaultPlace:
    fault = await fault_by_id(fault_id)
    return FaultPlace(fault.room_id, fault.asset_id, fault.kind, fault_id)


async def _asset_meant(new: NewReport) -> int | None:
    """The one thing in the room that a kind of fault is about. With none or several nobody knows which it is."""
    if not new.kind:
        return None
    fault = await active_fault(FaultPlace(new.room_id, None, new.kind), "")
    if fault:
        return fault.asset_id
    feature = rules.feature_of(new.kind)
    there = await Asset.filter(room_id=new.room_id, lifecycle=Lifecycle.IN_USE)
    alike = [asset for asset in there if feature_of(asset.name) == feature]
    matches = [asset for asset in alike if asset.condition == Condition.OK] or alike
    return matches[0].id if len(matches) == 1 else None


async def act_on(
    act: FaultAct,
    fault_id: int,
    text: str,
    actor: Actor,
    now: datetime,
    if_revision: int | None = None,
    request_key: RequestKey | None = None,
) -> Fault:
    """Take a fault on, say that it is mended, or open it again. Its thing works again, or is faulty again, with it. A
    fault that is there already stays as it is.

    Raises NotFound("fault.unknown"), Conflict: fault.state, fault.reported_again, request.stale.
    """
    look = await fault_by_id(fault_id)
    if rules.has_arrived(look.state, act, look.owner_id == actor.person_id):
        return look
    for refusal in rules.act_faults(look.state, act):
        raise refusal
    async with _changing(look, act, text, actor, now) as change:
        fault = await Fault.select_for_update().get(id=fault_id)
        if fault.revision != look.revision or if_revision not in (None, fault.revision):
            raise Conflict("request.stale", revision=fault.revision)
        if act is FaultAct.REOPEN:
            await _be_the_only_one(fault)
        await go(change, fault, act, text, actor, now)
        await record(request_key, fault)
    return fault


async def fault_by_id(fault_id: int) -> Fault:
    """Raises NotFound("fault.unknown")."""
    fault = await Fault.get_or_none(id=fault_id) if may_be_id(fault_id) else None
    if fault is None:
        raise NotFound("fault.unknown", fault=fault_id)
    return fault


@asynccontextmanager
async def _changing(fault: Fault, act: FaultAct, text: str, actor: Actor, now: datetime) -> AsyncIterator[Change]:
    """The transaction of an act, with the thing or the room of the fault locked, and told of it."""
    transition = _OF_ASSET.get(act) if fault.kind != rules.FOUND else None  # what was found works as before
    if fault.asset_id and transition:
        async with passing(transition, {fault.asset_id: None}, Answers(reason=text), actor, now) as passage:
            passage.change.happened(AssetChanged(fault.asset_id))
            yield passage.change
        return
    if fault.asset_id is None:
        async with changing(fault.room_id or 0) as change:
            yield change
        return
    async with changing() as change:
        change.happened(AssetChanged(fault.asset_id))
        yield change


async def _be_the_only_one(fault: Fault) -> None:
    """Two faults of the same would each tell half of it."""
    if fault.kind == rules.FOUND:
        return
    others = Fault.filter(state__in=ACTIVE).exclude(id=fault.id).exclude(kind=rules.FOUND)
    if fault.asset_id:
        others = others.filter(asset_id=fault.asset_id)
    elif fault.kind:
        others = others.filter(room_id=fault.room_id, kind=fault.kind)
    else:
        return
    other = await others.order_by("id").first()
    if other:
        raise Conflict("fault.reported_again", number=rules.number_of(other.id))
