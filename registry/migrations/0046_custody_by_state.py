"""What somebody has is counted by its state from the index alone."""

from tortoise import migrations
from tortoise.indexes import Index
from tortoise.migrations import operations as ops


class Migration(migrations.Migration):
    dependencies = [("registry", "0045_secret_settings")]
    operations = [
        ops.AddIndex(model_name="Asset", index=Index(fields=["custodian_id", "lifecycle"])),
        ops.RemoveIndex(model_name="Asset", fields=["custodian_id"]),
    ]
