"""A repeated request: nothing more is done, and the answer is the first one's, byte for byte."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from registry.core.errors import Conflict
from registry.core.idempotency import IdempotencyKey, RequestAnswer, RequestKey, act_once, digest_of, forget, record
from registry.core.transaction import transaction
from registry.rooms.lock import changing
from registry.rooms.models import Room, Site
from tests.make import HOUR, NOW, make_room

pytestmark = pytest.mark.usefixtures("database")


def key(name: str = "tap-1", digest: str = "") -> RequestKey:
    return RequestKey("person:1", name, digest, NOW)


async def answering(room: Room) -> RequestAnswer:
    """What the room is now: another answer after every change."""
    return RequestAnswer(201, f"{room.code}: zażółć {room.capacity}", {"etag": f'"{room.capacity}"'})


def growing(room: Room) -> Callable[[RequestKey | None], Awaitable[Room]]:
    """An action: the room takes one person more."""

    async def grow(request_key: RequestKey | None) -> Room:
        async with changing(room.id) as change:
            change.room.capacity += 1
            await Room.filter(id=room.id).update(capacity=change.room.capacity)
            await record(request_key, change.room)
            return change.room

    return grow


async def test_a_repeated_request_gets_the_same_bytes() -> None:
    room = await make_room(code="R", capacity=4)
    first = await act_once(key(), growing(room), answering)
    assert first == RequestAnswer(201, "R: zażółć 5", {"etag": '"5"'})
    await act_once(key("tap-2"), growing(room), answering)  # it is another room meanwhile
    assert await act_once(key(), growing(room), answering) == first
    assert (await Room.get(id=room.id)).capacity == 6


async def test_without_a_key_each_request_acts() -> None:
    room = await make_room(capacity=4)
    answers = [await act_once(None, growing(room), answering) for _ in range(2)]
    assert [answer.headers["etag"] for answer in answers] == ['"5"', '"6"']
    assert await IdempotencyKey.all().count() == 0


async def test_of_many_at_once_one_acts_and_all_get_its_answer() -> None:
    room = await make_room(capacity=4)
    answers = await asyncio.gather(*(act_once(key(), growing(room), answering) for _ in range(8)))
    assert len({answer.body for answer in answers}) == 1
    assert (await Room.get(id=room.id)).capacity == 5


async def test_one_that_is_refused_because_of_its_twin_gets_the_twins_answer() -> None:
    async def add(request_key: RequestKey | None) -> Site:
        async with transaction():
            if await Site.exists(code="office"):
                raise Conflict("grant.exists")
            site = await Site.create(code="office", name="Office")
            await record(request_key, site)
        return site

    async def number(site: Site) -> RequestAnswer:
        return RequestAnswer(201, str(site.id))

    answers = await asyncio.gather(*(act_once(key(), add, number) for _ in range(6)))
    assert answers == [RequestAnswer(201, str((await Site.get()).id))] * 6


async def test_a_key_serves_one_request() -> None:
    room = await make_room(capacity=4)
    await act_once(key(digest=digest_of("POST", "/rooms/1")), growing(room), answering)
    with pytest.raises(Conflict) as refusal:
        await act_once(key(digest=digest_of("POST", "/rooms/2")), growing(room), answering)
    assert refusal.value.code == "request.key_reused"
    other = RequestKey("person:2", "tap-1", "", NOW)
    assert await act_once(other, growing(room), answering), "a key belongs to its owner"


async def test_a_refused_request_may_be_tried_again() -> None:
    room = await make_room(capacity=4)

    async def refuse(request_key: RequestKey | None) -> Room:
        async with changing(room.id) as change:
            await record(request_key, change.room)
            raise Conflict("booking.closed")

    with pytest.raises(Conflict) as refusal:
        await act_once(key(), refuse, answering)
    assert refusal.value.code == "booking.closed"
    assert await IdempotencyKey.all().count() == 0
    assert (await act_once(key(), growing(room), answering)).headers["etag"] == '"5"'


async def test_what_changed_nothing_is_answered_the_same_too() -> None:
    room = await make_room(code="R", capacity=4)

    async def look(_: RequestKey | None) -> Room:
        return await Room.get(id=room.id)

    first = await act_once(key(), look, answering)
    await Room.filter(id=room.id).update(capacity=9)
    assert await act_once(key(), look, answering) == first == RequestAnswer(201, "R: zażółć 4", {"etag": '"4"'})


async def test_keys_are_forgotten_after_a_while() -> None:
    room = await make_room()
    await act_once(key(), growing(room), answering)
    await forget(NOW)
    assert await IdempotencyKey.all().count() == 1
    await forget(NOW + HOUR)
    assert await IdempotencyKey.all().count() == 0
