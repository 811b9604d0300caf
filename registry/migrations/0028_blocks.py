"""Blocks of several rooms and times, each a record of its own beside the bookings that it has."""

import uuid
from typing import Any

from orjson import loads
from tortoise import fields, migrations
from tortoise.fields.base import OnDelete
from tortoise.fields.data import JSON_DUMPS
from tortoise.indexes import Index
from tortoise.migrations import operations as ops

from registry.core.columns import AddColumn
from registry.core.fields import UTCDatetimeField


async def forward(apps: Any, editor: Any) -> None:
    await editor.client.execute_query("CREATE INDEX booking_of_block ON booking (block_id) WHERE block_id IS NOT NULL")


async def backward(apps: Any, editor: Any) -> None:
    await editor.client.execute_query("DROP INDEX booking_of_block")


class Migration(migrations.Migration):
    dependencies = [("registry", "0027_people")]

    operations = [
        ops.CreateModel(
            name="Block",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=uuid.uuid4, unique=True, db_index=True)),
                ("reason", fields.CharField(description="for those who work here", max_length=300)),
                (
                    "public_text",
                    fields.JSONField(
                        default=dict, description="what strangers and doors read, by language", encoder=JSON_DUMPS,
                        decoder=loads,
                    ),
                ),
                (
                    "rooms",
                    fields.JSONField(
                        default=list, description="the codes of its rooms", encoder=JSON_DUMPS, decoder=loads
                    ),
                ),
                (
                    "spans",
                    fields.JSONField(
                        default=list, description="pairs of instants in UTC, in order", encoder=JSON_DUMPS,
                        decoder=loads,
                    ),
                ),
                ("starts_at", UTCDatetimeField(description="of the first span", auto_now=False, auto_now_add=False)),
                ("ends_at", UTCDatetimeField(description="of the last span", auto_now=False, auto_now_add=False)),
                ("created_at", UTCDatetimeField(auto_now=False, auto_now_add=False)),
                (
                    "created_by",
                    fields.ForeignKeyField(
                        "registry.Person", source_field="created_by_id", null=True, db_constraint=True, to_field="id",
                        related_name="blocks", on_delete=OnDelete.RESTRICT,
                    ),
                ),
                ("cancelled_at", UTCDatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("revision", fields.IntField(default=1)),
            ],
            options={
                "table": "block",
                "app": "registry",
                "indexes": [Index(fields=["ends_at", "starts_at"])],
                "pk_attr": "id",
                "table_description": "Rooms out of use, as it was asked for. What it has of each room are bookings of "
                "the kind block.",
            },
            bases=["Model"],
        ),
        AddColumn(
            model_name="Booking",
            name="block",
            field=fields.ForeignKeyField(
                "registry.Block", source_field="block_id", null=True, db_constraint=True, to_field="id",
                related_name="bookings", on_delete=OnDelete.RESTRICT,
            ),
        ),
        ops.RunPython(forward, backward),
    ]  # fmt: skip
