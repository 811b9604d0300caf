"""What a booking is taken on: real messages through the whole way to the register, the clock moved by hand."""

from datetime import timedelta
from types import SimpleNamespace

import pytest

from devices import readings as module
from devices.broker.connection import Message
from devices.readings import ABSENT, Readings
from devices.topics import Topics
from registry.bookings.models import Booking, Status
from registry.bookings.queries import state_of
from registry.bookings.readings import advance_due
from registry.core.clock import SteadyClock
from registry.core.history import Actor
from registry.devices.actions import amend
from registry.devices.models import Device, Sensing
from registry.rooms.models import Occupancy, Room
from tests.make import NOW, make_booking, make_device, make_room

pytestmark = [pytest.mark.anyio, pytest.mark.usefixtures("database")]
MINUTE = timedelta(minutes=1)
PIR, RADAR, COUNTER = (
    {"sensing": Sensing.PIR, "hold_seconds": 900},
    {"sensing": Sensing.MMWAVE, "hold_seconds": 300},
    {"sensing": Sensing.COUNTER, "hold_seconds": 180},
)


class Office:
    """One room with no-show and early end, its sensors and the broker's messages; ``minute`` counts from NOW."""

    def __init__(self) -> None:
        self.second = 0.0
        self.readings = Readings(Topics(), lambda: NOW + timedelta(seconds=self.second), lambda *_: None)

    @property
    def minute(self) -> float:
        return self.second / 60

    async def open(self, **room: object) -> None:
        self.room = await make_room(**{"check_in": True, "no_show_minutes": 10, "vacant_minutes": 15} | room)

    async def sensor(self, address: str, family: str = "zigbee2mqtt", **sensing: object) -> Device:
        code = address if family == "native" else address.replace("/", "-").replace(" ", "-")
        address = "" if family == "native" else address
        return await make_device(code=code, family=family, address=address, room=self.room, **sensing)

    async def listen(self) -> None:
        await self.readings._reload()
        self.readings.connected(NOW)
        await self.readings._work()

    async def booking(self, start: int, end: int) -> Booking:
        return await make_booking(NOW + start * MINUTE, NOW + end * MINUTE, room=self.room)

    async def say(self, topic: str, payload: str, retained: bool = False) -> None:
        self.readings.take([Message(topic, payload.encode(), retained, self.second)])
        await self.readings._work()

    async def until(self, minute: float, *every_minute: tuple[str, str]) -> None:
        """Let time pass, with these messages each minute."""
        while self.minute < minute:
            self.second = min(self.second + 60, minute * 60)
            for topic, payload in every_minute:
                await self.say(topic, payload)
            await advance_due(NOW + timedelta(seconds=self.second))

    async def occupancy(self) -> Occupancy:
        return (await Room.get(id=self.room.id)).occupancy


@pytest.fixture
def office(monkeypatch: pytest.MonkeyPatch) -> Office:
    office = Office()
    monkeypatch.setattr(module, "time", SimpleNamespace(monotonic=lambda: office.second))
    return office


async def fate(booking: Booking) -> tuple[Status, str, float]:
    """Status, by what, and the minute of its end."""
    row = await Booking.get(id=booking.id)
    return row.status, row.release_reason or row.checked_in_by, (row.ends_at - NOW) / MINUTE


@pytest.mark.parametrize("cached", ['{"occupancy":false,"battery":74}', '{"occupancy":true,"battery":74}'])
@pytest.mark.parametrize("availability", [True, False])
async def test_what_a_bridge_repeats_from_its_cache_at_its_start_revives_no_dead_sensor(
    office: Office, cached: str, availability: bool
) -> None:
    await office.open()
    await office.sensor("office/pir", **PIR)
    booking = await office.booking(30, 150)
    await office.listen()
    if availability:
        await office.say("zigbee2mqtt/office/pir/availability", '{"state":"offline"}', retained=True)
    await office.until(20)
    await office.say("zigbee2mqtt/bridge/state", '{"state":"offline"}')
    await office.say("zigbee2mqtt/bridge/state", '{"state":"online"}')
    if availability:
        await office.say("zigbee2mqtt/office/pir/availability", '{"state":"offline"}')
    await office.say("zigbee2mqtt/office/pir", cached)
    device = await Device.get(code="office-pir")
    assert (device.online, device.occupied, device.confirmed_at) == (False, None, None)
    await office.until(45)
    assert await office.occupancy() is Occupancy.UNKNOWN
    assert (await fate(booking))[0] is Status.CONFIRMED


