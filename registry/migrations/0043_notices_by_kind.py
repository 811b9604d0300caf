"""Notices of one kind are found by when they were written."""

from tortoise import migrations
from tortoise.indexes import Index
from tortoise.migrations import operations as ops


class Migration(migrations.Migration):
    dependencies = [("registry", "0042_unnumbered_pieces")]
    operations = [ops.AddIndex(model_name="Notice", index=Index(fields=["kind", "at"]))]
