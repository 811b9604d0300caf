"""Sets: the list with what each lacks, one with its pieces, and the form that makes or changes one."""

from dataclasses import dataclass
from typing import Annotated, Any
from uuid import uuid4

from fastapi import Depends, Form, Request
from starlette.responses import RedirectResponse, Response

from registry.assets.queries import assets_by_id
from registry.core.errors import N_, Conflict, Invalid, Reason, Refusal
from registry.core.idempotency import RequestAnswer, act_once
from registry.core.ids import may_be_id
from registry.people.models import Person
from registry.sets import rules
from registry.sets.actions import NewSet, SetChanges, change_set, dissolve_set, make_set
from registry.sets.models import AssetSet
from registry.sets.queries import SetState, candidates, history_of, set_state, sets_in_order
from web.assets.table import room_options
from web.auth.access import PageCaller, actor_of, page_with
from web.kit.clock import Now
from web.kit.drafts import TypedWords, back_to
from web.kit.errors import status_of
from web.kit.idempotency import form_key
from web.kit.page_context import PageContext, page_context
from web.kit.query_names import pages
from web.kit.record_ids import offset_in, revision_in
from web.kit.render import render
from web.sets import words
from web.sets.api import SetId

router = pages()
Keeper = Annotated[Person, Depends(page_with("assets.change"))]
Text = Annotated[str, Form(max_length=20_000)]
PAGE = 50
LONGEST_NAME, LONGEST_NOTE = 200, 2000


@router.get("/sets")
async def listing(
    request: Request, person: PageCaller, now: Now, q: str = "", room: str = "", offset: str = ""
) -> Response:
    """All sets that were not taken apart, by name."""
    context = page_context(request, person, now)
    start = offset_in(offset)
    rows, total = await sets_in_order(q.strip()[:64], room.strip()[:40], start, PAGE)
    return render(
        request,
        "sets/sets.html",
        person=person,
        context=context,
        q=q.strip()[:64],
        room=room,
        rows=rows,
        total=total,
        start=start,
        last=start + len(rows),
        page_length=PAGE,
        rooms=await room_options(context),
    )


@router.get("/sets/new")
async def new(request: Request, person: Keeper, now: Now, typed: TypedWords, ids: str = "") -> Response:
    """The form of a new set; ``ids`` are the pieces that it begins with, parted by commas."""
    context = page_context(request, person, now)
    numbers = [int(part) for part in ids.split(",") if part.isdecimal() and len(part) < 10][: rules.LARGEST]
    rows = await assets_by_id([number for number in numbers if may_be_id(number)])
    pieces = "\n".join(row["inventory_no"] or f"#{row['id']}" for row in rows)
    form = {"name": "", "note": "", "pieces": pieces, "parts": "", "key": uuid4().hex}
    return _form(request, context, None, typed.status, form | typed.words)


@router.post("/sets/new")
async def make(
    request: Request, person: Keeper, now: Now, name: Text = "", note: Text = "", pieces: Text = "", parts: Text = "",
    key: Text = "",
) -> Response:  # fmt: skip
    """Put pieces together. The same form sent twice makes one set."""
    form = {"name": name, "note": note, "pieces": pieces, "parts": parts, "key": key}

    async def location(row: AssetSet) -> RequestAnswer:
        return RequestAnswer(303, "", {"location": f"/sets/{row.id}?done=made"})

    try:
        typed = await _read(form)
        wish = NewSet(typed.name, typed.asset_ids, typed.note, typed.parts or None)
        answer = await act_once(
            form_key(person, key, now, "sets", form),
            lambda once: make_set(wish, actor_of(request, person), now, once),
            location,
        )
    except Refusal as refusal:
        return await _refused(request, page_context(request, person, now), "/sets/new", form, refusal)
    return RedirectResponse(answer.headers["location"], 303)


@router.get("/sets/{set_id}")
async def one(request: Request, person: PageCaller, set_id: SetId, now: Now) -> Response:
    """One set: what belongs to it, what is there, and what is wrong with it."""
    context = page_context(request, person, now)
    state = await set_state(set_id)
    return render(
        request,
        "sets/set.html",
        person=person,
        context=context,
        state=state,
        may_change=context.may("assets.change") and not state.is_dissolved,
        lines=words.set_history(await history_of(state.id), context),
        looks=words,
    )