async def test_a_state_while_its_own_bridge_calls_the_device_offline_is_a_cached_one(office: Office) -> None:
    """At Home Assistant's start Zigbee2MQTT repeats all states, and does not say that it does."""
    await office.open()
    await office.sensor("office/pir", **PIR)
    await office.listen()
    await office.say("zigbee2mqtt/office/pir/availability", "offline")
    await office.say("zigbee2mqtt/office/pir", '{"occupancy":false}')
    assert (await Device.get(code="office-pir")).confirmed_at is None
    await office.say("zigbee2mqtt/office/pir/availability", "online")
    await office.say("zigbee2mqtt/office/pir", '{"occupancy":false}')
    assert (await Device.get(code="office-pir")).occupied is False


async def test_what_a_bridge_said_of_a_device_before_it_was_bound_is_remembered(office: Office) -> None:
    """It says it once: a device that is bound later, or whose binding is read a moment later, would be believed."""
    await office.open()
    await office.listen()
    for name in ("office/pir", "office/lamp"):
        await office.say(f"zigbee2mqtt/{name}/availability", '{"state":"offline"}', retained=True)
    await office.say("zigbee2mqtt/office/lamp/availability", '{"state":"online"}')
    for name in ("office/pir", "office/lamp"):
        await office.sensor(name, **PIR)
    await office.readings._reload()
    for name in ("office/pir", "office/lamp"):
        await office.say(f"zigbee2mqtt/{name}", '{"occupancy":true}')
    absent, present = await Device.get(code="office-pir"), await Device.get(code="office-lamp")
    assert (absent.online, absent.occupied) == (False, None)
    assert (present.online, present.occupied) == (True, True)


async def test_names_of_absent_devices_fill_no_memory(office: Office) -> None:
    await office.open()
    await office.listen()
    for number in range(ABSENT + 10):
        await office.say(f"zigbee2mqtt/{number}/availability", "offline")
    await office.say(f"zigbee2mqtt/{'x' * 300}/availability", "offline")
    assert len(office.readings._absent) == ABSENT
    assert ("zigbee2mqtt", "9") not in office.readings._absent


async def test_a_newer_time_of_the_device_itself_shows_that_a_state_is_no_cached_one(office: Office) -> None:
    await office.open()
    await office.sensor("office/pir", **PIR)
    await office.listen()
    await office.until(10)
    await office.say("zigbee2mqtt/bridge/state", "offline")
    await office.say("zigbee2mqtt/bridge/state", "online")
    await office.say("zigbee2mqtt/office/pir", '{"occupancy":true,"last_seen":"2026-11-26T09:09:30Z"}')
    assert (await Device.get(code="office-pir")).occupied is None
    await office.say("zigbee2mqtt/office/pir", '{"occupancy":true,"last_seen":"2026-11-26T09:10:00Z"}')
    assert (await Device.get(code="office-pir")).occupied is True


async def test_a_minute_after_the_start_of_its_bridge_a_device_is_believed_again(office: Office) -> None:
    await office.open()
    await office.sensor("office/pir", **PIR)
    await office.listen()
    await office.say("zigbee2mqtt/bridge/state", "offline")
    await office.say("zigbee2mqtt/bridge/state", "online")
    await office.until(1)
    await office.say("zigbee2mqtt/office/pir", '{"occupancy":true}')
    assert await office.occupancy() is Occupancy.OCCUPIED


