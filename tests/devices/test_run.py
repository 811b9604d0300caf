"""The whole devices layer on a real broker and a real register: sensor to door, taps, a broker that goes and comes."""

import asyncio
import json
import threading
import time
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from tortoise.context import TortoiseContext

from config.checks import checks
from devices import doors, run
from devices.device_table import DeviceEntry
from devices.doors import panel_key, signature
from devices.run import DeviceLayer
from devices.topics import Topics
from registry.bookings.models import Booking, Status
from registry.bookings.readings import record_readings
from registry.core import events
from registry.core.clock import SteadyClock
from registry.core.errors import Unavailable
from registry.core.history import Actor
from registry.devices.actions import amend, bind
from registry.devices.models import Device, Sensing, Watch
from registry.devices.queries import door_panels, watch
from registry.rooms.lock import changing
from registry.rooms.models import Room, Visibility
from tests.conftest import Database
from tests.devices.broker.test_connection import Other, free_pair, until
from tests.make import NOW, make_booking, make_device, make_panel, make_room
from tests.servers import Mosquitto

# what is asked and written here is tested on both where it is at home; a few walk the whole way on both
pytestmark = [pytest.mark.anyio, pytest.mark.databases("sqlite")]
on_both = pytest.mark.databases("sqlite", "postgres")
OURS = Topics()
SECRET = "s" * 32
BOSS = Actor(name="facilities", source="api")


@pytest.fixture
async def room(database: Database) -> Room:
    room = await make_room(code="ZW-01", check_in=True, panel_books=True)
    await make_device(code="ZW-01-occ", room=room, sensing=Sensing.MMWAVE, hold_seconds=300)
    await make_panel(code="ZW-01-door", room=room, languages="pl,en")
    return room


@pytest.fixture
async def devices(room: Room, mosquitto: Mosquitto) -> AsyncIterator[DeviceLayer]:
    running = DeviceLayer(url=mosquitto.url, secret_key=SECRET, families=["zigbee2mqtt", "nonsense"])
    await running.start()
    try:
        assert await running.wait_until_connected()
        await is_heard()
        yield running
    finally:
        await running.stop()


async def is_heard() -> None:
    """Until the register knows that sensors are heard: what one said before counts for nothing."""
    end = time.monotonic() + 30
    while (await watch()).since is None:
        assert time.monotonic() < end, "the broker is never heard"
        await asyncio.sleep(0.01)


@pytest.fixture
async def door(mosquitto: Mosquitto, devices: DeviceLayer) -> AsyncIterator[Other]:
    other = Other(mosquitto.port, "izba/#")
    yield other
    other.close()


def last_json(other: Other, topic: str) -> dict[str, Any]:
    payload = other.last(topic)
    return json.loads(payload) if payload else {}


@on_both
async def test_a_reading_changes_the_retained_state_within_a_second(door: Other, room: Room) -> None:
    state = OURS.room_state("ZW-01")
    await until(lambda: last_json(door, state))
    assert set(last_json(door, state)) == {
        "room", "state", "occupancy", "until", "next_starts_at", "ready", "revision", "as_of",
    }  # fmt: skip
    assert last_json(door, state)["occupancy"] == "unknown"
    took = []
    while not took or took[-1] >= 1 and len(took) < 10:  # once more, if the machine was busy with something else
        door.say(OURS.reading("ZW-01-occ"), '{"occupied": true, "tamper": true}')
        await until(lambda: last_json(door, state)["occupancy"] == "unknown")
        began = time.monotonic()
        door.say(OURS.reading("ZW-01-occ"), '{"occupied": true}')
        await until(lambda: last_json(door, state)["occupancy"] == "occupied")
        took.append(time.monotonic() - began)
    assert took[-1] < 1, took
    assert last_json(door, state)["state"] == "in_use_unbooked"
    await until(lambda: door.last(OURS.room_light("ZW-01")) == b"busy")
    fresh = await Room.get(id=room.id)
    await until(lambda: last_json(door, state)["revision"] == fresh.revision)


async def test_the_panel_is_signed_and_retained(door: Other, devices: DeviceLayer, mosquitto: Mosquitto) -> None:
    topic = OURS.panel_state("ZW-01-door")
    await until(lambda: last_json(door, topic))
    state = last_json(door, topic)
    mark = state.pop("signature")
    assert mark == signature(state, panel_key(SECRET.encode(), "ZW-01-door"))
    assert mark != signature({**state, "state": "free!"}, panel_key(SECRET.encode(), "ZW-01-door"))
    assert set(state["texts"]) == {"pl", "en"}
    assert {"panel", "state", "until", "booking", "actions", "day", "revision", "as_of"} <= set(state)
    late = Other(mosquitto.port, topic)
    await until(lambda: late.heard)
    assert late.heard[0][2], "it is retained"
    late.close()


