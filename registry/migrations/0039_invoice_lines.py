"""The lines of an invoice are found by its number."""

from tortoise import migrations
from tortoise.indexes import Index
from tortoise.migrations import operations as ops


class Migration(migrations.Migration):
    dependencies = [("registry", "0038_label_layouts")]
    operations = [ops.AddIndex(model_name="Purchase", index=Index(fields=["invoice_no"]))]
