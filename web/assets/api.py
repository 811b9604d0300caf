"""Assets: search, one piece, registering, and the transitions that change who has it, where and in which condition."""

import re
from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Annotated, Any

from fastapi import Depends, Query, Request
from msgspec import UNSET, Meta, UnsetType
from starlette.responses import Response

from registry.assets import actions
from registry.assets.actions import NewAsset
from registry.assets.models import Condition, Lifecycle
from registry.assets.queries import detail, search
from registry.assets.search import SORTS, AssetFilter
from registry.core.errors import N_, Invalid, NotFound, Reason
from registry.devices.queries import devices_of_asset
from registry.grants.models import Grant
from registry.importing.cells import Unreadable, amount, kst
from registry.people import rules
from registry.people.models import Person, Role
from registry.people.queries import person_by_login
from web.auth.access import Caller, actor_of, caller_with
from web.kit import routing, shapes
from web.kit.answers import answer, cursor_at, position, wanted_revision
from web.kit.body import MAY_BE_EMPTY, Body, asked_once, body, kept_day, named, plain, text
from web.kit.routing import IF_MATCH, KEY, faults, taking
from web.rooms.projection import room_of

router = routing.router("assets")
Limit = Annotated[int, Query(ge=1, le=200)]
Word = Annotated[str, Query(max_length=200)]
DEAREST = Decimal(10) ** 9
_GUESSED = re.compile(r"\s*\d+\.\d{3,}\D*")
_LISTED = (
    "id", "inventory_no", "name", "category", "kst", "account", "quantity", "serial_no", "room", "room_name",
    "custodian", "custodian_name", "purchase", "accepted_on", "warranty_until", "durable_until", "lifecycle",
    "condition", "revision",
)  # fmt: skip


class NewAssetBody(Body):
    name: Annotated[str, Meta(min_length=1, max_length=300)]
    price: Annotated[str | int | float, Meta(description="PLN gross: 1290.00 or 1290,00")]
    inventory_no: Annotated[str, Meta(max_length=60)] | None = None
    category: Annotated[str, Meta(max_length=80)] = ""
    kst: Annotated[str, Meta(max_length=20)] = ""
    serial_no: Annotated[str, Meta(max_length=80)] = ""
    quantity: Annotated[int, Meta(ge=1, le=100_000)] = 1
    room: Annotated[str, Meta(max_length=40)] | None = None
    custodian: Annotated[str, Meta(max_length=64, description="a login")] | None = None
    accepted_on: date | None = None
    warranty_until: date | None = None
    durable_until: date | None = None
    note: Annotated[str, Meta(max_length=4000)] = ""
    grants: Annotated[dict[str, float], Meta(description="percent of the price by grant code", max_length=10)] = {}


class Corrections(Body):
    """What is left out stays as it is."""

    name: Annotated[str, Meta(min_length=1, max_length=300)] | UnsetType = UNSET
    inventory_no: Annotated[str, Meta(max_length=60)] | UnsetType | None = UNSET
    category: Annotated[str, Meta(max_length=80)] | UnsetType = UNSET
    serial_no: Annotated[str, Meta(max_length=80)] | UnsetType = UNSET
    warranty_until: date | UnsetType | None = UNSET
    note: Annotated[str, Meta(max_length=4000)] | UnsetType = UNSET


def asset_json(item: dict[str, Any], role: Role) -> dict[str, Any]:
    """A row of the asset queries; money for who may see it."""
    told = {name: item[name] for name in _LISTED}
    told["price"] = f"{item['price']:.2f}" if rules.may(role, "assets.see_money") else None
    return told


@router.get("/assets", response_model=shapes.Assets, responses=faults(), summary="Search the register")
async def assets(
    person: Caller,
    q: Annotated[str, Query(max_length=200, description="in number, name, serial, room, custodian, tag")] = "",
    room: Word = "",
    category: Word = "",
    custodian: Word = "",
    grant: Word = "",
    lifecycle: Annotated[Lifecycle | None, MAY_BE_EMPTY] = None,
    condition: Annotated[Condition | None, MAY_BE_EMPTY] = None,
    sort: Annotated[str, Query(pattern=f"^-?({'|'.join(SORTS)})$")] = "name",
    limit: Limit = 50,
    cursor: Annotated[str | None, Query(max_length=100)] = None,
) -> Response:
    wanted = AssetFilter(
        q=plain("q", q),
        room=plain("room", room),
        category=plain("category", category),
        custodian=plain("custodian", custodian),
        grant=plain("grant", grant),
        lifecycle=lifecycle or "",
        condition=condition or "",
    )
    found = await search(wanted, sort, position(cursor), limit)
    sees_money = rules.may(person.role, "assets.see_money")
    return answer(
        {
            "items": [asset_json(item, person.role) for item in found.items],
            "next": cursor_at(found.next) if found.next is not None else None,
            "total": found.total,
            "total_price": f"{found.total_price:.2f}" if sees_money else None,
        }
    )


@router.post(
    "/assets",
    status_code=201,
    response_model=shapes.AssetDetail,
    responses=faults(404, 409),
    openapi_extra={**taking(NewAssetBody), "parameters": [KEY]},
    summary="Register a piece",
)
async def register(request: Request, person: Annotated[Person, Depends(caller_with("assets.change"))]) -> Response:
    new = await _new(await body(request, NewAssetBody))
    once = asked_once(request, person)
    asset = await actions.register(new, actor_of(request, person), datetime.now(UTC), once)
    return await asset_answer(asset.id, person, 201)


