"""What is due is found by its day, and a low battery among the low ones alone."""

from typing import Any

from tortoise import migrations
from tortoise.indexes import Index
from tortoise.migrations import operations as ops


async def forward(apps: Any, editor: Any) -> None:
    await editor.client.execute_query("CREATE INDEX device_low_battery ON device (battery) WHERE battery <= 20")


async def backward(apps: Any, editor: Any) -> None:
    await editor.client.execute_query("DROP INDEX device_low_battery")


class Migration(migrations.Migration):
    dependencies = [("registry", "0020_labels")]
    operations = [
        ops.AddIndex(model_name="Asset", index=Index(fields=["warranty_until", "name"])),
        ops.AddIndex(model_name="Asset", index=Index(fields=["durable_until", "name"])),
        ops.RunPython(forward, backward),
    ]
