"""What a file on a thing is, and its title, can be said otherwise."""

from tortoise import fields, migrations

from registry.core.columns import AddColumn


class Migration(migrations.Migration):
    dependencies = [("registry", "0048_wall_displays")]
    operations = [
        AddColumn(model_name="Attachment", name="revision", field=fields.IntField(default=1, db_default=1)),
    ]
