"""Assets: search, one piece, registering, and correcting how it is described."""

from collections.abc import Collection, Mapping
from datetime import date
from typing import Annotated, Any, Literal

from fastapi import Depends, Query, Response

from registry.assets import actions
from registry.assets.actions import NewAsset
from registry.assets.filters import AssetFilter
from registry.assets.models import Condition, Lifecycle
from registry.assets.orders import MONEY_SORTS, ORDERS
from registry.assets.policy import in_force
from registry.assets.queries import detail, search
from registry.categories.queries import category_tree
from registry.categories.rules import ReadValues, read_values
from registry.core.errors import Forbidden
from registry.devices.queries import devices_of_asset
from registry.grants.queries import grant_ids
from registry.people import rules
from registry.people.models import Person, Role
from registry.people.queries import person_by_login
from registry.rooms.queries import open_room_by_code
from web.assets.paging import ListPaged
from web.assets.shapes import (
    AssetDetailAnswer,
    AssetsAnswer,
    CorrectionsBody,
    NewAssetBody,
    asset_answer,
    detail_answer,
)
from web.auth.access import Caller, caller_with
from web.categories.values import fields_to_type
from web.kit import routing
from web.kit.answers import etag, pln
from web.kit.body import LINE, MAY_BE_EMPTY, Day
from web.kit.clock import Now
from web.kit.idempotency import OnceOnly
from web.kit.record_ids import unless_unknown
from web.kit.routing import CallerActor, IfMatch, faults

router = routing.router("assets")
Word = Annotated[str, Query(max_length=200), LINE]
Lacking = Literal["room", "custodian", "number", "serial", "warranty", "label"]
MayChange = Annotated[Person, Depends(caller_with("assets.change"))]


AssetId = Annotated[int, unless_unknown("asset.unknown")]


def day_text(day: date | None) -> str:
    return day.isoformat() if day else ""


@router.get("/assets", responses=faults(), summary="Search the register")
async def assets(
    person: Caller,
    paging: ListPaged,
    q: Annotated[str, Query(max_length=200, description="in number, name, serial, room, custodian, tag"), LINE] = "",
    room: Word = "",
    category: Word = "",
    custodian: Word = "",
    grant: Word = "",
    lifecycle: Annotated[Lifecycle | None, MAY_BE_EMPTY] = None,
    condition: Annotated[Condition | None, MAY_BE_EMPTY] = None,
    field: Annotated[
        str,
        Query(max_length=260, description="of a category: code:value, or code:least..most of numbers and days"),
        LINE,
    ] = "",
    imported: Annotated[str, Query(max_length=24, description="the id of an import that wrote them"), LINE] = "",
    printed: Annotated[Literal["yes", "no"] | None, MAY_BE_EMPTY, Query(description="a label of it")] = None,
    without: Annotated[Lacking | None, MAY_BE_EMPTY, Query(description="what it lacks")] = None,
    fault: Annotated[Literal["open"] | None, MAY_BE_EMPTY, Query(description="one that is not mended")] = None,
    warranty_before: Annotated[Day | None, MAY_BE_EMPTY] = None,
    durable_before: Annotated[Day | None, MAY_BE_EMPTY] = None,
    bulk: Annotated[str, Query(max_length=24, description="the id of a bulk change that changed them"), LINE] = "",
    sort: Annotated[str, Query(pattern=f"^-?({'|'.join(ORDERS)})$")] = "name",
) -> AssetsAnswer:
    counts_money = rules.may(person.role, "assets.see_money")
    if not counts_money and (grant or sort.removeprefix("-") in MONEY_SORTS):
        raise Forbidden("auth.role")  # the order by price tells the prices
    wish = AssetFilter(
        q=q, room=room, category=category, custodian=custodian, grant=grant, lifecycle=lifecycle or "",
        condition=condition or "", imported=imported, field=field, printed=printed or "", without=without or "",
        fault=fault or "", warranty_before=day_text(warranty_before), durable_before=day_text(durable_before),
        bulk=bulk,
    )  # fmt: skip
    page = await search(wish, sort, paging.offset, paging.limit, after=paging.after)
    return AssetsAnswer(
        items=[asset_answer(row, person.role) for row in page.items],
        next=page.next,
        total=page.total,
        total_price=pln(page.total_price) if counts_money else None,
        total_quantity=page.total_quantity,
    )


