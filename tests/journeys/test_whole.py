"""What a user sees of the whole: one command, a sensor at the door, a race, a kill, a broker that goes away."""

import socket
import subprocess
import sys
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from datetime import time as clock_time
from zoneinfo import ZoneInfo

import httpx
import pytest

from tests.conftest import or_skip
from tests.journeys.whole import ROOT, Ear, Whole, until
from tests.servers import Mosquitto, free_port

WARSAW = ZoneInfo("Europe/Warsaw")


@pytest.fixture(scope="module")
def demo(tmp_path_factory):
    izba = Whole(tmp_path_factory.mktemp("demo"))
    yield izba
    izba.stop()


def days_ahead(days, hour, minute=0):
    return datetime.now(UTC).replace(hour=hour, minute=minute, second=0, microsecond=0) + timedelta(days=days)


def request_of(room, start, minutes=60, **more):
    end = start + timedelta(minutes=minutes)
    return {"room": room, "starts_at": start.isoformat(), "ends_at": end.isoformat(), **more}


def test_the_demo_is_the_help_point(demo):
    access = demo.demo()
    assert (demo.home / "demo.json").stat().st_mode & 0o777 == 0o600
    assert {user["role"] for user in access["users"]} == {
        "member", "duty", "coordinator", "facilities", "accountant", "auditor", "admin",
    }  # fmt: skip
    with demo.client("facilities") as api:
        assert api.get("/assets?limit=1").json()["total"] == 595
        assert api.get("/rooms?limit=200").json()["total"] == 21
    with httpx.Client(timeout=60) as anyone:
        for panel in access["panels"]:
            assert anyone.get(panel["url"], follow_redirects=True).status_code == 200
        until(lambda: anyone.get(f"{demo.url}/readyz").json()["status"] == "ready")


def test_a_reading_changes_the_door_within_a_second(demo):
    ear = Ear(demo.mqtt_port, "izba/rooms/ZW-03/state", "izba/panels/+/state")
    until(lambda: ear.state("ZW-03"))
    assert ear.state("ZW-03")["occupancy"] != "occupied"
    panel = next(one for one in demo.demo()["panels"] if one["room"] == "ZW-03")
    took = []
    while not took or max(took[-1]) >= 1 and len(took) < 10:  # once more, if the machine was busy with something else
        ear.say("izba/devices/ZW-03-occ/reading", {"occupied": True, "tamper": True})
        until(lambda: ear.state("ZW-03")["occupancy"] == "unknown")
        took.append(_seconds_to_the_door(ear, panel["url"]))
    assert max(took[-1]) < 1, took
    with demo.client() as api:
        assert api.get("/rooms/ZW-03/state").json()["occupancy"] == "occupied"
    ear.close()


def _seconds_to_the_door(ear, url):
    """How long a reading takes to the retained state and to an open page."""
    lines, ready = [], threading.Event()
    threading.Thread(target=_listen, args=(url, lines, ready), daemon=True).start()
    assert ready.wait(60)
    began = time.monotonic()
    ear.say("izba/devices/ZW-03-occ/reading", {"occupied": True})
    until(lambda: ear.state("ZW-03")["occupancy"] == "occupied")
    on_mqtt = time.monotonic() - began
    until(lambda: lines)
    return on_mqtt, time.monotonic() - began


def _listen(url, lines, ready):
    with httpx.Client(timeout=60, follow_redirects=True) as tablet:
        tablet.get(url)
        with tablet.stream("GET", url.split("/panel/")[0] + "/panel/events") as stream:
            first = True
            for line in stream.iter_lines():
                if line.startswith("event: door"):
                    if not first:
                        lines.append(line)
                        return
                    first = False
                    ready.set()


@pytest.mark.parametrize(
    "payload",
    [
        b"\xff\xfe\x00", b"x" * 1_000_000, b'{"a":' * 10_000, b'{"occupied": NaN}',
        b'{"occupied":true,"occupied":false}',
        b"", b"null", b'"\\ud800"',
    ],
)  # fmt: skip
def test_a_broken_message_stops_nothing(demo, payload):
    ear = Ear(demo.mqtt_port, "izba/rooms/ZW-02/state")
    for topic in ("izba/devices/ZW-02-occ/reading", "zigbee2mqtt/ZW-02", "izba/panels/ZW-01-door/command"):
        ear.client.publish(topic, payload, qos=0)
    # seen one after the other: of two that come together only the last is
    for word, occupancy in (({"occupied": True, "tamper": True}, "unknown"), ({"occupied": True}, "occupied")):
        ear.say("izba/devices/ZW-02-occ/reading", word)
        until(lambda occupancy=occupancy: ear.state("ZW-02").get("occupancy") == occupancy)
    ear.close()


