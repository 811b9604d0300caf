"""Sites, buildings, rooms, when they are open and what they should hold."""

from enum import StrEnum
from typing import Any

from tortoise import fields
from tortoise.models import Model

from registry.core.fields import UTCDatetimeField


class Visibility(StrEnum):
    """Who may know what about a room's bookings. See docs/explanation/privacy.md."""

    PUBLIC = "public"
    INTERNAL = "internal"
    CONFIDENTIAL = "confidential"
    HIDDEN = "hidden"


# the rooms of victims: nobody else learns who is there, nor why
HELP_POINT = (Visibility.CONFIDENTIAL, Visibility.HIDDEN)


class RoomKind(StrEnum):
    RECEPTION = "reception"
    OFFICE = "office"
    CONSULTATION = "consultation"
    DUTY = "duty"
    INTERVIEW = "interview"
    FAMILY = "family"
    SERVICE = "service"
    WC = "wc"
    STORE = "store"
    CORRIDOR = "corridor"
    CONFERENCE = "conference"
    MEETING = "meeting"
    TECHNICAL = "technical"


class Occupancy(StrEnum):
    OCCUPIED = "occupied"
    VACANT = "vacant"
    UNKNOWN = "unknown"


class HoursPolicy(StrEnum):
    """What opening hours do to a booking: refuse it, or only warn who makes it."""

    STRICT = "strict"
    ADVISORY = "advisory"


class Site(Model):
    id = fields.IntField(primary_key=True)
    code = fields.CharField(max_length=40, unique=True)
    name = fields.CharField(max_length=120)
    timezone = fields.CharField(max_length=60, default="Europe/Warsaw")

    class Meta:
        table = "site"


class Building(Model):
    id = fields.IntField(primary_key=True)
    site: fields.ForeignKeyRelation[Site] = fields.ForeignKeyField(
        "registry.Site", related_name="buildings", on_delete=fields.RESTRICT
    )
    code = fields.CharField(max_length=40, unique=True)
    address = fields.CharField(max_length=200)
    note = fields.CharField(max_length=200, default="")
    step_free = fields.BooleanField(default=False)
    closed_at = UTCDatetimeField(null=True, description="since when it is no longer one of ours")

    site_id: int

    class Meta:
        table = "building"


class OpeningProfile(Model):
    """A named week of opening hours that rooms share."""

    id = fields.IntField(primary_key=True)
    code = fields.CharField(max_length=40, unique=True)
    name = fields.CharField(max_length=120, default="", db_default="")
    closed_on_holidays = fields.BooleanField(default=True)
    revision = fields.IntField(default=1, db_default=1)

    spans: fields.ReverseRelation["OpeningSpan"]

    class Meta:
        table = "opening_profile"


class OpeningSpan(Model):
    """Open on this weekday (0 = Monday) from minute to minute of the local day."""

    id = fields.IntField(primary_key=True)
    profile: fields.ForeignKeyRelation[OpeningProfile] = fields.ForeignKeyField(
        "registry.OpeningProfile", related_name="spans", on_delete=fields.CASCADE
    )
    weekday = fields.SmallIntField()
    opens = fields.SmallIntField(description="minutes after local midnight")
    closes = fields.SmallIntField(description="minutes after local midnight")
    valid_from = fields.DateField(null=True)
    valid_to = fields.DateField(null=True)

    profile_id: int

    class Meta:
        table = "opening_span"


class CalendarDay(Model):
    """A day on which an office differs from its week: closed by order, or open on a swapped Saturday."""

    id = fields.IntField(primary_key=True)
    site: fields.ForeignKeyRelation[Site] = fields.ForeignKeyField(
        "registry.Site", related_name="calendar_days", on_delete=fields.CASCADE
    )
    day = fields.DateField()
    is_open = fields.BooleanField(default=False)
    name = fields.CharField(max_length=120)

    site_id: int

    class Meta:
        table = "calendar_day"
        unique_together = (("site_id", "day"),)


