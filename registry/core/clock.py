"""The clock: asked once, at the edge, its answer handed on as ``now``. What lasts, such as a job, holds a ``Clock``."""

import logging
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

log = logging.getLogger(__name__)

Clock = Callable[[], datetime]
Doubter = Callable[[bool, datetime], None]

# a wall clock that goes further ahead or back at once than this is not believed until it has stood by it for so long
LEAP = timedelta(minutes=2)
CONFIRMED_AFTER = timedelta(minutes=2)


def utc_now() -> datetime:
    """The wall clock of this machine, as UTC."""
    return datetime.now(UTC)


def uptime() -> float:
    """Seconds that have passed, whatever the wall clock is set to; asleep the machine counts them too."""
    return time.clock_gettime(time.CLOCK_BOOTTIME) if hasattr(time, "CLOCK_BOOTTIME") else time.monotonic()


class _Offset(NamedTuple):
    by: timedelta
    since: float


class SteadyClock:
    """The wall clock, compared with the time that has truly passed whenever it is asked.

    Where the two part by more than ``LEAP`` the wall clock is doubted: the time goes on as it went before, until the
    wall clock is back or has stood by its new time for ``CONFIRMED_AFTER``. Whoever must not act on a time that may be
    wrong asks ``is_doubted``, or is told when a doubt begins and ends.
    """

    def __init__(self, wall: Clock = utc_now, passed: Callable[[], float] = uptime) -> None:
        self._wall, self._passed = wall, passed
        self._at, self._second = wall(), passed()
        self._offset: _Offset | None = None
        self._doubters: list[Doubter] = []

    def __call__(self) -> datetime:
        wall, second = self._wall(), self._passed()
        expected = self._at + timedelta(seconds=second - self._second)
        by = wall - expected
        if abs(by) <= LEAP:
            self._trust(wall, second, "the clock is right again")
            return wall
        if self._offset is None:
            self._offset = _Offset(by, second)
            log.warning("the clock has leapt by %s: nothing is ended and no sensor believed until it is sure", by)
            self._tell(True, expected)
        elif abs(by - self._offset.by) > LEAP:
            self._offset = _Offset(by, second)
        elif second - self._offset.since >= CONFIRMED_AFTER.total_seconds():
            self._trust(wall, second, "the new time is taken")
            return wall
        return expected

    @property
    def is_doubted(self) -> bool:
        """Whether the wall clock says something else than the time that has passed."""
        self()
        return self._offset is not None

    def on_doubt(self, doubter: Doubter) -> Callable[[], None]:
        """Have somebody told when a doubt begins (True) and ends (False), with the time that holds then; returns how to
        leave.
        """
        self._doubters.append(doubter)
        return lambda: self._doubters.remove(doubter)

    def _trust(self, wall: datetime, second: float, why: str) -> None:
        self._at, self._second = wall, second
        if self._offset is not None:
            log.warning("%s: %s", why, wall.isoformat(timespec="seconds"))
            self._offset = None
            self._tell(False, wall)

    def _tell(self, is_doubted: bool, now: datetime) -> None:
        for doubter in list(self._doubters):
            doubter(is_doubted, now)


def is_doubted(clock: Clock) -> bool:
    """Whether what a clock says may be wrong, as far as it can tell."""
    return isinstance(clock, SteadyClock) and clock.is_doubted
