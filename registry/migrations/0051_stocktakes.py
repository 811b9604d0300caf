"""Stocktakes: ordered, counted, closed on sheets, valued, settled."""

from orjson import loads
from tortoise import fields, migrations
from tortoise.fields.base import OnDelete
from tortoise.fields.data import JSON_DUMPS
from tortoise.indexes import Index
from tortoise.migrations import operations as ops

from registry.core.fields import UTCDatetimeField
from registry.stocktakes.rules import (
    AreaKind,
    DifferenceKind,
    SeenCondition,
    SettlementAct,
    StocktakeKind,
    StocktakeState,
)


class Migration(migrations.Migration):
    dependencies = [("registry", "0050_asset_tally")]

    initial = False

    operations = [
        ops.CreateModel(
            name="Stocktake",
            fields=[
                ("id", fields.IntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ("year", fields.IntField()),
                ("place", fields.IntField(description="in the series of its year, from 1")),
                ("number", fields.CharField(unique=True, max_length=20)),
                (
                    "kind",
                    fields.CharEnumField(
                        default=StocktakeKind.PERIODIC,
                        description="PERIODIC: periodic\nHANDOVER: handover\nAD_HOC: ad_hoc",
                        enum_type=StocktakeKind,
                        max_length=12,
                    ),
                ),
                ("basis", fields.CharField(default="", description="the order that it rests on", max_length=200)),
                ("others", fields.CharField(default="", description="who else is there", max_length=200)),
                ("as_of", fields.DateField(description="the day of which the count is")),
                ("is_blind", fields.BooleanField(default=True)),
                (
                    "state",
                    fields.CharEnumField(
                        default=StocktakeState.ORDERED,
                        description=(
                            "ORDERED: ordered\nCOUNTING: counting\nCLOSED: closed\nVALUED: valued\nSETTLED: settled"
                        ),
                        enum_type=StocktakeState,
                        max_length=12,
                    ),
                ),
                (
                    "ordered_by",
                    fields.ForeignKeyField(
                        "registry.Person",
                        source_field="ordered_by_id",
                        null=True,
                        related_name="stocktakes_ordered",
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                ("ordered_at", UTCDatetimeField(auto_now=False, auto_now_add=False)),
                ("opened_at", UTCDatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("closed_at", UTCDatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("valued_at", UTCDatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("valued_by", fields.CharField(default="", description="as it was then", max_length=120)),
                ("settled_at", UTCDatetimeField(null=True, auto_now=False, auto_now_add=False)),
                (
                    "revision",
                    fields.IntField(default=1, description="a sighting is none: thousands would come in an hour"),
                ),
            ],
            options={
                "table": "stocktake",
                "app": "registry",
                "unique_together": (("year", "place"),),
                "indexes": [Index(fields=["ordered_at"])],
                "pk_attr": "id",
                "table_description": "One stocktake, as it was ordered. Its numbers have no gap in a year.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="CommitteeMember",
            fields=[
                ("id", fields.IntField(generated=True, primary_key=True, unique=True, db_index=True)),
                (
                    "stocktake",
                    fields.ForeignKeyField(
                        "registry.Stocktake",
                        source_field="stocktake_id",
                        related_name="members",
                        on_delete=OnDelete.CASCADE,
                    ),
                ),
                (
                    "person",
                    fields.ForeignKeyField(
                        "registry.Person",
                        source_field="person_id",
                        related_name="stocktakes_counted",
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                ("name", fields.CharField(description="as it was then", max_length=120)),
                ("is_chair", fields.BooleanField(default=False)),
            ],
            options={
                "table": "committee_member",
                "app": "registry",
                "unique_together": (("stocktake_id", "person_id"),),
                "indexes": [Index(fields=["person_id", "stocktake_id"])],
                "pk_attr": "id",
                "table_description": "Somebody who counts.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="CountDifference",
            fields=[
                ("id", fields.IntField(generated=True, primary_key=True, unique=True, db_index=True)),
                (
                    "stocktake",
                    fields.ForeignKeyField(
                        "registry.Stocktake",
                        source_field="stocktake_id",
                        related_name="differences",
                        on_delete=OnDelete.CASCADE,
                    ),
                ),
                ("key", fields.CharField(description="registry/stocktakes/rules.py FoundDifference", max_length=240)),
                (
                    "kind",
                    fields.CharEnumField(
                        description=(
                            "SHORTAGE: shortage\nSURPLUS: surplus\nELSEWHERE: elsewhere\nFOREIGN: foreign\nNOT_OURS: "
                            "not_ours\nDAMAGED: damaged"
                        ),
                        enum_type=DifferenceKind,
                        max_length=12,
                    ),
                ),
                (
                    "asset",
                    fields.ForeignKeyField(
                        "registry.Asset",
                        source_field="asset_id",
                        null=True,
                        related_name="count_differences",
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                ("inventory_no", fields.CharField(default="", max_length=60)),
                ("name", fields.CharField(max_length=300)),
                ("expected", fields.IntField()),
                ("counted", fields.IntField()),
                (
                    "room",
                    fields.ForeignKeyField(
                        "registry.Room",
                        source_field="room_id",
                        null=True,
                        related_name="count_differences",
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                ("room_code", fields.CharField(default="", max_length=40)),
                ("value", fields.DecimalField(description="PLN", max_digits=12, decimal_places=2)),
                ("explanation", fields.CharField(max_length=300)),
                (
                    "netted_with",
                    fields.CharField(default="", description="the key of the other of the two", max_length=240),
                ),
            ],
            options={
                "table": "count_difference",
                "app": "registry",
                "unique_together": (("stocktake_id", "key"),),
                "indexes": [Index(fields=["asset_id"]), Index(fields=["room_id"])],
                "pk_attr": "id",
                "table_description": "A difference as the accountant valued it.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="SettlementTask",
            fields=[
                ("id", fields.IntField(generated=True, primary_key=True, unique=True, db_index=True)),
                (
                    "stocktake",
                    fields.ForeignKeyField(
                        "registry.Stocktake",
                        source_field="stocktake_id",
                        related_name="tasks",
                        on_delete=OnDelete.CASCADE,
                    ),
                ),
                (
                    "count_difference",
                    fields.ForeignKeyField(
                        "registry.CountDifference",
                        source_field="count_difference_id",
                        related_name="tasks",
                        on_delete=OnDelete.CASCADE,
                    ),
                ),
                (
                    "act",
                    fields.CharEnumField(
                        description=(
                            "MOVE: move\nRETIRE: retire\nACCEPT: accept\nLABEL: label\nASSESS: assess\nNOTIFY: notify"
                        ),
                        enum_type=SettlementAct,
                        max_length=12,
                    ),
                ),
                ("done_at", UTCDatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("done_by", fields.CharField(default="", max_length=120)),
                ("remark", fields.CharField(default="", max_length=300)),
                (
                    "document",
                    fields.ForeignKeyField(
                        "registry.Document",
                        source_field="document_id",
                        null=True,
                        related_name="settlement_tasks",
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
            ],
            options={
                "table": "settlement_task",
                "app": "registry",
                "indexes": [
                    Index(fields=["stocktake_id", "done_at"]),
                    Index(fields=["count_difference_id"]),
                    Index(fields=["document_id"]),
                ],
                "pk_attr": "id",
                "table_description": (
                    "What a difference leads to: a draft of a transition, or something that people do. Open "
                    "until it is done."
                ),
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="StocktakeArea",
            fields=[
                ("id", fields.IntField(generated=True, primary_key=True, unique=True, db_index=True)),
                (
                    "stocktake",
                    fields.ForeignKeyField(
                        "registry.Stocktake",
                        source_field="stocktake_id",
                        related_name="areas",
                        on_delete=OnDelete.CASCADE,
                    ),
                ),
                ("place", fields.IntField(description="in the order, from 1")),
                (
                    "kind",
                    fields.CharEnumField(
                        description="ROOM: room\nPERSON: person\nCATEGORY: category", enum_type=AreaKind, max_length=12
                    ),
                ),
                (
                    "room",
                    fields.ForeignKeyField(
                        "registry.Room",
                        source_field="room_id",
                        null=True,
                        related_name="stocktake_areas",
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                (
                    "person",
                    fields.ForeignKeyField(
                        "registry.Person",
                        source_field="person_id",
                        null=True,
                        related_name="stocktake_areas",
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                ("category", fields.CharField(default="", max_length=80)),
                ("name", fields.CharField(description="as it was then", max_length=260)),
                (
                    "lap",
                    fields.IntField(default=1, description="counted anew, a sighting of a former one counts no more"),
                ),
                ("closed_at", UTCDatetimeField(null=True, auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "stocktake_area",
                "app": "registry",
                "unique_together": (("stocktake_id", "place"),),
                "indexes": [Index(fields=["room_id"]), Index(fields=["person_id"])],
                "pk_attr": "id",
                "table_description": (
                    "What is counted together, on one sheet: a room, what somebody answers for, a category."
                ),
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="CountSheet",
            fields=[
                ("id", fields.IntField(generated=True, primary_key=True, unique=True, db_index=True)),
                (
                    "stocktake",
                    fields.ForeignKeyField(
                        "registry.Stocktake",
                        source_field="stocktake_id",
                        related_name="sheets",
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                (
                    "area",
                    fields.OneToOneField(
                        "registry.StocktakeArea",
                        source_field="area_id",
                        related_name="sheet",
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                ("number", fields.CharField(unique=True, max_length=40)),
                (
                    "contents",
                    fields.JSONField(description="what is printed on it and hashed", encoder=JSON_DUMPS, decoder=loads),
                ),
                ("digest", fields.CharField(description="SHA-256 of the contents", max_length=64)),
                ("closed_at", UTCDatetimeField(auto_now=False, auto_now_add=False)),
                ("closed_by", fields.CharField(max_length=120)),
                (
                    "prices",
                    fields.JSONField(
                        null=True,
                        description="PLN of one piece by line, put in by the accountant",
                        encoder=JSON_DUMPS,
                        decoder=loads,
                    ),
                ),
            ],
            options={
                "table": "count_sheet",
                "app": "registry",
                "indexes": [Index(fields=["stocktake_id"])],
                "pk_attr": "id",
                "table_description": (
                    "The closed sheet of an area: numbered, with the SHA-256 of all that it says. It never changes."
                ),
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="ExpectedPiece",
            fields=[
                ("id", fields.IntField(generated=True, primary_key=True, unique=True, db_index=True)),
                (
                    "stocktake",
                    fields.ForeignKeyField(
                        "registry.Stocktake",
                        source_field="stocktake_id",
                        related_name="expected",
                        on_delete=OnDelete.CASCADE,
                    ),
                ),
                (
                    "area",
                    fields.ForeignKeyField(
                        "registry.StocktakeArea",
                        source_field="area_id",
                        related_name="expected",
                        on_delete=OnDelete.CASCADE,
                    ),
                ),
                (
                    "asset",
                    fields.ForeignKeyField(
                        "registry.Asset",
                        source_field="asset_id",
                        related_name="expected",
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                ("inventory_no", fields.CharField(default="", max_length=60)),
                ("name", fields.CharField(max_length=300)),
                ("serial_no", fields.CharField(default="", max_length=80)),
                ("quantity", fields.IntField()),
                ("price", fields.DecimalField(description="PLN gross, of the line", max_digits=12, decimal_places=2)),
                (
                    "room",
                    fields.ForeignKeyField(
                        "registry.Room",
                        source_field="room_id",
                        null=True,
                        related_name="expected",
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                ("room_code", fields.CharField(default="", max_length=40)),
                ("custodian_name", fields.CharField(default="", max_length=120)),
            ],
            options={
                "table": "expected_piece",
                "app": "registry",
                "unique_together": (("stocktake_id", "asset_id"),),
                "indexes": [Index(fields=["area_id"]), Index(fields=["asset_id"]), Index(fields=["room_id"])],
                "pk_attr": "id",
                "table_description": (
                    "A thing as the register had it when the count was opened: it does not follow what changes later."
                ),
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="SheetCorrection",
            fields=[
                ("id", fields.IntField(generated=True, primary_key=True, unique=True, db_index=True)),
                (
                    "sheet",
                    fields.ForeignKeyField(
                        "registry.CountSheet",
                        source_field="sheet_id",
                        related_name="corrections",
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                ("line", fields.IntField()),
                ("quantity", fields.IntField()),
                ("reason", fields.CharField(max_length=300)),
                ("at", UTCDatetimeField(auto_now=False, auto_now_add=False)),
                ("person_name", fields.CharField(max_length=120)),
            ],
            options={
                "table": "sheet_correction",
                "app": "registry",
                "indexes": [Index(fields=["sheet_id", "line"])],
                "pk_attr": "id",
                "table_description": (
                    "A line of a closed sheet struck through: how many there are, and why. The line itself "
                    "stays to be read."
                ),
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="Sighting",
            fields=[
                ("id", fields.IntField(generated=True, primary_key=True, unique=True, db_index=True)),
                (
                    "stocktake",
                    fields.ForeignKeyField(
                        "registry.Stocktake",
                        source_field="stocktake_id",
                        related_name="sightings",
                        on_delete=OnDelete.CASCADE,
                    ),
                ),
                (
                    "area",
                    fields.ForeignKeyField(
                        "registry.StocktakeArea",
                        source_field="area_id",
                        related_name="sightings",
                        on_delete=OnDelete.CASCADE,
                    ),
                ),
                ("lap", fields.IntField(default=1)),
                (
                    "asset",
                    fields.ForeignKeyField(
                        "registry.Asset",
                        source_field="asset_id",
                        null=True,
                        related_name="sightings",
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                ("code", fields.CharField(default="", description="as it was read", max_length=200)),
                ("mark", fields.CharField(default="", description="of a thing without a label: N-1", max_length=12)),
                ("inventory_no", fields.CharField(default="", max_length=60)),
                ("name", fields.CharField(default="", max_length=300)),
                ("serial_no", fields.CharField(default="", max_length=80)),
                (
                    "home",
                    fields.CharField(
                        default="", description="the code of the room in the register, then", max_length=40
                    ),
                ),
                ("quantity", fields.IntField(default=1)),
                (
                    "condition",
                    fields.CharEnumField(
                        default=SeenCondition.OK,
                        description="OK: ok\nDAMAGED: damaged\nNOT_OURS: not_ours",
                        enum_type=SeenCondition,
                        max_length=12,
                    ),
                ),
                ("note", fields.CharField(default="", max_length=300)),
                (
                    "room",
                    fields.ForeignKeyField(
                        "registry.Room",
                        source_field="room_id",
                        related_name="sightings",
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                ("room_code", fields.CharField(max_length=40)),
                (
                    "at",
                    UTCDatetimeField(
                        description="when it was seen, as its phone says within reason",
                        auto_now=False,
                        auto_now_add=False,
                    ),
                ),
                ("came_at", UTCDatetimeField(auto_now=False, auto_now_add=False)),
                (
                    "person",
                    fields.ForeignKeyField(
                        "registry.Person",
                        source_field="person_id",
                        related_name="sightings",
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                ("person_name", fields.CharField(max_length=120)),
                ("struck_at", UTCDatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("struck_by", fields.CharField(default="", max_length=120)),
                ("strike_reason", fields.CharField(default="", max_length=300)),
            ],
            options={
                "table": "sighting",
                "app": "registry",
                "indexes": [
                    Index(fields=["stocktake_id", "at"]),
                    Index(fields=["area_id"]),
                    Index(fields=["asset_id"]),
                    Index(fields=["room_id"]),
                    Index(fields=["person_id"]),
                ],
                "pk_attr": "id",
                "table_description": (
                    "One thing that somebody saw. All stay for good, and of each thing the last decides."
                ),
            },
            bases=["Model"],
        ),
    ]
