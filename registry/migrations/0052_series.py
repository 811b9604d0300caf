"""Series of bookings, each a record of its own beside the bookings that it has."""

from typing import Any
from uuid import uuid4

from orjson import loads
from tortoise import fields, migrations
from tortoise.fields.base import OnDelete
from tortoise.fields.data import JSON_DUMPS
from tortoise.indexes import Index
from tortoise.migrations import operations as ops

from registry.bookings.models import Kind, OnTaken
from registry.core.columns import AddColumn
from registry.core.fields import UTCDatetimeField

INDEX = "CREATE INDEX booking_of_series ON booking (series_id, starts_at) WHERE series_id IS NOT NULL"


async def forward(apps: Any, editor: Any) -> None:
    await editor.client.execute_query(INDEX)


async def backward(apps: Any, editor: Any) -> None:
    await editor.client.execute_query("DROP INDEX booking_of_series")


class Migration(migrations.Migration):
    dependencies = [("registry", "0051_stocktakes")]

    operations = [
        ops.CreateModel(
            name="Series",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=uuid4, unique=True, db_index=True)),
                (
                    "room",
                    fields.ForeignKeyField(
                        "registry.Room",
                        source_field="room_id",
                        db_constraint=True,
                        to_field="id",
                        related_name="series",
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                (
                    "organizer",
                    fields.ForeignKeyField(
                        "registry.Person",
                        source_field="organizer_id",
                        null=True,
                        db_constraint=True,
                        to_field="id",
                        related_name="series",
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                (
                    "institution",
                    fields.ForeignKeyField(
                        "registry.Institution",
                        source_field="institution_id",
                        null=True,
                        db_constraint=True,
                        to_field="id",
                        related_name="series",
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                (
                    "former",
                    fields.ForeignKeyField(
                        "registry.Series",
                        source_field="former_id",
                        null=True,
                        db_constraint=True,
                        to_field="id",
                        related_name="successors",
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                (
                    "title",
                    fields.CharField(default="", description="only where the room's class allows one", max_length=200),
                ),
                (
                    "kind",
                    fields.CharEnumField(
                        default=Kind.MEETING,
                        description="\n".join(f"{kind.name}: {kind}" for kind in Kind),
                        enum_type=Kind,
                        max_length=20,
                    ),
                ),
                ("attendees", fields.IntField(null=True)),
                (
                    "needs",
                    fields.JSONField(
                        default=list,
                        description="features: projector, hearing_loop, …",
                        encoder=JSON_DUMPS,
                        decoder=loads,
                    ),
                ),
                (
                    "start",
                    fields.CharField(
                        description="of the first date, on the clock of the wall: 2027-01-18T09:00", max_length=16
                    ),
                ),
                ("minutes", fields.IntField(description="how long each date lasts on the clock of the wall")),
                ("zone", fields.CharField(max_length=60)),
                (
                    "rule",
                    fields.CharField(
                        default="", description="RRULE of RFC 5545, empty for a list of dates", max_length=500
                    ),
                ),
                (
                    "rdates",
                    fields.JSONField(
                        default=list, description="wall times beside the rule", encoder=JSON_DUMPS, decoder=loads
                    ),
                ),
                (
                    "exdates",
                    fields.JSONField(
                        default=list,
                        description="days or wall times that are left out",
                        encoder=JSON_DUMPS,
                        decoder=loads,
                    ),
                ),
                ("skips_holidays", fields.BooleanField(default=False, description="days off are left out too")),
                (
                    "on_conflict",
                    fields.CharEnumField(
                        default=OnTaken.REFUSE,
                        description="REFUSE: refuse\nSKIP: skip",
                        enum_type=OnTaken,
                        max_length=20,
                    ),
                ),
                (
                    "skipped",
                    fields.JSONField(
                        default=dict,
                        description="wall times that could not be had, each with its reason",
                        encoder=JSON_DUMPS,
                        decoder=loads,
                    ),
                ),
                ("source", fields.CharField(default="api", max_length=20)),
                ("created_at", UTCDatetimeField(auto_now=False, auto_now_add=False)),
                ("cancelled_at", UTCDatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("revision", fields.IntField(default=1)),
            ],
            options={
                "table": "series",
                "app": "registry",
                "indexes": [Index(fields=["organizer_id", "created_at"])],
                "pk_attr": "id",
                "table_description": "Bookings that repeat, as they were asked for. What it has of its room are "
                "bookings, one for each date.",
            },
            bases=["Model"],
        ),
        AddColumn(
            model_name="Booking",
            name="occurrence",
            field=fields.CharField(
                default="", description="which date of its series, on its wall clock", db_default="", max_length=16
            ),
        ),
        AddColumn(
            model_name="Booking",
            name="series",
            field=fields.ForeignKeyField(
                "registry.Series",
                source_field="series_id",
                null=True,
                db_constraint=True,
                to_field="id",
                related_name="bookings",
                on_delete=OnDelete.RESTRICT,
            ),
        ),
        ops.RunPython(forward, backward),
    ]
