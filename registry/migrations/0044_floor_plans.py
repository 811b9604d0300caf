"""Plans of floors, and where rooms lie on them."""

from orjson import loads
from tortoise import fields, migrations
from tortoise.fields.base import OnDelete
from tortoise.fields.data import JSON_DUMPS
from tortoise.indexes import Index
from tortoise.migrations import operations as ops


class Migration(migrations.Migration):
    dependencies = [("registry", "0043_notices_by_kind")]

    initial = False

    operations = [
        ops.CreateModel(
            name="FloorPlan",
            fields=[
                ("id", fields.IntField(generated=True, primary_key=True, unique=True, db_index=True)),
                (
                    "building",
                    fields.ForeignKeyField(
                        "registry.Building",
                        source_field="building_id",
                        db_constraint=True,
                        to_field="id",
                        related_name="plans",
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                ("floor", fields.IntField()),
                (
                    "picture",
                    fields.ForeignKeyField(
                        "registry.Attachment",
                        source_field="picture_id",
                        null=True,
                        db_constraint=True,
                        to_field="id",
                        related_name="plans",
                        on_delete=OnDelete.SET_NULL,
                    ),
                ),
                ("width", fields.IntField(null=True, description="of the picture, in pixels")),
                ("height", fields.IntField(null=True)),
                ("revision", fields.IntField(default=1)),
            ],
            options={
                "table": "floor_plan",
                "app": "registry",
                "unique_together": (("building_id", "floor"),),
                "indexes": [Index(fields=["picture_id"])],
                "pk_attr": "id",
                "table_description": "How a floor is drawn. Without a picture it is drawn from its rooms.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="PlanRoom",
            fields=[
                ("id", fields.IntField(generated=True, primary_key=True, unique=True, db_index=True)),
                (
                    "plan",
                    fields.ForeignKeyField(
                        "registry.FloorPlan",
                        source_field="plan_id",
                        db_constraint=True,
                        to_field="id",
                        related_name="rooms",
                        on_delete=OnDelete.CASCADE,
                    ),
                ),
                (
                    "room",
                    fields.OneToOneField(
                        "registry.Room",
                        source_field="room_id",
                        db_constraint=True,
                        to_field="id",
                        related_name="plan_room",
                        on_delete=OnDelete.CASCADE,
                    ),
                ),
                (
                    "corners",
                    fields.JSONField(
                        description="pairs from the left and from the top, in parts of the picture",
                        encoder=JSON_DUMPS,
                        decoder=loads,
                    ),
                ),
            ],
            options={
                "table": "plan_room",
                "app": "registry",
                "indexes": [Index(fields=["plan_id"])],
                "pk_attr": "id",
                "table_description": "Where a room lies on the plan of its floor.",
            },
            bases=["Model"],
        ),
    ]
