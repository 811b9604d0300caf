"""Documents: the numbered papers that transitions of assets leave behind."""

from typing import Any

from tortoise import fields
from tortoise.models import Model

from registry.assets.models import Asset
from registry.core.fields import UTCDatetimeField
from registry.people.models import Person


class DocumentSeries(Model):
    """How far the numbers of a symbol, a unit and a year have gone. Locked until the act that takes the next one is
    stored, so that none is missing and none there twice.
    """

    id = fields.IntField(primary_key=True)
    symbol = fields.CharField(max_length=8)
    unit = fields.CharField(max_length=20, default="")
    year = fields.IntField()
    last_place = fields.IntField()

    class Meta:
        table = "document_series"
        unique_together = (("symbol", "unit", "year"),)


class Document(Model):
    """A paper as it was on the day it was issued: its words do not follow what changes later. It is cancelled, never
    deleted, and keeps its number.
    """

    id = fields.IntField(primary_key=True)
    symbol = fields.CharField(max_length=8, description="registry/documents/rules.py SYMBOLS")
    unit = fields.CharField(max_length=20, default="")
    year = fields.IntField()
    place = fields.IntField(description="in the series of its symbol, unit and year, from 1")
    number = fields.CharField(max_length=40, unique=True)
    issued_at = UTCDatetimeField()
    issued_on = fields.DateField(description="the office's day")
    person: fields.ForeignKeyNullableRelation[Person] = fields.ForeignKeyField(
        "registry.Person", related_name="documents", on_delete=fields.RESTRICT, null=True
    )
    actor = fields.CharField(max_length=120, description="who issued it, as the history names them")
    reason = fields.CharField(max_length=300, default="")
    contents: Any = fields.JSONField(description="registry/documents/rules.py PaperContents, frozen")
    pieces = fields.IntField(description="how many lines it has")
    cancelled_at = UTCDatetimeField(null=True)
    cancel_reason = fields.CharField(max_length=300, default="")
    revision = fields.IntField(default=1)

    person_id: int | None

    class Meta:
        table = "document"
        unique_together = (("symbol", "unit", "year", "place"),)
        indexes = [("year", "symbol", "place"), ("issued_at",)]


class DocumentLine(Model):
    """A piece of a document."""

    id = fields.IntField(primary_key=True)
    document: fields.ForeignKeyRelation[Document] = fields.ForeignKeyField(
        "registry.Document", related_name="lines", on_delete=fields.CASCADE
    )
    asset: fields.ForeignKeyRelation[Asset] = fields.ForeignKeyField(
        "registry.Asset", related_name="document_lines", on_delete=fields.RESTRICT
    )

    document_id: int
    asset_id: int

    class Meta:
        table = "document_line"
        indexes = [("asset_id", "document_id"), ("document_id",)]


class DocumentParty(Model):
    """Somebody who had the pieces of a document, has them by it or signed it: they find it and read it."""

    id = fields.IntField(primary_key=True)
    document: fields.ForeignKeyRelation[Document] = fields.ForeignKeyField(
        "registry.Document", related_name="parties", on_delete=fields.CASCADE
    )
    person: fields.ForeignKeyRelation[Person] = fields.ForeignKeyField(
        "registry.Person", related_name="documents_about", on_delete=fields.RESTRICT
    )

    document_id: int
    person_id: int

    class Meta:
        table = "document_party"
        unique_together = (("document_id", "person_id"),)
        indexes = [("person_id", "document_id")]


class DocumentSignature(Model):
    """Somebody signed by their account, as one side of the paper."""

    id = fields.IntField(primary_key=True)
    document: fields.ForeignKeyRelation[Document] = fields.ForeignKeyField(
        "registry.Document", related_name="signatures", on_delete=fields.CASCADE
    )
    side = fields.CharField(max_length=12, description="registry/documents/rules.py Side")
    person: fields.ForeignKeyRelation[Person] = fields.ForeignKeyField(
        "registry.Person", related_name="document_signatures", on_delete=fields.RESTRICT
    )
    name = fields.CharField(max_length=120, description="as it was then")
    login = fields.CharField(max_length=64, description="of the account that signed")
    at = UTCDatetimeField()

    document_id: int
    person_id: int

    class Meta:
        table = "document_signature"
        unique_together = (("document_id", "side"),)
