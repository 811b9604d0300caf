"""What labels change: a tag for a room that has none, and that labels were printed."""

from collections.abc import Sequence
from datetime import datetime

from registry.assets.intake import fresh_codes
from registry.assets.models import Tag
from registry.core import history
from registry.core.history import Actor
from registry.core.transaction import transaction
from registry.labels.models import LabelRun
from registry.labels.queries import rooms_without_tag


async def label_rooms(codes: Sequence[str], actor: Actor, now: datetime) -> None:
    """A tag for each of these rooms that has none. Raises NotFound("room.unknown")."""
    if not await rooms_without_tag(codes):
        return
    async with transaction():
        rooms = await rooms_without_tag(codes)
        fresh = await fresh_codes(len(rooms))
        await Tag.bulk_create(
            [Tag(code=code, room_id=room.id, created_at=now) for code, room in zip(fresh, rooms, strict=True)]
        )
        entries = [(f"tag:{code}", {"room_id": room.id}) for code, room in zip(fresh, rooms, strict=True)]
        await history.write_new(entries, "linked", actor, now)


async def note_printed(codes: Sequence[str], form: str, actor: Actor, now: datetime) -> LabelRun:
    """Remember that the labels of these tags were printed; after they were made, or nothing was."""
    async with transaction():
        run = await LabelRun.create(at=now, person_id=actor.person_id, actor=actor.name, format=form, count=len(codes))
        await Tag.filter(code__in=list(codes)).update(printed_at=now)
        await history.write_new([(f"label_run:{run.id}", {"format": form, "count": len(codes)})], "printed", actor, now)
    return run
