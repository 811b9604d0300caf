"""A command in a process of its own: how it ended is said, and nothing of it is left."""

import asyncio
import errno
import signal
import sys
from pathlib import Path
from typing import Any

import pytest

from config.command_process import run_command
from registry.core.errors import Reason

pytestmark = pytest.mark.anyio


def in_its_place(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, script: str) -> None:
    """Have this script run instead of the interpreter."""
    program = tmp_path / "program"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o700)
    monkeypatch.setattr(sys, "executable", str(program))


@pytest.mark.parametrize(
    ("script", "is_good", "text"),
    [
        ("echo 'It is made.'", True, "It is made."),
        ("echo 'No room.' >&2; exit 1", False, "No room."),
        ("kill -KILL $$", False, "It was ended by SIGKILL."),
    ],
)
async def test_how_it_ended_is_said(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, script: str, is_good: bool, text: str
) -> None:
    in_its_place(monkeypatch, tmp_path, script)
    end = await run_command(tmp_path, "backup")
    assert (end.is_good, end.text) == (is_good, text)


async def test_one_that_cannot_be_started_is_told_in_our_words(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    async def refuse(*_: object, **__: object) -> None:
        raise OSError(errno.EMFILE, "Too many open files")

    monkeypatch.setattr(asyncio, "create_subprocess_exec", refuse)
    end = await run_command(tmp_path, "backup")
    assert (end.is_good, end.text) == (False, "It could not be started: too many files are open.")
    assert isinstance(end.text, Reason)


async def test_a_cancelled_one_leaves_nothing_of_what_it_started(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    in_its_place(monkeypatch, tmp_path, f"sleep 300 & echo $! > {tmp_path}/child; wait")
    work = asyncio.create_task(run_command(tmp_path, "backup"))
    async with asyncio.timeout(30):
        while not (tmp_path / "child").exists() or not (tmp_path / "child").read_text().strip():
            await asyncio.sleep(0.01)
        child = Path("/proc") / (tmp_path / "child").read_text().strip()
        work.cancel()
        await asyncio.gather(work, return_exceptions=True)
        while child.exists() and "Z" not in (child / "stat").read_text().rpartition(")")[2].split()[0]:
            await asyncio.sleep(0.01)
    assert work.cancelled()


async def test_one_that_is_cancelled_as_it_starts_leaves_nothing_either(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    in_its_place(monkeypatch, tmp_path, "sleep 300 & wait")
    start, processes = asyncio.create_subprocess_exec, []

    async def start_slowly(*words: Any, **options: Any) -> Any:
        processes.append(await start(*words, **options))
        work.cancel()
        await asyncio.sleep(0)
        return processes[0]

    monkeypatch.setattr(asyncio, "create_subprocess_exec", start_slowly)
    work = asyncio.create_task(run_command(tmp_path, "backup"))
    await asyncio.gather(work, return_exceptions=True)
    assert work.cancelled()
    assert processes[0].returncode == -signal.SIGKILL
