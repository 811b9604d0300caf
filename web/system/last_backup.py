"""How the last backup went: told in the data directory by the command, read by the page of who runs Izba."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import orjson

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
    fresh = data_dir / f".{NAME}.new"
    fresh.write_bytes(orjson.dumps({"at": backup.at, "is_damaged": backup.is_damaged}))
    fresh.replace(data_dir / NAME)


def last_backup(data_dir: Path) -> LastBackup | None:
    """None where none was made, or what is told of it cannot be read."""
    try:
        content = orjson.loads((data_dir / NAME).read_bytes())
        return LastBackup(datetime.fromisoformat(content["at"]), bool(content["is_damaged"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None
