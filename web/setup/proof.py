"""That this browser brought the set-up code: a signed cookie that names the code by the time it was made."""

import hashlib

from fastapi import Request
from itsdangerous import BadSignature, Signer
from starlette.responses import Response

from registry.core.errors import Forbidden
from registry.office.queries import code_made_at
from web.auth.session import drop, keep, options_of
from web.kit.options import SiteOptions

COOKIE = "izba_setup"
A_DAY = 24 * 3600


def give(request: Request, response: Response, made_at: object) -> None:
    """Let this browser prove that it brought the code that was made then."""
    options = options_of(request)
    keep(response, options, COOKIE, _signer(options).sign(str(made_at)).decode(), A_DAY)


def take_back(request: Request, response: Response) -> None:
    """The set-up is over: the proof is of no more use."""
    drop(response, options_of(request), COOKIE)


async def has_proof(request: Request) -> bool:
    """Whether this browser brought the code that counts."""
    made_at = await code_made_at()
    try:
        words = _signer(options_of(request)).unsign(request.cookies.get(COOKIE, "")).decode()
    except BadSignature:
        return False
    return made_at is not None and words == str(made_at)


async def proof_guard(request: Request) -> None:
    """Raises Forbidden("setup.no_code") for a browser that did not bring the code that counts."""
    if not await has_proof(request):
        raise Forbidden("setup.no_code")


def _signer(options: SiteOptions) -> Signer:
    return Signer(options.secret_key, salt="izba set-up", key_derivation="hmac", digest_method=hashlib.sha256)