@router.get("/assets/{asset_id}", response_model=shapes.AssetDetail, responses=faults(404), summary="One piece")
async def one(asset_id: int, person: Caller) -> Response:
    return await asset_answer(asset_id, person)


@router.patch(
    "/assets/{asset_id}",
    response_model=shapes.AssetDetail,
    responses=faults(404, 409, 412),
    openapi_extra={**taking(Corrections), "parameters": [IF_MATCH]},
    summary="Correct how a piece is described",
)
async def correct(
    request: Request, asset_id: int, person: Annotated[Person, Depends(caller_with("assets.change"))]
) -> Response:
    """Who has it, where it is and its states change by transitions."""
    asked = await body(request, Corrections)
    given = {name: told for name in actions.CORRECTED if (told := getattr(asked, name)) is not UNSET}
    checked = {name: _CHECKS[name](told) for name, told in given.items()}
    now, wanted = datetime.now(UTC), wanted_revision(request)
    await actions.correct(asset_number(asset_id), checked, actor_of(request, person), now, wanted)
    return await asset_answer(asset_id, person)


_CHECKS: dict[str, Callable[[Any], Any]] = {
    "name": lambda told: named("name", told, 300),
    "inventory_no": lambda told: plain("inventory_no", told, 60) or None,
    "category": lambda told: plain("category", told, 80),
    "serial_no": lambda told: plain("serial_no", told, 80),
    "warranty_until": lambda told: _day("warranty_until", told),
    "note": lambda told: text("note", told, 4000),
}


def asset_number(asset_id: int) -> int:
    """The number, which a database can hold. Raises NotFound("asset.unknown")."""
    if not 0 < asset_id < 2**31:
        raise NotFound("asset.unknown")
    return asset_id


async def asset_answer(asset_id: int, person: Person, status: int = 200) -> Response:
    """One piece as far as this person may see it."""
    item = await detail(asset_number(asset_id))
    told = asset_json(item, person.role)
    told["note"], told["tags"] = item["note"], list(item["tags"])
    told["devices"] = [device.code for device in await devices_of_asset(asset_id)]
    told["shares"] = _shares(item) if rules.may(person.role, "assets.see_money") else None
    return answer(told, status, item["revision"])


def _shares(item: dict[str, Any]) -> list[dict[str, Any]]:
    return [
        {"grant": share["grant"], "amount": f"{share['amount']:.2f}", "percent": f"{share['percent']:.2f}"}
        for share in item["shares"]
    ]


async def _new(asked: NewAssetBody) -> NewAsset:
    return NewAsset(
        name=named("name", asked.name, 300),
        price=_price(asked.price),
        inventory_no=plain("inventory_no", asked.inventory_no, 60) or None,
        category=plain("category", asked.category, 80),
        kst=_kst(asked.kst),
        serial_no=plain("serial_no", asked.serial_no, 80),
        quantity=asked.quantity,
        room_id=(await room_of(asked.room)).id if asked.room else None,
        custodian_id=(await person_by_login(plain("custodian", asked.custodian, 64))).id if asked.custodian else None,
        accepted_on=_day("accepted_on", asked.accepted_on),
        warranty_until=_day("warranty_until", asked.warranty_until),
        durable_until=_day("durable_until", asked.durable_until),
        note=text("note", asked.note, 4000),
        percents=await _percents(asked.grants),
    )


def _day(field: str, given: date | None) -> date | None:
    return kept_day(field, given) if given else None


def _price(given: str | int | float) -> Decimal:
    """Exact to the grosz. 1.290 is a thousand in a list and one in a program: here it is not guessed."""
    told = str(given)
    try:
        price = amount(told) if isinstance(given, str) else Decimal(told)
    except Unreadable as fault:
        raise Invalid("asset.bad_price", given=told[:40]) from fault
    if not 0 <= price < DEAREST or price != round(price, 2) or _GUESSED.fullmatch(told):
        raise Invalid("asset.bad_price", given=told[:40])
    return round(price, 2)


def _kst(given: str) -> str:
    """The symbol as a list would be read: 808-0 is 808; the former 491 is 487."""
    told = plain("kst", given, 20)
    try:
        return kst(told).symbol if told else ""
    except Unreadable as fault:
        raise Invalid("request.bad_field", field="kst", reason=Reason(str(fault))) from fault


async def _percents(grants: dict[str, float]) -> dict[int, Decimal]:
    percents = {code: Decimal(str(percent)) for code, percent in grants.items()}
    if any(percent < 0 for percent in percents.values()) or sum(percents.values()) > 100:
        raise Invalid(
            "request.bad_field", field="grants", reason=Reason(N_("the percents are not from 0 to 100 together"))
        )
    known = dict(await Grant.filter(code__in=[plain("grants", code, 40) for code in grants]).values_list("code", "id"))
    unknown = next((code for code in grants if code not in known), None)
    if unknown is not None:
        raise NotFound("grant.unknown", grant=unknown)
    return {known[code]: percent for code, percent in percents.items()}
