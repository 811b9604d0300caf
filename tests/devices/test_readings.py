"""From messages to the register: folding, news at once, floods, gaps, strangers. The register is the real one."""

import tracemalloc
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from types import SimpleNamespace

import pytest

from devices import codecs
from devices import readings as module
from devices.broker.connection import Message
from devices.codecs.message import Decoded
from devices.device_table import DeviceEntries, DeviceEntry
from devices.inbox import INBOX_BYTES, TopicInbox
from devices.readings import MEMORY_BYTES, Readings, merged
from devices.topics import Route, Topics
from registry.bookings.readings import record_readings
from registry.core import events
from registry.devices.models import Device, Sensing, Watch
from registry.devices.occupancy import Reading
from registry.rooms.models import Occupancy, Room
from tests.conftest import Database
from tests.make import NOW, make_device, make_room

pytestmark = pytest.mark.anyio
OURS = Topics()
SECOND = 1000.0


@pytest.fixture(autouse=True)
def _a_clock_that_stands(monkeypatch: pytest.MonkeyPatch) -> None:
    """No message is older than it is said to be, however busy the machine is."""
    monkeypatch.setattr(module, "time", SimpleNamespace(monotonic=lambda: SECOND))


class Clock:
    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> datetime:
        return self.now


def message(device: str, payload: str, retained: bool = False, ago: float = 0.0) -> Message:
    return Message(OURS.reading(device), payload.encode(), retained, SECOND - ago)


async def working(clock: Clock, record: object = None) -> Readings:
    readings = Readings(OURS, clock, lambda *_: None, **({"record": record} if record else {}))  # type: ignore[arg-type]
    await readings.table.load()
    readings.connected(clock.now)
    await readings._work()
    return readings


async def test_a_reading_changes_the_room(database: Database) -> None:
    room = await make_room()
    device = await make_device(code="s1", room=room, sensing=Sensing.MMWAVE, hold_seconds=300)
    clock = Clock()
    readings = await working(clock)
    assert (await Watch.get(id=1)).since == NOW
    clock.now += timedelta(seconds=5)
    readings.take([message("s1", '{"occupied": true, "battery": 77}')])
    await readings._work()
    await device.refresh_from_db()
    assert (device.occupied, device.battery, device.online) == (True, 77, True)
    assert (await Room.get(id=room.id)).occupancy is Occupancy.OCCUPIED
    assert (readings.recorded, readings.batches) == (1, 1)


async def test_what_is_unchanged_is_folded_and_stored_now_and_then(database: Database) -> None:
    await make_device(code="s1", room=await make_room())
    clock = Clock()
    readings = await working(clock)
    readings.take([message("s1", '{"occupied": true}')])
    await readings._work()
    readings.take([message("s1", '{"occupied": true}') for _ in range(500)])
    await readings._work()
    assert (readings.recorded, readings.unchanged) == (1, 500)
    entry = readings.table.find("native", "s1")
    assert entry is not None
    entry.stored_at -= 21
    clock.now += timedelta(seconds=21)
    readings.take([message("s1", '{"occupied": true}')])
    await readings._work()
    assert readings.recorded == 2
    assert (await Device.get(code="s1")).confirmed_at == clock.now


async def test_a_flood_of_changes_is_one_word_that_remembers_who_was_seen(database: Database) -> None:
    await make_device(code="s1", room=await make_room())
    clock = Clock()
    records: list[Reading] = []

    async def record(batch: Sequence[Reading], now: datetime) -> None:
        records.extend(batch)
        await record_readings(batch, now)

    readings = await working(clock, record)
    clock.now += timedelta(seconds=1)
    flood = ['{"occupied": false}', '{"occupied": true}', '{"occupied": false, "battery": 50}'] * 100
    readings.take([message("s1", payload) for payload in flood])
    await readings._work()
    (reading,) = records
    assert (reading.occupied, reading.was_positive, reading.battery) == (False, True, 50)
    assert (await Device.get(code="s1")).positive_at == clock.now


async def test_a_retained_value_confirms_nothing(database: Database) -> None:
    room = await make_room()
    await make_device(code="s1", room=room)
    readings = await working(Clock())
    readings.take([message("s1", '{"occupied": true, "battery": 60}', retained=True)])
    await readings._work()
    device = await Device.get(code="s1")
    assert (device.occupied, device.confirmed_at, device.battery) == (None, None, 60)
    assert (await Room.get(id=room.id)).occupancy is Occupancy.UNKNOWN


