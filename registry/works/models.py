"""Building works: what is built or repaired, in which rooms, when, on whose money, and the pieces that it makes."""

from tortoise import fields
from tortoise.models import Model

from registry.assets.models import Asset
from registry.bookings.models import Block
from registry.core.fields import UTCDatetimeField
from registry.grants.models import Grant
from registry.rooms.models import Room


class Works(Model):
    """Building works as one project. What they are at a moment follows from their days."""

    id = fields.IntField(primary_key=True)
    name = fields.CharField(max_length=200)
    description = fields.TextField(default="")
    grant: fields.ForeignKeyNullableRelation[Grant] = fields.ForeignKeyField(
        "registry.Grant", related_name="works", on_delete=fields.RESTRICT, null=True
    )
    starts_on = fields.DateField()
    ends_on = fields.DateField(description="the last day")
    finished_on = fields.DateField(null=True)
    cancelled_at = UTCDatetimeField(null=True)
    revision = fields.IntField(default=1)

    grant_id: int | None
    rooms: fields.ReverseRelation["WorksRoom"]

    class Meta:
        table = "works"
        indexes = [("ends_on", "starts_on")]


class WorksRoom(Model):
    """A room that works are done in."""

    id = fields.IntField(primary_key=True)
    works: fields.ForeignKeyRelation[Works] = fields.ForeignKeyField(
        "registry.Works", related_name="rooms", on_delete=fields.CASCADE
    )
    room: fields.ForeignKeyRelation[Room] = fields.ForeignKeyField(
        "registry.Room", related_name="works", on_delete=fields.RESTRICT
    )

    works_id: int
    room_id: int

    class Meta:
        table = "works_room"
        unique_together = (("works_id", "room_id"),)
        indexes = [("room_id",)]


class WorksBlock(Model):
    """A block that was made for works."""

    id = fields.IntField(primary_key=True)
    works: fields.ForeignKeyRelation[Works] = fields.ForeignKeyField(
        "registry.Works", related_name="blocks", on_delete=fields.CASCADE
    )
    block: fields.OneToOneRelation[Block] = fields.OneToOneField(
        "registry.Block", related_name="works_block", on_delete=fields.CASCADE
    )

    works_id: int

    class Meta:
        table = "works_block"
        indexes = [("works_id",)]


class WorksAsset(Model):
    """A piece that works made or bought. It comes of one at most."""

    id = fields.IntField(primary_key=True)
    works: fields.ForeignKeyRelation[Works] = fields.ForeignKeyField(
        "registry.Works", related_name="assets", on_delete=fields.CASCADE
    )
    asset: fields.OneToOneRelation[Asset] = fields.OneToOneField(
        "registry.Asset", related_name="works_asset", on_delete=fields.CASCADE
    )

    works_id: int
    asset_id: int

    class Meta:
        table = "works_asset"
        indexes = [("works_id",)]
