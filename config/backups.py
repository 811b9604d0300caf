"""Copies of the database and its files: made while it runs, checked before they are put back.

Without a photo or paper a copy is the database as its own tools make it; with them a tar archive of that and of them.
"""

import asyncio
import hashlib
import io
import os
import shutil
import sqlite3
import subprocess
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from urllib.parse import urlsplit

from config.contents import contents_of
from config.database import database, pending, sqlite_path
from config.faults import database_reason
from config.settings import Settings
from registry.core import seals
from registry.core.clock import utc_now
from registry.core.errors import N_, Conflict, Invalid, NotFound, Reason, Unavailable
from registry.core.system_reasons import system_reason
from registry.files.contents import whole
from registry.files.queries import keys_in_use
from registry.files.rules import content_key, digest_of_key
from web.system.last_backup import LastBackup, note

# what an archive calls its two parts
DATABASE, FILES = "database", "files/"


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
            keys = await _check_history(file)
        else:
            await asyncio.to_thread(_check_whole_dump, file)
            async with database(url) as context:
                keys = [] if await pending(context) else await keys_in_use()
    except Invalid as bad:
        _note(settings, is_damaged=True)
        raise Invalid("backup.damaged", file=str(file), reason=bad.params["reason"]) from bad
    try:
        missing = await _with_files(settings, file, keys) if keys else 0
    except BaseException:
        file.unlink(missing_ok=True)  # rows without their contents are no copy, and the name is wanted by the next one
        raise
    _note(settings, is_damaged=False)
    size = file.stat().st_size
    if missing:
        sentence = N_("{file} holds {bytes} bytes. The contents of {missing} files are missing: see an older copy.")
        return Reason(sentence, file=str(file), bytes=size, missing=missing)
    return Reason(N_("{file} holds {bytes} bytes."), file=str(file), bytes=size)


def _note(settings: Settings, *, is_damaged: bool) -> None:
    """Tell the page of who runs Izba. A copy that was made is worth more than the note."""
    with suppress(OSError):
        note(settings.data_dir, LastBackup(utc_now(), is_damaged))


async def _with_files(settings: Settings, file: Path, keys: list[str]) -> int:
    """Make an archive of the copy of the database and of the files. Returns how many contents are missing."""
    store, archive_file, missing = contents_of(settings), file.with_name(f".{file.name}.part"), 0
    try:
        os.close(os.open(archive_file, os.O_CREAT | os.O_TRUNC | os.O_WRONLY, 0o600))
        with tarfile.open(archive_file, "w") as archive:
            archive.add(file, DATABASE)
            for key in keys:
                try:
                    content = await whole(await store.open(key))
                except NotFound:
                    missing += 1
                    continue
                entry = tarfile.TarInfo(f"{FILES}{key}")
                entry.size, entry.mode = len(content), 0o600
                archive.addfile(entry, io.BytesIO(content))
        archive_file.replace(file)
    except OSError as fault:
        raise Unavailable("file.not_written", path=str(file), reason=system_reason(fault)) from fault
    finally:
        archive_file.unlink(missing_ok=True)
    return missing


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


# tables and functions of ours; what an extension has made stays
CLEARING = """DO $$ DECLARE one record; BEGIN
FOR one IN SELECT schemaname, tablename FROM pg_tables WHERE schemaname = 'public' LOOP
    EXECUTE format('DROP TABLE IF EXISTS %I.%I CASCADE', one.schemaname, one.tablename);
END LOOP;
FOR one IN SELECT p.oid::regprocedure::text AS name FROM pg_proc p WHERE p.pronamespace = 'public'::regnamespace
    AND NOT EXISTS (SELECT 1 FROM pg_depend d WHERE d.objid = p.oid AND d.deptype = 'e') LOOP
    EXECUTE format('DROP ROUTINE IF EXISTS %s CASCADE', one.name);
END LOOP; END $$"""


