"""A restore keeps what was there, all of it."""

import sqlite3
from pathlib import Path

import pytest
from pydantic import SecretStr

from config.backups import back_up, put_back
from config.settings import Settings

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
