"""Floor plans: the picture of a floor, and where its rooms lie on it."""

from typing import Any

from tortoise import fields
from tortoise.models import Model

from registry.files.models import Attachment
from registry.rooms.models import Building, Room


class FloorPlan(Model):
    """How a floor is drawn. Without a picture it is drawn from its rooms."""

    id = fields.IntField(primary_key=True)
    building: fields.ForeignKeyRelation[Building] = fields.ForeignKeyField(
        "registry.Building", related_name="plans", on_delete=fields.RESTRICT
    )
    floor = fields.IntField()
    picture: fields.ForeignKeyNullableRelation[Attachment] = fields.ForeignKeyField(
        "registry.Attachment", related_name="plans", on_delete=fields.SET_NULL, null=True
    )
    width = fields.IntField(null=True, description="of the picture, in pixels")
    height = fields.IntField(null=True)
    revision = fields.IntField(default=1)
    wall_number = fields.IntField(default=0, db_default=0, description="how often an address for walls was made")
    wall_digest = fields.CharField(
        max_length=64,
        default="",
        db_default="",
        description="of the secret in the address for walls, or empty",
    )

    building_id: int
    picture_id: int | None

    class Meta:
        table = "floor_plan"
        unique_together = (("building_id", "floor"),)
        indexes = [("picture_id",)]


class PlanRoom(Model):
    """Where a room lies on the plan of its floor."""

    id = fields.IntField(primary_key=True)
    plan: fields.ForeignKeyRelation[FloorPlan] = fields.ForeignKeyField(
        "registry.FloorPlan", related_name="rooms", on_delete=fields.CASCADE
    )
    room: fields.OneToOneRelation[Room] = fields.OneToOneField(
        "registry.Room", related_name="plan_room", on_delete=fields.CASCADE
    )
    corners: Any = fields.JSONField(description="pairs from the left and from the top, in parts of the picture")

    plan_id: int
    room_id: int

    class Meta:
        table = "plan_room"
        indexes = [("plan_id",)]
