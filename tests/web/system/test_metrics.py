"""What Prometheus is told: the numbers of the devices too, where there are any."""

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from devices.run import DeviceLayer
from tests.conftest import Database
from web.app import SiteOptions, create_site
from web.system.api import exposition

pytestmark = pytest.mark.anyio


async def test_the_numbers_of_the_devices_are_told(database: Database, tmp_path) -> None:
    app = create_site(SiteOptions(secret_key="k" * 40, data_dir=tmp_path))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://test") as anyone:
        without = (await anyone.get("/metrics")).text
        app.state.devices = DeviceLayer(url="mqtt://127.0.0.1:1", secret_key="s" * 32)
        text = (await anyone.get("/metrics")).text
    assert "izba_mqtt_connected" not in without
    families = {family.name: family for family in text_string_to_metric_families(text)}
    assert families["izba_mqtt_connected"].type == "gauge"
    assert families["izba_mqtt_received"].type == "counter"
    assert families.keys() >= {"izba_devices_silent", "izba_event_listeners"}


def test_a_counter_keeps_its_name_and_its_value() -> None:
    text = exposition({"mqtt_lost_total": 7, "inbox_topics": 3.0}).decode()
    assert "izba_mqtt_lost_total 7.0" in text
    assert "izba_inbox_topics 3.0" in text
