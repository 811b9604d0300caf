"""What is asked about blocks: one, those of a stretch of time, and what is in the way of one that is planned."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from tortoise.expressions import Subquery
from tortoise.queryset import QuerySet

from registry.blocks.rules import Span, touches
from registry.bookings.alternatives import rooms_to_have
from registry.bookings.day_rows import TAKING
from registry.bookings.models import Block, Booking, Kind, Status
from registry.bookings.projections import (
    COLUMNS,
    BookingRow,
    Viewer,
    VisibleBooking,
    project,
    works_at_help_point,
)
from registry.bookings.queries import bookable_rooms
from registry.bookings.rules import BLOCK_DAYS, BookingRequest, may_change
from registry.bookings.state import HELD
from registry.core.errors import NotFound
from registry.core.history import HistoryEntry, entries_of
from registry.core.statements import column
from registry.people.models import Person
from registry.rooms.models import Room, Visibility

LOOK_BACK, LOOK_AHEAD = timedelta(days=BLOCK_DAYS + 1), timedelta(days=1)
OFFERED_FOR, OFFERED_ROOMS = 30, 4
HISTORY_LIMIT = 50


def blocks_for(viewer: Viewer) -> QuerySet[Block]:
    """The blocks that a viewer may know of: one with a part in a hidden room would tell when that is taken."""
    if works_at_help_point(viewer):
        return Block.all()
    hidden = Booking.filter(block_id__isnull=False, room__visibility=Visibility.HIDDEN)
    return Block.exclude(id__in=Subquery(hidden.values("block_id")))


async def block_by_id(block_id: UUID, viewer: Viewer) -> Block:
    """Raises NotFound("block.unknown"), also for one that is not theirs to know of."""
    block = await blocks_for(viewer).get_or_none(id=block_id).select_related("created_by")
    if block is None:
        raise NotFound("block.unknown")
    return block


async def blocks_hidden_from(viewer: Viewer, block_ids: Collection[UUID]) -> set[UUID]:
    """Those of these blocks that are not a viewer's to know of."""
    if not block_ids or works_at_help_point(viewer):
        return set()
    parts = Booking.filter(block_id__in=list(block_ids), room__visibility=Visibility.HIDDEN)
    return set(await column(parts.distinct(), "block_id"))


def spans_of(block: Block) -> tuple[Span, ...]:
    """The instants of a block's spans."""
    return tuple((datetime.fromisoformat(since), datetime.fromisoformat(until)) for since, until in block.spans)


async def blocks_between(
    since: datetime, until: datetime | None, room: str, viewer: Viewer, start: int, limit: int, *,
    with_cancelled: bool = True,
) -> tuple[list[Block], int]:  # fmt: skip
    """The blocks that touch [since, until), of one room or of all, the first to begin first, as far as the viewer may
    know of them; and how many there are.
    """
    blocks = blocks_for(viewer).filter(ends_at__gt=since)
    if until is not None:
        blocks = blocks.filter(starts_at__lt=until)
    if not with_cancelled:
        blocks = blocks.filter(cancelled_at__isnull=True)
    if room:
        here = Booking.filter(room__code=room, block_id__isnull=False, ends_at__gt=since)
        blocks = blocks.filter(id__in=await column(here.distinct(), "block_id"))
    rows = await blocks.order_by("starts_at", "id").offset(start).limit(limit).select_related("created_by")
    return rows, await blocks.count()


async def past_blocks(now: datetime, viewer: Viewer, start: int, limit: int) -> tuple[list[Block], int]:
    """Those that are over, the last one first, as far as the viewer may know of them."""
    blocks = blocks_for(viewer).filter(ends_at__lte=now)
    rows = await blocks.order_by("-ends_at", "id").offset(start).limit(limit).select_related("created_by")
    return rows, await blocks.count()


async def bookings_of(block_id: UUID) -> list[UUID]:
    """The ids of the bookings that a block has or had."""
    return await column(Booking.filter(block_id=block_id), "id")


