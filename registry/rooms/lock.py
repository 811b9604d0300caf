"""Rooms locked for a change: whoever writes into a room's time comes through here.

Two numbers of a room grow: its ``version`` with every lock, for whoever keeps what the room's row and its bookings
give, and its ``revision`` when somebody could see a difference. Only the second makes an event.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from tortoise.exceptions import IntegrityError

from registry.core.errors import Conflict, NotFound
from registry.core.events import RoomChanged
from registry.core.statements import ask
from registry.core.transaction import Change, transaction
from registry.rooms.models import Room

# the row lock and the fresh row in one statement
LOCK = "UPDATE room SET version = version + 1 WHERE id = ? RETURNING *"
# the same for a change that is certain to be seen
LOCK_AND_REVISE = "UPDATE room SET version = version + 1, revision = revision + 1 WHERE id = ? RETURNING *"
REVISE = "UPDATE room SET revision = revision + 1 WHERE id = ? RETURNING revision"


@dataclass
class RoomChange(Change):
    """What one transaction does to the rooms it locked. Of a room that the block neither announces nor keeps quiet
    about, everybody is told that it changed.
    """

    rooms: dict[int, Room] = field(default_factory=dict)
    is_revised: bool = False  # the revisions grew with the lock
    compared: set[int] = field(default_factory=set)

    @property
    def room(self) -> Room:
        """The one locked room, as it is inside the transaction."""
        (room,) = self.rooms.values()
        return room

    def announce(self, room: Room, is_near: bool = True) -> None:
        """What can be seen of this locked room differs: its revision grows, and whoever watches is told after the
        commit. The caller stores the revision, unless it grew with the lock. Not ``is_near``: it shows at no door
        today.
        """
        if not self.is_revised:
            room.revision += 1
        self.compared.add(room.id)
        self.happened(RoomChanged(room.id, room.revision, is_near))

    def keep_quiet(self, room: Room) -> None:
        """Nothing that can be seen of this locked room differs: nobody is told."""
        self.compared.add(room.id)


@asynccontextmanager
async def changing(*room_ids: int, is_seen: bool = False) -> AsyncIterator[RoomChange]:
    """A transaction that first locks these rooms, in the order of their ids. With ``is_seen`` their revisions grow in
    the same step: whatever the block does will be seen, or it raises.

    Beside what :func:`registry.core.transaction.transaction` raises: NotFound("room.unknown") for a room that is gone,
    Conflict("booking.overlap") for a double booking that only the database saw.
    """
    change, ids = RoomChange(is_revised=is_seen), sorted(set(room_ids))
    lock = LOCK_AND_REVISE if is_seen else LOCK
    try:
        async with transaction(change, first=[(lock, [room_id]) for room_id in ids]):
            for room_id, rows in zip(ids, change.first_rows, strict=True):
                if not rows:
                    raise NotFound("room.unknown", room=room_id)
                change.rooms[room_id] = Room._init_from_db(**rows[0])
            yield change
            for room in change.rooms.values():
                if room.id not in change.compared:
                    if not is_seen:
                        (row,) = await ask(REVISE, [room.id])
                        room.revision = row["revision"]
                    change.happened(RoomChanged(room.id, room.revision))
    except IntegrityError as fault:
        if "booking_no_overlap" not in str(fault):
            raise
        code = next((room.code for room in change.rooms.values()), "")
        raise Conflict("booking.overlap", room=code, conflicts=[], alternatives=[]) from fault
