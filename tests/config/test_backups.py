"""A restore keeps what was there, all of it."""

import io
import shutil
import sqlite3
import tarfile
from pathlib import Path

import asyncpg
import pytest
from pydantic import SecretStr

from config.backups import back_up, put_back
from config.contents import contents_of
from config.database import database
from config.settings import Settings
from registry.assets import attachments
from registry.core import seals
from registry.core.errors import Unavailable
from registry.core.history import SYSTEM
from registry.files import contents
from registry.files.actions import NewAttachment, store
from registry.files.contents import DirectoryContents
from registry.files.models import AttachmentKind
from registry.files.queries import attachments_of, content_of, thumbnail_of
from tests.conftest import postgres_copy
from tests.make import NOW, drawing, make_asset, refused
from tests.servers import Postgres

pytestmark = [pytest.mark.anyio, pytest.mark.databases("sqlite")]


async def test_what_was_there_keeps_its_last_commits(database_url: str, tmp_path: Path) -> None:
    path = Path(database_url.removeprefix("sqlite://"))
    settings = Settings(data_dir=tmp_path, database_url=SecretStr(database_url))
    await back_up(settings, tmp_path / "copy")
    crashed = sqlite3.connect(path)  # never closed in order: its last commit stands in the write-ahead log
    crashed.execute("PRAGMA journal_mode=WAL")
    crashed.execute("INSERT INTO institution (code, name, name_en, part, in_team) VALUES ('late', 'Late', '', '', 1)")
    crashed.commit()
    await put_back(settings, tmp_path / "copy")
    try:
        former = sqlite3.connect(path.with_suffix(".before-restore"))
        assert former.execute("SELECT code FROM institution").fetchall() == [("late",)]
        former.close()
        restored = sqlite3.connect(path)
        assert restored.execute("SELECT code FROM institution").fetchall() == []
        restored.close()
    finally:
        crashed.close()
        for copy in path.parent.glob(f"{path.stem}.before-restore*"):
            copy.unlink()


async def test_files_come_back_with_the_database(database_url: str, tmp_path: Path) -> None:
    """A restore on another machine, where there is neither."""
    path = Path(database_url.removeprefix("sqlite://"))
    here = Settings(data_dir=tmp_path / "here", database_url=SecretStr(database_url))
    (tmp_path / "here").mkdir()
    photo = drawing()
    async with database(database_url):
        contents.use(contents_of(here))
        asset = await make_asset()
        for content, name in ((photo, "a.png"), (b"%PDF-1.7", "i.pdf")):
            new = NewAttachment(await store(content, name, 10**6))
            await attachments.attach([asset.id], new, SYSTEM, NOW)
    copy = tmp_path / "copy"
    assert "bytes" in await back_up(here, copy)
    assert copy.stat().st_mode & 0o777 == 0o600
    assert sorted(one.name for one in tmp_path.glob("*copy*")) == ["copy"]
    there = Settings(data_dir=tmp_path / "there", database_url=SecretStr(f"sqlite://{tmp_path}/there/izba.sqlite3"))
    (tmp_path / "there").mkdir()
    (tmp_path / "there" / "izba.sqlite3").touch()
    await put_back(there, copy)
    async with database(there.database_url.get_secret_value()):
        contents.use(contents_of(there))
        rows = await attachments_of(f"asset:{asset.id}", frozenset(AttachmentKind))
        assert [await contents.whole(await content_of(row.file)) for row in rows] == [photo, b"%PDF-1.7"]
        assert await contents.whole(await thumbnail_of(rows[0].file, 160))
    shutil.rmtree(tmp_path / "here" / "files")
    assert "5 files are missing" in await back_up(here, tmp_path / "poor")
    damaged = tmp_path / "damaged"
    damaged.write_bytes(copy.read_bytes().replace(b"%PDF-1.7", b"%PDF-1.8"))
    for wrong in (damaged, _archive(tmp_path / "empty", {}), _archive(tmp_path / "odd", {"files/../x": b"x"})):
        refusal = await refused(put_back(there, wrong))
        assert (refusal.code, refusal.params["file"]) == ("backup.bad", str(wrong))
    refusal = await refused(put_back(there, _archive(tmp_path / "text", {"database": b"no database" * 99})))
    assert refusal.code == "backup.bad"
    assert sorted(one.name for one in (tmp_path / "there").glob(".*")) == []
    assert path.exists()


