"""Sets of pieces that belong together."""

from tortoise import fields, migrations
from tortoise.fields.base import OnDelete
from tortoise.indexes import Index
from tortoise.migrations import operations as ops

from registry.core.fields import UTCDatetimeField


class Migration(migrations.Migration):
    dependencies = [("registry", "0011_drafts")]

    initial = False

    operations = [
        ops.CreateModel(
            name="AssetSet",
            fields=[
                ("id", fields.IntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ("name", fields.CharField(max_length=200)),
                ("note", fields.TextField(default="", unique=False)),
                (
                    "dissolved_at",
                    UTCDatetimeField(
                        null=True, description="its pieces are on their own again", auto_now=False, auto_now_add=False
                    ),
                ),
                ("revision", fields.IntField(default=1)),
            ],
            options={
                "table": "asset_set",
                "app": "registry",
                "indexes": [Index(fields=["dissolved_at", "name"])],
                "pk_attr": "id",
                "table_description": "Pieces that are moved, lent and counted as one. It stands where most of them do.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="SetPart",
            fields=[
                ("id", fields.IntField(generated=True, primary_key=True, unique=True, db_index=True)),
                (
                    "asset_set",
                    fields.ForeignKeyField(
                        "registry.AssetSet",
                        source_field="asset_set_id",
                        db_constraint=True,
                        to_field="id",
                        related_name="parts",
                        on_delete=OnDelete.CASCADE,
                    ),
                ),
                ("name", fields.CharField(max_length=300)),
                ("quantity", fields.IntField()),
            ],
            options={
                "table": "set_part",
                "app": "registry",
                "indexes": [Index(fields=["asset_set_id"])],
                "pk_attr": "id",
                "table_description": "So many of this name belong to a set, whether they are there or not.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="SetPiece",
            fields=[
                ("id", fields.IntField(generated=True, primary_key=True, unique=True, db_index=True)),
                (
                    "asset_set",
                    fields.ForeignKeyField(
                        "registry.AssetSet",
                        source_field="asset_set_id",
                        db_constraint=True,
                        to_field="id",
                        related_name="pieces",
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
                        related_name="set_piece",
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
            ],
            options={
                "table": "set_piece",
                "app": "registry",
                "indexes": [Index(fields=["asset_set_id"])],
                "pk_attr": "id",
                "table_description": "A piece of a set. It is in one set at most.",
            },
            bases=["Model"],
        ),
    ]
