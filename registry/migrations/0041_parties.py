"""Whom a document is about finds it, and a wish to let a durable piece go can be taken back."""

from tortoise import fields, migrations
from tortoise.fields.base import OnDelete
from tortoise.indexes import Index
from tortoise.migrations import operations as ops

from registry.core.columns import AddColumn
from registry.core.fields import UTCDatetimeField


class Migration(migrations.Migration):
    dependencies = [("registry", "0040_works")]

    initial = False

    operations = [
        ops.CreateModel(
            name="DocumentParty",
            fields=[
                ("id", fields.IntField(generated=True, primary_key=True, unique=True, db_index=True)),
                (
                    "document",
                    fields.ForeignKeyField(
                        "registry.Document",
                        source_field="document_id",
                        db_constraint=True,
                        to_field="id",
                        related_name="parties",
                        on_delete=OnDelete.CASCADE,
                    ),
                ),
                (
                    "person",
                    fields.ForeignKeyField(
                        "registry.Person",
                        source_field="person_id",
                        db_constraint=True,
                        to_field="id",
                        related_name="documents_about",
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
            ],
            options={
                "table": "document_party",
                "app": "registry",
                "unique_together": (("document_id", "person_id"),),
                "indexes": [Index(fields=["person_id", "document_id"])],
                "pk_attr": "id",
                "table_description": "Somebody who had the pieces of a document or has them by it: they find it, "
                "read it and may sign it.",
            },
            bases=["Model"],
        ),
        AddColumn(
            model_name="DurabilityOverride",
            name="closed_at",
            field=UTCDatetimeField(
                null=True, description="when the wish was taken back", auto_now=False, auto_now_add=False
            ),
        ),
    ]
