"""What strangers say who found something with a label of ours: a fault of the kind "found", whose words are read by
those alone who read every report, stand in no history, and are forgotten in time.
"""

from datetime import datetime, timedelta

from registry.core import history
from registry.core.errors import Conflict, Invalid
from registry.core.events import AssetChanged
from registry.core.history import Actor
from registry.core.statements import insert
from registry.core.transaction import transaction
from registry.faults.models import ACTIVE, Fault, FaultAct, FaultEntry
from registry.faults.rules import FOUND, REPORTED

FINDER = Actor("", "finder")
WORDS_LENGTH = 300
# so many words of strangers are taken within an hour: of one label, and of all
WINDOW, OF_ONE, OF_ALL = timedelta(hours=1), 5, 60


async def report_find(code: str, words: str, now: datetime, *, asset_id: int | None, room_id: int | None) -> Fault:
    """Write down where a stranger says that something is; the same label again joins its fault. ``code`` is on the
    asset, the room or nothing.

    Raises Invalid("fault.nothing_said"), Conflict("fault.too_many").
    """
    text = " ".join(words.split())[:WORDS_LENGTH]
    if not text:
        raise Invalid("fault.nothing_said")
    line = f"{code}: {text}"
    async with transaction() as change:
        entries = FaultEntry.filter(source=FINDER.source, at__gt=now - WINDOW)
        of_one = await entries.filter(text__startswith=f"{code}: ").count()
        if of_one >= OF_ONE or await entries.count() >= OF_ALL:
            raise Conflict("fault.too_many")
        fault = await _fault_of(line, now, asset_id, room_id)
        await insert(
            FaultEntry(fault_id=fault.id, act=FaultAct.REPORT, actor="", source=FINDER.source, text=line, at=now)
        )
        after = {"reports": fault.reports, "kind": FOUND, "room_id": room_id, "asset_id": asset_id}
        await history.write(f"fault:{fault.id}", REPORTED, FINDER, now, after=after)
        if asset_id:
            change.happened(AssetChanged(asset_id))
    return fault


async def _fault_of(line: str, now: datetime, asset_id: int | None, room_id: int | None) -> Fault:
    same = Fault.select_for_update().filter(kind=FOUND, state__in=ACTIVE, asset_id=asset_id, room_id=room_id)
    fault = await same.order_by("id").first() if asset_id or room_id else None
    if fault is None:
        fault = Fault(asset_id=asset_id, room_id=room_id, kind=FOUND, text=line, opened_at=now, changed_at=now)
        await insert(fault)
        return fault
    fault.reports, fault.changed_at, fault.revision = fault.reports + 1, now, fault.revision + 1
    await fault.save(update_fields=["reports", "changed_at", "revision"])
    return fault


async def forget_finds(before: datetime) -> int:
    """Delete the words that strangers left before this moment; that there was a report stays. Returns how many."""
    entries = FaultEntry.filter(source=FINDER.source, at__lt=before).exclude(text="")
    async with transaction():
        await Fault.filter(kind=FOUND, opened_at__lt=before).exclude(text="").update(text="")
        return await entries.update(text="")
