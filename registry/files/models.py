"""Stored contents, each once, and what they are attached to."""

from enum import StrEnum

from tortoise import fields
from tortoise.models import Model

from registry.core.fields import UTCDatetimeField


class AttachmentKind(StrEnum):
    PHOTO = "photo"
    INVOICE = "invoice"
    MANUAL = "manual"
    GUARANTEE = "guarantee"
    PROTOCOL = "protocol"
    OTHER = "other"


class StoredFile(Model):
    """One content, under the SHA-256 of its bytes. It is the same row however many things it is attached to."""

    id = fields.IntField(primary_key=True)
    digest = fields.CharField(max_length=64, unique=True, description="SHA-256 of the stored bytes, in hex")
    media_type = fields.CharField(max_length=40, description="by its content, registry/files/rules.py")
    size = fields.IntField(description="bytes")
    width = fields.IntField(null=True, description="pixels, of a picture")
    height = fields.IntField(null=True)
    stored_at = UTCDatetimeField(description="when it was brought last: a sweep leaves fresh contents alone")

    attachments: fields.ReverseRelation["Attachment"]

    class Meta:
        table = "stored_file"


class Attachment(Model):
    """A stored file on one thing. Removed, it can be put back for a week."""

    id = fields.IntField(primary_key=True)
    file: fields.ForeignKeyRelation[StoredFile] = fields.ForeignKeyField(
        "registry.StoredFile", related_name="attachments", on_delete=fields.RESTRICT
    )
    object = fields.CharField(max_length=60, description="as the history names it: asset:12, fault:3")
    kind = fields.CharEnumField(AttachmentKind, max_length=20)
    title = fields.CharField(max_length=200, default="")
    name = fields.CharField(max_length=200, description="of the file as it was sent, made safe")
    added_by = fields.CharField(max_length=120, description="as the history names who did it")
    added_at = UTCDatetimeField()
    removed_at = UTCDatetimeField(null=True)
    revision = fields.IntField(default=1, db_default=1)

    file_id: int

    class Meta:
        table = "attachment"
        indexes = [("object", "removed_at"), ("file_id",), ("removed_at",)]
