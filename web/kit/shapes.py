"""What the API answers, as OpenAPI describes it. A test holds every answer against these."""

from datetime import date
from typing import Any, Literal
from uuid import UUID

from pydantic import BaseModel, Field
from pydantic.types import AwareDatetime

Text = str


class Problem(BaseModel):
    """Every fault (RFC 9457). ``code`` is stable; ``detail`` says what to do, in the language asked for."""

    type: str
    title: str
    status: int
    code: str
    detail: str
    params: dict[str, Any]


class Span(BaseModel):
    starts_at: AwareDatetime
    ends_at: AwareDatetime


class Site(BaseModel):
    code: str
    name: str
    timezone: str


class Room(BaseModel):
    code: str
    number: str
    name: str
    names: dict[str, str] = Field(description="by language")
    floor: str | int | None
    building: str
    address: str
    site: Site
    kind: str
    capacity: int
    visibility: Literal["public", "internal", "confidential", "hidden"]
    bookable: bool = Field(description="whether the caller may book it")
    features: list[str]
    check_in: bool
    setup_minutes: int
    cleanup_minutes: int
    min_minutes: int
    max_hours: int
    max_days_ahead: int
    hours_policy: Literal["strict", "advisory"]
    kinds: list[str] = Field(description="the kinds of booking that this room takes")
    revision: int


class Rooms(BaseModel):
    items: list[Room]
    next: str | None
    total: int


class State(BaseModel):
    room: str
    state: Literal["free", "soon", "awaiting_check_in", "in_use", "in_use_unbooked", "closed", "unknown"]
    occupancy: Literal["occupied", "vacant", "unknown"]
    until: AwareDatetime | None
    next_starts_at: AwareDatetime | None
    ready: bool
    revision: int
    as_of: AwareDatetime


class BusySpan(Span):
    """A confidential room is taken. Nothing else is told."""

    room: str


class MeetingSpan(BusySpan):
    """Somebody of another institution meets here."""

    kind: str
    status: str
    institution: str | None


class Booking(MeetingSpan):
    """Everything, for the organizer, the institution, and who runs the rooms."""

    id: UUID
    title: str
    attendees: int | None
    needs: list[str]
    organizer: str | None
    organizer_name: str | None
    blocked_from: AwareDatetime = Field(description="start less set-up")
    blocked_to: AwareDatetime = Field(description="end plus clean-up")
    planned_ends_at: AwareDatetime
    checked_in_at: AwareDatetime | None
    released_at: AwareDatetime | None
    release_reason: str
    warned_at: AwareDatetime | None
    revision: int


Seen = Booking | MeetingSpan | BusySpan


class Warned(BaseModel):
    code: str
    detail: str
    params: dict[str, Any]


class Booked(Booking):
    warnings: list[Warned] = Field(description="booking.outside_hours, booking.not_ready")


class Bookings(BaseModel):
    items: list[Seen]
    next: str | None
    total: int


class Duty(Span):
    id: int
    room: str
    roster: str
    name: str
    languages: str
    person: str | None
    person_name: str | None


class Duties(BaseModel):
    items: list[Duty]
    next: str | None
    total: int


class RoomDay(BaseModel):
    room: str
    name: str
    timezone: str
    revision: int | None = Field(description="null where the caller may not know that something changed")
    times_hidden: bool = Field(description="true: this room tells the caller no times")
    open: list[Span]
    bookings: list[Seen] = Field(description="blocks are bookings of the kind block")
    duties: list[Duty]


class Availability(BaseModel):
    date: date
    days: int
    items: list[RoomDay]
    next: str | None
    total: int


class Asset(BaseModel):
    id: int
    inventory_no: str | None
    name: str
    category: str
    kst: str
    account: str
    price: str | None = Field(description="PLN gross of this piece; null for who may not see money")
    quantity: int
    serial_no: str
    room: str | None
    room_name: str | None
    custodian: str | None
    custodian_name: str | None
    purchase: str | None
    accepted_on: date | None
    warranty_until: date | None
    durable_until: date | None
    lifecycle: str
    condition: str
    revision: int


class Share(BaseModel):
    grant: str | None = Field(description="null for own funds")
    amount: str
    percent: str


class AssetDetail(Asset):
    note: str
    tags: list[str]
    devices: list[str]
    shares: list[Share] | None = Field(description="null for who may not see money")


class RoomAssets(BaseModel):
    items: list[Asset]
    next: str | None
    total: int


class Assets(RoomAssets):
    total_price: str | None = Field(description="of the whole list, PLN gross; null for who may not see money")


class ReadinessItem(BaseModel):
    name: str
    feature: str
    wanted: int
    working: int
    ready: bool
    problems: list[dict[str, Any]]


class Readiness(BaseModel):
    room: str
    ready: bool
    items: list[ReadinessItem]


class Tag(BaseModel):
    code: str
    kind: Literal["asset", "room", "unlinked"]
    asset: int | None
    room: str | None
    name: str | None


class Device(BaseModel):
    id: int
    code: str
    kind: str
    family: str
    address: str
    sensing: str
    room: str | None
    asset: int | None
    enabled: bool
    state: Literal["alive", "silent", "low_battery"]
    occupied: bool | None
    people: int | None
    battery: int | None
    online: bool | None
    distrust: str
    heard_at: AwareDatetime | None


class Devices(BaseModel):
    items: list[Device]
    next: str | None
    total: int


class Inbox(BaseModel):
    items: list[dict[str, Any]]
    next: str | None
    total: int


class Panel(BaseModel):
    id: int
    code: str
    room: str | None
    languages: list[str]
    paired: bool
    online: bool | None
    heard_at: AwareDatetime | None


class Panels(BaseModel):
    items: list[Panel]
    next: str | None
    total: int


class Entry(BaseModel):
    id: int
    object: str
    seq: int
    at: AwareDatetime
    actor: str
    source: str
    action: str
    before: dict[str, Any] | None
    after: dict[str, Any] | None
    reason: str
    hash: str


class Entries(BaseModel):
    items: list[Entry]
    next: str | None
    total: int


class Grant(BaseModel):
    id: int
    code: str
    name: str
    beneficiary: str
    fund: str
    total: str
    granted: str
    percent: str
    started_on: date | None


class GrantDetail(Grant):
    assets: int
    spent: str = Field(description="the sum of this grant's shares in the prices of its assets, PLN")


class Grants(BaseModel):
    items: list[Grant]
    next: str | None
    total: int


class Health(BaseModel):
    status: str


class Ready(BaseModel):
    status: str
    checks: dict[str, str]


class ImportRow(BaseModel):
    line: int
    status: Literal["ok", "warning", "error"]
    values: dict[str, Any]
    problems: list[dict[str, Any]]
    accepted: int = Field(description="rows of the whole list, after the correction")
    refused: int


class Import(BaseModel):
    id: str
    status: Literal["checked", "writing", "written"]
    file: str
    accepted: int
    refused: int
    written: int | None = Field(description="records, once written: a row of a purchase list is one for each piece")
    kind: str
    format: str
    encoding: str | None
    delimiter: str | None
    header_row: int
    columns: dict[str, str]
    rows: list[dict[str, Any]]
    skipped: list[str]
    notices: list[dict[str, Any]]
    control_total: dict[str, str] | None = None
