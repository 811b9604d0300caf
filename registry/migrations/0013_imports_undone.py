"""Lists that are written or undone beside the requests, and what each of them made or changed."""

from orjson import loads
from tortoise import fields, migrations
from tortoise.fields.data import JSON_DUMPS
from tortoise.indexes import Index
from tortoise.migrations import operations as ops

from registry.core.columns import AddColumn, Redescribe
from registry.core.fields import UTCDatetimeField
from registry.importing.models import ImportState


class Migration(migrations.Migration):
    dependencies = [("registry", "0012_sets")]

    operations = [
        ops.CreateModel(
            name="ImportedRecord",
            fields=[
                ("id", fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ("import_number", fields.CharField(max_length=24)),
                ("line", fields.IntField()),
                ("noun", fields.CharField(description="as in the history: asset, room, person …", max_length=20)),
                ("record_id", fields.IntField()),
                ("seq", fields.IntField(description="of its history when the list was written")),
                (
                    "before",
                    fields.JSONField(
                        null=True,
                        description="its columns before, null if the list made it",
                        encoder=JSON_DUMPS,
                        decoder=loads,
                    ),
                ),
            ],
            options={
                "table": "imported_record",
                "app": "registry",
                "indexes": [Index(fields=["import_number", "noun", "record_id"])],
                "pk_attr": "id",
                "table_description": "A record that a list made or changed, for as long as it can be undone.",
            },
            bases=["Model"],
        ),
        ops.AlterModelOptions(
            name="PendingImport",
            options={
                "table": "pending_import",
                "app": "registry",
                "indexes": [Index(fields=["owner_id", "sent_at"]), Index(fields=["sent_at"])],
                "pk_attr": "id",
                "table_description": "A list that was sent, and what became of it. It is its sender's alone.",
            },
        ),
        Redescribe(
            model_name="PendingImport",
            name="claimed_at",
            field=UTCDatetimeField(
                null=True,
                description="when the process that writes or undoes it was last alive",
                auto_now=False,
                auto_now_add=False,
            ),
        ),
        Redescribe(
            model_name="PendingImport",
            name="content",
            field=fields.BinaryField(description="the file, emptied once all of it is written"),
        ),
        Redescribe(
            model_name="PendingImport",
            name="records",
            field=fields.IntField(default=0, description="that were made or changed"),
        ),
        Redescribe(
            model_name="PendingImport",
            name="state",
            field=fields.CharEnumField(
                default=ImportState.CHECKED,
                description="CHECKED: checked\nWRITING: writing\nWRITTEN: written\nUNDOING: undoing\nUNDONE: undone",
                enum_type=ImportState,
                max_length=20,
            ),
        ),
        AddColumn(
            model_name="PendingImport",
            name="accepted",
            field=fields.IntField(default=0, description="rows to be written, or records to be undone"),
        ),
        AddColumn(
            model_name="PendingImport",
            name="actor",
            field=fields.JSONField(
                null=True,
                description="who had it written or undone, for whoever goes on with it",
                encoder=JSON_DUMPS,
                decoder=loads,
            ),
        ),
        AddColumn(
            model_name="PendingImport",
            name="finished",
            field=fields.IntField(default=0, description="of them, so far"),
        ),
        AddColumn(
            model_name="PendingImport",
            name="reason",
            field=fields.CharField(default="", description="why it is undone", max_length=300),
        ),
        AddColumn(
            model_name="PendingImport",
            name="written_at",
            field=UTCDatetimeField(null=True, auto_now=False, auto_now_add=False),
        ),
    ]
