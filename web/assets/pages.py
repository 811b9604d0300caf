"""Assets: the list with its filters and sums, one asset with all that is known, and what may be done to it."""

import os
import tempfile
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Form, Query, Request
from starlette.background import BackgroundTask
from starlette.responses import FileResponse, RedirectResponse, Response

from registry.assets import actions
from registry.assets.models import Asset, Condition
from registry.assets.queries import FIELDS, JOINED
from registry.core.errors import Invalid, NotFound, Refusal
from registry.core.history import Actor
from registry.exporting.lists import export_list
from registry.people.models import Person
from registry.people.queries import person_by_login
from registry.rooms.queries import room_by_code
from web.assets import words
from web.assets.table import LABELS, asked, chips, is_locked, listed, options, views
from web.assets.view import view_of
from web.auth.access import PageCaller, actor_of, page_with
from web.auth.session import options_of
from web.bookings.words import BookingWords
from web.kit.errors import status_of
from web.kit.page_context import page_context
from web.kit.render import is_fragment, render

router = APIRouter()
Mover = Annotated[Person, Depends(page_with("assets.change"))]
Reporter = Annotated[Person, Depends(page_with("faults.report"))]
Text = Annotated[str, Form(max_length=2000)]
AT_ONCE = 200
FILE_TYPES = {
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}


@router.get("/assets")
async def assets(request: Request, person: PageCaller) -> Response:
    """The list. The search field asks for the rows alone while somebody types."""
    reader = page_context(request, person, datetime.now(UTC))
    what = asked(dict(request.query_params))
    fragment = is_fragment(request)
    offered = await options(reader)
    return render(
        request,
        "assets/_list.html" if fragment else "assets/assets.html",
        person=person,
        reader=reader,
        what=what,
        listed=await listed(what, reader),
        views=[] if fragment else await views(what, reader),
        offered=offered,
        chips=list(chips(what, offered, reader)),
        labels=LABELS,
        looks=words,
        is_locked=is_locked,
    )


@router.get("/assets/export.{kind}")
async def export(
    person: Annotated[Person, Depends(page_with("assets.export"))], kind: Literal["csv", "xlsx"]
) -> Response:
    """The whole register as a file that the importer takes."""
    handle, path = tempfile.mkstemp(suffix=f".{kind}")
    try:
        with os.fdopen(handle, "wb") as file:
            await export_list("assets", kind, file)
    except BaseException:
        os.unlink(path)
        raise
    name = f"izba-{datetime.now(UTC):%Y-%m-%d}.{kind}"
    return FileResponse(path, media_type=FILE_TYPES[kind], filename=name, background=BackgroundTask(os.unlink, path))


@router.get("/assets/chosen")
async def chosen(
    request: Request,
    person: Mover,
    act: str = "",
    ids: Annotated[list[int] | None, Query(alias="id", max_length=AT_ONCE)] = None,
) -> Response:
    """What is about to be done to many assets: say why, and where to."""
    return await _chosen(request, person, act, ids or [])


async def _chosen(
    request: Request, person: Person, act: str, ids: list[int], status: int = 200, **given: Any
) -> Response:
    rows = await Asset.filter(id__in=ids[:AT_ONCE]).order_by("search_text").values(*FIELDS, **JOINED)
    if act not in ACTS or not rows:
        return RedirectResponse("/assets", 303)
    reader = page_context(request, person, datetime.now(UTC))
    return render(
        request,
        "assets/chosen.html",
        person=person,
        status=status,
        reader=reader,
        act=act,
        rows=rows,
        offered=await options(reader),
        looks=words,
        **({"room": "", "reason": "", "faults": []} | given),
    )


@router.post("/assets/chosen")
async def do_to_chosen(
    request: Request,
    person: Mover,
    act: Text,
    ids: Annotated[list[int], Form(alias="id", max_length=AT_ONCE)],
    room: Text = "",
    reason: Text = "",
) -> Response:
    """Do it to each. What was refused is told by name; the rest is done."""
    reader = page_context(request, person, datetime.now(UTC))
    if act not in ACTS:
        raise Invalid("request.bad_field", field="act", reason=act[:40])
    faults, left = [], []
    for asset_id in ids:
        try:
            await ACTS[act](asset_id, {"room": room, "reason": reason}, actor_of(request, person), reader.now)
        except Refusal as refusal:
            faults.append(reader.words.refusal(refusal))
            left.append(asset_id)
    if faults:
        unique = list(dict.fromkeys(faults))
        return await _chosen(request, person, act, left, 409, room=room, reason=reason, faults=unique)
    return RedirectResponse(f"/assets?done={len(ids)}", 303)


@router.get("/assets/{asset_id}")
async def asset(request: Request, person: PageCaller, asset_id: int) -> Response:
    """One asset."""
    return await _page(request, person, asset_id)


