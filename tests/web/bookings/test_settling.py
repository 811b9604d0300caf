"""A page does not call a sensor silent that speaks: Izba may only not have listened for long enough."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from registry.bookings.readings import record_readings, watch_lost, watch_started
from registry.devices.occupancy import Reading
from tests.conftest import Database
from tests.make import make_device, make_room
from tests.web.desk import Desk
from web.app import SiteOptions, create_site

pytestmark = pytest.mark.anyio


@pytest.fixture
async def desk(database: Database, tmp_path: Path) -> Desk:
    return await Desk(create_site(SiteOptions(secret_key="k" * 40, data_dir=tmp_path, language="en"))).open()


async def test_a_room_that_is_listened_to_is_being_checked_and_one_that_is_not_is_silent(desk: Desk) -> None:
    sensor = await make_device(room=await make_room(code="M-1"), sensing="mmwave", hold_seconds=300)
    now = datetime.now(UTC)
    await watch_started(now - timedelta(minutes=1))
    await record_readings([Reading(sensor.id, now, occupied=False)], now)
    page = await desk.read("/", "alice")
    assert "checking" in page
    assert "sensor is silent" not in page
    await watch_lost(now)
    page = await desk.read("/", "alice")
    assert "checking" not in page
    assert "sensor is silent" in page
