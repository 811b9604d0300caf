"""The outermost layer, in plain ASGI: safe headers, bounded and readable bodies, and no fault without an answer.

Starlette's BaseHTTPMiddleware would cost every request a task and buffer live streams.
"""

import asyncio
import codecs
import logging
import time
from contextlib import suppress

from fastapi import Request
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from registry.core import outages
from registry.core.errors import Invalid, Unavailable
from web.kit.errors import answer, answer_to, fault_answer
from web.kit.options import SiteOptions

log = logging.getLogger(__name__)

POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data:",
        "font-src 'self'",
        "connect-src 'self'",
        "manifest-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    )
)
# a page or a worker that reads codes out of pictures: docs/decisions/0032-codes-out-of-pictures.md
WITH_WASM = POLICY.replace("script-src 'self'", "script-src 'self' 'wasm-unsafe-eval'")
CAMERA_HEADERS = {"content-security-policy": WITH_WASM}
HEADERS = [
    (b"content-security-policy", POLICY.encode()),
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"same-origin"),
    (b"permissions-policy", b"camera=(self), microphone=(), geolocation=()"),
    (b"cross-origin-opener-policy", b"same-origin"),
]
HEARD_OUT, HEARD_OUT_SECONDS = 64_000_000, 10
# how long a body may pause, and how long all of it may take: this, and a second for so many bytes
PAUSE_SECONDS, BODY_SECONDS, BYTES_A_SECOND = 20.0, 60.0, 10_000
TLS_HEADERS = [(b"strict-transport-security", b"max-age=31536000")]


class Edge:
    """Wraps the whole site."""

    def __init__(self, app: ASGIApp, options: SiteOptions) -> None:
        self.app = app
        self.options = options
        self.headers = HEADERS + (TLS_HEADERS if options.secure_cookies else [])

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        if scope["method"] == "HEAD":
            scope, send = {**scope, "method": "GET"}, _headed(send)
        started = False

        async def safe_send(message: Message) -> None:
            nonlocal started
            if message["type"] == "http.response.start":
                started = True
                headers = list(message.get("headers", ()))
                names = {name for name, _ in headers}
                message["headers"] = headers + [header for header in self.headers if header[0] not in names]
            await send(message)

        try:
            limit, is_text = self._body_rules(scope)
            if _announced(scope) > limit:
                refusal = Invalid("request.too_large", limit=limit)
                await _let_finish(scope, receive)
                await (await answer_to(Request(scope, receive), refusal))(scope, receive, safe_send)
                return
            await self.app(scope, _checked(receive, limit, is_text, _has_body(scope)), safe_send)
        except ClientDisconnect:
            log.debug("%s %s: the client has gone in the middle of it", scope["method"], _address(scope))
        except asyncio.CancelledError:
            if started or not _is_stopping(scope):
                raise
            await answer(Request(scope, receive), Unavailable("internal.stopping"))(scope, receive, safe_send)
        except Exception as fault:
            outage = outages.refusal_of(fault)
            if outage is None:
                log.exception("%s %s failed", scope["method"], _address(scope))
            if started:
                raise
            request = Request(scope, receive)
            await (answer(request, outage) if outage else fault_answer(request))(scope, receive, safe_send)

    def _body_rules(self, scope: Scope) -> tuple[int, bool]:
        kind = next((value for name, value in scope["headers"] if name == b"content-type"), b"")
        if kind.startswith(b"multipart/"):
            brings_files = scope["path"].endswith("/files")
            return self.options.max_files_bytes if brings_files else self.options.max_upload_bytes, False
        return self.options.max_body_bytes, b"json" in kind or not kind


def _address(scope: Scope) -> str:
    """What was asked for, for the log: the pattern of its route, for an address may hold a secret."""
    path: str = getattr(scope.get("route"), "path", "") or scope["path"]
    return path


def _is_stopping(scope: Scope) -> bool:
    stopping = getattr(scope["app"].state, "stopping", None)
    return stopping is not None and stopping.is_set()


def _headed(send: Send) -> Send:
    """The head of what a GET would be told; a stream ends with it."""

    async def headed(message: Message) -> None:
        if message["type"] == "http.response.start":
            await send(message)
            await send({"type": "http.response.body", "body": b""})

    return headed


async def _let_finish(scope: Scope, receive: Receive) -> None:
    """Take in what is sent anyway: most clients read no answer before they have sent all, and would see a cut line."""
    if _announced(scope) > HEARD_OUT:
        return
    with suppress(TimeoutError):
        async with asyncio.timeout(HEARD_OUT_SECONDS):
            while (await receive()).get("more_body"):
                pass


def _announced(scope: Scope) -> int:
    length = next((value for name, value in scope["headers"] if name == b"content-length"), b"0")
    return int(length) if length.isdigit() else 0


def _has_body(scope: Scope) -> bool:
    return any(name in (b"content-length", b"transfer-encoding") for name, _ in scope["headers"])


def _checked(receive: Receive, limit: int, is_text: bool, has_body: bool) -> Receive:
    decoder = codecs.getincrementaldecoder("utf-8")()
    size, is_whole, began = 0, not has_body, time.monotonic()

    async def in_time() -> Message:
        left = began + BODY_SECONDS + size / BYTES_A_SECOND - time.monotonic()
        try:
            async with asyncio.timeout(min(PAUSE_SECONDS, max(left, 0))):
                return await receive()
        except TimeoutError:
            raise Invalid("request.too_slow") from None

    async def checked() -> Message:
        nonlocal size, is_whole
        message = await (receive() if is_whole else in_time())
        if message["type"] != "http.request":
            return message
        is_whole = is_whole or not message.get("more_body", False)
        body = message.get("body", b"")
        size += len(body)
        if size > limit:
            raise Invalid("request.too_large", limit=limit)
        if is_text:
            try:
                decoder.decode(body, not message.get("more_body", False))
            except UnicodeDecodeError as fault:
                raise Invalid("request.not_utf8") from fault
        return message

    return checked
