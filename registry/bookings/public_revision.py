"""How what leaves a room is numbered where its class hides that something changed.

A room's revision counts every booking, check-in and reading. Told of a hidden or confidential room, it would tell when
a visit was booked though nothing else does. There the number grows when what is shown does, and at no other moment.
"""

from collections.abc import Hashable
from dataclasses import replace
from datetime import UTC, datetime

from registry.bookings.projections import PublicState
from registry.core.cache import Cache

_ALWAYS = datetime.min.replace(tzinfo=UTC)

_numbers: Cache[Hashable, tuple[object, int]] = Cache()


def number_of(what: Hashable, looks: object, now: datetime) -> int:
    """The same number as long as ``what`` looks the same, a greater one when it looks different.

    It is the millisecond at which this process first saw it so: it grows over restarts too, and nothing is stored.
    """
    former = _numbers.get(what)
    if former and former[0] == looks:
        return former[1]
    number = max(int(now.timestamp() * 1000), former[1] + 1 if former else 0)
    _numbers.put(what, (looks, number))
    return number


def revision_of(state: PublicState) -> int:
    """The revision to tell of a state that leaves. Asked at once: later, an older state would get the greater one."""
    if state.revision is not None:
        return state.revision
    return number_of(("state", state.room), looks(state), state.as_of)


def looks(state: PublicState) -> PublicState:
    """What is told of a state, but for the moment and for the words of a page."""
    return replace(state, as_of=_ALWAYS, revision=None, is_settling=False)
