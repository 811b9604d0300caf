"""Many rooms at once for programs."""

from datetime import UTC, datetime, timedelta

import pytest

from registry.bookings.readings import record_readings, watch_started
from registry.devices.occupancy import Reading
from tests.make import make_device
from tests.statements import Statements
from tests.web.conftest import Office

pytestmark = pytest.mark.anyio
BEAT = timedelta(seconds=30)


async def test_a_day_is_served_from_what_is_kept_while_a_sensor_repeats_itself(
    office: Office, statements: Statements
) -> None:
    sensor = await make_device(room=office.rooms["M-1"], sensing="mmwave")
    now = datetime.now(UTC)
    await watch_started(now)
    await record_readings([Reading(sensor.id, now, occupied=True)], now)
    before = (await office.get("/availability?room=M-1")).json()
    await record_readings([Reading(sensor.id, now + BEAT, occupied=True)], now + BEAT)
    with statements.at_most(2):  # who asks, and the room's revision
        assert (await office.get("/availability?room=M-1")).json() == before
    assert not any("FROM booking" in statement.text for statement in statements[-2:])
    await record_readings([Reading(sensor.id, now + 2 * BEAT, distrust="tamper")], now + 2 * BEAT)
    after = (await office.get("/availability?room=M-1")).json()
    assert after["items"][0]["revision"] == before["items"][0]["revision"] + 1
