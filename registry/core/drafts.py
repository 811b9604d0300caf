"""Drafts: what a form said that could not be carried out yet, for the browser that sent it, for an hour.

The words of people stand here, so a draft is found only with its key by its owner, and is short and few. Nothing that
is secret is put into one.
"""

import hashlib
import secrets
from datetime import datetime, timedelta
from typing import Any

from orjson import dumps
from tortoise import fields
from tortoise.models import Model

from registry.core.fields import UTCDatetimeField
from registry.core.folding import without_zeros
from registry.core.transaction import transaction

LIFETIME = timedelta(hours=1)
LONGEST = 60_000  # bytes of one
AT_ONCE = 20  # of one owner; the newest stay


class FormDraft(Model):
    """The words of one form, under a digest of the key that opens it."""

    id = fields.CharField(max_length=64, primary_key=True, description="a digest of its key")
    owner = fields.CharField(max_length=64, description="a digest of what the browser is known by")
    content: Any = fields.JSONField()
    expires_at = UTCDatetimeField()

    class Meta:
        table = "draft"
        indexes = [("owner",), ("expires_at",)]


async def write_draft(owner: str, content: dict[str, Any], now: datetime) -> str:
    """The key of a new draft, without zero bytes; nothing when it is too long to be stored."""
    content = _storable(content)
    if len(dumps(content)) > LONGEST:
        return ""
    key = secrets.token_urlsafe(16)
    async with transaction():
        surplus = await FormDraft.filter(owner=_digest(owner)).order_by("-expires_at").offset(AT_ONCE - 1).values("id")
        if surplus:
            await FormDraft.filter(id__in=[row["id"] for row in surplus]).delete()
        await FormDraft.create(id=_digest(key), owner=_digest(owner), content=content, expires_at=now + LIFETIME)
    return key


async def read_draft(key: str, owner: str, now: datetime) -> dict[str, Any] | None:
    """What a draft holds; None for another's, an old or an unknown one."""
    row = await FormDraft.get_or_none(id=_digest(key), owner=_digest(owner), expires_at__gt=now)
    content: dict[str, Any] | None = row.content if row else None
    return content


async def take_draft(key: str, owner: str, now: datetime) -> dict[str, Any] | None:
    """As ``read_draft``, and it is gone: of several who take one at a time, one has it."""
    async with transaction():
        content = await read_draft(key, owner, now)
        is_ours = content is not None and await FormDraft.filter(id=_digest(key)).delete() == 1
    return content if is_ours else None


async def forget_drafts(now: datetime) -> None:
    """Delete what is over."""
    await FormDraft.filter(expires_at__lte=now).delete()


def _storable(value: Any) -> Any:
    if isinstance(value, str):
        return without_zeros(value)
    if isinstance(value, dict):
        return {_storable(name): _storable(one) for name, one in value.items()}
    return [_storable(one) for one in value] if isinstance(value, list | tuple) else value


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
