"""No double booking by construction: an exclusion constraint on PostgreSQL, triggers on SQLite, one name for both.

Bookings of a room never overlap, so only the nearest one that ends after the new one begins can be in its way: the
SQLite triggers look at that one alone, and stay as fast in a year's bookings as in a day's.
"""

from typing import Any

from tortoise import migrations
from tortoise.migrations import operations as ops

from registry.core.errors import Conflict

HOLDS = "status NOT IN ('cancelled', 'rejected')"

BLOCKS = "CREATE INDEX booking_blocks ON booking (room_id, starts_at) WHERE kind = 'block'"

POSTGRES = [
    BLOCKS,
    "CREATE EXTENSION IF NOT EXISTS btree_gist",
    f"""ALTER TABLE booking ADD CONSTRAINT booking_no_overlap EXCLUDE USING gist
        (room_id WITH =, tstzrange(blocked_from, blocked_to, '[)') WITH &&) WHERE ({HOLDS})""",
    "ALTER TABLE booking ADD CONSTRAINT booking_span CHECK (starts_at < ends_at AND blocked_from < blocked_to)",
]

TRIGGER = """CREATE TRIGGER booking_no_overlap_{when} BEFORE {event} ON booking WHEN NEW.{holds}
BEGIN
    SELECT RAISE(ABORT, 'booking_span') WHERE NEW.starts_at >= NEW.ends_at OR NEW.blocked_from >= NEW.blocked_to;
    SELECT RAISE(ABORT, 'booking_no_overlap') WHERE (
        SELECT blocked_from FROM booking
        WHERE room_id = NEW.room_id AND {holds} AND blocked_to > NEW.blocked_from AND id <> NEW.id
        ORDER BY blocked_to LIMIT 1
    ) < NEW.blocked_to;
END"""

SQLITE = [
    BLOCKS,
    f"CREATE INDEX booking_holds ON booking (room_id, blocked_to, blocked_from) WHERE {HOLDS}",
    TRIGGER.format(when="insert", event="INSERT", holds=HOLDS),
    TRIGGER.format(
        when="update", event="UPDATE OF room_id, status, starts_at, ends_at, blocked_from, blocked_to", holds=HOLDS
    ),
]

UNDO = {
    "postgres": [
        "DROP INDEX booking_blocks",
        "ALTER TABLE booking DROP CONSTRAINT booking_no_overlap",
        "ALTER TABLE booking DROP CONSTRAINT booking_span",
    ],
    "sqlite": [
        "DROP INDEX booking_blocks",
        "DROP TRIGGER booking_no_overlap_insert",
        "DROP TRIGGER booking_no_overlap_update",
        "DROP INDEX booking_holds",
    ],
}


# which of the two stands nobody but the office can say
OVERLAPS = """SELECT room.code AS room, former.id AS former_id, latter.id AS latter_id
FROM booking AS former
JOIN booking AS latter ON latter.room_id = former.room_id AND latter.blocked_from < former.blocked_to
    AND (latter.blocked_from, latter.id) > (former.blocked_from, former.id)
JOIN room ON room.id = former.room_id
WHERE former.status NOT IN ('cancelled', 'rejected') AND latter.status NOT IN ('cancelled', 'rejected')
ORDER BY former.blocked_from, former.id LIMIT 20"""


async def forward(apps: Any, editor: Any) -> None:
    """Raises Conflict("database.overlaps") when bookings overlap already; then nothing is changed."""
    dialect = editor.client.capabilities.dialect
    if pairs := await editor.client.execute_query_dict(OVERLAPS):
        words = "; ".join(f"{pair['room']}: {pair['former_id']}, {pair['latter_id']}" for pair in pairs)
        raise Conflict("database.overlaps", pairs=words)
    # execute_query takes one whole statement; the editor's own runner splits a trigger at its semicolons
    for statement in POSTGRES if dialect == "postgres" else SQLITE:
        await editor.client.execute_query(statement)


async def backward(apps: Any, editor: Any) -> None:
    for statement in UNDO[editor.client.capabilities.dialect]:
        await editor.client.execute_query(statement)


class Migration(migrations.Migration):
    dependencies = [("registry", "0001_initial")]
    operations = [ops.RunPython(forward, backward)]
