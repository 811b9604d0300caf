"""How the last backup went: told in the data directory by the command, read by the page of who runs Izba."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from web.system.note_file import read_note, write_note

NAME = "last-backup.json"
FRESH = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class LastBackup:
    """When it was made, and whether the copy showed that the database is damaged."""

    at: datetime
    is_damaged: bool

    def is_fresh(self, now: datetime, within: timedelta = FRESH) -> bool:
        """Whether it is whole, and was made lately."""
        return not self.is_damaged and now - self.at < within


def note(data_dir: Path, backup: LastBackup) -> None:
    """Remember it. Raises OSError."""
    write_note(data_dir / NAME, {"at": backup.at, "is_damaged": backup.is_damaged})


def last_backup(data_dir: Path) -> LastBackup | None:
    """None where none was made, or what is told of it cannot be read."""
    return read_note(data_dir / NAME, _of)


def _of(content: Any) -> LastBackup:
    return LastBackup(datetime.fromisoformat(content["at"]), bool(content["is_damaged"]))