@pytest.mark.parametrize(
    ("gone", "back"),
    [
        (("bridge/state", '{"state":"offline"}'), ("bridge/state", '{"state":"online"}')),
        (("office/radar/availability", '{"state":"offline"}'), ("bridge/info", "{}")),
    ],
)
async def test_what_a_sensor_saw_while_its_bridge_did_not_hear_it_is_not_known(
    office: Office, gone: tuple[str, str], back: tuple[str, str]
) -> None:
    """Zigbee2MQTT calls a device available again that it heard a day ago, and a radar says each thing once."""
    await office.open()
    await office.sensor("office/radar", **RADAR)
    booking = await office.booking(10, 120)
    await office.listen()
    state = '{"last_seen":"2026-11-26T09:00:01.000Z","presence":false}'
    await office.say("zigbee2mqtt/office/radar", state)
    await office.until(8)
    await office.say(f"zigbee2mqtt/{gone[0]}", gone[1])
    await office.until(12)  # somebody comes in
    await office.say(f"zigbee2mqtt/{back[0]}", back[1])
    await office.say("zigbee2mqtt/office/radar/availability", '{"state":"online"}')
    if gone[0].startswith("bridge"):
        await office.say("zigbee2mqtt/office/radar", state)
    await office.until(45)
    assert await office.occupancy() is Occupancy.UNKNOWN
    assert (await fate(booking))[0] is Status.CONFIRMED
    await office.say("zigbee2mqtt/office/radar", '{"last_seen":"2026-11-26T09:45:00.000Z","presence":false}')
    await office.until(51)
    assert await office.occupancy() is Occupancy.VACANT


async def test_a_bridge_ends_by_its_own_clock_what_a_sensor_saw_that_never_says_that_nobody_is_there(
    office: Office,
) -> None:
    """180 seconds after the last movement of an IKEA E1745, with the time of that movement."""
    await office.open()
    await office.sensor("corridor", **PIR)
    await office.listen()
    moved, still = (f'{{"last_seen":"2026-11-26T09:00:00.800Z","occupancy":{word}}}' for word in ("true", "false"))
    await office.say("zigbee2mqtt/corridor", moved)
    await office.until(3)
    await office.say("zigbee2mqtt/corridor", still)
    assert (await Device.get(code="corridor")).occupied is False
    await office.until(17)
    assert await office.occupancy() is Occupancy.OCCUPIED
    await office.until(18)
    assert await office.occupancy() is Occupancy.VACANT
    # what is repeated later confirms nothing, and nothing older than its last word ends a presence
    await office.say("zigbee2mqtt/corridor", '{"last_seen":"2026-11-26T09:18:00.000Z","occupancy":true}')
    await office.until(21)
    await office.say("zigbee2mqtt/corridor", still)
    device = await Device.get(code="corridor")
    assert (device.occupied, device.confirmed_at) == (True, NOW + 18 * MINUTE)


async def test_a_topic_that_a_bridge_empties_is_no_fault_of_the_device(office: Office) -> None:
    """So it does with both of a device's topics before it says that the device is called otherwise."""
    await office.open()
    await office.sensor("hall", **PIR)
    await office.listen()
    await office.say("zigbee2mqtt/hall", '{"occupancy":true}')
    for topic in ("hall", "hall/availability"):
        await office.say(f"zigbee2mqtt/{topic}", "")
    device = await Device.get(code="hall")
    assert (device.occupied, device.refusal) == (None, None)


RENAME = '{"data":{"from":"%s","to":"%s"},"status":"ok"}'


async def test_a_device_that_gets_its_name_back_is_believed_again(office: Office) -> None:
    """By whatever way, and while another one has its name it is not meant."""
    await office.open()
    for name in ("hall", "desk"):
        await office.sensor(name, **PIR)
    await office.listen()

    async def rename(former: str, name: str) -> list[str]:
        await office.say("zigbee2mqtt/bridge/response/device/rename", RENAME % (former, name))
        return [(await Device.get(code=code)).distrust for code in ("hall", "desk")]

    assert await rename("hall", "one") == ["renamed", ""]
    assert await rename("desk", "hall") == ["renamed", "renamed"]
    assert await rename("one", "two") == ["renamed", "renamed"]
    await office.say("zigbee2mqtt/two", '{"occupancy":true}')
    assert [row.formerly for row in office.readings.inbox.all()] == ["hall"]
    assert await rename("hall", "desk") == ["renamed", ""]
    assert await rename("two", "hall") == ["", ""]
    await office.say("zigbee2mqtt/hall", '{"occupancy":true}')
    assert (await Device.get(code="hall")).occupied is True


