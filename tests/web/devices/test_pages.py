"""The page of devices: health, who speaks without being known, taking it in, hanging it elsewhere, pairing a tablet."""

import html
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from registry.bookings.projections import Viewer
from registry.bookings.readings import settle_rooms
from registry.core.history import HistoryEntry
from registry.devices import pairing
from registry.devices.models import Device, DeviceKind, Sensing, Watch
from registry.rooms.models import Visibility
from tests import make
from tests.conftest import Database
from tests.statements import Statements
from tests.web.desk import Desk, text_of
from web.app import SiteOptions, create_site
from web.devices.view import health_of
from web.devices.words import REASON_WORDS
from web.kit.page_context import PageContext

pytestmark = [pytest.mark.anyio, pytest.mark.databases("sqlite")]
BIND = {"family": "zigbee2mqtt", "address": "hall/motion", "code": "ZW-01-occ", "sensing": "pir", "room": "ZW-01"}


class Reading:
    """Stands in for what speaks with the broker."""

    def __init__(self, *strangers: dict[str, Any]) -> None:
        self.strangers = list(strangers)

    def inbox(self) -> list[dict[str, Any]]:
        return self.strangers


def stranger(**columns: Any) -> dict[str, Any]:
    now = datetime.now(UTC)
    return {
        "topic": "zigbee2mqtt/hall/motion", "family": "zigbee2mqtt", "device": "hall/motion", "first_at": now,
        "last_at": now, "count": 3, "per_minute": 3.0, "said": {}, "payloads": ['{"occupancy": true, "x": "<b>"}'],
    } | columns  # fmt: skip


@pytest.fixture
async def desk(database: Database, tmp_path: Path) -> Desk:
    options = SiteOptions(secret_key="k" * 40, data_dir=tmp_path, language="en", families=("native", "zigbee2mqtt"))
    return await Desk(create_site(options)).open()


@pytest.mark.parametrize("who", ["member", "duty", "accountant"])
async def test_devices_are_not_for_everybody(desk: Desk, who: str) -> None:
    assert (await desk.get("/devices", who)).status_code == 403
    assert (await desk.post("/devices/bind", who, **BIND)).status_code == 403
    assert 'href="/devices"' not in (await desk.get("/rooms", who)).text


@pytest.mark.parametrize(("visibility", "is_told"), [(Visibility.INTERNAL, True), (Visibility.CONFIDENTIAL, False)])
async def test_a_sensor_that_is_stuck_or_contradicted_is_named_on_every_page_that_shows_it(
    desk: Desk, visibility: Visibility, is_told: bool
) -> None:
    """Not of the Help Point's rooms, where it would tell when somebody was there."""
    now = datetime.now(UTC)
    since = now - timedelta(hours=7)
    await Watch.create(id=1, since=since)
    room = await make.make_room(code="ZW-01", visibility=visibility)
    asset = await make.make_asset(room=room)
    words = {"room": room, "heard_at": now, "confirmed_at": now, "online": True}
    await make.make_device(code="A-stuck", occupied=True, changed_at=since, asset=asset, **words)
    recent = now - timedelta(hours=1)
    await make.make_device(code="B-odd", occupied=True, changed_at=recent, **words)
    await make.make_device(code="C-count", sensing=Sensing.COUNTER, occupied=False, changed_at=since, **words)
    await settle_rooms([room.id], now)
    stuck = "has seen somebody for hours on end: it may be stuck, unchanged since"
    odd = "sees somebody where another sensor sees nobody, unchanged since"
    for path, sentences in (
        ("/devices", [stuck, odd]), ("/rooms/ZW-01", [stuck, odd]), (f"/assets/{asset.id}", [stuck]),
    ):  # fmt: skip
        page = await desk.read(path, "auditor")
        assert [sentence in page for sentence in sentences] == [is_told] * len(sentences), path


