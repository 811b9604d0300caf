"""Weeks of opening hours have names, and tell who changed them meanwhile."""

from tortoise import fields, migrations

from registry.core.columns import AddColumn


class Migration(migrations.Migration):
    dependencies = [("registry", "0033_list_orders")]

    operations = [
        AddColumn(
            model_name="OpeningProfile",
            name="name",
            field=fields.CharField(default="", db_default="", max_length=120),
        ),
        AddColumn(model_name="OpeningProfile", name="revision", field=fields.IntField(default=1, db_default=1)),
    ]
