"""From a refusal to HTTP: problem+json (RFC 9457) for programs, a page for people. Only here statuses are known."""

import logging
from contextlib import suppress
from typing import Any

import orjson
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel
from starlette.exceptions import HTTPException
from starlette.responses import RedirectResponse, Response
from starlette.routing import Match, Route

from registry.core.errors import Conflict, Forbidden, Invalid, NotFound, Reason, Refusal, Unavailable, words
from web.auth.access import SignInNeeded, StaleForm, visitor
from web.auth.session import HEADER, form_token, options_of, person_of_form, seed_of
from web.kit.drafts import with_visit
from web.kit.i18n import LANGUAGES, Translate, translate
from web.kit.i18n import preferred as preferred_language
from web.kit.options import SiteOptions
from web.kit.render import is_fragment, language_of, render
from web.kit.words import N_

log = logging.getLogger(__name__)

STATUS_OF_KIND: dict[str, int] = {
    Invalid.kind: 422,
    NotFound.kind: 404,
    Forbidden.kind: 403,
    Conflict.kind: 409,
    Unavailable.kind: 503,
}
PROBLEM = "application/problem+json"
# params that programs find beside them too: what stands in the way, what could be had instead, what refused all
BESIDE = ("conflicts", "alternatives", "refused")
FOR_PROGRAMS = ("/api", "/healthz", "/readyz", "/metrics")
# codes that HTTP has a word of its own for
STATUS_OF_CODE: dict[str, int] = {
    "auth.required": 401,
    "auth.bad_token": 401,
    "auth.too_many": 429,
    "fault.too_many": 429,
    "setup.too_many": 429,
    "panel.too_many": 429,
    "auth.slow_down": 429,
    "events.too_many": 429,
    "request.malformed": 400,
    "request.not_utf8": 400,
    "request.not_json": 400,
    "request.method": 405,
    "request.stale": 412,
    "request.too_large": 413,
    "request.too_slow": 408,
    "internal.fault": 500,
}
TITLES: dict[int, str] = {
    400: N_("The request cannot be read"),
    401: N_("Please sign in"),
    403: N_("Not allowed"),
    404: N_("Not found"),
    405: N_("Not possible here"),
    408: N_("Too slow"),
    409: N_("Not possible now"),
    412: N_("Changed meanwhile"),
    413: N_("Too large"),
    422: N_("Something is not right yet"),
    429: N_("Too many attempts"),
    500: N_("Something broke"),
    503: N_("Not available right now"),
}
# what pydantic calls it: what a person reads
REASONS: dict[str, str] = {
    "int_parsing": N_("it is not a whole number"),
    "int_type": N_("it is not a whole number"),
    "int_from_float": N_("it is not a whole number"),
    "float_type": N_("it is not a number"),
    "float_parsing": N_("it is not a number"),
    "bool_parsing": N_("it is not true or false"),
    "bool_type": N_("it is not true or false"),
    "string_type": N_("it is not text"),
    "list_type": N_("it is not a list"),
    "dict_type": N_("it is not an object"),
    "model_attributes_type": N_("it is not an object"),
    "model_type": N_("it is not an object"),
    "uuid_parsing": N_("it is not an identifier"),
    "uuid_type": N_("it is not an identifier"),
    "date_type": N_("it is not a date such as 2026-11-26"),
    "date_parsing": N_("it is not a date such as 2026-11-26"),
    "date_from_datetime_parsing": N_("it is not a date such as 2026-11-26"),
    "string_too_long": N_("it is longer than {limit} characters"),
    "string_too_short": N_("it is shorter than {limit} characters"),
    "too_long": N_("it has more than {limit} entries"),
    "too_short": N_("it has fewer than {limit} entries"),
    "greater_than_equal": N_("it is less than {limit}"),
    "less_than_equal": N_("it is more than {limit}"),
    "enum": N_("it is none of the known words"),
    "literal_error": N_("it is none of the known words"),
    "string_pattern_mismatch": N_("it is none of the known words"),
}
ANOTHER_REASON = N_("its value does not fit")
_LIMITS = ("max_length", "min_length", "ge", "le")


class ProblemAnswer(BaseModel):
    """Every fault (RFC 9457). ``code`` is stable; ``detail`` says what to do, in the language asked for."""

    type: str
    title: str
    status: int
    code: str
    detail: str
    params: dict[str, Any]