async def test_an_attribute_that_is_empty_on_a_topic_of_its_own_takes_no_presence_back(office: Office) -> None:
    """Zigbee2MQTT with ``output: attribute_and_json`` sends them all after each state; null is an empty message."""
    await office.open()
    await office.sensor("hall", **PIR)
    await office.listen()
    await office.say("zigbee2mqtt/hall", '{"battery":null,"occupancy":true,"temperature":null}')
    for attribute, value in (("occupancy", "true"), ("battery", ""), ("temperature", ""), ("last_seen", "2026-11-26")):
        await office.say(f"zigbee2mqtt/hall/{attribute}", value)
    assert (await Device.get(code="hall")).occupied is True
    assert office.readings.inbox.all() == []
    await office.say("zigbee2mqtt/hall/occupancy", "")
    assert (await Device.get(code="hall")).occupied is None


async def test_the_inbox_holds_nothing_of_a_device_that_was_bound_or_is_gone(office: Office) -> None:
    await office.open()
    await office.listen()
    for name in ("hall", "office", "lamp"):
        await office.say(f"zigbee2mqtt/{name}/availability", '{"state":"online"}')
        await office.say(f"zigbee2mqtt/{name}", '{"occupancy":true}')
    await office.sensor("hall", **PIR)
    await office.readings._reload()
    assert {row.device for row in office.readings.inbox.all()} == {"office", "lamp"}
    await office.say("zigbee2mqtt/bridge/event", '{"type":"device_leave","data":{"friendly_name":"lamp"}}')
    assert {row.device for row in office.readings.inbox.all()} == {"office"}


async def test_a_new_name_that_was_heard_before_the_renaming_leads_to_its_device(office: Office) -> None:
    """Zigbee2MQTT sends what it has in its cache under the new name first; a quiet sensor says nothing for hours."""
    await office.open()
    await office.sensor("office", **PIR)
    await office.listen()
    await office.say("zigbee2mqtt/floor/six", '{"occupancy":true}')
    renamed = '{"data":{"from":"office","to":"floor/six"},"status":"ok"}'
    await office.say("zigbee2mqtt/bridge/response/device/rename", renamed)
    assert [row.formerly for row in office.readings.inbox.all()] == ["office"]


async def test_a_bridge_takes_only_its_own_devices_along(office: Office) -> None:
    await office.open()
    await office.sensor("near", **PIR)
    await office.sensor("far", **PIR)
    await office.listen()
    await office.say("zigbee2mqtt/near", '{"occupancy":false}')
    await office.say("office/z2m/far", '{"occupancy":false}')
    await office.say("office/z2m/bridge/state", "offline")
    assert [(await Device.get(code=code)).online for code in ("near", "far")] == [True, False]


@pytest.mark.parametrize("word", ["motion", "stationary", "active", "standing_still", "creeping"])
async def test_a_radar_that_knows_more_words_than_none_takes_no_room_from_anyone(office: Office, word: str) -> None:
    await office.open()
    await office.sensor("office/radar", **RADAR)
    booking = await office.booking(10, 120)
    await office.listen()
    await office.say("zigbee2mqtt/office/radar", '{"presence_state":"none","illuminance":120,"linkquality":90}')
    await office.until(9)
    assert await office.occupancy() is Occupancy.VACANT
    await office.until(30, ("zigbee2mqtt/office/radar", f'{{"presence_state":"{word}","illuminance":120}}'))
    expected = (Status.CONFIRMED, "", 120) if word == "creeping" else (Status.CHECKED_IN, "sensor", 120)
    assert await fate(booking) == expected


