"""One person: how the account stands, what they may do, what hangs on them, where they are signed in; and leaving."""

from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import Depends, Form, Path, Request
from starlette.responses import RedirectResponse, Response

from registry.assets.queries import borrowed_by
from registry.core.errors import Conflict, Invalid, Refusal
from registry.core.history import entries_of
from registry.core.ids import LARGEST_ID
from registry.departures.actions import deactivate
from registry.departures.queries import Load, loads_of
from registry.departures.rules import LoadKind
from registry.people import accounts, actions, links, queries, rules
from registry.people.models import LinkWay, Person
from registry.people.queries import heirs, invitations_of, person_by_login, sessions_of, tokens_of
from registry.people.rules import account_state, last_day
from web.auth.access import actor_of, options_of, page_with
from web.kit.clock import Now
from web.kit.drafts import FormFields, TypedWords, back_to
from web.kit.errors import status_of
from web.kit.page_context import PageContext, page_context
from web.kit.query_names import pages
from web.kit.record_ids import revision_in
from web.kit.render import render
from web.people import words
from web.people.form import field_of, form_context, form_in, form_of
from web.people.handing import address_of_link, hand_on, in_groups, secrets_in_hand

router = pages("/admin/people")
Reader = Annotated[Person, Depends(page_with("people.see"))]
Manager = Annotated[Person, Depends(page_with("people.manage"))]
Text = Annotated[str, Form(max_length=200)]
RecordNumber = Annotated[int, Path(ge=1, le=LARGEST_ID)]
ENTRIES = 12


@dataclass(frozen=True, slots=True)
class LoadLine:
    """Of one kind what hangs on somebody, in words."""

    kind: LoadKind
    title: str
    count: str
    examples: str
    until: str
    effect: str


@router.get("/{login}")
async def one(request: Request, person: Reader, login: str, now: Now, typed: TypedWords) -> Response:
    """One account. Whoever manages people also sees where it is signed in, and closes it here."""
    context, account = page_context(request, person, now), await person_by_login(login)
    is_manager = context.may("people.manage")
    until = (await invitations_of([account.id])).get(account.id)
    in_hand = await links.links_of(secrets_in_hand(request), now) if is_manager else {}
    links_in_hand = [
        (address_of_link(request, secret), in_groups(secret))
        for secret, link in in_hand.items()
        if link.person_id == account.id
    ]
    return render(
        request,
        "people/person.html",
        person=person,
        status=typed.status,
        context=context,
        account=account,
        state=account_state(account.is_active, account.active_until, bool(account.password_hash), until, now),
        last_day=last_day(account.active_until, context.zone),
        link_until=until,
        rights=words.rights_of(account.role, context),
        is_manager=is_manager,
        lines=[_line(load, context) for load in await loads_of(account.id, now)] if is_manager else [],
        heirs=await heirs(account.id, now) if is_manager else [],
        borrowed=await borrowed_by(account.id) if is_manager else [],
        sessions=await sessions_of(account, now) if is_manager else [],
        tokens=await tokens_of(account) if is_manager else [],
        entries=words.account_history(await entries_of(f"person:{account.id}", ENTRIES), context),
        links_in_hand=links_in_hand,
        mails=options_of(request).has_mail,
        looks=words,
        form=FormFields(typed.words.get("form", {})),
        faults=FormFields(typed.words.get("faults", {})),
    )


def _line(load: Load, context: PageContext) -> LoadLine:
    names = [
        f"{name} {context.fmt.short(at)} {context.fmt.time(at)}" if at and load.kind is not LoadKind.FAULTS else name
        for name, at in load.examples
    ]
    examples = ", ".join(name[:60] for name in names if name) + ("…" if load.number > len(load.examples) else "")
    return LoadLine(
        load.kind,
        context.say(words.LOAD_WORDS[load.kind]),
        words.load_count(load.kind, load.number, context),
        examples,
        context.say(words.UNTIL_DAY) % {"day": context.fmt.date(load.until)} if load.until else "",
        context.say(words.LOAD_EFFECTS[load.kind]),
    )


@router.get("/{login}/edit")
async def edit(request: Request, person: Manager, login: str, now: Now, typed: TypedWords) -> Response:
    """The form of an account that is there."""
    context, account = page_context(request, person, now), await person_by_login(login)
    form = form_of(account, context).words() | typed.words.get("form", {})
    more = await form_context(form, typed.words.get("faults", {}), context)
    return render(
        request, "people/edit.html", person=person, status=typed.status, context=context, account=account, **more
    )


@router.post("/{login}/edit")
async def change(request: Request, person: Manager, login: str, now: Now) -> Response:
    """Change what stands in an account."""
    context, form = page_context(request, person, now), await form_in(request)
    account = await person_by_login(login)
    try:
        revision = revision_in(form.texts["revision"])
        if revision is None:
            raise Conflict("request.stale")
        await accounts.change_person(account.login, form.columns(context), actor_of(request, person), now, revision)
    except Refusal as refusal:
        faults = {field_of(refusal): context.words.refusal(refusal)}
        form_words = form.words() | {"login": account.login}
        if refusal.code == "request.stale":
            form_words.pop("revision")  # sent again it means the account as the page shows it now
        page = f"/admin/people/{account.login}/edit"
        return await back_to(page, request, now, status_of(refusal), form=form_words, faults=faults)
    return _to(account, "changed")