@on_both
async def test_a_tap_books_once_and_answers_the_same_each_time(door: Other, room: Room) -> None:
    await until(lambda: last_json(door, OURS.room_state("ZW-01")))
    tap = json.dumps({"id": "tap-1", "command": "book", "minutes": 15})
    for _ in range(3):
        door.say(OURS.panel_command("ZW-01-door"), tap)
    reply = OURS.panel_reply("ZW-01-door")
    await until(lambda: len([1 for topic, *_ in door.heard if topic == reply]) == 3)
    assert last_json(door, reply) == {"id": "tap-1", "ok": True}
    assert (await Device.get(code="ZW-01-door")).heard_at, "who taps is there"
    assert await Booking.filter(room_id=room.id).count() == 1
    await until(lambda: last_json(door, OURS.room_state("ZW-01"))["state"] == "in_use")
    door.say(OURS.panel_command("ZW-01-door"), json.dumps({"id": "tap-2", "command": "book", "minutes": 15}))
    await until(lambda: last_json(door, reply)["id"] == "tap-2")
    answer = last_json(door, reply)
    assert (answer["ok"], answer["code"]) == (False, "booking.overlap")
    assert answer["text"]
    state = last_json(door, OURS.panel_state("ZW-01-door"))
    for number, name in enumerate((None, "f" * 24), 3):
        tap = {"id": f"tap-{number}", "command": "end", "booking": name}
        door.say(OURS.panel_command("ZW-01-door"), json.dumps(tap))
        await until(lambda tap=tap: last_json(door, reply)["id"] == tap["id"])
        assert (last_json(door, reply)["ok"], last_json(door, reply)["code"]) == (False, "door.other_booking")
    tap = {"id": "tap-5", "command": "end", "booking": state["booking"], "revision": state["revision"]}
    door.say(OURS.panel_command("ZW-01-door"), json.dumps(tap))
    await until(lambda: last_json(door, reply)["id"] == "tap-5")
    assert last_json(door, reply) == {"id": "tap-5", "ok": True}
    door.say(OURS.panel_command("ZW-01-door"), json.dumps({"id": "tap-6", "command": "undo"}))
    await until(lambda: last_json(door, reply)["id"] == "tap-6")
    assert last_json(door, reply) == {"id": "tap-6", "ok": True}


@pytest.mark.parametrize(
    ("panel", "payload", "code"),
    [
        ("ZW-01-door", "{", "panel.bad_command"),
        ("ZW-01-door", "[]", "panel.bad_command"),
        ("ZW-01-door", '{"command": "book"}', "panel.bad_command"),
        ("ZW-01-door", '{"id": "1", "command": "book", "minutes": true}', "panel.bad_command"),
        ("ZW-01-door", '{"id": "1", "command": "book", "minutes": 15, "kind": 7}', "panel.bad_command"),
        ("ZW-01-door", '{"id": "1", "command": "demolish"}', "panel.bad_command"),
        ("ZW-99-door", '{"id": "1", "command": "end"}', "panel.unknown"),
        ("ZW-01-occ", '{"id": "1", "command": "end"}', "panel.unknown"),
        ("ZW-01-door", '{"id": "1", "command": "end"}', "door.other_booking"),
        ("ZW-01-door", '{"id": "1", "command": "end", "booking": 7}', "panel.bad_command"),
        ("ZW-01-door", '{"id": "1", "command": "end", "revision": "7"}', "panel.bad_command"),
        ("ZW-01-door", '{"id": "1", "command": "end", "proof": 4711}', "panel.bad_command"),
    ],
)
async def test_what_cannot_be_done_is_answered(door: Other, panel: str, payload: str, code: str) -> None:
    door.say(OURS.panel_command(panel), payload)
    await until(lambda: last_json(door, OURS.panel_reply(panel)))
    assert last_json(door, OURS.panel_reply(panel))["code"] == code


async def test_a_kept_command_is_no_tap(devices: DeviceLayer, mosquitto: Mosquitto, room: Room) -> None:
    await devices.broker.stop()
    other = Other(mosquitto.port, "izba/panels/+/reply")
    tap = json.dumps({"id": "old", "command": "book", "minutes": 15})
    other.say(OURS.panel_command("ZW-01-door"), tap, retain=True)
    await devices.broker.start()
    assert await devices.wait_until_connected()
    other.say(OURS.panel_command("ZW-01-door"), '{"id": "new", "command": "end"}')
    await until(lambda: other.heard)
    assert [json.loads(payload)["id"] for _, payload, _ in other.heard] == ["new"], "it comes behind the kept one"
    assert not await Booking.exists()
    other.close()


