"""The codecs against the corpora, and against everything else that could come."""

import base64
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from devices import codecs
from devices.codecs import blueprint, decode_line, zigbee2mqtt
from devices.codecs.message import Decoded, Incoming
from devices.codecs.values import count, instant, percent, yes_no
from devices.topics import Topics
from tests.devices.codecs.test_payload import json_values

NOW = datetime(2026, 11, 26, 9, 0, tzinfo=UTC)
CORPORA = Path(__file__).parents[2] / "data" / "mqtt"
LINES = [
    pytest.param(json.loads(line), id=f"{path.stem}-{number}")
    for path in sorted(CORPORA.glob("*.jsonl"))
    for number, line in enumerate(path.read_text().splitlines(), 1)
]
TOPICS = [
    "izba/devices/a/reading", "izba/devices/a/status", "izba/panels/a/command", "zigbee2mqtt/a",
    "zigbee2mqtt/bridge/event",
    "zigbee2mqtt/bridge/devices", "zigbee2mqtt/a/availability", "zigbee2mqtt/a/occupancy", "z2m", "rooms/101/occupancy",
    "rooms/101/battery", "a/LWT", "tele/x/SENSOR",
]  # fmt: skip


def decode_text(topic: str, payload: str, retained: bool = False, **bind: str) -> dict[str, Any]:
    return decode_line(topic, payload.encode(), retained, bind, NOW)


@pytest.mark.parametrize("line", LINES)
def test_the_corpus_is_understood(line: dict[str, Any]) -> None:
    raw = line["payload"].encode()
    payload = base64.b64decode(raw) if line.get("payload_encoding") == "base64" else raw
    values = decode_line(line["topic"], payload, bool(line.get("retain")), line.get("binding") or {}, NOW)
    expected = line["expect"]
    assert {key: values[key] for key in expected} | {"other": None} == expected | {"other": None}
    assert {key: values["other"].get(key) for key in expected["other"]} == expected["other"]
    assert set(values) - {"refused"} == {"family", "device", "occupied", "people", "battery", "online", "other"}


@pytest.mark.parametrize(
    ("topic", "family", "device"),
    [
        ("izba/devices/ZW-01-occ/reading", "native", "ZW-01-occ"),
        ("izba/panels/ZW-01-door/command", "native", "ZW-01-door"),
        ("zigbee2mqtt/hall", "zigbee2mqtt", "hall"),
        ("zigbee2mqtt/parter/hol/czujka", "zigbee2mqtt", "parter/hol/czujka"),
        ("zigbee2mqtt/parter/czujka/availability", "zigbee2mqtt", "parter/czujka"),
        ("zigbee2mqtt/hall/set/state", "zigbee2mqtt", "hall"),
        ("office/z2m/hall", "zigbee2mqtt", "hall"),
        ("rooms/101/occupancy", "generic", "rooms/101/occupancy"),
    ],
)
def test_whose_topic_it_is(topic: str, family: str, device: str) -> None:
    values = decode_text(topic, "{}")
    assert (values["family"], values["device"]) == (family, device)


def test_zigbee2mqtt_single_attributes_and_bases() -> None:
    assert decode_text("zigbee2mqtt/hall/occupancy", "true")["occupied"] is True
    assert decode_text("zigbee2mqtt/hall/battery", "88")["battery"] == 88
    assert decode_text("zigbee2mqtt/a/b/occupancy", "false")["device"] == "a/b"
    for attribute in ("last_seen", "linkquality", "update-latest_version"):
        values = decode_text(f"zigbee2mqtt/a/b/{attribute}", "-1")
        assert (values["device"], values["other"]) == ("a/b", {"ignored": zigbee2mqtt.NO_STATE})
    by_binding = decode_text("home/hall", '{"occupancy":true}', family="zigbee2mqtt")
    assert by_binding == decode_text("z2m/hall", '{"occupancy":true}')


