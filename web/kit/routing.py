"""The routes of the API: how a body is read, what may be answered, and the parameters that many calls have."""

from collections.abc import Callable, Coroutine
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Header, Request
from fastapi.routing import APIRoute
from starlette.responses import Response

from registry.core.history import Actor
from web.auth.access import Caller, actor_of
from web.kit.answers import revision_of
from web.kit.body import json_of
from web.kit.errors import PROBLEM, ProblemAnswer, api_language
from web.kit.i18n import Translate, translate
from web.kit.query_names import names_of, refuse_unknown

PREFIX = "/api/v1"
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


class _JsonRequest(Request):
    """Its JSON says every key once, and blanks are no body."""

    async def body(self) -> bytes:
        raw = await super().body()
        return b"" if raw.isspace() else raw

    async def json(self) -> Any:
        return json_of(await self.body())


class _JsonRoute(APIRoute):
    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle, names = super().get_route_handler(), names_of(self.dependant)

        async def handler(request: Request) -> Response:
            refuse_unknown(request, names)
            return await handle(_JsonRequest(request.scope, request.receive))

        return handler


def bare(answer: Callable[[Request], Coroutine[Any, Any, Response]]) -> type[APIRoute]:
    """A route that hands the request to ``answer`` as it is, and is described by its endpoint's types all the same.

    For the few calls that a promise needs it for: docs/decisions/0021-bare-routes.md.
    """

    class BareRoute(APIRoute):
        def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
            names = names_of(self.dependant)

            async def handler(request: Request) -> Response:
                refuse_unknown(request, names)
                return await answer(request)

            return handler

    return BareRoute


def router(tag: str, *, prefix: str = PREFIX) -> APIRouter:
    """The routes of a noun."""
    return APIRouter(prefix=prefix, tags=[tag], route_class=_JsonRoute)


def faults(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """The problems that a call may answer, beside those that every call may."""
    schema = {"$ref": f"#/components/schemas/{ProblemAnswer.__name__}"}
    return {
        status: {"description": _REASONS[status], "content": {PROBLEM: {"schema": schema}}}
        for status in sorted({400, 401, 403, 422, 503, *statuses})
    }


async def _if_match(
    tags: Annotated[
        str, Header(alias="If-Match", description="The ETag that was read; a newer record answers 412.")
    ] = "",
) -> int | None:
    return revision_of(tags)


async def _actor(request: Request, person: Caller) -> Actor:
    return actor_of(request, person)


async def _say(request: Request) -> Translate:
    return translate(api_language(request))


# whom the history names
CallerActor = Annotated[Actor, Depends(_actor)]
# our texts in the language that the caller asked for
Say = Annotated[Translate, Depends(_say)]
# the revision that If-Match asks for, None without it or for *
IfMatch = Annotated[int | None, Depends(_if_match)]
