"""The history proved unaltered: what is altered, cut off or built anew is found, in lots and without a wait."""

import asyncio
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from tortoise.connection import get_connections
from tortoise.exceptions import OperationalError

from registry.core import seals
from registry.core.history import SYSTEM, HistoryEntry, HistorySeal, link, write, write_new
from registry.core.seals import seal, verify
from registry.rooms.lock import changing
from tests.conftest import Database
from tests.make import NOW
from tests.registry.core.test_history import ALICE, renamed
from tests.statements import Statements


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
    await renamed("room:1")
    await renamed("room:2")
    await HistoryEntry.filter(object="room:2", seq=2).update(**change)
    _, broken = await verify()
    assert isinstance(broken, HistoryEntry)
    assert broken.object == "room:2"


async def test_an_entry_altered_together_with_its_hash_breaks_the_next(database: Database) -> None:
    await renamed()
    entry = await HistoryEntry.get(seq=2)
    entry.actor = "bob"
    entry.hash = link(entry)
    await entry.save()
    _, broken = await verify()
    assert isinstance(broken, HistoryEntry)
    assert broken.seq == 3


async def test_a_missing_entry_is_found(database: Database) -> None:
    await renamed()
    await HistoryEntry.filter(seq=2).delete()
    walked, broken = await verify()
    assert walked == 1
    assert broken is not None


@pytest.mark.parametrize("gone", [1, 2, 3])
async def test_a_chain_that_was_removed_whole_is_found(database: Database, gone: int) -> None:
    await write_new([(f"asset:{number}", {}) for number in (1, 2, 3)], "registered", ALICE, NOW)
    if database.dialect == "postgres":  # its numbers have gaps of their own, so only the seal tells
        await seal(NOW)
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
    await renamed("room:1")
    await renamed("room:2")
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
    await renamed()
    await seal(NOW)
    await HistoryEntry.filter(seq=3).delete()
    _, broken = await verify()
    assert isinstance(broken, HistorySeal)


async def test_a_whole_chain_rewritten_after_its_seal_is_found(database: Database) -> None:
    await renamed(times=1)
    await seal(NOW)
    entry = await HistoryEntry.get()
    entry.actor = "bob"
    entry.hash = link(entry)
    await entry.save()
    _, broken = await verify()
    assert isinstance(broken, HistorySeal)


async def test_an_hour_is_sealed_once_and_the_seals_are_a_chain(database: Database) -> None:
    today, tomorrow = NOW, NOW + timedelta(hours=1)
    assert await seal(today) is None
    await renamed("room:1")
    first = await seal(today)
    assert first is not None
    assert first.entries == 3
    await renamed("room:2")
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
            await renamed("room:1", 1)
            entered.set()
            await go.wait()

    async def quickly() -> None:
        async with changing():
            await renamed("room:2", 1)

    slow = asyncio.create_task(slowly())
    await entered.wait()
    quick = asyncio.create_task(quickly())
    await asyncio.sleep(0.05)
    sealing = asyncio.create_task(seal(datetime(2026, 11, 26, tzinfo=UTC)))
    await asyncio.sleep(0.05)
    go.set()
    async with asyncio.timeout(30):
        await asyncio.gather(slow, quick, sealing)
    assert await verify() == (2, None)


async def test_a_long_history_is_walked_and_sealed_in_lots(
    database: Database, statements: Statements, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(seals, "LOT", 50)
    await write_new([(f"asset:{number}", {"name": str(number)}) for number in range(170)], "registered", ALICE, NOW)
    await renamed("room:1", times=130)
    statements.clear()
    assert await seal(NOW)
    assert await verify() == (300, None)
    assert max(statement.rows for statement in statements) == 50
    assert len(statements) < 35


async def test_nobody_waits_to_write_while_an_hour_is_sealed(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    await renamed("room:1")
    digest = seals._digest

    async def slow_digest(after: int, last: int) -> tuple[str, int]:
        async with asyncio.timeout(30), changing():
            await renamed("room:2", times=1)
        return await digest(after, last)

    monkeypatch.setattr(seals, "_digest", slow_digest)
    first = await seal(NOW)
    assert first is not None
    assert first.entries == 3, "what was written meanwhile is under the next seal"
    monkeypatch.undo()
    assert await verify() == (4, None)


async def test_of_two_that_seal_an_hour_one_does(database: Database) -> None:
    await renamed("room:1")
    answers = await asyncio.gather(*(seal(NOW) for _ in range(4)))
    assert sum(answer is not None for answer in answers) == 1
    assert await verify() == (3, None)


async def test_an_altered_seal_is_found(database: Database) -> None:
    await renamed()
    await seal(NOW)
    await HistorySeal.filter().update(entries=2)
    _, broken = await verify()
    assert isinstance(broken, HistorySeal)


async def test_what_an_older_izba_sealed_by_the_day_holds_beside_the_hours(database: Database) -> None:
    await renamed("room:1")
    sealed = await seal(NOW - timedelta(days=1))
    assert sealed is not None
    digest, _ = await seals._digest(0, sealed.last_entry)
    by_day = seals._seal_hash(str(sealed.day), "", digest)
    await HistorySeal.filter(id=sealed.id).update(hour=None, hash=by_day)
    await renamed("room:2")
    assert await seal(NOW - timedelta(days=1)) is None, "the whole day is sealed"
    following = await seal(NOW)
    assert following is not None
    assert (following.previous, following.hour) == (by_day, NOW.hour)
    assert await verify() == (6, None)


async def test_a_chain_that_was_removed_whole_before_its_seal_leaves_a_gap_that_is_told(database: Database) -> None:
    """On PostgreSQL, where verify() cannot know whether an act was only taken back."""
    await renamed("room:1")
    await seal(NOW)
    await renamed("room:2")
    await renamed("room:3")
    assert await seals.unused_numbers() == 0
    await HistoryEntry.filter(object="room:2").delete()
    assert (await seals.unused_numbers() > 0) or (await verify())[1] is not None
    await HistoryEntry.filter(object="room:3").delete()
    assert await seals.unused_numbers() == (6 if database.dialect == "postgres" else 0)


async def test_a_long_row_of_seals_is_checked_in_lots_of_entries(database: Database, statements: Statements) -> None:
    for hour in range(30):
        await renamed(f"room:{hour}", times=1)
        assert await seal(NOW + timedelta(hours=hour))
    statements.clear()
    assert (await verify())[1] is None
    assert len(statements) < 12
