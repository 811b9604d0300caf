"""Whatever sensors, bridges, the broker and Izba itself go through: no booking is given up unless every sensor of its
room that can say so has said itself that nobody is there, within its freshness and for longer than its hold.

The streams are made of messages of every family with faults among them. What each sensor truly said is noted where the
message is made, apart from all that reads it.
"""

import json
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from devices import readings as module
from devices.broker.connection import Message
from devices.device_table import DeviceEntry
from devices.readings import Readings
from devices.topics import Topics
from registry.bookings.models import Kind, Status
from registry.bookings.state import RoomFacts, Slot, next_change, steps
from registry.core.clock import SteadyClock
from registry.devices.models import Device
from registry.devices.occupancy import fold, room_occupancy, sensor_of
from registry.rooms.hours import Hours
from registry.rooms.models import Visibility
from tests.make import NOW

EXAMPLES = int(os.environ.get("IZBA_EVIDENCE_EXAMPLES", "400"))
MINUTE, FRESH = timedelta(minutes=1), timedelta(minutes=90)
OPEN = Hours(ZoneInfo("Europe/Warsaw"))
HOLDS = {"pir": 15, "mmwave": 5, "counter": 3, "passage": 3}
NOES = {
    "native": ['{"occupied":false}', '{"occupied":"vacant","battery":80}', '{"people":0}', "OFF", '{"occupied":0}'],
    "zigbee2mqtt": [
        '{"occupancy":false,"battery":74,"linkquality":63}', '{"presence":false,"motion_state":"none"}',
        '{"presence_state":"none","illuminance":120}', '{"occupancy":null,"presence":false}',
    ],
    "generic": ['{"presence":false}', '{"motion":"OFF","battery":40}', '{"person_count":0}', "clear", "0 "],
}  # fmt: skip
YESES = {
    "native": ['{"occupied":true}', '{"occupied":false,"people":2}', "ON", '{"occupied":false,"motion":true}'],
    "zigbee2mqtt": [
        '{"occupancy":true}', '{"presence":false,"motion_state":"stationary"}', '{"presence_state":"motion"}',
        '{"occupancy":false,"presence":true}', '{"occupancy":false,"occupancy_2":true}',
    ],
    "generic": ['{"presence":true}', '{"motion":"ON","occupancy":false}', '{"person_count":3}', "detected"],
}  # fmt: skip
UNKNOWNS = {
    "native": [
        '{"occupied":null}', '{"occupied":"unavailable"}', '{"occupied":7}', '{"occupied":{"v":1}}', "unknown", "",
        '{"occupied":NaN}', '{"occupied":false,"occupied":false}', "[false]", '{"occupied":false,"people":"many"}',
        "{'occupied': False}", '{"occupied":false,"simulated":true}', '{"occupied":false,"tamper":true}',
        '{"occupied":false,"enabled":false}', '{"people":-1}',
        '{"occupied":false,"at":"2100-01-01T00:00:00Z"}',
    ],
    "zigbee2mqtt": [
        '{"occupancy":null,"battery":100}', '{"presence":null,"presence_state":null}', '{"presence_state":"creeping"}',
        '{"presence":false,"presence_state":"creeping"}', "unavailable", "null", '{"occupancy":NaN}', "",
        '{"occupancy":{"state":false}}', '{"occupancy":false,"tamper":true}',
    ],
    "generic": ['{"presence":null}', "unavailable", '{"motion":"unknown"}', '{"occupancy":[0]}', "", "perhaps"],
}  # fmt: skip
NOTHINGS = {
    "native": ['{"battery":70}', '{"co2":900}', '{"occupied":false,"at":"2026-11-26T05:00:00Z"}'],
    "zigbee2mqtt": ['{"battery":70,"linkquality":9}', '{"action":"region_1_unoccupied"}',
                    '{"occupancy":false,"last_seen":"2026-11-26T05:00:00Z"}'],
    "generic": ['{"battery":70}', '{"presence":false,"ts":1700000000}'],
}  # fmt: skip


