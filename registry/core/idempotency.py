"""A key that makes a repeated request answer what the first one did: a tap that is sent twice acts once."""

import hashlib
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from tortoise import fields
from tortoise.models import Model

from registry.core.errors import Conflict
from registry.core.fields import UTCDatetimeField


class IdempotencyKey(Model):
    """The answer once given to a request with this key, so that a repeated tap books once."""

    id = fields.IntField(primary_key=True)
    owner = fields.CharField(max_length=80, description="person:3 or panel:ZW-01-door")
    key = fields.CharField(max_length=200)
    digest = fields.CharField(max_length=64, description="of the request it was used for")
    booking_id = fields.UUIDField(description="what the request made")
    at = UTCDatetimeField()

    class Meta:
        table = "idempotency_key"
        unique_together = (("owner", "key"),)
        indexes = [("at",)]


@dataclass(frozen=True, slots=True)
class RequestKey:
    """``owner`` is who asks (person:3, panel:ZW-01-door), ``digest`` of what the key was used for."""

    owner: str
    key: str
    digest: str = field(default="")

    def about(self, wish: Any) -> "RequestKey":
        """This key for that wish, which has the same ``repr`` when it is asked again."""
        return RequestKey(self.owner, self.key, hashlib.sha256(repr(wish).encode()).hexdigest())

    def row(self, made: UUID, now: datetime) -> IdempotencyKey:
        """What to store in the transaction that makes it. A piece's number stands as ``UUID(int=…)``."""
        return IdempotencyKey(owner=self.owner, key=self.key, digest=self.digest, booking_id=made, at=now)


async def made_earlier(once: RequestKey | None) -> UUID | None:
    """What the first request with this key made, None if this is the first. Raises Conflict("request.key_reused")."""
    kept = await IdempotencyKey.get_or_none(owner=once.owner, key=once.key) if once else None
    if kept is None or once is None:
        return None
    if kept.digest != once.digest:
        raise Conflict("request.key_reused")
    return kept.booking_id


async def forget(before: datetime) -> None:
    """Delete the keys of requests made before this moment: a repetition that comes later acts anew."""
    await IdempotencyKey.filter(at__lt=before).delete()
