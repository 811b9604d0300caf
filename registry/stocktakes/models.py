"""Stocktakes: the order, who counts, what was expected, what was seen, the sheets, and what came of the differences."""

from typing import Any

from tortoise import fields
from tortoise.models import Model

from registry.assets.models import Asset
from registry.core.fields import UTCDatetimeField
from registry.documents.models import Document
from registry.people.models import Person
from registry.rooms.models import Room
from registry.stocktakes.rules import (
    AreaKind,
    DifferenceKind,
    SeenCondition,
    SettlementAct,
    SheetSide,
    StocktakeKind,
    StocktakeState,
)


class Stocktake(Model):
    """One stocktake, as it was ordered. Its numbers have no gap in a year."""

    id = fields.IntField(primary_key=True)
    year = fields.IntField()
    place = fields.IntField(description="in the series of its year, from 1")
    number = fields.CharField(max_length=20, unique=True)
    kind = fields.CharEnumField(StocktakeKind, max_length=12, default=StocktakeKind.PERIODIC)
    basis = fields.CharField(max_length=200, default="", description="the order that it rests on")
    others = fields.CharField(max_length=200, default="", description="who else is there")
    as_of = fields.DateField(description="the day of which the count is")
    is_blind = fields.BooleanField(default=True)
    state = fields.CharEnumField(StocktakeState, max_length=12, default=StocktakeState.ORDERED)
    ordered_by: fields.ForeignKeyNullableRelation[Person] = fields.ForeignKeyField(
        "registry.Person", related_name="stocktakes_ordered", on_delete=fields.RESTRICT, null=True
    )
    ordered_at = UTCDatetimeField()
    opened_at = UTCDatetimeField(null=True)
    closed_at = UTCDatetimeField(null=True)
    valued_at = UTCDatetimeField(null=True)
    valued_by = fields.CharField(max_length=120, default="", description="as it was then")
    settled_at = UTCDatetimeField(null=True)
    revision = fields.IntField(default=1, description="a sighting is none: thousands would come in an hour")

    ordered_by_id: int | None

    class Meta:
        table = "stocktake"
        unique_together = (("year", "place"),)
        indexes = [("ordered_at",)]


class StocktakeArea(Model):
    """What is counted together, on one sheet: a room, what somebody answers for, a category."""

    id = fields.IntField(primary_key=True)
    stocktake: fields.ForeignKeyRelation[Stocktake] = fields.ForeignKeyField(
        "registry.Stocktake", related_name="areas", on_delete=fields.CASCADE
    )
    place = fields.IntField(description="in the order, from 1")
    kind = fields.CharEnumField(AreaKind, max_length=12)
    room: fields.ForeignKeyNullableRelation[Room] = fields.ForeignKeyField(
        "registry.Room", related_name="stocktake_areas", on_delete=fields.RESTRICT, null=True
    )
    person: fields.ForeignKeyNullableRelation[Person] = fields.ForeignKeyField(
        "registry.Person", related_name="stocktake_areas", on_delete=fields.RESTRICT, null=True
    )
    category = fields.CharField(max_length=80, default="")
    name = fields.CharField(max_length=260, description="as it was then")
    lap = fields.IntField(default=1, description="counted anew, a sighting of a former one counts no more")
    closed_at = UTCDatetimeField(null=True)

    stocktake_id: int
    room_id: int | None
    person_id: int | None

    class Meta:
        table = "stocktake_area"
        unique_together = (("stocktake_id", "place"),)
        indexes = [("room_id",), ("person_id",)]


class CommitteeMember(Model):
    """Somebody who counts."""

    id = fields.IntField(primary_key=True)
    stocktake: fields.ForeignKeyRelation[Stocktake] = fields.ForeignKeyField(
        "registry.Stocktake", related_name="members", on_delete=fields.CASCADE
    )
    person: fields.ForeignKeyRelation[Person] = fields.ForeignKeyField(
        "registry.Person", related_name="stocktakes_counted", on_delete=fields.RESTRICT
    )
    name = fields.CharField(max_length=120, description="as it was then")
    is_chair = fields.BooleanField(default=False)

    stocktake_id: int
    person_id: int

    class Meta:
        table = "committee_member"
        unique_together = (("stocktake_id", "person_id"),)
        indexes = [("person_id", "stocktake_id")]


class AreaCustodian(Model):
    """Somebody who answered for things of an area when the count was opened: they sign its sheet."""

    id = fields.IntField(primary_key=True)
    stocktake: fields.ForeignKeyRelation[Stocktake] = fields.ForeignKeyField(
        "registry.Stocktake", related_name="custodians", on_delete=fields.CASCADE
    )
    area: fields.ForeignKeyRelation[StocktakeArea] = fields.ForeignKeyField(
        "registry.StocktakeArea", related_name="custodians", on_delete=fields.CASCADE
    )
    person: fields.ForeignKeyRelation[Person] = fields.ForeignKeyField(
        "registry.Person", related_name="areas_answered_for", on_delete=fields.RESTRICT
    )

    stocktake_id: int
    area_id: int
    person_id: int

    class Meta:
        table = "area_custodian"
        unique_together = (("area_id", "person_id"),)
        indexes = [("person_id", "stocktake_id"), ("stocktake_id",)]


