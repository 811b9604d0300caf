"""Devices: sensors and door panels, what they said last, and the tablets that wait to become a door."""

from enum import StrEnum
from typing import Any

from tortoise import fields
from tortoise.models import Model

from registry.assets.models import Asset
from registry.core.fields import UTCDatetimeField
from registry.rooms.models import Room


class DeviceState(StrEnum):
    ALIVE = "alive"
    SILENT = "silent"
    LOW_BATTERY = "low_battery"


class DeviceKind(StrEnum):
    PRESENCE = "presence"
    AIR = "air"
    CONTACT = "contact"
    DOOR_PANEL = "door_panel"
    OTHER = "other"


class Sensing(StrEnum):
    """How a device senses people. It decides what its silence proves (DESIGN: hold times)."""

    PIR = "pir"
    MMWAVE = "mmwave"
    COUNTER = "counter"  # of people in an area
    PASSAGE = "passage"  # in at a door less out
    CO2 = "co2"
    CONTACT = "contact"
    NONE = "none"


class Device(Model):
    """An asset that talks: a sensor or a door panel. Its last words are kept here."""

    id = fields.IntField(primary_key=True)
    code = fields.CharField(max_length=64, unique=True, description="ZW-01-occ, also its MQTT user name")
    kind = fields.CharEnumField(DeviceKind, max_length=20)
    family = fields.CharField(max_length=30, default="native", description="the codec that reads it")
    address = fields.CharField(max_length=200, default="", description="its name in its family: a friendly name")
    value_keys: Any = fields.JSONField(
        null=True, description="which key of its messages means what: occupancy, people, battery, online"
    )
    sensing = fields.CharEnumField(Sensing, max_length=20, default=Sensing.NONE)
    asset: fields.ForeignKeyNullableRelation[Asset] = fields.ForeignKeyField(
        "registry.Asset", related_name="devices", on_delete=fields.SET_NULL, null=True
    )
    room: fields.ForeignKeyNullableRelation[Room] = fields.ForeignKeyField(
        "registry.Room", related_name="devices", on_delete=fields.SET_NULL, null=True
    )
    enabled = fields.BooleanField(default=True)
    hold_seconds = fields.IntField(default=300, description="no motion this long before it counts as vacant")
    heartbeat_seconds = fields.IntField(default=1800, description="it speaks at least this often")
    # what it last said
    occupied = fields.BooleanField(null=True)
    people = fields.IntField(null=True)
    confirmed_at = UTCDatetimeField(null=True, description="when the value was last confirmed by a live message")
    changed_at = UTCDatetimeField(null=True, description="when the value last changed")
    positive_at = UTCDatetimeField(null=True, description="when it last saw anybody")
    heard_at = UTCDatetimeField(null=True, description="when anything was last heard")
    online = fields.BooleanField(null=True)
    battery = fields.SmallIntField(null=True, description="percent")
    distrust = fields.CharField(max_length=40, default="", description="tamper, disabled, simulated, clock, …")
    refusal = fields.CharField(max_length=200, null=True, description="why something that it sent was refused last")
    refused_at = UTCDatetimeField(null=True)
    # a door panel
    languages = fields.CharField(max_length=40, default="pl,en,uk,ru")
    key_digest = fields.CharField(max_length=64, null=True, unique=True, description="of a panel's secret")
    dark_from = fields.SmallIntField(default=20, db_default=20, description="hour from which a panel is dark")
    dark_to = fields.SmallIntField(default=6, db_default=6, description="hour until which, the same hour is never")
    retired_at = UTCDatetimeField(null=True, description="when it was taken out of use")

    asset_id: int | None
    room_id: int | None

    class Meta:
        table = "device"
        indexes = [("room_id", "kind")]
        unique_together = (("family", "address", "code"),)


class Trace(Model):
    """A stretch in which one sensor saw somebody, still running while ``until`` is null. Never of a Help Point room."""

    id = fields.BigIntField(primary_key=True)
    device: fields.ForeignKeyRelation[Device] = fields.ForeignKeyField(
        "registry.Device", related_name="traces", on_delete=fields.CASCADE
    )
    room: fields.ForeignKeyRelation[Room] = fields.ForeignKeyField(
        "registry.Room", related_name="traces", on_delete=fields.CASCADE
    )
    since = UTCDatetimeField()
    until = UTCDatetimeField(null=True)

    device_id: int
    room_id: int

    class Meta:
        table = "trace"
        indexes = [("room_id", "since"), ("device_id", "until")]


class Pairing(Model):
    """A tablet that shows a code and waits to become a door panel."""

    id = fields.IntField(primary_key=True)
    code = fields.CharField(max_length=12, unique=True)
    key_digest = fields.CharField(max_length=64, unique=True)
    address = fields.CharField(max_length=64, default="", db_default="", description="where the tablet asks from")
    expires_at = UTCDatetimeField()
    device: fields.ForeignKeyNullableRelation[Device] = fields.ForeignKeyField(
        "registry.Device", related_name="pairings", on_delete=fields.CASCADE, null=True
    )

    device_id: int | None

    class Meta:
        table = "pairing"


class Watch(Model):
    """Since when sensors are heard without a gap. One row, an empty ``since`` says not heard now."""

    id = fields.IntField(primary_key=True)
    since = UTCDatetimeField(null=True)
    lost_at = UTCDatetimeField(null=True)

    class Meta:
        table = "watch"
