"""Signing in and out, how pages look and speak, one's own password and tokens."""

import asyncio
from datetime import datetime, timedelta
from typing import Annotated

from fastapi import APIRouter, Form, Path, Query, Request
from starlette.responses import RedirectResponse, Response

from registry.core.errors import Forbidden, Refusal
from registry.people import actions, policy, queries
from registry.people.models import Person
from web.auth.access import FormGuard, PageCaller, Visitor, actor_of, address_of
from web.auth.session import (
    A_YEAR,
    LANGUAGE,
    SESSION,
    THEME,
    TYPE,
    drop,
    keep,
    known_browser,
    local_path,
    options_of,
    remember_login,
)
from web.kit.clock import Now
from web.kit.errors import status_of
from web.kit.i18n import LANGUAGES, refusal_words
from web.kit.render import language_of, render

router = APIRouter(include_in_schema=False)
Text = Annotated[str, Form(max_length=2000)]
Next = Annotated[str, Form(alias="next", max_length=2000)]
Size = Annotated[str, Form(alias="type", max_length=20)]
# how many may wait for their turn to sign in at once
_turns = asyncio.Semaphore(20)
pause = asyncio.sleep
NextPage = Annotated[str, Query(alias="next", max_length=2000)]


@router.get("/sign-in")
async def sign_in_page(request: Request, person: Visitor, after: NextPage = "/") -> Response:
    """The form; somebody who is signed in goes on."""
    if person is not None:
        return RedirectResponse(local_path(after), 303)
    return render(request, "account/sign_in.html", next=local_path(after), login="", fault="")


@router.post("/sign-in", dependencies=[FormGuard])
async def sign_in(request: Request, now: Now, login: Text = "", password: Text = "", after: Next = "/") -> Response:
    """Check login and password, open a session and go on."""
    options = options_of(request)
    try:
        person, secret = await _sign_in(request, login, password, now)
    except Refusal as refusal:
        fault = refusal_words(refusal, language_of(request))
        status = status_of(refusal)
        return render(request, "account/sign_in.html", status=status, next=local_path(after), login=login, fault=fault)
    response = RedirectResponse(local_path(after), 303)
    keep(response, options, SESSION, secret, int(policy.in_force().session.total_seconds()))
    remember_login(request, response, login)
    if person.language in LANGUAGES:
        keep(response, options, LANGUAGE, person.language, A_YEAR)
    return response


async def _sign_in(request: Request, login: str, password: str, now: datetime) -> tuple[Person, str]:
    """Signed in; who is slowed down waits here for his turn, where not too many do already."""
    address, browser = address_of(request), known_browser(request, login)
    try:
        return await actions.sign_in(login, password, address, now, browser)
    except Forbidden as refusal:
        if refusal.code != "auth.slow_down" or _turns.locked():
            raise
        async with _turns:
            wait = int(refusal.params["seconds"])
            await pause(wait)
            return await actions.sign_in(login, password, address, now + timedelta(seconds=wait), browser)


@router.post("/sign-out")
async def sign_out(request: Request, person: PageCaller) -> Response:
    """End the session."""
    await actions.sign_out(request.cookies[SESSION])
    response = RedirectResponse("/sign-in", 303)
    drop(response, options_of(request), SESSION)
    return response


@router.post("/preferences", dependencies=[FormGuard])
async def preferences(
    request: Request, person: Visitor, language: Text = "", theme: Text = "", size: Size = "", after: Next = "/"
) -> Response:
    """Language, theme and size of type of this browser; the language also of the account."""
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
    return response


@router.get("/account")
async def account(request: Request, person: PageCaller) -> Response:
    """One's own account."""
    return await _account(request, person)


@router.post("/account/password")
async def change_password(request: Request, person: PageCaller, now: Now, old: Text = "", new: Text = "") -> Response:
    """Another password; other browsers are signed out."""
    try:
        await actions.change_own_password(
            person,
            old,
            new,
            actor_of(request, person),
            now,
            address=address_of(request),
            session=request.cookies.get(SESSION),
        )
    except Refusal as refusal:
        field = "new" if refusal.kind == "invalid" else "old"
        faults = {field: refusal_words(refusal, language_of(request, person))}
        return await _account(request, person, status=status_of(refusal), faults=faults)
    return await _account(request, person, did="password")


@router.post("/account/tokens")
async def issue_token(request: Request, person: PageCaller, now: Now, name: Text = "") -> Response:
    """A new token, shown once."""
    secret = await actions.issue_token(person.login, name, actor_of(request, person), now)
    return await _account(request, person, secret=secret)


@router.post("/account/tokens/{token_id}/revoke")
async def revoke_token(
    request: Request, person: PageCaller, now: Now, token_id: Annotated[int, Path(ge=1, lt=2**31)]
) -> Response:
    """Withdraw a token."""
    await actions.revoke_token(person, token_id, actor_of(request, person), now)
    return await _account(request, person, did="token")


async def _account(
    request: Request,
    person: Person,
    *,
    status: int = 200,
    faults: dict[str, str] | None = None,
    secret: str = "",
    did: str = "",
) -> Response:
    return render(
        request,
        "account/account.html",
        person=person,
        status=status,
        tokens=await queries.tokens_of(person),
        faults=faults or {},
        secret=secret,
        did=did,
    )
