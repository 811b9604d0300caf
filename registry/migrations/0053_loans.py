"""Who has borrowed a piece, and until when."""

from tortoise import fields, migrations
from tortoise.fields.base import OnDelete
from tortoise.indexes import Index
from tortoise.migrations import operations as ops

from registry.core.columns import AddColumn


class Migration(migrations.Migration):
    dependencies = [("registry", "0052_series")]
    operations = [
        AddColumn(
            model_name="Asset",
            name="borrower",
            field=fields.ForeignKeyField(
                "registry.Person", source_field="borrower_id", null=True, db_constraint=True, to_field="id",
                related_name="borrowed", on_delete=OnDelete.RESTRICT,
            ),
        ),
        AddColumn(
            model_name="Asset", name="due_on", field=fields.DateField(null=True, description="when it is due back")
        ),
        ops.AddIndex(model_name="Asset", index=Index(fields=["borrower_id", "due_on"])),
        ops.AddIndex(model_name="Asset", index=Index(fields=["due_on", "name"])),
    ]  # fmt: skip