@pytest.mark.parametrize(
    ("payload", "occupied"),
    [
        ('{"presence":"present"}', True),
        ('{"presence":"absent"}', False),
        ('{"motion_state":"none"}', False),
        ('{"motion_state":"small"}', True),
        ('{"presence":false,"motion_state":"static"}', True),  # a positive outweighs the "no" beside it
        ('{"occupancy":false,"presence":true}', True),
        ('{"occupancy":null,"presence":false}', False),
        ('{"occupancy":"maybe","motion_state":"small"}', True),
        ('{"presence":false,"presence_state":"creeping"}', None),  # somebody, for all that is known here
        ('{"presence":false,"presence_state":null}', False),
        ('{"presence_state":"none","illuminance":120}', False),
        ('{"presence_state":"motion","illuminance":120}', True),
        ('{"presence_state":"Stationary"}', True),
        ('{"motion_state":"active","occupancy":false}', True),
        ('{"occupancy":false,"occupancy_3":true}', True),
        ('{"presence":false,"zone_1_occupancy":true}', True),
        ('{"presence":false,"zone_1_occupancy":false}', False),
        ('{"presence":false,"motion_sensitivity":true}', False),
        ('{"occupancy":false,"people":-1}', None),
        ('{"vibration":true}', None),
        ('{"local_temperature":21,"occupied_heating_setpoint":22}', None),
        ('{"action":"region_2_unoccupied","presence":true}', True),
    ],
)
def test_zigbee2mqtt_presence_in_its_many_words(payload: str, occupied: bool | None) -> None:
    assert decode_text("zigbee2mqtt/radar", payload)["occupied"] is occupied


@pytest.mark.parametrize(
    ("topic", "payload", "is_unknown"),
    [
        ("zigbee2mqtt/pir", '{"occupancy":null,"battery":100}', True),
        ("zigbee2mqtt/pir", '{"presence":null,"presence_state":null}', True),
        ("zigbee2mqtt/pir", '{"presence_state":"creeping"}', True),
        ("zigbee2mqtt/pir", "unavailable", True),
        ("zigbee2mqtt/pir", "null", True),
        ("zigbee2mqtt/pir", '{"occupancy":NaN}', True),
        ("zigbee2mqtt/pir", "", True),
        ("zigbee2mqtt/pir/availability", "", True),
        ("zigbee2mqtt/pir/occupancy", "unknown", True),
        ("zigbee2mqtt/pir/occupancy", "", True),
        ("zigbee2mqtt/pir/temperature", "", False),
        ("zigbee2mqtt/pir/battery", "", False),
        ("zigbee2mqtt/pir/linkquality", "", False),
        ("zigbee2mqtt/pir", '{"battery":100}', False),
        ("zigbee2mqtt/pir", '{"occupancy":null,"presence":false}', False),
        ("zigbee2mqtt/pir/set", "unavailable", False),
        ("zigbee2mqtt/pir/set", '{"occupancy":NaN}', False),
        ("izba/devices/s/reading", '{"occupied":null}', True),
        ("izba/devices/s/reading", '{"occupied":"unavailable"}', True),
        ("izba/devices/s/reading", '{"occupied":7}', True),
        ("izba/devices/s/reading", '{"occupied":{"v":1}}', True),
        ("izba/devices/s/reading", "unavailable", True),
        ("izba/devices/s/reading", "7", True),
        ("izba/devices/s/reading", '{"people":-1}', True),
        ("izba/devices/s/reading", '{"occupied":false,"simulated":true}', True),
        ("izba/devices/s/reading", '{"battery":60,"co2":800}', False),
        ("izba/devices/s/status", "online", False),
        ("rooms/101/occupancy", "unavailable", True),
        ("rooms/101/motion", "[1]", True),
        ("rooms/101/report", '{"presence":null}', True),
        ("rooms/101/temperature", "unavailable", False),
    ],
)
def test_an_explicit_unknown_is_not_the_same_as_saying_nothing(topic: str, payload: str, is_unknown: bool) -> None:
    decoded = codecs.decode(Topics().route(topic), payload.encode(), False, NOW)
    assert decoded.is_unknown is is_unknown
    assert decoded.occupied is (False if payload == '{"occupancy":null,"presence":false}' else None)


@pytest.mark.parametrize("payload", ['{"occupied":false,"motion":true}', '{"occupied":false,"people":1}'])
def test_a_positive_anywhere_outweighs_the_no_beside_it(payload: str) -> None:
    assert decode_text("izba/devices/s/reading", payload)["occupied"] is True
    assert decode_text("rooms/101/report", payload)["occupied"] is True


def test_a_count_below_zero_tells_that_a_counter_drifts() -> None:
    values = decode_text("izba/devices/door/reading", '{"people":-1}')
    assert (values["occupied"], values["other"]["untrusted"]) == (None, "drift")


@pytest.mark.parametrize(
    ("topic", "payload", "other"),
    [
        (
            "response/device/rename",
            '{"data":{"from":"office/pir","to":"room 12 PIR","homeassistant_rename":false},"status":"ok"}',
            {"renamed": "office/pir", "name": "room 12 PIR"},
        ),
        ("response/device/rename", '{"data":{"from":"a","to":"b"},"status":"error"}', {"response_to": None}),
        ("response/device/remove", '{"data":{"id":"office/pir"},"status":"ok"}', {"left": "office/pir"}),
        (
            "event",
            '{"type":"device_leave","data":{"ieee_address":"0x00158d0001","friendly_name":"office/pir"}}',
            {"left": "office/pir"},
        ),
    ],
)
def test_zigbee2mqtt_tells_which_name_is_gone(topic: str, payload: str, other: dict[str, Any]) -> None:
    values = decode_text(f"zigbee2mqtt/bridge/{topic}", payload)
    assert values["device"] == "bridge"
    assert values["other"].items() >= other.items()