async def test_an_mqtt_5_panel_is_answered_where_it_asked(devices: DeviceLayer, mosquitto: Mosquitto) -> None:
    import paho.mqtt.client as mqtt
    from paho.mqtt.packettypes import PacketTypes
    from paho.mqtt.properties import Properties

    answers: list[Any] = []
    listens = threading.Event()
    panel = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2, protocol=mqtt.MQTTv5)
    panel.on_message = lambda _c, _u, message: answers.append(message)
    panel.on_connect = lambda c, *_: c.subscribe("answers/to/me", 1)
    panel.on_subscribe = lambda *_: listens.set()
    panel.connect("127.0.0.1", mosquitto.port)
    panel.loop_start()
    await until(listens.is_set)
    reply, state = OURS.panel_reply("ZW-01-door"), OURS.room_state("ZW-01")
    own = Other(mosquitto.port, reply, state)
    for response_topic, is_answered in (("answers/to/me", lambda: answers), (state, lambda: own.last(reply))):
        asks: Any = Properties(PacketTypes.PUBLISH)
        asks.ResponseTopic, asks.CorrelationData = response_topic, b"mark"
        panel.publish(OURS.panel_command("ZW-01-door"), b'{"id": "x", "command": "end"}', 1, properties=asks)
        await until(is_answered)
    states = [json.loads(payload) for topic, payload, _ in own.heard if topic == state]
    assert not any("id" in one for one in states), "nobody may speak in our name"
    assert len(answers) == 1
    assert answers[0].properties.CorrelationData == b"mark"
    assert json.loads(answers[0].payload)["id"] == "x"
    panel.disconnect()
    panel.loop_stop()
    own.close()


@on_both
async def test_a_broker_that_goes_and_comes_releases_nothing(
    devices: DeviceLayer, door: Other, room: Room, mosquitto: Mosquitto
) -> None:
    now = datetime.now(UTC)
    booking = await make_booking(now - timedelta(minutes=30), room=room, status=Status.CHECKED_IN)
    await Room.filter(id=room.id).update(no_show_minutes=5, vacant_minutes=5)
    door.say(OURS.reading("ZW-01-occ"), '{"occupied": false}')
    await until(lambda: devices.readings.recorded)
    mosquitto.stop()
    await until(lambda: not devices.is_connected)
    await _occupancy(room, "unknown")
    await asyncio.sleep(1)
    assert (await Booking.get(id=booking.id)).status is Status.CHECKED_IN
    mosquitto.start()
    assert await devices.wait_until_connected()
    back = Other(mosquitto.port, OURS.room_state("ZW-01"))
    await until(lambda: last_json(back, OURS.room_state("ZW-01")))
    back.say(OURS.reading("ZW-01-occ"), '{"occupied": true}')
    await until(lambda: last_json(back, OURS.room_state("ZW-01"))["occupancy"] == "occupied")
    back.close()


async def _occupancy(room: Room, occupancy: str) -> None:
    end = time.monotonic() + 30
    while (await Room.get(id=room.id)).occupancy != occupancy:
        assert time.monotonic() < end
        await asyncio.sleep(0.02)


async def test_an_older_state_never_follows_a_newer(devices: DeviceLayer, door: Other, room: Room) -> None:
    topic = OURS.room_state("ZW-01")
    await until(lambda: last_json(door, topic))
    devices.doors._published[room.id] = 10_000
    published = devices.doors.rooms_published
    await devices.doors.publish_room(room.id)
    assert devices.doors.rooms_published == published
    del devices.doors._published[room.id]


async def test_an_older_event_after_a_newer_does_not_take_its_place(devices: DeviceLayer, room: Room) -> None:
    for revision in (10_001, 10_000):  # from two processes
        devices.doors._changed(events.RoomChanged(room.id, revision))
    assert devices.doors._announced[room.id] == 10_001


async def test_what_is_the_same_is_not_published_again(devices: DeviceLayer, room: Room) -> None:
    def published() -> tuple[int, int]:
        return devices.doors.rooms_published, devices.doors.panels_published

    await until(lambda: devices.doors.rooms_published)
    for _ in range(10):  # what the connect caused may come between
        before = published()
        await devices.doors.publish_room(room.id)
        if published() == before:
            return
        await asyncio.sleep(0.3)
    raise AssertionError("it is published each time")


async def test_what_happens_on_another_day_is_told_by_the_pass(devices: DeviceLayer, door: Other, room: Room) -> None:
    await until(lambda: last_json(door, OURS.room_state("ZW-01")))
    async with changing(room.id) as change:
        change.announce(change.room, is_near=False)
        await change.room.save(update_fields=["revision"])
        fresh = change.room.revision
    dirty = set(devices.doors._dirty)
    devices.doors._changed(events.RoomChanged(room.id, fresh, is_near=False))
    assert devices.doors._dirty == dirty
    await devices.doors._repair()
    await until(lambda: last_json(door, OURS.room_state("ZW-01"))["revision"] >= fresh)