def next_nights_of_change():
    """The next night that is an hour shorter and the next that is longer, from ten in the evening to six."""
    first = datetime.now(WARSAW).date() + timedelta(days=14)  # beyond what the demo has booked
    lengths = {}
    for number in range(366):
        evening = datetime.combine(first + timedelta(days=number), clock_time(22), WARSAW)
        morning = evening + timedelta(hours=8)  # by the clock on the wall
        lengths[morning.astimezone(UTC) - evening.astimezone(UTC)] = evening, morning
    return [(*lengths[timedelta(hours=hours)], hours) for hours in (7, 9)]


def test_a_night_over_both_changes_of_the_clocks_has_its_true_length(demo):
    for evening, morning, hours in next_nights_of_change():
        start, end = evening.isoformat(), morning.isoformat()
        with demo.client("coordinator") as api:
            booking = api.post("/bookings", json={"room": "ZW-01", "starts_at": start, "ends_at": end}).json()
        length = datetime.fromisoformat(booking["ends_at"]) - datetime.fromisoformat(booking["starts_at"])
        assert (booking["starts_at"], booking["ends_at"], length) == (start, end, timedelta(hours=hours))


def test_a_repeated_tap_books_once(demo):
    with demo.client() as api:
        body, key = request_of("ZW-02", days_ahead(40, 9)), {"Idempotency-Key": "tap"}
        first, second = (api.post("/bookings", json=body, headers=key) for _ in range(2))
    assert first.status_code == second.status_code == 201
    assert first.json()["id"] == second.json()["id"]


