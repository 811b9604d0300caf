"""A device is retired without losing its history, and a panel has dark hours of its own."""

from tortoise import fields, migrations

from registry.core.columns import AddColumn
from registry.core.fields import UTCDatetimeField


class Migration(migrations.Migration):
    dependencies = [("registry", "0034_opening_hours")]
    operations = [
        AddColumn(
            model_name="Device",
            name="dark_from",
            field=fields.SmallIntField(default=20, db_default=20, description="hour from which a panel is dark"),
        ),
        AddColumn(
            model_name="Device",
            name="dark_to",
            field=fields.SmallIntField(default=6, db_default=6, description="hour until which, the same hour is never"),
        ),
        AddColumn(
            model_name="Device",
            name="retired_at",
            field=UTCDatetimeField(
                null=True,
                description="when it was taken out of use",
                auto_now=False,
                auto_now_add=False,
            ),
        ),
    ]
