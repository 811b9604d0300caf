"""A command of Izba's in a process of its own, for what would make every answer wait."""

import asyncio
import os
import signal
import sys
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from config.settings import variable_of
from registry.core.errors import N_, Reason
from registry.core.system_reasons import system_reason

LONGEST_TEXT = 2000
# one that waits for a disk dies when the disk answers
SECONDS_TO_DIE = 10.0


@dataclass(frozen=True, slots=True)
class CommandEnd:
    """How it ended, and the end of what it said, in the office's language; or why it said nothing."""

    is_good: bool
    text: str


async def run_command(data_dir: Path, *words: str, language: str = "") -> CommandEnd:
    """Run ``izba`` with these words over this data directory, to answer in this language. A cancelled one is killed,
    with what it has started.
    """
    environment = os.environ | {variable_of("data_dir"): str(data_dir)}
    environment |= {variable_of("language"): language} if language else {}
    starting = asyncio.ensure_future(
        asyncio.create_subprocess_exec(
            sys.executable, "-m", "config", *words, env=environment, start_new_session=True,
            stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
        )
    )  # fmt: skip
    try:
        process = await asyncio.shield(starting)  # one that is cancelled as it starts may have begun others
        output, _ = await process.communicate()
    except OSError as fault:  # no process more, no memory: it can be begun again
        return CommandEnd(False, Reason(N_("It could not be started: {reason}."), reason=system_reason(fault)))
    except asyncio.CancelledError:
        with suppress(OSError):
            await _kill(await starting)
        raise
    code = process.returncode or 0
    if code < 0:
        return CommandEnd(False, Reason(N_("It was ended by {signal}."), signal=signal.Signals(-code).name))
    return CommandEnd(code == 0, output.decode("utf-8", "replace").strip()[-LONGEST_TEXT:])


async def _kill(process: asyncio.subprocess.Process) -> None:
    """End it with what it has started."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    with suppress(TimeoutError):
        async with asyncio.timeout(SECONDS_TO_DIE):
            await process.wait()
