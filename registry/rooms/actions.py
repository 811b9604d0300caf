"""What changes about rooms."""

from collections.abc import Mapping

from registry.core.transaction import transaction
from registry.rooms.models import Room


async def mark_published(revisions: Mapping[int, int]) -> None:
    """Store that these revisions of these rooms, by id, are on the doors; an older one changes nothing."""
    async with transaction():
        for room_id, revision in sorted(revisions.items()):  # in the order in which everybody locks rooms
            await Room.filter(id=room_id, published__lt=revision).update(published=revision)
