"""Two registers of one process: each has its rooms, its listeners, its caches and its policy, and shares none."""

import asyncio
from collections.abc import Iterator
from contextvars import Context
from dataclasses import replace

import pytest
import tortoise.context

import config.database
from registry.assets import policy
from registry.core import events, transaction
from registry.core.cache import Cache
from registry.core.context import PerRegister
from registry.rooms.lock import changing
from registry.rooms.models import Room
from tests.conftest import Database, postgres_copy, sqlite_copy
from tests.make import make_room


@pytest.fixture
def other_url(request: pytest.FixtureRequest, database: Database) -> Iterator[str]:
    """Another register, on a database of the same kind."""
    if database.dialect == "sqlite":
        with sqlite_copy(request.getfixturevalue("sqlite_template")) as url:
            yield url
    else:
        with postgres_copy(request.getfixturevalue("postgres"), "izba_template") as url:
            yield f"{url}?minsize=1"


_cache: Cache[str, int] = Cache()
_list: PerRegister[list[int]] = PerRegister(list)


async def test_neither_sees_what_belongs_to_the_other(other_url: str) -> None:
    room = await make_room(code="HERE")
    log: list[events.Event] = []
    log_there: list[events.Event] = []
    events.on(log.append)
    _cache.put("a", 1)
    _list.value.append(1)
    strict = replace(policy.DEFAULT, furniture_at_once=True)
    policy.use(strict)
    async with config.database.database(other_url):
        assert (await Room.all().count(), _cache.get("a"), _list.value) == (0, None, [])
        assert policy.in_force() == policy.DEFAULT
        events.on(log_there.append)
        there = await make_room(code="THERE")
        async with changing(there.id):
            pass
        assert len(log_there) == 1
        assert transaction.announcement.value is None
    assert log == []
    assert (_cache.get("a"), _list.value, policy.in_force()) == (1, [1], strict)
    async with changing(room.id):
        pass
    assert (len(log), len(log_there)) == (1, 1)
    assert [one.code for one in await Room.all()] == ["HERE"]


async def test_both_are_written_to_at_once(other_url: str) -> None:
    """Each has its own group commit: a writer of the one does not wait for a writer of the other."""
    room = await make_room()
    inside, release = asyncio.Event(), asyncio.Event()

    async def hold() -> None:
        async with changing(room.id):
            inside.set()
            await release.wait()

    holding = asyncio.create_task(hold())
    await inside.wait()
    async with config.database.database(other_url), asyncio.timeout(30):
        there = await make_room()
        async with changing(there.id):
            pass
        release.set()
        await holding


async def test_a_task_of_no_register_works_on_the_one_that_was_opened_first(other_url: str) -> None:
    """So does what a thread of MQTT starts."""
    await make_room(code="HERE")

    async def codes() -> list[str]:
        return [room.code for room in await Room.all()]

    async with config.database.database(other_url):
        assert await asyncio.create_task(codes()) == []
        assert await asyncio.create_task(codes(), context=Context()) == ["HERE"]


def test_where_no_register_is_open_that_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tortoise.context, "_global_context", None)
    with pytest.raises(RuntimeError, match="no register is open"):
        Context().run(policy.in_force)
