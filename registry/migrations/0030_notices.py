"""What people are told, the letters that carry it, and what each chose of that."""

from orjson import loads
from tortoise import fields, migrations
from tortoise.fields.base import OnDelete
from tortoise.fields.data import JSON_DUMPS
from tortoise.indexes import Index
from tortoise.migrations import operations as ops

from registry.core.fields import UTCDatetimeField
from registry.outbox.models import LetterState


class Migration(migrations.Migration):
    dependencies = [("registry", "0029_categories")]

    initial = False

    operations = [
        ops.CreateModel(
            name="Letter",
            fields=[
                ("id", fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                (
                    "person",
                    fields.ForeignKeyField(
                        "registry.Person",
                        source_field="person_id",
                        db_constraint=True,
                        to_field="id",
                        related_name="letters",
                        on_delete=OnDelete.CASCADE,
                    ),
                ),
                (
                    "channel",
                    fields.CharField(default="mail", description="mail, or a channel of the settings", max_length=40),
                ),
                ("is_digest", fields.BooleanField(default=False, description="takes further notices until it leaves")),
                ("notices", fields.JSONField(default=list, description="their ids", encoder=JSON_DUMPS, decoder=loads)),
                (
                    "state",
                    fields.CharEnumField(
                        default=LetterState.WAITING,
                        description="WAITING: waiting\nSENT: sent\nDEAD: dead\nDROPPED: dropped",
                        enum_type=LetterState,
                        max_length=20,
                    ),
                ),
                ("tries", fields.IntField(default=0)),
                ("created_at", UTCDatetimeField(auto_now=False, auto_now_add=False)),
                ("next_try_at", UTCDatetimeField(auto_now=False, auto_now_add=False)),
                ("tried_at", UTCDatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("sent_at", UTCDatetimeField(null=True, auto_now=False, auto_now_add=False)),
                (
                    "leased_until",
                    UTCDatetimeField(
                        null=True, description="a sender has it until then", auto_now=False, auto_now_add=False
                    ),
                ),
                ("lease", fields.CharField(default="", description="which sender", max_length=32)),
                ("answer", fields.CharField(default="", description="what the server said last", max_length=300)),
            ],
            options={
                "table": "letter",
                "app": "registry",
                "indexes": [
                    Index(fields=["state", "next_try_at"]),
                    Index(fields=["state", "tried_at"]),
                    Index(fields=["person_id", "created_at"]),
                    Index(fields=["sent_at"]),
                ],
                "pk_attr": "id",
                "table_description": "What leaves for one person by one channel: a notice, or several together. A "
                "sender holds it by its lease.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="Notice",
            fields=[
                ("id", fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                (
                    "person",
                    fields.ForeignKeyField(
                        "registry.Person",
                        source_field="person_id",
                        db_constraint=True,
                        to_field="id",
                        related_name="notices",
                        on_delete=OnDelete.CASCADE,
                    ),
                ),
                ("event", fields.CharField(description="booking:3f2…:4, one per person", max_length=120)),
                ("kind", fields.CharField(description="registry/outbox/rules.py KINDS", max_length=40)),
                (
                    "thing",
                    fields.CharField(default="", description="booking:3f2…, fault:12: where it leads", max_length=80),
                ),
                ("facts", fields.JSONField(default=dict, encoder=JSON_DUMPS, decoder=loads)),
                (
                    "secret",
                    fields.CharField(
                        default="",
                        description="a link that opens something, wiped as soon as it has left",
                        max_length=300,
                    ),
                ),
                ("at", UTCDatetimeField(auto_now=False, auto_now_add=False)),
                ("read_at", UTCDatetimeField(null=True, auto_now=False, auto_now_add=False)),
                (
                    "sorted_at",
                    UTCDatetimeField(
                        null=True,
                        description="when it went into its letters, or was found to need none",
                        auto_now=False,
                        auto_now_add=False,
                    ),
                ),
            ],
            options={
                "table": "notice",
                "app": "registry",
                "unique_together": (("person_id", "event"),),
                "indexes": [
                    Index(fields=["person_id", "id"]),
                    Index(fields=["person_id", "read_at"]),
                    Index(fields=["sorted_at", "id"]),
                    Index(fields=["at"]),
                ],
                "pk_attr": "id",
                "table_description": "One person is told of one event. It is written in the transaction of what it "
                "tells, once per event and person.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="NoticeWishes",
            fields=[
                ("id", fields.IntField(generated=True, primary_key=True, unique=True, db_index=True)),
                (
                    "person",
                    fields.OneToOneField(
                        "registry.Person",
                        source_field="person_id",
                        db_constraint=True,
                        to_field="id",
                        related_name="notice_wishes",
                        on_delete=OnDelete.CASCADE,
                    ),
                ),
                (
                    "timings",
                    fields.JSONField(
                        default=dict, description="topic: at_once, daily or never", encoder=JSON_DUMPS, decoder=loads
                    ),
                ),
                (
                    "daily_minute",
                    fields.SmallIntField(default=420, description="when the daily letter leaves, after local midnight"),
                ),
                ("quiet_from", fields.SmallIntField(null=True, description="minutes after local midnight")),
                ("quiet_to", fields.SmallIntField(null=True, description="minutes after local midnight")),
                (
                    "channel",
                    fields.CharField(
                        default="", description="a channel of the settings, beside the mail", max_length=40
                    ),
                ),
                (
                    "channel_address",
                    fields.CharField(default="", description="what the channel knows them by", max_length=120),
                ),
                ("revision", fields.IntField(default=1)),
            ],
            options={
                "table": "notice_wishes",
                "app": "registry",
                "pk_attr": "id",
                "table_description": "What a person chose: of each topic whether it leaves at once, once a day or "
                "never, when, and by what else.",
            },
            bases=["Model"],
        ),
    ]
