"""People and institutions: the list, a new account with its invitation, slips of paper, and what roles may do."""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any
from uuid import uuid4

from fastapi import Depends, Form, Query, Request
from starlette.responses import RedirectResponse, Response

from registry.core.aside import aside
from registry.core.errors import Conflict, Invalid, NotFound, Reason, Refusal
from registry.core.idempotency import RequestKey, act_once
from registry.departures.queries import load_numbers
from registry.departures.rules import LoadKind
from registry.labels.slips import Slip, slips_pdf
from registry.people import actions, links
from registry.people.links import IssuedLink
from registry.people.models import LinkWay, Person, Role
from registry.people.queries import (
    PeopleFilter,
    PeopleView,
    counts_by_view,
    institution_choices,
    invitations_of,
    people_in_order,
)
from registry.people.rules import AccountState, account_state, last_day, plain_login
from web.auth.access import actor_of, options_of, page_with
from web.kit.clock import Now
from web.kit.drafts import TypedWords, back_to
from web.kit.errors import status_of
from web.kit.idempotency import form_key, nothing_more
from web.kit.page_context import PageContext, page_context
from web.kit.query_names import pages
from web.kit.record_ids import offset_in
from web.kit.render import render
from web.kit.words import N_
from web.people import words
from web.people.form import empty_form, field_of, form_context, form_in
from web.people.handing import MOST, address_of_link, hand_on, in_groups, secrets_in_hand

router = pages("/admin")
Reader = Annotated[Person, Depends(page_with("people.see"))]
Manager = Annotated[Person, Depends(page_with("people.manage"))]
Word = Annotated[str, Query(max_length=200)]
PAGE = 50


@dataclass(frozen=True, slots=True)
class PersonRow:
    """A person as the list shows them."""

    person: Person
    state: AccountState
    under: str
    numbers: dict[LoadKind, int]


@router.get("/people")
async def listing(
    request: Request, person: Reader, now: Now, typed: TypedWords, q: Word = "", view: str = "", role: str = "",
    institution: Word = "", offset: str = "",
) -> Response:  # fmt: skip
    """People, by name, with how their accounts stand and what hangs on them."""
    context = page_context(request, person, now)
    start = offset_in(offset)
    looked_at = PeopleView(view) if view in set(PeopleView) else PeopleView.ALL
    roles = (role,) if role in set(Role) else ()
    wish = PeopleFilter(" ".join(q.split())[:64], roles, institution, view=looked_at)
    people, total = await people_in_order(wish, now, start, PAGE)
    counts = await counts_by_view(now)
    return render(
        request,
        "people/people.html",
        person=person,
        status=typed.status,
        context=context,
        rows=await _rows(people, context),
        total=total,
        start=start,
        page_length=PAGE,
        views=[(one, context.say(words.VIEW_WORDS[one]), counts[one]) for one in PeopleView],
        view=looked_at,
        q=q,
        role=role,
        institution=institution,
        institutions=await institution_choices(),
        looks=words,
        fault=typed.words.get("fault", ""),
    )


async def _rows(people: Any, context: PageContext) -> list[PersonRow]:
    ids = [one.id for one in people]
    invitations, numbers = await invitations_of(ids), await load_numbers(ids, context.now)
    rows = []
    for one in people:
        until = invitations.get(one.id)
        state = account_state(one.is_active, one.active_until, bool(one.password_hash), until, context.now)
        rows.append(PersonRow(one, state, _under(one, state, until, context), numbers[one.id]))
    return rows


def _under(one: Person, state: AccountState, until: datetime | None, context: PageContext) -> str:
    """What stands under the state of an account: until when."""
    if state is AccountState.INVITED and until:
        return context.say(words.GOOD_UNTIL) % {"when": context.fmt.when(until, context.now)}
    day = last_day(one.active_until, context.zone)
    return context.say(words.LAST_DAY) % {"day": context.fmt.date(day)} if day else ""


