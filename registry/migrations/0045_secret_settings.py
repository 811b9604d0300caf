"""A setting that an office sets from a page may be a secret: its value is stored encrypted."""

from tortoise import fields, migrations

from registry.core.columns import AddColumn, Redescribe


class Migration(migrations.Migration):
    dependencies = [("registry", "0044_floor_plans")]

    operations = [
        AddColumn(
            model_name="OfficeSetting", name="is_secret", field=fields.BooleanField(default=False, db_default=False)
        ),
        Redescribe(
            model_name="OfficeSetting",
            name="value",
            field=fields.TextField(
                unique=False, description="as the setting is written in the environment, a secret encrypted"
            ),
        ),
    ]
