"""A password chosen by a link of one use: an invitation, or for who forgot theirs."""

from typing import Annotated
from urllib.parse import quote, unquote

from fastapi import Form, Request
from starlette.responses import RedirectResponse, Response

from registry.core.errors import NotFound, Refusal
from registry.people import links
from registry.people.models import LinkPurpose, OneUseLink
from registry.people.rules import MINIMUM_PASSWORD
from web.auth.access import FormGuard, address_of, options_of
from web.auth.browsers import browser_name
from web.auth.pages import signed_in
from web.auth.session import keep
from web.kit.clock import Now
from web.kit.drafts import TypedWords, back_to
from web.kit.errors import status_of
from web.kit.i18n import refusal_words
from web.kit.query_names import pages
from web.kit.render import language_of, render

router = pages("/password")
Text = Annotated[str, Form(max_length=2000)]
# a code that was typed wrong, on its way back to its page: nearly right it stands in no draft
TYPED_CODE, MINUTES = "izba_typed_code", 10


@router.get("")
async def type_code(request: Request, typed: TypedWords) -> Response:
    """Where the code of a slip of paper is typed."""
    code = unquote(request.cookies.get(TYPED_CODE, "")) if typed.words else ""
    return render(request, "account/code.html", status=typed.status, **({"code": code, "fault": ""} | typed.words))


@router.post("", dependencies=[FormGuard])
async def find_code(request: Request, now: Now, code: Text = "") -> Response:
    """To the page of a typed code."""
    try:
        await links.link_of(code, now)
    except NotFound as refusal:
        fault = refusal_words(refusal, language_of(request))
        response = await back_to("/password", request, now, status_of(refusal), fault=fault)
        keep(response, options_of(request), TYPED_CODE, quote(code[:100]), MINUTES * 60)
        return response
    return RedirectResponse(f"/password/{quote(links.plain_secret(code))}", 303)


@router.get("/forgotten")
async def forgotten_page(request: Request, typed: TypedWords, did: str = "") -> Response:
    """Whoever forgot a password asks for a link here, and learns of no account whether there is one."""
    words = {"who": "", "fault": ""} | typed.words
    mails = options_of(request).has_mail
    return render(request, "account/forgotten.html", status=typed.status, did=did, mails=mails, **words)


@router.post("/forgotten", dependencies=[FormGuard])
async def forgotten(request: Request, now: Now, who: Text = "") -> Response:
    """Send a link by mail to the accounts that these words mean. Where no mail leaves nothing is made of it."""
    options = options_of(request)
    try:
        if options.has_mail:
            await links.forgotten(who, address_of(request), now, options.base_url)
    except Refusal as refusal:
        fault = refusal_words(refusal, language_of(request))
        page = "/password/forgotten"
        return await back_to(page, request, now, status_of(refusal), who=who[:100], fault=fault)
    return RedirectResponse("/password/forgotten?did=sent", 303)


@router.get("/{secret}")
async def choose_page(request: Request, secret: str, now: Now) -> Response:
    """The form in which a password is chosen. To look at it uses nothing up."""
    return _form(request, secret, await links.link_of(secret, now))


def _form(request: Request, secret: str, link: OneUseLink, fault: str = "", status: int = 200) -> Response:
    return render(
        request,
        "account/choose_password.html",
        status=status,
        owner=link.person,
        secret=links.plain_secret(secret),
        is_invitation=link.purpose is LinkPurpose.INVITATION and not link.person.password_hash,
        minimum=MINIMUM_PASSWORD,
        headers={"referrer-policy": "no-referrer"},
        fault=fault,
    )


@router.post("/{secret}", dependencies=[FormGuard])
async def choose(request: Request, secret: str, now: Now, new: Text = "") -> Response:
    """Choose it, and be signed in. A refusal is answered here and leads back nowhere: the secret stands in no draft."""
    link = await links.link_of(secret, now)
    program = browser_name(request.headers.get("user-agent", ""))
    try:
        person, session = await links.enter(secret, new, address_of(request), program, now)
    except Refusal as refusal:
        if refusal.code == "link.unknown":
            raise
        fault = refusal_words(refusal, language_of(request, link.person))
        return _form(request, secret, link, fault, status_of(refusal))
    return signed_in(RedirectResponse("/", 303), request, person, session)
