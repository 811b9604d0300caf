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
        ({"distrust": "left", "online": False}, "unknown", "left"),
        ({"distrust": "renamed", "online": False}, "unknown", "renamed"),
        ({"occupied": None}, "unknown", "no_reading"),
        ({"confirmed_at": ago(-3)}, "unknown", "clock"),
        ({"confirmed_at": ago(-1)}, "negative", "sees_nobody"),
        ({"sensing": "passage"}, "unknown", "passages"),
        ({"sensing": "passage", "occupied": True}, "positive", "sees_somebody"),
        ({"sensing": "counter", "distrust": "drift"}, "unknown", "drift"),
        ({"sensing": "counter", "distrust": "drift", "occupied": True}, "positive", "sees_somebody"),
        ({"occupied": True, "changed_at": ago(6 * 60)}, "positive", "stuck"),
        ({"occupied": True, "changed_at": ago(6 * 60 - 1)}, "positive", "sees_somebody"),
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
        ([sensor(sensing="passage")], Occupancy.UNKNOWN),
        ([sensor(), sensor(sensing="passage")], Occupancy.VACANT),
        ([sensor(), sensor(sensing="passage", occupied=True)], Occupancy.OCCUPIED),
        ([sensor(), sensor(sensing="counter", distrust="drift")], Occupancy.UNKNOWN),
    ],
)
def test_a_room_of_sensors(sensors, occupancy):
    assert room_occupancy(sensors, NOW, START).occupancy is occupancy


def test_vacant_since_is_the_last_sign_of_anybody():
    fold = room_occupancy([sensor(changed_at=ago(30), positive_at=ago(30)), sensor(changed_at=ago(7))], NOW, START)
    assert fold.vacant_since == ago(7)
    assert fold.look_at is not None
    assert [entry["says"] for entry in fold.evidence] == ["negative", "negative"]


def test_a_room_is_vacant_from_the_moment_at_which_every_hold_is_over():
    movement = sensor(sensing="pir", hold=15 * MINUTE, changed_at=ago(20), positive_at=ago(20))
    radar = sensor(changed_at=ago(8), positive_at=ago(8))
    assert room_occupancy([movement, radar], NOW, START).vacant_at == ago(3)


@pytest.mark.parametrize(
    ("seer", "other", "is_doubted"),
    [
        ({"sensing": "pir"}, {"sensing": "counter"}, True),
        ({"sensing": "pir"}, {"sensing": "mmwave"}, True),
        ({"sensing": "counter"}, {"sensing": "mmwave"}, True),
        ({"sensing": "passage"}, {"sensing": "pir"}, True),
        ({"sensing": "mmwave"}, {"sensing": "pir"}, False),  # people sit still
        ({"sensing": "pir", "changed_at": ago(4)}, {"sensing": "counter"}, False),
        ({"sensing": "pir"}, {"sensing": "counter", "changed_at": ago(1)}, False),
        ({"sensing": "pir"}, {"sensing": "counter", "online": False}, False),
    ],
)
def test_a_sensor_that_another_one_contradicts_keeps_the_room_and_is_doubted(seer, other, is_doubted):
    seer, other = sensor(occupied=True, **{"changed_at": ago(5), **seer}), sensor(**other, positive_at=None)
    fold = room_occupancy([seer, other], NOW, START)
    assert fold.occupancy is Occupancy.OCCUPIED
    assert (fold.evidence[0]["reason"] == "contradicted") is is_doubted
    assert (fold.positive_at is None) is is_doubted


def test_it_looks_again_when_a_contradiction_becomes_one():
    seer = sensor(sensing="pir", occupied=True, changed_at=ago(2), positive_at=ago(2))
    assert room_occupancy([seer, sensor(sensing="counter")], NOW, START).look_at == NOW + 3 * MINUTE


def test_whoever_is_seen_now_was_last_seen_now():
    seer = sensor(occupied=True, changed_at=ago(30), positive_at=ago(30))
    assert room_occupancy([seer], NOW, START).positive_at == NOW
    assert room_occupancy([sensor(positive_at=ago(30))], NOW, START).positive_at == ago(30)
    assert room_occupancy([sensor(positive_at=ago(-30))], NOW, START).positive_at is None, "the clock was wrong"


def test_it_looks_again_when_a_hold_ends():
    fold = room_occupancy([sensor(changed_at=ago(3), positive_at=ago(3))], NOW, START)
    assert fold.look_at == NOW + 2 * MINUTE


@pytest.mark.parametrize(
    "columns",
    [
        {},
        {"occupied": True},
        {"changed_at": ago(3), "positive_at": ago(3)},
        {"occupied": True, "changed_at": ago(6 * 60 - 2)},
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