@pytest.mark.parametrize(
    ("payload", "ago"),
    [
        ('{"occupied": true, "at": "2026-11-26T08:50:00Z"}', 0.0),
        ('{"occupied": true}', 61.0),
        ('{"occupied": true, "at": "2100-01-01T00:00:00Z"}', 0.0),
        ('{"occupied": true, "simulated": true}', 0.0),
        ('{"occupied": NaN}', 0.0),
    ],
)
async def test_late_future_simulated_and_broken_values_prove_nothing(
    database: Database, payload: str, ago: float
) -> None:
    room = await make_room()
    await make_device(code="s1", room=room)
    readings = await working(Clock())
    readings.take([message("s1", payload, ago=ago)])
    await readings._work()
    assert (await Device.get(code="s1")).occupied is None
    assert (await Room.get(id=room.id)).occupancy is Occupancy.UNKNOWN


async def test_a_reading_of_just_now_with_a_time_is_taken_every_time(database: Database) -> None:
    await make_device(code="s1", room=await make_room())
    clock = Clock()
    readings = await working(clock)
    payload = '{"occupied": true, "at": "2026-11-26T09:00:00Z"}'
    readings.take([message("s1", payload)])
    clock.now += timedelta(minutes=10)
    readings.take([message("s1", payload)])
    assert readings.late == 1, "the same payload is old ten minutes later"


async def test_tampering_is_distrusted_until_a_good_word(database: Database) -> None:
    await make_device(code="s1", room=await make_room())
    readings = await working(Clock())
    for payload, distrust in (('{"occupied": false, "tamper": true}', "tamper"), ('{"occupied": false}', "")):
        readings.take([message("s1", payload)])
        await readings._work()
        assert (await Device.get(code="s1")).distrust == distrust


async def test_after_a_gap_everything_must_be_said_anew(database: Database) -> None:
    room = await make_room()
    await make_device(code="s1", room=room)
    clock = Clock()
    readings = await working(clock)
    readings.take([message("s1", '{"occupied": true}')])
    await readings._work()
    clock.now += timedelta(seconds=30)
    readings.disconnected(clock.now)
    await readings._work()
    assert (await Room.get(id=room.id)).occupancy is Occupancy.UNKNOWN
    clock.now += timedelta(seconds=30)
    readings.connected(clock.now)
    await readings._work()
    assert (await Room.get(id=room.id)).occupancy is Occupancy.UNKNOWN
    readings.take([message("s1", '{"occupied": true}')])
    await readings._work()
    assert (await Room.get(id=room.id)).occupancy is Occupancy.OCCUPIED
    assert readings.recorded == 2


async def test_what_could_not_be_recorded_is_kept(database: Database) -> None:
    await make_device(code="s1", room=await make_room())
    failing = [True]

    async def record(batch: Sequence[Reading], now: datetime) -> None:
        if failing:
            failing.clear()
            raise OSError("the database is away")
        await record_readings(batch, now)

    readings = await working(Clock(), record)
    readings.take([message("s1", '{"occupied": true}')])
    with pytest.raises(OSError, match="away"):
        await readings._work()
    readings.take([message("s1", '{"occupied": true, "battery": 40}')])
    await readings._work()
    device = await Device.get(code="s1")
    assert (device.occupied, device.battery) == (True, 40)


async def test_status_and_flapping(database: Database) -> None:
    await make_device(code="s1", room=await make_room())
    readings = await working(Clock())
    for word in ("offline", "online", "offline", "online", "offline"):
        readings.take([Message(OURS.device_status("s1"), word.encode(), False, SECOND)])
    await readings._work()
    device = await Device.get(code="s1")
    assert (device.online, device.distrust) == (False, "duplicate_id")
    entry = readings.table.find("native", "s1")
    assert entry is not None
    assert entry.is_flapping(SECOND)


async def test_a_live_reading_after_a_last_will_proves_the_device_is_back(database: Database) -> None:
    await make_device(code="s1", room=await make_room())
    readings = await working(Clock())
    readings.take([
        Message(OURS.device_status("s1"), b"offline", False, SECOND),
        message("s1", '{"occupied": true}'),
    ])  # fmt: skip
    await readings._work()
    assert (await Device.get(code="s1")).online is True


async def test_a_bridge_that_is_gone_takes_its_devices_along(database: Database) -> None:
    await make_device(code="z1", family="zigbee2mqtt", address="hol/czujka", room=await make_room())
    await make_device(code="s1", room=await make_room())
    readings = await working(Clock())
    readings.take([Message("zigbee2mqtt/hol/czujka", b'{"occupancy":true}', False, SECOND)])
    readings.take([Message("zigbee2mqtt/bridge/state", b'{"state":"offline"}', True, SECOND)])
    await readings._work()
    assert (await Device.get(code="z1")).online is False
    assert (await Device.get(code="s1")).online is None