@dataclass
class Source:
    """A sensor as it is in truth: what it said itself, apart from what anybody makes of it."""

    device: Device
    topic: str
    last_no: datetime | None = None
    quiet_since: datetime | None = None  # its first "no" since anything else happened to it
    is_broken: bool = False  # what it says is worth nothing any more
    is_offline: bool = False
    sees: datetime | None = None

    @property
    def family(self) -> str:
        return self.device.family

    @property
    def hold(self) -> timedelta:
        return timedelta(seconds=self.device.hold_seconds)

    def says_no(self, now: datetime) -> None:
        """Its own "no"; after a silence that was too long its hold begins anew."""
        self.sees = None
        if self.last_no is None or now - self.last_no >= FRESH:
            self.quiet_since = now
        self.last_no, self.quiet_since = now, self.quiet_since or now

    def happens(self) -> None:
        """Something other than a "no" of its own."""
        self.last_no = self.quiet_since = self.sees = None

    def proves_vacancy(self, now: datetime) -> bool:
        if self.last_no is None or self.quiet_since is None or self.is_broken or self.is_offline:
            return False
        return now - self.last_no < FRESH and now - self.quiet_since >= self.hold


class Stage:
    """A room with sensors and bookings, Izba's reading of what comes, and the clock."""

    def __init__(self, sources: list[Source], vacant: int, monkeypatch: pytest.MonkeyPatch) -> None:
        self.sources, self.now = sources, NOW
        monkeypatch.setattr(module, "time", self)
        self.facts = RoomFacts("R", Visibility.INTERNAL, True, 10 * MINUTE, vacant * MINUTE, True, True, 1)
        self.slots = [_slot(number, start, end) for number, (start, end) in enumerate([(30, 150), (150, 210)])]
        self.watching_since: datetime | None = None
        self.given_up = 0
        self.wrong = timedelta(0)  # by how much the wall clock is ahead
        self.clock = SteadyClock(lambda: self.now + self.wrong, self.monotonic)
        self.clock.on_doubt(lambda is_doubted, _now: self.lose() if is_doubted else self.hear())
        self.start()

    def monotonic(self) -> float:
        return (self.now - NOW).total_seconds()

    def start(self) -> None:
        """Izba begins, with nothing but what it had stored; then the broker is heard."""
        self.readings = Readings(Topics(), self.clock, lambda *_: None)
        for source in self.sources:
            device = source.device
            columns = {name: getattr(device, name) for name in ("occupied", "people", "battery", "online", "distrust")}
            identity = (device.id, device.code, device.kind, device.family, device.address)
            self.readings.table._enter(DeviceEntry(*identity, **columns))
        self.hear()

    def hear(self) -> None:
        self.readings.connected(self.now)
        self.watching_since = self.now
        for source in self.sources:
            source.happens()
            if source.is_offline:
                self.send(_status_topic(source), "offline", retained=True)

    def lose(self) -> None:
        self.readings.disconnected(self.now)
        self.watching_since = None
        for source in self.sources:
            source.happens()

    def send(self, topic: str, payload: str, retained: bool = False) -> None:
        if self.watching_since is not None:
            self.readings.take([Message(topic, payload.encode(), retained, self.monotonic())])

    def look(self) -> datetime:
        """Record what is pending, judge the room and its bookings; returns when to look again. The sweep waits while
        the clock is doubted.
        """
        if self.clock.is_doubted:
            return self.now + timedelta(seconds=5)
        batch, self.readings._pending = self.readings._pending, {}
        for reading in batch.values():
            fold(next(one.device for one in self.sources if one.device.id == reading.device_id), reading,
                 self.watching_since)  # fmt: skip
        judged = room_occupancy([sensor_of(one.device) for one in self.sources], self.now, self.watching_since)
        for step in steps(self.facts, self.slots, judged, self.now):
            self.do(step.act, step.slot)
        if self.facts.occupancy is not judged.occupancy:
            self.facts = replace(self.facts, occupancy=judged.occupancy, occupancy_since=self.now)
        return next_change(self.facts, self.slots, judged, OPEN, self.now)

    def do(self, act: str, slot: Slot) -> None:
        changes: dict[str, object] = {
            "check_in": {"status": Status.CHECKED_IN, "checked_in_at": self.now, "warned_at": None},
            "warn": {"warned_at": self.now}, "calm": {"warned_at": None}, "finish": {"status": Status.ENDED},
            "release": {"status": Status.RELEASED, "ends_at": self.now, "blocked_to": self.now},
            "vacate": {"status": Status.ENDED, "ends_at": self.now, "blocked_to": self.now},
        }[act]  # fmt: skip
        if act in ("release", "vacate"):
            self.check(act)
        self.slots = [replace(one, **changes) if one.id == slot.id else one for one in self.slots]

    def check(self, act: str) -> None:
        able = [source for source in self.sources if source.device.sensing != "passage"]
        assert able, "nothing in the room can say that nobody is there"
        for source in able:
            assert source.proves_vacancy(self.now), f"{act}: {source.device.code} did not say so"
        for source in self.sources:
            assert source.sees is None or self.now - source.sees >= FRESH, f"{act}: {source.device.code} sees somebody"
        self.given_up += 1

    def pass_time(self, minutes: float) -> None:
        until = self.now + minutes * MINUTE
        at = self.look()
        while at < until:
            self.now = max(at, self.now + timedelta(seconds=1))
            at = self.look()
        self.now = until
        self.look()


