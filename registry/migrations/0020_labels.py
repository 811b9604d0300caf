"""Labels that were printed are remembered."""

from tortoise import fields, migrations
from tortoise.fields.base import OnDelete
from tortoise.indexes import Index
from tortoise.migrations import operations as ops

from registry.core.columns import AddColumn
from registry.core.fields import UTCDatetimeField


class Migration(migrations.Migration):
    dependencies = [("registry", "0019_movements")]

    initial = False

    operations = [
        ops.CreateModel(
            name="LabelRun",
            fields=[
                ("id", fields.IntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ("at", UTCDatetimeField(auto_now=False, auto_now_add=False)),
                (
                    "person",
                    fields.ForeignKeyField(
                        "registry.Person",
                        source_field="person_id",
                        null=True,
                        db_constraint=True,
                        to_field="id",
                        related_name="label_runs",
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                ("actor", fields.CharField(max_length=120)),
                ("format", fields.CharField(description="registry/labels/formats.py FORMATS", max_length=20)),
                ("count", fields.IntField()),
            ],
            options={
                "table": "label_run",
                "app": "registry",
                "indexes": [Index(fields=["at"])],
                "pk_attr": "id",
                "table_description": "Labels that were printed together. Its tags carry its time as ``printed_at``.",
            },
            bases=["Model"],
        ),
        AddColumn(
            model_name="Tag",
            name="printed_at",
            field=UTCDatetimeField(
                null=True, description="when its label was printed last", auto_now=False, auto_now_add=False
            ),
        ),
    ]
