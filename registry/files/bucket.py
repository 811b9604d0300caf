"""Contents in a bucket that speaks S3, by obstore. Imported where the settings name one: docs/decisions."""

from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import obstore
from obstore.exceptions import BaseError
from obstore.store import S3Store

from registry.core.errors import N_, NotFound, Reason, Unavailable
from registry.files.contents import CHUNK

if TYPE_CHECKING:
    from obstore.store import ObjectStore, S3Config


class BucketContents:
    """Objects of a bucket, below a prefix. A put is there whole or not at all: S3 promises that."""

    def __init__(self, store: "ObjectStore") -> None:
        self.store = store

    async def put(self, key: str, content: bytes) -> None:
        try:
            await obstore.put_async(self.store, key, content)
        except (BaseError, OSError) as fault:
            raise _away(fault) from fault

    async def open(self, key: str) -> AsyncIterator[bytes]:
        try:
            answer = await obstore.get_async(self.store, key)
        except FileNotFoundError as fault:
            raise NotFound("file.gone") from fault
        except (BaseError, OSError) as fault:
            raise _away(fault) from fault

        async def pieces() -> AsyncIterator[bytes]:
            async for piece in answer.stream(min_chunk_size=CHUNK):
                yield bytes(piece)

        return pieces()

    async def discard(self, key: str, before: datetime) -> bool:
        try:
            if (await obstore.head_async(self.store, key))["last_modified"] >= before:
                return False
            await obstore.delete_async(self.store, key)
            return True
        except FileNotFoundError:
            return False
        except (BaseError, OSError) as fault:
            raise _away(fault) from fault

    async def keys_before(self, moment: datetime) -> AsyncIterator[str]:
        async for batch in obstore.list(self.store):
            for entry in batch:
                if entry["last_modified"] < moment:
                    yield entry["path"]


def _away(fault: Exception) -> Unavailable:
    words = str(fault).strip().splitlines() or [type(fault).__name__]
    return Unavailable("file.not_stored", reason=Reason(N_("the store says “{told}”"), told=words[0][:200]))


def bucket(url: str, endpoint: str, region: str, key_id: str, secret: str) -> BucketContents:
    """The contents in s3://bucket/prefix."""
    parts = urlsplit(url)
    store = S3Store(
        parts.hostname,
        prefix=parts.path.strip("/") or None,
        config=_config(endpoint, region, key_id, secret),
        client_options={"allow_http": endpoint.startswith("http://"), "timeout": "30s"},
        retry_config={"max_retries": 3, "retry_timeout": timedelta(seconds=10)},
    )
    return BucketContents(store)


def _config(endpoint: str, region: str, key_id: str, secret: str) -> "S3Config":
    config: S3Config = {"region": region, "virtual_hosted_style_request": not endpoint}
    if key_id:
        config |= {"access_key_id": key_id, "secret_access_key": secret}
    if endpoint:
        config |= {"endpoint": endpoint}
    return config
