"""What a request was answered, as text, instead of the booking that it made.

Rows that are there hold no answer: who repeats such a request is refused (``request.key_reused``), not served twice.
Going back forgets the keys, for the older Izba wants a booking in each.
"""

from typing import Any

from orjson import loads
from tortoise import fields, migrations
from tortoise.fields.data import JSON_DUMPS
from tortoise.migrations import operations as ops

from registry.core.columns import AddColumn, DropColumn


async def forward(apps: Any, editor: Any) -> None:
    """The columns are all there is to do."""


async def backward(apps: Any, editor: Any) -> None:
    await editor.client.execute_query("DELETE FROM idempotency_key")


class Migration(migrations.Migration):
    dependencies = [("registry", "0005_true_events")]
    operations = [
        AddColumn(
            model_name="IdempotencyKey",
            name="status",
            field=fields.SmallIntField(
                null=True, description="of the answer, null in a row that is older than answers"
            ),
        ),
        AddColumn(
            model_name="IdempotencyKey",
            name="headers",
            field=fields.JSONField(null=True, encoder=JSON_DUMPS, decoder=loads),
        ),
        AddColumn(model_name="IdempotencyKey", name="body", field=fields.TextField(null=True)),
        DropColumn(model_name="IdempotencyKey", name="booking_id"),
        ops.RunPython(forward, backward),
    ]
