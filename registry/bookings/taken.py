"""Which rooms are taken, and by which spans, asked by the index booking_holds: bookings of a room never overlap, so the
one that ends next decides, however many there are.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from registry.bookings.models import Kind
from registry.core.statements import numbered
from registry.core.transaction import reading_from
from registry.rooms.models import Room

Span = tuple[datetime, datetime]
NEXT_SPANS = 48
_NEAREST = """SELECT wish.room_id AS id FROM {wish} WHERE (
    SELECT blocked_from FROM booking
    WHERE room_id = wish.room_id AND status NOT IN ('cancelled', 'rejected') AND blocked_to > wish.since
    ORDER BY blocked_to LIMIT 1
) < wish.until"""
_POSTGRES = _NEAREST.format(
    wish="unnest($1::int[], $2::timestamptz[], $3::timestamptz[]) AS wish(room_id, since, until)"
)
_SQLITE = "WITH wish(room_id, since, until) AS (VALUES {values}) "
HOLDS = """SELECT id, blocked_from, blocked_to FROM booking
WHERE room_id = ? AND status NOT IN ('cancelled', 'rejected') AND blocked_to > ? ORDER BY blocked_to LIMIT ?"""


class BlockedSpan(NamedTuple):
    """What one booking takes of its room, set-up and clean-up included."""

    booking: str
    since: datetime
    until: datetime


def taken_question(spans: Mapping[int, Span], dialect: str) -> tuple[str, list[Any]]:
    """The statement that tells which of these rooms are taken in their spans, and its values."""
    # most rooms want the same span: each instant is written once
    instants = {at: at.astimezone(UTC) for span in spans.values() for at in span}
    if dialect == "sqlite":
        texts = {at: instant.isoformat(" ") for at, instant in instants.items()}
        wishes: list[tuple[Any, ...]] = [
            (room_id, texts[since], texts[until]) for room_id, (since, until) in spans.items()
        ]
    else:
        wishes = [(room_id, instants[since], instants[until]) for room_id, (since, until) in spans.items()]
        return _POSTGRES, [list(values) for values in zip(*wishes, strict=True)]
    marks = ",".join(["(?,?,?)"] * len(wishes))
    return _SQLITE.format(values=marks) + _NEAREST.format(wish="wish"), [value for wish in wishes for value in wish]


async def taken_among(spans: Mapping[int, Span]) -> set[int]:
    """The rooms, by id, of which somebody has a part of the blocked span that is wanted there."""
    if not spans:
        return set()
    connection = reading_from()
    rows = await connection.execute_query_dict(*taken_question(spans, connection.capabilities.dialect))
    return {row["id"] for row in rows}


async def taken_rooms(rooms: Sequence[Room], since: datetime, until: datetime, kind: Kind | None = None) -> set[int]:
    """The ids of the rooms that cannot be had for all of [since, until): the set-up and clean-up of others counts, and
    the room's own, which only a block does without.
    """
    is_block = kind is Kind.BLOCK
    spans = {
        room.id: (
            since - timedelta(minutes=0 if is_block else room.setup_minutes),
            until + timedelta(minutes=0 if is_block else room.cleanup_minutes),
        )
        for room in rooms
    }
    return await taken_among(spans)


async def blocked_spans(room_id: int, since: datetime, but: str = "") -> list[BlockedSpan]:
    """The next NEXT_SPANS spans that a room is blocked after ``since``, in order, without the booking ``but``."""
    connection, values = reading_from(), [room_id, since.astimezone(UTC), NEXT_SPANS]
    is_sqlite = connection.capabilities.dialect == "sqlite"
    rows = await connection.execute_query_dict(HOLDS if is_sqlite else numbered(HOLDS), values)
    spans = [BlockedSpan(str(row["id"]), _instant(row["blocked_from"]), _instant(row["blocked_to"])) for row in rows]
    return [span for span in spans if span.booking != but]


def _instant(at: datetime | str) -> datetime:
    """SQLite keeps instants as text."""
    return datetime.fromisoformat(at) if isinstance(at, str) else at