async def history_of(block_id: UUID) -> list[HistoryEntry]:
    """What happened to a block, the newest first."""
    return await entries_of(f"block:{block_id}", HISTORY_LIMIT)


async def rows_in_the_way(
    room_ids: Collection[int], spans: Sequence[Span], but: Collection[UUID] = ()
) -> list[BookingRow]:
    """The bookings of these rooms whose time, set-up and clean-up included, touches the spans, by room and start;
    without the bookings ``but``.
    """
    since, until = min(start for start, _ in spans), max(end for _, end in spans)
    rows = await (
        Booking.filter(
            room_id__in=list(room_ids),
            starts_at__gt=since - LOOK_BACK,
            starts_at__lt=until + LOOK_AHEAD,
            blocked_to__gt=since,
            blocked_from__lt=until,
            status__in=TAKING,
        )
        .order_by("room_id", "starts_at")
        .values_list(*COLUMNS)
    )
    others = {str(booking_id) for booking_id in but}
    return [
        row
        for row in map(BookingRow._make, rows)
        if str(row.id) not in others and touches(spans, row.blocked_from, row.blocked_to)
    ]


def is_over(row: BookingRow, now: datetime) -> bool:
    """Whether nothing can be done about a booking any more."""
    return row.ends_at <= now or Status(row.status) not in HELD


def may_clear(row: BookingRow, viewer: Viewer) -> bool:
    """Whether this viewer may move or cancel a booking."""
    return may_change(viewer, row.organizer_id, row.institution_id, Kind(row.kind))


@dataclass(frozen=True, slots=True)
class BookingInTheWay:
    """A booking in the way, as far as its reader sees it. ``booking_id`` is None where they may not say what becomes of
    it: it stays. ``only_buffer``: its set-up or clean-up alone is in the way. ``rooms`` could be had instead.
    """

    room: Room
    booking: VisibleBooking
    booking_id: UUID | None
    only_buffer: bool
    rooms: tuple[Room, ...] = field(default=())


async def obstacles(
    rooms: Sequence[Room], spans: Sequence[Span], by: Person, viewer: Viewer, now: datetime, but: Collection[UUID] = ()
) -> list[BookingInTheWay]:
    """What is in the way of a block, with the rooms that each booking could move to."""
    by_id = {room.id: room for room in rooms}
    rows = [row for row in await rows_in_the_way(by_id, spans, but) if not is_over(row, now)]
    offered = [room for room in await bookable_rooms(by) if room.id not in by_id] if rows else []
    lines: list[BookingInTheWay] = []
    for row in rows:
        room = by_id[row.room_id]
        booking = project(row, room.code, room.visibility, viewer)
        if booking is None:
            continue
        only_buffer = not touches(spans, row.starts_at, row.ends_at)
        is_theirs = may_clear(row, viewer)
        can_move = is_theirs and not only_buffer and row.kind != Kind.BLOCK and len(lines) < OFFERED_FOR
        others = await _rooms_for(row, room, offered, viewer, now) if can_move else ()
        lines.append(BookingInTheWay(room, booking, UUID(str(row.id)) if is_theirs else None, only_buffer, others))
    return lines


async def _rooms_for(
    row: BookingRow, room: Room, offered: Sequence[Room], viewer: Viewer, now: datetime
) -> tuple[Room, ...]:
    """The rooms of the same class that a booking could have, the one that fits best first."""
    seats = row.attendees or room.capacity
    alike = sorted(
        (other for other in offered if other.visibility == room.visibility),
        key=lambda other: (
            other.building_id != room.building_id, other.capacity < seats, abs(other.capacity - seats), other.id,
        ),
    )[: 3 * OFFERED_ROOMS]  # fmt: skip
    starts_at = max(row.starts_at, now)  # of one that runs
    request = BookingRequest("", starts_at, row.ends_at, row.title, Kind(row.kind), row.attendees, tuple(row.needs))
    return tuple(await rooms_to_have(alike, request, viewer, now))[:OFFERED_ROOMS]
