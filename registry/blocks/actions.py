"""What changes blocks: rooms are taken out of use, at other times, and given back. All rooms are locked first, in the
order of their ids, so that two blocks of the same rooms wait for each other and never for ever.
"""

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from registry.blocks.queries import block_by_id, is_over, may_clear, rows_in_the_way, spans_of
from registry.blocks.rules import (
    MOST_PARTS,
    Clearance,
    NewBlock,
    Span,
    Way,
    first_touched,
    from_moment,
    joined,
    parts_beside,
    reasons,
    touches,
)
from registry.bookings.actions import give_way, move_away, store_together
from registry.bookings.models import Block, Booking, Kind, Status
from registry.bookings.projections import BookingRow, Viewer, as_json, project, sees_times, viewer_of
from registry.bookings.release import settle_touched
from registry.bookings.rules import BLOCKS
from registry.bookings.state import HELD
from registry.core import history
from registry.core.errors import Conflict, Forbidden, Invalid, NotFound
from registry.core.history import Actor
from registry.core.idempotency import RequestKey, record
from registry.core.statements import column, insert
from registry.people.models import Person
from registry.rooms.lock import RoomChange, changing
from registry.rooms.models import Room
from registry.rooms.queries import rooms_of_codes, zone_of

BECAUSE = "room_not_ready"  # of the list of reasons for a cancellation, which serves in every room


@dataclass(frozen=True, slots=True)
class BlockChanges:
    """What should be different of a block; None stays as it is."""

    rooms: tuple[str, ...] | None = None
    spans: tuple[Span, ...] | None = None
    reason: str | None = None
    public_text: Mapping[str, str] | None = None


async def make_block(
    new: NewBlock, clearance: Clearance, by: Person, actor: Actor, now: datetime,
    request_key: RequestKey | None = None, belong: Callable[[Block], Awaitable[None]] | None = None,
) -> Block:  # fmt: skip
    """Take rooms out of use. Raises Forbidden, Invalid, NotFound("room.unknown"), and Conflict: block.in_the_way with
    every booking that nobody decided on, as far as ``by`` may see it; block.nothing_left; booking.overlap in a room
    that a booking should move to. ``belong`` stores, in the same transaction, what the block belongs to.
    """
    viewer = viewer_of(by)
    for refusal in reasons(new, viewer, now):
        raise refusal
    rooms = await _rooms(new.rooms, viewer)
    async with changing(*rooms, *await _targets(clearance)) as change:
        block = Block(created_at=now, created_by_id=by.id)
        _write(block, new, rooms.values())
        await insert(block)
        taking = _Taking(change, block, clearance, by, viewer, actor, now)
        await taking.take(rooms, spans_of(block))
        await history.write_new([(f"block:{block.id}", entry_of(block))], "blocked", actor, now)
        if belong:
            await belong(block)
        await _settle(change, now)
        await record(request_key, block)
    return block


async def change_block(
    block_id: UUID, changes: BlockChanges, clearance: Clearance, by: Person, actor: Actor, now: datetime,
    if_revision: int | None = None, request_key: RequestKey | None = None,
) -> Block:  # fmt: skip
    """Block other rooms, other times or for another reason. What is over of it stays. Raises as :func:`make_block`,
    NotFound("block.unknown"), Conflict: block.over, request.stale.
    """
    viewer = viewer_of(by)
    former = await block_by_id(block_id, viewer)
    new = _changed(former, changes)
    for refusal in reasons(new, viewer, now, spans_of(former)):
        raise refusal
    rooms = await _rooms(new.rooms, viewer)
    former_rooms = await _rooms_of_parts(former)
    async with changing(*former_rooms, *rooms, *await _targets(clearance)) as change:
        block = await Block.get(id=block_id)
        if block.revision != former.revision or if_revision not in (None, block.revision):
            raise Conflict("request.stale", revision=block.revision)
        _must_last(block, now)
        before, is_moved = entry_of(block), _takes_otherwise(former, changes)
        _write(block, new, rooms.values())
        block.revision += 1
        await block.save()
        if is_moved:
            await _Taking(change, block, clearance, by, viewer, actor, now).retake(rooms, spans_of(block))
        await history.write(f"block:{block.id}", "changed", actor, now, before=before, after=entry_of(block))
        await _settle(change, now)
        await record(request_key, block)
    return block


