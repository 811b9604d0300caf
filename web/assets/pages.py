"""Assets: the list with its filters and sums, one asset with all that is known, and what may be done to it."""

import os
import re
import tempfile
from typing import Annotated, Any, Literal
from urllib.parse import parse_qsl, urlencode, urlsplit
from uuid import uuid4

from fastapi import Depends, Form, Query, Request
from starlette.background import BackgroundTask
from starlette.responses import FileResponse, RedirectResponse, Response

from registry.assets import labels
from registry.assets.durability import binds
from registry.assets.models import Lifecycle
from registry.assets.next_numbers import numbering_units
from registry.assets.queries import assets_by_id, ids_of
from registry.assets.transitions import TRANSITIONS, QuestionField, transition_named
from registry.bulk_changes.rules import CORRECT, NUMBER
from registry.core.errors import Conflict, Forbidden, Invalid, NotFound, Refusal
from registry.core.idempotency import RequestAnswer, act_once
from registry.core.ids import may_be_id
from registry.exporting.lists import export_assets
from registry.faults import asset_transitions
from registry.faults.asset_transitions import TransitionOutcome
from registry.faults.queries import fault_of_number
from registry.people import rules
from registry.people.models import Person
from registry.people.queries import active_people
from web.assets import words
from web.assets.answers import FIELDS, answers_of, lifecycle_options
from web.assets.api import AssetId
from web.assets.correction_pages import editable, shared_fields
from web.assets.list_columns import COLUMNS, shown
from web.assets.list_columns import choices as column_choices
from web.assets.table import (
    DAYS,
    LABELS,
    LINKED,
    address_of,
    chips,
    options,
    page_at,
    room_options,
    views,
)
from web.assets.table import labels as filter_labels
from web.assets.view import view_of
from web.auth.access import PageCaller, actor_of, page_with
from web.auth.session import options_of
from web.bookings.words import BookingWords
from web.categories.values import own_view
from web.faults import words as fault_words
from web.files.view import files_of_asset
from web.kit.clock import Now
from web.kit.drafts import TypedWords, back_to
from web.kit.errors import status_of
from web.kit.idempotency import form_key, nothing_more
from web.kit.page_context import PageContext, page_context
from web.kit.query_names import pages
from web.kit.record_ids import revision_in
from web.kit.render import is_fragment, render

router = pages()
Mover = Annotated[Person, Depends(page_with("assets.change"))]
Text = Annotated[str, Form(max_length=2000)]
AT_ONCE = 200
LABELS_AT_ONCE = 1000
_SET_PAGE = re.compile(r"/sets/\d{1,9}", re.ASCII)
# was typed into a form for files
NO_FILES: dict[str, Any] = {
    "file_faults": [],
    "file_numbers": "",
    "file_purchase": "",
    "file_open": 0,
    "file_rename_faults": [],
    "file_kind": "",
    "file_title": "",
    "file_on_all": "",
}
FILE_TYPES = {
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}


@router.get("/assets")
async def assets(request: Request, person: PageCaller, now: Now) -> Response:
    """The list. The search field asks for the rows alone while somebody types."""
    context = page_context(request, person, now)
    address = address_of(request.query_params, context.may("assets.see_money"))
    is_part = is_fragment(request)
    page = await page_at(address, context)
    if not (is_part or page.assets.total) and (fault_id := await fault_of_number(address.filter.q, person)):
        return RedirectResponse(f"/faults/{fault_id}", 303)  # typed into the search that every page has
    offers = await options(context, address.filter.category) if address.is_filtered or not is_part else {}
    return render(
        request,
        "assets/_list.html" if is_part else "assets/assets.html",
        person=person,
        context=context,
        address=address,
        page=page,
        views=[] if is_part else await views(address, context),
        offers=offers,
        chips=list(chips(address, offers, context)),
        labels=filter_labels(context),
        day_labels={name: LABELS[name] for name in DAYS},
        linked=LINKED,
        columns=[(name, COLUMNS[name]) for name in shown(address.columns, context.may("assets.see_money"))],
        column_choices=column_choices(address.columns, context),
        looks=words,
        is_locked=binds,
        correctable=bool(shared_fields(person)),
        view_key=uuid4().hex,
    )


@router.get("/assets/export.{kind}")
async def export(
    request: Request,
    person: Annotated[Person, Depends(page_with("assets.export"))],
    kind: Literal["csv", "xlsx"],
    now: Now,
) -> Response:
    """The list of the page as a file that the importer takes: what the filter shows, in its order; without one the
    whole register.
    """
    address = address_of(dict(request.query_params), rules.may(person.role, "assets.see_money"))
    handle, path = tempfile.mkstemp(suffix=f".{kind}")
    try:
        with os.fdopen(handle, "wb") as file:
            await export_assets(kind, file, address.filter, address.sort, address.columns)
    except BaseException:
        os.unlink(path)
        raise
    name = f"izba-{now:%Y-%m-%d}.{kind}"
    return FileResponse(path, media_type=FILE_TYPES[kind], filename=name, background=BackgroundTask(os.unlink, path))


