"""Lists that were sent and wait to be written."""

from enum import StrEnum
from typing import Any

from tortoise import fields
from tortoise.models import Model

from registry.core.fields import UTCDatetimeField
from registry.people.models import Person


class ImportState(StrEnum):
    CHECKED = "checked"
    WRITING = "writing"
    WRITTEN = "written"


class PendingImport(Model):
    """A list that was sent and checked, until it is written and for a day after. It is its sender's alone."""

    id = fields.CharField(max_length=24, primary_key=True)
    owner: fields.ForeignKeyRelation[Person] = fields.ForeignKeyField(
        "registry.Person", related_name="imports", on_delete=fields.CASCADE
    )
    sent_at = UTCDatetimeField()
    file = fields.CharField(max_length=200)
    family = fields.CharField(max_length=40, null=True, description="what the sender says that it holds")
    content = fields.BinaryField(description="the file, emptied once it is written")
    corrections = fields.JSONField[dict[str, dict[str, Any]]](default=dict, description="by line and column")
    report = fields.BinaryField(description="what was read, as compressed JSON without words of a language")
    state = fields.CharEnumField(ImportState, max_length=20, default=ImportState.CHECKED)
    claimed_at = UTCDatetimeField(null=True, description="when a process began to write it")
    written_line = fields.IntField(default=0, description="up to this line it is in the register")
    records = fields.IntField(default=0)
    revision = fields.IntField(default=1)

    owner_id: int

    class Meta:
        table = "pending_import"
        indexes = [("owner_id", "sent_at"), ("sent_at",)]