async def _page(request: Request, person: Person, asset_id: int, status: int = 200, **given: Any) -> Response:
    if not 0 < asset_id < 2**31:
        raise NotFound("asset.unknown")
    reader = page_context(request, person, datetime.now(UTC))
    view = await view_of(asset_id, reader, options_of(request).base_url)
    may_change = reader.may("assets.change")
    return render(
        request,
        "assets/asset.html",
        person=person,
        status=status,
        reader=reader,
        words=BookingWords.of(reader.words),
        view=view,
        asset=view.asset,
        offered=await options(reader) if may_change else {},
        people=await _people() if may_change else [],
        looks=words,
        **({"open_act": "", "typed": {}, "fault": ""} | given),
    )


async def _people() -> list[tuple[str, str]]:
    return [(person.login, person.name) for person in await Person.filter(is_active=True).order_by("name")]


@router.post("/assets/{asset_id}/fault")
async def report_fault(request: Request, person: Reporter, asset_id: int, reason: Text = "") -> Response:
    """Anybody who works here says that a thing does not."""
    return await _act(request, person, asset_id, "fault", {"reason": reason})


@router.post("/assets/{asset_id}/{act}")
async def do(
    request: Request,
    person: Mover,
    asset_id: int,
    act: str,
    room: Text = "",
    custodian: Text = "",
    code: Text = "",
    reason: Text = "",
    again: Text = "",
    revision: Text = "",
) -> Response:
    """A transition by facilities staff: repair, mend, move, assign, tag."""
    if act not in ACTS:
        raise NotFound("request.not_found")
    given = {"room": room, "custodian": custodian, "code": code, "reason": reason, "again": again}
    return await _act(request, person, asset_id, act, given | {"revision": revision})


async def _act(request: Request, person: Person, asset_id: int, act: str, given: dict[str, str]) -> Response:
    now = datetime.now(UTC)
    if not 0 < asset_id < 2**31:
        raise NotFound("asset.unknown")
    try:
        await ACTS[act](asset_id, given, actor_of(request, person), now)
    except NotFound as refusal:
        if refusal.code == "asset.unknown":
            raise
        return await _refused(request, person, asset_id, act, given, refusal)
    except Refusal as refusal:
        return await _refused(request, person, asset_id, act, given, refusal)
    return RedirectResponse(f"/assets/{asset_id}?done={act}", 303)


async def _refused(
    request: Request, person: Person, asset_id: int, act: str, given: dict[str, str], refusal: Refusal
) -> Response:
    said = page_context(request, person, datetime.now(UTC)).words.refusal(refusal)
    return await _page(request, person, asset_id, status_of(refusal), open_act=act, typed=given, fault=said)


def _revision(given: dict[str, str]) -> int | None:
    told = given.get("revision", "")
    return int(told) if told.isdecimal() and len(told) < 10 else None


async def _condition(asset_id: int, condition: Condition, given: dict[str, str], actor: Actor, now: datetime) -> None:
    reason = given.get("reason", "").strip()
    await actions.set_condition(asset_id, condition, actor, now, reason, _revision(given))


async def _fault(asset_id: int, given: dict[str, str], actor: Actor, now: datetime) -> None:
    await _condition(asset_id, Condition.FAULTY, given, actor, now)


async def _repair(asset_id: int, given: dict[str, str], actor: Actor, now: datetime) -> None:
    await _condition(asset_id, Condition.IN_REPAIR, given, actor, now)


async def _mend(asset_id: int, given: dict[str, str], actor: Actor, now: datetime) -> None:
    await _condition(asset_id, Condition.OK, given, actor, now)


async def _move(asset_id: int, given: dict[str, str], actor: Actor, now: datetime) -> None:
    room = await room_by_code(given.get("room", "").strip())
    await actions.move(asset_id, room.id, actor, now, given.get("reason", "").strip(), _revision(given))


async def _assign(asset_id: int, given: dict[str, str], actor: Actor, now: datetime) -> None:
    login = given.get("custodian", "").strip()
    custodian = (await person_by_login(login[:64])).id if login else None
    await actions.assign(asset_id, custodian, actor, now, given.get("reason", "").strip(), _revision(given))


async def _tag(asset_id: int, given: dict[str, str], actor: Actor, now: datetime) -> None:
    await actions.link_tag(given.get("code", ""), actor, now, asset_id=asset_id, again=bool(given.get("again")))


ACTS: dict[str, Callable[[int, dict[str, str], Actor, datetime], Awaitable[None]]] = {
    "fault": _fault,
    "repair": _repair,
    "mend": _mend,
    "move": _move,
    "assign": _assign,
    "tag": _tag,
}
