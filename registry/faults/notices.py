"""Who is told what of a fault: who has to see to it from now on, and whoever reported it once it is mended."""

from collections.abc import Collection
from datetime import datetime

from registry.assets.models import Asset
from registry.core.history import Actor
from registry.core.statements import column
from registry.core.transaction import Change
from registry.faults import rules
from registry.faults.models import Fault, FaultAct, FaultEntry
from registry.outbox.actions import NewNotice, tell
from registry.rooms.models import HELP_POINT, Room


async def tell_owner(change: Change, fault: Fault, actor: Actor, now: datetime) -> None:
    """Tell the owner of a fault that it is theirs, unless they took it on themselves."""
    if fault.owner_id:
        await _tell(change, fault, "fault.assigned", {fault.owner_id} - {actor.person_id}, now)


async def tell_reporters(change: Change, fault: Fault, actor: Actor, now: datetime) -> None:
    """Tell whoever reported a fault that it is mended, unless they mended it themselves."""
    reports = FaultEntry.filter(fault_id=fault.id, act=FaultAct.REPORT, person_id__isnull=False)
    await _tell(change, fault, "fault.mended", {*await column(reports, "person_id")} - {actor.person_id}, now)


async def _tell(change: Change, fault: Fault, kind: str, people: Collection[int | None], now: datetime) -> None:
    ids = sorted(person_id for person_id in people if person_id)
    if not ids:
        return
    facts = await _facts(fault)
    event = f"{kind}:{fault.id}:{fault.revision}"
    await tell(change, [NewNotice(person_id, kind, event, f"fault:{fault.id}", facts) for person_id in ids], now)


async def _facts(fault: Fault) -> dict[str, str]:
    """Out of a confidential or hidden room a fault is a number: what is broken there, and where, stays in the house."""
    facts = {"number": rules.number_of(fault.id)}
    room = await Room.get_or_none(id=fault.room_id) if fault.room_id else None
    if room and room.visibility in HELP_POINT:
        return facts
    asset = await Asset.get_or_none(id=fault.asset_id) if fault.asset_id else None
    place = {"room": room.code} if room else {}
    return facts | place | ({"name": asset.name} if asset else {"fault_kind": fault.kind})
