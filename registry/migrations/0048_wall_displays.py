"""A floor plan has an address for wall displays."""

from tortoise import fields, migrations

from registry.core.columns import AddColumn


class Migration(migrations.Migration):
    dependencies = [("registry", "0047_approvals")]

    operations = [
        AddColumn(
            model_name="FloorPlan",
            name="wall_digest",
            field=fields.CharField(
                default="",
                description="of the secret in the address for walls, or empty",
                db_default="",
                max_length=64,
            ),
        ),
        AddColumn(
            model_name="FloorPlan",
            name="wall_number",
            field=fields.IntField(default=0, description="how often an address for walls was made", db_default=0),
        ),
    ]
