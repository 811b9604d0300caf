"""What a room was last told to look like, its locks counted apart from what can be seen, and one index on both.

PostgreSQL's exclusion constraint has an index of ranges, which does not find the nearest booking: asked for the one in
the way, it read every booking that the room ever had.
"""

from typing import Any

from tortoise import fields, migrations
from tortoise.migrations import operations as ops

from registry.core.columns import AddColumn

HOLDS = "status NOT IN ('cancelled', 'rejected')"


async def forward(apps: Any, editor: Any) -> None:
    if editor.client.capabilities.dialect == "postgres":
        await editor.client.execute_query(
            f"CREATE INDEX booking_holds ON booking (room_id, blocked_to, blocked_from) WHERE {HOLDS}"
        )


async def backward(apps: Any, editor: Any) -> None:
    if editor.client.capabilities.dialect == "postgres":
        await editor.client.execute_query("DROP INDEX booking_holds")


class Migration(migrations.Migration):
    dependencies = [("registry", "0004_number_keys")]
    operations = [
        AddColumn(
            model_name="Room",
            name="version",
            field=fields.BigIntField(default=0, db_default=0, description="grows with every lock of the room"),
        ),
        AddColumn(
            model_name="Room",
            name="appearance",
            field=fields.CharField(
                default="", db_default="", max_length=32, description="digest of what was last told"
            ),
        ),
        ops.RunPython(forward, backward),
    ]