@pytest.mark.parametrize(
    "payload",
    [
        '{"occupied":null}', '{"occupied":"unavailable"}', '{"occupied":"unknown"}', '{"occupied":7}',
        '{"occupied":{"v":1}}', '{"occupied":NaN}', "unavailable", "", "[]",
    ],
)  # fmt: skip
async def test_a_sensor_that_does_not_know_takes_back_what_it_said(office: Office, payload: str) -> None:
    await office.open()
    await office.sensor("radar", "native", **RADAR)
    booking = await office.booking(30, 120)
    await office.listen()
    await office.say("izba/devices/radar/reading", '{"occupied":false}')
    await office.until(6)
    assert await office.occupancy() is Occupancy.VACANT
    await office.until(45, ("izba/devices/radar/reading", payload))
    assert await office.occupancy() is Occupancy.UNKNOWN
    assert await fate(booking) == (Status.CONFIRMED, "", 120)
    await office.until(46, ("izba/devices/radar/reading", '{"occupied":false}'))
    assert await office.occupancy() is Occupancy.UNKNOWN, "its hold begins anew"
    await office.until(51)
    assert await office.occupancy() is Occupancy.VACANT


async def test_a_zigbee_sensor_that_says_null_takes_back_what_it_said(office: Office) -> None:
    await office.open()
    await office.sensor("office/pir", **PIR)
    await office.listen()
    await office.say("zigbee2mqtt/office/pir", '{"occupancy":false}')
    await office.until(16)
    payload = '{"battery":100,"battery_low":null,"linkquality":207,"occupancy":null,"tamper":null,"voltage":3000}'
    await office.until(17, ("zigbee2mqtt/office/pir", payload))
    assert await office.occupancy() is Occupancy.UNKNOWN
    await office.until(18, ("zigbee2mqtt/office/pir", '{"battery":99}'))
    assert await office.occupancy() is Occupancy.UNKNOWN


async def test_what_is_taken_back_and_said_again_in_one_moment_begins_its_hold_anew(office: Office) -> None:
    await office.open()
    await office.sensor("radar", "native", **RADAR)
    await office.listen()
    await office.say("izba/devices/radar/reading", '{"occupied":false}')
    await office.until(6)
    words = ('{"occupied":null}', '{"occupied":false}')
    messages = [Message("izba/devices/radar/reading", word.encode(), False, office.second) for word in words]
    office.readings.take(messages)
    await office.readings._work()
    assert await office.occupancy() is Occupancy.UNKNOWN
    await office.until(11)
    assert await office.occupancy() is Occupancy.VACANT


@pytest.mark.parametrize(
    ("topic", "payload", "distrust"),
    [
        (
            "bridge/response/device/rename",
            '{"data":{"from":"office/pir","to":"room 12 PIR","homeassistant_rename":false},"status":"ok"}',
            "renamed",
        ),
        (
            "bridge/event",
            '{"type":"device_leave","data":{"ieee_address":"0x00158d0001","friendly_name":"office/pir"}}',
            "left",
        ),
        ("bridge/response/device/remove", '{"data":{"id":"office/pir","force":true},"status":"ok"}', "left"),
        ("office/pir/availability", "", ""),
    ],
)
async def test_a_device_that_is_called_otherwise_or_has_left_proves_nothing_any_more(
    office: Office, topic: str, payload: str, distrust: str
) -> None:
    await office.open()
    await office.sensor("office/pir", **PIR)
    booking = await office.booking(30, 120)
    await office.listen()
    await office.say("zigbee2mqtt/office/pir", '{"occupancy":false}')
    await office.until(16)
    assert await office.occupancy() is Occupancy.VACANT
    await office.say(f"zigbee2mqtt/{topic}", payload)
    device = await Device.get(code="office-pir")
    assert (device.occupied, device.distrust) == (None, distrust)
    assert device.online is (not distrust)
    await office.until(45, ("zigbee2mqtt/room 12 PIR", '{"occupancy":true}'))
    assert await fate(booking) == (Status.CONFIRMED, "", 120)
    (unbound,) = office.readings.inbox.all()
    assert unbound.as_dict()["formerly"] == ("office-pir" if distrust == "renamed" else "")