@on_both
async def test_a_pass_by_revision_repairs_what_was_left_unpublished(
    devices: DeviceLayer, door: Other, room: Room
) -> None:
    await until(lambda: last_json(door, OURS.room_state("ZW-01")))
    handlers, events._handlers.value[:] = list(events._handlers.value), []  # the event is lost
    device = await Device.get(code="ZW-01-occ")
    from registry.devices.occupancy import Reading

    now = datetime.now(UTC)
    await record_readings([Reading(device.id, now, occupied=True)], now)
    events._handlers.value[:] = handlers
    await devices.doors._repair()
    await until(lambda: last_json(door, OURS.room_state("ZW-01"))["occupancy"] == "occupied")
    for _ in range(400):  # the state is on the broker a little before its doors are, and a room is marked after both
        await devices.doors._repair()
        fresh = await Room.get(id=room.id)
        if fresh.published == fresh.revision:
            return
        await asyncio.sleep(0.05)
    raise AssertionError(f"published {fresh.published} of {fresh.revision}")


async def test_a_panel_that_moves_is_told_its_new_room(devices: DeviceLayer, door: Other) -> None:
    topic = OURS.panel_state("ZW-01-door")
    await until(lambda: last_json(door, topic))
    other = await make_room(number="77")
    panel = await Device.get(code="ZW-01-door")
    panel.room = other
    await panel.save()
    await events.dispatch([events.DeviceChanged(panel.id)])
    await until(lambda: last_json(door, topic)["number"] == "77")
    panel.room_id = None
    await panel.save()
    await events.dispatch([events.DeviceChanged(panel.id)])
    await until(lambda: door.last(topic) == b"")


async def test_what_was_retained_while_izba_was_away_is_put_right_at_its_start(
    room: Room, mosquitto: Mosquitto
) -> None:
    """A forged state, and what a panel showed that hangs nowhere any more."""
    await make_panel(code="gone", room=None)
    forged = [OURS.room_state("ZW-01"), OURS.room_light("ZW-01"), OURS.panel_state("ZW-01-door"), OURS.status]
    other = Other(mosquitto.port, "izba/#")
    for topic in (*forged, OURS.panel_state("gone")):
        other.say(topic, b'{"state": "forged"}', retain=True)
    devices = DeviceLayer(url=mosquitto.url, secret_key=SECRET)
    await devices.start()
    try:
        await until(lambda: all(b"forged" not in (other.last(topic) or b"forged") for topic in forged))
        await until(lambda: other.last(OURS.panel_state("gone")) == b"")
        late = Other(mosquitto.port, "izba/#")
        await until(lambda: {topic for topic, _, is_retained in late.heard if is_retained} == set(forged))
        late.close()
        assert devices.inbox() == [], "what is ours is no unknown device"
    finally:
        await devices.stop()
        other.close()


