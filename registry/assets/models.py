"""Assets, the purchases they came with, their tags, and those of them that talk."""

from enum import StrEnum
from typing import Any

from tortoise import fields
from tortoise.models import Model

from registry.core.fields import UTCDatetimeField
from registry.grants.models import Grant
from registry.people.models import Person
from registry.rooms.models import Room


class Lifecycle(StrEnum):
    ORDERED = "ordered"
    IN_USE = "in_use"
    IN_STORE = "in_store"
    HANDED_OVER = "handed_over"
    RETIRED = "retired"
    DISPOSED = "disposed"


class Condition(StrEnum):
    OK = "ok"
    FAULTY = "faulty"
    IN_REPAIR = "in_repair"


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
    COUNTER = "counter"
    CO2 = "co2"
    CONTACT = "contact"
    NONE = "none"


class Purchase(Model):
    """One line of an invoice."""

    id = fields.IntField(primary_key=True)
    code = fields.CharField(max_length=40, unique=True)
    name = fields.CharField(max_length=300)
    name_en = fields.CharField(max_length=300, default="")
    supplier = fields.CharField(max_length=200, default="")
    contract = fields.CharField(max_length=100, default="")
    invoice_no = fields.CharField(max_length=100, default="")
    invoiced_on = fields.DateField(null=True)
    accepted_on = fields.DateField(null=True)
    quantity = fields.IntField()
    unit_price = fields.DecimalField(max_digits=12, decimal_places=2, description="PLN gross")

    class Meta:
        table = "purchase"


class Asset(Model):
    """One piece. Who has it, where it is and its states change only by a named transition."""

    id = fields.IntField(primary_key=True)
    inventory_no = fields.CharField(max_length=60, unique=True, null=True)
    name = fields.CharField(max_length=300)
    category = fields.CharField(max_length=80, default="")
    kst = fields.CharField(max_length=10, default="", description="KŚT 2016 symbol")
    account = fields.CharField(max_length=10, default="", description="011, 013, 020, poz")
    price = fields.DecimalField(max_digits=12, decimal_places=2, description="PLN gross, of this piece")
    quantity = fields.IntField(default=1)
    serial_no = fields.CharField(max_length=80, default="")
    room: fields.ForeignKeyNullableRelation[Room] = fields.ForeignKeyField(
        "registry.Room", related_name="assets", on_delete=fields.RESTRICT, null=True
    )
    custodian: fields.ForeignKeyNullableRelation[Person] = fields.ForeignKeyField(
        "registry.Person", related_name="custody", on_delete=fields.RESTRICT, null=True
    )
    purchase: fields.ForeignKeyNullableRelation[Purchase] = fields.ForeignKeyField(
        "registry.Purchase", related_name="assets", on_delete=fields.RESTRICT, null=True
    )
    accepted_on = fields.DateField(null=True)
    warranty_until = fields.DateField(null=True)
    durable_until = fields.DateField(null=True, description="the grant forbids ending possession before")
    lifecycle = fields.CharEnumField(Lifecycle, max_length=20, default=Lifecycle.IN_USE)
    condition = fields.CharEnumField(Condition, max_length=20, default=Condition.OK)
    note = fields.TextField(default="")
    search_text = fields.CharField(max_length=600, default="", description="registry/assets/rules.py search_text()")
    revision = fields.IntField(default=1)

    room_id: int | None
    custodian_id: int | None
    purchase_id: int | None
    shares: fields.ReverseRelation["FundingShare"]

    class Meta:
        table = "asset"
        indexes = [
            ("room_id", "condition"), ("purchase_id",), ("custodian_id",), ("lifecycle", "condition"), ("category",),
            ("search_text", "id"),
        ]  # fmt: skip


class FundingShare(Model):
    """How much of a price came from where. The shares of an asset sum to its price, to the grosz."""

    id = fields.IntField(primary_key=True)
    asset: fields.ForeignKeyRelation[Asset] = fields.ForeignKeyField(
        "registry.Asset", related_name="shares", on_delete=fields.CASCADE
    )
    grant: fields.ForeignKeyNullableRelation[Grant] = fields.ForeignKeyField(
        "registry.Grant", related_name="shares", on_delete=fields.RESTRICT, null=True
    )
    amount = fields.DecimalField(max_digits=12, decimal_places=2, description="PLN, own funds if no grant is named")

    asset_id: int
    grant_id: int | None

    class Meta:
        table = "funding_share"
        indexes = [("asset_id",), ("grant_id",)]


class Device(Model):
    """An asset that talks: a sensor or a door panel. Its last words are kept here."""

    id = fields.IntField(primary_key=True)
    code = fields.CharField(max_length=64, unique=True, description="ZW-01-occ, also its MQTT user name")
    kind = fields.CharEnumField(DeviceKind, max_length=20)
    family = fields.CharField(max_length=30, default="native", description="the codec that reads it")
    address = fields.CharField(max_length=200, default="", description="its name in its family: a friendly name")
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
    # a door panel
    languages = fields.CharField(max_length=40, default="pl,en,uk,ru")
    key_digest = fields.CharField(max_length=64, null=True, unique=True, description="of a panel's secret")

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
    expires_at = UTCDatetimeField()
    device: fields.ForeignKeyNullableRelation[Device] = fields.ForeignKeyField(
        "registry.Device", related_name="pairings", on_delete=fields.CASCADE, null=True
    )

    device_id: int | None

    class Meta:
        table = "pairing"


class ImportState(StrEnum):
    CHECKED = "checked"
    WRITING = "writing"
    WRITTEN = "written"


class PendingImport(Model):
    """A list that was sent and checked, until it is written and for a day after. It is its sender's alone."""

    id = fields.CharField(max_length=24, primary_key=True)
    owner: fields.ForeignKeyRelation[Person] = fields.ForeignKeyField(
        "registry.Person", related_name="imports", on_delete=fields.CASCADE
    )
    sent_at = UTCDatetimeField()
    file = fields.CharField(max_length=200)
    family = fields.CharField(max_length=40, null=True, description="what the sender says that it holds")
    content = fields.BinaryField(description="the file, emptied once it is written")
    corrections = fields.JSONField[dict[str, dict[str, Any]]](default=dict, description="by line and column")
    report = fields.BinaryField(description="what was read, as compressed JSON without words of a language")
    state = fields.CharEnumField(ImportState, max_length=20, default=ImportState.CHECKED)
    claimed_at = UTCDatetimeField(null=True, description="when a process began to write it")
    written_line = fields.IntField(default=0, description="up to this line it is in the register")
    records = fields.IntField(default=0)
    revision = fields.IntField(default=1)

    owner_id: int

    class Meta:
        table = "pending_import"
        indexes = [("owner_id", "sent_at"), ("sent_at",)]


class Tag(Model):
    """A printed label. It may wait for its thing: the room is never in its number."""

    id = fields.IntField(primary_key=True)
    code = fields.CharField(max_length=12, unique=True, description="registry/assets/tags.py")
    asset: fields.ForeignKeyNullableRelation[Asset] = fields.ForeignKeyField(
        "registry.Asset", related_name="tags", on_delete=fields.SET_NULL, null=True
    )
    room: fields.ForeignKeyNullableRelation[Room] = fields.ForeignKeyField(
        "registry.Room", related_name="tags", on_delete=fields.SET_NULL, null=True
    )
    created_at = UTCDatetimeField()

    asset_id: int | None
    room_id: int | None

    class Meta:
        table = "tag"
        indexes = [("asset_id",), ("room_id",)]
