"""Signing in and out, and how pages look and speak."""

import asyncio
from datetime import datetime, timedelta
from typing import Annotated
from urllib.parse import quote, urlencode

from fastapi import Form, Query, Request
from starlette.responses import RedirectResponse, Response

from registry.core.errors import Forbidden, Refusal
from registry.people import actions, policy
from registry.people.models import Person
from web.auth.access import FormGuard, PageCaller, Visitor, address_of
from web.auth.browsers import browser_name
from web.auth.sending import page_of, send_again
from web.auth.session import (
    A_YEAR,
    LANGUAGE,
    SESSION,
    SHORTCUT,
    THEME,
    TYPE,
    check_form_token,
    drop,
    keep,
    known_browser,
    local_path,
    options_of,
    remember_login,
)
from web.kit.clock import Now
from web.kit.drafts import TypedWords, back_to, sent_form
from web.kit.errors import status_of
from web.kit.i18n import LANGUAGES, refusal_words
from web.kit.query_names import pages
from web.kit.render import language_of, render

router = pages()
Text = Annotated[str, Form(max_length=2000)]
Next = Annotated[str, Form(alias="next", max_length=2000)]
Size = Annotated[str, Form(alias="type", max_length=20)]
# how many may wait for their turn to sign in at once
_turns = asyncio.Semaphore(20)
pause = asyncio.sleep
Draft = Annotated[str, Form(max_length=100)]
DraftKey = Annotated[str, Query(max_length=100)]
NextPage = Annotated[str, Query(alias="next", max_length=2000)]


@router.get("/sign-in")
async def sign_in_page(
    request: Request, person: Visitor, now: Now, typed: TypedWords, after: NextPage = "/", draft: DraftKey = ""
) -> Response:
    """The form; somebody who is signed in goes on."""
    if person is not None:
        return RedirectResponse(f"/drafts?draft={quote(draft, safe='')}" if draft else local_path(after), 303)
    is_unsent = await sent_form(request, draft, now) is not None
    words = {"login": "", "fault": ""} | typed.words
    return render(
        request,
        "account/sign_in.html",
        status=typed.status,
        next=local_path(after),
        draft=draft if is_unsent else "",
        demo_accounts=options_of(request).demo_accounts,
        **words,
    )


@router.post("/sign-in", dependencies=[FormGuard])
async def sign_in(
    request: Request, now: Now, login: Text = "", password: Text = "", demo: Text = "", after: Next = "/",
    draft: Draft = "",
) -> Response:  # fmt: skip
    """Check login and password, open a session and go on: with the form that was sent as the last session ended. In a
    demo an account is also chosen by a click.
    """
    options = options_of(request)
    for account in options.demo_accounts:
        if account.login == demo:
            login, password = account.login, account.password
    try:
        person, secret = await _sign_in(request, login, password, now)
    except Refusal as refusal:
        fault = refusal_words(refusal, language_of(request))
        page = f"/sign-in?{urlencode({'next': local_path(after), 'draft': draft})}"
        return await back_to(page, request, now, status_of(refusal), login=login, fault=fault)
    response = await _go_on(request, person, secret, local_path(after), draft, now)
    return signed_in(response, request, person, secret)


def signed_in(response: Response, request: Request, person: Person, secret: str) -> Response:
    """The response, with which this browser holds the session of this secret from now on."""
    options = options_of(request)
    keep(response, options, SESSION, secret, int(policy.in_force().session.total_seconds()))
    remember_login(request, response, person.login)
    if person.language in LANGUAGES:
        keep(response, options, LANGUAGE, person.language, A_YEAR)
    return response


async def _sign_in(request: Request, login: str, password: str, now: datetime) -> tuple[Person, str]:
    """Signed in; who is slowed down waits here for his turn, where not too many do already."""
    address, browser = address_of(request), known_browser(request, login)
    program = browser_name(request.headers.get("user-agent", ""))
    try:
        return await actions.sign_in(login, password, address, now, browser, program)
    except Forbidden as refusal:
        if refusal.code != "auth.slow_down" or _turns.locked():
            raise
        async with _turns:
            wait = int(refusal.params["seconds"])
            await pause(wait)
            return await actions.sign_in(login, password, address, now + timedelta(seconds=wait), browser, program)


async def _go_on(request: Request, person: Person, secret: str, after: str, draft: str, now: datetime) -> Response:
    """What waits for the person, done once; the words of somebody else are gone."""
    form = await sent_form(request, draft, now, take=True)
    if form is None or form.person_id != person.id:
        return RedirectResponse(after, 303)
    return await send_again(request, form, secret)


@router.get("/drafts")
async def unsent_form(request: Request, person: PageCaller, now: Now, draft: DraftKey = "") -> Response:
    """A form that was sent from a page of an earlier session, as it was typed: its person sends it again."""
    form = await sent_form(request, draft, now)
    if form is None or form.person_id != person.id:
        return RedirectResponse("/", 303)
    page = page_of(form, quote(draft, safe=""))
    return RedirectResponse(page, 303) if page else render(request, "account/unsent_form.html", form=form)


@router.post("/sign-out")
async def sign_out(request: Request, person: Visitor) -> Response:
    """End the session; one that is over already is ended."""
    if person is not None:
        await check_form_token(request)
        await actions.sign_out(request.cookies[SESSION])
    response = RedirectResponse("/sign-in", 303)
    drop(response, options_of(request), SESSION)
    return response


@router.post("/preferences", dependencies=[FormGuard])
async def preferences(
    request: Request, person: Visitor, language: Text = "", theme: Text = "", size: Size = "", shortcut: Text = "",
    after: Next = "/",
) -> Response:  # fmt: skip
    """Language, theme, size of type and key of the search of this browser; the language also of the account."""
    options = options_of(request)
    response = RedirectResponse(local_path(after), 303)
    if language in LANGUAGES:
        keep(response, options, LANGUAGE, language, A_YEAR)
        if person is not None:
            await actions.set_language(person, language)
    if theme in ("light", "dark", "system"):
        keep(response, options, THEME, theme, A_YEAR, script=True)
    if size in ("large", "normal"):
        keep(response, options, TYPE, size, A_YEAR)
    if shortcut in ("on", "off"):
        keep(response, options, SHORTCUT, shortcut, A_YEAR)
    return response
