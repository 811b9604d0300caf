"""What is written of a fault inside somebody's transaction: a report that begins or joins one, an act that moves it."""

from dataclasses import dataclass
from datetime import datetime

from tortoise.expressions import Q

from registry.assets.rules import fold
from registry.core import history
from registry.core.history import Actor
from registry.core.statements import insert
from registry.core.transaction import Change
from registry.faults import rules
from registry.faults.models import ACTIVE, Fault, FaultAct, FaultEntry, FaultState
from registry.faults.notices import tell_owner, tell_reporters
from registry.faults.rules import goal
from registry.people.models import Person

ENTRIES = {
    FaultAct.TAKE: "fault_taken",
    FaultAct.RESOLVE: "fault_resolved",
    FaultAct.REOPEN: "fault_reopened",
}


@dataclass(frozen=True, slots=True)
class FaultPlace:
    """What a report is about: a thing, or a room as a whole. ``kind`` is of rules.KINDS or empty; ``fault_id`` is the
    fault that it is, where that is known.
    """

    room_id: int | None
    asset_id: int | None = None
    kind: str = ""
    fault_id: int | None = None


@dataclass(frozen=True, slots=True)
class Filed:
    """A report that was filed. ``is_joined``: the fault was there already."""

    fault: Fault
    is_joined: bool


async def file(place: FaultPlace, text: str, actor: Actor, now: datetime) -> Filed:
    """Write a report down: it joins the fault that somebody has reported already, or begins one. What it is about is
    locked by the caller.
    """
    same = await active_fault(place, text)
    if same:
        fault = await Fault.select_for_update().get(id=same.id)
        fault.reports += 1
        fault.changed_at = now
        fault.revision += 1
        await fault.save(update_fields=["reports", "changed_at", "revision"])
    else:
        fault = Fault(
            room_id=place.room_id, asset_id=place.asset_id, kind=place.kind, text=text, opened_at=now, changed_at=now
        )
        await insert(fault)
    await _note(fault, FaultAct.REPORT, text, actor, now)
    after = {"reports": fault.reports, "kind": place.kind, "room_id": fault.room_id, "asset_id": fault.asset_id}
    await history.write(f"fault:{fault.id}", rules.REPORTED, actor, now, after=after, reason=text)
    if place.asset_id is None:
        room, words = f"room:{place.room_id}", text or place.kind
        await history.write(room, rules.REPORTED, actor, now, after={"kind": place.kind}, reason=words)
    return Filed(fault, fault.reports > 1)


async def active_fault(place: FaultPlace, text: str) -> Fault | None:
    """The fault that such a report joins: of a thing, whatever is said of it; of a room, one of the same kind. Without
    a kind, what is said tells whether it is the same. Raises Conflict("fault.state") for a known one that is mended.
    """
    if place.fault_id is not None:
        named = await Fault.get(id=place.fault_id)
        for refusal in rules.act_faults(named.state, FaultAct.RESOLVE):
            raise refusal
        return named
    active = Fault.filter(state__in=ACTIVE)
    if place.asset_id is not None:
        return await active.filter(asset_id=place.asset_id).exclude(kind=rules.FOUND).order_by("id").first()
    if place.kind:
        there = active.filter(Q(asset_id=None) | Q(asset__room_id=place.room_id))
        return await there.filter(room_id=place.room_id, kind=place.kind).order_by("id").first()
    words = fold(text)
    entries = FaultEntry.filter(
        act=FaultAct.REPORT, fault__room_id=place.room_id, fault__asset_id__isnull=True, fault__kind="",
        fault__state__in=ACTIVE,
    )  # fmt: skip
    for fault_id, report_text in await entries.order_by("id").values_list("fault_id", "text"):
        if fold(report_text) == words:
            return await Fault.get(id=fault_id)
    return None


async def go(
    change: Change, fault: Fault, act: FaultAct, text: str, actor: Actor, now: datetime, *, is_mended: bool = True
) -> None:
    """Write down what somebody does about a fault, which is locked and can go this way. Not ``is_mended``: it ends with
    its thing, and whoever reported it is not told that it works again.
    """
    before = {"state": fault.state, "owner_id": fault.owner_id}
    fault.state = goal(act)
    if act is FaultAct.REOPEN:
        fault.owner_id = None
    elif actor.person_id and (act is FaultAct.TAKE or fault.owner_id is None):
        fault.owner_id = actor.person_id
    fault.resolved_at = now if fault.state is FaultState.RESOLVED else None
    fault.changed_at = now
    fault.revision += 1
    await fault.save(update_fields=["state", "owner_id", "resolved_at", "changed_at", "revision"])
    await _note(fault, act, text, actor, now)
    after = {"state": fault.state, "owner_id": fault.owner_id}
    await history.write(f"fault:{fault.id}", ENTRIES[act], actor, now, before=before, after=after, reason=text)
    if act is FaultAct.RESOLVE and is_mended:
        await tell_reporters(change, fault, actor, now)


async def _note(fault: Fault, act: FaultAct, text: str, actor: Actor, now: datetime) -> None:
    await insert(
        FaultEntry(
            fault_id=fault.id, act=act, person_id=actor.person_id, actor=actor.name, source=actor.source, text=text,
            at=now,
        )
    )  # fmt: skip


async def hand_over(change: Change, fault: Fault, heir: Person, actor: Actor, now: datetime) -> None:
    """Give a locked fault to another owner; it stays in its state."""
    before = {"owner_id": fault.owner_id}
    fault.owner_id, fault.changed_at = heir.id, now
    fault.revision += 1
    await fault.save(update_fields=["owner_id", "changed_at", "revision"])
    after = {"owner_id": heir.id}
    await history.write(f"fault:{fault.id}", "fault_handed_over", actor, now, before=before, after=after)
    await tell_owner(change, fault, actor, now)