async def test_a_device_that_was_renamed_in_its_network_is_let_go_on_by_a_person(desk: Desk) -> None:
    device = await make.make_device(
        code="ZW-01-occ", family="zigbee2mqtt", address="old", occupied=False, online=False, distrust="renamed"
    )
    desk.app.state.devices = Reading(stranger(device="hall/motion", formerly="ZW-01-occ"))
    page = await desk.read("/devices", "facilities")
    assert "Let ZW-01-occ go on under this name" in page
    assert "go on under this name" not in await desk.read("/devices", "auditor")
    answer = await desk.post("/devices/follow", "facilities", code="ZW-01-occ", address="hall/motion")
    assert answer.headers["location"] == "/devices?done=followed"
    await device.refresh_from_db()
    assert (device.address, device.distrust, device.occupied, device.online) == ("hall/motion", "", None, None)
    assert (await desk.post("/devices/follow", "facilities", code="nobody", address="x")).status_code == 404
    await make.make_device(code="other", family="zigbee2mqtt", address="taken")
    assert (await desk.post("/devices/follow", "facilities", code="ZW-01-occ", address="taken")).status_code == 409


async def test_what_worries_comes_first(desk: Desk) -> None:
    now = datetime.now(UTC)
    room = await make.make_room(code="ZW-01")
    await make.make_device(code="A-fine", room=room, heard_at=now, online=True, battery=80)
    await make.make_device(code="B-weak", room=room, heard_at=now, online=True, battery=12)
    await make.make_device(code="C-mute", room=room, heard_at=now - timedelta(hours=9), online=True)
    await make.make_panel(code="ZW-01-door", room=room)
    page = await desk.read("/devices", "auditor")
    assert "3 sensors · 1 door panel · 2 want attention" in page
    assert page.index("B-weak") < page.index("A-fine")
    assert page.index("C-mute") < page.index("A-fine")
    for word in ("alive", "battery low", "silent", "not paired", "12%"):
        assert word in page.replace("\xa0%", "%").replace(" %", "%"), word


async def test_without_mqtt_the_page_says_so(desk: Desk) -> None:
    assert "MQTT is off in this process" in await desk.read("/devices", "facilities")
    desk.app.state.devices = Reading()
    assert "No connection to the broker" in await desk.read("/devices", "facilities")
    await Watch.create(id=1, since=datetime.now(UTC))
    page = await desk.read("/devices", "facilities")
    assert "No connection to the broker" not in page
    assert "No unknown devices." in page


async def test_a_stranger_is_taken_into_a_room(desk: Desk) -> None:
    room = await make.make_room(code="ZW-01")
    desk.app.state.devices = Reading(stranger(), stranger(topic="noise/x", family="", device=""))
    page = (await desk.get("/devices", "facilities")).text
    assert "zigbee2mqtt/hall/motion" in page
    assert "&#34;x&#34;: &#34;&lt;b&gt;&#34;" in page
    assert page.count('action="/devices/bind"') == 1
    assert 'action="/devices/bind"' not in (await desk.get("/devices", "coordinator")).text
    assert (await desk.post("/devices/bind", "facilities", **BIND)).status_code == 303
    device = await Device.get(code="ZW-01-occ")
    assert (device.family, device.address, device.room_id) == ("zigbee2mqtt", "hall/motion", room.id)
    assert (device.kind, device.sensing, device.hold_seconds) == (DeviceKind.PRESENCE, Sensing.PIR, 900)
    assert (await HistoryEntry.get(object=f"device:{device.id}")).action == "bound"


@pytest.mark.parametrize(
    ("wrong", "status"),
    [({"code": "a/b"}, 422), ({"code": "#"}, 422), ({"code": ""}, 422), ({"sensing": "smell"}, 422),
     ({"room": "NOWHERE"}, 404), ({"code": "taken"}, 409), ({"code": "x", "address": "known"}, 409),
     ({"address": "x" * 300}, 422), ({"family": "smoke_signals"}, 422), ({"family": "native"}, 422)],
)  # fmt: skip
async def test_what_cannot_be_bound_is_said_and_kept(desk: Desk, wrong: dict[str, str], status: int) -> None:
    await make.make_room(code="ZW-01")
    await make.make_device(code="taken", family="zigbee2mqtt", address="known")
    desk.app.state.devices = Reading(stranger())
    answer = await desk.post("/devices/bind", "facilities", **BIND | wrong)
    assert answer.status_code == status
    assert 'role="alert"' in answer.text
    assert await Device.all().count() == 1


async def test_a_native_device_is_known_by_its_code(desk: Desk) -> None:
    native = {"family": "native", "address": "K-1-occ", "code": "K-1-occ", "sensing": "mmwave", "room": ""}
    assert (await desk.post("/devices/bind", "facilities", **native)).status_code == 303
    device = await Device.get(code="K-1-occ")
    assert (device.address, device.room_id, device.hold_seconds) == ("", None, 300)


