"""What is asked about duties."""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from registry.core.transaction import reading_from
from registry.duties.models import Duty

COLUMNS = ("id", "room_id", "roster", "name", "languages", "starts_at", "ends_at", "person__login", "person__name")
# written out: a calendar asks this for every day it shows, and the query builder takes longer than the database
_SELECT = """SELECT d.id, d.room_id, d.roster, d.name, d.languages, d.starts_at, d.ends_at, p.login, p.name AS person
FROM duty d LEFT JOIN person p ON p.id = d.person_id
WHERE d.room_id {rooms} AND d.ends_at > {since} AND d.starts_at < {until} ORDER BY d.starts_at"""


async def duties_between(room_ids: Iterable[int], since: datetime, until: datetime) -> list[dict[str, Any]]:
    """Duties that touch [since, until): who receives people where, in order of start."""
    rooms, span = list(room_ids), [since.astimezone(UTC), until.astimezone(UTC)]
    if not rooms:
        return []
    connection = reading_from()
    if connection.capabilities.dialect == "postgres":
        statement, values = _SELECT.format(rooms="= ANY($1)", since="$2", until="$3"), [rooms, *span]
    else:
        marks = ",".join("?" * len(rooms))
        statement, values = _SELECT.format(rooms=f"IN ({marks})", since="?", until="?"), [*rooms, *span]
    _, rows = await connection.execute_query(statement, values)
    return [_row(tuple(row)) for row in rows]


def _row(values: tuple[Any, ...]) -> dict[str, Any]:
    row = dict(zip(COLUMNS, values, strict=True))
    for name in ("starts_at", "ends_at"):
        if isinstance(row[name], str):
            row[name] = datetime.fromisoformat(row[name])
    return row


async def my_duties(person_id: int, now: datetime, limit: int = 10) -> list[Duty]:
    """The next duties of one person, running ones first; the room is fetched."""
    duties = Duty.filter(person_id=person_id, ends_at__gt=now)
    return await duties.order_by("starts_at").limit(limit).select_related("room")
