"""The configuration of a production broker: its text, and its steps followed on a real one."""

import getpass
import os
import re
import subprocess
from collections.abc import AsyncIterator

import paho.mqtt.client as mqtt
import pytest
from paho.mqtt.enums import CallbackAPIVersion

from devices.broker.mosquitto import BrokerPlace, configuration, place_of
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


def test_each_zigbee_network_has_an_account_and_izba_hears_it() -> None:
    steps = configuration("izba", ["zigbee2mqtt"], bases=["zigbee2mqtt", "office/floor2"])
    for account, topic in (("zigbee2mqtt", "zigbee2mqtt/#"), ("office-floor2", "office/floor2/#")):
        assert f"addRoleACL {account} publishClientSend '{topic}' allow" in steps
        assert f"addRoleACL izba subscribePattern '{topic}' allow" in steps


def test_no_more_than_that() -> None:
    assert "zigbee2mqtt" not in configuration("izba", ["native", "nonsense"])
    assert "{" not in configuration()


class Office:
    """A broker with the printed configuration, all of whose steps were run as they stand; only the machine's own
    directories lie elsewhere. As Debian's, its main file includes ours.
    """

    def __init__(self, mosquitto: Mosquitto, text: str) -> None:
        self.mosquitto, self.port, self.ca = mosquitto, mosquitto.port, mosquitto.home / "etc" / "certs" / "ca.crt"
        self.home = mosquitto.home
        self._environment = {**os.environ, "HOME": str(self.home), "PATH": f"{self.home / 'bin'}:{os.environ['PATH']}"}
        self._environment.pop("XDG_CONFIG_HOME", None)
        plugin = or_skip(lambda: program("mosquitto_dynamic_security.so", "/usr/lib/*/mosquitto_dynamic_security.so"))
        or_skip(lambda: program("mosquitto_ctrl"))
        for folder in ("etc/certs", "etc/conf.d", "lib", "bin"):
            (self.home / folder).mkdir(parents=True)
        for name in ("apt-get", "chown", "systemctl"):  # the machine's, which no test may change
            (self.home / "bin" / name).write_text("#!/bin/sh\n")
            (self.home / "bin" / name).chmod(0o755)
        text = re.sub(r"/usr/lib/\S+/mosquitto_dynamic_security.so", plugin, text)
        self.text = text.replace("/etc/mosquitto", f"{self.home}/etc").replace("/var/lib/mosquitto", f"{self.home}/lib")
        (self.home / "etc" / "conf.d" / "izba.conf").write_text(self.text)
        (self.home / "mosquitto.conf").write_text(
            f"user {getpass.getuser()}\npersistence true\npersistence_location {self.home}/lib/\n"
            f"include_dir {self.home}/etc/conf.d\n"
        )
        mosquitto.stop()
        for step in commands(self.text):
            self.run(step)

    def run(self, step: str) -> None:
        """One command of the steps; where it asks for a password it is told the one of all accounts here."""
        ended = subprocess.run(
            ["bash", "-c", step], input=f"{SECRET}\n{SECRET}\n", env=self._environment, text=True, timeout=60,
            capture_output=True, check=False,
        )  # fmt: skip
        assert ended.returncode == 0, f"{step}: {ended.stderr}"
        assert "rror" not in ended.stderr, f"{step}: {ended.stderr}"
        if step == "systemctl restart mosquitto":
            self.mosquitto.start()


def commands(text: str) -> list[str]:
    """The commands of the steps, as they stand behind their eight spaces."""
    return re.findall(r"^#        (\S.*)$", text, re.MULTILINE)


@pytest.fixture
def secured(mosquitto: Mosquitto) -> Office:
    """A broker on which every step was run."""
    return Office(mosquitto, configuration("izba", ["zigbee2mqtt"], BrokerPlace("localhost", mosquitto.port)))


class Account:
    """Somebody on the broker, by MQTT 5: what it hears, and what the broker answers to what it publishes."""

    def __init__(self, broker: Office, name: str, *filters: str, client_id: str = "") -> None:
        messages: dict[str, bytes] = {}
        answers: dict[int, bool] = {}
        grants: list[bool] = []
        options = mqtt.SubscribeOptions(qos=1)
        losses: list[str] = []
        client = mqtt.Client(CallbackAPIVersion.VERSION2, client_id=client_id, protocol=mqtt.MQTTv5)
        client.tls_set(str(broker.ca))
        client.on_disconnect = lambda _c, _u, _f, code, _p: losses.append(str(code))
        client.username_pw_set(name, SECRET)
        client.on_message = lambda _c, _u, m: messages.__setitem__(m.topic, bytes(m.payload))
        client.on_publish = lambda _c, _u, mid, code, _p: answers.__setitem__(mid, not code.is_failure)
        client.on_subscribe = lambda _c, _u, _m, codes, _p: grants.extend(not code.is_failure for code in codes)
        client.on_connect = lambda c, *_: c.subscribe([(topic, options) for topic in filters])
        client.connect("localhost", broker.port)
        client.loop_start()
        # none of the callbacks holds this object: in a circle paho would close its sockets too late
        self.client, self.messages, self.answers, self.grants = client, messages, answers, grants
        self.losses = losses

    async def may_publish(self, topic: str, payload: bytes = b"x") -> bool:
        mid = self.client.publish(topic, payload, 1, retain=True).mid
        await until(lambda: mid in self.answers)
        return self.answers[mid]

    def close(self) -> None:
        self.client.disconnect()
        self.client.loop_stop()


