"""Duties: who receives people where and when. Bookings stand inside them, they do not block a room."""

from tortoise import fields
from tortoise.models import Model

from registry.core.fields import UTCDatetimeField
from registry.people.models import Person
from registry.rooms.models import Room


class Duty(Model):
    id = fields.IntField(primary_key=True)
    room: fields.ForeignKeyRelation[Room] = fields.ForeignKeyField(
        "registry.Room", related_name="duties", on_delete=fields.RESTRICT
    )
    person: fields.ForeignKeyNullableRelation[Person] = fields.ForeignKeyField(
        "registry.Person", related_name="duties", on_delete=fields.RESTRICT, null=True
    )
    roster = fields.CharField(max_length=40, default="", description="the rule it came from: DY-01")
    name = fields.CharField(max_length=120, description="adwokat dyżurny")
    languages = fields.CharField(max_length=40, default="")
    starts_at = UTCDatetimeField()
    ends_at = UTCDatetimeField()

    room_id: int
    person_id: int | None

    class Meta:
        table = "duty"
        indexes = [("room_id", "ends_at"), ("ends_at",), ("person_id", "ends_at")]
        unique_together = (("roster", "room_id", "starts_at"),)