async def test_unbound_topics_wait_in_the_inbox_until_a_device_is_bound(database: Database) -> None:
    readings = await working(Clock())
    stop = events.on(readings._changed)
    readings.take([message("new-sensor", '{"occupied": true}')] * 3)
    (unbound,) = readings.inbox.all()
    assert (unbound.device, unbound.family, unbound.count) == ("new-sensor", "native", 3)
    assert unbound.as_dict()["payloads"][0] == '{"occupied": true}'
    device = await make_device(code="new-sensor", room=await make_room())
    await events.dispatch([events.DeviceChanged(device.id)])
    await readings._work()
    readings.take([message("new-sensor", '{"occupied": true}')])
    await readings._work()
    assert (await Device.get(code="new-sensor")).occupied is True
    stop()


async def test_refusals_are_counted_by_reason(database: Database) -> None:
    await make_device(code="s1", room=await make_room())
    readings = await working(Clock())
    readings.take(
        [message("s1", "[" * 20_000), message("s1", '{"people": -3}'), message("nobody", "\ufeff{'a': True}")]
    )
    assert readings.refused == 3
    assert readings.reasons == {"too deep": 1, "negative": 1, "python repr": 1}


async def test_commands_never_go_to_a_codec() -> None:
    panels: list[str] = []
    readings = Readings(OURS, Clock(), lambda panel, _m, _now: panels.append(panel))
    readings.take([Message(OURS.panel_command("ZW-01-door"), b"{}", False, SECOND)])
    assert panels == ["ZW-01-door"]
    assert readings.refused == 0


async def test_the_pump_records_by_itself_and_stop_loses_nothing(database: Database) -> None:
    await make_device(code="s1", room=await make_room())
    readings = Readings(OURS, Clock(), lambda *_: None)
    await readings.start()
    readings.connected(NOW)
    readings.take([message("s1", '{"occupied": true}')])
    await readings.stop()
    assert (await Device.get(code="s1")).occupied is True