@router.post("/{login}/invite")
async def invite(request: Request, person: Manager, login: str, now: Now, way: Text = "") -> Response:
    """A new link of one use for somebody: by mail, to be handed over, or on paper."""
    context, account = page_context(request, person, now), await person_by_login(login)
    try:
        if way not in set(LinkWay):
            raise Invalid("request.missing_field", field="way")
        if way == LinkWay.MAIL and not options_of(request).has_mail:
            raise Conflict("notice.no_server")
        actor, base_url = actor_of(request, person), options_of(request).base_url
        issued = await links.invite([account.login], LinkWay(way), actor, now, base_url=base_url)
    except Refusal as refusal:
        faults = {"invite": context.words.refusal(refusal)}
        page = f"/admin/people/{account.login}"
        return await back_to(page, request, now, status_of(refusal), faults=faults)
    if way == LinkWay.SLIP:
        return hand_on(RedirectResponse("/admin/people/slips", 303), request, issued)
    if way == LinkWay.MAIL:
        return _to(account, "mailed")
    return hand_on(_to(account, "invited"), request, issued)


@router.post("/{login}/leave")
async def leave(
    request: Request, person: Manager, login: str, now: Now, everything: Text = "", custody: Text = "",
    bookings: Text = "", duties: Text = "", approvals: Text = "", faults: Text = "", remaining: Text = "",
    revision: Text = "",
) -> Response:  # fmt: skip
    """Close an account and hand over what hangs on it, in one act."""
    context, account = page_context(request, person, now), await person_by_login(login)
    named = {"custody": custody, "bookings": bookings, "duties": duties, "approvals": approvals, "faults": faults}
    heirs_by_kind = {kind: (named[kind].strip() or everything.strip()) for kind in LoadKind}
    takers = {kind: name for kind, name in heirs_by_kind.items() if name}
    form = {"everything": everything, "remaining": remaining, **named}
    try:
        loads = {load.kind for load in await loads_of(account.id, now)}
        if not remaining and (loads - takers.keys()):
            raise Conflict("person.nobody_takes", login=account.login)
        takers = {kind: name for kind, name in takers.items() if kind in loads}
        await deactivate(account.login, takers, actor_of(request, person), now, revision_in(revision))
    except Refusal as refusal:
        page = f"/admin/people/{account.login}#leaving"
        return await back_to(
            page, request, now, status_of(refusal), form=form, faults=_leaving_faults(refusal, takers, context)
        )
    return _to(account, "closed" if account.is_active else "handed")


def _leaving_faults(refusal: Refusal, takers: dict[LoadKind, str], context: PageContext) -> dict[str, str]:
    """At the field of each kind why its heir does not have it; else above the form."""
    sentence = context.words.refusal(refusal)
    if refusal.code == "person.cannot_take":
        return {one["kind"]: f"{one['name']}: {one['detail'].words(context.say)}" for one in refusal.params["refused"]}
    if refusal.code == "person.nobody_takes":
        return {"everything": sentence}
    login = str(refusal.params.get("login", ""))
    if refusal.code in ("person.unknown", "person.closed", "person.own_heir") and login:
        names = {str(kind) for kind, name in takers.items() if rules.plain_login(name)[:80] == login}
        return dict.fromkeys(names, sentence) or {"leave": sentence}
    return {"leave": sentence}


@router.post("/{login}/open")
async def open_again(request: Request, person: Manager, login: str, now: Now) -> Response:
    """Open an account that was closed; one whose last day is over gets no end."""
    context, account = page_context(request, person, now), await person_by_login(login)
    changes: dict[str, Any] = {"is_active": True}
    if account.active_until and account.active_until <= now:
        changes["active_until"] = None
    try:
        await accounts.change_person(account.login, changes, actor_of(request, person), now)
    except Refusal as refusal:
        faults = {"leave": context.words.refusal(refusal)}
        return await back_to(f"/admin/people/{account.login}", request, now, status_of(refusal), faults=faults)
    return _to(account, "opened")


@router.post("/{login}/sessions/end")
async def end_sessions(request: Request, person: Manager, login: str, now: Now) -> Response:
    """Sign somebody out everywhere."""
    account = await person_by_login(login)
    await actions.end_sessions(account, actor_of(request, person), now)
    return _to(account, "sessions")


@router.post("/{login}/sessions/{session_id}/end")
async def end_session(request: Request, person: Manager, login: str, session_id: RecordNumber, now: Now) -> Response:
    """Sign somebody out in one browser."""
    account = await person_by_login(login)
    await actions.end_session(account, session_id, actor_of(request, person), now)
    return _to(account, "session")


@router.post("/{login}/tokens/{token_id}/revoke")
async def revoke_token(request: Request, person: Manager, login: str, token_id: RecordNumber, now: Now) -> Response:
    """Withdraw a token of somebody."""
    account = await queries.person_by_login(login)
    await actions.revoke_token(account, token_id, actor_of(request, person), now)
    return _to(account, "token")


def _to(account: Person, did: str) -> RedirectResponse:
    return RedirectResponse(f"/admin/people/{account.login}?did={did}", 303)