def test_zigbee2mqtt_bridge_inventory_names_what_it_does_not_support() -> None:
    devices = [
        {"type": "Coordinator", "friendly_name": "Coordinator", "definition": None},
        {"type": "EndDevice", "friendly_name": "hall", "definition": {"model": "RTCGQ11LM"}},
        {"type": "EndDevice", "friendly_name": "odd", "definition": None},
    ]
    values = decode_text("zigbee2mqtt/bridge/devices", json.dumps(devices), retained=True)["other"]
    assert values == {"inventory": ["hall", "odd"], "unsupported": ["odd"]}


@pytest.mark.parametrize(("people", "occupied"), [(3, True), (0, False)])
def test_zigbee2mqtt_counts_people(people: int, occupied: bool) -> None:
    values = decode_text("zigbee2mqtt/door", f'{{"people":{people}}}')
    assert (values["people"], values["occupied"]) == (people, occupied)


def test_a_retained_value_with_a_time_of_its_own_has_an_age() -> None:
    values = decode_text("zigbee2mqtt/hall", '{"occupancy":true,"last_seen":"2026-11-26T08:59:00Z"}', retained=True)
    assert "retained_age_unknown" not in values["other"]
    assert values["other"]["at"] == "2026-11-26T08:59:00+00:00"


@pytest.mark.parametrize(
    ("topic", "payload", "other"),
    [
        ("zigbee2mqtt/a/set", "", {"ignored": "a command topic, not telemetry"}),
        ("zigbee2mqtt/a", '{"contact":"maybe"}', {"reason": "maybe is no boolean"}),
        ("zigbee2mqtt/a", '{"illuminance":null}', {}),
        ("zigbee2mqtt/bridge/event", '{"type":"device_leave","data":{"ieee_address":"0x1"}}', {"left": "0x1"}),
        ("zigbee2mqtt/bridge/event", '{"type":"group_added"}', {"ignored": True}),
        ("rooms/101/occupancy", "[1]", {"reason": "list is not a value", "ignored": True}),
        ("rooms/101/battery", "55", {}),
        ("rooms/101/colour", "5", {"ignored": True}),
    ],
)
def test_what_says_nothing_of_people(topic: str, payload: str, other: dict[str, Any]) -> None:
    values = decode_text(topic, payload)
    assert (values["occupied"], values["people"], values["other"]) == (None, None, other)


def test_a_binding_names_the_key() -> None:
    payload = '{"LD2410":{"Out_pin":1},"Switch1":"OFF","params":{"input:0":{"state":true}}}'
    assert decode_text("tele/t/SENSOR", payload)["occupied"] is None
    assert decode_text("tele/t/SENSOR", payload, occupancy="LD2410.Out_pin")["occupied"] is True
    assert decode_text("tele/t/SENSOR", payload, occupancy_key="Switch1")["occupied"] is False
    assert decode_text("tele/t/SENSOR", payload, occupancy="params.input:0.state")["occupied"] is True
    assert decode_text("tele/t/SENSOR", payload, occupancy="no.such")["occupied"] is None


def test_a_binding_that_leads_through_a_plain_value_finds_nothing() -> None:
    assert decode_text("tele/t/SENSOR", '{"LD2410":1}', occupancy="LD2410.Out_pin")["occupied"] is None


def test_generic_status_topics() -> None:
    assert decode_text("tele/t/LWT", "Offline")["online"] is False
    assert decode_text("dev/availability", '{"state":"online"}')["online"] is True
    assert decode_text("dev/report", '{"alive":"offline"}', online="alive")["online"] is False
    assert decode_text("dev/alive", "offline", online="payload")["online"] is False


def test_a_single_fact_on_a_topic_of_its_own() -> None:
    assert decode_text("rooms/101/temperature", "21.5")["other"]["temperature"] == 21.5


@pytest.mark.parametrize(("payload", "occupied"), [("true", True), ("OFF", False)])
def test_a_bare_word_to_the_native_topic_is_taken_and_told(payload: str, occupied: bool) -> None:
    values = decode_text("izba/devices/ZW-01-occ/reading", payload)
    assert values["occupied"] is occupied
    assert values["other"]["coerced"] is True