async def test_a_device_is_hung_elsewhere_and_switched_off(desk: Desk) -> None:
    here, there = await make.make_room(code="ZW-01"), await make.make_room(code="ZW-02")
    device = await make.make_device(room=here, heard_at=datetime.now(UTC))
    assert (await desk.post(f"/devices/{device.id}/place", "facilities", room="ZW-02")).status_code == 303
    fresh = await Device.get(id=device.id)
    assert (fresh.room_id, fresh.enabled) == (there.id, False)
    assert "switched off" in await desk.read("/devices", "facilities")
    assert (await desk.post(f"/devices/{device.id}/place", "coordinator", room="ZW-01")).status_code == 403
    assert (await desk.post("/devices/4242/place", "facilities", room="ZW-01")).status_code == 404
    assert (await desk.post("/devices/99999999999999/place", "facilities", room="ZW-01")).status_code == 404


async def test_a_tablet_gets_a_door_and_loses_it(desk: Desk) -> None:
    room = await make.make_room(code="ZW-01")
    offer = pairing.offer(datetime.now(UTC))
    wrong = await desk.post("/devices/pair", "facilities", panel_code="NOPE99", panel_room="ZW-01")
    assert wrong.status_code == 404
    assert 'value="NOPE99"' in wrong.text
    paired = await desk.post("/devices/pair", "coordinator", panel_code=offer.code.lower(), panel_room="ZW-01")
    assert paired.status_code == 303
    device = await Device.get(room_id=room.id)
    assert "paired" in await desk.read("/devices", "auditor")
    assert (await desk.post(f"/devices/{device.id}/unpair", "auditor")).status_code == 403
    assert (await desk.post(f"/devices/{device.id}/unpair", "facilities")).status_code == 303
    assert (await Device.get(id=device.id)).key_digest is None


@pytest.mark.parametrize(
    ("columns", "state"),
    [({}, "new"), ({"enabled": False}, "off"), ({"heard": 0, "online": False}, "silent"),
     ({"heard": 0, "distrust": "tamper"}, "distrusted"), ({"heard": 0, "battery": 20}, "low_battery"),
     ({"heard": 0, "battery": 21}, "alive"), ({"heard": 89}, "alive"), ({"heard": 90}, "silent"),
     ({"heard": 100, "heartbeat_seconds": 7200}, "alive"),
     ({"kind": DeviceKind.DOOR_PANEL}, "unpaired"), ({"kind": DeviceKind.DOOR_PANEL, "key_digest": "x"}, "paired")],
)  # fmt: skip
async def test_the_health_of_a_device(desk: Desk, columns: dict[str, Any], state: str) -> None:
    now = datetime.now(UTC)
    columns = dict(columns)  # the table is shared between the databases
    minutes = columns.pop("heard", None)
    heard_at = now - timedelta(minutes=minutes) if minutes is not None else None
    context = context_at(desk, now)
    device = Device(**{"code": "d", "kind": DeviceKind.PRESENCE, "heard_at": heard_at} | columns)
    assert health_of(device, context).state == state


def context_at(desk: Desk, now: datetime) -> PageContext:
    return PageContext(desk.people["member"], Viewer(None), desk.app.state.pages.words("en"), now)


async def test_how_long_ago_something_was(desk: Desk) -> None:
    now = datetime(2026, 11, 26, 12, 0, tzinfo=UTC)
    context = context_at(desk, now)
    words = [context.ago(now - timedelta(seconds=seconds)) for seconds in (-5, 0, 12, 61, 7200, 90_000)]
    assert words == ["just now", "just now", "12 s ago", "1 min ago", "2 h ago", "yesterday 12:00"]
    assert context.ago(None) == "never"


def test_every_reason_of_a_sensor_has_words() -> None:
    assert {"sees_somebody", "sees_nobody", "held", "stale", "offline", "battery", "no_reading"} <= set(REASON_WORDS)