class ExpectedPiece(Model):
    """A thing as the register had it when the count was opened: it does not follow what changes later."""

    id = fields.IntField(primary_key=True)
    stocktake: fields.ForeignKeyRelation[Stocktake] = fields.ForeignKeyField(
        "registry.Stocktake", related_name="expected", on_delete=fields.CASCADE
    )
    area: fields.ForeignKeyRelation[StocktakeArea] = fields.ForeignKeyField(
        "registry.StocktakeArea", related_name="expected", on_delete=fields.CASCADE
    )
    asset: fields.ForeignKeyRelation[Asset] = fields.ForeignKeyField(
        "registry.Asset", related_name="expected", on_delete=fields.RESTRICT
    )
    inventory_no = fields.CharField(max_length=60, default="")
    name = fields.CharField(max_length=300)
    serial_no = fields.CharField(max_length=80, default="")
    quantity = fields.IntField()
    price = fields.DecimalField(max_digits=12, decimal_places=2, description="PLN gross, of the line")
    room: fields.ForeignKeyNullableRelation[Room] = fields.ForeignKeyField(
        "registry.Room", related_name="expected", on_delete=fields.RESTRICT, null=True
    )
    room_code = fields.CharField(max_length=40, default="")
    custodian_name = fields.CharField(max_length=120, default="")

    stocktake_id: int
    area_id: int
    asset_id: int
    room_id: int | None

    class Meta:
        table = "expected_piece"
        unique_together = (("stocktake_id", "asset_id"),)
        indexes = [("area_id",), ("asset_id",), ("room_id",)]


class Sighting(Model):
    """One thing that somebody saw. All stay for good, and of each thing the last decides."""

    id = fields.IntField(primary_key=True)
    stocktake: fields.ForeignKeyRelation[Stocktake] = fields.ForeignKeyField(
        "registry.Stocktake", related_name="sightings", on_delete=fields.CASCADE
    )
    area: fields.ForeignKeyRelation[StocktakeArea] = fields.ForeignKeyField(
        "registry.StocktakeArea", related_name="sightings", on_delete=fields.CASCADE
    )
    lap = fields.IntField(default=1)
    asset: fields.ForeignKeyNullableRelation[Asset] = fields.ForeignKeyField(
        "registry.Asset", related_name="sightings", on_delete=fields.RESTRICT, null=True
    )
    code = fields.CharField(max_length=200, default="", description="as it was read")
    mark = fields.CharField(max_length=12, default="", description="of a thing without a label: N-1")
    inventory_no = fields.CharField(max_length=60, default="")
    name = fields.CharField(max_length=300, default="")
    serial_no = fields.CharField(max_length=80, default="")
    home = fields.CharField(max_length=40, default="", description="the code of the room in the register, then")
    quantity = fields.IntField(default=1)
    condition = fields.CharEnumField(SeenCondition, max_length=12, default=SeenCondition.OK)
    note = fields.CharField(max_length=300, default="")
    room: fields.ForeignKeyRelation[Room] = fields.ForeignKeyField(
        "registry.Room", related_name="sightings", on_delete=fields.RESTRICT
    )
    room_code = fields.CharField(max_length=40)
    at = UTCDatetimeField(description="when it was seen, as its phone says within reason")
    came_at = UTCDatetimeField()
    person: fields.ForeignKeyRelation[Person] = fields.ForeignKeyField(
        "registry.Person", related_name="sightings", on_delete=fields.RESTRICT
    )
    person_name = fields.CharField(max_length=120)
    struck_at = UTCDatetimeField(null=True)
    struck_by = fields.CharField(max_length=120, default="")
    strike_reason = fields.CharField(max_length=300, default="")

    stocktake_id: int
    area_id: int
    asset_id: int | None
    room_id: int
    person_id: int

    class Meta:
        table = "sighting"
        indexes = [("stocktake_id", "at"), ("area_id",), ("asset_id",), ("room_id",), ("person_id",)]