@router.get("/assets/chosen")
async def chosen(
    request: Request,
    person: PageCaller,
    now: Now,
    typed: TypedWords,
    act: str = "",
    ids: Annotated[list[int] | None, Query(alias="id", max_length=AT_ONCE)] = None,
    back: str = "",
    whole: str = "",
) -> Response:
    """What is about to be done to many assets: say why, and where to or to whom. All of a filter, a correction and
    numbers are looked at piece by piece first.
    """
    if whole and act == "label":
        address = address_of(
            dict(parse_qsl(urlsplit(_list_at(back)).query)), rules.may(person.role, "assets.see_money")
        )
        ids = await ids_of(address.filter, address.sort, LABELS_AT_ONCE + 1)  # one more: the studio says that it is
    elif whole or act in (CORRECT, NUMBER):
        named = parse_qsl(urlsplit(_list_at(back)).query) if whole else [("id", str(one)) for one in ids or []]
        query = [("act", act), *([("whole", "1")] if whole else []), *named]
        return RedirectResponse(f"/assets/changes/new?{urlencode(query)}", 303)
    if act == "label":
        return RedirectResponse(f"/labels?{urlencode({'ids': ','.join(str(one) for one in ids or [])})}", 303)
    if act not in words.OFFERED_TO_MANY:
        return RedirectResponse("/assets", 303)
    _check(act, person)
    page_words = {"back": _list_at(back)} | typed.words
    return await _chosen(request, page_context(request, person, now), act, ids or [], typed.status, **page_words)


async def _chosen(
    request: Request, context: PageContext, act: str, ids: list[int], status: int = 200, **typed: Any
) -> Response:
    rows = await assets_by_id([asset_id for asset_id in ids[:AT_ONCE] if may_be_id(asset_id)])
    if not rows:
        return RedirectResponse("/assets", 303)
    fields = [str(question.field) for question in TRANSITIONS[act].asks]
    return render(
        request,
        "assets/chosen.html",
        person=context.person,
        status=status,
        context=context,
        act=act,
        words=words.TRANSITION_WORDS[act],
        fields=fields,
        rows=sorted(rows, key=lambda row: row["name"]),
        rooms=await room_options(context) if QuestionField.ROOM in fields else [],
        people=await active_people() if {QuestionField.CUSTODIAN, QuestionField.BORROWER} & set(fields) else [],
        lifecycles=lifecycle_options(context),
        keeps=[str(question.field) for question in TRANSITIONS[act].asks if question.keeps],
        looks=words,
        **({"form": {}, "faults": [], "back": "/assets", "key": uuid4().hex} | typed),
    )


@router.post("/assets/chosen")
async def do_to_chosen(
    request: Request,
    person: PageCaller,
    now: Now,
    act: Text,
    ids: Annotated[list[int], Form(alias="id", max_length=AT_ONCE)],
    revisions: Annotated[list[int] | None, Form(alias="revision", max_length=AT_ONCE)] = None,
    back: Text = "",
    room: Text = "",
    custodian: Text = "",
    lifecycle: Text = "",
    accepted_on: Text = "",
    borrower: Text = "",
    due_on: Text = "",
    reason: Text = "",
    key: Text = "",
) -> Response:
    """Do it to all of them or to none; then each that is in the way is named. The same form does it once."""
    if act not in words.OFFERED_TO_MANY:
        raise Invalid("request.bad_field", field="act", reason=act[:40])
    _check(act, person)
    context = page_context(request, person, now)
    list_address = _list_at(back)
    texts = (room, custodian, lifecycle, accepted_on, borrower, due_on, reason)
    form = dict(zip(FIELDS, texts, strict=True))
    actor = actor_of(request, person)

    async def leads_to(outcome: TransitionOutcome) -> RequestAnswer:
        paper = f"&paper={outcome.document.id}" if outcome.document else ""
        place = f"{list_address}{'&' if '?' in list_address else '?'}done={len(outcome.assets)}{paper}"
        return RequestAnswer(303, "", {"location": place})

    try:
        looks = _looks(ids, revisions or [])
        answers = await answers_of(act, form)
        answer = await act_once(
            form_key(person, key, now, act, ids, revisions, form),
            lambda once: asset_transitions.perform_on_many(act, looks, answers, actor, now, once),
            leads_to,
        )
    except Refusal as refusal:
        typed = {"form": form, "back": list_address, "key": key}
        page = f"/assets/chosen?{urlencode([('act', act), *(('id', one) for one in ids)])}"
        return await back_to(page, request, now, 409, **typed, faults=await _faults(refusal, context))
    return RedirectResponse(answer.headers["location"], 303)


def _looks(ids: list[int], revisions: list[int]) -> dict[int, int | None]:
    """The revision of each piece as the page showed it; any where the form names none at all. Raises
    Conflict("request.stale") where one of them is missing.
    """
    if not revisions:
        return dict.fromkeys(ids)
    if len(revisions) != len(ids):
        raise Conflict("request.stale")
    return dict(zip(ids, revisions, strict=True))


