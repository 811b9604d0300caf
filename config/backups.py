"""Copies of the database: made while it runs, checked before they are put back."""

import asyncio
import os
import shutil
import sqlite3
import subprocess
from pathlib import Path
from urllib.parse import urlsplit

from config.database import database, pending, sqlite_path
from config.faults import database_reason
from config.settings import Settings
from registry.core import seals
from registry.core.errors import N_, Conflict, Invalid, NotFound, Reason, Unavailable, system_reason


async def back_up(settings: Settings, file: Path) -> Reason:
    """Copy the database to ``file``, readable by its owner alone. Returns what to tell the operator.

    The copy is checked as a restore would. Raises Conflict("backup.exists"), Invalid("backup.damaged"); Unavailable:
    file.not_written, database.away.
    """
    if file.exists():
        raise Conflict("backup.exists", file=str(file))
    url = settings.database_url.get_secret_value()
    path = sqlite_path(url)
    try:
        if path is not None:
            await asyncio.to_thread(_copy_sqlite, path, file)
        else:
            await asyncio.to_thread(_dump_postgres, url, file)
    except OSError as fault:
        raise Unavailable("file.not_written", path=str(file), reason=system_reason(fault)) from fault
    except sqlite3.Error as fault:
        raise Unavailable("database.away", reason=database_reason(fault)) from fault
    try:
        if path is not None:
            await asyncio.to_thread(_check_sqlite, file)
            await _check_history(file)
        else:
            await asyncio.to_thread(_check_whole_dump, file)
    except Invalid as bad:
        raise Invalid("backup.damaged", file=str(file), reason=bad.params["reason"]) from bad
    return Reason(N_("{file} holds {bytes} bytes."), file=str(file), bytes=file.stat().st_size)


def _copy_sqlite(path: Path, file: Path) -> None:
    if not path.exists():
        raise NotFound("import.no_file", file=str(path))
    os.close(os.open(file, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    source, target = sqlite3.connect(path), sqlite3.connect(file)
    try:
        source.backup(target, pages=2000)
    finally:
        source.close()
        target.close()


def _dump_postgres(url: str, file: Path) -> None:
    os.close(os.open(file, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    _postgres(["pg_dump", "--format=custom", f"--file={file}"], url)


def _postgres(command: list[str], url: str) -> None:
    """Run a PostgreSQL tool against the database of the URL; the password goes by the environment."""
    parts = urlsplit(url)
    where = {
        "PGHOST": parts.hostname or "",
        "PGPORT": str(parts.port or 5432),
        "PGUSER": parts.username or "",
        "PGPASSWORD": parts.password or "",
        "PGDATABASE": parts.path.lstrip("/"),
    }
    try:
        subprocess.run(command, env={**os.environ, **where}, check=True, capture_output=True, text=True)  # noqa: S603  # our own command
    except FileNotFoundError as fault:
        raise Unavailable(
            "database.away", reason=Reason(N_("{program} is not installed"), program=command[0])
        ) from fault
    except subprocess.CalledProcessError as fault:
        raise Unavailable(
            "database.away", reason=Reason(N_("it says “{told}”"), told=_last_line(fault.stderr))
        ) from fault


def _last_line(text: str) -> str:
    return (text.strip().splitlines() or [""])[-1]


async def put_back(settings: Settings, file: Path) -> Reason:
    """Check the copy, keep what was there beside it, and put the copy in its place.

    Raises NotFound("import.no_file") or Invalid("backup.bad"); then nothing was changed.
    """
    if not file.is_file():
        raise NotFound("import.no_file", file=str(file))
    url = settings.database_url.get_secret_value()
    path = sqlite_path(url)
    if path is None:
        await asyncio.to_thread(_check_dump, file)
        command = ["pg_restore", "--clean", "--if-exists", "--single-transaction", "--no-owner"]
        await asyncio.to_thread(_postgres, [*command, f"--dbname={urlsplit(url).path.lstrip('/')}", str(file)], url)
        return Reason(N_("Restored {file}."), file=str(file))
    await asyncio.to_thread(_check_sqlite, file)
    return await _swap(path, file)


def _check_dump(file: Path) -> None:
    with file.open("rb") as dump:
        if dump.read(5) != b"PGDMP":
            raise Invalid(
                "backup.bad", file=str(file), reason=Reason(N_("it is not a dump of pg_dump --format=custom"))
            )


def _check_whole_dump(file: Path) -> None:
    """Read all of a dump, as a restore would. Raises Invalid("backup.bad")."""
    _check_dump(file)
    try:
        # our own command
        subprocess.run(["pg_restore", "--file=/dev/null", str(file)], check=True, capture_output=True, text=True)  # noqa: S603, S607  # its path is the administrator's
    except subprocess.CalledProcessError as fault:
        reason = Reason(N_("it says “{told}”"), told=_last_line(fault.stderr))
        raise Invalid("backup.bad", file=str(file), reason=reason) from fault


async def _check_history(file: Path) -> None:
    async with database(f"sqlite://{file}") as context:
        await pending(context)
        _, broken = await seals.verify()
    for suffix in ("-wal", "-shm"):
        Path(f"{file}{suffix}").unlink(missing_ok=True)
    if broken is not None:
        raise Invalid("backup.bad", file=str(file), reason=Reason(N_("its history was altered")))


def _check_sqlite(file: Path) -> None:
    try:
        connection = sqlite3.connect(f"file:{file}?mode=ro", uri=True)
        try:
            (verdict,) = connection.execute("PRAGMA integrity_check").fetchone()
            connection.execute("SELECT count(*) FROM history_entry").fetchone()
        finally:
            connection.close()
    except sqlite3.Error as fault:
        raise Invalid("backup.bad", file=str(file), reason=database_reason(fault)) from fault
    if verdict != "ok":
        raise Invalid("backup.bad", file=str(file), reason=Reason(N_("it says “{told}”"), told=verdict))


async def _swap(path: Path, file: Path) -> Reason:
    fresh = path.with_suffix(".restoring")
    await asyncio.to_thread(shutil.copyfile, file, fresh)
    try:
        await _check_history(fresh)
    except Invalid as bad:
        fresh.unlink()
        raise Invalid("backup.bad", file=str(file), reason=bad.params["reason"]) from bad
    former = path.with_suffix(".before-restore")
    for suffix in ("-wal", "-shm"):
        Path(f"{fresh}{suffix}").unlink(missing_ok=True)
        Path(f"{former}{suffix}").unlink(missing_ok=True)
    # after a crash the last commits of what was there stand in its write-ahead log alone
    for suffix in ("", "-wal", "-shm"):
        if Path(f"{path}{suffix}").exists():
            Path(f"{path}{suffix}").replace(f"{former}{suffix}")
    fresh.chmod(0o600)
    fresh.replace(path)
    return Reason(N_("Restored {file}. What was there before is {former}."), file=str(file), former=str(former))