async def test_a_device_that_joins_anew_under_its_name_is_believed(office: Office) -> None:
    await office.open()
    await office.sensor("office/pir", **PIR)
    await office.listen()
    left, joined = (
        f'{{"type":"{kind}","data":{{"friendly_name":"office/pir"}}}}' for kind in ("device_leave", "device_joined")
    )
    await office.say("zigbee2mqtt/bridge/event", left)
    await office.say("zigbee2mqtt/office/pir", '{"occupancy":true}')
    assert (await Device.get(code="office-pir")).occupied is None
    await office.say("zigbee2mqtt/bridge/event", joined)
    await office.say("zigbee2mqtt/office/pir", '{"occupancy":true}')
    device = await Device.get(code="office-pir")
    assert (device.occupied, device.online, device.distrust) == (True, True, "")


async def test_under_the_name_of_a_renamed_device_another_one_may_speak_and_proves_nothing(office: Office) -> None:
    """Not even with a time of its own, nor after a restart of Izba, until a person says that it is the same."""
    await office.open()
    device = await office.sensor("office/pir", **PIR)
    await office.listen()
    rename = '{"data":{"from":"%s","to":"%s"},"status":"ok"}'
    await office.say("zigbee2mqtt/bridge/response/device/rename", rename % ("office/pir", "kitchen"))
    await office.say("zigbee2mqtt/bridge/response/device/rename", rename % ("hall", "office/pir"))
    await office.say("zigbee2mqtt/office/pir", '{"occupancy":true,"last_seen":"2026-11-26T09:00:00Z"}')
    await office.listen()
    await office.say("zigbee2mqtt/office/pir", '{"occupancy":true}')
    assert await office.occupancy() is Occupancy.UNKNOWN
    for enabled in (False, True):
        await amend(device.id, {"enabled": enabled}, Actor("Alice", "test"), NOW)
        await office.listen()
    await office.say("zigbee2mqtt/office/pir", '{"occupancy":true}')
    assert await office.occupancy() is Occupancy.OCCUPIED


async def test_a_sensor_that_was_switched_off_for_a_while_begins_anew(office: Office) -> None:
    await office.open()
    device = await office.sensor("radar", "native", **RADAR)
    await office.listen()
    await office.say("izba/devices/radar/reading", '{"occupied":false}')
    await office.until(6)
    for enabled in (False, True):
        await amend(device.id, {"enabled": enabled}, Actor("Alice", "test"), NOW + 6 * MINUTE)
    await office.until(7)
    assert await office.occupancy() is Occupancy.UNKNOWN


@pytest.mark.parametrize(("minutes", "end"), [(5, 21 + 15), (15, 31 + 15)])
async def test_the_rooms_minutes_come_after_the_hold_of_its_sensor(office: Office, minutes: int, end: int) -> None:
    await office.open(vacant_minutes=minutes)
    await office.sensor("office/pir", **PIR)
    booking = await office.booking(10, 130)
    await office.listen()
    await office.until(9)
    await office.say("zigbee2mqtt/office/pir", '{"occupancy":true}')
    await office.until(16)
    await office.say("zigbee2mqtt/office/pir", '{"occupancy":false}')
    await office.until(60)
    assert await fate(booking) == (Status.ENDED, "vacant", end)


@pytest.mark.parametrize(
    ("kind", "left_at", "released_at"), [(RADAR, 57, 70), (RADAR, 52, 70), (PIR, 52, 70), (PIR, 57, 75)]
)
async def test_the_people_of_the_meeting_before_check_nobody_in(
    office: Office, kind: dict[str, object], left_at: int, released_at: int
) -> None:
    """The next one is a no-show; where a sensor's hold is not over by then, as soon as it is, and warned of."""
    await office.open()
    await office.sensor("s", "native", **kind)
    before, after = await office.booking(0, 60), await office.booking(60, 120)
    await office.listen()
    await office.until(left_at - 1, ("izba/devices/s/reading", '{"occupied":true}'))
    await office.until(90, ("izba/devices/s/reading", '{"occupied":false}'))
    assert (await fate(before))[0] is Status.ENDED
    assert await fate(after) == (Status.RELEASED, "no_show", released_at)


