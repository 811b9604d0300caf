"""Feeds as programs send and read them."""

from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, Field

from registry.feeds.models import FeedScope
from registry.feeds.queries import FeedRow
from registry.feeds.rules import digest_of, secret_of
from web.feeds.ics import file_name
from web.kit.answers import Instant, ListAnswer
from web.kit.body import LINE, Body


class FeedBody(Body):
    """``code`` of the room or the institution; none for oneself."""

    of: FeedScope
    code: Annotated[str, Field(max_length=40), LINE] = ""


class FeedAnswer(BaseModel):
    id: UUID
    of: FeedScope
    code: str | None = Field(description="of the room or the institution")
    name: str = Field(description="what people call it; empty for one's own")
    url: str | None = Field(
        description="what a calendar program subscribes to; null where it can no longer be told, because the server's "
        "key is another one. It works until it is withdrawn"
    )
    created_at: Instant
    read_on: str | None = Field(description="the last day on which a program read it")


class FeedsAnswer(ListAnswer[FeedAnswer]):
    pass


def url_of(row: FeedRow, server_key: str, base_url: str) -> str | None:
    """The address of a feed, if its secret can still be told."""
    secret = secret_of(server_key, row.id)
    if digest_of(secret) != row.digest:
        return None
    return f"{base_url.rstrip('/')}/feeds/{secret}/{file_name(row.scope, row.code)}"


def feed_answer(row: FeedRow, server_key: str, base_url: str) -> FeedAnswer:
    return FeedAnswer(
        id=row.id,
        of=row.scope,
        code=row.code or None,
        name=row.name,
        url=url_of(row, server_key, base_url),
        created_at=row.created_at,
        read_on=row.read_on.isoformat() if row.read_on else None,
    )
