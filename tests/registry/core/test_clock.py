"""A wall clock that leaps: what is told of the time meanwhile, and when the leap is believed."""

from datetime import datetime, timedelta

from registry.core.clock import CONFIRMED_AFTER, SteadyClock, is_doubted, uptime, utc_now
from tests.make import NOW

SECOND, HOUR = timedelta(seconds=1), timedelta(hours=1)


class Machine:
    """A wall clock that can be set, and the time that truly passes."""

    def __init__(self) -> None:
        self.wall, self.second = NOW, 0.0
        self.clock = SteadyClock(lambda: self.wall, lambda: self.second)
        self.doubts: list[tuple[bool, datetime]] = []
        self.clock.on_doubt(lambda is_doubt, now: self.doubts.append((is_doubt, now)))

    def wait(self, time: timedelta) -> datetime:
        self.wall, self.second = self.wall + time, self.second + time.total_seconds()
        return self.clock()


def test_a_clock_that_goes_right_is_followed() -> None:
    machine = Machine()
    assert machine.wait(HOUR) == NOW + HOUR
    machine.wall += 90 * SECOND  # a correction
    assert machine.wait(SECOND) == NOW + HOUR + 91 * SECOND
    assert not is_doubted(machine.clock)
    assert machine.doubts == []


def test_an_hour_ahead_for_fifteen_seconds_is_never_told() -> None:
    machine = Machine()
    machine.wall += HOUR
    for second in range(1, 16):
        assert machine.wait(SECOND) == NOW + second * SECOND
        assert is_doubted(machine.clock)
    machine.wall -= HOUR
    assert machine.wait(SECOND) == NOW + 16 * SECOND
    assert not is_doubted(machine.clock)
    assert machine.doubts == [(True, NOW + SECOND), (False, NOW + 16 * SECOND)]


def test_a_new_time_is_taken_once_it_has_stood_for_a_while_also_one_that_is_earlier() -> None:
    for leap in (HOUR, -HOUR):
        machine = Machine()
        machine.wall += leap
        machine.wait(SECOND)
        assert machine.wait(CONFIRMED_AFTER - SECOND) == NOW + CONFIRMED_AFTER
        assert machine.wait(SECOND) == NOW + leap + CONFIRMED_AFTER + SECOND
        assert not is_doubted(machine.clock)
        assert [is_doubt for is_doubt, _ in machine.doubts] == [True, False]


def test_a_clock_that_leaps_again_must_stand_anew() -> None:
    machine = Machine()
    machine.wall += HOUR
    machine.wait(100 * SECOND)
    machine.wall += HOUR
    machine.wait(100 * SECOND)
    assert machine.wait(100 * SECOND) == NOW + 300 * SECOND
    assert machine.wait(100 * SECOND) == NOW + 2 * HOUR + 400 * SECOND


def test_whoever_leaves_is_told_no_more() -> None:
    machine = Machine()
    doubts: list[bool] = []
    leave = machine.clock.on_doubt(lambda is_doubt, now: doubts.append(is_doubt))
    leave()
    machine.wall += HOUR
    machine.wait(SECOND)
    assert (doubts, len(machine.doubts)) == ([], 1)


def test_a_clock_that_cannot_tell_is_not_doubted() -> None:
    assert not is_doubted(utc_now)
    assert abs(SteadyClock()() - utc_now()) < HOUR
    assert uptime() <= uptime()
