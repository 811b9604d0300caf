"""Which rooms are taken, and by which spans, asked by the index booking_holds: bookings of a room never overlap, so the
one that ends next decides, however many there are.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

import orjson

from registry.bookings.models import Kind
from registry.core.statements import numbered
from registry.core.transaction import reading_from
from registry.rooms.models import Room

Span = tuple[datetime, datetime]
NEXT_SPANS = 48
_NEAREST = """SELECT {answer} FROM {wish} WHERE (
    SELECT blocked_from FROM booking
    WHERE room_id = {room} AND status NOT IN ('cancelled', 'rejected') AND blocked_to > wish.since
    ORDER BY blocked_to LIMIT 1
) < wish.until"""
_POSTGRES = _NEAREST.format(
    answer="wish.room_id AS id",
    room="wish.room_id",
    wish="unnest($1::int[], $2::timestamptz[], $3::timestamptz[]) AS wish(room_id, since, until)",
)
# SQLite's library gives up the interpreter's lock for every row and waits to get it back: each way goes one JSON
_WISHES = """WITH wish(since, until, rooms) AS MATERIALIZED (
    SELECT json_extract(value, '$[0]'), json_extract(value, '$[1]'), json_extract(value, '$[2]') FROM json_each(?)
) """
_SQLITE = _WISHES + _NEAREST.format(
    answer="json_group_array(room.value) AS answer", room="room.value", wish="wish, json_each(wish.rooms) AS room"
)
_HOLDS_IN_JSON = "SELECT json_group_array(json_array(id, blocked_from, blocked_to)) AS answer FROM ({holds})"
HOLDS = """SELECT id, blocked_from, blocked_to FROM booking
WHERE room_id = ? AND status NOT IN ('cancelled', 'rejected') AND blocked_to > ? ORDER BY blocked_to LIMIT ?"""


class BlockedSpan(NamedTuple):
    """What one booking takes of its room, set-up and clean-up included."""

    booking: str
    since: datetime
    until: datetime


def taken_question(spans: Mapping[int, Span], dialect: str) -> tuple[str, list[Any]]:
    """The statement that tells which of these rooms are taken in their spans, and its values."""
    # most rooms want the same span: it is written once
    rooms: dict[Span, list[int]] = {}
    for room_id, span in spans.items():
        rooms.setdefault(span, []).append(room_id)
    wishes = [(since.astimezone(UTC), until.astimezone(UTC), ids) for (since, until), ids in rooms.items()]
    if dialect == "sqlite":
        texts = [(since.isoformat(" "), until.isoformat(" "), ids) for since, until, ids in wishes]
        return _SQLITE, [orjson.dumps(texts).decode()]
    rows = [(room_id, since, until) for since, until, ids in wishes for room_id in ids]
    return _POSTGRES, [list(values) for values in zip(*rows, strict=True)]


async def taken_among(spans: Mapping[int, Span]) -> set[int]:
    """The rooms, by id, of which somebody has a part of the blocked span that is wanted there."""
    if not spans:
        return set()
    connection = reading_from()
    rows = await connection.execute_query_dict(*taken_question(spans, connection.capabilities.dialect))
    if connection.capabilities.dialect == "sqlite":
        return set(orjson.loads(rows[0]["answer"]))
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
    if connection.capabilities.dialect == "sqlite":
        (row,) = await connection.execute_query_dict(_HOLDS_IN_JSON.format(holds=HOLDS), values)
        # in JSON instants are text
        texts = orjson.loads(row["answer"])
        spans = [BlockedSpan(id_, datetime.fromisoformat(a), datetime.fromisoformat(b)) for id_, a, b in texts]
    else:
        rows = await connection.execute_query_dict(numbered(HOLDS), values)
        spans = [BlockedSpan(str(row["id"]), row["blocked_from"], row["blocked_to"]) for row in rows]
    return [span for span in spans if span.booking != but]
