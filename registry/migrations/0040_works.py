"""Building works, with their rooms, blocks and pieces."""

from tortoise import fields, migrations
from tortoise.fields.base import OnDelete
from tortoise.indexes import Index
from tortoise.migrations import operations as ops

from registry.core.fields import UTCDatetimeField


class Migration(migrations.Migration):
    dependencies = [("registry", "0039_invoice_lines")]

    initial = False

    operations = [
        ops.CreateModel(
            name="Works",
            fields=[
                ("id", fields.IntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ("name", fields.CharField(max_length=200)),
                ("description", fields.TextField(default="", unique=False)),
                (
                    "grant",
                    fields.ForeignKeyField(
                        "registry.Grant",
                        source_field="grant_id",
                        null=True,
                        db_constraint=True,
                        to_field="id",
                        related_name="works",
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                ("starts_on", fields.DateField()),
                ("ends_on", fields.DateField(description="the last day")),
                ("finished_on", fields.DateField(null=True)),
                ("cancelled_at", UTCDatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("revision", fields.IntField(default=1)),
            ],
            options={
                "table": "works",
                "app": "registry",
                "indexes": [Index(fields=["ends_on", "starts_on"])],
                "pk_attr": "id",
                "table_description": "Building works as one project. "
                "What they are at a moment follows from their days.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="WorksAsset",
            fields=[
                ("id", fields.IntField(generated=True, primary_key=True, unique=True, db_index=True)),
                (
                    "works",
                    fields.ForeignKeyField(
                        "registry.Works",
                        source_field="works_id",
                        db_constraint=True,
                        to_field="id",
                        related_name="assets",
                        on_delete=OnDelete.CASCADE,
                    ),
                ),
                (
                    "asset",
                    fields.OneToOneField(
                        "registry.Asset",
                        source_field="asset_id",
                        db_constraint=True,
                        to_field="id",
                        related_name="works_asset",
                        on_delete=OnDelete.CASCADE,
                    ),
                ),
            ],
            options={
                "table": "works_asset",
                "app": "registry",
                "indexes": [Index(fields=["works_id"])],
                "pk_attr": "id",
                "table_description": "A piece that works made or bought. It comes of one at most.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="WorksBlock",
            fields=[
                ("id", fields.IntField(generated=True, primary_key=True, unique=True, db_index=True)),
                (
                    "works",
                    fields.ForeignKeyField(
                        "registry.Works",
                        source_field="works_id",
                        db_constraint=True,
                        to_field="id",
                        related_name="blocks",
                        on_delete=OnDelete.CASCADE,
                    ),
                ),
                (
                    "block",
                    fields.OneToOneField(
                        "registry.Block",
                        source_field="block_id",
                        db_constraint=True,
                        to_field="id",
                        related_name="works_block",
                        on_delete=OnDelete.CASCADE,
                    ),
                ),
            ],
            options={
                "table": "works_block",
                "app": "registry",
                "indexes": [Index(fields=["works_id"])],
                "pk_attr": "id",
                "table_description": "A block that was made for works.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="WorksRoom",
            fields=[
                ("id", fields.IntField(generated=True, primary_key=True, unique=True, db_index=True)),
                (
                    "works",
                    fields.ForeignKeyField(
                        "registry.Works",
                        source_field="works_id",
                        db_constraint=True,
                        to_field="id",
                        related_name="rooms",
                        on_delete=OnDelete.CASCADE,
                    ),
                ),
                (
                    "room",
                    fields.ForeignKeyField(
                        "registry.Room",
                        source_field="room_id",
                        db_constraint=True,
                        to_field="id",
                        related_name="works",
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
            ],
            options={
                "table": "works_room",
                "app": "registry",
                "unique_together": (("works_id", "room_id"),),
                "indexes": [Index(fields=["room_id"])],
                "pk_attr": "id",
                "table_description": "A room that works are done in.",
            },
            bases=["Model"],
        ),
    ]