def _list_at(back: str) -> str:
    """The list or the set that somebody came from, to go back to it: an address of ours, read and written anew."""
    parts = urlsplit(back)
    if _SET_PAGE.fullmatch(back):
        return back
    if (parts.scheme, parts.netloc, parts.path) != ("", "", "/assets") or len(back) > 2000:
        return "/assets"
    return address_of(dict(parse_qsl(parts.query))).place


async def _faults(refusal: Refusal, context: PageContext) -> list[str]:
    """A refusal in words, and after it each asset that is refused, with its reason."""
    refused = {row["id"]: row["detail"] for row in refusal.params.get("refused", ())}
    labels = {row["id"]: row["inventory_no"] or row["name"] for row in await assets_by_id(list(refused))}
    lines = [f"{labels.get(asset_id, asset_id)}: {detail.words(context.say)}" for asset_id, detail in refused.items()]
    return [context.words.refusal(refusal), *lines]


def _check(name: str, person: Person) -> None:
    if person.role not in transition_named(name).roles:
        raise Forbidden("auth.role")


@router.get("/assets/{asset_id}")
async def asset(request: Request, person: PageCaller, asset_id: AssetId, now: Now, typed: TypedWords) -> Response:
    """One asset."""
    return await _page(request, page_context(request, person, now), asset_id, typed.status, **typed.words)


async def _page(request: Request, context: PageContext, asset_id: int, status: int = 200, **typed: Any) -> Response:
    view = await view_of(asset_id, context, options_of(request).base_url)
    may_change = context.may("assets.change")
    open_act = request.query_params.get("act", "")[:20]
    typed_words = {"open_act": open_act, "form": {}, "fault": "", "key": uuid4().hex} | typed
    return render(
        request,
        "assets/asset.html",
        person=context.person,
        status=status,
        context=context,
        booking_words=BookingWords.of(context.words),
        view=view,
        asset=view.asset,
        rooms=await room_options(context) if may_change else [],
        people=await active_people() if may_change else [],
        units=await numbering_units(context.today) if may_change and _needs_units(view.asset) else [],
        lifecycles=lifecycle_options(context) if may_change else [],
        looks=words,
        fault_words=fault_words,
        editable=editable(context.person) if view.asset["lifecycle"] != Lifecycle.WITHDRAWN else frozenset(),
        own=await own_view(view.asset["category"], view.asset["own_values"], context),
        files=await files_of_asset(view.asset["id"], context, request.query_params.get("removed", "")[:10]),
        **(NO_FILES | typed_words),
    )


def _needs_units(piece: dict[str, Any]) -> bool:
    """Whether something of a piece may get a number: a part that is split off it, or itself."""
    return bool(piece["quantity"] > 1 or not piece["inventory_no"])


@router.post("/assets/{asset_id}/tag")
async def tag(
    request: Request, person: Mover, asset_id: AssetId, now: Now, code: Text = "", again: Text = ""
) -> Response:
    """Put a printed label on it."""
    form = {"code": code, "again": again}
    actor = actor_of(request, person)
    try:
        await labels.link_tag(code, actor, now, asset_id=asset_id, again=bool(again))
    except Refusal as refusal:
        return await _refused(request, page_context(request, person, now), asset_id, "tag", form, refusal)
    return RedirectResponse(f"/assets/{asset_id}?done=tag", 303)


@router.post("/assets/{asset_id}/{act}")
async def do(
    request: Request,
    person: PageCaller,
    asset_id: AssetId,
    act: str,
    now: Now,
    room: Text = "",
    custodian: Text = "",
    lifecycle: Text = "",
    accepted_on: Text = "",
    borrower: Text = "",
    due_on: Text = "",
    reason: Text = "",
    revision: Text = "",
    key: Text = "",
) -> Response:
    """Take it through a transition of the table. The same form sent twice does it once."""
    if act not in TRANSITIONS:
        raise NotFound("request.not_found")
    _check(act, person)
    texts = (room, custodian, lifecycle, accepted_on, borrower, due_on, reason)
    form = dict(zip(FIELDS, texts, strict=True))
    name = act if custodian.strip() else words.CHOSEN_AS_NOBODY.get(act, act)
    look = revision_in(revision)
    try:
        answers = await answers_of(name, form)
        actor = actor_of(request, person)
        await act_once(
            form_key(person, key, now, name, asset_id, form, revision),
            lambda once: asset_transitions.perform(name, asset_id, answers, actor, now, look, once),
            nothing_more,
        )
    except Refusal as refusal:
        return await _refused(request, page_context(request, person, now), asset_id, act, form, refusal)
    return RedirectResponse(f"/assets/{asset_id}?done={act}", 303)


async def _refused(
    request: Request, context: PageContext, asset_id: int, act: str, form: dict[str, str], refusal: Refusal
) -> Response:
    """Back to the page with what was typed and why not. An asset that is not there has no page."""
    if refusal.code == "asset.unknown":
        raise refusal
    sentence = context.words.refusal(refusal)
    words = {"open_act": act, "form": form, "fault": sentence}
    return await back_to(f"/assets/{asset_id}", request, context.now, status_of(refusal), **words)
