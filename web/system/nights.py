"""The backups that are made by themselves, one each night: which night it is, and how the last one went.

Told in the data directory by the process that makes them, read by the page of who runs Izba in any process.
"""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path

import orjson

NAME = "last-night.json"
# after its hour a backup may last, fail and be tried again before it is missed
PATIENCE = timedelta(hours=3)


@dataclass(frozen=True, slots=True)
class NightPlan:
    """Where each night's backup goes, at which hour of the office, and how many of them stay."""

    folder: str
    hour: int
    most: int


@dataclass(frozen=True, slots=True)
class LastNight:
    """The night whose backup was made last, and why the one that was tried since was not, in the office's language."""

    night: date | None
    fault: str = ""
    fault_at: datetime | None = None


def night_of(local: datetime, hour: int) -> date:
    """The night whose backup is due at this time of the office: from its hour on it is the day's own, however often the
    clocks show that hour.
    """
    return local.date() if local.hour >= hour else local.date() - timedelta(days=1)


def is_missed(last: LastNight | None, local: datetime, hour: int) -> bool:
    """Whether a backup was due ``PATIENCE`` ago and is not there; False before any was tried."""
    if last is None:
        return False
    return last.night is None or last.night < night_of(local - PATIENCE, hour)


def note_night(data_dir: Path, last: LastNight) -> None:
    """Remember it. Raises OSError."""
    fresh = data_dir / f".{NAME}.new"
    fresh.write_bytes(orjson.dumps({"night": last.night, "fault": last.fault, "fault_at": last.fault_at}))
    fresh.replace(data_dir / NAME)


def last_night(data_dir: Path) -> LastNight | None:
    """None where none was tried, or what is told of it cannot be read."""
    try:
        content = orjson.loads((data_dir / NAME).read_bytes())
        night, fault_at = content["night"], content["fault_at"]
        return LastNight(
            date.fromisoformat(night) if night else None,
            str(content["fault"]),
            datetime.fromisoformat(fault_at) if fault_at else None,
        )
    except (OSError, ValueError, KeyError, TypeError):
        return None
