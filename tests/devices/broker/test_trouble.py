"""What is wrong between Izba and its broker is said in words: by readiness, and by one line of the log."""

import asyncio
import re
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import paho.mqtt.client as mqtt
import pytest
import trustme
from tortoise.context import TortoiseContext

from config.checks import checks
from devices.broker import connection
from devices.broker.client import V311, absence, is_other_client
from devices.broker.receipts import UNHEARD, Receipts
from devices.run import DeviceLayer
from registry.core.errors import Unavailable
from tests.devices.broker.test_connection import Other, until
from tests.servers import Mosquitto, free_port

pytestmark = pytest.mark.anyio
SECRET_KEY = "s" * 32


@asynccontextmanager
async def connecting(url: str, **more: Any) -> AsyncIterator[DeviceLayer]:
    """Izba's client for this broker, without the register behind it."""
    devices = DeviceLayer(url=url, secret_key=SECRET_KEY, **more)
    await devices.broker.start()
    try:
        yield devices
    finally:
        await devices.broker.stop()


async def readiness(devices: DeviceLayer) -> Unavailable | None:
    """What /readyz says of the broker."""
    devices.leads = True
    try:
        await checks(TortoiseContext(), devices)["broker"]()
    except Unavailable as refusal:
        return refusal
    return None


def limited(mosquitto: Mosquitto, rights: str) -> None:
    """Izba's account has these rights alone."""
    (mosquitto.home / "rights").write_text(f"{rights}\n")
    (mosquitto.home / "rights").chmod(0o700)
    with (mosquitto.home / "mosquitto.conf").open("a") as conf:
        conf.write(f"acl_file {mosquitto.home}/rights\n")
    mosquitto.stop()
    mosquitto.start()


async def test_a_broker_that_takes_nothing_that_izba_publishes_makes_it_unready(
    mosquitto: Mosquitto, caplog: pytest.LogCaptureFixture
) -> None:
    limited(mosquitto, "topic read #")
    async with connecting(mosquitto.url) as devices:
        devices.broker.retain("izba/rooms/ZW-01/state", b"{}")
        devices.broker.retain("izba/rooms/ZW-02/state", b"{}")
        await until(lambda: len(devices.broker.untaken) == 3)
        refusal = await readiness(devices)
        assert refusal is not None
        assert refusal.code == "broker.refuses"
        assert re.search(r"izba/\S+ .*[Nn]ot authorized.*: 3\)", str(refusal)), str(refusal)
        assert devices.metrics()["mqtt_refused_total"] == 3
    lines = [vars(one) for one in caplog.records if one.message == "MQTT broker refuses what Izba publishes"]
    assert len(lines) == 1, "one line, not one a topic"
    assert (lines[0]["reason"], lines[0]["topic"]) == ("Not authorized", "izba/status")


