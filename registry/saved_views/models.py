"""Saved views: the address of a list under a name."""

from tortoise import fields
from tortoise.models import Model

from registry.core.fields import UTCDatetimeField
from registry.people.models import Person


class SavedView(Model):
    """A filter, an order and columns of the list of assets."""

    id = fields.IntField(primary_key=True)
    owner: fields.ForeignKeyRelation[Person] = fields.ForeignKeyField(
        "registry.Person", related_name="saved_views", on_delete=fields.CASCADE
    )
    name = fields.CharField(max_length=60)
    query = fields.CharField(max_length=2000, description="what stands behind the question mark of the address")
    is_shared = fields.BooleanField(default=False, description="everybody has it")
    made_at = UTCDatetimeField()
    revision = fields.IntField(default=1)

    owner_id: int

    class Meta:
        table = "saved_view"
        indexes = [("owner_id",), ("is_shared",)]
