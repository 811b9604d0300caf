"""The clock: asked once, at the edge, its answer handed on as ``now``. What lasts, such as a job, holds a ``Clock``."""

from collections.abc import Callable
from datetime import UTC, datetime

Clock = Callable[[], datetime]


def utc_now() -> datetime:
    """The wall clock of this machine, as UTC."""
    return datetime.now(UTC)