async def test_whoever_is_still_there_at_the_start_is_the_next_meeting(office: Office) -> None:
    await office.open()
    await office.sensor("s", "native", **RADAR)
    await office.booking(0, 60)
    after = await office.booking(60, 120)
    await office.listen()
    await office.until(61, ("izba/devices/s/reading", '{"occupied":true}'))
    assert (await fate(after))[:2] == (Status.CHECKED_IN, "sensor")


async def test_a_sensor_that_sees_somebody_for_hours_on_end_checks_nobody_in(office: Office) -> None:
    await office.open()
    await office.sensor("office/radar", **RADAR)
    booking = await office.booking(8 * 60, 9 * 60)
    await office.listen()
    for minute in range(0, 490, 50):
        await office.until(minute)
        await office.say("zigbee2mqtt/office/radar", '{"occupancy":true}')
    await office.until(495)
    assert await office.occupancy() is Occupancy.OCCUPIED
    room = await Room.get(id=office.room.id)
    assert [line["reason"] for line in room.occupancy_evidence] == ["stuck"]
    assert (await fate(booking))[:2] == (Status.CONFIRMED, "")


async def test_a_sensor_that_another_one_contradicts_checks_nobody_in(office: Office) -> None:
    await office.open()
    await office.sensor("pir", "native", **PIR)
    await office.sensor("counter", "native", **COUNTER)
    booking = await office.booking(10, 70)
    await office.listen()
    words = (("izba/devices/pir/reading", '{"occupied":true}'), ("izba/devices/counter/reading", '{"people":0}'))
    await office.until(30, *words)
    assert await office.occupancy() is Occupancy.OCCUPIED
    room = await Room.get(id=office.room.id)
    assert sorted(line["reason"] for line in room.occupancy_evidence) == ["contradicted", "sees_nobody"]
    assert (await fate(booking))[:2] == (Status.CONFIRMED, "")


@pytest.mark.parametrize("way", [timedelta(hours=1), timedelta(hours=-1)])
async def test_a_clock_that_is_wrong_for_a_moment_ends_nothing_and_empties_no_room(
    office: Office, way: timedelta
) -> None:
    await office.open()
    await office.sensor("s", "native", **COUNTER)
    booking = await office.booking(0, 30)
    wrong = [timedelta(0)]
    clock = SteadyClock(lambda: NOW + timedelta(seconds=office.second) + wrong[0], lambda: office.second)
    office.readings = Readings(Topics(), clock, lambda *_: None)
    await office.listen()
    for minute in range(1, 20):
        office.second = 60 * minute
        await office.say("izba/devices/s/reading", '{"people":1}')
    office.second += 2
    await office.say("izba/devices/s/reading", '{"people":0}')
    wrong[0] = way
    for _ in range(15):
        office.second += 1
        await advance_due(clock())
        assert (await state_of(office.room.id, clock()))[0].occupancy is Occupancy.OCCUPIED, "held"
    wrong[0] = timedelta(0)
    await advance_due(clock())
    assert (await fate(booking))[:2] == (Status.CHECKED_IN, "sensor")
    assert (await Device.get(code="s")).confirmed_at == NOW + timedelta(minutes=19, seconds=2)


@pytest.mark.parametrize("sensing", [Sensing.PASSAGE, Sensing.COUNTER])
async def test_the_zero_of_a_counter_that_misses_people_ends_no_meeting(office: Office, sensing: Sensing) -> None:
    """One of passages proves nothing; one of an area no more, once it has counted less than nobody."""
    await office.open()
    await office.sensor("door", "native", sensing=sensing, hold_seconds=180)
    booking = await office.booking(5, 120)
    await office.listen()
    counts = [1, 2, 1, 0] if sensing is Sensing.PASSAGE else [1, 2, 1, -1, 0]
    for people in counts:
        await office.until(office.minute + 2, ("izba/devices/door/reading", f'{{"people":{people}}}'))
    await office.until(60, ("izba/devices/door/reading", '{"people":0}'))
    assert await office.occupancy() is Occupancy.UNKNOWN
    assert await fate(booking) == (Status.CHECKED_IN, "sensor", 120)
    await office.until(61, ("izba/devices/door/reading", '{"people":3}'))
    assert await office.occupancy() is Occupancy.OCCUPIED, "that somebody is there it still tells"
