"""Rooms locked for a change: whoever writes into a room's time comes through here."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

from tortoise.exceptions import IntegrityError

from registry.core.errors import Conflict, NotFound
from registry.core.events import RoomChanged
from registry.core.transaction import Change, transaction
from registry.rooms.models import Room

# the row lock and the fresh row in one statement
LOCK = "UPDATE room SET revision = revision + 1 WHERE id = ? RETURNING *"


class RoomChange(Change):
    """What one transaction does to the rooms it locked."""

    def __init__(self) -> None:
        super().__init__()
        self.rooms: dict[int, Room] = {}

    @property
    def room(self) -> Room:
        """The one locked room, as it is inside the transaction."""
        (room,) = self.rooms.values()
        return room

    def mark_far(self, room_id: int) -> None:
        """What happens to this locked room shows only on another day."""
        self.events = [
            replace(event, is_near=False) if isinstance(event, RoomChanged) and event.room_id == room_id else event
            for event in self.events
        ]


@asynccontextmanager
async def changing(*room_ids: int) -> AsyncIterator[RoomChange]:
    """A transaction that first locks these rooms, in the order of their ids, and bumps their revision.

    Beside what :func:`registry.core.transaction.transaction` raises: NotFound("room.unknown") for a room that is gone,
    Conflict("booking.overlap") for a double booking that only the database saw.
    """
    change, ids = RoomChange(), sorted(set(room_ids))
    try:
        async with transaction(change, first=[(LOCK, [room_id]) for room_id in ids]):
            for room_id, rows in zip(ids, change.first_rows, strict=True):
                if not rows:
                    raise NotFound("room.unknown", room=room_id)
                room = change.rooms[room_id] = Room._init_from_db(**rows[0])
                change.happened(RoomChanged(room.id, room.revision))
            yield change
    except IntegrityError as fault:
        if "booking_no_overlap" not in str(fault):
            raise
        code = next((room.code for room in change.rooms.values()), "")
        raise Conflict("booking.overlap", room=code, conflicts=[], alternatives=[]) from fault
