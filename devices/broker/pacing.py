"""How long to wait before the next attempt to connect, and how often to complain of the last."""

import random

FIRST, LONGEST, LONGEST_UNWELCOME = 0.5, 4.0, 30.0
JITTER = 0.25
STEADY_SECONDS = 10.0
SILENCE_SECONDS = 600.0
KINDS = 20


class Pace:
    """Waits that double. A broker that was away is found again within five seconds of its return, however long it was
    away; one that turns us away (a wrong password, another client with our id) is asked twice a minute.
    """

    def __init__(self) -> None:
        self._wait = FIRST

    def next_wait(self, lasted: float, is_unwelcome: bool) -> float:
        """Seconds until the next attempt, after one that was connected for so many seconds."""
        longest = LONGEST_UNWELCOME if is_unwelcome else LONGEST
        wait = FIRST if lasted >= STEADY_SECONDS else min(self._wait, longest)
        self._wait = min(wait * 2, longest)
        return wait * random.uniform(1 - JITTER, 1 + JITTER)  # noqa: S311  # no secret: so that clients do not come all at once


class Complaints:
    """Whether a fault is worth a line: the first of its kind, then one in ten minutes. An outage is no novel."""

    def __init__(self) -> None:
        self._made: dict[str, float] = {}

    def is_news(self, kind: str, now: float) -> bool:
        """``now`` is a monotonic second."""
        made = self._made.get(kind)
        if made is not None and now - made < SILENCE_SECONDS:
            return False
        if len(self._made) >= KINDS:
            self._made.clear()
        self._made[kind] = now
        return True

    def forget(self) -> None:
        """It is well again: the next fault is news."""
        self._made.clear()
