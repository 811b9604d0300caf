"""Numbers that a piece had before find it, and are given to no other."""

from tortoise import fields, migrations
from tortoise.fields.base import OnDelete
from tortoise.indexes import Index
from tortoise.migrations import operations as ops

from registry.core.fields import UTCDatetimeField


class Migration(migrations.Migration):
    dependencies = [("registry", "0016_hourly_seals")]
    operations = [
        ops.CreateModel(
            name="FormerNumber",
            fields=[
                ("id", fields.IntField(generated=True, primary_key=True, unique=True, db_index=True)),
                (
                    "asset",
                    fields.ForeignKeyField(
                        "registry.Asset",
                        source_field="asset_id",
                        db_constraint=True,
                        to_field="id",
                        related_name="former_numbers",
                        on_delete=OnDelete.CASCADE,
                    ),
                ),
                ("number", fields.CharField(max_length=60)),
                (
                    "number_key",
                    fields.CharField(unique=True, description="the number as compared, in rules.py", max_length=180),
                ),
                (
                    "until",
                    UTCDatetimeField(description="when another was given instead", auto_now=False, auto_now_add=False),
                ),
            ],
            options={
                "table": "former_number",
                "app": "registry",
                "indexes": [Index(fields=["asset_id"])],
                "pk_attr": "id",
                "table_description": "A number that a piece had before. It is found by it, and no other piece ever gets"
                " it.",
            },
            bases=["Model"],
        ),
    ]
