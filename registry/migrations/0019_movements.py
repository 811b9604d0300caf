"""Movements: what came to a room or a person, and what went from there, is found in the history by an index."""

from typing import Any

from tortoise import migrations
from tortoise.migrations import operations as ops

_NAMES = {
    ("after", "room_id"): "to_room",
    ("before", "room_id"): "from_room",
    ("after", "custodian_id"): "to_custodian",
    ("before", "custodian_id"): "from_custodian",
}


async def forward(apps: Any, editor: Any) -> None:
    is_postgres = editor.client.capabilities.dialect == "postgres"
    for (side, column), name in _NAMES.items():
        value = f"({side}->>'{column}')" if is_postgres else f"json_extract({side}, '$.{column}')"
        await editor.client.execute_query(
            f"CREATE INDEX history_{name} ON history_entry ({value}, id) "
            f"WHERE substr(object, 1, 6) = 'asset:' AND {value} IS NOT NULL"
        )


async def backward(apps: Any, editor: Any) -> None:
    for name in _NAMES.values():
        await editor.client.execute_query(f"DROP INDEX history_{name}")


class Migration(migrations.Migration):
    dependencies = [("registry", "0018_import_choices")]
    operations = [ops.RunPython(forward, backward)]
