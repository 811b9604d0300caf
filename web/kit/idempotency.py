"""A ``POST`` with an ``Idempotency-Key`` acts once and is answered the same, byte for byte, however often it is sent.

An endpoint says what it does with the key and how it answers what was made::

    @router.post("/assets", status_code=201)
    async def register(body: NewAssetBody, …, response: Response, once: OnceOnly) -> AssetDetailAnswer:
        return await once(
            lambda key: actions.register_together([new], actor, now, key),
            lambda assets: asset_detail(assets[0].id, person, response),
        )
"""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import datetime
from typing import Annotated, Any, TypeVar, cast

from fastapi import Depends, Header, Request
from fastapi.routing import APIRoute, serialize_response
from pydantic import BaseModel, Field
from starlette.responses import Response

from registry.core.idempotency import RequestAnswer, RequestKey, act_once, digest_of
from registry.people.models import Person
from web.auth.access import Caller
from web.kit.body import LINE, check
from web.kit.clock import Now

Made = TypeVar("Made")
Told = TypeVar("Told")


class Repeatable:
    """One request: its key, if it has one, and the answer of FastAPI that is being made."""

    def __init__(self, request: Request, response: Response, owner: str, key: str, now: datetime) -> None:
        self._request, self._response = request, response
        self._owner, self._key, self._now = owner, key, now

    async def __call__(
        self,
        act: Callable[[RequestKey | None], Awaitable[Made]],
        answering: Callable[[Made], Awaitable[Told]],
        about: object = None,
        *,
        without: Callable[[Told], Told] | None = None,
        again: Callable[[str], Awaitable[Told]] | None = None,
    ) -> Told:
        """What ``answering`` says of what ``act`` made. With a key it is a finished Response, whatever the type says:
        ``answering`` then runs in the transaction of the act, reads, and is quick. ``about`` is what was sent, where
        that is not the body: a form is another text each time.

        An answer that holds a secret is stored ``without`` it; ``again`` makes the whole one of what was stored, where
        the secret can still be told.

        Raises Conflict("request.key_reused").
        """
        if not self._key:
            return await answering(await act(None))

        async def stored(result: Made) -> RequestAnswer:
            whole = await answering(result)
            answer = await self._stored(whole)
            return replace(answer, stored=(await self._stored(without(whole))).body) if without else answer

        content = await self._request.body() if about is None else about
        digest = digest_of(self._request.method, self._request.url.path, content)
        request_key = RequestKey(self._owner, self._key, digest, self._now)
        answer = await act_once(request_key, act, stored)
        if again and answer.stored is None:  # it was given before
            answer = replace(answer, body=(await self._stored(await again(answer.body))).body)
        return cast(Told, Response(answer.body, answer.status, dict(answer.headers)))

    async def _stored(self, content: Any) -> RequestAnswer:
        """The answer as FastAPI would send it."""
        route: APIRoute = self._request.scope["route"]
        body: bytes = await serialize_response(
            field=route.response_field,
            response_content=content,
            by_alias=route.response_model_by_alias,
            exclude_unset=route.response_model_exclude_unset,
            exclude_defaults=route.response_model_exclude_defaults,
            exclude_none=route.response_model_exclude_none,
            dump_json=True,
        )
        headers = {"content-type": "application/json", **self._response.headers}
        headers.pop("content-length", None)
        return RequestAnswer(self._response.status_code or route.status_code or 200, body.decode(), headers)


Key = Annotated[str, Field(max_length=200), LINE]
HEADER = "Idempotency-Key"


def form_key(person: Person, key: str, now: datetime, *content: object) -> RequestKey | None:
    """The key of a page's form, by the mark that the page gave it. The same content sent again is the same request;
    what somebody changed after going back is another one. None without a mark.
    """
    if not key:
        return None
    digest = digest_of(*content)
    return RequestKey(f"person:{person.id}", f"form:{key[:100]}:{digest[:32]}", digest, now)


async def nothing_more(_: object) -> RequestAnswer:
    """The answer to a form that is not asked again: where it leads is known without what was made."""
    return RequestAnswer(303)


class _Headers(BaseModel):
    key: Key = Field("", alias=HEADER)


def once_of(request: Request, response: Response, person: Person, now: datetime) -> Repeatable:
    """What ``OnceOnly`` gives, for a bare route. Raises RequestValidationError."""
    header = request.headers.get(HEADER)
    key = check(_Headers, {HEADER: header}, "header").key if header else ""
    return Repeatable(request, response, f"person:{person.id}", key, now)


async def _repeatable(
    request: Request,
    response: Response,
    person: Caller,
    now: Now,
    key: Annotated[
        Key,
        Header(alias=HEADER, description="Repeat a request with the same key: it is done once, and answered the same."),
    ] = "",
) -> Repeatable:
    return Repeatable(request, response, f"person:{person.id}", key, now)


# the caller's Idempotency-Key
OnceOnly = Annotated[Repeatable, Depends(_repeatable)]