async def cancel_block(
    block_id: UUID, by: Person, actor: Actor, now: datetime, if_revision: int | None = None,
    request_key: RequestKey | None = None,
) -> Block:  # fmt: skip
    """Give the rooms back from now on. One that was given back already stays so. Raises NotFound("block.unknown"),
    Forbidden, Conflict: block.over, request.stale.
    """
    former = await block_by_id(block_id, viewer_of(by))
    if by.role not in BLOCKS:
        raise Forbidden("auth.role")
    async with changing(*await _rooms_of_parts(former)) as change:
        block = await Block.get(id=block_id)
        if block.revision != former.revision or if_revision not in (None, block.revision):
            raise Conflict("request.stale", revision=block.revision)
        if block.cancelled_at is None:
            _must_last(block, now)
            before = entry_of(block)
            block.cancelled_at, block.revision = now, block.revision + 1
            await block.save()
            for booking in await _bookings_ahead(block, now):
                await give_way(change, booking, now, actor, now)
            await history.write(f"block:{block.id}", "cancelled", actor, now, before=before, after=entry_of(block))
        await _settle(change, now)
        await record(request_key, block)
    return block


def entry_of(block: Block) -> dict[str, Any]:
    """What the history says of a block."""
    return {
        "rooms": block.rooms,
        "spans": block.spans,
        "reason": block.reason,
        "public_text": block.public_text,
        "cancelled_at": block.cancelled_at and block.cancelled_at.isoformat(),
    }


def _write(block: Block, new: NewBlock, rooms: Collection[Room]) -> None:
    spans = joined(new.spans)
    block.rooms = [room.code for room in rooms]
    block.spans = [[at.astimezone(UTC).isoformat() for at in span] for span in spans]
    block.starts_at, block.ends_at = spans[0][0], max(until for _, until in spans)
    block.reason, block.public_text = new.reason, {key: text for key, text in new.public_text.items() if text}


def _changed(former: Block, changes: BlockChanges) -> NewBlock:
    return NewBlock(
        rooms=tuple(former.rooms) if changes.rooms is None else changes.rooms,
        spans=spans_of(former) if changes.spans is None else changes.spans,
        reason=former.reason if changes.reason is None else changes.reason,
        public_text=former.public_text if changes.public_text is None else changes.public_text,
    )


def _takes_otherwise(former: Block, changes: BlockChanges) -> bool:
    """Whether other rooms or times are blocked than before."""
    new = _changed(former, changes)
    return set(new.rooms) != set(former.rooms) or joined(new.spans) != spans_of(former)


def _must_last(block: Block, now: datetime) -> None:
    if block.cancelled_at is not None or block.ends_at <= now:
        raise Conflict("block.over")


async def _rooms(codes: Collection[str], viewer: Viewer) -> dict[int, Room]:
    """The rooms of these codes by their id. Raises NotFound("room.unknown"), Forbidden("room.not_yours") for one whose
    times are hidden from who asks: what a block leaves there would tell of them.
    """
    rooms = {room.code: room for room in await rooms_of_codes(set(codes))}
    for code in codes:
        if code not in rooms:
            raise NotFound("room.unknown", room=code[:40])
    for room in rooms.values():
        if not sees_times(room.visibility, viewer):
            raise Forbidden("room.not_yours", room=room.code)
    return {room.id: room for room in sorted(rooms.values(), key=lambda room: room.id)}


async def _rooms_of_parts(block: Block) -> set[int]:
    """The ids of a block's rooms, and of any other in which it has a part."""
    parts = Booking.filter(block_id=block.id).distinct()
    return {room.id for room in await rooms_of_codes(block.rooms)} | set(await column(parts, "room_id"))


async def _targets(clearance: Clearance) -> list[int]:
    """The ids of the rooms that bookings move to. Raises NotFound("room.unknown"), Invalid("block.no_other_room")."""
    moves = [decision for decision in clearance.decisions.values() if decision.way is Way.MOVE]
    if any(not decision.room for decision in moves):
        raise Invalid("block.no_other_room")
    rooms = {room.code: room.id for room in await rooms_of_codes({decision.room for decision in moves})}
    for decision in moves:
        if decision.room not in rooms:
            raise NotFound("room.unknown", room=decision.room[:40])
    return list(rooms.values())


async def _settle(change: RoomChange, now: datetime) -> None:
    for room in change.rooms.values():
        await settle_touched(change, room, now)


async def _bookings_ahead(block: Block, now: datetime) -> list[Booking]:
    """What a block has of its rooms from now on."""
    return await Booking.filter(block_id=block.id, ends_at__gt=now, status__in=[str(status) for status in HELD])