async def test_panels_that_the_database_hid_for_a_moment_are_read_later(
    devices: DeviceLayer, door: Other, room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    await until(lambda: last_json(door, OURS.panel_state("ZW-01-door")))
    faults = iter([OSError("the database is away")])

    async def fails_once() -> list[Device]:
        for fault in faults:
            raise fault
        return await door_panels()

    monkeypatch.setattr(doors, "door_panels", fails_once)
    panel = await make_panel(code="ZW-01-door-2", room=room)
    await events.dispatch([events.DeviceChanged(panel.id)])
    await until(lambda: last_json(door, OURS.panel_state("ZW-01-door-2")))


async def test_readings_that_repeat_themselves_publish_and_derive_nothing(
    devices: DeviceLayer, door: Other, room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    door.say(OURS.reading("ZW-01-occ"), '{"occupied": true, "battery": 80}')
    await until(lambda: last_json(door, OURS.room_state("ZW-01")).get("occupancy") == "occupied")
    await until(lambda: not devices.doors._dirty)
    rooms: list[int] = []

    async def counts(room_id: int) -> None:
        rooms.append(room_id)

    monkeypatch.setattr(devices.doors, "publish_room", counts)
    unchanged, recorded = devices.readings.unchanged, devices.readings.recorded
    for _ in range(50):
        door.say(OURS.reading("ZW-01-occ"), '{"occupied": true, "battery": 80}')
    await until(lambda: devices.readings.unchanged + devices.readings.recorded >= unchanged + recorded + 50)
    assert devices.readings.recorded - recorded <= 1, "on a slow machine once, for its age"
    assert rooms == []


async def test_a_confidential_door_says_no_more_than_it_may(mosquitto: Mosquitto, database: Database) -> None:
    room = await make_room(code="PP-03", visibility=Visibility.CONFIDENTIAL)
    await make_panel(code="PP-03-door", room=room)
    await make_booking(datetime.now(UTC) + timedelta(minutes=5), room=room, title="KANAREK")
    devices = DeviceLayer(url=mosquitto.url, secret_key=SECRET)
    await devices.start()
    other = Other(mosquitto.port, "#")
    try:
        await until(lambda: other.last(OURS.panel_state("PP-03-door")))
        await until(lambda: other.last(OURS.room_state("PP-03")))
        assert last_json(other, OURS.room_state("PP-03"))["next_starts_at"] is None
        assert not any(b"KANAREK" in payload for _, payload, _ in other.heard)
    finally:
        other.close()
        await devices.stop()


@pytest.mark.parametrize("visibility", [Visibility.CONFIDENTIAL, Visibility.HIDDEN])
async def test_no_topic_tells_that_a_visit_was_booked(
    mosquitto: Mosquitto, database: Database, visibility: Visibility, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(doors, "REPAIR_SECONDS", 3600)
    room = await make_room(code="PP-07", visibility=visibility)
    await make_panel(code="PP-07-door", room=room)
    now = NOW.replace(minute=20)  # and stays: what changes with the minute or at midnight is told for itself
    devices = DeviceLayer(url=mosquitto.url, secret_key=SECRET, clock=lambda: now)
    await devices.start()
    other = Other(mosquitto.port, "izba/rooms/#", "izba/panels/#")
    state, panel = OURS.room_state("PP-07"), OURS.panel_state("PP-07-door")
    try:
        await until(lambda: other.last(state) and other.last(panel))
        before = [last_json(other, topic)["revision"] for topic in (state, panel)]
        assert all(isinstance(number, int) for number in before)
        other.heard.clear()
        await make_booking(now + timedelta(days=2), room=room)
        async with changing(room.id):
            pass
        await until(lambda: devices.doors._marks.get(room.id) == 1)
        await devices.doors._repair()
        await asyncio.sleep(0.2)
        assert other.heard == []
        booking = await make_booking(now - timedelta(minutes=1), room=room, status=Status.CHECKED_IN)
        async with changing(room.id):
            pass
        await until(lambda: other.last(state) and other.last(panel))
        assert (last_json(other, state)["state"], last_json(other, panel)["state"]) == ("in_use", "busy")
        assert all(last_json(other, topic)["revision"] > n for topic, n in zip((state, panel), before, strict=True))
        ends = f"{booking.ends_at.astimezone(ZoneInfo('Europe/Warsaw')):%H:%M}"
        assert (ends in str(other.heard)) is (visibility is Visibility.CONFIDENTIAL)
    finally:
        other.close()
        await devices.stop()


async def test_a_room_that_cannot_be_told_keeps_no_other_waiting(
    devices: DeviceLayer, door: Other, room: Room, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    slash = await make_room(code="A/1")
    panel = await make_panel(code="A-1-door", room=slash)
    bad, others = await make_room(), [await make_room() for _ in range(20)]
    publish, tried = devices.doors.publish_room, []

    async def fails_for_one(room_id: int) -> None:
        if room_id == bad.id:
            tried.append(room_id)
            raise OSError("this room's page of the database is broken")
        await publish(room_id)

    monkeypatch.setattr(devices.doors, "publish_room", fails_for_one)
    for one in (bad, slash, *others):
        await events.dispatch([events.RoomChanged(one.id, 0)])
    await events.dispatch([events.DeviceChanged(panel.id)])
    await until(lambda: all(door.last(OURS.room_state(one.code)) for one in others))
    await until(lambda: last_json(door, OURS.panel_state("A-1-door")))
    await until(lambda: len(tried) > 2)
    await devices.doors.stop()  # it would take some of them
    devices.doors._dirty = {bad.id, *(one.id for one in others)}
    with pytest.raises(OSError, match="broken"):
        await devices.doors._work()
    assert devices.doors._dirty == {bad.id}, "all others had their turn"
    assert caplog.text.count("could not be published") == 1
    assert caplog.text.count("can be no topic") == 1


async def test_it_starts_without_a_broker_and_counts(room: Room, mosquitto: Mosquitto) -> None:
    mosquitto.stop()
    devices = DeviceLayer(url=mosquitto.url, secret_key=SECRET)
    await devices.start()
    try:
        assert not await devices.wait_until_connected(0.3)
        mosquitto.start()
        assert await devices.wait_until_connected()
        other = Other(mosquitto.port, "izba/status")
        await until(lambda: other.last("izba/status") == b"online")
        other.say("izba/devices/stranger/reading", '{"occupied": true}')
        other.say("izba/devices/stranger/reading", b"\xff\xff")
        await until(lambda: devices.inbox())
        await until(lambda: devices.metrics()["readings_refused_total"] == 1)
        assert devices.inbox()[0]["device"] == "stranger"
        assert devices.metrics()["mqtt_connected"] == 1
        other.close()
    finally:
        await devices.stop()
    assert not devices.is_connected


async def test_readiness_names_a_refusal_and_no_secret(room: Room, mosquitto: Mosquitto) -> None:
    settings = mosquitto.home / "mosquitto.conf"
    settings.write_text(settings.read_text().replace("allow_anonymous true", "allow_anonymous false"))
    mosquitto.stop()
    mosquitto.start()
    devices = DeviceLayer(url=f"mqtt://izba:s3cret@127.0.0.1:{mosquitto.port}", secret_key=SECRET)
    await devices.start()
    try:
        await until(lambda: devices.refusal)
        with pytest.raises(Unavailable) as refused:
            await checks(TortoiseContext(), devices)["broker"]()
        assert refused.value.code == "broker.refuses"
        assert "s3cret" not in str(refused.value)
        assert str(mosquitto.port) in str(refused.value)
    finally:
        await devices.stop()


def listeners() -> int:
    """Who listens to what happens in the register, but for caches, which begin when they are first asked."""
    return len([one for one in events._handlers.value if not one.__qualname__.startswith("Cache.")])


async def test_a_start_that_fails_in_the_middle_leaves_nothing_behind(
    room: Room, mosquitto: Mosquitto, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    devices = DeviceLayer(url=mosquitto.url, secret_key=SECRET)
    handlers, tasks = listeners(), asyncio.all_tasks()

    async def fails() -> None:
        raise OSError("the database is just being restarted")

    with monkeypatch.context() as broken:
        broken.setattr(devices.presence, "start", fails)
        broken.setattr(devices.commands, "stop", fails)
        with pytest.raises(OSError, match="restarted"):
            await devices.start()
    assert not devices.leads
    broker_answers = checks(TortoiseContext(), devices)["broker"]
    with pytest.raises(Unavailable):
        await broker_answers()
    assert "PanelCommands did not stop as it should" in caplog.text
    assert listeners() == handlers
    assert asyncio.all_tasks() == tasks
    await devices.start()
    try:
        assert await devices.wait_until_connected()
        await broker_answers()
    finally:
        await devices.stop()
    await broker_answers()  # another process leads now


async def test_a_part_that_hangs_keeps_no_stop_waiting(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run, "STOP_SECONDS", 0.0)
    monkeypatch.setattr(run, "LEAST_SECONDS", 1.0)
    port = free_pair()
    devices = DeviceLayer(url="shown", secret_key=SECRET, embedded_port=port)
    await devices.start()
    stop = devices.readings.stop

    async def hangs() -> None:
        await stop()
        await asyncio.Event().wait()  # the database does not answer

    monkeypatch.setattr(devices.readings, "stop", hangs)
    async with asyncio.timeout(60):
        await devices.stop()
    devices.claim_ports()  # what comes after it was stopped


async def test_leading_may_end_and_begin_again(devices: DeviceLayer, door: Other) -> None:
    for _ in range(2):
        await devices.stop()
        await devices.stop()
        assert not devices.leads
        await until(lambda: door.last("izba/status") == b"offline")
        await devices.start()
        assert await devices.wait_until_connected()
        await until(lambda: door.last("izba/status") == b"online")
    handlers = listeners()
    door.say(OURS.reading("ZW-01-occ"), '{"occupied": true}')
    await until(lambda: last_json(door, OURS.room_state("ZW-01"))["occupancy"] == "occupied")
    assert listeners() == handlers == 2


async def test_the_embedded_broker_with_simulated_sensors(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run, "STOP_SECONDS", 120)  # so that a part which hangs is told from a busy machine
    port = free_pair()
    devices = DeviceLayer(url="shown", secret_key=SECRET, embedded_port=port, simulator=True)
    devices.claim_ports()
    await devices.start()
    try:
        with pytest.raises(Unavailable):
            DeviceLayer(url="", secret_key=SECRET, embedded_port=port).claim_ports()
        other = Other(port, "izba/#")
        await until(lambda: other.last(OURS.reading("ZW-01-occ")))
        await until(lambda: last_json(other, OURS.room_state("ZW-01")).get("revision"))
        other.close()
    finally:
        async with asyncio.timeout(60):
            await devices.stop()
    devices.claim_ports()


@on_both
async def test_while_the_clock_is_doubted_nothing_that_sensors_said_is_believed(database: Database) -> None:
    walls = [NOW]
    clock = SteadyClock(lambda: walls[-1], lambda: 0.0)
    devices = DeviceLayer(url="mqtt://127.0.0.1:1", secret_key=SECRET, clock=clock)
    devices._listen(NOW)
    await devices.readings._work()
    assert (await Watch.get(id=1)).since == NOW
    walls.append(NOW + timedelta(hours=1))
    clock()
    await devices.readings._work()
    assert (await Watch.get(id=1)).since is None
    devices._listen(NOW)  # a broker that comes back meanwhile
    await devices.readings._work()
    assert (await Watch.get(id=1)).since is None
    walls.append(NOW)
    clock()
    await devices.readings._work()
    assert (await Watch.get(id=1)).since is None, "the broker is not heard"
    devices.broker.connected = True
    devices._doubt(False, NOW)
    await devices.readings._work()
    assert (await Watch.get(id=1)).since == NOW


# devices of other makers


@pytest.mark.parametrize(
    ("address", "keys", "yes", "no"),
    [
        ("office/hall/pir", None, '{"occupied": true}', '{"occupied": false}'),
        ("office/hall/pir", None, "ON", "OFF"),
        ("/room1/motion", None, "ON", "OFF"),
        ("espresense/rooms/hall", None, "ON", "OFF"),
        (
            "tele/hall/SENSOR",
            {"occupancy": "LD2410.Out_pin"},
            '{"LD2410": {"Out_pin": 1}}',
            '{"LD2410": {"Out_pin": 0}}',
        ),
        ("office/hall/x", {"occupancy": "."}, "1", "0"),
        ("office/hall/count", {"people": "."}, "2", "0"),
    ],
)
@on_both
async def test_a_generic_device_is_heard_from_the_moment_it_is_bound(
    devices: DeviceLayer, mosquitto: Mosquitto, room: Room, address: str, keys: dict[str, str] | None, yes: str, no: str
) -> None:
    device = await bind("gen-1", "generic", address, Sensing.PIR, BOSS, NOW, room_id=room.id, value_keys=keys)
    await until_subscribed(devices, address)
    other = Other(mosquitto.port)
    for payload, occupied in ((yes, True), (no, False)):
        other.say(address, payload)
        await until_stored(device, occupied)
    other.close()
    assert devices.broker.refusal == ""


async def until_subscribed(devices: DeviceLayer, address: str) -> None:
    """Until the broker has answered: what is said before reaches nobody."""
    await until(lambda: address in devices.broker._filters and not devices.broker._asked)


async def until_stored(device: Device, occupied: bool) -> None:
    while (await Device.get(id=device.id)).occupied is not occupied:
        await asyncio.sleep(0.02)


async def test_a_generic_device_is_heard_after_a_restart_and_never_twice(
    devices: DeviceLayer, mosquitto: Mosquitto, room: Room
) -> None:
    """On a topic that Izba hears anyway, a second filter would bring each message twice."""
    for code, address in (("gen-1", "office/hall/pir"), ("gen-2", "zigbee2mqtt/hall")):
        await bind(code, "generic", address, Sensing.PIR, BOSS, NOW, room_id=room.id)
    await until_subscribed(devices, "office/hall/pir")
    assert "zigbee2mqtt/hall" not in devices.broker._filters
    mosquitto.stop()
    await until(lambda: not devices.is_connected)
    mosquitto.start()
    await until(lambda: devices.is_connected)
    other = Other(mosquitto.port)
    for code, address in (("gen-1", "office/hall/pir"), ("gen-2", "zigbee2mqtt/hall")):
        other.say(address, '{"occupied": true}')
        await until_stored(await Device.get(code=code), True)
    assert devices.readings.messages == 2
    other.close()


async def test_a_generic_device_that_was_bound_elsewhere_is_not_heard_at_its_former_topic(
    devices: DeviceLayer, room: Room
) -> None:
    device = await bind("gen-1", "generic", "office/a", Sensing.PIR, BOSS, NOW, room_id=room.id)
    await until(lambda: "office/a" in devices.broker._filters)
    await amend(device.id, {"address": "office/b"}, BOSS, NOW)
    await until(lambda: "office/b" in devices.broker._filters)
    assert "office/a" not in devices.broker._filters


async def test_a_key_that_only_the_operator_knows_is_read_of_a_zigbee_device_too(
    devices: DeviceLayer, mosquitto: Mosquitto, room: Room
) -> None:
    keys = {"occupancy": "zone_a_taken"}
    device = await bind("zig-1", "zigbee2mqtt", "hall", Sensing.MMWAVE, BOSS, NOW, room_id=room.id, value_keys=keys)
    other = Other(mosquitto.port)
    await until(lambda: len(devices.readings.table) == 3)
    other.say("zigbee2mqtt/hall", '{"zone_a_taken": true}')
    await until_stored(device, True)
    other.close()


@pytest.mark.parametrize(
    ("payload", "reason"),
    [
        (b'{"occupied":true}\0', "NUL"),
        (b'{"occupied":true,"people":NaN}', "NaN"),
        (b'{"occupied":"perhaps"}', "perhaps"),
    ],
)
async def test_why_a_known_device_is_refused_is_kept_with_its_time(
    devices: DeviceLayer, door: Other, payload: bytes, reason: str
) -> None:
    door.say(OURS.reading("ZW-01-occ"), payload)
    device = await Device.get(code="ZW-01-occ")
    while not device.refusal:
        await asyncio.sleep(0.02)
        device = await Device.get(code="ZW-01-occ")
    assert reason in device.refusal
    assert device.refused_at is not None


async def test_a_device_that_is_refused_again_and_again_costs_a_write_now_and_then() -> None:
    entry = DeviceEntry(1, "a", "presence", "native", "", None, None, None, None, "")
    news = [entry.is_refusal_news(f"duplicate key {second}", float(second)) for second in range(100, 160)]
    assert news.count(True) == 6
    assert [entry.is_refusal_news("duplicate key 150", at) for at in (160.0, 209.0, 210.0)] == [False, False, True]


@pytest.mark.parametrize(
    ("topic", "payload"),
    [("zigbee2mqtt/shelly10", '{"zone_x": 1}'), ("zigbee2mqtt/floor2/fp2", '{"Zone A": "someone", "linkquality": 3}'),
     ("izba/devices/new-one/reading", '{"hall": 1}')],
)  # fmt: skip
async def test_a_device_whose_keys_nobody_understands_is_in_the_inbox(
    devices: DeviceLayer, door: Other, topic: str, payload: str
) -> None:
    door.say(topic, payload)
    await until(lambda: devices.inbox())
    (row,) = devices.inbox()
    assert (row["topic"], row["understood"], row["payloads"]) == (topic, False, [payload])
    assert row["device"] in topic
    assert devices.metrics()["readings_ignored_total"] == 1
    door.say("zigbee2mqtt/hall", '{"occupancy": true}')
    await until(lambda: len(devices.inbox()) == 2)
    door.say(topic, payload)
    await until(lambda: devices.metrics()["readings_ignored_total"] == 2)
    assert [one["understood"] for one in devices.inbox()] == [True, False], "those that are understood first"


async def test_what_is_no_device_stays_out_of_the_inbox(devices: DeviceLayer, door: Other) -> None:
    definitions = b'{"clusters":{"x":"%s"}}' % (b"x" * 243_541)
    for topic, payload in {
        "zigbee2mqtt/bridge/definitions": definitions, "zigbee2mqtt/bridge/info": b'{"version": "2"}',
        "zigbee2mqtt/bridge/logging": b'{"level": "info"}', "zigbee2mqtt/bridge/groups": b"[]",
        "zigbee2mqtt/bridge/extensions": b"[]", "zigbee2mqtt/hall/set": b'{"state": "ON"}',
        "izba/other/thing": b'{"a": 1}',
    }.items():  # fmt: skip
        door.say(topic, payload)
    await until(lambda: devices.readings.messages == 6)  # Izba does not even listen to the last one
    assert devices.inbox() == []
    assert devices.metrics()["readings_refused_total"] == 0


@pytest.fixture
async def networks(room: Room, mosquitto: Mosquitto) -> AsyncIterator[DeviceLayer]:
    """Izba with two Zigbee networks that were set, below one of which there is a third that was not."""
    running = DeviceLayer(
        url=mosquitto.url, secret_key=SECRET, families=["zigbee2mqtt"], bases=["zigbee2mqtt", "zigbee2mqtt_floor2"]
    )
    await running.start()
    try:
        assert await running.wait_until_connected()
        yield running
    finally:
        await running.stop()


async def test_the_devices_of_each_zigbee_network_are_heard_under_their_own_address(
    networks: DeviceLayer, mosquitto: Mosquitto, room: Room
) -> None:
    """Two sensors of one name in two networks are two sensors."""
    addresses = {"zigbee2mqtt/pir": "pir", "zigbee2mqtt_floor2/pir": "zigbee2mqtt_floor2/pir",
                 "zigbee2mqtt/floor3/pir": "floor3/pir"}  # fmt: skip
    other = Other(mosquitto.port)
    for topic in addresses:
        other.say(topic, '{"occupancy": false}')
    await until(lambda: len(networks.inbox()) == 3)
    assert {row["topic"]: row["device"] for row in networks.inbox()} == addresses
    for number, address in enumerate(addresses.values()):
        await bind(f"pir-{number}", "zigbee2mqtt", address, Sensing.PIR, BOSS, NOW, room_id=room.id)
    await until(lambda: len(networks.readings.table) == 5)
    for number, topic in enumerate(addresses):
        other.say(topic, '{"occupancy": true}')
        await until_stored(await Device.get(code=f"pir-{number}"), True)
        assert await Device.filter(occupied=True).count() == number + 1
    other.close()


@pytest.mark.parametrize("base", ["zigbee2mqtt_floor2", "zigbee2mqtt/floor3"])
async def test_a_bridge_that_dies_takes_its_own_devices_along_and_no_others(
    networks: DeviceLayer, mosquitto: Mosquitto, room: Room, base: str
) -> None:
    await bind("here", "zigbee2mqtt", "pir", Sensing.PIR, BOSS, NOW, room_id=room.id)
    there = await bind("there", "zigbee2mqtt", f"{base}/pir".removeprefix("zigbee2mqtt/"), Sensing.PIR, BOSS, NOW,
                       room_id=room.id)  # fmt: skip
    await until(lambda: len(networks.readings.table) == 4)
    other = Other(mosquitto.port)
    for topic in ("zigbee2mqtt/pir", f"{base}/pir"):
        other.say(topic, '{"occupancy": true}')
    await until_stored(await Device.get(code="here"), True)
    await until_stored(there, True)
    other.say(f"{base}/bridge/state", '{"state": "offline"}')
    while (await Device.get(code="there")).online is not False:
        await asyncio.sleep(0.02)
    assert (await Device.get(code="here")).online is not False
    assert networks.inbox() == []
    other.close()
