"""What a room is booked for is looked at whole before its rules change."""

from datetime import timedelta

import pytest

from registry.places import misfits
from registry.places.misfits import bookings_ahead
from tests.make import NOW, make_booking, make_room

pytestmark = pytest.mark.usefixtures("database")


async def test_all_that_lies_ahead_is_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    room = await make_room()
    bookings = [await make_booking(NOW + timedelta(days=day), room=room) for day in range(5)]
    for part in (2, 5):
        monkeypatch.setattr(misfits, "PART", part)
        assert [one.id for one in await bookings_ahead(room.id, NOW)] == [one.id for one in bookings]
