"""Sets: pieces that belong together, as a desk's computer, monitor and keyboard or the kit of a room."""

from tortoise import fields
from tortoise.models import Model

from registry.assets.models import Asset
from registry.core.fields import UTCDatetimeField


class AssetSet(Model):
    """Pieces that are moved, lent and counted as one. It stands where most of them do."""

    id = fields.IntField(primary_key=True)
    name = fields.CharField(max_length=200)
    note = fields.TextField(default="")
    dissolved_at = UTCDatetimeField(null=True, description="its pieces are on their own again")
    revision = fields.IntField(default=1)

    class Meta:
        table = "asset_set"
        indexes = [("dissolved_at", "name")]


class SetPart(Model):
    """So many of this name belong to a set, whether they are there or not."""

    id = fields.IntField(primary_key=True)
    asset_set: fields.ForeignKeyRelation[AssetSet] = fields.ForeignKeyField(
        "registry.AssetSet", related_name="parts", on_delete=fields.CASCADE
    )
    name = fields.CharField(max_length=300)
    quantity = fields.IntField()

    asset_set_id: int

    class Meta:
        table = "set_part"
        indexes = [("asset_set_id",)]


class SetPiece(Model):
    """A piece of a set. It is in one set at most."""

    id = fields.IntField(primary_key=True)
    asset_set: fields.ForeignKeyRelation[AssetSet] = fields.ForeignKeyField(
        "registry.AssetSet", related_name="pieces", on_delete=fields.CASCADE
    )
    asset: fields.OneToOneRelation[Asset] = fields.OneToOneField(
        "registry.Asset", related_name="set_piece", on_delete=fields.RESTRICT
    )

    asset_set_id: int
    asset_id: int

    class Meta:
        table = "set_piece"
        indexes = [("asset_set_id",)]
