"""Which of a device's values means what, and why what it sent last was refused.

Going back forgets both.
"""

from orjson import loads
from tortoise import fields, migrations
from tortoise.fields.data import JSON_DUMPS

from registry.core.columns import AddColumn
from registry.core.fields import UTCDatetimeField


class Migration(migrations.Migration):
    dependencies = [("registry", "0007_passage_counters")]
    operations = [
        AddColumn(
            model_name="Device",
            name="value_keys",
            field=fields.JSONField(
                null=True,
                description="which key of its messages means what: occupancy, people, battery, online",
                encoder=JSON_DUMPS,
                decoder=loads,
            ),
        ),
        AddColumn(
            model_name="Device",
            name="refusal",
            field=fields.CharField(
                null=True, description="why something that it sent was refused last", max_length=200
            ),
        ),
        AddColumn(
            model_name="Device",
            name="refused_at",
            field=UTCDatetimeField(null=True, auto_now=False, auto_now_add=False),
        ),
    ]
