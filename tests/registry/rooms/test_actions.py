"""The rules of rooms, as whoever manages them sets them."""

import pytest

from registry.core.errors import NotFound
from registry.core.history import SYSTEM, HistoryEntry
from registry.rooms.actions import set_standard
from registry.rooms.models import StandardItem
from registry.rooms.standards import StandardLine
from tests.make import NOW, make_room

pytestmark = pytest.mark.usefixtures("database")


async def test_a_standard_replaces_the_one_before() -> None:
    room = await make_room()
    await set_standard(room.id, [StandardLine("Krzesło", 12)], SYSTEM, NOW)
    await set_standard(room.id, [StandardLine("Projektor", 1, "projector")], SYSTEM, NOW)
    assert await StandardItem.all().values_list("name", "quantity", "feature") == [("Projektor", 1, "projector")]
    assert await HistoryEntry.filter(object=f"room:{room.id}", action="standard_set").count() == 2


async def test_there_must_be_such_a_room() -> None:
    for work in (set_standard(99, [], SYSTEM, NOW),):
        with pytest.raises(NotFound):
            await work
