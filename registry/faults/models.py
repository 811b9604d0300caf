"""Faults: what somebody reported, who sees to it, and what was said and done about it."""

from enum import StrEnum

from tortoise import fields
from tortoise.models import Model

from registry.assets.models import Asset
from registry.core.fields import UTCDatetimeField
from registry.people.models import Person
from registry.rooms.models import Room


class FaultState(StrEnum):
    OPEN = "open"
    TAKEN = "taken"
    RESOLVED = "resolved"


# a report of the same joins it
ACTIVE = (FaultState.OPEN, FaultState.TAKEN)


class FaultAct(StrEnum):
    """What happens to a fault."""

    REPORT = "report"
    TAKE = "take"
    RESOLVE = "resolve"
    REOPEN = "reopen"


class Fault(Model):
    """Something that somebody says is broken, in a room or of a thing, until it is mended."""

    id = fields.IntField(primary_key=True)
    room: fields.ForeignKeyNullableRelation[Room] = fields.ForeignKeyField(
        "registry.Room", related_name="faults", on_delete=fields.RESTRICT, null=True,
        description="where it was reported, the room's class decides who may read it",
    )  # fmt: skip
    asset: fields.ForeignKeyNullableRelation[Asset] = fields.ForeignKeyField(
        "registry.Asset", related_name="faults", on_delete=fields.RESTRICT, null=True
    )
    kind = fields.CharField(max_length=20, default="", description="registry/faults/rules.py KINDS, or empty")
    text = fields.TextField(default="", description="what the first report said")
    state = fields.CharEnumField(FaultState, max_length=20, default=FaultState.OPEN)
    owner: fields.ForeignKeyNullableRelation[Person] = fields.ForeignKeyField(
        "registry.Person", related_name="faults", on_delete=fields.RESTRICT, null=True
    )
    reports = fields.IntField(default=1)
    opened_at = UTCDatetimeField()
    changed_at = UTCDatetimeField()
    resolved_at = UTCDatetimeField(null=True)
    revision = fields.IntField(default=1)

    room_id: int | None
    asset_id: int | None
    owner_id: int | None

    class Meta:
        table = "fault"
        indexes = [
            ("state", "id"),
            ("room_id", "state"),
            ("asset_id", "state"),
            ("owner_id", "state"),
            ("kind", "opened_at"),
        ]


class FaultEntry(Model):
    """A report of a fault, or what was done about it, in the words of whoever said so."""

    id = fields.IntField(primary_key=True)
    fault: fields.ForeignKeyRelation[Fault] = fields.ForeignKeyField(
        "registry.Fault", related_name="entries", on_delete=fields.CASCADE
    )
    act = fields.CharEnumField(FaultAct, max_length=20)
    person: fields.ForeignKeyNullableRelation[Person] = fields.ForeignKeyField(
        "registry.Person", related_name="fault_entries", on_delete=fields.RESTRICT, null=True
    )
    actor = fields.CharField(max_length=120)
    source = fields.CharField(max_length=20)
    text = fields.TextField(default="")
    at = UTCDatetimeField()

    fault_id: int
    person_id: int | None

    class Meta:
        table = "fault_entry"
        indexes = [("fault_id", "id"), ("person_id", "act"), ("source", "at")]