def _slot(number: int, start: int, end: int) -> Slot:
    starts_at, ends_at = NOW + start * MINUTE, NOW + end * MINUTE
    return Slot(UUID(int=number), starts_at, ends_at, Status.CONFIRMED, Kind.MEETING, starts_at, ends_at, ends_at)


def _status_topic(source: Source) -> str:
    return source.topic.replace("/reading", "/status") if source.family == "native" else f"{source.topic}/availability"


# what may happen to one sensor; each notes the truth and sends the message


def _speak(stage: Stage, source: Source, payload: str) -> None:
    """A message of the device itself. A bridge that called it offline says first that it is back."""
    if source.is_offline and not source.is_broken:
        # its last word is as old as it is, and what it would have seen meanwhile is not known
        source.is_offline, source.quiet_since = False, stage.now
        stage.send(_status_topic(source), "online")
    stage.send(source.topic, payload)


def _no(stage: Stage, source: Source, pick: Callable[[list[str]], str]) -> None:
    payload = pick(NOES[source.family])
    _speak(stage, source, payload)
    if not source.is_broken and stage.watching_since is not None:
        source.says_no(stage.now)


def _no_with_its_time(stage: Stage, source: Source, pick: Callable[[list[str]], str]) -> None:
    key, value = {"native": ("occupied", "at"), "zigbee2mqtt": ("occupancy", "last_seen")}.get(
        source.family, ("presence", "ts")
    )
    _speak(stage, source, json.dumps({key: False, value: stage.now.isoformat()}))
    if not source.is_broken and stage.watching_since is not None:
        source.says_no(stage.now)


def _yes(stage: Stage, source: Source, pick: Callable[[list[str]], str]) -> None:
    _speak(stage, source, pick(YESES[source.family]))
    source.happens()
    source.sees = stage.now if stage.watching_since and not source.is_broken else None


def _unknown(stage: Stage, source: Source, pick: Callable[[list[str]], str]) -> None:
    payload = pick(UNKNOWNS[source.family])
    _speak(stage, source, payload)
    source.happens()
    source.is_broken |= payload == '{"people":-1}' and source.device.sensing == "counter"


def _nothing(stage: Stage, source: Source, pick: Callable[[list[str]], str]) -> None:
    """The bridge tells of a device that is back before it passes on what it says."""
    _speak(stage, source, pick(NOTHINGS[source.family]))


def _retained(stage: Stage, source: Source, pick: Callable[[list[str]], str]) -> None:
    stage.send(source.topic, pick(NOES[source.family]), retained=True)


def _offline(stage: Stage, source: Source, pick: Callable[[list[str]], str]) -> None:
    if source.family == "generic":
        return
    stage.send(_status_topic(source), "offline")
    source.is_offline, source.quiet_since, source.sees = True, None, None


def _cached(stage: Stage, source: Source, pick: Callable[[list[str]], str]) -> None:
    """Of a device that its bridge calls offline: what the bridge has kept."""
    if source.family == "zigbee2mqtt":
        _offline(stage, source, pick)
        stage.send(source.topic, pick(NOES[source.family]))


def _bridge_restart(stage: Stage, source: Source, pick: Callable[[list[str]], str]) -> None:
    """Every state of the bridge's devices comes from its cache, most of them as a "no"."""
    stage.send("zigbee2mqtt/bridge/state", '{"state":"offline"}')
    stage.send("zigbee2mqtt/bridge/state", '{"state":"online"}')
    for one in stage.sources:
        if one.family == "zigbee2mqtt":
            one.happens()
            stage.send(one.topic, pick(NOES[one.family]))


def _gone(stage: Stage, source: Source, pick: Callable[[list[str]], str]) -> None:
    """Renamed or left: whatever comes under its name from now on is not its word."""
    if source.family != "zigbee2mqtt":
        return
    left = {"type": "device_leave", "data": {"friendly_name": source.device.address}}
    renamed = {"data": {"from": source.device.address, "to": "elsewhere"}, "status": "ok"}
    if pick(["left", "renamed"]) == "left":
        stage.send("zigbee2mqtt/bridge/event", json.dumps(left))
    else:
        stage.send("zigbee2mqtt/bridge/response/device/rename", json.dumps(renamed))
    source.happens()
    source.is_broken = source.is_offline = True


