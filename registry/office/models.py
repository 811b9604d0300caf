"""The office itself: how it was set up, and what it has set from its pages."""

from typing import Any

from tortoise import fields
from tortoise.models import Model

from registry.core.fields import UTCDatetimeField


class OfficeSetting(Model):
    """A setting that was set from a page. The environment and the file win over it."""

    name = fields.CharField(max_length=60, primary_key=True)
    value = fields.TextField(description="as the setting is written in the environment, a secret encrypted")
    is_secret = fields.BooleanField(default=False, db_default=False)
    changed_at = UTCDatetimeField()

    class Meta:
        table = "office_setting"


class SetUp(Model):
    """How this office was set up: the code that guards it, the steps of its first weeks. One row."""

    id = fields.IntField(primary_key=True)
    code_hash = fields.CharField(max_length=200, default="", description="of the one-time code")
    code_made_at = UTCDatetimeField(null=True)
    attempts = fields.SmallIntField(default=0, description="wrong codes in a row")
    attempted_at = UTCDatetimeField(null=True)
    finished_at = UTCDatetimeField(null=True, description="when the first administrator was made")
    put_off: Any = fields.JSONField(default=list, description="steps of the check list that somebody put off")

    class Meta:
        table = "set_up"