@router.get("/people/new")
async def new(request: Request, person: Manager, now: Now, typed: TypedWords) -> Response:
    """The form of a new account."""
    context = page_context(request, person, now)
    form = empty_form(uuid4().hex).words() | typed.words.get("form", {})
    more = await form_context(form, typed.words.get("faults", {}), context)
    more["mails"] = options_of(request).has_mail
    return render(
        request,
        "people/new.html",
        person=person,
        status=typed.status,
        context=context,
        **more,
    )


@router.post("/people/new")
async def add(
    request: Request, person: Manager, now: Now, deliver: Annotated[str, Form(max_length=20)] = ""
) -> Response:
    """Open an account and invite its person. The same form sent twice opens one."""
    context, form = page_context(request, person, now), await form_in(request)
    actor, options = actor_of(request, person), options_of(request)
    way = LinkWay(deliver) if deliver in set(LinkWay) else None
    issued: list[IssuedLink] = []

    async def act(once: RequestKey | None) -> None:
        if way is None:
            await actions.add_account(columns, actor, now, once)
        else:
            issued.append(await links.add_and_invite(columns, way, actor, now, once, base_url=options.base_url))

    try:
        columns = {"login": form.texts["login"], **form.columns(context)}
        if way is LinkWay.MAIL and not options.has_mail:
            raise Conflict("notice.no_server")
        content = deliver, sorted(form.texts.items()), form.languages
        await act_once(form_key(person, form.texts["key"], now, "people", *content), act, nothing_more)
    except Refusal as refusal:
        faults = {field_of(refusal): context.words.refusal(refusal)}
        return await back_to("/admin/people/new", request, now, status_of(refusal), form=form.words(), faults=faults)
    did = ("mailed" if way is LinkWay.MAIL else "invited") if way else "added"
    response = RedirectResponse(f"/admin/people/{plain_login(form.texts['login'])}?did={did}", 303)
    # sent again it made nothing: this browser has the link of the first time
    return hand_on(response, request, issued) if issued and way is not LinkWay.MAIL else response


@router.post("/people/slips")
async def make_slips(request: Request, person: Manager, now: Now) -> Response:
    """New invitations on paper for the chosen people."""
    logins = [str(value) for value in (await request.form()).getlist("login")]
    try:
        if not logins:
            raise NotFound("person.unknown", login="")
        if len(logins) > MOST:
            reason = Reason(N_("choose {limit} people at most"), limit=MOST)
            raise Invalid("request.bad_field", field="login", reason=reason)
        issued = await links.invite(logins, LinkWay.SLIP, actor_of(request, person), now)
    except Refusal as refusal:
        fault = page_context(request, person, now).words.refusal(refusal)
        return await back_to("/admin/people", request, now, status_of(refusal), fault=fault)
    return hand_on(RedirectResponse("/admin/people/slips", 303), request, issued)


@router.get("/people/slips")
async def slips(request: Request, person: Manager, now: Now) -> Response:
    """Slips of the invitations that this browser was just given and nobody has used yet, as a PDF to be cut."""
    context, options = page_context(request, person, now), options_of(request)
    papers = [
        Slip(
            link.person.name,
            link.person.login,
            in_groups(secret),
            address_of_link(request, secret),
            context.fmt.datetime(link.expires_at),
        )
        for secret, link in (await links.links_of(secrets_in_hand(request), now)).items()
    ]
    if not papers:
        raise NotFound("link.unknown")
    pdf = await aside(slips_pdf, papers, options.title, options.base_url, context.language, now)
    headers = {"content-disposition": 'inline; filename="izba-slips.pdf"', "cache-control": "no-store"}
    return Response(pdf, media_type="application/pdf", headers=headers)


@router.get("/roles")
async def roles(request: Request, person: Reader, now: Now) -> Response:
    """What each role may do, from the one table."""
    context = page_context(request, person, now)
    return render(request, "people/roles.html", person=person, context=context, looks=words, all_roles=list(Role))
