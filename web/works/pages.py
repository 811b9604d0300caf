"""Building works: the list, one with its rooms, blocks and pieces, and the form that plans or changes them."""

from datetime import date
from typing import Annotated, Any
from urllib.parse import urlencode
from uuid import uuid4

from fastapi import Depends, Form, Request
from starlette.responses import RedirectResponse, Response

from registry.blocks.queries import spans_of
from registry.blocks.rules import state_at
from registry.core.errors import Conflict, Invalid, Refusal
from registry.core.idempotency import RequestAnswer, act_once
from registry.grants.queries import codes_of_grants
from registry.people.models import Person
from registry.sets.queries import candidates
from registry.works import actions
from registry.works.actions import WorksChanges, as_new
from registry.works.models import Works
from registry.works.queries import WorksLine, history_of, works_by_id, works_detail, works_in_order
from registry.works.rules import NewWorks, is_open
from web.auth.access import actor_of, page_with
from web.blocks.pages import room_groups
from web.kit.clock import Now
from web.kit.drafts import Typed, TypedWords, back_to
from web.kit.errors import status_of
from web.kit.idempotency import form_key
from web.kit.page_context import PageContext, page_context
from web.kit.query_names import pages
from web.kit.record_ids import offset_in, revision_in
from web.kit.render import render
from web.works.api import WorksId
from web.works.words import WorksWords, works_history

router = pages("/works")
Reader = Annotated[Person, Depends(page_with("works.see"))]
Planner = Annotated[Person, Depends(page_with("works.manage"))]
Text = Annotated[str, Form(max_length=20_000)]
PAGE = 50
_FIELDS = {
    "works.no_name": "name", "works.ends_before_start": "ends_on", "block.no_room": "rooms", "block.too_large": "rooms",
    "room.unknown": "rooms", "grant.unknown": "grant", "set.no_piece": "numbers", "works.asset_taken": "numbers",
    "works.too_many_assets": "numbers",
}  # fmt: skip


@router.get("")
async def listing(request: Request, person: Reader, now: Now, view: str = "", offset: str = "") -> Response:
    """Works that are planned or under way; with ``view=past`` those that are over."""
    context = page_context(request, person, now)
    start, is_past = offset_in(offset), view == "past"
    rows, total = await works_in_order(start, PAGE, over=is_past)
    return render(
        request, "works/works.html", context=context, words=WorksWords.of(context.words), total=total, start=start,
        rows=[(row, row.state_on(context.today)) for row in rows], last=start + len(rows), page_length=PAGE,
        is_past=is_past, may_plan=context.may("works.manage"),
    )  # fmt: skip


@router.get("/new")
async def new(request: Request, person: Planner, now: Now, typed: TypedWords) -> Response:
    """The form of new works."""
    context = page_context(request, person, now)
    form = {"name": "", "description": "", "starts_on": "", "ends_on": "", "rooms": [], "grant": "", "key": uuid4().hex}
    return await _form(request, context, form, typed, None)


@router.post("/new")
async def make(request: Request, person: Planner, now: Now) -> Response:
    """Plan works, once."""
    context, form = page_context(request, person, now), _typed(await request.form())
    actor = actor_of(request, person)
    try:
        key = form_key(person, form["key"], now, "works", form | {"key": ""})
        wish = _read(form)
        answer = await act_once(key, lambda once: actions.make_works(wish, actor, now, once), _location)
    except Refusal as refusal:
        return await _refused("/works/new", request, context, form, refusal)
    return RedirectResponse(answer.headers["location"], 303)


async def _location(works: Works) -> RequestAnswer:
    return RequestAnswer(303, "", {"location": f"/works/{works.id}?did=made"})


@router.get("/{works_id}")
async def one(
    request: Request, person: Reader, now: Now, works_id: WorksId, typed: TypedWords, did: str = ""
) -> Response:
    """Works with all that hangs together with them."""
    context = page_context(request, person, now)
    detail = await works_detail(works_id, context.viewer)
    words, state = WorksWords.of(context.words), detail.line.state_on(context.today)
    may_change = context.may("works.manage")
    numbers = "\n".join(row["inventory_no"] or f"#{row['id']}" for row in detail.assets)
    query = [("works", str(works_id)), ("day", max(detail.line.starts_on, context.today).isoformat())]
    return render(
        request, "works/one.html", status=typed.status, context=context, words=words, detail=detail, line=detail.line,
        state=state, toast=words.works_toast(did), may_change=may_change, is_open=is_open(state),
        blocks=[(one, spans_of(one), state_at(spans_of(one), one.cancelled_at, now)) for one in detail.blocks],
        block_href=f"/blocks/new?{urlencode(query)}", may_see_blocks=context.may("blocks.see"),
        may_see_grant=context.may("grants.see"),
        lines=works_history(await history_of(works_id, context.viewer), words, context),
        **({"numbers": numbers, "fault": "", "fault_field": ""} | typed.words),
    )  # fmt: skip


