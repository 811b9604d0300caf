"""What was printed: each run of labels; and what the office puts on the labels of a format."""

from tortoise import fields
from tortoise.models import Model

from registry.core.fields import UTCDatetimeField
from registry.people.models import Person


class LabelRun(Model):
    """Labels that were printed together. Its tags carry its time as ``printed_at``."""

    id = fields.IntField(primary_key=True)
    at = UTCDatetimeField()
    person: fields.ForeignKeyNullableRelation[Person] = fields.ForeignKeyField(
        "registry.Person", related_name="label_runs", on_delete=fields.RESTRICT, null=True
    )
    actor = fields.CharField(max_length=120)
    format = fields.CharField(max_length=20, description="registry/labels/formats.py FORMATS")
    count = fields.IntField()

    person_id: int | None

    class Meta:
        table = "label_run"
        indexes = [("at",)]


class LabelLayout(Model):
    """What stands on the labels of a format, as they were printed last."""

    id = fields.IntField(primary_key=True)
    format = fields.CharField(max_length=20, unique=True, description="registry/labels/formats.py FORMATS")
    parts = fields.CharField(max_length=120, description="of PARTS in formats.py, parted by commas")

    class Meta:
        table = "label_layout"
