"""Seals of an hour. What an older Izba sealed by the day stays as it is, with no hour.

Going back forgets the seals of hours, which the older Izba cannot check: it seals their entries anew.
"""

from typing import Any

from tortoise import fields, migrations
from tortoise.migrations import operations as ops
from tortoise.migrations.constraints import UniqueConstraint

from registry.core.columns import AddColumn


async def forward(apps: Any, editor: Any) -> None:
    """There is nothing to change: a seal without an hour is one of a day."""


async def backward(apps: Any, editor: Any) -> None:
    await editor.client.execute_query("DELETE FROM history_seal WHERE hour IS NOT NULL")


class Migration(migrations.Migration):
    dependencies = [("registry", "0015_scans")]
    operations = [
        AddColumn(
            model_name="HistorySeal",
            name="hour",
            field=fields.SmallIntField(null=True, description="of UTC, null where an older Izba sealed a whole day"),
        ),
        ops.AlterField(model_name="HistorySeal", name="day", field=fields.DateField()),
        ops.AlterModelOptions(
            name="HistorySeal",
            options={
                "table": "history_seal",
                "app": "registry",
                "unique_together": (("day", "hour"),),
                "pk_attr": "id",
                "table_description": "What was written until an hour of UTC, sealed into one chain.",
            },
        ),
        ops.AddConstraint(model_name="HistorySeal", constraint=UniqueConstraint(fields=("day", "hour"), name=None)),
        ops.RunPython(forward, backward),
    ]
