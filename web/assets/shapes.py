"""Assets as the API takes and tells them."""

import re
from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, BeforeValidator, Field, WithJsonSchema
from pydantic_core import PydanticKnownError

from registry.assets.rules import Account
from registry.core.errors import N_, Invalid
from registry.importing.cells import Unreadable, amount, kst
from registry.people import rules
from registry.people.models import Role
from web.kit.answers import ListAnswer, pln
from web.kit.body import LINE, LINES, NAME, Body, Changes, Day, Login, Number, RoomCode, Whole, left_out, unfit

DEAREST = Decimal(10) ** 9
_GUESSED = re.compile(r"\s*\d+\.\d{3,}\D*")


def _price(value: Any) -> Decimal:
    """Exact to the grosz. 1.290 is a thousand in a list and one in a program: here it is not guessed."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise PydanticKnownError("string_type")
    text = str(value)
    try:
        price = amount(text) if isinstance(value, str) else Decimal(text)
    except Unreadable as fault:
        raise Invalid("asset.bad_price", given=text[:40]) from fault
    if not 0 <= price < DEAREST or price != round(price, 2) or _GUESSED.fullmatch(text):
        raise Invalid("asset.bad_price", given=text[:40])
    return round(price, 2)


def _kst(text: str) -> str:
    """The symbol as a list would be read: 808-0 is 808; the former 491 is 487."""
    try:
        return kst(text).symbol if text else ""
    except Unreadable as fault:
        raise unfit(str(fault)) from fault


def _percent(value: Any) -> Decimal:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise PydanticKnownError("float_type")
    return Decimal(str(value))


def whole_at_most(percents: dict[str, Decimal]) -> dict[str, Decimal]:
    if any(percent < 0 for percent in percents.values()) or sum(percents.values()) > 100:
        raise unfit(N_("the percents are not from 0 to 100 together"))
    return percents


Price = Annotated[
    Decimal,
    BeforeValidator(_price),
    WithJsonSchema({"anyOf": [{"type": "string"}, {"type": "number"}]}),
    Field(description="PLN gross: 1290.00 or 1290,00"),
]
Percent = Annotated[Decimal, BeforeValidator(_percent), WithJsonSchema({"type": "number"})]
Kst = Annotated[str, Field(max_length=20), LINE, AfterValidator(_kst)]
Quantity = Annotated[Whole, Field(ge=1, le=100_000)]
Category = Annotated[str, Field(max_length=80), LINE]
InventoryNo = Annotated[Annotated[str, Field(max_length=60), LINE] | None, AfterValidator(lambda text: text or None)]
SerialNo = Annotated[str, Field(max_length=80), LINE]
Note = Annotated[str, Field(max_length=4000), LINES]
AssetName = Annotated[str, Field(min_length=1, max_length=300), NAME]


OwnValues = Annotated[
    dict[Annotated[str, Field(max_length=40), LINE], str | Whole | Number | None],
    Field(max_length=60, description="what the fields of the category hold, by their codes; null empties one"),
]


class NewAssetBody(Body):
    name: AssetName
    price: Price
    inventory_no: InventoryNo = None
    unit: Annotated[str, Field(max_length=20, description="gives the next number where none is named"), LINE] = ""
    category: Category = ""
    kst: Kst = ""
    serial_no: SerialNo = ""
    quantity: Quantity = 1
    room: RoomCode | None = None
    custodian: Login | None = None
    accepted_on: Day | None = None
    warranty_until: Day | None = None
    durable_until: Day | None = None
    note: Note = ""
    grants: Annotated[
        dict[Annotated[str, Field(max_length=40), LINE], Percent],
        Field(max_length=10, description="percent of the price by grant code"),
        AfterValidator(whole_at_most),
    ] = {}
    fields: OwnValues = {}


class ShareBody(Body):
    grant: Annotated[str, Field(max_length=40), LINE] | None = Field(description="a grant's code, null for own funds")
    amount: Price


Reason = Annotated[str, Field(max_length=300, description="why it is corrected"), LINE]


class CorrectionsBody(Changes):
    """What is left out stays as it is. From the price on a correction takes a reason."""

    name: AssetName = left_out()
    inventory_no: InventoryNo = left_out()
    category: Category = left_out()
    serial_no: SerialNo = left_out()
    warranty_until: Day | None = left_out()
    note: Note = left_out()
    fields: OwnValues = left_out()
    price: Price = left_out()
    acquired_on: Day | None = left_out()
    kst: Kst = left_out()
    quantity: Quantity = left_out()
    account: Account = left_out()
    shares: Annotated[list[ShareBody], Field(min_length=1, max_length=11)] = left_out()
    reason: Reason = left_out()


class AssetAnswer(BaseModel):
    id: int
    inventory_no: str | None
    name: str
    category: str
    kst: str
    account: str | None = Field(description="it tells what the price is above; null for who may not see money")
    quantity: int
    serial_no: str
    room: str | None
    room_name: str | None
    custodian: str | None
    custodian_name: str | None
    borrower: str | None = Field(description="who has it on loan")
    borrower_name: str | None
    due_on: date | None = Field(description="when that loan is due back")
    purchase: str | None
    accepted_on: date | None
    warranty_until: date | None
    durable_until: date | None
    lifecycle: str
    condition: str
    revision: int
    price: str | None = Field(description="PLN gross of this piece; null for who may not see money")


class ShareAnswer(BaseModel):
    grant: str | None = Field(description="null for own funds")
    amount: str
    percent: str


class AssetDetailAnswer(AssetAnswer):
    note: str
    fields: dict[str, str] = Field(description="what the fields of its category hold, by their codes")
    former_numbers: list[str] = Field(description="that it had before; they find it")
    tags: list[str]
    devices: list[str]
    shares: list[ShareAnswer] | None = Field(description="null for who may not see money")


AssetsOfRoomAnswer = ListAnswer[AssetAnswer]


class AssetsAnswer(ListAnswer[AssetAnswer]):
    total_price: str | None = Field(description="of the whole list, PLN gross; null for who may not see money")
    total_quantity: int = Field(description="of the whole list: the pieces that its lines stand for")


_STORED = tuple(name for name in AssetAnswer.model_fields if name != "price")


def asset_answer(row: Mapping[str, Any], role: Role) -> AssetAnswer:
    """A row of the asset queries; money for who may see it."""
    return AssetAnswer(**_of_row(row, rules.may(role, "assets.see_money")))


def detail_answer(row: Mapping[str, Any], devices: list[str], role: Role) -> AssetDetailAnswer:
    """What ``registry.assets.queries.detail`` gives, with the codes of its devices; money for who may see it."""
    sees_money = rules.may(role, "assets.see_money")
    return AssetDetailAnswer(
        **_of_row(row, sees_money),
        note=row["note"],
        fields=row["own_values"],
        former_numbers=row["former_numbers"],
        tags=list(row["tags"]),
        devices=devices,
        shares=[_share(share) for share in row["shares"]] if sees_money else None,
    )


def _of_row(row: Mapping[str, Any], sees_money: bool) -> dict[str, Any]:
    money = {"price": pln(row["price"]), "account": row["account"]} if sees_money else {"price": None, "account": None}
    return {name: row[name] for name in _STORED} | money


def _share(share: Mapping[str, Any]) -> ShareAnswer:
    return ShareAnswer(grant=share["grant"], amount=pln(share["amount"]), percent=f"{share['percent']:.2f}")
