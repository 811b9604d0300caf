"""Work in a process of its own: what takes too much ends that process and nothing else."""

import signal
import subprocess
import sys
import threading
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType

import registry
from registry.core.aside import ended_with, go_on
from registry.core.errors import Unavailable

NOTHING_MORE: Mapping[str, str] = MappingProxyType({})


def answer_of(
    command: Sequence[str],
    content: bytes,
    seconds: float,
    *,
    pass_fds: Collection[int] = (),
    env: Mapping[str, str] = NOTHING_MORE,
) -> tuple[int, bytes]:
    """How a module of ours with its arguments ends, 0 where all went well, and what it makes of this content. One that
    takes longer is killed, and has not ended well. Of the environment it knows ``env`` alone.

    Raises Unavailable("internal.stopping"), Unwanted.
    """
    process = subprocess.Popen(  # noqa: S603  # our own interpreter and module
        [sys.executable, "-m", *command],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        pass_fds=pass_fds,
        env={"PYTHONPATH": str(Path(registry.__path__[0]).parent), **env},
    )
    # the timeout of ``communicate`` is an error where the clock is set by hand, as for the pictures in the documents
    patience = threading.Timer(seconds, process.kill)
    with process, ended_with(process.kill):
        try:
            patience.start()
            answer, _ = process.communicate(content)
        finally:
            patience.cancel()
            process.kill()
    go_on()
    if -process.returncode in (signal.SIGTERM, signal.SIGINT):  # whoever stops Izba stops its processes with it
        raise Unavailable("internal.stopping")
    return process.returncode, answer