def race(urls, token, slots, room="ZW-01"):
    """32 clients at once on each slot; how many bookings each slot got, and every answer."""
    with ThreadPoolExecutor(32) as crowd:
        clients = [
            httpx.Client(base_url=f"{url}/api/v1", headers={"Authorization": f"Bearer {token}"}, timeout=120)
            for url in urls
        ]
        booked, answers = Counter(), Counter()
        for index in range(slots):
            body = request_of(room, days_ahead(60 + index // 10, 6 + index % 10), 60)
            codes = list(crowd.map(lambda n, body=body: _book(clients[n % len(clients)], body), range(32)))
            booked[codes.count(201)] += 1
            answers.update(codes)
        for client in clients:
            client.close()
    return booked, answers


def _book(client, body):
    return client.post("/bookings", json=body).status_code


def test_a_slot_is_booked_once_however_many_want_it(demo):
    booked, answers = race([demo.url], demo.token("member"), 30)
    assert set(booked) == {1}
    assert set(answers) == {201, 409}


def test_two_processes_on_postgres_book_a_slot_once(postgres, tmp_path):
    postgres.sql("CREATE DATABASE two TEMPLATE izba_template")
    broker = or_skip(Mosquitto)
    env = {"IZBA_DATABASE_URL": postgres.url("two"), "IZBA_MQTT_URL": broker.url}
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
    one = Whole(tmp_path / "one", "demo", "--no-simulator", **env)
    two = Whole(tmp_path / "two", "serve", **env)
    try:
        booked, answers = race([one.url, two.url], one.token("member"), 20)
        assert set(booked) == {1}
        assert set(answers) == {201, 409}
        ear = Ear(broker.port, "izba/rooms/ZW-01/state")
        until(lambda: ear.state("ZW-01"))  # before, nobody listens to the sensor
        with httpx.Client(
            base_url=f"{two.url}/api/v1", headers={"Authorization": f"Bearer {one.token('member')}"}, timeout=60
        ) as api:
            before = api.get("/rooms/ZW-01/state").json()["revision"]
            ear.say("izba/devices/ZW-01-occ/reading", {"occupied": True})
            until(lambda: api.get("/rooms/ZW-01/state").json()["occupancy"] == "occupied")
            assert api.get("/rooms/ZW-01/state").json()["revision"] > before
            one.kill()  # the other takes over the sensors and the doors
            start = datetime.now(UTC) + timedelta(days=90)
            assert api.post("/bookings", json=request_of("ZW-01", start)).status_code == 201
            revision = api.get("/rooms/ZW-01/state").json()["revision"]
            until(lambda: ear.state("ZW-01").get("revision", 0) >= revision)
        ear.close()
    finally:
        one.stop() if one.process.poll() is None else None
        two.stop()
        broker.close()
        postgres.sql("DROP DATABASE two WITH (FORCE)")


def test_kill_9_loses_no_answered_booking(tmp_path):
    izba = Whole(tmp_path)
    answered, stop = [], threading.Event()

    def client(worker):
        with izba.client() as api:
            for index in range(250):
                if stop.is_set():
                    return
                start = days_ahead(30 + index // 32, 6, 0) + timedelta(minutes=15 * (4 * (index % 8) + worker % 4))
                try:
                    answer = api.post("/bookings", json=request_of(("ZW-01", "ZW-03")[worker // 4], start, 15))
                except httpx.HTTPError:
                    return
                if answer.status_code == 201:
                    answered.append(answer.json()["id"])

    crowd = [threading.Thread(target=client, args=(worker,)) for worker in range(8)]
    for one in crowd:
        one.start()
    until(lambda: len(answered) > 200, 300)
    izba.kill()
    stop.set()
    for one in crowd:
        one.join()
    until(lambda: not _is_open(izba.mqtt_port))  # its broker ends with it, a moment later
    izba.start()
    with izba.client("coordinator") as api:
        assert [one for one in answered if api.get(f"/bookings/{one}").status_code != 200] == []
        with_history = [api.get(f"/history?object=booking:{one}").json()["total"] for one in answered[-20:]]
    assert min(with_history) >= 1
    took = [izba.stop()]
    while took[-1] >= 5 and len(took) < 5:  # once more, if the machine was busy with something else
        izba.start()
        took.append(izba.stop())
    assert took[-1] < 5, took


def _is_open(port):
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def test_the_broker_goes_away_and_comes_back(tmp_path):
    broker = or_skip(Mosquitto)
    izba = Whole(tmp_path, IZBA_MQTT_URL=broker.url)
    try:
        ear = Ear(broker.port, "izba/rooms/+/state", "izba/status")
        until(lambda: ear.last.get("izba/status") == b"online")
        ear.say("izba/devices/ZW-01-occ/reading", {"occupied": True})
        until(lambda: ear.state("ZW-01").get("occupancy") == "occupied")
        with izba.client() as api:
            booking = api.post("/bookings", json=request_of("ZW-01", days_ahead(50, 9))).json()
            broker.stop()
            until(lambda: api.get("/rooms/ZW-01/state").json()["occupancy"] == "unknown")
            assert httpx.get(f"{izba.url}/readyz", timeout=60).status_code == 503
            ear.last.clear()
            broker.start()
            until(lambda: ear.state("ZW-01").get("occupancy") == "unknown")
            until(lambda: ear.last.get("izba/status") == b"online")
            ear.say("izba/devices/ZW-01-occ/reading", {"occupied": True})
            until(lambda: api.get("/rooms/ZW-01/state").json()["occupancy"] == "occupied")
            assert api.get(f"/bookings/{booking['id']}").json()["status"] == "confirmed"
            until(lambda: httpx.get(f"{izba.url}/readyz", timeout=60).status_code == 200)
        ear.close()
    finally:
        izba.stop()
        broker.close()


def test_a_start_that_cannot_be_is_one_line(demo, tmp_path):
    free = {"IZBA_PORT": str(free_port()), "IZBA_MQTT_PORT": str(free_port()), "IZBA_DATA_DIR": str(tmp_path)}
    for env, words in (
        ({"IZBA_PORT": str(demo.port)}, "IZBA_PORT"),
        ({"IZBA_MQTT_PORT": str(demo.mqtt_port)}, "IZBA_MQTT_PORT"),
        ({"IZBA_DATA_DIR": "/proc/none"}, "IZBA_DATA_DIR"),
    ):
        process = subprocess.run(
            [sys.executable, "-m", "config", "demo"], env={**demo.env, **free, **env}, cwd=ROOT,
            capture_output=True, text=True, timeout=300,
        )  # fmt: skip
        assert process.returncode == 2
        assert words in process.stderr
        assert len(process.stderr.strip().splitlines()) == 1
