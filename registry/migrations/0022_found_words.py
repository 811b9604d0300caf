"""What strangers said is found by who said it and when, and what it opened by its kind."""

from tortoise import migrations
from tortoise.indexes import Index
from tortoise.migrations import operations as ops


class Migration(migrations.Migration):
    dependencies = [("registry", "0021_due_days")]
    operations = [
        ops.AddIndex(model_name="FaultEntry", index=Index(fields=["source", "at"])),
        ops.AddIndex(model_name="Fault", index=Index(fields=["kind", "opened_at"])),
    ]
