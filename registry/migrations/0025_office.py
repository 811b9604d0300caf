"""What an office sets from its pages, and how it was set up."""

from orjson import loads
from tortoise import fields, migrations
from tortoise.fields.data import JSON_DUMPS
from tortoise.migrations import operations as ops

from registry.core.fields import UTCDatetimeField


class Migration(migrations.Migration):
    dependencies = [("registry", "0024_withdrawn")]
    operations = [
        ops.CreateModel(
            name="OfficeSetting",
            fields=[
                ("name", fields.CharField(primary_key=True, unique=True, db_index=True, max_length=60)),
                ("value", fields.TextField(description="as the setting is written in the environment", unique=False)),
                ("changed_at", UTCDatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "office_setting",
                "app": "registry",
                "pk_attr": "name",
                "table_description": "A setting that was set from a page. The environment and the file win over it.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="SetUp",
            fields=[
                ("id", fields.IntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ("code_hash", fields.CharField(default="", description="of the one-time code", max_length=200)),
                ("code_made_at", UTCDatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("attempts", fields.SmallIntField(default=0, description="wrong codes in a row")),
                ("attempted_at", UTCDatetimeField(null=True, auto_now=False, auto_now_add=False)),
                (
                    "finished_at",
                    UTCDatetimeField(
                        null=True,
                        description="when the first administrator was made",
                        auto_now=False,
                        auto_now_add=False,
                    ),
                ),
                (
                    "put_off",
                    fields.JSONField(
                        default=list,
                        description="steps of the check list that somebody put off",
                        encoder=JSON_DUMPS,
                        decoder=loads,
                    ),
                ),
            ],
            options={
                "table": "set_up",
                "app": "registry",
                "pk_attr": "id",
                "table_description": (
                    "How this office was set up: the code that guards it, the steps of its first weeks. One row."
                ),
            },
            bases=["Model"],
        ),
    ]
