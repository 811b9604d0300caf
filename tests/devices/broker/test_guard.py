"""Who speaks in Izba's name is contradicted: soon, never in a storm, and not for ever."""

import asyncio
import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest

from devices.broker import guard as guarding
from devices.broker.address import Address, addresses
from devices.broker.connection import Broker
from devices.broker.embedded import EmbeddedBroker
from devices.broker.guard import AT_ONCE, CALM, FIRST_PAUSE, LONGEST_PAUSE, ROUND_SECONDS, Guard
from devices.doors import panel_key, signature
from devices.messages import Arrived
from devices.run import Devices
from devices.topics import Topics
from registry.rooms.models import Room
from tests.conftest import Database
from tests.devices.broker.test_connection import Other, now, until
from tests.make import make_panel, make_room
from tests.servers import Mosquitto, free_port

pytestmark = pytest.mark.anyio
OURS = Topics()
STATE = OURS.room_state("ZW-01")
SECRET = "s" * 32


# the rules, without a broker


class Notes:
    """Stands for a connected broker that keeps ``right`` on every topic of room numbers below a hundred."""

    def __init__(self) -> None:
        self.connected = True
        self.repeated: list[str] = []

    def listen(self, *_: Any, **__: Any) -> None:
        return None

    def kept(self, topic: str) -> bytes | None:
        return b"right"

    def repeat(self, topic: str) -> None:
        self.repeated.append(topic)


def said(topic: str, payload: bytes, retained: bool = False) -> Arrived:
    return Arrived(topic, payload, retained, time.monotonic())


@pytest.fixture
def notes() -> Notes:
    return Notes()


@pytest.fixture
def guard(notes: Notes) -> Guard:
    return Guard(notes, OURS, lambda _topic, _payload: False)  # type: ignore[arg-type]  # stands for a broker


def test_what_is_not_ours_goes_on(guard: Guard) -> None:
    others = [
        said(topic, b"x")
        for topic in (
            OURS.reading("a"), OURS.device_status("a"), OURS.panel_command("a"), "izba/rooms//state", "izba/rooms/a/b",
            "zigbee2mqtt/rooms/a/state",
        )
    ]  # fmt: skip
    ours = [said(topic, b"x") for topic in (STATE, OURS.room_light("a"), OURS.panel_state("a"), OURS.status)]
    assert guard.sift([*others, *ours]) == others
    assert set(guard.disputes) == {one.topic for one in ours}


def test_the_last_word_counts(guard: Guard, notes: Notes) -> None:
    """An older broker repeats to us what we said: an older state of ours is no forgery when the newest follows."""
    guard.sift([said(STATE, b"older"), said(STATE, b"right")])
    assert guard.repair(time.monotonic() + ROUND_SECONDS) == 0
    guard.sift([said(STATE, b"right"), said(STATE, b"forged")])
    assert guard.repair(time.monotonic() + ROUND_SECONDS) == 1
    assert notes.repeated == [STATE]


def test_what_was_retained_before_we_came_is_overwritten_anyway(guard: Guard) -> None:
    guard.sift([said(STATE, b"forged", retained=True)])
    assert not guard.disputes


def test_who_keeps_at_it_is_answered_ever_less(guard: Guard) -> None:
    guard.sift([said(STATE, b"forged")])
    began, repairs = time.monotonic(), []
    for second in range(7200):
        guard.sift([said(STATE, b"forged")])
        if guard.repair(began + second):
            repairs.append(second)
    assert repairs[0] <= ROUND_SECONDS
    gaps = [later - earlier for earlier, later in pairwise(repairs)]
    assert gaps == sorted(gaps), gaps
    assert len(repairs) <= 13
    assert guard.disputes[STATE].pause == LONGEST_PAUSE


def test_a_dispute_that_is_over_is_forgotten(guard: Guard) -> None:
    guard.sift([said(STATE, b"forged")])
    at = time.monotonic() + ROUND_SECONDS
    guard.repair(at)
    guard.repair(at + FIRST_PAUSE + CALM - 1)
    assert guard.disputes
    guard.repair(at + FIRST_PAUSE + CALM)
    assert not guard.disputes


def test_many_at_once_are_put_right_in_turns(guard: Guard, notes: Notes) -> None:
    guard.sift([said(OURS.room_state(f"R-{number}"), b"forged") for number in range(AT_ONCE + 1)])
    at = time.monotonic() + ROUND_SECONDS
    assert [guard.repair(at), guard.repair(at), guard.repair(at)] == [AT_ONCE, 1, 0]
    notes.connected = False
    guard.sift([said(STATE, b"forged")])
    assert guard.repair(at + LONGEST_PAUSE) == 0


