"""What a sender said of a list, and what is remembered of it for the next."""

from orjson import loads
from tortoise import fields, migrations
from tortoise.fields.data import JSON_DUMPS
from tortoise.indexes import Index
from tortoise.migrations import operations as ops

from registry.core.columns import AddColumn
from registry.core.fields import UTCDatetimeField


class Migration(migrations.Migration):
    dependencies = [("registry", "0017_former_numbers")]

    operations = [
        ops.CreateModel(
            name="ColumnLayout",
            fields=[
                (
                    "digest",
                    fields.CharField(
                        primary_key=True,
                        unique=True,
                        db_index=True,
                        description="of the kind and the titles",
                        max_length=64,
                    ),
                ),
                ("columns", fields.JSONField(encoder=JSON_DUMPS, decoder=loads)),
                ("used_at", UTCDatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "column_layout",
                "app": "registry",
                "indexes": [Index(fields=["used_at"])],
                "pk_attr": "digest",
                "table_description": "What the columns of lists with these titles hold, as somebody said.",
            },
            bases=["Model"],
        ),
        AddColumn(
            model_name="PendingImport",
            name="choices",
            field=fields.JSONField(
                null=True, description="what its sender said of it: choices.py", encoder=JSON_DUMPS, decoder=loads
            ),
        ),
    ]
