"""The bookings around now of many rooms, by one written-out query: a start and each look at the whole house read
thousands of them.
"""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from operator import attrgetter
from typing import Any
from uuid import UUID

import orjson

from registry.bookings.models import NOT_HOLDING, Kind, Status
from registry.bookings.state import HELD, Slot
from registry.core.transaction import reading_from

LONGEST = timedelta(days=31)
AHEAD = timedelta(hours=36)
BEHIND = timedelta(hours=25)  # a door shows its whole day, and one day has 25 hours
SLOT_COLUMNS = (
    "id", "starts_at", "ends_at", "status", "kind", "blocked_from", "blocked_to", "planned_ends_at", "protected",
    "checked_in_at", "warned_at", "released_at", "release_reason", "source",
)  # fmt: skip
# a title is read only where the class of the room may show it
_COLUMNS = (
    *("b." + name for name in ("room_id", *SLOT_COLUMNS)), "k.public_text",
    "CASE WHEN b.room_id {public} THEN b.title ELSE '' END",
)  # fmt: skip
_SLOTS = """SELECT {columns} FROM booking b LEFT JOIN block k ON k.id = b.block_id
WHERE b.room_id {rooms} AND b.starts_at >= {earliest} AND b.starts_at < {latest}
    AND b.status NOT IN ({not_holding}) AND (b.ends_at >= {behind} OR b.status IN ({held}))"""
_STATUSES = {
    name: ", ".join(f"'{status}'" for status in sorted(statuses))
    for name, statuses in (("not_holding", NOT_HOLDING), ("held", HELD))
}
# where in JSON an instant is text, and what is more than its text or number
_TIMES = [place for place, name in enumerate(SLOT_COLUMNS) if name.endswith("_at") or name.startswith("blocked_")]
_KINDS = {SLOT_COLUMNS.index(name): kind for name, kind in (("status", Status), ("kind", Kind), ("protected", bool))}
_AMONG = "IN (SELECT value FROM json_each(?))"
_POSTGRES = _SLOTS.format(
    columns=", ".join(f"{column} AS c{place}" for place, column in enumerate(_COLUMNS)).format(public="= ANY($1)"),
    rooms="= ANY($2)", earliest="$3", latest="$4", behind="$5", **_STATUSES,
)  # fmt: skip
# SQLite's library gives up the interpreter's lock for every row and waits to get it back, so it hands over one row
_SQLITE = _SLOTS.format(
    columns="json_group_array(json_array({})) AS answer".format(
        ", ".join(_COLUMNS).format(public=_AMONG).replace("k.public_text", "json(k.public_text)")
    ),
    rooms=_AMONG, earliest="?", latest="?", behind="?", **_STATUSES,
)  # fmt: skip


async def slots_around(public: Sequence[int], others: Sequence[int], now: datetime) -> dict[int, list[Slot]]:
    """The bookings that may matter to a room's state or its door now, by the room's id and in order of start, the
    unfinished ones of the past included: nobody ended them while nothing ran. Only those of the rooms in ``public``
    have a title.
    """
    slots: dict[int, list[Slot]] = {room_id: [] for room_id in (*public, *others)}
    times = [at.astimezone(UTC) for at in (now - LONGEST, now + AHEAD, now - BEHIND)]
    connection = reading_from()
    if connection.capabilities.dialect == "postgres":
        values: list[Any] = [list(public), list(slots), *times]
        for row in await connection.execute_query_dict(_POSTGRES, values):
            room_id, *columns, text, title = row.values()
            slots[room_id].append(_slot([*columns, text and orjson.loads(text), title]))
    else:
        texts = [orjson.dumps(list(ids)).decode() for ids in (public, slots)]
        (row,) = await connection.execute_query_dict(_SQLITE, [*texts, *times])
        for room_id, *columns in orjson.loads(row["answer"]):
            columns[0] = UUID(columns[0])
            for place in _TIMES:
                columns[place] = columns[place] and datetime.fromisoformat(columns[place])
            slots[room_id].append(_slot(columns))
    return {room_id: sorted(of_room, key=attrgetter("starts_at")) for room_id, of_room in slots.items()}


def _slot(columns: list[Any]) -> Slot:
    for place, kind in _KINDS.items():
        columns[place] = kind(columns[place])
    return Slot(*columns)
