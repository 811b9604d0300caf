"""Cookies: the session, the wishes about how pages look, and what protects forms from other sites."""

import hashlib
import secrets
from urllib.parse import urlsplit

from fastapi import Request
from itsdangerous import BadSignature, Signer
from starlette.responses import Response

from registry.core.errors import Forbidden
from web.kit.options import SiteOptions

SESSION = "izba_session"
VISIT = "izba_visit"  # stands in for the session until somebody signs in
KNOWN = "izba_known"  # who signed in from this browser before
LANGUAGE = "izba_language"
THEME = "izba_theme"
TYPE = "izba_type"
SHORTCUT = "izba_shortcut"  # whether "/" goes to the search
A_YEAR = 365 * 24 * 3600
LOGINS_OF_A_BROWSER = 8
FORM_FIELD, HEADER = "csrf", "x-csrf-token"
MOST_FIELDS = 6000  # of a form: a stocktake of 10 000 pieces can have hundreds of differences, with three fields each
SIGNATURE = 43  # characters of one


def options_of(request: Request) -> SiteOptions:
    options: SiteOptions = request.app.state.options
    return options


def seed_of(request: Request) -> str:
    """What the form token of this browser is bound to. Empty before the first page."""
    return request.cookies.get(SESSION) or request.cookies.get(VISIT) or ""


def new_seed() -> str:
    return secrets.token_urlsafe(16)


def form_token(options: SiteOptions, seed: str, person_id: int | None = None) -> str:
    """What a form must bring back: another site can send a form with our cookie, but cannot know this.

    After the part of the browser stands whose page it was on: it proves, when the session is another one by now, that
    this person was shown the form.
    """
    token = _signer(options).get_signature(seed).decode()
    return token if person_id is None else f"{token}{_signed_person(options, str(person_id))}{person_id}"


def person_of_form(options: SiteOptions, token: str) -> int | None:
    """Whose page a form was on, by its token, whatever became of the session; None when it does not prove it."""
    signature, number = token[SIGNATURE : 2 * SIGNATURE], token[2 * SIGNATURE :]
    if not number.isdecimal() or not secrets.compare_digest(
        signature.encode(), _signed_person(options, number).encode()
    ):
        return None
    return int(number)


def _signed_person(options: SiteOptions, number: str) -> str:
    return _signer(options, "izba form of").get_signature(number).decode()


def _signer(options: SiteOptions, salt: str = "izba form") -> Signer:
    return Signer(options.secret_key, salt=salt, key_derivation="hmac", digest_method=hashlib.sha256)


def known_browser(request: Request, login: str) -> str:
    """The name of this browser if this login signed in from it before, else empty."""
    name, logins = _known(request)
    return name if _login_mark(login) in logins else ""


def remember_login(request: Request, response: Response, login: str) -> None:
    """Let the browser prove later that this login signed in from it. It holds no login."""
    options, (name, logins) = options_of(request), _known(request)
    marks = [_login_mark(login), *(mark for mark in logins if mark != _login_mark(login))][:LOGINS_OF_A_BROWSER]
    value = _browser_signer(options).sign("-".join((name or secrets.token_hex(8), *marks))).decode()
    keep(response, options, KNOWN, value, A_YEAR)


def _known(request: Request) -> tuple[str, list[str]]:
    try:
        name, *logins = _browser_signer(options_of(request)).unsign(request.cookies.get(KNOWN, "")).decode().split("-")
    except BadSignature:
        return "", []
    return name, logins


def _login_mark(login: str) -> str:
    return hashlib.sha256(login.strip().lower().encode()).hexdigest()[:16]


def _browser_signer(options: SiteOptions) -> Signer:
    return Signer(options.secret_key, salt="izba browser", key_derivation="hmac", digest_method=hashlib.sha256)


async def check_form_token(request: Request) -> None:
    """Raises Forbidden("request.csrf") unless the form or the X-CSRF-Token header brings this browser's token."""
    seed, token = seed_of(request), await token_of_form(request)
    if not seed or not _signer(options_of(request)).verify_signature(seed, token[:SIGNATURE]):
        await request.close()  # of a file that came with it
        raise Forbidden("request.csrf")


async def token_of_form(request: Request) -> str:
    """The token that came with a form or a script's request, nothing without one."""
    token = request.headers.get(HEADER, "")
    if not token and "form" in request.headers.get("content-type", ""):
        token = str((await request.form(max_fields=MOST_FIELDS)).get(FORM_FIELD) or "")
    request.state.form_token = token
    return token


def keep(
    response: Response, options: SiteOptions, name: str, value: str, seconds: int, *, script: bool = False
) -> None:
    """Set a cookie for the whole site; ``script`` lets the page's own script read and write it."""
    response.set_cookie(
        name, value, max_age=seconds, path="/", httponly=not script, samesite="lax", secure=options.secure_cookies
    )


def drop(response: Response, options: SiteOptions, name: str) -> None:
    """Delete a cookie."""
    response.delete_cookie(name, path="/", httponly=True, samesite="lax", secure=options.secure_cookies)


def local_path(path: str | None, otherwise: str = "/") -> str:
    """A path of this site to go to next; anything that could lead to another site becomes ``otherwise``."""
    if not path or not path.startswith("/") or path.startswith(("//", "/\\")) or any(ord(c) < 32 for c in path):
        return otherwise
    return path


def page_before(request: Request) -> str:
    """The path of the page that this request was sent from, if it is one of this site, else the first page."""
    url = urlsplit(request.headers.get("referer", ""))
    if url.netloc != request.headers.get("host", ""):
        return "/"
    return local_path(url.path + (f"?{url.query}" if url.query else ""))