async def test_a_broker_of_the_older_protocol_is_missed_by_what_does_not_come_back(
    mosquitto: Mosquitto, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """MQTT 3.1.1 has no word for a publish that is refused."""
    for name in ("ECHO_SECONDS", "LOOK_SECONDS"):
        monkeypatch.setattr(connection, name, 0.3)
    limited(mosquitto, "topic read #")
    async with connecting(mosquitto.url) as devices:
        devices.broker.where = tuple(one for one in devices.broker.where if one.protocol == V311)
        mosquitto.stop()
        mosquitto.start()
        await until(
            lambda: "izba/status" in devices.broker.untaken and devices.broker.untaken["izba/status"] == UNHEARD
        )
        assert "it does not come back" in str(await readiness(devices))
        mosquitto.stop()
        (mosquitto.home / "rights").write_text("topic readwrite #\n")
        mosquitto.start()
        await until(lambda: devices.is_connected and devices.broker._receipts._echoed)
        await asyncio.sleep(0.7)
        assert devices.broker.untaken == {}
        assert await readiness(devices) is None
    lines = [vars(one) for one in caplog.records if one.message == "MQTT broker refuses what Izba publishes"]
    assert lines[-1]["reason"] == UNHEARD


async def test_what_the_broker_takes_again_is_no_trouble_any_more(mosquitto: Mosquitto) -> None:
    limited(mosquitto, "topic read #\ntopic write izba/status")
    async with connecting(mosquitto.url) as devices:
        devices.broker.retain("izba/rooms/ZW-01/state", b"{}")
        await until(lambda: devices.broker.untaken)
        assert list(devices.broker.untaken) == ["izba/rooms/ZW-01/state"]
        mosquitto.stop()
        (mosquitto.home / "rights").write_text("topic readwrite #\n")
        mosquitto.start()
        await until(lambda: devices.broker.connects == 2 and not devices.broker._receipts._topics)
        assert await readiness(devices) is None


async def test_an_answer_that_the_broker_refuses_harms_no_readiness(mosquitto: Mosquitto) -> None:
    """Where an answer goes is named by who asks."""
    limited(mosquitto, "topic read #\ntopic write izba/#")
    async with connecting(mosquitto.url) as devices:
        await until(lambda: devices.is_connected)
        assert devices.broker.send("elsewhere/reply", b"{}")
        await until(lambda: devices.metrics()["mqtt_refused_total"] == 1)
        assert await readiness(devices) is None


def test_a_receipt_of_a_state_that_was_refused_before_takes_it_back() -> None:
    receipts = Receipts()
    refusal, success = (mqtt.ReasonCode(mqtt.PacketTypes.PUBACK, name) for name in ("Not authorized", "Success"))
    receipts.expect(1, "izba/status", is_state=True)
    assert not receipts.is_worth_a_look(1, success)
    receipts.expect(2, "izba/status", is_state=True)
    assert receipts.is_worth_a_look(2, refusal)
    assert receipts.note(2, refusal) == "izba/status"
    receipts.expect(3, "izba/status", is_state=True)
    assert receipts.is_worth_a_look(3, success)
    assert receipts.note(3, success) == ""
    assert (receipts.refused, receipts._topics) == ({}, {})


@pytest.fixture
def authority(mosquitto: Mosquitto, tmp_path: Path) -> tuple[int, Path]:
    """A port on which the broker shows a certificate of an office's own authority, and that authority's file."""
    ca, port = trustme.CA(), free_port()
    ca.cert_pem.write_to_path(tmp_path / "ca.pem")
    ca.issue_cert("localhost").private_key_and_cert_chain_pem.write_to_path(tmp_path / "broker.pem")
    (tmp_path / "broker.pem").chmod(0o644)
    with (mosquitto.home / "mosquitto.conf").open("a") as conf:
        conf.write(f"listener {port} 127.0.0.1\ncertfile {tmp_path}/broker.pem\nkeyfile {tmp_path}/broker.pem\n")
    mosquitto.stop()
    mosquitto.start()
    return port, tmp_path / "ca.pem"


async def test_a_broker_of_the_office_s_own_authority_is_trusted_by_a_setting(authority: tuple[int, Path]) -> None:
    port, ca_file = authority
    async with connecting(f"mqtts://localhost:{port}", ca_file=str(ca_file)) as devices:
        assert await devices.wait_until_connected()
        assert await readiness(devices) is None


@pytest.mark.parametrize(("host", "is_named"), [("localhost", False), ("127.0.0.1", True)])
async def test_a_certificate_that_is_not_trusted_is_the_reason_that_is_told(
    authority: tuple[int, Path], host: str, is_named: bool, caplog: pytest.LogCaptureFixture
) -> None:
    """One of a strange authority, and one for another name."""
    port, ca_file = authority
    async with connecting(f"mqtts://{host}:{port}", ca_file=str(ca_file) if is_named else "") as devices:
        await until(lambda: devices.broker.distrust)
        refusal = await readiness(devices)
        assert refusal is not None
        assert refusal.code == "broker.untrusted"
        assert "IZBA_MQTT_CA_FILE" in str(refusal)
        assert ("mismatch" if is_named else "certificate") in str(refusal)
    reason = next(vars(one)["reason"] for one in caplog.records if "certificate is not trusted" in one.message)
    assert reason in str(refusal)


async def test_a_port_that_speaks_no_tls_is_the_reason_that_is_told() -> None:
    server = await asyncio.start_server(lambda _reader, writer: writer.write(b"220 mail here\r\n"), "127.0.0.1")
    async with server, connecting(f"mqtts://localhost:{server.sockets[0].getsockname()[1]}") as devices:
        await until(lambda: "TLS" in devices.broker.absence)
        refusal = await readiness(devices)
        assert refusal is not None
        assert refusal.code == "broker.away"
        assert "TLS" in str(refusal)


async def test_a_broker_that_is_away_is_told_with_the_reason() -> None:
    async with connecting(f"mqtt://127.0.0.1:{free_port()}") as devices:
        await until(lambda: "nothing listens there" in devices.broker.absence)
        refusal = await readiness(devices)
        assert refusal is not None
        assert "nothing listens there" in str(refusal)


async def test_another_client_with_izba_s_id_is_the_reason_that_is_told(
    mosquitto: Mosquitto, caplog: pytest.LogCaptureFixture
) -> None:
    async with connecting(mosquitto.url, client_id="izba-here") as devices:
        for losses in range(1, 4):
            await until(lambda losses=losses: devices.broker.connects == losses)  # type: ignore[misc]
            thief = Other(mosquitto.port, client_id="izba-here")
            await until(lambda: not devices.is_connected)
            thief.close()
        refusal = await readiness(devices)
        assert refusal is not None
        assert refusal.code == "broker.same_id"
        assert "izba-here" in str(refusal)
        assert "IZBA_MQTT_CLIENT_ID" in str(refusal)
    lines = [vars(one) for one in caplog.records if one.message == "MQTT connection lost: another client has Izba's id"]
    assert lines
    assert lines[0]["client_id"] == "izba-here"


@pytest.mark.parametrize(
    ("reason", "is_often", "is_other"),
    [("Session taken over", False, True), ("Packet too large", True, False), ("Unspecified error", True, True),
     ("Unspecified error", False, False), ("Administrative action", True, False)],
)  # fmt: skip
def test_what_the_broker_says_of_the_end_is_believed(reason: str, is_often: bool, is_other: bool) -> None:
    code = mqtt.ReasonCode(mqtt.PacketTypes.DISCONNECT, reason)
    assert is_other_client(code, is_often) is is_other


async def test_two_izbas_of_one_host_have_ids_of_their_own(mosquitto: Mosquitto) -> None:
    production, trial = (DeviceLayer(url=mosquitto.url, secret_key=SECRET_KEY, prefix=one) for one in ("izba", "izba2"))
    assert production.broker.client_id != trial.broker.client_id


def test_what_the_client_says_is_quoted() -> None:
    assert "odd" in absence(ValueError("odd"))
    assert "TLS" in absence(ssl.SSLError(1, "wrong version"))
