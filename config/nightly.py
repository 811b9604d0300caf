"""The backup of each night, made by the process that leads into the directory of the settings."""

import asyncio
import errno
import hashlib
import os
import re
import shutil
import tempfile
import threading
from collections.abc import Awaitable, Callable
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import replace
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

from config.command_process import run_command
from config.settings import Settings, kept_key
from registry.core.errors import N_, Reason, Refusal, Unavailable
from registry.core.system_reasons import system_reason
from registry.rooms.queries import office_zone
from web.system.nights import LastNight, is_made, last_night, night_of, note_night

WORKPLACE = ".night-"
ABANDONED = timedelta(days=1)
# one that lasts longer hangs: on a disk that is away, on a lock of the database
LONGEST = timedelta(hours=6)
SECONDS_TO_CLEAR = 60.0
Result = TypeVar("Result")
_hanging: set[threading.Thread] = set()


def back_up_nightly(
    in_force: Callable[[], Settings], leads: Callable[[], bool]
) -> Callable[[datetime], Awaitable[None]]:
    """A job that makes the backup of the night when its hour has come and it was not made yet. A night that was missed
    is made up for; one that failed is tried again at the next run; another directory has its first one at once. Nothing
    without a directory.
    """

    async def back_up_nightly(now: datetime) -> None:
        settings = in_force()
        if not leads():
            return
        last = last_night(settings.data_dir) or LastNight(None)
        if last.folder != settings.backup_dir:
            last = LastNight(None, folder=settings.backup_dir, since=now)
            _note(settings, last)
        if not settings.backup_dir:
            return
        local = now.astimezone(await office_zone())
        if is_made(last, local, settings.backup_hour):
            return
        night = night_of(local, settings.backup_hour)
        try:
            await _back_up(settings, night, now, is_anew=last.night == night)
        except Refusal as refusal:
            _note(settings, replace(last, fault=refusal.code, fault_at=now, params=refusal.params))
            raise
        _note(settings, LastNight(night, folder=last.folder, made_at=now, since=last.since))

    return back_up_nightly


async def _on_disk(work: Callable[..., Result], *values: Any) -> Result:
    """Do it in a thread that nothing waits for at the end: on a disk that is away it may hang for ever. Raises OSError,
    at once while one that nobody waits for any more hangs.
    """
    _hanging.difference_update([thread for thread in _hanging if not thread.is_alive()])
    if _hanging:
        raise OSError(errno.ETIMEDOUT, os.strerror(errno.ETIMEDOUT))
    outcome: Future[Result] = Future()
    outcome.set_running_or_notify_cancel()

    def run() -> None:
        try:
            outcome.set_result(work(*values))
        except Exception as fault:
            outcome.set_exception(fault)

    thread = threading.Thread(target=run, name="backup disk", daemon=True)
    thread.start()
    try:
        return await asyncio.wrap_future(outcome)
    except asyncio.CancelledError:
        _hanging.add(thread)
        raise


async def try_folder(settings: Settings) -> None:
    """Raises Unavailable("file.not_written") where a directory is set that takes no file."""
    if settings.backup_dir:
        try:
            await _on_disk(_write_nothing, settings.backup_dir)
        except OSError as fault:
            raise _no_folder(settings, fault) from fault


def _write_nothing(folder: str) -> None:
    with tempfile.TemporaryFile(dir=folder):
        pass


def _no_folder(settings: Settings, fault: OSError) -> Unavailable:
    return Unavailable("file.not_written", path=settings.backup_dir, reason=system_reason(fault))


def _note(settings: Settings, last: LastNight) -> None:
    """Tell the page of who runs Izba. A copy that was made is worth more than the note."""
    with suppress(OSError):
        note_night(settings.data_dir, last)


def _mark_of(data_dir: Path) -> str:
    """What tells the nights of this data directory from those that another Izba makes beside them."""
    return hashlib.sha256(f"nights of {kept_key(data_dir)}".encode()).hexdigest()[:8]


async def _back_up(settings: Settings, night: date, now: datetime, *, is_anew: bool) -> None:
    """Where it is made anew, it takes the place of one that was made before the hour in force. Raises Unavailable:
    backup.night_failed, file.not_written.
    """
    mark = _mark_of(settings.data_dir)
    file, limit = Path(settings.backup_dir) / f"night-{night}-{mark}.backup", asyncio.timeout(LONGEST.total_seconds())
    home: Path | None = None
    try:
        async with limit:
            home = await _on_disk(_workplace, file, now, is_anew)
            if home is None:
                return
            end = await run_command(settings.data_dir, "backup", str(home / file.name), language=settings.language)
            if not end.is_good:
                raise Unavailable("backup.night_failed", reason=end.text)
            await _on_disk(_take_over, home / file.name, file, mark, settings.backup_count)
    except OSError as fault:
        if limit.expired():
            reason = Reason(N_("It took longer than {hours} hours."), hours=LONGEST // timedelta(hours=1))
            raise Unavailable("backup.night_failed", reason=reason) from fault
        raise _no_folder(settings, fault) from fault
    finally:
        if home is not None:
            await _clear(home)


async def _clear(home: Path) -> None:
    """Remove a workplace, as far as its disk answers."""
    with suppress(OSError):
        async with asyncio.timeout(SECONDS_TO_CLEAR):
            await _on_disk(shutil.rmtree, home, True)


def _workplace(file: Path, now: datetime, is_anew: bool) -> Path | None:
    """A folder beside the file, to make it in: what was cut off never counts as a backup. None where the file is there
    already and not to be made anew. Those of killed processes go.
    """
    if file.exists() and not is_anew:
        return None
    for former in file.parent.glob(f"{WORKPLACE}*"):
        if former.stat().st_mtime < (now - ABANDONED).timestamp():
            shutil.rmtree(former, ignore_errors=True)
    return Path(tempfile.mkdtemp(dir=file.parent, prefix=WORKPLACE))


def _take_over(copy: Path, file: Path, mark: str, most: int) -> None:
    """Give a whole copy its name, and remove the oldest of our nights beyond ``most``; no other file is removed."""
    copy.replace(file)
    ours = re.compile(rf"night-\d{{4}}-\d{{2}}-\d{{2}}-{mark}\.backup")
    nights = sorted((one for one in file.parent.iterdir() if ours.fullmatch(one.name) and one != file), reverse=True)
    for old in nights[most - 1 :]:
        old.unlink(missing_ok=True)
