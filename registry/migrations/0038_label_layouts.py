"""What stands on labels is remembered for each format."""

from tortoise import fields, migrations
from tortoise.migrations import operations as ops


class Migration(migrations.Migration):
    dependencies = [("registry", "0037_documents")]

    initial = False

    operations = [
        ops.CreateModel(
            name="LabelLayout",
            fields=[
                ("id", fields.IntField(generated=True, primary_key=True, unique=True, db_index=True)),
                (
                    "format",
                    fields.CharField(unique=True, description="registry/labels/formats.py FORMATS", max_length=20),
                ),
                ("parts", fields.CharField(description="of PARTS in formats.py, parted by commas", max_length=120)),
            ],
            options={
                "table": "label_layout",
                "app": "registry",
                "pk_attr": "id",
                "table_description": "What stands on the labels of a format, as they were printed last.",
            },
            bases=["Model"],
        ),
    ]
