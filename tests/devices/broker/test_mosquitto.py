"""The configuration of a production broker: its text, and its steps followed on a real one."""

import getpass
import re
import subprocess

import paho.mqtt.client as mqtt
import pytest
from paho.mqtt.enums import CallbackAPIVersion

from devices.broker.mosquitto import configuration
from devices.codecs import FAMILIES
from devices.run import DeviceLayer
from devices.topics import Topics
from tests.conftest import or_skip
from tests.devices.broker.test_connection import until
from tests.servers import Mosquitto, program

pytestmark = pytest.mark.anyio
OURS = Topics()
SECRET = "s3cret"
SENSOR, PANEL, OTHER_SENSOR, OTHER_PANEL = "ZW-01-occ", "ZW-01-door", "ZW-03-occ", "ZW-03-door"


def test_izba_s_account_may_hear_all_that_izba_listens_to() -> None:
    """Followed to the letter, the steps leave nothing that the broker refuses."""
    devices = DeviceLayer(url="mqtt://127.0.0.1", secret_key="s" * 32, prefix="office/izba", families=[*FAMILIES])
    steps = configuration("office/izba", [*FAMILIES])
    branches = re.findall(r"addRoleACL izba subscribePattern '(.+?)#' allow", steps)
    assert branches == ["office/izba/", "zigbee2mqtt/"]
    assert [name for name in devices.broker._filters if not name.startswith(tuple(branches))] == []


def test_no_more_than_that() -> None:
    assert "zigbee2mqtt" not in configuration("izba", ["native", "nonsense"])
    assert "{" not in configuration()


@pytest.fixture
def secured(mosquitto: Mosquitto) -> Mosquitto:
    """A broker with the printed configuration, but for TLS, and all the accounts of its steps."""
    text, home = configuration(), mosquitto.home
    settings = [line for line in text.splitlines() if line and not line.startswith("#")]
    control = or_skip(lambda: program("mosquitto_ctrl"))
    plugin = or_skip(lambda: program("mosquitto_dynamic_security.so", "/usr/lib/*/mosquitto_dynamic_security.so"))
    rights = home / "dynamic-security.json"
    subprocess.run([control, "dynsec", "init", str(rights), "admin", SECRET], check=True, capture_output=True)
    elsewhere = ("listener", "protocol", "certfile", "keyfile", "tls_version", "persistence", "autosave", "plugin")
    here = [
        f"listener {mosquitto.port} 127.0.0.1", f"user {getpass.getuser()}", "persistence false",
        f"plugin {plugin}", f"plugin_opt_config_file {rights}",
    ]  # fmt: skip
    mosquitto.stop()
    lines = [*here, *(line for line in settings if not line.startswith(elsewhere)), ""]
    (home / "mosquitto.conf").write_text("\n".join(lines))
    mosquitto.start()
    for step in re.findall(r"^#\s+mosquitto_ctrl -u admin (dynsec .+)$", text, re.MULTILINE):
        words = [word.strip("'") for word in step.split()]
        password = ["-p", SECRET] if words[1] == "createClient" else []
        door = ["-h", "127.0.0.1", "-p", str(mosquitto.port), "-u", "admin", "-P", SECRET]
        subprocess.run([control, *door, *words, *password], check=True, capture_output=True, timeout=30)
    return mosquitto


class Account:
    """Somebody on the broker, by MQTT 5: what it hears, and what the broker answers to what it publishes."""

    def __init__(self, broker: Mosquitto, name: str, *filters: str) -> None:
        messages: dict[str, bytes] = {}
        answers: dict[int, bool] = {}
        grants: list[bool] = []
        options = mqtt.SubscribeOptions(qos=1)
        client = mqtt.Client(CallbackAPIVersion.VERSION2, protocol=mqtt.MQTTv5)
        client.username_pw_set(name, SECRET)
        client.on_message = lambda _c, _u, m: messages.__setitem__(m.topic, bytes(m.payload))
        client.on_publish = lambda _c, _u, mid, code, _p: answers.__setitem__(mid, not code.is_failure)
        client.on_subscribe = lambda _c, _u, _m, codes, _p: grants.extend(not code.is_failure for code in codes)
        client.on_connect = lambda c, *_: c.subscribe([(topic, options) for topic in filters])
        client.connect("127.0.0.1", broker.port)
        client.loop_start()
        # none of the callbacks holds this object: in a circle paho would close its sockets too late
        self.client, self.messages, self.answers, self.grants = client, messages, answers, grants

    async def may_publish(self, topic: str) -> bool:
        mid = self.client.publish(topic, b"x", 1, retain=True).mid
        await until(lambda: mid in self.answers)
        return self.answers[mid]

    def close(self) -> None:
        self.client.disconnect()
        self.client.loop_stop()


async def test_the_broker_s_rights_keep_everybody_else_from_speaking_in_izba_s_name(secured: Mosquitto) -> None:
    izba = Account(secured, "izba", "izba/#")
    sensor = Account(secured, SENSOR, "izba/rooms/+/state")
    panel = Account(secured, PANEL, OURS.panel_state(PANEL), OURS.panel_state(OTHER_PANEL))
    await until(lambda: (izba.grants, sensor.grants, panel.grants) == ([True], [False], [True, False]))
    states = [OURS.status, OURS.room_state("ZW-01"), OURS.room_light("ZW-01"), OURS.panel_state(PANEL)]
    for topic in (*states, OURS.panel_state(OTHER_PANEL), OURS.reading(OTHER_SENSOR), OURS.panel_command(OTHER_PANEL)):
        assert not await sensor.may_publish(topic), topic
        assert not await panel.may_publish(topic), topic
    assert izba.messages == {}
    for topic in states:
        assert await izba.may_publish(topic), topic
    assert await sensor.may_publish(OURS.reading(SENSOR))
    assert await panel.may_publish(OURS.panel_command(PANEL))
    await until(lambda: set(izba.messages) == {*states, OURS.reading(SENSOR), OURS.panel_command(PANEL)})
    await until(lambda: set(panel.messages) == {OURS.panel_state(PANEL)})
    for account in (izba, sensor, panel):
        account.close()


async def test_izba_itself_is_refused_nothing_there(secured: Mosquitto) -> None:
    url = f"mqtt://izba:{SECRET}@127.0.0.1:{secured.port}"
    devices = DeviceLayer(url=url, secret_key="s" * 32)
    await devices.broker.start()
    try:
        assert await devices.wait_until_connected()
        assert devices.refusal == ""
    finally:
        await devices.broker.stop()
