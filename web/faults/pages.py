"""Faults: the list with its filters, one fault with its reports and acts, and where to report one."""

from datetime import datetime
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import Depends, Form, Request
from starlette.responses import RedirectResponse, Response

from registry.assets.queries import by_tag
from registry.core.errors import Conflict, NotFound, Refusal
from registry.faults import rules
from registry.faults.actions import act_on
from registry.faults.models import FaultAct
from registry.faults.photos import photos_of_fault
from registry.faults.queries import search, visible_fault
from registry.people.models import Person
from registry.rooms.queries import room_by_code
from web.assets.table import room_options
from web.auth.access import PageCaller, actor_of, page_with
from web.faults import words
from web.faults.access import check_act
from web.faults.photos import may_add
from web.faults.view import PAGE, address_of, offered_acts, views
from web.kit.clock import Now
from web.kit.drafts import TypedWords, back_to
from web.kit.errors import status_of
from web.kit.page_context import PageContext, page_context
from web.kit.query_names import pages
from web.kit.record_ids import id_in, revision_in
from web.kit.render import render

router = pages()
Reporter = Annotated[Person, Depends(page_with("faults.report"))]
Text = Annotated[str, Form(max_length=4000)]


@router.get("/faults")
async def listing(request: Request, person: PageCaller, now: Now) -> Response:
    """What was reported, the newest first."""
    context = page_context(request, person, now)
    address = address_of(dict(request.query_params), person)
    rows, total = await search(address.filter, person, address.offset, PAGE)
    return render(
        request,
        "faults/faults.html",
        person=person,
        context=context,
        address=address,
        rows=rows,
        total=total,
        last=address.offset + len(rows),
        next=address.offset + PAGE if address.offset + len(rows) < total else None,
        views=await views(address, context),
        rooms=await room_options(context),
        looks=words,
    )


@router.get("/faults/new")
async def new(request: Request, person: Reporter, now: Now, room: str = "", asset: str = "", tag: str = "") -> Response:
    """Where to report a fault of a room, a thing or what a label is on; asked for none of them, choose the room."""
    if tag:
        label = await by_tag(tag)
        if not (label.asset_id or label.room_id):
            return RedirectResponse(f"/t/{label.code}", 303)
        asset = str(label.asset_id or "")
        room = label.room.code if label.room else ""
    if number := id_in(asset):
        return RedirectResponse(f"/assets/{number}?{urlencode({'act': 'report_fault'})}", 303)
    if room:
        code = (await room_by_code(room)).code
        return RedirectResponse(f"/rooms/{code}/fault", 303)
    context = page_context(request, person, now)
    return render(request, "faults/where.html", person=person, context=context, rooms=await room_options(context))


@router.get("/faults/{fault_id}")
async def fault(request: Request, person: PageCaller, fault_id: int, now: Now, typed: TypedWords) -> Response:
    """One fault."""
    return await _page(request, page_context(request, person, now), fault_id, typed.status, **typed.words)


async def _page(request: Request, context: PageContext, fault_id: int, status: int = 200, **typed: Any) -> Response:
    one = await visible_fault(fault_id, context.person)
    return render(
        request,
        "faults/fault.html",
        person=context.person,
        status=status,
        context=context,
        one=one,
        acts=offered_acts(one, context),
        lines=_lines(one.lines, context),
        looks=words,
        photos=await photos_of_fault(one, context.person),
        may_add=may_add(one, context.person),
        **({"open_act": "", "text": "", "sentence": "", "photo_faults": []} | typed),
    )


def _lines(lines: list[Any], context: PageContext) -> list[dict[str, str]]:
    """What was said and done, the newest first, in words."""
    rows = []
    for line in reversed(lines):
        source = context.say(words.SOURCE_WORDS.get(line.source, ""))
        by = line.actor if line.source != "panel" else ""
        parts = [by or ("" if source else context.say(words.SOMEBODY)), source, line.text or ""]
        rows.append(
            {
                "when": context.fmt.when(line.at, context.now),
                "iso": context.fmt.iso(line.at),
                "title": context.say(words.LINE_WORDS[line.act]),
                "text": " · ".join(part for part in parts if part),
            }
        )
    return rows


@router.post("/faults/{fault_id}/{act}")
async def do(
    request: Request, person: PageCaller, fault_id: int, act: str, now: Now, text: Text = "", revision: Text = ""
) -> Response:
    """Take it on, say that it is mended, open it again."""
    if act not in (FaultAct.TAKE, FaultAct.RESOLVE, FaultAct.REOPEN):
        raise NotFound("request.not_found")
    await check_act(fault_id, FaultAct(act), person)
    try:
        await _act(request, person, fault_id, FaultAct(act), text, revision, now)
    except Refusal as refusal:
        context = page_context(request, person, now)
        sentence = context.words.refusal(refusal)
        typed = {"open_act": act, "text": text, "sentence": sentence}
        return await back_to(f"/faults/{fault_id}", request, now, status_of(refusal), **typed)
    return RedirectResponse(f"/faults/{fault_id}?done={act}", 303)


async def _act(
    request: Request, person: Person, fault_id: int, act: FaultAct, text: str, revision: str, now: datetime
) -> None:
    look = revision_in(revision)
    if look is None:
        raise Conflict("request.stale")
    await act_on(act, fault_id, text.strip()[: rules.TEXT_LENGTH], actor_of(request, person), now, look)
