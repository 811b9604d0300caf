"""A command of Izba's in a process of its own, for what would make every answer wait."""

import asyncio
import os
import sys
from dataclasses import dataclass
from pathlib import Path

from config.settings import PREFIX

LONGEST_TEXT = 2000


@dataclass(frozen=True, slots=True)
class CommandEnd:
    """How it ended, and the end of what it said, in the office's language."""

    is_good: bool
    text: str


async def run_command(data_dir: Path, *words: str) -> CommandEnd:
    """Run ``izba`` with these words over this data directory. A cancelled one is killed."""
    environment = os.environ | {f"{PREFIX}DATA_DIR": str(data_dir)}
    try:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "config", *words, env=environment,
            stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
        )  # fmt: skip
    except OSError as fault:  # no process more, no memory: it can be begun again
        return CommandEnd(False, str(fault))
    try:
        output, _ = await process.communicate()
    except asyncio.CancelledError:
        process.kill()
        await process.wait()
        raise
    return CommandEnd(process.returncode == 0, output.decode("utf-8", "replace").strip()[-LONGEST_TEXT:])
