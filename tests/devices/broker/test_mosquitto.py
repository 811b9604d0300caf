"""The configuration of a production broker."""

import re

from devices.broker.mosquitto import configuration
from devices.codecs import FAMILIES
from devices.run import DeviceLayer


def test_izba_s_account_may_hear_all_that_izba_listens_to() -> None:
    """Followed to the letter, the steps leave nothing that the broker refuses."""
    devices = DeviceLayer(url="mqtt://127.0.0.1", secret_key="s" * 32, prefix="office/izba", families=[*FAMILIES])
    steps = configuration("office/izba", [*FAMILIES])
    granted = re.findall(r"addRoleACL izba subscribePattern '(.+?)#' allow", steps)
    assert granted == ["office/izba/", "zigbee2mqtt/"]
    assert [name for name in devices.broker._filters if not name.startswith(tuple(granted))] == []


def test_no_more_than_that() -> None:
    assert "zigbee2mqtt" not in configuration("izba", ["native", "nonsense"])
    assert "{" not in configuration()
