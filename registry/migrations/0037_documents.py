"""Documents with numbers without a gap, and the two keys to what a grant keeps here."""

from orjson import loads
from tortoise import fields, migrations
from tortoise.fields.base import OnDelete
from tortoise.fields.data import JSON_DUMPS
from tortoise.indexes import Index
from tortoise.migrations import operations as ops

from registry.core.fields import UTCDatetimeField


class Migration(migrations.Migration):
    dependencies = [("registry", "0036_saved_views")]

    initial = False

    operations = [
        ops.CreateModel(
            name="Document",
            fields=[
                ("id", fields.IntField(generated=True, primary_key=True, unique=True, db_index=True)),
                (
                    "symbol",
                    fields.CharField(description="registry/documents/rules.py SYMBOLS", max_length=8),
                ),
                ("unit", fields.CharField(default="", max_length=20)),
                ("year", fields.IntField()),
                (
                    "place",
                    fields.IntField(description="in the series of its symbol, unit and year, from 1"),
                ),
                ("number", fields.CharField(unique=True, max_length=40)),
                ("issued_at", UTCDatetimeField(auto_now=False, auto_now_add=False)),
                ("issued_on", fields.DateField(description="the office's day")),
                (
                    "person",
                    fields.ForeignKeyField(
                        "registry.Person",
                        source_field="person_id",
                        null=True,
                        db_constraint=True,
                        to_field="id",
                        related_name="documents",
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                (
                    "actor",
                    fields.CharField(description="who issued it, as the history names them", max_length=120),
                ),
                ("reason", fields.CharField(default="", max_length=300)),
                (
                    "contents",
                    fields.JSONField(
                        description="registry/documents/rules.py PaperContents, frozen",
                        encoder=JSON_DUMPS,
                        decoder=loads,
                    ),
                ),
                ("pieces", fields.IntField(description="how many lines it has")),
                ("cancelled_at", UTCDatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("cancel_reason", fields.CharField(default="", max_length=300)),
                ("revision", fields.IntField(default=1)),
            ],
            options={
                "table": "document",
                "app": "registry",
                "unique_together": (("symbol", "unit", "year", "place"),),
                "indexes": [Index(fields=["year", "symbol", "place"]), Index(fields=["issued_at"])],
                "pk_attr": "id",
                "table_description": "A paper as it was on the day it was issued: its words do not follow "
                "what changes later. It is cancelled, never",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="DocumentLine",
            fields=[
                ("id", fields.IntField(generated=True, primary_key=True, unique=True, db_index=True)),
                (
                    "document",
                    fields.ForeignKeyField(
                        "registry.Document",
                        source_field="document_id",
                        db_constraint=True,
                        to_field="id",
                        related_name="lines",
                        on_delete=OnDelete.CASCADE,
                    ),
                ),
                (
                    "asset",
                    fields.ForeignKeyField(
                        "registry.Asset",
                        source_field="asset_id",
                        db_constraint=True,
                        to_field="id",
                        related_name="document_lines",
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
            ],
            options={
                "table": "document_line",
                "app": "registry",
                "indexes": [Index(fields=["asset_id", "document_id"]), Index(fields=["document_id"])],
                "pk_attr": "id",
                "table_description": "A piece of a document.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="DocumentSeries",
            fields=[
                ("id", fields.IntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ("symbol", fields.CharField(max_length=8)),
                ("unit", fields.CharField(default="", max_length=20)),
                ("year", fields.IntField()),
                ("last_place", fields.IntField()),
            ],
            options={
                "table": "document_series",
                "app": "registry",
                "unique_together": (("symbol", "unit", "year"),),
                "pk_attr": "id",
                "table_description": "How far the numbers of a symbol, a unit and a year have gone. Locked "
                "until the act that takes the next one is",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="DocumentSignature",
            fields=[
                ("id", fields.IntField(generated=True, primary_key=True, unique=True, db_index=True)),
                (
                    "document",
                    fields.ForeignKeyField(
                        "registry.Document",
                        source_field="document_id",
                        db_constraint=True,
                        to_field="id",
                        related_name="signatures",
                        on_delete=OnDelete.CASCADE,
                    ),
                ),
                ("side", fields.CharField(description="registry/documents/rules.py Side", max_length=12)),
                (
                    "person",
                    fields.ForeignKeyField(
                        "registry.Person",
                        source_field="person_id",
                        db_constraint=True,
                        to_field="id",
                        related_name="document_signatures",
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                ("name", fields.CharField(description="as it was then", max_length=120)),
                ("login", fields.CharField(description="of the account that signed", max_length=64)),
                ("at", UTCDatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "document_signature",
                "app": "registry",
                "unique_together": (("document_id", "side"),),
                "pk_attr": "id",
                "table_description": "Somebody signed by their account, as one side of the paper.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="DurabilityOverride",
            fields=[
                ("id", fields.IntField(generated=True, primary_key=True, unique=True, db_index=True)),
                (
                    "asset",
                    fields.ForeignKeyField(
                        "registry.Asset",
                        source_field="asset_id",
                        db_constraint=True,
                        to_field="id",
                        related_name="overrides",
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                ("reason", fields.CharField(max_length=300)),
                (
                    "durable_until",
                    fields.DateField(description="the day that bound it when it was asked for"),
                ),
                (
                    "due_back",
                    fields.DecimalField(
                        description="PLN of the grant for the days to come", max_digits=12, decimal_places=2
                    ),
                ),
                (
                    "asked_by",
                    fields.ForeignKeyField(
                        "registry.Person",
                        source_field="asked_by_id",
                        db_constraint=True,
                        to_field="id",
                        related_name="overrides_asked",
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                (
                    "asked_as",
                    fields.CharField(description="the role in which it was asked for", max_length=20),
                ),
                ("asked_at", UTCDatetimeField(auto_now=False, auto_now_add=False)),
                (
                    "confirmed_by",
                    fields.ForeignKeyField(
                        "registry.Person",
                        source_field="confirmed_by_id",
                        null=True,
                        db_constraint=True,
                        to_field="id",
                        related_name="overrides_confirmed",
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                ("confirmed_as", fields.CharField(default="", max_length=20)),
                ("confirmed_at", UTCDatetimeField(null=True, auto_now=False, auto_now_add=False)),
                (
                    "used_at",
                    UTCDatetimeField(null=True, description="when the piece left", auto_now=False, auto_now_add=False),
                ),
            ],
            options={
                "table": "durability_override",
                "app": "registry",
                "indexes": [Index(fields=["asset_id", "used_at"])],
                "pk_attr": "id",
                "table_description": "A piece may leave although a grant still binds it: asked for by one "
                "person, confirmed by another of another",
            },
            bases=["Model"],
        ),
    ]
