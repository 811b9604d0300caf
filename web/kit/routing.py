"""Routes, and how they are described. A plain route calls its function with the request and nothing between."""

from collections.abc import Callable, Coroutine
from typing import Any

import msgspec
import orjson
from fastapi import APIRouter, Request
from fastapi.routing import APIRoute
from starlette.responses import Response

from registry.core.errors import Conflict
from web.kit.errors import answer

PREFIX = "/api/v1"
PROBLEM = "application/problem+json"
_REASONS = {
    400: "The request cannot be read",
    401: "No token or session, or one that is unknown",
    403: "The caller may not do this",
    404: "No such thing, or none that the caller may know of",
    409: "The office cannot do this now",
    412: "The record changed since it was read",
    413: "The request is too large",
    422: "A value does not fit",
    429: "Too many attempts",
    503: "A part that this needs is away",
}


class PlainRoute(APIRoute):
    """For ``async def f(request) -> Response``: no dependency tree, no models built. Described like any other."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        endpoint: Callable[[Request], Coroutine[Any, Any, Response]] = self.endpoint

        async def handler(request: Request) -> Response:
            try:
                return await endpoint(request)
            except Conflict as refusal:
                if "alternatives" not in refusal.params:
                    raise
                return _helpful(request, refusal)

        return handler


def _helpful(request: Request, refusal: Conflict) -> Response:
    """The problem with what stands in the way and what could be had instead beside the code."""
    plain = answer(request, refusal)
    told = orjson.loads(bytes(plain.body))
    help_offered = {name: told["params"].get(name, []) for name in ("conflicts", "alternatives")}
    return Response(
        orjson.dumps({**told, **help_offered}),
        plain.status_code,
        {"content-language": plain.headers["content-language"]},
        media_type=PROBLEM,
    )


def router(tag: str, *, is_plain: bool = False, prefix: str = PREFIX) -> APIRouter:
    return APIRouter(prefix=prefix, tags=[tag], route_class=PlainRoute if is_plain else APIRoute)


def faults(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """The problems that a call may answer, beside those that every call may."""
    return {
        status: {
            "description": _REASONS[status],
            "content": {PROBLEM: {"schema": {"$ref": "#/components/schemas/Problem"}}},
        }
        for status in sorted({400, 401, 403, 422, 503, *statuses})
    }


def taking(kind: type[msgspec.Struct], required: bool = True) -> dict[str, Any]:
    """The OpenAPI description of a JSON body."""
    schema = msgspec.json.schema(kind)
    flat = schema["$defs"][kind.__name__] if "$ref" in schema else schema
    return {"requestBody": {"required": required, "content": {"application/json": {"schema": flat}}}}


def given(
    name: str, schema: dict[str, Any], about: str, where: str = "query", required: bool = False
) -> dict[str, Any]:
    """The OpenAPI description of a parameter that a function reads from the request itself."""
    return {"name": name, "in": where, "required": required, "description": about, "schema": schema}


IF_MATCH = given("If-Match", {"type": "string"}, "The ETag that was read; a newer record answers 412.", "header")
KEY = given(
    "Idempotency-Key",
    {"type": "string", "maxLength": 200},
    "Repeat a request with the same key, and it is done once.",
    "header",
)
FROM = given("from", {"type": "string"}, "RFC 3339 with offset, or a date; today without it.")
TO = given("to", {"type": "string"}, "RFC 3339 with offset, or a date.")
