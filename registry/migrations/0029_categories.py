"""Categories as a tree, with the fields that their pieces have and what pieces hold in them."""

from tortoise import fields, migrations
from tortoise.fields.base import OnDelete
from tortoise.indexes import Index
from tortoise.migrations import operations as ops

from registry.categories.models import FieldKind


class Migration(migrations.Migration):
    dependencies = [("registry", "0028_blocks")]

    initial = False

    operations = [
        ops.CreateModel(
            name="Category",
            fields=[
                ("id", fields.IntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ("code", fields.CharField(unique=True, max_length=40)),
                ("name", fields.CharField(max_length=80)),
                ("name_key", fields.CharField(unique=True, description="the name folded", max_length=240)),
                (
                    "parent",
                    fields.ForeignKeyField(
                        "registry.Category",
                        source_field="parent_id",
                        null=True,
                        db_constraint=True,
                        to_field="id",
                        related_name="children",
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                ("kst", fields.CharField(default="", description="KŚT 2016 symbol of a new piece", max_length=10)),
                ("warranty_months", fields.IntField(null=True, description="from the day of acceptance")),
                ("durable_months", fields.IntField(null=True, description="the same, of what a grant paid for")),
                (
                    "label_format",
                    fields.CharField(default="", description="registry/labels/formats.py FORMATS", max_length=20),
                ),
                ("revision", fields.IntField(default=1)),
            ],
            options={
                "table": "category",
                "app": "registry",
                "indexes": [Index(fields=["parent_id"])],
                "pk_attr": "id",
                "table_description": "What pieces are, and name as their category. What is empty is as above it.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="CategoryField",
            fields=[
                ("id", fields.IntField(generated=True, primary_key=True, unique=True, db_index=True)),
                (
                    "category",
                    fields.ForeignKeyField(
                        "registry.Category",
                        source_field="category_id",
                        db_constraint=True,
                        to_field="id",
                        related_name="own_fields",
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                ("code", fields.CharField(unique=True, max_length=40)),
                ("name", fields.CharField(description="the title of its column in lists", max_length=80)),
                ("name_key", fields.CharField(unique=True, description="the name folded", max_length=240)),
                (
                    "kind",
                    fields.CharEnumField(
                        description="TEXT: text\nNUMBER: number\nDAY: date\nCHOICE: choice",
                        enum_type=FieldKind,
                        max_length=10,
                    ),
                ),
                ("unit", fields.CharField(default="", max_length=20)),
                ("choices", fields.TextField(default="", description="one a line", unique=False)),
                ("is_required", fields.BooleanField(default=False)),
                ("is_counted", fields.BooleanField(default=False, description="asked at a stocktake")),
                (
                    "is_due",
                    fields.BooleanField(
                        default=False, description="a day on which something ends, such as a calibration"
                    ),
                ),
                ("place", fields.IntField(default=0, description="its order within the category")),
            ],
            options={
                "table": "category_field",
                "app": "registry",
                "indexes": [Index(fields=["category_id", "place"])],
                "pk_attr": "id",
                "table_description": "What is asked of each piece of a category and of those below it.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="FieldValue",
            fields=[
                ("id", fields.IntField(generated=True, primary_key=True, unique=True, db_index=True)),
                (
                    "asset",
                    fields.ForeignKeyField(
                        "registry.Asset",
                        source_field="asset_id",
                        db_constraint=True,
                        to_field="id",
                        related_name="own_values",
                        on_delete=OnDelete.CASCADE,
                    ),
                ),
                (
                    "field",
                    fields.ForeignKeyField(
                        "registry.CategoryField",
                        source_field="field_id",
                        db_constraint=True,
                        to_field="id",
                        related_name="values",
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                ("text", fields.CharField(description="registry/categories/rules.py TypedValue", max_length=200)),
                ("number", fields.FloatField(null=True, description="the same, to compare by")),
                ("day", fields.DateField(null=True, description="the same, to compare by")),
            ],
            options={
                "table": "field_value",
                "app": "registry",
                "unique_together": (("asset_id", "field_id"),),
                "indexes": [
                    Index(fields=["field_id", "text"]),
                    Index(fields=["field_id", "number"]),
                    Index(fields=["field_id", "day"]),
                ],
                "pk_attr": "id",
                "table_description": "What a piece holds in a field, also of a category that it had before.",
            },
            bases=["Model"],
        ),
    ]
