"""Assets, the purchases they came with, their tags, and those of them that talk."""

from enum import StrEnum

from tortoise import fields
from tortoise.models import Model

from registry.categories.models import CategoryField
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
    WITHDRAWN = "withdrawn"  # entered by mistake: in no count, its number is given to no other


# where a thing is that a room can count on
STANDING = (Lifecycle.IN_USE, Lifecycle.IN_STORE)


class Condition(StrEnum):
    OK = "ok"
    FAULTY = "faulty"
    IN_REPAIR = "in_repair"


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
        indexes = [("invoice_no",)]


class Asset(Model):
    """One piece. Who has it, where it is and its states change only by a named transition."""

    id = fields.IntField(primary_key=True)
    inventory_no = fields.CharField(max_length=60, unique=True, null=True)
    number_key = fields.CharField(max_length=180, null=True, description="the number as compared, in rules.py")
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
    # what is lent out keeps its room, where it belongs, and its custodian, who answers for it
    borrower: fields.ForeignKeyNullableRelation[Person] = fields.ForeignKeyField(
        "registry.Person", related_name="borrowed", on_delete=fields.RESTRICT, null=True
    )
    due_on = fields.DateField(null=True, description="when it is due back")
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
    was_unnumbered = fields.BooleanField(
        default=False, db_default=False, description="a list's row without a number is still this piece"
    )
    revision = fields.IntField(default=1)

    room_id: int | None
    custodian_id: int | None
    borrower_id: int | None
    purchase_id: int | None
    shares: fields.ReverseRelation["FundingShare"]

    class Meta:
        table = "asset"
        unique_together = (("number_key",),)
        indexes = [
            ("room_id", "condition"), ("purchase_id",), ("custodian_id", "lifecycle"), ("lifecycle", "condition"),
            ("category",), ("search_text", "id"), ("warranty_until", "name"), ("durable_until", "name"),
            ("borrower_id", "due_on"), ("due_on", "name"),
        ]  # fmt: skip


class FormerNumber(Model):
    """A number that a piece had before. It is found by it, and no other piece ever gets it."""

    id = fields.IntField(primary_key=True)
    asset: fields.ForeignKeyRelation[Asset] = fields.ForeignKeyField(
        "registry.Asset", related_name="former_numbers", on_delete=fields.CASCADE
    )
    number = fields.CharField(max_length=60)
    number_key = fields.CharField(max_length=180, unique=True, description="the number as compared, in rules.py")
    until = UTCDatetimeField(description="when another was given instead")

    asset_id: int

    class Meta:
        table = "former_number"
        indexes = [("asset_id",)]


class NumberTemplate(Model):
    """From a day on the pieces of a unit are numbered so. See registry/assets/numbering.py."""

    id = fields.IntField(primary_key=True)
    unit = fields.CharField(max_length=20, description="as it stands in the numbers")
    accounts = fields.CharField(max_length=40, default="", description="comma separated, empty for all others")
    template = fields.CharField(max_length=80)
    starts_on = fields.DateField()
    first_place = fields.IntField(default=1, description="of the sequence in the year of that day")

    class Meta:
        table = "number_template"
        unique_together = (("unit", "starts_on", "accounts"),)


class NumberSequence(Model):
    """How far the numbers of a template are given, in a year where its sequence begins anew each year."""

    id = fields.IntField(primary_key=True)
    number_template: fields.ForeignKeyRelation[NumberTemplate] = fields.ForeignKeyField(
        "registry.NumberTemplate", related_name="sequences", on_delete=fields.RESTRICT
    )
    year = fields.IntField(description="0 for a sequence that never begins anew")
    last_place = fields.IntField(description="the one that was given last")

    number_template_id: int

    class Meta:
        table = "number_sequence"
        unique_together = (("number_template", "year"),)


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


class FieldValue(Model):
    """What a piece holds in a field, also of a category that it had before."""

    id = fields.IntField(primary_key=True)
    asset: fields.ForeignKeyRelation[Asset] = fields.ForeignKeyField(
        "registry.Asset", related_name="own_values", on_delete=fields.CASCADE
    )
    field: fields.ForeignKeyRelation[CategoryField] = fields.ForeignKeyField(
        "registry.CategoryField", related_name="values", on_delete=fields.RESTRICT
    )
    text = fields.CharField(max_length=200, description="registry/categories/rules.py TypedValue")
    number = fields.FloatField(null=True, description="the same, to compare by")
    day = fields.DateField(null=True, description="the same, to compare by")

    asset_id: int
    field_id: int

    class Meta:
        table = "field_value"
        unique_together = (("asset_id", "field_id"),)
        indexes = [("field_id", "text"), ("field_id", "number"), ("field_id", "day")]


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
    lost_at = UTCDatetimeField(null=True, description="since when it is said to be gone, until it is linked again")
    printed_at = UTCDatetimeField(null=True, description="when its label was printed last")

    asset_id: int | None
    room_id: int | None

    class Meta:
        table = "tag"
        indexes = [("asset_id",), ("room_id",)]


class DurabilityOverride(Model):
    """A piece may leave although a grant still binds it: asked for by one person, confirmed by another of another
    role, and used once.
    """

    id = fields.IntField(primary_key=True)
    asset: fields.ForeignKeyRelation[Asset] = fields.ForeignKeyField(
        "registry.Asset", related_name="overrides", on_delete=fields.RESTRICT
    )
    reason = fields.CharField(max_length=300)
    durable_until = fields.DateField(description="the day that bound it when it was asked for")
    due_back = fields.DecimalField(max_digits=12, decimal_places=2, description="PLN of the grant for the days to come")
    asked_by: fields.ForeignKeyRelation[Person] = fields.ForeignKeyField(
        "registry.Person", related_name="overrides_asked", on_delete=fields.RESTRICT
    )
    asked_as = fields.CharField(max_length=20, description="the role in which it was asked for")
    asked_at = UTCDatetimeField()
    confirmed_by: fields.ForeignKeyNullableRelation[Person] = fields.ForeignKeyField(
        "registry.Person", related_name="overrides_confirmed", on_delete=fields.RESTRICT, null=True
    )
    confirmed_as = fields.CharField(max_length=20, default="")
    confirmed_at = UTCDatetimeField(null=True)
    used_at = UTCDatetimeField(null=True, description="when the piece left")
    closed_at = UTCDatetimeField(null=True, description="when the wish was taken back")

    asset_id: int
    asked_by_id: int
    confirmed_by_id: int | None

    class Meta:
        table = "durability_override"
        indexes = [("asset_id", "used_at")]
