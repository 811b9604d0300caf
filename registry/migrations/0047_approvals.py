"""What awaits approval is found by when it begins, however many bookings there are."""

from typing import Any

from tortoise import migrations
from tortoise.migrations import operations as ops

INDEX = "CREATE INDEX booking_tentative ON booking (starts_at) WHERE status = 'tentative'"


async def forward(apps: Any, editor: Any) -> None:
    await editor.client.execute_query(INDEX)


async def backward(apps: Any, editor: Any) -> None:
    await editor.client.execute_query("DROP INDEX booking_tentative")


class Migration(migrations.Migration):
    dependencies = [("registry", "0046_custody_by_state")]
    operations = [ops.RunPython(forward, backward)]
