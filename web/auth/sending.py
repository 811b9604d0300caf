"""A form that was sent as its session ended: carried out once its person is signed in again, and once."""

import re
from typing import Any
from urllib.parse import quote, urlencode

from fastapi import Request
from starlette.datastructures import MutableHeaders
from starlette.responses import Response
from starlette.types import Message

from web.auth.session import FORM_FIELD, SESSION, form_token, options_of
from web.kit.drafts import KEY, SentForm

PASSED_ON = ("type", "asgi", "http_version", "scheme", "server", "client", "root_path")
ANSWER_HEADERS = frozenset({"location", "content-type", "cache-control"})
# where a form was sent: the page that shows its words in their fields
BOOKING_FORM, BOOKING = re.compile(r"/bookings(?:/new)?"), re.compile(r"/bookings/[0-9a-f-]{36}")


def page_of(form: SentForm, draft: str) -> str:
    """The address of the page that shows the words of a form in its fields, nothing where no page does."""
    if BOOKING_FORM.fullmatch(form.path):
        return f"/bookings/new?{KEY}={draft}"
    if form.path == "/series":
        return f"/series/new?{KEY}={draft}"
    return f"{form.path}?{KEY}={draft}" if BOOKING.fullmatch(form.path) else ""


async def send_again(request: Request, form: SentForm, secret: str) -> Response:
    """What the site answers to the form, sent in the session of this secret. Every check is made as for any other."""
    token = form_token(options_of(request), secret)
    body = urlencode([*form.fields, (FORM_FIELD, token)]).encode()
    cookies = "; ".join(f"{name}={value}" for name, value in {**request.cookies, SESSION: secret}.items())
    headers = {
        "host": request.headers.get("host", ""),
        "cookie": cookies,
        "content-type": "application/x-www-form-urlencoded",
        "content-length": str(len(body)),
        "accept": "text/html",
    }
    scope: dict[str, Any] = {name: request.scope[name] for name in PASSED_ON if name in request.scope} | {
        "method": "POST",
        "path": form.path,
        "raw_path": quote(form.path).encode(),
        "query_string": b"",
        "headers": [(name.encode(), text.encode("latin-1")) for name, text in headers.items()],
    }
    answer = Response()
    parts: list[bytes] = []

    async def receive() -> Message:
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: Message) -> None:
        if message["type"] == "http.response.start":
            answer.status_code = message["status"]
            raw = MutableHeaders(raw=list(message["headers"]))
            answer.headers.update({name: text for name, text in raw.items() if name in ANSWER_HEADERS})
        else:
            parts.append(message.get("body", b""))

    await request.app(scope, receive, send)
    answer.body = b"".join(parts)
    answer.headers["content-length"] = str(len(answer.body))
    return answer
