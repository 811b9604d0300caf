"""Who calls: a token, or a browser's session. And what they may do."""

from collections.abc import Awaitable, Callable
from typing import Annotated
from urllib.parse import quote, urlencode

from fastapi import Depends, Request

from registry.core.errors import Forbidden
from registry.core.history import Actor
from registry.outbox.queries import unread_count
from registry.people import rules
from registry.people.models import Person
from registry.people.queries import person_of_session, person_of_token
from web.auth.session import SESSION, check_form_token, options_of, page_before, person_of_form, token_of_form
from web.kit.clock import now_of
from web.kit.drafts import keep_sent_form
from web.kit.render import is_fragment

SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
# the capability that a dependency of a route asks for: what the table of rights is made of
RIGHTS: dict[object, str] = {}


class SignInNeeded(Exception):  # noqa: N818 # it leads on, it is no error
    """A page for people was asked for by nobody: show the sign-in and come back; with the key of a form that was sent,
    carry that out then.
    """

    def __init__(self, request: Request, draft: str = "", seed: str = "") -> None:
        super().__init__("sign in needed")
        self.seed = seed
        path = request.url.path + (f"?{request.url.query}" if request.url.query else "")
        if request.method != "GET" or is_fragment(request):
            path = page_before(request)  # where the form or the box stands
        query = {name: text for name, text in (("draft", draft), ("next", "" if path == "/" else path)) if text}
        self.url = f"/sign-in?{urlencode(query, safe='/', quote_via=quote)}" if query else "/sign-in"


class StaleForm(Exception):  # noqa: N818 # it leads on, it is no error
    """A form was shown to this very person in a session that is over: show them what they typed, with a new token."""

    def __init__(self, draft: str) -> None:
        super().__init__("stale form")
        self.url = f"/drafts?draft={draft}"


async def caller(request: Request) -> Person:
    """Whoever calls the API. Do not change the Person: it is shared between requests.

    Raises Forbidden("auth.required") and Forbidden("auth.bad_token"), both 401, and Forbidden("request.csrf").
    """
    authorization = request.headers.get("authorization")
    if authorization is None:
        return await _of_session(request)
    scheme, _, secret = authorization.partition(" ")
    if scheme.lower() != "bearer":
        raise Forbidden("auth.required")
    person = await person_of_token(secret.strip(), now_of(request))
    if person is None:
        raise Forbidden("auth.bad_token")
    request.state.person = person
    return person


async def visitor(request: Request) -> Person | None:
    """Who looks at a page that needs nobody; None for a stranger."""
    secret = request.cookies.get(SESSION)
    person = await person_of_session(secret, now_of(request)) if secret else None
    request.state.person = person
    if person is not None:
        request.state.unread = await unread_count(person.id)
    return person


async def page_caller(request: Request) -> Person:
    """Whoever opens a page; a stranger is sent to the sign-in and comes back. Checks the token of sent forms."""
    person = await visitor(request)
    if request.method not in SAFE:
        await _check_form(request, person)
    if person is None:
        raise SignInNeeded(request)
    return person


async def _check_form(request: Request, person: Person | None) -> None:
    """Raises Forbidden("request.csrf") for a form that nobody can have sent from a page of ours."""
    theirs = person_of_form(options_of(request), await token_of_form(request))
    try:
        await check_form_token(request)
        is_ours = True
    except Forbidden:
        is_ours = False
        if person is not None and (theirs != person.id or is_fragment(request)):
            raise
    if person is not None and is_ours:
        return
    draft, seed = "", ""
    if is_ours or theirs is not None:
        draft, seed = await keep_sent_form(request, theirs, now_of(request))
    if person is None:
        raise SignInNeeded(request, draft, seed)
    if not draft:
        raise Forbidden("request.csrf")
    raise StaleForm(draft)


async def form_guard(request: Request) -> None:
    """For forms that a stranger may send: the token must be this browser's."""
    await check_form_token(request)


def caller_with(what: str) -> Callable[..., Awaitable[Person]]:
    """As ``caller``, for a capability of registry.people.rules. Raises Forbidden("auth.role")."""
    assert what in rules.CAPABILITIES, what

    async def allowed(person: Annotated[Person, Depends(caller)]) -> Person:
        return _allowed(person, what)

    RIGHTS[allowed] = what
    return allowed


def page_with(what: str) -> Callable[..., Awaitable[Person]]:
    """As ``page_caller``, for a capability of registry.people.rules. Raises Forbidden("auth.role")."""
    assert what in rules.CAPABILITIES, what

    async def allowed(request: Request, person: Annotated[Person, Depends(page_caller)]) -> Person:
        if not rules.may(person.role, what):
            await request.close()  # of a file that came with its form
        return _allowed(person, what)

    RIGHTS[allowed] = what
    return allowed


def actor_of(request: Request, person: Person) -> Actor:
    """Who the history names for what this request changes."""
    source = "api" if request.url.path.startswith("/api/") else "web"
    return Actor(name=person.name, source=source, person_id=person.id, address=address_of(request))


def address_of(request: Request) -> str:
    """Where a request comes from. Behind a proxy the server's own proxy headers setting decides."""
    return request.client.host[:64] if request.client else ""


Caller = Annotated[Person, Depends(caller)]
PageCaller = Annotated[Person, Depends(page_caller)]
Visitor = Annotated[Person | None, Depends(visitor)]
FormGuard = Depends(form_guard)

__all__ = [
    "Caller", "FormGuard", "PageCaller", "SignInNeeded", "StaleForm", "Visitor", "actor_of", "address_of", "caller",
    "caller_with", "form_guard", "options_of", "page_caller", "page_with", "visitor",
]  # fmt: skip


def _allowed(person: Person, what: str) -> Person:
    if not rules.may(person.role, what):
        raise Forbidden("auth.role")
    return person


async def _of_session(request: Request) -> Person:
    secret = request.cookies.get(SESSION)
    person = await person_of_session(secret, now_of(request)) if secret else None
    if person is None:
        raise Forbidden("auth.required")
    request.state.person = person
    if request.method not in SAFE:
        await check_form_token(request)
    return person
