"""Where pieces have been and who had them, out of the history: of one piece as spans of time, of a room and of a person
as what came and what went.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

import orjson

from registry.core.statements import numbered
from registry.core.transaction import reading_from

OF_ASSETS = "substr(object, 1, 6) = 'asset:'"  # as the indexes of migration "movements" have it
_ROWS = """SELECT id, object, at, actor, action, before, after, reason, source FROM history_entry
WHERE {assets} AND {side} = ? ORDER BY id DESC LIMIT {limit}"""
AT_MOST = 200


class HolderColumn(StrEnum):
    """What holds a piece: a room, or a person."""

    ROOM = "room_id"
    CUSTODIAN = "custodian_id"


@dataclass(frozen=True, slots=True)
class Stay:
    """A span of time in which a piece was in a room, or in none. ``since`` is None before what is known."""

    room_id: int | None
    since: datetime | None
    until: datetime | None


@dataclass(frozen=True, slots=True)
class Movement:
    """A piece came to a room or a person, or went from there. ``other_id`` is where it came from or went to."""

    asset_id: int
    at: datetime
    actor: str
    reason: str
    source: str
    is_arrival: bool
    other_id: int | None


def side_of(side: str, column: HolderColumn, dialect: str) -> str:
    """A value of an entry as SQL, text on PostgreSQL: the expression of an index."""
    if dialect == "postgres":
        return f"({side}->>'{column}')"
    return f"json_extract({side}, '$.{column}')"


def stays(entries: Sequence[Mapping[str, Any]]) -> list[Stay]:
    """Where a piece has been by its entries, the newest first as a history is told; the oldest stay first."""
    spans: list[Stay] = []
    for entry in reversed(entries):
        before, after = entry["before"] or {}, entry["after"] or {}
        if HolderColumn.ROOM not in after:
            continue
        place = after[HolderColumn.ROOM]
        if spans and spans[-1].room_id == place:
            continue
        if spans:
            spans[-1] = Stay(spans[-1].room_id, spans[-1].since, entry["at"])
        elif HolderColumn.ROOM in before:
            spans.append(Stay(before[HolderColumn.ROOM], None, entry["at"]))
        spans.append(Stay(place, entry["at"], None))
    return spans


async def movements_of(column: HolderColumn, holder_id: int, limit: int = AT_MOST) -> list[Movement]:
    """What came to a room or a person and went from there, the newest first."""
    rows = [*await _entries("after", column, holder_id, limit), *await _entries("before", column, holder_id, limit)]
    movements = {}
    for row in sorted(rows, key=lambda row: int(row["id"]), reverse=True):
        before, after = _json(row["before"]), _json(row["after"])
        is_arrival = after.get(column) == holder_id
        if after.get(column) != before.get(column):
            movements[row["id"]] = Movement(
                asset_id=int(row["object"].partition(":")[2]),
                at=_moment(row["at"]),
                actor=row["actor"],
                reason=row["reason"],
                source=row["source"],
                is_arrival=is_arrival,
                other_id=(before if is_arrival else after).get(column),
            )
    return list(movements.values())[:limit]


async def _entries(side: str, column: HolderColumn, holder_id: int, limit: int) -> list[dict[str, Any]]:
    connection = reading_from()
    dialect = connection.capabilities.dialect
    query = _ROWS.format(assets=OF_ASSETS, side=side_of(side, column, dialect), limit=int(limit))
    if dialect == "postgres":
        return await connection.execute_query_dict(numbered(query), [str(holder_id)])
    return await connection.execute_query_dict(query, [holder_id])


def _json(side: Any) -> dict[str, Any]:
    values: dict[str, Any] = orjson.loads(side) if isinstance(side, str) else side or {}
    return values


def _moment(at: Any) -> datetime:
    moment = datetime.fromisoformat(at) if isinstance(at, str) else at
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