def _restart(stage: Stage, source: Source, pick: Callable[[list[str]], str]) -> None:
    """A stop records what was heard."""
    stage.look()
    stage.lose()
    stage.now += float(pick(["0.5", "5", "40"])) * MINUTE
    stage.start()


def _outage(stage: Stage, source: Source, pick: Callable[[list[str]], str]) -> None:
    stage.lose()
    stage.pass_time(float(pick(["0.1", "3", "20"])))
    stage.hear()


def _leap(stage: Stage, source: Source, pick: Callable[[list[str]], str]) -> None:
    """Izba's own clock is an hour ahead or behind for a moment."""
    stage.wrong = float(pick(["60", "-60", "600"])) * MINUTE
    stage.pass_time(0.25)
    stage.wrong = timedelta(0)
    stage.look()


ACTS = [_no] * 8 + [_no_with_its_time, _nothing] * 2 + [
    _yes, _unknown, _retained, _offline, _cached, _bridge_restart, _gone, _restart, _outage, _leap,
]  # fmt: skip
kinds = st.tuples(st.sampled_from(["native", "zigbee2mqtt", "generic"]), st.sampled_from([*HOLDS]))
acts = st.tuples(
    st.sampled_from(ACTS),
    st.integers(0, 2),  # which sensor
    st.integers(0, 99),  # which of its words
    st.sampled_from([0, 0, 0.3, 1, 2, 4, 8, 16, 31, 95]),  # minutes until the next one
)


def _source(number: int, family: str, sensing: str) -> Source:
    code = f"s{number}"
    topic = {"native": f"izba/devices/{code}/reading", "zigbee2mqtt": f"zigbee2mqtt/office/{code}"}
    where = topic.get(family, f"rooms/{code}/occupancy")
    address = {"native": "", "zigbee2mqtt": f"office/{code}"}.get(family, where)
    device = Device(id=number, code=code, kind="presence", family=family, address=address, sensing=sensing,
                    hold_seconds=60 * HOLDS[sensing])  # fmt: skip
    return Source(device, where)


def _played(sensors: list[tuple[str, str]], stream: list[tuple], vacant: int, monkeypatch: pytest.MonkeyPatch) -> Stage:
    sources = [_source(number, *kind) for number, kind in enumerate(sensors, 1)]
    stage = Stage(sources, vacant, monkeypatch)
    for act, whose, word, minutes in stream:
        act(stage, sources[whose % len(sources)], lambda words, word=word: words[word % len(words)])
        stage.pass_time(minutes) if minutes else None
    stage.pass_time(30)
    return stage


@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(kinds, min_size=1, max_size=3), st.lists(acts, min_size=3, max_size=40), st.sampled_from([5, 15]))
def test_no_booking_is_given_up_unless_every_sensor_itself_has_said_that_nobody_is_there(
    sensors: list[tuple[str, str]], stream: list[tuple], vacant: int
) -> None:
    with pytest.MonkeyPatch.context() as monkeypatch:
        stage = _played(sensors, stream, vacant, monkeypatch)
    event(f"given up: {stage.given_up}")


def _quiet(sensors: int) -> Iterator[tuple]:
    for _ in range(12):
        for whose in range(sensors):
            yield _no, whose, 0, 0
        yield _nothing, 0, 0, 10


@pytest.mark.parametrize("family", [*NOES])
@pytest.mark.parametrize("sensing", [*HOLDS])
def test_a_room_whose_sensors_all_see_nobody_is_given_up(
    family: str, sensing: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So the test above is about something. A counter of passages alone gives nothing up."""
    sensors = [(family, sensing), ("native", "passage")]
    stage = _played(sensors, [*_quiet(2)], 15, monkeypatch)
    assert stage.given_up == (0 if sensing == "passage" else 1)


@pytest.mark.parametrize("kind", ["is not", "is"])
def test_what_is_not_understood_is_told_by_the_streams(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A word that takes back the "no" before it keeps the booking, in every family."""
    for family, payloads in UNKNOWNS.items():
        for number in range(len(payloads)):
            stream = [(_no, 0, 0, 20), *([(_unknown, 0, number, 1)] if kind == "is" else []), (_nothing, 0, 0, 40)]
            stage = _played([(family, "mmwave")], stream, 15, monkeypatch)
            assert stage.given_up == (0 if kind == "is" else 1), (family, payloads[number])
