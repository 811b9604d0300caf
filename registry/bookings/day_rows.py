"""The bookings of many rooms in a stretch of time, by one written-out query.

Meetings are shorter than LONGEST_MEETING and only blocks may be longer, so the query looks back a day for the ones and
a month for the others, and costs the same in ten years' bookings as in one's.
"""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from operator import attrgetter
from typing import Any

import orjson

from registry.bookings.models import NOT_HOLDING, Status
from registry.bookings.projections import INSTANTS, BookingRow
from registry.bookings.rules import LONGEST_MEETING
from registry.bookings.slot_rows import LONGEST
from registry.core.transaction import reading_from

TAKING = [str(status) for status in Status if status not in NOT_HOLDING]
_ELSEWHERE = {"organizer": "p.login AS organizer", "organizer_name": "p.name AS organizer_name",
              "institution": "i.code AS institution", "public_text": "k.public_text"}  # fmt: skip
_OF_JSON = ("needs", "public_text")
_COLUMNS = ", ".join(_ELSEWHERE.get(name, f"b.{name}") for name in BookingRow._fields)
_ROW = ", ".join(f"json({name})" if name in _OF_JSON else name for name in BookingRow._fields)
_SELECT = """SELECT {columns}
FROM booking b
LEFT JOIN person p ON p.id = b.organizer_id
LEFT JOIN institution i ON i.id = b.institution_id
LEFT JOIN block k ON k.id = b.block_id
WHERE b.room_id {rooms} AND b.status {statuses} AND b.ends_at > {since} AND b.starts_at < {until}
    AND b.starts_at >= {earliest} {kind}"""
_POSTGRES = " UNION ALL ".join(
    _SELECT.format(
        columns=_COLUMNS, rooms="= ANY($1)", statuses="= ANY($2)", since="$3", until="$4", earliest=earliest, kind=kind
    )
    for earliest, kind in (("$5", ""), ("$6", "AND b.starts_at < $5 AND b.kind = 'block'"))
)  # fmt: skip
# SQLite's library gives up the interpreter's lock for every row and waits to get it back, so it hands over one row
_SQLITE = "SELECT json_group_array(json_array({row})) AS answer FROM ({rows})"
_REVISIONS = {
    "postgres": "SELECT id, revision FROM room WHERE id = ANY($1)",
    "sqlite": "SELECT json_group_array(json_array(id, revision)) AS answer FROM room WHERE id IN ({marks})",
}
_TIMES = [index for index, name in enumerate(BookingRow._fields) if name.endswith("_at") or name.startswith("blocked_")]
_moment = lru_cache(INSTANTS)(datetime.fromisoformat)


async def rows_between(
    room_ids: Sequence[int], since: datetime, until: datetime, statuses: Iterable[str] = TAKING
) -> list[BookingRow]:
    """The bookings that touch [since, until), in order of start."""
    states = list(statuses)
    if not room_ids or not states:
        return []
    connection = reading_from()
    if connection.capabilities.dialect == "postgres":
        values = await connection.execute_query_dict(_POSTGRES, [list(room_ids), states, *_times(since, until)])
        rows = [
            BookingRow(**row | {name: row[name] and orjson.loads(row[name]) for name in _OF_JSON}) for row in values
        ]
        return sorted(rows, key=attrgetter("starts_at"))
    (row,) = await connection.execute_query_dict(*_sqlite(room_ids, states, *_times(since, until)))
    return _rows(row["answer"])


async def revisions_and_rows(
    room_ids: Sequence[int], of: Sequence[int], since: datetime, until: datetime
) -> tuple[dict[int, int], list[BookingRow]]:
    """The revision of each room, which every change of the room or of its bookings bumps, and the bookings of some of
    the rooms as :func:`rows_between` gives them: of that revision or, where they changed meanwhile, of a later one.
    """
    connection = reading_from()
    if connection.capabilities.dialect == "postgres":
        pairs = await connection.execute_query_dict(_REVISIONS["postgres"], [list(room_ids)])
        return {pair["id"]: pair["revision"] for pair in pairs}, await rows_between(of, since, until)
    revisions = _REVISIONS["sqlite"].format(marks=",".join("?" * len(room_ids)))
    if not of:
        (row,) = await connection.execute_query_dict(revisions, list(room_ids))
        return dict(orjson.loads(row["answer"])), []
    rows, values = _sqlite(of, TAKING, *_times(since, until))
    both = f"SELECT ({revisions}) AS revisions, ({rows}) AS answer"
    (row,) = await connection.execute_query_dict(both, [*room_ids, *values])
    return dict(orjson.loads(row["revisions"])), _rows(row["answer"])


def _times(since: datetime, until: datetime) -> list[datetime]:
    """The marks of the query that are times."""
    return [at.astimezone(UTC) for at in (since, until, since - LONGEST_MEETING, since - LONGEST)]


def _sqlite(
    room_ids: Sequence[int], statuses: list[str], since: datetime, until: datetime, day: datetime, month: datetime
) -> tuple[str, list[Any]]:
    same = [*room_ids, *statuses, since, until]
    return _statement(len(room_ids), len(statuses)), [*same, day, *same, month, day]


@lru_cache(64)
def _statement(rooms: int, statuses: int) -> str:
    parts = (
        _SELECT.format(
            columns=_COLUMNS,
            rooms=f"IN ({','.join('?' * rooms)})",
            statuses=f"IN ({','.join('?' * statuses)})",
            since="?",
            until="?",
            earliest="?",
            kind=kind,
        )
        for kind in ("", "AND b.starts_at < ? AND b.kind = 'block'")
    )
    return _SQLITE.format(row=_ROW, rows=" UNION ALL ".join(parts))


def _rows(text: str) -> list[BookingRow]:
    """In JSON instants are text."""
    rows = orjson.loads(text)
    for values in rows:
        for index in _TIMES:
            if values[index] is not None:
                values[index] = _moment(values[index])
    return sorted(map(BookingRow._make, rows), key=attrgetter("starts_at"))