@pytest.mark.databases("sqlite", "postgres")
async def test_a_long_list_is_turned_page_by_page_and_names_each_room_once(desk: Desk, statements: Statements) -> None:
    now = datetime.now(UTC)
    desk.app.state.clock = lambda: now  # who asks is remembered for five seconds
    rooms = [await make.make_room(code=f"R-{number:02}") for number in range(30)]
    devices = [
        Device(code=f"S-{number:03}", kind=DeviceKind.PRESENCE, sensing=Sensing.PIR, heard_at=now, room=rooms[0])
        for number in range(55)
    ]
    mute = Device(code="Z-mute", kind=DeviceKind.PRESENCE, sensing=Sensing.PIR, heard_at=now - timedelta(days=1))
    panels = [Device(code=f"P-{number:03}", kind=DeviceKind.DOOR_PANEL) for number in range(51)]
    await Device.bulk_create([*devices, mute, *panels])
    await desk.get("/devices", "facilities")
    before = len(statements)
    with statements.at_most(4):
        first = await desk.get("/devices", "facilities")
    assert not any("door_pin" in statement.text for statement in statements[before:]), "a room is read whole"
    assert first.text.count('value="R-07"') == 1
    assert first.text.count('action="/devices/') == 50 + 50 + 1
    page = text_of(first.text)
    assert "56 sensors · 51 door panels · 1 wants attention" in page
    assert page.index("Z-mute") < page.index("S-000")
    assert "1–50 of 56" in page
    assert "S-049" not in page
    rest = await desk.read("/devices?sensors=50&panels=50", "facilities")
    assert "51–56 of 56" in rest
    assert "51–51 of 51" in rest
    assert "P-050" in rest
    for nonsense in ("sensors=x", "sensors=-1", "panels=99999999999", "sensors=500"):
        assert (await desk.get(f"/devices?{nonsense}", "auditor")).status_code == 200


async def test_a_mistyped_room_of_a_device_is_said_and_kept(desk: Desk) -> None:
    device = await make.make_device(room=await make.make_room(code="ZW-01"))
    answer = await desk.post(f"/devices/{device.id}/place", "facilities", room="ZW-O1", enabled="1")
    assert answer.status_code == 404
    assert 'value="ZW-O1"' in answer.text
    assert "There is no room ZW-O1." in answer.text
    assert (await Device.get(id=device.id)).room_id == device.room_id
    assert (await desk.post(f"/devices/{device.id}/place", "facilities", room=" ")).status_code == 303
    assert (await Device.get(id=device.id)).room_id is None


def order_of(page: str, *parts: str) -> list[int]:
    places = [page.find(part) for part in parts]
    assert -1 not in places, parts
    return places


async def test_who_is_unknown_and_the_pairing_stand_before_the_long_lists(desk: Desk) -> None:
    for number in range(60):
        await make.make_device(code=f"S-{number:02}")
    desk.app.state.devices = Reading(stranger())
    page = (await desk.get("/devices", "facilities")).text
    places = order_of(page, 'id="d-inbox"', 'id="d-pair"', 'id="d-sensors"', "S-00")
    assert places == sorted(places)


def fault_at(page: str, field: str) -> str:
    """What stands at a field that is wrong; it has the focus, and no other one has."""
    inputs = re.findall(r"<(?:input|select)[^>]*autofocus[^>]*>", page)
    assert len(inputs) == 1, inputs
    assert f'id="{field}"' in inputs[0]
    assert 'aria-invalid="true"' in inputs[0]
    paragraph = re.search(rf'<p role="alert" id="{field}-fault">(.*?)</p>', page, re.DOTALL)
    assert paragraph
    return html.unescape(re.sub(r"<[^>]*>", "", paragraph[1]))


@pytest.mark.parametrize(
    ("wrong", "field", "words"),
    [
        ({"code": "Czujnik biuro"}, "bind-code-1", "Its name here"),
        ({"code": "known"}, "bind-code-1", "known"),
        ({"sensing": ""}, "bind-sensing-1", "What it senses"),
        ({"room": "NOWHERE"}, "bind-room-1", "NOWHERE"),
        ({"address": "gone/by/now", "code": "a b"}, "bind-code-by-topic", "Its name here"),
    ],
)
async def test_what_is_wrong_with_a_stranger_stands_at_its_field(
    desk: Desk, wrong: dict[str, str], field: str, words: str
) -> None:
    """And in the page's own words: no field is called "code" there."""
    await make.make_device(code="known")
    await make.make_room(code="ZW-01")
    desk.app.state.devices = Reading(stranger())
    page = (await desk.post("/devices/bind", "facilities", **BIND | wrong)).text
    fault = fault_at(page, field)
    assert words in fault
    assert not fault.startswith(("code", "sensing", "room"))