@router.get("/sets/{set_id}/edit")
async def edit(request: Request, person: Keeper, set_id: SetId, now: Now, typed: TypedWords) -> Response:
    """The form that changes a set."""
    context = page_context(request, person, now)
    state = await set_state(set_id)
    form = {
        "name": state.name,
        "note": state.note,
        "pieces": "\n".join(piece.inventory_no or f"#{piece.asset_id}" for piece in state.pieces),
        "parts": "\n".join(f"{part.quantity} × {part.name}" for part in state.parts),
        "revision": str(state.revision),
    }
    return _form(request, context, state, typed.status, form | typed.words)


@router.post("/sets/{set_id}/edit")
async def change(
    request: Request, person: Keeper, set_id: SetId, now: Now, name: Text = "", note: Text = "", pieces: Text = "",
    parts: Text = "", revision: Text = "",
) -> Response:  # fmt: skip
    """Change what a set is called and what belongs to it."""
    form = {"name": name, "note": note, "pieces": pieces, "parts": parts, "revision": revision}
    try:
        typed = await _read(form)
        changes = SetChanges(typed.name, typed.note, typed.asset_ids, typed.parts)
        await change_set(set_id, changes, actor_of(request, person), now, _revision(revision))
    except Refusal as refusal:
        return await _refused(request, page_context(request, person, now), f"/sets/{set_id}/edit", form, refusal)
    return RedirectResponse(f"/sets/{set_id}?done=changed", 303)


@router.post("/sets/{set_id}/dissolve")
async def dissolve(request: Request, person: Keeper, set_id: SetId, now: Now, revision: Text = "") -> Response:
    """Take a set apart."""
    await dissolve_set(set_id, actor_of(request, person), now, _revision(revision))
    return RedirectResponse(f"/sets/{set_id}?done=dissolved", 303)


@dataclass(frozen=True, slots=True)
class _TypedSet:
    name: str
    note: str
    asset_ids: tuple[int, ...]
    parts: tuple[rules.Part, ...]


async def _read(form: dict[str, str]) -> _TypedSet:
    """What the form says. Raises Invalid: request.missing_field, request.bad_field, set.bad_part;
    NotFound("set.no_piece").
    """
    name, note = " ".join(form["name"].split()), form["note"].strip()
    if not name:
        raise Invalid("request.missing_field", field="name")
    for field, text, most in (("name", name, LONGEST_NAME), ("note", note, LONGEST_NOTE)):
        if len(text) > most:
            reason = Reason(N_("it is longer than {limit} characters"), limit=most)
            raise Invalid("request.bad_field", field=field, reason=reason)
    numbers = [line.strip() for line in form["pieces"].splitlines() if line.strip()]
    ids = {line: int(line[1:]) for line in numbers if line[:1] == "#" and line[1:].isdecimal() and len(line) < 11}
    by_number = await candidates([line for line in numbers if line not in ids])
    asset_ids = dict.fromkeys([*ids.values(), *(piece.asset_id for piece in by_number)])
    parts = tuple(rules.part_from(line) for line in form["parts"].splitlines() if line.strip())
    return _TypedSet(name, note, tuple(asset_ids), parts)


def _form(
    request: Request, context: PageContext, state: SetState | None, status: int, form: dict[str, Any]
) -> Response:
    return render(
        request,
        "sets/form.html",
        person=context.person,
        status=status,
        context=context,
        state=state,
        **({"fault": "", "fault_field": ""} | form),
    )


_FIELDS = {"set.no_piece": "pieces", "set.taken": "pieces", "asset.unknown": "pieces", "set.bad_part": "parts"}


async def _refused(
    request: Request, context: PageContext, page: str, form: dict[str, str], refusal: Refusal
) -> Response:
    """Back to the form with what was typed and why not, at the field."""
    field = _FIELDS.get(refusal.code, str(refusal.params.get("field", "")))
    typed = form | {"fault": context.words.refusal(refusal), "fault_field": field}
    if refusal.code == "request.stale":
        typed.pop("revision", None)  # sent again it means the set as the page shows it now
    return await back_to(page, request, context.now, status_of(refusal), **typed)


def _revision(text: str) -> int:
    """What the form was opened with. Raises Conflict("request.stale") for a form that does not say."""
    revision = revision_in(text)
    if revision is None:
        raise Conflict("request.stale")
    return revision