@pytest.mark.parametrize("payload", ["[true]", "1"])
def test_a_list_or_a_number_is_no_native_reading(payload: str) -> None:
    values = decode_text("izba/devices/ZW-01-occ/reading", payload)
    assert values["occupied"] is None
    assert values["other"]["error"] == "not an object"


@pytest.mark.parametrize(
    ("topic", "payload", "other"),
    [
        ("bridge/state", '"dancing"', {"scope": "bridge", "reason": "neither online nor offline"}),
        ("bridge/request/device/remove", '{"id":"hall"}', {"ignored": "a command topic, not telemetry"}),
        ("bridge/event", '{"type":"device_leave","data":{"friendly_name":"hall"}}', {"left": "hall"}),
    ],
)
def test_zigbee2mqtt_bridge_topics(topic: str, payload: str, other: dict[str, Any]) -> None:
    values = decode_text(f"zigbee2mqtt/{topic}", payload)
    assert (values["device"], values["occupied"], values["online"]) == ("bridge", None, None)
    assert values["other"].items() >= other.items()


@pytest.mark.parametrize(
    ("word", "charge"), [("87 %", 87), (88.5, 88.5), (True, None), ("nan", None), ("x", None), ({}, None)]
)
def test_percent(word: object, charge: float | None) -> None:
    assert percent(word).value == charge


@pytest.mark.parametrize(
    ("value", "people"), [(3, 3), ("4", 4), (-1, None), (1.5, None), (10_000, 10_000), (10_001, None)]
)
def test_count(value: object, people: int | None) -> None:
    assert count(value).value == people


@pytest.mark.parametrize(
    ("value", "moment"),
    [
        ("2026-11-26T10:00:00+01:00", NOW),
        (NOW.timestamp(), NOW),
        (NOW.timestamp() * 1000, NOW),
        ("2026-11-26T10:00:00", None),
        ("soon", None),
        (1e300, None),
        (True, None),
    ],
)
def test_a_devices_own_time(value: object, moment: datetime | None) -> None:
    assert instant(value) == moment


@pytest.mark.parametrize("value", ["nan", "inf", "1e999", "-1e999"])
def test_numbers_in_words_that_are_none(value: str) -> None:
    assert decode_text("rooms/101/people", f'"{value}"')["people"] is None


def test_words_of_yes_and_no_take_any_case() -> None:
    assert all(yes_no(word.upper()).value is True for word in ("on", "True", "detected", "motion", "occupied"))
    assert all(yes_no(word.title()).value is False for word in ("off", "clear", "no_motion", "vacant", "normal"))


def test_the_blueprint_works_as_it_says() -> None:
    def decode(topic: str, value: object) -> Decoded:
        route = Topics().route(topic)
        assert blueprint.matches(route)
        return blueprint.decode(Incoming(route, value, False, NOW))

    reading = decode("blueprint/x", {"seen": True, "charge": 87})
    assert (reading.device, reading.occupied, reading.battery) == ("x", True, 87)
    assert decode("blueprint/x/online", True).online is True
    silent = decode("blueprint/x", {"time": NOW.timestamp()})
    assert (silent.occupied, silent.battery) == (None, None)
    assert decode("blueprint/x", []).other["ignored"]


@given(st.sampled_from(TOPICS), st.binary(max_size=200), st.booleans())
def test_no_bytes_are_too_much(topic: str, payload: bytes, retained: bool) -> None:
    orjson.dumps(decode_line(topic, payload, retained, {}, NOW))


@given(st.text(max_size=80), st.sampled_from([b"", b"{}", b"true", b'{"occupied":true}']), st.booleans())
def test_no_topic_is_too_much(topic: str, payload: bytes, retained: bool) -> None:
    orjson.dumps(decode_line(topic, payload, retained, {}, NOW))


KEYS = ["occupied", "occupancy", "presence", "people", "battery", "at", "last_seen", "ts", "tamper", "action",
        "contact", "simulated", "enabled", "illuminance", "motion_state", "type", "data", "state",
        "transaction", "co2"]  # fmt: skip


@given(
    st.sampled_from(TOPICS),
    st.dictionaries(st.sampled_from(KEYS), json_values, max_size=8) | json_values,
    st.booleans(),
)
def test_no_json_is_too_much(topic: str, value: object, retained: bool) -> None:
    decoded = codecs.decode(Topics().route(topic), json.dumps(value).encode(), retained, NOW)
    assert decoded.occupied in (True, False, None)
    assert decoded.people is None or 0 <= decoded.people <= 10_000
    assert decoded.battery is None or 0 <= decoded.battery <= 100
    if decoded.people:
        assert decoded.occupied is True
    orjson.dumps(decoded.as_dict())
