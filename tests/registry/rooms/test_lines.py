"""Rooms as lines: what a list or a choice of many rooms reads of them."""

from datetime import UTC, datetime

import pytest

from registry.rooms.queries import room_lines, rooms_by_code
from tests import make
from tests.conftest import Database
from tests.statements import Statements

pytestmark = pytest.mark.anyio


async def test_a_choice_of_rooms_reads_their_names_alone(database: Database, statements: Statements) -> None:
    house = await make.make_building()
    for code, number in (("B", "1"), ("C", "2"), ("A", "3")):
        await make.make_room(code=code, number=number, building=house)
    await make.make_room(code="CLOSED", building=house, closed_at=datetime.now(UTC))
    with statements.at_most(2):
        assert [line.code for line in await room_lines()] == ["B", "C", "A"]
        assert [line.code for line in await rooms_by_code()] == ["A", "B", "C"]
    assert not any("occupancy_evidence" in statement.text for statement in statements[-2:])
