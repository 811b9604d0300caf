"""Categories of pieces as a tree, with the fields that the pieces of each have beside those of every piece."""

from enum import StrEnum

from tortoise import fields
from tortoise.models import Model


class FieldKind(StrEnum):
    TEXT = "text"
    NUMBER = "number"
    DAY = "date"
    CHOICE = "choice"


class Category(Model):
    """What pieces are, and name as their category. What is empty is as above it."""

    id = fields.IntField(primary_key=True)
    code = fields.CharField(max_length=40, unique=True)
    name = fields.CharField(max_length=80)
    name_key = fields.CharField(max_length=240, unique=True, description="the name folded")
    parent: fields.ForeignKeyNullableRelation["Category"] = fields.ForeignKeyField(
        "registry.Category", related_name="children", on_delete=fields.RESTRICT, null=True
    )
    kst = fields.CharField(max_length=10, default="", description="KŚT 2016 symbol of a new piece")
    warranty_months = fields.IntField(null=True, description="from the day of acceptance")
    durable_months = fields.IntField(null=True, description="the same, of what a grant paid for")
    label_format = fields.CharField(max_length=20, default="", description="registry/labels/formats.py FORMATS")
    revision = fields.IntField(default=1)

    parent_id: int | None
    own_fields: fields.ReverseRelation["CategoryField"]

    class Meta:
        table = "category"
        indexes = [("parent_id",)]


class CategoryField(Model):
    """What is asked of each piece of a category and of those below it."""

    id = fields.IntField(primary_key=True)
    category: fields.ForeignKeyRelation[Category] = fields.ForeignKeyField(
        "registry.Category", related_name="own_fields", on_delete=fields.RESTRICT
    )
    code = fields.CharField(max_length=40, unique=True)
    name = fields.CharField(max_length=80, description="the title of its column in lists")
    name_key = fields.CharField(max_length=240, unique=True, description="the name folded")
    kind = fields.CharEnumField(FieldKind, max_length=10)
    unit = fields.CharField(max_length=20, default="")
    choices = fields.TextField(default="", description="one a line")
    is_required = fields.BooleanField(default=False)
    is_counted = fields.BooleanField(default=False, description="asked at a stocktake")
    is_due = fields.BooleanField(default=False, description="a day on which something ends, such as a calibration")
    place = fields.IntField(default=0, description="its order within the category")

    category_id: int

    class Meta:
        table = "category_field"
        indexes = [("category_id", "place")]
