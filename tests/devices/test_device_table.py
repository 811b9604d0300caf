"""The devices that the ingest knows, read again when one of them changes."""

from datetime import UTC, datetime

import pytest

from devices.device_table import DeviceEntries
from registry.devices.models import Device
from registry.devices.occupancy import Reading
from tests.conftest import Database
from tests.make import make_device

NOW = datetime(2026, 11, 26, 9, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("changes", "is_news"),
    [
        ({"hold_seconds": 60}, False),
        ({"code": "renamed"}, False),
        ({"family": "zigbee2mqtt", "address": "hall"}, True),
        ({"address": "elsewhere"}, True),
    ],
)
async def test_of_another_sensor_under_the_name_nothing_is_known(
    database: Database, changes: dict[str, object], is_news: bool
) -> None:
    """What the one before said last must not hide that the new one says the same."""
    device = await make_device(code="s1", occupied=False)
    table = DeviceEntries()
    await table.load()
    (entry,) = table.all()
    assert entry.remember(Reading(device.id, NOW, occupied=False), 1.0)
    assert not entry.remember(Reading(device.id, NOW, occupied=False), 2.0)
    await Device.filter(id=device.id).update(**changes)
    await table.load()
    (entry,) = table.all()
    assert entry.remember(Reading(device.id, NOW, occupied=False), 3.0) is is_news
