"""What changes rooms: their opening hours, what they should hold, what their doors show."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime

from registry.core import history
from registry.core.errors import Conflict
from registry.core.history import Actor
from registry.core.transaction import transaction
from registry.rooms.lock import changing
from registry.rooms.models import Room, StandardItem
from registry.rooms.standards import StandardLine, lines_of, standard_mark


async def set_standard(
    room_id: int, lines: Sequence[StandardLine], actor: Actor, now: datetime, if_mark: str = ""
) -> None:
    """Say what a room should hold, instead of what was said before. ``if_mark`` is what :func:`standard_mark` said of
    what is there when a form was opened. Raises NotFound("room.unknown"), Conflict("request.stale").
    """
    async with changing(room_id) as change:
        former = await lines_of(room_id)
        if former == list(lines):  # also of a form that was sent twice
            change.keep_quiet(change.room)
            return
        if if_mark and if_mark != standard_mark(former):
            raise Conflict("request.stale", revision=change.room.revision)
        await StandardItem.filter(room_id=room_id).delete()
        await StandardItem.bulk_create([StandardItem(room_id=room_id, **asdict(line)) for line in lines])
        before, after = ({"standard": [asdict(line) for line in side]} for side in (former, lines))
        await history.write(f"room:{room_id}", "standard_set", actor, now, before=before, after=after)


async def mark_published(revisions: Mapping[int, int]) -> None:
    """Store that these revisions of these rooms, by id, are on the doors; an older one changes nothing."""
    async with transaction():
        for room_id, revision in sorted(revisions.items()):  # in the order in which everybody locks rooms
            await Room.filter(id=room_id, published__lt=revision).update(published=revision)
