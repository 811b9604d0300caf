"""Who signed a closed count sheet, and who answered for what was counted."""

from tortoise import fields, migrations
from tortoise.fields.base import OnDelete
from tortoise.indexes import Index
from tortoise.migrations import operations as ops

from registry.core.fields import UTCDatetimeField
from registry.stocktakes.rules import SheetSide


class Migration(migrations.Migration):
    dependencies = [("registry", "0053_loans")]

    initial = False

    operations = [
        ops.CreateModel(
            name="AreaCustodian",
            fields=[
                ("id", fields.IntField(generated=True, primary_key=True, unique=True, db_index=True)),
                (
                    "stocktake",
                    fields.ForeignKeyField(
                        "registry.Stocktake",
                        source_field="stocktake_id",
                        db_constraint=True,
                        to_field="id",
                        related_name="custodians",
                        on_delete=OnDelete.CASCADE,
                    ),
                ),
                (
                    "area",
                    fields.ForeignKeyField(
                        "registry.StocktakeArea",
                        source_field="area_id",
                        db_constraint=True,
                        to_field="id",
                        related_name="custodians",
                        on_delete=OnDelete.CASCADE,
                    ),
                ),
                (
                    "person",
                    fields.ForeignKeyField(
                        "registry.Person",
                        source_field="person_id",
                        db_constraint=True,
                        to_field="id",
                        related_name="areas_answered_for",
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
            ],
            options={
                "table": "area_custodian",
                "app": "registry",
                "unique_together": (("area_id", "person_id"),),
                "indexes": [Index(fields=["person_id", "stocktake_id"]), Index(fields=["stocktake_id"])],
                "pk_attr": "id",
                "table_description": (
                    "Somebody who answered for things of an area when the count was opened: they sign its sheet."
                ),
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="SheetSignature",
            fields=[
                ("id", fields.IntField(generated=True, primary_key=True, unique=True, db_index=True)),
                (
                    "sheet",
                    fields.ForeignKeyField(
                        "registry.CountSheet",
                        source_field="sheet_id",
                        db_constraint=True,
                        to_field="id",
                        related_name="signatures",
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                (
                    "side",
                    fields.CharEnumField(
                        description="TEAM: team\nCUSTODIAN: custodian\nCHECKER: checker",
                        enum_type=SheetSide,
                        max_length=12,
                    ),
                ),
                (
                    "person",
                    fields.ForeignKeyField(
                        "registry.Person",
                        source_field="person_id",
                        db_constraint=True,
                        to_field="id",
                        related_name="sheet_signatures",
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                ("name", fields.CharField(description="as it was then", max_length=120)),
                ("login", fields.CharField(description="of the account that signed", max_length=64)),
                ("at", UTCDatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "sheet_signature",
                "app": "registry",
                "unique_together": (("sheet_id", "side", "person_id"),),
                "indexes": [Index(fields=["person_id"])],
                "pk_attr": "id",
                "table_description": "Somebody signed a closed sheet by their account.",
            },
            bases=["Model"],
        ),
    ]
