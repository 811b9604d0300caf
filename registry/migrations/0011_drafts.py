"""Drafts: what a form said that could not be carried out yet."""

from orjson import loads
from tortoise import fields, migrations
from tortoise.fields.data import JSON_DUMPS
from tortoise.indexes import Index
from tortoise.migrations import operations as ops

from registry.core.fields import UTCDatetimeField


class Migration(migrations.Migration):
    dependencies = [("registry", "0010_faults")]
    operations = [
        ops.CreateModel(
            name="FormDraft",
            fields=[
                (
                    "id",
                    fields.CharField(
                        primary_key=True, unique=True, db_index=True, description="a digest of its key", max_length=64
                    ),
                ),
                ("owner", fields.CharField(description="a digest of what the browser is known by", max_length=64)),
                ("content", fields.JSONField(encoder=JSON_DUMPS, decoder=loads)),
                ("expires_at", UTCDatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "draft",
                "app": "registry",
                "indexes": [Index(fields=["owner"]), Index(fields=["expires_at"])],
                "pk_attr": "id",
                "table_description": "The words of one form, under a digest of the key that opens it.",
            },
            bases=["Model"],
        ),
    ]
