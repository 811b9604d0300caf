"""One server to a data directory: on SQLite a second one would not hear the first one's events."""

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager

from config.settings import Settings
from registry.core.errors import Unavailable

LOCK = "running.lock"
WAIT_SECONDS = 2.0


@contextmanager
def alone(settings: Settings) -> Iterator[None]:
    """Hold the data directory; what is written into it is for its owner alone.

    Raises Unavailable("data_dir.in_use"). A predecessor that is just ending is waited for. The system gives the lock
    back when its holder dies, however it dies.
    """
    os.umask(0o077)
    with open(settings.data_dir / LOCK, "w") as lock:
        until = time.monotonic() + WAIT_SECONDS
        while not _taken(lock.fileno()):
            if time.monotonic() > until:
                raise Unavailable("data_dir.in_use", path=str(settings.data_dir))
            time.sleep(0.05)
        yield


def _taken(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