# what an embedded broker is asked for


class Kept(Notes):
    """Keeps ``right`` on the topics of two rooms."""

    def __init__(self) -> None:
        super().__init__()
        self.right = {OURS.room_state(room): b"right" for room in ("a", "b")}

    def all_kept(self) -> dict[str, bytes]:
        return {**self.right, OURS.status: b"online"}

    def kept(self, topic: str) -> bytes | None:
        return self.right.get(topic)


@pytest.fixture
def kept() -> Kept:
    return Kept()


@pytest.fixture
def glancing(kept: Kept) -> Guard:
    return Guard(kept, OURS, lambda _topic, _payload: False, is_thorough=False)  # type: ignore[arg-type]  # as above


def glance(guard: Guard, shown: dict[str, bytes], times: int = 1) -> set[str]:
    """What is disputed after so many glances that show this."""
    for _ in range(times):
        guard.begin_glance()
        guard.sift([said(topic, payload, retained=True) for topic, payload in shown.items()])
        guard.end_glance(time.monotonic())
    return set(guard.disputes)


def test_a_glance_finds_what_was_forged_or_cleared(glancing: Guard, kept: Kept) -> None:
    a, b = kept.right
    assert glance(glancing, kept.right, 3) == set()
    assert glance(glancing, {a: b"forged"}) == {a}
    assert glance(glancing, {a: b"forged"}) == {a, b}


def test_what_is_on_its_way_is_no_forgery(glancing: Guard, kept: Kept) -> None:
    shown = dict(kept.right)
    for number in range(6):
        kept.right = dict.fromkeys(kept.right, b"%d" % number)
        assert glance(glancing, shown) == set()
        shown = dict(kept.right)


def test_a_glance_that_is_not_answered_or_only_in_part_proves_nothing(glancing: Guard, kept: Kept) -> None:
    assert glance(glancing, {}, 4) == set()
    full = {OURS.room_state(f"other-{number}"): b"x" for number in range(guarding.HANDED_OUT)}
    assert glance(glancing, full, 4) == set()
    kept.connected = False
    assert glance(glancing, dict.fromkeys(kept.right, b"forged"), 4) == set()


# on a broker


@asynccontextmanager
async def guarded(
    where: tuple[Address, ...], name: str, payload: bytes, is_thorough: bool = True
) -> AsyncIterator[tuple[Broker, Guard]]:
    """A client of this name that keeps one state and watches over it."""

    def hear(batch: list[Arrived]) -> None:
        guard.sift(batch)

    broker = Broker(where, name, OURS.status, hear, now)
    guard = Guard(broker, OURS, lambda _topic, _payload: False, is_thorough)
    broker.keep(STATE, payload)
    await guard.start()
    await broker.start()
    try:
        await until(lambda: broker.connected)
        yield broker, guard
    finally:
        await broker.stop()
        await guard.stop()


@pytest.mark.parametrize("version", [0, 1], ids=["MQTT 5", "MQTT 3.1.1"])
async def test_a_forged_state_is_replaced_within_seconds(mosquitto: Mosquitto, version: int) -> None:
    where = (addresses(mosquitto.url)[version],)
    is_told_its_own = version == 1
    async with guarded(where, "izba-one", b"right") as (broker, guard):
        other = Other(mosquitto.port, "izba/#")
        await until(lambda: other.last(STATE) == b"right")
        for topic, right in ((STATE, b"right"), (OURS.status, b"online")):
            other.say(topic, b"forged", retain=True)
            await until(lambda topic=topic: other.last(topic) == b"forged")  # type: ignore[misc]
            await until(lambda topic=topic, right=right: other.last(topic) == right)  # type: ignore[misc]
        late = Other(mosquitto.port, STATE)
        await until(lambda: late.heard == [(STATE, b"right", True)])
        assert guard.repaired == 2
        # its own words in quick succession are no forgery, if all of them are heard before it looks
        await guard.stop()
        received = broker.received
        for number in range(200):
            broker.keep(STATE, b"%d" % number)
        await until(lambda: other.last(STATE) == b"199")
        await until(lambda: broker.received - received >= 200 * is_told_its_own)
        assert guard.repair(time.monotonic() + LONGEST_PAUSE) == 0
        late.close()
        other.close()


