"""Scans: what was read off a label, where, and by what; since when a label is gone."""

from tortoise import fields, migrations
from tortoise.fields.base import OnDelete
from tortoise.indexes import Index
from tortoise.migrations import operations as ops

from registry.core.columns import AddColumn
from registry.core.fields import UTCDatetimeField
from registry.scans.models import Reader, ScanResult


class Migration(migrations.Migration):
    dependencies = [("registry", "0014_files")]

    initial = False

    operations = [
        ops.CreateModel(
            name="Scan",
            fields=[
                ("id", fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ("code", fields.CharField(description="as it was read", max_length=200)),
                (
                    "reader",
                    fields.CharEnumField(
                        description="CAMERA: camera\nKEYS: keys\nLINK: link\nPROGRAM: program",
                        enum_type=Reader,
                        max_length=20,
                    ),
                ),
                (
                    "result",
                    fields.CharEnumField(
                        description="ASSET: asset\nROOM: room\nDEVICE: device\nFAULT: fault\nBLANK: blank\nLOST: lost\n"
                        "SEVERAL: several\nUNKNOWN: unknown",
                        enum_type=ScanResult,
                        max_length=20,
                    ),
                ),
                ("at", UTCDatetimeField(auto_now=False, auto_now_add=False)),
                (
                    "person",
                    fields.ForeignKeyField(
                        "registry.Person",
                        source_field="person_id",
                        null=True,
                        db_constraint=True,
                        to_field="id",
                        related_name="scans",
                        on_delete=OnDelete.SET_NULL,
                    ),
                ),
                (
                    "room",
                    fields.ForeignKeyField(
                        "registry.Room",
                        source_field="room_id",
                        null=True,
                        db_constraint=True,
                        to_field="id",
                        related_name="scans",
                        on_delete=OnDelete.SET_NULL,
                    ),
                ),
                (
                    "asset",
                    fields.ForeignKeyField(
                        "registry.Asset",
                        source_field="asset_id",
                        null=True,
                        db_constraint=True,
                        to_field="id",
                        related_name="scans",
                        on_delete=OnDelete.SET_NULL,
                    ),
                ),
                (
                    "settled_at",
                    UTCDatetimeField(
                        null=True,
                        description="since when somebody has seen to an unknown code",
                        auto_now=False,
                        auto_now_add=False,
                    ),
                ),
            ],
            options={
                "table": "scan",
                "app": "registry",
                "indexes": [
                    Index(fields=["at"]),
                    Index(fields=["person_id", "at"]),
                    Index(fields=["result", "settled_at", "at"]),
                    Index(fields=["asset_id", "at"]),
                    Index(fields=["room_id"]),
                ],
                "pk_attr": "id",
                "table_description": "One reading of a code. ``room`` is where the person stood, if that is known.",
            },
            bases=["Model"],
        ),
        AddColumn(
            model_name="Tag",
            name="lost_at",
            field=UTCDatetimeField(
                null=True,
                description="since when it is said to be gone, until it is linked again",
                auto_now=False,
                auto_now_add=False,
            ),
        ),
    ]