@dataclass(frozen=True, slots=True)
class _Taking:
    """One block that takes its locked rooms."""

    change: RoomChange
    block: Block
    clearance: Clearance
    by: Person
    viewer: Viewer
    actor: Actor
    now: datetime

    async def take(self, rooms: Mapping[int, Room], spans: Sequence[Span]) -> None:
        """Store what the block has of its rooms beside what stays there."""
        others = await self._clear(rooms, spans, ())
        parts = [(room_id, part) for room_id in rooms for part in self._parts(rooms[room_id], spans, others)]
        await self._store(parts)

    async def retake(self, rooms: Mapping[int, Room], spans: Sequence[Span]) -> None:
        """Store it for other rooms or times than before. What stays the same is left alone."""
        ahead, coming = await _bookings_ahead(self.block, self.now), from_moment(spans, self.now)
        others = await self._clear(rooms, coming, [booking.id for booking in ahead])
        pieces = [(room_id, part) for room_id in rooms for part in self._parts(rooms[room_id], coming, others)]
        for booking in ahead:
            part = (booking.room_id, (max(booking.starts_at, self.now), booking.ends_at))
            if part in pieces:
                pieces.remove(part)
                continue
            await give_way(self.change, booking, self.now, self.actor, self.now)
            if booking.status is Status.ENDED:
                others.setdefault(booking.room_id, []).append((booking.blocked_from, booking.blocked_to))
        await self._store(
            (room_id, lot) for room_id, part in pieces for lot in parts_beside([part], others.get(room_id, ()))
        )

    async def _clear(
        self, rooms: Mapping[int, Room], spans: Sequence[Span], but: Collection[UUID]
    ) -> dict[int, list[Span]]:
        """Do to the bookings in the way what was decided; returns what stays, by the room's id."""
        rows = await rows_in_the_way(rooms, spans, but)
        ways = {row.id: self._way(row, spans) for row in rows}
        if undecided := [row for row in rows if ways[row.id] is None]:
            raise await self._in_the_way(rooms, undecided)
        others: dict[int, list[Span]] = {}
        for row in rows:
            way = ways[row.id]
            assert way
            if way is not Way.KEEP and not may_clear(row, self.viewer):
                raise Forbidden("booking.not_yours")
            span = await self._act(row, way, spans)
            if span:
                others.setdefault(row.room_id, []).append(span)
        return others

    def _way(self, row: BookingRow, spans: Sequence[Span]) -> Way | None:
        """None where nobody has said. What is over stays, and what only sets up or cleans up then is not cancelled."""
        if is_over(row, self.now):
            return Way.KEEP
        decision = self.clearance.decision_on(UUID(str(row.id)))
        if decision is None or decision.way is Way.MOVE:
            return decision.way if decision else None
        return decision.way if touches(spans, row.starts_at, row.ends_at) else Way.KEEP

    async def _act(self, row: BookingRow, way: Way, spans: Sequence[Span]) -> Span | None:
        """What the booking has of its room afterwards."""
        if way is Way.KEEP:
            return row.blocked_from, row.blocked_to
        booking = await Booking.get(id=row.id)
        if way is Way.MOVE:
            code = self.clearance.decisions[booking.id].room
            target = next(room.id for room in self.change.rooms.values() if room.code == code)
            await move_away(self.change, booking, target, self.by, self.actor, self.now)
            return None
        since = first_touched(spans, row.starts_at, row.ends_at)
        await give_way(self.change, booking, since, self.actor, self.now, BECAUSE)
        return None if booking.status is Status.CANCELLED else (booking.blocked_from, booking.blocked_to)

    async def _in_the_way(self, rooms: Mapping[int, Room], rows: Sequence[BookingRow]) -> Conflict:
        conflicts = []
        for row in rows:
            room = rooms[row.room_id]
            booking = project(row, room.code, room.visibility, self.viewer)
            if booking is not None:
                conflicts.append(as_json(booking, await zone_of(room)))
        return Conflict("block.in_the_way", count=len(rows), conflicts=conflicts)

    def _parts(self, room: Room, spans: Sequence[Span], others: Mapping[int, Sequence[Span]]) -> list[Span]:
        """Raises Conflict("block.nothing_left")."""
        parts = parts_beside(spans, others.get(room.id, ()))
        if not parts:
            raise Conflict("block.nothing_left", room=room.code)
        return parts

    async def _store(self, parts: Any) -> None:
        bookings = [
            Booking(
                room_id=room_id, block_id=self.block.id, kind=Kind.BLOCK, status=Status.CONFIRMED,
                source=self.actor.source, starts_at=since, ends_at=until, blocked_from=since, blocked_to=until,
                planned_ends_at=until, protected=True, created_at=self.now,
            )
            for room_id, (since, until) in parts
        ]  # fmt: skip
        if len(bookings) > MOST_PARTS:
            raise Invalid("block.too_large")
        if bookings:
            await store_together(bookings, self.actor, self.now)
