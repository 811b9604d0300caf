"""Rooms and buildings are closed, never deleted, and a room names who approves its bookings."""

from tortoise import fields, migrations
from tortoise.fields.base import OnDelete
from tortoise.migrations import operations as ops

from registry.core.columns import AddColumn
from registry.core.fields import UTCDatetimeField


class Migration(migrations.Migration):
    dependencies = [("registry", "0030_notices")]

    initial = False

    operations = [
        AddColumn(
            model_name="Building",
            name="closed_at",
            field=UTCDatetimeField(
                null=True, description="since when it is no longer one of ours", auto_now=False, auto_now_add=False
            ),
        ),
        AddColumn(
            model_name="Room",
            name="closed_at",
            field=UTCDatetimeField(
                null=True,
                description="since when it is no longer used, as a room is never deleted",
                auto_now=False,
                auto_now_add=False,
            ),
        ),
        ops.AddField(
            model_name="Room",
            name="approvers",
            field=fields.ManyToManyField(
                "registry.Person",
                unique=True,
                db_constraint=True,
                through="room_approver",
                forward_key="person_id",
                backward_key="room_id",
                related_name="approves_in",
                on_delete=OnDelete.CASCADE,
            ),
        ),
    ]