class CountSheet(Model):
    """The closed sheet of an area: numbered, with the SHA-256 of all that it says. It never changes."""

    id = fields.IntField(primary_key=True)
    stocktake: fields.ForeignKeyRelation[Stocktake] = fields.ForeignKeyField(
        "registry.Stocktake", related_name="sheets", on_delete=fields.RESTRICT
    )
    area: fields.OneToOneRelation[StocktakeArea] = fields.OneToOneField(
        "registry.StocktakeArea", related_name="sheet", on_delete=fields.RESTRICT
    )
    number = fields.CharField(max_length=40, unique=True)
    contents: Any = fields.JSONField(description="what is printed on it and hashed")
    digest = fields.CharField(max_length=64, description="SHA-256 of the contents")
    closed_at = UTCDatetimeField()
    closed_by = fields.CharField(max_length=120)
    # of each line [of one piece, of all of it]; on sheets of before, of one piece alone
    prices: Any = fields.JSONField(null=True, description="PLN of one piece by line, put in by the accountant")

    stocktake_id: int
    area_id: int

    class Meta:
        table = "count_sheet"
        indexes = [("stocktake_id",)]


class SheetCorrection(Model):
    """A line of a closed sheet struck through: how many there are, and why. The line itself stays to be read."""

    id = fields.IntField(primary_key=True)
    sheet: fields.ForeignKeyRelation[CountSheet] = fields.ForeignKeyField(
        "registry.CountSheet", related_name="corrections", on_delete=fields.RESTRICT
    )
    line = fields.IntField()
    quantity = fields.IntField()
    reason = fields.CharField(max_length=300)
    at = UTCDatetimeField()
    person_name = fields.CharField(max_length=120)

    sheet_id: int

    class Meta:
        table = "sheet_correction"
        indexes = [("sheet_id", "line")]


class SheetSignature(Model):
    """Somebody signed a closed sheet by their account."""

    id = fields.IntField(primary_key=True)
    sheet: fields.ForeignKeyRelation[CountSheet] = fields.ForeignKeyField(
        "registry.CountSheet", related_name="signatures", on_delete=fields.RESTRICT
    )
    side = fields.CharEnumField(SheetSide, max_length=12)
    person: fields.ForeignKeyRelation[Person] = fields.ForeignKeyField(
        "registry.Person", related_name="sheet_signatures", on_delete=fields.RESTRICT
    )
    name = fields.CharField(max_length=120, description="as it was then")
    login = fields.CharField(max_length=64, description="of the account that signed")
    at = UTCDatetimeField()

    sheet_id: int
    person_id: int

    class Meta:
        table = "sheet_signature"
        unique_together = (("sheet_id", "side", "person_id"),)
        indexes = [("person_id",)]


class CountDifference(Model):
    """A difference as the accountant valued it."""

    id = fields.IntField(primary_key=True)
    stocktake: fields.ForeignKeyRelation[Stocktake] = fields.ForeignKeyField(
        "registry.Stocktake", related_name="differences", on_delete=fields.CASCADE
    )
    key = fields.CharField(max_length=240, description="registry/stocktakes/rules.py FoundDifference")
    kind = fields.CharEnumField(DifferenceKind, max_length=12)
    asset: fields.ForeignKeyNullableRelation[Asset] = fields.ForeignKeyField(
        "registry.Asset", related_name="count_differences", on_delete=fields.RESTRICT, null=True
    )
    inventory_no = fields.CharField(max_length=60, default="")
    name = fields.CharField(max_length=300)
    expected = fields.IntField()
    counted = fields.IntField()
    room: fields.ForeignKeyNullableRelation[Room] = fields.ForeignKeyField(
        "registry.Room", related_name="count_differences", on_delete=fields.RESTRICT, null=True
    )
    room_code = fields.CharField(max_length=40, default="")
    value = fields.DecimalField(max_digits=12, decimal_places=2, description="PLN")
    explanation = fields.CharField(max_length=300)
    netted_with = fields.CharField(max_length=240, default="", description="the key of the other of the two")

    stocktake_id: int
    asset_id: int | None
    room_id: int | None

    class Meta:
        table = "count_difference"
        unique_together = (("stocktake_id", "key"),)
        indexes = [("asset_id",), ("room_id",)]


class SettlementTask(Model):
    """What a difference leads to: a draft of a transition, or something that people do. Open until it is done."""

    id = fields.IntField(primary_key=True)
    stocktake: fields.ForeignKeyRelation[Stocktake] = fields.ForeignKeyField(
        "registry.Stocktake", related_name="tasks", on_delete=fields.CASCADE
    )
    count_difference: fields.ForeignKeyRelation[CountDifference] = fields.ForeignKeyField(
        "registry.CountDifference", related_name="tasks", on_delete=fields.CASCADE
    )
    act = fields.CharEnumField(SettlementAct, max_length=12)
    done_at = UTCDatetimeField(null=True)
    done_by = fields.CharField(max_length=120, default="")
    remark = fields.CharField(max_length=300, default="")
    document: fields.ForeignKeyNullableRelation[Document] = fields.ForeignKeyField(
        "registry.Document", related_name="settlement_tasks", on_delete=fields.RESTRICT, null=True
    )

    stocktake_id: int
    count_difference_id: int
    document_id: int | None

    class Meta:
        table = "settlement_task"
        indexes = [("stocktake_id", "done_at"), ("count_difference_id",), ("document_id",)]