def status_of(refusal: Refusal) -> int:
    """The HTTP status of a refusal."""
    return STATUS_OF_CODE.get(refusal.code) or STATUS_OF_KIND[refusal.kind]


def problem(refusal: Refusal, status: int, language: str, beside: dict[str, Any] | None = None) -> Response:
    """The one shape of every fault of the API: code, title, detail, status, params, and what else stands beside."""
    say = translate(language)
    params = _in_words(refusal.params, say)
    payload = {
        "type": "about:blank",
        "title": say(TITLES.get(status, TITLES[500])),
        "status": status,
        "code": refusal.code,
        "detail": words(refusal.code, refusal.params, say),
        "params": params,
        **{name: params[name] for name in BESIDE if name in params},
        **(beside or {}),
    }
    headers = {"content-language": language, **retry_after(refusal, status)}
    if status == 401:
        headers["www-authenticate"] = "Bearer"
    return Response(orjson.dumps(payload, default=str), status, headers, media_type=PROBLEM)


def _in_words(value: Any, say: Translate) -> Any:
    """Params with the reasons in them told in the reader's language."""
    if isinstance(value, Reason):
        return value.words(say)
    if isinstance(value, dict):
        return {name: _in_words(entry, say) for name, entry in value.items()}
    return [_in_words(entry, say) for entry in value] if isinstance(value, list) else value


async def answer_to(request: Request, refusal: Refusal) -> Response:
    """As ``answer``, to whoever is signed in: a page that nobody was asked for knows them too."""
    if not is_of_programs(request) and not hasattr(request.state, "person"):
        with suppress(Exception):  # without the database it is a page for nobody
            await visitor(request)
    return answer(request, refusal)


def answer(request: Request, refusal: Refusal) -> Response:
    """What a refusal looks like to whoever asked: JSON to programs, a page to people."""
    response = _answer(request, refusal, status_of(refusal))
    if refusal.code == "request.csrf" and (token := _newer_token(request)):
        response.headers[HEADER] = token
    return response


def _newer_token(request: Request) -> str:
    """For a script whose page was shown to this very person in an earlier session: what to send instead."""
    person, options = getattr(request.state, "person", None), options_of(request)
    if person is None or person_of_form(options, getattr(request.state, "form_token", "")) != person.id:
        return ""
    return form_token(options, seed_of(request), person.id)


def _answer(request: Request, refusal: Refusal, status: int) -> Response:
    if is_of_programs(request):
        return problem(refusal, status, api_language(request))
    language = language_of(request, getattr(request.state, "person", None))
    say = translate(language)
    page = render(
        request,
        "error.html",
        status=status,
        code=refusal.code,
        heading=say(TITLES.get(status, TITLES[500])),
        detail=words(refusal.code, refusal.params, say),
        alternatives=refusal.params.get("alternatives") or [],
    )
    page.headers.update(retry_after(refusal, status))
    return page


def retry_after(refusal: Refusal, status: int) -> dict[str, str]:
    """The headers that say in how many seconds to come again, where that may help."""
    if status == 408:
        return {"connection": "close"}  # what may still come of it is no request
    if status == 429:
        return {"retry-after": str(refusal.params.get("seconds") or 60 * refusal.params.get("minutes", 1))}
    if status == 503:
        return {"retry-after": "1" if refusal.code == "internal.busy" else "5"}
    return {}


def fault_answer(request: Request) -> Response:
    """What is said when something of ours broke. The log knows more."""
    return answer(request, Unavailable("internal.fault"))


def install(app: FastAPI) -> None:
    """Let every fault of the app end here."""
    app.add_exception_handler(Refusal, _on_refusal)
    app.add_exception_handler(SignInNeeded, _on_sign_in_needed)
    app.add_exception_handler(StaleForm, _on_stale_form)
    app.add_exception_handler(RequestValidationError, _on_validation)
    app.add_exception_handler(HTTPException, _on_http)