async def test_a_wrong_pairing_code_is_told_at_its_field(desk: Desk) -> None:
    await make.make_room(code="ZW-01")
    page = (await desk.post("/devices/pair", "facilities", panel_code="NOPE99", panel_room="ZW-01")).text
    assert "NOPE99" in fault_at(page, "f-panel_code")
    offer = pairing.offer(datetime.now(UTC))
    page = (await desk.post("/devices/pair", "facilities", panel_code=offer.code, panel_room="ZW-99")).text
    assert "ZW-99" in fault_at(page, "pair-room")


@pytest.mark.parametrize("name", ["Czujnik biuro", "Łazienka/ruch", "0x00158d00045a1b2c", "…", "x" * 190, "hall.1/a b"])
async def test_a_name_that_the_page_proposes_is_one_that_the_register_takes(desk: Desk, name: str) -> None:
    await make.make_room(code="ZW-01")
    topic = f"zigbee2mqtt/{name}"
    desk.app.state.devices = Reading(stranger(topic=topic, device=name), stranger(topic=f"z2m/{name}", device=name))
    page = (await desk.get("/devices", "facilities")).text
    proposals = re.findall(r'name="code"[^>]* value="([^"]*)"', page)
    assert len({*proposals[:2]}) == 2, "two of one name get two names"
    answer = await desk.post("/devices/bind", "facilities", **BIND | {"address": name, "code": proposals[0]})
    assert answer.status_code == 303
    again = (await desk.get("/devices", "facilities")).text
    assert proposals[0] not in re.findall(r'name="code"[^>]* value="([^"]*)"', again)


async def test_a_device_that_was_never_heard_is_added_by_its_topic(database: Database, tmp_path: Path) -> None:
    families = ("native", "zigbee2mqtt", "generic")
    options = SiteOptions(secret_key="k" * 40, data_dir=tmp_path, language="en", families=families)
    desk = await Desk(create_site(options)).open()
    room = await make.make_room(code="ZW-01")
    form = {"family": "generic", "address": "office/hall/pir", "code": "hall", "sensing": "pir", "room": "ZW-01"}
    wrong = (await desk.post("/devices", "facilities", **form | {"address": "office/+/pir"})).text
    assert "no + and no #" in fault_at(wrong, "bind-address")
    assert 'value="office/+/pir"' in wrong
    assert "Its topic" in fault_at(
        (await desk.post("/devices", "facilities", **form | {"address": ""})).text, "bind-address"
    )
    answer = await desk.post("/devices", "facilities", **form, occupancy_key="state.pir", battery_key="bat")
    assert answer.status_code == 303
    device = await Device.get(code="hall")
    assert (device.family, device.address, device.room_id) == ("generic", "office/hall/pir", room.id)
    assert device.value_keys == {"occupancy": "state.pir", "battery": "bat"}
    assert "Keys that are read: presence: state.pir, battery: bat" in await desk.read("/devices", "facilities")
    assert (await desk.post("/devices", "coordinator", **form)).status_code == 403


async def test_why_a_known_device_was_refused_stands_at_it(desk: Desk) -> None:
    now = datetime.now(UTC)
    desk.app.state.clock = lambda: now
    await make.make_device(code="A", refusal="NUL in the payload", refused_at=now - timedelta(minutes=3))
    await make.make_device(code="B", refusal="perhaps is no boolean", refused_at=now)
    page = await desk.read("/devices", "auditor")
    assert "a message was refused 3 min ago: a zero byte stands in it" in page
    assert "a message was refused just now: “perhaps is no boolean”" in page


async def test_what_nobody_understands_is_shown_with_a_field_for_its_key(desk: Desk) -> None:
    odd = {"topic": "zigbee2mqtt/fp2", "device": "fp2", "understood": False, "payloads": ['{"zone_1": true}']}
    desk.app.state.devices = Reading(stranger(), stranger(**odd))
    page = (await desk.get("/devices", "facilities")).text
    assert "none of its keys is understood" in page
    assert 'id="bind-occupancy-2"' in page
    assert 'id="bind-occupancy-1"' not in page
    form = BIND | {"address": "fp2", "code": "fp2", "room": "", "occupancy_key": "zone_1"}
    assert (await desk.post("/devices/bind", "facilities", **form)).status_code == 303
    assert (await Device.get(code="fp2")).value_keys == {"occupancy": "zone_1"}
