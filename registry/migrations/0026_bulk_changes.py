"""Changes of many pieces that are looked at before they are carried out."""

from orjson import loads
from tortoise import fields, migrations
from tortoise.fields.base import OnDelete
from tortoise.fields.data import JSON_DUMPS
from tortoise.indexes import Index
from tortoise.migrations import operations as ops

from registry.bulk_changes.models import BulkState, PieceFate
from registry.core.fields import UTCDatetimeField


class Migration(migrations.Migration):
    dependencies = [("registry", "0025_office")]

    initial = False

    operations = [
        ops.CreateModel(
            name="BulkChange",
            fields=[
                ("id", fields.CharField(primary_key=True, unique=True, db_index=True, max_length=24)),
                (
                    "owner",
                    fields.ForeignKeyField(
                        "registry.Person",
                        source_field="owner_id",
                        db_constraint=True,
                        to_field="id",
                        related_name="bulk_changes",
                        on_delete=OnDelete.CASCADE,
                    ),
                ),
                ("made_at", UTCDatetimeField(auto_now=False, auto_now_add=False)),
                ("act", fields.CharField(description="the name of a transition, or correct", max_length=40)),
                (
                    "answers",
                    fields.JSONField(
                        description="what the act asks: room_id and custodian_id, or field and value",
                        encoder=JSON_DUMPS,
                        decoder=loads,
                    ),
                ),
                ("reason", fields.CharField(default="", max_length=300)),
                (
                    "wish",
                    fields.JSONField(
                        null=True,
                        description="the filter that the pieces fit, null where they were named",
                        encoder=JSON_DUMPS,
                        decoder=loads,
                    ),
                ),
                (
                    "state",
                    fields.CharEnumField(
                        default=BulkState.CHECKED,
                        description="CHECKED: checked\nWRITING: writing\nWRITTEN: written",
                        enum_type=BulkState,
                        max_length=20,
                    ),
                ),
                (
                    "claimed_at",
                    UTCDatetimeField(
                        null=True,
                        description="when the process that carries it out was last alive",
                        auto_now=False,
                        auto_now_add=False,
                    ),
                ),
                (
                    "actor",
                    fields.JSONField(
                        null=True,
                        description="who had it carried out, for whoever goes on with it",
                        encoder=JSON_DUMPS,
                        decoder=loads,
                    ),
                ),
                ("written_at", UTCDatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("accepted", fields.IntField(default=0, description="pieces to be changed")),
                ("finished", fields.IntField(default=0, description="of them, so far")),
                ("revision", fields.IntField(default=1)),
            ],
            options={
                "table": "bulk_change",
                "app": "registry",
                "indexes": [Index(fields=["owner_id", "made_at"]), Index(fields=["made_at"]), Index(fields=["state"])],
                "pk_attr": "id",
                "table_description": "What is to become of many pieces. It is its owner's alone.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="BulkPiece",
            fields=[
                ("id", fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                (
                    "bulk_change",
                    fields.ForeignKeyField(
                        "registry.BulkChange",
                        source_field="bulk_change_id",
                        db_constraint=True,
                        to_field="id",
                        related_name="pieces",
                        on_delete=OnDelete.CASCADE,
                    ),
                ),
                ("place", fields.IntField(description="in the order of the list")),
                ("asset_id", fields.IntField()),
                ("revision", fields.IntField(description="of the asset, as it was looked at")),
                (
                    "fate",
                    fields.CharEnumField(
                        description="WAITING: waiting\nSAME: same\nREFUSED: refused\nCHANGED: changed",
                        enum_type=PieceFate,
                        max_length=20,
                    ),
                ),
                (
                    "before",
                    fields.JSONField(null=True, description="as in the history", encoder=JSON_DUMPS, decoder=loads),
                ),
                ("after", fields.JSONField(null=True, encoder=JSON_DUMPS, decoder=loads)),
                (
                    "refusal",
                    fields.JSONField(
                        null=True,
                        description="its code and params, of a piece that is refused",
                        encoder=JSON_DUMPS,
                        decoder=loads,
                    ),
                ),
            ],
            options={
                "table": "bulk_piece",
                "app": "registry",
                "indexes": [
                    Index(fields=["bulk_change_id", "fate", "place"]),
                    Index(fields=["bulk_change_id", "asset_id"]),
                ],
                "pk_attr": "id",
                "table_description": "A piece of a bulk change: what it was, is to be and became.",
            },
            bases=["Model"],
        ),
    ]
