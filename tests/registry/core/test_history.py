"""The history: in the transaction of the change it tells, and altered by nobody unseen."""

import asyncio
from datetime import timedelta

import pytest

from registry.core.errors import Conflict
from registry.core.history import Actor, HistoryEntry, newest_entries, write
from registry.core.seals import seal, verify
from registry.rooms.lock import changing
from registry.rooms.models import Room
from tests.conftest import Database
from tests.make import NOW, make_room
from tests.statements import Statements, plan

ALICE = Actor(name="alice", source="page", person_id=1, address="127.0.0.1")


async def renamed(thing: str = "room:1", times: int = 3) -> None:
    """Entries of a thing."""
    for number in range(times):
        await write(
            thing,
            "renamed",
            ALICE,
            NOW + timedelta(minutes=number),
            before={"name": number},
            after={"name": number + 1},
        )


async def test_an_entry_tells_who_what_when_and_from_where(database: Database) -> None:
    await write("room:1", "renamed", ALICE, NOW, before={"name": "A"}, after={"name": "B"}, reason="a new sign")
    entry = await HistoryEntry.get()
    assert (entry.object, entry.seq, entry.action, entry.at) == ("room:1", 1, "renamed", NOW)
    assert (entry.actor, entry.person_id, entry.source, entry.address) == ("alice", 1, "page", "127.0.0.1")
    assert (entry.before, entry.after, entry.reason) == ({"name": "A"}, {"name": "B"}, "a new sign")


async def test_the_entries_of_a_thing_are_one_chain(database: Database) -> None:
    await renamed("room:1")
    await renamed("room:2", times=1)
    chain = await HistoryEntry.filter(object="room:1").order_by("seq")
    assert [entry.seq for entry in chain] == [1, 2, 3]
    assert [entry.previous for entry in chain] == ["", chain[0].hash, chain[1].hash]
    assert (await HistoryEntry.get(object="room:2")).previous == ""


async def test_the_newest_of_all_and_of_one_thing_are_read_by_their_index(
    database: Database, statements: Statements
) -> None:
    """Of all, what is sealed is counted by its seals: a history of years is not read to say how long it is."""
    await renamed("room:1", times=3)
    await seal(NOW + timedelta(hours=2))
    await renamed("room:2", times=2)
    before = len(statements)
    rows, total = await newest_entries("", 0, 4)
    assert ([row.object for row in rows], total) == (["room:2", "room:2", "room:1", "room:1"], 5)
    rows, total = await newest_entries("room:1", 1, 2)
    assert ([row.seq for row in rows], total) == ([2, 1], 3)
    assert len(statements) == before + 4
    texts = [statement.text for statement in statements[before:]]
    counting = await plan(texts[1], [])
    assert "SCAN history_entry" not in counting, counting
    assert "Seq Scan on history_entry" not in counting, counting
    chain = await plan(texts[2])
    assert not {"B-TREE", "Sort"} & set(chain.split()), chain


async def test_a_change_that_fails_tells_nothing(database: Database) -> None:
    room = await make_room()
    with pytest.raises(Conflict):
        async with changing(room.id):
            await write(f"room:{room.id}", "renamed", ALICE, NOW)
            raise Conflict("booking.overlap", room=room.code)
    assert await HistoryEntry.all().count() == 0


async def test_a_room_renamed_ten_times_by_two_writers_keeps_one_chain(database: Database) -> None:
    room = await make_room()

    async def rename(name: str) -> None:
        async with changing(room.id) as change:
            await Room.filter(id=room.id).update(name=name)
            await write(
                f"room:{room.id}", "renamed", ALICE, NOW, before={"name": change.room.name}, after={"name": name}
            )

    await asyncio.gather(*(rename(str(number)) for number in range(10)))
    assert await verify() == (10, None)
