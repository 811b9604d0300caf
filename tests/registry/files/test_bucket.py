"""Contents in a bucket: the same promises as of a directory, on obstore's own stores."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from obstore.store import LocalStore, MemoryStore

from registry.core.errors import NotFound, Unavailable
from registry.files.bucket import BucketContents, bucket
from registry.files.contents import CHUNK, whole
from tests.make import refused

pytestmark = pytest.mark.anyio
LATER = timedelta(hours=1)


@pytest.mark.parametrize("kind", ["memory", "local"])
async def test_a_content_is_put_opened_listed_and_discarded(kind: str, tmp_path: Path) -> None:
    contents = BucketContents(MemoryStore() if kind == "memory" else LocalStore(tmp_path))
    content = bytes(range(256)) * (CHUNK // 64)
    for _ in range(2):
        await contents.put("ab/cd", content)
    assert await whole(await contents.open("ab/cd")) == content
    now = datetime.now(UTC)
    assert [key async for key in contents.keys_before(now + LATER)] == ["ab/cd"]
    assert [key async for key in contents.keys_before(now - LATER)] == []
    moments = (now - LATER, now + LATER, now + LATER)
    assert [await contents.discard("ab/cd", moment) for moment in moments] == [False, True, False]
    refusal = await refused(contents.open("ab/cd"))
    assert isinstance(refusal, NotFound)
    assert refusal.code == "file.gone"


async def test_a_store_that_is_away_is_told() -> None:
    contents = bucket("s3://bucket/izba", "http://127.0.0.1:9", "us-east-1", "key", "secret")
    for work in (contents.put("ab/cd", b"x"), contents.open("ab/cd"), contents.discard("ab/cd", datetime.now(UTC))):
        refusal = await refused(work)
        assert isinstance(refusal, Unavailable)
        assert refusal.code == "file.not_stored"
