"""The history: in the transaction of the change it tells, and altered by nobody unseen."""

import asyncio
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from tortoise.connection import get_connections
from tortoise.exceptions import OperationalError

from registry.core.errors import Conflict
from registry.core.history import SYSTEM, Actor, HistoryEntry, HistorySeal, link, seal, verify, write, write_new
from registry.rooms.lock import changing
from registry.rooms.models import Room
from tests.conftest import Database
from tests.make import NOW, make_room

ALICE = Actor(name="alice", source="page", person_id=1, address="127.0.0.1")


async def told(thing: str = "room:1", times: int = 3) -> None:
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
    await told("room:1")
    await told("room:2", times=1)
    chain = await HistoryEntry.filter(object="room:1").order_by("seq")
    assert [entry.seq for entry in chain] == [1, 2, 3]
    assert [entry.previous for entry in chain] == ["", chain[0].hash, chain[1].hash]
    assert (await HistoryEntry.get(object="room:2")).previous == ""


async def test_a_change_that_fails_tells_nothing(database: Database) -> None:
    room = await make_room()
    with pytest.raises(Conflict):
        async with changing(room.id):
            await write(f"room:{room.id}", "renamed", ALICE, NOW)
            raise Conflict("booking.overlap", room=room.code)
    assert await HistoryEntry.all().count() == 0


async def test_an_untouched_history_holds_whatever_it_tells(database: Database) -> None:
    """Every kind of value must hash the same when it comes back from either database."""
    values = {
        "price": Decimal("12.30"),
        "on": date(2026, 3, 1),
        "at": NOW,
        "name": "Żółć",
        "nested": {"b": [1, None], "a": 0.1},
    }
    await write(
        "asset:1", "moved", SYSTEM, datetime(2026, 10, 25, 0, 30, 0, 123456, tzinfo=UTC), before=values, after={}
    )
    await write("asset:1", "moved", SYSTEM, NOW, before=None, after=values, reason="x" * 400)
    await write_new([(f"asset:{number}", {"name": str(number)}) for number in range(2, 1200)], "registered", ALICE, NOW)
    assert await verify() == (1200, None)


ALTERED = {
    "what it says": {"after": {"name": "another"}},
    "who did it": {"actor": "bob"},
    "when": {"at": NOW + timedelta(seconds=1)},
    "why": {"reason": "another"},
    "its place": {"seq": 9},
    "its link": {"previous": "0" * 64},
}


@pytest.mark.parametrize("change", ALTERED.values(), ids=ALTERED)
async def test_an_altered_entry_is_found(database: Database, change: dict[str, object]) -> None:
    await told("room:1")
    await told("room:2")
    await HistoryEntry.filter(object="room:2", seq=2).update(**change)
    _, broken = await verify()
    assert isinstance(broken, HistoryEntry)
    assert broken.object == "room:2"


async def test_an_entry_altered_together_with_its_hash_breaks_the_next(database: Database) -> None:
    await told()
    entry = await HistoryEntry.get(seq=2)
    entry.actor = "bob"
    entry.hash = link(entry)
    await entry.save()
    _, broken = await verify()
    assert isinstance(broken, HistoryEntry)
    assert broken.seq == 3


async def test_a_missing_entry_is_found(database: Database) -> None:
    await told()
    await HistoryEntry.filter(seq=2).delete()
    walked, broken = await verify()
    assert walked == 1
    assert broken is not None


@pytest.mark.parametrize("gone", [1, 2, 3])
async def test_a_chain_that_was_removed_whole_is_found(database: Database, gone: int) -> None:
    await write_new([(f"asset:{number}", {}) for number in (1, 2, 3)], "registered", ALICE, NOW)
    if database.dialect == "postgres":  # its numbers have gaps of their own, so only the seal tells
        await seal(NOW.date())
    await HistoryEntry.filter(object=f"asset:{gone}").delete()
    walked, broken = await verify()
    assert walked == 2
    if database.dialect == "postgres":
        assert isinstance(broken, HistorySeal)
    else:
        assert isinstance(broken, HistoryEntry)
        assert (broken.object, broken.seq) == ("history", gone)


@pytest.mark.parametrize(("column", "value"), [("before", "x"), ("at", "nonsense")])
async def test_an_entry_that_cannot_be_read_any_more_is_found(database: Database, column: str, value: str) -> None:
    await told("room:1")
    await told("room:2")
    spoil = f"UPDATE history_entry SET {column} = '{value}' WHERE object = 'room:2' AND seq = 2"  # ours
    connection = get_connections().get("default")
    if database.dialect == "postgres":
        with pytest.raises(OperationalError):
            await connection.execute_query(spoil)
        return
    await connection.execute_query(spoil)
    walked, broken = await verify()
    assert isinstance(broken, HistoryEntry)
    assert (walked, broken.object, broken.seq) == (4, "room:2", 2)


async def test_a_last_entry_that_was_cut_off_is_found_once_sealed(database: Database) -> None:
    await told()
    await seal(NOW.date())
    await HistoryEntry.filter(seq=3).delete()
    _, broken = await verify()
    assert isinstance(broken, HistorySeal)


async def test_a_whole_chain_rewritten_after_its_seal_is_found(database: Database) -> None:
    await told(times=1)
    await seal(NOW.date())
    entry = await HistoryEntry.get()
    entry.actor = "bob"
    entry.hash = link(entry)
    await entry.save()
    _, broken = await verify()
    assert isinstance(broken, HistorySeal)


async def test_a_day_is_sealed_once_and_the_seals_are_a_chain(database: Database) -> None:
    today, tomorrow = NOW.date(), NOW.date() + timedelta(days=1)
    assert await seal(today) is None
    await told("room:1")
    first = await seal(today)
    assert first is not None
    assert first.entries == 3
    await told("room:2")
    assert await seal(today) is None
    second = await seal(tomorrow)
    assert second is not None
    assert (second.entries, second.previous) == (3, first.hash)
    assert await verify() == (6, None)


async def test_a_seal_waits_for_what_is_being_written(database: Database) -> None:
    """The first writer has its entry's number and commits after the second: on PostgreSQL at least."""
    entered, go = asyncio.Event(), asyncio.Event()

    async def slowly() -> None:
        async with changing():
            await told("room:1", 1)
            entered.set()
            await go.wait()

    async def quickly() -> None:
        async with changing():
            await told("room:2", 1)

    slow = asyncio.create_task(slowly())
    await entered.wait()
    quick = asyncio.create_task(quickly())
    await asyncio.sleep(0.05)
    sealing = asyncio.create_task(seal(date(2026, 11, 26)))
    await asyncio.sleep(0.05)
    go.set()
    async with asyncio.timeout(30):
        await asyncio.gather(slow, quick, sealing)
    assert await verify() == (2, None)


async def test_an_altered_seal_is_found(database: Database) -> None:
    await told()
    await seal(NOW.date())
    await HistorySeal.filter().update(entries=2)
    _, broken = await verify()
    assert isinstance(broken, HistorySeal)


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