async def test_the_broker_s_rights_keep_everybody_else_from_speaking_in_izba_s_name(secured: Office) -> None:
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


@pytest.fixture
async def devices(secured: Office) -> AsyncIterator[DeviceLayer]:
    """Izba itself there, as step 8 says."""
    url = f"mqtts://izba:{SECRET}@localhost:{secured.port}"
    layer = DeviceLayer(url=url, secret_key="s" * 32, families=["zigbee2mqtt"], ca_file=str(secured.ca))
    await layer.broker.start()
    assert await layer.wait_until_connected()
    yield layer
    await layer.broker.stop()


async def test_every_step_runs_as_it_stands_and_izba_itself_is_refused_nothing(
    secured: Office, devices: DeviceLayer
) -> None:
    steps = commands(secured.text)
    assert len(steps) > 30
    assert not [step for step in steps if "NAME" in step or "HOST" in step]
    devices.broker.retain(OURS.room_state("ZW-01"), b"{}")
    await until(lambda: not devices.broker._receipts._topics)
    assert devices.trouble is None
    assert devices.broker.unpublished == 0


async def test_who_takes_izba_s_client_id_does_not_throw_izba_off(secured: Office, devices: DeviceLayer) -> None:
    for attempt, client_id in enumerate((devices.broker.client_id, "izba"), 1):
        thief = Account(secured, SENSOR, "izba/rooms/+/state", client_id=client_id)
        await until(lambda thief=thief: thief.client.is_connected())  # type: ignore[misc]
        assert await thief.may_publish(OURS.reading(SENSOR), b'{"occupied": true}')
        await until(lambda attempt=attempt: devices.broker.received == attempt)  # type: ignore[misc]
        thief.close()
        await until(lambda thief=thief: thief.losses)  # type: ignore[misc]
    assert devices.broker.connected
    assert (devices.broker.connects, devices.broker.duplicate_id) == (1, False)


@pytest.mark.parametrize("size", [243_541, 3_000_000])
async def test_zigbee2mqtt_s_list_of_definitions_cuts_nobody_off(
    secured: Office, devices: DeviceLayer, size: int
) -> None:
    """What it publishes at each start, with the definitions of today, and the devices of a very large network."""
    definitions = b'{"clusters":{},"custom_clusters":{"x":"%s"}}' % (b"x" * size)
    gateway = Account(secured, "zigbee2mqtt", "zigbee2mqtt/#")
    await until(lambda: gateway.grants == [True])
    assert await gateway.may_publish("zigbee2mqtt/bridge/state", b'{"state":"online"}')
    assert await gateway.may_publish("zigbee2mqtt/bridge/definitions", definitions)
    assert await gateway.may_publish("zigbee2mqtt/hall", b'{"occupancy":true}')
    await until(lambda: "zigbee2mqtt/hall" in gateway.messages)
    assert gateway.losses == []
    assert gateway.messages["zigbee2mqtt/bridge/definitions"] == definitions
    assert not await gateway.may_publish(OURS.reading(SENSOR))
    await until(lambda: devices.broker.received >= 3)
    assert devices.broker.connects == 1
    gateway.close()


async def test_a_gateway_that_tells_home_assistant_of_its_devices_gets_three_rights_more(secured: Office) -> None:
    """Without them Zigbee2MQTT starts, and its part for Home Assistant does not: it may not hear that one's status."""
    topic = "homeassistant/binary_sensor/0x00158d0001000002/occupancy/config"
    gateway = Account(secured, "zigbee2mqtt", "homeassistant/status")
    await until(lambda: gateway.grants == [False])
    assert not await gateway.may_publish(topic)
    gateway.close()
    for step in re.findall(r"^#          (\S.*)$", secured.text, re.MULTILINE):
        secured.run(step)
    gateway = Account(secured, "zigbee2mqtt", "homeassistant/status", topic)
    await until(lambda: gateway.grants == [True, True])
    assert await gateway.may_publish(topic)
    await until(lambda: topic in gateway.messages)
    assert not await gateway.may_publish(OURS.reading(SENSOR))
    gateway.close()


@pytest.mark.parametrize(
    ("url", "username", "place"),
    [
        ("mqtts://broker.office:8884", "izba2", BrokerPlace("broker.office", 8884, account="izba2")),
        ("mqtt://10.0.40.1", "", BrokerPlace("10.0.40.1", 8883)),
    ],
)
def test_the_steps_are_of_the_broker_that_the_settings_name(url: str, username: str, place: BrokerPlace) -> None:
    text = configuration("izba", [], place_of(url, username))
    assert text == configuration("izba", [], place)
    assert f"'-h {place.host}' '-p {place.port}'" in text
    assert f"createClient {place.account}\n" in text
