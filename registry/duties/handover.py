"""Duties that somebody else takes over."""

from collections.abc import Sequence
from datetime import datetime

from registry.core import history
from registry.core.history import Actor
from registry.duties.models import Duty
from registry.people.models import Person


async def hand_duties_over(duties: Sequence[Duty], former: Person, heir: Person, actor: Actor, now: datetime) -> None:
    """Put another person on these duties, each roster with its history, inside the caller's transaction, which has
    locked their rooms.
    """
    await Duty.filter(id__in=[duty.id for duty in duties]).update(person_id=heir.id)
    rosters: dict[str, list[Duty]] = {}
    for duty in duties:
        rosters.setdefault(f"roster:{duty.roster}" if duty.roster else f"duty:{duty.id}", []).append(duty)
    for thing, theirs in sorted(rosters.items()):
        first = min(duty.starts_at for duty in theirs)
        before, after = {"person": former.login}, {"person": heir.login, "duties": len(theirs), "from": first}
        await history.write(thing, "handed_over", actor, now, before=before, after=after)
