"""Bookings: one row per occurrence, the blocked span in the row."""

import uuid
from enum import StrEnum
from typing import Any

from tortoise import fields
from tortoise.models import Model

from registry.core.fields import UTCDatetimeField
from registry.people.models import Institution, Person
from registry.rooms.models import Room


class Status(StrEnum):
    """``released`` is a no-show, ``ended`` a meeting that is over: both are truncated, never deleted."""

    TENTATIVE = "tentative"
    CONFIRMED = "confirmed"
    CHECKED_IN = "checked_in"
    ENDED = "ended"
    RELEASED = "released"
    CANCELLED = "cancelled"
    REJECTED = "rejected"


# These leave their time to others. Every other status holds it, in the database too: booking_no_overlap.
NOT_HOLDING = (Status.CANCELLED, Status.REJECTED)
RUNNING_STATUSES = (Status.CONFIRMED, Status.CHECKED_IN)


class Kind(StrEnum):
    MEETING = "meeting"
    TRAINING = "training"
    WORKSHOP = "workshop"
    CONSULTATION = "consultation"
    INTERVIEW = "interview"
    FAMILY = "family"
    DUTY = "duty"
    WORK = "work"
    BLOCK = "block"


# what is booked in rooms of the Help Point alone: it stays as confidential as it was, whatever becomes of its room
VISITS = (Kind.CONSULTATION, Kind.INTERVIEW, Kind.FAMILY)


class Block(Model):
    """Rooms out of use, as it was asked for. What it has of each room are bookings of the kind block."""

    id = fields.UUIDField(primary_key=True, default=uuid.uuid4)
    reason = fields.CharField(max_length=300, description="for those who work here")
    public_text: Any = fields.JSONField(default=dict, description="what strangers and doors read, by language")
    rooms: Any = fields.JSONField(default=list, description="the codes of its rooms")
    spans: Any = fields.JSONField(default=list, description="pairs of instants in UTC, in order")
    starts_at = UTCDatetimeField(description="of the first span")
    ends_at = UTCDatetimeField(description="of the last span")
    created_at = UTCDatetimeField()
    created_by: fields.ForeignKeyNullableRelation[Person] = fields.ForeignKeyField(
        "registry.Person", related_name="blocks", on_delete=fields.RESTRICT, null=True
    )
    cancelled_at = UTCDatetimeField(null=True)
    revision = fields.IntField(default=1)

    created_by_id: int | None
    bookings: fields.ReverseRelation["Booking"]

    class Meta:
        table = "block"
        indexes = [("ends_at", "starts_at")]


class OnTaken(StrEnum):
    """What happens to the dates of a series that cannot be had."""

    REFUSE = "refuse"
    SKIP = "skip"


class Series(Model):
    """Bookings that repeat, as they were asked for. What it has of its room are bookings, one for each date."""

    id = fields.UUIDField(primary_key=True, default=uuid.uuid4)
    room: fields.ForeignKeyRelation[Room] = fields.ForeignKeyField(
        "registry.Room", related_name="series", on_delete=fields.RESTRICT
    )
    organizer: fields.ForeignKeyNullableRelation[Person] = fields.ForeignKeyField(
        "registry.Person", related_name="series", on_delete=fields.RESTRICT, null=True
    )
    institution: fields.ForeignKeyNullableRelation[Institution] = fields.ForeignKeyField(
        "registry.Institution", related_name="series", on_delete=fields.RESTRICT, null=True
    )
    former: "fields.ForeignKeyNullableRelation[Series]" = fields.ForeignKeyField(
        "registry.Series", related_name="successors", on_delete=fields.RESTRICT, null=True
    )
    title = fields.CharField(max_length=200, default="", description="only where the room's class allows one")
    kind = fields.CharEnumField(Kind, max_length=20, default=Kind.MEETING)
    attendees = fields.IntField(null=True)
    needs: Any = fields.JSONField(default=list, description="features: projector, hearing_loop, …")
    start = fields.CharField(max_length=16, description="of the first date, on the clock of the wall: 2027-01-18T09:00")
    minutes = fields.IntField(description="how long each date lasts on the clock of the wall")
    zone = fields.CharField(max_length=60)
    rule = fields.CharField(max_length=500, default="", description="RRULE of RFC 5545, empty for a list of dates")
    rdates: Any = fields.JSONField(default=list, description="wall times beside the rule")
    exdates: Any = fields.JSONField(default=list, description="days or wall times that are left out")
    skips_holidays = fields.BooleanField(default=False, description="days off are left out too")
    on_conflict = fields.CharEnumField(OnTaken, max_length=20, default=OnTaken.REFUSE)
    skipped: Any = fields.JSONField(default=dict, description="wall times that could not be had, each with its reason")
    source = fields.CharField(max_length=20, default="api")
    created_at = UTCDatetimeField()
    cancelled_at = UTCDatetimeField(null=True)
    revision = fields.IntField(default=1)

    room_id: int
    organizer_id: int | None
    institution_id: int | None
    former_id: uuid.UUID | None
    bookings: fields.ReverseRelation["Booking"]

    class Meta:
        table = "series"
        indexes = [("organizer_id", "created_at")]