async def put_back(settings: Settings, file: Path) -> Reason:
    """Check the copy, put its files where files lie, keep the database that was there beside it, and put the copy in
    its place.

    Raises NotFound("import.no_file") or Invalid("backup.bad"); then nothing was changed.
    """
    if not file.is_file():
        raise NotFound("import.no_file", file=str(file))
    if not tarfile.is_tarfile(file):
        return await _put_back_database(settings, file, str(file), None)
    with (
        tempfile.TemporaryDirectory(dir=settings.data_dir, prefix=".restoring-") as home,
        tarfile.open(file) as archive,
    ):
        try:
            await asyncio.to_thread(_check_files, archive)
            await asyncio.to_thread(_take_out, archive, Path(home) / DATABASE)
        except (KeyError, tarfile.TarError, ValueError, OSError) as fault:
            reason = Reason(N_("its archive is not whole"))
            raise Invalid("backup.bad", file=str(file), reason=reason) from fault
        return await _put_back_database(settings, Path(home) / DATABASE, str(file), archive)


def _take_out(archive: tarfile.TarFile, target: Path) -> None:
    source = archive.extractfile(DATABASE)
    if source is None:
        raise ValueError(DATABASE)
    with source, target.open("wb") as copy:
        shutil.copyfileobj(source, copy)


def _check_files(archive: tarfile.TarFile) -> None:
    """Raises ValueError for a content that is another one than its name says, or a name that is none of ours."""
    for key, content in _files_of(archive):
        digest = digest_of_key(key)
        if not digest or key == content_key(digest) and hashlib.sha256(content).hexdigest() != digest:
            raise ValueError(key)


def _files_of(archive: tarfile.TarFile) -> Iterator[tuple[str, bytes]]:
    for entry in archive:
        source = archive.extractfile(entry) if entry.isfile() and entry.name.startswith(FILES) else None
        if source is not None:
            yield entry.name.removeprefix(FILES), source.read()


async def _put_back_database(settings: Settings, file: Path, name: str, archive: tarfile.TarFile | None) -> Reason:
    """``name`` is what the operator calls the copy; files come before the rows that name them."""
    url = settings.database_url.get_secret_value()
    path = sqlite_path(url)
    fresh = path.with_suffix(".restoring") if path is not None else None
    try:
        await asyncio.to_thread(_check_dump if fresh is None else _check_sqlite, file)
        if fresh is not None:
            await asyncio.to_thread(shutil.copyfile, file, fresh)
            await _check_history(fresh)
        store = contents_of(settings)
        for key, content in _files_of(archive) if archive else ():
            await store.put(key, content)
    except BaseException as fault:
        if fresh is not None:
            fresh.unlink(missing_ok=True)
        if isinstance(fault, Invalid):
            raise Invalid("backup.bad", file=name, reason=fault.params["reason"]) from fault
        raise
    if path is not None and fresh is not None:
        return _swap(path, fresh, name)
    await asyncio.to_thread(_restore_postgres, file, url, settings.data_dir)
    return Reason(N_("Restored {file}."), file=name)


def _restore_postgres(file: Path, url: str, home: Path) -> None:
    """Everything that is there goes, in the transaction in which the copy comes: what a newer Izba has added would
    stand in the way of the older copy, and of its migrations.
    """
    with tempfile.TemporaryDirectory(dir=home, prefix=".restoring-") as directory:
        script = f"{directory}/script"
        _postgres(["pg_restore", "--clean", "--if-exists", "--no-owner", f"--file={script}", str(file)], url)
        command = ["psql", "--no-psqlrc", "--quiet", "--single-transaction", "--set=ON_ERROR_STOP=1"]
        _postgres([*command, f"--command={CLEARING}", f"--file={script}"], url)


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


async def _check_history(file: Path) -> list[str]:
    """The keys of the files that this copy names. Raises Invalid("backup.bad")."""
    async with database(f"sqlite://{file}") as context:
        is_older = bool(await pending(context))
        _, broken = await seals.verify()
        keys = [] if is_older else await keys_in_use()
    for suffix in ("-wal", "-shm"):
        Path(f"{file}{suffix}").unlink(missing_ok=True)
    if broken is not None:
        raise Invalid("backup.bad", file=str(file), reason=Reason(N_("its history was altered")))
    return keys


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


def _swap(path: Path, fresh: Path, name: str) -> Reason:
    """Put a database that was checked in the place of the one that is there, and keep that beside it."""
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
    return Reason(N_("Restored {file}. What was there before is {former}."), file=name, former=str(former))
