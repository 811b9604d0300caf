"""The address of a list under a name, of a person or of the office."""

from tortoise import fields, migrations
from tortoise.fields.base import OnDelete
from tortoise.indexes import Index
from tortoise.migrations import operations as ops

from registry.core.fields import UTCDatetimeField


class Migration(migrations.Migration):
    dependencies = [("registry", "0035_device_care")]

    initial = False

    operations = [
        ops.CreateModel(
            name="SavedView",
            fields=[
                ("id", fields.IntField(generated=True, primary_key=True, unique=True, db_index=True)),
                (
                    "owner",
                    fields.ForeignKeyField(
                        "registry.Person",
                        source_field="owner_id",
                        db_constraint=True,
                        to_field="id",
                        related_name="saved_views",
                        on_delete=OnDelete.CASCADE,
                    ),
                ),
                ("name", fields.CharField(max_length=60)),
                (
                    "query",
                    fields.CharField(
                        description="what stands behind the question mark of the address", max_length=2000
                    ),
                ),
                ("is_shared", fields.BooleanField(default=False, description="everybody has it")),
                ("made_at", UTCDatetimeField(auto_now=False, auto_now_add=False)),
                ("revision", fields.IntField(default=1)),
            ],
            options={
                "table": "saved_view",
                "app": "registry",
                "indexes": [Index(fields=["owner_id"]), Index(fields=["is_shared"])],
                "pk_attr": "id",
                "table_description": "A filter, an order and columns of the list of assets.",
            },
            bases=["Model"],
        ),
    ]
