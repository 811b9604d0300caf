"""One's own account: languages, password, tokens, where one is signed in, and what is on one's name."""

from typing import Annotated

from fastapi import Form, Path, Request
from starlette.responses import RedirectResponse, Response

from registry.core.errors import Refusal
from registry.core.ids import LARGEST_ID
from registry.departures.queries import load_numbers
from registry.people import accounts, actions, queries
from registry.people.queries import digest_of
from web.auth.access import PageCaller, actor_of, address_of
from web.auth.session import SESSION, drop, keep, options_of
from web.kit.clock import Now
from web.kit.drafts import TypedWords, back_to
from web.kit.errors import status_of
from web.kit.i18n import refusal_words
from web.kit.query_names import pages
from web.kit.render import language_of, render

router = pages()
Text = Annotated[str, Form(max_length=2000)]
RecordNumber = Annotated[int, Path(ge=1, le=LARGEST_ID)]
NEW_TOKEN, A_MINUTE = "izba_new_token", 60


@router.get("/account")
async def former_address(request: Request, person: PageCaller) -> Response:
    """Where the page was before."""
    return RedirectResponse("/me", 303)


@router.get("/me")
async def me(request: Request, person: PageCaller, now: Now, typed: TypedWords, did: str = "") -> Response:
    """One's own account; once, the token that was just made."""
    secret = request.cookies.get(NEW_TOKEN, "")
    response = render(
        request,
        "account/account.html",
        person=person,
        status=typed.status,
        now=now,
        tokens=await queries.tokens_of(person),
        sessions=await queries.sessions_of(person, now),
        this_session=digest_of(request.cookies.get(SESSION, "")),
        numbers=(await load_numbers([person.id], now))[person.id],
        secret=secret,
        did=did,
        **({"faults": {}, "languages_text": person.languages.replace(",", ", ")} | typed.words),
    )
    if secret:
        drop(response, options_of(request), NEW_TOKEN)
    return response


@router.post("/me/languages")
async def change_languages(request: Request, person: PageCaller, now: Now, languages: Text = "") -> Response:
    """The languages that one speaks with visitors."""
    codes = languages.replace(",", " ").split()
    try:
        await accounts.change_own_languages(person, codes, actor_of(request, person), now)
    except Refusal as refusal:
        faults = {"languages": refusal_words(refusal, language_of(request, person))}
        return await back_to("/me", request, now, status_of(refusal), faults=faults, languages_text=languages)
    return RedirectResponse("/me?did=languages", 303)


@router.post("/me/password")
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
        return await back_to("/me", request, now, status_of(refusal), faults=faults)
    return RedirectResponse("/me?did=password", 303)


@router.post("/me/sessions/end")
async def end_other_sessions(request: Request, person: PageCaller, now: Now) -> Response:
    """Sign oneself out everywhere but here."""
    await actions.end_sessions(person, actor_of(request, person), now, keep_session=request.cookies.get(SESSION))
    return RedirectResponse("/me?did=sessions", 303)


@router.post("/me/sessions/{session_id}/end")
async def end_session(request: Request, person: PageCaller, now: Now, session_id: RecordNumber) -> Response:
    """Sign oneself out in another browser."""
    await actions.end_session(person, session_id, actor_of(request, person), now)
    return RedirectResponse("/me?did=sessions", 303)


@router.post("/me/tokens")
async def issue_token(request: Request, person: PageCaller, now: Now, name: Text = "") -> Response:
    """A new token. It travels to the page that shows it once in a cookie, and is written nowhere."""
    secret = await actions.issue_token(person.login, name, actor_of(request, person), now)
    response = RedirectResponse("/me", 303)
    keep(response, options_of(request), NEW_TOKEN, secret, A_MINUTE)
    return response


@router.post("/me/tokens/{token_id}/revoke")
async def revoke_token(request: Request, person: PageCaller, now: Now, token_id: RecordNumber) -> Response:
    """Withdraw a token."""
    await actions.revoke_token(person, token_id, actor_of(request, person), now)
    return RedirectResponse("/me?did=token", 303)
