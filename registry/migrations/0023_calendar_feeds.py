"""Addresses that calendar programs read, and the bookings of an institution by their time."""

from uuid import uuid4

from tortoise import fields, migrations
from tortoise.fields.base import OnDelete
from tortoise.indexes import Index
from tortoise.migrations import operations as ops

from registry.core.fields import UTCDatetimeField
from registry.feeds.models import FeedScope


class Migration(migrations.Migration):
    dependencies = [("registry", "0022_found_words")]

    initial = False

    operations = [
        ops.CreateModel(
            name="CalendarFeed",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=uuid4, unique=True, db_index=True)),
                (
                    "person",
                    fields.ForeignKeyField(
                        "registry.Person",
                        source_field="person_id",
                        db_constraint=True,
                        to_field="id",
                        related_name="feeds",
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                (
                    "scope",
                    fields.CharEnumField(
                        description="ME: me\nROOM: room\nINSTITUTION: institution",
                        enum_type=FeedScope,
                        max_length=12,
                    ),
                ),
                (
                    "room",
                    fields.ForeignKeyField(
                        "registry.Room",
                        source_field="room_id",
                        null=True,
                        db_constraint=True,
                        to_field="id",
                        related_name="feeds",
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
                        related_name="feeds",
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                (
                    "digest",
                    fields.CharField(unique=True, description="of the secret in its address", max_length=64),
                ),
                ("created_at", UTCDatetimeField(auto_now=False, auto_now_add=False)),
                (
                    "read_on",
                    fields.DateField(null=True, description="the last day on which a program read it"),
                ),
                ("withdrawn_at", UTCDatetimeField(null=True, auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "calendar_feed",
                "app": "registry",
                "indexes": [Index(fields=["person_id", "withdrawn_at"])],
                "pk_attr": "id",
                "table_description": "An address with a secret in it. It shows what its person may see at the "
                "moment when it is read.",
            },
            bases=["Model"],
        ),
        ops.AddIndex(
            model_name="Booking",
            index=Index(fields=["institution_id", "ends_at"]),
        ),
        ops.AddIndex(
            model_name="Duty",
            index=Index(fields=["person_id", "ends_at"]),
        ),
    ]
