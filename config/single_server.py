"""One server to a data directory: on SQLite a second one would not hear the first one's events."""

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from config.database import sqlite_path
from config.settings import Settings
from registry.core.errors import Unavailable

LOCK = "running.lock"
WAIT_SECONDS = 2.0


@contextmanager
def alone(settings: Settings) -> Iterator[None]:
    """Hold the data directory and SQLite's file; what is written into it is for its owner alone.

    Raises Unavailable("data_dir.in_use"). A predecessor that is just ending is waited for. The system gives the lock
    back when its holder dies, however it dies.
    """
    os.umask(0o077)
    until = time.monotonic() + WAIT_SECONDS
    with ExitStack() as stack:
        for file, place in _locks(settings):
            lock = stack.enter_context(open(file, "w"))
            while not _taken(lock.fileno()):
                if time.monotonic() > until:
                    raise Unavailable("data_dir.in_use", path=str(place))
                time.sleep(0.05)
        yield


def _locks(settings: Settings) -> Iterator[tuple[Path, Path]]:
    """The files to lock, each with what it stands for: the data directory, and SQLite's file wherever it is."""
    yield settings.data_dir / LOCK, settings.data_dir
    path = sqlite_path(settings.database_url.get_secret_value())
    if path is not None and path.resolve().parent.is_dir():
        # beside the file itself: two paths may lead to it
        yield Path(f"{path.resolve()}.running"), path


def _taken(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
