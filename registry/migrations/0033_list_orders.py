"""The list of assets goes along an index in every order, wherever it goes on."""

from typing import Any

from tortoise import migrations
from tortoise.migrations import operations as ops

# SQLite's indexes end with the id by themselves. Its prices are text
COLUMNS = {
    "price": ("CAST(price AS NUMERIC)", "(CAST(price AS NUMERIC))"),
    "accepted": ("accepted_on", "accepted_on"),
    "warranty": ("warranty_until", "warranty_until"),
    "durable": ("durable_until", "durable_until"),
    "kst": ("kst", "kst"),
    "account": ("account", "account"),
    "serial": ("serial_no", "serial_no"),
    "quantity": ("quantity", "quantity"),
    "lifecycle": ("lifecycle", "lifecycle"),
    "condition": ("condition", "condition"),
    "room": ("room_id", "room_id"),
}
# those that SQLite has an index of already
WITH_ID = {"category": "category", "custodian": "custodian_id"}
OTHERS = {
    "person_by_name": "person (name)",
    "tag_printed": "tag (asset_id) WHERE printed_at IS NOT NULL",
    "fault_open": "fault (asset_id) WHERE state IN ('open', 'taken')",
}


async def forward(apps: Any, editor: Any) -> None:
    is_sqlite = editor.client.capabilities.dialect == "sqlite"
    for name, (sqlite, postgres) in COLUMNS.items():
        columns = sqlite if is_sqlite else f"{postgres}, id"
        await editor.client.execute_query(f"CREATE INDEX asset_by_{name} ON asset ({columns})")
    if not is_sqlite:
        for name, column in WITH_ID.items():
            await editor.client.execute_query(f"CREATE INDEX asset_by_{name} ON asset ({column}, id)")
    for name, columns in OTHERS.items():
        await editor.client.execute_query(f"CREATE INDEX {name} ON {columns}")


async def backward(apps: Any, editor: Any) -> None:
    for name in [*OTHERS, *(f"asset_by_{name}" for name in [*COLUMNS, *WITH_ID])]:
        await editor.client.execute_query(f"DROP INDEX IF EXISTS {name}")


class Migration(migrations.Migration):
    dependencies = [("registry", "0032_numbering")]
    operations = [ops.RunPython(forward, backward)]