@router.post("/assets", status_code=201, responses=faults(404, 409), summary="Register a piece")
async def register(
    body: NewAssetBody, person: MayChange, actor: CallerActor, now: Now, once: OnceOnly, response: Response
) -> AssetDetailAnswer:
    new = await _new(body)
    return await once(
        lambda key: actions.register_together([new], actor, now, key),
        lambda assets: asset_detail(assets[0].id, person, response),
    )


@router.get("/assets/{asset_id}", responses=faults(404), summary="One piece")
async def one(asset_id: AssetId, person: Caller, response: Response) -> AssetDetailAnswer:
    return await asset_detail(asset_id, person, response)


@router.patch("/assets/{asset_id}", responses=faults(404, 409, 412), summary="Correct how a piece is described")
async def correct(
    asset_id: AssetId,
    body: CorrectionsBody,
    person: Caller,
    actor: CallerActor,
    now: Now,
    revision: IfMatch,
    response: Response,
) -> AssetDetailAnswer:
    """Who has it, where it is and its states change by transitions. A price that is corrected alone is split among its
    sources as the one before was, and the account follows the office's policy unless it is named.
    """
    changes = body.changes()
    reason = changes.pop("reason", "")
    if "acquired_on" in changes:
        changes["accepted_on"] = changes.pop("acquired_on")
    check_corrections(changes, person)
    if "fields" in changes:
        changes["own_values"] = await _own_values(asset_id, changes.pop("fields"), changes.get("category"))
    if "shares" in changes:
        ids = await grant_ids(share.grant for share in body.shares if share.grant)
        changes["shares"] = [(ids[share.grant] if share.grant else None, share.amount) for share in body.shares]
    await actions.correct(asset_id, changes, actor, now, revision, reason)
    return await asset_detail(asset_id, person, response)


def check_corrections(names: Collection[str], person: Person) -> None:
    """Raises Forbidden: auth.role, asset.money_of_accountant, for who may not correct one of these columns."""
    is_weighty = any(name in actions.WEIGHTY for name in names)
    if is_weighty and in_force().accountant_alone and person.role is not Role.ACCOUNTANT:
        raise Forbidden("asset.money_of_accountant")
    may_weigh = rules.may(person.role, "assets.correct_money") and is_weighty
    may_describe = rules.may(person.role, "assets.change")
    if not (may_describe or may_weigh and all(name in actions.WEIGHTY for name in names)):
        raise Forbidden("auth.role")


async def asset_detail(asset_id: int, person: Person, response: Response) -> AssetDetailAnswer:
    """One piece as far as this person may see it, with its ETag."""
    devices = [device.code for device in await devices_of_asset(asset_id)]
    answer = detail_answer(await detail(asset_id), devices, person.role)
    response.headers["etag"] = etag(answer.revision)
    return answer


async def _own_values(asset_id: int, raw: Mapping[str, Any], category: str | None) -> ReadValues:
    """What was sent for the fields of a piece: those of its category, a new one if it is sent too, and those in which
    it holds something.
    """
    asset = await detail(asset_id)
    own_fields = fields_to_type(await category_tree(), category or asset["category"], asset["own_values"])
    return read_values(own_fields, raw, is_new=False).whole()


async def _new(body: NewAssetBody) -> NewAsset:
    ids = await grant_ids(body.grants)
    own_fields = (await category_tree()).fields_of(body.category)
    return NewAsset(
        name=body.name,
        price=body.price,
        inventory_no=body.inventory_no,
        unit=body.unit,
        category=body.category,
        kst=body.kst,
        serial_no=body.serial_no,
        quantity=body.quantity,
        room_id=(await open_room_by_code(body.room)).id if body.room else None,
        custodian_id=(await person_by_login(body.custodian)).id if body.custodian else None,
        accepted_on=body.accepted_on,
        warranty_until=body.warranty_until,
        durable_until=body.durable_until,
        note=body.note,
        percents={ids[code]: percent for code, percent in body.grants.items()},
        own_values=read_values(own_fields, body.fields, is_new=True).whole().values,
    )
