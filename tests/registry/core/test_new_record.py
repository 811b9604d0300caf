"""A new record made without the library's cost is the one that the library makes."""

from datetime import timedelta
from typing import Any

import pytest

from registry.bookings.models import Booking, Kind, Status
from registry.core.history import HistoryEntry
from registry.core.new_record import columns_of, new_record
from registry.core.statements import insert
from registry.core.transaction import transaction
from tests.conftest import Database
from tests.make import NOW, make_room

ENTRY: dict[str, Any] = {
    "object": "room:1", "seq": 1, "at": NOW, "actor": "alice", "source": "page", "action": "renamed", "hash": "x",
    "after": {"name": "B"},
}  # fmt: skip


def booking_of(room_id: int) -> dict[str, Any]:
    later = NOW + timedelta(hours=1)
    return {
        "room_id": room_id, "title": "Narada", "kind": "meeting", "status": Status.CONFIRMED, "source": "api",
        "starts_at": NOW, "ends_at": later, "blocked_from": NOW, "blocked_to": later, "planned_ends_at": later,
        "created_at": NOW,
    }  # fmt: skip


def attributes(record: Any) -> dict[str, Any]:
    return {name: value for name, value in record.__dict__.items() if name != "id"}


@pytest.mark.anyio
@pytest.mark.databases("sqlite")
async def test_it_is_what_the_library_makes(database: Database) -> None:
    of_library, ours = Booking(**booking_of(7)), new_record(Booking, **booking_of(7))
    assert attributes(ours) == attributes(of_library)
    assert ours.kind is Kind.MEETING
    assert ours.id != of_library.id
    assert new_record(HistoryEntry, **ENTRY).__dict__ == HistoryEntry(**ENTRY).__dict__
    assert new_record(HistoryEntry, id=4, **ENTRY).__dict__ == HistoryEntry(id=4, **ENTRY).__dict__


@pytest.mark.anyio
@pytest.mark.databases("sqlite")
async def test_no_two_share_what_can_be_changed(database: Database) -> None:
    first, second = (new_record(Booking, **booking_of(7)) for _ in range(2))
    first.needs.append("projector")
    assert second.needs == []


@pytest.mark.anyio
@pytest.mark.databases("sqlite")
async def test_a_column_that_is_not_there_or_must_not_be_empty_is_refused(database: Database) -> None:
    with pytest.raises(ValueError, match="title"):
        new_record(Booking, **booking_of(7) | {"title": None})
    with pytest.raises(KeyError, match="romo_id"):
        new_record(Booking, romo_id=7)


@pytest.mark.anyio
@pytest.mark.databases("sqlite")
async def test_a_default_that_is_not_ours_to_make_is_refused(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Booking._meta.fields_map["title"], "default", [])
    with pytest.raises(TypeError, match=r"Booking\.title"):
        columns_of.__wrapped__(Booking, 0)


@pytest.mark.anyio
async def test_it_is_stored_as_any_other(database: Database) -> None:
    room = await make_room()
    booking, entry = new_record(Booking, **booking_of(room.id)), new_record(HistoryEntry, **ENTRY)
    async with transaction():
        await insert(booking, entry)
    again = await Booking.get(id=booking.id)
    assert (again.title, again.status, again.needs, again.starts_at) == (
        "Narada",
        Status.CONFIRMED,
        [],
        NOW,
    )
    assert (await HistoryEntry.get(id=entry.id)).after == {"name": "B"}
    booking.title = "Rada"
    await booking.save()
    assert (await Booking.get(id=booking.id)).title == "Rada"
