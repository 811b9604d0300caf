"""Several new records in one step, on both databases."""

from decimal import Decimal

import pytest
from tortoise.exceptions import IntegrityError

from registry.assets.models import Asset
from registry.bookings.models import Booking
from registry.core import history, seals, statements
from registry.core.history import SYSTEM, HistoryEntry
from registry.core.idempotency import IdempotencyKey
from registry.core.statements import Fields, insert, insert_many, write
from registry.rooms.lock import changing
from registry.rooms.models import Room
from tests.conftest import Database
from tests.make import HOUR, NOW, make_room

ENDS = NOW + HOUR


def booking(room_id: int, **columns: object) -> Booking:
    span = {"starts_at": NOW, "ends_at": ENDS, "blocked_from": NOW, "blocked_to": ENDS, "planned_ends_at": ENDS}
    return Booking(room_id=room_id, created_at=NOW, title="Żółć", needs=["projector"], **span | columns)


async def test_they_come_back_as_they_went_in(database: Database) -> None:
    room = await make_room()
    fresh = booking(room.id)
    async with changing(room.id):
        await insert(fresh, entry := history.first(f"booking:{fresh.id}", "booked", SYSTEM, NOW, {"title": "Żółć"}))
    stored_booking = await Booking.get(id=fresh.id)
    assert (stored_booking.title, stored_booking.needs, stored_booking.starts_at, stored_booking.ends_at) == (
        "Żółć",
        ["projector"],
        NOW,
        ENDS,
    )
    assert entry.pk == (await HistoryEntry.get(object=f"booking:{fresh.id}")).id
    assert await seals.verify() == (1, None)


async def test_what_was_inserted_can_be_saved_again(database: Database) -> None:
    room = await make_room()
    fresh = booking(room.id)
    async with changing(room.id):
        await insert(fresh)
        fresh.title = "changed"
        await fresh.save()
    assert [one.title for one in await Booking.all()] == ["changed"]


async def test_all_or_nothing(database: Database) -> None:
    room = await make_room()
    await IdempotencyKey.create(owner="a", key="k", digest="", status=200, headers={}, body="", at=NOW)
    fresh = booking(room.id)
    again = IdempotencyKey(owner="a", key="k", digest="", status=200, headers={}, body="", at=NOW)
    with pytest.raises(IntegrityError):
        async with changing(room.id):
            await insert(fresh, again)
    assert await Booking.all().count() == 0


async def test_changes_and_other_statements_in_one_step(database: Database) -> None:
    rooms = [await make_room(), await make_room()]
    async with changing(*(room.id for room in rooms)):
        for room in rooms:
            room.name = f"{room.code} anew"
        anew = [Fields(room, ("name",)) for room in rooms]
        await write(*anew, ("UPDATE room SET number = ? WHERE id = ?", ["7", rooms[1].id]))
    after = [await Room.get(id=room.id) for room in rooms]
    assert [room.name for room in after] == [f"{room.code} anew" for room in rooms]
    assert [room.number for room in after] == [rooms[0].number, "7"]


async def test_very_many_in_few_statements(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(statements, "VALUES_AT_MOST", 50)  # two assets
    async with changing():
        await insert_many([asset(n) for n in range(1, 6)])
    assets = await Asset.all().order_by("id")
    assert [(one.id, one.inventory_no, one.price, one.accepted_on) for one in assets] == [
        (n, f"N/{n}", Decimal(f"{n}.10"), NOW.date()) for n in range(1, 6)
    ]
    with pytest.raises(IntegrityError):
        async with changing():
            await insert_many([asset(8), asset(9), asset(9, id=10)])
    assert await Asset.filter(id__gte=8).count() == 0


def asset(number: int, **columns: object) -> Asset:
    default = {"id": number, "inventory_no": f"N/{number}", "price": Decimal(f"{number}.10"), "accepted_on": NOW.date()}
    return Asset(name="Żółć", **default | columns)
