"""Bulk changes: a transition, a correction or the next numbers of many pieces, looked at before it is carried out."""

from enum import StrEnum
from typing import Any

from tortoise import fields
from tortoise.models import Model

from registry.core.fields import UTCDatetimeField
from registry.people.models import Person


class BulkState(StrEnum):
    CHECKED = "checked"
    WRITING = "writing"
    WRITTEN = "written"


class PieceFate(StrEnum):
    """What becomes of a piece: it waits to be changed, is so already, cannot be changed, or was changed."""

    WAITING = "waiting"
    SAME = "same"
    REFUSED = "refused"
    CHANGED = "changed"


class BulkChange(Model):
    """What is to become of many pieces. It is its owner's alone."""

    id = fields.CharField(max_length=24, primary_key=True)
    owner: fields.ForeignKeyRelation[Person] = fields.ForeignKeyField(
        "registry.Person", related_name="bulk_changes", on_delete=fields.CASCADE
    )
    made_at = UTCDatetimeField()
    act = fields.CharField(max_length=40, description="the name of a transition, or correct")
    answers: Any = fields.JSONField(description="what the act asks: room_id and custodian_id, or field and value")
    reason = fields.CharField(max_length=300, default="")
    wish: Any = fields.JSONField(null=True, description="the filter that the pieces fit, null where they were named")
    state = fields.CharEnumField(BulkState, max_length=20, default=BulkState.CHECKED)
    claimed_at = UTCDatetimeField(null=True, description="when the process that carries it out was last alive")
    actor: Any = fields.JSONField(null=True, description="who had it carried out, for whoever goes on with it")
    written_at = UTCDatetimeField(null=True)
    accepted = fields.IntField(default=0, description="pieces to be changed")
    finished = fields.IntField(default=0, description="of them, so far")
    revision = fields.IntField(default=1)

    owner_id: int

    class Meta:
        table = "bulk_change"
        indexes = [("owner_id", "made_at"), ("made_at",), ("state",)]


class BulkPiece(Model):
    """A piece of a bulk change: what it was, is to be and became."""

    id = fields.BigIntField(primary_key=True)
    bulk_change: fields.ForeignKeyRelation[BulkChange] = fields.ForeignKeyField(
        "registry.BulkChange", related_name="pieces", on_delete=fields.CASCADE
    )
    place = fields.IntField(description="in the order of the list")
    asset_id = fields.IntField()
    revision = fields.IntField(description="of the asset, as it was looked at")
    fate = fields.CharEnumField(PieceFate, max_length=20)
    before: Any = fields.JSONField(null=True, description="as in the history")
    after: Any = fields.JSONField(null=True)
    refusal: Any = fields.JSONField(null=True, description="its code and params, of a piece that is refused")

    bulk_change_id: str

    class Meta:
        table = "bulk_piece"
        indexes = [("bulk_change_id", "fate", "place"), ("bulk_change_id", "asset_id")]
