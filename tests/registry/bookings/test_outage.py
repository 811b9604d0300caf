"""A process that died without a word, a long standstill, and one room that cannot be settled."""

import asyncio
from datetime import timedelta

import pytest
from tortoise.connection import get_connections

from devices.run import DeviceLayer
from registry.bookings import readings
from registry.bookings.models import Booking, Status
from registry.bookings.readings import advance_due, record_readings, watch_lost, watch_started
from registry.devices.models import Watch
from registry.devices.occupancy import Reading
from registry.rooms.models import Occupancy, Room
from tests.devices.broker.test_connection import until
from tests.make import HOUR, NOW, make_booking, make_device, make_room

pytestmark = [pytest.mark.anyio, pytest.mark.usefixtures("database")]
MINUTE = timedelta(minutes=1)


async def test_what_was_heard_before_a_crash_releases_nothing_after_it():
    room = await make_room(check_in=True, no_show_minutes=10)
    device = await make_device(room=room, sensing="mmwave", hold_seconds=300)
    await watch_started(NOW - HOUR)
    await record_readings([Reading(device.id, NOW - 30 * MINUTE, occupied=False)], NOW - 30 * MINUTE)
    booking = await make_booking(NOW - 20 * MINUTE, NOW + HOUR, room=room)
    # the process is killed; the next one finds no broker
    devices = DeviceLayer(url="mqtt://127.0.0.1:1", secret_key="s" * 32, clock=lambda: NOW)
    await devices.start()
    try:
        for minute in range(10):
            await advance_due(NOW + minute * MINUTE)
    finally:
        await devices.stop()
    assert (await Booking.get(id=booking.id)).status == Status.CONFIRMED
    assert (await Room.get(id=room.id)).occupancy == Occupancy.UNKNOWN


async def test_since_when_nothing_is_heard_survives_a_restart():
    await watch_started(NOW)
    await watch_lost(NOW + MINUTE)
    await watch_lost(NOW + HOUR)
    assert (await Watch.get(id=1)).lost_at == NOW + MINUTE


async def test_a_stop_in_the_middle_of_a_note_leaves_the_register_free():
    """Whoever is cut off at whatever point holds no lock: the goodbye that follows is written."""
    await make_device(room=await make_room())
    for steps in (*range(0, 60, 3), *range(60, 300, 20)):
        noting = asyncio.create_task(watch_started(NOW))
        for _ in range(steps):
            await asyncio.sleep(0)
        noting.cancel()
        await asyncio.gather(noting, return_exceptions=True)
        async with asyncio.timeout(30):
            await watch_lost(NOW)
    assert (await Watch.get(id=1)).since is None
    pool = getattr(get_connections().get("default"), "_pool", None)  # of PostgreSQL
    await until(lambda: pool is None or pool.get_idle_size() == pool.get_size())  # each connection was given back


async def test_what_ended_during_a_standstill_is_ended():
    room = await make_room()
    over = await make_booking(NOW - 40 * HOUR, room=room, status=Status.CHECKED_IN)
    await advance_due(NOW)
    assert (await Booking.get(id=over.id)).status == Status.ENDED


async def test_no_room_waits_for_one_that_cannot_be_settled(monkeypatch, caplog):
    broken, sound = await make_room(next_change_at=NOW - HOUR), await make_room(next_change_at=NOW - MINUTE)
    settle = readings.settle

    async def refuses_one(change, room, snapshot, now):
        if room.id == broken.id:
            raise RuntimeError("cannot be settled")
        return await settle(change, room, snapshot, now)

    monkeypatch.setattr(readings, "settle", refuses_one)
    assert await advance_due(NOW) == 1
    assert (await Room.get(id=sound.id)).next_change_at > NOW
    assert (await Room.get(id=broken.id)).next_change_at == NOW - HOUR
    assert "could not be advanced" in caplog.text