class Booking(Model):
    """Somebody has a room from ``starts_at`` until before ``ends_at``."""

    id = fields.UUIDField(primary_key=True, default=uuid.uuid4)
    room: fields.ForeignKeyRelation[Room] = fields.ForeignKeyField(
        "registry.Room", related_name="bookings", on_delete=fields.RESTRICT
    )
    organizer: fields.ForeignKeyNullableRelation[Person] = fields.ForeignKeyField(
        "registry.Person", related_name="bookings", on_delete=fields.RESTRICT, null=True
    )
    institution: fields.ForeignKeyNullableRelation[Institution] = fields.ForeignKeyField(
        "registry.Institution", related_name="bookings", on_delete=fields.RESTRICT, null=True
    )
    block: fields.ForeignKeyNullableRelation[Block] = fields.ForeignKeyField(
        "registry.Block", related_name="bookings", on_delete=fields.RESTRICT, null=True
    )
    series: fields.ForeignKeyNullableRelation[Series] = fields.ForeignKeyField(
        "registry.Series", related_name="bookings", on_delete=fields.RESTRICT, null=True
    )
    occurrence = fields.CharField(
        max_length=16, default="", db_default="", description="which date of its series, on its wall clock"
    )
    title = fields.CharField(max_length=200, default="", description="only where the room's class allows one")
    kind = fields.CharEnumField(Kind, max_length=20, default=Kind.MEETING)
    attendees = fields.IntField(null=True)
    needs: Any = fields.JSONField(default=list, description="features: projector, hearing_loop, …")
    status = fields.CharEnumField(Status, max_length=20, default=Status.CONFIRMED)
    source = fields.CharField(max_length=20, default="api", description="api, page, panel, import")
    starts_at = UTCDatetimeField()
    ends_at = UTCDatetimeField()
    blocked_from = UTCDatetimeField(description="start less set-up")
    blocked_to = UTCDatetimeField(description="end plus clean-up")
    planned_ends_at = UTCDatetimeField(description="the end before anything truncated it")
    protected = fields.BooleanField(default=False, description="never released by itself")
    created_at = UTCDatetimeField()
    checked_in_at = UTCDatetimeField(null=True)
    checked_in_by = fields.CharField(max_length=20, default="", description="person, panel, sensor, lead")
    warned_at = UTCDatetimeField(null=True, description="when the door began to count down to a release")
    released_at = UTCDatetimeField(null=True, description="when it was released or ended by itself")
    release_reason = fields.CharField(max_length=20, default="", description="no_show, vacant")  # and door: ended there
    evidence: Any = fields.JSONField(null=True, description="what the sensors said when it was released")
    revision = fields.IntField(default=1)

    room_id: int
    organizer_id: int | None
    institution_id: int | None
    block_id: uuid.UUID | None
    series_id: uuid.UUID | None

    class Meta:
        table = "booking"
        indexes = [("room_id", "starts_at", "ends_at"), ("organizer_id", "ends_at"), ("institution_id", "ends_at")]
