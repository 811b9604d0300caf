"""Scans: what was read off a label, where, and what it was."""

from enum import StrEnum

from tortoise import fields
from tortoise.models import Model

from registry.assets.models import Asset
from registry.core.fields import UTCDatetimeField
from registry.people.models import Person
from registry.rooms.models import Room


class Reader(StrEnum):
    """What read a code."""

    CAMERA = "camera"  # of the page
    KEYS = "keys"  # a handheld reader, or fingers
    LINK = "link"  # the phone itself opened the address
    PROGRAM = "program"


class ScanResult(StrEnum):
    """What a code was on."""

    ASSET = "asset"
    ROOM = "room"
    DEVICE = "device"
    FAULT = "fault"
    BLANK = "blank"  # a label that is on nothing
    LOST = "lost"  # a label that is said to be gone
    SEVERAL = "several"  # a part of a number, or what several have
    UNKNOWN = "unknown"


class Scan(Model):
    """One reading of a code. ``room`` is where the person stood, if that is known."""

    id = fields.BigIntField(primary_key=True)
    code = fields.CharField(max_length=200, description="as it was read")
    reader = fields.CharEnumField(Reader, max_length=20)
    result = fields.CharEnumField(ScanResult, max_length=20)
    at = UTCDatetimeField()
    person: fields.ForeignKeyNullableRelation[Person] = fields.ForeignKeyField(
        "registry.Person", related_name="scans", on_delete=fields.SET_NULL, null=True
    )
    room: fields.ForeignKeyNullableRelation[Room] = fields.ForeignKeyField(
        "registry.Room", related_name="scans", on_delete=fields.SET_NULL, null=True
    )
    asset: fields.ForeignKeyNullableRelation[Asset] = fields.ForeignKeyField(
        "registry.Asset", related_name="scans", on_delete=fields.SET_NULL, null=True
    )
    settled_at = UTCDatetimeField(null=True, description="since when somebody has seen to an unknown code")

    person_id: int | None
    room_id: int | None
    asset_id: int | None

    class Meta:
        table = "scan"
        indexes = [("at",), ("person_id", "at"), ("result", "settled_at", "at"), ("asset_id", "at"), ("room_id",)]