class Room(Model):
    """A room, the rules of booking it, and what was last derived about it."""

    id = fields.IntField(primary_key=True)
    code = fields.CharField(max_length=40, unique=True)
    building: fields.ForeignKeyRelation[Building] = fields.ForeignKeyField(
        "registry.Building", related_name="rooms", on_delete=fields.RESTRICT
    )
    floor = fields.SmallIntField(default=0)
    number = fields.CharField(max_length=20, description="a string: 31C, 0.02")
    name = fields.CharField(max_length=120)
    name_en = fields.CharField(max_length=120, default="")
    name_uk = fields.CharField(max_length=120, default="")
    name_ru = fields.CharField(max_length=120, default="")
    kind = fields.CharEnumField(RoomKind, max_length=20)
    capacity = fields.IntField(default=0, description="seats")
    area_m2 = fields.DecimalField(max_digits=7, decimal_places=2, null=True)
    visibility = fields.CharEnumField(Visibility, max_length=20, default=Visibility.INTERNAL)
    step_free = fields.BooleanField(default=False)
    hearing_loop = fields.BooleanField(default=False)
    screen = fields.BooleanField(default=False)
    note = fields.CharField(max_length=300, default="")
    # the rules of booking
    bookable = fields.BooleanField(default=False)
    opening: fields.ForeignKeyNullableRelation[OpeningProfile] = fields.ForeignKeyField(
        "registry.OpeningProfile", related_name="rooms", on_delete=fields.RESTRICT, null=True
    )
    hours_policy = fields.CharEnumField(HoursPolicy, max_length=20, default=HoursPolicy.ADVISORY)
    setup_minutes = fields.SmallIntField(default=0)
    cleanup_minutes = fields.SmallIntField(default=0)
    min_minutes = fields.SmallIntField(default=5)
    max_hours = fields.SmallIntField(default=24)
    max_days_ahead = fields.SmallIntField(default=400)
    check_in = fields.BooleanField(default=False, description="bookings want a check-in")
    no_show_minutes = fields.SmallIntField(null=True, description="release after, empty for never")
    vacant_minutes = fields.SmallIntField(null=True, description="end after this vacancy, empty for never")
    panel_books = fields.BooleanField(default=False, description="the door offers book, extend and end")
    door_proofs = fields.CharField(
        max_length=40, default="phone,empty", db_default="phone,empty",
        description="what lets end what was not booked at the door: pin, phone, empty, or anyone",
    )  # fmt: skip
    door_pin = fields.CharField(max_length=200, default="", db_default="", description="hash of the room's PIN")
    institutions: fields.ManyToManyRelation["Model"] = fields.ManyToManyField(
        "registry.Institution", related_name="rooms", through="room_institution", on_delete=fields.CASCADE
    )
    approvers: fields.ManyToManyRelation["Model"] = fields.ManyToManyField(
        "registry.Person", related_name="approves_in", through="room_approver", on_delete=fields.CASCADE
    )
    closed_at = UTCDatetimeField(null=True, description="since when it is no longer used, as a room is never deleted")
    # derived, each with the moment it was derived at
    occupancy = fields.CharEnumField(Occupancy, max_length=20, default=Occupancy.UNKNOWN)
    occupancy_since = UTCDatetimeField(null=True)
    vacant_since = UTCDatetimeField(null=True, description="the last sign of anybody, when vacant")
    occupancy_evidence: Any = fields.JSONField(default=list, description="which sensor said what, and when")
    version = fields.BigIntField(default=0, db_default=0, description="grows with every lock of the room")
    revision = fields.BigIntField(default=0, description="grows with every change of the room or its bookings")
    plan_revision = fields.BigIntField(
        default=0, db_default=0, description="the revision at which a booking of today changed last"
    )
    published = fields.BigIntField(default=-1, description="the revision last sent to the door")
    appearance = fields.CharField(max_length=32, default="", db_default="", description="digest of what was last told")
    next_change_at = UTCDatetimeField(null=True, description="when to look again")

    building_id: int
    opening_id: int | None

    class Meta:
        table = "room"
        indexes = [("next_change_at",)]


class StandardItem(Model):
    """What a room should hold: so many of this category and name."""

    id = fields.IntField(primary_key=True)
    room: fields.ForeignKeyRelation[Room] = fields.ForeignKeyField(
        "registry.Room", related_name="standard", on_delete=fields.CASCADE
    )
    name = fields.CharField(max_length=200, description="as the assets are called")
    feature = fields.CharField(max_length=40, default="", description="what a booking may need: projector, …")
    quantity = fields.IntField(default=1)

    room_id: int

    class Meta:
        table = "standard_item"
        unique_together = (("room_id", "name"),)
