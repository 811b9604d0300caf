"""What changes building works: planned, changed, finished or given up; their blocks, and the pieces that they make."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

from tortoise.exceptions import IntegrityError

from registry.assets.models import Asset
from registry.blocks.actions import make_block
from registry.blocks.rules import Clearance, NewBlock
from registry.bookings.models import Block
from registry.core import history
from registry.core.errors import Conflict, Invalid, NotFound
from registry.core.history import Actor
from registry.core.idempotency import RequestKey, record
from registry.core.statements import column
from registry.core.transaction import transaction
from registry.grants.queries import grant_ids
from registry.people.models import Person
from registry.rooms.models import Room
from registry.works.models import Works, WorksAsset, WorksBlock, WorksRoom
from registry.works.queries import WorksLine, works_by_id
from registry.works.rules import MOST_ASSETS, NewWorks, works_faults


@dataclass(frozen=True, slots=True)
class WorksChanges:
    """What should be different of works; None stays as it is. No grant is an empty code."""

    name: str | None = None
    description: str | None = None
    starts_on: date | None = None
    ends_on: date | None = None
    rooms: tuple[str, ...] | None = None
    grant: str | None = None


async def make_works(new: NewWorks, actor: Actor, now: datetime, request_key: RequestKey | None = None) -> Works:
    """Plan works. Raises Invalid for what :func:`works_faults` tells, NotFound: room.unknown, grant.unknown."""
    new = _checked(new)
    async with transaction():
        rooms, grant_id = await _rooms(new.rooms), await _grant(new.grant)
        works = await Works.create(
            name=new.name, description=new.description, starts_on=new.starts_on, ends_on=new.ends_on, grant_id=grant_id
        )
        await WorksRoom.bulk_create([WorksRoom(works_id=works.id, room_id=room_id) for room_id in rooms])
        await history.write_new([(f"works:{works.id}", _entry(new))], "planned", actor, now)
        await record(request_key, works)
    return works


async def change_works(
    works_id: int, changes: WorksChanges, actor: Actor, now: datetime, if_revision: int | None = None
) -> None:
    """Other words, days, rooms or another grant. Raises as :func:`make_works`, NotFound("works.unknown"),
    Conflict: works.over, request.stale.
    """
    line = await works_by_id(works_id)
    former = as_new(line)
    fields = {name: getattr(changes, name) for name in WorksChanges.__slots__}
    new = _checked(replace(former, **{name: value for name, value in fields.items() if value is not None}))
    async with transaction():
        works = await _locked(works_id, if_revision)
        if works.revision != line.revision:  # what stays as it is was read before the lock
            raise Conflict("request.stale", revision=works.revision)
        if new == former:
            return
        rooms = await _rooms(new.rooms)
        works.name, works.description, works.grant_id = new.name, new.description, await _grant(new.grant)
        works.starts_on, works.ends_on, works.revision = new.starts_on, new.ends_on, works.revision + 1
        await works.save()
        await WorksRoom.filter(works_id=works_id).delete()
        await WorksRoom.bulk_create([WorksRoom(works_id=works_id, room_id=room_id) for room_id in rooms])
        before, after = _entry(former), _entry(new)
        await history.write(f"works:{works_id}", "changed", actor, now, before=before, after=after)


async def finish_works(
    works_id: int, day: date, actor: Actor, now: datetime, if_revision: int | None = None,
    request_key: RequestKey | None = None,
) -> Works:  # fmt: skip
    """They are done. Blocks that go on are given back on their own pages. Raises NotFound("works.unknown"),
    Conflict: works.over, request.stale.
    """
    async with transaction():
        works = await _locked(works_id, if_revision)
        works.finished_on, works.revision = day, works.revision + 1
        await works.save()
        await history.write(f"works:{works_id}", "finished", actor, now, after={"finished_on": day.isoformat()})
        await record(request_key, works)
    return works


async def cancel_works(
    works_id: int, actor: Actor, now: datetime, if_revision: int | None = None, request_key: RequestKey | None = None
) -> Works:
    """They are given up. Raises as :func:`finish_works`."""
    async with transaction():
        works = await _locked(works_id, if_revision)
        works.cancelled_at, works.revision = now, works.revision + 1
        await works.save()
        await history.write(f"works:{works_id}", "cancelled", actor, now)
        await record(request_key, works)
    return works


async def block_for_works(
    works_id: int, new: NewBlock, clearance: Clearance, by: Person, actor: Actor, now: datetime,
    request_key: RequestKey | None = None,
) -> Block:  # fmt: skip
    """Block rooms for works, as :func:`registry.blocks.actions.make_block` does. Raises NotFound("works.unknown"),
    Conflict("works.over") beside what that raises.
    """
    await works_by_id(works_id)

    async def belong(block: Block) -> None:
        await _locked(works_id, None)
        await WorksBlock.create(works_id=works_id, block_id=block.id)
        after = {"block": str(block.id), "rooms": block.rooms, "spans": block.spans}
        await history.write(f"works:{works_id}", "blocked", actor, now, after=after)

    return await make_block(new, clearance, by, actor, now, request_key, belong)


async def put_assets(
    works_id: int, asset_ids: Sequence[int], actor: Actor, now: datetime, if_revision: int | None = None
) -> None:
    """These pieces are what works make, instead of those that were. Pieces may be added after the works are over.

    Raises NotFound: works.unknown, asset.unknown; Conflict: works.asset_taken, request.stale;
    Invalid("works.too_many_assets").
    """
    ids = list(dict.fromkeys(asset_ids))
    if len(ids) > MOST_ASSETS:
        raise Invalid("works.too_many_assets", limit=MOST_ASSETS)
    try:
        async with transaction():
            works = await _locked(works_id, if_revision, may_be_over=True)
            if await Asset.filter(id__in=ids).count() < len(ids):
                raise NotFound("asset.unknown")
            before = sorted(await column(WorksAsset.filter(works_id=works_id), "asset_id"))
            if before == sorted(ids):
                return
            await WorksAsset.filter(works_id=works_id).delete()
            await WorksAsset.bulk_create([WorksAsset(works_id=works_id, asset_id=asset_id) for asset_id in ids])
            works.revision += 1
            await works.save()
            former, after = {"assets": before}, {"assets": sorted(ids)}
            await history.write(f"works:{works_id}", "assets_put", actor, now, before=former, after=after)
    except IntegrityError as fault:
        if "works_asset" not in str(fault):
            raise
        raise Conflict("works.asset_taken") from fault


def as_new(line: WorksLine) -> NewWorks:
    """Works as they would be planned today."""
    return NewWorks(line.name, line.starts_on, line.ends_on, line.rooms, line.description, line.grant)


def _checked(new: NewWorks) -> NewWorks:
    rooms = tuple(sorted(set(new.rooms)))
    new = replace(new, name=" ".join(new.name.split()), description=new.description.strip(), rooms=rooms)
    for fault in works_faults(new):
        raise fault
    return new


async def _locked(works_id: int, if_revision: int | None, *, may_be_over: bool = False) -> Works:
    works = await Works.select_for_update().get_or_none(id=works_id)
    if works is None:
        raise NotFound("works.unknown")
    if if_revision not in (None, works.revision):
        raise Conflict("request.stale", revision=works.revision)
    if not may_be_over and (works.finished_on is not None or works.cancelled_at is not None):
        raise Conflict("works.over")
    return works


async def _rooms(codes: Sequence[str]) -> list[int]:
    ids = dict(await Room.filter(code__in=list(codes)).values_list("code", "id"))
    unknown = next((code for code in codes if code not in ids), None)
    if unknown is not None:
        raise NotFound("room.unknown", room=unknown[:40])
    return [int(str(ids[code])) for code in codes]


async def _grant(code: str) -> int | None:
    return (await grant_ids([code]))[code] if code else None


def _entry(new: NewWorks) -> dict[str, Any]:
    return {
        "name": new.name, "description": new.description, "starts_on": new.starts_on.isoformat(),
        "ends_on": new.ends_on.isoformat(), "rooms": list(new.rooms), "grant": new.grant,
    }  # fmt: skip
