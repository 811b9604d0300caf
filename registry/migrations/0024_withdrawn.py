"""A piece that was entered by mistake is withdrawn."""

from tortoise import fields, migrations

from registry.assets.models import Lifecycle
from registry.core.columns import Redescribe


class Migration(migrations.Migration):
    dependencies = [("registry", "0023_calendar_feeds")]
    operations = [
        Redescribe(
            model_name="Asset",
            name="lifecycle",
            field=fields.CharEnumField(
                default=Lifecycle.IN_USE,
                description="ORDERED: ordered\nIN_USE: in_use\nIN_STORE: in_store\nHANDED_OVER: handed_over\n"
                "RETIRED: retired\nDISPOSED: disposed\nWITHDRAWN: withdrawn",
                enum_type=Lifecycle,
                max_length=20,
            ),
        ),
    ]
