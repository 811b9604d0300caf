"""From messages to the register: folding, news at once, floods, gaps, strangers. The register is the real one."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from types import SimpleNamespace

import pytest

from devices import readings as ingesting
from devices.device_table import Known
from devices.inbox import Inbox
from devices.messages import Arrived, Decoded
from devices.readings import Ingest, merged
from devices.topics import Topics
from registry.bookings.readings import Reading, record_readings
from registry.core import events
from registry.devices.models import Device, Sensing, Watch
from registry.rooms.models import Occupancy, Room
from tests.conftest import Database
from tests.make import NOW, make_device, make_room

pytestmark = pytest.mark.anyio
OURS = Topics()
SECOND = 1000.0


@pytest.fixture(autouse=True)
def _a_clock_that_stands(monkeypatch: pytest.MonkeyPatch) -> None:
    """No message is older than it is said to be, however busy the machine is."""
    monkeypatch.setattr(ingesting, "time", SimpleNamespace(monotonic=lambda: SECOND))


class Clock:
    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> datetime:
        return self.now


def message(device: str, payload: str, retained: bool = False, ago: float = 0.0) -> Arrived:
    return Arrived(OURS.reading(device), payload.encode(), retained, SECOND - ago)


async def working(clock: Clock, record: object = None) -> Ingest:
    ingest = Ingest(OURS, clock, lambda *_: None, **({"record": record} if record else {}))  # type: ignore[arg-type]
    await ingest.table.load()
    ingest.connected(clock.now)
    await ingest._work()
    return ingest


async def test_a_reading_changes_the_room(database: Database) -> None:
    room = await make_room()
    device = await make_device(code="s1", room=room, sensing=Sensing.MMWAVE, hold_seconds=300)
    clock = Clock()
    ingest = await working(clock)
    assert (await Watch.get(id=1)).since == NOW
    clock.now += timedelta(seconds=5)
    ingest.take([message("s1", '{"occupied": true, "battery": 77}')])
    await ingest._work()
    await device.refresh_from_db()
    assert (device.occupied, device.battery, device.online) == (True, 77, True)
    assert (await Room.get(id=room.id)).occupancy is Occupancy.OCCUPIED
    assert (ingest.recorded, ingest.batches) == (1, 1)


async def test_what_is_unchanged_is_folded_and_stored_now_and_then(database: Database) -> None:
    await make_device(code="s1", room=await make_room())
    clock = Clock()
    ingest = await working(clock)
    ingest.take([message("s1", '{"occupied": true}')])
    await ingest._work()
    ingest.take([message("s1", '{"occupied": true}') for _ in range(500)])
    await ingest._work()
    assert (ingest.recorded, ingest.unchanged) == (1, 500)
    known = ingest.table.find("native", "s1")
    assert known is not None
    known.stored -= 21
    clock.now += timedelta(seconds=21)
    ingest.take([message("s1", '{"occupied": true}')])
    await ingest._work()
    assert ingest.recorded == 2
    assert (await Device.get(code="s1")).confirmed_at == clock.now


async def test_a_flood_of_changes_is_one_word_that_remembers_who_was_seen(database: Database) -> None:
    await make_device(code="s1", room=await make_room())
    clock = Clock()
    told: list[Reading] = []

    async def record(heard: Sequence[Reading], now: datetime) -> None:
        told.extend(heard)
        await record_readings(heard, now)

    ingest = await working(clock, record)
    clock.now += timedelta(seconds=1)
    flood = ['{"occupied": false}', '{"occupied": true}', '{"occupied": false, "battery": 50}'] * 100
    ingest.take([message("s1", payload) for payload in flood])
    await ingest._work()
    assert len(told) == 1
    assert (told[0].occupied, told[0].was_positive, told[0].battery) == (False, True, 50)
    assert (await Device.get(code="s1")).positive_at == clock.now


async def test_a_retained_value_confirms_nothing(database: Database) -> None:
    room = await make_room()
    await make_device(code="s1", room=room)
    ingest = await working(Clock())
    ingest.take([message("s1", '{"occupied": true, "battery": 60}', retained=True)])
    await ingest._work()
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
    ingest = await working(Clock())
    ingest.take([message("s1", payload, ago=ago)])
    await ingest._work()
    assert (await Device.get(code="s1")).occupied is None
    assert (await Room.get(id=room.id)).occupancy is Occupancy.UNKNOWN


async def test_a_reading_of_just_now_with_a_time_is_taken_every_time(database: Database) -> None:
    await make_device(code="s1", room=await make_room())
    clock = Clock()
    ingest = await working(clock)
    payload = '{"occupied": true, "at": "2026-11-26T09:00:00Z"}'
    ingest.take([message("s1", payload)])
    clock.now += timedelta(minutes=10)
    ingest.take([message("s1", payload)])
    assert ingest.late == 1, "the same payload is old ten minutes later"


async def test_tampering_is_distrusted_until_a_good_word(database: Database) -> None:
    await make_device(code="s1", room=await make_room())
    ingest = await working(Clock())
    for payload, distrust in (('{"occupied": false, "tamper": true}', "tamper"), ('{"occupied": false}', "")):
        ingest.take([message("s1", payload)])
        await ingest._work()
        assert (await Device.get(code="s1")).distrust == distrust


async def test_after_a_gap_everything_must_be_said_anew(database: Database) -> None:
    room = await make_room()
    await make_device(code="s1", room=room)
    clock = Clock()
    ingest = await working(clock)
    ingest.take([message("s1", '{"occupied": true}')])
    await ingest._work()
    clock.now += timedelta(seconds=30)
    ingest.disconnected(clock.now)
    await ingest._work()
    assert (await Room.get(id=room.id)).occupancy is Occupancy.UNKNOWN
    clock.now += timedelta(seconds=30)
    ingest.connected(clock.now)
    await ingest._work()
    assert (await Room.get(id=room.id)).occupancy is Occupancy.UNKNOWN
    ingest.take([message("s1", '{"occupied": true}')])
    await ingest._work()
    assert (await Room.get(id=room.id)).occupancy is Occupancy.OCCUPIED
    assert ingest.recorded == 2


async def test_what_could_not_be_recorded_is_kept(database: Database) -> None:
    await make_device(code="s1", room=await make_room())
    failing = [True]

    async def record(heard: Sequence[Reading], now: datetime) -> None:
        if failing:
            failing.clear()
            raise OSError("the database is away")
        await record_readings(heard, now)

    ingest = await working(Clock(), record)
    ingest.take([message("s1", '{"occupied": true}')])
    with pytest.raises(OSError, match="away"):
        await ingest._work()
    ingest.take([message("s1", '{"occupied": true, "battery": 40}')])
    await ingest._work()
    device = await Device.get(code="s1")
    assert (device.occupied, device.battery) == (True, 40)


async def test_status_and_flapping(database: Database) -> None:
    await make_device(code="s1", room=await make_room())
    ingest = await working(Clock())
    for word in ("offline", "online", "offline", "online", "offline"):
        ingest.take([Arrived(OURS.device_status("s1"), word.encode(), False, SECOND)])
    await ingest._work()
    device = await Device.get(code="s1")
    assert (device.online, device.distrust) == (False, "duplicate_id")
    assert ingest.flapping == {"s1"}


async def test_a_live_reading_after_a_last_will_proves_the_device_is_back(database: Database) -> None:
    await make_device(code="s1", room=await make_room())
    ingest = await working(Clock())
    ingest.take([
        Arrived(OURS.device_status("s1"), b"offline", False, SECOND),
        message("s1", '{"occupied": true}'),
    ])  # fmt: skip
    await ingest._work()
    assert (await Device.get(code="s1")).online is True


async def test_a_bridge_that_is_gone_takes_its_devices_along(database: Database) -> None:
    await make_device(code="z1", family="zigbee2mqtt", address="hol/czujka", room=await make_room())
    await make_device(code="s1", room=await make_room())
    ingest = await working(Clock())
    ingest.take([Arrived("zigbee2mqtt/hol/czujka", b'{"occupancy":true}', False, SECOND)])
    ingest.take([Arrived("zigbee2mqtt/bridge/state", b'{"state":"offline"}', True, SECOND)])
    await ingest._work()
    assert (await Device.get(code="z1")).online is False
    assert (await Device.get(code="s1")).online is None


async def test_strangers_wait_in_the_inbox_until_they_are_known(database: Database) -> None:
    ingest = await working(Clock())
    stop = events.on(ingest._changed)
    ingest.take([message("new-sensor", '{"occupied": true}')] * 3)
    (stranger,) = ingest.inbox.all()
    assert (stranger.device, stranger.family, stranger.count) == ("new-sensor", "native", 3)
    assert stranger.as_dict()["payloads"][0] == '{"occupied": true}'
    device = await make_device(code="new-sensor", room=await make_room())
    await events.dispatch([events.DeviceChanged(device.id)])
    await ingest._work()
    ingest.take([message("new-sensor", '{"occupied": true}')])
    await ingest._work()
    assert (await Device.get(code="new-sensor")).occupied is True
    stop()


async def test_refusals_are_counted_by_reason(database: Database) -> None:
    await make_device(code="s1", room=await make_room())
    ingest = await working(Clock())
    ingest.take([message("s1", "[" * 20_000), message("s1", '{"people": -3}'), message("nobody", "\ufeff{'a': True}")])
    assert ingest.refused == 3
    assert ingest.reasons == {"too deep": 1, "negative": 1, "python repr": 1}


async def test_commands_go_to_the_desk_and_never_to_a_codec() -> None:
    taken: list[str] = []
    ingest = Ingest(OURS, Clock(), lambda panel, _m, _now: taken.append(panel))
    ingest.take([Arrived(OURS.panel_command("ZW-01-door"), b"{}", False, SECOND)])
    assert taken == ["ZW-01-door"]
    assert ingest.refused == 0


async def test_the_pump_records_by_itself_and_stop_loses_nothing(database: Database) -> None:
    await make_device(code="s1", room=await make_room())
    ingest = Ingest(OURS, Clock(), lambda *_: None)
    await ingest.start()
    ingest.connected(NOW)
    ingest.take([message("s1", '{"occupied": true}')])
    await ingest.stop()
    assert (await Device.get(code="s1")).occupied is True


def test_the_inbox_is_capped() -> None:
    inbox = Inbox(capacity=3)
    for number in range(10):
        inbox.note(f"t/{number}", b"\xff" * 5000, Decoded("generic", f"t/{number}"), NOW)
    assert [stranger.topic for stranger in inbox.all()] == ["t/9", "t/8", "t/7"]
    assert max(len(payload) for stranger in inbox.all() for payload in stranger.payloads) <= 400
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


def test_only_news_is_news() -> None:
    known = Known(1, "s1", "presence", "native", "", None, None, None, None, "")
    assert known.remember(Reading(1, NOW, occupied=True), 0)
    assert not known.remember(Reading(1, NOW, occupied=True), 1)
    assert known.remember(Reading(1, NOW, occupied=True, battery=4), 2)
    assert known.remember(Reading(1, NOW, online=False), 3)
    assert known.remember(Reading(1, NOW, occupied=True), 4), "it is back"
    assert known.remember(Reading(1, NOW, people=2), 5)
