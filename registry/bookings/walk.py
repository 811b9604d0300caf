"""All bookings of some rooms, however many there are, in parts that an index finds."""

from collections.abc import AsyncIterator, Awaitable, Callable, Collection
from datetime import datetime
from typing import Any, Protocol, TypeVar

from tortoise.expressions import Q
from tortoise.queryset import QuerySet

from registry.bookings.models import Booking


class _InRoom(Protocol):
    """A row of a booking with the columns by which the next part is found."""

    @property
    def id(self) -> Any: ...
    @property
    def room_id(self) -> int: ...
    @property
    def starts_at(self) -> datetime: ...


Row = TypeVar("Row", bound=_InRoom)


async def in_parts(
    bookings: QuerySet[Booking],
    room_ids: Collection[int],
    length: int,
    read: Callable[[QuerySet[Booking]], Awaitable[list[Row]]],
) -> AsyncIterator[list[Row]]:
    """Those of the bookings that are of these rooms, room by room and each room's by their start, at most ``length`` at
    once. ``read`` makes rows of a part.
    """
    in_order, ahead = bookings.order_by("room_id", "starts_at", "id").limit(length), sorted(room_ids)
    while ahead:
        rows = part = await read(in_order.filter(room_id__in=ahead))
        yield rows
        while len(part) == length:  # there may be more of the last room, and those behind it were not begun
            last = part[-1]
            ahead = [room_id for room_id in ahead if room_id > last.room_id]
            behind = Q(starts_at__gt=last.starts_at) | Q(id__gt=last.id)
            part = await read(in_order.filter(behind, room_id=last.room_id, starts_at__gte=last.starts_at))
            yield part
        if len(rows) < length:
            return
