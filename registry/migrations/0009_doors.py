"""What may be ended at a room's door with which proof, and when its bookings changed last."""

from tortoise import fields, migrations

from registry.core.columns import AddColumn


class Migration(migrations.Migration):
    dependencies = [("registry", "0008_what_a_device_says")]
    operations = [
        AddColumn(
            model_name="Room",
            name="door_proofs",
            field=fields.CharField(
                default="phone,empty",
                db_default="phone,empty",
                max_length=40,
                description="what lets end what was not booked at the door: pin, phone, empty, or anyone",
            ),
        ),
        AddColumn(
            model_name="Room",
            name="door_pin",
            field=fields.CharField(default="", db_default="", max_length=200, description="hash of the room's PIN"),
        ),
        AddColumn(
            model_name="Room",
            name="plan_revision",
            field=fields.BigIntField(
                default=0, db_default=0, description="the revision at which a booking of today changed last"
            ),
        ),
        AddColumn(
            model_name="Pairing",
            name="address",
            field=fields.CharField(default="", db_default="", max_length=64, description="where the tablet asks from"),
        ),
    ]
