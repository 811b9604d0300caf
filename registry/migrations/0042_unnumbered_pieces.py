"""Pieces that had no number at first are known by a list's rows without one."""

from tortoise import fields, migrations

from registry.core.columns import AddColumn


class Migration(migrations.Migration):
    dependencies = [("registry", "0041_parties")]

    initial = False

    operations = [
        AddColumn(
            model_name="Asset",
            name="was_unnumbered",
            field=fields.BooleanField(
                default=False, db_default=False, description="a list's row without a number is still this piece"
            ),
        ),
    ]