async def test_an_older_copy_takes_the_place_of_what_a_newer_izba_has_added(postgres: Postgres, tmp_path: Path) -> None:
    with postgres_copy(postgres, "izba_template") as url:
        settings = Settings(data_dir=tmp_path, database_url=SecretStr(url))
        await back_up(settings, tmp_path / "copy")
        connection = await asyncpg.connect(url)
        await connection.execute("CREATE TABLE newer (asset_id int REFERENCES asset (id))")
        await connection.execute("CREATE FUNCTION newest() RETURNS int LANGUAGE sql RETURN 1")
        await connection.execute(
            "INSERT INTO institution (code, name, name_en, part, in_team) VALUES ('late', 'x', '', '', true)"
        )
        await put_back(settings, tmp_path / "copy")
        assert await connection.fetch("SELECT code FROM site") == []
        assert await connection.fetchval("SELECT to_regclass('newer')") is None
        assert await connection.fetchval("SELECT to_regproc('newest')") is None
        assert await connection.fetchval("SELECT count(*) FROM tortoise_migrations") > 40
        with pytest.raises(asyncpg.UniqueViolationError):  # what is unique is unique again
            for _ in range(2):
                await connection.execute("INSERT INTO site (code, name, timezone) VALUES ('x', 'x', 'Europe/Warsaw')")
        await connection.close()
    assert list(tmp_path.glob(".restoring*")) == []


async def test_the_history_of_a_copy_is_checked_once_before_its_files_are_put_back(
    database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings, copy = Settings(data_dir=tmp_path, database_url=SecretStr(database_url)), tmp_path / "copy"
    path, checks, verify = Path(database_url.removeprefix("sqlite://")), list[str](), seals.verify
    async with database(database_url):
        contents.use(contents_of(settings))
        new = NewAttachment(await store(b"%PDF-1.7", "i.pdf", 10**6))
        await attachments.attach([(await make_asset()).id], new, SYSTEM, NOW)
    await back_up(settings, copy)
    put = DirectoryContents.put

    async def noted_verify() -> object:
        checks.append("history")
        return await verify()

    async def noted_put(store_in_use: DirectoryContents, key: str, content: bytes) -> None:
        checks.append("file")
        await put(store_in_use, key, content)

    async def away(*_: object) -> None:
        raise Unavailable("file.not_stored", reason="away")

    monkeypatch.setattr(seals, "verify", noted_verify)
    monkeypatch.setattr(DirectoryContents, "put", noted_put)
    await put_back(settings, copy)
    assert checks == ["history", "file"]
    monkeypatch.setattr(DirectoryContents, "put", away)
    assert (await refused(put_back(settings, copy))).code == "file.not_stored"
    assert not path.with_suffix(".restoring").exists()
    path.with_suffix(".before-restore").unlink()


async def test_a_copy_whose_files_could_not_be_archived_is_none(
    database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The name stays free for the next run, and nobody restores rows without their contents."""
    settings, copy = Settings(data_dir=tmp_path, database_url=SecretStr(database_url)), tmp_path / "copy"
    async with database(database_url):
        contents.use(contents_of(settings))
        new = NewAttachment(await store(b"%PDF-1.7", "i.pdf", 10**6))
        await attachments.attach([(await make_asset()).id], new, SYSTEM, NOW)

    async def away(*_: object) -> None:
        raise Unavailable("file.not_stored", reason="away")

    with monkeypatch.context() as patch:
        patch.setattr(DirectoryContents, "open", away)
        assert (await refused(back_up(settings, copy))).code == "file.not_stored"
    assert list(tmp_path.glob("*copy*")) == []
    await back_up(settings, copy)
    assert tarfile.is_tarfile(copy)


def _archive(file: Path, parts: dict[str, bytes]) -> Path:
    with tarfile.open(file, "w") as archive:
        for name, content in parts.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
    return file
