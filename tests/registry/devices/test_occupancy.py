"""What sensors prove: a table of words, health and time, no database."""

from datetime import timedelta

import pytest

from registry.devices.occupancy import Sensor, room_occupancy, verdict
from registry.rooms.models import Occupancy
from tests.make import NOW

MINUTE = timedelta(minutes=1)
START = NOW - timedelta(hours=8)


def sensor(**columns):
    default = {
        "code": "s", "sensing": "mmwave", "hold": 5 * MINUTE, "heartbeat": 30 * MINUTE, "occupied": False,
        "confirmed_at": NOW - MINUTE, "changed_at": NOW - 20 * MINUTE, "positive_at": NOW - 20 * MINUTE,
    }  # fmt: skip
    return Sensor(**default | columns)


def ago(minutes):
    return NOW - minutes * MINUTE


@pytest.mark.parametrize(
    ("columns", "says", "reason"),
    [
        ({}, "negative", "sees_nobody"),
        ({"occupied": True}, "positive", "sees_somebody"),
        ({"changed_at": ago(3), "positive_at": ago(3)}, "positive", "held"),
        ({"changed_at": ago(5), "positive_at": ago(5)}, "negative", "sees_nobody"),
        ({"changed_at": ago(3), "positive_at": None}, "unknown", "not_long_enough"),
        ({"changed_at": ago(3), "positive_at": ago(60)}, "unknown", "not_long_enough"),
        ({"confirmed_at": None, "occupied": None}, "unknown", "no_reading"),
        ({"confirmed_at": START - MINUTE, "occupied": True}, "unknown", "no_reading"),
        ({"confirmed_at": ago(90)}, "unknown", "stale"),
        ({"confirmed_at": ago(90), "occupied": True}, "unknown", "stale"),
        ({"confirmed_at": ago(89)}, "negative", "sees_nobody"),
        ({"confirmed_at": ago(100), "heartbeat": 60 * MINUTE}, "negative", "sees_nobody"),
        ({"enabled": False}, "unknown", "disabled"),
        ({"online": False}, "unknown", "offline"),
        ({"online": False, "occupied": True}, "unknown", "offline"),
        ({"battery": 5}, "unknown", "battery"),
        ({"battery": 6}, "negative", "sees_nobody"),
        ({"distrust": "tamper"}, "unknown", "tamper"),
    ],
)
def test_one_sensor(columns, says, reason):
    verdict_now = verdict(sensor(**columns), NOW, START)
    assert (verdict_now.says, verdict_now.reason) == (says, reason)


def test_nobody_listening_is_unknown():
    assert room_occupancy([sensor(occupied=True)], NOW, None).occupancy is Occupancy.UNKNOWN


def test_a_fresh_start_proves_nothing_until_the_hold_has_passed():
    quiet = sensor(confirmed_at=ago(1), changed_at=ago(600), positive_at=ago(600))
    assert room_occupancy([quiet], NOW, ago(2)).occupancy is Occupancy.UNKNOWN
    assert room_occupancy([quiet], NOW + 4 * MINUTE, ago(2)).occupancy is Occupancy.VACANT


@pytest.mark.parametrize(
    ("sensors", "occupancy"),
    [
        ([], Occupancy.UNKNOWN),
        ([sensor()], Occupancy.VACANT),
        ([sensor(), sensor(occupied=True)], Occupancy.OCCUPIED),
        ([sensor(), sensor(online=False)], Occupancy.UNKNOWN),
        ([sensor(occupied=True), sensor(online=False)], Occupancy.OCCUPIED),
        ([sensor(sensing="co2")], Occupancy.UNKNOWN),
        ([sensor(sensing="contact", occupied=True)], Occupancy.UNKNOWN),
        ([sensor(), sensor(sensing="co2", occupied=True)], Occupancy.VACANT),
    ],
)
def test_a_room_of_sensors(sensors, occupancy):
    assert room_occupancy(sensors, NOW, START).occupancy is occupancy


def test_vacant_since_is_the_last_sign_of_anybody():
    fold = room_occupancy([sensor(changed_at=ago(30), positive_at=ago(30)), sensor(changed_at=ago(7))], NOW, START)
    assert fold.vacant_since == ago(7)
    assert fold.look_at is not None
    assert [entry["says"] for entry in fold.evidence] == ["negative", "negative"]


def test_it_looks_again_when_a_hold_ends():
    fold = room_occupancy([sensor(changed_at=ago(3), positive_at=ago(3))], NOW, START)
    assert fold.look_at == NOW + 2 * MINUTE


@pytest.mark.parametrize(
    "columns",
    [
        {},
        {"occupied": True},
        {"changed_at": ago(3), "positive_at": ago(3)},
        {"changed_at": ago(1), "positive_at": ago(3)},  # a gap between what it saw and what it sees
        {"changed_at": ago(3), "positive_at": None},
        {"hold": 120 * MINUTE, "confirmed_at": ago(80), "changed_at": ago(80), "positive_at": ago(80)},
        {"hold": 120 * MINUTE, "confirmed_at": ago(80), "changed_at": ago(80), "positive_at": None},
    ],
)
def test_silence_alone_changes_a_word_at_the_next_look_and_not_before(columns):
    now = verdict(sensor(**columns), NOW, START)
    minutes = (now.look_at - NOW) // MINUTE
    later = [verdict(sensor(**columns), NOW + minute * MINUTE, START) for minute in range(minutes + 1)]
    assert [(verdict_now.says, verdict_now.reason) for verdict_now in later[:-1]] == [(now.says, now.reason)] * minutes
    assert (later[-1].says, later[-1].reason) != (now.says, now.reason)
