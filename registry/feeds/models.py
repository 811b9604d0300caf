"""Calendar feeds: addresses that a calendar program reads again and again."""

import uuid
from enum import StrEnum

from tortoise import fields
from tortoise.models import Model

from registry.core.fields import UTCDatetimeField
from registry.people.models import Institution, Person
from registry.rooms.models import Room


class FeedScope(StrEnum):
    """Whose bookings a feed holds. ``me`` is the person who made it, with their duties."""

    ME = "me"
    ROOM = "room"
    INSTITUTION = "institution"


class CalendarFeed(Model):
    """An address with a secret in it. It shows what its person may see at the moment when it is read."""

    id = fields.UUIDField(primary_key=True, default=uuid.uuid4)
    person: fields.ForeignKeyRelation[Person] = fields.ForeignKeyField(
        "registry.Person", related_name="feeds", on_delete=fields.RESTRICT
    )
    scope = fields.CharEnumField(FeedScope, max_length=12)
    room: fields.ForeignKeyNullableRelation[Room] = fields.ForeignKeyField(
        "registry.Room", related_name="feeds", on_delete=fields.RESTRICT, null=True
    )
    institution: fields.ForeignKeyNullableRelation[Institution] = fields.ForeignKeyField(
        "registry.Institution", related_name="feeds", on_delete=fields.RESTRICT, null=True
    )
    digest = fields.CharField(max_length=64, unique=True, description="of the secret in its address")
    created_at = UTCDatetimeField()
    read_on = fields.DateField(null=True, description="the last day on which a program read it")
    withdrawn_at = UTCDatetimeField(null=True)

    person_id: int
    room_id: int | None
    institution_id: int | None

    class Meta:
        table = "calendar_feed"
        indexes = [("person_id", "withdrawn_at")]
