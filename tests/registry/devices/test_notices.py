"""A silence is told once to who looks after devices, and not while the broker itself is not heard."""

from datetime import timedelta

from registry.bookings.readings import watch_started
from registry.devices.models import Device
from registry.devices.notices import ONE_BY_ONE, tell_of_silence
from registry.outbox.models import Notice
from tests.conftest import Database
from tests.make import NOW, make_device, make_person, make_room

LONG_AGO = NOW - timedelta(days=1)


async def test_a_silence_is_told_once_and_the_next_one_again(database: Database) -> None:
    facilities = await make_person(role="facilities")
    await make_person()
    device = await make_device(code="hall", heard_at=LONG_AGO, online=True)
    shy = await make_room(visibility="confidential")
    await make_device(code="PP-03-occ", room=shy, heard_at=LONG_AGO, online=True)
    assert await tell_of_silence(NOW) == 0, "nobody hears the broker"
    await watch_started(NOW - timedelta(hours=2))
    assert await tell_of_silence(NOW) == 2
    assert await tell_of_silence(NOW) == 0
    facts = [notice.facts for notice in await Notice.all().order_by("id")]
    assert sorted(facts, key=str) == [{"name": "hall"}, {}] or sorted(facts, key=str) == [{}, {"name": "hall"}]
    assert {notice.person_id async for notice in Notice.all()} == {facilities.id}
    await Device.filter(id=device.id).update(heard_at=LONG_AGO + timedelta(hours=3))
    assert await tell_of_silence(NOW) == 1


async def test_many_at_once_are_one_piece_of_news(database: Database) -> None:
    await make_person(role="admin")
    for _ in range(ONE_BY_ONE + 1):
        await make_device(heard_at=LONG_AGO, online=True)
    await watch_started(NOW - timedelta(hours=2))
    assert await tell_of_silence(NOW) == 1
    assert (await Notice.get()).facts == {"silent": ONE_BY_ONE + 1}


async def test_a_device_that_is_out_of_use_is_silent_for_good_and_nobody_is_told(database: Database) -> None:
    await make_person(role="facilities")
    await make_device(heard_at=LONG_AGO, online=True, retired_at=LONG_AGO)
    await watch_started(NOW - timedelta(hours=2))
    assert await tell_of_silence(NOW) == 0


async def test_all_are_heard(database: Database) -> None:
    await watch_started(NOW)
    assert await tell_of_silence(NOW) == 0
