"""A counter of passages is a way of sensing of its own: its zero proves nothing.

Going back, one that counts passages senses nothing, for the older Izba would believe its zero.
"""

from typing import Any

from tortoise import fields, migrations
from tortoise.migrations import operations as ops

from registry.core.columns import Redescribe
from registry.devices.models import Sensing


async def forward(apps: Any, editor: Any) -> None:
    """No device is one yet."""


async def backward(apps: Any, editor: Any) -> None:
    await editor.client.execute_query("UPDATE device SET sensing = 'none', kind = 'other' WHERE sensing = 'passage'")


class Migration(migrations.Migration):
    dependencies = [("registry", "0006_request_answers")]
    operations = [
        Redescribe(
            model_name="Device",
            name="sensing",
            field=fields.CharEnumField(
                default=Sensing.NONE,
                description="PIR: pir\nMMWAVE: mmwave\nCOUNTER: counter\nPASSAGE: passage\n"
                "CO2: co2\nCONTACT: contact\nNONE: none",
                enum_type=Sensing,
                max_length=20,
            ),
        ),
        ops.RunPython(forward, backward),
    ]
