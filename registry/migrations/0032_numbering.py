"""Rules by which numbers are made, and how far each is given."""

from tortoise import fields, migrations
from tortoise.fields.base import OnDelete
from tortoise.migrations import operations as ops


class Migration(migrations.Migration):
    dependencies = [("registry", "0031_places")]

    initial = False

    operations = [
        ops.CreateModel(
            name="NumberTemplate",
            fields=[
                ("id", fields.IntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ("unit", fields.CharField(description="as it stands in the numbers", max_length=20)),
                (
                    "accounts",
                    fields.CharField(default="", description="comma separated, empty for all others", max_length=40),
                ),
                ("template", fields.CharField(max_length=80)),
                ("starts_on", fields.DateField()),
                ("first_place", fields.IntField(default=1, description="of the sequence in the year of that day")),
            ],
            options={
                "table": "number_template",
                "app": "registry",
                "unique_together": (("unit", "starts_on", "accounts"),),
                "pk_attr": "id",
                "table_description": "From a day on the pieces of a unit are numbered so. See"
                " registry/assets/numbering.py.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="NumberSequence",
            fields=[
                ("id", fields.IntField(generated=True, primary_key=True, unique=True, db_index=True)),
                (
                    "number_template",
                    fields.ForeignKeyField(
                        "registry.NumberTemplate",
                        source_field="number_template_id",
                        db_constraint=True,
                        to_field="id",
                        related_name="sequences",
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                ("year", fields.IntField(description="0 for a sequence that never begins anew")),
                ("last_place", fields.IntField(description="the one that was given last")),
            ],
            options={
                "table": "number_sequence",
                "app": "registry",
                "unique_together": (("number_template", "year"),),
                "pk_attr": "id",
                "table_description": "How far the numbers of a template are given, in a year where its sequence begins"
                " anew each year.",
            },
            bases=["Model"],
        ),
    ]
