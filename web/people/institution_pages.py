"""Institutions: the list with how many people are of each, and the form of one."""

from typing import Annotated, Any
from uuid import uuid4

from fastapi import Depends, Form, Query, Request
from starlette.responses import RedirectResponse, Response

from registry.core.errors import Conflict, Refusal
from registry.core.idempotency import RequestAnswer, act_once
from registry.people import institutions
from registry.people.models import Institution, Person
from registry.people.queries import institution_by_code, institutions_in_order, people_in_institution
from web.auth.access import actor_of, page_with
from web.kit.clock import Now
from web.kit.drafts import FormFields, Typed, TypedWords, back_to
from web.kit.errors import status_of
from web.kit.idempotency import form_key
from web.kit.page_context import PageContext, page_context
from web.kit.query_names import pages
from web.kit.record_ids import offset_in, revision_in
from web.kit.render import render

router = pages("/admin/institutions")
Reader = Annotated[Person, Depends(page_with("people.see"))]
Manager = Annotated[Person, Depends(page_with("people.manage"))]
Text = Annotated[str, Form(max_length=2000)]
PAGE = 100
EMPTY = {"code": "", "name": "", "name_en": "", "part": "", "in_team": "", "revision": ""}


@router.get("")
async def listing(
    request: Request, person: Reader, now: Now, q: Annotated[str, Query(max_length=200)] = "", offset: str = ""
) -> Response:
    """Institutions, by code."""
    start = offset_in(offset)
    rows, total = await institutions_in_order(" ".join(q.split())[:64], start, PAGE)
    return render(
        request,
        "people/institutions.html",
        person=person,
        context=page_context(request, person, now),
        rows=rows,
        counts=await people_in_institution([row.id for row in rows]),
        total=total,
        start=start,
        page_length=PAGE,
        q=q,
    )


@router.get("/new")
async def new(request: Request, person: Manager, now: Now, typed: TypedWords) -> Response:
    """The form of a new institution."""
    return _form(request, page_context(request, person, now), None, typed, EMPTY | {"key": uuid4().hex})


@router.post("/new")
async def add(
    request: Request, person: Manager, now: Now, code: Text = "", name: Text = "", name_en: Text = "", part: Text = "",
    in_team: Text = "", key: Text = "",
) -> Response:  # fmt: skip
    """Take an institution in. The same form sent twice takes one in."""
    form = {"code": code, "name": name, "name_en": name_en, "part": part, "in_team": in_team, "key": key}

    async def nothing(_: Institution) -> RequestAnswer:
        return RequestAnswer(303)

    try:
        columns = _columns(form) | {"code": code}
        once = form_key(person, key, now, "institutions", sorted(form.items()))
        actor = actor_of(request, person)
        await act_once(once, lambda one: institutions.add_institution(columns, actor, now, one), nothing)
    except Refusal as refusal:
        return await _refused(request, page_context(request, person, now), "/admin/institutions/new", form, refusal)
    return RedirectResponse("/admin/institutions?did=added", 303)


@router.get("/{code}")
async def edit(request: Request, person: Manager, code: str, now: Now, typed: TypedWords) -> Response:
    """The form of an institution that is there."""
    row = await institution_by_code(code)
    form = {name: str(getattr(row, name)) for name in EMPTY} | {"in_team": "1" if row.in_team else "", "key": ""}
    return _form(request, page_context(request, person, now), row, typed, form)


@router.post("/{code}")
async def change(
    request: Request, person: Manager, code: str, now: Now, name: Text = "", name_en: Text = "", part: Text = "",
    in_team: Text = "", revision: Text = "",
) -> Response:  # fmt: skip
    """Change what stands of an institution."""
    row = await institution_by_code(code)
    form = {"name": name, "name_en": name_en, "part": part, "in_team": in_team, "revision": revision}
    try:
        if (number := revision_in(revision)) is None:
            raise Conflict("request.stale")
        await institutions.change_institution(row.code, _columns(form), actor_of(request, person), now, number)
    except Refusal as refusal:
        page = f"/admin/institutions/{row.code}"
        return await _refused(request, page_context(request, person, now), page, form, refusal)
    return RedirectResponse("/admin/institutions?did=changed", 303)


def _columns(form: dict[str, str]) -> dict[str, Any]:
    return {name: form[name] for name in ("name", "name_en", "part")} | {"in_team": bool(form["in_team"])}


def _form(
    request: Request, context: PageContext, row: Institution | None, typed: Typed, form: dict[str, str]
) -> Response:
    return render(
        request,
        "people/institution.html",
        person=context.person,
        status=typed.status,
        context=context,
        row=row,
        form=FormFields(form | typed.words.get("form", {})),
        faults=FormFields(typed.words.get("faults", {})),
    )


async def _refused(
    request: Request, context: PageContext, page: str, form: dict[str, str], refusal: Refusal
) -> Response:
    """Back to the form with what was typed and why not, at the field."""
    of_code = {"institution.exists": "code", "institution.bad_code": "code"}
    field = of_code.get(refusal.code, str(refusal.params.get("field", "")))
    if refusal.code == "request.stale":
        form = {name: text for name, text in form.items() if name != "revision"}
    faults = {field: context.words.refusal(refusal)}
    return await back_to(page, request, context.now, status_of(refusal), form=form, faults=faults)
