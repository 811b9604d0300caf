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
    UNDOING = "undoing"
    UNDONE = "undone"


class PendingImport(Model):
    """A list that was sent, and what became of it. It is its sender's alone."""

    id = fields.CharField(max_length=24, primary_key=True)
    owner: fields.ForeignKeyRelation[Person] = fields.ForeignKeyField(
        "registry.Person", related_name="imports", on_delete=fields.CASCADE
    )
    sent_at = UTCDatetimeField()
    file = fields.CharField(max_length=200)
    family = fields.CharField(max_length=40, null=True, description="what the sender says that it holds")
    content = fields.BinaryField(description="the file, emptied once all of it is written")
    corrections = fields.JSONField[dict[str, dict[str, Any]]](default=dict, description="by line and column")
    choices: Any = fields.JSONField(null=True, description="what its sender said of it: choices.py")
    report = fields.BinaryField(description="what was read, as compressed JSON without words of a language")
    state = fields.CharEnumField(ImportState, max_length=20, default=ImportState.CHECKED)
    claimed_at = UTCDatetimeField(null=True, description="when the process that writes or undoes it was last alive")
    actor: Any = fields.JSONField(null=True, description="who had it written or undone, for whoever goes on with it")
    reason = fields.CharField(max_length=300, default="", description="why it is undone")
    written_at = UTCDatetimeField(null=True)
    written_line = fields.IntField(default=0, description="up to this line it is in the register")
    records = fields.IntField(default=0, description="that were made or changed")
    accepted = fields.IntField(default=0, description="rows to be written, or records to be undone")
    finished = fields.IntField(default=0, description="of them, so far")
    revision = fields.IntField(default=1)

    owner_id: int

    class Meta:
        table = "pending_import"
        indexes = [("owner_id", "sent_at"), ("sent_at",)]


class ColumnLayout(Model):
    """What the columns of lists with these titles hold, as somebody said."""

    digest = fields.CharField(max_length=64, primary_key=True, description="of the kind and the titles")
    columns = fields.JSONField[dict[str, str | None]]()
    used_at = UTCDatetimeField()

    class Meta:
        table = "column_layout"
        indexes = [("used_at",)]


class ImportedRecord(Model):
    """A record that a list made or changed, for as long as it can be undone."""

    id = fields.BigIntField(primary_key=True)
    import_number = fields.CharField(max_length=24)
    line = fields.IntField()
    noun = fields.CharField(max_length=20, description="as in the history: asset, room, person …")
    record_id = fields.IntField()
    seq = fields.IntField(description="of its history when the list was written")
    before: Any = fields.JSONField(null=True, description="its columns before, null if the list made it")

    class Meta:
        table = "imported_record"
        indexes = [("import_number", "noun", "record_id")]
