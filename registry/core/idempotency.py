"""A key that makes a repeated request do nothing more and be answered as the first one was, byte for byte.

The answer is stored as text in the transaction of the act. Who takes the request makes the key and says how it is
answered; the action records it last, inside its transaction::

    # web, or a door
    key = RequestKey(f"person:{person.id}", header, digest_of("POST /api/v1/bookings", body), now)

    async def answering(booking: Booking) -> RequestAnswer:
        return RequestAnswer(201, json_of(booking), {"etag": '"1"'})

    answer = await act_once(key, lambda key: actions.book(request, person, actor, now, key), answering)

    # the action
    async def book(…, request_key: RequestKey | None = None) -> Booking:
        async with changing(room_id) as change:
            …
            await record(request_key, booking)
        return booking

A refusal is not stored: the same request may be tried again.
"""

import hashlib
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, TypeVar

from tortoise import fields
from tortoise.exceptions import IntegrityError
from tortoise.models import Model

from registry.core.errors import Conflict, Refusal
from registry.core.fields import UTCDatetimeField
from registry.core.statements import insert
from registry.core.transaction import transaction

T = TypeVar("T")
LIFETIME = timedelta(days=2)


class IdempotencyKey(Model):
    """The answer once given to a request with this key, so that a repeated tap books once."""

    id = fields.IntField(primary_key=True)
    owner = fields.CharField(max_length=80, description="person:3 or panel:ZW-01-door")
    key = fields.CharField(max_length=200)
    digest = fields.CharField(max_length=64, description="of the request it was used for")
    status = fields.SmallIntField(null=True, description="of the answer, null in a row that is older than answers")
    headers: Any = fields.JSONField(null=True)
    body = fields.TextField(null=True)
    at = UTCDatetimeField()

    class Meta:
        table = "idempotency_key"
        unique_together = (("owner", "key"),)
        indexes = [("at",)]


@dataclass(frozen=True, slots=True)
class RequestAnswer:
    """What a request was answered: an HTTP status, the body as text, and the headers that belong to it. A body that
    opens something is told once: ``stored`` is what is stored of it instead.
    """

    status: int = 200
    body: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    stored: str | None = None


Answering = Callable[[Any], Awaitable[RequestAnswer]]


async def _nothing_to_say(outcome: object) -> RequestAnswer:
    return RequestAnswer()


@dataclass(slots=True)
class RequestKey:
    """``owner`` is who asks (person:3, panel:ZW-01-door), ``digest`` of what the key was used for, ``at`` when. The
    other two are for ``act_once`` and ``record``: how what came of it is answered, and the answer once it is.
    """

    owner: str
    key: str
    digest: str
    at: datetime
    answering: Answering = field(default=_nothing_to_say, repr=False, compare=False)
    answer: RequestAnswer | None = field(default=None, repr=False, compare=False)


def digest_of(*parts: object) -> str:
    """The same for requests that ask the same: 64 characters of hex over the ``repr`` of each part."""
    return hashlib.sha256(repr(parts).encode()).hexdigest()


async def act_once(
    request_key: RequestKey | None,
    act: Callable[[RequestKey | None], Awaitable[T]],
    answering: Callable[[T], Awaitable[RequestAnswer]],
) -> RequestAnswer:
    """Act and answer, or answer as the first request with this key was answered. Without a key it acts each time.

    ``answering`` runs inside the transaction of the act: it reads, and quickly. An act that wrote nothing, and so
    recorded nothing, is recorded afterwards; one that writes records, or dying in between it would act again.
    Raises Conflict("request.key_reused") for another request's key, and what ``act`` refuses.
    """
    if request_key is None:
        return await answering(await act(None))
    request_key.answering = answering
    earlier = await earlier_answer(request_key)
    if earlier:
        return earlier
    try:
        outcome = await act(request_key)
        if request_key.answer is None:
            async with transaction():
                await record(request_key, outcome)
    except (Refusal, IntegrityError):
        # by this very request, sent twice at the same moment? Inside a transaction it is seen as soon as it is written
        async with transaction():
            earlier = await earlier_answer(request_key)
        if earlier:
            return earlier
        raise
    assert request_key.answer
    return request_key.answer


async def record(request_key: RequestKey | None, outcome: object) -> None:
    """Store the answer to this request, inside the transaction of the act and as its last step. Nothing without a key.

    Raises IntegrityError when another with this key was quicker, which undoes the act.
    """
    if request_key is None:
        return
    answer = request_key.answer = await request_key.answering(outcome)
    await insert(
        IdempotencyKey(
            owner=request_key.owner,
            key=request_key.key,
            digest=request_key.digest,
            status=answer.status,
            headers=dict(answer.headers),
            body=answer.body if answer.stored is None else answer.stored,
            at=request_key.at,
        )
    )


async def earlier_answer(request_key: RequestKey) -> RequestAnswer | None:
    """What the first request with this key was answered; None before it. Raises Conflict("request.key_reused")."""
    row = await IdempotencyKey.get_or_none(owner=request_key.owner, key=request_key.key)
    if row is None:
        return None
    if row.digest != request_key.digest or row.status is None:
        raise Conflict("request.key_reused")
    return RequestAnswer(row.status, row.body or "", row.headers or {})


async def forget(before: datetime) -> None:
    """Delete the keys of requests that came before this moment: a repetition that comes later acts anew."""
    await IdempotencyKey.filter(at__lt=before).delete()
