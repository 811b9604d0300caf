"""The counter that ceilings of statements rest on counts the same on both databases."""

import pytest

from registry.core.statements import ask, write
from registry.rooms.lock import changing
from registry.rooms.models import Room
from tests.conftest import Database
from tests.make import make_room
from tests.statements import Statements


async def test_each_statement_counts_once_whatever_way_it_is_asked(database: Database, statements: Statements) -> None:
    room = await make_room()
    statements.clear()
    async with changing(room.id) as change:
        await write(("UPDATE room SET note = ? WHERE id = ?", ["here", change.room.id]))
        await ask("SELECT note FROM room WHERE id = ?", [room.id])
        await Room.filter(id=room.id).update(name="there")
    await Room.all()
    verbs = [statement.text.split()[0] for statement in statements]
    # the lock, what the block asks, and the revision of a room that was locked and is not said to look the same
    assert verbs == ["UPDATE", "UPDATE", "SELECT", "UPDATE", "UPDATE", "SELECT"]
    assert statements[-1].rows == 1


async def test_a_ceiling_shows_what_was_asked(database: Database, statements: Statements) -> None:
    with statements.at_most(1):
        await Room.all().count()
    too_many = pytest.raises(AssertionError, match=r"2 statements, at most 1 are allowed:\nSELECT")
    with too_many, statements.at_most(1):
        await Room.all().count()
        await Room.all().count()