@router.get("/{works_id}/edit")
async def edit(request: Request, person: Planner, now: Now, works_id: WorksId, typed: TypedWords) -> Response:
    """The form that changes works."""
    context, line = page_context(request, person, now), await works_by_id(works_id)
    former = as_new(line)
    form = {
        "name": former.name, "description": former.description, "starts_on": former.starts_on.isoformat(),
        "ends_on": former.ends_on.isoformat(), "rooms": list(former.rooms), "grant": former.grant, "key": "",
        "revision": str(line.revision),
    }  # fmt: skip
    return await _form(request, context, form, typed, line)


@router.post("/{works_id}/edit")
async def change(request: Request, person: Planner, now: Now, works_id: WorksId) -> Response:
    """Other words, days, rooms or another grant."""
    context, form = page_context(request, person, now), _typed(await request.form())
    try:
        wish = _read(form)
        changes = WorksChanges(wish.name, wish.description, wish.starts_on, wish.ends_on, wish.rooms, wish.grant)
        await actions.change_works(works_id, changes, actor_of(request, person), now, _revision(form["revision"]))
    except Refusal as refusal:
        return await _refused(f"/works/{works_id}/edit", request, context, form, refusal)
    return RedirectResponse(f"/works/{works_id}?did=changed", 303)


@router.post("/{works_id}/assets")
async def put_assets(
    request: Request, person: Planner, now: Now, works_id: WorksId, numbers: Text = "", revision: Text = ""
) -> Response:
    """Say which pieces the works made: one inventory number in a line."""
    context = page_context(request, person, now)
    rows = [line.strip() for line in numbers.splitlines() if line.strip()]
    ids = {line: int(line[1:]) for line in rows if line[:1] == "#" and line[1:].isdecimal() and len(line) < 11}
    try:
        pieces = await candidates([line for line in rows if line not in ids])
        asset_ids = [*ids.values(), *(piece.asset_id for piece in pieces)]
        await actions.put_assets(works_id, asset_ids, actor_of(request, person), now, _revision(revision))
    except Refusal as refusal:
        return await _refused(f"/works/{works_id}", request, context, {"numbers": numbers}, refusal, "#assets")
    return RedirectResponse(f"/works/{works_id}?did=assets", 303)


@router.post("/{works_id}/finish")
async def finish(request: Request, person: Planner, now: Now, works_id: WorksId, revision: Text = "") -> Response:
    """They are done."""
    context = page_context(request, person, now)
    try:
        actor = actor_of(request, person)
        await actions.finish_works(works_id, context.today, actor, now, _revision(revision))
    except Refusal as refusal:
        return await _refused(f"/works/{works_id}", request, context, {}, refusal)
    return RedirectResponse(f"/works/{works_id}?did=finished", 303)


@router.post("/{works_id}/cancel")
async def cancel(request: Request, person: Planner, now: Now, works_id: WorksId, revision: Text = "") -> Response:
    """They are given up."""
    context = page_context(request, person, now)
    try:
        await actions.cancel_works(works_id, actor_of(request, person), now, _revision(revision))
    except Refusal as refusal:
        return await _refused(f"/works/{works_id}", request, context, {}, refusal)
    return RedirectResponse(f"/works/{works_id}?did=cancelled", 303)


def _typed(fields: Any) -> dict[str, Any]:
    names = ("name", "description", "starts_on", "ends_on", "grant", "key", "revision")
    return {name: str(fields.get(name) or "")[:5000] for name in names} | {
        "rooms": [str(code)[:40] for code in fields.getlist("rooms")][:300]
    }


def _read(form: dict[str, Any]) -> NewWorks:
    """What the form says. Raises Invalid("request.bad_field") for a day that is none."""
    days = {}
    for name in ("starts_on", "ends_on"):
        try:
            days[name] = date.fromisoformat(form[name].strip())
        except ValueError as fault:
            raise Invalid("booking.bad_date", given=form[name][:40] or "–", field=name) from fault
    return NewWorks(
        form["name"], days["starts_on"], days["ends_on"], tuple(form["rooms"]), form["description"], form["grant"]
    )


async def _form(
    request: Request, context: PageContext, form: dict[str, Any], typed: Typed, line: WorksLine | None
) -> Response:
    words = WorksWords.of(context.words)
    return render(
        request, "works/form.html", status=typed.status, context=context, words=words, line=line,
        form=form | {name: value for name, value in typed.words.items() if name in form},
        fault=typed.words.get("fault", ""), fault_field=typed.words.get("fault_field", ""),
        groups=await room_groups(context, words, line.rooms if line else ()),
        grants=sorted((await codes_of_grants()).values()),
    )  # fmt: skip


async def _refused(
    page: str, request: Request, context: PageContext, form: dict[str, Any], refusal: Refusal, place: str = ""
) -> Response:
    field = _FIELDS.get(refusal.code, str(refusal.params.get("field", "")))
    words = form | {"fault": context.words.refusal(refusal), "fault_field": field}
    if refusal.code == "request.stale":
        words.pop("revision", None)
    return await back_to(f"{page}{place}", request, context.now, status_of(refusal), **words)


def _revision(text: str) -> int:
    revision = revision_in(text)
    if revision is None:
        raise Conflict("request.stale")
    return revision