async def test_a_device_that_the_database_hid_for_a_moment_is_read_later(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    readings = await working(Clock())
    device = await make_device(code="new-sensor", room=await make_room())

    async def fails(_table: DeviceEntries) -> None:
        raise OSError("the database is away")

    readings._changed(events.DeviceChanged(device.id))
    with monkeypatch.context() as broken:
        broken.setattr(DeviceEntries, "load", fails)
        with pytest.raises(OSError, match="away"):
            await readings._work()
    await readings._work()
    readings.take([message("new-sensor", '{"occupied": true}')])
    await readings._work()
    assert (await Device.get(code="new-sensor")).occupied is True


async def test_a_device_that_changes_while_the_devices_are_read_is_read_once_more(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    readings, load = await working(Clock()), DeviceEntries.load

    async def slow(table: DeviceEntries) -> None:
        await load(table)
        monkeypatch.undo()
        device = await make_device(code="late", room=await make_room())
        readings._changed(events.DeviceChanged(device.id))

    monkeypatch.setattr(DeviceEntries, "load", slow)
    readings._is_stale = True
    await readings._work()
    assert readings.table.find("native", "late") is None
    await readings._work()
    assert readings.table.find("native", "late") is not None


# whoever publishes may invent topics and payloads


def flood(kind: str) -> Iterator[Message]:
    """What fills a memory that counts topics and payloads but not their bytes."""
    if kind == "300 topics, 8 payloads of 60 kB":
        for number in range(300 * 8):
            payload = b'{"text": "%s", "n": %d}' % (b"x" * 60_000, number)
            yield Message(f"zigbee2mqtt/device {number % 300}", payload, False, SECOND)
    elif kind == "20 000 topics":
        for number in range(20_000):
            yield Message(f"zigbee2mqtt/device {number}", b'{"occupancy": true}', False, SECOND)
    elif kind == "topics of 60 kB":
        for number in range(1_000):
            yield Message(f"{number}/" + "x" * 60_000, b"1", False, SECOND)
    elif kind == "many levels":
        for number in range(6_000):
            yield Message("/".join(["level of a topic"] * 30 + [str(number)]), b"1", False, SECOND)
    elif kind == "payloads that say much":
        facts = ", ".join(f'"{name}": "{"z" * 79}🛋"' for name in ("action", "presence_event", "co2", "voc", "noise"))
        for number in range(8_000):
            payload = f'{{"n": {number}, {facts}}}'.encode()
            yield Message(f"zigbee2mqtt/device {number % 1_000}", payload, False, SECOND)
    elif kind == "an inventory of 500 names":
        names = ", ".join(f'{{"friendly_name": "{"y" * 80}"}}' for _ in range(500))
        for number in range(60):
            yield Message(f"site {number}/zigbee2mqtt/bridge/devices", f"[{names}]".encode(), False, SECOND)


@pytest.mark.parametrize(
    "kind",
    [
        "300 topics, 8 payloads of 60 kB", "20 000 topics", "topics of 60 kB", "many levels", "payloads that say much",
        "an inventory of 500 names",
    ],
)  # fmt: skip
def test_no_flood_of_inventions_fills_the_memory(kind: str) -> None:
    """All that is remembered of topics and payloads stays below 16 MB, whoever publishes what."""
    readings = Readings(OURS, Clock(), lambda *_: None)
    tracemalloc.start()
    try:
        most = 0
        for number, one in enumerate(flood(kind)):
            readings.take([one])
            if number % 50 == 0:
                most = max(most, tracemalloc.get_traced_memory()[0])
        most = max(most, tracemalloc.get_traced_memory()[0])
    finally:
        tracemalloc.stop()
    assert most < 16 * 1024 * 1024, f"{most / 1e6:.1f} MB"
    assert readings._memory_bytes <= MEMORY_BYTES
    assert readings.inbox.bytes <= INBOX_BYTES


def test_what_repeats_itself_is_decoded_once(monkeypatch: pytest.MonkeyPatch) -> None:
    decodes: list[bytes] = []
    decode = codecs.decode

    def count(route: Route, payload: bytes, retained: bool, now: datetime) -> Decoded:
        decodes.append(payload)
        return decode(route, payload, retained, now)

    monkeypatch.setattr(codecs, "decode", count)
    readings = Readings(OURS, Clock(), lambda *_: None)
    large = '{"occupied": true, "text": "%s"}' % ("x" * 2_000)
    for payload in ('{"occupied": true}', '{"occupied": false}', large):
        readings.take([message("s1", payload)] * 3)
    assert [len(payload) < 100 for payload in decodes] == [True, True, False, False, False]


def test_the_inbox_is_capped() -> None:
    inbox = TopicInbox(capacity=3)
    for number in range(10):
        inbox.note(f"t/{number}", b"\xff" * 5000, Decoded("generic", f"t/{number}"), NOW)
    assert [entry.topic for entry in inbox.all()] == ["t/9", "t/8", "t/7"]
    assert max(len(payload) for entry in inbox.all() for payload in entry.payloads) <= 400
    inbox.forget("t/9")
    assert len(inbox) == 2


@pytest.mark.parametrize(
    ("former", "newer", "occupied", "was_positive"),
    [
        ({"occupied": True}, {"occupied": False}, False, True),
        ({"occupied": False}, {"occupied": True}, True, False),
        ({"occupied": False, "was_positive": True}, {"occupied": False}, False, True),
        ({"occupied": True}, {"battery": 5}, True, False),
        ({"occupied": True}, {"occupied": False, "live": False}, True, False),
        ({"occupied": True, "live": False}, {"occupied": False}, False, False),
    ],
)
def test_two_words_become_one(
    former: dict[str, object], newer: dict[str, object], occupied: bool, was_positive: bool
) -> None:
    one = merged(Reading(1, NOW, **former), Reading(1, NOW, **newer))  # type: ignore[arg-type]
    assert (one.occupied, one.was_positive) == (occupied, was_positive)


def test_a_counter_that_drifts_does_so_whatever_it_counts_in_the_same_moment() -> None:
    one = merged(Reading(1, NOW, distrust="drift", gap=True), Reading(1, NOW, occupied=False, people=0, distrust=""))
    assert (one.distrust, one.gap, one.occupied) == ("drift", True, False)


def test_only_news_is_news() -> None:
    entry = DeviceEntry(1, "s1", "presence", "native", "", None, None, None, None, None, "")
    assert entry.remember(Reading(1, NOW, occupied=True), 0)
    assert not entry.remember(Reading(1, NOW, occupied=True), 1)
    assert entry.remember(Reading(1, NOW, occupied=True, battery=4), 2)
    assert entry.remember(Reading(1, NOW, online=False), 3)
    assert entry.remember(Reading(1, NOW, occupied=True), 4), "it is back"
    assert entry.remember(Reading(1, NOW, people=2), 5)