def as_refusal(fault: dict[str, Any]) -> Refusal:
    """One of pydantic's faults as a refusal of ours. The field is named as the sender wrote it."""
    kind, where = fault["type"], fault["loc"]
    field = (".".join(str(part) for part in where[1:] if part != "[key]") or str(where[0]))[:100]
    if kind == "missing" and where == ("body",):
        return Invalid("request.not_json", reason=Reason(N_("it ends too early")))
    if kind == "missing":
        return Invalid("request.missing_field", field=field)
    if kind == "extra_forbidden":
        return Invalid("request.unknown_field", field=field)
    if kind == "timezone_aware":
        return Invalid("booking.naive_time", field=field)
    if kind == "moment" or kind.startswith("datetime_"):
        return Invalid("booking.bad_time", field=field, given=str(fault["input"])[:60])
    return Invalid("request.bad_field", field=field, reason=_reason(kind, fault.get("ctx", {})))


def _reason(kind: str, context: dict[str, Any]) -> Reason:
    if kind == "unfit":  # a check of ours says it itself
        reason: Reason = context["reason"]
        return reason
    limit = next((context[name] for name in _LIMITS if name in context), None)
    return Reason(REASONS.get(kind, ANOTHER_REASON), limit=limit)


async def _on_refusal(request: Request, fault: Exception) -> Response:
    assert isinstance(fault, Refusal)
    return await answer_to(request, fault)


async def _on_sign_in_needed(request: Request, fault: Exception) -> Response:
    assert isinstance(fault, SignInNeeded)
    if is_fragment(request):
        notice = render(request, "account/_signed_out.html", status=401, href=fault.url)
        return with_visit(notice, request, fault.seed) if fault.seed else notice
    if request.headers.get("hx-request"):
        return Response(status_code=204, headers={"hx-redirect": "/sign-in"})
    response = RedirectResponse(fault.url, 303)
    return with_visit(response, request, fault.seed) if fault.seed else response


async def _on_stale_form(request: Request, fault: Exception) -> Response:
    assert isinstance(fault, StaleForm)
    return RedirectResponse(fault.url, 303)


async def _on_validation(request: Request, fault: Exception) -> Response:
    assert isinstance(fault, RequestValidationError)
    if not is_of_programs(request) and any(error["loc"][0] == "path" for error in fault.errors()):
        return await answer_to(
            request, NotFound("request.not_found")
        )  # a mistyped address, and nothing to correct in a form
    refusals = [as_refusal(error) for error in fault.errors()[:20]]
    first = refusals[0]
    first.params["errors"] = [{"code": refusal.code, **_without_errors(refusal.params)} for refusal in refusals]
    return await answer_to(request, first)


async def _on_http(request: Request, fault: Exception) -> Response:
    assert isinstance(fault, HTTPException)
    response = await answer_to(request, _http_refusal(request, fault))
    for name, value in (fault.headers or {}).items():
        response.headers[name] = value
    if fault.status_code == 405:
        response.headers["allow"] = _allowed(request, (fault.headers or {}).get("Allow", ""))
    return response


def _allowed(request: Request, first: str) -> str:
    """What an address takes, of all its routes: the framework names the ``first`` one's alone."""
    methods = {method for method in first.split(", ") if method}
    for route in request.scope["router"].routes:
        if isinstance(route, Route) and route.matches(request.scope)[0] is not Match.NONE:
            methods |= route.methods or set()
    return ", ".join(sorted(methods))


def _http_refusal(request: Request, fault: HTTPException) -> Refusal:
    cause = fault.__cause__
    if isinstance(cause, Refusal):
        return cause
    if fault.status_code == 404:
        return NotFound("request.not_found")
    if fault.status_code == 405:
        return Invalid("request.method", method=request.method)
    if fault.status_code in (401, 403):
        return Forbidden("auth.required" if fault.status_code == 401 else "auth.role")
    if request.headers.get("content-type", "").startswith("multipart/"):
        return Invalid("request.malformed", reason=Reason(N_("its form data is cut or damaged")))
    return Invalid("request.malformed", reason=str(fault.detail).rstrip("."))


def is_of_programs(request: Request) -> bool:
    """Whether a program asks, and not a person with a browser."""
    path, accepted = request.url.path, request.headers.get("accept", "")
    return path.startswith("/api/") or path in FOR_PROGRAMS or "json" in accepted and "text/html" not in accepted


def _without_errors(params: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in params.items() if name != "errors"}


def api_language(request: Request) -> str:
    """The language of what a program is told in words."""
    options: SiteOptions = request.app.state.options
    if not is_of_programs(request):
        return language_of(request, getattr(request.state, "person", None))
    return preferred_language(request.headers.get("accept-language", ""), tuple(LANGUAGES), options.language)