async def test_the_embedded_broker_is_put_right_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(guarding, "GLANCE_SECONDS", 0.2)
    monkeypatch.setattr(guarding, "ROUND_SECONDS", 0.1)
    embedded = EmbeddedBroker(free_port())
    await embedded.start()
    try:
        async with guarded(embedded.where, "izba-one", b"right", is_thorough=False) as (broker, guard):
            other = Other(embedded.port, "izba/#")
            for number in range(50):  # its own words are no forgery
                broker.keep(OURS.room_light("ZW-01"), b"%d" % number)
                await asyncio.sleep(0.02)
            assert guard.repaired == 0
            for forged in (b"forged", b""):
                await until(lambda: other.last(STATE) == b"right")
                other.say(STATE, forged, retain=True)
                await until(lambda forged=forged: (STATE, forged, False) in other.heard)  # type: ignore[misc]
            await until(lambda: other.last(STATE) == b"right")
            other.close()
    finally:
        await embedded.stop()


async def test_two_with_one_prefix_do_not_shout_at_each_other(
    mosquitto: Mosquitto, monkeypatch: pytest.MonkeyPatch
) -> None:
    pause, repair = 0.04, Guard.repair
    repaired: dict[Guard, list[float]] = {}

    def noted(self: Guard, now: float) -> int:
        done = repair(self, now)
        repaired.setdefault(self, []).extend([now] * done)
        return done

    monkeypatch.setattr(Guard, "repair", noted)
    monkeypatch.setattr(guarding, "ROUND_SECONDS", 0.02)
    monkeypatch.setattr(guarding.Dispute.__init__, "__defaults__", (pause, 0, True))
    where = addresses(mosquitto.url)
    other = Other(mosquitto.port, STATE)
    async with guarded(where, "izba-one", b"one") as (_, first), guarded(where, "izba-two", b"two") as (_, second):
        await until(lambda: min(first.repaired, second.repaired) >= 7, 60)  # they did disagree
    for moments in (repaired[first], repaired[second]):
        gaps = [later - earlier for earlier, later in pairwise(moments)]
        assert all(gap > pause * 2**turn - 0.001 for turn, gap in enumerate(gaps)), gaps
    assert len(other.heard) <= 2 + first.repaired + second.repaired, "each said it once of itself"
    other.close()


async def test_a_flood_of_forgeries_causes_no_storm(mosquitto: Mosquitto) -> None:
    async with guarded(addresses(mosquitto.url), "izba-one", b"right") as (broker, guard):
        other = Other(mosquitto.port)
        published, began, number = broker.published, time.monotonic(), 0
        while time.monotonic() - began < 3 or number <= 20:
            number += 1
            other.say(STATE, f"forged {number}", retain=True)
            await asyncio.sleep(0.01)
        took = time.monotonic() - began
        earliest = [ROUND_SECONDS + FIRST_PAUSE * (2**turn - 1) for turn in range(10)]  # 1, 3, 7 … seconds
        assert broker.published - published <= sum(moment <= took for moment in earliest)
        await until(lambda: not guard.disputes[STATE].is_wrong)
        other.close()


@pytest.fixture
async def room(database: Database) -> Room:
    room = await make_room(code="ZW-01")
    await make_panel(code="ZW-01-door", room=room, languages="pl")
    return room


async def test_all_that_leaves_is_guarded(room: Room, mosquitto: Mosquitto) -> None:
    """Also what was forged while nobody was there; and an old door of ours that hangs nowhere any more is cleared."""
    mine = (STATE, OURS.room_light("ZW-01"), OURS.panel_state("ZW-01-door"), OURS.status)
    old, foreign, unknown = OURS.panel_state("gone"), OURS.panel_state("foreign"), OURS.room_state("elsewhere")
    told = {"panel": "gone", "state": "free", "as_of": (datetime.now(UTC) - timedelta(days=9)).isoformat()}
    signed = {**told, "signature": signature(told, panel_key(SECRET.encode(), "gone"))}
    other = Other(mosquitto.port, "izba/#")
    for topic in (*mine, unknown):
        other.say(topic, b"forged", retain=True)
    for topic in (old, foreign):
        other.say(topic, json.dumps(signed), retain=True)
    began = now()
    devices = Devices(url=mosquitto.url, secret_key=SECRET, clock=lambda: began)  # at midnight a door looks different
    await devices.start()
    try:
        await until(lambda: all(other.last(topic) not in (None, b"forged") for topic in mine))
        await until(lambda: other.last(old) == b"")
        right = {topic: other.last(topic) for topic in mine}
        for topic in mine:
            other.say(topic, b"forged", retain=True)
            await until(lambda topic=topic: (topic, b"forged", False) in other.heard)  # type: ignore[misc]
        await until(lambda: {topic: other.last(topic) for topic in mine} == right)
        assert (other.last(unknown), json.loads(other.last(foreign) or b"")) == (b"forged", signed)
        assert devices.metrics()["topics_put_right_total"] == len(mine) + 1
        assert devices.inbox() == [], "what is ours is no unknown device"
    finally:
        await devices.stop()
        other.close()
