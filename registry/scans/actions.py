"""What writes scans down, and what is done with what was scanned. Each is one transaction."""

from dataclasses import dataclass
from datetime import datetime

from registry.assets.labels import adopt_number
from registry.assets.transitions import Answers
from registry.core import history
from registry.core.errors import NotFound
from registry.core.history import Actor
from registry.core.idempotency import RequestKey, record
from registry.core.statements import insert
from registry.core.transaction import transaction
from registry.faults.asset_transitions import perform_on_many
from registry.people.models import Person
from registry.rooms.models import Room
from registry.scans import rules
from registry.scans.models import Reader, Scan, ScanResult
from registry.scans.queries import Match, MovePlan


@dataclass(frozen=True, slots=True)
class CodeReading:
    """A code as it was read: by what, when, by whom, and the room they stood in."""

    code: str
    reader: Reader
    at: datetime
    person: Person | None = None
    room: Room | None = None


async def log(reading: CodeReading, match: Match, request_key: RequestKey | None = None) -> Scan:
    """Write a scan down with what it was."""
    scan = Scan(
        code=rules.printable(reading.code),
        reader=reading.reader,
        result=match.result,
        at=reading.at,
        person_id=reading.person.id if reading.person else None,
        room_id=match.room.id if match.room else reading.room.id if reading.room else None,
        asset_id=match.asset["id"] if match.asset else None,
    )
    async with transaction():
        await insert(scan)
        await record(request_key, scan)
    return scan


async def move_here(
    plan: MovePlan, actor: Actor, now: datetime, reason: str = "", request_key: RequestKey | None = None
) -> MovePlan:
    """Move what the plan moves into its room, all of it or nothing. Raises Conflict("asset.refused")."""
    if plan.moves:
        await perform_on_many("move", plan.moves, Answers(plan.room.id, reason=reason), actor, now, request_key)
    return plan


async def settle(scan_id: int, actor: Actor, now: datetime, asset_id: int | None = None) -> None:
    """Say that an unknown code is seen to: every scan of it is. With an asset it is a number of that from now on,
    without one the history of the scan tells who said so. Said again it stays as it is.

    Raises NotFound("scan.unknown"), and what :func:`adopt_number` does.
    """
    async with transaction() as change:
        scan = await Scan.get_or_none(id=scan_id, result=ScanResult.UNKNOWN)
        if scan is None:
            raise NotFound("scan.unknown", scan=scan_id)
        if asset_id is not None:
            await adopt_number(asset_id, scan.code, change, actor, now)
        same = Scan.filter(code=scan.code, result=ScanResult.UNKNOWN, settled_at=None)
        many = await same.update(settled_at=now)
        if many and asset_id is None:
            await history.write(
                f"scan:{scan_id}", "settled", actor, now, after={"scans": many}
            )  # what was read is forgotten with its scans


async def forget(before: datetime) -> int:
    """Delete the scans that were made before this moment. Returns how many."""
    return await Scan.filter(at__lt=before).delete()
