"""Notices: what somebody is told, the letters that carry it out of the house, and what each person chose of that."""

from enum import StrEnum
from typing import Any

from tortoise import fields
from tortoise.models import Model

from registry.core.fields import UTCDatetimeField


class Notice(Model):
    """One person is told of one event. It is written in the transaction of what it tells, once per event and person.

    ``facts`` is all that a mail may say of it: of a confidential or hidden room it holds no room, title or name.
    """

    id = fields.BigIntField(primary_key=True)
    person: fields.ForeignKeyRelation[Model] = fields.ForeignKeyField(
        "registry.Person", related_name="notices", on_delete=fields.CASCADE
    )
    event = fields.CharField(max_length=120, description="booking:3f2…:4, one per person")
    kind = fields.CharField(max_length=40, description="registry/outbox/rules.py KINDS")
    thing = fields.CharField(max_length=80, default="", description="booking:3f2…, fault:12: where it leads")
    facts: Any = fields.JSONField(default=dict)
    secret = fields.CharField(
        max_length=300, default="", description="a link that opens something, wiped as soon as it has left"
    )
    at = UTCDatetimeField()
    read_at = UTCDatetimeField(null=True)
    sorted_at = UTCDatetimeField(null=True, description="when it went into its letters, or was found to need none")

    person_id: int

    class Meta:
        table = "notice"
        unique_together = (("person_id", "event"),)
        indexes = [("person_id", "id"), ("person_id", "read_at"), ("sorted_at", "id"), ("at",), ("kind", "at")]


class LetterState(StrEnum):
    WAITING = "waiting"
    SENT = "sent"
    DEAD = "dead"
    DROPPED = "dropped"


class Letter(Model):
    """What leaves for one person by one channel: a notice, or several together. A sender holds it by its lease."""

    id = fields.BigIntField(primary_key=True)
    person: fields.ForeignKeyRelation[Model] = fields.ForeignKeyField(
        "registry.Person", related_name="letters", on_delete=fields.CASCADE
    )
    channel = fields.CharField(max_length=40, default="mail", description="mail, or a channel of the settings")
    is_digest = fields.BooleanField(default=False, description="takes further notices until it leaves")
    notices: Any = fields.JSONField(default=list, description="their ids")
    state = fields.CharEnumField(LetterState, max_length=20, default=LetterState.WAITING)
    tries = fields.IntField(default=0)
    created_at = UTCDatetimeField()
    next_try_at = UTCDatetimeField()
    tried_at = UTCDatetimeField(null=True)
    sent_at = UTCDatetimeField(null=True)
    leased_until = UTCDatetimeField(null=True, description="a sender has it until then")
    lease = fields.CharField(max_length=32, default="", description="which sender")
    answer = fields.CharField(max_length=300, default="", description="what the server said last")

    person_id: int

    class Meta:
        table = "letter"
        indexes = [("state", "next_try_at"), ("state", "tried_at"), ("person_id", "created_at"), ("sent_at",)]


class NoticeWishes(Model):
    """What a person chose: of each topic whether it leaves at once, once a day or never, when, and by what else."""

    id = fields.IntField(primary_key=True)
    person: fields.OneToOneRelation[Model] = fields.OneToOneField(
        "registry.Person", related_name="notice_wishes", on_delete=fields.CASCADE
    )
    timings: Any = fields.JSONField(default=dict, description="topic: at_once, daily or never")
    daily_minute = fields.SmallIntField(default=420, description="when the daily letter leaves, after local midnight")
    quiet_from = fields.SmallIntField(null=True, description="minutes after local midnight")
    quiet_to = fields.SmallIntField(null=True, description="minutes after local midnight")
    channel = fields.CharField(max_length=40, default="", description="a channel of the settings, beside the mail")
    channel_address = fields.CharField(max_length=120, default="", description="what the channel knows them by")
    revision = fields.IntField(default=1)

    person_id: int

    class Meta:
        table = "notice_wishes"
